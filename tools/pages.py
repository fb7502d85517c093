"""Render the lessons as static pages, from the solutions, for readers without a kernel.

    python tools/pages.py [FOLDER]      write the pages into FOLDER (default: build/pages)
    python tools/pages.py --check       render, write nothing; fail where a page is not fit to publish

A page is one file that needs no script and no other host. It is light or dark as its reader's browser is. What the
student is to find out stands folded under "The answer". `tools/make_site.py` adds what makes the widgets live.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable
from html import escape, unescape
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
BOX = '<div class="scroll" tabindex="0" role="group" aria-label="Table">'
PICTURE_BOX = '<span class="scroll picture" tabindex="0" role="group" aria-label="Picture">'  # a paragraph may hold it
REFERENCE = {"api/k8sexpose": "Reference of the package"}  # made by pdoc; see tools/website/reference.py
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

    return LINK.sub(page, html)


def prose(source: str) -> str:
    """Markdown as HTML."""
    return scrolling(linked(markdown2html(source)))


def output(out: NotebookNode) -> str:
    """What a cell left, in the richest form that needs no kernel."""
    if out.output_type == "stream":
        return scrolling(f"<pre>{ansi2html(out.text)}</pre>")
    for kind in PRIORITY:
        if kind in out.get("data", ()):
            value = out.data[kind]
            if kind == "text/html":
                return f"<div>{scrolling(linked(value))}</div>"
            return prose(value) if kind == "text/markdown" else scrolling(f"<pre>{ansi2html(value)}</pre>")
    return ""


def code(cell: NotebookNode, asked: NotebookNode, living: Callable[[int, str], str | None]) -> str:
    """A code cell. `asked` is the same cell as the student gets it; `living` puts what lives around a still output."""
    shown = scrolling(highlight(asked.source)) if asked.source.strip() else ""
    stills = [output(out) for out in cell.outputs]
    results = "".join(living(k, still) or still for k, still in enumerate(stills))
    results = f'<div class="output">{results}</div>' if results else ""
    if not cell.metadata.get("nbgrader", {}).get("solution"):
        return shown + results
    answer = "\n".join(line for line in cell.source.splitlines() if not line.strip().startswith("### "))
    return (
        f'{shown}<details class="answer"><summary>The answer</summary>{scrolling(highlight(answer))}{results}</details>'
    )


def body(nb: NotebookNode, live: Any = None) -> str:
    """The cells of a notebook; `live`: what tools/website computed for its widgets."""
    checked = {widget["id"] for widget in live.widgets if widget["kind"] == "check"} if live else set()
    parts = []
    for number, (cell, asked) in enumerate(zip(nb.cells, student(nb).cells, strict=True)):
        if cell.cell_type == "markdown":
            parts.append(prose(cell.source))
            continue

        def living(out: int, still: str, number: int = number) -> str | None:
            return live.html(number, out, still, checked) if live else None

        parts.append(code(cell, asked, living))
    return "\n".join(parts)


def title(source: str) -> str:
    return source.split("\n")[0].lstrip("# ")


def titles(reference: bool = False) -> dict[str, str]:
    """The pages of the site, in the order of the course, and what each is called."""
    lessons = {part.stem: part.title for part in course.parts()}
    guides = {path.stem: title(path.read_text(encoding="utf-8")) for path in GUIDES}
    return lessons | guides | (REFERENCE if reference else {})


def groups(names: dict[str, str]) -> dict[str, list[str]]:
    """The pages by kind: lessons, leaflets, and what else there is."""
    lessons, leaflets = ([part.stem for part in some] for some in (course.lessons(), course.leaflets()))
    more = [name for name in names if name not in {*lessons, *leaflets}]
    return {"Lessons": lessons, "Leaflets": leaflets, "More": more}


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
    return f"<details><summary>Contents</summary>{''.join(lists)}</details>"


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
<title>{escape(names.get(stem, "How Kubernetes exposes a Service"))}</title>
<style>
{style}</style>
{head if live else ""}</head>
<body>
<a class="skip" href="#main">Skip to the lesson</a>
<header><nav aria-label="Pages"><a href="index.html">k8sexpose</a>{menu(stem, names)}</nav>{search}{run}</header>
<main id="main">
{main}
</main>
{neighbours(stem, names)}
<footer>Text and figures: CC BY 4.0. Code: MIT. Prices are list prices with a date each, not quotes.</footer>
</body>
</html>
"""


def lesson(part: Part, names: dict[str, str], lite: bool, live: Any = None) -> str:
    kind = "The widgets and questions of this page work" if live and live.widgets else "This page is a printout"
    where = f'<a href="notebooks/{part.name}.ipynb" download>the notebook</a>'
    if lite:
        where += f', or <a href="{LITE}/lab/index.html?path={part.name}.ipynb">in your browser</a>'
    run = f"{kind}; its code does not run here. To run and change it: {where}"
    scripts = live is not None
    if live:
        live.where = f"It works in {where}."
    return page(part.stem, names, body(part.nb, live), f"<p>{run}.</p>", live=scripts, data=scripts)


def listed(rows: Iterable[tuple[str, str, str]]) -> str:
    """A list of pages: file name, title, question."""
    items = (f'<li><b><a href="{name}.html">{escape(title)}</a></b>{escape(asked)}</li>' for name, title, asked in rows)
    return f'<ul class="lessons">{"".join(items)}</ul>'


def index(names: dict[str, str], live: bool = False, lite: bool = False) -> str:
    """The first page: what the course is, its picture, its lessons and leaflets, its guides."""
    lessons = listed((part.stem, part.title, part.question) for part in course.lessons())
    leaflets = listed((part.stem, part.title, part.question) for part in course.leaflets())
    guides = listed((name, names[name], "") for name in groups(names)["More"])
    run = (
        f'<p>To run and change lessons: <a href="{LITE}/index.html">open them in your browser</a>.</p>' if lite else ""
    )
    picture = b64encode((ROOT / "docs" / PICTURE).read_bytes()).decode()
    alt = re.search(r'aria-label="([^"]*)"', (ROOT / "docs" / PICTURE).read_text(encoding="utf-8"))[1]
    return page(
        "index",
        names,
        f"""<h1>How does a request from the internet reach a Pod?</h1>
<p>A course of Jupyter notebooks. Everything on these pages is computed by a model of Kubernetes that was checked
against the real programs.</p>
{PICTURE_BOX}<img src="data:image/svg+xml;base64,{picture}" alt="{alt}"></span>
<h2>Lessons</h2>
{lessons}
<h2 id="leaflets">Leaflets</h2>
<p>Optional, about ten minutes each.</p>
{leaflets}
<h2>Guides</h2>
{guides}""",
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


class Sections(HTMLParser):
    """Cuts a page into its sections, for the search."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[str]] = [["", "", ""]]  # anchor, heading, text
        self.heading = self.inside = False
        self.hidden = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note where a section begins."""
        if tag == "main":
            self.inside = True
        if tag in ("h1", "h2", "h3") and self.inside:
            self.heading = True
            self.found.append([dict(attributes).get("id") or "", "", ""])
        self.hidden += tag in ("style", "svg", "details")

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        self.inside = self.inside and tag != "main"
        self.heading = self.heading and tag not in ("h1", "h2", "h3")
        self.hidden -= tag in ("style", "svg", "details")

    def handle_data(self, data: str) -> None:
        """Keep the words that are seen; folded answers are not found by a search."""
        if self.inside and not self.hidden:
            self.found[-1][1 if self.heading else 2] += data


def index_script(pages: dict[str, str]) -> str:
    """Return the index of the search: place, page, heading and text of every section."""
    rows = []
    for name, html in pages.items():
        called = re.search(r"<title>(.*?)</title>", html)[1]
        cut = Sections()
        cut.feed(html)
        for anchor, heading, text in cut.found:
            words = " ".join(text.split())
            if words:
                place = f"{name}#{anchor}" if anchor else name
                rows.append([place, unescape(called), heading.replace("¶", "").strip(), words[:1200]])
    return f"window.kx.index = {json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"


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
