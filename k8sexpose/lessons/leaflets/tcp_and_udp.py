"""Questions of the leaflet tcp_and_udp: two protocols on one port of one Service."""

from __future__ import annotations

from ...api.errors import ApiError
from ...cloud.provisioning import provision
from ...data import example
from ...kubectl import run as kubectl
from ...model import Cluster
from ...router.router import routes
from ..forms import OUTCOMES, Choice, Question, Several, Wrong

__all__ = ["QUESTIONS"]

LESSON = "leaflets/tcp_and_udp"
NAME, APP = "http3", "api-backend"
BEFORE, AFTER = example("http3-tcp-only"), example("http3")
SETTLED_S = 60.0
PROTOCOLS = ("TCP", "UDP")


def backends(provider: str = "generic") -> Cluster:
    """Build three nodes with a Pod on each, and no Service yet."""
    cluster = Cluster(nodes=3, provider=provider)
    cluster.deploy(APP, per_node=[1, 1, 1])
    return cluster


def tcp_only() -> Cluster:
    """Build the same with the Service that offers TCP on port 443."""
    cluster = backends()
    cluster.apply(BEFORE)
    cluster.advance(SETTLED_S)
    return cluster


def outcome(cluster: Cluster, protocol: str) -> str:
    """Send a packet of a protocol to port 443 of the load balancer."""
    front = cluster.service(NAME).load_balancer_ingress[0].address
    return routes(cluster, f"{front}:443", protocol=protocol)[0].outcome


def udp_outcome(cluster: Cluster) -> str:
    """Send a UDP packet."""
    return outcome(cluster, "UDP")


def offered_after_apply(cluster: Cluster) -> frozenset[str]:
    """Apply the file with both protocols over the Service with one; tell which protocols it then offers."""
    kubectl(cluster, f"apply -f {AFTER}")
    cluster.advance(SETTLED_S)
    return frozenset(protocol for protocol in PROTOCOLS if outcome(cluster, protocol) == "delivered")


def mixed(cluster: Cluster) -> str:
    """Create the Service with both protocols on AWS, and wait."""
    fresh = backends("aws")
    try:
        fresh.apply(AFTER)
    except ApiError:
        return "refused"
    return "pending" if provision(fresh, NAME).pending else "address"


QUESTIONS = (
    Question(
        "udp-other-protocol", LESSON, "A LoadBalancer Service has one port: 443 with protocol TCP. A browser tries "
        "HTTP/3 and sends a UDP packet to port 443 of the load balancer. What does it get?",
        OUTCOMES, tcp_only, udp_outcome,
        part="optional",
        right="The protocol is a part of the port. Nothing listens on 443/UDP, and this load balancer drops such a "
        "packet without an answer.",
        wrong=(
            Wrong(
                "delivered",
                "The address and the number are right, and with TCP the packet would arrive. But 443/TCP and 443/UDP "
                "are two different ports, and this Service has only the first one.",
                16,
            ),
            Wrong(
                "refused",
                "A machine on which nothing listens often does refuse a packet. A load balancer of a cloud usually "
                "drops packets for ports that it does not know, and so does this one.",
            ),
        ),
    ),
    Question(
        "udp-apply", LESSON, "A Service with port 443/TCP is running. You add a second entry, 443/UDP, to its file "
        "and run kubectl apply; kubectl answers: configured. Which protocols does port 443 offer now?",
        Several(PROTOCOLS), tcp_only, offered_after_apply,
        part="optional",
        right="When kubectl apply compares the file with the running Service, it finds the entries of ports by their "
        "number alone, and treats the two as one.",
        wrong=(
            Wrong(
                frozenset(PROTOCOLS),
                "A new Service with both entries does get both protocols, and so does kubectl replace. But kubectl "
                "apply compares your file with the running Service, finds the entries of ports by their number alone, "
                "and treats 443/TCP and 443/UDP as one entry.",
                16,
            ),
            Wrong(
                frozenset({"UDP"}),
                "It is right that only one entry is left. But here the entry that the running Service already had "
                "stays, and the new one is lost.",
            ),
            Wrong(
                frozenset(),
                "It is right that something gets lost. But kubectl apply loses only the new entry: the one that the "
                "running Service already had stays.",
            ),
        ),
    ),
    Question(
        "lb-mixed", LESSON, "You create a new LoadBalancer Service with 443/TCP and 443/UDP on AWS, with the "
        "controller of the AWS cloud provider. What happens?",
        Choice(
            ("refused", "pending", "address"),
            labels={
                "refused": "refused: the API server does not accept the file",
                "pending": "pending: the Service exists, and EXTERNAL-IP stays <pending>",
                "address": "address: the load balancer is made, and gets an address",
            },
        ),
        backends, mixed,
        part="optional",
        right="The API server accepts the Service, but this controller cannot build it. The reason is in the events.",
        wrong=(
            Wrong(
                "address",
                "Several clouds can build it. But the API server only checks the form of the object, and this "
                "cloud's controller cannot build it, so no address appears.",
                16,
            ),
            Wrong(
                "refused",
                "Before Kubernetes 1.24 the API server did refuse it. Now it accepts the object, and the cloud's "
                "controller reports the failure later, in an event.",
                16,
            ),
        ),
    ),
)  # fmt: skip
