"""Questions of the lesson "Your cluster": a real cluster, asked before it is reviewed."""

from __future__ import annotations

from ...api.errors import NotExposed
from ...cost.usage import admitted_client
from ...data import example
from ...model import Cluster
from ...report.diff import diff
from ...report.review import review
from ...router.reach import reach_of
from ...router.router import routes, shares
from ..forms import OUTCOMES, Choice, Percent, Question, Several, Wrong

__all__ = ["QUESTIONS", "worst_pod"]

LESSON = "08_your_cluster"
EXPOSED = ("storefront", "api", "orders", "checkout", "stream", "grafana")
COMPARED = ("api", "checkout")
WORKING = frozenset(("storefront", "api"))  # nothing about them raises a doubt but the nodes' private addresses
TURNS = ("4", "20", "50", "90")
PER_NODE = (4, 3, 2, 1)  # what somebody asked about in public
CHANGED = {
    "p99": "The slowest one percent of the requests are answered sooner (the p99 falls)",
    "bill": "The monthly bill rises",
    "address": "The Pods no longer see the client's address",
    "internet": "The internet reaches Services that it did not reach before",
}


def sample() -> Cluster:
    """Load the sample dump."""
    return Cluster.from_json(example("sample-cluster"), provider="aws")


def who_is_on_the_internet(cluster: Cluster) -> frozenset[str]:
    """Return the exposed Services that have an entrance on the internet, whether or not anybody answers."""
    listed = (service for service in cluster.services if service.name in EXPOSED)
    return frozenset(service.name for service in listed if reach_of(cluster, service).internet)


def who_is_served(cluster: Cluster) -> frozenset[str]:
    """Ask each exposed Service as a client that it admits; keep those that lose no connection."""
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


def ledger_answers(cluster: Cluster) -> str:
    """Return what a Pod gets that connects to the ClusterIP of ledger."""
    service = cluster.service("payments/ledger")
    caller = next(pod for pod in cluster.pods if pod.namespace == "payments" and pod.ready)
    target = f"{service.cluster_ip}:{service.ports[0].port}"
    return routes(cluster, target, client=f"pod/{caller.namespace}/{caller.name}")[0].outcome


def who_gets_local(cluster: Cluster) -> frozenset[str]:
    """Return the Services for which Local answers sooner at the p99, half busy."""
    found = {one.name.partition("/")[2]: one.comparison for one in review(cluster).exposed}
    chosen = (name for name in COMPARED if (one := found.get(name)) and one.advice.policy == "Local")
    return frozenset(chosen)


def turns(cluster: Cluster) -> str:
    """Return the utilisation above which storefront is slower under Local at the p99, to the nearest choice."""
    one = review(cluster).service("shop/storefront").comparison
    assert one is not None and one.turns_at_p99 is not None
    percent = 100 * one.turns_at_p99
    return min(TURNS, key=lambda text: abs(float(text) - percent))


def what_a_change_does(cluster: Cluster) -> frozenset[str]:
    """Set Cluster on storefront, compare with before, and return what is true of `CHANGED`."""
    after = cluster.copy()
    after.patch("storefront", {"spec": {"externalTrafficPolicy": "Cluster"}}, namespace="shop")
    made = diff(cluster, after)
    numbers = {one.what: (one.before_value, one.after_value) for one in made.changes}
    old, new = (one.service("shop/storefront").comparison for one in (made.before, made.after))
    assert old is not None and new is not None
    p99 = numbers.get("p99", (0, 0))
    cost = (made.before.estimate.total_per_month, made.after.estimate.total_per_month)
    seen = (old.views[old.now].source, new.views[new.now].source)
    found = {
        "p99": (p99[1] or 0) < (p99[0] or 0),
        "bill": (cost[1] or 0) > (cost[0] or 0),
        "address": "client" in seen[0] and "client" not in seen[1],
        "internet": len(made.after.internet) > len(made.before.internet),
    }
    return frozenset(name for name, holds in found.items() if holds)


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
        "own-internet", LESSON, "A shop on AWS exposes six Services; its nodes have private addresses only. "
        "storefront, api, orders and checkout are of type LoadBalancer and have an EXTERNAL-IP (checkout admits "
        "198.51.100.0/24 only), stream is of type LoadBalancer and <pending>, and grafana is of type NodePort. To "
        "which of the six can a client on the internet send a packet at all, whether or not an answer comes back?",
        Several(EXPOSED), sample, who_is_on_the_internet,
        right="A load balancer with a public address is an entrance, even when nobody answers behind it. stream has no "
        "address yet, and the node port of grafana is on private addresses.",
        wrong=(
            Wrong(
                lambda given, right: "stream" in given - right,
                "type: LoadBalancer does ask for an address, and once stream has one this answer is right. But its "
                "EXTERNAL-IP is <pending>: so far there is no load balancer, and no address to send a packet to.",
                1,
            ),
            Wrong(
                lambda given, right: "grafana" in given - right,
                "A node port is open on every node, and where nodes have public addresses the internet reaches it. "
                "These nodes have private addresses only, so a packet from the internet cannot arrive at one of them.",
            ),
            Wrong(
                lambda given, right: WORKING & right - given,
                "No packet from the internet can be sent to a node of this shop, that is right, because all nodes "
                "have private addresses. But a load balancer is no node: it has a public address of its own, the "
                "EXTERNAL-IP, and passes packets on to the nodes inside the private network.",
            ),
            Wrong(
                lambda given, right: "orders" in right - given and given >= WORKING,
                "Who answers behind an entrance is a question of its own, which section 2 asks. Here it is enough "
                "that a packet can be sent, and the load balancer of orders has a public address as those of "
                "storefront and api have.",
            ),
            Wrong(
                lambda given, right: "checkout" in right - given and given >= WORKING,
                "The source ranges of checkout do keep most clients out. But 198.51.100.0/24 is a part of the "
                "internet, so for these clients the entrance exists.",
            ),
        ),
        otherwise="An entrance needs an address that packets from the internet can be sent to. Look at the column "
        "EXTERNAL-IP, and at the addresses of the nodes.",
    ),
    Question(
        "own-served", LESSON, "A shop exposes six Services. Their clients use the load balancer's address; those of "
        "grafana, a NodePort, choose a node at random. Which of the six answer every connection of the clients that "
        "they admit?",
        Several(EXPOSED), sample, who_is_served,
        right="The other three also look exposed, but some or all of the connections to them are lost.",
        wrong=(
            Wrong(
                lambda given, right: "stream" in given - right,
                "The API server does accept TCP and UDP in one Service, since version 1.24 by default, and on other "
                "clouds stream may work. But the in-tree controller of AWS refuses the mix, so there is no address.",
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
                "Under Cluster a node port answers on every node. But the policy of grafana is Local, and ten of "
                "twelve nodes have no Pod of it. These nodes drop the packet.",
                8,
            ),
            Wrong(
                lambda given, right: "storefront" in right - given,
                "storefront is Local, and five nodes have no Pod of it: a client that connects to the node port of "
                "such a node gets no answer. But here the load balancer checks each node first, and sends nothing to "
                "those five.",
                25,
            ),
            Wrong(
                lambda given, right: {"api", "checkout"} & right - given,
                "An address alone is no proof that anybody answers, that is right. But for api and checkout all is "
                "there: a load balancer with an address, a selector that matches Pods which are ready, and the policy "
                "Cluster, under which every node passes a packet on to one of these Pods, wherever it runs. The "
                "nodes' private addresses do not matter behind a load balancer.",
            ),
        ),
        otherwise="The Services that you chose work, but at least one that works is missing. Look at the policy, the "
        "Pods and the EXTERNAL-IP of each.",
    ),
    Question(
        "own-ledger", LESSON, "The Service ledger is a ClusterIP. Its three Pods run, but none of them is ready. "
        "Another Pod connects to its ClusterIP. What does it get?",
        OUTCOMES, sample, ledger_answers,
        right="A Pod that is not ready is no endpoint to send to. Without any endpoint the rules of the node refuse "
        "the connection at once.",
        wrong=(
            Wrong(
                "delivered",
                "The Pods do run, and each answers at its own address if the process listens. But a Service sends only "
                "to Pods that are ready, and here no Pod is.",
                3,
            ),
            Wrong(
                "timeout",
                "A timeout would be right under a Local policy with Pods on other nodes only, or behind a firewall. "
                "Where the whole cluster has no endpoint, the node's rules answer at once: refused.",
            ),
        ),
    ),
    Question(
        "own-policy", LESSON, "api has one Pod on each of twelve nodes, four nodes in each of three zones. checkout "
        "has four Pods, each on its own node: one in zone a, one in zone b, two in zone c. The Pods are half busy, and "
        "the load balancer sends an equal share to each zone. For which of the two does Local give the lower p99?",
        Several(COMPARED), sample, who_gets_local,
        right="With a Pod of api on every node, its load is even under Local too, and the extra hop is saved. The "
        "Pods of checkout would get unequal shares.",
        wrong=(
            Wrong(
                frozenset(COMPARED),
                "Local does save a hop and keep the client's address for both. But the load balancer divides the "
                "traffic by zones and nodes. Where zones have different numbers of Pods, some Pods get more than "
                "their share, and their queue costs more than the hop.",
                25,
            ),
            Wrong(
                frozenset(),
                "Cluster is the default and spreads evenly, and it is right wherever Pods are placed unevenly. Where"
                " every node has the same number of Pods, Local is as even, and saves the hop.",
            ),
            Wrong(
                lambda given, right: "checkout" in given,
                "Node by node checkout is even: one Pod on each of four nodes. But this load balancer divides by zones"
                " first, and two of the four nodes share the part of zone c.",
                25,
            ),
        ),
    ),
    Question(
        "own-turn", LESSON, "Under Local the busiest Pod of storefront gets 1.5 times the average load. A request "
        "takes 10 ms of work, and the extra hop of Cluster costs about 0.6 ms. Above which utilisation of "
        "the average Pod is the p99 higher under Local than under Cluster? Choose the nearest.",
        Choice(TURNS, "%"), sample, turns,
        right="The busiest Pod gets 1.5 times the average load, so its queue soon costs more than the hop.",
        wrong=(
            Wrong(
                "90",
                "Near full utilisation the queues are long, that is right. But the busiest Pod gets 1.5 times the "
                "average load, so it is full when the average Pod is 67 % busy, and its queue is long well before "
                "that.",
            ),
            Wrong(
                "20",
                "This is near the utilisation at which the mean response time of Local becomes higher. The slowest "
                "request in a hundred waits in the queue first, so the p99 crosses at a lower utilisation.",
            ),
        ),
        otherwise="At 50 % Local is clearly slower, that is right. But it is already slower at a much lower "
        "utilisation: compare the hop (about 0.6 ms) with the wait for one request of 10 ms.",
    ),
    Question(
        "own-change", LESSON, "storefront has the policy Local, and nine Pods that are unevenly spread over three "
        "zones of AWS and half busy. You set externalTrafficPolicy: Cluster. What changes?",
        Several(tuple(CHANGED), labels=CHANGED), sample, what_a_change_does,
        right="The p99 falls because no Pod gets more than its share any more. In return you pay for traffic between "
        "zones, and the Pods no longer see the client's address.",
        wrong=(
            Wrong(
                lambda given, right: "internet" in given - right,
                "The policy does decide which Pods may answer at each entrance. But it opens no new entrance: every "
                "address and every port stays as it was.",
            ),
            Wrong(
                lambda given, right: "address" in right - given,
                "Before the change the Pods did see the client's address, because Local keeps it. Under Cluster every "
                "node replaces the source address with its own, even if the chosen Pod is on this node.",
                7,
            ),
            Wrong(
                lambda given, right: "bill" in right - given,
                "The load balancer itself does cost the same as before. But under Cluster two thirds of the "
                "connections cross into another zone, and AWS charges for these bytes on both sides.",
            ),
            Wrong(
                lambda given, right: "p99" in right - given,
                "Cluster does add a hop, and at a very low load it is the slower policy. Half busy, the queue of the "
                "busiest Pod costs far more than the hop.",
            ),
        ),
    ),
    Question(
        "own-worst-pod", LESSON, "Ten Pods run on four nodes: 4, 3, 2 and 1. The policy is Local. At which utilisation "
        "of the average Pod is the busiest Pod fully used?",
        Percent(), four_nodes, worst_pod,
        part="exercise",
        right="The Pod that is alone on its node gets a quarter of the traffic. The average share is a tenth, so it is "
        "2.5 times as busy as the average Pod: 100 % ÷ 2.5 is 40 %.",
        wrong=(
            Wrong(
                lambda given, right: given >= 99.5,
                "Under Cluster this is right: all Pods reach 100 % together. Under Local the load balancer "
                "spreads over nodes, so the only Pod of a node gets a whole node's share.",
                25,
            ),
            Wrong(
                lambda given, right: abs(given - 25) <= 0.5,
                "25 % is the share of the traffic that this Pod gets, that is right. Its load is this share divided by "
                "the average share, a tenth: two and a half times the average. The question asks when that is 100 %.",
            ),
            Wrong(
                lambda given, right: 50 < given < 99.5,
                "Four Pods on one node do look like the most crowded place. But under Local these four divide the "
                "share of one node, so they are the least busy. Find the node whose share is divided among the fewest "
                "Pods.",
                25,
            ),
        ),
        otherwise="Each node gets a quarter of the traffic. Find the Pod that gets the largest share, and compare it "
        "with the average share, a tenth.",
    ),
)  # fmt: skip
