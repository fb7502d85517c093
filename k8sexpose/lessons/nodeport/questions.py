"""Questions of lesson 1: what a NodePort is, which numbers it takes, and why it is no front door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...api.errors import ApiError
from ...data import example
from ...kubectl.run import run
from ...model import Cluster
from ...router.router import routes, send, shares
from ..forms import OUTCOMES, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "01_nodeport"
WEB = "web-nodeport"
NAME = "debug-svc-nodeport"
ADMIN_PORT = 30600
BACK = Choice(
    ("freed", "kept", "refused"),
    labels={
        "freed": "freed: the Service has no node port any more",
        "kept": "kept: the Service still has it",
        "refused": "refused: the API server does not accept the file",
    },
)
RANGE = ((30000, 32767),)


def window() -> Cluster:
    """Build the cluster of lesson 1: two apps with one Pod each on node-1, and a NodePort Service for each app."""
    cluster = Cluster(nodes=3)
    for app, service in ("web", WEB), ("debug-tools", NAME):
        cluster.deploy(app, per_node=[1, 0, 0])
        cluster.apply(example(service))
    return cluster


def spread_out() -> Cluster:
    """Build the same with a Pod of each app on every node."""
    cluster = window()
    for app in "web", "debug-tools":
        cluster.scale(app, per_node=[1, 1, 1])
    return cluster


def no_match() -> Cluster:
    """Build the same with one more Service, whose selector matches no Pod."""
    cluster = window()
    cluster.apply(example("wrong-selector"))
    return cluster


def two_teams() -> Cluster:
    """Build the same with the admin page of another team, which has a node port too."""
    cluster = window()
    cluster.deploy("admin", per_node=[0, 0, 1])
    run(cluster, f"create service nodeport admin --tcp=80:8080 --node-port={ADMIN_PORT}")
    return cluster


def port_for_clients_outside(cluster: Cluster) -> str:
    """Try each of the three ports at the address of node-1."""
    port = cluster.service(WEB).ports[0]
    address = cluster.nodes[0].addresses[0]
    numbers = (port.port, port.node_port, port.target_port)
    (found,) = [number for number in numbers if send(cluster, f"{address}:{number}").delivered]
    return str(found)


def _answering(cluster: Cluster, number: int | None = None) -> frozenset[str]:
    """Give the node addresses on which every connection to the node port is delivered."""
    number = number or cluster.service(WEB).ports[0].node_port
    addresses = [node.addresses[0] for node in cluster.nodes]
    return frozenset(ip for ip in addresses if all(route.delivered for route in routes(cluster, f"{ip}:{number}")))


def without_proxy(cluster: Cluster) -> str:
    """Stop kube-proxy on node-2, start a second Pod there, and see who answers at node-2."""
    cluster.start_proxy("node-2")
    cluster.scale("web", per_node=[1, 0, 0])
    (old,) = [pod.name for pod in cluster.pods if pod.app == "web"]
    cluster.stop_proxy("node-2")
    cluster.scale("web", per_node=[1, 1, 0])
    number = cluster.service(WEB).ports[0].node_port
    found = routes(cluster, f"{cluster.node('node-2').addresses[0]}:{number}")
    pods = {route.pod for route in found if route.delivered}
    if not pods:
        return "nobody"
    return "old" if pods == {old} else "both"


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
    """Ask the API server for 80, 8080, 30500 and 32768; in a fresh cluster, as the learner has taken one of them."""
    numbers = (80, 8080, 30500, 32768)
    tries = {number: _manifest(f"ask-{number}", {"port": 80, "nodePort": number}) for number in numbers}
    return frozenset(str(number) for number, manifest in tries.items() if _accepts(window(), manifest))


def accepted_shares(cluster: Cluster) -> frozenset[str]:
    """Ask for a number that is taken, for it with another protocol, and for one number twice in a Service."""
    taken = cluster.service(NAME).ports[0].node_port
    both = [{"name": p.lower(), "port": 53, "protocol": p, "nodePort": 30054} for p in ("TCP", "UDP")]
    tries = {
        "a": (_manifest("again", {"port": 80, "nodePort": taken}), "team-b"),
        "b": (_manifest("again", {"port": 80, "nodePort": taken, "protocol": "UDP"}), "default"),
        "c": (_manifest("name-service", *both), "default"),
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


def without_endpoints(cluster: Cluster) -> str:
    """Connect to the node port of a Service whose selector matches no Pod."""
    number = cluster.service("wrong-selector").ports[0].node_port
    return routes(cluster, f"{cluster.nodes[0].addresses[0]}:{number}")[0].outcome


def ping(cluster: Cluster) -> str:
    """Ping the same node."""
    (route,) = routes(cluster, cluster.nodes[0].addresses[0], protocol="ICMP")
    return "yes" if route.delivered else "no"


def behind_firewall(cluster: Cluster) -> str:
    """Count the nodes that answer while the cloud's firewall is closed."""
    cluster.firewall = RANGE
    return str(len(_answering(cluster)))


def opened_range(cluster: Cluster) -> str:
    """Open the whole range, and tell where the admin page of the other team answers."""
    cluster.service("admin")
    cluster.firewall = ()
    found = _answering(cluster, ADMIN_PORT)
    if not found:
        return "nowhere"
    return "every node" if len(found) == len(cluster.nodes) else "one node"


def hard_coded(cluster: Cluster) -> float:
    """Crash the node whose address a client always uses, and wait ten minutes."""
    node = cluster.nodes[0]
    target = f"{node.addresses[0]}:{cluster.service(WEB).ports[0].node_port}"
    cluster.fail(node.name)
    cluster.advance(600)
    return float(100 * (1 - shares(cluster, target).lost))


def back_once(cluster: Cluster) -> str:
    """Apply the manifest with the one word changed back."""
    text = example(WEB).read_text(encoding="utf-8")
    try:
        cluster.apply(text.replace("type: NodePort", "type: ClusterIP"))
    except ApiError:
        return "refused"
    return "kept" if cluster.service(WEB).ports[0].node_port else "freed"


def back_twice(cluster: Cluster) -> str:
    """Apply the same file a second time."""
    back_once(cluster)
    return back_once(cluster)


QUESTIONS = (
    Question(
        "np-which-port", LESSON, "For the Service web-nodeport kubectl shows 80:32000/TCP, and the process in its Pod "
        "listens on port 8080. A client on the internet connects to the address of node-1. Which port must it use?",
        Choice(("80", "8080", "32000")), window, port_for_clients_outside,
        right="The node port belongs to the addresses of the nodes. The two other ports belong to the ClusterIP and to "
        "the Pod.",
        wrong=(
            Wrong(
                "80",
                "Inside the cluster, port 80 is right: it belongs to the ClusterIP. At the node's own address nothing "
                "answers on port 80.",
            ),
            Wrong(
                "8080",
                "The process in the container does listen on 8080, and this port belongs to the address of the Pod. "
                "The node has another address, and nothing answers there on 8080.",
            ),
        ),
    ),
    Question(
        "np-which-nodes", LESSON, "The only Pod of the Service web-nodeport runs on node-1. A client tries port 32000 "
        "on all three nodes. Which of them answer?",
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
                "A program that listens on node-1 would answer there only. (Kubernetes also has a setting with which "
                "node-1 alone would answer; lesson 5 is about it.) But here no program listens: every node has rules "
                "for this port, and they know all Pods of the Service.",
                8,
            ),
            Wrong(
                frozenset(),
                "On many laptops none of them answers, because there is no route to the nodes. Here the client has a "
                "route to each node, and each node has rules for this port.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose does answer. But every node has the same rules, and they know all Pods of the Service. "
                "So it makes no difference at which node a packet arrives.",
                8,
            ),
        ),
    ),
    Question(
        "np-stop-proxy", LESSON, "kube-proxy on node-2 is stopped. After that, a second Pod of web starts. Who answers "
        "a client that connects to node-2 on port 32000?",
        Choice(
            ("nobody", "old", "both"),
            labels={
                "nobody": "nobody: without kube-proxy the connection fails",
                "old": "the old Pod always, the new Pod never",
                "both": "sometimes the old Pod and sometimes the new one",
            },
        ),
        window, without_proxy,
        right="The kernel of node-2 still holds the rules that kube-proxy wrote before it was stopped. They work, but "
        "they do not know the new Pod.",
        wrong=(
            Wrong(
                "nobody",
                "This would be right if the packets went through the program kube-proxy, as they did in the first "
                "versions of Kubernetes. Today kube-proxy only writes rules into the kernel, and these stay there when "
                "it stops.",
            ),
            Wrong(
                "both",
                "The API server does know the new Pod, and the two other nodes use it. On node-2 nobody writes it into "
                "the rules: that is the task of kube-proxy, which is stopped there.",
            ),
        ),
    ),
    Question(
        "np-number", LESSON, "Which of these numbers does the API server accept as nodePort?",
        Several(("80", "8080", "30500", "32768")), window, accepted_numbers,
        right="The range is 30000-32767, unless the owner of the cluster has set another one.",
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
        "np-collisions", LESSON, "The Service debug-svc-nodeport uses node port 30007 over TCP. Which of these "
        "requests does the API server accept?",
        Several(
            ("a", "b", "c"),
            labels={
                "a": "(a) a Service in another namespace asks for 30007",
                "b": "(b) another Service asks for 30007 over UDP",
                "c": "(c) one new Service with two ports, one TCP and one UDP, asks for the same free number for both",
            },
        ),
        window, accepted_shares,
        right="There is one list of numbers for the whole cluster. A number belongs to one Service, and only this "
        "Service may use it for both protocols.",
        wrong=(
            Wrong(
                lambda given, right: "a" in given,
                "Names do belong to a namespace: two Services may have the same name in two namespaces. Node ports do "
                "not. There is one list of numbers for all namespaces.",
                2,
            ),
            Wrong(
                lambda given, right: "b" in given,
                "On one machine a TCP port and a UDP port with the same number are two things, that is right. But the "
                "API server's list counts only the number, and a number belongs to one Service.",
                2,
            ),
            Wrong(
                lambda given, right: "c" not in given,
                "That a number is used once is the rule between two Services. Within one Service, TCP and UDP may "
                "share it, if they also have the same port.",
                2,
            ),
        ),
    ),
    Question(
        "np-pin", LESSON, "You write a nodePort into your manifest, and you will apply it next month. Until then, "
        "other teams create Services whose manifests have no nodePort line. Which number is more likely to be still "
        "free next month?",
        Choice(("30050", "31000", "same"), labels={"same": "both are equally likely"}), window, safer_pin,
        right="Numbers that the API server chooses start at 30086. It leaves the lower numbers to people who choose "
        "one themselves.",
        wrong=(
            Wrong(
                "same",
                "If the API server chose from the whole range, this would be right. But it chooses numbers from 30086 "
                "on as long as one of them is free. So another Service may get 31000, and none gets 30050.",
                2,
            ),
            Wrong(
                "31000",
                "If the API server counted up from the lowest number, this would be right. But it chooses at random, "
                "and it uses 30000 to 30085 only when everything else is taken.",
                2,
            ),
        ),
    ),
    Question(
        "np-selector", LESSON, "The selector of a NodePort Service matches no Pod. What does a client get at its node "
        "port?",
        OUTCOMES, no_match, without_endpoints,
        right="The Service has no endpoints. kube-proxy knows this, and writes a rule that refuses at once.",
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
        "np-ping", LESSON, "The Service at a node port has no endpoints. Somebody sends a ping to the address of the "
        "node. Is the ping answered?",
        Choice(("yes", "no")), no_match, ping,
        right="The node is running and answers the ping itself. A Service has nothing to do with it.",
        wrong=(
            Wrong(
                "no",
                "For a machine with one task, ping is a fair test. A Service is about ports, and a ping has no port: "
                "it tests the node only.",
                21,
            ),
        ),
    ),
    Question(
        "np-firewall", LESSON, "You move the cluster to a cloud, apply the manifest of web-nodeport there, and change "
        "nothing else. How many of the three nodes answer a client on the internet on port 32000?",
        Choice(("0", "1", "2", "3")), window, behind_firewall,
        right="A cloud's firewall is closed by default, and for a NodePort Kubernetes does not open it.",
        wrong=(
            Wrong(
                "3",
                "For type LoadBalancer most clouds do open the firewall for you. For a NodePort nobody does: you must "
                "open it yourself.",
                19,
            ),
            Wrong(
                lambda given, right: given in ("1", "2"),
                "There are Services for which only the nodes with a Pod answer (lesson 5). But this Service answers on "
                "every node or on none, as in section 2, and here all three nodes are behind the same firewall, which "
                "is closed for this port.",
                8,
            ),
        ),
        otherwise="All nodes are behind the same firewall, so either all of them answer or none does. Here the "
        "firewall is closed, so none does.",
    ),
    Question(
        "np-open-range", LESSON, "You open 30000 to 32767 in the firewall, so that customers reach your node port. "
        "Another team has a Service admin with node port 30600; its only Pod runs on node-3. Where does the admin page "
        "answer a client on the internet?",
        Choice(
            ("nowhere", "one node", "every node"),
            labels={
                "nowhere": "nowhere: you opened the firewall for your own Service",
                "one node": "on node-3 only, where its Pod runs",
                "every node": "on every node",
            },
        ),
        two_teams, opened_range,
        right="A firewall knows addresses and ports, not Services or teams. You have opened every node port of every "
        "team, on every node. That is a security risk.",
        wrong=(
            Wrong(
                "nowhere",
                "It is right that only your own Service should be open. But a firewall knows only addresses and "
                "ports. You have opened the whole range, so every node port of every team is open on every node. That "
                "is a security risk.",
                19,
            ),
            Wrong(
                "one node",
                "The only Pod is on node-3, that is right. But every node answers on every node port, as in section 2. "
                "So the admin page is open to the internet on all nodes: a security risk.",
                8,
            ),
        ),
    ),
    Question(
        "np-hard-coded", LESSON, "A client always uses the address 10.0.0.1 and port 32000 of the Service "
        "web-nodeport, which has a Pod on every node. Now node-1 crashes. What percentage of the client's new "
        "connections succeed ten minutes later?",
        Percent(), spread_out, hard_coded,
        right="Kubernetes replaces lost Pods, but it does not move the address of a node. This client still connects "
        "to a machine that is down.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "The cluster does heal: the other nodes answer, and they no longer send to the lost Pod. But this "
                "client always uses the address of node-1, and node-1 is down.",
            ),
            Wrong(
                lambda given, right: 60 <= given <= 70,
                "Clients of the two other nodes do lose one connection in three for a while. This client never gets "
                "past node-1, which is down.",
            ),
            Wrong(
                lambda given, right: 30 <= given <= 35,
                "One node in three is down, and one connection in three of the clients of other nodes is lost for a "
                "while. But this client uses only one node, and this node is down.",
            ),
        ),
        otherwise="Whatever the other nodes do, this client connects to node-1 only, and node-1 is down.",
    ),
    Question(
        "np-back-first", LESSON, "The NodePort Service web-nodeport is running. In its file you change one word, to "
        "type: ClusterIP, leave the line nodePort: 32000 as it is, and apply the file. What happens to the number?",
        BACK, window, back_once,
        part="exercise",
        exercise="np-back",
        right="The API server sees that the type changes, and clears the nodePort that you did not change.",
        wrong=(
            Wrong(
                "kept",
                "In your file the number does stay. But the API server compares the file with the Service that it has. "
                "Look at what else you have changed, and ask whether the new type has a use for the number.",
                4,
            ),
            Wrong(
                "refused",
                "Old versions did answer Forbidden, and this one does if you set a nodePort on a ClusterIP Service. "
                "Here you have set nothing: your file changes the type, and leaves the number as it was.",
                4,
            ),
        ),
    ),
    Question(
        "np-back-again", LESSON, "In the file of a NodePort Service you have changed the type to ClusterIP, left the "
        "line nodePort as it was, and applied the file. Now you apply the same file a second time. What happens?",
        BACK, window, back_twice,
        part="exercise",
        exercise="np-back",
        right="Now the type does not change, so your line asks for a nodePort on a Service of type ClusterIP.",
        wrong=(
            Wrong(
                "freed",
                "When a file changes the type, this can happen to the number. But the second time the type does not "
                "change: the Service has the type ClusterIP already. Look at what the line nodePort asks for then.",
                4,
            ),
            Wrong(
                "kept",
                "A file that agrees with the cluster changes nothing, that is right. But compare this file with the "
                "Service as it is after the first time, line by line: do they agree?",
                4,
            ),
        ),
    ),
)  # fmt: skip
