"""The reference of the package, made from its docstrings by pdoc.

pdoc was chosen because it needs no configuration, reads numpydoc, makes one folder that works from file:// with search,
and is maintained (16.0 of October 2025). It is wanted for nothing else: `make site` puts it into build/site-tools, and
where it cannot be had the site is made without the reference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["made"]

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/site-tools"
MODULES = ("k8sexpose", "k8sexpose.lessons")


def made(folder: Path) -> bool:
    """Write the reference into a folder of the site; return whether pdoc was there to do it."""
    if not (TOOLS / "pdoc").is_dir():
        return False
    path = os.pathsep.join([str(ROOT), str(TOOLS)])
    command = [sys.executable, "-m", "pdoc", "--docformat", "numpy", "--no-show-source", "-o", str(folder / "api")]
    done = subprocess.run(
        [*command, *MODULES], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pdoc failed:\n{done.stderr}")
    return True
