"""Questions of the leaflet rolling_updates: which grace period is needed under Local, and what it does not cover."""

from __future__ import annotations

from ...data import example
from ...model import Cluster
from ...traffic.simulation import Traffic, simulate
from ..forms import Choice, Question, Wrong
from ..skew_and_latency.questions import Moved

__all__ = ["QUESTIONS", "keep_connection", "last_answer_s", "lost_requests", "move_pod", "one_pod_each"]

LESSON = "leaflets/rolling_updates"
NAME, APP = "public-api-lb", "api-backend"
GRACES = ("5", "10", "20", "50")
LONG_S = 60.0


def one_pod_each(policy: str = "Local") -> Cluster:
    """Build three nodes with a Pod on each, and a LoadBalancer Service.

    Parameters
    ----------
    policy : str
        ``externalTrafficPolicy``.

    Returns
    -------
    Cluster
        The cluster.

    Examples
    --------
    >>> len(one_pod_each().pods)
    3
    """
    cluster = Cluster(nodes=3)
    cluster.deploy(APP, per_node=[1, 1, 1])
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy}})
    return cluster


def move_pod(cluster: Cluster, grace_s: float, at_s: float = 10.0) -> Traffic:
    """Send 100 requests a second for 90 seconds while the Pod of node-1 is replaced by one on node-2.

    Parameters
    ----------
    cluster : Cluster
        Where; it is not changed.
    grace_s : float
        Seconds for which the old Pod goes on serving.
    at_s : float
        When the Pod is told to end, in seconds after the first request.

    Returns
    -------
    Traffic
        What came of the requests.

    Examples
    --------
    >>> int(move_pod(one_pod_each("Cluster"), grace_s=5).failed.sum())
    0
    """
    events = [Moved(at_s=at_s, grace_s=grace_s)]
    return simulate(cluster, NAME, requests=9000, rate_rps=100, clients=1000, events=events)


def lost_requests(cluster: Cluster, grace_s: float, at_s: float = 10.0) -> int:
    """Count the requests that fail while a Pod is moved; see `move_pod`.

    Parameters
    ----------
    cluster, grace_s, at_s
        As for `move_pod`.

    Returns
    -------
    int
        How many of 9,000 requests got no answer.

    Examples
    --------
    >>> lost_requests(one_pod_each("Cluster"), grace_s=5)
    0
    """
    return int(move_pod(cluster, grace_s, at_s).failed.sum())


def loses_with_sleep(cluster: Cluster) -> str:
    """Move a Pod that goes on serving for 15 s."""
    return "yes" if lost_requests(cluster, 15) else "no"


def loses_under_cluster(cluster: Cluster) -> str:
    """Move a Pod that goes on serving for 5 s, under Cluster."""
    return "yes" if lost_requests(cluster, 5) else "no"


def grace_that_is_enough(cluster: Cluster) -> str:
    """Find the shortest grace period of the list without a lost request."""
    return next(grace for grace in GRACES if not lost_requests(cluster, float(grace)))


def keep_connection(cluster: Cluster, grace_s: float, at_s: float = 10.0) -> Traffic:
    """Send the requests of `move_pod` over one connection that enters through node-1 and is kept open.

    Parameters
    ----------
    cluster, grace_s, at_s
        As for `move_pod`.

    Returns
    -------
    Traffic
        What came of the requests.

    Examples
    --------
    >>> last_answer_s(keep_connection(one_pod_each(), grace_s=60), "node-1")
    70
    """
    events = [Moved(at_s=at_s, grace_s=grace_s)]
    return simulate(
        cluster, NAME, requests=9000, rate_rps=100, clients=1, requests_per_connection=9000, via="node-1", events=events
    )  # fmt: skip


def last_answer_s(traffic: Traffic, node: str) -> int:
    """Return the second until which the Pods of a node have answered requests.

    Parameters
    ----------
    traffic : Traffic
        What `move_pod` or `keep_connection` returned.
    node : str
        Name of the node.

    Returns
    -------
    int
        Seconds after the first request; 0 if the node answered none.

    Examples
    --------
    >>> last_answer_s(move_pod(one_pod_each(), grace_s=60), "node-1")
    30
    """
    seconds = traffic.timeline
    answering = seconds[seconds[node] > 0]
    return 0 if answering.empty else round(answering["t_s"].max() + 1)


def kept_until(cluster: Cluster) -> str:
    """Keep a connection to the Pod of node-1 open; tell for how many seconds of the update it is answered."""
    begin_s = 10
    return str(last_answer_s(keep_connection(cluster, LONG_S, begin_s), "node-1") - begin_s)


QUESTIONS = (
    Question(
        "sk-rollout", LESSON, "A Service has externalTrafficPolicy: Local. Its only Pod on node-1 is replaced by one "
        "on node-2, and the old Pod goes on serving for 15 s. The load balancer checks each node every 10 s and "
        "leaves it out after two failed checks. Can a request be lost?",
        Choice(("yes", "no")), one_pod_each, loses_with_sleep,
        part="optional",
        right="The second failed check can come up to 20 s after the update begins. From the end of the old Pod, "
        "after 15 s, until then, node-1 drops the packets that reach it.",
        wrong=(
            Wrong(
                "no",
                "A preStop sleep does help: the Pod goes on serving while its node's check already answers 503. But "
                "the load balancer can need 20 s until it has seen two failed checks, and the Pod is gone after 15.",
                14,
            ),
        ),
    ),
    Question(
        "sk-grace", LESSON, "A Service has externalTrafficPolicy: Local, and its only Pod on node-1 is replaced by "
        "one on node-2. The load balancer checks each node every 10 s and leaves it out after two failed checks. For "
        "how many seconds must the old Pod go on serving so that no request can be lost? Choose the shortest time "
        "that is always enough.",
        Choice(GRACES, "s"), one_pod_each, grace_that_is_enough,
        part="optional",
        right="The load balancer needs up to interval × threshold, 10 s × 2, until it leaves node-1 out.",
        wrong=(
            Wrong(
                "10",
                "With a threshold of one, one check would be enough. This load balancer waits for two failed checks.",
                14,
            ),
            Wrong(
                "5",
                "A short time does cover the moment until kube-proxy has new rules, and under Cluster that is enough. "
                "But under Local the load balancer takes interval × threshold until it sends nothing more.",
                14,
            ),
            Wrong(
                "50",
                "After a crash the cluster does need 50 s to notice. Here the Pod itself is told to end, and the "
                "health check of its node fails at once, so a shorter time is enough.",
                14,
            ),
        ),
    ),
    Question(
        "rollout-cluster", LESSON, "A Service has externalTrafficPolicy: Cluster. Its only Pod on node-1 is replaced "
        "by one on node-2, and the old Pod goes on serving for only 5 s. Can a request be lost?",
        Choice(("yes", "no")), lambda: one_pod_each("Cluster"), loses_under_cluster,
        part="optional",
        right="Under Cluster every node stays healthy, and each node sends new connections to the Pods that are ready, "
        "wherever they run.",
        wrong=(
            Wrong(
                "yes",
                "Under Local 5 s are too few, because the load balancer goes on sending to a node without a Pod. Under "
                "Cluster a node without a Pod is no problem: it sends the connection to a Pod on another node.",
                14,
            ),
        ),
    ),
    Question(
        "rollout-open", LESSON, "A Service has externalTrafficPolicy: Local, and its only Pod on node-1 is replaced "
        "by one on node-2. The old Pod goes on serving for 60 s; the load balancer leaves node-1 out after at most 20 "
        "s. A client keeps its connection to the old Pod open and goes on sending requests over it. For how many "
        "seconds after the beginning of the update does the old Pod still answer this client?",
        Choice(("0", "20", "60"), "s"), one_pod_each, kept_until,
        part="optional",
        right="An open connection keeps its Pod until one side closes it, or until the Pod ends.",
        wrong=(
            Wrong(
                "20",
                "This is right for new connections: after 20 s none of them reaches node-1. A connection that is "
                "already open stays with its Pod.",
                14,
            ),
            Wrong(
                "0",
                "The health check does answer 503 at once. But it is only a message to the load balancer; nobody "
                "closes a connection because of it.",
                14,
            ),
        ),
    ),
)  # fmt: skip
