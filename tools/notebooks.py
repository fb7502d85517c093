"""Generate the student notebooks from the solutions, and run the solutions.

    python tools/notebooks.py             write notebooks/*.ipynb from instructor/solutions/*.ipynb
    python tools/notebooks.py --check     write nothing; fail where a student notebook is out of date
    python tools/notebooks.py --execute   run the solutions, store the outputs that strict nbval compares

Names of lessons (01_nodeport) after these restrict them to those lessons. The work on the cells is
nbgrader's own, with nbgrader_config.py; only its gradebook is left out.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config.loader import Config, PyFileConfigLoader

# The answers that a solution gives stay in memory: they are nobody's.
os.environ["K8SEXPOSE_ANSWERS"] = ""

ROOT = Path(__file__).resolve().parent.parent
STUDENTS = ROOT / "notebooks"
SOLUTIONS = ROOT / "instructor" / "solutions"

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

# nbgrader's order in generate_assignment. Checksums come last, on what the student gets.
STEPS = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    ClearHiddenTests,
    ClearMarkScheme,
    CheckCellMetadata,
    ComputeChecksums,
)

# What differs from run to run gets one fixed value. tests/nbval_sanitize.cfg matches the same shapes.
UNSTABLE = ((re.compile(r"0x[0-9a-fA-F]{6,}"), "0x000000"), (re.compile(r"T_[0-9a-f]{5}"), "T_00000"))


def notebooks_in(folder: Path) -> list[Path]:
    """The lessons of a folder in their order, then its leaflets."""
    return [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("leaflets/*.ipynb"))]


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def text(nb: NotebookNode) -> str:
    """The file's text: one form, so that equal notebooks are equal files."""
    return nbformat.writes(nb, version=4).rstrip("\n") + "\n"


def config() -> Config:
    return PyFileConfigLoader(str(ROOT / "nbgrader_config.py")).load_config()


def plain(nb: NotebookNode) -> None:
    """Leave only the metadata that is the same on every machine, and in every run: no widget state."""
    nb.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in nb.cells:
        for name in ("execution", "collapsed", "ExecuteTime"):
            cell.metadata.pop(name, None)


def student(nb: NotebookNode) -> NotebookNode:
    """The student's version of a solution notebook."""
    nb = nbformat.from_dict(nb)
    resources: dict[str, object] = {}
    settings = config()
    # nbgrader_config.py puts one step of ours in front: it takes the answers out of ask("id", answer=…).
    for step in (settings.GenerateAssignment.preprocessors[0], *STEPS):
        nb, resources = step(config=settings).preprocess(nb, resources)
    plain(nb)
    return nb


def stable(output: NotebookNode) -> NotebookNode:
    """An output without what is random: views of widgets that are gone, addresses, style ids."""
    fields = output.get("data", output)
    fields.pop(WIDGET_VIEW, None)
    for key in ("text", "text/plain", "text/html", "text/markdown"):
        if isinstance(fields.get(key), str):
            for pattern, fixed in UNSTABLE:
                fields[key] = pattern.sub(fixed, fields[key])
    return output


def execute(path: Path) -> str:
    """The text of a solution notebook with fresh outputs."""
    nb = read(path)
    nb.metadata["kernelspec"] = nbformat.from_dict(KERNEL)
    client = NotebookClient(
        nb,
        timeout=120,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    # An error inside a callback ends up here, not in a cell's outputs.
    for widget in nb.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {}).values():
        for output in widget.get("state", {}).get("outputs") or ():
            if output["output_type"] == "error":
                raise RuntimeError(f"a widget's callback raised {output['ename']}: {output['evalue']}")
    plain(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [stable(output) for output in cell.outputs]
    return text(nb)


def write(path: Path, new: str) -> None:
    old = path.read_text(encoding="utf-8") if path.exists() else None
    if old != new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8", newline="\n")
    print(f"{'unchanged' if old == new else 'written  '} {path.relative_to(ROOT)}")


def difference(path: Path, wanted: str) -> str:
    if not path.exists():
        return "is missing"
    lines = difflib.unified_diff(path.read_text(encoding="utf-8").splitlines(), wanted.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(lines)[2:10] if not line.startswith("@@"))


def problems(solutions: list[Path], everything: bool) -> list[str]:
    """What --check finds."""
    found = []
    for path in solutions:
        nb = read(path)
        mine = STUDENTS / path.relative_to(SOLUTIONS)
        if mine_differs := difference(mine, text(student(nb))):
            found.append(f"{mine.relative_to(ROOT)} differs from its solution:\n{mine_differs}")
        # nbval compares nothing in a cell that was never run.
        if any(c.cell_type == "code" and c.source.strip() and c.execution_count is None for c in nb.cells):
            found.append(f"{path.relative_to(ROOT)} has cells that were never run")
    if everything:
        names = {path.relative_to(SOLUTIONS) for path in solutions}
        orphans = [path for path in notebooks_in(STUDENTS) if path.relative_to(STUDENTS) not in names]
        found += [f"{path.relative_to(ROOT)} has no solution" for path in orphans]
    return found


def each(solutions: list[Path], make: Callable[[Path], str], folder: Path) -> int:
    """Write what `make` gives for every solution into `folder`; the number of failures."""
    failures = 0
    for path in solutions:
        try:
            write(folder / path.relative_to(SOLUTIONS), make(path))
        except (CellExecutionError, RuntimeError, ValueError) as error:
            failures += 1
            print(f"failed    {path.relative_to(ROOT)}\n{error}", file=sys.stderr)
    return failures


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail where a student notebook is not up to date")
    parser.add_argument("--execute", action="store_true", help="run the solutions and store their outputs")
    parser.add_argument("lessons", nargs="*", help="names such as 01_nodeport; none: all")
    options = parser.parse_args(argv)
    solutions = notebooks_in(SOLUTIONS)
    if options.lessons:
        wanted = {Path(name).stem for name in options.lessons}
        if unknown := wanted - {path.stem for path in solutions}:
            parser.error(f"no such solution: {', '.join(sorted(unknown))}")
        solutions = [path for path in solutions if path.stem in wanted]
    if options.execute:
        return 1 if each(solutions, execute, SOLUTIONS) else 0
    if options.check:
        found = problems(solutions, everything=not options.lessons)
        print("\n".join(found) or f"student notebooks up to date: {len(solutions)}")
        if found:
            print("To mend: make notebooks (it overwrites notebooks/*.ipynb with the generated ones)")
        return 1 if found else 0
    return 1 if each(solutions, lambda path: text(student(read(path))), STUDENTS) else 0


if __name__ == "__main__":
    sys.exit(main())
