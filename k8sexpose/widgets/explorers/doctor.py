"""The manifest doctor: what kubectl and the API server say to a text, our hint beside it, and the object they make."""

from __future__ import annotations

import html
from dataclasses import dataclass

from ..._palette import CONCEPTS
from ..._svg import TEXT, Element, marker, path, text
from ..._svg import document as drawing
from ...api.checks import check_arguments
from .base import Control, Explorer, Parts, printed, table_of
from .diagnosis import BROKEN, GATES, SHOWN_DOCUMENTS, Diagnosis, Document, diagnose

__all__ = ["DOCTOR", "DoctorSetting", "draw_gates", "manifest_doctor"]

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

WIDTH, LEFT, STEP, TOP, ROW = 780, 250, 150, 44, 26


def draw_gates(found: Diagnosis) -> str:
    """Draw how far each object came, as SVG that follows JupyterLab's theme.

    Examples
    --------
    >>> draw_gates(diagnose(BROKEN)).partition(">")[0].partition('aria-label="')[2].partition('"')[0]
    'It is refused. Service public-api-lb: stopped at API server.'
    """
    parts = [text(LEFT + STEP * n, 20, name, "middle", bold=True) for n, name in enumerate(GATES)]
    for row, document in enumerate(found.documents[:SHOWN_DOCUMENTS]):
        y = TOP + ROW * row
        parts.append(text(LEFT - 70, y + 5, _short(document.name or f"document {row + 1}"), "end"))
        end = LEFT + STEP * document.gate
        parts.append(path(f"M{LEFT - 55} {y} H{end}", stroke_width=2))
        for gate in range(len(GATES)):
            parts.append(_sign(LEFT + STEP * gate, y, gate, document))
    more = len(found.documents) - SHOWN_DOCUMENTS
    if more > 0:
        parts.append(text(LEFT - 70, TOP + ROW * SHOWN_DOCUMENTS + 5, f"and {more} more", "end"))
    shown = max(min(len(found.documents), SHOWN_DOCUMENTS + 1), 1)
    return drawing(_told(found), WIDTH, TOP + ROW * shown, parts)


def _sign(x: int, y: int, gate: int, document: Document) -> Element:
    """Return a dark dot for a gate that was passed, a cross where the object was stopped."""
    if gate == document.gate and not document.stored:
        return marker("X", x, y, 12, stroke=CONCEPTS["dropped"].color, stroke_width=5)
    passed = gate <= document.gate
    fill = TEXT if passed else "none"
    return marker("o", x, y, 8, fill=fill, stroke_dasharray=None if passed else "2 3")


def _short(words: str) -> str:
    kept = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)
    return kept if len(kept) <= 24 else kept[:23] + "…"


def _told(found: Diagnosis) -> str:
    said = []
    for number, document in enumerate(found.documents, 1):
        name = _short(document.name or f"document {number}")
        said.append(f"{name}: {'stored' if document.stored else f'stopped at {GATES[document.gate]}'}.")
    return " ".join([found.verdict, *said[:SHOWN_DOCUMENTS]])


def reading(setting: DoctorSetting) -> str:
    """Return how to read the page of a setting: about what is on it, and nothing else."""
    found = setting.diagnosis
    said = "Each row of the picture is an object, on its way from left to right: a dot is a gate that it has passed"
    said += ". " if all(document.stored for document in found.documents) else ", a cross the one that stopped it. "
    if any(document.lines for document in found.documents):
        said += "In the stored object, lines with + were not in your text: the server has filled them in. "
    hint = "The hint is ours; the words above it are those of kubectl and the API server."
    return said + (hint if found.hints else "")


def table(setting: DoctorSetting) -> str:
    """Return what kubectl prints, hints and warnings, and the stored objects; a box that would be empty is left out."""
    found = setting.diagnosis
    notes = [f"Hint: {hint}" for hint in found.hints] + [f"Warning: {warning}" for warning in found.warnings]
    boxes = [("What <code>kubectl apply -f -</code> prints", "What kubectl apply prints", clean(found.printed), 9)]
    if notes:
        boxes.append(("Hints (ours) and warnings (the server's)", "Hints and warnings", clean("\n".join(notes)), 7))
    parts = [
        _titled(title, printed(label, html.escape(words), height_em=tall, wrap=True))
        for title, label, words, tall in boxes
    ]
    if any(document.lines for document in found.documents):
        title = "What is stored; + marks what the server has added"
        box = printed("The stored objects", _objects(found), height_em=26, wrap=True)
        parts.append(_titled(title, box))
    rows = [
        (str(number), clean(document.name), GATES[document.gate], "passed" if document.stored else "stopped")
        for number, document in enumerate(found.documents[:SHOWN_DOCUMENTS], 1)
    ]
    return "".join(parts) + table_of("How far each object came", ("", "object", "last gate", ""), rows)


def _titled(title: str, box: str) -> str:
    return f"<p style='margin: 0'><strong>{title}</strong></p>{box}"


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


DOCTOR: Parts[DoctorSetting] = Parts(
    "Manifest doctor", (Control("text", "Manifest"),), lambda setting: draw_gates(setting.diagnosis),
    lambda setting: clean(setting.diagnosis.verdict), reading, table,
)  # fmt: skip


def manifest_doctor(text: str | None = None) -> Explorer[DoctorSetting]:
    """Paste a manifest, and read what kubectl and the API server say to it.

    Parameters
    ----------
    text : str, optional
        Where to begin; by default a manifest with a mistake in it.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> manifest_doctor()
    <Manifest doctor: It is refused.>
    """
    check_arguments(manifest_doctor, locals())
    return Explorer(DOCTOR, DoctorSetting() if text is None else DoctorSetting(text))
