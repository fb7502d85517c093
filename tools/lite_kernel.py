"""Try the JupyterLite site in Chromium, with no network while it runs.

    python tools/lite_kernel.py [--site FOLDER] [--shots FOLDER]

Needs npm, a package index, Chromium, Playwright, and the environment in which `make lite` builds (build/lite-env).
The site is built with the part of Pyodide that tools/lite_runtime.py can get. So what needs numpy, pandas or matplotlib
is not tried here; tools/lite_check.py tests their versions in an ordinary environment. What is tried: the list of
lessons, a fresh copy of one, the sign while Python starts, an import without a `%pip` line, the recorded answers of the
API server and of kube-proxy, kubectl, the visualizer, a question and its answer, and a narrow screen.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from lite_runtime import distribution, serving  # noqa: E402

from tests.browser.run_lessons import browser, said_by, why_not  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

LITE_PYTHON = ROOT / "build/lite-env/bin/python"
PATIENCE_S = 600
CONFORMANCE = {
    "apiserver": "apiserver-cases",
    "kube_proxy": "kube-proxy-cases",
    "live": "kube-proxy-variations",
}
UNPACK = """import io, runpy, sys, zipfile
from pyodide.http import pyfetch
answer = await pyfetch("{home}conformance.zip")
zipfile.ZipFile(io.BytesIO(await answer.bytes())).extractall("/course")
sys.path.insert(0, "/course")
print("unpacked")"""
RUN = """sys.argv = ["{runner}", "/course/tests/conformance/{cases}.json"]
try:
    runpy.run_path("/course/tests/conformance/{runner}.py", run_name="__main__")
except SystemExit:
    pass"""
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
    "check_install": ("from k8sexpose.lessons import ask, check_install\ncheck_install()", "You can begin."),
    "its advice": ("check_install('no-such-package')", "reload the page"),
    "kubectl": (
        "%load_ext k8sexpose\ncluster = kx.Cluster(nodes=3)\n_ = cluster.deploy('api-backend', per_node=[3, 1, 0])\n"
        "_ = cluster.apply(kx.example('public-api-lb'))\n%kubectl get nodes",
        "node-3",
    ),
    "the visualizer": ("kx.flow(cluster, 'public-api-lb')", "gets 1/4"),
    "a question": ("ask('start-pod-port')", "Keep my answer"),
}
# Playwright's wait_for_function does not await a promise: it takes the promise itself for true.
CLOSED = """async () => {
    const { inUse } = await import("./kx/store.js");
    while (await inUse()) await new Promise(done => setTimeout(done, 20));
}"""
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

    def conformance(self, page: Page) -> None:
        """Compare the model with the recorded answers, in the browser's Python."""
        said_by(page, UNPACK.format(home=self.home))
        for runner, cases in CONFORMANCE.items():
            said = said_by(page, RUN.format(runner=runner, cases=cases))
            agreed = re.search(r"agree (\d+) of (\d+)", said)
            self.expect(f"recorded answers: {runner}", bool(agreed) and agreed[1] == agreed[2], said)

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
        listed.evaluate(CLOSED)
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


def pack(place: Path) -> None:
    """Put the recorded answers, and what compares them, where the browser's Python can fetch them."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tests/__init__.py", "")
        for path in sorted((ROOT / "tests/conformance").iterdir()):
            if path.is_file():
                archive.write(path, f"tests/conformance/{path.name}")


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
        pack(site / "conformance.zip")
        with serving(site) as home, browser() as context:
            trial = Trial(context, home, options.shots)
            page = trial.first_lesson()
            trial.conformance(page)
            trial.fresh_copy(page)
            trial.telephone()
    print("\n".join(trial.problems) or "no problem")
    return 1 if trial.problems else 0


if __name__ == "__main__":
    sys.exit(main())
