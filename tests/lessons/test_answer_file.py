"""The file of answers: nothing is lost, whatever happens to it, and whoever writes it at the same time."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from k8sexpose.lessons import answer_file, reset_answers, sheet
from k8sexpose.lessons.answer_file import NAME, AnswerFile, Damaged, Entry, answers_path, parse, record_answer, written
from k8sexpose.lessons.own_numbers import exercise
from k8sexpose.lessons.sheet import QUESTIONS, Sheet
from tests.lessons.answers import right_answer

AT = "2026-11-29T12:00:00Z"
ROOT = Path(__file__).resolve().parents[2]


def kept(path: Path) -> Sheet:
    return Sheet(lambda: path)


def answer(id: str, value: Any, at: str = AT) -> Callable[[dict[str, Entry]], None]:
    return lambda entries: record_answer(entries, id, value, at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


# -- where --------------------------------------------------------------------------------------------------------


def test_the_file_is_beside_the_first_lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K8SEXPOSE_ANSWERS")
    deep = tmp_path / "course" / "leaflets" / "more"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert answers_path() == deep / NAME
    (tmp_path / "course" / "00_start_here.ipynb").touch()
    assert answers_path() == tmp_path / "course" / NAME


def test_a_variable_names_another_file_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SEXPOSE_ANSWERS", str(tmp_path / "mine.json"))
    assert answers_path() == tmp_path / "mine.json"
    for empty in ("", "  "):
        monkeypatch.setenv("K8SEXPOSE_ANSWERS", empty)
        assert answers_path() is None


def test_in_memory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert os.environ["K8SEXPOSE_ANSWERS"] == "", "the tests keep answers in memory"
    made = Sheet(answers_path)
    made.predict("np-ping", "yes")
    assert made.check("np-ping").correct and not list(tmp_path.iterdir())


def test_git_ignores_it() -> None:
    assert NAME.replace(".json", "*") in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


# -- what is in it ------------------------------------------------------------------------------------------------


def test_answers_survive_a_restart(path: Path) -> None:
    before = kept(path)
    before.predict("np-which-nodes", "node-1")
    before.predict("np-hard-coded", "1/4")
    before.predict("np-ping", "yes")
    before.check("np-which-nodes")
    after = kept(path)
    assert after.memory == {}, "nothing is read before it is needed"
    entry = after.kept("np-which-nodes")
    assert entry and entry.answer == frozenset({"10.0.0.1"}) and (entry.correct, entry.misconception) == (False, 8)
    hard_coded, ping = after.kept("np-hard-coded"), after.kept("np-ping")
    assert hard_coded and hard_coded.answer == 25.0 and ping and ping.answer == "yes"
    assert after.check("np-ping").correct
    assert set(after.progress()["id"]) == set(before.progress()["id"])


def test_the_first_answer_is_never_overwritten(path: Path) -> None:
    for value in ("no", "yes", "yes", "no"):
        kept(path).predict("np-ping", value)
    entry = kept(path).kept("np-ping")
    assert entry and (entry.first, entry.answer, entry.tries) == ("no", "no", 3)
    assert entry.first_at <= entry.at and entry.at.endswith("Z")


def test_format_version_and_no_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept(path)
    monkeypatch.setattr(sheet, "SHEET", made)
    made.predict("np-ping", "no")
    exercise("hops", student="Ada Lovelace")
    made.judge_own(exercise("hops", student="Ada Lovelace").question, "1/2", "Ada Lovelace")  # type: ignore[arg-type]
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    assert (document["format"], document["version"]) == ("k8sexpose-answers", 1)
    assert len(document["answers"]) == 2
    for word in ("ada", "lovelace", str(path.parent), os.environ.get("USER") or "no user"):
        assert word.lower() not in text.lower()


def test_every_form_of_answer_is_read_back() -> None:
    values = ("yes", 25.0, frozenset({"a", "ü"}), frozenset(), (75.0, "x", frozenset({"b"})))
    entries = {f"q{k}": Entry(value, value, AT, AT, 1, None, None) for k, value in enumerate(values)}
    assert parse(written(entries)) == entries


def test_answers_of_a_question_that_has_changed_are_kept_and_not_judged(path: Path) -> None:
    gone = Entry("maybe", "maybe", AT, AT)
    path.write_bytes(written({"np-ping": gone, "no-such-question": gone}))
    made = kept(path)
    assert made.kept("np-ping") is None and made.check("np-ping").text.startswith("Answer first")
    made.predict("np-selector", "refused")
    assert set(parse(path.read_bytes())) == {"np-ping", "no-such-question", "np-selector"}


def test_a_lesson_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept(path)
    monkeypatch.setattr(sheet, "SHEET", made)
    made.predict("np-ping", "no")
    made.predict("start-pod-port", "refused")
    assert reset_answers("01").text.startswith("Forgotten: 1 answer of lesson 01")
    assert set(parse(path.read_bytes())) == {"start-pod-port"}
    assert "No answers" in reset_answers("01").text
    reset_answers()
    assert parse(path.read_bytes()) == {}


# -- two at once --------------------------------------------------------------------------------------------------


def test_two_notebooks_at_once(path: Path) -> None:
    """Each has read the file before the other wrote: both answers are there."""
    one, other = kept(path), kept(path)
    assert not one.entries and not other.entries
    one.predict("np-ping", "no")
    other.predict("np-selector", "refused")
    other.predict("np-ping", "yes")
    entry = one.kept("np-ping")
    assert entry and (entry.first, entry.answer, entry.tries) == ("no", "yes", 2)
    assert one.kept("np-selector")


def test_many_writers_lose_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a crowded machine each of them may wait long for the others, or sleep while it holds the lock.
    monkeypatch.setattr(answer_file, "WAIT_S", 300.0)
    monkeypatch.setattr(answer_file, "BROKEN_AFTER_S", 300.0)

    def write(number: int) -> bool:
        file = AnswerFile(path)
        return all(file.change(answer(f"q{number}-{n}", "x")) is not None for n in range(6))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write, range(4)))
    assert len(parse(path.read_bytes())) == 24
    assert [one.name for one in path.parent.iterdir()] == [NAME], "no lock and no other file is left"


def test_a_lock_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_file, "WAIT_S", 0.2)
    lock = path.with_name(f"{NAME}.lock")
    lock.write_text("somebody", encoding="ascii")
    file = AnswerFile(path)
    assert file.change(answer("np-ping", "no")) is None and "another notebook is writing" in file.problem
    assert lock.read_text(encoding="ascii") == "somebody" and not path.exists()
    # The answer is not lost: it is written with the next one.
    lock.unlink()
    assert set(file.change(answer("np-selector", "refused")) or ()) == {"np-ping", "np-selector"}
    assert not file.problem and set(parse(path.read_bytes())) == {"np-ping", "np-selector"}


def test_a_lock_that_was_left_behind_is_broken_after_ten_seconds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_file, "WAIT_S", 0.2)
    lock = path.with_name(f"{NAME}.lock")
    for age_s, broken in (9.0, False), (11.0, True):
        lock.write_text("left behind", encoding="ascii")
        os.utime(lock, (time.time() - age_s,) * 2)
        assert (AnswerFile(path).change(answer("np-ping", "no")) is not None) is broken
    assert not lock.exists()


def test_who_lost_the_lock_does_not_write(path: Path) -> None:
    """A notebook that slept over its lock: another one has broken it, and must not be overwritten."""
    file = AnswerFile(path)

    def slept(entries: dict[str, Entry]) -> None:
        path.with_name(f"{NAME}.lock").write_text("another", encoding="ascii")

    assert file.change(slept) is None and not path.exists()
    assert path.with_name(f"{NAME}.lock").exists(), "the lock of the other one stays"


# -- what goes wrong ----------------------------------------------------------------------------------------------

DAMAGED = {
    "cut": written({"np-ping": Entry("no", "no", AT, AT)})[:-40],
    "empty": b"",
    "not UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "another format": b'{"format": "x", "version": 1, "answers": {}}',
    "no version": b'{"format": "k8sexpose-answers", "version": true, "answers": {}}',
    "deep": b"[" * 100_000,
    "too large": b" " * 1_000_001,
    "no tries": written({"q": Entry("a", "a", AT, AT)}).replace(b'"tries": 1', b'"tries": -1'),
    "no time": written({"q": Entry("a", "a", AT, AT)}).replace(AT.encode(), b"yesterday"),
    "infinite": written({"q": Entry(1.0, 1.0, AT, AT)}).replace(b'"answer": 1.0', b'"answer": 1e999'),
    "nan": written({"q": Entry(1.0, 1.0, AT, AT)}).replace(b'"answer": 1.0', b'"answer": NaN'),
    "an object": written({"q": Entry("a", "a", AT, AT)}).replace(b'"answer": "a"', b'"answer": {"x": 1}'),
    "a verdict": written({"q": Entry("a", "a", AT, AT)}).replace(b'"correct": null', b'"correct": 3'),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_kept_aside(path: Path, data: bytes) -> None:
    with pytest.raises(Damaged):
        parse(data)
    path.write_bytes(data)
    made = kept(path)
    noted = made.predict("np-ping", "no")
    aside = path.with_name("k8sexpose-answers.damaged-1.json")
    assert aside.read_bytes() == data and aside.name in noted.text
    assert set(parse(path.read_bytes())) == {"np-ping"}
    path.write_bytes(data)
    kept(path).predict("np-ping", "no")
    assert path.with_name("k8sexpose-answers.damaged-2.json").read_bytes() == data and aside.read_bytes() == data


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    data = written({}).replace(b'"version": 1', b'"version": 2')
    path.write_bytes(data)
    made = kept(path)
    assert "version 2" in made.predict("np-ping", "no").text
    assert path.read_bytes() == data and made.check("np-ping").correct is False


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    made = kept(path)
    made.predict("np-ping", "no")
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
        noted = made.predict("np-selector", "refused")
        assert os.strerror(number) in noted.text and "K8SEXPOSE_ANSWERS" in noted.text
        assert path.read_bytes() == before and made.check("np-selector").correct is not None
        assert [one.name for one in path.parent.iterdir()] == [NAME]
    made.predict("np-firewall", 0)
    assert set(parse(path.read_bytes())) == {"np-ping", "np-selector", "np-firewall"}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        made = kept(path)
        assert "could not be written" in made.predict("np-ping", "no").text
        assert made.check("np-ping").correct is False and not path.exists()
    finally:
        path.parent.chmod(0o700)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    made = kept(tmp_path / "nowhere" / NAME)
    assert "could not be written" in made.predict("np-ping", "no").text
    assert made.check("np-ping").correct is False and "could not be written" in repr(made.progress())


def test_a_link_stays_a_link(tmp_path: Path, path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    target.write_bytes(written({}))
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")
    kept(path).predict("np-ping", "no")
    assert path.is_symlink() and set(parse(target.read_bytes())) == {"np-ping"}


def test_all_questions_fit(path: Path) -> None:
    """The whole course, with every first and last answer, is far from a megabyte."""
    entries: dict[str, Entry] = {}
    for id in QUESTIONS:
        record_answer(entries, id, right_answer(id), AT)
    assert len(written(entries)) < 100_000
