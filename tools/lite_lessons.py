"""Run whole lessons in JupyterLite in Chromium, with no network while they run, and compare what they show.

    python tools/lite_lessons.py [--shots FOLDER] [--students] [notebook …]      (default: the solutions of all lessons)

Needs npm, a package index, Chromium, Playwright, and the environment in which `make lite` builds (build/lite-env).
The site is the one that `make lite` builds, with an older Pyodide in it, the only one of which numpy, pandas and
matplotlib can be had without Pyodide's own host (tools/lite_runtime.py). Each notebook is opened there, run with
Run All, and searched for errors, for text on stderr, for widgets that do not show, and for requests to another host.
What the cells of a solution print and return must be what they printed and returned in an ordinary Python.

With --students the published lessons are run in place of the solutions; they have no outputs to compare with.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from lite_kernel import LITE_PYTHON, Trial  # noqa: E402
from lite_runtime import OLDER, older_distribution, serving, use_older_piplite  # noqa: E402

from tests.browser import run_lessons  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SOLUTIONS = ROOT / "instructor/solutions"
PATIENCE_S = 900
MODEL = "() => window.jupyterapp.shell.currentWidget.context.model.toJSON()"
# The answers that a solution gives stay in memory, as in every other run of a solution.
IN_MEMORY = "import os\nos.environ['K8SEXPOSE_ANSWERS'] = ''"
# The older Pyodide's own patch of matplotlib says so where matplotlib itself would keep silent.
OWN_STDERR = "Matplotlib is building the font cache; this may take a moment.\n"
# What may differ between two runs; strict nbval reads the same file.
CHANGING = "tests/nbval_sanitize.cfg"
# How wide a figure is depends on the version of matplotlib.
WIDTHS = re.compile(r"(?:min|max)-width: \d+px")
KINDS = ("stdout", "text/plain", "text/html", "text/markdown")


def build(base: Path, site: Path) -> None:
    """Build the site with the older Pyodide."""
    command = [LITE_PYTHON, ROOT / "tools/lite.py", "--pyodide", older_distribution(base), site / "lite"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    use_older_piplite(site / "lite", base)


def put_solutions(lite: Path) -> None:
    """Put the solutions in place of the lessons, without their outputs."""
    for path in run_lessons.course():
        name = run_lessons.place(path)
        nb = json.loads((SOLUTIONS / name).read_text(encoding="utf-8"))
        for cell in code_cells(nb):
            cell |= {"outputs": [], "execution_count": None}
        (lite / "files" / name).write_text(json.dumps(nb), encoding="utf-8")


def code_cells(nb: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (cell for cell in nb["cells"] if cell["cell_type"] == "code")


# --- what a cell shows ------------------------------------------------------------------------------------------------


def sanitised(text: str) -> str:
    """A text without what may differ from run to run."""
    rules = re.findall(r"^regex: (.*)\nreplace: (.*)$", (ROOT / CHANGING).read_text(encoding="utf-8"), re.MULTILINE)
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return WIDTHS.sub("WIDTH", text)


def shown(cell: dict[str, Any]) -> dict[str, str]:
    """What a cell prints and returns as text; a widget's output has a text too, for where no widget can be shown."""
    texts = dict.fromkeys(KINDS, "")
    for output in cell["outputs"]:
        found = {output["name"]: output["text"]} if output["output_type"] == "stream" else output.get("data", {})
        for kind in KINDS:
            texts[kind] += sanitised("".join(found.get(kind, "")))
    return texts


def apart(new: str, old: str) -> str:
    """Two texts from a little before the place where they part."""
    same = next((place for place, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), len(new))
    part = slice(max(0, same - 60), same + 120)
    return f"{new[part]!r} and not {old[part]!r}"


def differences(ran: dict[str, Any], stored: dict[str, Any]) -> Iterator[str]:
    """Every cell that shows something else than the solution that is stored."""
    for number, (new, old) in enumerate(zip(code_cells(ran), code_cells(stored), strict=True)):
        if "".join(new["source"]) != "".join(old["source"]):
            yield f"code cell {number} is another one"
            continue
        now, then = shown(new), shown(old)
        for kind in KINDS:
            if now[kind] != then[kind]:
                yield f"code cell {number} shows as {kind} {apart(now[kind], then[kind])}"


def complaints(nb: dict[str, Any]) -> Iterator[str]:
    """Errors, and what was written to stderr."""
    for number, cell in enumerate(code_cells(nb)):
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                yield f"code cell {number} ends in {output['ename']}: {output['evalue']}"
            if output.get("name") == "stderr" and "".join(output["text"]) != OWN_STDERR:
                yield f"code cell {number} writes to stderr: {output['text']}"


# --- in the browser ---------------------------------------------------------------------------------------------------


def run(page: Page, trial: Trial, name: str) -> dict[str, Any]:
    """Open a notebook, run it, and return it with its outputs."""
    page.goto(f"{trial.home}lite/lab/index.html?path={name}")
    page.wait_for_selector("#kx-wait", state="attached")
    trial.until_ready(page, name)
    run_lessons.said_by(page, IN_MEMORY)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    run_lessons.wait_for("cells are still running", lambda: run_lessons.ended(page), PATIENCE_S)
    page.wait_for_timeout(1000)  # widgets draw after their cell has run
    nb: dict[str, Any] = page.evaluate(MODEL)
    nb["cells"] = [cell for cell in nb["cells"] if "".join(cell["source"]) != IN_MEMORY]
    return nb


def lesson(context: BrowserContext, trial: Trial, name: str, stored: dict[str, Any] | None) -> list[str]:
    """What is not as it should be in one notebook."""
    page = context.new_page()
    began = time.monotonic()
    try:
        nb = run(page, trial, name)
        found = [*complaints(nb), *(differences(nb, stored) if stored else ())]
        text = page.locator(".jp-Notebook").first.inner_text()
        found += [f"the page says {words!r}" for words in run_lessons.BROKEN_WIDGETS if words in text]
        print(f"{name}: {sum(1 for _ in code_cells(nb))} code cells, {time.monotonic() - began:.0f} s", flush=True)
        if trial.shots:
            run_lessons.shoot(page, trial.shots, Path(name).stem)
    except Exception as error:  # whatever Playwright raises is a problem of this notebook
        found = [f"{type(error).__name__}: {error}; the prompts: {' '.join(run_lessons.prompts(page))}"]
    finally:
        page.close()
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    parser.add_argument("--students", action="store_true", help="the published lessons in place of the solutions")
    parser.add_argument("notebooks", nargs="*", help="as in notebooks/: 01_nodeport.ipynb, leaflets/zones_at_aws.ipynb")
    options = parser.parse_args(argv)
    if reason := run_lessons.why_not():
        print(f"cannot run: {reason}")
        return 1
    names = options.notebooks or [run_lessons.place(path) for path in run_lessons.course()]
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        build(base, base / "site")
        if not options.students:
            put_solutions(base / "site/lite")
        with serving(base / "site") as home, run_lessons.browser() as context:
            trial = Trial(context, home, options.shots)
            for name in names:
                stored = None if options.students else json.loads((SOLUTIONS / name).read_text(encoding="utf-8"))
                found = lesson(context, trial, name, stored)
                trial.problems += [f"{name}: {problem}" for problem in found]
                print("".join(f"  {problem}\n" for problem in found), end="", flush=True)
    print(f"Pyodide {OLDER}: {len(trial.problems) or 'no'} problems in {len(names)} notebooks")
    return 1 if trial.problems else 0


if __name__ == "__main__":
    sys.exit(main())
