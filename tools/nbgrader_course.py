"""Play nbgrader's whole procedure: ``python tools/nbgrader_course.py [LESSON …] [--folder FOLDER]`` (default: all).

One course in a folder of its own (default: build/nbgrader): generate each assignment, submit it once solved, once
without the last answer, once empty, grade, write feedback, print the points. 1 where they are not full, fewer and none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "instructor" / "solutions"
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "k8sexpose"
c.CourseDirectory.db_assignments = [{"name": name} for name in %r]
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


def make_course(lessons: list[str], course: Path) -> None:
    """Make the folder of a course: its settings, and the source of each assignment."""
    shutil.rmtree(course, ignore_errors=True)
    for lesson in lessons:
        (course / "source" / lesson).mkdir(parents=True)
        shutil.copy(SOLUTIONS / f"{lesson}.ipynb", course / "source" / lesson)
    own = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (course / "nbgrader_config.py").write_text(own + CONFIG % lessons, encoding="utf-8")


def play(lesson: str, course: Path) -> dict[str, tuple[float, float]]:
    """Play the procedure with one lesson; return each student's points, and how many there are."""
    nbgrader(course, STEPS[0], lesson)
    for student in ("solved", "wrong", "empty"):
        submit(course, lesson, student)
    for step in STEPS[1:]:
        nbgrader(course, step, lesson)
    return points(course, lesson)


def main(argv: list[str] | None = None) -> int:
    every = sorted(path.stem for path in SOLUTIONS.glob("[0-9]*.ipynb"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "nbgrader", help="it is emptied first")
    parser.add_argument("lessons", nargs="*", help=f"such as {every[0]}; none: all {len(every)}")
    options = parser.parse_args(argv)
    lessons, course = options.lessons or every, options.folder.resolve()
    if unknown := set(lessons) - set(every):
        parser.error(f"no such lesson: {', '.join(sorted(unknown))}")
    make_course(lessons, course)
    bad = 0
    for lesson in lessons:
        found = play(lesson, course)
        told = ", ".join(f"{student} {got:g} of {of:g}" for student, (got, of) in found.items())
        full, wrong, empty = (found[one][0] for one in ("solved", "wrong", "empty"))
        right = full == found["solved"][1] > wrong >= empty == 0
        bad += not right
        print(f"{lesson}: {told} points{'' if right else ': NOT as it should be'}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
