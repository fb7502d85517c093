"""Questions of the leaflet pod_calls_itself: a Pod that connects to its own Service, with and without hairpin mode."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import routes, shares
from ..forms import Choice, Percent, Question, Wrong

__all__ = ["QUESTIONS"]

LESSON = "leaflets/pod_calls_itself"
NAME = "api-backend"


def backend(*per_node: int, hairpin: bool = False) -> Cluster:
    """Build the ClusterIP Service of lesson 0 on a network with or without hairpin mode."""
    cluster = Cluster(nodes=len(per_node), cni_hairpin=hairpin)
    cluster.deploy(NAME, per_node=per_node)
    cluster.apply(example(NAME))
    return cluster


def _call(cluster: Cluster) -> dict[str, str]:
    """Return the ClusterIP and port as target, and the first Pod as client."""
    service, pod = cluster.service(NAME), cluster.pods[0]
    return {"target": f"{service.cluster_ip}:{service.ports[0].port}", "client": f"pod/{pod.namespace}/{pod.name}"}


def self_calls_lost(cluster: Cluster) -> float:
    """Let a Pod connect to the ClusterIP of its own Service; return the share that fails, in percent."""
    return float(100 * shares(cluster, **_call(cluster)).lost)


def seen_by_itself(cluster: Cluster) -> str:
    """Name whose address the Pod sees when its call is sent back to itself."""
    pod, service = cluster.pods[0], cluster.service(NAME)
    seen = next(way.client_seen for way in routes(cluster, **_call(cluster)) if way.pod == pod.name)
    return {pod.ip: "pod", service.cluster_ip: "clusterip"}.get(seen, "node")


QUESTIONS = (
    Question(
        "np-self-call", LESSON, "A Service has three Pods. One of them connects to the ClusterIP of this Service, and "
        "hairpin mode is off. What percentage of its connections fails?",
        Percent(), lambda: backend(1, 1, 1), self_calls_lost,
        part="optional",
        right="One connection in three is sent back to the caller itself, and without hairpin mode this packet never "
        "arrives.",
        wrong=(
            Wrong(
                lambda given, right: given <= 1,
                "Where the network may send a packet back through the cable from which it came (hairpin mode), a Pod "
                "can always call its own Service. Without hairpin mode the call fails whenever the rules choose the "
                "Pod itself.",
                12,
            ),
            Wrong(
                lambda given, right: given >= 99,
                "The call does fail without hairpin mode when the rules choose the Pod itself. But they choose one "
                "of three Pods at random, and the other two answer.",
                12,
            ),
        ),
        otherwise="The rules choose one of three Pods at random, and only the choice of the Pod itself fails: "
        "about {right} %.",
    ),
    Question(
        "self-alone", LESSON, "At night the Service is scaled down to one Pod, and this Pod connects to the ClusterIP "
        "of its own Service. Hairpin mode is off. What percentage of its connections fails?",
        Percent(), lambda: backend(1, 0, 0), self_calls_lost,
        part="optional",
        right="The rules can choose only this Pod, so every connection is sent back to the caller.",
        wrong=(
            Wrong(
                lambda given, right: given <= 1,
                "It is right that other clients have no problem: they reach this Pod as always. But for the Pod "
                "itself every choice leads back to the caller.",
                12,
            ),
            Wrong(
                lambda given, right: 30 <= given <= 40,
                "With three Pods a third fails, because two other Pods can be chosen. Now there is no other Pod.",
                12,
            ),
        ),
        otherwise="With N Pods one connection in N is sent back to the caller. Here N is 1, so {right} % fail.",
    ),
    Question(
        "self-sees", LESSON, "Hairpin mode is on. A Pod connects to the ClusterIP of its own Service, and the rules "
        "choose this Pod itself. Which source address does the Pod see on the connection that arrives?",
        Choice(
            ("pod", "clusterip", "node"),
            labels={"pod": "its own address", "clusterip": "the ClusterIP", "node": "the address of its node"},
        ),
        lambda: backend(1, 1, 1, hairpin=True), seen_by_itself,
        part="optional",
        right="The rules replace the source with the node's address, so that the reply leaves the Pod and returns "
        "through the node.",
        wrong=(
            Wrong(
                "pod",
                "When another Pod of the Service is chosen, that Pod does see the caller's own address. With the same "
                "address as source and destination the reply would never leave the Pod, and the node could not "
                "translate it back. So here the node replaces the source with its own address.",
            ),
            Wrong(
                "clusterip",
                "The caller connects to the ClusterIP, so the replies that it receives do come from the ClusterIP. "
                "But a request never has the ClusterIP as its source.",
            ),
        ),
    ),
)  # fmt: skip
