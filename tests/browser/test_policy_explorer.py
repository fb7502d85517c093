"""The explorer of lesson 4, used as a learner does: with the keyboard, and with the mouse."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=str(REASON))]

CODE = "import k8sexpose as kx\nkx.policy_explorer()"


@pytest.mark.parametrize("notebook7", [False, True], ids=["lab", "notebook7"])
def test_keyboard_and_mouse(notebook7: bool, tmp_path: Path) -> None:
    path = tmp_path / "explorer.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata=kernel), path)
    with run_lessons.server([path]) as at, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, at, path.name, notebook7)
        run_lessons.run_all(page)
        pods, balancer = (page.get_by_role("combobox", name=name) for name in ("Pods on each node", "Load balancer"))
        crashed = page.get_by_role("checkbox", name="node-1 has just crashed")
        status, picture = page.get_by_role("status").first, page.locator("svg[role=img]").first
        page.locator("select[data-lm-suppress-shortcuts]").first.wait_for()

        pods.focus()
        page.keyboard.press("Home")
        status.filter(has_text="Local: extra hop 0.0%, hottest Pod 1 ×").wait_for(timeout=5000)
        page.keyboard.press("ArrowDown")
        status.filter(has_text="hottest Pod 1.5 ×").wait_for(timeout=5000)
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        status.filter(has_text="the Pods see 10.0.9.9").wait_for(timeout=5000)
        crashed.focus()
        page.keyboard.press("Space")
        status.filter(has_text="lost").wait_for(timeout=5000)
        crashed.click()
        balancer.select_option("AWS NLB: zone by zone")
        pods.select_option("1 + 1 + 1 + 0")
        status.filter(has_text="extra hop 72.2%").wait_for(timeout=5000)
        assert "node-4 gets 1/6, Pods no Pod" in (picture.get_attribute("aria-label") or "")
        page.get_by_role("button", name="Show Python").click()
        page.get_by_text('provider="aws"').wait_for(timeout=5000)
        page.get_by_role("button", name="Reset").click()
        status.filter(has_text="extra hop 66.7%").wait_for(timeout=5000)
        assert pods.input_value() == "2 + 1 + 0"
        assert not run_lessons.problems(page, at.folder / path.name)
