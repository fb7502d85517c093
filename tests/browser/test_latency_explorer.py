"""The latency explorer of lesson 5, used as a learner does: with the keyboard, and with the mouse."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=str(REASON))]

CODE = "import k8sexpose as kx\nkx.latency_explorer()"


@pytest.mark.parametrize("notebook7", [False, True], ids=["lab", "notebook7"])
def test_keyboard_and_mouse(notebook7: bool, tmp_path: Path) -> None:
    path = tmp_path / "latency.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata=kernel), path)
    with run_lessons.server([path]) as at, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, at, path.name, notebook7)
        run_lessons.run_all(page)
        status, picture = page.locator("p[role=status]").first, page.locator("svg[role=img]").first
        slider = page.get_by_role("slider", name="Utilisation, %")
        page.locator("select[data-lm-suppress-shortcuts]").first.wait_for()

        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.locator("svg[role=img][aria-label*='Load at 33 % utilisation']").wait_for(timeout=5000)
        page.keyboard.press("Home")
        page.locator("svg[role=img][aria-label*='Load at 1 % utilisation']").wait_for(timeout=5000)
        status.filter(has_text="On average Local answers sooner").wait_for(timeout=5000)
        page.keyboard.press("End")
        status.filter(has_text="Local overloaded").wait_for(timeout=5000)

        page.get_by_role("combobox", name="Workers per Pod").focus()
        page.keyboard.press("End")
        page.get_by_role("checkbox", name="Show where it turns").focus()
        page.keyboard.press("Space")
        status.filter(has_text="It turns at 53.8 % (mean)").wait_for(timeout=5000)
        page.get_by_role("combobox", name="Beside Cluster").select_option("Local, weighted by Pods")
        status.filter(has_text="It turns at 100 % (mean)").wait_for(timeout=5000)

        box = slider.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=8)
        page.mouse.up()
        page.locator("svg[role=img][aria-label*='Load at 95 %']").wait_for(state="detached", timeout=5000)

        page.get_by_role("button", name="Show Python").click()
        page.locator("pre", has_text="kx.compare_policies(").wait_for(timeout=5000)
        page.get_by_role("button", name="Reset").click()
        page.locator("svg[role=img][aria-label*='Load at 30 % utilisation']").wait_for(timeout=5000)
        assert "Local: api-backend-1" in (picture.get_attribute("aria-label") or "")
        assert not run_lessons.problems(page, at.folder / path.name)
