"""Questions of lesson 3: what exposing Services costs, why it differs, and which lines nobody ordered."""

from __future__ import annotations

from ...cloud.provisioning import provision
from ...cost.alternatives import compare_exposure, costs_by_traffic
from ...cost.billing import bill, bill_for
from ...cost.charges import BilledEntry
from ...cost.prices import HOURS_PER_MONTH, price_book
from ...data import example
from ...model import Cluster
from ..forms import Choice, Estimate, Percent, Quantity, Question, Several, Wrong
from .ingress_costs import ingress_bill

__all__ = ["QUESTIONS", "fifty_teams"]

LESSON = "03_cost_warning"
NAME = "public-api-lb"
PROVIDERS = ("aws", "gcp", "azure", "linode")
ZONED = ("aws", "gcp", "azure")
GB_PER_MONTH = 50 * HOURS_PER_MONTH
BUSY_GB = 1000 * HOURS_PER_MONTH
CROSSING = ("0", "243", "487", "730")
PRICE_OF_SIX = {"generic": {"load_balancer": {"lb_month": 20}}}


def fifty_teams(policy: str = "Cluster") -> Cluster:
    """Build the cluster of lesson 3: fifty copies of the Service of lesson 2, in three zones on AWS.

    Examples
    --------
    >>> sum(service.type == "LoadBalancer" for service in fifty_teams().services)
    50
    """
    cluster = Cluster(nodes=3, provider="aws")
    cluster.deploy("api-backend", per_node=[1, 1, 1])
    text = example(NAME).read_text(encoding="utf-8").replace("spec:", f"spec:\n  externalTrafficPolicy: {policy}", 1)
    for number in range(1, 51):
        cluster.apply(text.replace(NAME, f"team-{number:02}"))
    return cluster


def nothing() -> Cluster:
    """Build a cluster for questions that the price book answers alone."""
    return Cluster(nodes=3, provider="aws")


def idle_bill(cluster: Cluster) -> float:
    """Bill the Services of a cluster without any traffic."""
    total = bill(cluster, gb_per_month=0).total_per_month or 0.0
    if not total:
        raise ValueError("nothing here is billed")
    return total


def addresses_each(cluster: Cluster) -> str:
    """Count the public addresses that each load balancer of a bill has."""
    items = bill(cluster, gb_per_month=0).items.set_index("unit")["monthly_quantity"]
    return f"{items['IP-hour'] / items['LB-hour']:g}"


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


def for_ingress_objects(cluster: Cluster) -> float:
    """Count the load balancers of fifty Ingress objects without a group."""
    return float(ingress_bill(50).load_balancers)


def crossing(cluster: Cluster) -> str:
    """Bill the traffic between zones under the default policy, and choose the nearest amount."""
    for service in cluster.services:
        if service.type == "LoadBalancer":
            cluster.patch(service.name, {"spec": {"externalTrafficPolicy": "Cluster"}})
    items = bill(cluster, gb_per_month=GB_PER_MONTH).items
    cost = float(items[items["name"].str.startswith("cross-zone")]["monthly_cost"].sum())
    return min(CROSSING, key=lambda amount: abs(float(amount) - cost))


def charge_for_zones(cluster: Cluster) -> frozenset[str]:
    """Find the providers at which the default policy makes the bill longer."""

    def cost(provider: str, policy: str) -> float:
        table = compare_exposure(50, provider, gb_per_month=GB_PER_MONTH, policy=policy)
        return float(table["total_per_month"]["one_lb_each"])

    return frozenset(name for name in ZONED if cost(name, "Cluster") - cost(name, "Local") > 0.01)


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
        "cost-fifty", LESSON, "Fifty Services of type LoadBalancer run on AWS in three zones. No client has used them "
        "yet. What do you estimate they cost together, in USD a month?",
        Estimate("USD", "an amount a month, such as 500", within=1.5, most=1e7), fifty_teams, idle_bill,
        right="There are fifty load balancers, and each has public addresses of its own. All of them are paid by "
        "the hour, whether they are used or not.",
        wrong=(
            Wrong(
                lambda given, right: given < 0.1 * right,
                "One load balancer that all teams share does cost about 27 USD a month. But each Service of type "
                "LoadBalancer asks for a load balancer of its own, so fifty Services pay for fifty.",
                24,
            ),
            Wrong(
                lambda given, right: given < right,
                "A single load balancer is cheap, that is true. Here there are fifty. Each has its price per hour, "
                "and its public addresses cost extra.",
            ),
            Wrong(
                lambda given, right: given > right,
                "With much traffic, or with clusters in several regions, the bill would get there. Idle load "
                "balancers cost less: about 16 USD a month each, and 3.65 USD for each public address.",
            ),
        ),
    ),
    Question(
        "cost-addresses", LESSON, "Look at the bill: fifty load balancers, and a month has 730 hours. How many public "
        "addresses does each load balancer have?",
        Choice(("0", "1", "3", "50")), fifty_teams, addresses_each,
        right="A load balancer of AWS has one public address in each zone with nodes: 109,500 IP-hours ÷ 730 hours ÷ "
        "50 load balancers.",
        wrong=(
            Wrong(
                "0",
                "In the column EXTERNAL-IP there is a DNS name and no address, that is right. But the name leads to "
                "addresses, and AWS charges for each of them.",
            ),
            Wrong(
                "1",
                "On Google Cloud and on Azure, one address for each Service is right. On AWS the load balancer works "
                "in every zone separately, and needs an address in each.",
            ),
            Wrong(
                "50",
                "There are fifty load balancers, that is right. Divide the IP-hours by the hours of a month, and "
                "then by the number of load balancers.",
            ),
        ),
    ),
    Question(
        "cost-formula", LESSON, "At which of these clouds do fifty idle Services cost fifty times as much as one?",
        Several(
            PROVIDERS,
            labels={"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "linode": "Linode"},
        ),
        nothing, as_the_first,
        right="These clouds charge for each load balancer. The others charge for rules, and the first five rules "
        "together cost as much as one.",
        wrong=(
            Wrong(
                lambda given, right: "azure" in given,
                "On AWS and Linode each Service does get a load balancer of its own. On Azure all Services of a "
                "cluster share one load balancer, and what grows there is the number of rules and addresses.",
                24,
            ),
            Wrong(
                lambda given, right: "gcp" in given,
                "From the sixth Service upwards each one costs the same, that is right. But Google charges for "
                "forwarding rules, and the first five together cost as much as one.",
            ),
            Wrong(
                frozenset(),
                "Google Cloud and Azure do give a discount: the first five rules cost as much as one. But two of the "
                "four clouds charge for load balancers instead, and there the fiftieth costs as much as the first.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose is right, but it is not all. Divide the last number of each row of the table by the "
                "first: at AWS and at Linode it is fifty times as much.",
            ),
        ),
    ),
    Question(
        "cost-quota", LESSON, "A cluster on AWS has fifty Services with a Network Load Balancer each. A new team "
        "applies the fifty-first. Does it get an address?",
        Choice(("yes", "no"), labels={"yes": "yes, it only makes the bill longer", "no": "no, it stays pending"}),
        fifty_teams, the_next_one,
        right="The quota is 50 Network Load Balancers in a region, until you ask AWS for more.",
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
        "cost-azure-part", LESSON, "Fifty idle Services on Azure: which part of the bill is the biggest?",
        Choice(("load balancers", "rules", "addresses", "bytes")), nothing, biggest_on_azure,
        part="exercise",
        right="There are forty-five rules beyond the first five, and each costs a cent an hour.",
        wrong=(
            Wrong(
                "load balancers",
                "On AWS each Service does get a load balancer, and that is the biggest part there. On Azure all "
                "Services share one load balancer, and its price is included in that of the first five rules.",
                24,
            ),
            Wrong(
                "addresses",
                "There are fifty addresses, and each is paid for. But one address costs half as much as one rule, "
                "and there are almost as many rules.",
            ),
            Wrong(
                "bytes",
                "For busy Services the traffic can be the biggest part. These Services are idle, so there is no "
                "traffic to pay for.",
            ),
        ),
    ),
    Question(
        "cost-six", LESSON, "A company has six Services with a load balancer each, at 20 USD a month for each load "
        "balancer. One shared entry replaces them. What percentage of the cost of the load balancers is saved?",
        Percent(), nothing, six_to_one,
        right="Five of six load balancers are no longer needed.",
        wrong=(
            Wrong(
                lambda given, right: abs(given + right - 100) <= 1,
                "One load balancer of six is what remains to be paid, that is right. The question asks for the part "
                "that is saved: the five others.",
            ),
            Wrong(
                100.0,
                "The shared entry does save most of the load balancers. But it needs a load balancer itself, so one "
                "remains.",
                24,
            ),
            Wrong(
                0.0,
                "Where each Ingress object gets a load balancer of its own, nothing is saved, that is right. Here "
                "all six share one entry, so five load balancers are saved.",
                24,
            ),
        ),
        otherwise="Compare two amounts: six load balancers at 20 USD before, and the one of the shared entry after. "
        "Divide what is saved by what was paid before.",
    ),
    Question(
        "cost-busy", LESSON, "Fifty Services on AWS carry 1,000 GB an hour together. Which costs less: a Network Load "
        "Balancer for each Service, or one shared Application Load Balancer?",
        Choice(
            ("each", "shared"),
            labels={
                "each": "a Network Load Balancer for each of the fifty",
                "shared": "one shared Application Load Balancer",
            },
        ),
        nothing, busy,
        right="A capacity unit of the shared load balancer costs a third more. With so much traffic, this difference "
        "is more than what 49 load balancers cost.",
        wrong=(
            Wrong(
                lambda given, right: given == "shared",
                "With little traffic the shared entry is much cheaper, because the price per hour decides. This entry "
                "is busy, so the traffic decides, and an Application Load Balancer charges more for the same traffic "
                "than a Network Load Balancer.",
            ),
        ),
    ),
    Question(
        "cost-policy", LESSON, "Fifty Services on AWS carry 36,500 GB a month. Nodes and Pods are in three zones, one "
        "of each in every zone. A GB that goes from a node to a Pod in another zone costs 0.01 USD at the sender and "
        "0.01 USD at the receiver. What does the traffic between zones cost a month?",
        Choice(CROSSING, "USD"), fifty_teams, crossing,
        right="Each node sends two thirds of its connections to Pods in other zones: 36,500 GB × 2/3 × 0.02 USD.",
        wrong=(
            Wrong(
                "0",
                "On Azure, and in a cluster with one zone, this is right. Here the nodes pass connections on to Pods "
                "in other zones, and AWS charges for that traffic.",
            ),
            Wrong(
                "243",
                "The number of GB is right: two thirds change the zone. But each of them is charged twice, at the "
                "sender and at the receiver.",
            ),
            Wrong(
                "730",
                "The price of a GB is right: 0.02 USD. But a third of the connections are sent to the Pod in the same "
                "zone, and cost nothing extra.",
            ),
        ),
    ),
    Question(
        "cost-zones", LESSON, "Fifty Services with the same traffic run on three clouds, in three zones each. On which "
        "of these clouds does externalTrafficPolicy: Local make the bill smaller?",
        Several(ZONED, labels={"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}), nothing, charge_for_zones,
        right="These clouds charge for traffic between zones, and Local avoids that traffic.",
        wrong=(
            Wrong(
                lambda given, right: "azure" in given,
                "Local avoids the traffic between zones on each cloud, that is right. But Azure does not charge for "
                "it: it announced a price in 2021, and withdrew it in 2024.",
            ),
            Wrong(
                frozenset(),
                "On Azure the bill stays the same, that is right. But AWS and Google Cloud charge for traffic between "
                "zones, and Local avoids that traffic.",
            ),
            Wrong(
                lambda given, right: given < right,
                "What you chose is right, but it is not all. AWS charges for traffic between zones at both ends, and "
                "Google Cloud charges at the sender.",
            ),
        ),
    ),
    Question(
        "cost-break-even", LESSON, "Twenty Services on AWS, three zones: above how many GB an hour does one shared "
        "Application Load Balancer cost more than a Network Load Balancer for each?",
        Quantity("GB", "a number of GB an hour, such as 100", near=0.02, most=1e6), nothing, breaks_even,
        part="exercise",
        right="Nineteen load balancers are saved, and each GB costs 0.2 cents more. What is saved in an hour, divided "
        "by 0.002 USD, is the break-even.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - right * 20 / 19) <= 0.02 * right,
                "Sharing does save almost all of the load balancers. But one of the twenty remains: the shared entry"
                " itself.",
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
            Wrong(
                lambda given, right: abs(given - right * 49 / 19) <= 0.02 * right,
                "For the fifty Services of section 3 this is right. Twenty Services have fewer load balancers to save, "
                "so the saving is used up by less traffic.",
            ),
        ),
        otherwise="Two numbers are needed: what the saved load balancers and their addresses cost an hour, and how "
        "much more a GB costs at the shared one. Divide the first by the second.",
    ),
    Question(
        "cost-ingress", LESSON, "Fifty teams write one Ingress object each, for the AWS Load Balancer Controller, and "
        "none of them names a group. How many load balancers does the controller build?",
        Quantity("", "a whole number", near=0, most=1000), nothing, for_ingress_objects,
        part="exercise",
        right="This controller builds one for each Ingress object, unless the objects name a common group.",
        wrong=(
            Wrong(
                1.0,
                "One load balancer is right for a controller that runs as a proxy inside the cluster, and for Ingress "
                "objects that all name one group. These objects name none, so nothing says which of them belong "
                "together.",
                24,
            ),
            Wrong(
                0.0,
                "An Ingress object itself is only a set of rules, that is true. But something outside the cluster "
                "must accept the connections, and this controller builds it for the objects that it finds.",
                24,
            ),
        ),
        otherwise="Count the groups: objects that name the same group share a load balancer, and an object without a "
        "group shares with none.",
    ),
)  # fmt: skip
