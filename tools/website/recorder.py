"""Run a solution in this process, and keep the widgets that its cells showed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat import NotebookNode
from traitlets.config import Config

import k8sexpose.lessons.sheet as sheet
from k8sexpose import Cluster
from k8sexpose.lessons.ask import Ask
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.lessons.skew_and_latency.queues import Queues
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.flow.widget import Flow

__all__ = ["Checked", "Shown", "play"]


@dataclass(frozen=True)
class Checked:
    """A question that a cell checked, on its own cluster if it had one."""

    id: str
    cluster: Cluster | None


@dataclass
class Shown:
    """What one cell showed: widgets in their order, and the questions that it checked."""

    widgets: list[Any] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)


@contextmanager
def _watched(shown: Shown) -> Iterator[None]:
    """Note every widget that is displayed, and every call of `check` without an answer of its own."""
    originals: list[tuple[type, str, Callable[..., Any]]] = []

    def replace(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        originals.append((owner, name, getattr(owner, name)))
        setattr(owner, name, make(getattr(owner, name)))

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def bundle(self: Any, *args: Any, **options: Any) -> Any:
            shown.widgets.append(_as_shown(self))
            return original(self, *args, **options)

        return bundle

    def checking(original: Callable[..., Any]) -> Callable[..., Any]:
        def check(self: Sheet, id: str, cluster: object = None, *, answer: object = None) -> Any:
            if answer is None:
                shown.checked.append(Checked(id, cluster.copy() if isinstance(cluster, Cluster) else None))
            return original(self, id, cluster, answer=answer)

        return check

    for owner in (Explorer, Flow, Ask, Queues):
        replace(owner, "_repr_mimebundle_", noting)
    replace(Sheet, "check", checking)
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _as_shown(widget: Any) -> Any:
    """Return a widget that stays as it is now: the visualizer follows its cluster, which later cells change."""
    if isinstance(widget, Flow):
        return Flow(widget.cluster.copy(), widget._question, widget.route, widget._controls)
    return widget


def play(nb: NotebookNode) -> list[Shown]:
    """Return what each cell showed; a cell that fails is an error, as in `tools/notebooks.py --execute`."""
    found: list[Shown] = []
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    sheet.SHEET.memory.clear()
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="k8sexpose-site-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            for cell in nb.cells:
                shown = Shown()
                found.append(shown)
                if cell.cell_type != "code":
                    continue
                with _watched(shown), capture_output():
                    result = shell.run_cell(cell.source)
                result.raise_error()
        finally:
            os.chdir(before)
    return found
