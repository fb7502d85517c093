"""Tell whether everything is there that the lessons need, and if not, what mends it."""

from __future__ import annotations

import re
import sys
from importlib import metadata

from .feedback import Feedback

__all__ = ["check_install"]

NUMBERS = re.compile(r"\d+")


def check_install(package: str = "k8sexpose") -> Feedback:
    """Compare what is installed with what the package says it needs; name the fix.

    Parameters
    ----------
    package : str
        The package whose needs are looked at.

    Returns
    -------
    Feedback
        Right, or a list of what is missing with the line that mends it.

    Examples
    --------
    >>> check_install("no-such-package").correct
    False
    """
    try:
        needs = [text for text in metadata.requires(package) or () if "extra ==" not in text]
        python = metadata.metadata(package)["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        return Feedback(False, None, f"{package} is not installed in this kernel. To mend: {FIX}")
    problems = [problem for need in needs if (problem := missing(need))]
    if not meets(".".join(map(str, sys.version_info[:3])), python):
        problems.insert(0, f"Python is {sys.version.split()[0]}, needed is {python}")
    if problems:
        return Feedback(False, None, f"{'; '.join(problems)}. To mend: {FIX}")
    return Feedback(True, None, f"Python and {len(needs)} packages are there, in versions that fit.")


FIX = (
    "in a terminal, in the folder of the course: make lab (without make: pip install -e .[lab]), "
    "then in the menu Kernel → Restart Kernel."
)


def missing(need: str) -> str:
    """Say what is wrong with one requirement, or nothing.

    Examples
    --------
    >>> missing("PyYAML>=6.0.2"), missing("no-such-package>=1")
    ('', 'no-such-package is missing')
    """
    found = re.match(r"[\w.-]+", need)
    name, wanted = (found[0], need[found.end() :].partition(";")[0]) if found else (need, "")
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    return "" if meets(version, wanted) else f"{name} is {version}, needed is {wanted}"


def meets(version: str, wanted: str) -> bool:
    """Tell whether a version lies within bounds such as ``>=8.1,<9``.

    Examples
    --------
    >>> meets("8.1.9", ">=8.1,<9"), meets("9.0", ">=8.1,<9"), meets("8.0", ">=8.1")
    (True, False, False)
    """
    mine = _numbers(version)
    bounds = re.findall(r"(>=|<)\s*([\d.]+)", wanted)
    return all((mine >= _numbers(bound)) == (sign == ">=") for sign, bound in bounds)


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"[\d.]+", version)
    numbers = [int(number) for number in NUMBERS.findall(release[0] if release else "")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
