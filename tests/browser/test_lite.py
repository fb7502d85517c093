"""Our pages of the JupyterLite site, without JupyterLite: fresh copies of lessons, the sign while Python starts.

tools/lite_kernel.py tries them with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import run_lessons

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import lite  # noqa: E402
from lite_runtime import serving  # noqa: E402

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

FIRST = "00_start_here.ipynb"
# As localforage lays out JupyterLite's storage: a lesson that its reader has changed.
SAVED = """([name, path, version]) => new Promise(done => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => {
        const files = asked.result.createObjectStore("files");
        const checkpoints = asked.result.createObjectStore("checkpoints");
        const content = { cells: [], metadata: { k8sexpose: { version } }, nbformat: 4 };
        files.put({ name: path, path, type: "notebook", content, last_modified: "2026-11-29T20:00:00Z" }, path);
        checkpoints.put([], path);
    };
    asked.onsuccess = () => { asked.result.close(); done(); };
})"""
STORED = """name => new Promise(done => {
    const asked = indexedDB.open(name);
    asked.onsuccess = () => {
        const files = asked.result.transaction("files").objectStore("files").getAll();
        files.onsuccess = () => { asked.result.close(); done(files.result.map(one => one.path)); };
    };
})"""
# Playwright's wait_for_function does not await a promise: it takes the promise itself for true.
CLOSED = """async () => {
    const { inUse } = await import("./kx/store.js");
    while (await inUse()) await new Promise(done => setTimeout(done, 20));
}"""
APP = """state => {
    const node = document.createElement("div");
    node.className = "jp-NotebookPanel";
    const currentWidget = { node, sessionContext: { kernelDisplayStatus: state } };
    window.jupyterapp = { shell: { isAttached: true, currentWidget: state === null ? null : currentWidget } };
}"""


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    with run_lessons.browser() as context:
        yield context


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = tmp_path_factory.mktemp("lite")
    for app in lite.APPS:
        (site / app).mkdir()
        (site / app / "index.html").write_text("<!doctype html><meta charset='utf-8'><body></body>")
    lite.add_pages(site, own_runtime=False)
    with serving(site) as address:
        yield address


def lessons(context: BrowserContext, home: str) -> Page:
    page = context.new_page()
    page.goto(f"{home}index.html")
    page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
    return page


def test_a_fresh_copy_keeps_the_old_one(context: BrowserContext, home: str) -> None:
    storage = "JupyterLite Storage - /"
    page = lessons(context, home)
    assert not page.get_by_role("button").count()
    assert not page.evaluate("async () => (await indexedDB.databases()).length"), "JupyterLite makes its storage itself"
    page.evaluate(SAVED, [storage, FIRST, "an earlier version"])
    page.reload()
    page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
    row = page.locator(f"li[data-path='{FIRST}']")
    said = row.inner_text()
    assert "saved on 29 November 2026" in said and "published anew since then" in said

    open_lesson = context.new_page()
    open_lesson.goto(f"{home}lab/index.html?path={FIRST}")
    button = row.get_by_role("button", name="Open a fresh copy of “0. Start here")
    button.press("Enter")
    page.get_by_text("JupyterLite is open in another tab").wait_for()
    assert page.evaluate(STORED, storage) == [FIRST]

    open_lesson.close()
    page.evaluate(CLOSED)
    button.press("Enter")
    page.wait_for_url(f"**/lab/index.html?path={FIRST}")
    (kept,) = page.evaluate(STORED, storage)
    assert kept.startswith("00_start_here (kept 2") and kept.endswith(").ipynb")
    page.go_back()
    assert "Your earlier copy, kept 2" in page.locator("a.kept").inner_text()
    assert not page.get_by_role("button").count()
    page.close()


def test_a_narrow_screen_gets_the_notebook_alone(context: BrowserContext, home: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{home}index.html")
    link = page.get_by_role("link", name="Session affinity")
    page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
    assert link.get_attribute("href") == "notebooks/index.html?path=leaflets%2Fsession_affinity.ipynb"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_the_sign_follows_what_is_loading(context: BrowserContext, home: str) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{home}lab/index.html?path={FIRST}")
    sign, now = page.locator("#kx-wait"), page.locator("#kx-wait-now")
    assert "JupyterLab is loading" in now.inner_text()
    assert "cdn.jsdelivr.net" in sign.inner_text() and "Nothing that you write is sent anywhere" in sign.inner_text()
    seen = []
    for state, seconds in ((None, 1), ("unknown", 1), ("unknown", 61), ("dead", 1), ("idle", 1), ("starting", 1)):
        page.evaluate(APP, state)
        page.clock.run_for(seconds * 1000)
        seen.append(now.inner_text().split(". ")[0] if sign.is_visible() else "hidden")
    assert [words.split(":")[0] for words in seen] == [
        "JupyterLab is loading …",  # the notebook that the address names is not there yet
        "Python is starting",
        "Python is still starting",
        "Python has stopped",
        "hidden",
        "Python is starting",  # of another notebook
    ]
    page.get_by_role("button", name="Hide this").press("Enter")
    assert sign.is_hidden()
    page.close()
