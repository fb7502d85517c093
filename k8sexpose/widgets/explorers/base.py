"""What all explorers are: labelled controls, and a page that a pure function writes from their values.

The page is one HTML text with an inline SVG, sent in one assignment, so that nothing flickers. It stands in
``text/html`` too, so that a reader without a kernel sees the same. Long work is done in pieces: in between, the
kernel listens, so that a bar can grow and Cancel is heard.
"""

from __future__ import annotations

import asyncio
import html
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Generic, TypeVar

import ipywidgets

from ..._display import LITERAL
from ..._svg import TEXT, images
from .keys import Keys

__all__ = ["Explorer", "choice", "framed", "printed"]
Setting = TypeVar("Setting")
# Work that is done sooner shows no bar; the bar grows, and Cancel is heard, ten times a second.
PIECE_S, LISTEN_S = 0.1, 0.01
VIEW = "application/vnd.jupyter.widget-view+json"


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

    tall_px = 0  # the height of the tallest page: cells below do not jump

    def __init__(self, first: Setting) -> None:
        self.first = self._drawn = first
        self._job: asyncio.Task[None] | None = None
        self.controls: dict[str, Any] = self.make_controls()
        self.picture = ipywidgets.HTML(layout=ipywidgets.Layout(min_height=f"{self.tall_px}px"))
        self.code = ipywidgets.HTML()
        self.bar = ipywidgets.HTML()
        self.reset = ipywidgets.Button(description="Reset", tooltip="Back to where the explorer began")
        self.show_python = ipywidgets.Button(description="Show Python", tooltip="The same as a program")
        self.cancel = ipywidgets.Button(description="Cancel", tooltip="Back to the setting that the picture shows")
        for button, action in (
            (self.reset, self._reset),
            (self.show_python, self._show_python),
            (self.cancel, self._cancel),
        ):
            button.on_click(action)
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        buttons = [self.reset, self.show_python] if hasattr(first, "python") else [self.reset]
        row = ipywidgets.HBox([*buttons, self.bar, self.cancel])
        self._show_bar(None)
        super().__init__([*self.arrange(), row, self.code, self.picture, Keys()])
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

    def work(self) -> Iterator[float]:
        """Prepare the page in pieces, where that takes long; yield the part that is done, from 0 to 1."""
        return iter(())

    def arrange(self) -> list[Any]:
        """Lay the controls out; one below the other unless a subclass says otherwise."""
        return list(self.controls.values())

    @property
    def setting(self) -> Setting:
        """The values of the controls."""
        names = [field.name for field in fields(self.first)]  # type: ignore[arg-type]
        return type(self.first)(**{name: self.controls[name].value for name in names})

    def _redraw(self, change: object) -> None:
        with self._said():
            self._stop()
            work = self.work()
            done = _piece(work)
            if done is None:
                self._draw()
                return
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # a plain script: nobody could press Cancel
                for _ in work:
                    pass
                self._draw()
                return
            self._job = loop.create_task(self._go_on(work, done))

    async def _go_on(self, work: Iterator[float], done: float | None) -> None:
        """Do the rest piece by piece, and listen in between: a new setting, or Cancel, ends it."""
        with self._said():
            while done is not None:
                self._show_bar(done)
                await asyncio.sleep(LISTEN_S)
                done = _piece(work)
            self._draw()
        self._show_bar(None)

    def _draw(self) -> None:
        if self.code.value:
            self._write_python()
        self.picture.value = self.page()
        self._drawn = self.setting

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say what goes wrong where the learner looks; in a callback it would be lost in a log."""
        try:
            yield
        except Exception as error:
            said = html.escape(f"This setting cannot be shown: {error}")
            self.picture.value = f'<p role="alert" style="color: {TEXT}">{said}</p>'

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._show_bar(None)

    def _show_bar(self, done: float | None) -> None:
        """Show how far the work is; hidden, the bar keeps its place, so that nothing jumps."""
        for widget in (self.bar, self.cancel):
            widget.layout.visibility = "hidden" if done is None else "visible"
        percent = 0 if done is None else round(100 * done)
        # An HTML <progress> has the role and a name, which ipywidgets' own bar has not.
        self.bar.value = f'<progress aria-label="Working" max="100" value="{percent}">{percent} %</progress>'

    def _set(self, setting: Setting) -> None:
        for field in fields(setting):  # type: ignore[arg-type]
            self.controls[field.name].value = getattr(setting, field.name)

    def _cancel(self, button: object) -> None:
        self._stop()
        self._set(self._drawn)

    def _reset(self, button: object) -> None:
        self._set(self.first)
        self.code.value = ""

    def _show_python(self, button: object) -> None:
        with self._said():
            self._write_python()

    def _write_python(self) -> None:
        words = html.escape(self.setting.python)  # type: ignore[attr-defined]
        self.code.value = f'<pre style="color: {TEXT}; white-space: pre-wrap">{words}</pre>'

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    # ipywidgets 7 (Colab) has a display method of its own, which knows of no page.
    _ipython_display_ = None

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the live widget, and where none can live its page as it stands."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        page = f'<div class="{LITERAL}">{images(self.page())}</div>'
        return {VIEW: view, "text/plain": repr(self), "text/html": page}


def _piece(work: Iterator[float]) -> float | None:
    """Work for a while; return the part that is done, or None at the end."""
    until_s = time.monotonic() + PIECE_S
    for done in work:
        if time.monotonic() >= until_s:
            return done
    return None


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


MONO = "var(--jp-code-font-family, monospace)"


def framed(picture: str, said: str, reading: str, rest: str, *, height_em: int, said_em: int = 3) -> str:
    """Write a page: the picture, the sentence that is announced, how to read it, and the rest.

    Parameters
    ----------
    picture, rest : str
        HTML.
    said, reading : str
        Plain text.
    height_em, said_em : int
        Height that the page, and the sentence, take at least.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "&lt;b&gt;" in framed("", "<b>", "", "", height_em=10)
    True
    """
    return (
        f'<div class="jp-RenderedHTMLCommon" style="padding: 0; color: {TEXT}; min-height: {height_em}em">{picture}'
        f'<p role="status" style="min-height: {said_em}em"><strong>{html.escape(said)}</strong></p>'
        f"<p><strong>How to read this.</strong> {html.escape(reading)}</p>{rest}</div>"
    )


def printed(label: str, body: str, *, height_em: int, wrap: bool = False) -> str:
    """Write what a terminal shows, in a box of fixed height that scrolls, also by the keyboard.

    Parameters
    ----------
    label : str
        Its name for screen readers.
    body : str
        HTML.
    height_em : int
        Height of the box.
    wrap : bool
        Break lines that are too long; tables are not to be broken.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> printed("kubectl", "", height_em=5).startswith('<pre tabindex="0" role="region" aria-label="kubectl"')
    True
    """
    lines = "pre-wrap" if wrap else "pre"
    return (
        f'<pre tabindex="0" role="region" aria-label="{html.escape(label, quote=True)}" '
        f'data-lm-suppress-shortcuts="true" '
        f'style="height: {height_em}em; overflow: auto; margin: 0 0 0.6em; padding: 0.5em; font-family: {MONO}; '
        f'font-size: 12px; color: {TEXT}; border: 1px solid var(--jp-border-color2, #bbb); white-space: {lines}">'
        f"{body}</pre>"
    )
