"""Questions of the leaflet the_rules_themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from ...data import example
from ...kubeproxy.listing import proxy_rules
from ...model import Cluster
from ...router.rule_trace import trace
from ..forms import Choice, Question, Wrong

__all__ = ["QUESTIONS"]

LESSON = "leaflets/the_rules_themselves"
NAME = "debug-svc-nodeport"
ENTRY = "10.0.0.2:30007"
NAT_ONLY = {
    "none": "nothing: the rules of port 30007 are gone",
    "same": "the same two rules as before the change",
    "drop": "a rule with the action DROP",
}


def exposed(per_node: Sequence[int] = (1, 1, 1), policy: str = "Cluster") -> Cluster:
    """Build the cluster of this leaflet: three nodes, and the node port 30007."""
    cluster = Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=list(per_node))
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy}})
    return cluster


def second_probability(cluster: Cluster) -> str:
    """Return the probability of the second rule that chooses a Pod on node-2, as a fraction."""
    lines = proxy_rules(cluster, node="node-2", service=NAME).text.splitlines()
    found = [re.search(r"--probability ([\d.]+)", line) for line in lines if line.startswith("-A KUBE-SVC-")]
    chances = [Fraction(match[1]).limit_denominator(1000) for match in found if match]
    return str(chances[1])


def rules_of_the_cluster_ip(cluster: Cluster) -> str:
    """Count the rules that match a connection to the node port and compare its destination with the ClusterIP."""
    wanted = f"-d {cluster.service(NAME).cluster_ip}/32"
    found = sum(wanted in step.rule for step in trace(cluster, ENTRY).matched)
    return str(found) if found < 2 else "2"


def nat_table_only(cluster: Cluster) -> str:
    """Compare what the nat table of node-2 says about the port under Cluster with what it says now."""
    before = cluster.copy()
    before.patch(NAME, {"spec": {"externalTrafficPolicy": "Cluster"}})
    was, now = _of_the_port(before), _of_the_port(cluster)
    if any("-j DROP" in line for line in now):
        return "drop"
    return "same" if now == was else "none"


def _of_the_port(cluster: Cluster) -> list[str]:
    """Return the lines of node-2's nat table that name the port."""
    nat = proxy_rules(cluster, node="node-2").text.partition("*nat\n")[2].partition("COMMIT")[0]
    return [line for line in nat.splitlines() if "--dport 30007" in line]


def one_pod() -> Cluster:
    """Build the cluster of section 2."""
    return exposed((1, 0, 0))


def local() -> Cluster:
    """Build the cluster of section 3."""
    return exposed((1, 0, 0), "Local")


QUESTIONS: tuple[Question, ...] = (
    Question(
        "rules-second", LESSON, "In a kernel chain there is one rule for each of three Pods, and the kernel tries "
        "these rules in order. Each Pod should get a third of the connections. The first rule matches with "
        "probability 1/3. With which probability must the second rule match when the kernel tries it?",
        Choice(("1/3", "1/2", "2/3", "1")), exposed, second_probability,
        part="optional",
        right="The kernel tries it in two of three cases, and it must match in half of them: 1/2 of 2/3 is 1/3.",
        wrong=(
            Wrong(
                "1/3",
                "Each Pod does get 1/3 of all connections. But the kernel tries the second rule only when the first "
                "one did not match. A third of the remaining 2/3 would be 2/9, which is too little.",
            ),
            Wrong(
                "2/3",
                "The kernel does try the second rule in 2/3 of the cases. But if the rule matched in two thirds of "
                "these, its Pod would get 4/9.",
            ),
            Wrong(
                "1",
                "This is right for the last rule, which takes what is left. But after the second rule there is a "
                "third one, whose Pod must get a third too.",
            ),
        ),
        otherwise="Multiply the share of cases in which the kernel tries the second rule by its probability: the "
        "product must be 1/3.",
    ),
    Question(
        "rules-clusterip", LESSON, "A client outside connects to port 30007 of node-2, a node port. How many of the "
        "rules that match this connection compare its destination with the ClusterIP of the Service?",
        Choice(("0", "1", "2"), labels={"2": "2 or more"}), one_pod, rules_of_the_cluster_ip,
        part="optional",
        right="The node port uses the same list of Pods, but this connection never has the ClusterIP as its "
        "destination.",
        wrong=(
            Wrong(
                lambda given, right: given != right,
                "A NodePort does contain a ClusterIP, and both use the same chain that chooses a Pod. But the "
                "destination changes from the node's address straight to a Pod's, so no rule with the ClusterIP "
                "matches.",
            ),
        ),
    ),
    Question(
        "rules-nat-only", LESSON, "A Service has the node port 30007. Its externalTrafficPolicy becomes Local, and "
        "node-2 has no Pod of it. What does iptables-save -t nat | grep 30007 print on node-2 now?",
        Choice(tuple(NAT_ONLY), labels=NAT_ONLY), local, nat_table_only,
        part="optional",
        right="Pods and programs of the node itself may still use the port, so its rules stay. The rule that drops is "
        "in the table filter.",
        wrong=(
            Wrong(
                "none",
                "For a client outside the port no longer works on this node. But the rules stay, because Pods and "
                "programs on the node itself may still use the port.",
                8,
            ),
            Wrong(
                "drop",
                "There is a rule with DROP for this port on node-2. But it is in the table filter, and -t nat shows "
                "the table nat only.",
            ),
        ),
    ),
)  # fmt: skip
