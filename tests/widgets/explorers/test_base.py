"""What every explorer does: long work in pieces, a bar, Cancel, one message for an error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import pytest

import k8sexpose as kx
from k8sexpose.widgets.explorers import base
from k8sexpose.widgets.explorers.base import PIECE_S, Control, Explorer, Parts
from k8sexpose.widgets.explorers.failover import CRASH, CrashSetting


class Clock:
    """The time that the explorer sees: only its work takes any."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


CLOCK = Clock()


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "time", CLOCK)


@dataclass(frozen=True, slots=True)
class Pieces:
    pieces: int = 0


def work(setting: Pieces) -> Iterator[float]:
    for piece in range(setting.pieces):
        if piece == 98:
            raise ValueError("<b>too many</b>")
        CLOCK.now_s += PIECE_S if setting.pieces < 90 else 0
        yield (piece + 1) / setting.pieces


def draw(setting: Pieces) -> str:
    if setting.pieces == 97:
        raise ValueError("<b>unlucky</b>")
    return "<svg></svg>"


def verdict(setting: Pieces) -> str:
    return f"{setting.pieces} pieces"


# Works for as many pieces as are set; 97 and 99 cannot be shown.
SLOW: Parts[Pieces] = Parts(
    "Slow", (Control("pieces", "Pieces", low=0, high=100),), draw, verdict, lambda setting: "", lambda setting: "",
    work=work,
)  # fmt: skip
Slow = Explorer[Pieces]


def in_a_kernel(play: Callable[[Slow], Awaitable[None]]) -> tuple[Slow, list[str]]:
    """Use the explorer where an event loop runs, as a kernel's does; the bar's values come back too."""
    slow, shown = Explorer(SLOW, Pieces()), []
    slow.bar.observe(lambda change: shown.append(change["new"]), names="value")

    async def learner() -> None:
        async with asyncio.timeout(60):
            await play(slow)

    asyncio.run(learner())
    return slow, shown


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def rest() -> None:
    """Wait for everything that has been begun."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)


def visible(slow: Slow) -> set[str]:
    return {widget.layout.visibility for widget in (slow.bar, slow.cancel)}


def test_long_work_shows_a_named_bar_and_the_end() -> None:
    async def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 4
        await rest()

    slow, shown = in_a_kernel(play)
    assert "<strong>4 pieces</strong>" in slow.picture.value and visible(slow) == {"hidden"}
    assert ['value="50"' in bar for bar in shown].count(True) == 1
    assert all('<progress aria-label="Working"' in bar for bar in shown)


def test_short_work_shows_no_bar() -> None:
    async def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 95

    slow, shown = in_a_kernel(play)
    assert "<strong>95 pieces</strong>" in slow.picture.value and not shown


def test_cancel_leads_back_to_what_is_shown() -> None:
    async def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 50
        assert visible(slow) == {"hidden"}
        await until(lambda: visible(slow) == {"visible"})
        slow.cancel.click()
        await rest()

    slow, _ = in_a_kernel(play)
    assert visible(slow) == {"hidden"}
    assert slow.setting == Pieces(0) and "<strong>0 pieces</strong>" in slow.picture.value


def test_a_new_setting_ends_the_old_work() -> None:
    async def play(slow: Slow) -> None:
        slow.controls["pieces"].value = 50
        await until(lambda: visible(slow) == {"visible"})
        slow.controls["pieces"].value = 1
        slow.bar.observe(lambda change: later.append(change["new"]), names="value")
        await rest()

    later: list[str] = []
    slow, _ = in_a_kernel(play)
    shown = {percent for bar in later for percent in re.findall(r'value="(\d+)"', bar)}
    assert shown <= {"0", "100"}, "the old work goes on"
    assert "<strong>1 pieces</strong>" in slow.picture.value and visible(slow) == {"hidden"}


@pytest.mark.parametrize(("pieces", "words"), [(97, "unlucky"), (99, "too many")])
def test_a_failing_callback_is_one_message(pieces: int, words: str) -> None:
    slow = Explorer(SLOW, Pieces())
    slow.controls["pieces"].value = pieces  # no event loop here: the work is done at once
    assert slow.picture.value.count('role="alert"') == 1 and f"&lt;b&gt;{words}" in slow.picture.value
    slow.controls["pieces"].value = 2
    assert "<strong>2 pieces</strong>" in slow.picture.value


def test_what_is_not_shown_takes_no_room() -> None:
    quick = kx.failover_explorer()
    row = quick.children[1]
    assert quick.bar not in row.children and quick.cancel not in row.children
    assert quick.code.layout.display == "none"
    quick.show_python.click()
    assert quick.code.layout.display is None
    quick.reset.click()
    assert quick.code.layout.display == "none"
    slow = Explorer(replace(CRASH, work=lambda setting: iter(())), CrashSetting())
    assert slow.bar in slow.children[1].children
