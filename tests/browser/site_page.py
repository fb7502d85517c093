"""A page of the site in a browser, beside what the package computes: helpers of the tests, and what is measured.

    python -m tests.browser.site_page [FOLDER] [PAGE …]

prints for each page of a built site (default: all of build/site) its size, the processor time of a change of each
explorer, and what axe and the contrast of the words in drawings say at 1280 and at 390 pixels, in light and dark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sexpose.lessons.ask import Ask
from k8sexpose.lessons.forms import Blanks, Choice, Several
from k8sexpose.lessons.quantities import TWO_READINGS
from k8sexpose.lessons.sheet import FRESH, QUESTIONS
from k8sexpose.lessons.skew_and_latency.queues import Queues
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.explorers.queue_view import QueueView
from k8sexpose.widgets.flow.widget import Flow
from tests.browser import run_lessons

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from website import build, flows, states  # noqa: E402
from website.questions import card_of  # noqa: E402
from website.recorder import Shown  # noqa: E402

READY = "document.documentElement.dataset.kxState === 'ready'"
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
MOST_BYTES = 1_500_000


@dataclass
class Lesson:
    """A page with widgets: what its cells showed, and what the page got of it."""

    shown: list[Shown]
    live: build.Live

    def widgets(self, kind: type) -> list[Any]:
        """The widgets of a kind, in the order of the page."""
        return [widget for one in self.shown for widget in one.widgets if isinstance(widget, kind)]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """What the page got for the widgets of a kind."""
        return [one for one in self.live.widgets if one["kind"] == kind]


@contextmanager
def opened(context: BrowserContext, path: Path, problems: list[str], width: int = 1280) -> Iterator[Page]:
    """Open a page; everything that goes wrong on it, or is asked of somebody else, ends up in the list."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(reduced_motion="reduce")  # nobody waits for packets that fly
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith("file://") else None)
    page.goto(path.as_uri())
    page.wait_for_function(READY)
    yield page
    page.close()


def reveal(page: Page) -> None:
    """Show what waits for an answer."""
    page.evaluate("document.querySelectorAll('.kx-curtain').forEach(fold => { fold.open = true; })")


# -- explorers ---------------------------------------------------------------------------------------------------------

# The browser's own reading of a page that the package computed: what is announced, and what is a stop for the keyboard,
# is decided on the page.
PLAIN = """(node, html) => {
  const made = document.createElement("div");
  made.innerHTML = html ?? node.innerHTML;
  if (html !== null) made.querySelector("[role=status]")?.removeAttribute("role");
  for (const one of made.querySelectorAll("[tabindex]")) one.removeAttribute("tabindex");
  return made.innerHTML;
}"""
DIALS = ".kx-dials select, .kx-dials input"
WHERE = f"""node => [...node.querySelectorAll('{DIALS}')].map(
  box => box.type === 'checkbox' ? Number(box.checked) : box.selectedIndex ?? Number(box.value))"""


def moved(place: Locator, dials: list[states.Dial]) -> Iterator[tuple[int, ...]]:
    """Move the dials to both ends and the middle, one after the other; yield where they are."""
    now = list(place.evaluate(WHERE))
    yield tuple(now)
    boxes = place.locator(DIALS)
    for number, dial in enumerate(dials):
        for at in dict.fromkeys((len(dial.values) - 1, len(dial.values) // 2, 0)):
            box = boxes.nth(number)
            if dial.kind == "choice":
                box.select_option(index=at)
            elif dial.kind == "check":
                box.set_checked(bool(at))
            else:
                box.evaluate("(box, at) => { box.value = at; box.dispatchEvent(new Event('input')); }", at)
            now[number] = at
            yield tuple(now)


def shows(page: Page, place: Locator, html: str) -> None:
    """Wait until an explorer shows a page."""
    shown = place.locator(".kx-page")
    wanted = shown.evaluate(PLAIN, html)
    same = f"([node, wanted]) => ({PLAIN})(node, null) === wanted"
    page.wait_for_function(same, arg=[shown.element_handle(), wanted])


def explorers_agree(page: Page, lesson: Lesson) -> None:
    """Move every dial; the page shows what the package's explorer shows there."""
    places = page.locator(".kx-is-explorer")
    live = [one for one in lesson.widgets(Explorer) if states.dials_of(one) is not None]
    assert places.count() == len(live)
    for number, explorer in enumerate(live):
        place, dials = places.nth(number), states.dials_of(explorer)
        assert dials is not None
        for where in moved(place, dials):
            setting = states.setting_at(explorer, dials, where)
            shows(page, place, states.page_of(explorer, setting))
            if explorer.live is not None:
                explorer.live.show(setting)
                plays(page, place, explorer.live.widget)
        place.get_by_role("button", name="Reset").click()
        shows(page, place, states.page_of(explorer, explorer.first))


# -- queues ------------------------------------------------------------------------------------------------------------

STANDS_AT = 0.35  # of the stretch that is played, where the reader wants no motion


def waiting(view: QueueView) -> str:
    """Return what a screen reader says of the queues at that moment."""
    counts: dict[str, int] = {}
    for row in view.rows:
        at = STANDS_AT * row["window"]
        waits = sum(arrives <= at < begins for arrives, begins, _ in row["requests"])
        counts[row["policy"]] = counts.get(row["policy"], 0) + waits
    said = ", ".join(f"{policy}: {count}" for policy, count in counts.items())
    return f"Queues before the Pods at one moment; requests that wait: {said}."


def plays(page: Page, place: Locator, view: QueueView) -> None:
    """Wait until the queues of a place are those of the widget."""
    canvas = place.locator(".kx-queue canvas").element_handle()
    page.wait_for_function("([node, said]) => node.getAttribute('aria-label') === said", arg=[canvas, waiting(view)])


def queues_agree(page: Page, lesson: Lesson) -> None:
    """The queues of one Pod are those that the package computed."""
    places, live = page.locator(".kx-is-queues"), lesson.widgets(Queues)
    assert places.count() == len(lesson.data("queues")) == len(live)
    for number, widget in enumerate(live):
        plays(page, places.nth(number), widget.moving)


# -- the visualizer ----------------------------------------------------------------------------------------------------


@dataclass
class Pair:
    """A visualizer on the page, and the package's own widget; what is done to one is done to the other."""

    place: Locator
    flow: Flow
    waits: tuple[int, ...]  # how the clock goes on after each click: 10 or 60 seconds each

    def same(self, what: str) -> None:
        """The page shows the nodes, the Pods, the whole path, the news and the shares that the widget shows."""
        words = "all => all.map(one => one.getAttribute('aria-label'))"
        picture = self.flow.scene["picture"]
        here = self.place.locator("svg [data-act]").evaluate_all(words)
        assert here == [element[2]["aria-label"] for element in _within(picture) if "data-act" in element[2]], what
        drawn = [_drawn(element) for element in _within(picture) if element[0] in ("text", "path")]
        assert self.place.locator(".kx-drawing").first.evaluate(DRAWN) == drawn, what
        news = self.flow.scene["news"]
        assert self.place.locator(".kx-news").inner_text() == news, what
        if "shares" in self.flow._controls:
            shares = self.place.locator(".kx-shares tbody td:last-child").all_inner_texts()
            assert shares == [share["text"] for share in self.flow.scene["shares"]], what

    def click(self, kind: str, name: str) -> None:
        """Click a node or a Pod, and let the clock run."""
        self.place.locator(f'svg [data-key="{kind}:{name}"]').dispatch_event("click")
        self.flow._on_message(self.flow, {"do": kind, "name": name})
        self.same(f"{kind} {name}")
        for count, seconds in enumerate(self.waits if "clock" in self.flow._controls else (), 1):
            self.place.get_by_role("button", name=f"+{seconds} s").click()
            self.flow._on_message(self.flow, {"do": "advance", "seconds": seconds})
            self.same(f"{sum(self.waits[:count])} s after {kind} {name}")

    def take(self, way: int) -> None:
        """Choose a path."""
        self.place.locator(".kx-ways select").select_option(str(way))
        self.flow._on_message(self.flow, {"do": "way", "index": way})
        self.same(f"path {way}")

    def choose(self, policy: str) -> None:
        """Choose a policy."""
        self.place.locator(f'[data-policy="{policy}"]').click()
        self.flow._on_message(self.flow, {"do": "policy", "policy": policy})
        self.same(policy)


def _within(element: Any) -> Iterator[Any]:
    """Yield an element of a drawing, and all that it holds."""
    yield element
    for child in element[3] if not isinstance(element[3], str) else ():
        yield from _within(child)


def _drawn(element: Any) -> str:
    """Return the words of a text, or the course of a line."""
    return str(element[2]["d"] if element[0] == "path" else element[3] or "")


# The same of the first drawing, which is the picture; the second holds the bars alone.
DRAWN = """node => [...node.querySelector("svg").querySelectorAll("text, path")]
  .map(one => one.getAttribute("d") ?? one.textContent)"""


def flows_agree(page: Page, lesson: Lesson, waits: tuple[int, ...] = (10,) * 10) -> None:
    """Click what can be clicked, alone and with the next one, in the page and in the widget."""
    places, live = page.locator(".kx-is-flow"), lesson.widgets(Flow)
    assert places.count() == len(lesson.data("flow")) == len(live)
    for number, original in enumerate(live):
        place = places.nth(number)
        kind = flows.Timeless if "clock" in original._controls else Flow
        flow = kind(original.cluster.copy(), original._question, original.route, original._controls)
        flow.width = flows.WIDTHS[0] if place.evaluate("node => node.clientWidth") >= 720 else flows.WIDTHS[1]
        pair = Pair(place, flow, waits)
        pair.same("at first")
        keys = place.locator("svg [data-act]").evaluate_all("all => all.map(one => one.dataset.key)")
        acts = [tuple(key.split(":", 1)) for key in keys]
        for one, other in zip(acts, [*acts[1:], *acts[:1]], strict=True):
            for act in (one, other, other, one) if one != other else (one, one):
                pair.click(*act)
        for policy in flow.scene["policies"] if "policy" in flow._controls else ():
            pair.choose(policy)
        for way in range(len(flow.scene["ways"])) if "path" in flow._controls else ():
            pair.take(way)
        if "send" in flow._controls:
            place.get_by_role("button", name="Send 100").click()
            place.locator(".kx-shares caption").filter(has_text="100 sent").wait_for()


# -- questions ---------------------------------------------------------------------------------------------------------


def tries(form: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is ticked (a number of an option) or typed (a text for each box), and the answer that it is."""
    if isinstance(form, Choice):
        yield from enumerate(form.options)
    elif isinstance(form, Several):
        yield from ((k, frozenset(form.options[: k + 1])) for k in range(len(form.options)))
    else:
        blanks = isinstance(form, Blanks)
        exact = right if blanks else (right,)
        for typed in ([written(one) for one in exact], [written(one / 2) for one in exact], ["1"] * len(exact)):
            yield typed, form.read(typed if blanks else typed[0])


def written(number: float) -> str:
    """Write a number as a learner does; with three decimals it could be one in thousands, and would be asked about."""
    text = f"{number:g}"
    return f"{number:.2f}" if TWO_READINGS.fullmatch(text) else text


def answer(place: Locator, said: Any) -> None:
    """Answer a question, and keep the answer."""
    change = place.get_by_role("button", name="Change")
    if change.is_visible():
        change.click()
    if isinstance(said, int):
        place.locator("input").nth(said).check()
    else:
        for number, text in enumerate(said):
            place.locator("input").nth(number).fill(text)
    place.get_by_role("button", name="Keep my answer").click()


def questions_agree(page: Page, lesson: Lesson, most: int = 99) -> None:
    """Try answers to every question; the card says what `check` says."""
    places, data = page.locator(".kx-is-question"), lesson.data("question")
    asked = [one.question.id for one in lesson.widgets(Ask)]
    assert [one["id"] for one in data] == asked == [*dict.fromkeys(asked)]
    clusters = {checked.id: checked.cluster for one in lesson.shown for checked in one.checked}
    cards = {
        lesson.live.widgets[int(node.get_attribute("data-kx") or 0)]["id"]: node.get_by_role("status")
        for node in page.locator(".kx-is-check").all()
    }
    # Questions of a pair wait for each other: each has an answer, which nobody counts.
    page.evaluate(
        "ids => localStorage.setItem('k8sexpose:answers', JSON.stringify("
        "Object.fromEntries(ids.map(id => [id, {draft: [''], tries: 0}]))))",
        asked,
    )
    words = "(node, html) => { const made = document.createElement('div'); made.innerHTML = html; return made.textContent; }"
    for number, one in enumerate(data):
        question = QUESTIONS[one["id"]]
        if question.id not in cards:
            continue
        right, yours = question.solve(clusters.get(question.id))
        note = "" if yours or not clusters.get(question.id) else FRESH
        card = cards[question.id]
        for count, (said, given) in enumerate(list(tries(question.form, right))[:most], 1):
            answer(places.nth(number), said)
            told = not one["tries"] or count >= one["tries"]
            wanted = card.evaluate(words, card_of(question, given, right, note, told=told)._repr_html_())
            same = "([node, wanted]) => node.textContent === wanted"
            page.wait_for_function(same, arg=[card.element_handle(), wanted])
            places.nth(number).get_by_text(f"Kept: {question.show(given)}", exact=True).wait_for()


# -- what is measured --------------------------------------------------------------------------------------------------


def faults(page: Page) -> list[Any]:
    """What axe finds on a page as it is now, of whatever impact."""
    import axe_playwright_python

    page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(
        """async () => (await axe.run({preload: false})).violations
            .map(v => [v.id, v.help, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""
    )
    return found


# axe does not look into drawings. A word's ground is the nearest filled shape below its middle, else the page.
FAINT_WORDS = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((one, k) => one * a + below[k] * (1 - a));
  const light = (color) => color.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const page = rgb(getComputedStyle(document.body).backgroundColor);
  const found = [];
  for (const word of document.querySelectorAll("main svg text")) {
    if (!word.textContent.trim() || !word.checkVisibility()) continue;
    const box = word.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    let ground = page;
    for (const shape of word.ownerSVGElement.querySelectorAll("rect, circle, path, polygon")) {
      if (shape.compareDocumentPosition(word) & Node.DOCUMENT_POSITION_PRECEDING || !shape.checkVisibility()) continue;
      const style = getComputedStyle(shape), around = shape.getBoundingClientRect();
      if (style.fill === "none" || style.fill.startsWith("url") || shape.closest("defs")) continue;
      if (x < around.x || x > around.right || y < around.y || y > around.bottom) continue;
      const [r, g, b, a = 1] = rgb(style.fill);
      ground = over([r, g, b, a * style.fillOpacity * style.opacity], ground);
    }
    const style = getComputedStyle(word), [r, g, b, a = 1] = rgb(style.fill);
    const ink = over([r, g, b, a * style.fillOpacity * style.opacity], ground);
    const [low, high] = [light(ink), light(ground)].sort((one, other) => one - other);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push([word.textContent, ratio.toFixed(2), style.fill, ground.map(Math.round).join()]);
  }
  return found;
}"""

# The last control goes to and fro between its first two values; a change is over when the explorer shows another page.
CHANGES = """async (place, count) => {
  const box = [...place.querySelectorAll(".kx-dials select, .kx-dials input[type=range]")].at(-1);
  const name = box.tagName === "SELECT" ? "selectedIndex" : "value";
  for (let k = 0; k < count; k++) {
    const before = place.dataset.at;
    box[name] = Number(box[name]) === 0 ? 1 : 0;
    box.dispatchEvent(new Event(box.tagName === "SELECT" ? "change" : "input"));
    while (place.dataset.at === before) await new Promise(requestAnimationFrame);
  }
}"""


def milliseconds(page: Page, place: Locator, count: int = 10) -> float:
    """How long the page's own thread works for a change of an explorer, whatever else the machine does meanwhile."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    before = spent_s()
    place.evaluate(CHANGES, count)
    return 1000 * (spent_s() - before) / count


def looks(page: Page) -> Iterator[tuple[str, list[Any]]]:
    """Yield what axe and the contrast of drawings find, at each width and in each theme; what is folded is opened."""
    reveal(page)
    page.evaluate("document.querySelectorAll('main details').forEach(fold => { fold.open = true; })")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)  # the visualizer is laid out anew
        wide = page.evaluate("document.documentElement.scrollWidth")
        yield f"{width} px", [["scrolls sideways", wide]] if wide > width else []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            yield f"{width} px, {scheme}", [*faults(page), *page.evaluate(FAINT_WORDS)]


def main(arguments: list[str]) -> int:
    """Measure the pages of a built site."""
    folder = Path(arguments[0]) if arguments else ROOT / "build/site"
    stems = arguments[1:] or sorted(path.stem for path in folder.glob("*.html"))
    bad = 0
    with run_lessons.browser() as context:
        for stem in stems:
            data, problems = folder / "assets" / f"{stem}.js", list[str]()
            size = (folder / f"{stem}.html").stat().st_size + (data.stat().st_size if data.exists() else 0)
            with opened(context, folder / f"{stem}.html", problems) as page:
                reveal(page)
                took = [round(milliseconds(page, place)) for place in page.locator(".kx-is-explorer").all()]
                found = [f"{where}: {fault}" for where, faults in looks(page) for fault in faults]
            said = f"changes {', '.join(map(str, took))} ms" if took else "no explorer"
            print(f"{stem}: {size // 1000} kB, {said}, {len(found) + len(problems)} faults", flush=True)
            print("".join(f"    {line}\n" for line in (*found, *problems)), end="", flush=True)
            bad += len(found) + len(problems) + (size > MOST_BYTES)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
