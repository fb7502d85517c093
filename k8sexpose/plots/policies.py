"""Both policies side by side: what each Pod gets, and how busy the busiest one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._palette import CONCEPTS, POLICY_CONCEPTS
from ..api.checks import check_arguments
from ..traffic.policies import PolicyShares, PolicyView
from .figure import INK, SOFT, canvas, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_policies", "plot_skew"]

WIDTH = 0.36
MOST_PODS = 20  # that are named
FEW, LABELLED = 5, 8  # Pods whose bars are wide; and those that leave room for the names of the policies
LETTERS = 100  # of the names of Pods that fit below the bars side by side


def plot_policies(found: PolicyShares, ax: Axes | None = None) -> Axes:
    """Draw each Pod's share under Cluster and under Local, and which part of it made an extra hop.

    Parameters
    ----------
    found : PolicyShares
        What `policy_shares` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, describe, example, policy_shares
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1]), cluster.apply(example("public-api-lb"))
    >>> print(describe(plot_policies(policy_shares(cluster, "public-api-lb"))).partition("; Local")[0])
    Shares of the Pods. Cluster: 33.3 %, 33.3 %, 33.3 %, extra hop 50 %, busiest ÷ average 1...
    """
    check_arguments(plot_policies, locals())
    pods = len(found.sides[0].pods) if found.sides else 0
    ax = canvas(ax, 6.5, 3.4)
    apart = WIDTH + (0.04 if pods <= FEW else 0.1)  # many bars are narrow: what is written above needs the room
    for number, side in enumerate(found.sides):
        _bars(ax, side, (number - 0.5) * apart, number)
    if pods:
        mean = 100 * float(sum(pod.share for pod in found.sides[0].pods)) / pods
        ax.axhline(mean, color=INK, linewidth=1, linestyle=":", label="an equal share" if mean else None)
        below = _name_pods(ax, found)
    ax.set_ylabel("connections, %", color=INK)
    ax.tick_params(colors=INK)
    for side_name in ("right", "top"):
        ax.spines[side_name].set_visible(False)
    top = max((float(pod.share) for side in found.sides for pod in side.pods), default=1.0)
    ax.set_ylim(0, 128 * top or 1)
    if pods:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, below), ncols=4, frameon=False, fontsize=10, labelcolor=INK)
    said = "; ".join(_told(found, side) for side in found.sides)
    finish(
        ax,
        f"Shares of the Pods. {said or 'No Pod'}.",
        "Two bars for each Pod: left under Cluster, right under Local. The hatched part arrived at another node and "
        "made an extra hop. The dotted line is an equal share.",
        "What each Pod gets under Cluster and under Local",
    )
    return ax


def _name_pods(ax: Axes, found: PolicyShares) -> float:
    """Write the names of the Pods below their bars, or their numbers; return where there is room for the legend."""
    named = found.sides[0].pods
    longest = max(len(name) for pod in named for name in (pod.pod, pod.node))
    below, turned = -0.2, 0
    ticks = [f"{pod.pod}\n{pod.node}" for pod in named]
    if len(named) > MOST_PODS:
        ticks = [str(number) for number in range(1, len(named) + 1)]
    elif len(named) * (longest + 1) > LETTERS:
        below, turned = -0.2 - 0.02 * longest, 90
    if len(named) > FEW:
        ax.set_xlim(-0.55, len(named) - 0.45)
    ax.set_xticks(range(len(named)), ticks, fontsize=10, rotation=turned)
    return below


def _bars(ax: Axes, side: PolicyView, shift: float, number: int) -> None:
    """Draw the bars of one policy, the extra hop on top."""
    at = [k + shift for k in range(len(side.pods))]
    direct = [100 * float(pod.direct) for pod in side.pods]
    hops = [100 * float(pod.passed_on) for pod in side.pods]
    first = number == 0
    label = "arrived at the Pod's own node" if first else None
    ax.bar(at, direct, WIDTH, color=CONCEPTS["Pod"].color, edgecolor=INK, linewidth=0.8, label=label)
    if any(hops):
        look = CONCEPTS["extra hop"]
        ax.bar(
            at, hops, WIDTH, bottom=direct, color=look.color, edgecolor=INK, linewidth=0.8, hatch="///",
            label="forwarded by another node: extra hop" if first else None,
        )  # fmt: skip
    if len(side.pods) <= LABELLED:
        for x, a, b in zip(at, direct, hops, strict=True):
            ax.text(
                x,
                a + b,
                f"{side.policy}\n{a + b:.3g}",
                ha="center",
                va="bottom",
                fontsize=10,
                color=INK,
                linespacing=1.1,
            )


def _told(found: PolicyShares, side: PolicyView) -> str:
    parts = ", ".join(f"{100 * float(pod.share):.3g} %" for pod in side.pods[:MOST_PODS]) or "no Pod"
    more = f" and {len(side.pods) - MOST_PODS} more" if len(side.pods) > MOST_PODS else ""
    lost = f", lost {100 * float(side.lost):.3g} %" if side.lost else ""
    hottest = f", busiest ÷ average {side.hottest_over_mean:.3g}" if side.pods else ""
    hop = f", extra hop {100 * float(side.extra_hop):.3g} %"
    return f"{side.policy}: {parts}{more}{hop}{hottest}{lost}, the Pods see {found.sees(side)}"


def plot_skew(placements: Mapping[str, PolicyShares], ax: Axes | None = None) -> Axes:
    """Draw how busy the busiest Pod is under both policies, for several placements of Pods.

    Parameters
    ----------
    placements : mapping of str to PolicyShares
        A name for each placement, such as ``"2 + 1"``, and what `policy_shares` returned for it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import Cluster, describe, example, policy_shares
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("api-backend", per_node=[2, 1]), cluster.apply(example("public-api-lb"))
    >>> describe(plot_skew({"2 + 1": policy_shares(cluster, "public-api-lb")}))
    'Load of the busiest Pod over the mean. 2 + 1: Cluster 1, Local 1.5.'
    """
    check_arguments(plot_skew, locals())
    ax = canvas(ax, 7.5, 0.9 + 0.5 * max(len(placements), 1))
    said, hottest = [], 1.0
    for row, (name, found) in enumerate(placements.items()):
        values = {side.policy: side.hottest_over_mean for side in found.sides if side.pods}
        hottest = max([hottest, *values.values()])
        if len(values) == 2:
            ax.plot(sorted(values.values()), [row, row], color=SOFT, linewidth=1.5, zorder=1)
        for policy, value in values.items():
            local = policy == "Local"
            color = POLICY_CONCEPTS[policy].color
            ax.plot(
                [value], [row], linestyle="none", marker=POLICY_CONCEPTS[policy].marker, markersize=11 if local else 9,
                color=color, markeredgecolor=INK, label=policy if row == 0 else None, zorder=2 if local else 3,
            )  # fmt: skip
            if local:
                ax.annotate(
                    f"{value:.3g}",
                    (value, row),
                    (9, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=10,
                    color=INK,
                )
        said.append(f"{name}: " + ", ".join(f"{policy} {value:.3g}" for policy, value in values.items()))
    ax.axvline(1, color=INK, linewidth=1, linestyle=":")
    ax.set_xlim(0.8, hottest * 1.15)
    ax.set_ylim(max(len(placements), 1) - 0.5, -0.5)
    ax.set_yticks(range(len(placements)), list(placements))
    ax.tick_params(colors=INK)
    ax.set_xlabel("busiest Pod ÷ average Pod", color=INK)
    ax.set_ylabel("Pods on each node", color=INK)
    for side_name in ("right", "top"):
        ax.spines[side_name].set_visible(False)
    if said:
        ax.legend(frameon=False, fontsize=10, labelcolor=INK, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    finish(
        ax,
        f"Load of the busiest Pod over the mean. {'; '.join(said) or 'No placement'}.",
        "Each row is a placement of Pods. A triangle stands for Cluster, a plus for Local. At 1 all Pods have the same "
        "load; at 2 the busiest has twice that of the average Pod.",
        "The busiest Pod, by placement",
    )
    return ax
