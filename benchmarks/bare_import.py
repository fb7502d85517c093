"""What `import k8sexpose` costs beside another copy of the package: ``python benchmarks/bare_import.py OLD [RUNS]``.

OLD is a folder with an earlier ``k8sexpose`` in it, for example of version 0.1.0:
``git archive b801c5c k8sexpose | tar -x -C OLD``. CPU time of a whole process, user and system, the two in turns; what
Python itself needs to start is measured too.
"""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "sys"


def seconds(folder: Path, module: str) -> float:
    """Return the CPU seconds of a process that imports a module."""
    command = [sys.executable, "-X", "utf8", "-c", f"import resource, {module}; r = resource.getrusage(0); "
               f"print(r.ru_utime + r.ru_stime, getattr({module}, '__file__', ''))"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(folder)}
    said = subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=True).stdout.split(" ", 1)
    if module != PYTHON and not said[1].startswith(str(folder)):
        raise SystemExit(f"imported from {said[1].strip()}, not from {folder}")
    return float(said[0])


def main(old: Path, runs: int = 30) -> int:
    """Print three medians; return 1 where the package costs more than the old one."""
    works = {"Python alone": (ROOT, PYTHON), "before": (old.resolve(), "k8sexpose"), "now": (ROOT, "k8sexpose")}
    for folder in (ROOT, old):
        compileall.compile_dir(folder / "k8sexpose", quiet=1)
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, (folder, module) in works.items():
            times[name].append(seconds(folder, module))
    found = {name: statistics.median(each) for name, each in times.items()}
    for name, each in found.items():
        print(f"{name}: {1000 * each:.1f} ms")
    print(f"now over before: {found['now'] / found['before']:.2f}")
    return int(found["now"] > found["before"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 30))
