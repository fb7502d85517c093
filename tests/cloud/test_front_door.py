"""How each provider's packets come: to which nodes, to which port, with whose address."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import k8sexpose as kx
from tests.cloud.helpers import CLIENT, CROSS_ZONE, NLB_PRESERVE, TARGET_TYPE, TYPE, address, reasons, stand, told

# Without it the AWS load balancer controller makes an internal one.
PUBLIC = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"}


@pytest.mark.parametrize(
    ("provider", "annotations", "arrives_at", "seen"),
    [
        ("generic", {}, "nodePort", CLIENT),
        ("gcp", {}, "address", CLIENT),
        ("azure", {}, "address", CLIENT),
        ("azure", {"service.beta.kubernetes.io/azure-disable-load-balancer-floating-ip": "true"}, "nodePort", CLIENT),
        ("digitalocean", {}, "address", CLIENT),
        ("digitalocean", {"service.beta.kubernetes.io/do-loadbalancer-type": "REGIONAL"}, "nodePort", "10.0.9.9"),
        ("linode", {}, "nodePort", "10.0.9.9"),
        ("metallb", {}, "address", CLIENT),
        (kx.provider("metallb", mode="bgp"), {}, "address", CLIENT),
        ("aws", {}, "nodePort", "10.0.9.9"),
        ("aws", {TYPE: "nlb"}, "nodePort", CLIENT),
        ("aws", {TYPE: "external", TARGET_TYPE: "instance", **PUBLIC}, "nodePort", CLIENT),
        ("aws", {TYPE: "external", TARGET_TYPE: "ip", **PUBLIC}, "Pod", "10.0.9.9"),
        ("aws", {TYPE: "nlb-ip", NLB_PRESERVE: "preserve_client_ip.enabled=true", **PUBLIC}, "Pod", CLIENT),
    ],
)
@pytest.mark.parametrize("now", [False, True])
def test_what_the_node_receives(
    provider: Any, annotations: dict[str, str], arrives_at: str, seen: str, now: bool
) -> None:
    cluster = stand([2, 1], provider, annotations, externalTrafficPolicy="Local")
    if now:
        cluster.advance(600)
    for route in kx.routes(cluster, address(cluster) if now else "web", CLIENT):
        assert route.outcome == "delivered" and route.client_seen == seen
        [balancer] = [hop for hop in route.hops if hop.kind == "load_balancer"] or [route.hops[1]]
        port = cluster.service("web").ports[0].node_port
        received = balancer.new_dst or balancer.dst
        expected = {"nodePort": f":{port}", "address": ":80", "Pod": ":8080"}[arrives_at]
        assert received.endswith(expected)
        assert received.startswith("10.244.") is (arrives_at == "Pod")


def test_aws_deals_zone_by_zone() -> None:
    cluster = stand([1, 1, 1, 0], "aws", {TYPE: "nlb"})
    assert kx.shares(cluster, "web").extra_hop == Fraction(13, 18)  # 0.722
    cluster.patch("web", {"metadata": {"annotations": {CROSS_ZONE: "true"}}})
    assert kx.shares(cluster, "web").extra_hop == Fraction(3, 4)


def test_metallb_l2_uses_one_node_and_bgp_all() -> None:
    l2, bgp = stand([1, 1, 1], "metallb"), stand([1, 1, 1], kx.provider("metallb", mode="bgp"))
    for cluster in (l2, bgp):
        cluster.advance(5)
    assert len(kx.entries(l2, address(l2))) == 1 and len(kx.entries(bgp, address(bgp))) == 3
    [owner] = kx.entries(l2, address(l2))
    assert told(l2) == [
        (1.0, "Normal", "IPAllocated", 'Assigned IP ["198.51.100.0"]', "metallb-controller"),
        (1.0, "Normal", "nodeAssigned", f'announcing from node "{owner}" with protocol "layer2"', "metallb-speaker"),
    ]
    assert reasons(bgp) == ["IPAllocated"] + ["nodeAssigned"] * 3
    l2.fail(owner)
    assert kx.shares(l2, address(l2)).lost == 1
    l2.advance(5)
    [heir] = kx.entries(l2, address(l2))
    assert heir != owner
    assert told(l2)[-1][3] == f'announcing from node "{heir}" with protocol "layer2"'
