"""All explorers and the visualizer in one notebook, in JupyterLab and in Notebook 7, used as a learner does.

The server, the browser and the kernel are dear: all tests of this file share them, and the last one restarts the kernel.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.browser import run_lessons
from tests.browser.conftest import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

SETUP = """import k8sexpose as kx
cluster = kx.Cluster(nodes=3)
_ = cluster.deploy('api-backend', per_node=[2, 1, 0])
_ = cluster.apply(kx.example('flow-32000'))"""
# A machine that needs 20 ms for what takes 1 ms here: long work can be seen, and stopped.
SLOW = """from time import sleep
from dataclasses import replace
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.explorers.node_port_range import NODE_PORT_RANGE, RangeSetting
def work(setting):
    for number in range(setting.automatic // 40):
        sleep(0.2)
        yield number / 70
Explorer(replace(NODE_PORT_RANGE, work=work), RangeSetting())"""
BUTTONS = (("button", "Reset"), ("button", "Show Python"))
SHOWN = (("region", "Picture"), ("region", "Table"))
# What makes it, and all its controls: role and accessible name.
WIDGETS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "nodeport": ("kx.nodeport_explorer()", (
        ("combobox", "Node to which the client connects"), ("combobox", "Pods"),
        ("combobox", "targetPort (the process listens on 8080)"), ("checkbox", "Selector matches the Pods' labels"),
        ("checkbox", "Firewall closes 30000–32767"), ("checkbox", "node-2 has crashed"), ("button", "Reset"), *SHOWN,
    )),
    "range": ("kx.node_port_range_explorer()", (
        ("slider", "Services without a nodePort line"), ("combobox", "nodePort in your manifest"),
        ("combobox", "Your protocol"), ("combobox", "Your namespace"), *BUTTONS, *SHOWN,
    )),
    "life": ("kx.life_explorer()", (
        ("slider", "Seconds"), ("combobox", "Provider"), ("combobox", "What happens"), ("slider", "Time of the event (s)"),
        *BUTTONS, *SHOWN, ("region", "What kubectl prints after 15 s"),
    )),
    "crash": ("kx.failover_explorer()", (("combobox", "Seconds between checks"), ("combobox", "Pods"), *BUTTONS, *SHOWN)),
    "policy": ("kx.policy_explorer()", (
        ("combobox", "Pods on each node"), ("combobox", "Load balancer"),
        ("checkbox", "node-1 has just crashed, and nobody knows yet"), *BUTTONS, *SHOWN,
    )),
    "latency": ("kx.latency_explorer()", (
        ("combobox", "Pods per node"), ("combobox", "Workers per Pod"), ("combobox", "Compare Cluster with"),
        ("combobox", "Clients"), ("combobox", "Requests per connection"), ("combobox", "Cost of an extra hop (ms)"),
        ("checkbox", "Each client always enters through the same node"), ("checkbox", "Show the crossover"),
        ("slider", "Utilisation, %"), *BUTTONS, *SHOWN, ("button", "❚❚ Pause queues"), ("button", "Step"),
    )),
    "cost": ("kx.cost_explorer()", (
        ("combobox", "Provider"), ("slider", "Services"), ("combobox", "GB per hour"), ("combobox", "Traffic policy"),
        *BUTTONS, *SHOWN,
    )),
    "doctor": ("kx.manifest_doctor()", (
        ("textbox", "Manifest"), *BUTTONS, ("region", "What kubectl apply prints"), ("region", "Hints and warnings"), *SHOWN,
    )),
}  # fmt: skip
DRAWINGS = {"policy": 2, "latency": 2}  # one for each policy
CELLS = (
    SETUP,
    *(code for code, _ in WIDGETS.values()),
    "kx.flow(cluster, 'flow-32000')",
    "cluster.fail('node-3')",
    SLOW,
)
FLOW, SLOW_WALL = len(WIDGETS) + 1, len(CELLS) - 1
VISIBLE = """cell => [...cell.querySelectorAll('.jp-OutputArea :is(select, input, textarea, button, [tabindex="0"], [role=slider])')]
    .filter(n => getComputedStyle(n).visibility === 'visible' && n.getClientRects().length && !n.closest('.jp-Toolbar')
        && !n.matches('.jp-OutputArea, .jp-OutputArea-output, .jp-OutputPrompt')).length"""


@dataclass(frozen=True)
class Opened:
    """The notebook in the browser."""

    page: Page
    saved: Path
    place: str

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def widget(self, name: str) -> Locator:
        return self.cell(1 + list(WIDGETS).index(name))


@pytest.fixture(scope="module", params=["lab", pytest.param("notebook7", marks=pytest.mark.deep)])
def opened(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Opened]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "explorers.ipynb"
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
        with ExitStack() as stack:
            if request.param == "lab":
                at, context = lab.server, lab.context
            else:  # Notebook stumbles over the workspace that Lab leaves behind
                at, context = stack.enter_context(run_lessons.server([])), stack.enter_context(run_lessons.browser())
            page = run_lessons.open_notebook(context, at, at.put(path), request.param == "notebook7")
            run_lessons.run_all(page)
            found = Opened(page, at.folder / path.name, request.param)
            page.locator(".kx-flow svg").first.wait_for()
            for name in WIDGETS:
                found.widget(name).locator("svg[role=img]").first.wait_for()
                found.widget(name).locator("[data-lm-suppress-shortcuts]").first.wait_for()
            yield found
            page.close()


# -- names and roles ----


@pytest.mark.parametrize("name", WIDGETS)
def test_every_control_has_its_name_and_role(opened: Opened, name: str) -> None:
    widget, controls = opened.widget(name), WIDGETS[name][1]
    for role, words in controls:
        widget.get_by_role(role, name=words, exact=True).first.wait_for()  # type: ignore[arg-type]
        assert widget.get_by_role(role, name=words, exact=True).count() == 1, (role, words)  # type: ignore[arg-type]
    assert widget.evaluate(VISIBLE) == len(controls), "a control is missing from the list"
    assert widget.locator("svg[role=img][aria-label]").count() == DRAWINGS.get(name, 1)


def test_axe_finds_nothing_serious(opened: Opened) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    opened.page.evaluate((Path(str(axe.__file__)).parent / "axe.min.js").read_text(encoding="utf-8"))
    for number in range(1, FLOW + 1):
        found = (
            opened.cell(number)
            .locator(".jp-OutputArea")
            .first.evaluate(
                """async area => (await axe.run(area)).violations.filter(v => ['serious', 'critical'].includes(v.impact))
                .map(v => [v.id, v.help, v.nodes[0].html.slice(0, 200)])"""
            )
        )
        assert found == [], CELLS[number]


# -- each one used ----


def use_nodeport(page: Page, widget: Locator) -> None:
    entry, pods, target = (
        widget.get_by_role("combobox", name=name) for name in ("Node to which", "Pods", "targetPort")
    )
    firewall = widget.get_by_role("checkbox", name="Firewall")
    entry.focus()
    page.keyboard.press("ArrowUp")
    says(widget, "the Pod sees 10.0.0.1)")
    pods.first.focus()
    page.keyboard.press("End")
    says(widget, "no endpoints")
    page.keyboard.press("Home")
    firewall.focus()
    page.keyboard.press("Space")
    says(widget, "firewall")
    firewall.click()
    entry.select_option("node-2")
    widget.get_by_role("checkbox", name="node-2 has crashed").check()
    says(widget, "timeout: node-2 is down")
    entry.select_option("node-3")
    says(widget, "delivered")
    widget.get_by_role("checkbox", name="node-2 has crashed").uncheck()
    target.select_option("8081")
    says(widget, "port 8081")
    assert "port 8081" in drawn(widget) and pods.first.input_value() == "one on node-1"
    widget.get_by_role("button", name="Reset").press("Enter")
    says(widget, "delivered")


def use_range(page: Page, widget: Locator) -> None:
    count = widget.get_by_role("slider", name="Services without")
    asked = widget.get_by_role("combobox", name="nodePort in your manifest")
    widget.get_by_role("combobox", name="Your protocol").select_option("UDP")
    widget.get_by_role("combobox", name="Your namespace").select_option("team-b")
    says(widget, "30050: created")
    asked.focus()
    page.keyboard.press("ArrowUp")
    says(widget, "already allocated")
    page.keyboard.press("ArrowDown")
    says(widget, "30050: created")
    count.focus()
    page.keyboard.press("End")
    widget.locator("svg[aria-label*='2768 of 2768']").wait_for()
    says(widget, "already allocated")
    drag(page, count, 0.5)
    widget.locator("svg[aria-label*='2768 of 2768']").wait_for(state="detached")
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text="kx.Cluster()").wait_for()
    widget.get_by_role("button", name="Reset").click()
    says(widget, "30050: created")


def use_life(page: Page, widget: Locator) -> None:
    seconds, when = (widget.get_by_role("slider", name=name) for name in ("Seconds", "Time of the event"))
    provider, happens = (widget.get_by_role("combobox", name=name) for name in ("Provider", "What happens"))
    says(widget, "<pending>")
    seconds.focus()
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    says(widget, "30 s after apply: EXTERNAL-IP 198.51.100.125")
    widget.get_by_role("region", name="What kubectl").filter(has_text="EnsuredLoadBalancer").wait_for()
    happens.select_option("node-1 crashes")
    when.focus()
    page.keyboard.press("Home")
    drag(page, seconds, 0.97)
    says(widget, "node-1 unhealthy")
    provider.focus()
    page.keyboard.press("End")
    says(widget, "<pending>")


def use_crash(page: Page, widget: Locator) -> None:
    interval = widget.get_by_role("combobox", name="Seconds")
    interval.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    says(widget, "after 60 s")
    assert "from 50 s 33.3%, from 60 s 0.0%" in drawn(widget)
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    says(widget, "for as long as you look")
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text="health_check_interval_s=30").wait_for()
    widget.get_by_role("button", name="Reset").press("Enter")
    says(widget, "after 50 s")
    assert widget.get_by_role("combobox", name="Pods").input_value() == "one on every node"


def use_policy(page: Page, widget: Locator) -> None:
    pods, balancer = (widget.get_by_role("combobox", name=name) for name in ("Pods on each node", "Load balancer"))
    crashed = widget.get_by_role("checkbox", name="node-1 has just crashed")
    pods.focus()
    page.keyboard.press("Home")
    says(widget, "Local: extra hop 0.0%, busiest Pod 1 ×")
    page.keyboard.press("ArrowDown")
    says(widget, "busiest Pod 1.5 ×")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    says(widget, "the Pods see 10.0.9.9")
    crashed.focus()
    page.keyboard.press("Space")
    says(widget, "lost")
    crashed.click()
    balancer.select_option("AWS NLB: zone by zone")
    pods.select_option("1 + 1 + 1 + 0 (4 nodes, 1 without Pods)")
    says(widget, "extra hop 72.2%")
    assert "node-4 gets 1/6, Pods no Pod" in drawn(widget)
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text='provider="aws"').wait_for()
    widget.get_by_role("button", name="Reset").click()
    says(widget, "extra hop 50.0%")
    assert pods.input_value() == "2 + 1 (2 nodes)"


def use_latency(page: Page, widget: Locator) -> None:
    slider = widget.get_by_role("slider", name="Utilisation, %")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    draws(widget, "Load at 63 % utilisation")
    page.keyboard.press("Home")
    draws(widget, "Load at 1 % utilisation")
    says(widget, "On average Local answers sooner")
    page.keyboard.press("End")
    says(widget, "Local overloaded")
    widget.get_by_role("combobox", name="Workers per Pod").focus()
    page.keyboard.press("End")
    widget.get_by_role("checkbox", name="Show the crossover").focus()
    page.keyboard.press("Space")
    says(widget, "becomes slower than Cluster above 53.8% (mean)")
    widget.get_by_role("combobox", name="Compare Cluster with").select_option("Local, weighted by Pods")
    says(widget, "becomes slower than Cluster above 100% (mean)")
    drag(page, slider, 0.3, start=0.9)
    # ipywidgets holds a slider's last value back while Python is busy: a button pressed meanwhile would come before it.
    draws(widget, f"Load at {slider.input_value()} % utilisation")
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text="kx.compare_policies(").wait_for()
    widget.get_by_role("button", name="Reset").click()
    draws(widget, "Load at 60 % utilisation")
    draws(widget, "Local: api-backend-1")


def use_cost(page: Page, widget: Locator) -> None:
    services = widget.get_by_role("slider", name="Services")
    says(widget, "50 Services")
    services.focus()
    page.keyboard.press("ArrowRight")
    says(widget, "51 Services")
    page.keyboard.press("Home")
    draws(widget, "1 Services at aws")
    drag(page, services, 0.5)
    widget.locator("svg[role=img][aria-label^='1 Services']").wait_for(state="detached")
    provider = widget.get_by_role("combobox", name="Provider")
    provider.focus()
    page.keyboard.press("End")
    draws(widget, "Services at linode")
    widget.get_by_role("combobox", name="GB per hour").select_option("1000")
    widget.get_by_role("combobox", name="Traffic policy").select_option("Cluster")
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text='gb_per_month=1000 * 730, policy="Cluster"').wait_for()
    widget.get_by_role("button", name="Reset").press("Enter")
    draws(widget, "50 Services at aws")


def use_doctor(page: Page, widget: Locator) -> None:
    text = widget.get_by_role("textbox", name="Manifest")
    says(widget, "It is refused")
    assert "write LoadBalancer" in widget.get_by_role("region", name="Hints").inner_text()
    text.fill(text.input_value().replace("Loadbalancer", "LoadBalancer"))
    says(widget, "The API server takes it")
    widget.get_by_role("region", name="The stored objects").wait_for()
    assert "+   sessionAffinity: None" in widget.get_by_role("region", name="The stored objects").inner_text()
    text.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("<script>document.title = 'bad'</script>: [")
    says(widget, "It is refused")
    assert page.title() != "bad" and not widget.locator("pre script").count()
    widget.get_by_role("button", name="Show Python").click()
    widget.locator("pre", has_text="apply -f -").first.wait_for()
    widget.get_by_role("button", name="Reset").click()
    widget.get_by_role("region", name="Hints").filter(has_text="write LoadBalancer").wait_for()
    assert "Loadbalancer" in text.input_value() and "script" not in text.input_value()


def says(widget: Locator, words: str) -> None:
    widget.locator("p[role=status]", has_text=words).first.wait_for()


def draws(widget: Locator, words: str) -> None:
    widget.locator(f"svg[role=img][aria-label*='{words}']").first.wait_for()


def drawn(widget: Locator) -> str:
    return widget.locator("svg[role=img]").first.get_attribute("aria-label") or ""


def drag(page: Page, slider: Locator, to: float, start: float = 0.5) -> None:
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * to, y, steps=4)
    page.mouse.up()


USES: dict[str, Callable[[Any, Any], None]] = {
    "nodeport": use_nodeport, "range": use_range, "life": use_life, "crash": use_crash, "policy": use_policy,
    "latency": use_latency, "cost": use_cost, "doctor": use_doctor,
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_keyboard_and_mouse(opened: Opened, name: str) -> None:
    widget = opened.widget(name)
    widget.locator(".k8sexpose-page").evaluate(
        """picture => { window.heights = new Set();
            new ResizeObserver(() => heights.add(Math.round(picture.offsetHeight))).observe(picture); }"""
    )
    USES[name](opened.page, widget)
    heights = opened.page.evaluate("[...heights]")
    assert heights == sorted(heights), "the output does not shrink: the cells below would jump"


def test_the_visualizer(opened: Opened) -> None:
    page, flow = opened.page, opened.cell(FLOW)
    # A later cell crashed a node: the picture above has seen it.
    flow.locator("[data-key='node:node-3'][aria-pressed='true']").wait_for()
    flow.locator("[data-key='node:node-3']").focus()
    page.keyboard.press("Enter")
    flow.locator("[data-key='node:node-3'][aria-pressed='false']").wait_for()
    speed = flow.get_by_role("combobox", name="Speed")
    speed.focus()
    page.keyboard.press("ArrowDown")
    assert speed.input_value() == "2"
    flow.get_by_role("button", name="Send one").press("Enter")
    # It goes on by itself: whoever looks late finds a later step.
    page.wait_for_function("/^Step [2-9] /.test(document.querySelector('.kx-live').textContent)")


def test_long_work_shows_a_bar_and_can_be_stopped(opened: Opened) -> None:
    wall = opened.cell(SLOW_WALL)
    count, bar = wall.get_by_role("slider", name="Services without"), wall.get_by_role("progressbar", name="Working")
    before = drawn(wall)
    assert bar.count() == 0
    count.focus()
    opened.page.keyboard.press("End")
    bar.wait_for()
    wall.get_by_role("button", name="Cancel").press("Enter")
    # The bar goes with one message, the control goes back with the next.
    run_lessons.wait_for("the setting is not back", lambda: count.input_value() == "50")
    assert bar.count() == 0 and drawn(wall) == before


def test_nothing_is_left_that_a_learner_should_not_see(opened: Opened) -> None:
    run_lessons.shoot(opened.page, run_lessons.default_shots(), f"explorers-{opened.place}")
    assert not run_lessons.problems(opened.page, opened.saved)


def test_after_a_restart_everything_says_so(opened: Opened) -> None:
    page = opened.page
    pictures = [drawn(opened.widget(name)) for name in WIDGETS]
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    for name in WIDGETS:
        widget = opened.widget(name)
        widget.get_by_role("alert").filter(has_text="Run this cell again").wait_for()
        for role, words in WIDGETS[name][1]:
            if role != "region":
                # Not exact: ipywidgets puts the sign of a broken chain before the name.
                assert widget.get_by_role(role, name=words).first.is_disabled(), words  # type: ignore[arg-type]
    flow = opened.cell(FLOW)
    flow.get_by_role("alert").filter(has_text="Run this cell again").wait_for()
    for name in ("Send one", "Send 100", "Local", "+10 s", "+60 s"):
        assert flow.get_by_role("button", name=name, exact=True).is_disabled(), name
    flow.locator(".kx-trail button").first.press("Enter")
    flow.locator(".kx-live", has_text="Step 1 of").wait_for()
    assert [drawn(opened.widget(name)) for name in WIDGETS] == pictures
    run_lessons.shoot(page, run_lessons.default_shots(), f"explorers-{opened.place}-restarted")
