"""What all explorers are: labelled controls, and a page that pure functions write from their values.

An explorer is made of parts: where to begin, its controls, and functions from a setting to its picture, its verdict
in a sentence, how to read it, and its table. The page is one HTML text with an inline SVG, sent in one assignment, so
that nothing flickers. It stands in ``text/html`` too, so that a reader without a kernel sees the same. Long work is
done in pieces: in between, the kernel listens, so that a bar can grow and Cancel is heard.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import ipywidgets

from ..._display import LITERAL, html_table, scrolling
from ..._svg import images, readable
from .keys import Keys
from .slider import Slider

if TYPE_CHECKING:
    import asyncio

__all__ = ["Control", "Explorer", "Live", "Parts", "changes", "printed", "table_of"]
Setting = TypeVar("Setting")
# Work that is done sooner shows no bar; the bar grows, and Cancel is heard, ten times a second.
PIECE_S, LISTEN_S = 0.1, 0.01
SHORT = 14  # characters of a cell that is not broken into lines
VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True, slots=True)
class Control:
    """One control, made by what it can be set to: a drop-down, a slider, a check box or a box for a text.

    Parameters
    ----------
    name : str
        Field of the setting.
    label : str
        What a learner reads, and a screen reader says.
    options : sequence
        What a drop-down offers: values, or pairs of words and value.
    low, high, step : int
        Ends of a slider, and what an arrow key does; no slider where both ends are 0.

    Examples
    --------
    >>> Control("policy", "Policy", ("Cluster", "Local")).make("Local")
    Dropdown(description='Policy', ...
    """

    name: str
    label: str
    options: Sequence[Any] = ()
    low: int = 0
    high: int = 0
    step: int = 1

    def make(self, value: Any) -> Any:
        """Return the widget, set to a value."""
        initial = {"description_width": "initial"}
        if self.high:
            return Slider(label=self.label, min=self.low, max=self.high, step=self.step, value=value)
        if self.options:
            known = [option[1] if isinstance(option, tuple) else option for option in self.options]
            options = [*self.options] if value in known else [*self.options, value]
            layout = ipywidgets.Layout(width="max-content", max_width="100%")
            return ipywidgets.Dropdown(
                options=options, value=value, description=self.label, style=initial, layout=layout
            )
        if isinstance(value, bool):
            layout = ipywidgets.Layout(width="max-content", max_width="100%")
            return ipywidgets.Checkbox(value, description=self.label, indent=False, layout=layout)
        layout = ipywidgets.Layout(width="56em", max_width="100%", height="19em")
        return ipywidgets.Textarea(value, description=self.label, style=initial, layout=layout)


@dataclass(frozen=True, slots=True)
class Parts(Generic[Setting]):
    """What one explorer is made of: pure functions of a setting.

    Parameters
    ----------
    title : str
        Its name.
    controls : tuple of Control
        In the order in which they are shown.
    draw : callable
        Returns the picture, as an ``<svg>``.
    verdict : callable
        Returns in a sentence or two what the picture shows; it is announced to screen readers.
    reading : callable
        Returns how to read the picture, about what is drawn and nothing else.
    table : callable
        Returns the same in numbers and words, as HTML.
    summary : callable, optional
        Returns a line for a place without pictures; without it, the verdict.
    work : callable, optional
        Prepares the page where that takes long, and yields the part that is done, from 0 to 1.
    """

    title: str
    controls: tuple[Control, ...]
    draw: Callable[[Setting], str]
    verdict: Callable[[Setting], str]
    reading: Callable[[Setting], str]
    table: Callable[[Setting], str]
    summary: Callable[[Setting], str] | None = None
    work: Callable[[Setting], Iterator[float]] | None = None

    def page(self, setting: Setting) -> str:
        """Return the page of a setting: the verdict, near the controls, the picture, how to read it, and the table."""
        said, reading = html.escape(self.verdict(setting)), html.escape(self.reading(setting))
        return (
            f'<div class="jp-RenderedHTMLCommon" style="padding: 0"><p role="status"><strong>{said}</strong></p>'
            f"{readable(self.draw(setting))}"
            f"<p><strong>How to read this.</strong> {reading}</p>{self.table(setting)}</div>"
        )


@dataclass(frozen=True, slots=True)
class Live(Generic[Setting]):
    """What moves beside the page of an explorer.

    Parameters
    ----------
    widget : ipywidgets.DOMWidget
        What is shown.
    show : callable
        Gives it a setting.
    """

    widget: Any
    show: Callable[[Setting], None]


class Explorer(ipywidgets.VBox, Generic[Setting]):  # type: ignore[misc]
    """Controls above a page.

    Parameters
    ----------
    parts : Parts
        What the explorer is made of.
    first : Setting
        A frozen dataclass: where to begin, and where Reset leads back to. A control is called like its field.
    live : Live, optional
        What moves, above the page.
    offered : sequence of str, optional
        Names of the controls that are shown; the others keep the value of `first`. By default all are shown.

    Notes
    -----
    A setting may have a property ``python``: the program that gives the same, for the button Show Python.
    """

    def __init__(
        self,
        parts: Parts[Setting],
        first: Setting,
        live: Live[Setting] | None = None,
        offered: Sequence[str] | None = None,
    ) -> None:
        self.parts = parts
        self.live = live
        self.first = self._drawn = first
        self._quiet = False
        self._job: asyncio.Task[None] | None = None
        self.controls: dict[str, Any] = {part.name: part.make(getattr(first, part.name)) for part in parts.controls}
        self.picture = ipywidgets.HTML()
        self.picture.add_class("k8sexpose-page")
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
            button.layout = ipywidgets.Layout(width="max-content", flex="0 0 auto")
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        buttons = [self.reset, self.show_python] if hasattr(first, "python") else [self.reset]
        for button in (*buttons, self.cancel):
            button.layout.flex = "0 0 auto"  # a narrow page would cut their words
        # Where nothing takes long there is no bar: on a narrow page its place would be an empty line.
        waits = [] if parts.work is None else [self.bar, self.cancel]
        row = ipywidgets.HBox([*buttons, *waits], layout=ipywidgets.Layout(flex_flow="row wrap"))
        self._write_code("")
        self._show_bar(None)
        wrapped = ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 18px")
        shown = [self.picture] if live is None else [live.widget, self.picture]
        controls = ipywidgets.HBox(self._offered(offered), layout=wrapped)
        super().__init__([controls, row, self.code, *shown, Keys()])
        self.add_class("k8sexpose-keys")
        self._draw()

    def _offered(self, names: Sequence[str] | None) -> list[Any]:
        """Return the controls of these names, in the explorer's order."""
        wanted = list(self.controls) if names is None else list(names)
        for name in wanted:
            if name not in self.controls:
                raise ValueError(f"controls has {name!r}; this explorer has {', '.join(self.controls)}")
        return [control for name, control in self.controls.items() if name in wanted]

    def page(self) -> str:
        """Return the page for the present setting."""
        return self.parts.page(self.setting)

    def summary(self) -> str:
        """Return in a line what the page shows."""
        said = self.parts.summary or self.parts.verdict
        return f"{self.parts.title}: {said(self.setting)}"

    def work(self) -> Iterator[float]:
        """Prepare the page in pieces, where that takes long; yield the part that is done, from 0 to 1."""
        return iter(()) if self.parts.work is None else self.parts.work(self.setting)

    @property
    def setting(self) -> Setting:
        """The values of the controls."""
        names = [field.name for field in fields(self.first)]  # type: ignore[arg-type]
        return type(self.first)(**{name: self.controls[name].value for name in names})

    def _redraw(self, change: object) -> None:
        if self._quiet:
            return
        with self._said():
            self._stop()
            work = self.work()
            done = _piece(work)
            if done is None:
                self._draw()
                return
            # A notebook has it loaded already; a script whose work is short never needs it.
            import asyncio

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
        import asyncio

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
        if self.live is not None:
            self.live.show(self.setting)
        self._drawn = self.setting

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say what goes wrong where the learner looks; in a callback it would be lost in a log."""
        try:
            yield
        except Exception as error:
            said = html.escape(f"This setting cannot be shown: {error}")
            self.picture.value = f'<p role="alert">{said}</p>'

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
        bar = f'<progress aria-label="Working" max="100" value="{percent}">{percent} %</progress>'
        self.bar.value = f"{bar} computing … the picture still shows the setting before"

    def _set(self, setting: Setting) -> None:
        # Many controls change, and one picture is drawn.
        self._quiet = True
        for field in fields(setting):  # type: ignore[arg-type]
            self.controls[field.name].value = getattr(setting, field.name)
        self._quiet = False
        self._redraw(setting)

    def _cancel(self, button: object) -> None:
        self._stop()
        self._set(self._drawn)

    def _reset(self, button: object) -> None:
        self._set(self.first)
        self._write_code("")

    def _show_python(self, button: object) -> None:
        with self._said():
            self._write_python()

    def _write_python(self) -> None:
        words = html.escape(self.setting.python)  # type: ignore[attr-defined]
        self._write_code(f'<pre style="white-space: pre-wrap">{words}</pre>')

    def _write_code(self, shown: str) -> None:
        """Show a program; without one its place is no empty line."""
        self.code.value = shown
        self.code.layout.display = None if shown else "none"

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


def changes(controls: Sequence[Control], setting: Any) -> Iterator[tuple[str, Any]]:
    """Yield every setting that is one drop-down or check box away, with the words for that change."""
    for control in controls:
        now = getattr(setting, control.name)
        for other in control.options or (not now,):
            if other != now:
                words = other if control.options else "yes" if other else "no"
                yield f"{control.label}: {words}", replace(setting, **{control.name: other})


def table_of(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *notes: str) -> str:
    """Return a table that is as wide as it needs, and notes below it, everything escaped.

    Examples
    --------
    >>> table_of("A table", ["a"], [["<b>"]], "a note").endswith("</div><p>a note</p>")
    True
    """
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes if note)
    lines = [list(row) for row in rows]
    # A number and its unit, such as 240 s, stay on one line.
    short = [k for k in range(len(head)) if all(len(line[k]) <= SHORT for line in lines)]
    return f"{scrolling(html_table(caption, head, lines, unbroken=short))}{below}"


MONO = "var(--jp-code-font-family, monospace)"


def printed(label: str, body: str, *, height_em: int, wrap: bool = False) -> str:
    """Return what a terminal shows, in a box that scrolls also by the keyboard; only prose is wrapped.

    Examples
    --------
    >>> printed("kubectl", "", height_em=5).startswith('<pre tabindex="0" role="region" aria-label="kubectl"')
    True
    """
    lines = "pre-wrap" if wrap else "pre"
    return (
        f'<pre tabindex="0" role="region" aria-label="{html.escape(label, quote=True)}" '
        f'data-lm-suppress-shortcuts="true" '
        f'style="max-height: {height_em}em; overflow: auto; margin: 0 0 0.6em; padding: 0.5em; font-family: {MONO}; '
        f"font-size: 12px; border: 1px solid var(--jp-border-color2, #bbb); white-space: {lines}; "
        'word-break: normal; overflow-wrap: anywhere">'
        f"{body}</pre>"
    )
