"""Shift+Enter runs the cell and goes on, and Escape leaves a widget, whichever of its controls has the focus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.browser import run_lessons
from tests.browser.conftest import Lab
from tests.browser.run_lessons import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

SETUP = """import k8sexpose as kx
from k8sexpose.lessons import ask, queues, repair
cluster = kx.Cluster(nodes=3)
_ = cluster.deploy('api-backend', per_node=[2, 1, 0])
_ = cluster.apply(kx.example('flow-32000'))"""
# What makes each widget, and what is clicked in it; None: the region that scrolls.
WIDGETS = {
    "question": ('ask("start-pod-port")', "Change"),
    "visualizer": ("kx.flow(cluster, 'flow-32000')", "▶ Play"),
    "queues": ("queues(30, 60)", " queues"),
    "explorer": ("kx.nodeport_explorer()", "Firewall closes 30000–32767"),
    "table": ("kx.manifest_doctor()", None),
}
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
FOCUSED_CELL = "() => document.activeElement.classList.contains('jp-Cell')"


@pytest.fixture(scope="module")
def page(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    cells = [nbformat.v4.new_code_cell(code) for code in (SETUP, *(made for made, _ in WIDGETS.values()), "'the end'")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path: Path = tmp_path_factory.mktemp("keys") / "keys.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    opened = run_lessons.open_notebook(lab.context, lab.server, lab.server.put(path))
    run_lessons.run_all(opened)
    opened.locator(".kx-flow svg").first.wait_for()
    opened.locator("select[data-lm-suppress-shortcuts]").first.wait_for()
    yield opened
    opened.close()


def clicked(page: Page, name: str) -> Locator:
    """Click something in a widget, as a learner does before going on."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1 + list(WIDGETS).index(name))
    label = WIDGETS[name][1]
    cell.locator("[data-lm-suppress-shortcuts]:visible").first.wait_for()  # the last test has run the cell again
    if name == "question" and cell.get_by_role("button", name="Keep my answer").is_visible():
        cell.get_by_role("radio", name="refused").click()
        cell.get_by_role("button", name="Keep my answer").click()
        cell.get_by_text("Kept: refused").wait_for()  # the focus has moved to the button that was shown
    elif label is None:
        cell.get_by_role("region", name="What kubectl apply prints").click()
    elif cell.get_by_role("checkbox", name=label).count():
        cell.get_by_role("checkbox", name=label).click()
    else:
        cell.get_by_role("button", name=label).click()
    return cell


@pytest.mark.parametrize("name", WIDGETS)
def test_shift_enter_goes_on(page: Page, name: str) -> None:
    number = 1 + list(WIDGETS).index(name)
    cell = clicked(page, name)
    assert page.evaluate(ACTIVE) == number
    before = cell.locator(".jp-InputPrompt").inner_text()
    page.keyboard.press("Shift+Enter")
    wait_for("the next cell", lambda: page.evaluate(ACTIVE) == number + 1)
    wait_for("the cell has run", lambda: cell.locator(".jp-InputPrompt").inner_text() not in (before, "[*]:"))
    if name == "question":
        cell.get_by_text("Kept: refused").wait_for()


@pytest.mark.parametrize("name", WIDGETS)
def test_escape_leaves_the_widget(page: Page, name: str) -> None:
    number = 1 + list(WIDGETS).index(name)
    clicked(page, name)
    page.keyboard.press("Escape")
    wait_for("the cell has the focus", lambda: page.evaluate(FOCUSED_CELL))
    page.keyboard.press("ArrowDown")
    wait_for("the next cell", lambda: page.evaluate(ACTIVE) == number + 1)


def test_shift_enter_keeps_what_is_chosen(page: Page) -> None:
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    cell.locator("[data-lm-suppress-shortcuts]:visible").first.wait_for()
    change = cell.get_by_role("button", name="Change")
    if change.is_visible():
        change.click()
    cell.get_by_role("radio", name="timeout").click()
    page.keyboard.press("Shift+Enter")
    cell.get_by_text("Kept: timeout").wait_for()
    wait_for("the next cell", lambda: page.evaluate(ACTIVE) == 2)
