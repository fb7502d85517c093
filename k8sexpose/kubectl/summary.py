"""What is printed of what became of several documents.

Sources: ``pkg/cmd/util/helpers.go`` (kubectl), ``rest/warnings.go`` (client-go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..api.errors import ApiError
from ..api.kinds import passed_over
from . import printers
from .flags import Options
from .manifest_files import Outcome
from .result import Completed

__all__ = ["summary"]

OWN = ("resource services/", "Detected changes to resource ")  # kubectl's own warnings; the server's come once


def summary(
    outcomes: Iterable[Outcome], options: Options, show: Callable[[Outcome], str], stdout: str = ""
) -> Completed:
    """Put together what was done, what was warned of (each warning once) and what went wrong."""
    shown: list[str] = []
    lines: dict[str, None] = {}
    notes, errors = "", []
    skipped: list[Outcome] = []
    for outcome in outcomes:
        if outcome.passed_over:
            skipped.append(outcome)
        if outcome.verb:
            shown.append(show(outcome))
        for warning in outcome.warnings:
            line = f"Warning: {warning}\n"
            notes += line if line not in lines or warning.startswith(OWN) else ""
            lines[line] = None
        notes += "".join(f"{note}\n" for note in outcome.notes)
        if outcome.error is not None:
            errors.append(outcome)
    line = passed_over(outcome.kind for outcome in skipped)
    notes += f"{line}\n" if line else ""
    notes += "".join(_error(outcome, one_of_many=len(errors) > 1) for outcome in errors)
    stdout += ("---\n" if options.output == "yaml" else "").join(filter(None, shown))
    return Completed(1 if errors else 0, stdout, notes)


def _error(outcome: Outcome, *, one_of_many: bool) -> str:
    problem = outcome.error
    if not isinstance(problem, ApiError):
        return printers.ended(f"{'' if one_of_many else 'error: '}{outcome.context}{problem}", one_of_many=one_of_many)
    return printers.error(problem, one_of_many=one_of_many, context=outcome.context)
