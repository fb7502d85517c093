"""The file in which a learner's answers stay: written whole or not at all, by several notebooks at once.

A change is made under a lock: read the file, apply the change to what is there, write another file beside it, and
put that in its place. What could not be written stays in memory and is written with the next change.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = [
    "FIRST_LESSON",
    "NAME",
    "AnswerFile",
    "Damaged",
    "Entry",
    "answers_path",
    "now",
    "parse",
    "record_answer",
    "written",
]

NAME = "k8sexpose-answers.json"
FIRST_LESSON = "00_start_here.ipynb"
FORMAT, VERSION = "k8sexpose-answers", 1
MOST_BYTES, MOST_ENTRIES, MOST_CHARACTERS, MOST_THINGS = 1_000_000, 2000, 4000, 100
# A notebook holds the lock for milliseconds. One that is ten seconds old was left behind by a process that died.
BROKEN_AFTER_S, WAIT_S, PAUSE_S = 10.0, 12.0, 0.05


@dataclass(frozen=True, slots=True)
class Entry:
    """What a learner said to one question.

    Parameters
    ----------
    first, answer : object
        The first answer, which is never overwritten, and the last one, in the plain form of the question.
    first_at, at : str
        When they were given (UTC).
    tries : int
        How many different answers were given one after the other.
    correct, misconception : optional
        What the last check said to the last answer; None before it.
    """

    first: Any
    answer: Any
    first_at: str = ""
    at: str = ""
    tries: int = 1
    correct: bool | None = None
    misconception: int | None = None


Entries = dict[str, Entry]
Change = Callable[[Entries], None]


class Damaged(Exception):
    """A file that is no file of answers; the text says why."""


class Newer(Exception):
    """A file of a later version, which must not be touched."""


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def answers_path() -> Path | None:
    """Return where answers are kept: None for in memory only.

    The variable K8SEXPOSE_ANSWERS names the file (empty: none). Without it, the file is in the nearest folder upwards
    that holds the first lesson, or where the kernel runs.
    """
    named = os.environ.get("K8SEXPOSE_ANSWERS")
    if named is not None:
        return Path(named).expanduser() if named.strip() else None
    here = Path.cwd()
    holds = (folder for folder in (here, *here.parents) if (folder / FIRST_LESSON).is_file())
    return next(holds, here) / NAME


def record_answer(entries: Entries, id: str, answer: Any, at: str) -> None:
    """Apply one answer to the entries: the first stays, the last is replaced, another answer is another try."""
    entry = entries.get(id)
    if entry is None:
        entries[id] = Entry(answer, answer, at, at)
    elif entry.answer != answer:
        entries[id] = replace(entry, answer=answer, at=at, tries=entry.tries + 1, correct=None, misconception=None)


def _encoded(answer: Any) -> Any:
    if isinstance(answer, set | frozenset):
        return {"set": sorted(map(str, answer))}
    if isinstance(answer, tuple):
        return {"parts": [_encoded(part) for part in answer]}
    return answer


def _decoded(value: object, depth: int = 0) -> Any:
    """Return an answer that was read, or raise `Damaged` for what no answer is."""
    if isinstance(value, str) and len(value) <= MOST_CHARACTERS:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            if math.isfinite(value):
                return float(value)
    if isinstance(value, dict) and len(value) == 1 and depth < 2:
        things = value.get("set", value.get("parts"))
        if isinstance(things, list) and len(things) <= MOST_THINGS:
            if "parts" in value:
                return tuple(_decoded(one, depth + 1) for one in things)
            if all(isinstance(one, str) and len(one) <= MOST_CHARACTERS for one in things):
                return frozenset(things)
    raise Damaged("an answer in it is none")


def _moment(value: object) -> str:
    if not isinstance(value, str):
        raise Damaged("a time in it is none")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Damaged("a time in it is none") from None
    return value[:40]


def _entry(value: object) -> Entry:
    """Return one entry that was read, or raise `Damaged`."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), dict) for name in ("first", "last")):
        raise Damaged("an entry in it has no first and last answer")
    first, last, tries = value["first"], value["last"], value.get("tries")
    correct, belief = value.get("correct"), value.get("misconception")
    if not isinstance(tries, int) or isinstance(tries, bool) or not 1 <= tries <= 1_000_000:
        raise Damaged("an entry in it has no number of tries")
    if not isinstance(correct, bool | None) or isinstance(belief, bool):
        raise Damaged("a verdict in it is none")
    if not isinstance(belief, int | None):
        raise Damaged("a misconception in it is no number")
    return Entry(
        _decoded(first.get("answer")), _decoded(last.get("answer")), _moment(first.get("at")), _moment(last.get("at")),
        tries, correct, belief,
    )  # fmt: skip


def parse(data: bytes) -> Entries:
    """Return the entries of a file of answers.

    Raises
    ------
    Damaged
        If it is no such file.
    Newer
        If a later version of the course wrote it.
    """
    if len(data) > MOST_BYTES:
        raise Damaged("it is over 1 MB")
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise Damaged("it is not a file of answers of this course")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Damaged("it has no version")
    if version > VERSION:
        raise Newer(f"it has version {version}, and this course reads version {VERSION}")
    answers = document.get("answers")
    if not isinstance(answers, dict) or len(answers) > MOST_ENTRIES:
        raise Damaged("it has no list of answers")
    if any(len(id) > 200 for id in answers):
        raise Damaged("the name of a question in it is too long")
    return {id: _entry(value) for id, value in answers.items()}


def written(entries: Mapping[str, Entry]) -> bytes:
    """Return the text of the file: no name of a person, nothing of the machine."""
    answers = {
        id: {
            "first": {"answer": _encoded(entry.first), "at": entry.first_at},
            "last": {"answer": _encoded(entry.answer), "at": entry.at},
            "tries": entry.tries,
            "correct": entry.correct,
            "misconception": entry.misconception,
        }
        for id, entry in sorted(entries.items())
    }
    document = {"format": FORMAT, "version": VERSION, "answers": answers}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


@dataclass(slots=True)
class AnswerFile:
    """One file of answers.

    Parameters
    ----------
    path : Path
        Where it is; it need not exist.

    Attributes
    ----------
    problem : str
        A line for the learner about what did not work the last time; empty if all is well.
    pending : list
        Changes that could not be written yet.
    """

    path: Path
    problem: str = ""
    pending: list[Change] = field(default_factory=list)

    def read(self) -> Entries:
        """Return what the file holds, with the changes that are still to be written."""
        try:
            entries = self._load()
        except (Damaged, Newer, OSError) as error:
            self.problem = self._why(error)
            entries = {}
        for change in self.pending:
            change(entries)
        return entries

    def change(self, change: Change) -> Entries | None:
        """Apply a change to the file; None, with `problem` set, if it could not be written."""
        self.pending.append(change)
        self.problem = ""
        try:
            with self._locked() as holds:
                entries = self._load(aside=True)
                for one in self.pending:
                    one(entries)
                self._replace(written(entries), holds)
        except (Newer, OSError) as error:
            self.problem = self._why(error)
            return None
        self.pending.clear()
        return entries

    def _load(self, aside: bool = False) -> Entries:
        """Read the file; `aside`: a damaged one is renamed and kept, and an empty list is what we go on with."""
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return {}
        try:
            return parse(data)
        except Damaged as error:
            if not aside:
                raise
            kept = self._put_aside()
            self.problem = (
                f"{self.path.name} could not be read ({error}). It was kept as {kept.name}; a new one was begun."
            )
            return {}

    def _put_aside(self) -> Path:
        for number in range(1, 1000):
            kept = self.path.with_name(f"{self.path.stem}.damaged-{number}{self.path.suffix}")
            if not kept.exists():
                os.replace(self.path, kept)
                return kept
        raise OSError("there are a thousand damaged files beside it")

    def _replace(self, data: bytes, holds: Callable[[], bool]) -> None:
        """Put new content in the file's place, at once."""
        target = self.path.resolve()  # a link stays a link
        other = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with other.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not holds():
                raise OSError("another notebook took the lock meanwhile")
            os.replace(other, target)
        except BaseException:
            with contextlib.suppress(OSError):
                other.unlink()
            raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[Callable[[], bool]]:
        """Hold the lock; yields a function that tells whether it is still held."""
        lock, token = self.path.with_name(f"{self.path.name}.lock"), secrets.token_hex(8)

        def holds() -> bool:
            try:
                return lock.read_text(encoding="ascii") == token
            except (OSError, ValueError):
                return False

        _acquire(lock, token)
        try:
            yield holds
        finally:
            if holds():
                with contextlib.suppress(OSError):
                    lock.unlink()

    def _why(self, error: Exception) -> str:
        """Return a line that says what did not work, and what to do."""
        where = str(self.path)
        if isinstance(error, Newer):
            return f"{where} is left as it is ({error}): your answers last until the kernel stops. Update the course."
        if isinstance(error, Damaged):
            return f"{where} cannot be read ({error}). It will be kept under another name when you answer next."
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return (
            f"Your answers could not be written to {where} ({why}). They last until the kernel stops, and are written "
            "with your next answer. Free the place, or name another file in the variable K8SEXPOSE_ANSWERS."
        )


def _acquire(lock: Path, token: str) -> None:
    """Make the lock file, wait while another notebook has it, and break one that was left behind."""
    until_s = time.monotonic() + WAIT_S
    while True:
        try:
            descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(token)
            return
        _break_if_old(lock)
        if time.monotonic() >= until_s:
            raise TimeoutError(f"another notebook is writing; if none is, delete {lock.name}")
        time.sleep(PAUSE_S)


def _break_if_old(lock: Path) -> None:
    """Take away a lock that was left behind; of two that try, one renames it and the other finds nothing."""
    with contextlib.suppress(OSError):
        if time.time() - lock.stat().st_mtime > BROKEN_AFTER_S:
            aside = lock.with_name(f"{lock.name}.{secrets.token_hex(4)}")
            os.replace(lock, aside)
            aside.unlink()
