"""Each statement about a provider or a version has a source, and the lesson still says it in these words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import facts  # noqa: E402

SAID = {"04_extra_hop": "The grace period is 50 s, and was 40 s before 1.32."}
GOOD = {
    "id": "grace", "text": "40 s before 1.32", "lesson": "04_extra_hop", "value": 40,
    "source": "kubernetes/cmd/kube-controller-manager", "as_of": "2026-11-29", "file": "x.toml",
}  # fmt: skip


def test_the_lessons_say_what_the_files_say() -> None:
    assert not list(facts.problems(facts.read(), facts.texts()))


def test_a_true_fact_is_no_problem() -> None:
    assert not list(facts.problems([GOOD], SAID))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": "30 s before 1.32"}, "does not say"),
        ({"text": ""}, "does not say"),
        ({"lesson": "99_none"}, "there is no lesson"),
        ({"source": " "}, "no source"),
        ({"as_of": "last week"}, "no date"),
    ],
)
def test_a_false_fact_is_found(change: dict[str, Any], told: str) -> None:
    assert [found for found in facts.problems([{**GOOD, **change}], SAID) if told in found]


def test_an_incomplete_fact_is_found() -> None:
    bare = {key: value for key, value in GOOD.items() if key != "source"}
    assert list(facts.problems([bare], SAID)) == ["x.toml: grace lacks source"]
    assert "two facts have the id grace" in list(facts.problems([GOOD, GOOD], SAID))


def test_prose_is_wrapped_and_a_fact_is_not(tmp_path: Path) -> None:
    page = tmp_path / "a.toml"
    page.write_text('[[fact]]\nid = "a"\ntext = "the `grace` period"\n', encoding="utf-8")
    (fact,) = facts.read(tmp_path)
    assert fact["file"] == "a.toml"
    assert facts.plain(fact["text"]) in facts.plain("see **the\ngrace** period")
