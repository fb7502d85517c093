"""How long each lesson takes, all cells: ``python benchmarks/lessons.py [--quick]``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import nbformat
from nbclient import NotebookClient

from benchmarks.measure import show, wall_s

LIMIT_S = 30
FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def main(quick: bool = False) -> int:
    """Run the student notebooks, kernel start included; 1 where one takes too long."""
    good = []
    for path in sorted(FOLDER.glob("*.ipynb"))[: 2 if quick else None]:
        client = NotebookClient(
            nbformat.read(path, as_version=4), timeout=300, kernel_name="python3",
            resources={"metadata": {"path": str(FOLDER)}},
        )  # fmt: skip
        took_s = wall_s(client.execute)
        good.append(show(f"{path.stem}, run all", f"{took_s:.1f} s", f"<= {LIMIT_S} s", took_s <= LIMIT_S))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
