"""Questions of lesson 5: what skew costs, where the policies change places, and what clients and checks add."""

from __future__ import annotations

from dataclasses import dataclass

from ...data import example
from ...model import Cluster
from ...traffic.policies import both_policies, crossover, view
from ...traffic.policy_comparison import CONFIGURATIONS, Configuration, expect
from ...traffic.queueing import sticky_max_over_mean
from ...traffic.simulation import simulate
from ...traffic.timeline import Scale
from ..forms import Choice, Percent, Question, Several, Wrong
from ..leaflets.kept_connections import pods_that_answer

__all__ = ["QUESTIONS", "Moved", "stand", "ways_out"]

LESSON = "06_skew_and_latency"
NAME, APP = "public-api-lb", "api-backend"
HOP_MS = 1.0
PROXY_PROTOCOL = "service.beta.kubernetes.io/linode-loadbalancer-default-proxy-protocol"
PLACES = ("5", "20", "45", "65")
RATIOS = ("1.0", "1.15", "1.5", "3.0")
GRACES = ("5", "10", "20", "50")
FIXES = {
    "weights": CONFIGURATIONS["Local, weighted by Pods"],
    "ip targets": CONFIGURATIONS["IP targets, cross-zone on"],
    "same zone": CONFIGURATIONS["Cluster, PreferSameZone"],
    "proxy protocol": Configuration(
        "linode", {"metadata": {"annotations": {PROXY_PROTOCOL: "v2"}}}
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """A Pod is replaced by one on another node: an event for `simulate`.

    Parameters
    ----------
    at_s : float
        When, in seconds after the start.
    grace_s : float
        Seconds for which the old Pod goes on serving.
    pod : str
        The old Pod, alone on the first node.

    Examples
    --------
    >>> Moved(at_s=10, grace_s=15).grace_s
    15
    """

    at_s: float
    grace_s: float
    pod: str = f"{APP}-1"

    def do(self, cluster: Cluster) -> None:
        """Start the new Pod on the second node, and tell the old one to end."""
        counts = [sum(pod.node == node.name for pod in cluster.pods) for node in cluster.nodes]
        cluster.scale(APP, per_node=[counts[0], counts[1] + 1, *counts[2:]])
        cluster.terminate(self.pod, grace_s=self.grace_s)


def stand(*per_node: int, policy: str = "Cluster", **patch: object) -> Cluster:
    """Build a cluster of lesson 5: the Service of lesson 2, and Pods as told.

    Parameters
    ----------
    *per_node : int
        Pods on each node.
    policy : str
        ``externalTrafficPolicy``.
    **patch : object
        Further fields of the Service's spec.

    Returns
    -------
    Cluster
        The cluster.

    Examples
    --------
    >>> len(stand(2, 1).pods)
    3
    """
    cluster = Cluster(nodes=len(per_node))
    cluster.deploy(APP, per_node=list(per_node))
    cluster.apply(example(NAME))
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": policy, **patch}})
    return cluster


def uneven() -> Cluster:
    """Build the cluster of the lesson: two Pods on one node, one on the other."""
    return stand(2, 1)


def busiest(cluster: Cluster) -> float:
    """Compute how busy the busiest Pod is under Local at 60 %."""
    return 100 * expect(both_policies(cluster, NAME)["Local"], NAME, utilisation=0.6).busiest


def _turns(cluster: Cluster, workers: int = 1) -> dict[str, float]:
    views = [view(one, NAME, hop_ms=HOP_MS) for one in both_policies(cluster, NAME).values()]
    return crossover(views, workers=workers)


def turn_of_mean(cluster: Cluster) -> str:
    """Find the crossover of the mean, and choose the nearest."""
    turn = 100 * _turns(cluster)["mean"]
    return min(PLACES, key=lambda place: abs(float(place) - turn))


def turn_of_tail(cluster: Cluster) -> str:
    """Compare the crossovers of p99 and mean."""
    turns = _turns(cluster)
    return _word(turns["p99"], turns["mean"], ("earlier", "same", "later"))


def turn_with_workers(cluster: Cluster) -> str:
    """Compare the crossover with four workers to that with one."""
    return _word(_turns(cluster, 4)["mean"], _turns(cluster)["mean"], ("lower", "same", "higher"))


def _word(one: float, other: float, words: tuple[str, str, str]) -> str:
    return words[1] if abs(one - other) < 1e-6 else words[0] if one < other else words[2]


def two_pods() -> Cluster:
    """Build a cluster with a Pod on each of two nodes."""
    return stand(1, 1)


def pods_of_a_connection(cluster: Cluster) -> str:
    """Send 1,000 requests over one connection, scale to four Pods meanwhile, and count who answered."""
    grows = [Scale(APP, at_s=6, replicas=4)]
    return pods_that_answer(
        cluster, NAME, requests=1000, rate_rps=50, clients=1, requests_per_connection=1000, events=grows
    )


def remembering() -> Cluster:
    """Build a cluster with a Pod on each of three nodes and sessionAffinity."""
    return stand(1, 1, 1, sessionAffinity="ClientIP")


def pods_of_a_crowd(cluster: Cluster) -> str:
    """Let 200 clients in by one node, and count the Pods that serve them."""
    return pods_that_answer(cluster, NAME, requests=5000, clients=200, via=cluster.nodes[0].name)


def ten_alike() -> Cluster:
    """Build a cluster with a Pod on each of ten nodes, under Local."""
    return stand(*[1] * 10, policy="Local")


def hottest_of_sticky(cluster: Cluster) -> str:
    """Ask how hot the hottest node is expected to be with 100 sticky clients, and choose the nearest."""
    nodes = len({pod.node for pod in cluster.pods})
    expected = sticky_max_over_mean(nodes, 100)
    return min(RATIOS, key=lambda ratio: abs(float(ratio) - expected))


def three_local() -> Cluster:
    """Build a cluster with a Pod on each of three nodes, under Local."""
    return stand(1, 1, 1, policy="Local")


def lost_while_moving(cluster: Cluster, grace_s: float) -> int:
    """Move the first Pod, and count the requests that fail."""
    events = [Moved(at_s=10, grace_s=grace_s)]
    traffic = simulate(cluster, NAME, requests=9000, rate_rps=100, clients=1000, events=events)
    return int(traffic.failed.sum())


def loses_with_sleep(cluster: Cluster) -> str:
    """Move a Pod that serves on for 15 s."""
    return "yes" if lost_while_moving(cluster, 15) else "no"


def grace_that_is_enough(cluster: Cluster) -> str:
    """Find the shortest grace period of the list without a lost request."""
    return next(grace for grace in GRACES if not lost_while_moving(cluster, float(grace)))


def ways_out(*per_node: int) -> dict[str, Cluster]:
    """Build a cluster for each way out of skew: with its provider, annotations and fields.

    Parameters
    ----------
    *per_node : int
        Pods on each node.

    Returns
    -------
    dict of str to Cluster
        By name: weights, ip targets, same zone, proxy protocol.

    Examples
    --------
    >>> ways_out(2, 1)["weights"].provider.name
    'gcp'
    """
    found = {}
    for name, way in FIXES.items():
        cluster = found[name] = Cluster(nodes=len(per_node), provider=way.provider)
        cluster.deploy(APP, per_node=list(per_node))
        cluster.apply(example(NAME))
        cluster.patch(NAME, way.patch)
    return found


def fixes(cluster: Cluster) -> frozenset[str]:
    """Find the ways out that load all Pods alike without an extra hop."""
    per_node = [sum(pod.node == node.name for pod in cluster.pods) for node in cluster.nodes]
    cluster.service(NAME)
    found = set()
    for name, twin in ways_out(*per_node).items():
        one = expect(twin, NAME, utilisation=0.5)
        if one.fairness > 0.999 and one.hop_share == 0:
            found.add(name)
    return frozenset(found)


QUESTIONS = (
    Question(
        "sk-busiest", LESSON, "Local, two Pods on node-1, one on node-2; all three together are 60 % busy. How busy is "
        "the busiest Pod, in percent?",
        Percent(), uneven, busiest,
        right="Half of all requests arrive at node-2, and its only Pod must serve them all.",
        wrong=(
            Wrong(
                lambda given, right: 55 <= given <= 70,
                "Under Cluster every Pod is 60 % busy, that is right. Under Local each node gets the same share of "
                "the connections, however many Pods it has.",
                25,
            ),
            Wrong(
                lambda given, right: given < 55,
                "This is right for the two Pods that share a node: they are less busy than the mean. What they do "
                "not get, the third Pod gets.",
                25,
            ),
            Wrong(
                lambda given, right: given >= 95,
                "Above a mean of 67 % it would be full, because its load is one and a half times the mean. At a mean"
                " of 60 % it is not.",
            ),
        ),
        otherwise="The lone Pod serves half of all requests, where a third would be fair: {right} %.",
    ),
    Question(
        "sk-turn", LESSON, "From about which utilisation on is Local slower on average, in percent?",
        Choice(PLACES, "%"), uneven, turn_of_mean,
        right="Long before a Pod is full, its queue costs more than the hop saves.",
        wrong=(
            Wrong(
                "65",
                "Until 67 % no Pod is full, that is right. But requests come at random, and a queue grows with 1/(1 "
                "− utilisation), from the beginning.",
                25,
            ),
            Wrong(
                "45",
                "With four workers in each Pod it would be near 40 %. With one worker, requests begin to wait "
                "earlier.",
            ),
            Wrong(
                "5",
                "With a hop of a tenth of a millisecond this would be right. Here the hop takes a whole millisecond,"
                " a tenth of the work.",
            ),
        ),
    ),
    Question(
        "sk-tail", LESSON, "Does the p99 turn earlier or later than the mean?",
        Choice(("earlier", "same", "later")), uneven, turn_of_tail,
        right="The slowest request in a hundred waits at the busiest Pod.",
        wrong=(
            Wrong(
                "same",
                "If all requests became slower in the same way, there would be one point for everything. But the hop"
                " costs one millisecond for those who take it, and the queue takes most from a few requests.",
            ),
            Wrong(
                "later",
                "The hop does add a millisecond to the slow requests too. But the queue of the busiest Pod adds tens"
                " of milliseconds to requests that are slow already.",
            ),
        ),
    ),
    Question(
        "sk-workers", LESSON, "Four workers in each Pod, each as busy as before: where does the mean turn?",
        Choice(("lower", "same", "higher")), uneven, turn_with_workers,
        right="A request waits only if all four workers are busy, so the skew costs less.",
        wrong=(
            Wrong(
                "same",
                "For the fraction of time that a worker is busy only utilisation counts. Waiting is another matter: "
                "one of four workers is free more often than the only one.",
            ),
            Wrong(
                "lower",
                "The busiest Pod does get more requests. But four workers share them.",
            ),
        ),
    ),
    Question(
        "sk-keepalive", LESSON, "One client, one connection, 1,000 requests; meanwhile the app grows from two Pods to "
        "four. How many of them answer?",
        Choice(("1", "2", "3", "4")), two_pods, pods_of_a_connection,
        right="A Pod was chosen for the first packet, and all later packets follow it.",
        wrong=(
            Wrong(
                "4",
                "A proxy that reads HTTP does balance requests. kube-proxy's rules choose a Pod once for each "
                "connection, at its first packet, so the new Pods get nothing.",
                15,
            ),
            Wrong(
                "2",
                "Two connections would be sent at random to one Pod or to both. One connection has one Pod.",
                15,
            ),
            Wrong(
                "3",
                "New connections would find the new Pods. This connection stays where it is.",
                15,
            ),
        ),
    ),
    Question(
        "sk-affinity", LESSON, "Cluster, sessionAffinity: ClientIP, three Pods. 200 clients all come in by node-1. How "
        "many Pods serve them?",
        Choice(("1", "2", "3")), remembering, pods_of_a_crowd,
        right="The node remembers the address that arrives, before it replaces it with its own.",
        wrong=(
            Wrong(
                "1",
                "Under Cluster the Pod does see the node's address, and with one address in front of all clients "
                "this would be right. But the node keeps the affinity, and it looks at the source address that "
                "arrives.",
                11,
            ),
            Wrong(
                "2",
                "The Pods on other nodes are reached too, that is right. Under Cluster a node chooses from all Pods,"
                " its own included, and each client keeps its own Pod.",
                11,
            ),
        ),
    ),
    Question(
        "sk-sticky", LESSON, "Local, ten nodes with a Pod each; 100 clients, each always by the same node. How much "
        "does the hottest Pod get, over the mean?",
        Choice(RATIOS), ten_alike, hottest_of_sticky,
        right="A hundred clients are spread over ten nodes by chance, and almost never ten on each.",
        wrong=(
            Wrong(
                "1.0",
                "With a new random choice for each connection, or with very many clients, an even placement gives an"
                " even load. A hundred clients are few.",
                25,
            ),
            Wrong(
                "1.15",
                "With a thousand clients the difference would be that small. With four times as many clients the "
                "unevenness halves, and here there are a hundred.",
            ),
            Wrong(
                "3.0",
                "With a handful of clients it would be that bad. With a hundred it is less.",
            ),
        ),
    ),
    Question(
        "sk-rollout", LESSON, "Local; a Pod moves to another node and serves on for 15 s. The load balancer asks every "
        "10 s, and believes the second failure. Is any request lost?",
        Choice(("yes", "no")), three_local, loses_with_sleep,
        right="From the end of the Pod until the second failed check, packets for its node are dropped.",
        wrong=(
            Wrong(
                "no",
                "A preStop sleep does help: the Pod goes on serving while its node's check already answers 503. But "
                "the load balancer needs 20 s to believe the check, and the Pod is gone after 15.",
                14,
            ),
        ),
    ),
    Question(
        "sk-grace", LESSON, "Of 5, 10, 20 and 50 s: which is the shortest grace period with no request lost?",
        Choice(GRACES, "s"), three_local, grace_that_is_enough,
        right="The load balancer needs interval × threshold: 10 s × 2.",
        wrong=(
            Wrong(
                "10",
                "With a threshold of one, one check would be enough. This load balancer waits for two failed checks.",
                14,
            ),
            Wrong(
                "5",
                "A short sleep does cover the time until kube-proxy has new rules. But the load balancer takes "
                "interval × threshold until it sends nothing more.",
                14,
            ),
            Wrong(
                "50",
                "After a crash the cluster does need 50 s to notice. Here the Pod itself says that it ends, and the "
                "health check knows at once.",
                14,
            ),
        ),
    ),
    Question(
        "sk-ways", LESSON, "Which of these load all three Pods alike, and without an extra hop?",
        Several(tuple(FIXES)), uneven, fixes,
        right="Weights tell the load balancer how many Pods a node has, and with IP targets it asks no node at all.",
        wrong=(
            Wrong(
                lambda given, right: "same zone" in given,
                "A preference for the same zone does save the hop into another zone. But a zone with one Pod keeps "
                "its whole share, as a node does under Local, so the load stays uneven.",
                25,
            ),
            Wrong(
                lambda given, right: "proxy protocol" in given,
                "The PROXY protocol does bring the client's address to the Pod under the policy Cluster, in a "
                "header. But the packet takes the same path, so the hop stays.",
                7,
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose may well help, but one is missing. The load balancer must know how many Pods are "
                "behind a node: by weights, or because it sends to Pods itself.",
            ),
        ),
    ),
)  # fmt: skip
