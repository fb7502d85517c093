"""Compare the model with packets through a real cluster: ``python tests/conformance/live.py FILE``.

Takes kube-proxy-live.json (services and scenarios, four runs each) and kube-proxy-variations.json (a list of rows).
Each row is a question: who dials what, on which cluster. It is put to the public API, and what really happened is
compared: who could answer, which source address each Pod saw, refused or timed out, and how often.
"""

from __future__ import annotations

import fnmatch
import json
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from tests.conformance.chi_square import chi_square, survival
from tests.conformance.report import Report, main

Row = dict[str, Any]

LIKELY = 1e-6  # a single run less likely than this disagrees
POOLED = 4.0  # all runs together: |z|
CLIENTS = ("203.0.113.10", "203.0.113.11", "203.0.113.12")
OUTCOMES = {"ECONNREFUSED": "refused", "timeout": "timeout", "ENETUNREACH": "timeout", "EHOSTUNREACH": "timeout"}
NODES = {f"node-{n}": f"10.0.0.{n}" for n in (1, 2, 3, 4)}
ZONES = {"node-1": "zone-a", "node-2": "zone-a", "node-3": "zone-b", "node-4": "zone-b"}


@dataclass
class Pool:
    """The counts of all runs together."""

    statistic: float = 0.0
    freedom: int = 0

    @property
    def z(self) -> float:
        return (self.statistic - self.freedom) / math.sqrt(2 * self.freedom) if self.freedom else 0.0


@dataclass(frozen=True)
class Question:
    """Who dials what, and what happened."""

    name: str
    cluster: kx.Cluster
    clients: tuple[str, ...]
    target: str
    via: str | None
    protocol: str
    result: Row
    after: tuple[Question, ...] = field(default=())  # rows before this one, whose affinity still holds

    @property
    def counts(self) -> dict[str, int]:
        counts = {f"pod {pod}": count for pod, count in self.result["per_pod"].items()}
        for errno, count in self.result["failures"].items():
            outcome = OUTCOMES[errno]
            counts[outcome] = counts.get(outcome, 0) + count
        return counts


def run(path: Path) -> Report:
    """Compare every row of a file of either form."""
    data = json.loads(path.read_text())
    report, pool = Report(), Pool()
    if isinstance(data, list):
        for row in data:
            report.add(row["id"], differences(variation_question(row), pool))
    else:
        for scenario in data["scenarios"]:
            for run_name, result in scenario["runs"].items():
                name = f"{scenario['scenario']}@{run_name}"
                reason = left_out(data, scenario, result)
                if reason:
                    report.left_out.append(f"{name}: {reason}")
                else:
                    report.add(name, live_differences(data, scenario, run_name, result, pool))
    if abs(pool.z) > POOLED:
        report.failures.append(f"all counts together: z = {pool.z:.2f}")
    return report


# -- comparing --------------------------------------------------------------------------------------------------------


def differences(question: Question, pool: Pool) -> str | None:
    """Say what happened that the model does not expect."""
    cluster = question.cluster
    if affinity(question):
        cluster = replayed(question)
        if isinstance(cluster, str):
            return cluster
    probabilities: dict[str, Fraction] = {}
    seen: dict[str, dict[str, Fraction]] = {}
    for client in question.clients:
        for route in kx.routes(cluster, question.target, client, protocol=question.protocol, via=question.via):
            share = route.probability / len(question.clients)
            what = f"pod {route.pod}" if route.delivered else route.outcome
            probabilities[what] = probabilities.get(what, Fraction(0)) + share
            if route.delivered:
                sources = seen.setdefault(route.pod or "", {})
                sources[str(route.client_seen)] = sources.get(str(route.client_seen), Fraction(0)) + share
    wrong = source_difference(question, seen)
    statistic, freedom = chi_square(question.counts, probabilities)
    if math.isinf(statistic) or survival(statistic, freedom) < LIKELY:
        shares = {name: str(share) for name, share in probabilities.items()}
        return f"happened {question.counts}, expected {shares}{'; ' + wrong if wrong else ''}"
    pool.statistic += statistic
    pool.freedom += freedom
    return wrong


def source_difference(question: Question, seen: dict[str, dict[str, Fraction]]) -> str | None:
    for pod, recorded in question.result["seen_src"].items():
        expected = seen.get(pod, {})
        unexpected = set(recorded) - set(expected)
        count, total = question.result["per_pod"].get(pod, 0), sum(expected.values(), Fraction(0))
        # A source that never showed must be one that may well stay away.
        missing = [s for s in expected if s not in recorded and (1 - expected[s] / total) ** count < LIKELY]
        if unexpected or missing:
            return f"{pod} saw {recorded}, expected {sorted(expected)}"
    return None


# -- session affinity: the first connection of a client is chance, the others follow ----


def affinity(question: Question) -> bool:
    return any(service.session_affinity == "ClientIP" for service in question.cluster.store.services.values())


def replayed(question: Question) -> kx.Cluster | str:
    """Let each client connect as it did, on a copy of the cluster; the text says why it cannot have."""
    cluster = question.cluster.copy()
    for before in (*question.after, *(() if question.after else (question,))):
        if len(before.clients) != 1 or len(before.result["per_pod"]) != 1:
            continue  # nobody answered, or the file does not say which client got which Pod
        [pod] = before.result["per_pod"]
        followed = dealt(cluster, before, pod)
        if followed is None:
            return f"{before.clients[0]} cannot get {pod}"
        cluster = followed
    return cluster


def dealt(cluster: kx.Cluster, question: Question, pod: str) -> kx.Cluster | None:
    """Return the cluster after a connection that was dealt to this Pod."""
    for seed in range(400):
        twin = cluster.copy()
        route = kx.send(
            twin, question.target, question.clients[0], protocol=question.protocol, via=question.via, seed=seed
        )
        if route.pod == pod:
            return twin
    return None


def sequence_difference(question: Question, recorded: list[Row]) -> str | None:
    """Follow one client's connections in time."""
    cluster, time, in_a_row, before = question.cluster.copy(), recorded[0]["t"], 1.0, None
    for step in recorded:
        cluster.advance(step["t"] - time)
        time = step["t"]
        ways = kx.routes(cluster, question.target, question.clients[0], via=question.via)
        chance = float(sum(way.probability for way in ways if way.pod == step["pod"]))
        followed = dealt(cluster, question, step["pod"])
        if followed is None or not chance:
            return f"at {step['t']} s the client got {step['pod']}, expected {sorted({str(w.pod) for w in ways})}"
        # The same Pod again and again is no accident: the model must expect it.
        in_a_row = in_a_row * chance if step["pod"] == before else 1.0
        if in_a_row < 1e-3:
            return f"until {step['t']} s always {step['pod']}, which the model takes for an accident"
        cluster, before = followed, step["pod"]
    return None


# -- kube-proxy-live.json ---------------------------------------------------------------------------------------------


def left_out(data: Row, scenario: Row, result: Row) -> str | None:
    """Apply about.not_drawn_from_kube_proxy to one run."""
    rules = data["about"]["not_drawn_from_kube_proxy"]
    packets = " ".join(result.get("packets_seen_by_client", {}))
    for rule in rules:
        if "ENETUNREACH" in rule and ("ENETUNREACH" in result.get("failures", {}) or "type=11" in packets):
            return "no rule matched, the network outside answered"
        pattern = rule.partition(":")[0]
        if "*" in pattern and fnmatch.fnmatch(scenario["scenario"].rpartition("/")[2], pattern):
            return "the router chose the node"
    return None


def live_differences(data: Row, scenario: Row, run_name: str, result: Row, pool: Pool) -> str | None:
    kind = scenario["to"]["kind"]
    if kind == "healthCheckNodePort":
        return health_difference(data, scenario, run_name, result)
    if kind == "kube-proxy healthz":
        return healthz_difference(data, scenario, run_name, result)
    question = live_question(data, scenario, run_name, result)
    if "sequence" in result:
        return sequence_difference(question, result["sequence"])
    return differences(question, pool)


def live_question(data: Row, scenario: Row, run_name: str, result: Row) -> Question:
    start, to, entry = scenario["from"], scenario["to"], entry_of(scenario)
    key = (scenario["service"], run_name, pods_in_note(scenario))
    cluster = live_cluster(json.dumps(service_of(data, scenario)), *key)
    service = next(iter(cluster.store.services.values()))
    named = re.search(r"port(\d+)$", scenario["scenario"])
    port = service.ports[int(named[1]) if named and len(service.ports) > 1 else 0]
    clients = {"external": lambda: tuple(start["ips"]), "pod": lambda: (f"pod/{start['pod']}",)}
    node_port = to["kind"] == "nodePort"
    ip = service.cluster_ip if re.match(r"clusterIP(?! not)", to["kind"]) else to.get("ip") or NODES[entry or ""]
    number = to.get("port", "as in the service")
    if number == "as in the service":
        number = port.node_port if node_port else port.port
        if "wrong port" in to["kind"]:
            number += 1
    return Question(
        name=scenario["scenario"],
        cluster=cluster,
        clients=clients.get(start["kind"], lambda: (f"node/{start['node']}",))(),
        target=f"{ip}:{number}",
        via=None if node_port else entry,
        protocol=port.protocol,
        result=result,
        after=tuple(before(data, scenario, run_name)),
    )


def before(data: Row, scenario: Row, run_name: str) -> Iterator[Question]:
    """Find the row of which this one says that it comes after it: same client, same node, another kind."""
    named = re.search(r"-after-(\w+)$", scenario["scenario"])
    if not named:
        return
    for other in data["scenarios"]:
        same = other["service"] == scenario["service"] and other["from"] == scenario["from"]
        if same and other["to"]["kind"].lower() == named[1] and entry_of(other) == entry_of(scenario):
            yield live_question(data, other, run_name, other["runs"][run_name])
            return


def entry_of(scenario: Row) -> str | None:
    named = re.match(r"node-\d+", scenario["to"].get("entry") or "")
    return named[0] if named else None


def pods_in_note(scenario: Row) -> str:
    """Read "4 pods on node-1" in a note: the endpoints of a Service that was changed for the row."""
    named = re.search(r"(\d+) pods on (node-\d+)", scenario.get("note") or "")
    return f"{named[1]} {named[2]}" if named else ""


def service_of(data: Row, scenario: Row) -> Row:
    service: Row = data["services"][scenario["service"]]
    return service


def health_difference(data: Row, scenario: Row, run_name: str, result: Row) -> str | None:
    cluster = live_cluster(json.dumps(service_of(data, scenario)), scenario["service"], run_name, "")
    name = next(iter(cluster.store.services.values())).name
    return next(filter(None, (health_answer(cluster, name, n, r) for n, r in result["http"].items())), None)


def health_answer(cluster: kx.Cluster, service: str, node: str, recorded: Row) -> str | None:
    answer = kx.health_check(cluster, service, node=node)
    got = (answer.status, dict(answer.headers), json.loads(answer.body))
    wanted = (recorded["status"], headers(recorded), recorded["body"])
    return None if got == wanted else f"{node} answered {wanted}, expected {got}"


def healthz_difference(data: Row, scenario: Row, run_name: str, result: Row) -> str | None:
    tainted = re.search(r"node-tainted-(\w+)$", scenario["scenario"])
    for name, paths in result["http"].items():
        cluster = kx.Cluster.from_json({"items": node_items(taint=tainted[1] if tainted else None)})
        for path, recorded in paths.items():
            answer = kx.healthz(cluster, node=name, path=path)
            got = (answer.status, dict(answer.headers), timeless(json.loads(answer.body)))
            wanted = (recorded["status"], headers(recorded), timeless(recorded["body"]))
            if got != wanted:
                return f"{name}{path} answered {wanted}, expected {got}"
    for key, recorded in result.items():
        named = re.fullmatch(r"hcnp_of_(\w+)", key)
        if named:
            service = named[1].replace("_", "-")
            scenario_of = {"service": service}
            taint = tainted[1] if tainted else ""
            text = json.dumps(service_of(data, scenario_of))
            cluster = live_cluster(text, service, run_name, "", taint)
            wrong = health_answer(cluster, service, next(iter(result["http"])), recorded)
            if wrong:
                return wrong
    return None


def headers(recorded: Row) -> dict[str, str]:
    """The recorded headers without those of the test server."""
    pairs = dict(line.split(": ", 1) for line in recorded["headers"])
    return {name: value for name, value in pairs.items() if name not in ("Content-Length", "Connection")}


def timeless(body: Any) -> Any:
    """Leave out the times."""
    if not isinstance(body, dict):
        return body
    return {name: timeless(value) for name, value in body.items() if name not in ("lastUpdated", "currentTime")}


# -- kube-proxy-variations.json ---------------------------------------------------------------------------------------


def variation_question(row: Row) -> Question:
    policy = row["policy"]
    endpoints, target_port = variation_endpoints(row)
    cluster = variation_cluster(row["variation"], policy, json.dumps(endpoints), target_port)
    service = next(iter(cluster.store.services.values()))
    start = row["frm"]
    # Where nothing says otherwise all three clients dialled; those of the broken targets only the first.
    clients = (CLIENTS if "endpoints" in row else CLIENTS[:1]) if start == "cl" else (
        (f"pod/{start}",) if start.startswith("p") else (f"node/node-{start[1:]}",)
    )  # fmt: skip
    return Question(
        row["id"],
        cluster,
        clients,
        variation_target(row["to"], service),
        None,
        service.ports[0].protocol,
        row["result"],
    )


def variation_target(to: str, service: kx.Service) -> str:
    node_port = re.fullmatch(r"nodeport-n(\d+)", to)
    if node_port:
        return f"10.0.0.{node_port[1]}:{service.ports[0].node_port}"
    if re.fullmatch(r"n\d+-clusterip", to):
        return f"{service.cluster_ip}:80"
    ip, _, port = to.rpartition(":")
    if port == "nodePort":
        port = str(service.ports[0].node_port)
    return f"{service.cluster_ip if ip.startswith('10.96.') else ip}:{port}"


def variation_endpoints(row: Row) -> tuple[list[Row], int]:
    """Read the endpoints of a row: a list of names, or the sentence in its note."""
    if "endpoints" in row:
        return [named_endpoint(text.split()[0]) for text in row["endpoints"]], 8080
    note = row["note"]
    wrong_port = re.search(r"nothing listens on targetPort (\d+)", note)
    gone = re.search(r"endpoint ([\d.]+) on (node-\d+)", note)
    no_node = re.search(r"endpoint whose node \((node-\d+), ([\d.]+)\.0/24\) does not exist", note)
    endpoints = [named_endpoint(name) for name in re.findall(r"\bp\d\d\b", note) or ["p11"]]
    if gone:
        endpoints.append({"pod": "gone", "ip": gone[1], "node": gone[2]})
    if no_node:
        endpoints.append({"pod": "gone", "ip": f"{no_node[2]}.11", "node": no_node[1]})
    return endpoints, int(wrong_port[1]) if wrong_port else 8080


def named_endpoint(pod: str) -> Row:
    """``p12`` is the second Pod of node-1."""
    return {"pod": pod, "ip": f"10.244.{pod[1]}.1{pod[2]}", "node": f"node-{pod[1]}"}


@cache
def variation_cluster(variation: str, policy: str, endpoints: str, target_port: int) -> kx.Cluster:
    service = {
        "endpoints": json.loads(endpoints),
        "spec": {
            "type": "LoadBalancer",
            "clusterIP": "10.96.40.220",
            "ports": [{"protocol": "TCP", "port": 80, "targetPort": target_port, "nodePort": 31000}],
            "externalTrafficPolicy": policy,
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": VARIATION_VIPS[policy], "ipMode": "VIP"}]}},
    }
    second = "second-node-address" in variation
    options = {
        "mode": variation.partition("-")[0],
        "detect_local": "NodeCIDR" if "detectLocal-NodeCIDR" in variation else "ClusterCIDR",
    }
    return kx.Cluster.from_json(
        {"items": [*node_items(second="10.0.0.101" if second else None), *pod_items(), *service_items("v", service)]},
        proxy=kx.ProxyConfig(**options),
        cni_masquerade="nomasq" not in variation,
        # The sets about a second node address were recorded with a bridge CNI as well.
        cni_bridge="bridgeCNI" in variation or second,
    )


VARIATION_VIPS = {"Cluster": "198.51.100.201", "Local": "198.51.100.202"}


# -- the cluster that everything was recorded on, as `kubectl get -o json` would print it ----------------------------


@cache
def live_cluster(service: str, name: str, run_name: str, pods: str, taint: str = "") -> kx.Cluster:
    mode, cni = run_name.split("/")
    data = json.loads(service)
    if pods:
        count, node = pods.split()
        data["endpoints"] = [named_endpoint(f"p{node[-1]}{k}") for k in range(1, int(count) + 1)]
    items = [*node_items(taint=taint or None), *pod_items(), *service_items(name.partition("~")[0], data)]
    return kx.Cluster.from_json({"items": items}, proxy=kx.ProxyConfig(mode=mode), cni_masquerade=cni == "masq")


def node_items(taint: str | None = None, second: str | None = None) -> list[Row]:
    return [
        {
            "kind": "Node",
            "apiVersion": "v1",
            "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": ZONES[name]}},
            "spec": {
                "podCIDR": f"10.244.{name[-1]}.0/24",
                "taints": [{"key": taint, "effect": "NoSchedule"}] if taint else [],
            },
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": address}
                    for address in [ip, *([second] if second and name == "node-1" else [])]
                ]
            },
        }
        for name, ip in NODES.items()
    ]


def pod_items() -> list[Row]:
    """Five Pods a node with a server on 8080, and a server on 18080 in the network of each node."""
    pods = [(f"p{n}{k}", n, f"10.244.{n}.1{k}", False, 8080) for n in (1, 2, 3, 4) for k in (1, 2, 3, 4, 5)]
    pods += [(f"host{n}", n, f"10.0.0.{n}", True, 18080) for n in (1, 2, 3, 4)]
    return [
        {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "nodeName": f"node-{n}",
                "hostNetwork": host,
                "containers": [{"name": "server", "ports": [{"containerPort": port}]}],
            },
            "status": {"podIP": ip, "phase": "Running"},
        }
        for name, n, ip, host, port in pods
    ]


def service_items(name: str, data: Row) -> list[Row]:
    metadata = {"name": name, "namespace": "default"}
    service = {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": data["spec"],
        "status": data["status"] or {},
    }
    slice_metadata = {
        "name": f"{name}-1",
        "namespace": "default",
        "labels": {"kubernetes.io/service-name": name},
    }
    slices = {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": slice_metadata,
        "addressType": "IPv4",
        "ports": [
            {"name": port.get("name", ""), "port": port["targetPort"], "protocol": port["protocol"]}
            for port in data["spec"]["ports"]
        ],
        "endpoints": [endpoint_item(endpoint) for endpoint in data["endpoints"] or ()],
    }
    return [service, slices]


def endpoint_item(endpoint: Row) -> Row:
    return {
        "addresses": [endpoint.get("ip") or named_endpoint(endpoint["pod"])["ip"]],
        "nodeName": endpoint.get("node"),
        "conditions": {name: endpoint[name] for name in ("ready", "serving", "terminating") if name in endpoint},
        "hints": endpoint.get("hints") or {},
        "targetRef": {"kind": "Pod", "name": endpoint["pod"], "namespace": "default"},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv, run))
