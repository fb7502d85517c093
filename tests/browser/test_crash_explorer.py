"""The explorer of lesson 2, used as a learner does: with the keyboard, and with the mouse."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=str(REASON))]

CODE = "import k8sexpose as kx\nkx.failover_explorer()"


def test_keyboard_and_mouse(tmp_path: Path) -> None:
    path = tmp_path / "crash.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata=kernel), path)
    with run_lessons.server([path]) as at, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, at, path.name)
        run_lessons.run_all(page)
        interval, pods = (page.get_by_role("combobox", name=name) for name in ("Seconds", "Pods"))
        status, picture = page.get_by_role("status").first, page.locator("svg[role=img]").first
        page.locator("select[data-lm-suppress-shortcuts]").first.wait_for()

        interval.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        status.filter(has_text="after 60 s").wait_for(timeout=5000)
        assert "from 50 s 33.3%, from 60 s 0.0%" in (picture.get_attribute("aria-label") or "")
        page.keyboard.press("Tab")
        page.keyboard.press("End")
        status.filter(has_text="for as long as you look").wait_for(timeout=5000)
        page.get_by_role("button", name="Show Python").click()
        page.locator("pre", has_text="health_check_interval_s=30").wait_for(timeout=5000)
        page.get_by_role("button", name="Reset").focus()
        page.keyboard.press("Enter")
        status.filter(has_text="after 50 s").wait_for(timeout=5000)
        assert pods.first.input_value() == "one on every node"
        if shots := run_lessons.os.environ.get("K8SEXPOSE_SHOTS"):
            run_lessons.shoot(page, Path(shots), "crash-explorer")
        assert not run_lessons.problems(page, at.folder / path.name)
