"""The rules of the house: who imports whom, what an import costs, how long a module is, what is documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import k8sexpose

PACKAGE = Path(k8sexpose.__file__).parent

# From left to right: a module imports only what stands before it. A folder is one entry.
ORDER = """errors tables manifest jsonvalue formats decode hints request jsonpatch service warnings validation status
    allocation strategicpatch patching three_way_patch objects endpoints store registry apiserver client_apply serviceport workloads files dump clock
    undo operations cluster proxy health latency providers profiles spread targets voices loadbalancer work controller
    cloud provisioning route dial entrance way question router failover queueing policies histogram draws lanes dealer queues timeline
    engine traffic tradeoff turning pricebook pricefile drivers exposure cost comparison costcurves survey advice verdicts findings anonymous pages report cli kubectl palette plots
    visualizer explorers lessons""".split()
MODEL = ORDER[: ORDER.index("plots")]
DRAWING = {"matplotlib", "ipywidgets", "anywidget"}
# Where one starts: it names the others, and loads them when they are used.
ENTRY = "__init__"
# The one exception: a cluster starts its cloud controller (design, section 1).
EXCEPTION = ("cluster", "cloud", "Cluster.__init__")

MODULES = sorted(PACKAGE.rglob("*.py"))


def entry(path: Path) -> str:
    """The name in ORDER: kubectl/printers.py is `kubectl`."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(dotted name, function in which it stands) of every import, inside functions and TYPE_CHECKING too."""
    package = ("k8sexpose", *path.relative_to(PACKAGE).parts[:-1])

    def walk(node: ast.AST, where: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, ".".join(where)) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else ()
                stem = ".".join([*base, *([child.module] if child.module else [])])
                yield from ((f"{stem}.{alias.name}", ".".join(where)) for alias in child.names)
            elif isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, (*where, child.name))
            else:
                yield from walk(child, where)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), ())


def run(code: str) -> str:
    """What a fresh Python prints for `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_has_its_place() -> None:
    assert {entry(path) for path in MODULES} <= {*ORDER, ENTRY}, "add the new module to ORDER where it belongs"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    mine = entry(path)
    if mine not in (*ORDER, ENTRY):
        pytest.skip("no place in ORDER; the test above says so")
    for name, where in imports(path):
        top, *rest = name.split(".")
        if top != "k8sexpose":
            continue
        other = rest[0] if rest and rest[0] in ORDER else None
        if mine == ENTRY:
            assert where, f"k8sexpose/__init__.py imports {name} at once; it is lazy"
        elif other is not None and (mine, other, where) != EXCEPTION:
            assert ORDER.index(other) <= ORDER.index(mine), f"{mine} imports {name}, which stands to its right"
        elif other is None:
            # The package itself hides the direction, and makes a circle.
            assert rest == ["__version__"], f"{mine} imports {name}; import from its module"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_model_draws_nothing(path: Path) -> None:
    if entry(path) in MODEL:
        assert not {name.split(".")[0] for name, _ in imports(path)} & DRAWING


def test_model_loads_no_drawing_library() -> None:
    # kubectl's magics need IPython, and only in a notebook.
    names = [path for path in MODULES if entry(path) in MODEL and path.stem != "magics"]
    dotted = [".".join(("k8sexpose", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in names]
    code = f"import importlib, sys\nfor name in {dotted!r}: importlib.import_module(name)\n"
    loaded = run(code + f"print(*sorted({DRAWING!r} & set(sys.modules)))")
    assert loaded == ""


def test_import_is_lazy() -> None:
    heavy = {"numpy", "pandas", *DRAWING, "IPython", "yaml"}
    assert run(f"import sys, k8sexpose; print(*sorted({heavy!r} & set(sys.modules)))") == ""


def test_no_side_effects_on_plots() -> None:
    changed = run(
        "import matplotlib; before = dict(matplotlib.rcParams)\n"
        "import importlib.util, k8sexpose\n"
        "for name in ('plots', 'explorers', 'visualizer'):\n"
        "    if importlib.util.find_spec('k8sexpose.' + name): importlib.import_module('k8sexpose.' + name)\n"
        "print(*(k for k, v in matplotlib.rcParams.items() if before[k] != v and k != 'backend'))"
    )
    assert changed == ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_read_in_ten_minutes(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines < 500


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_no_public_function_shares_its_name_with_a_module() -> None:
    assert not set(k8sexpose.__all__) & set(ORDER)


def sections(doc: str) -> set[str]:
    """The titles of a numpydoc docstring's sections."""
    return set(re.findall(r"^(\w[\w ]*)\n-{3,}$", doc, re.MULTILINE))


def described(doc: str) -> set[str]:
    """The names in the Parameters and Attributes sections."""
    body = re.search(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}$|\Z)", doc, re.MULTILINE | re.DOTALL)
    if not body:
        return set()
    names = re.findall(r"^(\S[^:\n]*?)(?: :.*)?$", body[1], re.MULTILINE)
    return {name.strip().lstrip("*") for line in names for name in line.split(",")}


@pytest.mark.parametrize("name", k8sexpose.__all__)
def test_public_names_are_documented(name: str) -> None:
    thing = getattr(k8sexpose, name)
    if not callable(thing):
        return
    doc = inspect.getdoc(thing) or ""
    assert doc and doc != inspect.getdoc(object), f"{name} has no docstring"
    try:
        parameters = set(inspect.signature(thing).parameters)
    except ValueError:
        parameters = set()
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        parameters = set()  # nobody makes one by hand; what it holds is described as Attributes
    assert "Examples" in sections(doc), f"{name} has no Examples"
    if parameters:
        assert sections(doc) & {"Parameters", "Attributes"}, f"{name} has no Parameters"
        missing = parameters - described(doc) - {"args", "kwargs", "options"}
        assert not missing, f"{name} does not describe {sorted(missing)}"


def test_every_public_name_can_be_loaded() -> None:
    for name in k8sexpose.__all__:
        assert getattr(importlib.import_module("k8sexpose"), name) is not None
