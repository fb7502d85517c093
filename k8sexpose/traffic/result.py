"""What came of a simulation: shares and latencies of Pods and nodes, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._display import html_table
from .arrays import Floats
from .precision import Precision, measure, plus_minus, sides
from .queueing import jain_index, max_over_mean
from .scene import Scene
from .tally import Tally

__all__ = ["QUANTILES", "SHARES", "Traffic"]

LEVELS = (0.5, 0.95, 0.99)
QUANTILES = ("p50_ms", "p95_ms", "p99_ms")
ERRORS = ("p50_se_ms", "p95_se_ms", "p99_se_ms")
SHARES = ("extra_hop_share", "cross_zone_share", "failed_share")
SHARE_ERRORS = ("extra_hop_share_se", "cross_zone_share_se", "failed_share_se")
SUMMARY = pd.Index(
    [*SHARES, "max_over_mean", "jain_index", *QUANTILES, "mean_ms", *SHARE_ERRORS, *ERRORS, "mean_se_ms"]
)
FAILED = pd.Index(["timeout", "refused", "reset", "unresolved"])
SHOWN = 30  # Pods in a notebook


@dataclass(frozen=True, eq=False, repr=False)  # without slots: what is made once is kept
class Traffic:
    """What came of many requests: counted when `simulate` returns, tables are made when they are looked at.

    Attributes
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
        Pod are in the order of arrival; the order of the Pods is not promised. Read-only. Whoever looks at it first may
        wait as long again as for the run, since most runs keep no single request.
    summary : Series
        ``extra_hop_share, cross_zone_share, failed_share`` (of all requests), ``max_over_mean, jain_index`` (of
        the Pods' requests), ``p50_ms, p95_ms, p99_ms, mean_ms``, and standard errors: ``extra_hop_share_se,
        cross_zone_share_se, failed_share_se, p50_se_ms, p95_se_ms, p99_se_ms, mean_se_ms``.
    timeline : DataFrame
        A row per second, or a longer round time: ``t_s`` (its start), ``ok_share``, ``load_rps`` (requests per
        second that came), and for each node, by its name, the requests per second that its Pods answered. Where clients
        keep their connections, whoever looks at it first waits as long again as for the run.
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
    overloaded : bool
        Whether a Pod gets more requests than it can serve, so that its queue grows as long as they come.
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
    >>> from k8sexpose import Cluster, example, simulate
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1, 0])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> simulate(cluster, "public-api-lb", requests=1000).by_pod.expected_share.round(3).tolist()
    [0.333, 0.333, 0.333]
    """

    _scene: Scene
    _tally: Tally
    _free: bool  # whether each request was a connection of its own
    precision_reached: bool | None = None

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

    # -- what was counted ----

    @property
    def requests(self) -> int:  # noqa: D102
        return self._tally.workload.requests

    @property
    def duration_s(self) -> float:  # noqa: D102
        return self._tally.end_s

    @property
    def mean_ms(self) -> float:  # noqa: D102
        return float(self.summary["mean_ms"])

    @property
    def changes_s(self) -> tuple[float, ...]:  # noqa: D102
        return tuple(state.start_s for state in self._scene.states[1:] if state.start_s <= self.duration_s)

    @cached_property
    def latency_ms(self) -> NDArray[np.float64]:  # noqa: D102
        kept = self._tally.sample_ms
        kept.flags.writeable = False
        return kept

    @cached_property
    def failed(self) -> pd.Series[int]:  # noqa: D102
        failed, counts = dict.fromkeys(FAILED, 0), self._tally.path_counts.sum(0)
        for number in np.flatnonzero(~self._tally.columns.delivered).tolist():
            failed[self._tally.paths[number].outcome] += int(counts[number])
        return pd.Series(list(failed.values()), FAILED, name="requests")

    @property
    def overloaded(self) -> bool:  # noqa: D102
        return self._scene.steady and self._precision.wanted == math.inf

    @property
    def too_short(self) -> str:  # noqa: D102
        precision = self._precision
        if not precision.busiest or not self._scene.steady:
            return ""
        if self.overloaded:
            return "a Pod is overloaded: its queue grows as long as requests come"
        digit = 10 ** (len(str(int(precision.wanted))) - 1)
        wanted = math.ceil(precision.wanted / digit) * digit
        busy = f"a Pod that is {precision.busiest:.0%} busy"
        return f"too short to say how precise for {busy}: about {wanted:,.0f} requests would do"

    # -- numbers of all, of Pods, of nodes, of seconds ----

    @cached_property
    def _precision(self) -> Precision:
        return measure(self._tally, LEVELS, free=self._free, steady=self._scene.steady)

    @cached_property
    def _quantiles(self) -> tuple[Floats, Floats]:
        """The quantiles of each Pod and of all, and their standard errors."""
        histogram, tick_ms, errors = self._tally.histogram, self._tally.tick_ms, self._precision.quantiles
        counts = np.concatenate([histogram.counts, histogram.counts.sum(0)[None]])
        if np.isnan(errors).all():
            return histogram.quantiles(LEVELS, counts) * tick_ms, errors
        low, high = sides(LEVELS, errors)
        levels = np.concatenate([np.broadcast_to(LEVELS, low.shape), low, high], axis=1)
        found, below, above = np.hsplit(histogram.quantiles(np.nan_to_num(levels), counts) * tick_ms, 3)
        return found, np.where(np.isnan(high), np.nan, (above - below) / 2)

    @cached_property
    def summary(self) -> pd.Series[float]:  # noqa: D102
        tally, precision, (quantiles, errors) = self._tally, self._precision, self._quantiles
        counts = tally.path_counts.sum(0)
        answered = tally.answered.tolist() or [0]  # a Service may have no Pods
        network_ms = float(counts @ tally.columns.network_ms)
        numbers = [
            *(counts @ tally.columns.kinds / self.requests).tolist(),
            max_over_mean(answered),
            jain_index(answered),
            *quantiles[-1].tolist(),
            (float(tally.slice_busy.sum()) * tally.tick_ms + network_ms) / sum(answered) if any(answered) else math.nan,
            *precision.shares.tolist(),
            *errors[-1].tolist(),
            precision.mean_ms,
        ]
        return pd.Series(np.array(numbers), SUMMARY, name="summary", copy=False)

    @cached_property
    def _shares(self) -> dict[str, Any]:
        """What `by_pod` and `by_node` say of shares."""
        tally = self._tally
        return {
            "expected_share": self._scene.expected_share(tally.workload.duration_s),
            "share": tally.answered / self.requests,
            "requests": tally.answered,
            "utilisation": tally.utilisation,
        }

    @cached_property
    def by_pod(self) -> pd.DataFrame:  # noqa: D102
        precision, (quantiles, errors) = self._precision, self._quantiles
        own = {"share_se": precision.pod_share, "utilisation_se": precision.utilisation}
        columns = self._shares | _named(QUANTILES, quantiles[:-1]) | own | _named(ERRORS, errors[:-1])
        return pd.DataFrame(self._scene.columns | columns, index=self._scene.index, copy=False)

    @cached_property
    def by_node(self) -> pd.DataFrame:  # noqa: D102
        tally, members = self._tally, self._scene.members
        pods = members.sum(1)
        shares = _named(tuple(self._shares), members @ np.stack(list(self._shares.values()), axis=1))
        shares["requests"] = shares["requests"].astype(np.int64)
        shares["utilisation"] = shares["utilisation"] / np.maximum(pods, 1)
        counts = np.array([tally.histogram.counts[own > 0].sum(0) for own in members]).reshape(len(members), -1)
        quantiles = _named(QUANTILES, tally.histogram.quantiles(LEVELS, counts) * tally.tick_ms)
        columns = {"pods": pods.astype(np.int64)} | shares | quantiles
        return pd.DataFrame(self._scene.node_columns | columns, index=self._scene.node_index, copy=False)

    @cached_property
    def timeline(self) -> pd.DataFrame:  # noqa: D102
        tally = self._tally
        rows = int(np.flatnonzero(tally.load.sum(1)).max()) + 1
        start_s = np.arange(rows) * tally.row_s
        lasts_s = np.minimum(start_s + tally.row_s, tally.end_s) - start_s
        load = tally.load[:rows]
        sent, lost = load.sum(1), load[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            numbers = np.column_stack([start_s, (sent - lost) / sent, sent / lasts_s, load[:, :-1] / lasts_s[:, None]])
        return pd.DataFrame(numbers, columns=["t_s", "ok_share", "load_rps", *tally.nodes])


def _named(names: Sequence[str], columns: Floats) -> dict[str, Floats]:
    return dict(zip(names, columns.T, strict=True))


def _precise(numbers: pd.Series[Any], name: str) -> str:
    return plus_minus(float(numbers[f"{name}_ms"]), float(numbers[f"{name}_se_ms"]))
