"""Many requests instead of one: who gets how much load, how long answers take, what a crash costs.

`simulate` sends requests to a Service as an open stream: they come by chance at a rate, whether or not the ones
before have been answered. A request belongs to a connection; the load balancer and kube-proxy assign connections, each
Pod serves its requests first come, first served. Where a connection may go is the router's word (`k8sexpose.routes`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..api import checks
from .connections import Connections
from .engine import Engine, Rerun
from .histogram import BIN_WIDTH
from .path_table import RequestTarget
from .precision import FORGOTTEN
from .random_streams import client_weights
from .result import QUANTILES, SHARES, Traffic
from .scene import Scene
from .tally import SLICES, Tally
from .thinning import Thinning
from .timeline import Event, KnownEvent, play, standing
from .ways import Ways
from .workload import Workload

if TYPE_CHECKING:
    from ..model import Cluster

__all__ = ["Traffic", "simulate"]

SPARE = 1 << 21  # numbers, more than are alive at once; fresh memory costs a short run dear
# What a number may be at most: the work or the memory grows with it.
MOST = {
    "requests": 100_000_000, "clients": 2_000_000, "requests_per_connection": 1_000_000_000, "workers": 10_000,
    "max_requests": 100_000_000,
}  # fmt: skip
MOST_EVENTS = 1_000
MOST_BLOCKS = 10_000


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
        How many requests a Pod serves at once; more than one takes up to twice as long to compute.
    events : iterable of NodeDown, NodeUp, Rollout, Scale
        What happens meanwhile. A request fails if it is sent to a dead node before the load balancer has noticed,
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
        How many requests are computed at a time; changes no number. Of no effect where requests remember something, or
        something happens: there it is given by the run.
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
    workload = replace(workload, requests=min(requests, max_requests))
    while True:
        found = _run(cluster, asking, workload, events, block)
        over = max(_over(found, name, part) for name, part in wanted.items())
        if over <= 1 or workload.requests == max_requests or found.overloaded:
            return replace(found, precision_reached=over <= 1)
        more = min(max(1.1 * over**2, 1.25), 16.0) if over < math.inf else 4.0
        workload = replace(workload, requests=min(math.ceil(more * workload.requests), max_requests))


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


def _over(found: Traffic, name: str, part: float) -> float:
    """Return how many times less precise a number is than wanted."""
    summary = found.summary
    error = float(summary[name.removesuffix("_ms") + "_se_ms" if name.endswith("_ms") else f"{name}_se"])
    value = float(summary[name])
    return 0.0 if error == value == 0 else math.inf if math.isnan(error) or not value else error / value / part


def _run(
    cluster: Cluster, asking: RequestTarget, workload: Workload, events: Sequence[Event], block: int | None
) -> Traffic:
    """Send the requests, in the fastest way that their memory allows."""
    np.empty(SPARE)  # never touched: the C library keeps as much freed memory as the largest array it freed
    scene = _scene(cluster, asking, tuple(events), workload.duration_s)
    tally = Tally(workload, scene.pods, list(scene.zones), scene.nearest_ms, _slices(workload) if scene.steady else 1)
    ways = scene.ways if workload.requests_per_connection == 1 else None
    if ways is None:
        connections = Connections.of(workload, scene.states[0].table)
        if not scene.steady or connections.remembers:
            Engine(connections, scene.states, tally, watch=not scene.steady).run()
            tally.replay = Rerun(scene.states) if scene.steady else None
            return Traffic(scene, tally, False)
        chances = connections.probabilities(client_weights(workload.clients, workload.client_skew))
        ways = Ways.of(connections.paths, chances, scene.pods)
    Thinning(workload, ways, tally).run(tally, block)
    return Traffic(scene, tally, True)


def _slices(workload: Workload) -> int:
    """Return into how many slices a run is divided at most: none is shorter than what kept connections remember."""
    if workload.requests_per_connection == 1:
        return SLICES
    most = workload.requests / (FORGOTTEN * workload.clients * workload.requests_per_connection)
    return 1 << int(math.log2(min(max(most, 1), SLICES)))


def _scene(cluster: Cluster, asking: RequestTarget, events: tuple[Event, ...], duration_s: float) -> Scene:
    """Return the Service with its Pods, from memory where the cluster is as it was last: sliders ask again."""
    version = cluster.version()

    def played() -> Scene:
        return Scene.of(cluster, asking, play(cluster, asking, events, 1.1 * duration_s + 10))

    if not all(isinstance(event, KnownEvent) for event in events):
        return played()  # others may do something else each time
    if events:
        return cluster.store.cached("scene with events", (version, asking, events, duration_s), played)
    scenes: dict[RequestTarget, Scene] = cluster.store.cached("scenes", version, dict)
    if asking not in scenes:
        scenes[asking] = Scene.of(cluster, asking, standing(cluster, asking))
    return scenes[asking]
