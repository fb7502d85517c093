"""Nothing of a manifest, a dump or an answer becomes markup: every injection string, in every field, wherever it is shown.

What holds a hostile text is compared with what holds a harmless one of the same length: the same elements, the same
attributes. `tests/browser/test_injection.py` shows the same pages to a real Chromium.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import mistune
import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl.curl import curl
from k8sexpose.kubectl.magics import show
from k8sexpose.kubectl.ssh import ssh
from k8sexpose.plots import Picture
from k8sexpose.plots.figure import READINGS
from tests.hostile.injection import (
    EVERYTHING,
    INJECTIONS,
    REFUSALS,
    STAND_INS,
    Page,
    dump,
    feedback,
    figures,
    harmless,
    one_field,
    pages,
    results,
)

pytestmark = pytest.mark.slow

# What a terminal obeys; a line may end and a column may be set.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
RENDER = mistune.create_markdown(
    escape=False, plugins=["table", "url", "strikethrough", "footnotes", "task_lists", "math"]
)

# Each of these means something to another reader (HTML, Markdown, a terminal, a table, mathematics), and the last text
# holds all of them; make deep tries each injection on its own.
SAMPLE = {"half a tag", "lines", "separators", "terminal"}
every_text = pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, marks=() if name in SAMPLE else pytest.mark.deep) for name, text in INJECTIONS.items()),
        EVERYTHING,
    ],
    ids=[*INJECTIONS, "everything"],
)


def shown(made: Callable[[], Any]) -> str | Exception:
    """What a notebook shows of a thing, or the error that it ends in."""
    try:
        value = made()
    except REFUSALS as error:
        return error
    except FileNotFoundError as error:
        return error
    if isinstance(value, str):
        return value
    return str(value._repr_html_()) if hasattr(value, "_repr_html_") else LookupError(repr(value))


# For these the model may find something else than for a word: another hint, another finding, other rows (rules come by
# the name of the Service), or refuse it: the doctor stops at another step.
OTHER_WAYS = ("report", "report of shares", "doctor", "doctor, a Service", "trace")
# pandas writes these; its own option, display.html.use_mathjax, is the reader's to set.
FRAMES = ("frames of traffic", "progress")


@cache
def known(kind: Callable[[str], Iterator[tuple[str, Any]]], name: str) -> frozenset[Any]:
    """Every kind of element, with its attributes, that a page of this name has for texts that are no markup."""
    made = [shown(dict(kind(text))[name]) for text in STAND_INS]
    return frozenset(element for page in made if isinstance(page, str) for element in Page(page).elements)


def same_shape(name: str, hostile: str, sound: str, text: str, usual: Callable[[], frozenset[Any]]) -> None:
    """The pages differ in words only; the text can be read where the harmless one can."""
    got, wanted = Page(hostile), Page(sound)
    if name in OTHER_WAYS:
        assert set(got.elements) <= usual() | set(wanted.elements), name
    else:
        assert got.elements == wanted.elements, name
    if name not in OTHER_WAYS and wanted.holds(harmless(text)):
        assert got.holds(text[:40]), f"{name}: the text is gone"  # an answer of more than 80 characters is cut


def plain(error: Exception) -> None:
    """An error says something, and nothing that a terminal or a page would obey."""
    hook = getattr(error, "_render_traceback_", None)
    told = "\n".join(hook() if hook else [str(error)])
    assert told.strip() and not CONTROLS.search(told), told
    if isinstance(error, kx.ApiError):
        assert Page(error._repr_html_()).elements == [("pre", ()), ("/pre", ())]


@every_text
@pytest.mark.parametrize("kind", [results, pages, feedback], ids=lambda kind: str(kind.__name__))
def test_the_shape_of_what_is_shown(kind: Callable[[str], Iterator[tuple[str, Any]]], text: str) -> None:
    compared = 0
    for (name, hostile), (_, sound) in zip(kind(text), kind(harmless(text)), strict=True):
        got, wanted = shown(hostile), shown(sound)
        if isinstance(got, Exception):
            plain(got)
        elif isinstance(wanted, str):
            same_shape(name, got, wanted, text, lambda name=name: known(kind, name))
            if kind is not pages and name not in FRAMES:
                assert not Page(got).typeset, f"{name}: MathJax would read the text"
            compared += 1
    assert compared > 9


def test_the_texts_are_really_there() -> None:
    """The harmless text can be read wherever it can be said: else the comparison would compare nothing."""
    missing = [
        name
        for kind in (results, pages, feedback)
        for name, made in kind("harmlessword")
        if isinstance(told := shown(made), str) and not Page(told).holds("harmlessword")
    ]
    # What list prices, a verdict, the range of dates below costs, a number and the table of progress (its student is in the CSV) have no place for.
    assert missing == ["bill", "doctor", "cost explorer", "progress", "exercise, judged"]


@pytest.mark.parametrize("text", [EVERYTHING, INJECTIONS["broken mathematics"], INJECTIONS["link in mathematics"]],
                         ids=["everything", "broken mathematics", "mathematics"])  # fmt: skip
def test_figures_draw_names_as_they_are(text: str) -> None:
    """A dollar sign is no mathematics: matplotlib would end in an error, or draw another name."""
    from matplotlib.text import Text

    for name, made in figures(text):
        try:
            ax = made()
        except REFUSALS as error:  # a hostname that is none
            plain(error)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no font has control characters
            ax.get_figure(root=True).draw_without_rendering()
        drawn = [artist for artist in ax.get_figure(root=True).findobj(Text) if "pwned" in artist.get_text()]
        assert not any(artist.get_parse_math() for artist in drawn), name
        alt, reading, title = READINGS[ax]
        picture = Page(Picture(b"", alt, reading, title)._repr_html_())
        assert [
            tag for tag, _ in picture.elements
        ] == "figure p /p div div img /div /div figcaption strong /strong /figcaption /figure".split()
        if name not in ("bill", "policies"):  # these tell numbers
            assert picture.holds(text), f"{name}: the text is gone"


# -- Markdown ----------------------------------------------------------------------------------------------------------


def written(words: str) -> Iterator[tuple[str, str]]:
    """Everything that is Markdown."""
    yield "report", kx.review(kx.Cluster.from_json(dump(words))).to_markdown()
    for name, made in feedback(words):
        found = made()
        if hasattr(found, "_repr_markdown_"):
            yield name, found._repr_markdown_()


@cache
def usual_markdown() -> dict[str, frozenset[Any]]:
    """By name every kind of element that Markdown has for texts that are no markup."""
    found: dict[str, frozenset[Any]] = {}
    for words in STAND_INS:
        for name, told in written(words):
            found[name] = found.get(name, frozenset()) | frozenset(Page(str(RENDER(told))).elements)
    return found


@every_text
def test_markdown_stays_text(text: str) -> None:
    for (name, hostile), (_, sound) in zip(written(text), written(harmless(text)), strict=True):
        same_shape(name, str(RENDER(hostile)), str(RENDER(sound)), text, lambda name=name: usual_markdown()[name])


# -- a dump, field by field --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.deep)])
def test_every_field_of_a_dump(step: int) -> None:
    """One hostile string in a sound dump, in every eleventh field or in each: it is reviewed, or refused plainly."""
    seen = refused = 0
    bad = re.compile(r"<(script|img|svg|iframe|b|style)\b(?! )|onerror=window\.pwned=1>", re.IGNORECASE)
    for where, data in islice(one_field(EVERYTHING), 0, None, step):
        try:
            held = kx.Cluster.from_json(data)
            made = kx.review(held)
            told = [made.to_html(), made._repr_html_(), held._repr_html_(), str(RENDER(made.to_markdown()))]
            told += [one.comparison._repr_html_() for one in made.services if one.comparison is not None]
            for line in LINES:
                run(held, line)
        except REFUSALS as error:
            plain(error)
            refused += 1
            continue
        seen += 1
        for page in told:
            body = page.partition("<body>")[2] or page
            assert not bad.search(body.replace("<b>", "")), where
    assert seen > 100 / step > refused


# -- kubectl -----------------------------------------------------------------------------------------------------------

LINES = (
    "get svc -A -o wide", "get pods -A -o wide", "get nodes -o wide", "get endpointslices -A", "describe svc web",
    "get svc,pods,nodes -A -o yaml", "get svc -A -o json", "get svc -A --show-labels",
)  # fmt: skip


@every_text
def test_the_magics_print_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    held = kx.Cluster.from_json(dump(text))
    commands = [lambda line=line: run(held, line) for line in LINES]
    commands += [
        lambda: run(held, ["get", "svc", text]),
        lambda: run(held, [text, text]),
        lambda: run(held, ["patch", "svc", "web", "-p", text]),
        lambda: run(held, "apply -f -", stdin=text),
        lambda: run(held, "apply -f -", stdin=json.dumps(dump(text))),
        lambda: curl(held, ["http://10.0.0.1:32000/" + text]),
        lambda: curl(held, [text]),
        lambda: ssh(held, [held.nodes[0].name, "iptables-save"]),
        lambda: ssh(held, [text, "iptables-save"]),
    ]
    for number, command in enumerate(commands):
        show(command())
        told = capsys.readouterr().out
        assert told.strip() and not CONTROLS.search(told), number


@every_text
def test_a_terminal_gets_no_commands(text: str) -> None:
    """IPython in a terminal prints these; `Traffic` is a table of pandas."""

    class Printer:
        told = ""

        def text(self, words: str) -> None:
            self.told += words

    for name, made in results(text):
        try:
            value = made()
        except (*REFUSALS, FileNotFoundError):
            continue
        if hasattr(value, "_repr_pretty_") and name != "traffic":
            printer = Printer()
            value._repr_pretty_(printer, False)
            assert printer.told and not CONTROLS.search(printer.told), name
