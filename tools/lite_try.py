"""Try the JupyterLite site in Chromium, with no network while it runs.

    python tools/lite_try.py [--site FOLDER] [--shots FOLDER]      (needs npm, a package index, Chromium and Playwright)

The site is built with what can be had of Pyodide without its own host: the core, from npm, and every package that is
pure Python, from a package index. Of numpy, pandas, matplotlib and their parts only names are put in: they can be had
for the browser from Pyodide's host alone. What needs them is not tried here; tools/lite_check.py tests their versions
in an ordinary environment. Tried are: the list of lessons, a fresh copy, the sign while Python starts, `import
k8sexpose` without a `%pip` line, the model, kubectl, and the widgets of a lesson that need no numbers.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
import lite_lock  # noqa: E402

from tests.browser.run_lessons import browser, said_by, why_not  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

LITE_PYTHON = ROOT / "build/lite-env/bin/python"
PATIENCE_S = 240
PIP = [sys.executable, "-m", "pip", "--quiet"]


# --- a distribution of Pyodide, as far as it can be had ---------------------------------------------------------------


def wheel(place: Path, name: str, version: str, files: dict[str, bytes | str]) -> None:
    """Write a wheel of some Python files."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nGenerator: k8sexpose\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", kind)
        archive.writestr(f"{info}/RECORD", "")


def pure_yaml(folder: Path) -> dict[str, bytes]:
    """PyYAML's Python files: it works without its C part, more slowly."""
    (pinned,) = lite_lock.versions("PyYAML")
    subprocess.run([*PIP, "download", "--no-deps", "--no-binary=PyYAML", "-d", folder, pinned], check=True)
    (source,) = folder.glob("[Pp]y[Yy][Aa][Mm][Ll]-*.tar.gz")
    files = {}
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            inside = member.name.partition("/lib/")[2]
            if inside.startswith("yaml/") and member.isfile():
                files[inside] = archive.extractfile(member).read()  # type: ignore[union-attr]
    return files


# A module that can be imported with all below it, and in which every name is an empty class.
STAND_IN = """
import importlib.abc, importlib.machinery, sys, types

class Nothing:
    def __init__(self, *_, **__): pass
    def __class_getitem__(cls, _): return cls

class StandIn(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Nothing,), {})

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        ours = name.startswith(f"{__name__}.")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if ours else None
    def create_module(self, spec): return StandIn(spec.name)
    def exec_module(self, module): pass

sys.meta_path.append(Finder())
sys.modules[__name__].__class__ = StandIn
"""


def distribution(folder: Path) -> tuple[Path, list[str]]:
    """Make the folder for `lite.py --pyodide`; return it, and the packages of which it has only the name."""
    runtime, downloads = lite_lock.npm(folder), folder / "downloads"
    theirs = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    if lite_lock.part(theirs) != lite_lock.read():
        raise ValueError(f"{lite_lock.LOCK.name} is not that of Pyodide {lite_lock.PYODIDE}: run tools/lite_lock.py")
    packages = lite_lock.read()["packages"].values()
    pure = [one for one in packages if one["file_name"].endswith("-none-any.whl")]
    wanted = [f"{one['name']}=={one['version']}" for one in pure]
    subprocess.run([*PIP, "download", "--no-deps", *lite_lock.PURE, "-d", downloads, *wanted], check=True)
    for path in downloads.glob("*.whl"):
        shutil.copy(path, runtime / path.name)
    names_only = []
    for one in packages:
        if not (runtime / one["file_name"]).exists():
            real = one["name"] == "pyyaml"
            files = pure_yaml(folder) if real else {f"{module}/__init__.py": STAND_IN for module in one["imports"]}
            wheel(runtime / one["file_name"], one["name"], one["version"], files)
            names_only += [] if real else [one["name"]]
    return runtime, names_only


# --- the site, served and opened --------------------------------------------------------------------------------------


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the site, and says nothing."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address."""
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{served.server_port}/"
    finally:
        served.shutdown()


STATE = """() => {
    const sign = document.getElementById('kx-wait'), panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.kernelDisplayStatus ?? '';
    return [sign.hidden ? '' : document.getElementById('kx-wait-now').textContent, kernel];
}"""
CELLS = {
    "an import is enough": ("import k8sexpose as kx\nprint('found', kx.__version__)", "found"),
    "the model is light": (
        "import sys\nprint('heavy:', [n for n in ('numpy', 'pandas', 'matplotlib') if n in sys.modules])",
        "heavy: []",
    ),
    "check_install": ("from k8sexpose.lessons import ask, check_install\ncheck_install()", "Right."),
    "its advice": ("check_install('no-such-package')", "reload the page"),
    "kubectl": (
        "%load_ext k8sexpose\ncluster = kx.Cluster(nodes=3)\n_ = cluster.deploy('api-backend', per_node=[3, 1, 0])\n"
        "_ = cluster.apply(kx.example('public-api-lb'))\n%kubectl get nodes",
        "node-3",
    ),
    "the visualizer": ("kx.flow(cluster, 'public-api-lb')", "gets 1/4"),
    "a question": ("ask('start-pod-port')", "Keep my answer"),
}
MARK = "# changed by its reader"
FIRST_CELL = "() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.getSource()"


class Trial:
    """Opens the site, notes what is not as it should be, and leaves screenshots."""

    def __init__(self, context: BrowserContext, home: str, shots: Path | None) -> None:
        self.context, self.home, self.shots = context, home, shots
        self.problems: list[str] = []
        context.on("request", self.asked)

    def asked(self, request: Any) -> None:
        """Every request of the page goes to us, or stays inside the browser."""
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.problems.append(f"a request to another host: {request.url}")

    def expect(self, what: str, holds: bool, seen: object = "") -> None:
        """Note one thing that was tried."""
        print(f"{'ok' if holds else 'NOT'}: {what}{'' if holds else f': {str(seen)[-600:]}'}")
        self.problems += [] if holds else [what]

    def shoot(self, page: Page, name: str) -> None:
        """Leave a screenshot, where they are wanted."""
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.shots / f"{name}.png")

    def lessons(self) -> Page:
        """Open the list of lessons."""
        page = self.context.new_page()
        page.goto(f"{self.home}lite/index.html")
        page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
        return page

    def until_ready(self, page: Page, name: str) -> list[str]:
        """Wait until Python is ready; return what the sign said meanwhile."""
        said: list[str] = []
        began = time.monotonic()
        while True:
            now, kernel = page.evaluate(STATE)
            if now and now not in said:
                said.append(now)
                page.wait_for_timeout(300)
                self.shoot(page, f"{name}-{len(said)}")
            if kernel == "idle" and not now:
                print(f"{name}: ready after {time.monotonic() - began:.0f} s")
                return said
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"{name}: after {PATIENCE_S} s the sign says {now!r}, the kernel {kernel!r}")
            page.wait_for_timeout(100)

    def first_lesson(self) -> Page:
        """Open a lesson from the list, wait, and run what needs no numbers."""
        page = self.lessons()
        self.shoot(page, "list")
        page.get_by_role("link", name="Start here").press("Enter")
        page.wait_for_selector("#kx-wait")
        said = self.until_ready(page, "lesson")
        self.expect(
            "the sign: JupyterLab loads, Python starts",
            [words.split()[0] for words in said] == ["JupyterLab", "Python"],
            said,
        )
        for what, (code, wanted) in CELLS.items():
            shown = said_by(page, code)
            self.expect(what, wanted in shown, shown)
        page.wait_for_timeout(1000)
        page.get_by_text("refused: an error comes back at once").last.click()
        page.get_by_role("button", name="Keep my answer").last.click()
        page.wait_for_timeout(1000)
        self.shoot(page, "widgets")
        return page

    def fresh_copy(self, page: Page) -> None:
        """Change the lesson, save it, and ask for a fresh copy: first while it is open, then when it is not."""
        page.evaluate(
            f"() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource('{MARK}')"
        )
        page.evaluate("async () => await window.jupyterapp.commands.execute('docmanager:save')")
        listed = self.lessons()
        button = listed.get_by_role("button", name="Open a fresh copy of “0. Start here")
        button.press("Enter")
        status = listed.locator("#kx-status")
        status.get_by_text("open in another tab").wait_for()
        self.expect("a copy that is open is not replaced", listed.url.endswith("lite/index.html"), listed.url)
        page.close()
        saved = listed.evaluate("async () => [...(await (await import('./kx/store.js')).copies()).keys()]")
        self.expect("answers are kept in the browser", "k8sexpose-answers.json" in saved, saved)
        button.press("Enter")
        listed.wait_for_selector("#kx-wait")
        self.until_ready(listed, "fresh copy")
        first = listed.evaluate(FIRST_CELL)
        self.expect("the fresh copy is the published lesson", first.startswith("# Start here"), first)
        listed.goto(f"{self.home}lite/index.html")
        listed.locator("a.kept").wait_for()
        self.shoot(listed, "list-kept")
        listed.locator("a.kept").click()
        listed.wait_for_selector("#kx-wait")
        self.until_ready(listed, "kept copy")
        first = listed.evaluate(FIRST_CELL)
        self.expect("the earlier copy is kept", first == MARK, first)
        listed.close()

    def telephone(self) -> None:
        """The same at 390 pixels, in the dark: the list, and a leaflet in Notebook 7."""
        page = self.lessons()
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        page.reload()
        page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.expect("the list fits 390 pixels", wide <= 390, wide)
        self.shoot(page, "list-390-dark")
        page.get_by_role("link", name="Session affinity").press("Enter")
        page.wait_for_selector("#kx-wait")
        self.until_ready(page, "leaflet-390-dark")
        self.expect("Notebook 7 on a narrow screen", "/notebooks/" in page.url, page.url)
        shown = said_by(page, "import k8sexpose as kx\nprint('found', kx.__version__)")
        self.expect("an import is enough in a leaflet", "found" in shown, shown)
        self.shoot(page, "notebook-390-dark")
        page.close()


def build(base: Path, site: Path) -> list[str]:
    """Build the site with the part of Pyodide that can be had; return the packages that are stand-ins."""
    runtime, names_only = distribution(base)
    command = [LITE_PYTHON, ROOT / "tools/lite.py", "--pyodide", runtime, site / "lite"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return names_only


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, help="a folder that has the site, in lite/; default: build one")
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    options = parser.parse_args(argv)
    if reason := why_not():
        print(f"cannot run: {reason}")
        return 1
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        site = options.site or Path(temporary) / "site"
        if not options.site:
            print(f"only the names of: {', '.join(build(Path(temporary), site))}")
        with serving(site) as home, browser() as context:
            trial = Trial(context, home, options.shots)
            trial.fresh_copy(trial.first_lesson())
            trial.telephone()
    print("\n".join(trial.problems) or "no problem")
    return 1 if trial.problems else 0


if __name__ == "__main__":
    sys.exit(main())
