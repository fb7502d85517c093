"""Import time as a ratio to importing the dependencies alone: ``python benchmarks/imports.py [--quick]``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.measure import in_turns, show  # noqa: E402

LIMIT = 1.25
NEEDS = "import yaml, numpy, pandas"
WHOLE_NEEDS = NEEDS + ", matplotlib.figure, ipywidgets, anywidget, IPython.display"
# The package is lazy: what is asked for is loaded. The model reaches from manifest to traffic and cost (the bill alone
# reads no manifest, so that it is named), the whole is every public name; "where requests go" needs no NumPy, and is
# all that a first look at routes loads.
MODEL = "import k8sexpose.api.documents, k8sexpose.traffic.simulation, k8sexpose.cost.billing"
# What is needed, and what is ours.
CODE = {
    "the whole": (WHOLE_NEEDS, "import k8sexpose as kx\nfor name in kx.__all__: getattr(kx, name)"),
    "the model": (NEEDS, MODEL),
    "model, report and command line": (NEEDS, MODEL + ", k8sexpose.cli, k8sexpose.report.review"),
    "where requests go": ("", "import k8sexpose.router.router"),
}
# Both in one process, so that the two parts of a ratio are measured in the same moment. CPU time, and the best of many:
# a busy neighbour adds to all else.
TIMED = """
import time
began = time.process_time()
{needs}
between = time.process_time()
{ours}
print(between - began, time.process_time() - between)
"""


def seconds(needs: str, ours: str, compiled: str) -> tuple[float, float]:
    """Return the CPU seconds of both parts in a fresh process, which has compiled modules in a folder."""
    command = [sys.executable, "-c", TIMED.format(needs=needs, ours=ours)]
    env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    first, second = said.split()
    return float(first), float(second)


def measured(rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least CPU seconds of each part."""
    # A reader's modules are compiled, the dependencies too, as pip leaves them. Here the first round compiles all, into
    # a folder of its own: else one run would time the compiler, and another one would not.
    with tempfile.TemporaryDirectory() as compiled:
        works = {name: partial(seconds, needs, ours, compiled) for name, (needs, ours) in CODE.items()}
        in_turns(works, 1)
        taken = in_turns(works, rounds)
    return {name: (min(first for first, _ in both), min(second for _, second in both)) for name, both in taken.items()}


def main(quick: bool = False) -> int:
    """Print the ratios; 1 where one is above the limit."""
    times = measured(3 if quick else 15)
    good = []
    for name in ("the whole", "the model"):
        show(f"what {name} needs, to import", f"{1000 * times[name][0]:.0f} ms")
    for name in ("the whole", "the model"):
        needs, ours = times[name]
        ratio = 1 + ours / needs
        good.append(show(f"{name}, to import, over what {name} needs", f"{ratio:.2f}", f"<= {LIMIT}", ratio <= LIMIT))
    needs, ours = times["model, report and command line"]
    show("model, report and command line, to import, over what the model needs", f"{1 + ours / needs:.2f}")
    first_look = times["where requests go"][1] / times["the whole"][0]
    show("where requests go, to import, over what the whole needs", f"{first_look:.2f}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
