"""nbgrader's whole procedure with all lessons: solved gives all points, the last answer left out fewer, empty none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.deep
def test_a_course_of_all_lessons(tmp_path: Path) -> None:
    command = [sys.executable, "tools/nbgrader_course.py", "--folder", str(tmp_path / "course")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("solved ") == len(list((ROOT / "instructor" / "solutions").glob("[0-9]*.ipynb")))
