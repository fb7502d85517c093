"""Figures with axes: the range of node ports, and success over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .._palette import CONCEPTS
from ..api.checks import check_arguments
from ..model import Cluster
from .figure import INK, SOFT, canvas, finish, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_node_ports", "plot_success"]


def plot_node_ports(cluster: Cluster, ax: Axes | None = None) -> Axes:
    """Draw the range of node ports: the part for numbers that people choose, that for picks, and who has which.

    Parameters
    ----------
    cluster : Cluster
        Whose Services to draw.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose.plots import describe
    >>> describe(plot_node_ports(Cluster()))
    'Node ports 30000 to 32767: 2768 numbers, 30000 to 30085 for chosen ones, picks from 30086 on; none is taken.'
    """
    check_arguments(plot_node_ports, locals())
    pool = cluster.api.ports
    first, last, dynamic = pool.first, pool.last, pool.first + pool.static_size
    ax = canvas(ax, 9.0, 2.2)
    taken = sorted({(p.node_port, s.name) for s in cluster.services for p in s.ports if p.node_port})
    for start, end, color, words in (
        (first, dynamic - 1, CONCEPTS["node port"].color, f"for numbers you choose: {first}–{dynamic - 1}"),
        (dynamic, last, CONCEPTS["node port"].color, f"for automatic picks: {dynamic}–{last}"),
    ):
        ax.barh(
            0,
            end - start + 1,
            left=start,
            height=0.5,
            color=color + "66",
            edgecolor=INK,
            linewidth=0.8,
            label=words,
            hatch="///" if start == first else "",
        )
    for row, (number, name) in enumerate(taken):
        y = 0.55 + 0.3 * (2 - row % 3)
        ax.plot([number, number], [0, y - 0.1], color=SOFT, linewidth=0.8)
        mark(ax, "node port", number, 0.0, 10, f"taken {number}")
        ax.text(number, y - 0.08, f"{number} {name}", ha=_side(number, first, last), fontsize=10, color=INK)
    ax.set_xlim(first - 40, last + 40)
    ax.set_ylim(-0.35, 1.5)
    ax.set_yticks([])
    ax.tick_params(colors=INK)
    ax.set_xlabel("node port", color=INK)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32), ncols=2, frameon=False, fontsize=10, labelcolor=INK)
    who = ", ".join(f"{number} by {name}" for number, name in taken)
    finish(
        ax,
        f"Node ports {first} to {last}: {last - first + 1} numbers, {first} to {dynamic - 1} for chosen ones, "
        f"picks from {dynamic} on; {'taken: ' + who if taken else 'none is taken'}.",
        "The bar is the whole range; its striped part is for numbers that people choose. A pentagon is a number in "
        "use, with the Service that has it.",
        "The range of node ports",
    )
    return ax


def _side(number: int, first: int, last: int) -> str:
    middle = (number - first) / max(last - first, 1)
    return "left" if middle < 0.15 else "right" if middle > 0.85 else "center"


def plot_success(timelines: Mapping[str, Sequence[tuple[float, float]]], ax: Axes | None = None) -> Axes:
    """Draw which part of the requests succeeds as time goes on, one line for each client.

    Parameters
    ----------
    timelines : mapping of str to sequence of (float, float)
        For each client, pairs of seconds and the part that succeeds (0 to 1).
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose.plots import describe
    >>> describe(plot_success({"a client": [(0, 1.0), (10, 0.0)]}))
    'Success over 10 s: a client begins at 100 %, is at 0 % at worst, and ends at 0 %.'
    """
    check_arguments(plot_success, locals())
    ax = canvas(ax, 8.0, 3.0)
    looks = [("#6F8F3A", "-", "H"), ("#4F8FA0", "--", "8"), ("#AA6F9E", ":", "$+$"), ("#7A8290", "-.", "<")]
    said = []
    for number, (name, points) in enumerate(timelines.items()):
        color, line, marker = looks[number % len(looks)]
        seconds, parts = [t for t, _ in points], [100 * float(ok) for _, ok in points]
        ax.step(
            seconds, parts, where="post", color=color, linestyle=line, marker=marker, linewidth=2, label=name,
            markevery=max(len(points) // 8, 1),
        )  # fmt: skip
        if parts:
            said.append(
                f"{name} begins at {parts[0]:.3g} %, is at {min(parts):.3g} % at worst, and ends at {parts[-1]:.3g} %"
            )
    end = max((t for points in timelines.values() for t, _ in points), default=0)
    ax.set_ylim(-5, 105)
    ax.set_xlabel("seconds", color=INK)
    ax.set_ylabel("requests that succeed, %", color=INK)
    ax.tick_params(colors=INK)
    ax.grid(alpha=0.3)
    if said:
        ax.legend(frameon=False, fontsize=10, labelcolor=INK, loc="center right")
    finish(
        ax,
        f"Success over {end:g} s: {'; '.join(said) or 'nobody asks'}.",
        "Time runs to the right. Height is the percentage of requests that are answered; each client has its own line.",
        "Requests that succeed",
    )
    return ax
