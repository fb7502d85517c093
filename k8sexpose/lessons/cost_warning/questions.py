"""Questions of lesson 3: what exposing Services costs, why it differs, and which lines nobody ordered."""

from __future__ import annotations

from ...cloud.provisioning import provision
from ...cost.alternatives import compare_exposure, costs_by_traffic
from ...cost.billing import bill, bill_for
from ...cost.charges import BilledEntry
from ...cost.prices import HOURS_PER_MONTH, price_book
from ...data import example
from ...model import Cluster
from ..forms import Choice, Percent, Quantity, Question, Several, Wrong
from .savings import ingress_bill

__all__ = ["QUESTIONS", "fifty_teams", "one_team"]

LESSON = "03_cost_warning"
NAME = "public-api-lb"
PROVIDERS = ("aws", "gcp", "azure", "linode")
GB_PER_MONTH = 50 * HOURS_PER_MONTH
BUSY_GB = 1000 * HOURS_PER_MONTH
ANNOTATION = "service.beta.kubernetes.io/aws-load-balancer-type"
AMOUNTS = ("30", "300", "1600", "15000")
RISES = ("0", "3", "30", "300")
PRICE_OF_SIX = {"generic": {"load_balancer": {"lb_month": 20}}}


def fifty_teams() -> Cluster:
    """Build the cluster of lesson 3: fifty copies of the Service of lesson 2, in three zones on AWS.

    Examples
    --------
    >>> sum(service.type == "LoadBalancer" for service in fifty_teams().services)
    50
    """
    cluster = Cluster(nodes=3, provider="aws")
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    text = example(NAME).read_text(encoding="utf-8").replace("spec:", "spec:\n  externalTrafficPolicy: Local", 1)
    for number in range(1, 51):
        cluster.apply(text.replace(NAME, f"team-{number:02}"))
    return cluster


def one_team() -> Cluster:
    """Build a cluster with one Service whose load balancer is there.

    Examples
    --------
    >>> len(one_team().load_balancers)
    1
    """
    cluster = Cluster(nodes=3, provider="aws")
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    cluster.apply(example(NAME))
    cluster.advance(600)
    return cluster


def nothing() -> Cluster:
    """Build a cluster for questions that the price book answers alone."""
    return Cluster(nodes=3, provider="aws")


def amount_of_fifty(cluster: Cluster) -> str:
    """Bill the Services of a cluster, and choose the nearest amount."""
    total = bill(cluster, gb_per_month=GB_PER_MONTH).total_per_month or 0.0
    if not total:
        raise ValueError("nothing here is billed")
    return min(AMOUNTS, key=lambda amount: abs(float(amount) - total))


def as_the_first(cluster: Cluster) -> frozenset[str]:
    """Find the providers at which fifty Services cost fifty times what one costs."""

    def cost(services: int, provider: str) -> float:
        table = compare_exposure(services, provider, gb_per_month=0)
        return float(table["total_per_month"]["one_lb_each"])

    return frozenset(name for name in PROVIDERS if abs(cost(50, name) - 50 * cost(1, name)) < 0.01)


def the_next_one(cluster: Cluster) -> str:
    """Apply one Service more, and preview whether it gets an address."""
    text = example(NAME).read_text(encoding="utf-8").replace(NAME, "one-more")
    cluster.apply(text)
    return "no" if provision(cluster, "one-more").pending else "yes"


def busy(cluster: Cluster) -> str:
    """Compare fifty load balancers with one shared entry under heavy traffic."""
    total = compare_exposure(50, "aws", gb_per_month=BUSY_GB)["total_per_month"]
    return "each" if total["one_lb_each"] < total["one_ingress"] else "shared"


def for_ingress_objects(cluster: Cluster) -> str:
    """Count the load balancers of fifty Ingress objects without a group."""
    return str(ingress_bill(50).load_balancers)


def left_behind(cluster: Cluster) -> str:
    """Take the annotation away, delete the Service, and count the load balancers on the bill."""
    cluster.patch(NAME, {"metadata": {"annotations": {ANNOTATION: None}}})
    cluster.advance(600)
    cluster.delete(NAME)
    cluster.advance(600)
    return str(bill(cluster, gb_per_month=0).load_balancers)


def rise(cluster: Cluster) -> str:
    """Set the default policy on every Service, and choose the nearest rise of the bill in percent."""
    old = bill(cluster, gb_per_month=GB_PER_MONTH).total_per_month or 0.0
    for service in cluster.services:
        if service.type == "LoadBalancer":
            cluster.patch(service.name, {"spec": {"externalTrafficPolicy": "Cluster"}})
    new = bill(cluster, gb_per_month=GB_PER_MONTH).total_per_month or 0.0
    return min(RISES, key=lambda percent: abs(float(percent) - 100 * (new / old - 1)))


def biggest_on_azure(cluster: Cluster) -> str:
    """Find the biggest part of the bill of fifty idle Services on Azure."""
    made = bill_for("azure", [BilledEntry(f"team-{number}", "standard") for number in range(50)], price_book())
    items = made.items
    parts = {
        "rules": items["name"].str.contains("rules"),
        "addresses": items["name"].str.contains("address"),
        "bytes": items["unit"].isin(["GB", "GiB"]),
    }
    costs = {part: float(items[chosen]["monthly_cost"].sum()) for part, chosen in parts.items()}
    return max(costs, key=lambda part: costs[part])


def six_to_one(cluster: Cluster) -> float:
    """Compute what one shared entry saves on six Services at 20 USD a load balancer, in percent."""
    total = compare_exposure(6, "generic", prices=PRICE_OF_SIX)["total_per_month"]
    return float(100 * (1 - total["one_ingress"] / total["one_lb_each"]))


def breaks_even(_: Cluster) -> float:
    """Find the traffic from which twenty load balancers cost less than one shared entry, in GB an hour."""
    return float(costs_by_traffic(provider="aws", services=20).attrs["break_even"]) / HOURS_PER_MONTH


QUESTIONS = (
    Question(
        "cost-fifty", LESSON, "Fifty Services of type LoadBalancer on AWS, 50 GB an hour in all: how many USD a month?",
        Choice(AMOUNTS, "USD"), fifty_teams, amount_of_fifty,
        right="about {right} USD a month: fifty load balancers, each with an address in every zone.",
        wrong=(
            Wrong(
                "30",
                "You expected one load balancer for the whole cluster. That would be about right for one shared entry "
                "without traffic. Each Service of type LoadBalancer asks for one of its own: about {right} USD.",
                24,
            ),
            Wrong(
                "300",
                "You expected a load balancer to be cheap enough not to count. One is. Fifty are fifty wages, fifty "
                "times three addresses, and the bytes: about {right} USD. One shared entry costs about 300.",
                24,
            ),
            Wrong(
                "15000",
                "You expected much more. Ten times the traffic, or Services in several regions, get there. "
                "Here it is about {right} USD: a wage is about 16 USD a month, an address 3.65.",
            ),
        ),
    ),
    Question(
        "cost-formula", LESSON, "At which clouds do fifty idle Services cost fifty times what one costs?",
        Several(PROVIDERS), nothing, as_the_first,
        right="{right}: they charge for each load balancer. The others charge for rules, and five rules cost as much "
        "as one.",
        wrong=(
            Wrong(
                lambda given, right: "azure" in given,
                "You expected a load balancer for each Service everywhere. On AWS and Linode it is so. On AKS all "
                "Services share one load balancer; what grows is its rules and addresses. Right: {right}.",
                24,
            ),
            Wrong(
                lambda given, right: "gcp" in given,
                "You expected Google to charge for each load balancer. It charges for forwarding rules, and the first "
                "five cost as much as one; from the sixth on you would be right. Right: {right}.",
            ),
            Wrong(
                lambda given, right: given < right,
                "You expected a discount for many. Azure and Google give one on the first five rules. {right}: here "
                "the fiftieth costs as much as the first.",
            ),
        ),
    ),
    Question(
        "cost-quota", LESSON, "Does the fifty-first Service on AWS get an address?",
        Choice(("yes", "no")), fifty_teams, the_next_one,
        right="{right}: the quota is 50 network load balancers in a region, until you ask for more.",
        wrong=(
            Wrong(
                lambda given, right: given == "yes",
                "You expected the cloud to build as many as you pay for. The API server does accept the Service, and "
                "on request AWS raises the limit. Until then: {right}, it stays <pending>, and only events say why.",
                24,
            ),
        ),
    ),
    Question(
        "cost-busy", LESSON, "1,000 GB an hour on AWS: are fifty load balancers cheaper (each), or one shared entry?",
        Choice(("each", "shared")), nothing, busy,
        right="{right}: the capacity unit of the shared entry's load balancer costs a third more.",
        wrong=(
            Wrong(
                lambda given, right: given == "shared",
                "You expected one entry to be cheaper whatever passes. With little traffic it is, because the hours "
                "decide. Here bytes decide, and an LCU costs more than an NLCU. Right: {right}.",
            ),
        ),
    ),
    Question(
        "cost-ingress", LESSON, "Fifty Ingress objects for AWS's own controller, no group: how many load balancers?",
        Choice(("0", "1", "50")), nothing, for_ingress_objects,
        right="{right}: one for each Ingress object, until they name a group.",
        wrong=(
            Wrong(
                "1",
                "You expected Ingress to mean one load balancer. With a controller that runs inside the cluster it "
                "does, and so it does if all objects name one group. Without a group the cloud builds {right}.",
                24,
            ),
            Wrong(
                "0",
                "You expected an Ingress to need none. It is a set of rules, that is true. But somebody on the "
                "sidewalk must take the orders: this controller builds {right}.",
                24,
            ),
        ),
    ),
    Question(
        "cost-orphan", LESSON, "The annotation was taken away, then the Service deleted: how many load balancers cost?",
        Choice(("0", "1", "2")), one_team, left_behind,
        right="{right}: the network load balancer of before. Nothing in the cluster names it any more.",
        wrong=(
            Wrong(
                lambda given, right: given == "0" != right,
                "You expected a deleted Service to take everything with it. It takes the load balancer that it has "
                "now. The one from before the change has no owner any more, and costs on: {right}.",
                17,
            ),
            Wrong(
                "2",
                "You expected both to stay. The second one goes: a finalizer holds the Service until the cloud has "
                "deleted it. The first was left behind by the change of the annotation: {right}.",
                17,
            ),
        ),
    ),
    Question(
        "cost-policy", LESSON, "The line externalTrafficPolicy: Local goes. By how many percent does the bill rise?",
        Choice(RISES, "%"), fifty_teams, rise,
        right="about {right} %: two thirds of the bytes now cross into another zone, and pay at both ends.",
        wrong=(
            Wrong(
                "0",
                "You expected a routing detail to cost nothing. On Azure that is true, and in one zone it is true "
                "everywhere. Here nodes pass packets on to other zones: about {right} %.",
            ),
            Wrong(
                "3",
                "You expected a cent to be too little to matter. It is paid for each GB, at both ends, by two thirds "
                "of all bytes: about {right} %.",
            ),
            Wrong(
                "300",
                "You expected it to dwarf the rest. With one shared entry, where there is little else on the bill, it "
                "comes near that. With fifty load balancers it is about {right} %.",
            ),
        ),
    ),
    Question(
        "cost-azure-part", LESSON, "Fifty idle Services on Azure: which part of the bill is the biggest?",
        Choice(("load balancers", "rules", "addresses", "bytes")), nothing, biggest_on_azure,
        part="exercise",
        right="{right}: forty-five beyond the first five, a cent an hour each.",
        wrong=(
            Wrong(
                "load balancers",
                "You expected a load balancer for each Service. That is AWS. On AKS all Services share one, and its "
                "price is in that of the first five rules. The biggest part: {right}.",
                24,
            ),
            Wrong(
                "addresses",
                "You expected the addresses. There are fifty, but one costs half of what a rule costs. The biggest "
                "part: {right}.",
            ),
            Wrong("bytes", "You expected the bytes. These Services are idle: no bytes. The biggest part: {right}."),
        ),
    ),
    Question(
        "cost-six", LESSON, "Six Services at 20 USD a load balancer: how many percent does one shared entry save?",
        Percent(), nothing, six_to_one,
        part="exercise",
        right="{right} %: five of six load balancers go.",
        wrong=(
            Wrong(
                100.0,
                "You expected the shared entry to be free. It is a Service of type LoadBalancer itself, with a load "
                "balancer of its own: {right} %.",
                24,
            ),
            Wrong(
                0.0,
                "You expected an Ingress to need a load balancer for each Service. Ungrouped Ingress objects at a "
                "cloud's controller do. One entry for all six saves {right} %.",
                24,
            ),
        ),
    ),
    Question(
        "cost-break-even", LESSON, "Twenty Services on AWS, three zones: from how many GB an hour on is one shared ALB "
        "the dearer one?",
        Quantity("", "a number of GB an hour, such as 100", near=0.02, most=1e6), nothing, breaks_even,
        part="exercise",
        right="about {right} GB an hour: nineteen load balancers saved, over 0.2 cents more for each GB.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - right * 20 / 19) <= 0.02 * right,
                "You counted twenty wages as saved. One load balancer stays: the shared one. It is about {right}.",
                24,
            ),
            Wrong(
                lambda given, right: 0.5 * right <= given <= 0.7 * right,
                "You saved the load balancers' hours only. Their addresses, one in each zone, go too. It is about "
                "{right}.",
            ),
            Wrong(
                lambda given, right: given > 100 * right,
                "That looks like GB a month: divide by 730 hours. It is about {right} an hour.",
            ),
        ),
    ),
)  # fmt: skip
