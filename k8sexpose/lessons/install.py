"""Tell whether everything is there that the lessons need, and if not, what mends it."""

from __future__ import annotations

import sys
from importlib import metadata

from ..lab import in_browser, meets, mend, missing, needs
from .feedback import Feedback

__all__ = ["check_install"]

INCOMPLETE = "The lessons cannot run yet."
RESTART = ", then in the menu Kernel → Restart Kernel"


def check_install(package: str = "k8sexpose") -> Feedback:
    """Compare what is installed with what the package says it needs; name the fix.

    Parameters
    ----------
    package : str
        The package whose needs are looked at.

    Returns
    -------
    Feedback
        Whether everything is there; if not, what is missing, with the line that mends it.

    Examples
    --------
    >>> check_install("no-such-package").opening
    '✗ The lessons cannot run yet.'
    """
    restart = "" if in_browser() else RESTART
    try:
        wanted = needs(package)
        python = metadata.metadata(package)["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        text = f"{package} is not installed in this kernel. To mend: {mend([package])}{restart}."
        return Feedback(False, None, text, verdict=INCOMPLETE)
    bad = {need: problem for need in wanted if (problem := missing(need))}
    problems = list(bad.values())
    if not meets(".".join(map(str, sys.version_info[:3])), python):
        problems.insert(0, f"Python is {sys.version.split()[0]}, needed is {python}")
    if problems:
        text = f"{'; '.join(problems)}. To mend: {mend(bad)}{restart}."
        return Feedback(False, None, text, verdict=INCOMPLETE)
    text = f"Python and {len(wanted)} packages are there, in versions that fit."
    return Feedback(True, None, text, verdict="You can begin.")
