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
BACK = Choice(
    ("freed", "kept", "refused"),
    labels={
        "freed": "freed: the Service has no node port any more",
        "kept": "kept: the Service still has it",
        "refused": "refused: the API server does not accept the file",
    },
)
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
    """Ask the API server for 80, 8080, 30500 and 32768."""
    numbers = (80, 8080, 30500, 32768)
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
    """Count the nodes that answer while the cloud's firewall is closed."""
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
        "np-which-nodes", LESSON, "The only Pod of this Service runs on node-1. A client tries port 30007 on all three "
        "nodes. Which of them answer?",
        Several(
            ("10.0.0.1", "10.0.0.2", "10.0.0.3"),
            {"node-1": "10.0.0.1", "node-2": "10.0.0.2", "node-3": "10.0.0.3"},
            {"10.0.0.1": "node-1 (10.0.0.1)", "10.0.0.2": "node-2 (10.0.0.2)", "10.0.0.3": "node-3 (10.0.0.3)"},
        ),
        window, _answering,
        right="Every node has the same rules, and these rules know all Pods of the Service, wherever they run.",
        wrong=(
            Wrong(
                frozenset({"10.0.0.1"}),
                "A program that listens on node-1 would answer there only. But the Pod does not open this port. Every "
                "node of the cluster has the rules, and each rule knows all Pods of the Service. (With one setting of "
                "the Service, called Local, you would be right; the default is called Cluster.)",
                8,
            ),
            Wrong(
                frozenset(),
                "On many laptop clusters, and behind a firewall, none of them would answer; section 5 shows both. "
                "Here nothing is between the client and the nodes, and every node has the rules.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose does answer. But every node has the same rules, and each rule knows all Pods of the "
                "Service, so it makes no difference at which node a packet arrives.",
                8,
            ),
        ),
    ),
    Question(
        "np-number", LESSON, "Which of these numbers does the API server accept as nodePort?",
        Several(("80", "8080", "30500", "32768")), window, accepted_numbers,
        right="The range is 30000-32767, unless the cluster's owner has set another one.",
        wrong=(
            Wrong(
                lambda given, right: "80" in given,
                "The field port can be any number, and 80 is common there. A nodePort is used on every node, beside "
                "everything else that runs there, so it comes from a range of its own.",
                9,
            ),
            Wrong(
                lambda given, right: "8080" in given,
                "On Linux a process without privileges may use any port above 1023. The API server has a narrower "
                "range for node ports.",
                9,
            ),
            Wrong(
                lambda given, right: "32768" in given,
                "It is right that the range is above 30000, and a port can have any number up to 65535. But the range "
                "for node ports ends at 32767.",
            ),
            Wrong(
                frozenset(),
                "When you leave the line out, the API server chooses the number for you. But you may write a number "
                "of your own, if it is in the range.",
            ),
        ),
    ),
    Question(
        "np-collisions", LESSON, "Which of these does the API server accept?",
        Several(
            ("a", "b", "c"),
            labels={
                "a": "(a) node port 30007, which is in use, for a Service in another namespace",
                "b": "(b) node port 30007, which is in use, for another Service, with UDP",
                "c": "(c) a new number for both TCP and UDP of one Service",
            },
        ),
        window, accepted_shares,
        right="There is one list of numbers for the whole cluster, and only the ports of one Service may share a "
        "number.",
        wrong=(
            Wrong(
                lambda given, right: "a" in given,
                "Names do belong to one namespace. Node ports do not: there is one list of numbers for all "
                "namespaces.",
                2,
            ),
            Wrong(
                lambda given, right: "b" in given,
                "On a socket, TCP and UDP are two things. The API server's list counts numbers, whatever the "
                "protocol, and only one Service may use both.",
                2,
            ),
            Wrong(
                lambda given, right: "c" not in given,
                "Between two Services this is right: a number is used once. Within one Service, TCP and UDP may "
                "share it, if they also have the same port.",
                2,
            ),
        ),
    ),
    Question(
        "np-pin", LESSON, "Your manifest contains a nodePort, and you will apply it next month. Until then other "
        "teams create Services without a number. Which number is more likely to be still free?",
        Choice(("30050", "31000", "same"), labels={"same": "both are equally likely"}), window, safer_pin,
        right="Automatic numbers start at 30086. The numbers below are left to those who choose one themselves.",
        wrong=(
            Wrong(
                "same",
                "A number is yours once the API server has given it to your Service. Until then another Service may "
                "get it automatically. Automatic numbers start at 30086, so a number below that is safer.",
                2,
            ),
            Wrong(
                "31000",
                "A counter would give out the lowest numbers first. The API server chooses at random instead, and "
                "uses 30000 to 30085 only when everything else is taken.",
                2,
            ),
        ),
    ),
    Question(
        "np-selector", LESSON, "The selector of a Service matches no Pod. What does a client get at its node port?",
        OUTCOMES, no_match, without_endpoints,
        right="kube-proxy knows that the list of Pods is empty, and writes a rule that refuses at once.",
        wrong=(
            Wrong(
                "delivered",
                "The Pods do run, and the API server did say created. But it checks only the form of the manifest. A"
                " Pod becomes an endpoint only if all labels of the selector match exactly.",
                3,
            ),
            Wrong(
                "timeout",
                "A firewall, a crashed node or a missing route do look like that. Here the packet reaches the node, "
                "and the node refuses because the Service has no endpoints.",
            ),
        ),
    ),
    Question(
        "np-ping", LESSON, "The Service at this node port has no Pod. Is a ping to the node's address answered?",
        Choice(("yes", "no")), no_match, ping,
        right="The node is alive and answers the ping itself. A Service has nothing to do with it.",
        wrong=(
            Wrong(
                "no",
                "For a machine with one task, ping is a fair test. A Service translates ports, and a ping has no "
                "port: it tests the node only.",
                21,
            ),
        ),
    ),
    Question(
        "np-firewall", LESSON, "The cluster moves to a cloud with its default firewall. How many of the three nodes "
        "answer on port 30007?",
        Choice(("0", "1", "2", "3")), window, behind_firewall,
        right="For type NodePort, Kubernetes opens no firewall.",
        wrong=(
            Wrong(
                "3",
                "For type LoadBalancer most clouds do open the firewall for you. For a NodePort you must open the "
                "range yourself, and you open it on every node.",
                19,
            ),
            Wrong(
                "1",
                "It is right that a firewall may leave some machines open. But these nodes are all behind the same "
                "firewall, and node ports do not depend on where the Pod runs.",
                8,
            ),
        ),
        otherwise="All nodes are behind the same firewall, so either all of them answer or none.",
    ),
    Question(
        "np-hard-coded", LESSON, "A client always uses the address 10.0.0.1, and node-1 crashes. What percentage of "
        "its requests succeeds ten minutes later?",
        Percent(), spread_out, hard_coded,
        right="Kubernetes replaces lost Pods, but it does not move a node's address.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "The cluster does heal: new Pods run on other nodes, and the other nodes still answer. But this "
                "client always uses node-1's address, and node-1 is down.",
            ),
            Wrong(
                lambda given, right: 60 <= given <= 70,
                "Clients of the other nodes do lose one connection in three for a while. This client never gets past"
                " node-1, which is down.",
            ),
        ),
    ),
    Question(
        "np-laptop", LESSON, "A laptop cluster (kind, or minikube with Docker) on macOS: does NodeIP:30007 answer your "
        "browser?",
        Choice(("yes", "no")), window, from_the_laptop,
        right="The node is a container. On macOS and Windows no route leads to its address.",
        wrong=(
            Wrong(
                "yes",
                "With Docker on Linux the laptop has a route to the node, and this works. On macOS and Windows "
                "it has none: map the port (kind) or open a tunnel (minikube service).",
                6,
            ),
        ),
    ),
    Question(
        "np-back-first", LESSON, "The NodePort Service is running. You change one word in its file, to type: "
        "ClusterIP, leave nodePort: 30007 as it is, and apply the file. What happens to the number?",
        BACK, window, back_once,
        part="exercise",
        right="The API server sees that the type changes, and clears the nodePort that you did not change.",
        wrong=(
            Wrong(
                "kept",
                "In your file the number does stay. In the cluster, the API server clears it when the type changes.",
                4,
            ),
            Wrong(
                "refused",
                "Old versions did answer Forbidden, and this one does if you set a nodePort on a ClusterIP Service. "
                "When the type changes and the number was left as it was, the number is cleared.",
                4,
            ),
        ),
    ),
    Question(
        "np-back-again", LESSON, "You apply the same file a second time. What happens now?",
        BACK, window, back_twice,
        part="exercise",
        right="Now the type does not change, so your line asks for a nodePort on a Service of type ClusterIP.",
        wrong=(
            Wrong(
                "freed",
                "With an automatic number the same file would do the same thing. But your file still contains a "
                "nodePort, and this time the type does not change, so the line is an error.",
                4,
            ),
            Wrong(
                "kept",
                "For a file that agrees with the cluster nothing happens. This file still asks for a nodePort, on a "
                "Service of type ClusterIP.",
                4,
            ),
        ),
    ),
    Question(
        "np-typos", LESSON, "Four manifests have one mistake each. Which of them does the API server refuse?",
        Several(
            ("a", "b", "c", "d"),
            labels={
                "a": "(a) type: Nodeport",
                "b": "(b) targetport: 8080",
                "c": "(c) the selector app: debugtools",
                "d": "(d) targetPort: 8081",
            },
        ),
        window, refused_typos,
        part="optional",
        right="The API server knows its own words and fields. It does not compare them with the labels and ports of "
        "your Pods.",
        wrong=(
            Wrong(
                lambda given, right: "c" in given,
                "A selector that matches no Pod is a mistake for you, that is true. For the API server it is not: "
                "Pods with this label may be created tomorrow.",
                3,
            ),
            Wrong(
                lambda given, right: "d" in given,
                "The port is wrong, that is true. But nobody asks the container on which port it listens, and even a"
                " containerPort is only a note for the reader.",
                3,
            ),
            Wrong(
                lambda given, right: "b" not in given,
                "With kubectl apply --validate=false an unknown key is ignored, and targetPort silently becomes the "
                "same as port. By default kubectl asks the API server to refuse unknown keys.",
            ),
            Wrong(
                lambda given, right: "a" not in given,
                "In some languages capital letters do not matter. In YAML and in the API every letter counts, and "
                "the types are four fixed words.",
            ),
        ),
    ),
)  # fmt: skip
