"""Compute every page of an explorer whose settings are finite."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

from pages import tidy

from k8sexpose.widgets.explorers.base import Control, Explorer
from k8sexpose.widgets.explorers.queue_view import QueueView

from .packing import packed, pages_packed

__all__ = ["Dial", "dials_of", "explorer_data", "page_of", "queue_data", "setting_at"]

MOST = 5000  # settings of one explorer
CHUNK = 16  # settings at least that are stored, and read, together
# What of an explorer is live on a page, where all of it would be too much: the controls, and the steps of a slider.
OFFERED = {"Latency explorer": ("pods", "policy", "utilisation"), "Life explorer": ("seconds", "provider", "happens")}
STEPS = {("Latency explorer", "utilisation"): 5, ("Life explorer", "seconds"): 5,
         ("Node port range explorer", "automatic"): 277}  # fmt: skip
# Further stops, where something happens between two steps: here the static band begins to fill, and then is full.
STOPS = {("Node port range explorer", "automatic"): (2600, 2640, 2682, 2690, 2720, 2740, 2767)}
# Pages that differ much are not stored together: the picture of the range is another for each number of Services.
OUTERMOST = {("Node port range explorer", "automatic")}


@dataclass(frozen=True)
class Dial:
    """A control and the values that it has on the page."""

    control: Control
    values: tuple[Any, ...]
    words: tuple[str, ...]

    @property
    def kind(self) -> str:
        """How it is drawn: a drop-down, a check box or a slider."""
        return "slider" if self.control.high else "choice" if self.control.options else "check"


def _dial(title: str, control: Control, now: Any) -> Dial | None:
    if control.high:
        step = STEPS.get((title, control.name), control.step)
        first = control.low if control.low % step == 0 else step
        values = tuple(sorted({*range(first, control.high + 1, step), *STOPS.get((title, control.name), ()), now}))
        return Dial(control, values, tuple(map(str, values)))
    if control.options:
        pairs = [one if isinstance(one, tuple) else (str(one), one) for one in control.options]
        if now not in [value for _, value in pairs]:
            pairs.append((str(now), now))
        return Dial(control, tuple(value for _, value in pairs), tuple(str(words) for words, _ in pairs))
    return Dial(control, (False, True), ("no", "yes")) if isinstance(now, bool) else None


def _offered(explorer: Explorer[Any]) -> list[Control]:
    """Return the controls that the lesson shows."""
    shown = set(explorer.children[0].children)
    return [part for part in explorer.parts.controls if explorer.controls[part.name] in shown]


def dials_of(explorer: Explorer[Any]) -> list[Dial] | None:
    """Return the controls that live on the page, the longest slider last; None where there is too much to compute."""
    title, first = explorer.parts.title, explorer.first
    wanted = [part for part in _offered(explorer) if part.name in OFFERED.get(title, [part.name])]
    dials = [_dial(title, part, getattr(first, part.name)) for part in wanted]
    found = [dial for dial in dials if dial is not None]
    if len(found) < len(dials) or not found or math.prod(len(dial.values) for dial in found) > MOST:
        return None
    return found


def _order(title: str, dials: list[Dial]) -> list[int]:
    """Return the numbers of the dials, the one with most values last: its pages resemble each other most."""
    outermost = [(title, dial.control.name) in OUTERMOST for dial in dials]
    return sorted(range(len(dials)), key=lambda number: (not outermost[number], len(dials[number].values)))


def setting_at(explorer: Explorer[Any], dials: list[Dial], places: tuple[int, ...]) -> Any:
    """Return the setting where each dial is at its place."""
    values = {dial.control.name: dial.values[place] for dial, place in zip(dials, places, strict=True)}
    return replace(explorer.first, **values)


def page_of(explorer: Explorer[Any], setting: Any) -> str:
    """Return the page of a setting, as the site shows it."""
    return tidy(explorer.parts.page(setting))


def queue_data(view: QueueView) -> dict[str, Any]:
    """Return what the queues of a view are played from."""
    return {"rows": view.rows, "workers": view.workers}


def _moving(explorer: Explorer[Any], setting: Any) -> dict[str, Any] | None:
    """Return what moves beside the page of a setting."""
    if explorer.live is None:
        return None
    explorer.live.show(setting)
    return queue_data(explorer.live.widget)


def _chunks(explorer: Explorer[Any], dials: list[Dial]) -> tuple[list[int], list[list[Any]]]:
    """Return the order of the dials, and all settings in that order, cut into what is stored and read together."""
    order = _order(explorer.parts.title, dials)
    sizes = [len(dials[number].values) for number in order]
    inner = len(order)
    while inner and math.prod(sizes[inner:]) < CHUNK:
        inner -= 1
    chunks = []
    for outer in itertools.product(*map(range, sizes[:inner])):
        chunk = []
        for rest in itertools.product(*map(range, sizes[inner:])):
            places = dict(zip(order, (*outer, *rest), strict=True))
            chunk.append(setting_at(explorer, dials, tuple(places[number] for number in range(len(dials)))))
        chunks.append(chunk)
    return order, chunks


def explorer_data(explorer: Explorer[Any]) -> dict[str, Any] | None:
    """Return what site.js needs to show an explorer without a kernel; None where it cannot be."""
    dials = dials_of(explorer)
    if dials is None:
        return None
    order, chunks = _chunks(explorer, dials)
    pages, moving, programs = [], [], []
    for chunk in chunks:
        shown = [(page_of(explorer, setting), _moving(explorer, setting)) for setting in chunk]
        pages.append(pages_packed([page for page, _ in shown]))
        moving.append(packed([moves for _, moves in shown]))
        programs += [getattr(setting, "python", "") for setting in chunk]
    first = [dial.values.index(getattr(explorer.first, dial.control.name)) for dial in dials]
    left = [part.label for part in _offered(explorer) if part.name not in {dial.control.name for dial in dials}]
    return {
        "kind": "explorer", "title": explorer.parts.title, "order": order, "inner": len(chunks[0]), "chunks": pages,
        "moving": moving if explorer.live else [], "python": packed(programs) if any(programs) else "",
        "first": first, "left": left,
        "dials": [{"label": dial.control.label, "kind": dial.kind, "words": dial.words} for dial in dials],
    }  # fmt: skip
