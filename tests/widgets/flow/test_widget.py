"""The flow widget without a browser: clicks, changes from Python, errors."""

from __future__ import annotations

import gc
import shutil
import subprocess
import weakref
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.widgets import flow as visualizer
from k8sexpose.widgets.flow.still import reading_of
from k8sexpose.widgets.flow.widget import Flow, _look_again
from tests.widgets.flow.helpers import flow_cluster


def click(flow: Flow, do: str, **asked: Any) -> None:
    before = flow.answered
    flow._on_message(flow, {"do": do, **asked}, [])
    assert flow.answered == before + 1


def test_the_mime_bundle_carries_the_still_picture() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    data, _ = flow._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == images(flow.static().html) and data["text/plain"] == repr(flow)
    assert f"<strong>How to read this.</strong> {reading_of(flow._scene)}" in data["text/html"]
    assert "The card" in flow.scene["reading"] and "The card" not in reading_of(flow._scene)
    assert " at 0x" not in repr(flow) and flow.static()._repr_html_() == flow.static().html


def test_clicks_change_the_cluster_and_the_picture() -> None:
    cluster = flow_cluster()
    flow = kx.flow(cluster, "flow-32000")
    assert flow.cluster is cluster
    click(flow, "node", name="node-1")
    assert cluster.is_down("node-1") and "node-1 crashed" in flow.scene["summary"]
    click(flow, "node", name="node-1")
    assert not cluster.is_down("node-1")
    click(flow, "pod", name="default/api-backend-1")
    assert not cluster.pod("api-backend-1").ready
    click(flow, "pod", name="default/api-backend-1")
    click(flow, "policy", policy="Local")
    assert cluster.service("flow-32000").external_traffic_policy == "Local" == flow.scene["policy"]
    click(flow, "advance", seconds=60)
    assert cluster.now_s == 60 and flow.scene["now"] == "t = 60 s"
    click(flow, "way", index=1)
    assert flow.route == kx.routes(cluster, "flow-32000")[1] and flow.scene["way"] == 1
    assert not flow.message


def test_after_every_change_one_connection_is_played() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    plays = [flow.scene["plays"]]
    for asked in (
        {"do": "policy", "policy": "Local"},
        {"do": "node", "name": "node-1"},
        {"do": "pod", "name": "default/api-backend-3"},
    ):
        click(flow, **asked)
        plays.append(flow.scene["plays"])
    assert plays == list(range(plays[0], plays[0] + 4)) and flow.cluster.sends == 0


def odds(way: kx.Route) -> Fraction:
    return way.probability


def test_the_running_clock_stops_where_something_changes() -> None:
    cluster = flow_cluster()
    cluster.advance(60)
    flow = kx.flow(cluster, "198.51.100.241:80")
    click(flow, "node", name="node-1")
    shown = "The packet shows one that is lost."
    assert flow.scene["news"] == f"Before, no connection was lost; now 7/9 of all connections are lost. {shown}"
    assert flow.route == max((way for way in kx.routes(cluster, "198.51.100.241:80") if not way.delivered), key=odds)
    click(flow, "advance", seconds=10)
    assert flow.scene["news"] == "Nothing changed in these 10 seconds." and not flow.route.delivered
    click(flow, "way", index=0)
    assert not flow.scene["news"], "it was about another path"
    played = []
    for _ in range(15):
        before = flow.scene["plays"]
        click(flow, "advance", seconds=2, quietly=True)
        if flow.scene["plays"] > before:
            played.append((cluster.now_s, flow.scene["news"]))
    ((at_s, news),) = played
    assert at_s == 80 and news.startswith(
        "node-1 is now unhealthy for the load balancer. Before, 7/9 of all connections"
    )
    assert news.endswith("were lost; now 2/3 of all connections are lost.")
    assert not flow.message


def test_controls_are_those_that_were_asked_for() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000", controls=["play", "pods"])
    assert flow.scene["controls"] == ["play", "pods"] and not flow.scene["rules"]
    acts = str(flow.scene["picture"])
    assert "'data-act': 'pod'" in acts and "'data-act': 'node'" not in acts
    with pytest.raises(ValueError, match="no control is called 'volume'; there are play, speed"):
        kx.flow(flow_cluster(), "flow-32000", controls=["volume"])


def test_the_rules_behind_a_step() -> None:
    flow = kx.flow(flow_cluster(), "10.0.0.3:32000")
    (node, rules), *_ = flow.scene["rules"].items()
    assert node == "node:node-3" and any(answer.startswith("decides") and "DNAT" in rule for _, rule, answer in rules)


def test_a_fold_opens() -> None:
    flow = kx.flow(flow_cluster([1] * 60), "flow-32000")
    before = len(flow._scene.nodes)
    click(flow, "fold", name="b")
    assert len(flow._scene.nodes) > before and "fold:b" not in str(flow.scene["picture"])


def test_lost_packets_leave_a_mark_where_they_end() -> None:
    cluster = flow_cluster()
    cluster.fail("node-1")
    flow = kx.flow(cluster, "10.0.0.1:32000")
    click(flow, "many")
    (way,) = flow.batch["ways"]
    (x, y), picture = way["grave"], flow.scene["size"]
    assert way["end"] == "timeout" and 0 < x < picture[0] and 0 < y < picture[1]


def test_the_marks_of_lost_packets_move_with_the_nodes() -> None:
    cluster = flow_cluster()
    cluster.fail("node-1")
    flow = kx.flow(cluster, "10.0.0.1:32000")
    click(flow, "many")
    (way,) = flow.batch["ways"]
    flow.width = 360
    (moved,) = flow.scene["marks"].values()
    assert way["mark"] in flow.scene["marks"] and moved != way["grave"] and moved[0] < flow.scene["size"][0]


def test_requests_are_counted() -> None:
    cluster = flow_cluster()
    flow = kx.flow(cluster, "flow-32000")
    plays = flow.scene["plays"]
    click(flow, "send")
    assert cluster.sends == 1 and flow.scene["plays"] == plays + 1 and flow.batch["order"] == [0]
    click(flow, "many")
    assert cluster.sends == 101 and len(flow.batch["order"]) == 100 and flow.batch["before"]["sent"] == 1
    ends = [place for way in flow.batch["order"] for place in flow.batch["ways"][way]["counts"] if place != "extra hop"]
    assert len(ends) == 100 and set(ends) <= {share["place"] for share in flow.scene["shares"]}
    click(flow, "policy", policy="Local")
    assert flow.batch["before"] == {} and flow.batch["order"] == []


def test_dense_pictures_count_by_node() -> None:
    for per_node in ([3] * 12, [1] * 80):
        flow = kx.flow(flow_cluster(per_node), "flow-32000")
        click(flow, "many")
        places = {share["place"] for share in flow.scene["shares"]}
        assert all(set(way["counts"]) <= places for way in flow.batch["ways"])


def test_python_changes_the_picture() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    ways = kx.routes(flow.cluster, "flow-32000")
    flow.route = ways[-1]
    assert flow.scene["way"] == len(ways) - 1 and flow.step == 1
    flow.target = "10.0.0.3:32000"
    assert flow.route.entry == "node-3" and not flow.message
    flow.client = "node/node-2"
    assert flow.route.hops[0].at == "node-2"
    flow.cluster = flow_cluster([1])
    assert flow.message and "node-2" in flow.message
    flow.client = None
    flow.target = "flow-32000"
    assert not flow.message and flow.scene["summary"].startswith("Service flow-32000 (LoadBalancer): 1 node")


def test_a_changed_cluster_is_seen_after_a_cell() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    flow.cluster.fail("node-2")
    _look_again()
    assert "node-2 crashed" in flow.scene["summary"]
    before = flow.scene
    _look_again()
    assert flow.scene is before


def test_two_flows_on_one_cluster_stay_in_step() -> None:
    """A click in one is seen in the other, whose next click then does what it shows."""
    cluster = flow_cluster()
    one, other = kx.flow(cluster, "flow-32000"), kx.flow(cluster, "flow-32000")
    elsewhere = kx.flow(flow_cluster(), "flow-32000")
    click(one, "node", name="node-2")
    assert "node-2 crashed" in other.scene["summary"] and "node-2 crashed" not in elsewhere.scene["summary"]
    click(other, "node", name="node-2")
    assert not cluster.is_down("node-2") and "node-2 crashed" not in one.scene["summary"]


def test_a_dropped_flow_is_freed_and_a_shown_one_lives() -> None:
    dropped, shown = (weakref.ref(kx.flow(flow_cluster(), "flow-32000")) for _ in range(2))
    gc.collect()
    assert dropped() is None and shown() is None
    kept = kx.flow(flow_cluster(), "flow-32000")
    kept._repr_mimebundle_()
    reference = weakref.ref(kept)
    del kept
    gc.collect()
    assert reference() is not None
    reference().close()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"do": "node", "name": "node-9"}, "node-9"),
        ({"do": "policy", "policy": "Sometimes"}, "Sometimes"),
        ({"do": "advance", "seconds": -1}, "forward only"),
        ({"do": "pod"}, "KeyError"),
        ({"do": "way", "index": 99}, "IndexError"),
    ],
)
def test_a_failing_callback_says_so(asked: dict[str, Any], words: str) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    click(flow, **asked)
    assert words in flow.message
    click(flow, "send")
    assert flow.message == ""


@pytest.mark.parametrize("asked", [None, "send", {}, {"do": "format the disk"}, {"do": ["node"]}])
def test_unknown_messages_do_nothing(asked: Any) -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    before = flow.scene
    flow._on_message(flow, asked, [])
    assert flow.scene is before and flow.answered == 0


def test_a_service_that_goes_leaves_a_message() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    flow.cluster.delete("flow-32000")
    _look_again()
    assert "no Service" in flow.message


def test_wrong_questions_are_raised_at_once() -> None:
    with pytest.raises(KeyError):
        kx.flow(flow_cluster(), "nobody")
    with pytest.raises(ValueError, match="port"):
        kx.flow(flow_cluster(), "10.0.0.1")
    with pytest.raises(AttributeError):
        _ = visualizer.other


def test_the_width_lays_out_anew() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    route = flow.route
    flow.width = 600
    assert flow.scene["size"][0] == 600 and flow.route is route


def test_the_script_is_small_and_plain() -> None:
    script = Path(str(visualizer.__file__)).with_name("flow.js")
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 600
    assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "https://"))
    assert text.count("http://") == 1 and '"http://www.w3.org/2000/svg"' in text  # a name, not an address
    for rule in ("externalTrafficPolicy ===", '"Local"', "masquerade"):
        assert rule not in text
    node = shutil.which("node")
    if node:
        subprocess.run([node, "--check", "--input-type=module"], input=text, text=True, check=True)


def test_no_widget_asks_for_the_width_of_its_container() -> None:
    # JupyterLab hides cells out of sight with content-visibility. In them Chromium lays out what has a container query
    # once, and never again: after Run All a picture stayed empty, and its first button without a name.
    folder = Path(kx.__file__).parent
    sheets = [path for end in ("css", "js") for path in folder.rglob(f"*.{end}")]
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert "container-type" not in text and "@container" not in text, sheet.name
