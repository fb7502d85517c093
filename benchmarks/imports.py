"""Import time as a ratio to importing the dependencies alone: ``python benchmarks/imports.py [--quick]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import in_turns, middle, show

LIMIT = 1.25
# Of the lazy package, only that which is asked for is loaded: the model is its router, the whole every public name.
CODE = {
    "model": "import k8sexpose.router",
    "what the model needs": (
        "import yaml, ipaddress, json, dataclasses, fractions, tomllib, importlib.resources, random, re, textwrap, "
        "decimal, datetime, hashlib, zlib, shlex, difflib, html"
    ),
    "whole": "import k8sexpose as kx\nfor name in kx.__all__: getattr(kx, name)",
    "what the whole needs": "import yaml, numpy, pandas, matplotlib.pyplot, ipywidgets, anywidget, IPython",
}
TIMED = "import time; began = time.perf_counter()\n{}\nprint(time.perf_counter() - began)"


def seconds(code: str) -> float:
    """Run the code in a fresh process; return how long it took there."""
    command = [sys.executable, "-c", TIMED.format(code)]
    root = Path(__file__).resolve().parents[1]
    return float(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)


def main(quick: bool = False) -> int:
    """Print the ratios; 1 where one is above the limit."""
    works = {name: (lambda code=code: seconds(code)) for name, code in CODE.items()}
    times = middle(in_turns(works, 3 if quick else 15))
    good = []
    for ours, theirs in (("model", "what the model needs"), ("whole", "what the whole needs")):
        ratio = times[ours] / times[theirs]
        show(f"{theirs}, to import", f"{1000 * times[theirs]:.0f} ms")
        good.append(show(f"{ours}, to import, over {theirs}", f"{ratio:.2f}", f"<= {LIMIT}", ratio <= LIMIT))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
