"""The site without a kernel: every widget is changed in a browser, and compared with what the package computes.

`make test` tries two lessons; `make deep` all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from k8sexpose.lessons.ask import Ask
from k8sexpose.lessons.forms import UNITS, Choice, Several, Unreadable, quantity, shown
from k8sexpose.lessons.sheet import FRESH, QUESTIONS
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.flow.widget import Flow
from tests.browser import run_lessons

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from website import build, states  # noqa: E402
from website.flows import SINCE  # noqa: E402
from website.questions import card_of  # noqa: E402
from website.recorder import Shown, play  # noqa: E402

from notebooks import SOLUTIONS, notebooks_in, read  # noqa: E402

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

SAMPLE = ("04_extra_hop", "05_local")
LESSONS = [path.stem for path in notebooks_in(SOLUTIONS)]
MOST_BYTES, MOST_MS = 1_500_000, 100
SLOW_TO_BUILD = "nodes"  # the visualizer with this control has hundreds of states: make deep builds it


@dataclass
class Lesson:
    """A lesson of the site: its widgets, and the data that the page has for each."""

    shown: list[Shown]
    live: build.Live
    data: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Site:
    """A site in a folder, and a browser."""

    folder: Path
    context: BrowserContext
    lessons: dict[str, Lesson]

    def open(self, stem: str, width: int = 1280) -> tuple[Page, list[str]]:
        """Open a page; everything that goes wrong on it, or is asked of somebody else, ends up in the list."""
        page, problems = self.context.new_page(), []
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(reduced_motion="reduce")  # nobody waits for packets that fly
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith("file://") else None)
        page.goto((self.folder / f"{stem}.html").as_uri())
        page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
        return page, problems


def made(stem: str, quick: bool) -> Lesson:
    """Run a lesson, and compute what its page needs."""
    nb = read(next(path for path in notebooks_in(SOLUTIONS) if path.stem == stem))
    shown = play(nb)
    if quick:
        for one in shown:
            one.widgets = [w for w in one.widgets if not (isinstance(w, Flow) and SLOW_TO_BUILD in w._controls)]
    return Lesson(shown, build.live_of(nb, shown))


def site_with(stems: list[str], folder: Path, quick: bool) -> Iterator[Site]:
    lessons = {stem: made(stem, quick) for stem in stems}
    assert build.write(folder, {stem: lesson.live for stem, lesson in lessons.items()}, api=False) == []
    with run_lessons.browser() as context:
        yield Site(folder, context, lessons)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from site_with(list(SAMPLE), tmp_path_factory.mktemp("site"), quick=True)


def widgets(lesson: Lesson, kind: type) -> list[Any]:
    return [widget for one in lesson.shown for widget in one.widgets if isinstance(widget, kind)]


# The browser's own reading of a page that the package computed: what is announced, and what is a stop for the keyboard,
# is decided on the page.
PLAIN = """(node, html) => {
  const made = document.createElement("div");
  made.innerHTML = html ?? node.innerHTML;
  if (html !== null) made.querySelector("[role=status]")?.removeAttribute("role");
  for (const one of made.querySelectorAll("[tabindex]")) one.removeAttribute("tabindex");
  return made.innerHTML;
}"""


def moved(place: Locator, dials: list[states.Dial]) -> Iterator[tuple[int, ...]]:
    """Move the dials to both ends and the middle, one after the other; yield where they are."""
    first = place.evaluate("(node) => [...node.querySelectorAll('.kx-dials select, .kx-dials input')].map("
                           "box => box.type === 'checkbox' ? Number(box.checked) : box.selectedIndex ?? Number(box.value))")  # fmt: skip
    now = list(first)
    yield tuple(now)
    boxes = place.locator(".kx-dials select, .kx-dials input")
    for number, dial in enumerate(dials):
        for at in dict.fromkeys((len(dial.values) - 1, len(dial.values) // 2, 0)):
            box = boxes.nth(number)
            if dial.kind == "choice":
                box.select_option(index=at)
            elif dial.kind == "check":
                box.set_checked(bool(at))
            else:
                box.focus()
                box.evaluate("(box, at) => { box.value = at; box.dispatchEvent(new Event('input')); }", at)
            now[number] = at
            yield tuple(now)


def explorers_agree(page: Page, lesson: Lesson) -> None:
    places = page.locator(".kx-is-explorer")
    live = [one for one in widgets(lesson, Explorer) if states.dials_of(one) is not None]
    assert places.count() == len(live)
    for number, explorer in enumerate(live):
        place, dials = places.nth(number), states.dials_of(explorer)
        assert dials is not None
        for where in moved(place, dials):
            setting = states.setting_at(explorer, dials, where)
            shown = place.locator(".kx-page")
            wanted = shown.evaluate(PLAIN, explorer.parts.page(setting))
            page.wait_for_function(
                f"([node, wanted]) => ({PLAIN})(node, null) === wanted",
                arg=[shown.element_handle(), wanted],
                timeout=5000,
            )
        place.get_by_role("button", name="Reset").click()
        wanted = place.locator(".kx-page").evaluate(PLAIN, explorer.parts.page(explorer.first))
        page.wait_for_function(
            f"([node, wanted]) => ({PLAIN})(node, null) === wanted",
            arg=[place.locator(".kx-page").element_handle(), wanted],
        )


def seen(place: Locator) -> tuple[list[str], list[str]]:
    """What the visualizer shows: its nodes and Pods in words, and the expected shares."""
    words = place.locator("svg [data-act]").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    return words, place.locator(".kx-shares tbody td:last-child").all_inner_texts()


def told(flow: Flow) -> tuple[list[str], list[str]]:
    """What the package's own widget would show there."""
    found: list[str] = []

    def walk(element: Any) -> None:
        if "data-act" in element[2]:
            found.append(element[2]["aria-label"])
        for child in element[3] if not isinstance(element[3], str) else ():
            walk(child)

    walk(flow.scene["picture"])
    return found, [share["text"] for share in flow.scene["shares"]] if "shares" in flow._controls else []


def flows_agree(page: Page, lesson: Lesson) -> None:
    """Click what can be clicked, once each, in the page and in the widget; let the clock run in both."""
    places = page.locator(".kx-is-flow")
    live = widgets(lesson, Flow)
    assert places.count() == len([data for data in lesson.live.widgets if data["kind"] == "flow"]) == len(live)
    for number, original in enumerate(live):
        place = places.nth(number)
        flow = Flow(original.cluster.copy(), original._question, original.route, original._controls)
        flow.width = 880 if place.evaluate("node => node.clientWidth") >= 720 else 340
        timed = "clock" in flow._controls

        def same(what: str, place: Locator = place, flow: Flow = flow, timed: bool = timed) -> None:
            here, there = seen(place), told(flow)
            if timed:  # the page does not say since when a check has been so
                there = ([SINCE.sub("", words) for words in there[0]], there[1])
            if "shares" not in flow._controls:
                here = (here[0], [])
            assert here == there, what

        same("at first")
        clicks = [one.get_attribute("data-key") for one in place.locator("svg [data-act]").all()]
        acts = [(key.split(":", 1)[0], key.split(":", 1)[1]) for key in clicks if key]
        for kind, name in acts:
            act = {"do": kind, "name": name}
            for _ in range(2):  # and back again
                place.locator(f'svg [data-key="{kind}:{name}"]').dispatch_event("click")
                flow._on_message(flow, act)
                same(f"{kind} {name}")
                for _ in range(10 if timed else 0):
                    place.get_by_role("button", name="+10 s").click()
                    flow._on_message(flow, {"do": "advance", "seconds": 10})
                    same(f"10 s after {kind} {name}")
        for policy in flow.scene["policies"] if "policy" in flow._controls else ():
            place.get_by_role("button", name=policy, exact=True).click()
            flow._on_message(flow, {"do": "policy", "policy": policy})
            same(policy)
        if "send" in flow._controls:
            place.get_by_role("button", name="Send 100").click()
            page.wait_for_function(
                "node => node.querySelector('.kx-shares caption').textContent.startsWith('100 sent')",
                arg=place.element_handle(), timeout=15000,
            )  # fmt: skip


def answered(place: Locator, option: int) -> None:
    """Choose an option of a question, and keep it."""
    change = place.get_by_role("button", name="Change")
    if change.is_visible():
        change.click()
    place.locator("input").nth(option).check()
    place.get_by_role("button", name="Keep my answer").click()


def questions_agree(page: Page, lesson: Lesson, options: int) -> None:
    """Choose options of every question; the card says what `check` says."""
    places = page.locator(".kx-is-question")
    data = [one for one in lesson.live.widgets if one["kind"] == "question"]
    asked = [one.question.id for one in widgets(lesson, Ask)]
    assert [one["id"] for one in data] == [id for id in asked if id in {d["id"] for d in data}]
    clusters = {checked.id: checked.cluster for one in lesson.shown for checked in one.checked}
    cards = {
        lesson.live.widgets[int(node.get_attribute("data-kx") or 0)]["id"]: node
        for node in page.locator(".kx-is-check").all()
    }
    for number, one in enumerate(data):
        question = QUESTIONS[one["id"]]
        form = question.form
        if not isinstance(form, Choice | Several) or question.id not in cards:
            continue
        right, yours = question.solve(clusters.get(question.id))
        for k, option in list(enumerate(form.options))[:options]:
            answered(places.nth(number), k)
            given = option if isinstance(form, Choice) else frozenset(form.options[: k + 1])
            feedback = card_of(question, given, right, "" if yours or not clusters.get(question.id) else FRESH)
            said = cards[question.id].get_by_role("status")
            wanted = said.evaluate("(node, html) => { const made = document.createElement('div'); made.innerHTML = html;"
                                   " return made.textContent; }", feedback._repr_html_())  # fmt: skip
            page.wait_for_function(
                "([node, wanted]) => node.textContent === wanted", arg=[said.element_handle(), wanted]
            )


def nothing_serious(page: Page) -> list[Any]:
    """What axe finds on a page."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page.evaluate((Path(str(axe.__file__)).parent / "axe.min.js").read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(
        """async () => (await axe.run({preload: false})).violations.filter(v => ['serious', 'critical'].includes(v.impact))
            .map(v => [v.id, v.help, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""
    )
    return found


def reveal(page: Page) -> None:
    """Show what waits for an answer."""
    while page.locator(".kx-curtain").count():
        page.locator(".kx-curtain button").first.click()


def holds(site: Site, stem: str, options: int = 99, widths: tuple[int, ...] = (1280, 390)) -> None:
    """Try everything on one page, and so many options of each question; axe looks at these widths."""
    lesson = site.lessons[stem]
    page, problems = site.open(stem)
    reveal(page)
    explorers_agree(page, lesson)
    flows_agree(page, lesson)
    questions_agree(page, lesson, options)
    assert 1280 not in widths or nothing_serious(page) == []
    page.close()
    narrow, more = site.open(stem, 390)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    assert 390 not in widths or nothing_serious(narrow) == []
    narrow.close()
    assert problems + more == []


def test_a_page_agrees_with_the_package(site: Site) -> None:
    for stem, width in zip(SAMPLE, (1280, 390), strict=True):
        holds(site, stem, options=1, widths=(width,))


def test_a_lesson_is_small(site: Site) -> None:
    for stem in SAMPLE:
        page, data = site.folder / f"{stem}.html", site.folder / "assets" / f"{stem}.js"
        assert page.stat().st_size + data.stat().st_size <= MOST_BYTES, stem


def test_a_slider_obeys_the_keyboard_and_an_answer_stays(site: Site) -> None:
    page, problems = site.open("05_local")
    reveal(page)
    box = page.locator(".kx-is-explorer").get_by_role("combobox").first
    box.focus()
    before = page.locator(".kx-is-explorer").get_attribute("data-at")
    page.keyboard.press("Home")
    page.wait_for_function(f"document.querySelector('.kx-is-explorer').dataset.at !== '{before}'")
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
    waiting = page.locator(".kx-curtain").count()
    assert waiting, "what a cell prints waits for an answer"
    question = page.locator(".kx-is-question").first
    question.locator("input").first.focus()
    page.keyboard.press("Space")
    question.get_by_role("button", name="Keep my answer").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelectorAll('.kx-curtain').length < {waiting}")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.kxState === 'ready'")
    assert question.get_by_role("button", name="Change").is_visible()
    page.close()
    assert problems == []


TYPED = (
    "25", "25 %", "1/4", "0.25", "1", "100%", "about 33.3", "33,3", "≈ 12.5 percent", "1,200", "3 of it", "", "x", "-3",
    "2/3", "1/3 %", "1e2", "0", "66.", ".5", "12 ms",
)  # fmt: skip


def test_numbers_are_read_and_written_as_python_does(site: Site) -> None:
    page, problems = site.open("index")
    for unit in ("%", "ms", "USD", ""):
        for text in TYPED:
            here = page.evaluate("([text, unit, units]) => kx.numberOf(text, unit, units)", [text, unit, UNITS[unit]])
            try:
                there: float | None = quantity(text, unit)
            except Unreadable:
                there = None
            assert here == pytest.approx(there) if there is not None else here is None, (text, unit)
    for value in (0.0, 0.25, 12.5, 33.333333, 1234.0, 12345.6, 0.00001234, 1e9, 99999.9):
        assert page.evaluate("value => kx.shown(value)", value) == shown(value)
    page.close()
    assert problems == []


def test_without_scripts_the_page_is_whole(site: Site) -> None:
    browser = site.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site.folder / "05_local.html").as_uri())
    assert page.locator(".kx-is-question").first.inner_text().strip()
    assert page.locator(".kx-is-explorer img[alt]").count() and page.locator(".kx-is-explorer table").count()
    assert not page.locator(".kx-is-check details").first.get_by_text("Why:").is_visible(), "the answer is folded"
    context.close()


def test_the_search_finds_a_section(site: Site) -> None:
    page, problems = site.open("index")
    page.get_by_role("searchbox").fill("targets healthy")
    page.wait_for_selector(".kx-search li a")
    page.locator(".kx-search li a").first.click()
    page.wait_for_load_state()
    assert page.url.startswith("file://") and "index.html" not in page.url
    page.close()
    assert problems == []


@pytest.mark.deep
@pytest.mark.parametrize("stem", LESSONS)
def test_every_page_agrees_with_the_package(stem: str, tmp_path: Path) -> None:
    for site in site_with([stem], tmp_path, quick=False):
        data = site.folder / "assets" / f"{stem}.js"
        assert (site.folder / f"{stem}.html").stat().st_size + data.stat().st_size <= MOST_BYTES
        holds(site, stem)
        changes_are_quick(site, stem)


def changes_are_quick(site: Site, stem: str) -> None:
    """Move the last dial of each explorer, and see how long its page takes: the middle one of five counts."""
    page, _ = site.open(stem)
    for place in page.locator(".kx-is-explorer").all():
        box = place.locator(".kx-dials select, .kx-dials input[type=range]").last
        spent = box.evaluate(
            """async box => {
                const found = [], place = box.closest(".kx-is-explorer");
                for (const at of [1, 2, 1, 2, 1]) {
                  const before = place.dataset.at, start = performance.now();
                  if (box.tagName === "SELECT") box.selectedIndex = at % box.options.length;
                  else box.value = at;
                  box.dispatchEvent(new Event(box.tagName === "SELECT" ? "change" : "input"));
                  while (place.dataset.at === before && performance.now() - start < 2000) {
                    await new Promise(requestAnimationFrame);
                  }
                  found.push(performance.now() - start);
                }
                return found.sort((one, other) => one - other)[2];
            }"""
        )
        print(f"{stem}: {spent:.0f} ms")
        assert spent <= MOST_MS, f"{stem}: {spent:.0f} ms"
    page.close()
