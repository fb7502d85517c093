"""The concierge: provider profiles, the controllers' events, health checks over time, and what is left behind."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.cloud.front_door import front_door
from k8sexpose.cloud.health_checks import CheckAnswers, CheckedTargets, TargetState
from k8sexpose.cloud.load_balancer import TargetHealth, next_flip_s
from k8sexpose.cloud.providers import HealthCheck, LoadBalancerKind, _profiles
from tests.cloud.provider_facts import provider_facts

TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
TARGET_TYPE = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
CROSS_ZONE = "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled"
EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
NLB_PRESERVE = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
CLIENT = "203.0.113.10"
FAILED = "Error syncing load balancer: failed to ensure load balancer: "


def manifest(name: str = "web", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    base = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    metadata: dict[str, Any] = {"name": name} | ({"annotations": annotations} if annotations else {})
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": base | spec}


def stand(
    per_node: list[int], provider: Any = "generic", annotations: dict[str, str] | None = None, **spec: Any
) -> kx.Cluster:
    """A cluster with Pods, and a LoadBalancer Service `web`."""
    cluster = kx.Cluster(nodes=len(per_node), provider=provider)
    cluster.deploy("web", per_node=per_node)
    cluster.apply(manifest(annotations=annotations, **spec))
    return cluster


def address(cluster: kx.Cluster, name: str = "web") -> str:
    ingress = cluster.service(name).load_balancer_ingress
    return f"http://{ingress[0].address}" if ingress else ""


def told(cluster: kx.Cluster, name: str = "web") -> list[tuple[float, str, str, str, str]]:
    mine = [event for event in cluster.events if event.object == f"service/{name}"]
    return [(event.at_s, event.type, event.reason, event.message, event.source) for event in mine]


def reasons(cluster: kx.Cluster, name: str = "web") -> list[str]:
    return [reason for _, _, reason, _, _ in told(cluster, name)]


# -- the profiles ----

NAMES = ["generic", "aws", "gcp", "azure", "digitalocean", "linode", "metallb", "kind", "minikube"]


def test_these_are_the_providers() -> None:
    assert list(_profiles()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_unit_source_and_date(name: str) -> None:
    facts = provider_facts(name)
    assert facts
    for fact in facts:
        assert fact.unit and len(fact.source) > 20 and re.fullmatch(r"20\d\d-\d\d-\d\d", fact.date), fact
    optional = {
        "sticky",
        "source_ip",
        "cross_zone_by",
        "preserve_by",
        "weighted_by",
        "retry_s",
        "being_created",
        "name",
    }
    wanted = {field.name for field in fields(LoadBalancerKind)} - optional - {"title", "controller"}
    for kind in _profiles()[name].kinds:
        given = {fact.name.split(".")[2] for fact in facts if fact.name.startswith(f"kinds.{kind.name}.")}
        assert wanted <= given, f"{kind.name} lacks {wanted - given}"
        assert kind.data_path in ("node_port", "vip", "pod")
        assert kind.targets_s <= kind.provisioning_s


@pytest.mark.parametrize(
    ("name", "kind", "cluster_s", "local_s", "data_path"),
    [  # shared facts: health_checks and data_path of prices.json
        ("aws", "classic", 60, 60, "node_port"),
        ("aws", "nlb", 90, 20, "node_port"),
        ("aws", "nlb_instance", 30, 20, "node_port"),
        ("aws", "nlb_ip", 30, 30, "pod"),
        ("gcp", "target_pool", 24, 24, "vip"),
        ("gcp", "rbs", 24, 6, "vip"),
        ("azure", "standard", 10, 10, "vip"),
        ("azure", "no_floating_ip", 10, 10, "node_port"),
        ("digitalocean", "regional_network", 9, 9, "vip"),
        ("digitalocean", "regional", 9, 9, "node_port"),
        ("linode", "nodebalancer", 10, 10, "node_port"),
        ("generic", "l4", 20, 20, "node_port"),
    ],
)
def test_health_check_times(name: str, kind: str, cluster_s: float, local_s: float, data_path: str) -> None:
    found = kx.provider(name).kind(kind)
    assert found.check_cluster.seconds_to_unhealthy == cluster_s
    assert found.check_local.seconds_to_unhealthy == local_s
    assert found.data_path == data_path


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ValueError, match="generic, aws, gcp, azure, digitalocean, linode, metallb, kind, minikube"):
        kx.Cluster(provider="openstack")
    with pytest.raises(ValueError, match="there are: no_subnets"):
        kx.provider("aws", fail="flood")
    with pytest.raises(ValueError, match="there are: l2, bgp"):
        kx.provider("metallb", mode="l3")
    with pytest.raises(ValueError, match=r"no range of addresses such as 198\.51\.100\.0/29"):
        kx.provider("metallb", pool="somewhere")
    with pytest.raises(ValueError, match="provider is a name"):
        kx.Cluster(provider=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "annotations", "pattern"),
    [
        ("generic", {}, r"198\.51\.100\.\d+"),
        ("gcp", {}, r"198\.51\.100\.\d+"),
        ("aws", {}, r"a[0-9a-f]{31}-\d{10}\.us-east-1\.elb\.amazonaws\.com"),
        ("aws", {TYPE: "nlb"}, r"a[0-9a-f]{31}-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com"),
        ("aws", {TYPE: "external"}, r"k8s-default-web-[0-9a-f]{10}-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com"),
    ],
)
def test_addresses_have_the_providers_form_and_stay(provider: str, annotations: dict[str, str], pattern: str) -> None:
    first, second = (stand([1, 1], provider, annotations) for _ in range(2))
    foreseen = front_door(first, first.service("web")).address
    first.advance(600)
    second.advance(600)
    assert re.fullmatch(pattern, foreseen)
    assert address(first) == address(second) == f"http://{foreseen}"


def test_no_two_load_balancers_have_one_address() -> None:
    cluster = kx.Cluster()
    for number in range(300):
        cluster.create(manifest(f"web-{number}"))
    cluster.advance(60)
    found = {service.load_balancer_ingress[0].ip for service in cluster.services if service.type == "LoadBalancer"}
    assert len(found) == 300


# -- from pending to an address ----


def test_the_way_to_an_address() -> None:
    cluster = stand([1, 1, 1])
    assert cluster.service("web").to_dict()["status"] == {"loadBalancer": {}}
    assert cluster.service("web").finalizers == () and cluster.events == ()
    cluster.advance(0)
    ensuring = (0.0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service-controller")
    assert told(cluster) == [ensuring]
    assert cluster.service("web").finalizers == ("service.kubernetes.io/load-balancer-cleanup",)
    cluster.advance(29)
    assert address(cluster) == ""
    cluster.advance(1)
    assert told(cluster) == [
        ensuring,
        (30.0, "Normal", "EnsuredLoadBalancer", "Ensured load balancer", "service-controller"),
    ]
    assert kx.send(cluster, address(cluster)).outcome == "delivered"


def test_provision_previews_it() -> None:
    cluster = stand([1, 1, 1])
    before = trace(cluster)
    preview = kx.provision(cluster, "web")
    assert [step.at_s for step in preview.steps] == [0, 0, 10, 30]
    assert [step.event for step in preview.steps] == ["", "EnsuringLoadBalancer", "", "EnsuredLoadBalancer"]
    assert "nodePort" in preview.steps[0].what and "3 nodes" in preview.steps[2].what
    assert trace(cluster) == before
    cluster.advance(30)
    assert address(cluster) == f"http://{preview.address}"
    assert kx.provision(cluster, "web").address == preview.address


def test_provision_escapes_what_it_shows() -> None:
    shown = kx.Provisioning("<b>/web", (), None, "<script>")._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown


@pytest.mark.parametrize("provider", [None, "kind", "minikube"])
def test_without_a_controller_it_is_pending_for_ever(provider: str | None) -> None:
    cluster = stand([1, 1], provider)
    preview = kx.provision(cluster, "web")
    assert preview.pending and "no controller" in preview.reason and len(preview.steps) == 1
    cluster.advance(100_000)
    assert cluster.events == () and address(cluster) == ""
    with pytest.raises(kx.NotExposed, match=str(cluster.service("web").ports[0].node_port)):
        kx.shares(cluster, "web")
    cluster.delete("web")  # no finalizer holds it
    assert [service.name for service in cluster.services] == ["kubernetes"]


NO_SUBNETS = "could not find any suitable subnets for creating the ELB"
MIXED = [{"name": "t", "port": 4145, "protocol": "TCP"}, {"name": "u", "port": 4145, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("provider", "annotations", "spec", "message"),
    [
        (kx.provider("aws", fail="no_subnets"), {}, {}, FAILED + NO_SUBNETS),
        ("aws", {TYPE: "nlb"}, {"ports": MIXED}, FAILED + "mixed protocol is not supported for LoadBalancer"),
        (
            "aws",
            {},
            {"ports": [{"port": 53, "protocol": "UDP"}]},
            FAILED + "Protocol UDP not supported by LoadBalancer",
        ),
        ("aws", {}, {"sessionAffinity": "ClientIP"}, FAILED + "unsupported load balancer affinity: ClientIP"),
        ("aws", {CROSS_ZONE: "maybe"}, {}, f"{FAILED}error parsing service annotation: {CROSS_ZONE}=maybe"),
        (
            "aws",
            {TYPE: "external", TARGET_TYPE: "{x}"},
            {},
            'Failed build model due to unsupported target type "{x}" for load balancer type "external"',
        ),
        ("gcp", {"cloud.google.com/network-tier": "Gold"}, {}, FAILED + 'unsupported network tier: "Gold"'),
        (
            "digitalocean",
            {"service.beta.kubernetes.io/do-loadbalancer-type": "BIG"},
            {},
            FAILED + "only LB types supported are (REGIONAL, REGIONAL_NETWORK)",
        ),
        (
            "metallb",
            {},
            {"loadBalancerIP": "192.0.2.1"},
            'Failed to allocate IP for "default/web": ["192.0.2.1"] is not allowed in config',
        ),
    ],
)
def test_what_the_cloud_refuses(provider: Any, annotations: dict[str, str], spec: dict[str, Any], message: str) -> None:
    cluster = stand([1, 1], provider, annotations, **spec)
    assert kx.provision(cluster, "web").reason == message
    cluster.advance(1000)
    warnings = [event for event in told(cluster) if event[1] == "Warning"]
    assert warnings and {text for _, _, _, text, _ in warnings} == {message}
    assert address(cluster) == "" and not cluster.load_balancers
    with pytest.raises(kx.NotExposed, match="pending"):
        kx.shares(cluster, "web:4145" if "ports" in spec and spec["ports"] is MIXED else "web", protocol="TCP")


def test_retries_come_later_and_later() -> None:
    cluster = stand([1], kx.provider("aws", fail="no_subnets"))
    cluster.advance(1500)
    times = [at for at, _, reason, _, _ in told(cluster) if reason == "SyncLoadBalancerFailed"]
    assert times == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]
    assert reasons(cluster)[::2] == ["EnsuringLoadBalancer"] * 10


def test_a_mended_service_is_tried_at_once() -> None:
    cluster = stand([1], "gcp", {"cloud.google.com/network-tier": "Gold"})
    cluster.advance(100)
    cluster.patch("web", {"metadata": {"annotations": {"cloud.google.com/network-tier": "Premium"}}})
    cluster.advance(47)
    assert address(cluster) and told(cluster)[-1][0] == 147


@pytest.mark.parametrize(
    ("provider", "annotations", "message"),
    [
        ("aws", {}, FAILED + "TooManyLoadBalancers: Exceeded quota of account"),
        (
            "aws",
            {TYPE: "nlb"},
            FAILED + 'error creating load balancer: "TooManyLoadBalancers: The maximum number of load balancers has '
            'been reached."',
        ),
        (
            "azure",
            {},
            FAILED + "code PublicIPCountLimitReached, Cannot create more than 2 public IP addresses for this "
            "subscription in this region.",
        ),
    ],
)
def test_quota(provider: str, annotations: dict[str, str], message: str) -> None:
    cluster = kx.Cluster(nodes=1, provider=kx.provider(provider, quota=2))
    for name in ("a", "b", "c"):
        cluster.apply(manifest(name, annotations))
    kx.shares(cluster, "b")
    with pytest.raises(kx.NotExposed):
        kx.shares(cluster, "c")
    cluster.advance(300)
    assert address(cluster, "a") and address(cluster, "b") and not address(cluster, "c")
    assert told(cluster, "c")[-1][3] == message
    if provider == "azure":
        assert reasons(cluster, "c")[:3] == [
            "EnsuringLoadBalancer",
            "CreateOrUpdatePublicIPAddress",
            "SyncLoadBalancerFailed",
        ]
    cluster.delete("a")
    cluster.advance(1000)
    assert address(cluster, "c")


def test_what_the_aws_controller_says_beyond_the_quota() -> None:
    cluster = stand([1], kx.provider("aws", quota=1), {TYPE: "external"})
    cluster.apply(manifest("second", {TYPE: "external"}))
    cluster.advance(1)
    message = "Failed deploy model due to TooManyLoadBalancers: The maximum number of load balancers has been reached."
    assert told(cluster, "second") == [(0.0, "Warning", "FailedDeployModel", message, "service")]


def test_gcp_quota_text() -> None:
    cluster = stand([1], kx.provider("gcp", quota=1))
    cluster.apply(manifest("second"))
    cluster.advance(60)
    assert re.fullmatch(
        re.escape(FAILED + "failed to create forwarding rule for load balancer (a")
        + r"[0-9a-f]{31}\(default/second\)\)"
        + re.escape(": googleapi: Error 403: Quota 'FORWARDING_RULES' exceeded. Limit: 1.0, quotaExceeded"),
        told(cluster, "second")[-1][3],
    )


def test_digitalocean_says_that_it_is_being_created() -> None:
    cluster = stand([1, 1], "digitalocean")
    cluster.advance(300)
    texts = [text for _, _, _, text, _ in told(cluster)]
    assert texts[:2] == ["Ensuring load balancer", FAILED + "load-balancer is currently being created"]
    assert texts[-2:] == ["Ensuring load balancer", "Ensured load balancer"] and told(cluster)[-1][0] == 90


def test_other_controllers_speak_in_their_own_words() -> None:
    external = stand([1, 1], "aws", {TYPE: "external"})
    rbs = stand([1, 1], "gcp", {"cloud.google.com/l4-rbs": "enabled"})
    for cluster in (external, rbs):
        cluster.advance(300)
    assert [told(external)[0][1:]] == [("Normal", "SuccessfullyReconciled", "Successfully reconciled", "service")]
    assert [event[2:4] for event in told(rbs)] == [
        ("ADD", "default/web"),
        ("SyncLoadBalancerSuccessful", "Successfully ensured L4 External LoadBalancer resources"),
    ]
    rbs.delete("web")
    rbs.advance(60)
    assert told(rbs)[-1][2:4] == ("DeletedLoadBalancer", "Deleted L4 External LoadBalancer")


# -- deleting, changing ----


def test_the_finalizer_holds_until_the_cloud_is_done() -> None:
    cluster = stand([1, 1], externalTrafficPolicy="Local")
    cluster.advance(30)
    numbers = [cluster.service("web").ports[0].node_port, cluster.service("web").health_check_node_port]
    cluster.delete("web")
    assert cluster.service("web").deletion_timestamp
    cluster.advance(9)
    assert all(cluster.store.port_in_use(number) for number in numbers)
    cluster.advance(1)
    assert [event[2:4] for event in told(cluster)[2:]] == [
        ("DeletingLoadBalancer", "Deleting load balancer"),
        ("DeletedLoadBalancer", "Deleted load balancer"),
    ]
    assert not any(cluster.store.port_in_use(number) for number in numbers)
    assert not cluster.load_balancers and not cluster.cloud_state.progress and not cluster.cloud_state.addresses_held


def test_deleting_before_the_address_has_come() -> None:
    cluster = stand([1])
    cluster.advance(5)
    cluster.delete("web")
    cluster.advance(100)
    assert [service.name for service in cluster.services] == ["kubernetes"]
    assert not cluster.load_balancers and not cluster.cloud_state.progress


def test_another_type_gives_the_load_balancer_back() -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    cluster.patch("web", {"spec": {"type": "NodePort"}})
    cluster.advance(60)
    assert reasons(cluster)[2:] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]
    assert cluster.service("web").load_balancer_ingress == () and cluster.service("web").finalizers == ()


@pytest.mark.parametrize(
    ("patch", "again"),
    [
        ({"metadata": {"annotations": {"a": "b"}}}, True),
        ({"spec": {"externalTrafficPolicy": "Local"}}, True),
        ({"spec": {"sessionAffinity": "ClientIP"}}, True),
        ({"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}}, True),
        ({"spec": {"selector": {"app": "other"}}}, False),
        ({"spec": {"internalTrafficPolicy": "Local"}}, False),
        ({"spec": {"trafficDistribution": "PreferSameZone"}}, False),
        ({"metadata": {"labels": {"a": "b"}}}, False),
    ],
)
def test_which_changes_call_the_cloud_again(patch: dict[str, Any], again: bool) -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    cluster.patch("web", patch)
    cluster.advance(30)
    assert reasons(cluster)[2:] == (["EnsuringLoadBalancer", "EnsuredLoadBalancer"] if again else [])


def test_the_nlb_annotation_leaves_a_paid_orphan() -> None:
    cluster = stand([1, 1], "aws", {TYPE: "nlb"})
    cluster.advance(240)
    first = address(cluster)
    cluster.patch("web", {"metadata": {"annotations": {TYPE: None}}})
    cluster.advance(240)
    assert address(cluster) != first and ".us-east-1.elb." in address(cluster)
    kinds = {balancer.kind.name: balancer.orphan for balancer in cluster.load_balancers.values()}
    assert kinds == {"nlb": True, "classic": False}
    cluster.delete("web")
    cluster.advance(100)
    assert [balancer.kind.name for balancer in cluster.load_balancers.values()] == ["nlb"]


# -- nodes ----


@pytest.mark.parametrize(
    ("value", "target"),
    [("", False), ("true", False), ("1", False), ("yes", False), ("false", True), ("0", True), ("F", True)],
)
def test_the_exclusion_label_is_read_as_a_go_bool(value: str, target: bool) -> None:
    nodes = [node("node-1", labels={EXCLUDE: value})]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1])
    cluster.apply(manifest())
    assert bool(kx.entries(cluster, "web")) is target
    cluster.advance(30)
    assert bool(kx.target_health(cluster, "web")) is target
    assert ("UnAvailableLoadBalancer" in reasons(cluster)) is not target


def node(name: str, **changes: Any) -> kx.Node:
    return kx.Node(name, (f"10.0.0.{name[-1]}",), zone="a", pod_cidr=f"10.244.{name[-1]}.0/24", **changes)


def test_which_nodes_are_targets() -> None:
    taint = kx.Taint("ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    nodes = [node("node-1"), node("node-2", taints=(taint,)), node("node-3", deleting=True)]
    nodes += [node("node-4", unschedulable=True)]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=[1, 0, 0, 0])
    cluster.apply(manifest())
    cluster.advance(30)
    assert [target.name for target in kx.target_health(cluster, "web")] == ["node-1", "node-4"]


def test_nodes_come_and_go() -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    cluster.store.put_node(node("node-9"))
    cluster.advance(0)
    assert told(cluster)[-1][1:4] == (
        "Normal",
        "UpdatedLoadBalancer",
        "Updated load balancer with new hosts",
    )
    assert [target.name for target in kx.target_health(cluster, "web")] == ["node-1", "node-2", "node-9"]
    for name in ("node-1", "node-2", "node-9"):
        cluster.delete(name, kind="Node")
    cluster.advance(0)
    assert told(cluster)[-1][1:4] == (
        "Warning",
        "UnAvailableLoadBalancer",
        "There are no available nodes for LoadBalancer",
    )


def test_a_taint_alone_does_not_call_the_cloud() -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    count = len(cluster.events)
    taint = kx.Taint("ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    cluster.store.put_node(node("node-2", taints=(taint,)))
    cluster.advance(20)
    assert len(cluster.events) == count
    # … but kube-proxy's own health check says no, and the load balancer drains the node.
    assert kx.entries(cluster, address(cluster)) == {"node-1": 1}


# -- health over time: the storyboards ----


def lost_over_time(cluster: kx.Cluster, target: str, seconds: int, step_s: int = 5) -> list[tuple[int, Fraction]]:
    """When the lost share changes, and to what."""
    found: list[tuple[int, Fraction]] = []
    for at_s in range(0, seconds + 1, step_s):
        lost = kx.shares(cluster, target).lost
        if not found or found[-1][1] != lost:
            found.append((at_s, lost))
        cluster.advance(step_s)
    return found


def test_the_crash_of_lesson_2() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    target = address(cluster)
    cluster.fail("node-1")
    assert lost_over_time(cluster, target, 80) == [(0, Fraction(5, 9)), (20, Fraction(1, 3)), (50, Fraction(0))]


@pytest.mark.parametrize("interval_s", [5, 10, 20])
def test_another_interval(interval_s: int) -> None:
    cluster = stand([1, 1, 1], kx.provider("generic", health_check_interval_s=interval_s))
    cluster.advance(30)
    target = address(cluster)
    cluster.fail("node-1")
    [(_, _), (at_s, lost), *_] = lost_over_time(cluster, target, 60)
    assert lost == Fraction(1, 3) and interval_s <= at_s <= 2 * interval_s


def test_the_client_that_wrote_an_address_down_stays_cut_off() -> None:
    cluster = stand([1, 1, 1])
    port = cluster.service("web").ports[0].node_port
    cluster.fail("node-1")
    cluster.advance(500)
    assert kx.shares(cluster, f"10.0.0.1:{port}").lost == 1


def test_a_node_that_comes_back_is_used_again() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    cluster.fail("node-1")
    cluster.advance(60)
    assert [target.healthy for target in kx.target_health(cluster, "web")] == [False, True, True]
    cluster.recover("node-1")
    cluster.advance(19)
    assert "node-1" not in kx.entries(cluster, address(cluster))
    cluster.advance(1)
    assert kx.target_health(cluster, "web")[0] == TargetHealth("node-1", True, 110.0)


def test_one_failed_check_is_not_enough() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(30)
    for _ in range(5):
        cluster.fail("node-1")
        cluster.advance(10)
        cluster.recover("node-1")
        cluster.advance(10)
    assert all(target.healthy for target in kx.target_health(cluster, "web"))


def test_local_nodes_without_pods_get_nothing_and_before_the_check_notices_it_times_out() -> None:
    cluster = stand([1, 1, 0], externalTrafficPolicy="Local")
    cluster.advance(30)
    target = address(cluster)
    assert (
        kx.entries(cluster, target)
        == kx.entries(cluster, "web")
        == {"node-1": Fraction(1, 2), "node-2": Fraction(1, 2)}
    )
    cluster.scale("web", per_node=[0, 2, 0])
    assert kx.shares(cluster, "web").lost == 0  # a name asks about the finished state
    assert {route.outcome for route in kx.routes(cluster, target)} == {"delivered", "timeout"}
    assert lost_over_time(cluster, target, 40) == [(0, Fraction(1, 2)), (20, Fraction(0))]


def test_until_the_controller_points_the_check_elsewhere_it_asks_a_closed_port() -> None:
    cluster = stand([1, 0], "azure", externalTrafficPolicy="Local")
    cluster.advance(200)
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    # Azure takes 20 s for a change, and two checks of 5 s to give a node up.
    assert lost_over_time(cluster, address(cluster), 40) == [(0, 0), (10, 1), (25, 0)]


def test_whom_the_check_asks() -> None:
    asked = {}
    for policy in ("Cluster", "Local"):
        for provider in ("generic", "azure"):
            cluster = stand([1], provider, externalTrafficPolicy=policy)
            check = front_door(cluster, cluster.service("web")).check
            asked[provider, policy] = check.port if check else ""
    assert asked == {
        ("generic", "Cluster"): "kube_proxy",
        ("azure", "Cluster"): "node_port",
        ("generic", "Local"): "health_check_node_port",
        ("azure", "Local"): "health_check_node_port",
    }


def test_a_stopped_kube_proxy_leaves_the_pool() -> None:
    cluster = stand([1, 1])
    cluster.advance(30)
    cluster.stop_proxy("node-1")
    cluster.advance(20)
    assert kx.entries(cluster, address(cluster)) == {"node-2": 1}


@pytest.mark.parametrize(
    ("provider", "outcomes"),
    [("generic", {"timeout"}), ("aws", {"reset"}), ("azure", {"timeout"}), ("linode", {"reset"})],
)
def test_none_healthy_none_served(provider: str, outcomes: set[str]) -> None:
    cluster = stand([1, 1], provider, externalTrafficPolicy="Local")
    cluster.advance(200)
    cluster.scale("web", replicas=0)
    cluster.advance(200)
    target = address(cluster)
    assert kx.entries(cluster, target) == {}
    assert {route.outcome for route in kx.routes(cluster, target)} == outcomes


@pytest.mark.parametrize(("provider", "annotations"), [("gcp", {}), ("aws", {TYPE: "nlb"})])
def test_none_healthy_all_served(provider: str, annotations: dict[str, str]) -> None:
    cluster = stand([1, 1], provider, annotations, externalTrafficPolicy="Local")
    cluster.advance(300)
    cluster.scale("web", replicas=0)
    cluster.advance(300)
    assert not any(target.healthy for target in kx.target_health(cluster, "web"))
    assert set(kx.entries(cluster, address(cluster))) == {"node-1", "node-2"}
    assert {route.outcome for route in kx.routes(cluster, address(cluster))} == {"refused"}


def test_a_connect_to_the_node_port_is_answered_by_any_pod() -> None:
    cluster = stand([1, 0, 0], "linode")
    cluster.advance(100)
    assert all(target.healthy for target in kx.target_health(cluster, "web"))
    cluster.set_ready("web-1", False)
    cluster.advance(10)
    assert not any(target.healthy for target in kx.target_health(cluster, "web"))


def test_checks_cost_no_steps_of_the_clock() -> None:
    cluster = kx.Cluster(nodes=5000, pod_cidr="10.128.0.0/10")
    cluster.deploy("web", per_node=[1, 1, 1])
    cluster.apply(manifest())
    cluster.advance(30)
    cluster.fail("node-4000")
    assert len(cluster.clock.queue) == 2  # the node controller's
    cluster.advance(3600)
    [balancer] = cluster.load_balancers.values()
    assert balancer.targets is not None and len(balancer.targets.named) == 1
    assert len(kx.entries(cluster, address(cluster))) == 4999


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=8),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_states_are_those_of_checking_one_by_one(
    stretches: list[tuple[int, bool]], interval_s: int, unhealthy: int, healthy: int
) -> None:
    check = HealthCheck("HTTP", "kube_proxy", "/", interval_s, unhealthy, healthy)
    targets = CheckedTargets.wire(("n", "m"), check, CheckAnswers(True), 0)
    state, since_s, streak, now_s = True, 0, 0, 0
    for seconds, passes in stretches:
        targets = targets.after(CheckAnswers(True, frozenset() if passes else frozenset({"n"})), now_s, now_s + seconds)
        for at_s in range(now_s + 1, now_s + seconds + 1):
            if at_s % interval_s == 0:
                streak = streak + 1 if passes is not state else 0
                if streak >= (unhealthy if state else healthy):
                    state, since_s, streak = passes, at_s, 0
        now_s += seconds
    assert targets.state("n") == TargetState(state, since_s, streak)
    assert targets.state("m") == TargetState(True, 0)


def test_next_flip_is_when_it_flips() -> None:
    cluster = stand([1, 1, 1])
    cluster.advance(33)
    assert next_flip_s(cluster) is None
    cluster.fail("node-2")
    flip_s = next_flip_s(cluster)
    assert flip_s == 50
    cluster.advance(flip_s - cluster.now_s - 0.5)
    assert kx.target_health(cluster, "web")[1].healthy
    cluster.advance(0.5)
    assert kx.target_health(cluster, "web")[1] == TargetHealth("node-2", False, 50.0)


# -- how each provider's packets come ----


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
        ("aws", {TYPE: "external"}, "nodePort", CLIENT),
        ("aws", {TYPE: "external", TARGET_TYPE: "ip"}, "Pod", "10.0.9.9"),
        ("aws", {TYPE: "nlb-ip", NLB_PRESERVE: "preserve_client_ip.enabled=true"}, "Pod", CLIENT),
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


def test_a_dump_keeps_its_addresses_and_reports_nothing() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9", "ipMode": "VIP"}]}}
    service = manifest(ports=[{"port": 80, "nodePort": 30080}], clusterIP="10.96.0.9") | {"status": status}
    pod = {"kind": "Pod", "metadata": {"name": "w", "labels": {"app": "web"}}}
    pod |= {"spec": {"nodeName": "n1"}, "status": {"podIP": "10.244.0.2"}}
    listed = {"type": "InternalIP", "address": "10.0.0.1"}
    item = {"kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [listed]}}
    cluster = kx.Cluster.from_json({"kind": "List", "items": [service, pod, item]})
    assert kx.send(cluster, "192.0.2.9:80").outcome == "refused"  # port 80 of the Pod's process is its targetPort
    cluster.advance(1000)
    assert cluster.events == () and address(cluster) == "http://192.0.2.9"
    assert kx.entries(cluster, "192.0.2.9:80") == {"n1": 1}


# -- nothing is left behind ----


def trace(cluster: kx.Cluster) -> tuple[Any, ...]:
    """Everything that the cloud and its controllers have written down."""
    return (
        dict(cluster.load_balancers),
        dict(cluster.cloud_state.progress),
        dict(cluster.cloud_state.addresses_held),
        cluster.events,
        list(cluster.clock.queue),
        cluster.now_s,
        (cluster.cloud_state.seen_changes, cluster.cloud_state.seen_node_version, cluster.cloud_state.seen_nodes),
        dict(cluster.store.services),
    )


BAD = manifest("bad", ports=[{"port": 80, "nodePort": 1}])
ACTS: dict[str, Callable[[kx.Cluster], Any]] = {
    "more": lambda c: c.apply(manifest("more")),
    "local": lambda c: c.patch("web", {"spec": {"externalTrafficPolicy": "Local"}}),
    "cluster": lambda c: c.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}}),
    "note": lambda c: c.patch("web", {"metadata": {"annotations": {"n": str(c.now_s)}}}),
    "delete": lambda c: c.delete("web"),
    "fail": lambda c: c.fail("node-1"),
    "recover": lambda c: c.recover("node-1"),
    "scale": lambda c: c.scale("web", replicas=int(c.now_s) % 3),
    "7 s": lambda c: c.advance(7),
    "60 s": lambda c: c.advance(60),
}


def act(cluster: kx.Cluster, name: str) -> None:
    with contextlib.suppress(kx.ApiError):  # where there is no Service any more
        ACTS[name](cluster)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(ACTS)), max_size=8),
    st.lists(st.sampled_from(sorted(ACTS)), max_size=6),
    st.sampled_from(["generic", "aws", "metallb", "digitalocean"]),
)
def test_copies_and_refusals_leave_no_trace(first: list[str], second: list[str], provider: str) -> None:
    cluster = stand([1, 1], provider)
    for name in first:
        act(cluster, name)
    before = trace(cluster)
    with pytest.raises(kx.ApiError):
        cluster.apply({"apiVersion": "v1", "kind": "List", "items": [manifest("fine"), manifest("web", port=1), BAD]})
    assert trace(cluster) == before
    twin = cluster.copy()
    for name in second:
        act(twin, name)
    assert trace(cluster) == before
    replay = cluster.copy()  # a copy goes on as its original would
    for name in second:
        act(replay, name)
    assert [event.to_dict() for event in replay.events] == [event.to_dict() for event in twin.events]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(ACTS)), max_size=10),
    st.sampled_from(["generic", "aws", "gcp", "azure", "metallb", "digitalocean", "linode"]),
)
def test_the_books_of_the_cloud_balance(acts: list[str], provider: str) -> None:
    cluster = stand([1, 1], provider)
    for name in acts:
        act(cluster, name)
    cluster.advance(2000)
    wanted = {s.key for s in cluster.services if s.type == "LoadBalancer"}
    assert (
        {balancer.owner for balancer in cluster.load_balancers.values()}
        == wanted
        == {s.key for s in cluster.services if s.load_balancer_ingress}
    )
    held = {owner for owners in cluster.cloud_state.addresses_held.values() for owner in owners}
    assert held == wanted == {"/".join(key) for key in cluster.cloud_state.progress}
    for name in list(wanted):
        cluster.delete(name.partition("/")[2])
    cluster.advance(100)
    assert not cluster.load_balancers and not cluster.cloud_state.addresses_held and not cluster.cloud_state.progress


# -- what people asked in public (tests/conformance/user-cases.json) ----


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
    asked = {TYPE: "external", TARGET_TYPE: "ip"}
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
    text = (Path(__file__).parent / "conformance" / "user-cases.json").read_text(encoding="utf-8")
    assert set(CASES) <= {case["id"] for case in json.loads(text)}
