"""Every student notebook runs to its end with nothing answered, in this process: a kernel each would take minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.course.helpers import run

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import notebooks  # noqa: E402

pytestmark = pytest.mark.slow
LESSONS = notebooks.notebooks_in(notebooks.STUDENTS)


def failures(nb: nbformat.NotebookNode, shell: InteractiveShell) -> list[str]:
    """Run all cells; what a learner who has not done anything yet should not see."""
    found = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            told, error = run(shell, cell)
            found += [f"{cell.id}: {error!r}"] if error else []
            found += [f"{cell.id}: {line}" for line in told if line.startswith("✗")]
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_run_all_with_nothing_answered(path: Path, shell: InteractiveShell) -> None:
    assert not failures(nbformat.read(path, as_version=4), shell)


@pytest.mark.parametrize("source", ["1 / 0", "print('✗ Wrong')", "%no_such_magic", "def"])
def test_a_cell_that_fails_is_found(source: str, shell: InteractiveShell) -> None:
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    assert failures(nb, shell)
