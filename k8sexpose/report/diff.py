"""What a change does: two clusters compared, Service by Service, as a reviewer of the change would ask.

Both are reviewed by the same assumptions; what differs is shown, what stays is counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._display import html_table, milliseconds
from ..api.checks import check_arguments
from ..api.service import Service
from ..cost.billing import Bill
from .assumptions import Sharers, traffic_in_words
from .document import Heading, Listing, Paragraph, Part, Table, to_markdown
from .finding_cards import SIGNS, finding_cards
from .findings import NOTE, SEVERITIES, Finding
from .html_page import to_html
from .machine_readable import bill_object, finding_object, number, written
from .policy_advice import COST, glossary
from .review import Review, ServiceReview, review

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["DIFF_SCHEMA", "Change", "Diff", "applied", "diff"]

DIFF_SCHEMA = "k8sexpose.diff/1"
TITLE = "What the change does"
ABOUT = 1e-9
HALF_A_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Change:
    """One number or word of a Service that the change changes.

    Parameters
    ----------
    service : str
        ``namespace/name``.
    what : str
        Such as ``policy``, ``p99``, ``extra hop``, ``cost in a month``.
    before, after : str
        As they are shown; empty where the Service is not there.
    before_value, after_value : float, optional
        The numbers behind them, in milliseconds, shares or money; None for words.
    """

    service: str
    what: str
    before: str
    after: str
    before_value: float | None = None
    after_value: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Diff:
    """Two reviews, and what differs; shows as a table in a notebook.

    Parameters
    ----------
    before, after : Review
        The clusters before and after the change.
    exposed_anew, exposed_no_more : tuple of str
        Services that can be reached from outside only after, and only before.
    changes : tuple of Change
        What differs of the Services that are exposed before and after; not that they share the assumed traffic with
        more or fewer others.
    new_findings, gone_findings : tuple of Finding
        The most severe first.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> before = Cluster(nodes=3)
    >>> _ = before.deploy("api-backend", per_node=[3, 1, 0])
    >>> after = before.copy()
    >>> _ = after.apply(example("public-api-lb"))
    >>> diff(before, after).exposed_anew
    ('default/public-api-lb',)
    """

    before: Review
    after: Review
    exposed_anew: tuple[str, ...]
    exposed_no_more: tuple[str, ...]
    changes: tuple[Change, ...]
    new_findings: tuple[Finding, ...]
    gone_findings: tuple[Finding, ...]

    @property
    def summary(self) -> str:
        """The difference in a line."""
        counts = (
            (len(self.exposed_anew), "newly exposed"), (len(self.exposed_no_more), "no longer exposed"),
            (len({one.service for one in self.changes}), "changed"),
        )  # fmt: skip
        services = ", ".join(f"{count} {words}" for count, words in counts)
        return (
            f"Services: {services}; findings: {len(self.new_findings)} new, {len(self.gone_findings)} gone; "
            f"bill: {_money(self.before.estimate, self.after.estimate)}"
        )

    def __bool__(self) -> bool:
        """Return True if anything differs."""
        return any((self.exposed_anew, self.exposed_no_more, self.changes, self.new_findings, self.gone_findings))

    def __repr__(self) -> str:
        return f"<Diff: {self.summary}>"

    def _repr_html_(self) -> str:
        return html_table(self.summary, HEAD, _change_rows(self))

    def to_markdown(self, date: str = "") -> str:
        """Return the difference in GitHub's Markdown, short enough for a pull request."""
        return to_markdown(TITLE, _parts(self, date))

    def to_html(self, date: str = "") -> str:
        """Return the difference as one HTML page, every name escaped; no script, nothing fetched."""
        return to_html(TITLE, _parts(self, date))

    def to_json(self, date: str = "") -> str:
        """Return the difference for programs; ``docs/report.md`` describes the fields."""
        return written(DIFF_SCHEMA, date, {
            "exposed_anew": list(self.exposed_anew), "exposed_no_more": list(self.exposed_no_more),
            "changes": [_change_object(one) for one in self.changes],
            "new_findings": [finding_object(one) for one in self.new_findings],
            "gone_findings": [finding_object(one) for one in self.gone_findings],
            "bill": {"before": bill_object(self.before.estimate), "after": bill_object(self.after.estimate)},
        })  # fmt: skip


def diff(before: Cluster, after: Cluster, region: str | None = None, **options: Any) -> Diff:
    """Compare two clusters: before a change, and after it.

    Parameters
    ----------
    before, after : Cluster
        Two clusters, from `Cluster.from_json` or your own; `applied` makes the second one out of manifests. They stay
        as they are.
    region, **options
        As for `review`, the same for both.

    Returns
    -------
    Diff
        What differs, as Markdown or JSON, too.

    Raises
    ------
    ValueError
        As for `review`.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> before = Cluster(nodes=1)
    >>> diff(before, applied(before, example("public-api-lb"))).exposed_anew
    ('default/public-api-lb',)
    """
    check_arguments(diff, locals())
    was, is_now = (review(cluster, region, **options) for cluster in (before, after))
    old, new = ({one.name: one for one in made.exposed} for made in (was, is_now))
    stay = [name for name in old if name in new]
    changes = [change for name in stay for change in _changes(was, is_now, old[name], new[name])]
    if _shared_anew(was, is_now):
        touched = {change.service for change in changes if change.what != COST}
        changes = [change for change in changes if change.service in touched]
    return Diff(
        was,
        is_now,
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
        tuple(changes),
        _sorted(_unless_expected(one, was) for one in _only_in(is_now, was)),
        _only_in(was, is_now),
    )


def applied(before: Cluster, *manifests: str | Path | Mapping[str, Any]) -> Cluster:
    """Return a copy of a cluster to which manifests are applied; the EndpointSlices of its Services follow.

    Parameters
    ----------
    before : Cluster
        The cluster; it stays as it is.
    *manifests : str, Path or mapping
        As for `Cluster.apply`.

    Returns
    -------
    Cluster
        The copy.

    Raises
    ------
    ApiError, ManifestError, FileNotFoundError
        As for `Cluster.apply`.
    """
    after = before.copy()
    for manifest in manifests:
        for result in after.apply(manifest):
            if result.kind == "Service":
                _follow(after, after.service(f"{result.namespace}/{result.name}"))
    return after


def _follow(cluster: Cluster, service: Service) -> None:
    """Let the controller write the EndpointSlices of a Service anew, where the dump holds its Pods."""
    stored = cluster.store.slices(service)
    if not service.selector:
        return
    for one in stored:
        cluster.store.delete_slice((one.namespace, one.name))
    if any(one.endpoints for one in stored) and not any(one.endpoints for one in cluster.store.slices(service)):
        for one in stored:
            cluster.store.put_slice(one)


def _only_in(one: Review, other: Review) -> tuple[Finding, ...]:
    known = set(map(_said, other.findings))
    return tuple(finding for finding in one.findings if _said(finding) not in known)


def _said(one: Finding) -> tuple[str, ...]:
    """Return what makes a finding another one: the same thing may become graver."""
    return one.kind, one.severity, one.service, one.what


def _sorted(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: SEVERITIES.index(one.severity)))


def _unless_expected(one: Finding, was: Review) -> Finding:
    """Return a finding; that a new load balancer has no address yet, for no cause that is known, is but a note."""
    namespace, _, name = one.service.partition("/")
    old = was.cluster.store.services.get((namespace, name))
    if one.kind != "pending" or one.cause_known or (old and old.type == "LoadBalancer"):
        return one
    return replace(
        one, severity=NOTE, what="It has no address yet: EXTERNAL-IP is <pending>.",
        why="Its load balancer is new, and nothing in the dump says why it should not get an address.",
        fix="Wait; if it stays so, look at its events, which kubectl describe service shows.",
    )  # fmt: skip


def _shared_anew(was: Review, is_now: Review) -> bool:
    """Return True if the assumed traffic is shared by more or fewer Services: that changes what each costs."""
    return is_now.traffic.traffic_gb is None and was.sharing != is_now.sharing


def _changes(was: Review, is_now: Review, before: ServiceReview, after: ServiceReview) -> Iterator[Change]:
    """Yield what differs of one Service."""
    pairs = zip(_facts(before, was.bill.currency), _facts(after, is_now.bill.currency), strict=True)
    for (what, old, old_value), (_, new, new_value) in pairs:
        same = old == new if old_value is None or new_value is None else abs(old_value - new_value) <= ABOUT
        if not same:
            yield Change(before.name, what, old, new, old_value, new_value)


def _facts(one: ServiceReview, currency: str) -> list[tuple[str, str, float | None]]:
    """Return what is compared of a Service: its name, how it is shown, its value."""
    words = [("type", one.type), ("address", one.address), ("ports", one.ports), ("who reaches it", one.reached_by)]
    found: list[tuple[str, str, float | None]] = [(what, shown, None) for what, shown in words]
    found.append(("ready Pods", one.ready_text, float(one.ready) if one.judged else None))
    compared = one.comparison
    now = compared.views.get(compared.now) if compared is not None else None
    policy = compared.now if compared is not None else f"not compared: {one.why_not}"
    recommended = compared.advice.policy if compared is not None else ""
    found += [("policy", policy, None), ("recommended policy", recommended, None)]
    for what, attribute, show in (*MEASURES, (COST, "cost", f"{{:,.2f}} {currency}".format)):
        value = getattr(now, attribute, None)
        found.append((what, UNKNOWN if value is None else show(value), number(value)))
    return found


UNKNOWN = "cannot be said"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _ratio(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.2f}"


MEASURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (  # what it is called, which field, how it is shown
    ("busiest Pod over the mean", "hottest", _ratio), ("p50", "p50_ms", milliseconds), ("p99", "p99_ms", milliseconds),
    ("extra hop", "extra_hop", _percent), ("crosses a zone", "cross_zone", _percent), ("lost", "lost", _percent),
)  # fmt: skip


def _change_object(one: Change) -> dict[str, Any]:
    return {
        "service": one.service, "what": one.what, "before": one.before, "after": one.after,
        "before_value": one.before_value, "after_value": one.after_value,
    }  # fmt: skip


HEAD = ("Service", "what", "before", "after")


def _change_rows(made: Diff) -> Iterator[tuple[str, ...]]:
    for name in made.exposed_anew:
        yield name, "exposed", "no", f"yes: {made.after.service(name).reached_by}"
    for name in made.exposed_no_more:
        yield name, "exposed", f"yes: {made.before.service(name).reached_by}", "no"
    for one in made.changes:
        yield one.service, one.what, one.before, one.after


def _money(before: Bill, after: Bill) -> str:
    old, new = before.total_per_month, after.total_per_month
    if old is None or new is None or before.currency != after.currency:
        same = before.headline == after.headline
        return f"{before.headline} (as before)" if same else f"before, {before.headline}; after, {after.headline}"
    about = "about " if before.estimated or after.estimated else ""
    if abs(new - old) < HALF_A_CENT:
        return f"{about}{new:,.2f} {after.currency} a month, as before"
    return f"{about}{old:,.2f} to {new:,.2f} {after.currency} a month ({new - old:+,.2f})"


# What a comment on a pull request has room for, which may have 65,536 characters.
MOST_ROWS, MOST_CARDS, MOST_GONE = 200, 40, 60


def _left_out(count: int, noun: str) -> Iterator[Part]:
    if count > 0:
        yield Paragraph(f"{count:,} more {noun}{' is' if count == 1 else 's are'} in the JSON: --format json.")


def _parts(made: Diff, date: str) -> Iterator[Part]:
    """Yield the parts of the page, in order."""
    yield Paragraph(f"{made.summary}.")
    if not made:
        yield Paragraph("Nothing that this report looks at differs.")
    rows = tuple(_change_rows(made))
    if rows:
        yield Heading("Services")
        yield Table("", HEAD, rows[:MOST_ROWS])
        yield from _left_out(len(rows) - MOST_ROWS, "row")
    explained = glossary({one.what for one in made.changes})
    if explained:
        yield Listing(explained)
    if made.new_findings:
        yield Heading("New findings")
        cards = list(finding_cards(made.new_findings))
        yield from cards[:MOST_CARDS]
        yield from _left_out(len(cards) - MOST_CARDS, "finding")
    if made.gone_findings:
        yield Heading("Findings that are gone")
        shown = made.gone_findings[:MOST_GONE]
        yield Listing(tuple(f"{SIGNS[f.severity]} {f.service or 'the cluster'}: {f.what}" for f in shown))
        yield from _left_out(len(made.gone_findings) - MOST_GONE, "finding")
    yield Heading("What was assumed")
    if _shared_anew(made.before, made.after):
        counts = f"{made.before.sharing} before and {made.after.sharing} after"
        yield Paragraph(
            f"The exposed Services share the assumed traffic evenly, {counts}: a Service that costs "
            "more or less by that alone is left out above."
        )
    when = f" on {date}" if date else ""
    load = f"{made.after.utilisation:.0%} utilisation, {made.after.service_ms:g} ms of work a request"
    traffic = traffic_in_words(made.after.traffic, Sharers(made.after.sharing, len(made.after.exposed)))
    prices = f"prices of {made.after.estimate.place}"
    yield Paragraph(f"Compared{when} by the same assumptions: {load}; {prices}; {traffic}.")
