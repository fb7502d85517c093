"""Build Binder's environment by Binder's own steps, without its engine, and run a lesson there in Chromium.

    python tools/binder_env.py [--python PYTHON] [--lesson 01_nodeport]

The steps: the base image's JupyterLab, Notebook and ipywidgets; binder/requirements.txt; binder/postBuild in a clean
checkout of the last commit. Playwright is added for the browser, and changes none of these.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What repo2docker's image brings; see its buildpacks/conda/environment files.
BASE = ("jupyterlab==4.4.9", "notebook==7.4.7", "ipywidgets==8.1.7")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="Binder's is in binder/runtime.txt")
    parser.add_argument("--lesson", default="01_nodeport")
    parser.add_argument("--shots", type=Path, default=ROOT / "build/binder-shots")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="k8sexpose-binder-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        source, venv = base / "source", base / "venv"
        python = venv / "bin/python"
        inside = {**os.environ, "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(venv)}

        def run(*command: object, cwd: Path = base) -> None:
            print("+", *(Path(str(part)).name for part in command), flush=True)
            subprocess.run([str(part) for part in command], cwd=cwd, env=inside, check=True)

        run("git", "clone", "--quiet", ROOT, source)
        run(options.python, "-m", "venv", venv)
        run(python, "-m", "pip", "install", "--quiet", *BASE)
        run(python, "-m", "pip", "install", "--quiet", "-r", source / "binder/requirements.txt")
        run("bash", "binder/postBuild", cwd=source)
        run(python, "-m", "pip", "check")
        run(python, "-m", "pip", "install", "--quiet", "playwright", "-c", source / "constraints.txt")
        lesson = source / "notebooks" / f"{options.lesson}.ipynb"
        run(python, "tests/browser/run_lessons.py", "--shots", options.shots.resolve(), lesson, cwd=source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
