"""A hostile dump in JupyterLab: no script runs, no element appears, nothing is fetched.

`tests/hostile/test_injection.py` compares the shape of each page without a browser; here a browser decides, which knows more
ways to run a script than a parser does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat
import pytest

import k8sexpose as kx
from k8sexpose.report.finding_sources import SOURCES
from tests.browser import run_lessons
from tests.browser.conftest import Lab
from tests.hostile.injection import EVERYTHING, INJECTIONS, dump

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Request

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON or "")]

PRICES = tomllib.loads((Path(kx.__file__).parent / "data/prices.toml").read_text(encoding="utf-8"))
OWN = sorted(
    {source.url for source in SOURCES.values()} | {source.get("url", "") for source in PRICES["sources"].values()}
)
THREE = ("element that loads", "leaves a quoted attribute", "link in mathematics")
CELLS = f"""import sys, warnings, ipywidgets
sys.path.insert(0, {str(run_lessons.ROOT)!r})
warnings.simplefilter("ignore")  # no font has control characters
from IPython.display import HTML
from tests.hostile.injection import *
def show(kind, text):
    for name, made in kind(text):
        try:
            value = made()
        except (*REFUSALS, FileNotFoundError) as error:
            value = error
        if hasattr(value, "get_figure"):
            value = kx.show(value)
        # A report is a page; what an explorer shows stands in a widget.
        as_page = HTML if name.startswith("report") else ipywidgets.HTML
        display(as_page(value) if isinstance(value, str) else value)
TEXTS = [INJECTIONS.get(name, EVERYTHING) for name in NAMES]
---
for text in TEXTS: show(results, text)
---
for text in TEXTS: show(feedback, text)
---
for text in TEXTS: show(pages, text)
---
for text in TEXTS: show(figures, text)
---
held = kx.Cluster.from_json(dump(EVERYTHING))
kx.flow(held, WAY)
---
kx.manifest_doctor(EVERYTHING)
---
%load_ext k8sexpose
%kubectl get svc,pods,nodes -A -o yaml --cluster held
---
%kubectl describe svc web --cluster held
---
%curl http://10.0.0.1:32000 --cluster held
---
held.apply(EVERYTHING)"""
ALONE = """() => [...document.querySelectorAll(
    'script, iframe, object, embed, link[rel=import], base, form, [onerror], [onload], [onclick], [onfocus], [onmouseover],'
    + 'a[href], img:not([src^="data:image/"]), [style*="192.0.2.9"], mjx-container, .MathJax')]
    .filter(one => !inside || one.closest('.jp-OutputArea-output'))
    // JupyterLab makes links of addresses in plain text, as a terminal does; a DataFrame is pandas' own table.
    .filter(one => !one.closest('.jp-RenderedText') && !one.closest('.dataframe'))
    // Our own links: to sources, within a report, and from the table of progress to a lesson.
    .filter(one => !sources.includes(one.getAttribute('href')))
    .filter(one => one.tagName !== 'A' || !/^(#[\\w-]+$|[^?]*\\/[0-9]{2}_\\w+\\.ipynb)/.test(one.getAttribute('href')))
    .map(one => one.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(
    "names",
    # The first text holds all the others; make deep shows three of them on their own, too.
    [("everything",), pytest.param(THREE, marks=pytest.mark.deep)],
    ids=["everything", "three alone"],
)
def test_nothing_runs_in_a_notebook(names: tuple[str, ...], tmp_path: Path, lab: Lab) -> None:
    sources = CELLS.replace("NAMES", repr(names)).split("\n---\n")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "hostile.ipynb")
    asked: list[str] = []
    with noting_requests(lab.context, asked):
        page = run_lessons.open_notebook(lab.context, lab.server, lab.server.put(tmp_path / "hostile.ipynb"))
        run_lessons.run_all(page)
        page.wait_for_timeout(2000)  # MathJax comes late
    shown = page.locator(".jp-OutputArea-output").count()
    assert shown > 30 * len(names), "the cells show what they should"
    assert page.evaluate("() => window.pwned") is None
    assert page.evaluate(f"sources => ({ALONE.replace('inside', 'true')})()", OWN) == []
    home = urlsplit(lab.server.url).netloc
    foreign = [url for url in asked if urlsplit(url).scheme.startswith(("http", "ws")) and urlsplit(url).netloc != home]
    assert foreign == []
    page.close()


@contextmanager
def noting_requests(context: BrowserContext, asked: list[str]) -> Iterator[None]:
    """Note what the pages of a profile ask for."""

    def note(request: Request) -> None:
        asked.append(request.url)

    context.on("request", note)
    yield
    context.remove_listener("request", note)


@pytest.mark.parametrize(
    "text",
    # The first text holds all the others; make deep shows each of them on its own.
    [EVERYTHING, *(pytest.param(text, marks=pytest.mark.deep) for text in INJECTIONS.values())],
    ids=["everything", *INJECTIONS],
)
def test_nothing_runs_in_a_report(text: str, chromium: Browser) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(kx.review(kx.Cluster.from_json(dump(text))).to_html())
    assert page.evaluate("() => window.pwned") is None
    assert page.evaluate(f"sources => ({ALONE.replace('inside', 'false')})()", OWN) == []
    assert asked == []
    page.close()
