"""Render the lessons as static pages, from the solutions, for readers without a kernel.

    python tools/pages.py [FOLDER]      write the pages into FOLDER (default: build/site)
    python tools/pages.py --check       render, write nothing; fail where a page is not fit to publish

A page is one file that needs no script and no other host. It is light or dark as its reader's browser is. What the
student is to find out stands folded under "The answer".
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from nbconvert.filters import Highlight2HTML, ansi2html, markdown2html
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course
from course import Part

from notebooks import ROOT, SOLUTIONS, STUDENTS, notebooks_in, student

LITE = "lite"  # where the workflow puts JupyterLite, beside the pages
PICTURE = "visualizer.svg"
# Capitals: the last lesson leaves a my-report.md.
GUIDES = tuple(sorted((*STUDENTS.glob("[A-Z]*.md"), *SOLUTIONS.parent.glob("[A-Z]*.md")), key=lambda path: path.name))
# Widgets leave their still form as text/html; Markdown comes before plain text.
PRIORITY = ("text/html", "text/markdown", "text/plain")
LINK = re.compile(r'(<a href=")(?:\.\./|notebooks/|instructor/|solutions/|leaflets/)*([\w-]+)\.(?:ipynb|md)(#[^"]*)?"')
highlight = Highlight2HTML(pygments_lexer="ipython3")


def linked(html: str) -> str:
    """Links to lessons, leaflets and guides lead to their pages, which lie in one folder."""
    known = {path.stem for path in (*notebooks_in(SOLUTIONS), *GUIDES)}

    def page(match: re.Match[str]) -> str:
        return f'{match[1]}{match[2]}.html{match[3] or ""}"' if match[2] in known else match[0]

    return LINK.sub(page, html)


def prose(source: str) -> str:
    """Markdown as HTML."""
    return linked(markdown2html(source))


def output(out: NotebookNode) -> str:
    """What a cell left, in the richest form that needs no kernel."""
    if out.output_type == "stream":
        return f"<pre>{ansi2html(out.text)}</pre>"
    for kind in PRIORITY:
        if kind in out.get("data", ()):
            value = out.data[kind]
            if kind == "text/html":
                return f"<div>{linked(value)}</div>"
            return prose(value) if kind == "text/markdown" else f"<pre>{ansi2html(value)}</pre>"
    return ""


def code(cell: NotebookNode, asked: NotebookNode) -> str:
    """A code cell. `asked` is the same cell as the student gets it."""
    shown = highlight(asked.source) if asked.source.strip() else ""
    results = "".join(map(output, cell.outputs))
    results = f'<div class="output">{results}</div>' if results else ""
    if not cell.metadata.get("nbgrader", {}).get("solution"):
        return shown + results
    answer = "\n".join(line for line in cell.source.splitlines() if not line.strip().startswith("### "))
    return f'{shown}<details class="answer"><summary>The answer</summary>{highlight(answer)}{results}</details>'


def body(nb: NotebookNode) -> str:
    cells = zip(nb.cells, student(nb).cells, strict=True)
    return "\n".join(prose(cell.source) if cell.cell_type == "markdown" else code(cell, asked) for cell, asked in cells)


def title(source: str) -> str:
    return source.split("\n")[0].lstrip("# ")


def titles() -> dict[str, str]:
    """The pages of the site, in the order of the course, and what each is called."""
    lessons = {part.stem: part.title for part in course.parts()}
    return lessons | {path.stem: title(path.read_text(encoding="utf-8")) for path in GUIDES}


def in_every_head(names: dict[str, str]) -> dict[str, str]:
    """What the head of a page links to: lessons and guides by the beginning of their titles, leaflets together."""
    aside = {part.stem for part in course.leaflets()}
    guides = [path.stem for path in GUIDES]
    lessons = {f"{name}.html": words.split(":")[0] for name, words in names.items() if name not in {*aside, *guides}}
    together = {"index.html#leaflets": "Leaflets"} if aside else {}
    return {"index.html": "k8sexpose"} | lessons | together | {f"{name}.html": names[name] for name in guides}


def page(stem: str, names: dict[str, str], main: str, run: str = "") -> str:
    """The frame around a page."""
    links = "".join(
        f'<li><a href="{address}"{" aria-current=page" if address == f"{stem}.html" else ""}>{escape(short)}</a></li>'
        for address, short in in_every_head(names).items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(names.get(stem, "How Kubernetes exposes a Service"))}</title>
<style>
{(ROOT / "tools/pages.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the lesson</a>
<header><nav aria-label="Pages"><ul>{links}</ul></nav>{run}</header>
<main id="main">
{main}
</main>
<footer>Text and figures: CC BY 4.0. Code: MIT. Prices are list prices with a date each, not quotes.</footer>
</body>
</html>
"""


def lesson(part: Part, names: dict[str, str], lite: bool) -> str:
    run = f'This page is a printout. To answer and run: <a href="notebooks/{part.name}.ipynb" download>the notebook</a>'
    if lite:
        run += f', or <a href="{LITE}/lab/index.html?path={part.name}.ipynb">in your browser</a>'
    return page(part.stem, names, body(part.nb), f"<p>{run}.</p>")


def listed(rows: Iterable[tuple[str, str, str]]) -> str:
    """A list of pages: file name, title, question."""
    items = (f'<li><b><a href="{name}.html">{escape(title)}</a></b>{escape(asked)}</li>' for name, title, asked in rows)
    return f'<ul class="lessons">{"".join(items)}</ul>'


def index(names: dict[str, str]) -> str:
    """The first page: what the course is, its picture, its lessons and leaflets, its guides."""
    lessons = listed((part.stem, part.title, part.question) for part in course.lessons())
    leaflets = listed((part.stem, part.title, part.question) for part in course.leaflets())
    guides = listed((path.stem, names[path.stem], "") for path in GUIDES)
    picture = b64encode((ROOT / "docs" / PICTURE).read_bytes()).decode()
    alt = re.search(r'aria-label="([^"]*)"', (ROOT / "docs" / PICTURE).read_text(encoding="utf-8"))[1]
    return page(
        "index",
        names,
        f"""<h1>How does a request from the internet reach a Pod?</h1>
<p>A course of Jupyter notebooks. Everything on these pages is computed by a model of Kubernetes that was checked
against the real programs.</p>
<img src="data:image/svg+xml;base64,{picture}" alt="{alt}">
<h2>Lessons</h2>
{lessons}
<h2 id="leaflets">Leaflets</h2>
<p>Optional, about ten minutes each.</p>
{leaflets}
<h2>Guides</h2>
{guides}""",
    )


def render(lite: bool = False) -> dict[str, str]:
    """Every page, by file name."""
    names = titles()
    pages = {"index.html": index(names)}
    for part in course.parts():
        pages[f"{part.stem}.html"] = lesson(part, names, lite)
    for path in GUIDES:
        pages[f"{path.stem}.html"] = page(path.stem, names, prose(path.read_text(encoding="utf-8")))
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
        if tag in ("script", "iframe", "link", "object", "embed"):
            self.problems.append(f"a <{tag}>")
        if tag == "img" and not given.get("alt"):
            self.problems.append("an image without alt text")
        described = given.keys() & {"aria-label", "aria-hidden"} or given.get("role") == "presentation"
        if tag == "svg" and not described:
            self.problems.append("an SVG without a description")
        source = given.get("src") or given.get("xlink:href") or ""
        if source and not source.startswith(("data:", "#")):
            self.problems.append(f"loads {source}")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


def problems(pages: dict[str, str]) -> list[str]:
    """What makes a page unfit to publish: other hosts, scripts, missing descriptions, links to nowhere."""
    readers = {}
    for name, html in pages.items():
        readers[name] = Reader()
        readers[name].feed(html)
    files = {*pages, *(f"notebooks/{path.relative_to(STUDENTS).as_posix()}" for path in notebooks_in(STUDENTS))}
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
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build/site")
    options = parser.parse_args(argv)
    pages = render(options.lite)
    found = problems(pages)
    if not options.check:
        write(options.folder, pages)
    print("\n".join(found) or f"{len(pages)} pages, {sum(map(len, pages.values())) // 1024} kB, no problem")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
