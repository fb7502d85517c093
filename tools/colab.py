"""Generate copies of the lessons for Google Colab: each begins with a cell that installs the package.

    python tools/colab.py [--install REQUIREMENT] [--output DIR]

The cell does nothing where the package is there already. REQUIREMENT is what pip is told (default: this version, from
an index); DIR is build/colab unless something else is said. `tools/publish.py` writes the copies that are published.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "notebooks"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

INSTALL = """# On Colab this installs the package of the course; where it is there already, nothing happens.
try:
    import k8sexpose
except ModuleNotFoundError:
    %pip install --quiet "{requirement}\""""


def lessons() -> list[Path]:
    return [*sorted(LESSONS.glob("[0-9]*.ipynb")), *sorted(LESSONS.glob("leaflets/*.ipynb"))]


def colab(lesson: Path, requirement: str) -> NotebookNode:
    """A lesson with the installing cell behind its title."""
    notebook = nbformat.read(lesson, as_version=4)
    cell = nbformat.v4.new_code_cell(INSTALL.format(requirement=requirement), id="install")
    notebook.cells.insert(1, cell)
    return notebook


def write(folder: Path, requirement: str) -> list[Path]:
    """Write all copies; return where."""
    written = []
    for lesson in lessons():
        path = folder / lesson.relative_to(LESSONS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(colab(lesson, requirement)).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
        written.append(path)
    return written


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", default=f"k8sexpose=={VERSION}", metavar="REQUIREMENT")
    parser.add_argument("--output", type=Path, default=ROOT / "build/colab", metavar="DIR")
    told = parser.parse_args(argv)
    print(f"{told.output}: {len(write(told.output, told.install))} notebooks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
