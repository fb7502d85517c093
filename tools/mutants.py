"""Mutation testing of the core: break one place, and see whether a test notices.

Usage: ``python tools/mutants.py --sample 300 --seed 1`` breaks 300 places of eight files, one after the other, and
prints how many were noticed, and which were not. Stopped, it goes on where it was. ``--quick`` gives a mutant up after
some seconds of tests; ``--again`` asks about survivors anew: after a test has been added, or after a quick run.
What was found is kept in build/mutants.json, as long as the broken file is the same.

The ready tools of the field start one command for every mutant, which here would take days. Here the tests are
collected once, and it is recorded once which of them run which line; a mutant is a fork of that process, and meets the
tests that reach its line until one of them fails (``tools/mutant_runs.py``). The repository itself is never touched.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import json
import random
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.mutant_runs import SURVIVED, TIMEOUT, run  # noqa: E402

FOUND = ROOT / "build" / "mutants.json"
EQUIVALENT = ROOT / "tools" / "equivalent_mutants.toml"
QUICK_S, MOST_S = 10, 60  # how long the tests that a mutant meets take together on the real code

API = [
    "tests/api", "tests/cluster/test_apiserver.py", "tests/conformance/test_apiserver.py", "tests/cluster",
    "tests/test_model.py", "tests/conformance/test_kubectl.py",
]  # fmt: skip
ROUTING = "tests/conformance/test_routing.py"
# The tests that the mutants of each file meet, in this order: its mirror, its doctests, the recorded data, the rest.
TESTS = {
    "kubeproxy/proxy.py": ["tests/kubeproxy", "k8sexpose/kubeproxy/proxy.py", ROUTING, "tests/router", "tests/cloud"],
    "router/path.py": ["tests/router", "k8sexpose/router/path.py", ROUTING, "tests/kubeproxy", "tests/cloud"],
    "api/validation.py": ["tests/api/test_validation.py", "k8sexpose/api/validation.py", *API],
    "api/allocation.py": ["tests/api/test_allocation.py", "k8sexpose/api/allocation.py", *API],
    "api/strategic_patch.py": ["tests/api/test_strategic_patch.py", "k8sexpose/api/strategic_patch.py", *API],
    "cloud/health_checks.py": ["tests/cloud", "k8sexpose/cloud/health_checks.py", "tests/traffic"],
    "traffic/queueing.py": ["tests/traffic/test_queueing.py", "k8sexpose/traffic/queueing.py", "tests/traffic"],
    "cost/billing.py": ["tests/cost", "k8sexpose/cost/billing.py", "tests/plots/test_costs.py"],
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
    statement: int = 0  # the line where the statement that holds it begins
    code: str = ""  # the line that it is on

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines that a test must reach to meet it."""
        return tuple(range(self.statement or self.line, self.line + self.before.count("\n") + 1))

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
        self.statement = 0
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
        if isinstance(node, ast.stmt):
            self.statement = node.lineno
        statement = self.statement
        for old, new in changes(node):
            self._add(old, new)
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.statement = statement
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
        line: int = old.lineno  # type: ignore[attr-defined]
        code = self.text.splitlines()[line - 1].decode().strip()
        self.mutants.append(Mutant(self.file, where, line, start, end, before, after, self.statement, code))


def mutants_of(file: str, text: bytes) -> list[Mutant]:
    """Return all mutants of a file, each once, in the order of the text."""
    finder = Finder(file, text)
    finder.visit(ast.parse(text))
    return sorted(dict.fromkeys(finder.mutants), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


# -- what is known already ---------------------------------------------------------------------------------------------


def key_of(mutant: Mutant, text: bytes) -> str:
    """Return what an outcome is kept under: it counts only for this very text."""
    return f"{hashlib.sha256(text).hexdigest()[:12]} {mutant.start} {mutant.after} {mutant}"


def known_outcomes() -> dict[str, str]:
    found: dict[str, str] = json.loads(FOUND.read_text()) if FOUND.is_file() else {}
    return found


def equivalents() -> dict[tuple[str, str, str, str], list[dict[str, str]]]:
    """Return the rows about mutants that no test can notice, by their places."""
    found: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    for row in tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", ()):
        found.setdefault((row["file"], row["function"], row["before"], row["after"]), []).append(row)
    return found


def reason_of(mutant: Mutant, rows: dict[tuple[str, str, str, str], list[dict[str, str]]]) -> str | None:
    """Return why no test can notice a mutant; a row with ``within`` means only lines that hold this text."""
    mine = (row for row in rows.get(mutant.place, ()) if row.get("within", "") in mutant.code)
    return next((row["reason"] for row in mine), None)


def outcomes_of(
    sample: list[Mutant], texts: dict[str, bytes], *, jobs: int, again: bool, most_s: float
) -> dict[Mutant, str]:
    """Try every mutant whose outcome is not known; return all outcomes."""
    known = known_outcomes()
    keys = {mutant: key_of(mutant, texts[mutant.file]) for mutant in sample}
    waiting = [m for m in sample if known.get(keys[m]) is None or (again and known[keys[m]] == SURVIVED)]

    def tell(mutant: Mutant, outcome: str) -> None:
        known[keys[mutant]] = outcome
        print(f"{outcome:8} {mutant}", flush=True)
        FOUND.write_text(json.dumps(known, indent=0, sort_keys=True))

    if waiting:
        FOUND.parent.mkdir(exist_ok=True)
        run(waiting, texts, {file: TESTS[file] for file in texts}, tell, jobs=jobs, most_s=most_s)
    return {mutant: known[keys[mutant]] for mutant in sample}


def report(outcomes: dict[Mutant, str]) -> float:
    """Print the score by file and over all, and the survivors; return the score."""
    rows = equivalents()
    reasons = {mutant: reason_of(mutant, rows) for mutant in outcomes}
    counted = {mutant: outcome for mutant, outcome in outcomes.items() if reasons[mutant] is None}
    print()
    for file in TESTS:
        mine = [outcome for mutant, outcome in counted.items() if mutant.file == file]
        if mine:
            print(f"{file:24} {sum(one != SURVIVED for one in mine):4} of {len(mine):4} noticed")
    noticed = sum(outcome != SURVIVED for outcome in counted.values())
    slow = sum(outcome == TIMEOUT for outcome in counted.values())
    score = noticed / len(counted) if counted else 1.0
    print(f"{noticed} of {len(counted)} mutants noticed: {score:.1%} ({slow} of them by the time they took)")
    for mutant in outcomes.keys() - counted.keys():
        print(f"equivalent: {mutant} ({reasons[mutant]})")
        if outcomes[mutant] != SURVIVED:
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
    parser.add_argument("--quick", action="store_true", help=f"give each up after {QUICK_S} s of tests, not {MOST_S} s")
    parser.add_argument("--at-least", type=float, default=0.92, help="the score below which this fails (default: 0.92)")
    args = parser.parse_args(argv)
    texts = {file: (ROOT / "k8sexpose" / file).read_bytes() for file in args.file or TESTS}
    every = [mutant for file, text in texts.items() for mutant in mutants_of(file, text)]
    sample = random.Random(args.seed).sample(every, min(args.sample, len(every)))
    print(f"{len(sample)} of {len(every)} mutants, seed {args.seed}")
    most_s = QUICK_S if args.quick else MOST_S
    outcomes = outcomes_of(sample, texts, jobs=args.jobs, again=args.again, most_s=most_s)
    return 0 if report(outcomes) >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
