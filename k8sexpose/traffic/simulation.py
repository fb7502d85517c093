"""Many requests instead of one: who gets how much load, how long answers take, what a crash costs.

`simulate` sends requests to a Service as an open stream: they come by chance at a rate, whether or not the ones
before have been answered. A request belongs to a connection; the load balancer and kube-proxy deal connections, each
Pod serves its requests first come, first served. Where a connection may go is the router's word (`k8sexpose.routes`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from .engine import Engine
from .histogram import BIN_WIDTH
from .path_table import RequestTarget
from .precision import FORGOTTEN, Precision, measure, plus_minus, sides
from .queueing import jain_index, max_over_mean
from .random_streams import client_weights
from .tally import SLICES, Tally
from .thinning import Thinning, Ways
from .timeline import Event, NodeDown, NodeUp, Rollout, Scale, State, play, standing
from .workload import Workload

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Traffic", "simulate"]

LEVELS = (0.5, 0.95, 0.99)
QUANTILES = ("p50_ms", "p95_ms", "p99_ms")
ERRORS = ("p50_se_ms", "p95_se_ms", "p99_se_ms")
SHARES = ("extra_hop_share", "cross_zone_share", "failed_share")
SUMMARY = pd.Index(
    [
        *SHARES,
        "max_over_mean",
        "jain_index",
        *QUANTILES,
        "mean_ms",
        *(f"{name}_se" for name in SHARES),
        *ERRORS,
        "mean_se_ms",
    ]
)
MEAN = 8  # the place of mean_ms
FAILED = pd.Index(["timeout", "refused", "reset", "unresolved"])
SPARE = 1 << 21  # numbers, more than are alive at once; fresh memory costs a short run dear
SHOWN = 30  # Pods in a notebook
# What a number may be at most: the work or the memory grows with it.
MOST = {
    "requests": 100_000_000, "clients": 2_000_000, "requests_per_connection": 1_000_000_000, "workers": 10_000,
    "max_requests": 100_000_000,
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
        ``p50_ms, p95_ms, p99_ms``, and standard errors: ``share_se, utilisation_se, p50_se_ms, p95_se_ms, p99_se_ms``.
    by_node : DataFrame
        A row per node, also those without Pods, index node name: ``zone, pods`` and the columns of `by_pod`, for the
        node's Pods together (utilisation: their mean).
    latency_ms : ndarray of float64, shape (answered,)
        Time to the answer: of every answered request up to 1,000,000 requests, above that of every k-th. Those of one
        Pod stand in the order of arrival; in which order the Pods take turns is not promised. Read-only.
    summary : Series
        ``extra_hop_share, cross_zone_share, failed_share`` (of all requests), ``max_over_mean, jain_index`` (of
        the Pods' requests), ``p50_ms, p95_ms, p99_ms, mean_ms``, and standard errors: ``extra_hop_share_se,
        cross_zone_share_se, failed_share_se, p50_se_ms, p95_se_ms, p99_se_ms, mean_se_ms``.
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
    precision_reached : bool, optional
        Whether the run is as precise as was asked for; None where nothing was asked.
    too_short : str
        Why some standard errors are not given, and how many requests would be enough; empty where all are.

    Notes
    -----
    A standard error says by how much a number would move with another seed: two of them to each side hold about 95 %
    of the runs. It is not a number where the run is too short to tell, and where something happens meanwhile, for
    then there is no long run. What clients a sticky load balancer sends where is given by the seed, and not varied.
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
    precision_reached: bool | None = None
    too_short: str = ""

    @property
    def caption(self) -> str:
        """The result in a line."""
        one = self.summary
        return (
            f"{self.requests:,} requests in {self.duration_s:.4g} s: failed {one.failed_share:.1%}, extra hop "
            f"{one.extra_hop_share:.1%}, crosses a zone {one.cross_zone_share:.1%}; busiest Pod "
            f"{one.max_over_mean:.2f} × the mean, fairness {one.jain_index:.3f}; p50 {_precise(one, 'p50')}, "
            f"p95 {_precise(one, 'p95')}, p99 {_precise(one, 'p99')}"
            + (f"; {self.too_short}" if self.too_short else "")
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
                f"{row.utilisation:.1%}", *(_precise(row, name) for name in ("p50", "p95", "p99")),
            )
            for pod, row in self.by_pod.head(SHOWN).iterrows()
        ]  # fmt: skip
        return html_table(self.caption, head, rows) + "".join(f"<p>{text}</p>" for text in self._more)


def _precise(numbers: pd.Series[Any], name: str) -> str:
    return plus_minus(float(numbers[f"{name}_ms"]), float(numbers[f"{name}_se_ms"]))


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
    relative_error: Mapping[str, float] | None = None,
    max_requests: int = 10_000_000,
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
    relative_error : mapping of str to float, optional
        How precise numbers of the summary shall be: the standard error over the number, ``{"p99_ms": 0.01}``. More
        requests are sent until they are, `requests` at least. Not for a run in which something happens.
    max_requests : int
        How many requests are sent at most for that.

    Returns
    -------
    Traffic
        Shares, latencies and the course over time.

    Raises
    ------
    NotExposed, KeyError
        As for `send`.
    ValueError
        If a number makes no sense, or target or client cannot be read; if a quantile shall be more precise than a bin
        of the histogram is wide.

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
    workload = Workload(
        requests,
        rate_rps,
        clients,
        requests_per_connection,
        service_ms,
        workers,
        distribution,
        sigma,
        client_skew,
        seed,
    )
    asking = RequestTarget(
        target, client, protocol, via if via is None or isinstance(via, str) else tuple(via), hop_ms, sticky
    )
    if relative_error is None:
        return _run(cluster, asking, workload, events, block)
    wanted = _checked(relative_error, events)
    most = replace(workload, requests=max_requests).requests
    workload = replace(workload, requests=min(requests, most))
    while True:
        found = _run(cluster, asking, workload, events, block)
        over = max(_over(found.summary, name, part) for name, part in wanted.items())
        if over <= 1 or workload.requests == most or found.too_short.endswith(OVERLOADED):
            return replace(found, precision_reached=over <= 1)
        more = min(max(1.1 * over**2, 1.25), 16.0) if over < math.inf else 4.0
        workload = replace(workload, requests=min(math.ceil(more * workload.requests), most))


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
    checks.quantity(given["hop_ms"] or 0, "hop_ms", at_most=1e9)
    checks.quantity(given["client_skew"], "client_skew", at_most=100)
    if len(given["events"]) > MOST_EVENTS:
        raise ValueError(f"events are at most {MOST_EVENTS:,}, not {len(given['events']):,}")


def _checked(relative_error: Mapping[str, float], events: Sequence[Event]) -> dict[str, float]:
    """Check what precision is asked for."""
    if events:
        raise ValueError("relative_error: where something happens meanwhile there is no long run to be precise about")
    for name, part in relative_error.items():
        if name not in (*SHARES, *QUANTILES, "mean_ms"):
            raise ValueError(f"relative_error knows {', '.join((*SHARES, *QUANTILES, 'mean_ms'))}, not {name!r}")
        if not 0 < part < math.inf or (name in QUANTILES and part < BIN_WIDTH):
            least = f"from {BIN_WIDTH} on, the width of a bin" if name in QUANTILES else "above 0"
            raise ValueError(f"relative_error of {name} is a number {least}, not {part!r}")
    if not relative_error:
        raise ValueError("relative_error names no number")
    return dict(relative_error)


def _over(summary: pd.Series[float], name: str, part: float) -> float:
    """Return how many times less precise a number is than wanted."""
    error = float(summary[name.removesuffix("_ms") + "_se_ms" if name.endswith("_ms") else f"{name}_se"])
    value = float(summary[name])
    return 0.0 if error == value == 0 else math.inf if math.isnan(error) or not value else error / value / part


def _run(
    cluster: Cluster, asking: RequestTarget, workload: Workload, events: Sequence[Event], block: int | None
) -> Traffic:
    """Send the requests, in the fastest way that their memory allows."""
    np.empty(SPARE)  # never touched: the C library keeps as much freed memory as the largest array it freed
    scene = _scene(cluster, asking, tuple(events), workload.duration_s)
    tally = Tally(workload, scene.pods, list(scene.zones), scene.nearest_ms, _slices(workload, scene.states))
    ways = scene.ways if workload.requests_per_connection == 1 else None
    if ways is None:
        connections = Connections(workload.clients, workload.requests_per_connection, workload.seed)
        connections.enter(scene.states[0].table)
        if len(scene.states) > 1 or connections.remembers:
            Engine(connections, scene.states, tally).run()
            return _result(scene, tally, free=False)
        ways = Ways.of(connections.lanes, connections.probabilities(client_weights(workload.clients, workload.client_skew)), scene.pods)
    Thinning(workload, ways, tally).run(block)
    return _result(scene, tally, free=True)


def _slices(workload: Workload, states: Sequence[State]) -> int:
    """Return into how many slices a run is divided at most: none is shorter than what kept connections remember."""
    if len(states) > 1:
        return 1
    if workload.requests_per_connection == 1:
        return SLICES
    remembered = FORGOTTEN * workload.clients * workload.requests_per_connection
    return 2 ** int(math.log2(min(max(workload.requests / remembered, 1), SLICES)))


def _scene(cluster: Cluster, asking: RequestTarget, events: tuple[Event, ...], duration_s: float) -> Scene:
    """Return the Service with its Pods, from memory where the cluster is as it was last: sliders ask again."""
    version = cluster.snapshot() | {"now_s": cluster.now_s}

    def played() -> Scene:
        return Scene.of(cluster, asking, play(cluster, asking, events, 1.1 * duration_s + 10))

    if not all(isinstance(event, NodeDown | NodeUp | Rollout | Scale) for event in events):
        return played()  # others may do something else each time
    if events:
        return cluster.store.cached("scene with events", (version, asking, events, duration_s), played)
    scenes: dict[RequestTarget, Scene] = cluster.store.cached("scenes", version, dict)
    if asking not in scenes:
        scenes[asking] = Scene.of(cluster, asking, standing(cluster, asking))
    return scenes[asking]


# -- what does not depend on the requests ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A Service with its Pods and nodes, before any request.

    Parameters
    ----------
    states : tuple of State
        Of the cluster, one after the other.
    pods : list of str
        All Pods that can be asked at some time, and those that are endpoints but get nothing.
    zones : dict of str to str
        The zone of each node.
    members : ndarray of float64, shape (nodes, pods)
        1 where a Pod is on a node.
    index, node_index : Index
        The Pods and the nodes, for tables.
    columns, node_columns : dict of str to array
        What tables say of Pods (``node, zone``) and of nodes (``zone``).
    expected : ndarray of float64, shape (pods,)
        The exact share of each Pod in the first state.
    ways : Ways, optional
        How requests come that have a connection of their own; None where it matters who asks or when.
    nearest_ms : float
        The shortest way through the network.
    """

    states: tuple[State, ...]
    pods: list[str]
    zones: dict[str, str | None]
    members: NDArray[np.float64]
    index: pd.Index[str]
    node_index: pd.Index[str]
    columns: dict[str, Any]
    node_columns: dict[str, Any]
    expected: NDArray[np.float64]
    ways: Ways | None
    nearest_ms: float

    @classmethod
    def of(cls, cluster: Cluster, asking: RequestTarget, states: tuple[State, ...]) -> Scene:
        """Look around."""
        table, zones = states[0].table, {name: node.zone for name, node in cluster.store.nodes.items()}
        lanes = [lane for state in states for lane in state.table.lanes]
        pods = _pods(cluster, asking, states)
        home = {pod.name: pod.node for pod in cluster.store.pods.values()}
        home |= {lane.pod: lane.node for lane in lanes if lane.pod is not None}
        nodes = [home.get(pod) for pod in pods]
        of_pods = {"node": nodes, "zone": [zones.get(node or "") for node in nodes]}
        of_nodes = {"zone": list(zones.values())}
        members = np.array([[node == name for node in nodes] for name in zones], dtype=float)
        plain = len(states) == 1 and table.assignment == "per_connection" and not table.affinity
        return cls(
            states, pods, zones, members.reshape(len(zones), len(pods)),
            pd.Index(pods, name="pod", dtype=object), pd.Index(list(zones), name="node", dtype=object),
            {name: pd.Series(column).array for name, column in of_pods.items()},
            {name: pd.Series(column).array for name, column in of_nodes.items()},
            np.array([float(table.shares.get(pod, 0)) for pod in pods]),
            Ways.of(list(table.lanes), np.array(list(table.lanes.values())), pods) if plain else None,
            min((lane.network_ms for lane in lanes if lane.delivered), default=0.0),
        )  # fmt: skip


def _expected(scene: Scene, duration_s: float) -> NDArray[np.float64]:
    """Return the exact share of each Pod, averaged over the time of the states."""
    found = np.zeros(len(scene.pods))
    for state in scene.states:
        part = Fraction((min(state.end_s, duration_s) - min(state.start_s, duration_s)) / duration_s)
        found += [float(state.table.shares.get(pod, 0) * part) for pod in scene.pods]
    return found


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


# -- the tables -----------------------------------------------------------------------------------------------------


def _result(scene: Scene, tally: Tally, *, free: bool) -> Traffic:
    """Put the tables together."""
    answered, requests, steady = tally.answered, tally.workload.requests, len(scene.states) == 1
    precision = measure(tally, LEVELS, free=free, steady=steady)
    quantiles, errors = _quantiles(tally, scene.members, precision)
    pods, members = len(answered), scene.members.sum(1)
    shares = {
        "expected_share": scene.expected if steady else _expected(scene, tally.workload.duration_s),
        "share": answered / requests,
        "requests": answered,
        "utilisation": tally.slice_work.sum(1) * tally.tick_ms / (1000 * tally.end_s * tally.workload.workers),
    }
    by_node = scene.members @ np.stack(list(shares.values()), axis=1)
    by_node[:, 3] /= np.maximum(members, 1)
    sums = dict(zip(shares, by_node.T, strict=True)) | {"requests": by_node[:, 2].astype(np.int64)}
    own = {"share_se": precision.pod_share, "utilisation_se": precision.utilisation}
    kept = tally.sample_ms
    if int(answered.sum()) < requests:
        kept = kept[~np.isnan(kept)]
    kept.flags.writeable = False
    summary = _summary(tally, quantiles[-1], errors[-1], precision)
    return Traffic(
        by_pod=pd.DataFrame(
            scene.columns | shares | _named(QUANTILES, quantiles[:pods]) | own | _named(ERRORS, errors[:pods]),
            index=scene.index, copy=False,
        ),
        by_node=pd.DataFrame(
            scene.node_columns | {"pods": members.astype(np.int64)} | sums | _named(QUANTILES, quantiles[pods:-1]),
            index=scene.node_index, copy=False,
        ),
        latency_ms=kept,
        summary=summary,
        timeline=_timeline(tally),
        requests=requests,
        mean_ms=float(summary.iloc[MEAN]),
        failed=pd.Series(_failed(tally), FAILED, name="requests"),
        duration_s=tally.end_s,
        changes_s=tuple(state.start_s for state in scene.states[1:] if state.start_s <= tally.end_s),
        too_short=_too_short(precision) if steady else "",
    )  # fmt: skip


def _named(names: Sequence[str], columns: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return dict(zip(names, columns.T, strict=True))


def _quantiles(
    tally: Tally, members: NDArray[np.float64], precision: Precision
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the quantiles of each Pod, of each node and of all, and the standard errors of those of Pods and all."""
    counts, tick_ms = tally.histogram.counts, tally.tick_ms
    by_node = [counts[np.flatnonzero(own)].sum(0) for own in members]
    table = np.concatenate([counts, *(one[None] for one in by_node), counts.sum(0)[None]])
    quantiles = tally.histogram.quantiles(LEVELS, table) * tick_ms
    errors = precision.quantiles
    if not np.isnan(errors).all():
        beside = sides(LEVELS, errors)
        around = tally.histogram.quantiles(np.nan_to_num(beside), table[[*range(len(counts)), -1]]) * tick_ms
        low, high = np.split(around, 2, axis=1)
        errors = np.where(np.isnan(beside[:, len(LEVELS) :]), np.nan, (high - low) / 2)
    return quantiles, errors


OVERLOADED = "is overloaded: its queue grows as long as requests come"


def _too_short(precision: Precision) -> str:
    """Return the reason why the run does not say how precise it is."""
    if not precision.busiest:
        return ""
    if precision.wanted == math.inf:
        return f"a Pod {OVERLOADED}"
    digit = 10 ** (len(str(int(precision.wanted))) - 1)
    wanted = math.ceil(precision.wanted / digit) * digit
    busy = f"a Pod that is {precision.busiest:.0%} busy"
    return f"too short to say how precise for {busy}: about {wanted:,.0f} requests would do"


def _failed(tally: Tally) -> list[int]:
    """Count the requests that found no answer, by what the client saw."""
    failed, counts = dict.fromkeys(FAILED, 0), tally.path_counts.sum(0)
    for number in np.flatnonzero(~tally.columns.delivered).tolist():
        failed[tally.paths[number].outcome] += int(counts[number])
    return list(failed.values())


def _summary(
    tally: Tally, quantiles: NDArray[np.float64], errors: NDArray[np.float64], precision: Precision
) -> pd.Series[float]:
    counts, requests, loads = tally.path_counts.sum(0), tally.workload.requests, tally.answered.tolist()
    total, network_ms = sum(loads), float(counts @ tally.columns.network_ms)
    numbers = [
        *(counts @ tally.columns.kinds / requests).tolist(),
        max_over_mean(loads) if loads else float("nan"),
        jain_index(loads) if loads else float("nan"),
        *quantiles.tolist(),
        (float(tally.slice_busy.sum()) * tally.tick_ms + network_ms) / total if total else float("nan"),
        *precision.shares.tolist(),
        *errors.tolist(),
        precision.mean_ms,
    ]
    return pd.Series(np.array(numbers), SUMMARY, name="summary", copy=False)


def _timeline(tally: Tally) -> pd.DataFrame:
    rows = int(np.flatnonzero(tally.load.sum(1)).max()) + 1
    start_s = np.arange(rows) * tally.row_s
    lasts_s = np.minimum(start_s + tally.row_s, tally.end_s) - start_s
    load = tally.load[:rows]
    sent, lost = load.sum(1), load[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        numbers = np.column_stack([start_s, (sent - lost) / sent, sent / lasts_s, load[:, :-1] / lasts_s[:, None]])
    return pd.DataFrame(numbers, columns=["t_s", "ok_share", "load_rps", *tally.nodes])
