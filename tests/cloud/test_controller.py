"""The controllers: their events, retries and quotas, what a change calls for, and what is left behind."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from tests.cloud.helpers import (
    CROSS_ZONE,
    EXCLUDE,
    FAILED,
    MIXED,
    TARGET_TYPE,
    TYPE,
    address,
    manifest,
    node,
    reasons,
    stand,
    told,
    trace,
)

NO_SUBNETS = "could not find any suitable subnets for creating the ELB"


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
            {TARGET_TYPE: "{x}"},
            {"loadBalancerClass": "service.k8s.aws/nlb"},
            'Failed build model due to unsupported target type "{x}" for load balancer type "external"',
        ),
        (
            "aws",
            {},
            {"loadBalancerClass": "service.k8s.aws/nlb", "allocateLoadBalancerNodePorts": False},
            "Failed build model due to unable to support instance target type with an unallocated NodePort",
        ),
        ("gcp", {}, {"ports": MIXED}, FAILED + "mixed protocol is not supported for LoadBalancer"),
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


def test_a_backend_service_of_google_takes_both_protocols_and_metallb_any() -> None:
    assert kx.provision(stand([1], "gcp", {"cloud.google.com/l4-rbs": "enabled"}, ports=MIXED), "web").address
    sctp = [{"port": 3868, "protocol": "SCTP"}]
    assert kx.provision(stand([1], "metallb", ports=sctp), "web").address


def test_retries_come_later_and_later() -> None:
    cluster = stand([1], kx.provider("aws", fail="no_subnets"))
    cluster.advance(1500)
    times = [at for at, _, reason, _, _ in told(cluster) if reason == "SyncLoadBalancerFailed"]
    assert times == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]
    assert reasons(cluster)[::2] == ["EnsuringLoadBalancer"] * 10


@pytest.mark.parametrize("wait_s", [1, 100, 1000])
def test_failures_of_a_provider_are_mended_while_the_clock_runs(wait_s: float) -> None:
    cluster = stand([1], kx.provider("aws", fail="no_subnets"))
    cluster.advance(wait_s)
    twin = cluster.copy()
    cluster.mend()
    cluster.advance(900)
    twin.advance(900)
    assert address(cluster) and not address(twin)
    assert reasons(cluster)[-1] == "EnsuredLoadBalancer" and "EnsuredLoadBalancer" not in reasons(twin)


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
    cluster = stand([1], kx.provider("aws", quota=1), {TYPE: "external", TARGET_TYPE: "instance"})
    cluster.apply(manifest("second", {TYPE: "external", TARGET_TYPE: "instance"}))
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
    external = stand([1, 1], "aws", {TYPE: "external", TARGET_TYPE: "instance"})
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


REFUSED = f'{FAILED}cannot update Load Balancer Type annotation "{TYPE}" after creation for '


@pytest.mark.parametrize(
    ("old", "new", "words"), [("nlb", None, "Classic Load Balancer"), (None, "nlb", "NLB"), ("", "nlb", "NLB")]
)
def test_in_tree_aws_refuses_another_type_once_there_is_an_address(
    old: str | None, new: str | None, words: str
) -> None:
    cluster = stand([1, 1], "aws", {} if old is None else {TYPE: old})
    cluster.advance(300)
    first = address(cluster)
    cluster.patch("web", {"metadata": {"annotations": {TYPE: new}}})
    cluster.advance(600)
    assert address(cluster) == first and len(cluster.load_balancers) == 1
    assert {text for _, kind, _, text, _ in told(cluster) if kind == "Warning"} == {REFUSED + words}
    assert kx.send(cluster, "web").delivered
    cluster.patch("web", {"metadata": {"annotations": {TYPE: old}}})
    cluster.advance(600)
    assert reasons(cluster)[-1] == "EnsuredLoadBalancer"


def test_older_aws_makes_another_and_leaves_a_paid_orphan() -> None:
    cluster = stand([1, 1], kx.provider("aws", version="1.35"), {TYPE: "nlb"})
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


def test_a_type_that_changes_before_the_address_has_come_is_refused_when_it_comes() -> None:
    cluster = stand([1, 1], "aws", {TYPE: "nlb"})
    cluster.advance(100)
    cluster.patch("web", {"metadata": {"annotations": {TYPE: None}}})
    cluster.advance(600)
    assert [one.kind.name for one in cluster.load_balancers.values()] == ["nlb"]
    assert REFUSED + "Classic Load Balancer" in {text for _, _, _, text, _ in told(cluster)}


def test_a_refused_type_leaves_a_paid_orphan_when_the_service_is_deleted() -> None:
    cluster = stand([1, 1], "aws", {TYPE: "nlb"})
    cluster.advance(240)
    cluster.patch("web", {"metadata": {"annotations": {TYPE: None}}})
    cluster.advance(240)
    cluster.delete("web")
    cluster.advance(100)
    assert [(one.kind.name, one.orphan) for one in cluster.load_balancers.values()] == [("nlb", True)]
    assert [service.name for service in cluster.services] == ["kubernetes"]


def test_a_dump_shows_what_the_load_balancer_was_made_as() -> None:
    ingress = {"loadBalancer": {"ingress": [{"hostname": "a1-1.us-east-1.elb.amazonaws.com"}]}}
    dump = {"items": [manifest(annotations={TYPE: "nlb"}) | {"status": ingress}]}
    cluster = kx.Cluster.from_json(dump, provider="aws")
    assert "Classic" in kx.bill(cluster, gb_per_month=0).items["name"][0]
    cluster.advance(1)
    assert [one.kind.name for one in cluster.load_balancers.values()] == ["classic"]


def test_the_aws_controller_deletes_what_it_no_longer_serves() -> None:
    cluster = stand([1, 1], "aws", {TYPE: "external", TARGET_TYPE: "ip"})
    cluster.advance(300)
    cluster.patch("web", {"metadata": {"annotations": {TARGET_TYPE: "instance"}}})
    cluster.advance(300)
    assert [one.kind.name for one in cluster.load_balancers.values()] == ["nlb_instance"]
    cluster.patch("web", {"metadata": {"annotations": {TYPE: None}}})
    cluster.advance(300)
    assert [(one.kind.name, one.orphan) for one in cluster.load_balancers.values()] == [("classic", False)]
    assert cluster.service("web").finalizers == ("service.kubernetes.io/load-balancer-cleanup",)


def test_what_the_aws_controller_takes_over_stays_behind() -> None:
    cluster = stand([1, 1], "aws")
    cluster.advance(300)
    cluster.patch("web", {"metadata": {"annotations": {TYPE: "external", TARGET_TYPE: "ip"}}})
    cluster.advance(600)
    kinds = {balancer.kind.name: balancer.orphan for balancer in cluster.load_balancers.values()}
    assert kinds == {"classic": True, "nlb_ip": False}


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
