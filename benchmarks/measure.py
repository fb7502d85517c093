"""What the benchmarks share: timing in turns, growth as an exponent, one line for each bar."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

Measured = TypeVar("Measured")
ROWS_TO = "K8SEXPOSE_BENCH_ROWS"  # a file to which `show` also writes each row, for run.py


@dataclass(frozen=True, slots=True)
class Row:
    """One number with its limit; ``met`` is None where there is no limit."""

    what: str
    value: str
    limit: str = ""
    met: bool | None = None


def show(what: str, value: str, limit: str = "", met: bool | None = None) -> bool:
    """Print a row, and hand it to run.py; False where its limit is missed."""
    row = Row(what, value, limit, met)
    print(f"{what:<66}{value:>16}   {limit:<18}{'' if met is None else 'met' if met else 'MISSED'}", flush=True)
    if path := os.environ.get(ROWS_TO):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
    return met is not False


def cpu_s(work: Callable[[], object]) -> float:
    """Measure CPU seconds of this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def wall_s(work: Callable[[], object]) -> float:
    """Measure seconds on the clock."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def in_turns(works: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Let measurements take turns, so that a busy moment of the machine meets all alike."""
    found: dict[str, list[Measured]] = {name: [] for name in works}
    for turn in range(rounds):
        names = list(works)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name].append(works[name]())
    return found


def best(times: Mapping[str, list[float]]) -> dict[str, float]:
    """The least of each: what else ran on the machine can only add."""
    return {name: min(taken) for name, taken in times.items()}


def exponent(sizes: tuple[float, ...], times: tuple[float, ...]) -> float:
    """Of growth from the first size to the last: 0 flat, 1 in step with the size, 2 its square."""
    return math.log(times[-1] / times[0]) / math.log(sizes[-1] / sizes[0])
