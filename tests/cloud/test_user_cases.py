"""What people asked in public about load balancers (tests/conformance/user-cases.json)."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from tests.cloud.helpers import (
    CLIENT,
    EXCLUDE,
    FAILED,
    MIXED,
    NLB_PRESERVE,
    TARGET_TYPE,
    TYPE,
    address,
    manifest,
    node,
    reasons,
    stand,
    told,
)


def case_pending_no_controller() -> None:
    cluster = stand([1, 0, 0], None, ports=[{"port": 80, "targetPort": 8080, "nodePort": 31437}])
    cluster.advance(3600)
    assert cluster.events == () and cluster.service("web").to_dict()["status"] == {"loadBalancer": {}}
    assert kx.send(cluster, "10.0.0.1:31437").outcome == "delivered"


def case_pending_metallb_pool() -> None:
    cluster = kx.Cluster(provider=kx.provider("metallb", pool="10.57.1.128/29"))
    for number in range(1, 10):
        cluster.apply(manifest(f"s{number}"))
    cluster.advance(60)
    found = [address(cluster, f"s{number}") for number in range(1, 10)]
    assert found == [f"http://10.57.1.{last}" for last in range(128, 136)] + [""]
    warning = ("Warning", "AllocationFailed", 'Failed to allocate IP for "default/s9": no available IPs')
    assert told(cluster, "s9") == [(0.0, *warning, "metallb-controller")]  # and no retry
    cluster.delete("s3")
    cluster.advance(2)
    assert address(cluster, "s9") == "http://10.57.1.130"


def case_exclude_label_single_node() -> None:
    cluster = kx.Cluster(nodes=[node("node-1", labels={EXCLUDE: ""})])
    cluster.deploy("web", per_node=[1])
    cluster.apply(manifest(ports=[{"port": 80, "targetPort": 8080, "nodePort": 30080}]))
    cluster.advance(60)
    assert kx.target_health(cluster, "web") == () and "UnAvailableLoadBalancer" in reasons(cluster)
    assert kx.send(cluster, address(cluster)).outcome == "timeout"
    assert kx.send(cluster, "10.0.0.1:30080").outcome == "delivered"
    cluster.store.put_node(node("node-1"))
    cluster.advance(0)
    assert kx.send(cluster, address(cluster)).outcome == "delivered"


def case_mixed_protocol_provider() -> None:
    cluster = stand([1], "aws", {TYPE: "nlb"}, ports=MIXED)
    cluster.advance(1)
    assert address(cluster) == ""
    assert told(cluster)[-1][1:4] == (
        "Warning",
        "SyncLoadBalancerFailed",
        FAILED + "mixed protocol is not supported for LoadBalancer",
    )


def case_lbclass_immutable() -> None:
    cluster = stand([1], "generic", loadBalancerClass="example.com/nobody")
    cluster.advance(3600)
    assert cluster.events == () and address(cluster) == ""
    assert "example.com/nobody" in kx.provision(cluster, "web").reason
    with pytest.raises(kx.ApiError, match="may not change once set"):
        cluster.patch("web", {"spec": {"loadBalancerClass": "example.com/other"}})


def case_local_rolling_terminating() -> None:
    for grace_s, lost in ((30, 0), (10, 1)):
        cluster = stand([1, 0], externalTrafficPolicy="Local")
        cluster.advance(30)
        cluster.terminate("web-1", grace_s=grace_s)
        assert kx.health_check(cluster, "web", node="node-1").status == 503
        for at_s in range(0, 20, 5):
            expected = lost if at_s >= grace_s else 0
            assert kx.shares(cluster, address(cluster)).lost == expected, at_s
            cluster.advance(5)
        assert kx.entries(cluster, address(cluster)) == {}


def case_hc_node_deletion() -> None:
    cluster = stand([1, 1, 0])
    cluster.advance(30)
    taint = kx.Taint("ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    cluster.store.put_node(node("node-1", taints=(taint,)))
    assert kx.healthz(cluster, node="node-1").status == 503
    assert kx.healthz(cluster, node="node-1", path="/livez").status == 200
    cluster.advance(20)
    assert kx.entries(cluster, address(cluster)).get("node-1", 0) == 0


def case_hc_unready_pod() -> None:
    cluster = stand([1, 0], externalTrafficPolicy="Local")
    cluster.set_ready("web-1", False)
    assert kx.entries(cluster, "web") == {}
    cluster.set_ready("web-1", True)
    assert kx.entries(cluster, "web") == {"node-1": 1}


def case_switch_local_to_cluster_stale_hc() -> None:
    cluster = stand([1, 0, 0], externalTrafficPolicy="Local")
    cluster.advance(30)
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert cluster.service("web").health_check_node_port == 0
    assert len(kx.entries(cluster, "web")) == 3
    cluster.advance(60)  # the controller has pointed the check elsewhere
    assert len(kx.entries(cluster, address(cluster))) == 3


def case_local_weighted() -> None:
    weighted = {"cloud.google.com/l4-rbs": "enabled", "networking.gke.io/weighted-load-balancing": "pods-per-node"}
    cluster = stand([3, 1, 1], "gcp", weighted, externalTrafficPolicy="Local")
    assert set(kx.shares(cluster, "web").by_pod.values()) == {Fraction(1, 5)}
    plain = stand([3, 1, 1], "gcp", externalTrafficPolicy="Local")
    assert sorted(kx.shares(plain, "web").by_pod.values()) == [Fraction(1, 9)] * 3 + [Fraction(1, 3)] * 2


def case_local_skew_2_1() -> None:
    local, cluster = stand([2, 1], externalTrafficPolicy="Local"), stand([2, 1])
    assert sorted(kx.shares(local, "web").by_pod.values()) == [Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)]
    assert set(kx.shares(cluster, "web").by_pod.values()) == {Fraction(1, 3)}
    assert (kx.shares(cluster, "web").extra_hop, kx.shares(local, "web").extra_hop) == (Fraction(1, 2), 0)


def case_hop_fraction_one_per_node() -> None:
    for per_node in ([1, 1, 1], [3, 0, 0], [10, 10, 10]):
        assert kx.shares(stand(per_node), "web").extra_hop == Fraction(2, 3)


def case_proxy_lb_source() -> None:
    cluster = stand([1, 0], "aws", externalTrafficPolicy="Local")
    assert {route.client_seen for route in kx.routes(cluster, "web", CLIENT)} == {"10.0.9.9"}


def case_nlb_ip_target_source() -> None:
    # The asker's load balancer was reached from the internet, which it is only when it is asked to be.
    public = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"}
    asked = {TYPE: "external", TARGET_TYPE: "ip", **public}
    for chosen, seen in ((asked, "10.0.9.9"), (asked | {NLB_PRESERVE: "preserve_client_ip.enabled=true"}, CLIENT)):
        for policy in ("Cluster", "Local"):
            cluster = stand([1, 0], "aws", chosen, externalTrafficPolicy=policy)
            assert {route.client_seen for route in kx.routes(cluster, "web", CLIENT)} == {seen}


def case_nlb_hairpin() -> None:
    cluster = stand([1, 1, 1], "aws", {TYPE: "nlb"})
    assert kx.shares(cluster, "web", "pod/web-1").lost == Fraction(1, 3)
    pods = stand([1, 1, 1], "aws", {TYPE: "external", TARGET_TYPE: "ip"})
    assert kx.shares(pods, "web", "pod/web-1").lost == 0
    local = stand([1, 0, 0], "aws", {TYPE: "nlb"}, externalTrafficPolicy="Local")
    assert kx.shares(local, "web", "pod/web-1").lost == 1


def case_metallb_shared_ip_local() -> None:
    shared = {"metallb.io/allow-shared-ip": "key1"}

    def two(policy: str, other: str, **spec: Any) -> list[str]:
        cluster = kx.Cluster(provider="metallb")
        common: dict[str, Any] = {"externalTrafficPolicy": policy} | spec
        cluster.apply(manifest("s1", shared, **common))
        cluster.apply(manifest("s2", shared, selector={"app": other}, ports=[{"port": 53}], **common))
        cluster.advance(5)
        asked = [event.message for event in cluster.events if event.reason == "AllocationFailed"]
        return [address(cluster, "s1"), address(cluster, "s2"), *asked]

    first, second = two("Local", "dns")
    assert first != second
    refused = 'Failed to allocate IP for "default/s2": can\'t change sharing key for "default/s2", '
    wanted = {"loadBalancerIP": "198.51.100.4"}
    assert two("Local", "dns", **wanted) == [
        "http://198.51.100.4",
        "",
        refused + "address also in use by default/s1",
    ]
    for policy, other in (("Cluster", "dns"), ("Local", "web")):
        first, second = two(policy, other)
        assert first == second


def case_sourceranges_nodeport_bypass() -> None:
    ports = [{"port": 80, "targetPort": 8080, "nodePort": 30080}]
    for provider in ("generic", "metallb", "aws", "gcp"):
        cluster = stand([1, 0], provider, loadBalancerSourceRanges=["192.0.2.0/24"], ports=ports)
        assert kx.shares(cluster, "web", CLIENT).lost == 1
        assert kx.shares(cluster, "web", "192.0.2.1").lost == 0
        assert kx.send(cluster, "10.0.0.1:30080", CLIENT).outcome == "delivered"


def case_alloc_exhaustion() -> None:
    cluster = stand([1], "metallb", allocateLoadBalancerNodePorts=False)
    assert cluster.service("web").ports[0].node_port == 0
    assert kx.send(cluster, "web").outcome == "delivered"  # MetalLB needs no nodePort
    assert kx.shares(stand([1], "aws", allocateLoadBalancerNodePorts=False), "web").lost == 1


def case_icmp_vip() -> None:
    cluster = stand([1, 0, 0], "metallb")
    cluster.advance(5)
    vip = address(cluster).removeprefix("http://")
    assert kx.send(cluster, vip, protocol="ICMP").outcome == "timeout"
    assert kx.send(cluster, f"{vip}:80").outcome == "delivered"


def case_np_on_vip() -> None:
    cluster = stand([1, 0, 0], "metallb", ports=[{"port": 80, "targetPort": 8080, "nodePort": 30080}])
    cluster.advance(5)
    assert kx.send(cluster, f"{address(cluster)}:30080").outcome == "timeout"


def case_cost_cross_az() -> None:
    cluster = stand([1, 1, 1], "aws", {TYPE: "nlb"})
    assert kx.shares(cluster, "web").crosses_zone == Fraction(2, 3)
    assert kx.shares(stand([1, 1, 1], "aws", {TYPE: "nlb"}, externalTrafficPolicy="Local"), "web").crosses_zone == 0


CASES = {name.removeprefix("case_").replace("_", "-"): do for name, do in globals().items() if name.startswith("case_")}


@pytest.mark.parametrize("case", CASES)
def test_user_case(case: str) -> None:
    CASES[case]()


def test_the_cases_are_public_questions() -> None:
    text = (Path(__file__).parents[1] / "conformance" / "user-cases.json").read_text(encoding="utf-8")
    assert set(CASES) <= {case["id"] for case in json.loads(text)}
