"""What becomes of mutants: which tests reach a line, and whether one of them fails on broken code.

The machinery of ``tools/mutants.py``, which says what is broken and adds it up. `reach` starts this file to record
once, with coverage.py, which lines each test runs. `run` collects all tests in its own process; a mutant is a fork of
it, in which the function has the broken code. Lines that run while modules are imported or tests are collected have
had their effect by then: such a mutant is imported afresh, by this file as a program.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "k8sexpose"
REACHED = ROOT / "build" / "mutants-reached.json"
KILLED, TIMEOUT, SURVIVED = "killed", "timeout", "survived"

# Without the plugins that happen to be installed pytest starts in a tenth of the time. Hypothesis' profile ``ci`` has
# no deadlines, which a busy machine would miss, and always the same examples. Files that are named would be imported
# by pytest's own loader, for its assertions.
OPTIONS = [
    "-q", "-s", "--assert=plain", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "--hypothesis-profile=ci",
    "-m", "not deep and not browser",
]  # fmt: skip
# A test that needs so many times the processor time of the real code, and a little, has noticed the mutant.
SLOWER, EXTRA_S = 8, 4
MOST_BYTES = 8 << 30
AS_ONE_KNOWS, UNCHANGED = 1, 2  # exit codes of a fork: a test failed; the broken code is nowhere in a function


class Broken(Protocol):
    """What this file needs to know of a mutant."""

    file: str
    function: str
    lines: tuple[int, ...]

    def source(self, text: bytes) -> bytes:
        """Return the text of the broken file."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which lines of the files each test runs, how long it takes, and which lines run before any test."""

    tests: dict[str, tuple[float, dict[str, list[int]]]]
    imported: dict[str, list[int]]


# -- which tests reach a line ------------------------------------------------------------------------------------------


def reach(tests: dict[str, list[str]]) -> Reach:
    """Return what each test reaches; what has changed since it was asked last is recorded anew, folder by folder."""
    known = json.loads(REACHED.read_text()) if REACHED.is_file() else {"about": {}, "tests": {}, "imported": {}}
    shared = _shared_digest()
    for path in dict.fromkeys(path for paths in tests.values() for path in paths):
        about = {name: hashlib.sha256(shared + (ROOT / name).read_bytes()).hexdigest() for name in _files(path)}
        changed = sorted(name for name, digest in about.items() if known["about"].get(name) != digest)
        if changed:
            print(f"         recording which lines {path} reaches ({len(changed)} files)", flush=True)
            new = _recorded(changed)
            kept = {name: row for name, row in known["tests"].items() if name.partition("::")[0] not in changed}
            known["tests"] = kept | new["tests"]
            for file, lines in new["imported"].items():
                known["imported"][file] = sorted({*known["imported"].get(file, ()), *lines})
            known["about"] |= about
            REACHED.parent.mkdir(exist_ok=True)
            REACHED.write_text(json.dumps(known))
    return Reach({name: (row[0], row[1]) for name, row in known["tests"].items()}, known["imported"])


def _files(path: str) -> list[str]:
    """Return the files with tests at a path."""
    if (ROOT / path).is_file():
        return [path]
    return [str(file.relative_to(ROOT)) for file in sorted((ROOT / path).rglob("test_*.py"))]


def _shared_digest() -> bytes:
    """Return what every outcome depends on: the package, the helpers of the tests and the recorded data."""
    files = [path for folder in ("k8sexpose", "tests") for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    shared = hashlib.sha256()
    for path in files:
        if path.suffix in (".py", ".json", ".toml", ".yaml") and not path.name.startswith("test_"):
            shared.update(path.read_bytes())
    return shared.digest()


def _recorded(paths: list[str]) -> Any:
    """Run tests in a process of their own, and return what they reach."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "reached.json"
        subprocess.run(
            [sys.executable, __file__, "record", str(made), *paths],
            cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return json.loads(made.read_text())


def environment() -> dict[str, str]:
    """Return the environment of processes that run tests."""
    return {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "K8SEXPOSE_ANSWERS": "",
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip


class Recorder:
    """A plugin of pytest that gives each test a context of its own in the record of coverage.py."""

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure a test."""
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        result = yield
        self.seconds[item.nodeid] = round(time.process_time() - began, 4)
        self.coverage.switch_context("between")
        return result  # type: ignore[return-value]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note who fails on the real code: it says nothing about broken code."""
        if report.failed:
            self.failed.add(report.nodeid)


def record(made: str, *paths: str) -> None:
    """Run tests, and write down which lines of the package each of them runs."""
    import coverage

    watching = coverage.Coverage(data_file=None, source=[str(PACKAGE)], config_file=False)
    watching.start()
    watching.switch_context("imported")
    recorder = Recorder(watching)
    code = pytest.main([*OPTIONS, *paths], plugins=[recorder])
    watching.stop()
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(int(code))  # what was recorded is not all, and would be kept
    tests: dict[str, tuple[float, dict[str, list[int]]]] = {
        name: (seconds, {}) for name, seconds in recorder.seconds.items() if name not in recorder.failed
    }
    imported: dict[str, list[int]] = {}
    found = watching.get_data()
    for path in found.measured_files():
        file = str(Path(path).relative_to(PACKAGE))
        for line, names in found.contexts_by_lineno(path).items():
            if "imported" in names:
                imported.setdefault(file, []).append(line)
            for name in names:
                if name in tests:
                    tests[name][1].setdefault(file, []).append(line)
    Path(made).write_text(json.dumps({"tests": tests, "imported": imported}))


# -- one process for each mutant ---------------------------------------------------------------------------------------


class Forks:
    """A plugin of pytest that, in place of running the tests, forks a process for each mutant."""

    def __init__(
        self,
        mutants: Sequence[Broken],
        texts: dict[str, bytes],
        tests: dict[str, list[str]],
        tell: Callable[[Any, str], None],
        *,
        jobs: int,
        most_s: float,
    ) -> None:
        self.mutants = mutants
        self.texts = texts
        self.tests = tests
        self.tell = tell
        self.jobs = jobs
        self.most_s = most_s
        self.reached = reach(tests)
        self.items: dict[str, pytest.Item] = {}
        self.by_file: dict[str, list[str]] = {}
        self.living: dict[str, list[FunctionType]] = {}
        self.running: dict[int, tuple[Broken, bool]] = {}
        self.forked = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all mutants."""
        self.items = {item.nodeid: item for item in session.items if item.nodeid in self.reached.tests}
        for name in self.items:
            self.by_file.setdefault(name.partition("::")[0], []).append(name)
        self.living = {file: living_functions(PACKAGE / file) for file in self.texts}
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        for mutant in self.mutants:
            tests = self.tests_of(mutant)
            if not tests:
                self.tell(mutant, SURVIVED)
                continue
            while len(self.running) >= self.jobs:
                self._wait()
            self._start(mutant, tests)
        while self.running:
            self._wait()
        return True

    def tests_of(self, mutant: Broken) -> list[str]:
        """Return the tests that reach the place of a mutant, in the order in which it meets them."""
        lines = set(mutant.lines)
        chosen, took_s = dict[str, None](), 0.0
        for file in chain.from_iterable(map(_files, self.tests[mutant.file])):
            rows = [(*self.reached.tests[name], name) for name in self.by_file.get(file, ())]
            for seconds, reached, name in sorted(rows, key=lambda row: (row[0], row[2])):
                reaches = not lines.isdisjoint(reached.get(mutant.file, ()))
                if (reaches or self._runs_early(mutant)) and took_s + seconds <= self.most_s:
                    took_s += 0 if name in chosen else seconds
                    chosen[name] = None
        return list(chosen)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End a fork where a test fails."""
        if self.forked and report.failed:
            os._exit(AS_ONE_KNOWS)

    def _start(self, mutant: Broken, tests: list[str], afresh: bool = False) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            self.running[pid] = mutant, afresh
            return
        try:
            self.forked = True
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            if afresh:
                self._import_afresh(mutant, tests)
            self._meet(mutant, tests)
        finally:
            os._exit(AS_ONE_KNOWS)

    def _meet(self, mutant: Broken, tests: list[str]) -> None:
        """Break the function, and run the tests; this process ends here."""
        broken = mutant.source(self.texts[mutant.file])
        if not put_in(self.living[mutant.file], PACKAGE / mutant.file, mutant.function, broken):
            os._exit(UNCHANGED)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        chosen = [self.items[name] for name in tests]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            seconds = self.reached.tests[item.nodeid][0]
            limit_s = int(time.process_time() + SLOWER * seconds + EXTRA_S + 1)
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        os._exit(0)

    def _import_afresh(self, mutant: Broken, tests: list[str]) -> None:
        """Become a process that imports the broken file, and runs the tests."""
        limit_s = int(60 + SLOWER * self.most_s)
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))
        folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        (folder / "broken.py").write_bytes(mutant.source(self.texts[mutant.file]))
        (folder / "tests.txt").write_text("\n".join(tests))
        asked = [sys.executable, __file__, "afresh", str(PACKAGE / mutant.file), str(folder)]
        os.chdir(ROOT)
        os.execve(sys.executable, asked, environment())

    def _runs_early(self, mutant: Broken) -> bool:
        """Return whether a place runs while modules are imported, or tests collected."""
        return not set(mutant.lines).isdisjoint(self.reached.imported.get(mutant.file, ()))

    def _wait(self) -> None:
        """Wait for a fork to end, and tell what became of its mutant."""
        pid, status = os.wait()
        mutant, afresh = self.running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if not afresh and (code == UNCHANGED or (code == 0 and self._runs_early(mutant))):
            self._start(mutant, self.tests_of(mutant), afresh=True)
        else:
            self.tell(mutant, TIMEOUT if code == -signal.SIGXCPU else KILLED if code else SURVIVED)


def living_functions(path: Path) -> list[FunctionType]:
    """Return the functions of a file that are there, but for those inside of others."""
    functions = (one for one in gc.get_objects() if isinstance(one, FunctionType))
    return [one for one in functions if one.__code__.co_filename == str(path) and "<" not in one.__qualname__]


def put_in(living: Sequence[FunctionType], path: Path, function: str, broken: bytes) -> bool:
    """Give the living function the code of the broken file; return whether that differs from what it had."""
    names = function.split(".")
    for length in range(1, len(names) + 1):
        found = [one for one in living if one.__qualname__ == ".".join(names[:length])]
        if found:
            break
    else:
        return False
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _codes(compile(broken, str(path), "exec"))}
    changed = False
    for one in found:
        code = codes[one.__code__.co_qualname, one.__code__.co_firstlineno]
        changed = changed or code != one.__code__
        one.__code__ = code
    return changed


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def afresh(path: str, folder: str) -> int:
    """Run tests where a file is imported as another text has it; return pytest's exit code."""
    text, tests = (Path(folder, name).read_text(encoding="utf-8") for name in ("broken.py", "tests.txt"))
    shutil.rmtree(folder)
    get_code = SourceFileLoader.get_code

    def code_of(self: SourceFileLoader, name: str) -> CodeType | None:
        return compile(text, path, "exec") if self.path == path else get_code(self, name)

    SourceFileLoader.get_code = code_of  # type: ignore[method-assign]
    code = pytest.main([*OPTIONS, "-x", *tests.splitlines()])
    if code == pytest.ExitCode.USAGE_ERROR:  # the name of a test holds what was broken: take its whole file
        code = pytest.main([*OPTIONS, "-x", *dict.fromkeys(name.partition("::")[0] for name in tests.splitlines())])
    return code


def run(
    mutants: Sequence[Broken],
    texts: dict[str, bytes],
    tests: dict[str, list[str]],
    tell: Callable[[Any, str], None],
    *,
    jobs: int,
    most_s: float,
) -> None:
    """Try mutants, with so many processes at once, and tell of each what became of it."""
    os.environ.update(environment())
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    forks = Forks(mutants, texts, tests, tell, jobs=jobs, most_s=most_s)
    files = dict.fromkeys(file for paths in tests.values() for path in paths for file in _files(path))
    code = pytest.main([*OPTIONS, *files], plugins=[forks])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"pytest ended with {int(code)} instead of 0: run the tests without this tool to see why")


if __name__ == "__main__":
    word, *rest = sys.argv[1:]
    sys.exit(afresh(*rest) if word == "afresh" else record(*rest))
