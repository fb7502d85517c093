"""Make the site: the pages of tools/pages.py, each with what its widgets need to live without a kernel."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import course
import pages
from nbformat import NotebookNode

from k8sexpose.lessons.ask import Ask
from k8sexpose.lessons.sheet import QUESTIONS, find
from k8sexpose.lessons.skew_and_latency.queues import Queues
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.flow.widget import Flow
from notebooks import notebooks_in, read

from . import reference
from .flows import flow_data
from .packing import packed
from .questions import question_data, veiled
from .recorder import Shown, play
from .search_index import index_script
from .states import explorer_data, queue_data

__all__ = ["Live", "build", "live_of", "main", "write"]

ASSETS = "assets"
HERE = Path(__file__).parent
PACKAGE = pages.ROOT / "k8sexpose"
QUEUES = PACKAGE / "widgets/explorers/queue_view"
MODULES = {
    "flow": PACKAGE / "widgets/flow/flow.js",
    "ask": PACKAGE / "lessons/ask.js",
    "queues": QUEUES.with_suffix(".js"),
}
SCRIPTS = ("search.js", "progress.js", "site.js")  # the last one begins
FOLDED = re.compile(r"<details><summary>Answer</summary>.*?</details>", re.DOTALL)  # below the form of a question
STYLES = (PACKAGE / "lessons/ask.css", QUEUES.with_suffix(".css"), HERE / "site.css")


@dataclass
class Live:
    """What lives on one page: data for site.js, and where each of them is in the notebook."""

    widgets: list[dict[str, Any]] = field(default_factory=list)
    places: dict[tuple[int, int], list[tuple[int, str]]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    where: str = ""  # links to where a widget lives that cannot live here

    def add(self, place: tuple[int, int], data: dict[str, Any]) -> None:
        """Put a widget at an output: cell and number."""
        self.places.setdefault(place, []).append((len(self.widgets), data["kind"]))
        self.widgets.append(data)

    def html(self, cell: int, number: int, still: str) -> str | None:
        """Return the still form with a place for the live one; None where nothing lives."""
        found = self.places.get((cell, number))
        if not found:
            return None
        ((widget, kind),) = found[:1]
        if kind == "still":
            words = "This is a picture: the widget takes what you type, or has more settings than a page can hold."
            return f'{still}<p class="kx-left">{words} {self.where}</p>'
        if kind == "question" and self._checks(self.widgets[widget]["id"]):
            still = FOLDED.sub("", still)  # it is at the check, after what the cells show
        if kind == "check":
            still = f'<details class="answer"><summary>The answer, and why</summary>{veiled(still)}</details>'
        return f'<div class="kx-live kx-is-{kind}" data-kx="{widget}">{still}</div>'

    def _checks(self, id: str) -> bool:
        """Return whether the page has a check of a question."""
        return any(one["kind"] == "check" and one["id"] == id for one in self.widgets)

    @property
    def script(self) -> str:
        """The page's data, as a script that works from file:// too."""
        text = json.dumps({"widgets": self.widgets}, ensure_ascii=False, separators=(",", ":"))
        return f"(window.kx = window.kx || {{}}).data = {text};\n"


def _data_of(widget: Any) -> dict[str, Any] | None:
    if isinstance(widget, Explorer):
        return explorer_data(widget)
    if isinstance(widget, Queues):
        return {"kind": "queues", "data": packed(queue_data(widget.moving))}
    return flow_data(widget) if isinstance(widget, Flow) else None


def _outputs(cell: NotebookNode, words: str) -> list[int]:
    """Return the numbers of the outputs whose plain text is that of a widget."""
    return [k for k, out in enumerate(cell.outputs) if out.get("data", {}).get("text/plain", "").strip() == words]


def live_of(nb: NotebookNode, shown: list[Shown] | None = None) -> Live:
    """Run a solution, unless that has been done, and compute what its widgets need."""
    live, shown = Live(), shown or play(nb)
    asked = {w.question.id for one in shown for w in one.widgets if isinstance(w, Ask)}
    judged = _judged(shown, asked)
    taken: set[tuple[int, int]] = set()
    for number, (cell, one) in enumerate(zip(nb.cells, shown, strict=True)):
        for widget in one.widgets:
            if isinstance(widget, Ask):
                data, words = judged.get(widget.question.id), None
            else:
                data, words = _data_of(widget), repr(widget)
            places = [k for k, out in enumerate(cell.outputs) if "text/html" in out.get("data", {})]
            places = _outputs(cell, words) if words else places
            free = [(number, k) for k in places if (number, k) not in taken]
            if data is None or not free:
                live.left_out.append(repr(widget).split("\n")[0][:60])
            if free:
                taken.add(free[0])
                live.add(free[0], data or {"kind": "still"})
        if cell.source.strip() == "progress()" and cell.outputs:
            live.add((number, 0), {"kind": "progress", "lessons": _asked_in_lessons()})
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("solution"):
            for checked in one.checked:
                card = [(number, k) for k, out in enumerate(cell.outputs) if "text/html" in out.get("data", {})]
                if judged.get(checked.id) and len(one.checked) == 1 and card and card[-1] not in taken:
                    taken.add(card[-1])
                    live.add(card[-1], {"kind": "check", "id": checked.id})
    return live


def _asked_in_lessons() -> list[tuple[str, str, list[str]]]:
    """Return each lesson and leaflet with the questions that its text asks: file, title, names of the questions."""
    found = []
    for part in course.parts():
        ids = [id for cell in part.nb.cells for id in course.asks(cell)]
        if ids:
            found.append((f"{part.stem}.html", part.title, ids))
    return found


def _judged(shown: list[Shown], asked: set[str]) -> dict[str, dict[str, Any]]:
    """Return the data of each question that is asked, judged on the cluster on which the lesson checks it."""
    clusters = {}
    for one in shown:
        for checked in one.checked:
            question = find(checked.id)
            clusters.setdefault(getattr(question, "id", checked.id), checked.cluster)
    found = {id: question_data(QUESTIONS[id], clusters.get(id)) for id in sorted(asked) if id in QUESTIONS}
    return {id: data for id, data in found.items() if data is not None}


def lesson(path: Path) -> tuple[Path, Live, float]:
    """Compute one lesson; runs in a process of its own."""
    start = time.perf_counter()
    return path, live_of(read(path)), time.perf_counter() - start


def module(name: str, path: Path) -> str:
    """Return a widget's own script as a plain one: a module cannot be loaded from file://."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^export default ", "exported.default = ", text, flags=re.MULTILINE)
    text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    return f"window.kx.modules.{name} = (() => {{\nconst exported = {{}};\n{text}\nreturn exported.default;\n}})();\n"


def scripts() -> str:
    """Return the one script of the site."""
    modules = "".join(module(name, path) for name, path in MODULES.items())
    own = "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f"(window.kx = window.kx || {{}}).modules = {{}};\n{modules}{own}"


def styles() -> str:
    """Return the style of the widgets: their own, and that of the page's controls."""
    return "\n".join([Flow._css, *(path.read_text(encoding="utf-8") for path in STYLES)])


def build(folder: Path, lite: bool = False, only: str = "", processes: int = 2) -> list[str]:
    """Write the site; return what makes it unfit to publish."""
    solutions = [path for path in notebooks_in(pages.SOLUTIONS) if only in path.stem]
    lives: dict[str, Live] = {}
    with ProcessPoolExecutor(processes) as pool:
        # The longest lessons are those with the explorers; the order is that of the course all the same.
        for path, live, took_s in pool.map(lesson, solutions):
            lives[path.stem] = live
            left = f"; as pictures: {', '.join(live.left_out)}" if live.left_out else ""
            print(f"{path.stem}: {len(live.widgets)} live, {len(live.script) // 1024} kB, {took_s:.1f} s{left}")
    return write(folder, lives, lite)


def write(folder: Path, lives: dict[str, Live], lite: bool = False, api: bool = True) -> list[str]:
    """Write the pages, and what lives on them; return what makes them unfit to publish."""
    rendered = pages.render(lite, lives, api and reference.made(folder))
    put(folder, rendered, lives)
    return [*pages.problems(rendered), *reference.dead_links(folder.resolve())]


def put(folder: Path, rendered: dict[str, str], lives: dict[str, Live]) -> None:
    """Write pages, and beside them what they load."""
    assets = folder / ASSETS
    shutil.rmtree(assets, ignore_errors=True)
    pages.write(folder, rendered)
    assets.mkdir(parents=True)
    texts = {"site.js": scripts(), "site.css": styles(), "index.js": index_script(rendered)}
    for name, text in (texts | {f"{stem}.js": live.script for stem, live in lives.items()}).items():
        (assets / name).write_text(text, encoding="utf-8", newline="\n")


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lite", action="store_true", help="JupyterLite is published beside the pages")
    parser.add_argument("--only", default="", help="only lessons with this in their name are live")
    parser.add_argument("folder", nargs="?", type=Path, default=pages.ROOT / "build/site")
    options = parser.parse_args(argv)
    start = time.perf_counter()
    found = build(options.folder, options.lite, options.only)
    print("\n".join(found) or f"{options.folder}: no problem, {time.perf_counter() - start:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
