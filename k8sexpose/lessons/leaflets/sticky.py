"""Questions of lesson 1's Go further: a Pod that calls itself."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...router.router import shares
from ..forms import Percent, Question, Wrong
from ..nodeport.questions import LESSON

__all__ = ["QUESTIONS"]

NAME = "shop"


def plain() -> Cluster:
    """Build a shop without affinity, on a network without hairpin mode."""
    cluster = Cluster(nodes=3, cni_hairpin=False)
    cluster.deploy(NAME, per_node=[1, 1, 1])
    cluster.apply(example("sticky-shop"))
    cluster.patch(NAME, {"spec": {"sessionAffinity": "None"}})
    return cluster


def self_calls_lost(cluster: Cluster) -> float:
    """Let a Pod call the clusterIP of its own Service."""
    service, pod = cluster.service(NAME), cluster.pods[0]
    target = f"{service.cluster_ip}:{service.ports[0].port}"
    return float(100 * shares(cluster, target, client=f"pod/{pod.namespace}/{pod.name}").lost)


QUESTIONS = (
    Question(
        "np-self-call", LESSON, "One of three Pods calls its own Service, with hairpin mode switched off. What "
        "percentage of its calls fails?",
        Percent(), plain, self_calls_lost,
        part="optional",
        right="One call in three is sent back to the caller itself, and without hairpin mode this packet never comes "
        "back.",
        wrong=(
            Wrong(
                lambda given, right: given <= 1,
                "Where the network returns packets to the interface they came from (hairpin mode), a Pod can always "
                "call its own Service. Without hairpin mode the call fails whenever the rules choose the Pod itself.",
                12,
            ),
            Wrong(
                lambda given, right: given >= 99,
                "The call does fail without hairpin mode when the rules choose the Pod itself. But they choose one "
                "of three Pods at random, and the other two answer.",
                12,
            ),
        ),
    ),
)  # fmt: skip
