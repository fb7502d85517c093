"""The traffic flow visualizer: a packet on its way through the cluster, and a cluster that answers to a click.

`scene` reads cluster and router into plain values, `layout` and `picture` make a drawing of them, `static` writes it
as SVG, and `widget` makes it live. Only `widget` needs ipywidgets and anywidget; it is loaded when `flow` is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .widget import flow

__all__ = ["flow"]


def __getattr__(name: str) -> Any:
    if name != "flow":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .widget import flow

    return flow
