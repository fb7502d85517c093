"""The review of a cluster: what is exposed and how, what is wrong, and which policy each Service should have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import __version__
from .._display import listed, visible
from ..api.checks import check_arguments
from ..api.collector import collector_paused
from ..api.service import Service
from ..cloud.internal import is_internal, is_private
from ..cloud.providers import LoadBalancerKind
from ..cloud.shared_entries import shared_entries
from ..cost.billing import bill_of, entries_of
from ..cost.prices import PriceSource, dates_in_words, price_book
from ..cost.usage import MonthlyTraffic
from ..router.reach import HEAD as REACH_HEAD
from ..router.reach import Reach, internet_entrances, reach_of
from .anonymise import anonymised, without_values
from .assumptions import EXPOSED, ReviewedCluster, load_in_words, sharers, survey, traffic_in_words
from .document import MARK, Heading, Link, Listing, Paragraph, Part, Picture, Table, to_markdown
from .dump_findings import dump_disagrees, held_twice
from .entrance_map import entrance_map
from .environment import lacks
from .exposure_findings import CLUSTER_FINDERS, SERVICE_FINDERS
from .finding_cards import SIGNS, finding_cards, findings_table
from .findings import Asked, find_all
from .html_page import to_html
from .machine_readable import review_json
from .pictures import bill_bars, latency_curve, pod_loads
from .policy_advice import ServiceComparison, cannot_follow, compare_services, glossary
from .reviewed import ReviewedFacts, ServiceReview

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Review", "ServiceReview", "review"]

DRAWN = 12  # Services whose Pods and latencies are drawn
MANY = 200  # Services that are compared on the page, each with a table of its own
HEAD = ("Service", "type", "address", "ports", "who reaches it", "ready")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Review(ReviewedFacts):
    """What there is to say about a cluster; shows as its findings in a notebook.

    Parameters
    ----------
    provider, region, guess : str
        Whose cluster it is and where, and how one knows.
    size : str
        Nodes, Pods and Services in words.
    findings : tuple of Finding
        The most severe first.
    services : tuple of ServiceReview
        Those that are exposed first.
    bill : Bill
        Of the Services as they are; a missing price makes its total None.
    estimate : Bill
        The same, with what the price book lacks estimated by the nearest region.
    assumptions : tuple of str
        What no dump says.
    cluster : Cluster
        What was asked: a copy of yours, of the provider that was guessed or given.
    utilisation, service_ms, workers
        The load that is assumed, as for `review`.
    lacks : tuple of str
        What the dump lacks, what is therefore not said, and how to get it.
    around : Environment, optional
        Who makes load balancers, and which data plane there is.
    internet : tuple of Entrance
        All that the internet reaches.
    traffic : MonthlyTraffic
        What is assumed to pass in a month.
    sharing : int
        How many exposed Services share it; a load balancer that nobody makes gets none.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> [finding.kind for finding in review(cluster).findings]
    ['no-endpoints', 'pending']
    """

    def service(self, name: str) -> ServiceReview:
        """Return a Service by ``name`` or ``namespace/name``; a KeyError lists those that are exposed."""
        full = name if "/" in name else f"default/{name}"
        for one in self.services:
            if one.name == full:
                return one
        raise KeyError(f"no Service {name!r}; exposed are: {', '.join(one.name for one in self.exposed) or 'none'}")

    @property
    def summary(self) -> str:
        """The review in a line."""
        counts = {kind: sum(one.severity == kind for one in self.findings) for kind in SIGNS}
        words = ", ".join(_count(count, kind) for kind, count in counts.items())
        return f"{self.size}, provider {self.provider}: {_count(len(self.exposed), 'Service')} exposed, {words}"

    def __repr__(self) -> str:
        return f"<Review: {self.summary}>"

    def __str__(self) -> str:
        return "\n".join([*self.lacks, self.summary, *(f"  {one}" for one in self.findings)])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the findings in a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else str(self)))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        return findings_table(" ".join([*self.lacks, self.summary]), self.findings)

    def to_markdown(self, date: str = "") -> str:
        """Return the report in GitHub's Markdown, every name escaped; `date` is when it was made."""
        return to_markdown(TITLE, _parts(self, date))

    def to_html(self, date: str = "") -> str:
        """Return the report as one HTML page, every name escaped; no script, nothing fetched."""
        return to_html(TITLE, _parts(self, date, pictures=True))

    def to_json(self, date: str = "") -> str:
        """Return the report for programs; ``docs/report.md`` describes the fields."""
        return review_json(self, date)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


TITLE = "How this cluster is exposed"


@collector_paused()
def review(
    cluster: Cluster,
    region: str | None = None,
    *,
    provider: str | None = None,
    utilisation: float = 0.5,
    service_ms: float = 10.0,
    workers: int = 1,
    gb_per_month: float = 1000,
    traffic_gb: Mapping[str, float] | None = None,
    prices: PriceSource = None,
    anonymise: bool = False,
) -> Review:
    """Review how a cluster exposes its Services.

    Parameters
    ----------
    cluster : Cluster
        The cluster, from `Cluster.from_json` or your own; it stays as it is.
    region, provider : str, optional
        Whose prices; None to guess both from the nodes.
    utilisation : float
        How busy the average Pod is, between 0 and 1.
    service_ms : float
        Mean time that a Pod needs for a request, in milliseconds.
    workers : int
        How many requests a Pod serves at once.
    gb_per_month, traffic_gb
        What passes, as for `bill`.
    prices : str, Path, mapping or PriceBook, optional
        Your own prices, as for `bill`.
    anonymise : bool
        Replace names and addresses, each by the same word wherever it occurs.

    Returns
    -------
    Review
        Findings, Services, bill; and the report as Markdown or HTML.

    Raises
    ------
    ValueError
        If there is no such provider or region, or a number makes no sense.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1, 0])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> review(cluster, utilisation=0.05).service("public-api-lb").comparison.advice.policy
    'Local'
    """
    check_arguments(review, locals())
    book = price_book(prices)
    found = survey(
        cluster, provider=provider, region=region, book=book, utilisation=utilisation, service_ms=service_ms,
        workers=workers, private=anonymise,
    )  # fmt: skip
    if anonymise:
        _check_names(traffic_gb)
        hidden = dict(_nameless(found.set_aside))
        found = replace(found, cluster=anonymised(found.cluster), set_aside=hidden, events=())
    traffic = MonthlyTraffic(gb_per_month, traffic_gb)
    comparisons = compare_services(found, traffic=traffic, book=book)
    entries = entries_of(found.cluster, traffic)
    who = sharers(found, {entry.name for entry in entries})
    passing = traffic_in_words(traffic, who)
    made, guessed = (bill_of(found.cluster, entries, book, found.region or None, estimate=on) for on in (False, True))
    comparisons = {name: _in_currency(one, made.currency) for name, one in comparisons.items()}
    reaches = {
        service.key: _as_known(found, service, reach_of(found.cluster, service))
        for service in found.cluster.services
        if service.type in EXPOSED or service.external_ips
    }
    internet = internet_entrances(found.cluster, reaches)
    counts = ((len(found.cluster.nodes), "node"), (len(found.cluster.pods), "Pod"),
              (len(found.cluster.services), "Service"))  # fmt: skip
    services = [
        _service(found, service, comparisons.get(service.key), reaches.get(service.key))
        for service in found.cluster.services
    ]
    return Review(
        found.provider,
        found.region,
        found.why,
        ", ".join(_count(count, noun) for count, noun in counts),
        find_all(
            Asked(found, comparisons, made, internet),
            (*SERVICE_FINDERS, dump_disagrees),
            (*CLUSTER_FINDERS, held_twice),
        ),
        tuple(sorted(services, key=lambda one: (RANK.get(one.type, 2), one.name))),
        made,
        (*found.assumptions, f"Traffic: {passing}.", *_uncounted(found.cluster)),
        found.cluster,
        guessed,
        utilisation,
        service_ms,
        workers,
        (*lacks(found.cluster), *_left_out(len(found.set_aside))),
        found.around,
        internet,
        traffic,
        who.sharing,
    )


def _left_out(count: int) -> Iterator[str]:
    if count:
        objects = "1 object of the dump is" if count == 1 else f"{count} objects of the dump are"
        yield f"{objects} left out and counted nowhere, neither in the numbers nor in the bill: the findings say why."


def _in_currency(compared: ServiceComparison | str, currency: str) -> ServiceComparison | str:
    return replace(compared, currency=currency) if isinstance(compared, ServiceComparison) else compared


def _nameless(set_aside: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is left out, and why, without names and values; the kind stays."""
    for number, (name, why) in enumerate(set_aside.items(), 1):
        kind, blank, _ = name.rpartition(" ")
        yield f"{kind}{blank}left-out-{number}", without_values(why)


RANK = {"LoadBalancer": 0, "NodePort": 1}


def _as_known(found: ReviewedCluster, service: Service, reached: Reach) -> Reach:
    """Return who reaches a Service, without an address that a load balancer has not got and what nobody knows of it."""
    if cannot_follow(found, service) is not None:
        return replace(reached, entrances=tuple(replace(one, lost=None, seen_as="") for one in reached.entrances))
    if service.type != "LoadBalancer":
        return reached
    if not service.load_balancer_address:
        return replace(reached, entrances=tuple(one for one in reached.entrances if one.kind != BALANCER))
    if found.around.no_advice(service) is None:
        return reached
    hidden = (replace(one, lost=None, seen_as="") if one.kind == BALANCER else one for one in reached.entrances)
    return replace(reached, entrances=tuple(hidden))


BALANCER = "load balancer"


def _check_names(traffic_gb: Mapping[str, float] | None) -> None:
    if traffic_gb is not None:
        raise ValueError("traffic_gb names Services, and an anonymised report has other names: give gb_per_month")


def _uncounted(cluster: Cluster) -> Iterator[str]:
    """Yield a sentence on Ingresses and Gateways that are billed, and of whose traffic nothing is known."""
    exposed = {service.key for service in cluster.services if service.type in EXPOSED}
    silent = [one.name for one in shared_entries(cluster) if one.billed_as and not exposed.issuperset(one.services)]
    if silent:
        names = listed(list(dict.fromkeys(silent)))
        yield f"Traffic through {names} is not known and not counted: the bill has hours and addresses of it alone."


def _service(
    found: ReviewedCluster, service: Service, compared: ServiceComparison | str | None, reached: Reach | None
) -> ServiceReview:
    ports = ", ".join(
        f"{port.port}{f':{port.node_port}' if port.node_port else ''}/{port.protocol or 'TCP'}"
        for port in service.ports
    )  # fmt: skip
    return ServiceReview(
        service.key,
        service.type or "ClusterIP",
        _address(service),
        ports or "none",
        _reached_by(found, service),
        found.ready_count(service),
        compared if isinstance(compared, ServiceComparison) else None,
        compared if isinstance(compared, str) else "",
        reached.entrances if reached is not None else (),
        found.judges(service),
    )


def _address(service: Service) -> str:
    if service.type == "ExternalName":
        return service.external_name
    if service.type == "LoadBalancer":
        return ", ".join(entry.address for entry in service.load_balancer_ingress if entry.address) or "<pending>"
    if service.type == "NodePort":
        return "every node"
    return ", ".join((*service.external_ips, "headless" if service.headless else service.cluster_ip))


def _reached_by(found: ReviewedCluster, service: Service) -> str:
    """Return who reaches a Service, and by which entrance."""
    ranges = ", ".join(service.load_balancer_source_ranges)
    if service.type == "LoadBalancer":
        kind = found.kind(service)
        also = "; whoever can reach a node, at its nodePort" if any(port.node_port for port in service.ports) else ""
        waits = not service.load_balancer_address
        if waits and kind is None:
            return f"nobody through a load balancer, as nothing here makes one{also}"
        who = f"{_who(service, kind)}{f', from {ranges} only' if ranges else ''}"
        through = _balancer(kind, is_internal(service, kind))
        return f"{who}, through {through}{', once it has an address' if waits else ''}{also}"
    if service.type == "NodePort":
        nodes = found.cluster.nodes
        public = any(ip and not is_private(ip) for node in nodes for ip in (node.external_ip, *node.addresses))
        return "internet: nodes have public addresses" if public else "whoever can reach a node"
    if service.type == "ExternalName":
        return "Pods, by a name in the DNS"
    return "whoever can route to its externalIPs; Pods and nodes" if service.external_ips else "Pods and nodes"


def _balancer(kind: LoadBalancerKind | None, internal: bool) -> str:
    """Return the name of a load balancer in a sentence, with what it is more exactly in brackets."""
    if kind is None:
        return "a load balancer of somebody else"
    named = f"{'an internal' if internal else 'a'} {kind.title}"
    # Google makes no internal load balancer of a target pool.
    return f"{named} ({kind.detail})" if kind.detail and not (internal and kind.name == "target_pool") else named


def _who(service: Service, kind: LoadBalancerKind | None) -> str:
    """Return which clients a load balancer faces."""
    if is_internal(service, kind):
        return "private network only"
    ips = [entry.ip for entry in service.load_balancer_ingress if entry.ip]
    if ips and all(is_private(ip) for ip in ips):
        return "private network (its address is private)"
    return "this computer" if any(one.hostname == "localhost" for one in service.load_balancer_ingress) else "internet"


# -- the page ---------------------------------------------------------------------------------------------------------

MAP = "The ways in. Where the line is dotted, nothing arrives."
SHARES = "The share of the connections that each Pod gets; the dotted line is the mean."
CURVE = "The time within which 99 of 100 requests are answered (p99), and where it is now."


def _parts(made: Review, date: str, pictures: bool = False) -> Iterator[Part]:
    """Yield the parts of the report, in order."""
    yield from _head(made, date)
    yield from _drawn(entrance_map(made) if pictures else "", MAP)
    yield Heading("Findings")
    if made.findings:
        yield from finding_cards(made.findings)
    else:
        held = ", as far as the dump holds what shows them" if made.lacks else ""
        yield Paragraph(f"None of the problems that this report looks for{held}.")
    yield Heading("What is exposed")
    yield from _exposed(made)
    yield from _shared(made)
    yield from _internet(made)
    yield Heading("What it costs in a month")
    yield from _bill(made, pictures)
    if made.exposed:
        yield Heading("Cluster against Local")
        yield from _summary(made)
    for number, one in enumerate(made.exposed[:MANY]):
        yield from _comparison(one, _anchor(number))
        if pictures and number < DRAWN and one.comparison is not None:
            yield from _drawn(pod_loads(one.comparison), SHARES)
            curve = latency_curve(one.comparison, made.utilisation, made.service_ms, made.workers)
            yield from _drawn(curve, CURVE)
    if len(made.exposed) > MANY:
        yield Paragraph(f"The first {MANY} of {len(made.exposed)} Services are shown one by one.")
    yield Heading("What was assumed")
    yield Listing((*made.assumptions, *METHOD))


def _head(made: Review, date: str) -> Iterator[Part]:
    """Yield what one wants to know first: whose cluster, how many findings, how dear, and of when this is."""
    for line in made.lacks:
        yield Paragraph(line, "Incomplete:")
    yield Paragraph(f"{made.summary}.")
    yield Paragraph(f"{made.guess}.", "Provider:")
    if made.around is not None:
        yield Paragraph(f"{made.around.controller}.".replace("..", "."), "Load balancers:")
        yield Paragraph(made.around.data_plane, "Data plane:")
    yield Paragraph(f"{made.estimate.headline}.", "Bill:")
    when = f" on {date}" if date else ""
    dates = dates_in_words(made.estimate.as_of)
    prices = f", its prices are of {dates}" if dates else ""
    yield Paragraph(f"{MARK} {__version__}{when}; its model is Kubernetes 1.36{prices}.")


def _anchor(number: int) -> str:
    return f"service-{number}"


def _exposed(made: Review) -> Iterator[Part]:
    """Yield the Services with a node port or a load balancer, each with a link to what is said of it."""
    if not made.exposed:
        yield Paragraph("No Service has a node port or a load balancer.")
        return
    rows = tuple(
        (
            Link(one.name, f"#{_anchor(number)}" if number < MANY else ""),
            one.type, one.address, one.ports, one.reached_by, one.ready_text,
        )
        for number, one in enumerate(made.exposed)
    )  # fmt: skip
    yield Table("ports: port:nodePort/protocol; ready: ready Pods behind the first port.", HEAD, rows)
    inside = len(made.services) - len(made.exposed)
    if inside:
        yield Paragraph(f"Without a node port or a load balancer: {_count(inside, 'other Service')}.")


SHARED_HEAD = ("Ingress or Gateway", "class", "hosts", "Services behind it", "address", "served by")


def _shared(made: Review) -> Iterator[Part]:
    """Yield the Ingresses and Gateways, by which several Services share one way in."""
    found = shared_entries(made.cluster)
    if not found:
        return
    yield Heading("Ingresses and Gateways")
    rows = tuple(
        (
            f"{one.kind} {one.key}", one.class_name or "none named", listed(one.hosts) or "all",
            listed(_named(made, one.services)) or "none", ", ".join(one.addresses) or "none yet",
            f"{one.made_by}{f' (group {one.group})' if one.group else ''}{', internal' if one.internal else ''}",
        )
        for one in found[:MOST_ENTRANCES]
    )  # fmt: skip
    yield Table("Their rules are not followed: which path leads to which Service is not looked at.", SHARED_HEAD, rows)
    if len(found) > MOST_ENTRANCES:
        yield Paragraph(f"The first {MOST_ENTRANCES} of {len(found)} are shown.")


def _named(made: Review, services: Sequence[str]) -> list[str]:
    """Return names of Services, with a word on those that are not in the dump."""
    known = {one.name for one in made.services}
    if "Service" in made.cluster.absent:
        return list(services)
    return [name if name in known else f"{name} (no such Service)" for name in services]


def _drawn(svg: str, title: str) -> Iterator[Part]:
    if svg:
        yield Picture(svg, title)


BILL_HEAD = ("line", "quantity", "unit", "unit price", "cost", "source", "as of")


def _bill(made: Review, pictures: bool) -> Iterator[Part]:
    bill = made.estimate
    yield Paragraph(f"{bill.headline[:1].upper()}{bill.headline[1:]}.")
    yield from _drawn(bill_bars(made) if pictures else "", f"The lines of the bill, in {bill.currency} a month.")
    rows = tuple(
        (name, quantity, unit, price, cost, Link(source, bill.links.get(source, "")), as_of)
        for name, quantity, unit, price, cost, source, as_of in bill.rows()
    )
    if rows:
        yield Table(f"List prices of {bill.place}, in {bill.currency}.", BILL_HEAD, rows)
        if bill.missing or bill.estimated:
            yield Paragraph("A price that the book lacks can be given: --prices FILE, or prices= in Python.")
        for sentence in _uncounted(made.cluster):
            yield Paragraph(sentence)


INTERNET_HEAD = ("address", "entrance", "Service or Pod", "the Pod sees", "lost")
MOST_ENTRANCES = 500


def _internet(made: Review) -> Iterator[Part]:
    """Yield the list of all that the internet reaches."""
    yield Heading("What the internet reaches")
    if not made.internet:
        yield Paragraph("No address of this cluster is on the internet, as far as the dump says.")
        return
    rows = []
    for one in made.internet[:MOST_ENTRANCES]:
        _, kind, where, seen, lost = one.cells
        rows.append((where, kind, one.service, seen, lost))
    yield Table("A firewall may close some of them; none is in a dump.", INTERNET_HEAD, tuple(rows))
    if len(made.internet) > MOST_ENTRANCES:
        yield Paragraph(f"The first {MOST_ENTRANCES} of {len(made.internet)} are shown.")


METHOD = (
    "Shares, hops, zones and addresses are exact for many clients that connect anew each time; with few clients or "
    "long-lived connections the load is less even.",
    "Latencies are round trips inside the cluster, by the formulas of a queue with random arrivals and exponential "
    "service (M/M/c); the internet before the load balancer counts 0.",
    "Costs are list prices for the Service alone, with its hours, addresses, capacity units and bytes between zones.",
    "A dump holds no firewall and no routes of the cloud: those are not looked at.",
)


def _summary(made: Review) -> Iterator[Part]:
    compared = [one.comparison for one in made.exposed if one.comparison is not None]
    if not compared:
        yield Paragraph("There is no exposed Service whose policies can be compared.")
        return
    load = load_in_words(made.utilisation, made.service_ms, made.workers)
    more = "Pods that serve more requests at a time have shorter queues, and Local stays ahead up to a higher load."
    yours = "Name yours: --utilisation, --service-ms, --workers."
    yield Paragraph(f"{load[:1].upper()}{load[1:]}. {more} {yours}", "Assumed:")
    head = ("Service", "policy now", "recommended", "Local slower on average from", "Local slower at the p99 from")
    rows = tuple(
        (one.service, one.now, one.advice.policy, _crossing(one.turns_at), _crossing(one.turns_at_p99))
        for one in compared
    )
    yield Table("The last two columns: utilisation of the average Pod.", head, rows)
    yield Paragraph("What the lines of the tables below say:")
    yield Listing(glossary())


def _crossing(utilisation: float | None) -> str:
    if utilisation is None:
        return "cannot be said"
    return "never" if utilisation >= 1 else "always" if utilisation <= 0 else f"{utilisation:.1%}"


def _comparison(one: ServiceReview, anchor: str) -> Iterator[Part]:
    yield Heading(one.name, 3, anchor)
    if one.entrances:
        yield Table("Who reaches it.", REACH_HEAD, tuple(entrance.cells for entrance in one.entrances[:MOST_ENTRANCES]))
    found = one.comparison
    if found is None:
        yield Paragraph(f"Not compared: {one.why_not}.".replace("..", "."))
        return
    yield Paragraph(f"{found.advice.policy}.", "Recommended:")
    yield Listing(found.advice.reasons)
    yield Table("", ("what", *found.titles), tuple(found.rows()))
