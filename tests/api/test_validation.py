"""The API server's rules for a Service that the recorded answers do not reach: what may stay on an update, and pairs.

Each case is two neighbours of one rule, of which one is refused and the other is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8sexpose.api.service import LoadBalancerIngress, OwnerReference, Service, ServicePort
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


# -- one wrong value each: the field that is named, the kind of error, and that nothing else is said ----

TO = ServicePort(80, 8080, protocol="TCP")
NOT_LABEL = "a lowercase RFC 1123 label must consist of"
NOT_NAME = "name part must consist of"
NOT_VALUE = "a valid label must be an empty string or"
NAME_ALONE: dict[str, Any] = {
    "type": "ExternalName", "cluster_ip": None, "cluster_ips": (), "ip_families": (), "ip_family_policy": None,
    "internal_traffic_policy": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # metadata
        ({"namespace": "Bad_Ns"}, [f'metadata.namespace: Invalid value: "Bad_Ns": {NOT_LABEL}']),
        ({"generation": -1}, ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"]),
        ({"generation": 0}, []),
        ({"name": ""}, ["metadata.name: Required value: name or generateName is required"]),
        ({"name": "Web"}, [f'metadata.name: Invalid value: "Web": {NOT_LABEL}']),
        ({"labels": {"a b": "x", "k": "-y"}},
         [f'metadata.labels: Invalid value: "a b": {NOT_NAME}', f'metadata.labels: Invalid value: "-y": {NOT_VALUE}']),
        ({"annotations": {"A/b c": "x"}}, [f'metadata.annotations: Invalid value: "A/b c": {NOT_NAME}']),
        ({"annotations": {"Ab.C/D": "x y"}}, []),  # of an annotation only the key has a form
        ({"finalizers": ("orphan", "foregroundDeletion")},
         ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
          "finalizer orphan and foregroundDeletion cannot be both set"]),
        ({"finalizers": ("orphan", "kubernetes", "a/b")}, []),
        ({"finalizers": ("foregroundDeletion",)}, []),
        ({"finalizers": ("a/b", "mine")},
         ['metadata.finalizers[1]: Invalid value: "mine": '
          "name is neither a standard finalizer name nor is it fully qualified"]),
        ({"finalizers": ("a/b c",)}, [f'metadata.finalizers: Invalid value: "a/b c": {NOT_NAME}']),
        # ports
        ({"ports": ()}, ["spec.ports: Required value"]),
        ({"ports": (), "cluster_ip": "None", "cluster_ips": ("None",)}, []),
        ({"ports": (TO, replace(TO, port=81))},
         ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
        ({"ports": (replace(TO, name="a"), replace(TO, name="a", port=81))},
         ['spec.ports[1].name: Duplicate value: "a"']),
        ({"ports": (replace(TO, name="a"), replace(TO, name="b"))},
         ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
          '"NodePort":0}']),
        ({"ports": (replace(TO, name="a"), replace(TO, name="b", protocol="UDP"))}, []),
        ({"ports": (replace(TO, name="A"),)}, [f'spec.ports[0].name: Invalid value: "A": {NOT_LABEL}']),
        *(({"ports": (replace(TO, port=port),)},
           [f"spec.ports[0].port: Invalid value: {port}: must be between 1 and 65535, inclusive"])
          for port in (0, 65536)),
        *(({"ports": (replace(TO, target_port=port),)},
           [f"spec.ports[0].targetPort: Invalid value: {port}: must be between 1 and 65535, inclusive"])
          for port in (0, 65536)),
        ({"ports": (replace(TO, port=1, target_port=65535, protocol="SCTP"),)}, []),
        ({"ports": (replace(TO, protocol="tcp"),)},
         ['spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"']),
        ({"ports": (replace(TO, target_port="a" * 16),)},
         ['spec.ports[0].targetPort: Invalid value: "aaaaaaaaaaaaaaaa": must be no more than 15 characters']),
        ({"ports": (replace(TO, app_protocol="a b"),)},
         [f'spec.ports[0].appProtocol: Invalid value: "a b": {NOT_NAME}']),
        ({"ports": (replace(TO, app_protocol=""),)},
         ['spec.ports[0].appProtocol: Invalid value: "": name part must be non-empty',
          f'spec.ports[0].appProtocol: Invalid value: "": {NOT_NAME}']),
        ({"ports": (replace(TO, node_port=30000),)},
         ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        # other fields of the spec
        ({"selector": {"a b": "x", "k": "-y"}},
         [f'spec.selector: Invalid value: "a b": {NOT_NAME}', f'spec.selector: Invalid value: "-y": {NOT_VALUE}']),
        ({"session_affinity": "Some"},
         ['spec.sessionAffinity: Unsupported value: "Some": supported values: "ClientIP", "None"']),
        *(({"session_affinity": "ClientIP", "session_affinity_timeout_s": seconds}, [])
          for seconds in (1, 86400, None)),
        *(({"session_affinity": "ClientIP", "session_affinity_timeout_s": seconds},
           [f"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: {seconds}: "
            "must be greater than 0 and less than 86400"]) for seconds in (0, 86401)),
        ({"session_affinity_timeout_s": 0}, []),
        ({"type": "Some"},
         ['spec.type: Unsupported value: "Some": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
          '"NodePort"']),
        ({"traffic_distribution": "Far"},
         ['spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", '
          '"PreferSameNode"']),
        ({"traffic_distribution": "PreferSameNode"}, []),
        ({"load_balancer_class": "a/b"},
         ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"load_balancer_source_ranges": ("10.0.0.0/8",)},
         ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        ({"external_traffic_policy": "Local"},
         ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']),
        ({"health_check_node_port": 30000},
         ["spec.healthCheckNodePort: Invalid value: 30000: "
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]),
        ({"external_ips": ("198.51.100.7",)}, ["spec.externalTrafficPolicy: Required value"]),
        # clusterIPs
        ({"cluster_ips": ()}, ["spec.clusterIPs: Required value"]),
        ({"cluster_ip": "10.96.0.8"},
         ['spec.clusterIPs: Invalid value: ["10.96.0.9"]: first value must match `clusterIP`']),
        ({"cluster_ip": None},
         ['spec.clusterIPs: Invalid value: ["10.96.0.9"]: must be empty when `clusterIP` is not specified']),
        ({"ip_families": ("IPv5",)},
         ['spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"']),
        ({"ip_families": ("IPv6",)},
         ['spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`']),
        ({"ip_families": ("IPv6",), "cluster_ip": "None", "cluster_ips": ("None",)}, []),
        ({"ip_family_policy": "Both"},
         ['spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", '
          '"SingleStack"']),
        # ExternalName
        (NAME_ALONE | {"external_name": "db.example.com."}, []),
        (NAME_ALONE | {"external_name": ""}, ["spec.externalName: Required value"]),
        (NAME_ALONE | {"external_name": "a..b."},
         ['spec.externalName: Invalid value: "a..b": a lowercase RFC 1123 subdomain must consist of']),
        (NAME_ALONE | {"external_name": "a.b", "ports": ()}, []),
        (NAME_ALONE | {"external_name": "a.b", "cluster_ips": ("10.96.0.9",)},
         ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"]),
        (NAME_ALONE | {"external_name": "a.b", "ip_families": ("IPv4",)},
         ["spec.ipFamilies: Forbidden: may not be set for ExternalName services"]),
        (NAME_ALONE | {"external_name": "a.b", "ip_family_policy": "SingleStack"},
         ["spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"]),
    ],
)  # fmt: skip
def test_one_wrong_value_is_one_sentence(changes: dict[str, Any], expected: list[str]) -> None:
    found = told(replace(VALID, **changes))
    assert len(found) == len(expected), found
    assert all(text.startswith(beginning) for text, beginning in zip(found, expected, strict=True)), found


NODE_PORTS = tuple(
    ServicePort(port, 8080, node_port, name, protocol)
    for name, port, node_port, protocol in (("a", 80, 30080, "TCP"), ("b", 81, 30080, "UDP"), ("c", 82, 0, "TCP"))
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cluster_ip": "None", "cluster_ips": ("None",)},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"]),
        ({"cluster_ip": "None", "cluster_ips": ("None",), "type": "NodePort",
          "allocate_load_balancer_node_ports": None},
         ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
        ({"ports": NODE_PORTS}, []),
        ({"ports": (*NODE_PORTS, ServicePort(83, 8080, 0, "d", "TCP"))}, []),
        ({"ports": (*NODE_PORTS, ServicePort(83, 8080, 30080, "d", "TCP"))},
         ["spec.ports[3].nodePort: Duplicate value: 30080"]),
        ({"load_balancer_source_ranges": (" 10.0.0.0/8 ", "10.0.0.0")},
         ['spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.0": must be a valid CIDR value']),
        ({"load_balancer_class": "a b"}, [f'spec.loadBalancerClass: Invalid value: "a b": {NOT_NAME}']),
        ({"load_balancer_class": "example.com/class"}, []),
        ({"external_traffic_policy": "Local", "health_check_node_port": 65536},
         ["spec.healthCheckNodePort: Invalid value: 65536: must be between 1 and 65535, inclusive"]),
        ({"health_check_node_port": 30000},
         ["spec.healthCheckNodePort: Invalid value: 30000: "
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]),
        ({"external_traffic_policy": "Near"},
         ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"']),
        ({"external_ips": ("x", "127.0.0.1", "0.0.0.0", "198.51.100.7")},
         ['spec.externalIPs[0]: Invalid value: "x": must be a valid IP address',
          'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
          'spec.externalIPs[2]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)']),
    ],
)  # fmt: skip
def test_one_wrong_value_of_a_load_balancer(changes: dict[str, Any], expected: list[str]) -> None:
    found = told(replace(OPEN, **changes))
    assert len(found) == len(expected), found
    assert all(text.startswith(beginning) for text, beginning in zip(found, expected, strict=True)), found


# -- owners ----

OWNER = OwnerReference("apps/v1", "Deployment", "web", "u")
BOTH = 'Only one reference can have Controller set to true. Found "true" in references for Deployment/web and'


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ([OWNER, replace(OWNER, name="b"), replace(OWNER, name="c")], []),
        ([replace(OWNER, api_version="v1")], []),
        ([replace(OWNER, api_version="events.k8s.io/v1", kind="Event")], []),
        ([replace(OWNER, api_version="v2", kind="Event")], []),
        ([replace(OWNER, api_version="v1", kind="Event")],
         ['metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"web","uid":"u"}: '
          "/v1, Kind=Event is disallowed from being an owner"]),
        *(([replace(OWNER, api_version=version)],
           [f'metadata.ownerReferences.apiVersion: Invalid value: "{version}": version must not be empty'])
          for version in ("", "apps/", "a/b/v1")),
        *(([replace(OWNER, **{field: ""})],
           [f'metadata.ownerReferences.{field}: Invalid value: "": must not be empty'])
          for field in ("kind", "name", "uid")),
        ([replace(OWNER, controller=True), replace(OWNER, name="b"), replace(OWNER, name="c", controller=False)], []),
        ([replace(OWNER, controller=True), replace(OWNER, name="b", controller=True)], [f"{BOTH} Deployment/b"]),
        ([replace(OWNER, name="x"), replace(OWNER, controller=True), replace(OWNER, name="b", controller=True),
          replace(OWNER, name="c", controller=True)], [f"{BOTH} Deployment/b", f"{BOTH} Deployment/c"]),
    ],
)  # fmt: skip
def test_owners_have_all_four_parts_and_one_of_them_controls(owners: list[OwnerReference], expected: list[str]) -> None:
    found = told(replace(VALID, owner_references=tuple(owners)))
    assert len(found) == len(expected), found
    assert all(end in text for text, end in zip(found, expected, strict=True)), found


# -- what an update asks of metadata ----


def test_an_update_asks_less_of_names_than_the_making_of_a_service() -> None:
    """What is stored may have a name that is no label; only what cannot be part of a path is refused."""
    assert told(replace(VALID, name="Web", generate_name=".."), VALID) == []
    for name in (".", "..", "a/b", "a%b"):
        assert told(replace(VALID, name=name), VALID)[0].startswith(f'metadata.name: Invalid value: "{name}": may not')
    for prefix in ("a/b", "a%b"):
        [found] = told(replace(VALID, generate_name=prefix), VALID)
        assert found.startswith(f'metadata.generateName: Invalid value: "{prefix}": may not')


def test_what_identifies_an_object_stays_and_is_told_twice() -> None:
    """Once by the rules for every kind, once by those for Services."""
    assert told(replace(VALID, uid="v"), VALID) == ['metadata.uid: Invalid value: "v": field is immutable'] * 2
    for field, name, value in (
        ("deletion_grace_period_s", "deletionGracePeriodSeconds", 30),
        ("deletion_timestamp", "deletionTimestamp", "2026-01-01T00:00:00Z"),
    ):
        found = told(replace(VALID, **{field: value}), VALID)
        assert len(found) == 2 and set(found) == {found[0]}
        assert found[0].startswith(f"metadata.{name}: Invalid value: ") and found[0].endswith(": field is immutable")
        assert told(replace(VALID, **{field: value}), replace(VALID, **{field: value})) == []


def test_an_object_that_is_being_deleted_gets_no_new_finalizer() -> None:
    gone = replace(VALID, deletion_timestamp="2026-01-01T00:00:00Z", finalizers=("a/x",))
    more = replace(gone, finalizers=("c/z", "a/x", "b/y"))
    detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
    expected = f'metadata.finalizers: Forbidden: {detail} []string{{"b/y", "c/z"}}'
    assert told(more, gone) == [expected] * 2
    assert told(replace(gone, finalizers=()), gone) == [] == told(gone, gone)
    alive = {"deletion_timestamp": None}
    assert told(replace(more, **alive), replace(gone, **alive)) == []


@pytest.mark.parametrize("field", ["ip_families", "cluster_ips"])
def test_what_was_empty_may_stay_empty(field: str) -> None:
    changes: dict[str, Any] = {field: ()} | ({"cluster_ip": None} if field == "cluster_ips" else {})
    empty = replace(VALID, **changes)
    assert told(empty, empty) == []


def test_the_class_of_a_load_balancer_stays_as_long_as_it_is_one() -> None:
    for before, after in ((None, "a/b"), ("a/b", None), ("a/b", "a/c")):
        old, new = (replace(OPEN, load_balancer_class=name) for name in (before, after))
        shown = f'"{after}"' if after else "null"
        assert told(new, old) == [f"spec.loadBalancerClass: Invalid value: {shown}: may not change once set"]
    assert told(replace(OPEN, load_balancer_class="a/b"), replace(OPEN, load_balancer_class="a/b")) == []
    assert told(replace(OPEN, load_balancer_class="a/b"), VALID) == []
    assert told(VALID, replace(OPEN, load_balancer_class="a/b")) == []


def test_the_port_for_health_checks_stays_as_long_as_it_is_needed() -> None:
    local = replace(OPEN, external_traffic_policy="Local", health_check_node_port=30100)
    assert told(local, local) == []
    assert told(replace(local, health_check_node_port=30101), local) == [
        "spec.healthCheckNodePort: Forbidden: field is immutable"
    ]
    assert told(OPEN, local) == [] == told(local, OPEN)


def test_an_ingress_has_a_name_that_is_one() -> None:
    found = status_errors(OPEN, [LoadBalancerIngress("x", ip_mode="VIP"), LoadBalancerIngress(hostname="A_b")])
    assert [str(error).split(": ")[0] for error in found] == [
        "status.loadBalancer.ingress[0].ip", "status.loadBalancer.ingress[1].hostname",
    ]  # fmt: skip
    [nothing] = status_errors(VALID, [LoadBalancerIngress("198.51.100.7", ip_mode="VIP")])
    assert str(nothing) == "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"


def test_an_update_asks_for_owners_labels_and_annotations_three_times() -> None:
    """With the rules for every object, and in both rounds of what may not change; the message names each once."""
    for changes in (
        {"owner_references": (replace(OWNER, kind=""),)}, {"labels": {"a b": ""}}, {"annotations": {"a b": ""}},
    ):  # fmt: skip
        wrong = replace(VALID, **changes)
        found = told(wrong, wrong)
        assert len(found) == 3 and set(found) == set(told(wrong))


def test_three_addresses_are_too_many_and_are_not_held_against_the_families() -> None:
    ips = ("fd00::9", "10.96.0.9", "10.96.0.8")
    service = replace(DUAL, cluster_ip=ips[0], cluster_ips=ips)
    assert [error.message.rpartition(": ")[2] for error in cluster_ip_errors(service, None)] == [
        "may only hold up to 2 values"
    ]
