"""Questions in the browser: every kind answered by mouse and by keyboard, a restart of the kernel, answers found again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.browser import run_lessons
from tests.browser.conftest import Lab
from tests.browser.run_lessons import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON or "")]

NAME = "every_form.ipynb"
ANSWERS = "k8sexpose-answers.json"
# How something that a cell prints looks.
PRINTED = """name => {
  const output = document.createElement("div");
  output.className = "jp-OutputArea-output";
  output.append(document.createElement("pre"));
  document.querySelector(".jp-Notebook").append(output);
  const found = getComputedStyle(output.firstChild)[name];
  output.remove();
  return found;
}"""
# The server's kernels keep answers in memory; this one keeps them as a learner's does.
SETUP = """import os
os.environ.pop("K8SEXPOSE_ANSWERS", None)
from k8sexpose.lessons import ask, check, progress
from k8sexpose.lessons.forms import Blanks, Estimate, Percent, Question
from k8sexpose.lessons.sheet import QUESTIONS
from k8sexpose.model import Cluster
QUESTIONS["t-bill"] = Question("t-bill", "03_cost_warning", "What do fifty load balancers cost a month?",
    Estimate("USD", "an amount a month"), Cluster, lambda _: 1500.0, "Each has an hourly price.")
QUESTIONS["t-shares"] = Question("t-shares", "05_local", "Which share of the connections does each node get?",
    Blanks({"node-1": Percent(), "node-2": Percent()}), Cluster, lambda _: (75.0, 25.0), "The shares follow the Pods.")"""
ASKED = (
    "np-which-nodes",
    "start-pod-port",
    "start-clusterip-port",
    "np-hard-coded",
    "cost-break-even",
    "t-bill",
    "t-shares",
)
# What is typed or chosen by keyboard, and what the page says is kept.
KEPT = {
    "np-which-nodes": "node-1 (10.0.0.1); node-3 (10.0.0.3)",
    "start-pod-port": "refused: an error comes back at once",
    "start-clusterip-port": "timeout: nothing comes back, and the sender gives up",
    "np-hard-coded": "67 %",
    "cost-break-even": "356 GB",
    "t-bill": "1200 USD",
    "t-shares": "node-1: 75 %; node-2: 25 %",
}


@dataclass(frozen=True)
class Place:
    """The notebook in a folder of its own on a server; its kernels keep answers in the file beside it."""

    server: run_lessons.Server
    context: BrowserContext
    folder: Path

    @property
    def name(self) -> str:
        """Its path on the server."""
        return f"{self.folder.name}/{NAME}"

    def opened(self, notebook7: bool = False) -> Page:
        page = run_lessons.open_notebook(self.context, self.server, self.name, notebook7)
        run_lessons.run_all(page)
        return page

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / ANSWERS).read_text(encoding="utf-8"))["answers"]
        return found


@pytest.fixture
def place(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Place]:
    """A place on the server of all tests; Notebook 7 and the dark theme want a server of their own."""
    look = getattr(request, "param", "")
    with ExitStack() as stack:
        if look:
            server = stack.enter_context(run_lessons.server([], dark=look == "dark"))
            context = stack.enter_context(run_lessons.browser())
        else:
            lab: Lab = request.getfixturevalue("lab")
            server, context = lab.server, lab.context
        folder = Path(tempfile.mkdtemp(prefix="ask-", dir=server.folder))
        (folder / "00_start_here.ipynb").touch()  # the answers lie beside the nearest of that name
        sources = [SETUP, *(f'ask("{id}")' for id in ASKED), 'check("np-which-nodes")', "progress()"]
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / NAME)
        yield Place(server, context, folder)


def question(page: Page, text: str) -> Locator:
    return page.get_by_role("group", name=text).first


def asked(page: Page) -> dict[str, Locator]:
    """The fieldset of each question, by its legend."""
    starts = {
        "np-which-nodes": "The only Pod of the Service", "start-pod-port": "The Pod frontend-1 connects to a Pod of api",
        "start-clusterip-port": "The Pod frontend-1 connects to the ClusterIP",
        "np-hard-coded": "A client always uses", "t-bill": "What do fifty", "t-shares": "Which share of",
    }  # fmt: skip
    found = {id: question(page, text) for id, text in starts.items()}
    found["cost-break-even"] = page.locator(".kx-ask > fieldset").nth(ASKED.index("cost-break-even"))
    return found


def keep(box: Locator) -> None:
    box.get_by_role("button", name="Keep my answer").click()


def kept(box: Locator, what: str) -> None:
    wait_for(f"Kept: {what}, the page says {box.inner_text()!r}", lambda: f"Kept: {what}" in box.inner_text())


def answer_by_mouse(page: Page) -> None:
    boxes = asked(page)
    boxes["np-which-nodes"].get_by_role("checkbox", name="node-1").click()
    boxes["np-which-nodes"].get_by_role("checkbox", name="node-3").click()
    boxes["start-pod-port"].get_by_role("radio", name="refused").click()
    # The radio buttons of one question are a group of their own.
    boxes["start-clusterip-port"].get_by_role("radio", name="timeout").click()
    assert boxes["start-pod-port"].get_by_role("radio", name="refused").is_checked()
    boxes["np-hard-coded"].get_by_role("textbox").fill("2/3")
    boxes["cost-break-even"].get_by_role("textbox").fill("356")
    boxes["t-bill"].get_by_role("textbox").fill("about 1,200 dollars a month")
    boxes["t-shares"].get_by_role("textbox").nth(0).fill("three quarters")
    boxes["t-shares"].get_by_role("textbox").nth(1).fill("25 %")
    for box in boxes.values():
        keep(box)


def answer_by_keyboard(page: Page) -> None:
    """From the first control on with Tab, blank, arrows, letters and Enter only."""
    boxes, press = asked(page), page.keyboard.press
    boxes["np-which-nodes"].get_by_role("checkbox").first.focus()
    press("Space")
    press("Tab")
    press("Tab")
    press("Space")
    press("Enter")
    kept(boxes["np-which-nodes"], KEPT["np-which-nodes"])
    boxes["start-pod-port"].get_by_role("radio").first.focus()
    press("Space")
    press("ArrowDown")
    press("Enter")
    boxes["start-clusterip-port"].get_by_role("radio").last.focus()
    press("Space")
    press("Enter")
    for id, words in (
        ("np-hard-coded", ["0.67"]),
        ("cost-break-even", ["356"]),
        ("t-bill", ["1200"]),
        ("t-shares", ["75", "1/4"]),
    ):
        boxes[id].get_by_role("textbox").first.focus()
        for word in words:
            page.keyboard.type(word)
            press("Tab")
        press("Shift+Tab")
        press("Enter")


BOTH_WAYS = [
    pytest.param(answer_by_mouse, "", id="mouse in Lab"),
    pytest.param(answer_by_keyboard, "notebook7", id="keyboard in Notebook 7", marks=pytest.mark.deep),
    pytest.param(answer_by_keyboard, "", id="keyboard in Lab", marks=pytest.mark.deep),
    pytest.param(answer_by_mouse, "notebook7", id="mouse in Notebook 7", marks=pytest.mark.deep),
]


@pytest.mark.parametrize(("answer", "place"), BOTH_WAYS, indirect=["place"])
def test_every_kind_of_question(answer: Any, place: Place, request: pytest.FixtureRequest) -> None:
    notebook7 = "Notebook 7" in request.node.name
    page = place.opened(notebook7)
    before = len(run_lessons.prompts(page))
    assert "Answer first" in page.locator(".jp-Notebook").inner_text()
    assert page.evaluate(PRINTED, "wordBreak") == "normal", "no printed line ends within a word"
    answer(page)
    for id, box in asked(page).items():
        kept(box, KEPT[id] if (id, answer) != ("np-hard-coded", answer_by_mouse) else "66.67 %")
    # The check that was run before has filled itself in, and the question shows the verdict in words.
    wait_for("the card", lambda: "Not quite" in page.locator(".jp-Notebook").inner_text())
    wait_for("the right answer", lambda: "Correct answer:" in page.locator(".jp-Notebook").inner_text())
    wait_for("the verdict", lambda: "✗ Not quite." in asked(page)["np-which-nodes"].inner_text())
    assert len(run_lessons.prompts(page)) == before, "no key has made or deleted a cell"
    assert set(place.stored()) == set(ASKED)
    # Changing one's mind, by the keyboard: the controls are there again, with what was chosen.
    box = asked(page)["start-pod-port"]
    box.get_by_role("button", name="Change").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    kept(box, "timeout")
    again_found(page, place)
    if answer is answer_by_mouse:
        page.close()
        page = place.opened(notebook7)
        kept(asked(page)["start-pod-port"], "timeout")
    page.close()


def again_found(page: Page, place: Place) -> None:
    """Restart the kernel: what was chosen stays on the page, and after Run All every answer is there."""
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    page.evaluate(f"async () => await {kernel}.restart()")
    page.wait_for_function(f"{kernel}.connectionStatus === 'connected' && {kernel}.status === 'idle'")
    for id, box in asked(page).items():
        wait_for(f"{id} stays", lambda box=box: "Your answer is kept" in box.inner_text())
    # Else the old prompts would say that every cell has run, and the old widgets that every answer is there.
    page.evaluate("async () => await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    wait_for("the outputs are cleared", lambda: not page.locator(".kx-ask").count())
    run_lessons.run_all(page)
    for id, box in asked(page).items():
        if id == "start-pod-port":
            kept(box, "timeout")
        else:
            wait_for(f"{id} after the restart", lambda box=box: "Kept:" in box.inner_text())
    entry = place.stored()["start-pod-port"]
    assert (entry["first"]["answer"], entry["last"]["answer"], entry["tries"]) == ("refused", "timeout", 2)


def what_cannot_be_read_stays(page: Page) -> None:
    box = asked(page)["t-bill"]
    typed = box.get_by_role("textbox")
    typed.fill("a fortune")
    keep(box)
    wait_for("the reason", lambda: "could not read a fortune" in box.get_by_role("status").first.inner_text())
    wait_for("the mark on the box", lambda: typed.get_attribute("aria-invalid") == "true")
    assert typed.input_value() == "a fortune"
    nodes = asked(page)["np-which-nodes"]
    keep(nodes)
    wait_for("nothing ticked", lambda: "Nothing is ticked" in nodes.inner_text())
    nodes.get_by_role("checkbox", name="node-2").check()
    nodes.get_by_role("checkbox", name="none of these").check()
    assert not nodes.get_by_role("checkbox", name="node-2").is_checked(), "none excludes the others"
    keep(nodes)
    kept(nodes, "none of these")
    typed.fill("1200")
    keep(box)
    kept(box, "1200 USD")
    box.get_by_role("button", name="Change").click()
    typed.fill("a fortune")
    keep(box)
    wait_for("the reason again", lambda: "could not read a fortune" in box.inner_text())
    assert box.inner_text().count("Kept: ") == 1


def axe_finds_nothing(page: Page) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page.evaluate((Path(str(axe.__file__)).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        """async () => (await axe.run({include: ['.jp-OutputArea']})).violations
            .filter(v => ['serious', 'critical'].includes(v.impact) && v.nodes.some(n => n.html.includes('kx-ask')
                || document.querySelector(n.target[0])?.closest('.kx-ask')))
            .map(v => [v.id, v.help, v.nodes[0].html.slice(0, 200)])"""
    )
    assert found == []


DARK = pytest.param("dark", id="dark", marks=pytest.mark.deep)


@pytest.mark.parametrize("place", [pytest.param("", id="light"), DARK], indirect=True)
def test_what_cannot_be_read_and_how_it_looks(place: Place, request: pytest.FixtureRequest) -> None:
    """On a phone nothing is cut off; screenshots for people are left in build/shots."""
    page = place.opened()
    theme = "dark" if "dark" in request.node.name else "light"
    run_lessons.shoot(page, run_lessons.default_shots(), f"ask-{theme}-open")
    axe_finds_nothing(page)
    what_cannot_be_read_stays(page)
    asked(page)["np-which-nodes"].get_by_role("button", name="Change").click()
    asked(page)["np-which-nodes"].get_by_role("checkbox", name="none of these").uncheck()
    answer_by_mouse(page)
    for id, box in asked(page).items():
        kept(box, KEPT[id] if id != "np-hard-coded" else "66.67 %")
    axe_finds_nothing(page)
    run_lessons.shoot(page, run_lessons.default_shots(), f"ask-{theme}")
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function("document.querySelector('.jp-Notebook').clientWidth <= 390")
    for box in page.locator(".kx-ask").all():
        wide = box.evaluate("node => node.scrollWidth - node.clientWidth")
        assert wide <= 1, f"cut off at 390 px: {box.inner_text()[:80]}"
        small = box.evaluate(
            """node => [...node.querySelectorAll('*')]
                .filter(e => e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 12).length"""
        )
        assert not small, "text below 12 px"
    asked(page)["np-which-nodes"].scroll_into_view_if_needed()
    page.screenshot(path=run_lessons.default_shots() / f"ask-{theme}-390.png")
    page.close()


LINKS = """from k8sexpose.lessons import ask, progress
ask("np-ping", answer="yes")"""
LONG = "for line in range(40):\n    print(line)"


@pytest.mark.deep
def test_what_is_open_leads_to_its_cell(tmp_path: Path, chromium: Browser) -> None:
    """From the table at the end of a lesson to a question above. (JupyterLab opens another lesson at its beginning.)"""
    cells = [nbformat.v4.new_code_cell(source) for source in (LINKS, LONG, 'ask("np-hard-coded")', LONG, "progress()")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path = tmp_path / "01_nodeport.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    with run_lessons.server([path]) as server, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, server, path.name)
        run_lessons.run_all(page)
        page.locator("summary", has_text="Open questions").click()
        table = page.get_by_role("region", name="Open questions")
        question = page.locator(".kx-ask").last
        table.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        before = question.bounding_box()
        table.get_by_role("link", name="A client always uses the address 10.0.0.1").click()

        def seen() -> bool:
            box = question.bounding_box()
            return bool(box and 0 <= box["y"] < run_lessons.HEIGHT - 100)

        wait_for("the question in sight", seen, 20)
        assert before and not 0 <= before["y"] < run_lessons.HEIGHT - 100, "it was out of sight"
