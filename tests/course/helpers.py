"""Cells of a notebook, run in this process."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

# What is said to the right answer all the same, and by IPython.
FRESH = " (Your cluster, as it was when this cell ran, cannot answer this question, so a fresh one did.)"
LOADED = "The k8sexpose extension is already loaded. To reload it, use:\n  %reload_ext k8sexpose\n"


def plain(told: str) -> list[str]:
    """The lines of an output; the shell of this process writes them in another order than a kernel."""
    told = re.sub(r"0x[0-9a-f]+", "", re.sub(r"Out\[\d+\]: ?", "", told.replace(LOADED, "").replace(FRESH, "")))
    return sorted(line.rstrip() for line in told.splitlines() if line.strip())


def run(shell: InteractiveShell, cell: Any) -> tuple[list[str], BaseException | None]:
    """Run a cell; its output, and the error that it ends in."""
    with capture_output() as told:
        done = shell.run_cell(cell.source)
    shown = [output.data.get("text/plain", "") for output in told.outputs]
    return plain("\n".join([told.stdout, told.stderr, *shown])), done.error_in_exec or done.error_before_exec
