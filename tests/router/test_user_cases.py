"""What people asked in public about where packets go, with the right answers (conformance/user-cases.json).

One test per case, named by its id. The nodes, the Pods and the manifest come from the file.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubeproxy.proxy import keeps_flow
from tests.router.helpers import outcomes

CASES = {c["id"]: c for c in json.loads((Path(__file__).parents[1] / "conformance/user-cases.json").read_text())}
VIP = "198.51.100.1"
CLIENT = "203.0.113.10"


class Case:
    """A case of the file, and the cluster that it describes."""

    def __init__(self, name: str) -> None:
        self.data = CASES[name]["reproduce"]
        self.checkable: list[str] = CASES[name]["checkable"]

    def cluster(self, *, vip: bool = False, extra: str | None = None, **options: Any) -> kx.Cluster:
        """Build it; `vip` writes the load balancer's address into the status, `extra` adds a client Pod on a node."""
        options = {"provider": "generic"} | options
        cluster = kx.Cluster(nodes=[self.node(k, n) for k, n in enumerate(self.data["nodes"], 1)], **options)
        for pod in self.data["pods"]:
            cluster.apply(self.pod(pod))
        if extra:
            pod = {"name": "client", "node": extra, "ip": "10.244.2.50", "labels": {}, "ready": True, "ports": []}
            cluster.apply(self.pod(pod))
        cluster.apply(self.data["service_yaml"])
        if vip:
            cluster.set_load_balancer("web", ingress=[{"ip": VIP}])
        return cluster

    def node(self, k: int, node: dict[str, Any]) -> kx.Node:
        addresses = [text.split()[0] for text in node.get("addresses") or [node["internalIP"]]]
        taints = tuple(kx.Taint(key, effect="NoSchedule") for key in node.get("taints", ()))
        return kx.Node(
            node["name"], addresses=tuple(addresses), external_ip=node.get("externalIP"), zone=node.get("zone"),
            labels=node.get("labels", {}), taints=taints, pod_cidr=f"10.244.{k}.0/24",
        )  # fmt: skip

    def pod(self, pod: dict[str, Any]) -> dict[str, Any]:
        # The tests decide for themselves on which port the process listens: `listening` below.
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod["name"], "labels": pod["labels"]},
            "spec": {"nodeName": pod["node"], "containers": [{"name": "server", "ports": pod["ports"]}]},
            "status": {
                "podIP": pod["ip"],
                "conditions": [{"type": "Ready", "status": str(pod["ready"])}],
                "phase": "Running",
            },
        }


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return Case(re.sub("_", "-", request.node.originalname.removeprefix("test_")))


def endpoints(cluster: kx.Cluster) -> set[str]:
    """What stands in the EndpointSlices of `web`, ready or not."""
    return {f"{e.ip}:{p.port}" for s in cluster.endpoint_slices("web") for p in s.ports for e in s.endpoints}


def by_pod(cluster: kx.Cluster, target: str = "web", **options: Any) -> dict[str, Fraction]:
    return dict(kx.shares(cluster, target, CLIENT, **options).by_pod)


def fractions(**shares: str) -> dict[str, Fraction]:
    return {name.replace("_", "-"): Fraction(share) for name, share in shares.items()}


# -- NodePort, ports, selectors ----


def test_np_cloud_firewall(case: Case) -> None:
    cluster = case.cluster(nodes_routable=False, firewall=[(30080, 30080)])
    assert outcomes(cluster, "192.0.2.1:30080", CLIENT) == {"timeout": ""}
    assert "timeout" not in outcomes(cluster, "10.0.0.1:30080", "node/node-b")
    cluster.firewall = ()
    assert set(outcomes(cluster, "192.0.2.1:30080", CLIENT)) == {"web-1", "web-2"}


def test_np_clusterip_plus_nodeport(case: Case) -> None:
    for mode, wrong in (("iptables", "timeout"), ("nftables", "refused")):
        cluster = case.cluster(proxy=kx.ProxyConfig(mode=mode), extra="node-a")
        assert set(outcomes(cluster, "10.96.79.213:31645", "pod/client")) == {wrong}
        assert set(outcomes(cluster, "10.96.79.213:80", "pod/client")) == {"web-1"}
        assert set(outcomes(cluster, "10.0.0.1:31645", CLIENT)) == {"web-1"}
        assert set(outcomes(cluster, "10.0.0.1:80", CLIENT)) == {"refused"}


def test_np_no_selector(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == set()
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"refused"}


def test_np_selector_key_mismatch(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == set()
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"refused"}
    cluster.patch("web", {"spec": {"selector": {"name": None, "app": "web"}}})
    assert endpoints(cluster) == {"10.244.1.10:8080", "10.244.2.10:8080"}


def test_np_any_node_cluster(case: Case) -> None:
    cluster = case.cluster()
    for n in (1, 2, 3):
        assert set(outcomes(cluster, f"10.0.0.{n}:30080")) == {"web-1"}


def test_np_on_vip(case: Case) -> None:
    cluster = case.cluster(vip=True)
    assert set(outcomes(cluster, f"{VIP}:30080", via="node-a")) == {"timeout"}
    assert set(outcomes(cluster, f"{VIP}:80", via="node-a")) == {"web-1"}
    node = cluster.store.nodes["node-a"]
    cluster.store.put_node(kx.Node("node-a", addresses=(*node.addresses, VIP), pod_cidr=node.pod_cidr))
    assert set(outcomes(cluster, f"{VIP}:30080", via="node-a")) == {"web-1"}


def test_np_masq_wrong_nic(case: Case) -> None:
    cluster = case.cluster(extra="node-b")
    assert outcomes(cluster, "192.168.10.11:30080", "pod/client") == {"web-1": "10.10.11.1"}


def test_icmp_vip(case: Case) -> None:
    cluster = case.cluster(vip=True)
    assert set(outcomes(cluster, VIP, CLIENT, protocol="ICMP", via="node-a")) == {"timeout"}
    assert set(outcomes(cluster, VIP, CLIENT, protocol="ICMP")) == {"timeout"}
    assert set(outcomes(cluster, f"{VIP}:80", CLIENT, via="node-a")) == {"web-1"}


def test_kind_mapping_any_node(case: Case) -> None:
    # The host port is mapped to node-a.
    cluster = case.cluster()
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"web-1"}
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"timeout"}


def test_minikube_docker_driver(case: Case) -> None:
    cluster = case.cluster(nodes_routable=False)
    assert set(outcomes(cluster, "10.0.0.1:30080", CLIENT)) == {"timeout"}
    assert set(outcomes(cluster, "10.0.0.1:30080", "node/node-a")) == {"web-1"}


def test_pending_no_controller(case: Case) -> None:
    cluster = case.cluster(provider=None)
    assert cluster.service("web").to_dict()["status"] == {"loadBalancer": {}}
    assert set(outcomes(cluster, "10.0.0.1:31437")) == {"web-1"}
    with pytest.raises(kx.NotExposed):
        kx.send(cluster, "web")


def test_named_targetport_missing(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == set()
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"refused"}
    [pod] = case.data["pods"]
    pod["ports"] = [{"name": "http", "containerPort": 8080}]
    cluster.delete("web-1", kind="Pod")
    cluster.advance(30)  # its name is free once the grace period is over
    cluster.apply(case.pod(pod))
    assert endpoints(cluster) == {"10.244.1.10:8080"}


def test_named_targetport_mixed(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == {"10.244.1.10:8080", "10.244.2.10:9090"}
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"v1", "v2"}


def test_containerport_is_informational(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == {"10.244.1.10:3000"}
    listening(cluster, "web-1", 3000)
    assert set(outcomes(cluster, "10.0.0.1:31515")) == {"web-1"}


def listening(cluster: kx.Cluster, name: str, port: int) -> None:
    """Say on which port the process of a Pod really listens, whatever its containerPort says."""
    pod = cluster.store.pods["default", name]
    fields = {field: getattr(pod, field) for field in pod.__slots__}
    cluster.store.put_pod(kx.Pod(**fields | {"listens": (port,)}))


def test_targetport_wrong_number(case: Case) -> None:
    cluster = case.cluster()
    assert endpoints(cluster) == {"10.244.1.10:8081"}
    [way] = kx.routes(cluster, "10.0.0.1:30080")
    assert way.outcome == "refused" and way.hops[-1].at == "web-1"
    cluster.patch("web", {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}})
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"web-1"}


def test_readiness_removes(case: Case) -> None:
    cluster = case.cluster()
    cluster.set_ready("web-2", False)
    assert by_pod(cluster) == fractions(web_1="1")
    cluster.set_ready("web-1", False)
    assert set(outcomes(cluster, "10.0.0.1:30080")) == {"refused"}
    cluster.patch("web", {"spec": {"publishNotReadyAddresses": True}})
    assert by_pod(cluster) == fractions(web_1="1/2", web_2="1/2")


def test_partial_ready(case: Case) -> None:
    cluster = case.cluster()
    cluster.set_ready("web-2", False)
    verdict = kx.kube_proxy(cluster, node="node-a", src=CLIENT, dst="10.0.0.1", port=30080)
    assert verdict.endpoints == ("10.244.1.10:8080",)
    [only] = cluster.endpoint_slices("web")
    assert [e.ready for e in only.endpoints if e.pod == "web-2"] == [False]


def test_externalips_node_address_ipvs(case: Case) -> None:
    cluster = case.cluster()
    for mode in ("iptables", "nftables"):
        cluster.proxy = kx.ProxyConfig(mode=mode)
        verdict = kx.kube_proxy(cluster, node="node-a", src=CLIENT, dst="10.0.0.2", port=80)
        assert verdict.action == "DNAT"


# -- policies and shares ----


def test_local_drop(case: Case) -> None:
    cluster = case.cluster()
    assert outcomes(cluster, "10.0.0.1:30080", CLIENT) == {"web-1": CLIENT}
    for n in (2, 3):
        assert outcomes(cluster, f"10.0.0.{n}:30080", CLIENT) == {"timeout": ""}
    assert kx.shares(cluster, "web").lost == Fraction(2, 3)


def test_drop_vs_reject(case: Case) -> None:
    cluster = case.cluster()
    node_port = "10.0.0.{}:30080"
    assert set(outcomes(cluster, node_port.format(2))) == {"timeout"}
    cluster.delete("web-1", kind="Pod")
    cluster.advance(60)
    assert set(outcomes(cluster, node_port.format(1))) == {"refused"}
    assert set(outcomes(cluster, node_port.format(2))) == {"refused"}
    cluster = case.cluster()
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert set(outcomes(cluster, node_port.format(2))) == {"web-1"}


def test_local_skew_2_1(case: Case) -> None:
    cluster = case.cluster()
    assert by_pod(cluster) == fractions(web_1="1/4", web_2="1/4", web_3="1/2")
    assert kx.shares(cluster, "web").extra_hop == 0
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert by_pod(cluster) == fractions(web_1="1/3", web_2="1/3", web_3="1/3")
    assert kx.shares(cluster, "web").extra_hop == Fraction(1, 2)


NINTHS = fractions(web_1="1/9", web_2="1/9", web_3="1/9", web_4="1/3", web_5="1/3")


def test_local_skew_risk(case: Case) -> None:
    assert by_pod(case.cluster()) == NINTHS
    assert max(NINTHS.values()) * len(NINTHS) == Fraction(5, 3)


def test_local_weighted(case: Case) -> None:
    cluster = case.cluster()
    weights = {
        node: int(kx.health_check(cluster, "web", node=node).headers["X-Load-Balancing-Endpoint-Weight"])
        for node in ("node-a", "node-b", "node-c")
    }
    assert weights == {"node-a": 3, "node-b": 1, "node-c": 1}
    # A load balancer that reads the weights deals to a node as often as they say.
    weighted = by_pod(cluster, via=[node for node, weight in weights.items() for _ in range(weight)])
    assert set(weighted.values()) == {Fraction(1, 5)}
    assert by_pod(cluster) == NINTHS


def test_local_spread_constraint(case: Case) -> None:
    cluster = case.cluster()
    assert by_pod(cluster) == fractions(web_1="1/6", web_2="1/6", web_3="1/3", web_4="1/3")
    for k, (node, ip) in enumerate([("node-b", "10.244.2.11"), ("node-c", "10.244.3.11")], 5):
        ports = [{"containerPort": 8080}]
        pod = {"name": f"web-{k}", "node": node, "ip": ip, "labels": {"app": "web"}, "ready": True, "ports": ports}
        cluster.apply(case.pod(pod))
    assert set(by_pod(cluster).values()) == {Fraction(1, 6)}


def test_hop_fraction_one_per_node(case: Case) -> None:
    cluster = case.cluster()
    assert kx.shares(cluster, "web").extra_hop == Fraction(1, 2)
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    assert kx.shares(cluster, "web").extra_hop == 0
    three = Case("local-skew-risk").cluster()
    three.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert kx.shares(three, "web").extra_hop == Fraction(2, 3)


def test_traffic_distribution_ext(case: Case) -> None:
    cluster = case.cluster()
    assert by_pod(cluster) == fractions(web_1="5/12", web_2="7/36", web_3="7/36", web_4="7/36")
    assert kx.shares(cluster, "web").crosses_zone == Fraction(1, 3)
    cluster.patch("web", {"spec": {"trafficDistribution": None}})
    assert kx.shares(cluster, "web").crosses_zone == Fraction(2, 3)
    assert set(by_pod(cluster).values()) == {Fraction(1, 4)}


def test_exclude_label_single_node(case: Case) -> None:
    cluster = case.cluster()
    assert kx.entries(cluster, "web") == {}
    assert set(outcomes(cluster, "web", CLIENT)) == {"timeout"}
    assert set(outcomes(cluster, "10.0.0.1:30080", CLIENT)) == {"web-1"}
    cluster.store.put_node(kx.Node("node-a", addresses=("10.0.0.1",)))
    assert kx.entries(cluster, "web") == {"node-a": 1}


# -- health checks ----


def test_hc_codes(case: Case) -> None:
    cluster = case.cluster()
    answers = {node: kx.health_check(cluster, "web", node=node) for node in ("node-a", "node-b", "node-c")}
    assert [answer.status for answer in answers.values()] == [200, 200, 503]
    assert [json.loads(answer.body)["localEndpoints"] for answer in answers.values()] == [2, 1, 0]
    assert kx.send(cluster, "10.0.0.1:32000").delivered
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert cluster.service("web").health_check_node_port == 0
    assert set(outcomes(cluster, "10.0.0.1:32000")) == {"refused"}


def test_hc_unready_pod(case: Case) -> None:
    cluster = case.cluster()
    assert kx.health_check(cluster, "web", node="node-a").status == 200
    cluster.set_ready("web-1", False)
    assert [kx.health_check(cluster, "web", node=node).status for node in ("node-a", "node-b")] == [503, 503]
    assert kx.entries(cluster, "web") == {}


def test_hc_proxy_unhealthy(case: Case) -> None:
    cluster = case.cluster()
    answer = kx.health_check(cluster, "web", node="node-b", proxy_healthy=False)
    assert answer.status == 503
    assert json.loads(answer.body)["localEndpoints"] == 1
    assert json.loads(answer.body)["serviceProxyHealthy"] is False
    assert kx.health_check(cluster, "web", node="node-a").status == 200


def test_hc_node_deletion(case: Case) -> None:
    cluster = case.cluster()
    assert kx.healthz(cluster, node="node-a").status == 503
    assert kx.healthz(cluster, node="node-a", path="/livez").status == 200
    assert "node-a" not in kx.entries(cluster, "web")


def test_cluster_terminating_fallback(case: Case) -> None:
    cluster = case.cluster()
    cluster.terminate("web-1", grace_s=30)
    assert set(outcomes(cluster, "10.0.0.2:30080")) == {"web-1"}
    cluster.set_ready("web-1", False)
    assert set(outcomes(cluster, "10.0.0.2:30080")) == {"refused"}


def test_local_rolling_terminating(case: Case) -> None:
    for grace_s, lost in ((30, (0, 0, 0)), (10, (0, 1, 0))):
        cluster = case.cluster()
        cluster.advance(60)
        replacement = {"name": "web-2", "node": "node-b", "ip": "10.244.2.10", "labels": {"app": "web"}, "ready": True}
        cluster.terminate("web-1", grace_s=grace_s)
        cluster.apply(case.pod(replacement | {"ports": [{"containerPort": 8080}]}))
        assert kx.health_check(cluster, "web", node="node-a").status == 503
        address = f"{cluster.service('web').load_balancer_ingress[0].ip}:80"
        for expected in lost:  # at 0 s; at 10 s; at 20 s, when the load balancer has noticed
            assert kx.shares(cluster, address).lost == expected, cluster.now_s
            cluster.advance(10)
    beside = case.cluster()
    third = {"name": "web-3", "node": "node-a", "ip": "10.244.1.11", "labels": {"app": "web"}, "ready": True}
    beside.apply(case.pod(third | {"ports": [{"containerPort": 8080}]}))
    beside.terminate("web-1", grace_s=30)
    assert by_pod(beside) == fractions(web_3="1")


def test_switch_local_to_cluster_stale_hc(case: Case) -> None:
    cluster = case.cluster()
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    stale = cluster.service("web").health_check_node_port
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert cluster.service("web").health_check_node_port == 0
    assert [kx.send(cluster, f"10.0.0.{n}:{stale}").outcome for n in (1, 2, 3)] == ["refused"] * 3
    assert [kx.send(cluster, f"10.0.0.{n}:10256").outcome for n in (1, 2, 3)] == ["delivered"] * 3


# -- source addresses ----


def test_snat_cluster(case: Case) -> None:
    cluster = case.cluster()
    assert outcomes(cluster, "10.0.0.2:30080", CLIENT) == {"web-1": "10.0.0.2"}
    cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
    assert outcomes(cluster, "10.0.0.1:30080", CLIENT) == {"web-1": CLIENT}
    assert outcomes(cluster, "10.0.0.2:30080", CLIENT) == {"timeout": ""}


def test_snat_even_local_pod(case: Case) -> None:
    for bridge, seen in ((False, "10.0.0.1"), (True, "10.244.1.1")):
        cluster = case.cluster(cni_bridge=bridge)
        assert outcomes(cluster, "10.0.0.1:30080", CLIENT) == {"web-1": seen}
        cluster.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})
        assert outcomes(cluster, "10.0.0.1:30080", CLIENT) == {"web-1": CLIENT}


def test_pod_to_vip_local_iptables(case: Case) -> None:
    cluster = case.cluster(vip=True, extra="node-b")
    assert outcomes(cluster, f"{VIP}:80", "pod/client") == {"web-1": "10.244.2.50"}
    assert outcomes(cluster, f"{VIP}:80", "node/node-b") == {"web-1": "10.0.0.2"}
    assert outcomes(cluster, "10.0.0.2:30080", CLIENT) == {"timeout": ""}


def test_proxy_protocol_bypass(case: Case) -> None:
    cluster = case.cluster(extra="node-b")
    for ingress, target, through in (
        ({"ip": VIP, "ipMode": "VIP"}, f"{VIP}:80", False),
        ({"ip": VIP, "ipMode": "Proxy"}, f"{VIP}:80", True),
        ({"hostname": "lb.example"}, "http://lb.example", True),
    ):
        cluster.set_load_balancer("web", ingress=[ingress])
        ways = [way for way in kx.routes(cluster, target, "pod/client") if way.delivered]
        assert ways
        for way in ways:
            assert ("load balancer" in [hop.at for hop in way.hops]) == through


def test_sourceranges_nodeport_bypass(case: Case) -> None:
    cluster = case.cluster(vip=True)
    assert set(outcomes(cluster, f"{VIP}:80", CLIENT, via="node-a")) == {"timeout"}
    assert set(outcomes(cluster, "10.0.0.1:30080", CLIENT)) == {"web-1"}
    cluster.patch("web", {"spec": {"allocateLoadBalancerNodePorts": False, "ports": [{"port": 80, "nodePort": None}]}})
    assert set(outcomes(cluster, "10.0.0.1:30080", CLIENT)) == {"refused"}


# -- affinity and flows ----


def test_affinity_behind_snat(case: Case) -> None:
    cluster = case.cluster()
    # The appliance hides every client behind one address.
    pods = [kx.send(cluster, "10.0.0.1:30080", "192.168.0.9").pod for _ in range(1000)]
    assert len(set(pods)) == 1


def test_affinity_not_shared_between_nodes(case: Case) -> None:
    cluster = case.cluster()
    pods = {n: {kx.send(cluster, f"10.0.0.{n}:30080", CLIENT).pod for _ in range(5)} for n in (1, 2, 3)}
    assert all(len(found) == 1 for found in pods.values())
    several = 0
    for seed in range(10):
        other = case.cluster(seed=seed)
        several += len({kx.send(other, f"10.0.0.{n}:30080", CLIENT).pod for n in (1, 2, 3)}) > 1
    assert several  # each node has made its own choice
    # A load balancer that hashes the source address: Google's, with this Service behind it.
    sticky = case.cluster(provider="gcp")
    sticky.patch("web", {"spec": {"type": "LoadBalancer"}})
    for client in (f"203.0.113.{k}" for k in range(10, 20)):
        assert len({kx.send(sticky, "web", client).pod for _ in range(5)}) == 1


def test_affinity_timeout_refresh(case: Case) -> None:
    cluster = case.cluster(extra="node-a")
    address = f"{cluster.service('web').cluster_ip}:8000"
    first = kx.send(cluster, address, "pod/client").pod
    for _ in range(10):
        cluster.advance(1)
        assert kx.send(cluster, address, "pod/client").pod == first
    cluster.advance(3)
    assert {way.probability for way in kx.routes(cluster, address, "pod/client")} == {Fraction(1, 3)}


def test_udp_same_flow_sticks(case: Case) -> None:
    cluster = case.cluster()
    assert kx.entries(cluster, "web", via="node-b") == {"node-b": 1}  # a flow has one hash, and one node
    assert by_pod(cluster, via="node-b") == fractions(web_2="1")
    assert set(kx.entries(cluster, "web").values()) == {Fraction(1, 3)}


def test_keepalive_imbalance(case: Case) -> None:
    cluster = case.cluster()
    way = kx.send(cluster, "10.0.0.1:30080", CLIENT)
    endpoint = way.hops[-1].dst
    ports = [{"containerPort": 8080}]
    for k in (3, 4):
        pod = {"name": f"web-{k}", "node": "node-a", "ip": f"10.244.1.{k}", "labels": {"app": "web"}, "ready": True}
        cluster.apply(case.pod(pod | {"ports": ports}))
    assert keeps_flow(cluster, node="node-a", dst="10.0.0.1", port=30080, endpoint=endpoint)
    assert len(kx.routes(cluster, "10.0.0.1:30080", CLIENT)) == 4  # only new connections see the new Pods
