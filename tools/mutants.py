"""Mutation testing of the core: break one place, and see whether a test notices.

Usage: ``python tools/mutants.py --sample 300 --seed 1`` breaks 300 places of eight files, one after the other, and
prints how many were noticed, and which were not. Stopped, it goes on where it was. ``--quick`` spares survivors the
tests of other folders; ``--again`` asks about survivors anew: after a test has been added, or after a quick run.
What was found is kept in build/mutants.json, as long as the broken file is the same.

A mutant meets the tests that mirror its file, its doctests and the recorded data that reach it; a survivor meets the
tests of the folders above, too. The ready tools of the field run one command for every mutant, which here would take
days; that order is what this script is for, and it needs nothing but the standard library and pytest.

Each mutant lives in a copy of the repository; the repository itself is never touched.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import json
import math
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "build" / "mutants.json"
EQUIVALENT = ROOT / "tools" / "equivalent_mutants.toml"
LEFT_AT_HOME = shutil.ignore_patterns(".venv", ".git", "build", "dist", "__pycache__", ".hypothesis", ".*_cache")
SLOWER, EXTRA_S = (
    4,
    20,
)  # a mutant that needs so many times the processor time of the real code, and a little, is caught
KILLED, TIMEOUT, SURVIVED = "killed", "timeout", "survived"

API_FIRST = ["tests/api", "tests/cluster/test_apiserver.py", "tests/conformance/test_apiserver.py"]
API_REST = ["tests/cluster", "tests/test_model.py", "tests/kubectl", "tests/conformance/test_kubectl.py"]
RECORDED = "tests/conformance/test_routing.py"
# For each file: the tests that it meets first, the quickest before the others, and those that only a survivor meets.
TESTS: dict[str, tuple[list[str], list[str]]] = {
    "kubeproxy/proxy.py": (
        ["tests/kubeproxy/test_proxy.py", RECORDED, "tests/kubeproxy"],
        ["tests/router", "tests/cloud"],
    ),
    "router/path.py": (["tests/router/test_path.py", RECORDED, "tests/router"], ["tests/kubeproxy", "tests/traffic"]),
    "api/validation.py": (["tests/api/test_validation.py", *API_FIRST], API_REST),
    "api/allocation.py": (["tests/api/test_allocation.py", *API_FIRST], API_REST),
    "api/strategic_patch.py": (["tests/api/test_strategic_patch.py", *API_FIRST], API_REST),
    "cloud/health_checks.py": (["tests/cloud/test_health_checks.py", "tests/cloud"], ["tests/traffic", "tests/report"]),
    "traffic/queueing.py": (["tests/traffic/test_queueing.py", "tests/traffic"], ["tests/report", "tests/lessons"]),
    "cost/billing.py": (["tests/cost/test_billing.py", "tests/cost"], ["tests/report", "tests/plots/test_costs.py"]),
}


# -- mutants -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mutant:
    """One place of a file, and what is put there instead."""

    file: str
    function: str
    line: int
    start: int  # in bytes
    end: int
    before: str
    after: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What it is known by, wherever its lines move to."""
        return self.file, self.function, self.before, self.after

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {_short(self.before)}  ->  {_short(self.after)}"

    def source(self, text: bytes) -> bytes:
        """Return the text of the broken file."""
        return text[: self.start] + self.after.encode() + text[self.end :]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:87]}…"


SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield each node to replace, and its replacement: all that can be broken at one node, without its children."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            if type(operator) in SWAPS:
                yield node, _with(node, ops=[*node.ops[:number], SWAPS[type(operator)](), *node.ops[number + 1 :]])
        for value in node.comparators:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value, ast.Constant(f"{value.value}XX")
    elif isinstance(node, ast.BoolOp):
        yield node, _with(node, op=SWAPS[type(node.op)]())
        for number in range(len(node.values)):
            rest = [*node.values[:number], *node.values[number + 1 :]]
            yield node, rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        yield node, _with(node, op=SWAPS[type(node.op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield node, ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.func, ast.Name(CALLS[node.func.id])
    elif isinstance(node, ast.If | ast.IfExp):
        yield from ((node.test, ast.Constant(value)) for value in (True, False))
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from ((test, ast.Constant(value)) for value in (True, False))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
        yield node, ast.Expr(ast.Constant(None))
    elif isinstance(node, ast.Continue):
        yield node, ast.Break()


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


class Finder(ast.NodeVisitor):
    """Collects the mutants of a file."""

    def __init__(self, file: str, text: bytes) -> None:
        self.file = file
        self.text = text
        self.functions: list[str] = []
        self.mutants: list[Mutant] = []
        lines = text.splitlines(keepends=True)
        self.starts = [sum(map(len, lines[:number])) for number in range(len(lines))]

    def visit(self, node: ast.AST) -> None:
        """Break a node, then what is in it: no annotation, no decorator, no message, no list of names."""
        named = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
            return
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if named:
            self.functions.append(node.name)
        for old, new in changes(node):
            self._add(old, new)
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.visit(child)
        if named:
            self.functions.pop()

    def _add(self, old: ast.AST, new: ast.AST) -> None:
        start, end = (
            self.starts[getattr(old, f"{word}lineno") - 1] + getattr(old, f"{word}col_offset") for word in ("", "end_")
        )
        after = ast.unparse(new)
        after = (
            f"({after})" if isinstance(new, ast.BoolOp | ast.BinOp | ast.Compare | ast.IfExp | ast.UnaryOp) else after
        )
        before, where = self.text[start:end].decode(), ".".join(self.functions) or "module"
        self.mutants.append(Mutant(self.file, where, old.lineno, start, end, before, after))  # type: ignore[attr-defined]


def mutants_of(file: str, text: bytes) -> list[Mutant]:
    """Return all mutants of a file, each once, in the order of the text."""
    finder = Finder(file, text)
    finder.visit(ast.parse(text))
    return sorted(dict.fromkeys(finder.mutants), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


# -- running them ------------------------------------------------------------------------------------------------------


class Copy:
    """A copy of the repository, in which one mutant at a time lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_AT_HOME)

    def try_mutant(self, mutant: Mutant, quick: bool) -> str:
        """Return what becomes of a mutant: it meets the first tests, and as a survivor the others, if not quick."""
        for tests in TESTS[mutant.file][: 1 if quick else 2]:
            limit_s = self.limit_s(mutant.file, tests)
            path = self.folder / "k8sexpose" / mutant.file
            text = path.read_bytes()
            try:
                path.write_bytes(mutant.source(text))
                outcome, _ = self.pytest(mutant.file, tests, limit_s)
            finally:
                path.write_bytes(text)
            if outcome != SURVIVED:
                return outcome
        return SURVIVED

    def limit_s(self, file: str, tests: list[str]) -> float:
        """Return how much processor time tests may take, from what the real code takes, which must pass them."""
        with BASELINE:
            if (file, *tests) not in LIMITS_S:
                outcome, took_s = self.pytest(file, tests, 3600)
                if outcome != SURVIVED:
                    raise SystemExit(f"the real code does not pass k8sexpose/{file} {' '.join(tests)}: mend that first")
                LIMITS_S[file, *tests] = took_s * SLOWER + EXTRA_S
                print(f"         {file}: {took_s:.0f} s for {' '.join(tests)}", flush=True)
            return LIMITS_S[file, *tests]

    def pytest(self, file: str, tests: list[str], limit_s: float) -> tuple[str, float]:
        """Run the doctests of a file and tests; return the outcome, and the processor time that it took."""
        for stale in (self.folder / "k8sexpose" / file).parent.glob(f"__pycache__/{Path(file).stem}.*"):
            stale.unlink()
        with tempfile.TemporaryFile() as told:
            running = subprocess.Popen(
                [sys.executable, "-c", LIMITED, str(math.ceil(limit_s)), *OPTIONS, f"k8sexpose/{file}", *tests],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                stdout=told,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(running.pid, 0)
            code = running.returncode = os.waitstatus_to_exitcode(status)
            if code in (4, 5):  # pytest was called wrongly, or found no test
                told.seek(0)
                raise SystemExit(told.read().decode(errors="replace"))
        outcome = SURVIVED if code == 0 else KILLED if code > 0 else TIMEOUT
        return outcome, used.ru_utime + used.ru_stime


BASELINE, LIMITS_S = threading.Lock(), dict[tuple[str, ...], float]()
# Without the plugins that happen to be installed pytest starts in a tenth of the time. Hypothesis' profile ``ci`` has
# no deadlines, which a busy machine would miss, and always the same examples.
OPTIONS = [
    "-x", "-q", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "--hypothesis-profile=ci",
    "-m", "not deep and not browser",
]  # fmt: skip
LIMITED = (
    "import resource, sys, pytest; s = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_CPU, (s, s)); "
    "sys.exit(pytest.main(sys.argv[2:]))"
)


# -- what is known already ---------------------------------------------------------------------------------------------


def key_of(mutant: Mutant, text: bytes) -> str:
    """Return what an outcome is kept under: it counts only for this very text."""
    return f"{hashlib.sha256(text).hexdigest()[:12]} {mutant.start} {mutant.after} {mutant}"


def known_outcomes() -> dict[str, str]:
    found: dict[str, str] = json.loads(FOUND.read_text()) if FOUND.is_file() else {}
    return found


def equivalents() -> dict[tuple[str, str, str, str], str]:
    """Return the reason for each mutant that no test can notice."""
    rows = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", ())
    return {(row["file"], row["function"], row["before"], row["after"]): row["reason"] for row in rows}


def run(sample: list[Mutant], texts: dict[str, bytes], jobs: int, again: bool, quick: bool) -> dict[Mutant, str]:
    """Try every mutant whose outcome is not known; return all outcomes."""
    known = known_outcomes()
    keys = {mutant: key_of(mutant, texts[mutant.file]) for mutant in sample}
    waiting = [m for m in sample if known.get(keys[m]) is None or (again and known[keys[m]] == SURVIVED)]
    if waiting:
        FOUND.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            copies: queue.Queue[Copy] = queue.Queue()
            for number in range(jobs):
                copies.put(Copy(Path(folder) / str(number)))

            def one(mutant: Mutant) -> None:
                there = copies.get()
                try:
                    known[keys[mutant]] = there.try_mutant(mutant, quick)
                finally:
                    copies.put(there)
                print(f"{known[keys[mutant]]:8} {mutant}", flush=True)
                FOUND.write_text(json.dumps(known, indent=0, sort_keys=True))

            with ThreadPoolExecutor(jobs) as pool:
                list(pool.map(one, waiting))
    return {mutant: known[keys[mutant]] for mutant in sample}


def report(outcomes: dict[Mutant, str]) -> float:
    """Print the score by file and over all, and the survivors; return the score."""
    reasons = equivalents()
    counted = {mutant: outcome for mutant, outcome in outcomes.items() if mutant.place not in reasons}
    print()
    for file in TESTS:
        mine = [outcome for mutant, outcome in counted.items() if mutant.file == file]
        if mine:
            print(f"{file:24} {sum(one != SURVIVED for one in mine):4} of {len(mine):4} noticed")
    noticed = sum(outcome != SURVIVED for outcome in counted.values())
    slow = sum(outcome == TIMEOUT for outcome in counted.values())
    score = noticed / len(counted) if counted else 1.0
    print(f"{noticed} of {len(counted)} mutants noticed: {score:.1%} ({slow} of them by the time they took)")
    for mutant, outcome in outcomes.items():
        if mutant.place in reasons:
            print(f"equivalent: {mutant} ({reasons[mutant.place]})")
            if outcome != SURVIVED:
                print("            but a test noticed it: take it out of equivalent_mutants.toml")
    for mutant in [mutant for mutant, outcome in counted.items() if outcome == SURVIVED]:
        print(f"survived: {mutant}")
    return score


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (default: 300)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: 2)")
    parser.add_argument("--file", action="append", choices=list(TESTS), help="only of this file; may be repeated")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument("--quick", action="store_true", help="survivors do not meet the tests of other folders")
    parser.add_argument("--at-least", type=float, default=0.92, help="the score below which this fails (default: 0.92)")
    args = parser.parse_args(argv)
    texts = {file: (ROOT / "k8sexpose" / file).read_bytes() for file in args.file or TESTS}
    every = [mutant for file, text in texts.items() for mutant in mutants_of(file, text)]
    sample = random.Random(args.seed).sample(every, min(args.sample, len(every)))
    print(f"{len(sample)} of {len(every)} mutants, seed {args.seed}")
    return 0 if report(run(sample, texts, args.jobs, args.again, args.quick)) >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
