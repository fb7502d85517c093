"""What a command leaves behind, or why kubectl itself stops."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Completed", "KubectlError"]


class KubectlError(Exception):
    """kubectl itself stops; the text is what it prints behind ``error:``."""


@dataclass(frozen=True, slots=True)
class Completed:
    r"""What a command left behind.

    Parameters
    ----------
    rc : int
        Exit code.
    stdout, stderr : str
        What it printed.

    Examples
    --------
    >>> Completed(0, "service/web created\n", "").rc
    0
    """

    rc: int
    stdout: str
    stderr: str
