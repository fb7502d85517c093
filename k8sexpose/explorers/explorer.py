"""What all explorers are: labelled controls, and a page that a pure function writes from their values.

The page is one HTML text with an inline SVG, sent in one assignment, so that nothing flickers. It stands in
``text/html`` too, so that a reader without a kernel sees the same.
"""

from __future__ import annotations

import html
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Generic, TypeVar

import ipywidgets

from .keys import Keys

__all__ = ["Explorer", "choice", "label_text"]

TEXT, FAINT = "var(--jp-ui-font-color1, #1a1a1a)", "var(--jp-ui-font-color2, #666)"

Setting = TypeVar("Setting")


class Explorer(ipywidgets.VBox, Generic[Setting]):  # type: ignore[misc]
    """Controls above a page; a subclass says which controls, and writes the page.

    Parameters
    ----------
    first : Setting
        A frozen dataclass: where to begin, and where Reset leads back to. A control is called like its field.

    Notes
    -----
    A setting may have a property ``python``: the program that gives the same, for the button Show Python.
    """

    def __init__(self, first: Setting) -> None:
        self.first = first
        self.controls: dict[str, Any] = self.make_controls()
        self.picture = ipywidgets.HTML()
        self.code = ipywidgets.HTML()
        self.reset = ipywidgets.Button(description="Reset", tooltip="Back to where the explorer began")
        self.show_python = ipywidgets.Button(description="Show Python", tooltip="The same as a program")
        self.reset.on_click(self._reset)
        self.show_python.on_click(self._show_python)
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        buttons = [self.reset, self.show_python] if hasattr(first, "python") else [self.reset]
        super().__init__([*self.arrange(), ipywidgets.HBox(buttons), self.code, self.picture, Keys()])
        self.add_class("k8sexpose-keys")
        self.picture.value = self.page()

    @abstractmethod
    def make_controls(self) -> dict[str, Any]:
        """Make the controls, by the names of the setting's fields, in the order in which they stand."""

    @abstractmethod
    def page(self) -> str:
        """Write the page for the present setting."""

    @abstractmethod
    def summary(self) -> str:
        """Say in a line what the page shows."""

    def arrange(self) -> list[Any]:
        """Lay the controls out; one below the other unless a subclass says otherwise."""
        return list(self.controls.values())

    @property
    def setting(self) -> Setting:
        """The values of the controls."""
        names = [field.name for field in fields(self.first)]  # type: ignore[arg-type]
        return type(self.first)(**{name: self.controls[name].value for name in names})

    def _redraw(self, change: object) -> None:
        if self.code.value:
            self._show_python(change)
        try:
            self.picture.value = self.page()
        except Exception as error:  # the learner shall read it here, not miss it in a log
            said = html.escape(f"This setting cannot be shown: {error}")
            self.picture.value = f'<p role="alert" style="color: {TEXT}">{said}</p>'

    def _reset(self, button: object) -> None:
        for field in fields(self.first):  # type: ignore[arg-type]
            self.controls[field.name].value = getattr(self.first, field.name)
        self.code.value = ""

    def _show_python(self, cause: object) -> None:
        words = html.escape(self.setting.python)  # type: ignore[attr-defined]
        self.code.value = f'<pre style="color: {TEXT}; white-space: pre-wrap">{words}</pre>'

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the live widget, and where none can live its page as it stands."""
        parent: Callable[..., dict[str, Any]] = super()._repr_mimebundle_
        return {**parent(**options), "text/plain": repr(self), "text/html": self.page()}


def choice(label: str, options: Any, value: Any, *, label_em: int = 9, width_em: int = 22) -> Any:
    """Make a labelled drop-down.

    Examples
    --------
    >>> choice("Policy", ("Cluster", "Local"), "Local").value
    'Local'
    """
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, style={"description_width": f"{label_em}em"},
        layout=ipywidgets.Layout(width=f"{width_em}em"),
    )  # fmt: skip


def label_text(
    x: float, y: float, words: str, anchor: str = "start", *, color: str = TEXT, bold: bool = False, size: int = 13
) -> str:
    """Write a word into an SVG, escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in label_text(0, 0, "<b>")
    True
    """
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}"{weight}>'
        f"{html.escape(words)}</text>"
    )
