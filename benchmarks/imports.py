"""Import time as a ratio to importing the dependencies alone: ``python benchmarks/imports.py [--quick]``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.measure import best, in_turns, show  # noqa: E402

LIMIT = 1.25
# The package is lazy: what is asked for is loaded. The model reaches from manifest to traffic and cost (the bill alone
# reads no manifest, so that it is named), the whole is every public name; "where requests go" needs no NumPy, and is
# all that a first look at routes loads.
NEEDS = "import yaml, numpy, pandas"
CODE = {
    "what the whole needs": NEEDS + ", matplotlib.pyplot, ipywidgets, anywidget, IPython.display",
    "what the model needs": NEEDS,
    "the whole": "import k8sexpose as kx\nfor name in kx.__all__: getattr(kx, name)",
    "the model": "import k8sexpose.api.documents, k8sexpose.traffic.simulation, k8sexpose.cost.billing",
    "model, report and command line": (
        "import k8sexpose.api.documents, k8sexpose.traffic.simulation, k8sexpose.cost.billing\n"
        "import k8sexpose.cli, k8sexpose.report.review"
    ),
    "where requests go": "import k8sexpose.router.router",
}
# CPU time, and the best of many: a busy neighbour adds to all else.
TIMED = "import time; began = time.process_time()\n{}\nprint(time.process_time() - began)"


def seconds(code: str, compiled: str) -> float:
    """Run the code in a fresh process, with compiled modules in a folder; return its CPU seconds there."""
    command = [sys.executable, "-c", TIMED.format(code)]
    env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return float(subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout)


def measured(rounds: int) -> dict[str, float]:
    """Return the least CPU seconds of each code."""
    # A reader's modules are compiled, the dependencies too, as pip leaves them. Here the first round compiles all, into
    # a folder of its own: else one run would time the compiler, and another one would not.
    with tempfile.TemporaryDirectory() as compiled:
        works = {name: (lambda code=code: seconds(code, compiled)) for name, code in CODE.items()}
        in_turns(works, 1)
        return best(in_turns(works, rounds))


def main(quick: bool = False) -> int:
    """Print the ratios; 1 where one is above the limit."""
    times = measured(3 if quick else 15)
    good = []
    for name in ("what the whole needs", "what the model needs"):
        show(f"{name}, to import", f"{1000 * times[name]:.0f} ms")
    for ours, theirs in (("the whole", "what the whole needs"), ("the model", "what the model needs")):
        ratio = times[ours] / times[theirs]
        good.append(show(f"{ours}, to import, over {theirs}", f"{ratio:.2f}", f"<= {LIMIT}", ratio <= LIMIT))
    for ours, theirs in (
        ("model, report and command line", "what the model needs"),
        ("where requests go", "what the whole needs"),
    ):
        show(f"{ours}, to import, over {theirs}", f"{times[ours] / times[theirs]:.2f}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
