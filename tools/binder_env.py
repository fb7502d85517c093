"""Build Binder's environment by Binder's own steps, without its engine, and open two lessons there in Chromium.

    python tools/binder_env.py [--python PYTHON]

In the second lesson a question is answered; its feedback has to be that of a right answer.

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

LESSONS = ("00_start_here.ipynb", "01_nodeport.ipynb")
QUESTION = "np-which-nodes"
ANSWER = f"""from k8sexpose.lessons import ask, check
everywhere = {{"10.0.0.1", "10.0.0.2", "10.0.0.3"}}
ask("{QUESTION}", answer=everywhere)
print("right:", check("{QUESTION}").correct)"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="Binder's is in binder/runtime.txt")
    parser.add_argument("--shots", type=Path, default=ROOT / "build/binder-shots")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="k8sexpose-binder-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        source, venv = base / "source", base / "venv"
        python = venv / "bin/python"
        inside = {**os.environ, "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(venv)}

        def run(*command: object, cwd: Path = source) -> str:
            """What the command prints; an error ends it all."""
            print("+", *(Path(str(part)).name.splitlines()[0] for part in command), flush=True)
            words = [str(part) for part in command]
            done = subprocess.run(words, cwd=cwd, env=inside, check=True, stdout=subprocess.PIPE, text=True)
            return done.stdout

        run("git", "clone", "--quiet", ROOT, source, cwd=base)
        run(options.python, "-m", "venv", venv)
        run(python, "-m", "pip", "install", "--quiet", *BASE)
        run(python, "-m", "pip", "install", "--quiet", "-r", source / "binder/requirements.txt")
        run("bash", "binder/postBuild")
        run(python, "-m", "pip", "check")
        run(python, "-m", "pip", "install", "--quiet", "playwright", "-c", source / "constraints.txt")
        lessons = [source / "notebooks" / name for name in LESSONS]
        said = run(
            python, "tests/browser/run_lessons.py", "--shots", options.shots.resolve(), "--code", ANSWER, *lessons
        )
    print(said, end="")
    if "no problem" not in said or "right: True" not in said:
        print("the question was not answered in Binder's environment")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
