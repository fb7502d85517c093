"""Render the lessons as static pages, from the solutions, for readers without a kernel.

    python tools/pages.py [FOLDER]      write the pages into FOLDER (default: build/pages)
    python tools/pages.py --check       render, write nothing; fail where a page is not fit to publish

A page is one file that needs no script and no other host. It is light or dark as its reader's browser is. What the
student is to find out stands folded under "The answer". `tools/make_site.py` adds what makes the widgets live.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tomllib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from nbconvert.filters import Highlight2HTML, ansi2html, markdown2html
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course
from course import Part

from notebooks import ROOT, SOLUTIONS, STUDENTS, notebooks_in, student

LITE = "lite"  # where the workflow puts JupyterLite, beside the pages
PICTURE = "visualizer.svg"
# Capitals: the last lesson leaves a my-report.md.
_GUIDES = (*STUDENTS.glob("[A-Z]*.md"), *SOLUTIONS.parent.glob("[A-Z]*.md"), ROOT / "docs" / "ACCESSIBILITY.md")
GUIDES = tuple(sorted(_GUIDES, key=lambda path: path.name))
# Widgets leave their still form as text/html; Markdown comes before plain text.
PRIORITY = ("text/html", "text/markdown", "text/plain")
LINK = re.compile(r'(<a href=")(?:\.\./|notebooks/|instructor/|solutions/|leaflets/)*([\w-]+)\.(?:ipynb|md)(#[^"]*)?"')
# A link that is called by a file's name is called by the page's.
FILE_NAME = re.compile(r"(?<=>)([A-Z]+\.md)(?=</a>)")
CALLED = {"ANSWERS.md": "answer key", "GLOSSARY.md": "glossary", "INSTRUCTORS.md": "page for instructors"}
BOX = '<div class="scroll" tabindex="0" role="group" aria-label="Table">'
PICTURE_BOX = '<span class="scroll picture" tabindex="0" role="group" aria-label="Picture">'  # a paragraph may hold it
REFERENCE = {"api/k8sexpose": "Reference of the package"}  # made by pdoc; see tools/website/reference.py
ANCHOR = 'tabindex="-1" aria-label="Link to this section"'
# A card of `check`: its verdict, and the answer that the solution gives.
VERDICT = re.compile(r"<p\b[^>]*><strong>✓ Right\.</strong></p>")
GIVEN = re.compile(r"<p\b[^>]*><strong>Your answer:</strong>.*?</p>", re.DOTALL)
COLUMNS = re.compile(r"^(?:[A-Z()-]+ {2,}){2,}[A-Z()-]+ *$", re.MULTILINE)  # the head of a table of kubectl
RESERVED = "# Reserved for the instructor's tests"
SOLUTION = re.compile(r"^### BEGIN SOLUTION\n(.*?)^### END SOLUTION", re.DOTALL | re.MULTILINE)
UNCOUNTED = "<p>In the notebook, this cell says how many questions you have answered, and which of them are open.</p>"
IN_MIND = """<p><em>On this page nothing is run. Where an exercise asks you to write or to run something, think of your
answer first, and then open “The answer”: it holds the lines to write, and what the cell then says.</em></p>"""
# Titles of pages for instructors, whose own titles do not say so; these pages come last.
FOR_INSTRUCTORS = {"INSTRUCTORS": "", "ANSWERS": "Answer key"}
UNLISTED = ("ANSWERS",)  # the page for instructors leads there: a student does not come upon it
highlight = Highlight2HTML(pygments_lexer="ipython3")


def tidy(html: str) -> str:
    """Return an output as a page of many outputs wants it.

    Boxes that scroll are groups: as regions they would all be landmarks with one name. An empty heading is a cell.
    """
    html = html.replace('<div tabindex="0" role="region"', '<div class="scroll" tabindex="0" role="group"')
    html = html.replace('<pre tabindex="0" role="region"', '<pre tabindex="0" role="group"')
    return re.sub(r"<th\b[^>]*></th>", "<td></td>", html)


def scrolling(html: str) -> str:
    """Return a page whose listings, tables and pictures can be scrolled with the keyboard, where they are too wide."""
    html = re.sub(r"<pre(?=>)", '<pre tabindex="0" role="group" aria-label="Listing"', tidy(html))
    html = re.sub(r"<img\b[^>]*>", rf"{PICTURE_BOX}\g<0></span>", html)
    # Tables of the course's own bring such a region along.
    parts = re.split(r'(<div class="scroll" tabindex="0"[^>]*>.*?</table>)', html, flags=re.DOTALL)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(r"<table\b", rf"{BOX}<table", parts[k]).replace("</table>", "</table></div>")
    return "".join(parts)


def linked(html: str) -> str:
    """Links to lessons, leaflets and guides lead to their pages, which lie in one folder."""
    known = {path.stem for path in (*notebooks_in(SOLUTIONS), *GUIDES)}

    def page(match: re.Match[str]) -> str:
        return f'{match[1]}{match[2]}.html{match[3] or ""}"' if match[2] in known else match[0]

    return FILE_NAME.sub(lambda match: CALLED.get(match[1], match[0]), LINK.sub(page, html))


def prose(source: str) -> str:
    """Markdown as HTML; the sign at a heading is for the mouse: a keyboard would stop at each."""
    html = markdown2html(source).replace('<a class="anchor-link"', f'<a class="anchor-link" {ANCHOR}')
    return scrolling(linked(html))


def hanging(line: str) -> str:
    """A line whose rest hangs below its first word, where it wraps."""
    blanks = len(line) - len(line.lstrip(" "))
    style = f' style="--blanks: {blanks}"' if blanks else ""
    return f'<span class="line"{style}>{line}\n</span>'


def printed(text: str) -> str:
    """What a cell printed, each line a block of its own: one that is too long wraps, and hangs."""
    html = str(ansi2html(text.rstrip("\n")))
    if COLUMNS.search(text):  # a table whose lines wrap has no columns: it scrolls
        return scrolling(f"<pre>{html}</pre>").replace("<pre", '<pre class="columns"')
    if "<span" not in html:  # the colours of a terminal may go on in the next line
        html = "".join(map(hanging, html.split("\n")))
    return scrolling(f"<pre>{html}</pre>")


def unanswered(html: str) -> str:
    """A card of `check` for a reader who has answered nothing: it calls nothing right, and says what is correct."""
    if not VERDICT.search(html):
        return html
    known = "<strong>Correct answer:" in html
    html = GIVEN.sub("" if known else lambda found: found[0].replace("Your answer", "Correct answer"), html)
    return VERDICT.sub("", html)


def output(out: NotebookNode) -> str:
    """What a cell left, in the richest form that needs no kernel."""
    if out.output_type == "stream":
        return printed(out.text)
    for kind in PRIORITY:
        if kind in out.get("data", ()):
            value = out.data[kind]
            if kind == "text/html":
                return f"<div>{scrolling(linked(unanswered(value)))}</div>"
            return prose(value) if kind == "text/markdown" else printed(value)
    return ""


def answer_of(source: str) -> str:
    """The lines of a solution that answer; all of them where it has no such marks."""
    inside = SOLUTION.search(source)
    return (inside[1] if inside else source).strip("\n")


def curtain(summary: str, waits_for: list[str], html: str) -> str:
    """What would answer a question, folded until its reader has answered."""
    ids = escape(" ".join(waits_for))
    what = "question" if len(waits_for) == 1 else "questions"
    fold = f'<details class="kx-curtain" data-kx-ids="{ids}">'
    return f"{fold}<summary>{summary} (first answer the {what} above)</summary>{html}</details>"


def code(cell: NotebookNode, asked: NotebookNode, results: list[str], waits_for: list[str]) -> str:
    """A code cell. `asked` is the same cell as the student gets it; `waits_for`: questions that its results answer."""
    kept_for_tests = asked.source.startswith(RESERVED)
    shown = scrolling(highlight(asked.source)) if asked.source.strip() and not kept_for_tests else ""
    found = f'<div class="output">{"".join(results)}</div>' if any(results) else ""
    if cell.metadata.get("nbgrader", {}).get("solution"):
        answer = scrolling(highlight(answer_of(cell.source)))
        return f'{shown}<details class="answer"><summary>The answer</summary>{answer}{found}</details>'
    return shown + (curtain("What this cell shows", waits_for, found) if found and waits_for else found)


def body(nb: NotebookNode, live: Any = None) -> str:
    """The cells of a notebook; `live`: what tools/website computed for its widgets."""
    checked = {id for cell in nb.cells for id in course.checks(cell)}
    parts, waiting = [], []
    for number, (cell, asked) in enumerate(zip(nb.cells, student(nb).cells, strict=True)):
        if cell.cell_type == "markdown":
            text = prose(cell.source) + (IN_MIND if cell.source.startswith("## Exercises") else "")
            opens = f'<details data-kx-opens="{escape(" ".join(waiting))}">' if waiting else "<details>"
            text = text.replace("<details>", opens)
            # Where to look says often what is to be seen.
            seen = waiting and cell.source.startswith("**See.**")
            parts.append(curtain("What to look at", waiting, f"<div>{text}</div>") if seen else text)
            continue
        asks, checks = course.asks(cell), course.checks(cell)
        waiting = [id for id in [*waiting, *asks] if id in checked and id not in checks]
        counted = cell.source.strip() == "progress()"
        stills = [UNCOUNTED if counted else output(out) for out in cell.outputs]
        results = [(live and live.html(number, k, still)) or still for k, still in enumerate(stills)]
        parts.append(code(cell, asked, results, [] if asks or checks else waiting))
    return "\n".join(parts)


def title(source: str) -> str:
    return source.split("\n")[0].lstrip("# ")


def titles(reference: bool = False) -> dict[str, str]:
    """The pages of the site, in the order of the course, and what each is called."""
    lessons = {part.stem: part.title for part in course.parts()}
    guides = {path.stem: title(path.read_text(encoding="utf-8")) for path in GUIDES}
    named = {name: FOR_INSTRUCTORS.get(name) or called for name, called in guides.items()}
    return lessons | named | (REFERENCE if reference else {})


def groups(names: dict[str, str]) -> dict[str, list[str]]:
    """The pages by kind: lessons, leaflets, and what else there is."""
    lessons, leaflets = ([part.stem for part in some] for some in (course.lessons(), course.leaflets()))
    more = [name for name in names if name not in {*lessons, *leaflets, *FOR_INSTRUCTORS}]
    instructors = [name for name in FOR_INSTRUCTORS if name in names and name not in UNLISTED]
    return {"Lessons": lessons, "Leaflets": leaflets, "More": more, "For instructors": instructors}


def menu(stem: str, names: dict[str, str]) -> str:
    """The contents of the site, folded, with this page marked."""
    lists = []
    for group, members in groups(names).items():
        links = [
            f'<li><a href="{name}.html"{" aria-current=page" if name == stem else ""}>'
            f"{f'{name[:2]} ' if group == 'Lessons' else ''}{escape(names[name])}</a></li>"
            for name in members
        ]
        lists.append(f"<h2>{group}</h2><ul>{''.join(links)}</ul>" if links else "")
    return f'<details><summary>Contents</summary><div class="menu">{"".join(lists)}</div></details>'


def neighbours(stem: str, names: dict[str, str]) -> str:
    """Links to the lesson before and the one after."""
    order = groups(names)["Lessons"]
    if stem not in order:
        return ""
    at = order.index(stem)
    links = [f'<a href="{order[at - 1]}.html">← {escape(names[order[at - 1]])}</a>'] if at else []
    links += [f'<a href="{order[at + 1]}.html">{escape(names[order[at + 1]])} →</a>'] if at + 1 < len(order) else []
    return f'<nav class="neighbours" aria-label="Next and previous lesson">{" ".join(links)}</nav>'


def page(stem: str, names: dict[str, str], main: str, run: str = "", *, live: bool = False, data: bool = False) -> str:
    """The frame around a page; `live`: with the site's script, `data`: and what it needs for this page."""
    style = (ROOT / "tools/pages.css").read_text(encoding="utf-8")
    scripts = f'<script defer src="assets/{stem}.js"></script>\n' if data else ""
    head = f'<link rel="stylesheet" href="assets/site.css">\n{scripts}<script defer src="assets/site.js"></script>\n'
    search = '<div class="kx-search" data-kx-search="assets/index.js"></div>' if live else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(names.get(stem, "How does a request from the internet reach a Pod?"))}</title>
<style>
{style}</style>
{head if live else ""}</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><nav aria-label="Pages"><a href="index.html">k8sexpose: start page</a>{menu(stem, names)}</nav>
{search}{run}</header>
<main id="main">
{main}
</main>
{neighbours(stem, names)}
<footer>Text and figures: CC BY 4.0. Code: MIT. Prices are list prices, each with its date.</footer>
</body>
</html>
"""


WORKS = """<span class="kx-scripts">The widgets and questions of this page work, and what a cell prints is below it
already: where the text asks you to run a cell, read on. Your answers are kept in this browser; a button at the foot of
the page forgets them. </span>"""
STILL = (
    "Scripts are off, so this page is a printout: what a sentence asks you to press, drag or click is a still picture "
    "here, and the answers are folded. "
)


def needs(project: dict[str, Any]) -> str:
    """What a downloaded notebook needs, and where that is had; before the course has a home, from whoever has it."""
    source = project.get("urls", {}).get("Source")
    if not source:
        return (
            "where the course's package is installed. In the course's folder, which you get from whoever gave you "
            "these pages, <code>make lab</code> installs it and opens all lessons"
        )
    return (
        f'where the course\'s package is installed: <code>pip install "k8sexpose[lab]"</code>, and then '
        f'<code>k8sexpose lab</code> opens all lessons (<a href="{escape(source)}">more ways to start</a>)'
    )


NEEDS = needs(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def lesson(part: Part, names: dict[str, str], lite: bool, live: Any = None) -> str:
    """The page of a lesson or leaflet; its first lines say what works on it, and where the rest does."""
    works = f"{WORKS}<noscript>{STILL}</noscript>" if live and live.widgets else "This page is a printout. "
    where = f'<a href="notebooks/{part.name}.ipynb" download>download the notebook</a> (a right click saves it)'
    where += f", and open it in JupyterLab {NEEDS}"
    there = f"{LITE}/lab/index.html?path={part.name}.ipynb"
    if lite:
        here = f'<a href="{there}">open it in JupyterLite</a>'
        where = f"{here}, which runs Python in your browser and needs no installation, or {where}"
    run = f'<p id="run">{works}Its code does not run here. To run and change it, {where}.</p>'
    if live:
        live.where = 'It works in the notebook: <a href="#run">how to open it</a>.'
        if lite:
            live.where = f'It works in the notebook: <a href="{there}">open it in JupyterLite</a>.'
    scripts = live is not None
    kind = '<p class="kind">Leaflet</p>' if part.leaflet else f'<p class="kind">Lesson {part.number}</p>'
    return page(part.stem, names, f"{kind}\n{body(part.nb, live)}", run, live=scripts, data=scripts)


def listed(rows: Iterable[tuple[str, str, str]]) -> str:
    """A list of pages: file name, title, and a line on it, as HTML."""
    items = (f'<li><b><a href="{name}.html">{escape(title)}</a></b>{line}</li>' for name, title, line in rows)
    return f'<ul class="lessons">{"".join(items)}</ul>'


def learnt(part: Part) -> str:
    """The objectives of a lesson in one sentence: its question says nothing to those who have not begun it."""
    items = re.findall(r"^- \*\*(\w+)\*\*(.*?)\.?$", course.section(part.text, "Objectives"), re.MULTILINE)
    said = "; ".join(f"{verb.lower()}{rest}" for verb, rest in items)
    return re.sub("</?p>", "", markdown2html(f"You learn to {said}.")).strip()


WHAT = """<h1>How does a request from the internet reach a Pod?</h1>
<p>A course for those who know what a container, an IP address and a port are, and can read simple Python. Pod, Service
and NAT are taught in <a href="00_start_here.html">lesson 0</a>, so start there. The lessons build on each other. No
cluster, no cloud account and no installation are needed, and nothing costs money.</p>"""
LIVELY = """<p>On these pages you answer the questions and use the pictures in your browser. Each lesson is also a
Jupyter notebook, in which you can run and change the code; its page says how to open it. Everything is computed by a
model of Kubernetes that was checked against the real programs.</p>"""
STILLS = """<p>These pages are printouts of Jupyter notebooks, in which you can run and change the code; each page says
how to open its notebook. Everything is computed by a model of Kubernetes that was checked against the real
programs.</p>"""
ASIDE = "The course in one picture (it answers questions of lessons 1 and 4: open it now only if you know them)"
CAPTION = """One request, step by step: from a client on the internet through a load balancer, a node and the rules on
it to a Pod. You learn the words of this picture in lessons 0 to 4."""


def index(names: dict[str, str], live: bool = False, lite: bool = False) -> str:
    """The first page: what the course is, its picture, its lessons and leaflets, its guides."""
    lessons = listed(
        (part.stem, f"Lesson {part.number}: {part.title}", f"{part.minutes} minutes. {learnt(part)}")
        for part in course.lessons()
    )
    leaflets = listed((part.stem, part.title, escape(part.question)) for part in course.leaflets())
    here = f'<a href="{LITE}/index.html">JupyterLite</a>, which runs Python in your browser: nothing is installed'
    run = f"<p>To run and change the lessons, open them in {here}.</p>" if lite else ""
    kinds = groups(names)
    guides = listed((name, names[name], "") for name in kinds["More"])
    instructors = listed((name, names[name], "") for name in kinds["For instructors"])
    picture = b64encode((ROOT / "docs" / PICTURE).read_bytes()).decode()
    alt = re.search(r'aria-label="([^"]*)"', (ROOT / "docs" / PICTURE).read_text(encoding="utf-8"))[1]
    return page(
        "index",
        names,
        f"""{WHAT}
{LIVELY if live else STILLS}
<details><summary>{ASIDE}</summary>
<figure>{PICTURE_BOX}<img src="data:image/svg+xml;base64,{picture}" alt="{alt}"></span>
<figcaption>{CAPTION}</figcaption></figure></details>
<h2>Lessons</h2>
{lessons}
<h2 id="leaflets">Leaflets</h2>
<p>Optional, about ten minutes each.</p>
{leaflets}
<h2>Guides</h2>
{guides}
<h2>For instructors</h2>
{instructors}""",
        run,
        live=live,
    )


def render(lite: bool = False, lives: dict[str, Any] | None = None, reference: bool = False) -> dict[str, str]:
    """Every page, by file name; `lives`: what lives on each, where scripts are wanted."""
    names, scripts = titles(reference), lives is not None
    pages = {"index.html": index(names, scripts, lite)}
    for part in course.parts():
        pages[f"{part.stem}.html"] = lesson(part, names, lite, lives.get(part.stem) if lives else None)
    for path in GUIDES:
        pages[f"{path.stem}.html"] = page(path.stem, names, prose(path.read_text(encoding="utf-8")), live=scripts)
    return pages


class Reader(HTMLParser):
    """Notes what a page asks of its reader's browser."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        given = dict(attributes)
        if given.get("id"):
            self.ids[str(given["id"])] += 1
        local = str(given.get("src") or given.get("href") or "").startswith("assets/")
        if tag in ("iframe", "object", "embed") or (tag in ("script", "link") and not local):
            self.problems.append(f"a <{tag}>")
        if tag == "img" and not given.get("alt"):
            self.problems.append("an image without alt text")
        described = given.keys() & {"aria-label", "aria-hidden"} or given.get("role") == "presentation"
        if tag == "svg" and not described:
            self.problems.append("an SVG without a description")
        source = given.get("src") or given.get("xlink:href") or ""
        if source and not source.startswith(("data:", "#", "assets/")):
            self.problems.append(f"loads {source}")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


def problems(pages: dict[str, str]) -> list[str]:
    """What makes a page unfit to publish: other hosts, scripts, missing descriptions, links to nowhere."""
    readers = {}
    for name, html in pages.items():
        readers[name] = Reader()
        readers[name].feed(html)
    notebooks = (path.relative_to(STUDENTS).as_posix() for path in notebooks_in(STUDENTS))
    files = {*pages, *(f"{name}.html" for name in REFERENCE), *(f"notebooks/{name}" for name in notebooks)}
    found = []
    for name, reader in readers.items():
        found += [f"{name}: {problem}" for problem in reader.problems]
        found += [f"{name}: {count} elements have the id {key!r}" for key, count in reader.ids.items() if count > 1]
        for link in reader.links:
            target, _, anchor = link.partition("#")
            if re.match(r"https?:|mailto:", target) or target.startswith(f"{LITE}/"):
                continue
            if target and target not in files:
                found.append(f"{name}: {link} leads nowhere")
            elif anchor and (target or name) in readers and anchor not in readers[target or name].ids:
                found.append(f"{name}: no place {link}")
    return found


def write(folder: Path, pages: dict[str, str]) -> None:
    (folder / "notebooks" / "leaflets").mkdir(parents=True, exist_ok=True)
    for name, html in pages.items():
        (folder / name).write_text(html, encoding="utf-8", newline="\n")
    for path in (*notebooks_in(STUDENTS), STUDENTS / "GLOSSARY.md"):
        shutil.copy(path, folder / "notebooks" / path.relative_to(STUDENTS))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not fit to publish")
    parser.add_argument("--lite", action="store_true", help=f"JupyterLite is published beside the pages, in {LITE}/")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build/pages")
    options = parser.parse_args(argv)
    pages = render(options.lite)
    found = problems(pages)
    if not options.check:
        write(options.folder, pages)
    print("\n".join(found) or f"{len(pages)} pages, {sum(map(len, pages.values())) // 1024} kB, no problem")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
