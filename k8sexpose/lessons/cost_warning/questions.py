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
        right="There are fifty load balancers, each with an address in every zone.",
        wrong=(
            Wrong(
                "30",
                "One shared entry without traffic does cost about that much. But each Service of type LoadBalancer "
                "asks for a load balancer of its own, so fifty Services pay for fifty.",
                24,
            ),
            Wrong(
                "300",
                "A single load balancer is cheap, that is true. Here there are fifty of them, each with its hourly "
                "price and three addresses, and the traffic is charged as well. One shared entry would cost about "
                "300.",
                24,
            ),
            Wrong(
                "15000",
                "With ten times the traffic, or with Services in several regions, the bill would get there. Here a "
                "load balancer costs about 16 USD a month and an address 3.65, so the sum is smaller.",
            ),
        ),
    ),
    Question(
        "cost-formula", LESSON, "At which clouds do fifty idle Services cost fifty times what one costs?",
        Several(PROVIDERS), nothing, as_the_first,
        right="These clouds charge for each load balancer. The others charge for rules, and five rules cost as much "
        "as one.",
        wrong=(
            Wrong(
                lambda given, right: "azure" in given,
                "On AWS and Linode each Service does get a load balancer of its own. On AKS all Services share one "
                "load balancer, and what grows there is the number of rules and addresses.",
                24,
            ),
            Wrong(
                lambda given, right: "gcp" in given,
                "From the sixth Service on this is right. Google does not charge for load balancers but for "
                "forwarding rules, and the first five rules together cost as much as one.",
            ),
            Wrong(
                lambda given, right: given < right,
                "Azure and Google do give a discount: the first five rules cost as much as one. On the clouds in the"
                " correct answer the fiftieth load balancer costs as much as the first.",
            ),
        ),
    ),
    Question(
        "cost-quota", LESSON, "Does the fifty-first Service on AWS get an address?",
        Choice(("yes", "no")), fifty_teams, the_next_one,
        right="The quota is 50 Network Load Balancers in a region, until you ask for more.",
        wrong=(
            Wrong(
                lambda given, right: given == "yes",
                "The API server does accept the Service, and AWS raises the limit on request. Until then the cloud "
                "builds no more load balancers: the Service stays <pending>, and only its events say why.",
                24,
            ),
        ),
    ),
    Question(
        "cost-busy", LESSON, "1,000 GB an hour on AWS: are fifty load balancers cheaper (each), or one shared entry?",
        Choice(("each", "shared")), nothing, busy,
        right="The capacity unit of the shared entry's load balancer costs a third more.",
        wrong=(
            Wrong(
                lambda given, right: given == "shared",
                "With little traffic a shared entry is cheaper, because the hours decide. This entry is busy, so the"
                " traffic decides, and an Application Load Balancer charges more for the same traffic than a Network"
                " Load Balancer.",
            ),
        ),
    ),
    Question(
        "cost-ingress", LESSON, "Fifty Ingress objects for AWS's own controller, no group: how many load balancers?",
        Choice(("0", "1", "50")), nothing, for_ingress_objects,
        right="This controller builds one for each Ingress object, until the objects name a group.",
        wrong=(
            Wrong(
                "1",
                "One load balancer is right for a controller that runs inside the cluster, and for Ingress objects "
                "that all name one group. Without a group, this cloud's controller builds one for each Ingress "
                "object.",
                24,
            ),
            Wrong(
                "0",
                "An Ingress object itself is only a set of rules, that is true. But something outside the cluster "
                "must accept the connections, and this controller builds a load balancer for each Ingress.",
                24,
            ),
        ),
    ),
    Question(
        "cost-policy", LESSON, "The line externalTrafficPolicy: Local goes. By how many percent does the bill rise?",
        Choice(RISES, "%"), fifty_teams, rise,
        right="Two thirds of the traffic now cross into another zone, and are paid for at both ends.",
        wrong=(
            Wrong(
                "0",
                "On Azure, and in a cluster with one zone, the policy does not change the bill. Here nodes send "
                "packets on to Pods in other zones, and AWS charges for that traffic.",
            ),
            Wrong(
                "3",
                "One cent for a GB is little, that is true. But it is charged at both ends, and two thirds of all "
                "traffic cross a zone, so the sum can be seen on the bill.",
            ),
            Wrong(
                "300",
                "With one shared entry, where little else is on the bill, the traffic between zones does come near "
                "that. Beside fifty load balancers it is a smaller part.",
            ),
        ),
    ),
    Question(
        "cost-azure-part", LESSON, "Fifty idle Services on Azure: which part of the bill is the biggest?",
        Choice(("load balancers", "rules", "addresses", "bytes")), nothing, biggest_on_azure,
        part="exercise",
        right="There are forty-five rules beyond the first five, and each costs a cent an hour.",
        wrong=(
            Wrong(
                "load balancers",
                "On AWS each Service does get a load balancer, and that is the biggest part there. On AKS all "
                "Services share one load balancer, and its price is included in that of the first five rules.",
                24,
            ),
            Wrong(
                "addresses",
                "There are fifty addresses, and each is paid for. But one address costs half as much as one rule, "
                "and there are as many rules.",
            ),
            Wrong("bytes", "For busy Services the traffic can be the biggest part. These Services are idle, so there"
                           " is no traffic to pay for."),
        ),
    ),
    Question(
        "cost-six", LESSON, "Six Services at 20 USD a load balancer: how many percent does one shared entry save?",
        Percent(), nothing, six_to_one,
        part="exercise",
        right="Five of six load balancers are saved.",
        wrong=(
            Wrong(
                100.0,
                "The shared entry does save most of the load balancers. But it is a Service of type LoadBalancer "
                "itself, so one load balancer remains.",
                24,
            ),
            Wrong(
                0.0,
                "Ungrouped Ingress objects at a cloud's own controller do need one load balancer each. Here all six "
                "share one entry, so five load balancers are saved.",
                24,
            ),
        ),
    ),
    Question(
        "cost-break-even", LESSON, "Twenty Services on AWS, three zones: from how many GB an hour on is one shared ALB "
        "the dearer one?",
        Quantity("", "a number of GB an hour, such as 100", near=0.02, most=1e6), nothing, breaks_even,
        part="exercise",
        right="Nineteen load balancers are saved, and each GB costs 0.2 cents more: the quotient is the break-even.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - right * 20 / 19) <= 0.02 * right,
                "Sharing does remove almost all of the load balancers. But one of the twenty stays: it is the shared"
                " entry itself.",
                24,
            ),
            Wrong(
                lambda given, right: 0.5 * right <= given <= 0.7 * right,
                "The hours of the load balancers are saved, that is right. Their addresses are saved too, and there "
                "is one in each zone.",
            ),
            Wrong(
                lambda given, right: given > 100 * right,
                "As a number for a month this may be right. The question asks for GB an hour: divide by 730 hours.",
            ),
        ),
    ),
)  # fmt: skip
