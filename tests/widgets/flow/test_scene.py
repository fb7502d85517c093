"""Scenes: what the router says, step by step."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import k8sexpose as kx
from k8sexpose.widgets.flow.drawing import draw
from k8sexpose.widgets.flow.layout import lay_out
from k8sexpose.widgets.flow.scene import FlowQuery, Scene, make_scene
from k8sexpose.widgets.flow.still import Still
from tests.widgets.flow.helpers import CASES, flow_cluster


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


def test_a_scene_of_a_big_cluster_is_quick_enough() -> None:
    scene = make_scene(flow_cluster([10] * 60), FlowQuery("flow-32000"))
    assert isinstance(scene, Scene) and len(scene.nodes) + sum(len(fold.nodes) for fold in scene.folds) == 60
    assert len(json.dumps(draw(scene, lay_out(scene), live=True).plain())) < 400_000


def test_the_check_of_a_node_is_told() -> None:
    """A node that the load balancer takes for sick looks no longer like the others, and the picture says since when."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 0, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    assert "unhealthy" not in str(kx.flow(cluster, "public-api-lb").static().svg)
    cluster.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(60)
    svg = str(kx.flow(cluster, "public-api-lb").static().svg)
    assert svg.count("unhealthy since t = 80 s<") == 2 and svg.count(">healthy since t = 10 s<") == 1
    assert "node-2, 10.0.0.2, zone b: up, for the load balancer unhealthy since t = 80 s" in svg


def test_a_named_service_shows_its_settled_checks_and_an_address_those_of_now() -> None:
    cluster = flow_cluster([1, 0])
    cluster.advance(60)
    cluster.patch("flow-32000", {"spec": {"externalTrafficPolicy": "Local"}})
    lamps = {}
    for target in ("flow-32000", "10.0.0.1:32000"):
        lamps[target] = [(node.lamp, node.since_s) for node in make_scene(cluster, FlowQuery(target)).nodes]
    assert lamps["flow-32000"] == [("healthy", 10.0), ("unhealthy", None)]
    assert lamps["10.0.0.1:32000"] == [("healthy", 10.0), ("healthy", 10.0)]


def test_the_answer_goes_back_past_what_replaced_an_address() -> None:
    cluster = flow_cluster([1, 0, 0])
    last = make_scene(cluster, FlowQuery("flow-32000", via="node-2")).steps[-1].text
    assert last.endswith("back to the client through node-2 and the load balancer, which put back what they replaced.")
    straight = make_scene(cluster, FlowQuery("10.244.1.2:8080", "node/node-1"))
    assert straight.steps[-1].text.endswith("The answer goes straight back to node-1.") and straight.comes_back
    assert Still(straight).svg.count("stroke-dasharray:4 3") == 1


def test_the_answer_is_not_drawn_past_a_load_balancer_that_replaced_nothing() -> None:
    cluster = flow_cluster(provider="gcp")
    scene = make_scene(cluster, FlowQuery("flow-32000"))
    assert not scene.steps[1].changed and not scene.comes_back
    assert "load balancer" not in scene.steps[-1].text and "stroke-dasharray:4 3" not in Still(scene).svg


def test_what_no_healthy_node_can_take_ends_at_the_load_balancer() -> None:
    cluster = flow_cluster([1, 0])
    cluster.patch("flow-32000", {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.set_ready("api-backend-1", False)
    cluster.advance(60)
    scene = make_scene(cluster, FlowQuery("flow-32000"))
    assert [step.at for step in scene.steps] == ["client", "lb"] and scene.outcome == "timeout"
    assert set(lay_out(scene).boxes) >= {"client", "lb"} and "elsewhere" not in lay_out(scene).boxes
    assert Still(scene).svg.count("stroke-dasharray:14 4") == 2, "the frame of an unhealthy node is no healthy one"


def test_nothing_that_fits_is_cut() -> None:
    for width in (340, 656, 920):
        scene = make_scene(flow_cluster([6, 3, 1]), FlowQuery("flow-32000"))
        drawn = draw(scene, lay_out(scene, width, 244 if width >= 720 else 0)).svg()
        assert "…" not in drawn and ">api-backend-10<" in drawn
        assert drawn.count(">rules → Pods<") == 3 and "10.96" not in drawn


def test_a_pod_has_its_port() -> None:
    scene = make_scene(flow_cluster(), FlowQuery("flow-32000"))
    assert {pod.port for node in scene.nodes for pod in node.pods} == {8080}
    assert Still(scene).svg.count(">:8080<") == 3


def test_the_entry_that_is_asked_is_told() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[1, 0, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(60)
    assert "All connections that arrive at node-2 take this path, and are answered" in repr(
        kx.flow(cluster, "public-api-lb", via="node-2")
    )
    assert "arrive at" not in repr(kx.flow(cluster, "public-api-lb"))


def test_the_bar_of_a_pod_is_drawn_to_the_scale_of_all_connections() -> None:
    """A third of the connections is a third of the bar; one Pod gets all."""
    svg = str(kx.flow(flow_cluster([1, 1, 1]), "flow-32000").static().svg)
    found = re.findall(r'gets 1/3</text><rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)".*?<path d="M([\d.]+) ', svg)
    assert len(found) == 3
    for left, width, tick in (map(float, one) for one in found):
        assert abs((tick - left) / width - 1 / 3) < 0.01
    assert ">gets all<" in str(kx.flow(flow_cluster([1, 0, 0]), "flow-32000").static().svg)
