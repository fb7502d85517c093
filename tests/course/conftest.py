"""A fresh IPython in this process: notebooks run in it without a kernel each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from k8sexpose.lessons import sheet


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """As after a restart of the kernel, in an empty folder, and nothing is answered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sheet, "SHEET", sheet.Sheet())
    InteractiveShell.clear_instance()
    # Without a history: two processes of tests would write into one file in the home folder.
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    with pd.option_context("display.width", 80, "display.max_columns", 0):
        yield made
    InteractiveShell.clear_instance()
