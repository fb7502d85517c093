"""A name that nothing has given: the card above the error, in a real IPython."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Notebook:
    """An IPython with the extension, and what was shown in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        self.cards: list[dict[str, str]] = []
        monkeypatch.setattr(self.shell.display_pub, "publish", self._publish)
        self.shell.run_cell("%load_ext k8sexpose")

    def _publish(self, data: dict[str, str], *rest: Any, **options: Any) -> None:
        self.cards.append(data)

    def run(self, text: str) -> BaseException | None:
        return self.shell.run_cell(text).error_in_exec


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    return Notebook(monkeypatch)


def test_a_cell_above_has_not_run(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    error = notebook.run("answer = 1\nprint(answer + machines)")
    (card,) = notebook.cards
    assert "the name machines." in card["text/html"] and "Run All Above" in card["text/plain"]
    assert "quotation" not in card["text/plain"]
    printed = capsys.readouterr().out
    # A grader, and Run All, must see that the cell has failed.
    assert isinstance(error, NameError) and "NameError" in printed and "Traceback" not in printed


def test_quotation_marks_are_missing_in_an_answer(notebook: Notebook) -> None:
    notebook.run("pairs = {a, c}\n# ↑ your answer\n")
    assert 'with quotation marks: "a".' in notebook.cards[0]["text/plain"]


def test_an_error_inside_a_function_keeps_its_traceback(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.run("def shift():\n    return nodes_of_mine\n\nshift()")
    assert not notebook.cards and "Traceback" in capsys.readouterr().out


def test_other_errors_are_as_they_were(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(notebook.run("1 / 0"), ZeroDivisionError)
    assert not notebook.cards and "ZeroDivisionError" in capsys.readouterr().out
