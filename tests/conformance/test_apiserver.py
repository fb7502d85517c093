"""The recorded answers of a real kube-apiserver and kubectl, case by case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import apiserver

FILE = Path(__file__).parent / "apiserver-cases.json"
ROWS: list[dict[str, Any]] = json.loads(FILE.read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_recorded_answer(row: dict[str, Any]) -> None:
    assert not apiserver.left_out(row)
    problems = list(apiserver.check_row(row))
    assert not problems, "\n".join(problems)


def test_nothing_is_left_out() -> None:
    assert len(ROWS) == 289


def test_the_runner_sees_a_wrong_answer(tmp_path: Path) -> None:
    """A recorded answer that is changed must come out as a disagreement."""
    rows = [row for row in ROWS if row["id"] in ("nodeport-minimal", "nodeport-explicit-80")]
    broken = json.loads(json.dumps(rows).replace('"port": 80,', '"port": 81,').replace("30000-32767", "30000-32768"))
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(broken))
    problems, agree, total, skipped = apiserver.check_file(file)
    assert (agree, total, skipped) == (0, 2, 0)
    assert len(problems) >= 2
