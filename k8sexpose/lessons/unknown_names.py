"""A cell that uses a name which nothing has given yet: a card that says what to do, above Python's own error."""

from __future__ import annotations

import linecache
from types import TracebackType
from typing import Any

from .feedback import Feedback

__all__ = ["advice", "explain"]

ANSWER_MARK = "# ↑ your answer"
RUN_ABOVE = (
    "If a cell further up gives it, that cell has not run since Python was started: choose Run → Run All Above "
    "Selected Cell in the menu, then run this cell again."
)


def advice(name: str, source: str) -> str:
    r"""Return what to do about a name that Python does not know, in a cell with this source.

    Parameters
    ----------
    name : str
        The name.
    source : str
        The text of the cell.

    Returns
    -------
    str
        Whole sentences. Where the cell holds an answer, the name may be a word without quotation marks.

    Examples
    --------
    >>> advice("a", "pairs = {a}\n# ↑ your answer").partition(" If a cell")[0]
    'Python does not know the name a. If it is part of your answer, write it with quotation marks: "a".'
    """
    quoted = ""
    if ANSWER_MARK in source:
        quoted = f' If it is part of your answer, write it with quotation marks: "{name}".'
    return f"Python does not know the name {name}.{quoted} {RUN_ABOVE}"


def explain(shell: Any, kind: type, error: NameError, trace: TracebackType, tb_offset: int | None = None) -> None:
    """Show the card and the error. The error must not go: a grader tells by it that a cell has failed."""
    frame = _innermost(trace).tb_frame
    in_the_cell = frame.f_globals is shell.user_global_ns and frame.f_code.co_name == "<module>"
    if not in_the_cell or not error.name:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    card = Feedback(None, None, advice(error.name, "".join(linecache.getlines(frame.f_code.co_filename))))
    shell.display_pub.publish({"text/plain": repr(card), "text/html": card._repr_html_()})
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset, exception_only=True)


def _innermost(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace
