"""The command k8sexpose: exit codes, files, broken input."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

import k8sexpose as kx
from k8sexpose import cli
from tests.report.helpers import SAMPLE


def command(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "k8sexpose.cli", *map(str, arguments)], input=stdin, capture_output=True, text=True,
        encoding="utf-8", cwd=cwd, env={**os.environ, "PYTHONPATH": str(Path(kx.__file__).parents[1])},
    )  # fmt: skip


@pytest.mark.slow
def test_command_on_the_sample(tmp_path: Path, sample: kx.Review) -> None:
    days = [date.today()]
    done = command("report", SAMPLE, "-o", "report.html", cwd=tmp_path)
    days.append(date.today())  # another one, where midnight came in between
    assert done.returncode == 0 and not done.stderr and "3 problems" in done.stdout
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written in [sample.to_html(day.isoformat()) for day in days]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"], "nothing is written elsewhere"


@pytest.mark.slow
def test_command_on_standard_input(sample: kx.Review) -> None:
    days = [date.today()]
    done = command("report", "-", stdin=SAMPLE.read_text(encoding="utf-8"))
    days.append(date.today())
    assert done.returncode == 0
    assert done.stdout.strip() in [sample.to_markdown(day.isoformat()).strip() for day in days]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"), ("{", "not JSON"), ("[]", "empty list"), ("{'a': 1}", "not JSON"), ("\x00", "neither JSON nor YAML"),
        ('{"items": 3}', "list of items"), ('{"items": [3]}', "items[0]"), ("[" * 100_000, "not JSON"),
        (SAMPLE.read_text(encoding="utf-8")[:-500], "seems to end early"),
        ("apiVersion: v1\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n}}\n", "seems to end early"),
    ],
)  # fmt: skip
def test_broken_dumps(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["report", str(path)]) == 1
    said = capsys.readouterr()
    assert words in said.err and not said.out
    assert said.err.count("\n") == 1 and said.err.startswith("k8sexpose: ")


@pytest.mark.slow
def test_a_broken_dump_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(SAMPLE.read_text(encoding="utf-8")[:-500], encoding="utf-8")
    done = command("report", tmp_path / "dump.json")
    assert done.returncode == 1 and "seems to end early" in done.stderr and "Traceback" not in done.stderr


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(SAMPLE)
    copied = tmp_path / "dump.md"
    copied.write_bytes(SAMPLE.read_bytes())
    for arguments, words in (
        (["report", "nothing.json"], "no such file"),
        (["report", str(tmp_path)], "holds no .json"),
        (["report", sample, "-o", "x.pdf"], ".html"),
        (["report", str(copied), "-o", str(copied)], "is read by this command"),
        (["report", sample, "-o", str(tmp_path / "no/such/folder.md")], "No such file"),
        (["report", sample, "--provider", "nobody"], "there are"),
        (["report", sample, "--region", "mars"], "there are"),
        (["report", sample, "--utilisation", "7"], "utilisation"),
        (["report", sample, "--prices", "none.toml"], ""),
    ):
        assert cli.main(arguments) == 1
        assert words in capsys.readouterr().err
    for arguments in (["report"], ["report", sample, "--workers", "x"], ["other"]):
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        assert left.value.code == 2


def test_fail_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(SAMPLE), "--fail-on", "problem"]) == 3
    capsys.readouterr()


def test_anonymised_by_command(tmp_path: Path) -> None:
    output = tmp_path / "shared.md"
    assert cli.main(["report", str(SAMPLE), "--anonymise", "-o", str(output)]) == 0
    assert "checkout" not in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "name"),
    [(["report"], "made.md"), (["report"], "made.json"), (["report"], "made.html"),
     (["diff", "--apply", str(kx.example("storefront"))], "made.md"),
     (["diff", "--apply", str(kx.example("storefront"))], "made.json")],
)  # fmt: skip
def test_what_the_program_wrote_it_may_write_again(words: list[str], name: str, tmp_path: Path) -> None:
    line = [*words[:1], str(SAMPLE), *words[1:], "-o", str(tmp_path / name)]
    assert cli.main(line) == 0
    assert cli.main(line) == 0


class Terminal(io.StringIO):
    """A terminal that tells when a line has come."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        count = super().write(text)
        self.written.set()
        return count


class Seconds:
    """An event that waits for seconds which the test lets pass."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[bool] = SimpleQueue()

    def wait(self, seconds: float) -> bool:
        assert seconds == 1
        return self.queue.get()

    def set(self) -> None:
        self.queue.put(True)

    def one_passes(self) -> None:
        self.queue.put(False)


def test_progress_is_told_on_a_terminal_and_wiped_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, seconds = Terminal(), Seconds()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(cli, "threading", SimpleNamespace(Event=lambda: seconds, Thread=threading.Thread))
    with cli._working("reading 52 MB"):
        assert screen.getvalue() == "", "nothing in the first second"
        seconds.one_passes()
        assert screen.written.wait(300)
    shown = screen.getvalue()
    assert shown.startswith("\rreading 52 MB … 1 s")
    assert shown.endswith("\r") and not shown.rstrip("\r").rpartition("\r")[2].strip(), "the line is wiped out"


def test_no_progress_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    monkeypatch.setattr(cli, "threading", None)  # nobody is to tell anything
    with cli._working("reading 52 MB"):
        pass
    assert pipe.getvalue() == ""
