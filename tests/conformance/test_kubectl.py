"""The recorded sessions of a real kubectl, and the runner that compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import kubectl

FILE = Path(__file__).parent / "kubectl-sessions.json"
DATA: dict[str, Any] = json.loads(FILE.read_text())
ROWS: list[dict[str, Any]] = DATA["rows"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_recorded_session(row: dict[str, Any]) -> None:
    if not kubectl.left_out(row):
        problems = list(kubectl.session(row))
        assert not problems, "\n".join(problems)


def test_nothing_is_left_out() -> None:
    """KNOWN_DIFFERENCES.md, section kubectl, says so, too."""
    assert len(ROWS) == 203
    assert not [row["id"] for row in ROWS if kubectl.left_out(row)]
    assert "No session is left out: 203 of 203." in (FILE.parent / "KNOWN_DIFFERENCES.md").read_text()


@pytest.mark.parametrize(
    ("session", "right", "wrong"),
    [
        ("probe: delete -f twice", "error when deleting", "error while deleting"),
        ("probe: dns: apply UDP, then add TCP", "name: dns\\n", "name: dns-tcp\\n"),
        ("probe: expose without a port", '"rc": 1', '"rc": 0'),
        ("probe: generateName create", "service/web-8g2jj created", "service/web-8g2j created"),
        ("probe: manifest with an old resourceVersion, apply", '\\"port\\":80}]', '\\"port\\":82}]'),
    ],
)
def test_the_runner_sees_a_wrong_answer(session: str, right: str, wrong: str, tmp_path: Path) -> None:
    """A recorded answer that is changed must come out as a disagreement."""
    text = json.dumps([row for row in ROWS if row["id"] == session])
    assert right in text
    rows = json.loads(text)
    for step in rows[0]["steps"]:
        step["real"] = json.loads(json.dumps(step["real"]).replace(right, wrong))
    file = tmp_path / "sessions.json"
    file.write_text(json.dumps({"rows": rows}))
    report = kubectl.check_file(file)
    assert (report.agreed, len(report.disagreements), report.exit_code) == (0, 1, 1)


def test_random_values_are_masked_and_given_ones_are_not() -> None:
    masks = kubectl.Masks()
    masks.ask({"args": ["apply"], "stdin": "nodePort: 31000\nclusterIP: 10.96.7.7\ngenerateName: web-"})
    text = "31000 31001 31002 31001 10.96.7.7 10.96.7.8 10.96.0.1 web-8g2jj 30085"
    assert masks.text(text) == "31000 <port-1> <port-2> <port-1> 10.96.7.7 <ip-1> 10.96.0.1 <name-1> 30085"
