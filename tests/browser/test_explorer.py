"""The explorer of lesson 1, used as a learner does: with the keyboard, and with the mouse."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=str(REASON))]

CODE = "import k8sexpose as kx\nkx.nodeport_explorer()"


@pytest.mark.parametrize("notebook7", [False, True], ids=["lab", "notebook7"])
def test_keyboard_and_mouse(notebook7: bool, tmp_path: Path) -> None:
    path = tmp_path / "explorer.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata=kernel), path)
    with run_lessons.server([path]) as at, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, at, path.name, notebook7)
        run_lessons.run_all(page)
        entry, pods, target = (page.get_by_role("combobox", name=name) for name in ("Node that", "Pods", "targetPort"))
        status, picture = page.get_by_role("status").first, page.locator("svg[role=img]").first
        page.locator("select[data-lm-suppress-shortcuts]").first.wait_for()

        firewall = page.get_by_role("checkbox", name="Firewall")
        entry.focus()
        page.keyboard.press("ArrowUp")
        status.filter(has_text="the Pod sees 10.0.0.1)").wait_for(timeout=5000)
        page.keyboard.press("Tab")
        page.keyboard.press("End")
        status.filter(has_text="no endpoints").wait_for(timeout=5000)
        page.keyboard.press("Home")
        firewall.focus()
        page.keyboard.press("Space")
        status.filter(has_text="firewall").wait_for(timeout=5000)
        firewall.click()
        target.select_option("8081")
        status.filter(has_text="port 8081").wait_for(timeout=5000)
        assert "port 8081" in (picture.get_attribute("aria-label") or "")
        assert pods.first.input_value() == "one on node-1"
        assert not run_lessons.problems(page, at.folder / path.name)
