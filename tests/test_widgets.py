"""The explorers: what they draw is a pure function of what is set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.router.route import Hop, Route
from k8sexpose.widgets.explorers.base import PIECE_S, Explorer
from k8sexpose.widgets.explorers.node_port import (
    CONTROLS,
    NODES,
    PLACES,
    NodePortSetting,
    draw_route,
    explorer_page,
    one_change,
)
from k8sexpose.widgets.explorers.slider import Slider

SETTINGS = [
    NodePortSetting(*values)
    for values in product(NODES, PLACES, (True, False), (8080, 8081), (True, False), (True, False))
]


def test_every_setting_draws_what_the_model_says() -> None:
    for setting in SETTINGS:
        route = setting.route
        svg = ElementTree.fromstring(draw_route(route))
        assert route.outcome in svg.attrib["aria-label"]
        words = "".join(svg.itertext())
        assert all(hop.at in words for hop in route.hops)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({}, "delivered", ""),
        ({"pods": "none"}, "refused", "no endpoints"),
        ({"selector_matches": False}, "refused", "no endpoints"),
        ({"target_port": 8081}, "refused", "does not listen on port 8081"),
        ({"firewall_closed": True}, "timeout", "firewall"),
        ({"entry_down": True}, "timeout", "is down"),
    ],
)
def test_outcomes(change: dict[str, object], outcome: str, reason: str) -> None:
    route = replace(NodePortSetting(), **change).route
    assert route.outcome == outcome and reason in route.reason


def test_table_names_every_other_choice_once() -> None:
    rows = list(one_change(NodePortSetting()))
    assert len(rows) == sum(len(options) - 1 if options else 1 for _, _, options in CONTROLS)
    page = explorer_page(NodePortSetting())
    assert all(words.replace("'", "&#x27;") in page for words, _ in rows)


def test_controls_redraw() -> None:
    explorer = kx.nodeport_explorer()
    assert "delivered" in explorer.picture.value
    explorer.controls["firewall_closed"].value = True
    assert explorer.setting == NodePortSetting(firewall_closed=True)
    assert explorer.picture.value == explorer_page(explorer.setting)


def test_controls_are_labelled() -> None:
    for name, control in kx.nodeport_explorer().controls.items():
        assert control.description, name


def test_the_page_stands_without_a_kernel() -> None:
    explorer = kx.nodeport_explorer(NodePortSetting(target_port=8081))
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert explorer_page(explorer.setting) in bundle["text/html"]
    assert bundle["text/plain"] == repr(explorer) and "0x" not in repr(explorer)


def test_drawing_escapes() -> None:
    from fractions import Fraction

    hops = (Hop("<b>", "1", "2", '"act"', kind="client"), Hop("<i>", "1", "2", "x"))
    svg = draw_route(Route(Fraction(1), "timeout", "<u>", hops=hops))
    assert not {"<b>", "<i>", "<u>"} & {f"<{e.tag}>" for e in ElementTree.fromstring(svg).iter()}


# -- long work ----


@dataclass(frozen=True, slots=True)
class Pieces:
    pieces: int = 0


class Slow(Explorer[Pieces]):
    """Works for as many pieces as are set; 99 cannot be shown."""

    def make_controls(self) -> dict[str, Any]:
        return {"pieces": Slider(label="Pieces", value=self.first.pieces)}

    def work(self) -> Iterator[float]:
        for piece in range(pieces := self.setting.pieces):
            if piece == 98:
                raise ValueError("<b>too many</b>")
            time.sleep(PIECE_S if pieces < 90 else 0)
            yield (piece + 1) / pieces

    def page(self) -> str:
        if self.setting.pieces == 97:
            raise ValueError("<b>unlucky</b>")
        return f"<p>{self.setting.pieces} pieces</p>"

    def summary(self) -> str:
        return f"{self.setting.pieces} pieces"


def in_a_kernel(play: Callable[[Slow], Any], seconds: float) -> tuple[Slow, list[str]]:
    """Use the explorer where an event loop runs, as a kernel's does; the bar's values come back too."""
    slow, shown = Slow(Pieces()), []
    slow.bar.observe(lambda change: shown.append(change["new"]), names="value")

    async def learner() -> None:
        play(slow)
        await asyncio.sleep(seconds)

    asyncio.run(learner())
    return slow, shown


def visible(slow: Slow) -> set[str]:
    return {widget.layout.visibility for widget in (slow.bar, slow.cancel)}


def test_long_work_shows_a_named_bar_and_the_end() -> None:
    slow, shown = in_a_kernel(lambda slow: setattr(slow.controls["pieces"], "value", 4), 1.0)
    assert slow.picture.value == "<p>4 pieces</p>" and visible(slow) == {"hidden"}
    assert ['value="50"' in bar for bar in shown].count(True) == 1
    assert all('<progress aria-label="Working"' in bar for bar in shown)


def test_short_work_shows_no_bar() -> None:
    slow, shown = in_a_kernel(lambda slow: setattr(slow.controls["pieces"], "value", 95), 0)
    assert slow.picture.value == "<p>95 pieces</p>" and not shown


def test_cancel_leads_back_to_what_is_shown() -> None:
    def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 50
        assert visible(slow) == {"hidden"}
        loop = asyncio.get_running_loop()
        loop.call_later(0.15, lambda: seen.append(visible(slow)))
        loop.call_later(0.2, slow.cancel.click)

    seen: list[set[str]] = []
    slow, _ = in_a_kernel(play, 0.6)
    assert seen == [{"visible"}] and visible(slow) == {"hidden"}
    assert slow.setting == Pieces(0) and slow.picture.value == "<p>0 pieces</p>"


def test_a_new_setting_ends_the_old_work() -> None:
    def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 50
        asyncio.get_running_loop().call_later(0.15, lambda: setattr(slow.controls["pieces"], "value", 1))

    slow, _ = in_a_kernel(play, 0.8)
    assert slow.picture.value == "<p>1 pieces</p>" and visible(slow) == {"hidden"}


@pytest.mark.parametrize(("pieces", "words"), [(97, "unlucky"), (99, "too many")])
def test_a_failing_callback_is_one_message(pieces: int, words: str) -> None:
    slow = Slow(Pieces())
    slow.controls["pieces"].value = pieces  # no event loop here: the work is done at once
    assert slow.picture.value.count('role="alert"') == 1 and f"&lt;b&gt;{words}" in slow.picture.value
    slow.controls["pieces"].value = 2
    assert slow.picture.value == "<p>2 pieces</p>"
