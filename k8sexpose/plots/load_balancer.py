"""Figures of a load balancer: how it comes to life, what it has inside, and what a crash costs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .._palette import CONCEPTS
from ..api.checks import check_arguments
from ..cloud.provisioning import Provisioning
from ..kubeproxy.service_ports import targets
from ..model import Cluster
from ..traffic.crash import Crash
from .figure import INK, ON_PAPER, PAPER, SOFT, bare, box, canvas, finish, mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_crash", "plot_inside", "plot_provisioning"]


# -- from <pending> to an address ----


def plot_provisioning(provisioning: Provisioning, ax: Axes | None = None) -> Axes:
    """Draw the steps from ``<pending>`` to an address on a line of time, one row for each actor.

    Parameters
    ----------
    provisioning : Provisioning
        What `provision` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import example, provision
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster()
    >>> _ = cluster.apply(example("public-api-lb"))
    >>> describe(plot_provisioning(provision(cluster, "public-api-lb")))[:64]
    'From <pending> to 198.51.100.125 in 30 s: after 0 s API server a'
    """
    check_arguments(plot_provisioning, locals())
    steps = provisioning.steps
    actors = list(dict.fromkeys(step.actor for step in steps))
    ax = canvas(ax, 9.5, 1.5 + 0.62 * len(actors))
    start_s, end_s = (steps[0].at_s, steps[-1].at_s) if steps else (0.0, 0.0)
    length_s = max(end_s - start_s, 1.0)
    _status_bar(ax, provisioning, length_s)
    beside: dict[tuple[str, float], int] = {}
    for step in steps:
        x, y = step.at_s - start_s, -1.0 - actors.index(step.actor)
        kind = "load balancer" if step.event else "cloud"
        row = beside[step.actor, x] = beside.get((step.actor, x), -1) + 1
        mark(ax, kind, x, y, 11, f"step {step.at_s:g} {step.actor}")
        event = f"event {step.event}" if step.event else "no event"
        late = x > 0.6 * length_s
        ax.text(
            x + (-0.015 if late else 0.015) * length_s, y + 0.14 - 0.42 * row, f"{step.what}\n({event})",
            ha="right" if late else "left", va="bottom", fontsize=10, color=INK, linespacing=1.15,
        )  # fmt: skip
    for number in range(len(actors)):
        ax.axhline(-1.0 - number, color=SOFT, linewidth=0.6, zorder=0)
    ax.set_yticks([-1.0 - number for number in range(len(actors))], actors)
    ax.set_ylim(-1.35 - max(len(actors) - 1, 0), 0.75)
    ax.set_xlim(-0.03 * length_s, 1.12 * length_s)
    ax.set_xlabel("seconds since kubectl apply", color=INK)
    ax.tick_params(colors=INK, left=False)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    what = "; ".join(f"after {step.at_s - start_s:g} s {step.actor} {step.what}" for step in steps)
    title = f"From <pending> to {provisioning.address} in {provisioning.seconds:g} s"
    if provisioning.pending:
        title = f"<pending> forever, because {provisioning.reason}"
    finish(
        ax,
        f"{title}: {what}.",
        "Time runs to the right, each actor has a row. A large diamond is a step with an event on the Service, a thin "
        "one a step without. The bar on top is what EXTERNAL-IP shows.",
        "From <pending> to an address",
    )
    return ax


def _status_bar(ax: Axes, provisioning: Provisioning, length_s: float) -> None:
    until_s = length_s * 1.1 if provisioning.pending else provisioning.seconds
    ax.barh(0.4, until_s, height=0.42, color=CONCEPTS["cloud"].color + "55", edgecolor=INK, linewidth=0.8, hatch="//")
    ax.text(
        until_s / 2,
        0.4,
        "EXTERNAL-IP: <pending>",
        ha="center",
        va="center",
        fontsize=10,
        color=ON_PAPER,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
    )
    if not provisioning.pending:
        color = CONCEPTS["load balancer"].color + "66"
        ax.barh(0.4, 1.12 * length_s - until_s, left=until_s, height=0.42, color=color, edgecolor=INK, linewidth=0.8)
        ax.text(1.06 * length_s, 0.4, "address", ha="center", va="center", fontsize=10, color=INK)


# -- one inside the other ----


def plot_inside(cluster: Cluster, service: str, ax: Axes | None = None) -> Axes:
    """Draw what a Service consists of, one type inside the other: a picture of configuration, not of a packet's way.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    service : str
        ``name`` or ``namespace/name``.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from k8sexpose import example
    >>> from k8sexpose.plots import describe
    >>> cluster = Cluster()
    >>> _ = cluster.apply(example("api-backend"))
    >>> describe(plot_inside(cluster, "api-backend"))
    'Service api-backend: ClusterIP 10.96.217.45:80 inside the cluster, around 0 Pods.'
    """
    check_arguments(plot_inside, locals())
    found = cluster.service(service)
    port = found.ports[0]
    dolls: list[tuple[str, str, str, str]] = []
    if found.type == "LoadBalancer":
        address = found.load_balancer_address or "<pending>"
        dolls.append(("load balancer", "LoadBalancer", f"{address}:{port.port}", "for clients on the internet"))
    if port.node_port:
        dolls.append(
            ("node port", "NodePort", f"every node, port {port.node_port}", "for clients that can route to a node")
        )
    if found.cluster_ip not in (None, "None"):
        dolls.append(("Service", "ClusterIP", f"{found.cluster_ip}:{port.port}", "inside the cluster"))
    ready = [str(target) for target in targets(cluster.store, found, port, 4).ready]
    ax = canvas(ax, 8.5, 1.3 + 0.62 * len(dolls) + 0.2 * min(len(ready), 4))
    core = 0.62 + 0.3 * max(min(len(ready), 4), 1)
    for depth, (kind, title, where, who) in enumerate(dolls):
        inset, inner = 0.3 * depth, len(dolls) - depth
        height = core + 0.78 * inner
        box(ax, inset, 0.24 * depth, 10.0 - 2 * inset, height, CONCEPTS[kind].color, filled=not depth)
        top = 0.24 * depth + height
        mark(ax, kind, inset + 0.32, top - 0.3, 12, title)
        ax.text(inset + 0.62, top - 0.3, title, va="center", weight="bold", fontsize=11, color=INK)
        ax.text(inset + 2.6, top - 0.3, where, va="center", fontsize=10, color=INK)
        ax.text(9.8 - inset, top - 0.3, who, va="center", ha="right", fontsize=10, color=INK, style="italic")
    left, bottom = 0.3 * len(dolls) + 0.3, 0.24 * len(dolls) + 0.12
    ax.text(
        left,
        bottom + core - 0.25,
        "the Pods behind it, address:targetPort",
        va="center",
        fontsize=10,
        weight="bold",
        color=INK,
    )
    for row, target in enumerate([*ready[:3], f"… and {len(ready) - 3} more"] if len(ready) > 4 else ready):
        y = bottom + core - 0.55 - 0.3 * row
        mark(ax, "Pod", left + 0.1, y, 10, f"Pod {target}")
        ax.text(left + 0.32, y, target, va="center", fontsize=10, color=INK)
    bare(ax, (-0.1, 10.1), (-0.1, core + 0.78 * len(dolls) + 0.15))
    inside = ", around ".join(f"{title} {where} {who}" for _, title, where, who in dolls)
    finish(
        ax,
        f"Service {found.name}: {inside}, around {len(ready)} Pods.",
        "Each box is a type of Service, with the address that it adds and who can use it. It contains the boxes "
        "inside: a Service of the outer type has all of them.",
        f"What {found.name} consists of",
    )
    return ax


# -- a crash, and two clients ----


def plot_crash(crash: Crash, ax: Axes | None = None) -> Axes:
    """Draw which part of the new connections is lost after a crash, for two clients, with the moments of the steps.

    Parameters
    ----------
    crash : Crash
        What `watch_crash` returned.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The drawing.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from k8sexpose.traffic.crash import CrashStep
    >>> from k8sexpose.plots import describe
    >>> step = CrashStep(0, "node-1 crashes", Fraction(1, 3), Fraction(1))
    >>> describe(plot_crash(Crash("default/web", "node-1", 20, 60, (step,))))
    'node-1 crashes. Lost through the load balancer: from 0 s 33.3 %. Lost by the client of node-1: from 0 s 100 %.'
    """
    check_arguments(plot_crash, locals())
    ax = canvas(ax, 9.0, 3.4)
    lines = (
        (f"client that wrote down {crash.node}", "dropped", "--", [step.lost_hard_coded for step in crash.steps]),
        ("client of the load balancer", "client", "-", [step.lost for step in crash.steps]),
    )
    times = [step.at_s for step in crash.steps] + [crash.end_s] * bool(crash.steps)
    for label, concept, style, lost in lines:
        parts = [100 * float(part) for part in lost]
        look = CONCEPTS[concept]
        ax.step(
            times, parts + parts[-1:], where="post", color=look.color, linestyle=style, linewidth=2.5, label=label,
            marker=look.marker, markersize=7, gid=concept,
        )  # fmt: skip
    for number, step in enumerate(crash.steps[1:]):
        ax.axvline(step.at_s, color=SOFT, linewidth=0.8, linestyle=":")
        ax.text(
            step.at_s + 0.006 * (crash.end_s + crash.before_s), 112 + 12 * (2 - number % 3),
            f"{step.at_s:g} s: {step.what.split(':')[0].split(';')[0]}", fontsize=10, color=INK, va="center",
        )  # fmt: skip
    for before, step in pairwise(crash.steps):
        if 0 < step.lost < 1 and step.lost != before.lost:
            ax.text(
                step.at_s + 0.012 * crash.end_s, 100 * float(step.lost) + 4, f"{step.lost}", fontsize=10, color=INK,
                weight="bold",
            )  # fmt: skip
    ax.set_ylim(-5, 148)
    ax.set_yticks([0, 20, 40, 60, 80, 100])
    ax.set_xlabel("seconds after the crash", color=INK)
    ax.set_ylabel("new connections lost, %", color=INK)
    ax.tick_params(colors=INK)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=10, labelcolor=INK, loc="center right", bbox_to_anchor=(1.0, 0.52))
    finish(
        ax,
        f"{crash.node} crashes. Lost through the load balancer: {_told(crash, False)}. "
        f"Lost by the client of {crash.node}: {_told(crash, True)}.",
        "Time runs to the right. Height is the percentage of new connections that is lost. A dotted line is a moment "
        "at which somebody notices.",
        f"{crash.node} crashes",
    )
    return ax


def _told(crash: Crash, hard_coded: bool) -> str:
    """List the values of one client, each once."""
    said: list[str] = []
    last = None
    for step in crash.steps:
        lost = step.lost_hard_coded if hard_coded else step.lost
        if step.at_s >= 0 and lost != last:
            said.append(f"from {step.at_s:g} s {100 * float(lost):.3g} %")
            last = lost
    return ", ".join(said)
