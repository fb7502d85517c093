"""Questions of lesson 6: a real cluster, asked before it is reviewed."""

from __future__ import annotations

from ...api.errors import NotExposed
from ...cost.usage import admitted_client
from ...data import example
from ...model import Cluster
from ...report.review import review
from ...router.router import shares
from ..forms import Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS", "worst_pod"]

LESSON = "08_your_cluster"
EXPOSED = ("storefront", "api", "orders", "checkout", "stream", "grafana")
COMPARED = ("api", "checkout")
TURNS = ("4", "20", "50", "90")
PER_NODE = (4, 3, 2, 1)  # what somebody asked about in public


def sample() -> Cluster:
    """Load the sample dump."""
    return Cluster.from_json(example("sample-cluster"), provider="aws")


def who_is_served(cluster: Cluster) -> frozenset[str]:
    """Ask each exposed Service as a client that it lets in; keep those that lose no connection."""
    served = set()
    for service in cluster.services:
        if service.name not in EXPOSED:
            continue
        try:
            lost = shares(cluster, f"{service.key}:{service.ports[0].port}", admitted_client(service)).lost
        except (NotExposed, ValueError):
            continue
        if not lost:
            served.add(service.name)
    return frozenset(served)


def who_gets_local(cluster: Cluster) -> frozenset[str]:
    """Name the Services for which Local answers sooner at the p99, half busy."""
    found = {one.name.partition("/")[2]: one.comparison for one in review(cluster).exposed}
    chosen = (name for name in COMPARED if (one := found.get(name)) and one.advice.policy == "Local")
    return frozenset(chosen)


def turns(cluster: Cluster) -> str:
    """Say from which utilisation storefront is slower under Local at the p99, to the nearest choice."""
    one = review(cluster).service("shop/storefront").comparison
    assert one is not None and one.turns_at_p99 is not None
    percent = 100 * one.turns_at_p99
    return min(TURNS, key=lambda text: abs(float(text) - percent))


def four_nodes() -> Cluster:
    """Build the cluster of exercise 2: ten Pods, unevenly on four nodes."""
    cluster = Cluster(nodes=len(PER_NODE))
    cluster.deploy("api-backend", per_node=PER_NODE)
    cluster.apply(example("public-api-lb"))
    return cluster


def worst_pod(cluster: Cluster) -> float:
    """Return the utilisation of the average Pod, in percent, at which Local overloads the first Pod.

    Examples
    --------
    >>> worst_pod(four_nodes())
    40.0
    """
    one = review(cluster).service("public-api-lb").comparison
    assert one is not None
    return 100 / one.local.hottest


QUESTIONS = (
    Question(
        "own-served", LESSON, "Which of the six exposed Services answer every connection of a client that they let in?",
        Several(EXPOSED), sample, who_is_served,
        right="The other three look exposed, and lose some or all of their clients.",
        wrong=(
            Wrong(
                lambda given, right: "stream" in given - right,
                "The API server does accept TCP and UDP in one Service, since 1.24 by default, and on other clouds "
                "stream may work. But AWS's in-tree controller refuses the mix, so there is no address.",
                16,
            ),
            Wrong(
                lambda given, right: "orders" in given - right,
                "orders does have an address, and Pods named orders run. But its selector says app=order, so none of"
                " these Pods is an endpoint. Labels decide, not the names of Pods.",
                3,
            ),
            Wrong(
                lambda given, right: "grafana" in given - right,
                "Under Cluster a node port answers on every node. The policy of grafana is Local, and ten of twelve "
                "nodes have no Pod of it: they drop the packet.",
                8,
            ),
            Wrong(
                lambda given, right: "storefront" in right - given,
                "storefront is Local, and five nodes have no Pod of it, that is right: a client that uses such a "
                "node's own address loses. But here the load balancer asks first, and sends nothing to those five "
                "nodes.",
                25,
            ),
        ),
        otherwise="What you chose works, but one Service that works is missing. Look at the policy, the Pods and the"
                  " EXTERNAL-IP of each.",
    ),
    Question(
        "own-policy", LESSON, "For which of api and checkout is Local the faster policy at the p99, half "
        "busy?",
        Several(COMPARED), sample, who_gets_local,
        right="It has a Pod on every node. The other one would pay for the saved hop with a busier Pod.",
        wrong=(
            Wrong(
                frozenset(COMPARED),
                "Local does save a hop and keep the client's address for both. But the load balancer spreads over "
                "nodes, so where nodes have different numbers of Pods, or zones different numbers of nodes, some "
                "Pods get more than their share.",
                25,
            ),
            Wrong(
                frozenset(),
                "Cluster is the default and spreads evenly, and it is right wherever Pods are placed unevenly. Where"
                " every node has the same number of Pods, Local is as even, and saves the hop.",
            ),
            Wrong(
                lambda given, right: "checkout" in given,
                "For each node this is even: one Pod on each of four nodes. But an NLB spreads over its zones first,"
                " and two of the four nodes are in one zone.",
                25,
            ),
        ),
    ),
    Question(
        "own-turn", LESSON, "From which utilisation on is storefront slower under Local at the p99?",
        Choice(TURNS, "%"), sample, turns,
        right="One Pod gets half more than its share, so its queue soon costs more than the millisecond of a hop.",
        wrong=(
            Wrong(
                "90",
                "With evenly spread load the queue does hurt only near full utilisation. Here the busiest Pod gets "
                "half more than its share, so it gets there much earlier.",
            ),
            Wrong(
                "20",
                "This is near the point where the mean crosses. The slowest request in a hundred meets the queue "
                "first, so the p99 crosses at a lower utilisation.",
            ),
        ),
        otherwise="Compare what a hop costs (about a millisecond) with what a queue costs.",
    ),
    Question(
        "own-worst-pod", LESSON, "Ten Pods, 4, 3, 2 and 1 on four nodes, Local: at which average utilisation is a "
        "Pod full?",
        Percent(), four_nodes, worst_pod,
        part="exercise",
        right="The only Pod of its node gets a quarter of the traffic, two and a half times its tenth.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99.5,
                "Under Cluster all Pods are full at the same time. Under Local the load balancer spreads over nodes,"
                " so the only Pod of a node gets a whole node's share.",
                25,
            ),
            Wrong(
                lambda given, right: abs(given - 25) <= 0.5,
                "25 % is its share of the traffic, well seen. Its load is that share over the mean share, a tenth: two "
                "and a half times the mean.",
            ),
        ),
    ),
)  # fmt: skip
