"""Every page of the site in a browser: each widget is changed and compared with the package; axe at both widths and themes.

`tests/browser/test_site.py` tries one page with a widget of each kind in every run.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browser import run_lessons
from tests.browser.site_page import (
    MOST_BYTES,
    Lesson,
    explorers_agree,
    flows_agree,
    looks,
    opened,
    questions_agree,
    queues_agree,
    reveal,
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import pages  # noqa: E402
from website import build  # noqa: E402
from website.recorder import play  # noqa: E402

from notebooks import SOLUTIONS, notebooks_in, read  # noqa: E402

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]
GUIDES = ("index", *(path.stem for path in pages.GUIDES))


@pytest.mark.parametrize("path", notebooks_in(SOLUTIONS), ids=lambda path: path.stem)
def test_every_lesson_agrees_with_the_package(path: Path, tmp_path: Path) -> None:
    nb = read(path)
    found = play(nb)
    lesson = Lesson(found, build.live_of(nb, found))
    assert build.write(tmp_path, {path.stem: lesson.live}, api=False) == []
    place, problems = tmp_path / f"{path.stem}.html", list[str]()
    assert place.stat().st_size + (tmp_path / "assets" / f"{path.stem}.js").stat().st_size <= MOST_BYTES
    with run_lessons.browser() as context, opened(context, place, problems) as page:
        reveal(page)
        explorers_agree(page, lesson)
        queues_agree(page, lesson)
        flows_agree(page, lesson)
        questions_agree(page, lesson)
        assert {where: faults for where, faults in looks(page) if faults} == {}
    assert problems == []


def test_every_guide_is_clean(tmp_path: Path) -> None:
    build.write(tmp_path, {}, api=False)
    problems: list[str] = []
    with run_lessons.browser() as context:
        for stem in GUIDES:
            with opened(context, tmp_path / f"{stem}.html", problems) as page:
                assert {where: faults for where, faults in looks(page) if faults} == {}, stem
    assert problems == []
