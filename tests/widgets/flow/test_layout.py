"""Where things are drawn: what contains what, many nodes, many Pods."""

from __future__ import annotations

from itertools import pairwise

import pytest

import k8sexpose as kx
from k8sexpose.widgets.flow.curves import CARD_HEIGHT, CARD_WIDTH, card_point, trace
from k8sexpose.widgets.flow.layout import Box, lay_out
from k8sexpose.widgets.flow.scene import MANY_NODES, FlowQuery, make_scene
from k8sexpose.widgets.flow.still import Still
from tests.widgets.flow.helpers import flow_cluster


@pytest.mark.parametrize(
    ("kind", "frames", "node_ports"),
    [("ClusterIP", set(), 0), ("NodePort", {"nodeport"}, 2), ("LoadBalancer", {"front", "nodeport"}, 2)],
)
def test_a_frame_contains_the_next(kind: str, frames: set[str], node_ports: int) -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.deploy("api-backend", per_node=[1, 1])
    spec = {"type": kind, "selector": {"app": "api-backend"}, "ports": [{"port": 80, "targetPort": 8080}]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    scene = make_scene(cluster, FlowQuery("web"))
    layout = lay_out(scene)
    assert (set(layout.frames), len(layout.node_ports)) == (frames, node_ports)
    assert scene.has_load_balancer == (kind == "LoadBalancer") == ("lb" in layout.boxes)
    nested = [layout.frames[name] for name in ("front", "nodeport") if name in frames] + [layout.boxes["node:node-1"]]
    assert all(holds(outer, inner) for outer, inner in pairwise(nested))
    # The clusterIP is no frame around nodes: it is rules in every one of them.
    assert set(layout.rules) == {"node:node-1", "node:node-2"}
    assert all(holds(layout.boxes[place], rules) for place, rules in layout.rules.items())


def holds(outer: Box, inner: Box) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and outer.right >= inner.right and outer.bottom >= inner.bottom


def overlap(one: Box, other: Box) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def test_no_load_balancer_is_drawn_where_none_answers() -> None:
    pending = flow_cluster()
    assert not make_scene(pending, FlowQuery("10.0.0.1:32000")).has_load_balancer
    with pytest.raises(kx.NotExposed):
        make_scene(flow_cluster(provider=None), FlowQuery("flow-32000"))


@pytest.mark.parametrize("width", [320, 480, 600, 760, 900, 1240])
def test_everything_lies_inside(case: tuple[kx.Cluster, FlowQuery], width: int) -> None:
    scene = make_scene(*case)
    layout = lay_out(scene, width, 244 if width >= 720 else 0)
    whole = Box(0, 0, layout.width, layout.height)
    assert all(
        holds(whole, box) for box in [*layout.boxes.values(), *layout.frames.values(), *layout.node_ports.values()]
    )
    nodes = [box for place, box in layout.boxes.items() if place.startswith("node:") and place not in layout.folded]
    apart = all(
        a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y for a in nodes for b in nodes if a != b
    )
    assert apart
    legs = trace(scene.steps, layout, scene.node_port)
    assert len(legs) == len(scene.steps)
    for leg, following in pairwise(legs):
        (x, y), (a, b) = leg.points[-1], following.points[0]
        assert abs(x - a) < 180 and abs(y - b) < 50, "the next leg begins where the packet lies"
    for leg in legs:
        x, y = card_point(leg, layout)
        assert 0 <= x <= layout.width - CARD_WIDTH and 0 <= y <= layout.height
        card = Box(x, y, CARD_WIDTH, CARD_HEIGHT)
        covered = [place for place, box in layout.boxes.items() if width >= 720 and overlap(card, box)]
        assert not covered, "the card covers what it explains"
        assert all(-60 <= x <= layout.width + 1 and -60 <= y <= layout.height + 1 for x, y in leg.points)


def test_nodes_of_one_domain_are_told_apart() -> None:
    cluster = kx.Cluster.from_json(kx.example("sample-cluster"))
    drawn = Still(make_scene(cluster, FlowQuery("monitoring/grafana"))).svg
    assert all(f">{node.name.partition('.')[0]}<" in drawn for node in cluster.nodes)


def test_twelve_nodes_keep_their_zones_together() -> None:
    scene = make_scene(flow_cluster([3, 2, 1] * 4), FlowQuery("flow-32000"))
    layout = lay_out(scene, 900)
    assert not scene.folds and sorted(zone.name for zone in layout.zones) == ["a", "b", "c"]
    assert not any(zone.continued for zone in layout.zones) and "more of zone" not in Still(scene).svg


def test_a_zone_in_two_rows_is_named_as_one() -> None:
    scene = make_scene(flow_cluster([1] * 12), FlowQuery("flow-32000"))
    narrow = lay_out(scene, 380)
    assert [zone.name for zone in narrow.zones if not zone.continued] == ["a", "b", "c"]
    assert sum(zone.continued for zone in narrow.zones) == len(narrow.zones) - 3 > 0
    assert Still(scene, 380).svg.count(">more of zone") == len(narrow.zones) - 3


def test_many_nodes_are_folded_and_counted() -> None:
    cluster = flow_cluster([1] * 75)
    scene = make_scene(cluster, FlowQuery("flow-32000"))
    assert len(scene.nodes) <= MANY_NODES
    assert len(scene.nodes) + sum(len(fold.nodes) for fold in scene.folds) == 75
    assert [fold.zone for fold in scene.folds] == ["a", "b", "c"]
    svg = Still(scene).svg
    assert all(f">{len(fold.nodes)} more nodes<" in svg for fold in scene.folds)
    open_zone = make_scene(cluster, FlowQuery("flow-32000"), unfolded={"b"})
    assert sum(node.zone == "b" for node in open_zone.nodes) == 25 and len(open_zone.folds) == 2
    cluster.fail("node-40")
    assert "node-40" in [node.name for node in make_scene(cluster, FlowQuery("flow-32000")).nodes], "it stands out"


def test_crowded_nodes_are_counted() -> None:
    crowded = make_scene(flow_cluster([40, 0]), FlowQuery("flow-32000"))
    assert crowded.dense and [share.label for share in crowded.shares] == [
        "node-1",
        "nobody (lost)",
        "with an extra hop",
    ]
    few = make_scene(flow_cluster([40, 0]), FlowQuery("10.0.0.1:30999"))
    assert few.service is None and few.outcome == "refused"


def test_pods_of_other_services_are_counted() -> None:
    cluster = flow_cluster()
    cluster.deploy("other", per_node=[2, 0, 1])
    scene = make_scene(cluster, FlowQuery("flow-32000"))
    assert [node.others for node in scene.nodes] == [2, 0, 1]
    asking = make_scene(cluster, FlowQuery("10.96.217.45:80", "pod/other-3"))
    assert [pod.name for pod in asking.nodes[2].pods if pod.asks] == ["other-3"]
