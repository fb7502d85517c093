"""The house: which folder may import which, no circles, what an import costs, what is documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import k8sexpose

PACKAGE = Path(k8sexpose.__file__).parent

# Any folder may import these; they import nothing of ours but each other.
GROUND = {"_display", "_svg", "_palette", "data"}
# From the ground up: what a folder may import besides the ground and itself.
MAY_IMPORT = {
    "api": "",
    "cluster": "api",
    "kubeproxy": "api cluster",
    "cloud": "api cluster kubeproxy",
    "router": "api cluster kubeproxy cloud",
    "model": "api cluster cloud",
    "traffic": "api cluster kubeproxy cloud router model",
    "cost": "api cloud router model",
    "kubectl": "api cluster kubeproxy router model",
    "report": "api cluster kubeproxy cloud router model traffic cost",
    "plots": "api cluster kubeproxy cloud router model traffic cost",
    "widgets": "api cluster kubeproxy cloud router model traffic cost kubectl plots",
    "lessons": "api cluster kubeproxy cloud router model traffic cost kubectl report plots widgets lab",
    "lab": "",
    "cli": "api model report lessons lab",
    "__main__": "cli",
}
# Start-up time pays for an import inside a function here, and nowhere else: each subcommand loads what it needs.
LOADS_LATE = {"__init__.py", "cli.py"}
# A package whose names are loaded when first used: a figure's colours cost no matplotlib.
LAZY = {"plots/__init__.py", "widgets/flow/__init__.py", "widgets/explorers/__init__.py"}
# What a folder must not load. NumPy and pandas begin at traffic and cost, drawing at plots and widgets.
NUMBERS = {"numpy", "pandas"}
DRAWING = {"matplotlib", "ipywidgets", "anywidget", "IPython"}
LIGHT = "_display _svg _palette data api cluster kubeproxy cloud router model kubectl lab cli".split()
NUMERIC = "traffic cost report".split()

MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in MODULES]
DOTTED = {
    ".".join(("k8sexpose", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in MODULES
}


def folder(dotted: str) -> str:
    """The folder (or the file at the top) in which a module stands; "" for the package itself."""
    return dotted.split(".")[1] if "." in dotted else ""


@cache
def tree(dotted: str) -> ast.Module:
    """What is written in a module; each is read once."""
    return ast.parse(DOTTED[dotted].read_text(encoding="utf-8"))


@cache
def imports(dotted: str) -> tuple[tuple[str, str], ...]:
    """(module, function in which it stands) of every import, inside functions and TYPE_CHECKING too."""
    path = DOTTED[dotted]
    package = dotted.split(".") if path.name == "__init__.py" else dotted.split(".")[:-1]

    def walk(node: ast.AST, where: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, ".".join(where)) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                stem = ".".join([*base, *([child.module] if child.module else [])])
                for alias in child.names:
                    whole = f"{stem}.{alias.name}"
                    yield (whole if whole in DOTTED else stem), ".".join(where)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, (*where, child.name))
            else:
                yield from walk(child, where)

    return tuple(walk(tree(dotted), ()))


def run(code: str) -> str:
    """What a fresh Python prints for `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_folder_has_its_place() -> None:
    assert {folder(name) for name in DOTTED} - {""} == {*GROUND, *MAY_IMPORT}


@pytest.mark.parametrize("dotted", DOTTED, ids=NAMES)
def test_imports_go_one_way(dotted: str) -> None:
    mine = folder(dotted)
    for name, where in imports(dotted):
        if name.split(".")[0] != "k8sexpose":
            continue
        if name == "k8sexpose":
            # The package itself would hide the direction, and make a circle.
            source = DOTTED[dotted].read_text(encoding="utf-8")
            assert re.search(r"from \.+ import __version__\b", source), f"{dotted} imports the package; name the module"
            continue
        other = folder(name)
        if mine == "":
            assert where, f"k8sexpose/__init__.py imports {name} at once; it is lazy"
        elif other != mine and other not in GROUND:
            assert mine not in GROUND, f"{dotted} imports {name}, which stands above it"
            assert other in MAY_IMPORT[mine].split(), f"{dotted} imports {name}, which its row does not name"


@pytest.mark.parametrize("dotted", DOTTED, ids=NAMES)
def test_no_import_hides_in_a_function(dotted: str) -> None:
    if DOTTED[dotted].name in LOADS_LATE and folder(dotted) in ("", "cli"):
        return
    if str(DOTTED[dotted].relative_to(PACKAGE)) in LAZY:
        return
    hidden = [f"{name} in {where}" for name, where in imports(dotted) if where and name.startswith("k8sexpose")]
    assert not hidden


def test_no_circle() -> None:
    """Depth first: a file that is met again on the way down closes a circle."""
    graph = {
        dotted: {name for name, _ in imports(dotted) if name in DOTTED and name not in (dotted, "k8sexpose")}
        for dotted in DOTTED
        if dotted != "k8sexpose"
    }
    done: set[str] = set()

    def visit(dotted: str, above: tuple[str, ...]) -> None:
        assert dotted not in above, " → ".join([*above[above.index(dotted) :], dotted])
        if dotted not in done:
            for other in sorted(graph[dotted]):
                visit(other, (*above, dotted))
            done.add(dotted)

    for dotted in graph:
        visit(dotted, ())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*GROUND, *MAY_IMPORT}))
def test_each_folder_can_be_imported_alone(name: str) -> None:
    """In a fresh process, all its files; kubectl's magics need IPython, and only in a notebook."""
    mine = [dotted for dotted in DOTTED if folder(dotted) == name and not dotted.endswith(".magics")]
    forbidden = DRAWING | NUMBERS if name in LIGHT else DRAWING if name in NUMERIC else set()
    code = f"import importlib, sys\nfor name in {mine!r}: importlib.import_module(name)\n"
    assert run(code + f"print(*sorted({forbidden!r} & set(sys.modules)))") == ""


def test_import_is_lazy() -> None:
    heavy = {*NUMBERS, *DRAWING, "yaml"}
    assert run(f"import sys, k8sexpose; print(*sorted({heavy!r} & set(sys.modules)))") == ""


def test_a_price_book_reads_no_manifests() -> None:
    unwanted = {"yaml", "k8sexpose.api.schemas"}
    assert run(f"import sys, k8sexpose.cost.prices; print(*sorted({unwanted!r} & set(sys.modules)))") == ""


@pytest.mark.slow
def test_no_side_effects_on_plots() -> None:
    changed = run(
        "import matplotlib; before = dict(matplotlib.rcParams)\n"
        "import k8sexpose.plots, k8sexpose.widgets.explorers.base, k8sexpose.widgets.flow.widget\n"
        "import k8sexpose.plots.figure\n"
        "print(*(k for k, v in matplotlib.rcParams.items() if before[k] != v and k != 'backend'))"
    )
    assert changed == ""


@pytest.mark.parametrize("dotted", DOTTED, ids=NAMES)
def test_a_function_fits_a_screen(dotted: str) -> None:
    for node in ast.walk(tree(dotted)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            documented = first.end_lineno - first.lineno + 1 if doc and first.end_lineno else 0
            assert (node.end_lineno or 0) - node.lineno + 1 - documented <= 80, f"{dotted}.{node.name}"


@pytest.mark.parametrize("name", sorted(set(MAY_IMPORT) - {"model", "lab", "cli", "__main__"} | {"data"}))
def test_each_folder_says_what_it_holds(name: str) -> None:
    doc = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))) or ""
    lines = [line for line in doc.splitlines() if line.strip()]
    most = 50 if name == "traffic" else 15  # traffic explains its engine on a page
    assert 8 <= len(doc.splitlines()) <= most or (name == "data" and lines), (
        f"{name}/__init__.py: {len(doc.splitlines())} lines"
    )
    files = {path.stem for path in (PACKAGE / name).glob("*.py")} - {"__init__"}
    named = set(re.findall(r"`([\w.]+)`", doc))
    assert name in ("data", "lessons") or files <= named, f"{name}/__init__.py does not name {sorted(files - named)}"


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_no_module_shadows_a_public_name_or_pythons_own() -> None:
    at_the_top = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if path.is_dir()
    }
    assert not set(k8sexpose.__all__) & at_the_top
    for folder_of_names in ("plots", "widgets/explorers"):
        # Names are loaded late here: a file that is called like a function would take its place once it is imported.
        offered = importlib.import_module(f"k8sexpose.{folder_of_names.replace('/', '.')}").__all__
        assert not set(offered) & {path.stem for path in (PACKAGE / folder_of_names).glob("*.py")}
    assert not {"warnings", "json", "types", "typing", "logging", "queue"} & {path.stem for path in MODULES}


# The public names of version 0.1.0: none is lost.
FROZEN = """
ApiError Bill Cluster Crash Endpoint Finding FrontDoor HealthResponse Hop ManifestError Node NodeDown NodeUp
NotExposed Pod PolicyShares Provider Provisioning ProxyConfig Review Rollout Route Scale Service ServicePort Shares
Taint TargetHealth Tradeoff Traffic Verdict bill both_policies break_even_gb break_even_services compare_exposure
compare_policies cost_explorer costs_by_services costs_by_traffic crossover_utilisation describe effective_clients
entries example failover_explorer flow front_door health_check healthz jain_index keeps_flow kube_proxy latencies
latency_curves latency_explorer life_explorer manifest_doctor max_over_mean nodeport_explorer plot_bill plot_bills
plot_candidates plot_cluster plot_costs plot_crash plot_crossover plot_inside plot_latency plot_load plot_node_ports
plot_policies plot_provisioning plot_route plot_skew plot_sticky plot_success plot_timeline policy_explorer
policy_shares port_wall_explorer price_book provider provision response_quantile_ms review routes send shares show
simulate sticky_max_over_mean sticky_skew target_health wait_ms watch_crash
""".split()


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.filterwarnings("ignore:.*no longer offered here:DeprecationWarning")
def test_a_name_of_0_1_is_still_there(name: str) -> None:
    assert getattr(k8sexpose, name) is not None


def test_a_name_that_left_says_where_it_is() -> None:
    with pytest.warns(DeprecationWarning, match=r"from k8sexpose\.traffic\.queueing import wait_ms"):
        assert k8sexpose.wait_ms(0.5, 10) == 10
    assert "wait_ms" not in k8sexpose.__all__


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
        parameters = {word for word in inspect.signature(thing).parameters if not word.startswith("_")}
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
