"""Every lesson in JupyterLab, the last one in Notebook 7 too, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

LESSONS = sorted(run_lessons.NOTEBOOKS.glob("*.ipynb"))
REASON = run_lessons.why_not() or ("" if LESSONS else "no lessons in notebooks/ yet")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture(scope="module")
def shots() -> Path:
    return run_lessons.default_shots()


@pytest.fixture(scope="module")
def server() -> Iterator[run_lessons.Server]:
    """One server for all lessons."""
    with run_lessons.server(LESSONS) as started:
        yield started


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson_runs_in_lab(lesson: Path, server: run_lessons.Server, shots: Path) -> None:
    with run_lessons.browser() as context:
        result = run_lessons.run_lesson(context, server, lesson.name, shots)
    assert not result.problems
    assert result.cells


def test_one_lesson_runs_in_notebook_7(shots: Path) -> None:
    # A server of its own: Notebook stumbles over the workspace that Lab leaves behind.
    with run_lessons.server(LESSONS[-1:]) as started, run_lessons.browser() as context:
        result = run_lessons.run_lesson(context, started, LESSONS[-1].name, shots, notebook7=True)
    assert not result.problems
    assert result.cells


def test_the_harness_sees_what_is_wrong(tmp_path: Path) -> None:
    sources = (
        "import sys, ipywidgets\nfrom IPython.display import HTML",
        "@ipywidgets.interact(x=(0, 3))\ndef draw(x=1):\n    raise ValueError('in a callback')",
        'HTML(\'<img src="http://elsewhere.invalid/x.png"><script>throw new Error("on the page")</script>\')',
        "print('a warning', file=sys.stderr)",
        "1 / 0",
    )
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "wrong.ipynb")
    with run_lessons.server([tmp_path / "wrong.ipynb"]) as started, run_lessons.browser() as context:
        found = "\n".join(run_lessons.run_lesson(context, started, "wrong.ipynb", None).problems)
    for words in ("in a callback", "elsewhere.invalid", "on the page", "stderr", "ZeroDivisionError"):
        assert words in found
