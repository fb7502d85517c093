"""The JupyterLite site: one Pyodide, a lock file that fits the package, no dead link. tools/lite_kernel.py tries it."""

from __future__ import annotations

import json
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # as when the tool is run

import lite  # noqa: E402
import lite_check  # noqa: E402
import lite_links  # noqa: E402
import lite_lock  # noqa: E402

NEEDS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


def wheel(folder: Path, name: str, *needs: str) -> Path:
    """A wheel with a module, and requirements."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    lines = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {need}" for need in needs)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(lines) + "\n\n")
    return path


def test_what_pyodide_brings_fits_the_package() -> None:
    packages, pinned = lite_lock.read()["packages"], lite.pins()
    for need in map(Requirement, NEEDS):
        name = canonicalize_name(need.name)
        version = pinned[name] if name in lite.EXTRA else packages[name]["version"]
        assert need.specifier.contains(version), f"{need}: the browser gets {version}"


def test_one_pyodide_in_build_and_test() -> None:
    settings = lite.configuration(own_runtime=False)["jupyter-config-data"]["litePluginSettings"]
    assert f"/v{lite_lock.PYODIDE}/" in settings[f"{lite.KERNEL}:kernel"]["pyodideUrl"]
    assert lite_lock.versions("numpy", "pandas", "matplotlib", "pyyaml") == lite_check.PYODIDE


def test_the_lock_file_names_our_wheels_and_what_they_need(tmp_path: Path) -> None:
    ours = wheel(tmp_path, "ours", "numpy>=2", "theirs", 'colorama; sys_platform == "win32"', 'pytest; extra == "test"')
    lock = lite_lock.made({ours: "ours.whl", wheel(tmp_path, "theirs"): "../theirs.whl"})
    entry = lock["packages"]["ours"]
    assert entry["depends"] == ["numpy", "theirs"] and entry["imports"] == ["ours"]
    assert entry["file_name"] == "ours.whl" and len(entry["sha256"]) == 64
    assert lock["packages"]["numpy"]["file_name"].startswith(f"https://cdn.jsdelivr.net/pyodide/v{lite_lock.PYODIDE}/")


@pytest.mark.parametrize(("need", "said"), [("numpy>=99", "has 2."), ("nowhere", "has none")])
def test_what_the_browser_cannot_have_stops_the_build(tmp_path: Path, need: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"ours needs {need}, and the lock file {said}"):
        lite_lock.made({wheel(tmp_path, "ours", need): "ours.whl"})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What JupyterLite would have built, as far as our pages need it, beside a page of the site."""
    site = tmp_path / "lite"
    for name in ("files/leaflets", "api/contents", str(lite.RUNTIME), f"extensions/{lite.KERNEL}/static"):
        (site / name).mkdir(parents=True)
    for app in lite.APPS:
        (site / app).mkdir()
        (site / app / "index.html").write_text('<html><body class="x"></body></html>')
        (site / app / "favicon.ico").touch()
    lite.write_contents(site / "files")
    packages = {name: {"file_name": "https://elsewhere/x.whl"} for name in lite_lock.EARLY}
    (site / lite.RUNTIME / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    (site / "jupyter-lite.json").write_text(json.dumps(lite.configuration(own_runtime=False)))
    (site / "extensions" / lite.KERNEL / "static/kernel.js").write_text(f'"{lite_lock.HOST}pyodide.mjs"')
    (tmp_path / "index.html").write_text('<a href="lite/lab/index.html?path=04_extra_hop.ipynb">run</a>')
    lite.add_pages(site, own_runtime=False)
    return site


def test_a_whole_site_has_no_problem(site: Path) -> None:
    assert lite.problems(site) == []
    listed = (site / "index.html").read_text(encoding="utf-8")
    assert listed.count("<li data-path=") == len(lite.notebooks_in(lite.STUDENTS))
    assert '<a href="../index.html">' in listed and "cdn.jsdelivr.net" in listed


def another(path: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(site: Path) -> None:
        text = (site / path).read_text(encoding="utf-8")
        assert old in text
        (site / path).write_text(text.replace(old, new), encoding="utf-8")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda site: (site / "files/04_extra_hop.ipynb").unlink(), "path=04_extra_hop.ipynb leads nowhere"),
        (lambda site: (site / "files/GLOSSARY.md").unlink(), "GLOSSARY.md#extra-hop leads nowhere"),
        (lambda site: (site / "kx/waiting.js").unlink(), "../kx/waiting.js leads nowhere"),
        (another(f"{lite.RUNTIME}/pyodide-lock.json", "https://elsewhere/x.whl", "x.whl"), "x.whl leads nowhere"),
        (another(f"{lite.RUNTIME}/pyodide-lock.json", '"k8sexpose"', '"k8s"'), "k8sexpose is to be loaded early"),
        (another(f"extensions/{lite.KERNEL}/static/kernel.js", lite_lock.PYODIDE, "1.2.3"), "made for Pyodide 1.2.3"),
        (another("../index.html", "lab/", "nowhere/"), "lite/nowhere/index.html?path=04_extra_hop.ipynb leads nowhere"),
    ],
)
def test_what_makes_a_site_unfit_is_named(site: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(site)
    assert any(said in problem for problem in lite.problems(site)), lite.problems(site)


def test_a_list_of_files_that_is_not_true_is_named(site: Path) -> None:
    entries = [{"type": "directory", "path": "leaflets"}, {"type": "notebook", "path": "gone.ipynb"}]
    (site / "api/contents/all.json").write_text(json.dumps({"content": entries}))
    assert lite_links.dead(site) == ["all.json: gone.ipynb leads nowhere"]


def test_a_lesson_tells_its_version(tmp_path: Path) -> None:
    lite.write_contents(tmp_path)
    path = lite.notebooks_in(lite.STUDENTS)[0]
    written = json.loads((tmp_path / path.name).read_text(encoding="utf-8"))
    assert written.pop("metadata")["k8sexpose"] == {"version": lite.version(path)}
    assert not [cell for cell in written["cells"] if "%pip" in "".join(cell["source"])]
