"""Questions of lesson 1: what a NodePort is, which numbers it takes, and why it is no front door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...api.errors import ApiError
from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ..forms import OUTCOMES, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "01_nodeport"
NAME = "debug-svc-nodeport"
WINDOWS = ((30000, 32767),)


def window() -> Cluster:
    """Build the cluster of lesson 1: one Pod on node-1, and the debug Service."""
    cluster = Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=[1, 0, 0])
    cluster.apply(example(NAME))
    return cluster


def spread_out() -> Cluster:
    """Build the same with a Pod on every node."""
    cluster = window()
    cluster.scale("debug-tools", per_node=[1, 1, 1])
    return cluster


def no_match() -> Cluster:
    """Build the same with a second Service, whose selector matches no Pod."""
    cluster = window()
    cluster.apply(example("wrong-selector"))
    return cluster


def _answering(cluster: Cluster) -> frozenset[str]:
    """Give the node addresses on which every connection to the node port is delivered."""
    number = cluster.service(NAME).ports[0].node_port
    addresses = [node.addresses[0] for node in cluster.nodes]
    return frozenset(ip for ip in addresses if all(way.delivered for way in routes(cluster, f"{ip}:{number}")))


def _manifest(name: str, *ports: Mapping[str, Any]) -> dict[str, Any]:
    spec = {"type": "NodePort", "selector": {"app": "debug-tools"}, "ports": list(ports)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _accepts(cluster: Cluster, manifest: Mapping[str, Any], namespace: str = "default") -> bool:
    try:
        # Not a dry run: the API server checks no range in one.
        cluster.copy().create(manifest, namespace=namespace)
    except ApiError:
        return False
    return True


def accepted_numbers(cluster: Cluster) -> frozenset[str]:
    """Ask the API server for 80, 8080 and 30500."""
    numbers = (80, 8080, 30500)
    tries = {number: _manifest(f"try-{number}", {"port": 80, "nodePort": number}) for number in numbers}
    return frozenset(str(number) for number, manifest in tries.items() if _accepts(cluster, manifest))


def accepted_shares(cluster: Cluster) -> frozenset[str]:
    """Ask for a number that is taken, for it with another protocol, and for one number twice in a Service."""
    taken = cluster.service(NAME).ports[0].node_port
    both = [{"name": p.lower(), "port": 53, "protocol": p, "nodePort": 30053} for p in ("TCP", "UDP")]
    tries = {
        "a": (_manifest("again", {"port": 80, "nodePort": taken}), "team-b"),
        "b": (_manifest("again", {"port": 80, "nodePort": taken, "protocol": "UDP"}), "default"),
        "c": (_manifest("dns", *both), "default"),
    }
    return frozenset(letter for letter, (manifest, scope) in tries.items() if _accepts(cluster, manifest, scope))


def safer_pin(cluster: Cluster) -> str:
    """Let 200 Services leave nodePort out; tell which number lies outside of what they were given."""
    picks = []
    for number in range(200):
        created = cluster.create(_manifest(f"pick-{number}", {"port": 80}))
        picks.append(created.ports[0].node_port or 0)
    safe = [number for number in (30050, 31000) if not min(picks) <= number <= max(picks)]
    return str(safe[0]) if len(safe) == 1 else "same"


TYPOS = {
    "a": ("type: NodePort", "type: Nodeport"),
    "b": ("targetPort: 8080", "targetport: 8080"),
    "c": ("app: debug-tools", "app: debugtools"),
    "d": ("targetPort: 8080", "targetPort: 8081"),
}


def refused_typos(cluster: Cluster) -> frozenset[str]:
    """Make one mistake after the other in the debug manifest, and try to apply it."""
    text = example(NAME).read_text(encoding="utf-8")
    found = set()
    for letter, (right, wrong) in TYPOS.items():
        try:
            Cluster(nodes=1).apply(text.replace(right, wrong))
        except ApiError:
            found.add(letter)
    return frozenset(found)


def without_endpoints(cluster: Cluster) -> str:
    """Dial the node port of a Service whose selector matches no Pod."""
    number = cluster.service("wrong-selector").ports[0].node_port
    return routes(cluster, f"{cluster.nodes[0].addresses[0]}:{number}")[0].outcome


def ping(cluster: Cluster) -> str:
    """Ping the same node."""
    (way,) = routes(cluster, cluster.nodes[0].addresses[0], protocol="ICMP")
    return "yes" if way.delivered else "no"


def behind_firewall(cluster: Cluster) -> str:
    """Count the windows that answer while the cloud's firewall is closed."""
    cluster.firewall = WINDOWS
    return str(len(_answering(cluster)))


def hard_coded(cluster: Cluster) -> float:
    """Crash the node that a client wrote down, and wait ten minutes."""
    node = cluster.nodes[0]
    target = f"{node.addresses[0]}:{cluster.service(NAME).ports[0].node_port}"
    cluster.fail(node.name)
    cluster.advance(600)
    return float(100 * (1 - shares(cluster, target).lost))


def from_the_laptop(cluster: Cluster) -> str:
    """Dial a node that the client cannot route to."""
    cluster.nodes_routable = False
    return "yes" if _answering(cluster) else "no"


def back_once(cluster: Cluster) -> str:
    """Apply the manifest with the one word changed back."""
    text = example(NAME).read_text(encoding="utf-8")
    try:
        cluster.apply(re.sub(r"type: NodePort", "type: ClusterIP", text))
    except ApiError:
        return "refused"
    return "kept" if cluster.service(NAME).ports[0].node_port else "freed"


def back_twice(cluster: Cluster) -> str:
    """Apply the same file a second time."""
    back_once(cluster)
    return back_once(cluster)


QUESTIONS = (
    Question(
        "np-which-nodes", LESSON, "Which node addresses answer on port 30007, with the only Pod on node-1?",
        Several(
            ("10.0.0.1", "10.0.0.2", "10.0.0.3"),
            {"node-1": "10.0.0.1", "node-2": "10.0.0.2", "node-3": "10.0.0.3"},
        ),
        window, _answering,
        right="{right}: every node carries the same rules, wherever the Pod runs.",
        wrong=(
            Wrong(
                frozenset({"10.0.0.1"}),
                "You expected only the node that runs the Pod: NodePort is per node. That is what "
                "externalTrafficPolicy: Local looks like. Here the field says Cluster. These answer: {right}.",
                8,
            ),
            Wrong(
                frozenset(),
                "You expected nobody. On a laptop cluster or behind a firewall you would be right, and section 5 "
                "shows both. Here nothing stands in the way. These answer: {right}.",
            ),
            Wrong(
                lambda given, right: given < right,
                "You expected {given} only. Which node a packet comes in by makes no difference while "
                "externalTrafficPolicy says Cluster; with Local it would. These answer: {right}.",
                8,
            ),
        ),
    ),
    Question(
        "np-number", LESSON, "Which of 80, 8080 and 30500 does the API server take as nodePort?",
        Several(("80", "8080", "30500")), window, accepted_numbers,
        right="{right}: the range is 30000-32767 unless the cluster's owner says otherwise.",
        wrong=(
            Wrong(
                lambda given, right: "80" in given,
                "You expected that any number will do. That is true of port: it may well be 80. "
                "The nodePort is taken on every node, next to what else runs there. Accepted: {right}.",
                9,
            ),
            Wrong(
                lambda given, right: "8080" in given,
                "You expected that any number above 1023 will do. That is Linux's rule for a process without "
                "privileges. The API server has a range of its own. Accepted: {right}.",
                9,
            ),
            Wrong(
                frozenset(),
                "You expected that the number cannot be chosen. It is picked for you only when you leave the line "
                "out. Accepted: {right}.",
            ),
        ),
    ),
    Question(
        "np-collisions", LESSON, "A number is taken. Which may use it: (a) another Service, (b) another Service with "
        "UDP, (c) TCP and UDP of one Service together?",
        Several(("a", "b", "c")), window, accepted_shares,
        right="{right}: one list of numbers for the whole cluster; only ports of one Service share.",
        wrong=(
            Wrong(
                lambda given, right: "a" in given,
                "You expected a number to be yours inside your namespace, as names are. Node ports come from one list "
                "for all namespaces. Accepted: {right}.",
                2,
            ),
            Wrong(
                lambda given, right: "b" in given,
                "You expected UDP 30007 and TCP 30007 to be two things. On a socket they are. The list counts "
                "numbers, whatever the protocol; only one Service may use both. Accepted: {right}.",
                2,
            ),
            Wrong(
                lambda given, right: "c" not in given,
                "You expected a number to serve once and never again. Between Services that holds. Inside one Service "
                "TCP and UDP may share it, if port is the same too. Accepted: {right}.",
                2,
            ),
        ),
    ),
    Question(
        "np-pin", LESSON, "Next month you apply a manifest that names its nodePort; until then other teams let "
        "theirs be picked. Which number is safer?",
        Choice(("30050", "31000", "same")), window, safer_pin,
        right="{right}: picks come from 30086 on, and leave what lies below to those who choose.",
        wrong=(
            Wrong(
                "same",
                "You expected a number to be yours because you wrote it down. It is yours once the API server has "
                "given it to your Service. Until then an automatic pick may take it, and picks do not fall "
                "everywhere: {right} is safer.",
                2,
            ),
            Wrong(
                "31000",
                "You expected numbers to be given out from the bottom. A counter would do that. Picks are random, and "
                "they spare the low end, from 30000 to 30085: {right} is safer.",
                2,
            ),
        ),
    ),
    Question(
        "np-selector", LESSON, "The selector matches no Pod. What does a client get at the window?",
        OUTCOMES, no_match, without_endpoints,
        right="{right}: kube-proxy knows that the list of Pods is empty, and writes a rule that says no at once.",
        wrong=(
            Wrong(
                "delivered",
                "You expected endpoints because Pods run and the API server said created. It checks the form of the "
                "manifest. Pods get in only by matching labels, all of them, to the letter. The client gets: {right}.",
                3,
            ),
            Wrong(
                "timeout",
                "You expected silence. That is how a firewall, a crashed node or a missing route look. Here the node "
                "is reached and answers for the empty list. The client gets: {right}.",
            ),
        ),
    ),
    Question(
        "np-ping", LESSON, "Behind that window is no Pod. Does a ping to the node's address come back?",
        Choice(("yes", "no")), no_match, ping,
        right="{right}: the node answers for itself. It says nothing about any Service on it.",
        wrong=(
            Wrong(
                "no",
                "You expected the ping to fail with the Service. For a host with one job, ping is a fair sign. A "
                "Service translates ports, and a ping has none: it meets the node alone. Does it come back: {right}.",
                21,
            ),
        ),
    ),
    Question(
        "np-firewall", LESSON, "In a cloud, the firewall untouched: how many of the three windows answer?",
        Choice(("0", "1", "2", "3")), window, behind_firewall,
        right="{right}: for type NodePort, Kubernetes opens no firewall.",
        wrong=(
            Wrong(
                "3",
                "You expected the firewall to be handled for you. For type LoadBalancer most clouds do it. For "
                "a NodePort you open the range yourself, on every node. It is {right}.",
                19,
            ),
            Wrong(
                "1",
                "You expected one open node. Windows do not depend on where the Pod runs, and firewall rules "
                "do not know about Pods. It is {right}.",
                8,
            ),
        ),
        otherwise="All nodes are behind the same firewall: it is {right}.",
    ),
    Question(
        "np-hard-coded", LESSON, "A client wrote down 10.0.0.1, and node-1 crashes. What part of its requests "
        "succeeds ten minutes later, in percent?",
        Percent(), spread_out, hard_coded,
        right="{right} %: Kubernetes moves Pods, but it does not move a node's address.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "You expected the cluster to heal. It does: the Pods run elsewhere, and the other windows work again. "
                "But this client knocks at one wall, and that wall is gone. It is {right} %.",
            ),
            Wrong(
                lambda given, right: 60 <= given <= 70,
                "You expected the loss of one Pod in three. Clients of the other windows see that for a while. "
                "This client never gets past the wall. It is {right} %.",
            ),
        ),
    ),
    Question(
        "np-laptop", LESSON, "On kind or minikube (docker driver), does NodeIP:nodePort answer your laptop's browser?",
        Choice(("yes", "no")), window, from_the_laptop,
        right="{right}: the node is a container. On macOS and Windows no route leads to its address.",
        wrong=(
            Wrong(
                "yes",
                "You expected the node to be your laptop. With Docker on Linux its address can be routed, and it "
                "works. On macOS and Windows map the port (kind) or open a tunnel (minikube service). Here: {right}.",
                6,
            ),
        ),
    ),
    Question(
        "np-back-first", LESSON, "The debug manifest, one word changed: type ClusterIP. What becomes of the number?",
        Choice(("freed", "kept", "refused")), window, back_once,
        part="exercise",
        right="{right}: the server sees the type change, and clears the nodePort that you did not touch.",
        wrong=(
            Wrong(
                "kept",
                "You expected the number to stay in the object. In your file it does. In the cluster, recent servers "
                "clear it when the type changes. It is {right}.",
                4,
            ),
            Wrong(
                "refused",
                "You expected Forbidden. Old servers said so, and so does this one if the nodePort is set on a "
                "ClusterIP Service. On the change itself the untouched number is cleared. It is {right}.",
                4,
            ),
        ),
    ),
    Question(
        "np-back-again", LESSON, "You apply that same file a second time. What now?",
        Choice(("freed", "kept", "refused")), window, back_twice,
        part="exercise",
        right="{right}: now the type does not change, so your line asks for a nodePort on a ClusterIP Service.",
        wrong=(
            Wrong(
                "freed",
                "You expected the same file to do the same thing: going back is a one-word edit. With an automatic "
                "number it is. But your file still says nodePort, and the type no longer changes. It is {right}.",
                4,
            ),
            Wrong(
                "kept",
                "You expected nothing to happen. That holds for a file that the server agrees with. This one still "
                "asks for a nodePort, on a ClusterIP Service. It is {right}.",
                4,
            ),
        ),
    ),
    Question(
        "np-typos", LESSON, "Four manifests with one mistake each: (a) type: Nodeport, (b) targetport: 8080, "
        "(c) selector app: debugtools, (d) targetPort: 8081. Which does the API server refuse?",
        Several(("a", "b", "c", "d")), window, refused_typos,
        part="optional",
        right="{right}: it knows its own words and fields. Labels and ports of your Pods it does not compare.",
        wrong=(
            Wrong(
                lambda given, right: "c" in given,
                "You expected somebody to compare the selector with the Pods. A label that no Pod carries is no "
                "mistake to the API server: the Pods may come tomorrow. Refused: {right}.",
                3,
            ),
            Wrong(
                lambda given, right: "d" in given,
                "You expected somebody to ask the container on which port it listens. Nobody does; even a "
                "containerPort would be a note to the reader. Refused: {right}.",
                3,
            ),
            Wrong(
                lambda given, right: "b" not in given,
                "You expected an unknown key to be passed over. With kubectl apply --validate=false it is, and "
                "targetPort is silently 80, as port. Otherwise kubectl asks for a strict reading. Refused: {right}.",
            ),
            Wrong(
                lambda given, right: "a" not in given,
                "You expected capital letters not to matter. In YAML and in the API every letter counts, and the "
                "types are four fixed words. Refused: {right}.",
            ),
        ),
    ),
)  # fmt: skip
