"""The manifest doctor: what kubectl and the API server say to a text, our hint beside it, and the object they make."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import ipywidgets

from ..._display import html_table
from ..._palette import CONCEPTS
from ..._svg import TEXT, label_text, svg
from .base import Explorer, framed, printed
from .diagnosis import BROKEN, GATES, SHOWN_DOCUMENTS, Diagnosis, Document, diagnose

__all__ = ["DoctorSetting", "ManifestDoctor", "doctor_page", "draw_gates", "manifest_doctor"]

SHOWN_LINES = 300


@dataclass(frozen=True, slots=True)
class DoctorSetting:
    """What can be set.

    Parameters
    ----------
    text : str
        The manifest.

    Examples
    --------
    >>> DoctorSetting("kind: Service").diagnosis.printed.partition(";")[0]
    'error: error validating "STDIN": error validating data: apiVersion not set'
    """

    text: str = BROKEN

    @property
    def diagnosis(self) -> Diagnosis:
        """What the doctor found."""
        return diagnose(self.text)

    @property
    def python(self) -> str:
        """The same as a program."""
        return (
            f"from k8sexpose.kubectl import run\n\ntext = {self.text!r}\n"
            'done = run(kx.Cluster(), "apply -f -", stdin=text)\nprint(done.stdout + done.stderr)\n'
        )


# -- drawing -----------------------------------------------------------------------------------------------------------

READING = (
    "Each row of the picture is an object, on its way from left to right: a dot is a gate that it has passed, a cross "
    "the one where it was stopped. In the object below, lines with + were not in your text: the server has filled "
    "them in. The hint is ours; the words above it are those of kubectl and the API server."
)
WIDTH, LEFT, STEP, TOP, ROW = 780, 250, 150, 44, 26


def draw_gates(found: Diagnosis) -> str:
    """Draw how far each object came, as SVG that follows JupyterLab's theme; always of the same height.

    Parameters
    ----------
    found : Diagnosis
        What the doctor found.

    Returns
    -------
    str
        An ``<svg>`` element with a description.

    Examples
    --------
    >>> draw_gates(diagnose(BROKEN)).partition(">")[0].partition('aria-label="')[2].partition('"')[0]
    'It is refused. Service public-api-lb: stopped at API server.'
    """
    parts = [label_text(LEFT + STEP * n, 20, name, "middle", bold=True) for n, name in enumerate(GATES)]
    for row, document in enumerate(found.documents[:SHOWN_DOCUMENTS]):
        y = TOP + ROW * row
        parts.append(label_text(LEFT - 70, y + 5, _short(document.name or f"document {row + 1}"), "end"))
        end = LEFT + STEP * document.gate
        parts.append(f'<path d="M{LEFT - 55} {y} H{end}" stroke="{TEXT}" stroke-width="2"/>')
        for gate in range(len(GATES)):
            parts.append(_sign(LEFT + STEP * gate, y, gate, document))
    more = len(found.documents) - SHOWN_DOCUMENTS
    if more > 0:
        parts.append(label_text(LEFT - 70, TOP + ROW * SHOWN_DOCUMENTS + 5, f"and {more} more", "end"))
    return svg(_told(found), WIDTH, TOP + ROW * (SHOWN_DOCUMENTS + 1), parts)


def _sign(x: int, y: int, gate: int, document: Document) -> str:
    if gate == document.gate and not document.stored:
        color = CONCEPTS["dropped"].color
        return f'<path d="M{x - 8} {y - 8} l16 16 m0 -16 l-16 16" stroke="{color}" stroke-width="5" fill="none"/>'
    passed = gate <= document.gate
    fill = CONCEPTS["node"].color if passed else "none"
    dashes = "" if passed else ' stroke-dasharray="2 3"'
    return f'<circle cx="{x}" cy="{y}" r="8" fill="{fill}" stroke="{TEXT}"{dashes}/>'


def _short(words: str) -> str:
    kept = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)
    return kept if len(kept) <= 24 else kept[:23] + "…"


def _told(found: Diagnosis) -> str:
    said = []
    for number, document in enumerate(found.documents, 1):
        name = _short(document.name or f"document {number}")
        said.append(f"{name}: {'stored' if document.stored else f'stopped at {GATES[document.gate]}'}.")
    return " ".join([found.verdict, *said[:SHOWN_DOCUMENTS]])


def doctor_page(setting: DoctorSetting) -> str:
    """Write the picture, the verdict, what kubectl prints, hints and warnings, and the object.

    Parameters
    ----------
    setting : DoctorSetting
        What is set.

    Returns
    -------
    str
        HTML; the verdict is announced to screen readers.

    Examples
    --------
    >>> "supported values: &quot;ClusterIP&quot;" in doctor_page(DoctorSetting())
    True
    """
    found = setting.diagnosis
    rows = [
        (str(number), clean(document.name), GATES[document.gate], "passed" if document.stored else "stopped")
        for number, document in enumerate(found.documents[:SHOWN_DOCUMENTS], 1)
    ]
    table = html_table("How far each object came", ("", "object", "last gate", ""), rows)
    notes = [f"Hint: {hint}" for hint in found.hints] + [f"Warning: {warning}" for warning in found.warnings]
    parts = (
        printed("What kubectl apply prints", html.escape(clean(found.printed)), height_em=9, wrap=True),
        printed(
            "Hints and warnings", html.escape(clean("\n".join(notes) or "no hint, no warning")), height_em=5, wrap=True
        ),
        printed("The stored objects", _objects(found), height_em=26, wrap=True),
        f'<div style="display: inline-block">{table}</div>',
    )
    titles = ("What <code>kubectl apply -f -</code> prints", "Hints (ours) and warnings (the server's)",
              "What is stored; + marks what the server has added", "")  # fmt: skip
    rest = "".join(f"<p style='margin: 0'><strong>{title}</strong></p>{part}" if title else part
                   for title, part in zip(titles, parts, strict=True))  # fmt: skip
    return framed(draw_gates(found), clean(found.verdict), READING, rest, height_em=72, said_em=2)


def _objects(found: Diagnosis) -> str:
    """Write the stored objects; a line that was added has a sign, a colour, and is an insertion to a screen reader."""
    written: list[str] = []
    for document in found.documents:
        if written and document.lines:
            written.append("  ---")
        for line, added in document.lines:
            words = html.escape(clean(line))
            tint = "color-mix(in srgb, currentColor 12%, transparent)"
            style = f"text-decoration: none; font-weight: bold; background: {tint}"
            written.append(f'<ins style="{style}">+ {words}</ins>' if added else f"  {words}")
    if len(found.documents) > SHOWN_DOCUMENTS:
        written.append(f"  … only the first {SHOWN_DOCUMENTS} objects are written out")
    if len(written) > SHOWN_LINES:
        written = [*written[:SHOWN_LINES], f"  … and {len(written) - SHOWN_LINES} more lines"]
    return "\n".join(written) or "  nothing"


def clean(text: str) -> str:
    r"""Replace what cannot be shown or sent: half characters and control characters.

    Examples
    --------
    >>> clean("a\x00b") == "a\ufffdb"
    True
    """
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


# -- the widget --------------------------------------------------------------------------------------------------------


class ManifestDoctor(Explorer[DoctorSetting]):
    """A box for a manifest above its diagnosis; `setting` holds the text.

    Parameters
    ----------
    setting : DoctorSetting, optional
        Where to begin, and where Reset leads back to.

    Examples
    --------
    >>> doctor = ManifestDoctor()
    >>> doctor.controls["text"].value = BROKEN.replace("Loadbalancer", "LoadBalancer")
    >>> doctor
    <Manifest doctor: The API server takes it.>
    """

    def __init__(self, setting: DoctorSetting | None = None) -> None:
        super().__init__(setting or DoctorSetting())

    def make_controls(self) -> dict[str, Any]:
        """Make the box."""
        layout = ipywidgets.Layout(width="56em", height="19em")
        return {"text": ipywidgets.Textarea(self.first.text, description="Manifest", layout=layout)}

    def page(self) -> str:
        """Write the page for the present text."""
        return doctor_page(self.setting)

    def summary(self) -> str:
        """Say the verdict."""
        return f"Manifest doctor: {self.setting.diagnosis.verdict}"


def manifest_doctor(text: str | None = None) -> ManifestDoctor:
    """Paste a manifest, and read what kubectl and the API server say to it.

    Parameters
    ----------
    text : str, optional
        Where to begin; by default a manifest with a mistake in it.

    Returns
    -------
    ManifestDoctor
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> manifest_doctor()
    <Manifest doctor: It is refused.>
    """
    return ManifestDoctor(None if text is None else DoctorSetting(text))
