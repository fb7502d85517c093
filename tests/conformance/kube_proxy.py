"""Compare the model with kube-proxy's own test cases: ``python tests/conformance/kube_proxy.py FILE``.

Each row is a question (objects, a node, a packet) and the answer of the real program. The question goes to the
public API; the answer is only compared.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from k8sexpose.kubeproxy.service_ports import ServicePortInfo, Target, Targets
from tests.conformance.report import Report, main

Row = dict[str, Any]


def run(path: Path) -> Report:
    """Compare every row of a file."""
    report = Report()
    for number, row in enumerate(json.loads(path.read_text())):
        name = f"{number} {row['name']}"
        ask = ASK.get(row["kind"])
        if ask is None:
            report.left_out.append(f"{name}: no question of kind {row['kind']!r} is known")
            continue
        got = ask(row)
        wanted = {key: row["expected"][key] for key in got}
        report.add(name, None if got == wanted else f"wanted {wanted}, got {got}")
    return report


# -- one function per kind of row: it returns the model's answer, under the names of row["expected"] ----


def packet_flow(row: Row) -> Row:
    packet = row["packet"]
    verdict = kx.kube_proxy(
        cluster_of(row),
        node=row["proxy_node"]["name"],
        src=packet["src"],
        dst=packet["dst"],
        port=packet["port"],
        protocol=packet["protocol"],
    )
    answer: Row = {"verdict": verdict.action, "endpoints": sorted(verdict.endpoints)}
    if packet["src"] is not None:  # without a source, upstream does not look at the masquerading
        answer["masq"] = verdict.masquerade
    return answer


def categorize(row: Row) -> Row:
    policy, node = row["services"][0], row["proxy_node"]
    targets = [
        Target(kx.Endpoint(node=node["name"] if e["is_local"] else None, **_endpoint_fields(e)), e["port"])
        for e in row["endpoints"]["svc"]
    ]
    local = {True: "Local", False: "Cluster"}
    port = kx.ServicePort(80, node_port=policy["nodePort"], protocol="TCP")
    service = kx.Service(
        "svc",
        ports=(port,),
        cluster_ip="10.96.0.9",
        internal_traffic_policy=local[policy["internalPolicyLocal"]],
        external_traffic_policy=local[policy["externalPolicyLocal"]],
    )
    info = ServicePortInfo(service, port, 4, service.cluster_ip, Targets.of(targets))
    gate = row["feature_gates"]["PreferSameTrafficDistribution"]
    chosen = info.categorize(node["name"], node["zone"], same_node_hints=gate)
    return {
        "cluster": [str(target) for target in chosen.cluster],
        "local": [str(target) for target in chosen.local],
        "all_reachable": [str(target) for target in chosen.all_reachable],
        "has_any_endpoints": chosen.has_any,
    }


# kube-proxy's own cases name of a checked Service no more than its name; one that has a healthCheckNodePort is this.
CHECKED = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 32000}


def checked(row: Row) -> Row:
    """The row with a Service that has a healthCheckNodePort."""
    return row | {"services": [CHECKED | service for service in row["services"]]}


def health_check_node_port(row: Row) -> Row:
    service, node = row["services"][0], row["proxy_node"]
    answer = kx.health_check(
        cluster_of(checked(row)),
        f"{service['namespace']}/{service['name']}",
        node=node["name"],
        proxy_healthy=node["proxier_healthy"],
    )
    return {"status": answer.status, "headers": dict(answer.headers), "body": json.loads(answer.body)}


def healthz(row: Row) -> Row:
    known = row["proxy_node"]["object"]  # None: kube-proxy has no object of its own node
    node = {"kind": "Node", "metadata": {"name": "node-1"}, "spec": {}}
    if known is not None:
        node["spec"]["taints"] = known.get("taints")
        node["metadata"]["deletionTimestamp"] = known.get("deletionTimestamp")
    cluster = kx.Cluster.from_json({"items": [] if known is None else [node]})
    overdue = not row["proxy_node"]["proxier_healthy"]
    return {
        path: kx.healthz(
            cluster, node="node-1", path=f"/{path}", sync_overdue=overdue, node_known=known is not None
        ).status
        for path in ("healthz", "livez")
    }


def local_ready_count(row: Row) -> Row:
    name = row["services"][0]["name"]
    answer = kx.health_check(cluster_of(checked(row)), name, node=row["proxy_node"]["name"])
    count = json.loads(answer.body)["localEndpoints"]
    return {"services_in_map": int(count > 0), "local_ready_ips": count}


ASK: dict[str, Callable[[Row], Row]] = {
    "packet-flow": packet_flow,
    "lb-ipmode": packet_flow,
    "categorize": categorize,
    "healthcheck-nodeport": health_check_node_port,
    "kube-proxy-healthz": healthz,
    "local-ready-count": local_ready_count,
}


# -- the row's objects, as `kubectl get -o json` would print them ----


def cluster_of(row: Row) -> kx.Cluster:
    items = [_node(row["proxy_node"])]
    for service in row["services"]:
        items.append(_service(service))
        key = f"{service['namespace']}/{service['name']}" if service.get("namespace") else service["name"]
        items += _slices(service, row["endpoints"].get(key) or [])
    return kx.Cluster.from_json({"items": items}, **_options(row.get("proxy")))


def _options(proxy: Row | None) -> Row:
    if proxy is None:
        return {}
    listed = proxy["nodeport_addresses"]
    config = kx.ProxyConfig(
        mode=proxy["proxy_mode"],
        detect_local=proxy["local_detector"] if proxy["pod_cidr"] else None,
        cluster_cidr=proxy["pod_cidr"],
        masquerade_all=proxy["masquerade_all"],
        localhost_nodeports=proxy["localhost_nodeports"] is not False,
        nodeport_addresses=tuple(listed) if isinstance(listed, list) else None,
    )
    options: Row = {"proxy": config}
    if proxy["service_cidrs"]:
        options["service_cidr"] = ",".join(proxy["service_cidrs"])
    return options


def _node(node: Row) -> Row:
    labels = {"topology.kubernetes.io/zone": node["zone"]} if node["zone"] else {}
    addresses = [{"type": "InternalIP", "address": ip} for ip in node["ips"]]
    metadata = {"name": node["name"], "labels": labels}
    return {"kind": "Node", "metadata": metadata, "status": {"addresses": addresses}}


PORTS = [{"name": "", "protocol": "TCP", "port": 80, "targetPort": 80}]  # for rows that name none
SPEC = (
    "type", "clusterIP", "ports", "externalTrafficPolicy", "internalTrafficPolicy", "externalIPs",
    "loadBalancerSourceRanges", "healthCheckNodePort", "sessionAffinity",
)  # fmt: skip


def _service(service: Row) -> Row:
    ingress = [{"ip": ip, "ipMode": service.get("lbIPMode")} for ip in service.get("lbIPs") or ()]
    return {
        "kind": "Service",
        "metadata": {"name": service["name"], "namespace": service.get("namespace")},
        "spec": {"ports": PORTS} | {field: service[field] for field in SPEC if field in service},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def _slices(service: Row, endpoints: list[Row]) -> list[Row]:
    """One EndpointSlice for each port and IP family."""
    slices = []
    for port in service.get("ports") or PORTS:
        for family in ("IPv4", "IPv6"):
            found = [e for e in endpoints if (":" in e["ip"]) == (family == "IPv6")]
            number = port["targetPort"] if isinstance(port["targetPort"], int) else port["port"]
            slices.append({
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{service['name']}-{port['name']}-{port['protocol']}-{family}".lower(),
                    "namespace": service.get("namespace"),
                    "labels": {"kubernetes.io/service-name": service["name"]},
                },
                "addressType": family,
                "ports": [{"name": port["name"], "port": number, "protocol": port["protocol"]}],
                "endpoints": [_endpoint(e) for e in found],
            })  # fmt: skip
    return slices


def _endpoint(endpoint: Row) -> Row:
    hints = endpoint["hints"] or {}
    return {
        "addresses": [endpoint["ip"]],
        "nodeName": endpoint["node"],
        "zone": endpoint["zone"],
        "conditions": {name: endpoint[name] for name in ("ready", "serving", "terminating")},
        "hints": {
            "forZones": [{"name": name} for name in hints.get("zones") or ()],
            "forNodes": [{"name": name} for name in hints.get("nodes") or ()],
        },
    }


def _endpoint_fields(endpoint: Row) -> Row:
    hints = endpoint["hints"] or {}
    fields = {name: endpoint[name] for name in ("ip", "zone", "ready", "serving", "terminating")}
    return {
        **fields,
        "zone_hints": tuple(hints.get("zones") or ()),
        "node_hints": tuple(hints.get("nodes") or ()),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv, run))
