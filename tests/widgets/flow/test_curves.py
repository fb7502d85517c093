"""Where the path of a packet runs in the picture."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.lessons import ways_out
from k8sexpose.widgets.flow.curves import end_point, trace
from k8sexpose.widgets.flow.layout import Box, lay_out


def test_a_packet_to_an_ip_target_passes_beside_node_port_and_rules() -> None:
    flow = kx.flow(ways_out(2, 1)["ip targets"], "public-api-lb")
    layout = lay_out(flow._scene, 900)
    points = trace(flow._scene.steps, layout, flow._scene.node_port)[-1].points
    crossed = [*layout.node_ports.values(), *layout.rules.values()]
    assert len(points) > 2 and crossed
    assert not [p for p in points for box in crossed if box.x < p[0] < box.right and box.y < p[1] < box.bottom]


def test_a_packet_to_an_ip_target_passes_the_titles_of_frames_and_zones() -> None:
    flow = kx.flow(ways_out(2, 1)["ip targets"], "public-api-lb")
    layout = lay_out(flow._scene, 900)
    leg = trace(flow._scene.steps, layout, flow._scene.node_port)[-1]
    titles = [Box(box.x + 8, box.y + 4, 330, 16) for box in layout.frames.values()]
    titles += [Box(zone.box.x + 6, zone.box.y + 2, 40, 10) for zone in layout.zones]
    assert len(titles) == 4
    for x, y in (*leg.points, leg.label):
        assert not any(box.x < x < box.right and box.y < y < box.bottom for box in titles)


def test_a_mark_on_a_small_node_hides_neither_its_name_nor_its_rules() -> None:
    cluster = kx.Cluster.from_json(kx.example("sample-cluster"), provider="aws")
    flow = kx.flow(cluster, "monitoring/grafana", "10.20.7.7")
    layout = lay_out(flow._scene, 900)
    last = trace(flow._scene.steps, layout, flow._scene.node_port)[-1]
    _, y = end_point(last, layout)
    assert flow._scene.outcome == "timeout"
    assert layout.rules[last.step.at].bottom < y < layout.boxes[last.step.at].bottom
