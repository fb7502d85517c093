"""Questions of the leaflet kept_connections: which Pods serve a client that does not close its connection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...data import example
from ...model import Cluster
from ...router.router import shares
from ...traffic.simulation import simulate
from ...traffic.timeline import Scale
from ..forms import Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS", "pods_that_answer", "three_pods"]

LESSON = "leaflets/kept_connections"
NAME, APP = "debug-svc-nodeport", "debug-tools"
REQUESTS = 300


def pods_that_answer(cluster: Cluster, name: str, **load: Any) -> str:
    """Send requests, as for `simulate`, and count the Pods that answer any."""
    traffic = simulate(cluster, name, **load)
    return str(int((traffic.by_pod["requests"] > 0).sum()))


def three_pods() -> Cluster:
    """Build the cluster of the leaflet: the debug Service of lesson 1, with a Pod on each of three nodes."""
    cluster = Cluster(nodes=3)
    cluster.deploy(APP, per_node=[1, 1, 1])
    cluster.apply(example(NAME))
    return cluster


def pods_of_a_kept_connection(cluster: Cluster) -> str:
    """Send 300 requests over one connection."""
    return pods_that_answer(cluster, NAME, requests=REQUESTS, clients=1, requests_per_connection=REQUESTS)


def one_for_each(cluster: Cluster) -> float:
    """Return how likely it is that each Pod gets exactly one of as many connections as there are Pods, in percent."""
    parts = shares(cluster, NAME).by_pod.values()
    return float(100 * math.factorial(len(parts)) * math.prod(parts))


# What each remedy changes in a simulation of one client: the app grows while the client sends, or the client keeps
# its connection for longer, or closes it now and then.
REMEDIES: dict[str, Mapping[str, Any]] = {
    "scale": {"requests_per_connection": REQUESTS, "events": (Scale(APP, at_s=2, replicas=6),)},
    "timeout": {"requests_per_connection": 10 * REQUESTS},
    "close": {"requests_per_connection": 10},
}


def remedies(cluster: Cluster) -> frozenset[str]:
    """Try each remedy; tell which ones let more than one Pod answer."""
    load = {"requests": REQUESTS, "rate_rps": 50, "clients": 1}
    found = {name: pods_that_answer(cluster, NAME, **load, **change) for name, change in REMEDIES.items()}
    return frozenset(name for name, pods in found.items() if pods != "1")


QUESTIONS = (
    Question(
        "np-keepalive", LESSON, "One client keeps one connection open and sends 300 requests over it. The Service has "
        "three Pods. How many of them answer?",
        Choice(("1", "2", "3")), three_pods, pods_of_a_kept_connection,
        part="optional",
        right="The rules choose a Pod once for each connection, at its first packet. They never look at requests.",
        wrong=(
            Wrong(
                "3",
                "With a new connection for each request the requests would be spread, and a proxy that reads HTTP "
                "spreads them in any case. But the kernel's rules see one connection, and choose its Pod once.",
                15,
            ),
            Wrong(
                "2",
                "Two connections may well be sent to two Pods. But all packets of one connection follow the choice "
                "that was made for its first packet.",
                15,
            ),
        ),
    ),
    Question(
        "np-one-each", LESSON, "Three clients open one connection each and keep it. The Service has three Pods. How "
        "likely is it that each of the three Pods gets exactly one client, in percent?",
        Percent(), three_pods, one_for_each,
        part="optional",
        right="The second client must get another Pod than the first (2/3), and the third one must get the last Pod "
        "(1/3). Together that is 2/3 × 1/3.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99,
                "In ipvs mode kube-proxy does use the Pods in turn by default. The rules of iptables and nftables "
                "choose at random for each connection, and do not remember the last choice.",
                15,
            ),
            Wrong(
                lambda given, right: 30 <= given <= 40,
                "A third is the chance that one client meets one certain Pod. Here the second client must get another "
                "Pod than the first, and the third client the last one: 2/3 × 1/3, about {right} %.",
            ),
            Wrong(
                lambda given, right: given >= 40,
                "Over thousands of connections each Pod does get about a third. But three random choices give three "
                "different Pods only in 2/3 × 1/3 of all cases, about {right} %.",
            ),
        ),
        otherwise="The second client must get another Pod than the first, and the third client the last one: "
        "2/3 × 1/3, about {right} %.",
    ),
    Question(
        "kept-remedies", LESSON, "One client sends 300 requests over one connection, and one Pod answers all of them. "
        "With which of these changes does more than one Pod answer this client?",
        Several(
            ("scale", "timeout", "close"),
            labels={
                "scale": "You start three more Pods while the client is sending",
                "timeout": "The client may keep an idle connection ten times longer",
                "close": "The client closes its connection after every ten requests and opens a new one",
            },
        ),
        three_pods, remedies,
        part="optional",
        right="A Pod is chosen only when a connection begins. So the client must begin more connections.",
        wrong=(
            Wrong(
                lambda given, right: "scale" in given,
                "More Pods do help clients that open new connections. This client has one connection, and it stays "
                "with its Pod for as long as it is open. The new Pods get nothing from it.",
                15,
            ),
            Wrong(
                lambda given, right: "timeout" in given,
                "A longer timeout saves the cost of opening connections, which is its purpose. But it also keeps each "
                "connection at its Pod for longer.",
                15,
            ),
            Wrong(
                frozenset(),
                "It is right that nothing moves an open connection. But when a client closes its connection, the next "
                "one is a new random choice.",
                15,
            ),
        ),
    ),
)  # fmt: skip
