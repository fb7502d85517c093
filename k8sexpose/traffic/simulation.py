"""Many requests instead of one: who gets how much load, how long answers take, what a crash costs.

`simulate` sends requests to a Service as an open stream: they come by chance at a rate, whether or not the ones
before have been answered. A request belongs to a connection; the load balancer and kube-proxy deal connections, each
Pod serves its requests first come, first served. Where a connection may go is the router's word (`k8sexpose.routes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._display import html_table
from ..api import checks
from ..kubeproxy.service_ports import targets
from ..router.addressing import find_destination
from .connections import Connections
from .engine import TICK_MS, Engine
from .path_table import RequestTarget
from .queueing import jain_index, max_over_mean
from .random_streams import DISTRIBUTIONS, Draws
from .timeline import Event, State, play, standing

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Traffic", "simulate"]

LEVELS = (0.5, 0.95, 0.99)
QUANTILES = ("p50_ms", "p95_ms", "p99_ms")
SUMMARY = pd.Index(["extra_hop_share", "cross_zone_share", "failed_share", "max_over_mean", "jain_index", *QUANTILES])
FAILED = pd.Index(["timeout", "refused", "reset", "unresolved"])
SHOWN = 30  # Pods in a notebook
# What a number may be at most: the work or the memory grows with it.
MOST = {
    "requests": 100_000_000, "clients": 2_000_000, "requests_per_connection": 1_000_000_000, "workers": 10_000,
}  # fmt: skip
MOST_EVENTS = 1_000
MOST_BLOCKS = 10_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Traffic:
    """What came of many requests; everything is computed when `simulate` returns.

    Parameters
    ----------
    by_pod : DataFrame
        A row per Pod that could be asked, index Pod name: ``node, zone, expected_share`` (exact, of new connections;
        the mean over time where something happens), ``share, requests`` (answered, of all that were sent),
        ``utilisation`` (of each worker: work asked for over time; above 1 the queue grows for ever),
        ``p50_ms, p95_ms, p99_ms``.
    by_node : DataFrame
        A row per node, also those without Pods, index node name: ``zone, pods`` and the columns of `by_pod`, for the
        node's Pods together (utilisation: their mean).
    latency_ms : ndarray of float64, shape (answered,)
        Time to the answer, in the order of arrival: of every answered request up to 1,000,000 requests, above that
        of every k-th. Read-only.
    summary : Series
        ``extra_hop_share, cross_zone_share, failed_share`` (of all requests), ``max_over_mean, jain_index`` (of
        the Pods' requests), ``p50_ms, p95_ms, p99_ms``.
    timeline : DataFrame
        A row per second, or a longer round time: ``t_s`` (its start), ``ok_share``, ``load_rps`` (requests per
        second that came), and for each node, by its name, the requests per second that its Pods answered.
    requests : int
        How many requests were sent.
    mean_ms : float
        Mean latency of the answered requests.
    failed : Series
        Failed requests by what the client saw: ``timeout, refused, reset, unresolved``.
    duration_s : float
        When the last request arrived.
    changes_s : tuple of float
        When something changed for requests: an event, or somebody who noticed it.

    Notes
    -----
    Quantiles come from a histogram with bins of at most 0.4 %. Failed requests have no latency, and are part of every
    share: the shares of the Pods and ``failed_share`` sum to 1.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1, 0])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> simulate(cluster, "public-api-lb", requests=1000).by_pod.expected_share.round(3).tolist()
    [0.333, 0.333, 0.333]
    """

    by_pod: pd.DataFrame
    by_node: pd.DataFrame
    latency_ms: NDArray[np.float64]
    summary: pd.Series[float]
    timeline: pd.DataFrame
    requests: int
    mean_ms: float
    failed: pd.Series[int]
    duration_s: float
    changes_s: tuple[float, ...] = ()

    @property
    def caption(self) -> str:
        """The result in a line."""
        one = self.summary
        return (
            f"{self.requests:,} requests in {self.duration_s:.4g} s: failed {one.failed_share:.1%}, extra hop "
            f"{one.extra_hop_share:.1%}, crosses a zone {one.cross_zone_share:.1%}; hottest Pod "
            f"{one.max_over_mean:.2f} × the mean, fairness {one.jain_index:.3f}; p50 {one.p50_ms:.3g} ms, "
            f"p95 {one.p95_ms:.3g} ms, p99 {one.p99_ms:.3g} ms"
        )

    def __repr__(self) -> str:
        return f"<Traffic: {self.caption}>"

    def __str__(self) -> str:
        shown = self.by_pod.head(SHOWN).to_string(float_format="{:.4g}".format)
        return "\n".join([self.caption, shown, *self._more])

    @property
    def _more(self) -> list[str]:
        hidden = len(self.by_pod) - SHOWN
        return [f"… and {hidden} more Pods in by_pod"] if hidden > 0 else []

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the Pods in a terminal (IPython's hook)."""
        printer.text(repr(self) if cycle else str(self))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        head = ("Pod", "node", "expected", "share", "requests", "utilisation", "p50", "p95", "p99")
        rows = [
            (
                str(pod), str(row.node), f"{row.expected_share:.1%}", f"{row.share:.1%}", f"{row.requests:,}",
                f"{row.utilisation:.1%}", *(f"{row[name]:.3g} ms" for name in QUANTILES),
            )
            for pod, row in self.by_pod.head(SHOWN).iterrows()
        ]  # fmt: skip
        return html_table(self.caption, head, rows) + "".join(f"<p>{text}</p>" for text in self._more)


def simulate(
    cluster: Cluster,
    target: str,
    *,
    requests: int = 100_000,
    rate_rps: float = 300.0,
    clients: int = 200,
    requests_per_connection: int = 1,
    service_ms: float = 10.0,
    workers: int = 1,
    events: Iterable[Event] = (),
    seed: int = 0,
    client: str | None = None,
    via: str | Sequence[str] | None = None,
    protocol: str = "TCP",
    distribution: str = "exponential",
    sigma: float = 1.0,
    client_skew: float = 0.0,
    hop_ms: float | None = None,
    sticky: bool | None = None,
    block: int | None = None,
) -> Traffic:
    """Send many requests to a Service.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    target : str
        A Service or an address, as for `send`.
    requests : int
        How many.
    rate_rps : float
        How many come per second on average (Poisson arrivals).
    clients : int
        From how many clients. It matters where connections are kept alive, and where a client is sent to the same
        place again: by the load balancer, or by ``sessionAffinity: ClientIP`` (whose timeout never passes here).
    requests_per_connection : int
        How many requests a client sends before it opens its next connection; it has one at a time.
    service_ms : float
        Mean time that a worker needs for a request, in milliseconds.
    workers : int
        How many requests a Pod serves at once; more than one is computed by a slower loop.
    events : iterable of NodeDown, NodeUp, Rollout, Scale
        What happens meanwhile. A request fails if it is dealt to a dead node before the load balancer has noticed,
        if a node crashes that it is on, or if its open connection leads through a crashed node. Open connections
        stay with a Pod that is no longer ready until the Pod is gone.
    seed : int
        Same seed, same numbers.
    client, via, protocol
        As for `send`; all clients are of the kind of this one.
    distribution : str
        Of the service time: ``exponential``, ``lognormal`` or ``constant``.
    sigma : float
        Of the lognormal distribution: standard deviation of the logarithm.
    client_skew : float
        The k-th client asks in proportion to 1/k to this power (Zipf); 0: all alike.
    hop_ms : float, optional
        What an extra hop adds to a round trip, in milliseconds, in place of the table of latencies.
    sticky : bool, optional
        Whether the load balancer sends all connections of a client to the same place, by a hash of the client's
        address alone; None: as the provider does.
    block : int, optional
        How many requests are computed at a time; changes no number.

    Returns
    -------
    Traffic
        Shares, latencies and the course over time.

    Raises
    ------
    NotExposed, KeyError
        As for `send`.
    ValueError
        If a number makes no sense, or target or client cannot be read.

    Notes
    -----
    The network adds the round trips of ``data/latency.toml``; the way from the client to the cluster counts 0.
    Requests stand in the queue of a Pod in the order in which they reached the cluster.

    Examples
    --------
    >>> from k8sexpose import Cluster, example
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1, 0])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> _ = cluster.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Local"}})
    >>> traffic = simulate(cluster, "public-api-lb", requests=10_000, rate_rps=150)
    >>> traffic.by_pod.expected_share.tolist()
    [0.25, 0.25, 0.5]
    >>> bool(traffic.by_pod.utilisation.idxmax() == "api-backend-3")
    True
    """
    checks.check_arguments(simulate, locals())
    events = tuple(events)
    _check_numbers(locals())
    asking = RequestTarget(
        target, client, protocol, via if via is None or isinstance(via, str) else tuple(via), hop_ms, sticky
    )
    duration_s = requests / rate_rps
    states = play(cluster, asking, events, 1.1 * duration_s + 10) if events else standing(cluster, asking)
    engine = Engine(
        Draws(seed, rate_rps, service_ms, distribution, sigma, clients, client_skew),
        Connections(clients, requests_per_connection, seed),
        states,
        pods=_pods(cluster, asking, states),
        nodes=list(cluster.store.nodes),
        workers=workers,
        requests=requests,
        rate_rps=rate_rps,
    )
    engine.run(block)
    return _result(cluster, engine, _expected(states, duration_s))


def _check_numbers(given: Mapping[str, Any]) -> None:
    """Check every number that `simulate` is given; what grows with one has a limit, which the sentence names."""
    for name, most in MOST.items():
        checks.count(given[name], name, at_most=most)
    for name, least, largest in (("rate_rps", 1e-6, 1e9), ("service_ms", 1e-6, 1e9), ("sigma", 1e-6, 10)):
        checks.positive(given[name], name, at_least=least, at_most=largest)
    if given["block"] is not None:
        block = checks.count(given["block"], "block")
        if given["requests"] > MOST_BLOCKS * block:
            raise ValueError(f"block is too small: {given['requests']:,} requests are more than {MOST_BLOCKS:,} blocks")
    checks.one_of(given["distribution"], "distribution", DISTRIBUTIONS)
    checks.quantity(given["hop_ms"] or 0, "hop_ms", at_most=1e9)
    checks.quantity(given["client_skew"], "client_skew", at_most=100)
    if len(given["events"]) > MOST_EVENTS:
        raise ValueError(f"events are at most {MOST_EVENTS:,}, not {len(given['events']):,}")


# -- Pods -----------------------------------------------------------------------------------------------------------


def _pods(cluster: Cluster, asking: RequestTarget, states: Sequence[State]) -> list[str]:
    """Name all Pods that can be asked at some time, and those that are endpoints but get nothing."""
    asked = find_destination(cluster, asking.target, asking.protocol)
    service, port = asked.service, asked.service_port
    found = {lane.pod: None for state in states for lane in state.table.lanes if lane.pod is not None}
    if service is not None and port is not None:
        ready = (target for family in (4, 6) for target in targets(cluster.store, service, port, family).ready)
        found.update((target.endpoint.pod, None) for target in ready if target.endpoint.pod is not None)
    order = {name: k for k, (_, name) in enumerate(cluster.store.pods)}
    return sorted(found, key=lambda pod: order.get(pod, len(order)))


def _expected(states: Sequence[State], duration_s: float) -> dict[str, float]:
    """Return the exact share of each Pod, averaged over the time of the states."""
    if len(states) == 1:
        return {pod: float(share) for pod, share in states[0].table.shares.items()}
    expected: dict[str, float] = {}
    for state in states:
        lasts_s = min(state.end_s, duration_s) - min(state.start_s, duration_s)
        for pod, share in state.table.shares.items():
            expected[pod] = expected.get(pod, 0.0) + float(share * Fraction(lasts_s / duration_s))
    return expected


# -- the tables -----------------------------------------------------------------------------------------------------


def _result(cluster: Cluster, engine: Engine, expected: dict[str, float]) -> Traffic:
    answered = engine.answered
    lanes, nodes = engine.dealer.lanes, cluster.store.nodes
    home = {lane.pod: lane.node for lane in lanes if lane.pod is not None}
    home |= {pod.name: pod.node for pod in cluster.store.pods.values() if pod.name not in home}
    node_of = [home.get(pod) for pod in engine.pods]
    zone_of = {name: node.zone for name, node in nodes.items()}
    place = {name: k for k, name in enumerate(nodes)}
    at = np.array([place.get(node or "", len(place)) for node in node_of], dtype=np.int64)
    quantiles = engine.histogram.quantiles(LEVELS, _parts(at.tolist(), len(place)))
    columns = {
        "expected_share": np.array([expected.get(pod, 0.0) for pod in engine.pods]),
        "share": answered / engine.requests,
        "requests": answered,
        "utilisation": engine.queues.work_s / (engine.end_s * engine.queues.workers),
    }
    placed = {"node": node_of, "zone": [zone_of.get(node or "") for node in node_of]}
    sums = _by_node(at, len(place), columns)
    total = int(answered.sum())
    lost = total < engine.requests
    kept = engine.sample_ms[~np.isnan(engine.sample_ms)] if lost else engine.sample_ms
    kept.flags.writeable = False
    return Traffic(
        by_pod=_frame("pod", engine.pods, placed | columns, quantiles[: len(at)]),
        by_node=_frame("node", list(nodes), {"zone": list(zone_of.values())} | sums, quantiles[len(at) : -1]),
        latency_ms=kept,
        summary=_summary(engine, answered.tolist(), quantiles[-1]),
        timeline=_timeline(engine),
        requests=engine.requests,
        mean_ms=engine.latency_sum * TICK_MS / total if total else float("nan"),
        failed=pd.Series(_failed(engine), FAILED, name="requests"),
        duration_s=engine.end_s,
        changes_s=tuple(state.start_s for state in engine.states[1:] if state.start_s <= engine.end_s),
    )


def _parts(node_of: Sequence[int], nodes: int) -> list[Sequence[int]]:
    """List whose latencies are looked at together: each Pod's, those of the Pods of each node, and all."""
    members: list[list[int]] = [[] for _ in range(nodes + 1)]  # the last one: Pods of no node
    for pod, node in enumerate(node_of):
        members[node].append(pod)
    return [*([pod] for pod in range(len(node_of))), *members[:-1], range(len(node_of))]


def _by_node(at: NDArray[np.int64], nodes: int, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Add up the Pods of each node."""
    pods = np.bincount(at, minlength=nodes + 1)[:nodes]
    sums = {
        name: np.bincount(at, weights=values, minlength=nodes + 1)[:nodes].astype(values.dtype)
        for name, values in columns.items()
    }
    sums["utilisation"] /= np.maximum(pods, 1)
    return {"pods": pods} | sums


def _frame(kind: str, names: Sequence[str], columns: dict[str, Any], quantiles: NDArray[np.float64]) -> pd.DataFrame:
    """Make a table with a row per Pod or node, all columns at once: each one put in later costs a short run dear."""
    index = pd.Index(list(names), name=kind, dtype=object)
    return pd.DataFrame(columns | dict(zip(QUANTILES, quantiles.T, strict=True)), index=index, copy=False)


def _failed(engine: Engine) -> list[int]:
    """Count the requests that found no answer, by what the client saw."""
    failed = dict.fromkeys(FAILED, 0)
    for lane, count in zip(engine.dealer.lanes, engine.lane_counts.tolist(), strict=True):
        if not lane.delivered:
            failed[lane.outcome] += count
    return list(failed.values())


def _summary(engine: Engine, loads: list[int], quantiles: NDArray[np.float64]) -> pd.Series[float]:
    went = list(zip(engine.dealer.lanes, engine.lane_counts.tolist(), strict=True))
    numbers = [
        sum(count for lane, count in went if lane.extra_hop) / engine.requests,
        sum(count for lane, count in went if lane.crosses_zone) / engine.requests,
        sum(count for lane, count in went if not lane.delivered) / engine.requests,
        max_over_mean(loads) if loads else float("nan"),
        jain_index(loads) if loads else float("nan"),
        *quantiles.tolist(),
    ]
    return pd.Series(numbers, SUMMARY, name="summary", dtype=float)


def _timeline(engine: Engine) -> pd.DataFrame:
    rows = int(np.flatnonzero(engine.load.sum(1)).max()) + 1
    start_s = np.arange(rows) * engine.row_s
    lasts_s = np.minimum(start_s + engine.row_s, engine.end_s) - start_s
    load = engine.load[:rows]
    sent, lost = load.sum(1), load[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        numbers = np.column_stack([start_s, (sent - lost) / sent, sent / lasts_s, load[:, :-1] / lasts_s[:, None]])
    return pd.DataFrame(numbers, columns=["t_s", "ok_share", "load_rps", *engine.nodes])
