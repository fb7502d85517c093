"""tools/notebooks.py makes a student notebook that holds no answers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "notebooks.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebooks_tool", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cell(source: str, **nbgrader: object) -> nbformat.NotebookNode:
    made = nbformat.v4.new_code_cell(source, execution_count=1)
    made.outputs = [nbformat.v4.new_output("stream", text="the answer\n")]
    if nbgrader:
        made.metadata["nbgrader"] = {"schema_version": 3, "task": False, **nbgrader}
    return made


def test_answers_hidden_tests_and_outputs_go() -> None:
    answer = "ports = None\n### BEGIN SOLUTION\nports = {30007}\n### END SOLUTION"
    test = "# graded\n### BEGIN HIDDEN TESTS\nassert ports == {30007}\n### END HIDDEN TESTS"
    source = nbformat.v4.new_notebook(
        cells=[
            cell(answer, grade=False, grade_id="ports", locked=False, solution=True),
            cell(test, grade=True, grade_id="ports-test", locked=True, solution=False, points=1),
        ]
    )
    before = nbformat.writes(source)
    made = load().student(source)
    assert [c.source for c in made.cells] == ["ports = None\n# ↑ your answer", "# graded"]
    assert [(c.outputs, c.execution_count) for c in made.cells] == [([], None)] * 2
    assert [c.id for c in made.cells] == [c.id for c in source.cells]
    assert nbformat.writes(source) == before


def test_an_answer_outside_a_solution_cell_is_refused() -> None:
    source = nbformat.v4.new_notebook(cells=[cell("### BEGIN SOLUTION\nports = {30007}\n### END SOLUTION")])
    with pytest.raises(RuntimeError, match="non-solution cell"):
        load().student(source)
