"""Lessons and leaflets in JupyterLab, one in Notebook 7 and one at Binder's versions, in a real Chromium.

A sample of them in make test; `make deep` opens all.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import nbformat
import pytest

from tests.browser import run_lessons
from tests.browser.conftest import Lab

LESSONS = run_lessons.course()
# The one with the most widgets.
SAMPLE = {"06_skew_and_latency"}
REASON = run_lessons.why_not() or ("" if LESSONS else "no lessons in notebooks/ yet")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]


# What Binder's base image brings (repo2docker 2026.4); anywidget's front end has to lie beside them.
BINDER = (
    "jupyterlab==4.4.9", "notebook==7.4.7", "ipywidgets==8.1.7", "jupyterlab_widgets==3.0.15",
    "widgetsnbextension==4.0.14", f"anywidget=={version('anywidget')}",
)  # fmt: skip


@pytest.fixture(scope="module")
def binder_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has Binder's versions, and for the rest those of this one: it costs seconds."""
    home = tmp_path_factory.mktemp("binder")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--no-deps", *BINDER], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"Binder's versions cannot be installed here: {done.stderr.strip()[-300:]}")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    # addsitedir also follows the link to this package where it is installed as editable.
    rest = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(folder) / "rest.pth").write_text(rest, encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def shots() -> Path:
    return run_lessons.default_shots()


def case(lesson: Path) -> Any:
    """One lesson; those outside the sample are for make deep."""
    return pytest.param(lesson, id=lesson.stem, marks=() if lesson.stem in SAMPLE else pytest.mark.deep)


@pytest.mark.parametrize("lesson", [*map(case, LESSONS)])
def test_lesson_runs_in_lab(lesson: Path, lab: Lab, shots: Path) -> None:
    result = run_lessons.run_lesson(lab.context, lab.server, lab.server.put(lesson), shots)
    assert not result.problems
    assert result.cells


def lesson_called(beginning: str) -> Path:
    return next(path for path in LESSONS if path.stem.startswith(beginning))


@pytest.mark.deep
def test_one_lesson_runs_in_notebook_7(shots: Path) -> None:
    lesson = lesson_called("02")
    # A server of its own: Notebook stumbles over the workspace that Lab leaves behind.
    with run_lessons.server([lesson]) as started, run_lessons.browser() as context:
        result = run_lessons.run_lesson(context, started, lesson.name, shots, notebook7=True)
    assert not result.problems
    assert result.cells


@pytest.mark.deep
def test_one_lesson_runs_at_binders_versions(binder_python: Path, shots: Path) -> None:
    lesson = lesson_called("01")
    with run_lessons.server([lesson], python=binder_python) as started, run_lessons.browser() as context:
        with urlopen(f"{started.url}/lab") as answer:
            assert '"appVersion": "4.4.9"' in answer.read().decode()
        result = run_lessons.run_lesson(context, started, lesson.name, shots / "binder")
    assert not result.problems
    assert result.cells


def test_the_harness_sees_what_is_wrong(tmp_path: Path, lab: Lab) -> None:
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
    put = lab.server.put(tmp_path / "wrong.ipynb")
    found = "\n".join(run_lessons.run_lesson(lab.context, lab.server, put, None).problems)
    for words in ("in a callback", "elsewhere.invalid", "on the page", "stderr", "ZeroDivisionError"):
        assert words in found
