"""The API server's rules for a Service that the recorded answers do not reach: what may stay on an update, and pairs.

Each case is two neighbours of one rule, of which one is refused and the other is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8sexpose.api.service import LoadBalancerIngress, Service, ServicePort
from k8sexpose.api.service_warnings import TOPOLOGY_HINTS, TOPOLOGY_MODE
from k8sexpose.api.validation import SOURCE_RANGES, cluster_ip_errors, status_errors, validate, validate_update

VALID = Service(
    "web",
    type="ClusterIP",
    uid="u",
    cluster_ip="10.96.0.9",
    cluster_ips=("10.96.0.9",),
    ip_families=("IPv4",),
    ip_family_policy="SingleStack",
    internal_traffic_policy="Cluster",
    session_affinity="None",
    ports=(ServicePort(80, 8080, protocol="TCP"),),
)
OPEN = replace(VALID, type="LoadBalancer", external_traffic_policy="Cluster", allocate_load_balancer_node_ports=True)
DUAL = replace(
    VALID,
    cluster_ips=("10.96.0.9", "fd00:96::9"),
    ip_families=("IPv4", "IPv6"),
    ip_family_policy="RequireDualStack",
)


def told(service: Service, old: Service | None = None) -> list[str]:
    return [str(error) for error in (validate(service) if old is None else validate_update(service, old))]


@pytest.mark.parametrize("service", [VALID, OPEN, DUAL])
def test_what_is_valid_may_be_made_and_may_stay(service: Service) -> None:
    assert told(service) == []
    assert told(service, service) == []


# -- the spec ----


def test_balancer_node_ports_are_a_matter_of_load_balancers() -> None:
    wrong = replace(VALID, allocate_load_balancer_node_ports=False)
    assert told(wrong) == [
        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"
    ]


def test_an_internal_policy_is_one_of_two() -> None:
    assert told(replace(VALID, internal_traffic_policy="Local")) == []
    assert told(replace(VALID, internal_traffic_policy=None)) == []
    assert told(replace(VALID, internal_traffic_policy="Nearby")) == [
        'spec.internalTrafficPolicy: Unsupported value: "Nearby": supported values: "Cluster", "Local"'
    ]


@pytest.mark.parametrize(
    ("annotations", "refused"),
    [
        ({TOPOLOGY_HINTS: "Auto"}, False),
        ({TOPOLOGY_MODE: "Auto"}, False),
        ({TOPOLOGY_MODE: "Auto", TOPOLOGY_HINTS: "Auto"}, False),
        ({TOPOLOGY_MODE: "Auto", TOPOLOGY_HINTS: "Disabled"}, True),
    ],
)
def test_two_topology_annotations_must_not_contradict_each_other(annotations: dict[str, str], refused: bool) -> None:
    field = f'metadata.annotations[{TOPOLOGY_MODE}]: Invalid value: "Auto"'
    detail = f"must match annotations[{TOPOLOGY_HINTS}] when both are specified"
    assert told(replace(VALID, annotations=annotations)) == ([f"{field}: {detail}"] if refused else [])


# -- clusterIPs ----


@pytest.mark.parametrize(
    ("ips", "expected"),
    [
        (("10.96.0.9", "fd00::9", "10.96.0.8"), ["may only hold up to 2 values"]),
        (("10.96.0.9", "10.96.0.8"), ["may specify no more than one IP for each IP family"]),
        (("None", "10.96.0.8"), ["'None' must be the first and only value"]),
        (("10.96.0.9", "None"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        (("fd00::9", "10.96.0.9"), []),
        (("10.96.0.9",), []),
    ],
)
def test_how_many_cluster_ips_there_may_be(ips: tuple[str, ...], expected: list[str]) -> None:
    service = replace(VALID, cluster_ip=ips[0], cluster_ips=ips, ip_families=())
    found = [error.message.rpartition(": ")[2] for error in cluster_ip_errors(service, None)]
    assert found == expected


def test_a_family_and_its_address_fit_together() -> None:
    crossed = replace(DUAL, ip_families=("IPv6", "IPv4"))
    assert [error.split(": ")[0] for error in told(crossed)] == ["spec.clusterIPs[0]", "spec.clusterIPs[1]"]
    assert told(crossed)[1].endswith("expected an IPv4 value as indicated by `ipFamilies[1]`")
    # Where the families themselves are wrong, the server does not ask whether the addresses fit them.
    wrong = replace(crossed, ip_families=("IPv6", "IPv6"))
    assert told(wrong) == ['spec.ipFamilies[1]: Duplicate value: "IPv6"']


def test_a_malformed_address_that_is_stored_may_stay_and_a_new_one_is_refused() -> None:
    stored = replace(VALID, cluster_ip="10.096.0.9", cluster_ips=("10.096.0.9",))
    fresh = [str(error) for error in cluster_ip_errors(stored, None)]
    assert fresh and all(error.startswith('spec.clusterIPs[0]: Invalid value: "10.096.0.9"') for error in fresh)
    assert list(cluster_ip_errors(stored, stored)) == []
    assert list(cluster_ip_errors(stored, VALID)) != []


# -- what may stay on an update ----


def external_ips(*ips: str) -> Service:
    return replace(VALID, external_ips=ips, type="NodePort", external_traffic_policy="Cluster")


def test_a_malformed_external_ip_may_stay_and_a_special_one_may_not() -> None:
    assert told(external_ips("198.051.100.7"), external_ips("198.051.100.7")) == []
    assert told(external_ips("198.051.100.7"), external_ips("198.51.100.7"))[0].startswith("spec.externalIPs[0]")
    assert told(external_ips("198.51.100.7", "198.051.100.7"), external_ips("198.51.100.7"))[0].startswith(
        "spec.externalIPs[1]"
    )
    assert told(external_ips("127.0.0.1"), external_ips("127.0.0.1"))[0].startswith("spec.externalIPs[0]")


def test_a_malformed_source_range_may_stay() -> None:
    def ranges(*listed: str) -> Service:
        return replace(OPEN, load_balancer_source_ranges=listed)

    assert told(ranges("10.0.0.0/33"), ranges("10.0.0.0/33")) == []
    assert told(ranges("10.0.0.0/33"))[0].startswith("spec.LoadBalancerSourceRanges[0]")
    [found] = told(ranges("10.0.0.0/33", "x"), ranges("10.0.0.0/33"))
    assert found.startswith('spec.LoadBalancerSourceRanges[1]: Invalid value: "x"')


def test_a_malformed_annotation_of_source_ranges_may_stay() -> None:
    def annotated(text: str, base: Service = OPEN) -> Service:
        return replace(base, annotations={SOURCE_RANGES: text})

    assert told(annotated("10.0.0.0/33"), annotated("10.0.0.0/33")) == []
    assert told(annotated("10.0.0.0/33"), OPEN)[0].startswith(f"metadata.annotations[{SOURCE_RANGES}]")
    assert told(annotated(" ")) == []
    assert told(annotated("10.0.0.0/8, 192.0.2.0/24")) == []
    assert len(told(annotated("x,10.0.0.0/8,y"))) == 2
    assert told(annotated("10.0.0.0/8", VALID)) == [
        f"metadata.annotations[{SOURCE_RANGES}]: Forbidden: may only be used when `type` is 'LoadBalancer'"
    ]


# -- what may not change ----

ONE_LESS: dict[str, Any] = {"cluster_ips": ("10.96.0.9",), "ip_families": ("IPv4",)}


def test_the_second_address_may_go_only_with_the_policy() -> None:
    assert told(replace(DUAL, **ONE_LESS, ip_family_policy="SingleStack"), DUAL) == []
    assert told(replace(DUAL, **ONE_LESS, ip_family_policy="PreferDualStack"), DUAL) == [
        'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": '
        f"must be set to 'SingleStack' when releasing the secondary {noun}"
        for noun in ("clusterIP", "ipFamily")
    ]
    assert told(DUAL, replace(DUAL, **ONE_LESS, ip_family_policy="SingleStack")) == []
    both_kept = replace(DUAL, ip_family_policy="PreferDualStack")
    assert told(both_kept, DUAL) == []


def test_the_first_address_stays_unless_the_service_had_or_gets_none() -> None:
    other = replace(VALID, cluster_ip="10.96.0.8", cluster_ips=("10.96.0.8",))
    assert told(other, VALID) == ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set']
    none = Service("web", type="ExternalName", uid="u", external_name="example.org", session_affinity="None")
    assert told(none, VALID) == []
    assert told(other, none) == []


def test_families_of_headless_services_may_change_and_those_of_others_may_not() -> None:
    headless = replace(VALID, cluster_ip="None", cluster_ips=("None",))
    assert told(replace(headless, ip_families=("IPv6",)), headless) == []
    assert told(replace(VALID, ip_families=("IPv6",)), VALID)[0] == (
        'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set'
    )
    # A Service that becomes headless, or ceases to be, is held to the rule.
    assert told(replace(headless, ip_families=("IPv6",)), VALID)[:2] == [
        'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
        'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
    ]
    assert told(VALID, replace(headless, ip_families=("IPv6",)))[:2] == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
        'spec.ipFamilies[0]: Invalid value: ["IPv4"]: may not change once set',
    ]


def test_a_second_family_that_changes_is_told_of_the_first_and_an_address_of_its_own_place() -> None:
    """The server names ipFamilies[0] whichever family it is; of the addresses it names the one that changed."""
    families = told(replace(DUAL, ip_families=("IPv4", "IPv4")), DUAL)
    assert 'spec.ipFamilies[0]: Invalid value: ["IPv4","IPv4"]: may not change once set' in families
    addresses = told(replace(DUAL, cluster_ips=("10.96.0.9", "fd00:96::8")), DUAL)
    assert addresses == ['spec.clusterIPs[1]: Invalid value: ["10.96.0.9","fd00:96::8"]: may not change once set']


def test_a_service_of_one_family_may_prefer_two() -> None:
    assert told(replace(VALID, ip_family_policy="PreferDualStack"), VALID) == []


def test_an_address_cannot_be_taken_back() -> None:
    gone = replace(VALID, cluster_ip=None, cluster_ips=())
    assert told(gone, VALID) == ["spec.clusterIPs[0]: Invalid value: null: primary clusterIP can not be unset"]


# -- what a cloud controller writes ----


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (LoadBalancerIngress("198.51.100.7", ip_mode="VIP"), []),
        (LoadBalancerIngress(hostname="lb.example"), []),
        (LoadBalancerIngress("198.51.100.7"), ["ipMode: Required value: must be specified when `ip` is set"]),
        (
            LoadBalancerIngress("198.51.100.7", ip_mode="Both"),
            ['ipMode: Unsupported value: "Both": supported values: "Proxy", "VIP"'],
        ),
        (
            LoadBalancerIngress(hostname="lb.example", ip_mode="VIP"),
            ["ipMode: Forbidden: may not be specified when `ip` is not set"],
        ),
        (
            LoadBalancerIngress(hostname="198.51.100.7"),
            ['hostname: Invalid value: "198.51.100.7": must be a DNS name, not an IP address'],
        ),
    ],
)
def test_the_address_of_a_load_balancer(entry: LoadBalancerIngress, expected: list[str]) -> None:
    field = "status.loadBalancer.ingress"
    good = LoadBalancerIngress("198.51.100.9", ip_mode="Proxy")
    assert [str(error) for error in status_errors(OPEN, [good, entry])] == [f"{field}[1].{text}" for text in expected]
    if not expected:
        assert status_errors(VALID, []) == [] != status_errors(VALID, [entry])


@pytest.mark.parametrize(("size", "errors"), [(256 * 1024, 0), (256 * 1024 + 1, 1)])
def test_how_long_all_annotations_may_be_together(size: int, errors: int) -> None:
    found = told(replace(VALID, annotations={"a": "x" * 100, "note": "x" * (size - 105)}))
    assert len(found) == errors
    assert all("may not be more than 262144 bytes" in text for text in found)


@pytest.mark.parametrize(
    ("policy", "expected"), [("", "Required value"), ("Some", "Unsupported value"), ("Cluster", "")]
)
def test_an_accessible_service_has_a_policy(policy: str, expected: str) -> None:
    found = [text for text in told(replace(OPEN, external_traffic_policy=policy)) if "externalTrafficPolicy" in text]
    assert len(found) == bool(expected) and all(expected in text for text in found)


@pytest.mark.parametrize(("number", "errors"), [(None, ["Required value"]), (30100, [])])
def test_local_needs_a_port_for_health_checks(number: int | None, errors: list[str]) -> None:
    local = replace(OPEN, external_traffic_policy="Local", health_check_node_port=number)
    found = [text for text in told(local) if "healthCheckNodePort" in text]
    assert [text.split(": ")[1] for text in found] == errors


@pytest.mark.parametrize(("prefix", "errors"), [("web-", 0), ("web", 0), ("web--", 1), ("Web-", 1), ("-", 1)])
def test_a_beginning_of_a_name_may_end_in_one_dash_since_letters_follow(prefix: str, errors: int) -> None:
    found = told(replace(VALID, generate_name=prefix))
    assert bool(found) == bool(errors) and all("generateName" in text for text in found)
