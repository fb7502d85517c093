"""The wall, the life and the doctor, used as a learner does: with the keyboard, and with the mouse."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=str(REASON))]

CODE = (
    "import k8sexpose as kx\nkx.port_wall_explorer()",
    "kx.life_explorer()",
    "kx.manifest_doctor()",
)


def test_keyboard_and_mouse(tmp_path: Path) -> None:
    path = tmp_path / "three.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(code) for code in CODE]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    with run_lessons.server([path]) as at, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, at, path.name)
        run_lessons.run_all(page)
        page.locator("select[data-lm-suppress-shortcuts]").first.wait_for()
        wall, life, doctor = (page.locator(".jp-CodeCell").nth(number) for number in range(3))

        heights = wall.bounding_box()
        count = wall.get_by_role("slider", name="Leave it out")
        asked, protocol, namespace = (
            wall.get_by_role("combobox", name=name) for name in ("You ask for", "Your protocol", "Your namespace")
        )
        status = wall.get_by_role("status").filter(has_text="Your Service")
        protocol.select_option("UDP")
        namespace.select_option("team-b")
        status.filter(has_text="already allocated").wait_for(timeout=5000)
        asked.focus()
        page.keyboard.press("ArrowDown")
        status.filter(has_text="30050: created").wait_for(timeout=5000)
        count.focus()
        page.keyboard.press("End")
        wall.locator("svg[aria-label*='2768 of 2768']").wait_for(timeout=20_000)
        status.filter(has_text="already allocated").wait_for(timeout=5000)
        box = count.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        wall.locator("svg[aria-label*='1385 of 2768'], svg[aria-label*='138']").first.wait_for(timeout=10_000)
        wall.get_by_role("button", name="Reset").click()
        status.filter(has_text="30007").wait_for(timeout=5000)
        assert wall.bounding_box() == heights

        seconds, when = (life.get_by_role("slider", name=name) for name in ("Seconds", "It happens at"))
        provider, happens = (life.get_by_role("combobox", name=name) for name in ("Provider", "What happens"))
        status = life.get_by_role("status").filter(has_text="after apply")
        terminal = life.get_by_role("region", name="What kubectl prints")
        status.filter(has_text="<pending>").wait_for(timeout=5000)
        seconds.focus()
        for _ in range(15):
            page.keyboard.press("ArrowRight")
        status.filter(has_text="30 s after apply: EXTERNAL-IP 198.51.100.125").wait_for(timeout=5000)
        terminal.filter(has_text="EnsuredLoadBalancer").wait_for(timeout=5000)
        happens.select_option("node-1 crashes")
        when.focus()
        page.keyboard.press("Home")
        seconds.focus()
        page.keyboard.press("End")
        status.filter(has_text="node-1 unhealthy").wait_for(timeout=5000)
        provider.focus()
        page.keyboard.press("End")
        status.filter(has_text="<pending>").wait_for(timeout=5000)

        text = doctor.get_by_role("textbox", name="Manifest")
        status = doctor.get_by_role("status").filter(has_text="It is refused")
        status.wait_for(timeout=5000)
        assert "write LoadBalancer" in doctor.get_by_role("region", name="Hints").inner_text()
        text.fill(text.input_value().replace("Loadbalancer", "LoadBalancer"))
        doctor.get_by_role("status").filter(has_text="The API server takes it").wait_for(timeout=5000)
        assert "+   sessionAffinity: None" in doctor.get_by_role("region", name="The stored objects").inner_text()
        text.focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("<script>document.title = 'bad'</script>: [")
        doctor.get_by_role("status").filter(has_text="It is refused").wait_for(timeout=5000)
        assert page.title() != "bad" and not doctor.locator("pre script").count()
        doctor.get_by_role("button", name="Show Python").click()
        doctor.locator("pre", has_text="apply -f -").first.wait_for(timeout=5000)
        doctor.get_by_role("button", name="Reset").click()
        doctor.get_by_role("region", name="Hints").filter(has_text="write LoadBalancer").wait_for(timeout=5000)
        assert "Loadbalancer" in text.input_value() and "script" not in text.input_value()
        if shots := run_lessons.os.environ.get("K8SEXPOSE_SHOTS"):
            run_lessons.shoot(page, Path(shots), "three-explorers")
        assert not run_lessons.problems(page, at.folder / path.name)
