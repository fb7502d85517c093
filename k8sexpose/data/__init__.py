"""Numbers with their sources and dates, and the example manifests of the course."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["example", "load"]

SUFFIXES = (".yaml", ".yml", ".json")
EXAMPLES = Path(__file__).parent / "examples"


def load(name: str) -> dict[str, Any]:
    """Return the table of a TOML file of this folder, named without its ending."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def example(name: str) -> Path:
    """Return the path of a manifest of the course.

    Parameters
    ----------
    name : str
        Its ``metadata.name``, such as ``public-api-lb``.

    Returns
    -------
    Path
        A file inside the package.

    Raises
    ------
    FileNotFoundError
        There is no such example; the text lists those that exist.

    Examples
    --------
    >>> example("public-api-lb").name
    'public-api-lb.yaml'
    """
    if not isinstance(name, str):
        raise ValueError(f"name is the text of an example, not a {type(name).__name__}")
    files = _examples()
    if name not in files:
        raise FileNotFoundError(f"no example {name[:100]!r}; there are: {', '.join(files)}")
    return files[name]


@cache
def _examples() -> dict[str, Path]:
    """Return the path of every example by its name."""
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.*")) if path.suffix in SUFFIXES}
