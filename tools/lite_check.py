"""Test with the versions that Pyodide's distribution brings, in an ordinary environment.

    python tools/lite_check.py [--python PYTHON]      (Pyodide 314 runs Python 3.14)

numpy, pandas and matplotlib for the browser cannot be had from a package index, so the lessons' numbers and figures are
tested with the same versions here. The wheel must be pure: no other can be installed there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = json.loads((ROOT / "tools/pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
PYODIDE = [f"{name}=={PACKAGES[name]['version']}" for name in ("numpy", "pandas", "matplotlib", "pyyaml")]
TESTS = "api cluster kubeproxy cloud router traffic cost plots report widgets".split()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        python = base / "venv/bin/python"

        def run(*command: object, cwd: Path = base) -> None:
            subprocess.run([str(part) for part in command], cwd=cwd, check=True)

        run(options.python, "-m", "venv", base / "venv")
        run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", base, ROOT)
        (wheel,) = base.glob("*.whl")
        if not wheel.name.endswith("-py3-none-any.whl"):
            print(f"not pure: {wheel.name}")
            return 1
        run(python, "-m", "pip", "install", "--quiet", wheel, *PYODIDE)
        # In the empty folder: the wheel itself, not the sources.
        run(
            python, "-c", "import k8sexpose as kx; print('imported', kx.__version__); [getattr(kx, n) for n in dir(kx)]"
        )
        tools = ("pytest", "hypothesis", "nbformat", "ipykernel", "simpy", "ciw")
        run(python, "-m", "pip", "install", "--quiet", *tools, *PYODIDE, "-c", ROOT / "constraints.txt")
        run(python, "-m", "pytest", "-q", *(f"tests/{name}" for name in TESTS), cwd=ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
