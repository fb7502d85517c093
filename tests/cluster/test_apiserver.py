"""Creating, changing and deleting Services: rules that the recorded cases do not reach, and public questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.allocation import port_pool
from k8sexpose.kubectl import run

USER_CASES = {
    case["id"]: case for case in json.loads((Path(__file__).parents[1] / "conformance" / "user-cases.json").read_text())
}
RANGE = "provided port is not in the valid range. The range of valid ports is 30000-32767"
TAKEN = "provided port is already allocated"
NO_NODE_PORT = "may not be used when `type` is 'ClusterIP'"
NOT_ACCESSIBLE = "may only be set for externally-accessible services"


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def node_port(number: int, **port: Any) -> list[dict[str, Any]]:
    return [{"port": 80, "targetPort": 8080, "nodePort": number} | port]


def refusal(call: Any, *args: Any, **options: Any) -> kx.ApiError:
    with pytest.raises(kx.ApiError) as caught:
        call(*args, **options)
    return caught.value


def manifest(case: str) -> str:
    text: str = USER_CASES[case]["reproduce"]["service_yaml"]
    return text


def causes(error: kx.ApiError) -> list[str]:
    return [str(cause) for cause in error.causes]


# -- public questions (user-cases.json), each with its id ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("range-privileged", [f"spec.ports[0].nodePort: Invalid value: 2181: {RANGE}"]),
        ("range-upper-bound", [f"spec.ports[1].nodePort: Invalid value: 32768: {RANGE}"]),
        ("alloc-dup-in-service", [f"spec.ports[1].nodePort: Invalid value: 30053: {TAKEN}"]),
        ("multiport-names", ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
        ("clusterip-with-nodeport", [f"spec.ports[0].nodePort: Forbidden: {NO_NODE_PORT}"]),
        (
            "etp-on-clusterip",
            [
                'spec.externalTrafficPolicy: Invalid value: "Cluster": may only be set for externally-accessible services'
            ],
        ),
    ],
)
def test_refused_manifest(case: str, expected: list[str]) -> None:
    # What the case says in public must be what we expect here.
    said = " ".join(USER_CASES[case]["checkable"])
    assert all(text in said for text in expected)
    assert causes(refusal(kx.Cluster().create, manifest(case))) == expected


def test_range_upper_bound() -> None:
    assert kx.Cluster().create(service(type="NodePort", ports=node_port(32767))).ports[0].node_port == 32767


def test_alloc_static_band() -> None:
    cluster = kx.Cluster(seed=7)
    picked = [cluster.create(service(f"s{n}", type="NodePort")).ports[0].node_port for n in range(2683)]
    assert all(port >= 30086 for port in picked[:2682])
    assert 30000 <= picked[2682] <= 30085
    assert len(set(picked)) == 2683
    assert [port_pool(30000, 30000 + size - 1).static_size for size in (10, 15, 16, 128, 2048, 2768, 4096, 9999)] == [
        0, 0, 0, 16, 64, 86, 128, 128,
    ]  # fmt: skip


def test_alloc_hc_port_same_pool() -> None:
    cluster = kx.Cluster()
    ports = [{"name": "a", "port": 80, "nodePort": 31162}, {"name": "b", "port": 81, "nodePort": 31163}]
    cluster.create(
        service("s1", type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=30073, ports=ports)
    )
    error = refusal(cluster.create, manifest("alloc-hc-port-same-pool"))
    assert causes(error) == [f"spec.ports[0].nodePort: Invalid value: 30073: {TAKEN}"]
    assert [port for port in range(30000, 32768) if cluster.store.port_in_use(port)] == [30073, 31162, 31163]


def test_alloc_tcp_udp_same_number() -> None:
    cluster = kx.Cluster()
    made = cluster.create(manifest("alloc-tcp-udp-same-number"))
    assert {(p.protocol, p.node_port) for p in made.ports} == {("UDP", 30053), ("TCP", 30053)}
    other = service("other", type="NodePort", ports=node_port(30053, protocol="UDP"))
    assert TAKEN in refusal(cluster.create, other).message


@pytest.mark.parametrize(("policy", "fits"), [("Cluster", 553), ("Local", 461)])
def test_alloc_exhaustion(policy: str, fits: int) -> None:
    cluster = kx.Cluster(provider=None)
    ports = [{"name": f"p{n}", "port": n} for n in range(1, 6)]
    for n in range(fits):
        cluster.create(service(f"s{n}", type="LoadBalancer", externalTrafficPolicy=policy, ports=ports))
    error = refusal(cluster.create, service("more", type="LoadBalancer", externalTrafficPolicy=policy, ports=ports))
    assert (error.code, error.reason) == (500, "InternalError")
    what = "a nodePort: range is full"
    assert error.message == f"Internal error occurred: failed to allocate {what}"
    free = service("free", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert cluster.create(free).ports[0].node_port == 0


def test_change_nodeport_in_place() -> None:
    cluster = kx.Cluster()
    cluster.apply(service(type="NodePort", ports=node_port(31000)))
    error = refusal(cluster.apply, service(type="NodePort", ports=node_port(22001)))
    assert causes(error) == [f"spec.ports[0].nodePort: Invalid value: 22001: {RANGE}"]
    assert cluster.service("web").ports[0].node_port == 31000
    cluster.apply(service(type="NodePort", ports=node_port(31001)))
    assert [cluster.store.port_in_use(port) for port in (31000, 31001)] == [False, True]


def test_apply_drops_udp() -> None:
    def both(port: int) -> dict[str, Any]:
        ports = [{"name": f"dns-{p.lower()}", "port": port, "protocol": p} for p in ("TCP", "UDP")]
        return service("dns", ports=ports)

    cluster = kx.Cluster()
    cluster.apply(both(533))
    cluster.apply(both(5333))
    assert [port.port for port in cluster.service("dns").ports] == [5333]
    assert len(kx.Cluster().replace(both(5333)).ports) == 2


def test_clusterip_immutable() -> None:
    cluster = kx.Cluster()
    cluster.create(service(clusterIP="10.96.0.10"))
    error = refusal(cluster.apply, service(clusterIP="10.96.0.99"))
    assert causes(error) == ['spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set']


def test_hcnp_immutable() -> None:
    cluster = kx.Cluster()
    local = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    cluster.apply(service(**local, healthCheckNodePort=32122))
    error = refusal(cluster.apply, service(**local, healthCheckNodePort=32000))
    assert causes(error) == ["spec.healthCheckNodePort: Forbidden: field is immutable"]
    cluster.apply(service(type="LoadBalancer"))
    assert cluster.service("web").health_check_node_port == 0
    assert not cluster.store.port_in_use(32122)


def test_mixed_protocol_api() -> None:
    made = kx.Cluster().create(manifest("mixed-protocol-api"))
    assert made.ports[0].node_port == made.ports[1].node_port


def test_alloclb_false_existing() -> None:
    cluster = kx.Cluster(provider=None)
    cluster.apply(service(type="LoadBalancer", ports=node_port(31111)))
    cluster.patch("web", {"spec": {"allocateLoadBalancerNodePorts": False}})
    assert cluster.service("web").ports[0].node_port == 31111
    cluster.patch("web", {"spec": {"ports": [{"port": 80, "nodePort": None}]}})
    assert cluster.service("web").ports[0].node_port == 0
    assert not cluster.store.port_in_use(31111)

    cluster.create(service("other", type="LoadBalancer", ports=node_port(31112)))
    cluster.replace(service("other", type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    assert not cluster.store.port_in_use(31112)


def test_alloclb_false_hc_port() -> None:
    cluster = kx.Cluster()
    made = cluster.create(manifest("alloclb-false-hc-port"))
    assert made.ports[0].node_port == 0
    assert 30086 <= made.health_check_node_port <= 32767
    assert sum(cluster.store.port_in_use(port) for port in range(30000, 32768)) == 1


def test_lbclass_immutable() -> None:
    cluster = kx.Cluster(provider=None)
    cluster.apply(service(type="LoadBalancer", loadBalancerClass="service.k8s.aws/nlb"))
    error = refusal(cluster.apply, service(type="LoadBalancer", loadBalancerClass="example.com/other"))
    assert set(causes(error)) == {'spec.loadBalancerClass: Invalid value: "example.com/other": may not change once set'}
    error = refusal(cluster.create, service("np", type="NodePort", loadBalancerClass="example.com/other"))
    assert causes(error) == ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]


# -- beyond the recordings ------------------------------------------------------------------------------------------


def test_renaming_a_port_rolls_its_number_again() -> None:
    cluster = kx.Cluster()
    cluster.create(service(type="NodePort", ports=[{"name": "http", "port": 80}]))
    before = cluster.service("web").ports[0].node_port
    assert cluster.replace(service(type="NodePort", ports=[{"name": "http", "port": 81}])).ports[0].node_port == before
    assert cluster.replace(service(type="NodePort", ports=[{"name": "web", "port": 81}])).ports[0].node_port != before


def test_two_ports_of_one_service_swap_their_numbers() -> None:
    def ports(first: int, second: int) -> list[dict[str, Any]]:
        return [{"name": "a", "port": 80, "nodePort": first}, {"name": "b", "port": 81, "nodePort": second}]

    cluster = kx.Cluster()
    cluster.create(service(type="NodePort", ports=ports(30001, 30002)))
    assert [p.node_port for p in cluster.replace(service(type="NodePort", ports=ports(30002, 30001))).ports] == [
        30002,
        30001,
    ]


def test_one_number_for_two_protocols_of_different_ports_works_on_update_only() -> None:
    ports = [
        {"name": "a", "port": 80, "nodePort": 30001},
        {"name": "b", "port": 81, "protocol": "UDP", "nodePort": 30001},
    ]
    cluster = kx.Cluster()
    assert TAKEN in refusal(cluster.create, service(type="NodePort", ports=ports)).message
    cluster.create(service(type="NodePort"))
    assert len(cluster.replace(service(type="NodePort", ports=ports)).ports) == 2
    same = [ports[0], ports[1] | {"protocol": "TCP"}]
    error = refusal(cluster.replace, service(type="NodePort", ports=same))
    assert (error.code, error.reason, error.message) == (500, "", "duplicate nodePort: {TCP 30001}")


def test_external_name_gives_the_address_back() -> None:
    cluster = kx.Cluster()
    ip = cluster.create(service()).cluster_ip
    made = cluster.replace(service(type="ExternalName", externalName="db.example.com"))
    assert (made.cluster_ip, made.ip_families, made.internal_traffic_policy) == ("", (), None)
    assert not cluster.store.ip_in_use(ip)
    assert cluster.replace(service()).cluster_ip


def test_dual_stack_and_back() -> None:
    cluster = kx.Cluster(service_cidr="10.96.0.0/16,fd00:10:96::/112")
    made = cluster.create(service(ipFamilyPolicy="PreferDualStack"))
    assert made.ip_families == ("IPv4", "IPv6")
    assert [":" in ip for ip in made.cluster_ips] == [False, True]
    single = cluster.patch("web", {"spec": {"ipFamilyPolicy": "SingleStack"}})
    assert single.cluster_ips == made.cluster_ips[:1]
    assert not cluster.store.ip_in_use(made.cluster_ips[1])
    assert len(cluster.patch("web", {"spec": {"ipFamilyPolicy": "RequireDualStack"}}).cluster_ips) == 2
    error = refusal(cluster.create, service("six", ipFamilies=["IPv6"], clusterIP="10.96.3.3"))
    detail = "expected an IPv6 value as indicated by `ipFamilies[0]`"
    assert causes(error) == [f'spec.clusterIPs[0]: Invalid value: "10.96.3.3": {detail}']


def test_dry_run_stores_nothing_and_does_not_know_the_range() -> None:
    cluster = kx.Cluster()
    assert cluster.create(service(type="NodePort", ports=node_port(80)), dry_run=True).ports[0].node_port == 80
    assert [s.name for s in cluster.services] == ["kubernetes"]


def test_generated_names() -> None:
    body = {"metadata": {"generateName": "web-"}, "spec": {"ports": [{"port": 80}]}}
    name = kx.Cluster().create(body).name
    assert name.startswith("web-")
    assert set(name.removeprefix("web-")) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_a_finalizer_holds_the_ports() -> None:
    cluster = kx.Cluster(provider=None)
    body = service(type="NodePort", ports=node_port(30080))
    cluster.create({**body, "metadata": {"name": "web", "finalizers": ["example.com/hold"]}})
    cluster.delete("web")
    assert cluster.service("web").deletion_timestamp
    assert cluster.store.port_in_use(30080)
    cluster.patch("web", {"metadata": {"finalizers": None}})
    assert "web" not in [s.name for s in cluster.services]
    assert not cluster.store.port_in_use(30080)


def test_a_status_is_checked_and_shown() -> None:
    cluster = kx.Cluster(provider=None)
    cluster.create(service(type="LoadBalancer"))
    made = cluster.set_load_balancer("web", [{"ip": "198.51.100.7"}])
    assert made.to_dict()["status"] == {"loadBalancer": {"ingress": [{"ip": "198.51.100.7", "ipMode": "VIP"}]}}
    assert run(cluster, "get svc web").stdout.split()[9] == "198.51.100.7"
    assert not cluster.replace(service(type="NodePort")).load_balancer_ingress
    error = refusal(cluster.set_load_balancer, "web", [{"ip": "198.51.100.7"}])
    text = "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    assert causes(error) == [text]


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        ({"loadBalancerIP": "010.0.0.1"}, 'spec.loadBalancerIP: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'),
        (
            {"loadBalancerSourceRanges": ["2001:db8:0::/32"]},
            'spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "2001:db8:0::/32" should be in RFC 5952 canonical format '
            '("2001:db8::/32")',
        ),
        ({"loadBalancerIP": "not-an-ip"}, None),
        ({"trafficDistribution": "PreferClose"}, 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'),
    ],
)  # fmt: skip
def test_a_warning(spec: dict[str, Any], warning: str | None) -> None:
    cluster = kx.Cluster(provider=None)
    assert cluster.apply(service(type="LoadBalancer", **spec))[0].warnings == ((warning,) if warning else ())


def test_a_patch_with_an_unknown_field_is_refused_as_kubectl_shows_it() -> None:
    cluster = kx.Cluster()
    text = json.dumps(service(type="NodePort"))
    run(cluster, "apply -f -", text)
    done = run(cluster, "apply -f -", json.dumps(service(type="NodePort", foo="bar")))
    assert done.rc == 1
    assert done.stderr.startswith('The request is invalid: patch: Invalid value: "map[metadata:map[annotations:map[')
    assert done.stderr.endswith('strict decoding error: unknown field "spec.foo"\n')


# -- hints ----------------------------------------------------------------------------------------------------------


def flush_left(name: str) -> str:
    return "\n".join(line.strip() for line in kx.example(name).read_text().splitlines())


@pytest.mark.parametrize("name", ["public-api-lb", "debug-svc-nodeport"])
@pytest.mark.parametrize("verb", ["apply", "create"])
def test_lost_indentation(name: str, verb: str) -> None:
    cluster = kx.Cluster()
    with pytest.raises((kx.ApiError, kx.ManifestError)) as caught:
        getattr(cluster, verb)(flush_left(name))
    assert "indentation" in (caught.value.hint or "")
    assert "indentation" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (service(type="NodePort", ports=[{"port": 80, "nodeport": 30080}]), "write nodePort, not nodeport"),
        (service(type="NodePort", ports=[{"port": 80, "NodePort": 30080}]), "write nodePort, not NodePort"),
        (service(type="NodePort", ports=[{"port": 80, "target_port": 8080}]), "write targetPort, not target_port"),
        (service(type="Nodeport"), "write NodePort"),
        (service(ports=[{"port": "80"}]), "port is a number: write it without quotes"),
        (service(type="NodePort", ports=node_port(80)), "`port`, which is free to choose"),
        (service(ports=[{"port": 80}, {"port": 443}]), "needs a name for each"),
        (service(externalTrafficPolicy="Local"), "make the type NodePort or LoadBalancer"),
        (service(ports=[{"port": 80, "targetPort": "8080"}]), "without quotes"),
        (service(type="NodePort", externaltrafficpolicy="Local"), "write externalTrafficPolicy"),
        (service(selector={"app": 1}), "put it in quotes"),
    ],
)
def test_hint(body: dict[str, Any], hint: str) -> None:
    error = refusal(kx.Cluster().apply, body)
    assert hint in (error.hint or "")
    assert hint not in error.message


def test_hints_for_updates() -> None:
    cluster = kx.Cluster()
    cluster.create(service())
    missing_key = refusal(cluster.patch, "web", {"spec": {"ports": [{"nodePort": 30080}]}})
    assert missing_key.message == "map: map[nodePort:30080] does not contain declared merge key: port"
    assert "by its `port`" in (missing_key.hint or "")
    assert "resourceVersion and uid" in (refusal(cluster.replace, with_metadata(resourceVersion="1")).hint or "")
    assert "leave clusterIP out" in (refusal(cluster.replace, service(clusterIP="10.96.0.99")).hint or "")


def test_hint_for_a_tab() -> None:
    with pytest.raises(kx.ManifestError) as caught:
        kx.Cluster().apply("apiVersion: v1\nkind: Service\nmetadata:\n\tname: web\n")
    assert "Line 4 is indented with a tab" in (caught.value.hint or "")


def test_a_good_manifest_has_no_hint_to_need() -> None:
    results = kx.Cluster(provider=None).apply(kx.example("debug-svc-nodeport"))
    assert str(results[0]) == "service/debug-svc-nodeport created"


# -- identity, owners, deletion ----------------------------------------------------------------------------------------


def with_metadata(**metadata: Any) -> dict[str, Any]:
    made = service(type="NodePort")
    return {**made, "metadata": {**made["metadata"], **metadata}}


def test_a_manifest_with_another_resource_version_is_stale() -> None:
    cluster = kx.Cluster()
    error = refusal(cluster.create, with_metadata(resourceVersion="1"))
    assert (error.code, error.reason) == (500, "")
    assert error.message == "resourceVersion should not be set on objects to be created"
    cluster.create(with_metadata(resourceVersion="0"))
    for call in (lambda v: cluster.replace(with_metadata(resourceVersion=v)),
                 lambda v: cluster.patch("web", {"metadata": {"resourceVersion": v}})):  # fmt: skip
        stale = refusal(call, "1")
        assert (stale.code, stale.reason) == (409, "Conflict")
        assert stale.message == (
            'Operation cannot be fulfilled on services "web": the object has been modified; please apply your changes to '
            "the latest version and try again"
        )
        assert refusal(call, "abc").message == 'strconv.ParseUint: parsing "abc": invalid syntax'
    assert (
        cluster.replace(with_metadata(name="new", resourceVersion="7")).name == "new"
    )  # PUT creates, and does not look


def test_a_dump_is_applied_again_with_its_own_resource_version() -> None:
    dump = {
        **with_metadata(resourceVersion="41", uid="u-1", namespace="default"),
        "kind": "Service",
        "apiVersion": "v1",
    }
    cluster = kx.Cluster.from_json({"kind": "List", "apiVersion": "v1", "items": [dump]})
    assert cluster.replace(dump).uid == "u-1"
    assert refusal(cluster.replace, dump).code == 409  # since then the object has changed


def test_a_number_that_moves_to_another_port_is_not_kept_twice() -> None:
    cluster = kx.Cluster()
    ports = [{"name": "a", "port": 80, "nodePort": 30001}, {"name": "b", "port": 81, "nodePort": 30002}]
    cluster.create(service(type="NodePort", ports=ports))
    moved = [{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30001}]
    first, second = cluster.replace(service(type="NodePort", ports=moved)).ports
    assert (second.node_port, first.node_port in (0, 30001)) == (30001, False)


def test_the_health_check_port_is_no_node_port_of_the_service() -> None:
    cluster = kx.Cluster(provider=None)
    balanced: dict[str, Any] = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    made = cluster.create(service(**balanced))
    error = refusal(cluster.replace, service(**balanced, ports=node_port(made.health_check_node_port)))
    assert causes(error) == [f"spec.ports[0].nodePort: Invalid value: {made.health_check_node_port}: {TAKEN}"]


def test_each_change_has_its_resource_version() -> None:
    cluster = kx.Cluster()
    first = cluster.create(with_metadata())
    same = cluster.replace(with_metadata(resourceVersion=first.resource_version))
    assert same.resource_version == first.resource_version  # nothing has changed
    changed = cluster.patch("web", {"metadata": {"labels": {"a": "b"}, "resourceVersion": first.resource_version}})
    assert int(changed.resource_version) == int(first.resource_version) + 1
    assert refusal(cluster.replace, with_metadata(resourceVersion=first.resource_version)).code == 409
    seen = [{"op": "test", "path": "/metadata/resourceVersion", "value": changed.resource_version}]
    assert cluster.patch("web", seen, patch_type="json") == changed
    assert refusal(cluster.replace, with_metadata(resourceVersion="9" * 30)).message.endswith("value out of range")


def test_another_uid_is_another_object() -> None:
    cluster = kx.Cluster()
    first = cluster.create(with_metadata())
    assert cluster.replace(with_metadata(uid=first.uid)).uid == first.uid
    put = refusal(cluster.replace, with_metadata(uid="x"))
    assert (put.code, put.reason) == (409, "Conflict")
    assert put.message.endswith(f"Precondition failed: UID in precondition: x, UID in object meta: {first.uid}")
    assert causes(refusal(cluster.patch, "web", {"metadata": {"uid": "x"}}, patch_type="merge")) == [
        'metadata.uid: Invalid value: "x": field is immutable',
    ] * 2  # fmt: skip
    cluster.delete("web")
    assert cluster.create(with_metadata()).uid not in ("", first.uid)
    assert kx.Cluster().create(with_metadata()).uid == first.uid  # same seed, same identity


def test_repeated_owners_are_kept_once() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "1"}
    cluster = kx.Cluster()
    made = cluster.create(with_metadata(ownerReferences=[owner, owner]))
    assert made.to_dict()["metadata"]["ownerReferences"] == [owner]
    assert cluster.warnings == (
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: 1",
    )
    event = {"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "2"}
    both = [owner | {"controller": True}, event | {"controller": True}]
    assert [cause.partition(": Invalid value")[0] for cause in causes(refusal(cluster.create, with_metadata(
        name="b", ownerReferences=both)))] == ["metadata.ownerReferences"] * 2  # fmt: skip


def test_what_is_being_deleted_takes_no_new_finalizers() -> None:
    cluster = kx.Cluster(provider=None)
    cluster.create(with_metadata(finalizers=["example.com/a"], deletionTimestamp="2026-01-01T00:00:00Z"))
    assert cluster.service("web").deletion_timestamp is None  # the server sets it, nobody else
    changed = refusal(cluster.replace, with_metadata(deletionTimestamp="2026-01-01T01:00:00+01:00"))
    assert causes(changed) == [
        'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
    ] * 2  # fmt: skip
    cluster.delete("web")
    held = cluster.service("web").to_dict()["metadata"]
    assert (held["deletionTimestamp"], held["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:00Z", 0)
    error = refusal(cluster.patch, "web", {"metadata": {"finalizers": ["example.com/b"]}})
    detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
    assert causes(error)[0] == f'metadata.finalizers: Forbidden: {detail} []string{{"example.com/b"}}'
    cluster.patch("web", {"metadata": {"finalizers": None}})
    assert not any(one.name == "web" for one in cluster.services)


def test_the_name_of_the_url_decides() -> None:
    cluster = kx.Cluster()
    for name, message in (
        ("db", "the name of the object (web) does not match the name on the URL (db)"),
        ("", "the name of the object (web) does not match the name on the URL ()"),
    ):
        assert refusal(cluster.replace, with_metadata(), name=name).message == message
    nameless = {"spec": {"ports": [{"port": 80}]}}
    assert refusal(cluster.replace, nameless, name="web").message == (
        "the name of the object (web based on URL) was undeterminable: name must be provided"
    )


def test_a_taken_name_beside_a_generate_name() -> None:
    cluster = kx.Cluster()
    cluster.create(with_metadata())
    assert refusal(cluster.create, with_metadata(generateName="web-")).message == (
        'services "web" already exists, the server was not able to generate a unique name for the object'
    )


def test_a_dry_run_does_not_ask_who_has_an_address() -> None:
    cluster = kx.Cluster()
    assert cluster.create(service(clusterIP="10.96.0.1"), dry_run=True).cluster_ip == "10.96.0.1"
    assert "provided IP is already allocated" in refusal(cluster.create, service(clusterIP="10.96.0.1")).message


def test_three_cluster_ips() -> None:
    ips = ["10.96.0.50", "10.96.0.51", "fd00::1"]
    error = refusal(kx.Cluster().create, service(clusterIP=ips[0], clusterIPs=ips, ipFamilies=["IPv4"]))
    assert causes(error) == [
        'spec.clusterIPs: Invalid value: ["10.96.0.50","10.96.0.51","fd00::1"]: may only hold up to 2 values'
    ]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("a/b/c", "unexpected GroupVersion string: a/b/c"),
        ("v1/", "Service in version \"\" cannot be handled as a Service: Object 'apiVersion' is missing in '"),
        ("apps/v2", 'no kind "Service" is registered for version "apps/v2"'),
    ],
)
def test_versions_that_are_none(version: str, message: str) -> None:
    error = refusal(kx.Cluster().create, f"apiVersion: {version}\nkind: Service")
    assert (error.code, message in error.message) == (400, True), error.message


def test_an_unreadable_body_is_shown_as_it_is_if_it_looks_like_json() -> None:
    error = refusal(kx.Cluster().create, '{"kind": 0, "metadata": {"name": "web"}}')
    assert error.message.endswith('of type string ({"kind": 0, "metadata": {"name ...)')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("26-01-01", 'cannot parse "26-01-01" as "2006"'), ("2026-1-01T00:00:00Z", 'cannot parse "1-01T00:00:00Z" as "01"'),
        ("2026-13-01T00:00:00Z", "month out of range"), ("2026-02-30T00:00:00Z", "day out of range"),
        ("2026-02-03 10:00:00Z", 'cannot parse " 10:00:00Z" as "T"'), ("2026-02-03T25:00:00Z", "hour out of range"),
        ("2026-02-03T10:00:00", 'cannot parse "" as "Z07:00"'), ("2026-02-03T10:00:00Zx", 'extra text: "x"'),
    ],
)  # fmt: skip
def test_times_that_are_none(text: str, problem: str) -> None:
    error = refusal(kx.Cluster().create, with_metadata(creationTimestamp=text))
    assert error.message.endswith(problem), error.message
