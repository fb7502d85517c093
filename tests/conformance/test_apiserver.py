"""The recorded answers of a real kube-apiserver and kubectl, case by case and history by history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import apiserver, histories

FOLDER = Path(__file__).parent
CASES: list[dict[str, Any]] = [
    row for name in ("apiserver-cases.json", "apiserver-cases-2.json") for row in json.loads((FOLDER / name).read_text())
]  # fmt: skip
HISTORIES: list[dict[str, Any]] = json.loads((FOLDER / "apiserver-histories.json").read_text())["rows"]


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["id"])
def test_recorded_answer(row: dict[str, Any]) -> None:
    assert not apiserver.left_out(row)
    problems = list(apiserver.check_row(row))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("row", HISTORIES, ids=lambda row: row["id"])
def test_recorded_history(row: dict[str, Any]) -> None:
    assert not histories.left_out(row)
    problems = list(histories.check_row(row))
    assert not problems, "\n".join(problems)


def test_nothing_is_left_out() -> None:
    assert (len(CASES), len(HISTORIES)) == (289 + 276, 155)


def test_the_runner_sees_a_wrong_answer(tmp_path: Path) -> None:
    """A recorded answer that is changed must come out as a disagreement."""
    rows = [row for row in CASES if row["id"] in ("nodeport-minimal", "nodeport-explicit-80")]
    broken = json.loads(json.dumps(rows).replace('"port": 80,', '"port": 81,').replace("30000-32767", "30000-32768"))
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(broken))
    problems, agree, total, skipped = apiserver.check_file(file)
    assert (agree, total, skipped) == (0, 2, 0)
    assert len(problems) >= 2


def test_the_histories_runner_sees_a_wrong_answer(tmp_path: Path) -> None:
    """Codes, messages, echoed objects: each is compared; what differs from run to run is not."""
    rows = [row for row in HISTORIES if row["id"] in ("fail-P12", "fail-U1", "fail-M16-s313852", "fail-P17")]
    file = tmp_path / "histories.json"
    file.write_text(json.dumps({"rows": rows}))
    assert histories.check_file(file) == ([], 4, 4, 0)
    text = json.dumps(rows).replace("db.example.com", "db.example.org", 2).replace("duplicate nodePort: {TCP", "{UDP")
    text = text.replace('"deletionGracePeriodSeconds": 0', '"deletionGracePeriodSeconds": 1').replace(
        "[0].name", "[1].name"
    )
    file.write_text(json.dumps({"rows": json.loads(text)}))
    problems, agree, total, skipped = histories.check_file(file)
    assert (agree, total, skipped) == (0, 4, 0), problems


def test_generated_names_are_masked() -> None:
    """Five letters differ from run to run; a name that was asked for does not."""
    masks = apiserver.Masks("metadata: {generateName: web-}")
    assert masks.text('services "web-x7k2p" and service/web-bcdfg') == 'services "<name-1>" and service/<name-2>'
    assert masks.value({"name": "web-x7k2p", "generateName": "web-"}) == {"name": "<name-1>", "generateName": "web-"}
    assert masks.text("web-green my-web-x7k2p") == "web-green my-web-x7k2p"
    assert apiserver.Masks("metadata: {name: web-x7k2p}").text("web-x7k2p") == "web-x7k2p"


def test_a_raised_error_is_a_disagreement() -> None:
    row = {"id": "x", "op": "create", "manifest": "kind: Pod\napiVersion: v1", "http_code": 201}
    assert [problem[:6] for problem in apiserver.check_row(row)] == ["raised"]
