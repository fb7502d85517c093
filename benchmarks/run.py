"""Run the benchmarks and write RESULTS.md: ``python benchmarks/run.py [--quick] [--lab] [--only imports,traffic]``.

Each section is a program of its own and can be run alone. With ``--only`` or ``--quick`` the file is written only where
``--out`` names one: RESULTS.md holds whole runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import ROWS_TO

HERE = Path(__file__).resolve().parent
QUICK = "--quick"
SECTIONS = {  # program: (title, options, whether it knows --quick)
    "imports": ("Import", (), True),
    "traffic": ("Many requests: `simulate`", ("--long",), True),
    "routing": ("One question: `apply`, `send`, `routes`, `shares`", (), True),
    "report": ("Report on a cluster", (), True),
    "widgets": ("Slider to new picture", (), False),
    "flow_frames": ("Frame rate of the visualizer", (), False),
    "lessons": ("Lessons, run all", (), True),
    "lab": ("`make lab`", (), False),
}
PACKAGES = ("numpy", "pandas", "matplotlib", "ipywidgets", "jupyterlab", "simpy", "ciw")


def processor() -> str:
    """Name the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def run(name: str, quick: bool) -> dict[str, Any]:
    """Run one program; return its rows, or its lines where it hands over none, and whether all limits were met."""
    _, options, knows_quick = SECTIONS[name]
    command = [sys.executable, str(HERE / f"{name}.py"), *([QUICK] if knows_quick else []) * quick]
    command += () if quick else options
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=HERE.parent, capture_output=True, text=True, env={**os.environ, ROWS_TO: str(rows)}
        )
        took_s = time.perf_counter() - began
        found = [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []
    print(done.stdout, flush=True)
    if failed := done.returncode not in (0, 1) or "Traceback" in done.stderr:
        print(done.stderr, file=sys.stderr)
    return {"rows": found, "text": done.stdout, "code": done.returncode, "failed": failed, "took_s": took_s}


def section(name: str, result: dict[str, Any]) -> str:
    """Render a section as Markdown, from what was measured and nothing else."""
    lines = [f"## {SECTIONS[name][0]}", ""]
    if result["failed"]:
        lines += ["The program failed; nothing was measured.", ""]
    elif result["rows"]:
        lines += ["| | measured | limit | |", "|---|--:|---|---|"]
        words = {None: "", True: "met", False: "**missed**"}
        lines += [f"| {r['what']} | {r['value']} | {r['limit']} | {words[r['met']]} |" for r in result["rows"]]
        lines.append("")
    else:
        skipped = result["text"].startswith("skipped")
        verdict = "Not measured." if skipped else "Limits met." if result["code"] == 0 else "**A limit was missed.**"
        lines += ["```", result["text"].rstrip(), "```", "", verdict, ""]
    return "\n".join([*lines, f"`python benchmarks/{name}.py`, {result['took_s']:.0f} s", ""])


def main() -> int:
    """Run, print, write; 1 where a limit was missed or a program failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help=f"sections, with commas between: {', '.join(SECTIONS)}")
    parser.add_argument(QUICK, action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument("--lab", action="store_true", help="also make lab from nothing (needs the network)")
    parser.add_argument("--out", type=Path, help="where to write; default for a whole run: benchmarks/RESULTS.md")
    asked = parser.parse_args()
    chosen = asked.only.split(",") if asked.only else [name for name in SECTIONS if name != "lab" or asked.lab]
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}")
    out = asked.out or (None if asked.only or asked.quick else HERE / "RESULTS.md")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    results = {}
    for name in chosen:
        print(f"== {SECTIONS[name][0]}", flush=True)
        results[name] = run(name, asked.quick)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    head = [
        "# Benchmarks", "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}{' (quick)' if asked.quick else ''}. "
        "Limits are ratios within one run where they can be.", "",
        f"Machine: {processor()}, {os.cpu_count()} cores, {platform.system()}; load before the run {busy:.1f}. "
        f"Python {platform.python_version()}, {versions}.", "",
    ]  # fmt: skip
    if out:
        out.write_text("\n".join([*head, *(section(name, one) for name, one in results.items())]), encoding="utf-8")
        print(f"wrote {out.name}")
    return int(any(one["code"] or one["failed"] for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
