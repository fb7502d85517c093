"""Every small cluster, and the laws that hold in each: the router against kube-proxy's rules as text.

A cluster has up to three nodes and one Service with up to two endpoints, with every entrance at once: clusterIP,
nodePort, load balancer address, external IP, and its name. The Service's EndpointSlice is written by hand, as
the recorded ones are. What the laws compare with is no code of the model: the text of the rules goes through the
interpreter of `tests.kubeproxy.rule_walker`, and what lies between two nodes is written down here once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product

import k8sexpose as kx
from tests.kubeproxy.rule_walker import IptablesRules, NftRules, Packet, Rules

OUTSIDE, CLUSTER_IP, VIP, EXTERNAL_IP, NODE_PORT = "203.0.113.7", "10.96.0.9", "198.51.100.7", "198.51.100.9", 30080
ENTRANCES = {"clusterIP": CLUSTER_IP, "load balancer": VIP, "externalIP": EXTERNAL_IP}
READY, TERMINATING, GONE = "ready", "terminating", "gone"  # gone: terminating, and it no longer serves
MODES = ("iptables", "nftables")
POLICIES = ("Cluster", "Local")
MOST_NODES, MOST_PODS = 3, 2
NOWHERE = 0  # the place of an endpoint that is on no node; nodes count from 1


@dataclass(frozen=True)
class Placed:
    """One endpoint of the Service: its state, and its node."""

    state: str
    place: int


@dataclass(frozen=True)
class Small:
    """One small cluster."""

    nodes: int
    pods: tuple[Placed, ...]
    external: str
    internal: str
    affinity: bool
    mode: str

    def renamed(self, names: tuple[int, ...]) -> Small:
        """The same cluster with other names for its nodes: node k is called names[k - 1]."""
        moved = (replace(pod, place=pod.place and names[pod.place - 1]) for pod in self.pods)
        return replace(self, pods=tuple(sorted(moved, key=repr)))

    @property
    def renamings(self) -> list[tuple[int, ...]]:
        return list(permutations(range(1, self.nodes + 1)))[1:]


@dataclass(frozen=True)
class Asked:
    """A client and an entrance: client 0 is outside and enters by `node`, a positive one is on that node."""

    entrance: str
    kind: str  # outside, pod, node, or endpoint
    node: int  # of the client; for one outside the node by which it enters; 0 for the name
    dialled: int = 0  # the node whose nodePort is dialled


def every_cluster() -> Iterator[Small]:
    """Yield every small cluster; endpoints that differ only in their order count once."""
    for nodes in range(1, MOST_NODES + 1):
        kinds = product((READY, TERMINATING, GONE), range(nodes + 1))
        places = sorted((Placed(state, place) for state, place in kinds), key=repr)
        for count in range(MOST_PODS + 1):
            for pods in combinations_with_replacement(places, count):
                for external, internal, affinity, mode in product(POLICIES, POLICIES, (False, True), MODES):
                    yield Small(nodes, pods, external, internal, affinity, mode)


def every_question(small: Small) -> Iterator[Asked]:
    """Yield each entrance with each kind of client on each node."""
    nodes = range(1, small.nodes + 1)
    yield Asked("name", "outside", 0)
    for node in nodes:
        yield Asked("nodePort", "outside", node, node)
        for entrance in ENTRANCES:
            yield Asked(entrance, "outside", node)
    clients = [*product(("pod", "node"), nodes)]
    clients += sorted({("endpoint", pod.place) for pod in small.pods if pod.place and pod.state != GONE})
    for kind, node in clients:
        for entrance in ENTRANCES:
            yield Asked(entrance, kind, node)
        for dialled in nodes:
            yield Asked("nodePort", kind, node, dialled)


def renamed(asked: Asked, names: tuple[int, ...]) -> Asked:
    """The same question after the nodes have other names."""
    return replace(
        asked,
        node=asked.node and names[asked.node - 1],
        dialled=asked.dialled and names[asked.dialled - 1],
    )


# -- a small cluster as a cluster of the model ----


class World:
    """A small cluster: as the model has it, and the rules of its nodes as text."""

    def __init__(self, small: Small) -> None:
        self.small = small
        self.cluster = kx.Cluster(nodes=small.nodes, proxy=kx.ProxyConfig(mode=small.mode))
        self.cluster.apply(self._service())
        self.cluster.set_load_balancer("web", [{"ip": VIP}])
        self.endpoints: dict[str, Placed] = {}
        for number, pod in enumerate(small.pods, 2):
            self.endpoints[f"192.0.2.{number}" if pod.place == NOWHERE else f"10.244.{pod.place}.{number}"] = pod
        self.cluster.apply(self._slice())
        for node in range(1, small.nodes + 1):
            self.cluster.store.put_pod(kx.Pod(f"client-{node}", node=f"node-{node}", ip=f"10.244.{node}.200"))
        for ip, pod in self.endpoints.items():
            if pod.place != NOWHERE and pod.state != GONE:
                self.cluster.store.put_pod(kx.Pod(f"web-{ip}", node=f"node-{pod.place}", ip=ip))
        self.rules = {node: self._rules(node) for node in range(1, small.nodes + 1)}

    def _service(self) -> dict[str, object]:
        spec: dict[str, object] = {
            "type": "LoadBalancer", "clusterIP": CLUSTER_IP, "externalIPs": [EXTERNAL_IP],
            "ports": [{"port": 80, "targetPort": 8080, "nodePort": NODE_PORT}],
            "externalTrafficPolicy": self.small.external, "internalTrafficPolicy": self.small.internal,
            "sessionAffinity": "ClientIP" if self.small.affinity else "None",
        }  # fmt: skip
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

    def _slice(self) -> dict[str, object]:
        endpoints = []
        for ip, pod in self.endpoints.items():
            conditions = {
                "ready": pod.state == READY,
                "serving": pod.state != GONE,
                "terminating": pod.state != READY,
            }
            home = {} if pod.place == NOWHERE else {"nodeName": f"node-{pod.place}"}
            endpoints.append({"addresses": [ip], "conditions": conditions, **home})
        return {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}], "endpoints": endpoints,
        }  # fmt: skip

    def _rules(self, node: int) -> Rules:
        written = kx.proxy_rules(self.cluster, node=f"node-{node}")
        return NftRules(written.transaction) if self.small.mode == "nftables" else IptablesRules(written.text)

    # -- a question to the model ----

    def question(self, asked: Asked) -> tuple[str, str, str | None]:
        """Return target, client and `via` of a question."""
        if asked.entrance == "name":
            return "web", OUTSIDE, None
        target = f"{ENTRANCES[asked.entrance]}:80" if asked.entrance in ENTRANCES else node_port(asked.dialled)
        if asked.kind == "outside":
            return target, OUTSIDE, f"node-{asked.node}"
        return target, self.client(asked), None

    def client(self, asked: Asked) -> str:
        if asked.kind == "endpoint":
            return f"pod/web-{self.client_ip(asked)}"
        return f"pod/client-{asked.node}" if asked.kind == "pod" else f"node/node-{asked.node}"

    def client_ip(self, asked: Asked) -> str:
        if asked.kind == "endpoint":
            here = (ip for ip, pod in self.endpoints.items() if pod.place == asked.node and pod.state != GONE)
            return next(here)
        return {"outside": OUTSIDE, "pod": f"10.244.{asked.node}.200", "node": node_ip(asked.node)}[asked.kind]

    # -- what the rules say ----

    def expected(self, asked: Asked) -> Ends:
        """Take the packet from its client to every end, by the rules as text and a few facts about networks."""
        ends = Ends()
        src = self.client_ip(asked)
        if asked.kind != "outside":
            port = NODE_PORT if asked.dialled else 80
            dst = node_ip(asked.dialled) if asked.dialled else ENTRANCES[asked.entrance]
            self._at(asked.node, src, dst, port, interface(asked.kind), Fraction(1), ends)
        elif asked.entrance == "name":
            self._through_load_balancer(src, 0, Fraction(1), ends)
        elif asked.dialled:
            self._at(asked.dialled, src, node_ip(asked.dialled), NODE_PORT, "eth0", Fraction(1), ends)
        else:
            self._at(asked.node, src, ENTRANCES[asked.entrance], 80, "eth0", Fraction(1), ends)
        return ends

    def healthy(self) -> list[int]:
        """The nodes that the load balancer sends to: under Local those with a ready endpoint of their own."""
        nodes = range(1, self.small.nodes + 1)
        ready = {pod.place for pod in self.small.pods if pod.state == READY}
        return [node for node in nodes if self.small.external == "Cluster" or node in ready]

    def _through_load_balancer(self, src: str, home: int, probability: Fraction, ends: Ends) -> None:
        healthy = self.healthy()
        if not healthy:
            ends.add("timeout", probability)
        for node in healthy:
            share = probability / len(healthy)
            if node == home:
                ends.add("timeout", share)  # it comes back with the node's own address as its source
            else:
                self._at(node, src, node_ip(node), NODE_PORT, "eth0", share, ends)

    def _at(self, node: int, src: str, dst: str, port: int, came_by: str, probability: Fraction, ends: Ends) -> None:
        fate = self.rules[node].through(Packet(src, dst, port, "tcp", came_by, (node_ip(node),)))
        if fate.action == "DNAT":
            for to, share in fate.endpoints.items():
                ip = to.removesuffix(":8080")
                masqueraded = fate.masquerade[to] or (in_pod_network(src) and not in_pod_network(ip))
                seen = node_ip(node) if masqueraded else src
                ends.deliver(self.endpoints[ip], seen, probability * share, hop=self.endpoints[ip].place != node)
        elif fate.action in ("REJECT", "DROP"):
            ends.add("refused" if fate.action == "REJECT" else "timeout", probability)
        elif dst == node_ip(node):
            ends.add("refused", probability)
        elif dst.startswith("10.0.0."):
            # Outside the Pod network a Pod's packet carries its node's address.
            self._at(int(dst[-1]), node_ip(node) if in_pod_network(src) else src, dst, port, "eth0", probability, ends)
        elif dst == VIP and came_by != "eth0":
            carried = node_ip(node) if in_pod_network(src) else src
            self._through_load_balancer(carried, node, probability, ends)
        else:
            ends.add("timeout", probability)


def node_ip(node: int) -> str:
    return f"10.0.0.{node}"


def node_port(node: int) -> str:
    return f"{node_ip(node)}:{NODE_PORT}"


def in_pod_network(ip: str) -> bool:
    return ip.startswith("10.244.")


def interface(kind: str) -> str:
    """By which interface the packet of a client comes to its own node; a process of the node needs none."""
    return "" if kind == "node" else "veth7"


class Ends:
    """Where packets end, and how often: at an endpoint, with the source that it sees, or with nobody."""

    def __init__(self) -> None:
        self.delivered: dict[tuple[Placed, str], Fraction] = {}
        self.lost: dict[str, Fraction] = {}
        self.extra_hop = Fraction(0)

    def deliver(self, to: Placed, seen: str, probability: Fraction, *, hop: bool) -> None:
        self.delivered[to, seen] = self.delivered.get((to, seen), Fraction(0)) + probability
        self.extra_hop += probability * hop

    def add(self, outcome: str, probability: Fraction) -> None:
        self.lost[outcome] = self.lost.get(outcome, Fraction(0)) + probability

    @property
    def total(self) -> Fraction:
        return sum((*self.delivered.values(), *self.lost.values()), Fraction(0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ends) and (self.delivered, self.lost) == (other.delivered, other.lost)

    def __repr__(self) -> str:
        return f"Ends({self.delivered}, {self.lost})"

    def renamed(self, names: tuple[int, ...]) -> Ends:
        """The same ends after the nodes have other names."""
        found = Ends()
        for (to, seen), probability in self.delivered.items():
            home = replace(to, place=to.place and names[to.place - 1])
            head, _, tail = seen.rpartition(".")
            if seen.startswith("10.0.0."):
                seen = node_ip(names[int(tail) - 1])
            elif seen.startswith("10.244."):
                seen = f"10.244.{names[int(head.rpartition('.')[2]) - 1]}.{tail if tail == '200' else 'endpoint'}"
            found.deliver(home, seen, probability, hop=False)
        found.lost = self.lost
        return found


# -- the laws ----


def check(world: World) -> dict[Asked, Ends]:
    """Check every law but the one on names in one cluster; return where the packets of each question end."""
    check_health(world)
    ends = {asked: check_question(world, asked) for asked in every_question(world.small)}
    if world.small.affinity:
        check_memory(world)
    return ends


def check_health(world: World) -> None:
    """The health check says 200 where a ready endpoint is on the node, and nowhere else."""
    if world.small.external == "Local":
        for node in range(1, world.small.nodes + 1):
            answer = kx.health_check(world.cluster, "web", node=f"node-{node}")
            assert (answer.status == 200) is (Placed(READY, node) in world.small.pods), (world.small, node)
    entered = kx.entries(world.cluster, "web", OUTSIDE)
    healthy = world.healthy()
    assert entered == {f"node-{node}": Fraction(1, len(healthy)) for node in healthy}, world.small


def check_question(world: World, asked: Asked) -> Ends:
    """Routes, shares and rules say the same; what they say is a distribution; Local never hops from outside."""
    told = (world.small, asked)
    target, client, via = world.question(asked)
    routes = kx.routes(world.cluster, target, client, via=via)
    shares = kx.shares(world.cluster, target, client, via=via)
    found, extra_hop = Ends(), Fraction(0)
    by_pod: dict[str, Fraction] = {}
    for route in routes:
        assert route.probability > 0, told
        if not route.delivered:
            found.add(route.outcome, route.probability)
            continue
        ip = route.hops[-1].dst.removesuffix(":8080")
        found.deliver(world.endpoints[ip], str(route.client_seen), route.probability, hop=route.extra_hop)
        extra_hop += route.probability * route.extra_hop
        by_pod[str(route.pod)] = by_pod.get(str(route.pod), Fraction(0)) + route.probability
    expected = world.expected(asked)
    assert found.total == expected.total == 1, told
    assert found == expected, (*told, found, expected)
    assert shares.by_pod == by_pod, told
    assert sum(shares.by_pod.values()) + shares.lost == 1, told
    assert sum(shares.by_node.values()) == sum(shares.by_pod.values()), told
    assert shares.extra_hop == extra_hop, told
    assert extra_hop == (expected.extra_hop if asked.kind == "outside" else 0), told
    if asked.kind == "outside" and asked.entrance != "clusterIP":
        kept = all(seen == OUTSIDE for _, seen in found.delivered)
        if world.small.external == "Local":
            assert extra_hop == 0 and kept, told
        else:
            assert not found.delivered or not kept, told
    return found


def check_memory(world: World) -> None:
    """A client that has been answered meets the same endpoint on the same node, and only there."""
    cluster = world.cluster.copy()
    for node in range(1, world.small.nodes + 1):
        first = kx.send(cluster, node_port(node), OUTSIDE, seed=node)
        again = kx.routes(cluster, node_port(node), OUTSIDE)
        if first.delivered:
            assert [(route.pod, route.probability) for route in again] == [(first.pod, 1)], (world.small, node)
        stranger = kx.routes(cluster, node_port(node), "203.0.113.99")
        assert len(stranger) == len(kx.routes(world.cluster, node_port(node), OUTSIDE)), (world.small, node)


def check_names(small: Small, ends: dict[Asked, Ends], others: dict[Small, dict[Asked, Ends]]) -> int:
    """Nodes with other names: the same shares, with those names. Return how many questions were compared."""
    count = 0
    for names in small.renamings:
        there = others.get(small.renamed(names))
        if there is None:
            continue
        straight = tuple(range(1, small.nodes + 1))
        for asked, found in ends.items():
            count += 1
            assert found.renamed(names) == there[renamed(asked, names)].renamed(straight), (small, names, asked)
    return count
