"""Fuzz every entry point through which somebody else's text comes in.

Usage: ``python tests/hostile/fuzz.py`` tries for a minute; ``--inputs 1000000`` is the long run, ``--replay NUMBER``
plays one input again. Inputs are made from a seed and a number, so a finding is named by these two.

An outcome is a value, or an exception that the entry point's documentation names and whose message says where; within 1 s of
processor time and 200 MB for 1 MB of input; after a refusal the cluster is as it was. All else is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hostile.corpus import Corpus
from tests.hostile.entry_points import ENTRY_POINTS, World, Wrong

BLOCK = 200  # inputs that meet the same cluster, one after the other
LIMIT_S, LIMIT_MB = 1.0, 200
STUCK_S = 120

# -- one input ---------------------------------------------------------------------------------------------------------


class TooSlow(BaseException):
    """Raised by the clock in the middle of whatever is slow."""


@dataclass
class Finding:
    """What went wrong, where, and with which input."""

    number: int
    entry_point: str
    what: str
    where: str
    sent: str

    @property
    def key(self) -> tuple[str, str]:
        return self.what.partition(":")[0], self.where


def place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "k8sexpose/" in f.filename.replace("\\", "/")]
    frames = frames or traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"


def block(
    seed: str, first: int, folder: Path, corpus: Corpus, limit_s: float, only: int | None = None
) -> Iterator[Finding | None]:
    """Play the inputs of one block."""
    world = World(corpus, random.Random(f"{seed}/block/{first}"), folder)
    memory = Memory()
    for number in range(first, first + BLOCK):
        world.rng = random.Random(f"{seed}/{number}")
        world.sent = ""
        entry_point = world.rng.choices([call for call, _ in ENTRY_POINTS], [weight for _, weight in ENTRY_POINTS])[0]
        began = time.process_time()
        finding = None
        try:
            signal.setitimer(signal.ITIMER_PROF, 20 * limit_s)
            entry_point(world)
        except (Exception, TooSlow) as error:
            what = str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
            finding = (what, place(error))
            if only is not None:
                traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - began
        size_mb = max(len(str(world.sent)) / 1e6, 1) if took > limit_s or memory.grown else 1
        if finding is None and took > limit_s * size_mb:
            finding = (f"slow: {took:.1f} s for {size_mb:.1f} MB", entry_point.__name__)
        if finding is None and memory.grown > LIMIT_MB * size_mb:
            finding = (f"memory: {memory.grown:.0f} MB", entry_point.__name__)
            memory = Memory()
        if only == number:
            print(f"{entry_point.__name__}: {world.sent!r:.3000}\n{finding}")
        if finding is not None:
            yield Finding(number, entry_point.__name__, finding[0][:500], finding[1], repr(world.sent)[:4000])
        else:
            yield None


class Memory:
    """How much more memory than at the beginning this process has ever had."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        self.base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @property
    def grown(self) -> float:
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self.base) / 1024


# -- many inputs -------------------------------------------------------------------------------------------------------


def work(seed: str, blocks: range, limit_s: float, until: float, done: Any, queue: Any) -> None:
    """Play blocks until they or the time are up; the parent watches how far we are."""

    def too_slow(*_: Any) -> None:
        raise TooSlow("more than twenty times the limit")

    signal.signal(signal.SIGPROF, too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    corpus = Corpus.load()
    with tempfile.TemporaryDirectory() as folder:
        for first in blocks:
            for finding in block(seed, first, Path(folder), corpus, limit_s):
                with done.get_lock():
                    done.value += 1
                if finding is not None:
                    queue.put(finding)
            if time.monotonic() > until:
                break


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, help=f"how many, in blocks of {BLOCK} (default: as many as fit)")
    parser.add_argument("--seconds", type=float, help="how long (default: 60, or no limit with --inputs)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument(
        "--limit", type=float, default=LIMIT_S, metavar="SECONDS",
        help="processor time that 1 MB of input may take (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", default="0", help="(default: %(default)s)")
    parser.add_argument(
        "--replay", type=int, metavar="NUMBER", help="play one input again, and those of its block before"
    )
    told = parser.parse_args()
    if told.replay is not None:
        with tempfile.TemporaryDirectory() as folder:
            first = told.replay - told.replay % BLOCK
            played = block(told.seed, first, Path(folder), Corpus.load(), told.limit, only=told.replay)
            found = [finding for finding, _ in zip(played, range(told.replay - first + 1), strict=False)]
        return int(found[-1] is not None)
    inputs = told.inputs or sys.maxsize // 2
    seconds = told.seconds or (math.inf if told.inputs else 60)
    return report_on(watch(told.seed, inputs, seconds, told.jobs, told.limit), told.seed)


@dataclass
class Outcome:
    """All findings, by kind, and how many inputs there were."""

    inputs: int = 0
    seconds: float = 0.0
    findings: dict[tuple[str, str], list[Finding]] = field(default_factory=dict)


def watch(seed: str, inputs: int, seconds: float, jobs: int, limit_s: float) -> Outcome:
    """Start the workers and look after them: one that is stuck or gone is itself a finding."""
    context = multiprocessing.get_context("spawn")
    queue, began, outcome = context.SimpleQueue(), time.monotonic(), Outcome()
    counts = [context.Value("q", 0) for _ in range(jobs)]
    ends = -(-inputs // BLOCK) * BLOCK

    def start(job: int) -> Any:
        skip = -(-counts[job].value // BLOCK)
        counts[job].value = skip * BLOCK
        blocks = range((job + skip * jobs) * BLOCK, ends, jobs * BLOCK)
        process = context.Process(
            target=work, args=(seed, blocks, limit_s, began + seconds, counts[job], queue), daemon=True
        )
        process.start()
        return process

    workers = {job: start(job) for job in range(jobs)}
    moved = {job: (0, time.monotonic()) for job in workers}
    said = began
    while workers:
        time.sleep(0.2)
        while not queue.empty():
            note(outcome, queue.get())
        for job, process in list(workers.items()):
            value = counts[job].value
            if value != moved[job][0]:
                moved[job] = value, time.monotonic()
            stuck = time.monotonic() - moved[job][1] > STUCK_S
            if process.is_alive() and not stuck:
                continue
            process.kill()
            process.join()
            del workers[job]
            if stuck or process.exitcode:
                number = (job + value // BLOCK * jobs) * BLOCK + value % BLOCK
                note(outcome, Finding(number, "?", "hang" if stuck else f"killed: {process.exitcode}", "", ""))
                counts[job].value += 1
                workers[job] = start(job)
                moved[job] = counts[job].value, time.monotonic()
        if time.monotonic() - said > 30:
            said = time.monotonic()
            total = sum(count.value for count in counts)
            print(f"{total:,} inputs, {total / (said - began):.0f}/s, {len(outcome.findings)} findings", flush=True)
    while not queue.empty():
        note(outcome, queue.get())
    outcome.inputs, outcome.seconds = sum(count.value for count in counts), time.monotonic() - began
    return outcome


def note(outcome: Outcome, finding: Finding) -> None:
    known = outcome.findings.setdefault(finding.key, [])
    known.append(finding)
    if len(known) == 1:
        print(
            f"input {finding.number}, {finding.entry_point}, {finding.where}: {finding.what}\n  {finding.sent:.600}",
            flush=True,
        )


def report_on(outcome: Outcome, seed: str) -> int:
    rate = outcome.inputs / outcome.seconds
    for known in outcome.findings.values():
        print(f"{len(known)} × {known[0].where}: {known[0].what:.150} (--replay {known[0].number} --seed {seed})")
    print(
        f"{outcome.inputs:,} inputs, seed {seed}, {outcome.seconds:.0f} s, {rate:.0f}/s: {len(outcome.findings)} findings"
    )
    return int(bool(outcome.findings))


if __name__ == "__main__":
    sys.exit(main())
