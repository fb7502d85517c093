"""Figures of many requests: load of each Pod, latency, where one policy overtakes the other, failures over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._palette import BREAK_EVEN, CONCEPTS, POLICY_CONCEPTS
from ..api.checks import check_arguments
from ..traffic.simulation import Traffic
from .figure import INK, ON_PAPER, PAPER, SOFT, canvas, finish

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_crossover", "plot_latency", "plot_load", "plot_sticky", "plot_timeline", "side_looks"]


class Look(NamedTuple):
    """How a policy looks: never by colour alone."""

    color: str
    marker: str
    line: str
    hatch: str


# Slanted stripes are the extra hop, in every picture of the course; no policy has them.
LOOKS = {
    name: Look(concept.color, concept.marker, concept.line, {"Local": ".."}.get(name, ""))
    for name, concept in POLICY_CONCEPTS.items()
}
OTHERS = (
    Look("#6F8F3A", "H", "-.", "oo"),
    Look("#4F8FA0", "8", ":", "xx"),
    Look("#AA6F9E", "$+$", (0, (5, 1, 1, 1)), "++"),  # type: ignore[arg-type]
)


def side_looks(names: Iterator[str] | list[str]) -> dict[str, Look]:
    """Give every policy its look: Cluster and Local always the same.

    Parameters
    ----------
    names : iterable of str
        Names of policies.

    Returns
    -------
    dict of str to Look
        By name.

    Examples
    --------
    >>> side_looks(["Local", "weighted"])["weighted"].marker
    'H'
    """
    found: dict[str, Look] = {}
    for name in names:
        found[name] = LOOKS.get(name) or OTHERS[sum(other not in LOOKS for other in found) % len(OTHERS)]
    return found


def _named(traffic: Traffic | Mapping[str, Traffic]) -> dict[str, Traffic]:
    return {"requests": traffic} if isinstance(traffic, Traffic) else dict(traffic)


def plot_load(traffic: Traffic | Mapping[str, Traffic], ax: Axes | None = None, *, by: str = "pod") -> Axes:
    """Draw how busy each Pod (or node) is: expected as an outline, sampled as a bar, the mean as a line.

    Parameters
    ----------
    traffic : Traffic, or mapping of str to Traffic
        What `simulate` returned; several, by name of the policy, stand beside each other.
    ax : Axes, optional
        Where to draw; a new figure by default.
    by : str
        ``pod``: utilisation of each Pod; ``node``: share of the requests that each node's Pods answer.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, example, simulate
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> describe(plot_load(simulate(cluster, "public-api-lb", requests=1000, rate_rps=150)))[:59]
    'Load of each Pod, in percent of what it can serve: requests'
    """
    check_arguments(plot_load, locals())
    sides = _named(traffic)
    ax = canvas(ax, 8.5, 3.4)
    looks, said, top = side_looks(list(sides)), [], 0.0
    width = 0.8 / max(len(sides), 1)
    names: list[str] = []
    for number, (name, one) in enumerate(sides.items()):
        table, look = (one.by_pod if by == "pod" else one.by_node), looks[name]
        names = names or [_tick(str(label), row.node if by == "pod" else None) for label, row in table.iterrows()]
        expected, sampled = _heights(one, by)
        x = np.arange(len(table)) + (number - (len(sides) - 1) / 2) * width
        ax.bar(
            x, sampled, width * 0.9, color=look.color, alpha=0.75, hatch=look.hatch, edgecolor=PAPER, linewidth=0,
            label=f"{name}, sampled", gid=f"sampled {name}",
        )  # fmt: skip
        ax.bar(
            x, expected, width * 0.9, fill=False, edgecolor=INK, linewidth=1.4, gid=f"expected {name}",
            label="expected" if number == 0 else None,
        )  # fmt: skip
        mean = float(np.mean(sampled)) if len(sampled) else 0.0
        if number == 0:
            ax.axhline(mean, color=SOFT, linestyle=":", linewidth=1.5, label="mean", gid="mean")
        top = max(top, *expected, *sampled, 0.0)
        spoken = [label.replace("\n", " on ") for label in names]
        said.append(f"{name}: " + ", ".join(f"{s} {value:.0f}" for s, value in zip(spoken, sampled, strict=True)))
    full = by == "pod" and top > 70
    if full:
        ax.axhline(100, color=CONCEPTS["dropped"].color, linewidth=1.6, gid="full")
        ax.text(len(names) - 0.42, 101, "full", va="bottom", ha="right", fontsize=10, color=INK)
        top = max(top, 106)
    small = len(names) > 12
    ax.set_xticks(range(len(names)), names, rotation=60 if small else 0, fontsize=10)
    ax.set_ylim(0, top * 1.08 or 1)
    ax.set_ylabel("load, % of what it can serve" if by == "pod" else "requests, %", color=INK)
    _finish(ax, legend_rows=0.34 if small else 0.2)
    what = "each Pod, in percent of what it can serve" if by == "pod" else "each node, in percent of all requests"
    finish(
        ax,
        f"Load of {what}: {'; '.join(said)}.",
        "A filled bar is what was sampled, the outline what the model expects exactly. "
        "The dotted line is the mean" + (", the solid line 100%: all that a Pod can serve." if full else "."),
        "Load of each Pod" if by == "pod" else "Requests of each node",
    )
    return ax


def _heights(one: Traffic, by: str) -> tuple[list[float], list[float]]:
    """Return what is expected and what was sampled, in percent."""
    if by != "pod":
        return (100 * one.by_node["expected_share"]).tolist(), (100 * one.by_node["share"]).tolist()
    share, busy = one.by_pod["share"], one.by_pod["utilisation"]
    answered = float(share.sum())
    if not answered:
        return [0.0] * len(share), [0.0] * len(share)
    per_share = float(busy.sum()) / answered
    return (100 * one.by_pod["expected_share"] * per_share).tolist(), (100 * busy).tolist()


def _tick(name: str, node: object) -> str:
    return f"{name}\n{node}" if node is not None else name


def _finish(ax: Axes, legend_rows: float = 0.2, columns: int = 4) -> None:
    ax.tick_params(colors=INK)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    for side in ("right", "top"):
        ax.spines[side].set_visible(False)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -legend_rows), ncols=columns, frameon=False, fontsize=10,
        labelcolor=INK,
    )  # fmt: skip


# -- latency --------------------------------------------------------------------------------------------------------

STEP = 1.45  # from one histogram to the next
QUANTILES = (("p50", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms"))


def plot_latency(traffic: Traffic | Mapping[str, Traffic], ax: Axes | None = None) -> Axes:
    """Draw how latencies are spread: a histogram for each policy, one above the other, with p50, p95 and p99.

    Parameters
    ----------
    traffic : Traffic, or mapping of str to Traffic
        What `simulate` returned; several by name of the policy.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, example, simulate
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> describe(plot_latency(simulate(cluster, "public-api-lb", requests=1000, rate_rps=150)))[:42]
    'Latency in milliseconds: requests p50 16.2'
    """
    check_arguments(plot_latency, locals())
    sides = _named(traffic)
    ax = canvas(ax, 8.5, 0.9 + 1.5 * len(sides))
    looks, said = side_looks(list(sides)), []
    kept = [one.latency_ms for one in sides.values() if len(one.latency_ms)]
    low = min((float(np.quantile(values, 0.002)) for values in kept), default=1.0)
    high = max((float(values.max()) for values in kept), default=10.0)
    bins = np.geomspace(max(low, 1e-3), max(high, low * 2) * 1.05, 70)
    for number, (name, one) in enumerate(sides.items()):
        base, look = float(len(sides) - 1 - number) * STEP, looks[name]
        counts, _ = np.histogram(one.latency_ms, bins)
        heights = base + counts / max(counts.max(), 1)
        ax.stairs(heights, bins, baseline=base, fill=True, color=look.color, alpha=0.6, hatch=look.hatch, gid=name)
        ax.stairs(heights, bins, baseline=base, color=INK, linewidth=0.8)
        told = []
        for row, (label, column) in enumerate(QUANTILES):
            value = float(one.summary[column])
            told.append(f"{label} {value:,.3g}")
            if math.isfinite(value):
                top = base + (1.2 if row == 1 else 1.04)  # p95 stands near p99: its words go above
                ax.plot([value, value], [base, top], color=INK, linewidth=1.4, linestyle=":", gid=column)
                ax.text(value, top + 0.01, f"{label}: {value:,.3g}", ha="center", fontsize=10, color=INK)
        said.append(f"{name} {', '.join(told)}")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:,.4g}")
    ax.set_xlabel("response time, ms (logarithmic axis)", color=INK)
    ax.set_yticks([STEP * k + 0.4 for k in range(len(sides))], list(sides)[::-1], fontsize=11, color=INK)
    ax.set_ylim(-0.02, STEP * len(sides))
    ax.tick_params(colors=INK, axis="x")
    ax.tick_params(axis="y", left=False)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    finish(
        ax,
        f"Latency in milliseconds: {'; '.join(said)}.",
        "Height is how many requests took that long. Half of the requests lie to the left of p50, 99 of 100 to the "
        "left of p99.",
        "Response times",
    )
    return ax


def plot_crossover(curves: pd.DataFrame, at: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw latency against utilisation for two policies, and where the second one becomes the slower one.

    Parameters
    ----------
    curves : DataFrame
        What `latency_curves` returned.
    at : float, optional
        A utilisation to mark, from 0 to 1.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, both_policies, example, latency_curves
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> curves = latency_curves(both_policies(cluster, "public-api-lb"), "public-api-lb", hop_ms=1, points=9)
    >>> describe(plot_crossover(curves))[:81]
    'Latency against utilisation: Local is slower than Cluster on average above 19.5 %'
    """
    check_arguments(plot_crossover, locals())
    ax = canvas(ax, 8.5, 4.2)
    even, skewed = curves.attrs["policies"]
    looks = side_looks([even, skewed])
    busy = 100 * curves.index.to_numpy()
    least = float(np.nanmin(curves.to_numpy()))
    most = 40 * least
    for name in (even, skewed):
        for kind, width in (("mean", 2.6), ("p99", 1.6)):
            values = curves[f"{name} {kind}_ms"].to_numpy()
            shown = np.where(np.isfinite(values), values, np.nan)
            look = looks[name]
            ax.plot(
                busy, shown, color=look.color, linestyle=look.line, linewidth=width, marker=look.marker,
                markevery=6, markersize=7 if kind == "p99" else 5,
                markerfacecolor=PAPER if kind == "p99" else look.color,
                markeredgecolor=INK, markeredgewidth=0.7, label=f"{name}, {kind}", gid=f"{name} {kind}",
            )  # fmt: skip
    said = []
    for kind, words in (("mean", "on average"), ("p99", "at the p99")):
        crossing = float(curves.attrs[kind])
        if not 0 < crossing < 1:
            said.append(f"never slower {words}" if crossing >= 1 else f"never faster {words}")
            continue
        y = float(np.interp(100 * crossing, busy, curves[f"{even} {kind}_ms"].to_numpy()))
        ax.plot(
            [100 * crossing], [y], marker=BREAK_EVEN.marker, markersize=16, color=BREAK_EVEN.color, markeredgecolor=INK,
            zorder=6, linestyle="none", gid=f"crossing {kind}",
        )  # fmt: skip
        ax.annotate(
            f"{kind}: {100 * crossing:.3g} %", (100 * crossing, y), xytext=(4, -26 if kind == "mean" else 18),
            textcoords="offset points", fontsize=10, color=ON_PAPER, zorder=7,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip
        said.append(f"slower than {even} {words} above {100 * crossing:.3g} %")
    if at is not None:
        ax.axvline(100 * at, color=SOFT, linewidth=1, gid="at")
    ax.set_yscale("log")
    ax.set_ylim(least * 0.5, most)  # room for the lower label, where lines are flat and low
    ax.yaxis.set_major_formatter("{x:,.4g}")
    ax.set_xlim(0, 100)
    ax.set_xlabel("utilisation of the average Pod, %", color=INK)
    ax.set_ylabel("response time, ms", color=INK)
    _finish(ax, 0.16)
    finish(
        ax,
        f"Latency against utilisation: {skewed} is {', and '.join(said)}.",
        f"Lines with hollow marks: p99; thicker lines with filled marks: mean. Left of a star {skewed} answers "
        f"sooner, right of it {even}. The axis of the response time is logarithmic.",
        f"{even} or {skewed}: which answers sooner",
    )
    return ax


# -- over time, and against the number of clients ---------------------------------------------------------------------


def plot_timeline(traffic: Traffic | Mapping[str, Traffic], ax: Axes | None = None) -> Axes:
    """Draw which part of the requests fails as time goes on, and when something changed.

    Parameters
    ----------
    traffic : Traffic, or mapping of str to Traffic
        What `simulate` returned with ``events``.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, NodeDown, example, simulate
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster(nodes=3)
    >>> _ = cluster.deploy("api-backend", per_node=[1, 1, 1])
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> crash = simulate(cluster, "public-api-lb", requests=9000, rate_rps=100, events=[NodeDown("node-1", at_s=20)])
    >>> describe(plot_timeline(crash))[:48]
    'Failed requests over 91 s: requests 23.6 % in al'
    """
    check_arguments(plot_timeline, locals())
    sides = _named(traffic)
    ax = canvas(ax, 8.5, 3.2)
    looks, said, worst, end_s = side_looks(list(sides)), [], 0.0, 0.0
    for name, one in sides.items():
        look, lost = looks[name], 100 * (1 - one.timeline["ok_share"].fillna(1.0))
        ax.step(
            one.timeline["t_s"], lost, where="post", color=look.color, linestyle=look.line, linewidth=2.2,
            marker=look.marker, markevery=max(len(lost) // 9, 1), markersize=6, label=name, gid=name,
        )  # fmt: skip
        worst, end_s = max(worst, float(lost.max())), max(end_s, one.duration_s)
        all_lost = float(one.summary["failed_share"])
        when = one.timeline["t_s"][lost > 0]
        span = f", between {when.iloc[0]:.0f} s and {when.iloc[-1] + 1:.0f} s" if len(when) else ""
        said.append(f"{name} {100 * all_lost:.3g} % in all{span}")
    for at_s in sorted({at_s for one in sides.values() for at_s in one.changes_s}):
        ax.axvline(at_s, color=SOFT, linestyle=":", linewidth=0.9, gid="change")
    ax.set_ylim(-0.04 * max(worst, 5), 1.12 * max(worst, 5))
    ax.set_xlim(0, end_s)
    ax.set_xlabel("seconds", color=INK)
    ax.set_ylabel("requests that fail, %", color=INK)
    _finish(ax, 0.2)
    finish(
        ax,
        f"Failed requests over {end_s:.0f} s: {'; '.join(said)}.",
        "Time runs to the right, height is the percentage of requests that fails. A dotted vertical line is a moment "
        "at which something happens, or somebody notices.",
        "Requests that fail",
    )
    return ax


def plot_sticky(skew: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how much more than the mean the busiest node gets, against the number of sticky clients.

    Parameters
    ----------
    skew : DataFrame
        What `sticky_skew` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> import pandas as pd
    >>> from k8sexpose.plots import describe
    >>> skew = pd.DataFrame({"expected": [1.5], "mean": [1.5], "lowest": [1.3], "highest": [1.9]}, index=[100])
    >>> describe(plot_sticky(skew))
    'Busiest node ÷ average node, by number of clients, each tied to one node: 100 clients 1.50 (from 1.30 to 1.90).'
    """
    check_arguments(plot_sticky, locals())
    ax = canvas(ax, 8.5, 3.2)
    clients = skew.index.to_numpy(dtype=float)
    spans = [skew["mean"] - skew["lowest"], skew["highest"] - skew["mean"]]
    ax.plot(clients, skew["expected"], color=INK, linestyle="--", linewidth=1.6, label="expected", gid="expected")
    ax.errorbar(
        clients, skew["mean"], yerr=spans, color=CONCEPTS["node"].color, linestyle="none", marker="s", markersize=8,
        markeredgecolor=INK, capsize=5, label="sampled: mean, lowest, highest", gid="sampled",
    )  # fmt: skip
    ax.axhline(1, color=SOFT, linestyle=":", linewidth=1.2, label="perfectly even")
    for number, mean in zip(clients, skew["mean"], strict=True):
        ax.annotate(f"{mean:.2f}", (number, mean), xytext=(9, 5), textcoords="offset points", fontsize=10, color=INK)
    ax.set_xscale("log")
    ax.set_xticks(clients, [f"{value:,.0f}" for value in clients])
    ax.minorticks_off()
    ax.set_ylim(bottom=0.9)
    ax.set_xlabel("number of clients (each tied to one node)", color=INK)
    ax.set_ylabel("busiest node ÷ average node", color=INK)
    _finish(ax, 0.2)
    said = ", ".join(
        f"{number:,} clients {row['mean']:.2f} (from {row['lowest']:.2f} to {row['highest']:.2f})"
        for number, row in skew.iterrows()
    )
    finish(
        ax,
        f"Busiest node ÷ average node, by number of clients, each tied to one node: {said}.",
        "A square, with its value beside it, is the mean of several runs; the bar reaches from the lowest to the "
        "highest of them. The dashed line is the mean that probability theory expects. At 1 all nodes carry the same.",
        "How uneven few clients are",
    )
    return ax
