"""What every conformance runner prints, and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Report:
    """Rows of a file: those that agree, the disagreements, and those left out, each with its reason."""

    agreed: int = 0
    disagreements: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # what is wrong with all rows together

    def add(self, row: str, difference: str | None) -> None:
        """Count a row; `difference` says what is not as recorded, None or "" that nothing is."""
        if difference:
            self.disagreements.append(f"{row}: {difference}")
        else:
            self.agreed += 1

    @property
    def summary(self) -> str:
        compared = self.agreed + len(self.disagreements)
        return f"agree {self.agreed} of {compared}, {len(self.left_out)} left out"

    @property
    def exit_code(self) -> int:
        return 1 if self.disagreements or self.failures or not self.agreed else 0


def main(arguments: list[str], run: Callable[[Path], Report]) -> int:
    """Run over the file named on the command line; print and return the exit code."""
    if len(arguments) != 2:
        print(f"usage: python {arguments[0]} FILE")
        return 2
    report = run(Path(arguments[1]))
    for line in [*report.disagreements, *report.failures]:
        print(line)
    for line in report.left_out:
        print(f"left out: {line}")
    print(report.summary)
    return report.exit_code
