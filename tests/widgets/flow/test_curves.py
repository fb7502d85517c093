"""Where the path of a packet runs in the picture."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.lessons import ways_out
from k8sexpose.widgets.flow.curves import trace
from k8sexpose.widgets.flow.layout import lay_out


def test_a_packet_to_an_ip_target_passes_beside_node_port_and_rules() -> None:
    flow = kx.flow(ways_out(2, 1)["ip targets"], "public-api-lb")
    layout = lay_out(flow._scene, 900)
    window = flow._scene.service.window if flow._scene.service else 0
    points = trace(flow._scene.steps, layout, window)[-1].points
    crossed = [*layout.windows.values(), *layout.rules.values()]
    assert len(points) > 2 and crossed
    assert not [p for p in points for box in crossed if box.x < p[0] < box.right and box.y < p[1] < box.bottom]
