"""The visualizer without a browser: scenes, drawings, still pictures, and what a click does."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose._svg import STYLE, clean, element, fit
from k8sexpose.widgets import flow as visualizer
from k8sexpose.widgets.flow.curves import CARD_WIDTH, card_point, trace
from k8sexpose.widgets.flow.drawing import draw
from k8sexpose.widgets.flow.layout import Box, lay_out
from k8sexpose.widgets.flow.scene import MAX_NODES, FlowQuery, Scene, make_scene
from k8sexpose.widgets.flow.still import Still
from k8sexpose.widgets.flow.widget import Flow, _look_again

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script><b onload=evil()>&amp;\'\x00\u202e]]>'


def flow_cluster(per_node: list[int] | None = None, **options: Any) -> kx.Cluster:
    per_node = [2, 1, 0] if per_node is None else per_node
    cluster = kx.Cluster(nodes=len(per_node), **options)
    cluster.deploy("api-backend", per_node=per_node)
    cluster.apply(kx.example("flow-32000"))
    return cluster


def hostile_cluster() -> kx.Cluster:
    """What `from_json` takes as stored, with markup wherever a text can stand."""
    spec = {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "externalTrafficPolicy": HOSTILE,
            "selector": {"app": "x"}, "ports": [{"port": 80, "targetPort": 8080, "nodePort": 32000}]}  # fmt: skip
    objects = [
        {"kind": "Node", "apiVersion": "v1",
         "metadata": {"name": HOSTILE, "labels": {"topology.kubernetes.io/zone": HOSTILE}},
         "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": HOSTILE, "namespace": "default", "labels": {"app": "x"}},
         "spec": {"nodeName": HOSTILE}, "status": {"podIP": "10.244.1.2", "phase": "Running"}},
        {"kind": "Service", "apiVersion": "v1",
         "metadata": {"name": HOSTILE, "namespace": "default", "annotations": {HOSTILE: HOSTILE}},
         "spec": spec, "status": {"loadBalancer": {"ingress": [{"hostname": HOSTILE}]}}},
    ]  # fmt: skip
    return kx.Cluster.from_json({"kind": "List", "items": objects})


def hop_kinds() -> Iterator[tuple[str, kx.Cluster, FlowQuery]]:
    """Clusters, targets and clients that end in every way a packet can end."""
    yield "load balancer", flow_cluster(), FlowQuery("flow-32000")
    yield "node port", flow_cluster(), FlowQuery("10.0.0.3:32000")
    yield "cluster ip from a Pod", flow_cluster(), FlowQuery("10.96.217.45:80", "pod/api-backend-1")
    yield "cluster ip from outside", flow_cluster(), FlowQuery("10.96.217.45:80", "203.0.113.7")
    yield "node as client", flow_cluster(), FlowQuery("10.0.0.3:32000", "node/node-2")
    yield "refused", flow_cluster(), FlowQuery("10.0.0.3:30999")
    yield "no Pods", flow_cluster([0, 0]), FlowQuery("10.0.0.1:32000")
    yield "no such name", flow_cluster(), FlowQuery("http://elsewhere.example")
    yield "nobody there", flow_cluster(), FlowQuery("192.0.2.9:80")
    yield "Pod straight", flow_cluster(), FlowQuery("10.244.2.2:8080", "pod/api-backend-1")
    local = flow_cluster()
    local.patch("flow-32000", {"spec": {"externalTrafficPolicy": "Local"}})
    yield "dropped", local, FlowQuery("10.0.0.3:32000")
    yield "kept source", local, FlowQuery("flow-32000")
    crashed = flow_cluster()
    crashed.fail("node-1")
    yield "crashed", crashed, FlowQuery("10.0.0.1:32000")
    yield "Pod on a crashed node", crashed, FlowQuery("flow-32000")
    wrong = kx.Cluster(nodes=1)
    wrong.deploy("api-backend", port=9090)
    wrong.apply(kx.example("flow-32000"))
    yield "closed port", wrong, FlowQuery("flow-32000")
    bare = kx.Cluster(nodes=[kx.Node("only", addresses=("10.0.0.1",), external_ip="203.0.113.99")])
    yield "translated", bare, FlowQuery("203.0.113.99:32000")
    yield "dense", flow_cluster([3] * 30), FlowQuery("flow-32000")
    yield "hidden nodes", flow_cluster([1] * (MAX_NODES + 12)), FlowQuery("flow-32000")
    host = kx.Cluster(nodes=2)
    host.deploy("api-backend", per_node=[1, 0], host_network=True)
    host.apply(kx.example("flow-32000"))
    yield "host network", host, FlowQuery("flow-32000")
    yield "via", flow_cluster(), FlowQuery("flow-32000", via="node-2")
    yield "hostile", hostile_cluster(), FlowQuery("10.0.0.1:32000")


CASES = list(hop_kinds())
IDS = [name for name, _, _ in CASES]


@pytest.fixture(params=CASES, ids=IDS)
def case(request: pytest.FixtureRequest) -> tuple[kx.Cluster, FlowQuery]:
    return request.param[1], request.param[2]


# -- scenes ----


def test_a_scene_tells_what_the_router_says(case: tuple[kx.Cluster, FlowQuery]) -> None:
    cluster, question = case
    options = {"protocol": question.protocol, "via": question.via}
    all_ways = kx.routes(cluster, question.target, question.client, **options)
    before = cluster.sends, len(cluster.events)
    for route in all_ways[:12]:
        scene = make_scene(cluster, question, route)
        assert scene.outcome == route.outcome
        assert [step.before for step in scene.steps] == [(hop.src, hop.dst) for hop in route.hops]
        assert [step.latency_ms for step in scene.steps] == [hop.latency_ms for hop in route.hops]
        assert any(step.extra_hop for step in scene.steps) == route.extra_hop
        assert all(step.text.endswith(".") and step.who for step in scene.steps)
        assert sum((share.expected for share in scene.shares if share.place != "extra hop"), Fraction(0)) == 1
    assert (cluster.sends, len(cluster.events)) == before


def test_the_first_way_shown_is_the_next_one_sent() -> None:
    cluster = flow_cluster()
    shown = [make_scene(cluster, FlowQuery("flow-32000")).steps for _ in range(2)]
    sent = kx.send(cluster, "flow-32000")
    assert shown[0] == shown[1] == make_scene(cluster, FlowQuery("flow-32000"), sent).steps


def test_every_end_is_reached() -> None:
    assert {make_scene(cluster, question).outcome for _, cluster, question in CASES} >= {
        "delivered", "refused", "timeout", "unresolved",
    }  # fmt: skip


def test_each_step_says_who_did_what() -> None:
    route = next(way for way in kx.routes(flow_cluster(), "flow-32000") if way.extra_hop)
    steps = make_scene(flow_cluster(), FlowQuery("flow-32000"), route).steps
    assert [step.who for step in steps][:2] == ["client", "load balancer"]
    assert steps[2].who == f"rules on {route.entry}" and steps[3].who == route.pod
    assert steps[2].rewriting == "DNAT + SNAT" and steps[2].changed == ("source", "destination")
    assert steps[1].changed == ("destination",) and not steps[0].changed
    assert steps[3].extra_hop and steps[3].latency_ms and "not the client's" in steps[3].text


def test_local_keeps_the_source() -> None:
    cluster = flow_cluster()
    cluster.patch("flow-32000", {"spec": {"externalTrafficPolicy": "Local"}})
    steps = make_scene(cluster, FlowQuery("flow-32000")).steps
    assert steps[2].rewriting == "DNAT" and "the client's own address" in steps[3].text


@pytest.mark.parametrize(
    ("kind", "frames", "windows", "bands"),
    [("ClusterIP", set(), 0, 1), ("NodePort", {"nodeport"}, 2, 1), ("LoadBalancer", {"front", "nodeport"}, 2, 1)],
)
def test_a_door_contains_the_next(kind: str, frames: set[str], windows: int, bands: int) -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("api-backend", per_node=[1, 1])
    spec = {"type": kind, "selector": {"app": "api-backend"}, "ports": [{"port": 80, "targetPort": 8080}]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    scene = make_scene(cluster, FlowQuery("web"))
    layout = lay_out(scene)
    assert (set(layout.frames), len(layout.windows), len(layout.bands)) == (frames, windows, bands)
    assert scene.door == (kind == "LoadBalancer") == ("lb" in layout.boxes)
    nested = [layout.frames[name] for name in ("front", "nodeport") if name in frames] + [layout.bands[0].box]
    assert all(holds(outer, inner) for outer, inner in pairwise(nested))
    assert all(holds(layout.bands[0].box, box) for place, box in layout.boxes.items() if place.startswith("pod:"))
    assert all(not holds(layout.bands[0].box, window) for window in layout.windows.values())


def holds(outer: Box, inner: Box) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and outer.right >= inner.right and outer.bottom >= inner.bottom


def test_no_load_balancer_is_drawn_where_none_answers() -> None:
    pending = flow_cluster()
    assert not make_scene(pending, FlowQuery("10.0.0.1:32000")).door
    with pytest.raises(kx.NotExposed):
        make_scene(flow_cluster(provider=None), FlowQuery("flow-32000"))


@pytest.mark.parametrize("width", [320, 480, 600, 760, 900, 1240])
def test_everything_lies_inside(case: tuple[kx.Cluster, FlowQuery], width: int) -> None:
    scene = make_scene(*case)
    layout = lay_out(scene, width)
    whole = Box(0, 0, layout.width, layout.height)
    assert all(holds(whole, box) for box in [*layout.boxes.values(), *layout.frames.values(), *layout.windows.values()])
    nodes = [box for place, box in layout.boxes.items() if place.startswith("node:")]
    apart = all(
        a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y for a in nodes for b in nodes if a != b
    )
    assert apart
    legs = trace(scene.steps, layout, scene.service.window if scene.service else 0)
    assert len(legs) == len(scene.steps)
    for leg, following in pairwise(legs):
        (x, y), (a, b) = leg.points[-1], following.points[0]
        assert abs(x - a) < 180 and abs(y - b) < 50, "the next leg begins where the packet lies"
    for leg in legs:
        x, y = card_point(leg, layout)
        assert 0 <= x <= layout.width - CARD_WIDTH and 0 <= y <= layout.height
        assert all(-60 <= x <= layout.width + 1 and -60 <= y <= layout.height + 1 for x, y in leg.points)


def test_nodes_of_one_domain_are_told_apart() -> None:
    cluster = kx.Cluster.from_json(kx.example("sample-cluster"))
    drawn = Still(make_scene(cluster, FlowQuery("monitoring/grafana"))).svg
    assert all(f">{node.name.partition('.')[0]}<" in drawn for node in cluster.nodes)


def test_many_nodes_are_grouped_and_counted() -> None:
    scene = make_scene(flow_cluster([1] * 75), FlowQuery("flow-32000"))
    assert len(scene.nodes) == MAX_NODES and (scene.hidden_nodes, scene.hidden_pods) == (15, 15) and scene.dense
    assert "and 15 more nodes with 15 Pods" in Still(scene).svg
    assert [node.zone for node in scene.nodes] == sorted(node.zone for node in scene.nodes)
    crowded = make_scene(flow_cluster([40, 0]), FlowQuery("flow-32000"))
    assert crowded.dense and [share.label for share in crowded.shares] == ["node-1", "lost", "extra hop"]
    few = make_scene(flow_cluster([40, 0]), FlowQuery("10.0.0.1:30999"))
    assert few.service is None and few.outcome == "refused"


def test_pods_of_other_services_are_counted() -> None:
    cluster = flow_cluster()
    cluster.deploy("other", per_node=[2, 0, 1])
    scene = make_scene(cluster, FlowQuery("flow-32000"))
    assert [node.others for node in scene.nodes] == [2, 0, 1]
    asking = make_scene(cluster, FlowQuery("10.96.217.45:80", "pod/other-3"))
    assert [pod.name for pod in asking.nodes[2].pods if pod.asks] == ["other-3"]


# -- still pictures ----


def test_the_still_picture_is_xml_and_described(case: tuple[kx.Cluster, FlowQuery]) -> None:
    scene = make_scene(*case)
    still = Still(scene)
    root = ET.fromstring(still.svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert root.get("aria-label") == clean(scene.description).replace("\n", " ")
    allowed = {f"{SVG}{tag}" for tag in ("svg", "g", "rect", "circle", "path", "polyline", "polygon", "text", "title")}
    assert {node.tag for node in root.iter()} <= allowed
    names = {name for node in root.iter() for name in node.attrib}
    assert not any(name.startswith(("on", "data-")) or "href" in name for name in names)
    assert "<script" not in still.html and "<b onload" not in still.html
    badges = [
        node.text
        for node in root.iter(f"{SVG}text")
        if "font-weight:700;text-anchor:middle" in (node.get("style") or "")
    ]
    assert {str(step.number) for step in scene.steps} <= set(badges)
    for step in scene.steps:
        assert html.escape(clean(step.text)) in still.html


def test_hostile_text_stays_text() -> None:
    still = kx.flow(hostile_cluster(), "10.0.0.1:32000").static()
    assert html.escape(clean(HOSTILE)) in still.html
    assert "\x00" not in still.html and "\u202e" not in still.html
    shown = "".join(ET.fromstring(still.svg).itertext())
    assert clean(HOSTILE) in shown
    plain = json.dumps(kx.flow(hostile_cluster(), "10.0.0.1:32000").scene)
    assert "\\u0000" not in plain


def test_the_still_picture_needs_no_style_sheet_and_has_fallback_colours() -> None:
    svg = Still(make_scene(flow_cluster(), FlowQuery("flow-32000"))).svg
    assert "class=" not in svg and "<style" not in svg and " id=" not in svg
    assert all(", #" in part or "font-family" in part for part in svg.split("var(--jp-ui-font-color")[1:])


def test_same_scene_same_picture() -> None:
    one, two = (kx.flow(flow_cluster(), "flow-32000").static().html for _ in range(2))
    assert one == two


def test_looks_have_names() -> None:
    def looks(drawn: Any) -> Iterator[str]:
        yield drawn.look
        for child in drawn.children:
            yield from looks(child)

    for _, cluster, question in CASES:
        scene = make_scene(cluster, question)
        assert set(looks(draw(scene, lay_out(scene), live=True))) <= {*STYLE, ""}


@pytest.mark.parametrize("width", range(0, 200, 13))
def test_fit_keeps_to_its_room(width: int) -> None:
    for text in ("a", "api-backend-1", "x" * 63):
        assert len(fit(text, width)) <= max(int(width / 6.4), 3)


def test_an_element_keeps_its_attributes() -> None:
    drawn = element("text", "small", "a < b & c", x=1.26, data_key="k", aria_label='"')
    assert drawn.svg() == '<text x="1.3" aria-label="&quot;">a &lt; b &amp; c</text>'
    assert drawn.plain() == ["text", "small", {"x": 1.3, "data-key": "k", "aria-label": '"'}, "a < b & c"]


# -- the widget, without a page ----


def click(flow: Flow, do: str, **asked: Any) -> None:
    before = flow.answered
    flow._on_message(flow, {"do": do, **asked}, [])
    assert flow.answered == before + 1


def test_the_mime_bundle_carries_the_still_picture() -> None:
    flow = kx.flow(flow_cluster(), "flow-32000")
    data, _ = flow._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == flow.static().html and data["text/plain"] == repr(flow)
    assert f"<strong>How to read this.</strong> {flow.scene['reading']}" in data["text/html"]
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
    assert len(text.splitlines()) < 500
    assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "https://"))
    assert text.count("http://") == 1 and '"http://www.w3.org/2000/svg"' in text  # a name, not an address
    for rule in ("externalTrafficPolicy ===", '"Local"', "masquerade"):
        assert rule not in text
    node = shutil.which("node")
    if node:
        subprocess.run([node, "--check", "--input-type=module"], input=text, text=True, check=True, timeout=30)


def test_a_scene_of_a_big_cluster_is_quick_enough() -> None:
    scene = make_scene(flow_cluster([10] * 60), FlowQuery("flow-32000"))
    assert isinstance(scene, Scene) and len(scene.nodes) == 60
    assert len(json.dumps(draw(scene, lay_out(scene), live=True).plain())) < 400_000


def test_a_red_target_is_told() -> None:
    """A node that the load balancer takes for sick looks no longer like the others: the subject of lessons 4 and 5."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 0, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    assert "red target" not in str(kx.flow(cluster, "public-api-lb").static().svg)
    cluster.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(60)
    svg = str(kx.flow(cluster, "public-api-lb").static().svg)
    assert "10.0.0.2 red target" in svg and "10.0.0.3 red target" in svg and "10.0.0.1 red target" not in svg
    assert "node-2, 10.0.0.2, zone b: up, a red target of the load balancer" in svg


def test_the_entry_that_is_asked_is_told() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 0, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    assert "(1 of 1 that come in by node-2)" in repr(kx.flow(cluster, "public-api-lb", via="node-2"))
    assert "come in by" not in repr(kx.flow(cluster, "public-api-lb"))
