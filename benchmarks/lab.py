"""From `make lab` to the server's answer, from nothing and the second time: ``python benchmarks/lab.py`` (network).

From nothing: a fresh clone of this repository, no environment. Packages come from the registry or pip's cache.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import show

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 900


def answer_s(clone: Path) -> float:
    """Run make lab in a clone; return the seconds until the server answers, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"LAB_ARGS=--no-browser --ServerApp.port={port} --ServerApp.port_retries=0 --IdentityProvider.token="
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "lab", options], cwd=clone, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.perf_counter() - began < PATIENCE_S:
            if process.poll() is not None:
                raise RuntimeError(f"make lab ended with {process.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=5):
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"no answer within {PATIENCE_S} s")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def main() -> int:
    """Measure both times."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / "k8sexpose"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for what in ("from nothing", "the second time"):
            show(f"make lab {what}, to the server's answer", f"{answer_s(clone):.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
