"""Run lessons in a real Chromium and look for anything that a learner should not see.

    python tests/browser/run_lessons.py [--shots DIR] [--dark] [--notebook7] [--python PATH] [notebook …]

Each notebook (default: all in notebooks/) is copied to a temporary folder, opened in JupyterLab, run with
Run All, saved, and searched for errors: in outputs, in widget state, in widgets that do not show, on the
page, and for requests to another host. Screenshots go to DIR (default: $K8SEXPOSE_SHOTS, else build/shots), in
pieces from top to bottom. PATH is the Python of another environment whose JupyterLab and kernel are to be used.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"

# Without the last four, Chromium looks up its maker's hosts at every start.
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
SETTINGS = {
    **json.loads(
        (ROOT / "k8sexpose/data/jupyter/labconfig/default_setting_overrides.json").read_text(encoding="utf-8")
    ),
    # Every cell is on the page, also those out of sight.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    # A callback's error is found in the saved widget state.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
# Notebook 7.6 raises this one by itself.
OWN_PAGE_ERRORS = ("reading 'schema'",)
BROKEN_WIDGETS = (
    "Error displaying widget",
    "Error creating widget",
    "Loading widget...",
    "Failed to load model",
)
PIECE = 2000  # height of one screenshot, in pixels
WIDTH, HEIGHT = 1300, 1000
# How long a condition is waited for: a crowded machine may need a minute for what takes a second here.
PATIENCE_S = 180.0
# A notebook in which no prompt has changed for so long has lost a request.
STANDSTILL_S = 60.0


def chromium() -> str | None:
    """Where the machine's Chromium is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def why_not() -> str | None:
    """The reason why browser tests cannot run here, or None."""
    if chromium() is None:
        return "no Chromium on this machine (Debian, Ubuntu: apt-get install chromium)"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed (make test installs it)"
    return None


@dataclass
class Result:
    """What one notebook did in the browser."""

    name: str
    seconds: float = 0.0
    cells: int = 0
    problems: list[str] = field(default_factory=list)
    shots: list[Path] = field(default_factory=list)
    said: str = ""


@dataclass(frozen=True)
class Server:
    """A Jupyter server of our own, with its own folders; `folder` holds copies of the notebooks."""

    url: str
    folder: Path

    def put(self, notebook: Path) -> str:
        """Copy a notebook to the server; its path there."""
        copied = self.folder / place(notebook)
        copied.parent.mkdir(exist_ok=True)
        shutil.copy(notebook, copied)
        return place(notebook)


@contextmanager
def server(notebooks: list[Path], dark: bool = False, python: str | Path = sys.executable) -> Iterator[Server]:
    """Start a Jupyter server of that Python on a free port of this machine; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="k8sexpose-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        lessons = base / "lessons"
        lessons.mkdir()
        settings = {**SETTINGS}
        if dark:
            settings["@jupyterlab/apputils-extension:themes"] = {"theme": "JupyterLab Dark"}
        (base / "config/labconfig").mkdir(parents=True)
        (base / "config/labconfig/default_setting_overrides.json").write_text(json.dumps(settings))
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "MPLCONFIGDIR": "matplotlib",
        }
        command = [
            *(str(python), "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            # Another program may take a free port before the server does: it goes on to another one, and tells which.
            *(f"--port={free_port()}", "--ServerApp.port_retries=50", "--IdentityProvider.token="),
            *(f"--ServerApp.root_dir={lessons}", "--LabApp.expose_app_in_browser=True"),
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        log = base / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=lessons,
                env={**os.environ, **{name: str(base / folder) for name, folder in own.items()}},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not (url := address(base / own["JUPYTER_RUNTIME_DIR"])) or not answers(f"{url}/api/status"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the Jupyter server did not start:\n" + log.read_text(errors="replace"))
                time.sleep(0.1)
            started = Server(url, lessons)
            for notebook in notebooks:
                started.put(notebook)
            yield started
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def address(runtime: Path) -> str | None:
    """Where the server listens, by the file that it writes into its own folder; None before it has written it."""
    for told in runtime.glob("jpserver-*.json"):
        with suppress(ValueError):  # it is being written
            return f"http://127.0.0.1:{json.loads(told.read_text(encoding='utf-8'))['port']}"
    return None


def place(notebook: Path) -> str:
    """The path of a notebook on the server: leaflets lie in a folder of their own, as in the course."""
    return f"leaflets/{notebook.name}" if notebook.parent.name == "leaflets" else notebook.name


def course() -> list[Path]:
    """The lessons in their order, then the leaflets."""
    return [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(NOTEBOOKS.glob("leaflets/*.ipynb"))]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


_RUNNING: list[Browser] = []  # the Chromium of this process; Playwright can be started only once at a time


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium: the one that runs already, or one that ends with the block."""
    from playwright.sync_api import sync_playwright

    if _RUNNING:
        yield _RUNNING[0]
        return
    with sync_playwright() as playwright:
        _RUNNING.append(playwright.chromium.launch(executable_path=chromium(), args=FLAGS))
        try:
            yield _RUNNING[0]
        finally:
            _RUNNING.pop().close()


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """An empty profile in a Chromium."""
    with launched() as running:
        context = running.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        context.set_default_timeout(1000 * PATIENCE_S)
        try:
            yield context
        finally:
            context.close()


def wait_for(what: str, ready: Callable[[], Any], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s: {what}")
        time.sleep(0.05)


def open_notebook(context: BrowserContext, at: Server, name: str, notebook7: bool = False) -> Page:
    """Open a notebook of the server's folder and wait for its kernel."""
    page = context.new_page()
    where = f"notebooks/{quote(name)}" if notebook7 else f"doc/tree/{quote(name)}?reset"
    page.goto(f"{at.url}/{where}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")

    def kernel_is_idle() -> bool:
        # The toolbar says idle too early: ask the server.
        try:
            with urllib.request.urlopen(f"{at.url}/api/sessions", timeout=10) as response:
                sessions = json.load(response)
        except OSError:  # it is busy: ask again
            return False
        mine = [s["kernel"] for s in sessions if s["path"] == name]
        return any(k["execution_state"] == "idle" and k["connections"] > 0 for k in mine)

    wait_for(f"no idle kernel for {name}", kernel_is_idle)
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context?.isReady")
    return page


def run_all(page: Page, patience_s: float = STANDSTILL_S) -> None:
    """Run All, as the Run menu does; returns when every cell that has code has run."""
    # A kernel that is only just up may miss the first request, and on a busy machine one can get lost: its cell then
    # waits for ever, and all after it. Where nothing changes any more, ask again, and say so the third time.
    for _ in range(3):
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        if came_to_an_end(page, patience_s):
            page.wait_for_timeout(500)  # widgets draw after their cell has run
            return
    raise TimeoutError(f"for {patience_s:.0f} s no cell has gone on: {prompts(page)}")


def came_to_an_end(page: Page, patience_s: float) -> bool:
    """Wait until every cell has run; False where no prompt changes for so long."""
    before, since = prompts(page), time.monotonic()
    while not ended(page):
        time.sleep(0.05)
        now = prompts(page)
        # Cells that nobody has begun are known sooner: they have no sign at all.
        enough_s = patience_s / 6 if "[ ]:" in now else patience_s
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > enough_s:
            return False
    return True


def ended(page: Page) -> bool:
    """Every cell has run, or one has failed: those after it will not."""
    failed = page.locator('.jp-Notebook [data-mime-type="application/vnd.jupyter.error"]').count()
    return bool(failed) or all(prompt.strip("[]: ").isdigit() for prompt in prompts(page))


def prompts(page: Page) -> list[str]:
    """The prompts of the cells that have code: `[ ]:` not asked, `[*]:` running, `[3]:` done."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
            .filter(cell => cell.querySelector('.cm-content')?.textContent.trim())
            .map(cell => cell.querySelector('.jp-InputPrompt').textContent)"""
    )


def problems(page: Page, saved: Path) -> list[str]:
    """What a learner should not see: on the page, and in the notebook that Lab saved."""
    page.evaluate("async () => await window.jupyterapp.commands.execute('docmanager:save')")
    nb = json.loads(saved.read_text(encoding="utf-8"))
    found = [
        f"cell {index} ends in {output['ename']}: {output['evalue']}"
        for index, cell in enumerate(nb["cells"])
        for output in cell.get("outputs", ())
        if output["output_type"] == "error"
    ]
    for states in nb["metadata"].get("widgets", {}).values():
        for widget in states["state"].values():
            for output in widget["state"].get("outputs") or ():
                if output["output_type"] == "error":
                    found.append(f"a widget's callback raised {output['ename']}: {output['evalue']}")
    text = page.locator(".jp-Notebook").first.inner_text()
    found += [f"the page says {words!r}" for words in BROKEN_WIDGETS if words in text]
    if page.locator('.jp-Notebook [data-mime-type="application/vnd.jupyter.stderr"]').count():
        found.append("a cell writes to stderr")
    return found


def shoot(page: Page, folder: Path, stem: str) -> list[Path]:
    """Screenshots of the whole notebook, in pieces: the page is made as tall as its cells first."""
    folder.mkdir(parents=True, exist_ok=True)
    inner = "document.querySelector('.jp-WindowedPanel-outer')"
    missing = int(page.evaluate(f"() => {inner} ? {inner}.scrollHeight - {inner}.clientHeight : 0"))
    height = min(HEIGHT + max(missing, 0), 30_000)
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate(f"() => {inner}?.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    shots = []
    for number, top in enumerate(range(0, height, PIECE)):
        path = folder / f"{stem}-{number:02d}.png"
        size = {"x": 0, "y": top, "width": WIDTH, "height": min(PIECE, height - top)}
        page.screenshot(path=path, clip=size)  # type: ignore[arg-type]
        shots.append(path)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    return shots


def said_by(page: Page, code: str) -> str:
    """What a cell with this code shows; it is put below the others, and run."""
    return str(
        page.evaluate(
            """async code => {
                const { commands, shell } = window.jupyterapp;
                const notebook = shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.length - 1;
                await commands.execute('notebook:insert-cell-below');
                notebook.activeCell.model.sharedModel.setSource(code);
                await commands.execute('notebook:run-cell');
                return notebook.activeCell.outputArea.node.innerText;
            }""",
            code,
        )
    )


def run_lesson(
    context: BrowserContext, at: Server, name: str, shots: Path | None, notebook7: bool = False, code: str = ""
) -> Result:
    """Open, run, save, look, photograph; last run `code`, whose output is wanted too."""
    result = Result(name)
    began = time.monotonic()
    home = urlsplit(at.url).netloc
    raised: list[str] = []
    foreign: list[str] = []

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != home:
            foreign.append(request.url)

    def failed(told: Any) -> None:
        if not any(own in str(told.error) for own in OWN_PAGE_ERRORS):
            raised.append(str(told.error))

    context.on("request", asked)
    context.on("weberror", failed)
    page = None
    try:
        page = open_notebook(context, at, name, notebook7)
        run_all(page)
        result.cells = len(prompts(page))
        result.problems += problems(page, at.folder / name)
        result.said = said_by(page, code) if code else ""
    except Exception as error:  # whatever Playwright raises is a problem of this notebook
        result.problems.append(f"{type(error).__name__}: {error}")
    finally:
        if page is not None:
            if shots is not None:
                stem = Path(name).stem + ("-notebook7" if notebook7 else "")
                result.shots = shoot(page, shots, stem)
            page.close()
        context.remove_listener("request", asked)
        context.remove_listener("weberror", failed)
    result.problems += [f"the page raised {error}" for error in raised]
    result.problems += [f"a request to another host: {url}" for url in foreign]
    result.seconds = time.monotonic() - began
    return result


def default_shots() -> Path:
    return Path(os.environ.get("K8SEXPOSE_SHOTS") or ROOT / "build/shots")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, help="folder for the screenshots")
    parser.add_argument("--dark", action="store_true", help="JupyterLab's dark theme")
    parser.add_argument("--notebook7", action="store_true", help="in Notebook 7 instead of JupyterLab")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="of another environment")
    parser.add_argument("--code", default="", help="run it at the end of the last notebook, and print what it shows")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    options = parser.parse_args(argv)
    if reason := why_not():
        print(f"skipped: {reason}")
        return 0
    notebooks = options.notebooks or course()
    shots = options.shots or default_shots()
    bad = 0
    with server(notebooks, options.dark, options.python) as at, browser() as context:
        for path in notebooks:
            code = options.code if path == notebooks[-1] else ""
            result = run_lesson(context, at, place(path), shots, options.notebook7, code)
            bad += bool(result.problems)
            print(f"{result.name}: {result.cells} code cells, {result.seconds:.1f} s", end="")
            print("".join(f"\n  {problem}" for problem in result.problems) or ", no problem")
            if code:
                print(f"{path.name} answers: {' '.join(result.said.split())}")
    print(f"screenshots: {shots}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
