"""tools/mutants.py breaks what it says, and nothing else; a broken rule that a test knows is noticed."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# It forks, and limits what a process may use: not on Windows.
mutant_runs: Any = pytest.importorskip("tools.mutant_runs")

TOOL = Path(__file__).resolve().parents[2] / "tools" / "mutants.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants_tool", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SOURCE = '''"""Doc 1."""
__all__ = ["f"]


@decorated(1)
def f(a: "int | None" = 3) -> "int | None":
    """Doc 2."""
    # é: columns count in bytes
    if a == 3 and not a.b:
        g("message 1", f"{a < 4}")
    return [x for x in "é" if a in ("é", "b")] or max(a + 1, -2)
'''


def test_each_change_is_one_place_and_still_python(tool: ModuleType) -> None:
    text = SOURCE.encode()
    found = tool.mutants_of("some.py", text)
    changes = {(mutant.line, mutant.before, mutant.after) for mutant in found}
    assert {
        (9, "a == 3", "(a != 3)"), (9, "not a.b", "a.b"), (9, "a == 3 and not a.b", "(a == 3 or not a.b)"),
        (9, "a == 3 and not a.b", "False"), (9, "a == 3 and not a.b", "(not a.b)"), (9, "3", "4"), (6, "3", "4"),
        (10, 'g("message 1", f"{a < 4}")', "None"), (11, "max", "min"), (11, "a + 1", "(a - 1)"),
        (11, 'a in ("é", "b")', "(a not in ('é', 'b'))"), (11, 'a in ("é", "b")', "True"),
    } <= changes  # fmt: skip
    for mutant in found:
        broken = mutant.source(text)
        assert broken != text
        ast.parse(broken)
        assert mutant.function == "f"
        assert mutant.statement in (6, 9, 10, 11) and mutant.statement <= mutant.line
    assert not [mutant for mutant in found if mutant.line in (1, 2, 5, 7, 8)]  # texts, names, decorators, comments


def test_the_sample_is_the_same_every_time(tool: ModuleType) -> None:
    text = (tool.ROOT / "k8sexpose" / "api" / "allocation.py").read_bytes()
    assert tool.mutants_of("api/allocation.py", text) == tool.mutants_of("api/allocation.py", text)


def test_every_file_and_every_equivalent_mutant_is_there(tool: ModuleType) -> None:
    found = []
    for file, tests in tool.TESTS.items():
        for test in tests:
            assert (tool.ROOT / test).exists(), test
        found += tool.mutants_of(file, (tool.ROOT / "k8sexpose" / file).read_bytes())
    for rows in tool.equivalents().values():
        for row in rows:
            place = (row["file"], row["function"], row["before"], row["after"])
            meant = [one for one in found if one.place == place and row.get("within", "") in one.code]
            assert len(meant) == 1, (row, "where there are several, `within` tells which")
            assert tool.reason_of(meant[0], {place: [row]}) == row["reason"]
            assert row["reason"].endswith(".")


def test_the_score_counts_no_equivalent_one(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [tool.Mutant("api/allocation.py", "f", n, 0, 1, "x", str(n)) for n in range(4)]
    monkeypatch.setattr(tool, "equivalents", lambda: {made[3].place: [{"reason": "No difference."}]})
    outcomes = dict(zip(made, [mutant_runs.KILLED, tool.TIMEOUT, tool.SURVIVED, tool.SURVIVED], strict=True))
    assert tool.report(outcomes) == pytest.approx(2 / 3)
    printed = capsys.readouterr().out
    assert "2 of 3 mutants noticed: 66.7% (1 of them by the time they took)" in printed
    assert "survived: api/allocation.py:2" in printed and "equivalent: api/allocation.py:3" in printed


# -- a mutant is put into a function that lives ----

LIVING = """
def twice(x, by=2):
    def inner(y):
        return y * by
    return inner(x)

class Shop:
    @property
    def price(self):
        return 3 + 4

    @staticmethod
    def least(*prices):
        return min(prices)
"""


@pytest.fixture
def living(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A module that somebody else has imported names from."""
    path = tmp_path / "living.py"
    path.write_text(LIVING)
    names: dict[str, Any] = {}
    exec(compile(LIVING, str(path), "exec"), names)
    return path, names


@pytest.mark.parametrize(("function", "before", "after", "value"), [
    ("twice.inner", "y * by", "y + by", 7), ("Shop.price", "3 + 4", "3 - 4", -1), ("Shop.least", "min", "max", 9),
])  # fmt: skip
def test_whoever_holds_a_function_meets_its_mutant(
    living: tuple[Path, dict[str, Any]], function: str, before: str, after: str, value: int
) -> None:
    path, names = living
    functions = mutant_runs.living_functions(path)
    twice, shop, least = names["twice"], names["Shop"](), names["Shop"].least
    assert mutant_runs.put_in(functions, path, function, LIVING.replace(before, after).encode())
    found = {"twice.inner": twice(5), "Shop.price": shop.price, "Shop.least": least(4, 9)}
    assert found[function] == value
    assert mutant_runs.put_in(functions, path, function, LIVING.encode())
    assert (twice(5), shop.price, least(4, 9)) == (10, 7, 4)


def test_what_is_worked_out_on_import_is_in_no_function(living: tuple[Path, dict[str, Any]]) -> None:
    path, names = living
    functions = mutant_runs.living_functions(path)
    assert names["twice"] in functions
    assert not mutant_runs.put_in(functions, path, "twice", LIVING.replace("by=2", "by=3").encode())
    assert not mutant_runs.put_in(functions, path, "module", LIVING.encode())


def test_a_file_that_is_imported_afresh_has_the_text_of_the_mutant(tmp_path: Path) -> None:
    changed, own, test = tmp_path / "changed.py", tmp_path / "own", tmp_path / "test_limit.py"
    changed.write_text("LIMIT = 3\n")
    test.write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport changed\n"
                    "def test(): assert changed.LIMIT == 4\n")  # fmt: skip
    own.mkdir()
    (own / "broken.py").write_text("LIMIT = 4\n")
    (own / "tests.txt").write_text(str(test))
    done = subprocess.run(
        [sys.executable, mutant_runs.__file__, "afresh", str(changed), str(own)],
        capture_output=True, cwd=TOOL.parents[1], env=mutant_runs.environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert changed.read_text() == "LIMIT = 3\n" and not own.exists()
