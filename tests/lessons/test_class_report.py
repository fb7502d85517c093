"""Which beliefs a class holds: thirty files of answers, and those that do not count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.collections import PathCollection

from k8sexpose import cli, describe
from k8sexpose.lessons import class_report
from k8sexpose.lessons.answer_file import Entry, record_answer, written

pytestmark = pytest.mark.slow

AT = "2026-11-29T12:00:00Z"
ALL = frozenset({"10.0.0.1", "10.0.0.2", "10.0.0.3"})


def learner(number: int) -> dict[str, Entry]:
    """The first twelve of a class believe that only node-1 answers (8), and the first four still do."""
    entries: dict[str, Entry] = {}
    at = f"2026-11-29T11:{number:02}:00Z"
    record_answer(entries, "np-which-nodes", frozenset({"10.0.0.1"}) if number < 12 else ALL, at)
    record_answer(
        entries, "np-which-nodes", frozenset({"10.0.0.1"}) if number < 4 else ALL, f"2026-11-29T12:{number:02}:00Z"
    )
    record_answer(entries, "np-ping", "no" if number % 2 else "yes", at)
    return entries


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("answers")
    for number in range(30):
        (made / f"student-{number:02}").mkdir()
        (made / f"student-{number:02}/k8sexpose-answers.json").write_bytes(written(learner(number)))
    return made


def test_a_class_of_thirty(folder: Path) -> None:
    report = class_report(folder)
    assert report.learners == 30 and not report.skipped
    beliefs = report.beliefs.set_index("misconception")
    assert tuple(beliefs.loc[8][["first", "last", "asked"]]) == (12, 4, 30)
    assert tuple(beliefs.loc[21][["first", "last", "asked"]]) == (15, 15, 30)
    assert list(report.beliefs["misconception"]) == [21, 8], "the most common first"
    questions = report.questions.set_index("id")
    assert questions.loc["np-which-nodes", "first_right_percent"] == pytest.approx(60)
    assert questions.loc["np-which-nodes", "right_percent"] == pytest.approx(100 * 26 / 30)
    assert "15 → 15" in repr(report) and "12 → 4" in repr(report)


def test_no_names_unless_asked(folder: Path) -> None:
    hidden = class_report(folder)
    assert set(hidden.answers["learner"]) == set(range(1, 31))
    assert "student-" not in hidden.answers.to_csv() + hidden._repr_html_() + repr(hidden)
    shown = class_report(folder, names=True)
    assert shown.answers["learner"].str.contains("student-").all()


def test_the_figure_shows_the_beliefs(folder: Path) -> None:
    report = class_report(folder)
    ax = report.plot()
    assert [text.get_text()[:3] for text in ax.get_yticklabels()] == ["8. ", "21."]
    first, last = (mark for mark in ax.collections if isinstance(mark, PathCollection))
    assert [x for x, _ in first.get_offsets()] == [12, 15] and [x for x, _ in last.get_offsets()] == [4, 15]
    assert "30 learners" in describe(ax) and "15 learners" in describe(ax)
    assert '<img alt="Beliefs of 30 learners' in report._repr_html_()


def test_files_that_do_not_count(folder: Path, tmp_path: Path) -> None:
    good = written(learner(0))
    (tmp_path / "a-good.json").write_bytes(good)
    (tmp_path / "b-again.json").write_bytes(good)
    (tmp_path / "c-cut.json").write_bytes(good[:-30])
    (tmp_path / "d-foreign.json").write_text(json.dumps({"cells": []}), encoding="utf-8")
    (tmp_path / "e-large.json").write_bytes(b" " * 1_000_001)
    (tmp_path / "f-later.json").write_bytes(good.replace(b'"version": 1', b'"version": 7'))
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    report = class_report(tmp_path)
    assert report.learners == 1 and len(report.skipped) == 5
    for line, words in zip(
        report.skipped, ("same as", "not JSON", "not a file of answers", "over 1 MB", "version 7"), strict=True
    ):
        assert words in line and "\n" not in line
    assert all(f"left out: {line}" in repr(report) for line in report.skipped)
    assert len(class_report([tmp_path / "a-good.json", folder]).skipped) == 1, "the same file in two places"


def test_what_a_file_says_of_itself_is_not_believed(tmp_path: Path) -> None:
    entry = Entry(frozenset({"10.0.0.1"}), frozenset({"10.0.0.1"}), AT, AT, 1, True, None)
    (tmp_path / "forged.json").write_bytes(written({"np-which-nodes": entry, "no-such": entry, "np-ping": entry}))
    report = class_report(tmp_path)
    assert list(report.answers["id"]) == ["np-which-nodes"] and not report.answers["right"].any()
    assert list(report.beliefs["misconception"]) == [8]


def test_names_of_files_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "<img src=x onerror=alert(1)>\x1b[31m.json").write_text("{", encoding="utf-8")
    report = class_report(tmp_path)
    assert "\x1b" not in repr(report) and "<img src=x" not in report._repr_html_()


def test_nothing_to_read(tmp_path: Path) -> None:
    assert class_report(tmp_path).learners == 0 and "0 learners" in repr(class_report([]))
    class_report([]).plot()
    with pytest.raises(FileNotFoundError):
        class_report(tmp_path / "nowhere")


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, table = tmp_path / "class.html", tmp_path / "answers.csv"
    assert cli.main(["class", str(folder), "-o", str(page), "--csv", str(table)]) == 0
    assert "30 learners" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>") and "<img alt=" in page.read_text(
        encoding="utf-8"
    )
    assert len(table.read_text(encoding="utf-8").splitlines()) == 61
    for words, said in (
        (["class", str(tmp_path / "nowhere")], "no file"),
        (["class", str(folder), "-o", "x.png"], ".html"),
    ):
        assert cli.main(words) == 1 and said in capsys.readouterr().err
    assert cli.main(["class", str(table)]) == 1
