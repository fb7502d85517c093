"""Small clusters by chance, with every kind of Service, endpoint and setting that changes a rule."""

from __future__ import annotations

from random import Random
from typing import Any

import k8sexpose as kx

RANGES = (
    "203.0.113.0/25", "203.0.113.128/25", "10.0.0.0/24", "10.0.1.0/24", "192.0.2.7/32", "10.0.0.77/8", "2001:db8::/64",
)  # fmt: skip
READY, UNREADY, LEAVING, GONE = (True, True, False), (False, False, False), (False, True, True), (False, False, True)
ADDRESSES = (None, None, ("primary",), ("10.0.0.0/24", "192.168.0.0/16"), ("127.0.0.0/8", "192.168.7.0/24"))
NODES = 3


def random_cluster(seed: int, mode: str) -> kx.Cluster:
    """Build the cluster of a seed."""
    rng = Random(seed)
    items = [node(number, rng) for number in range(1, NODES + 1)]
    for number in range(rng.choice((1, 1, 2, 3))):
        items += service(number, rng)
    return kx.Cluster.from_json({"items": items}, proxy=config(mode, rng))


def config(mode: str, rng: Random) -> kx.ProxyConfig:
    detector = rng.choice(("ClusterCIDR", "ClusterCIDR", "NodeCIDR", None, "BridgeInterface", "InterfaceNamePrefix"))
    return kx.ProxyConfig(
        mode=mode,
        detect_local=detector,
        bridge_interface="cbr0" if detector == "BridgeInterface" else "",
        interface_name_prefix="veth" if detector == "InterfaceNamePrefix" else "",
        masquerade_all=rng.random() < 0.15,
        localhost_nodeports=rng.random() < 0.7,
        nodeport_addresses=rng.choice(ADDRESSES),
        service_cidrs=rng.choice((None, (), ("10.96.0.0/16", "10.112.0.0/20"))),
        masquerade_bit=rng.choice((0, 10, 14, 31)),
        conntrack_tcp_be_liberal=rng.random() < 0.2,
        nfacct=rng.random() < 0.5,
    )


def node(number: int, rng: Random) -> dict[str, Any]:
    addresses = [f"10.0.0.{number}", *([f"192.168.7.{number}"] if rng.random() < 0.4 else [])]
    return {
        "kind": "Node",
        "metadata": {"name": f"node-{number}", "labels": {"topology.kubernetes.io/zone": "abc"[number % 3]}},
        "spec": {"podCIDR": f"10.244.{number}.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": ip} for ip in addresses]},
    }


def service(number: int, rng: Random) -> list[dict[str, Any]]:
    """Build a Service and its slice; no two Services share an address."""
    kind = rng.choice(("ClusterIP", "NodePort", "LoadBalancer"))
    ports = service_ports(number, kind, rng)
    spec: dict[str, Any] = {
        "type": kind,
        "ports": ports,
        "clusterIP": f"10.96.{number}.9",
        "internalTrafficPolicy": rng.choice(("Cluster", "Cluster", "Local")),
        "externalTrafficPolicy": rng.choice(("Cluster", "Local")),
    }
    if rng.random() < 0.3:
        timeout = {"clientIP": {"timeoutSeconds": rng.choice((1, 59, 3601, 10800, 86400))}}
        spec |= {"sessionAffinity": "ClientIP", "sessionAffinityConfig": timeout}
    if rng.random() < 0.3:
        spec["externalIPs"] = [f"203.0.113.{50 + number}", f"192.0.2.{9 + number}"][: rng.choice((1, 2))]
    status: dict[str, Any] = {}
    if kind == "LoadBalancer":
        vips = [{"ip": f"198.51.100.{10 * number + k}", "ipMode": "VIP"} for k in range(1, 1 + rng.choice((0, 1, 2)))]
        status = {"loadBalancer": {"ingress": vips}}
        if rng.random() < 0.6:
            spec["loadBalancerSourceRanges"] = rng.sample(RANGES, rng.choice((1, 2, 3)))
        if spec["externalTrafficPolicy"] == "Local":
            spec["healthCheckNodePort"] = 32000 + number
    name = {"name": f"svc-{number}", "namespace": rng.choice(("default", "team-a"))}
    labels = {"labels": {"kubernetes.io/service-name": name["name"]}}
    endpoints = [endpoint(rng) for _ in range(rng.choice((0, 1, 2, 3, 5, 7)))]
    numbers = [{"name": p["name"], "port": p["targetPort"], "protocol": p["protocol"]} for p in ports]
    return [
        {"kind": "Service", "metadata": name, "spec": spec, "status": status},
        {
            "kind": "EndpointSlice", "metadata": name | labels, "addressType": "IPv4", "endpoints": endpoints,
            "ports": numbers,
        },
    ]  # fmt: skip


def service_ports(number: int, kind: str, rng: Random) -> list[dict[str, Any]]:
    ports = []
    for k in range(rng.choice((1, 1, 2, 3))):
        port = {
            "name": f"q{k}" if k else rng.choice(("", "http")),
            "port": 80 + k,
            "protocol": rng.choice(("TCP", "UDP", "SCTP")),
            "targetPort": 8080 + k,
        }
        ports.append(port if kind == "ClusterIP" else port | {"nodePort": 30000 + 10 * number + k})
    return ports


def endpoint(rng: Random) -> dict[str, Any]:
    home = rng.randint(1, NODES)
    ready, serving, terminating = rng.choice((READY, READY, READY, UNREADY, LEAVING, GONE))
    hints = {"hints": {"forZones": [{"name": rng.choice("abc")}]}} if rng.random() < 0.3 else {}
    return {
        "addresses": [f"10.244.{home}.{rng.randint(2, 20)}"],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": f"node-{home}",
        "zone": "abc"[home % 3],
        **hints,
    }
