"""Play nbgrader's whole way with one lesson: ``python tools/nbgrader_course.py 01_nodeport [FOLDER]``.

A course in a folder of its own (default: build/nbgrader): generate the assignment, submit it once solved, once without
the last answer, once empty, grade, write feedback, print the points. 1 where the points are not full, fewer and none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "k8sexpose"
c.CourseDirectory.db_assignments = [{"name": "%s"}]
c.CourseDirectory.db_students = [{"id": "solved"}, {"id": "wrong"}, {"id": "empty"}]
c.ExecutePreprocessor.timeout = 300
"""
# nbgrader calls alembic by its name.
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
ENV = {**os.environ, "K8SEXPOSE_ANSWERS": "", "PATH": PATH}
STEPS = ("generate_assignment", "autograde", "generate_feedback")


def nbgrader(course: Path, *words: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *words]
    print("$ nbgrader", *words, flush=True)
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, env=ENV)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-5000:])


def submit(course: Path, lesson: str, student: str) -> None:
    """Hand in the released notebook: as it is, with our answers, or with the answer to the last exercise left out."""
    nb = nbformat.read(course / "release" / lesson / f"{lesson}.ipynb", as_version=4)
    solution = nbformat.read(course / "source" / lesson / f"{lesson}.ipynb", as_version=4)
    answers = {cell.id: cell.source for cell in solution.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    # The exercises stand last; predictions carry no points.
    left_out = {"empty": set(answers), "wrong": {list(answers)[-1]}, "solved": set()}[student]
    for cell in nb.cells:
        if cell.id in answers and cell.id not in left_out:
            cell.source = answers[cell.id]
    folder = course / "submitted" / student / lesson
    folder.mkdir(parents=True)
    nbformat.write(nb, folder / f"{lesson}.ipynb")


def points(course: Path, lesson: str) -> dict[str, tuple[float, float]]:
    """Read each student's points, and how many there are."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {one.student.id: (one.score, one.max_score) for one in book.assignment_submissions(lesson)}


def play(lesson: str, course: Path) -> dict[str, tuple[float, float]]:
    """Play the whole way; return each student's points, and how many there are."""
    shutil.rmtree(course, ignore_errors=True)
    (course / "source" / lesson).mkdir(parents=True)
    shutil.copy(ROOT / "instructor" / "solutions" / f"{lesson}.ipynb", course / "source" / lesson)
    own = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (course / "nbgrader_config.py").write_text(own + CONFIG % lesson, encoding="utf-8")
    nbgrader(course, STEPS[0], lesson)
    for student in ("solved", "wrong", "empty"):
        submit(course, lesson, student)
    for step in STEPS[1:]:
        nbgrader(course, step, lesson)
    return points(course, lesson)


def main() -> int:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    course = Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "build" / "nbgrader").resolve()
    found = play(sys.argv[1], course)
    for student, (got, of) in found.items():
        print(f"{student}: {got:g} of {of:g} points")
    full, wrong, empty = (found[one][0] for one in ("solved", "wrong", "empty"))
    return int(not (full == found["solved"][1] > wrong >= empty == 0))


if __name__ == "__main__":
    sys.exit(main())
