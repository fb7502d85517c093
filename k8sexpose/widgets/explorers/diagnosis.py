"""The examination of a manifest: what kubectl and the API server say to a text, our hint, and the object they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from ...api.documents import read_items
from ...api.errors import ApiError, ManifestError
from ...api.hints import hint_for
from ...api.manifest import parse, split
from ...api.service import Service
from ...kubectl import run
from ...kubectl.manifest_files import Outcome, Request, Target, apply_documents
from ...kubectl.resources import find_resource
from ...kubectl.serialization import to_yaml
from ...model import Cluster

__all__ = ["BROKEN", "GATES", "LONGEST", "SHOWN_DOCUMENTS", "Diagnosis", "Document", "added_lines", "diagnose"]

LONGEST = 60_000  # characters; every keystroke asks again
SHOWN_DOCUMENTS = 4  # written out, and drawn
GATES = ("read as YAML", "kubectl", "API server", "stored")
BROKEN = """\
apiVersion: v1
kind: Service
metadata:
  name: public-api-lb
spec:
  type: Loadbalancer
  selector:
    app: api-backend
  ports:
  - protocol: TCP
    port: 80
    targetPort: 8080
"""


@dataclass(frozen=True, slots=True)
class Document:
    """What became of one document.

    Parameters
    ----------
    gate : int
        How many gates it has passed; 3 for one that is stored.
    name : str
        Kind and name, where they could be read.
    words : str
        What was done, or why it was refused.
    lines : tuple of (str, bool)
        The stored object as YAML, and for each line whether the server has added it.

    Examples
    --------
    >>> Document(2, "", "refused").stored
    False
    """

    gate: int
    name: str
    words: str
    lines: tuple[tuple[str, bool], ...] = ()

    @property
    def stored(self) -> bool:
        """Whether the API server took it."""
        return self.gate == len(GATES) - 1


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor found.

    Parameters
    ----------
    verdict : str
        A sentence.
    printed : str
        What ``kubectl apply -f -`` prints.
    documents : tuple of Document
        One for each object, as far as kubectl went.
    hints : tuple of str
        Our help, which is not the server's.
    warnings : tuple of str
        What the server advises against.

    Examples
    --------
    >>> diagnose(BROKEN).hints
    ('Values are case-sensitive: write LoadBalancer.',)
    """

    verdict: str
    printed: str = ""
    documents: tuple[Document, ...] = ()
    hints: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@lru_cache(maxsize=16)
def diagnose(text: str) -> Diagnosis:
    """Apply a text to an empty cluster of the newest Kubernetes, and write down all that is said; nothing is raised.

    Examples
    --------
    >>> diagnose("{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}").verdict
    'The API server takes it.'
    """
    if len(text) > LONGEST:
        return Diagnosis(
            f"The text has {len(text):,} characters. The doctor reads {LONGEST:,} at most: cut it into pieces, or give "
            "it to kx.Cluster().apply."
        )
    if not text.strip():
        return Diagnosis("There is nothing to read yet: paste a manifest.", "error: no objects passed to apply\n")
    try:
        return _examine(text)
    except Exception as error:  # a learner's text must not end in a traceback
        return Diagnosis(f"The doctor cannot read this text ({type(error).__name__}), and that is the doctor's fault.")


def _examine(text: str) -> Diagnosis:
    done = run(Cluster(), "apply -f -", stdin=text)
    cluster = Cluster()
    documents: list[Document] = []
    hints: list[str | None] = []
    warnings: list[str] = []
    for given, outcome in _outcomes(cluster, text):
        documents.append(_document(cluster, given, outcome, written=len(documents) < SHOWN_DOCUMENTS))
        warnings += outcome.warnings
        if isinstance(outcome.error, ApiError):
            warnings += outcome.error.warnings
            hints.append(outcome.error.hint)
        elif outcome.error is not None:
            hints.append(_hint_of_kubectl(text, str(outcome.error), given))
    bad = sum(not document.stored for document in documents)
    verdict = _verdict(len(documents), bad)
    found = tuple(dict.fromkeys(hint for hint in hints if hint))
    return Diagnosis(verdict, done.stdout + done.stderr, tuple(documents), found, tuple(dict.fromkeys(warnings)))


def _verdict(count: int, bad: int) -> str:
    if count == 0:
        return "There is no object in this text."
    if count == 1:
        return "It is refused." if bad else "The API server takes it."
    if not bad:
        return f"The API server takes all {count} objects."
    return f"{bad} of {count} objects {'is' if bad == 1 else 'are'} refused; kubectl keeps those that were taken."


def _outcomes(cluster: Cluster, text: str) -> Iterator[tuple[Any, Outcome]]:
    """Apply document by document, as kubectl does, and give each object with what became of it."""
    for document in _documents(text):
        try:
            value = parse(document).value
        except ManifestError:
            value = None
        else:
            if value is None:
                continue
        listed = value.get("items") if isinstance(value, Mapping) and str(value.get("kind")).endswith("List") else None
        given = listed if isinstance(listed, list) else [value]
        outcomes = list(apply_documents(cluster, document, Target("STDIN"), Request()))
        for number, outcome in enumerate(outcomes):
            yield given[number] if number < len(given) else None, outcome
        if any(_gate(outcome) == 0 for outcome in outcomes):
            return


def _documents(text: str) -> list[str]:
    try:
        return [str(document) for document in split(text)]
    except ManifestError:
        return [text]


def _gate(outcome: Outcome) -> int:
    """Tell how many gates a document has passed."""
    if outcome.error is None:
        return 3
    if isinstance(outcome.error, ApiError):
        return 2
    return 0 if str(outcome.error).startswith("error parsing") else 1


def _document(cluster: Cluster, given: Any, outcome: Outcome, *, written: bool) -> Document:
    gate = _gate(outcome)
    if outcome.error is not None:
        message = outcome.error.message if isinstance(outcome.error, ApiError) else str(outcome.error)
        return Document(gate, _called(given), message)
    name = f"{outcome.kind} {outcome.name}"
    if not written:
        return Document(gate, name, outcome.line)
    made = outcome.object
    stored = made.to_dict() if isinstance(made, Service) else find_resource(outcome.kind).to_dict(cluster, made)
    text = to_yaml(stored)
    added = added_lines(text, given)
    lines = tuple((line, number in added) for number, line in enumerate(text.splitlines()))
    return Document(gate, name, outcome.line, lines)


def _called(given: Any) -> str:
    """Name an object that was refused, as far as its text goes."""
    if not isinstance(given, Mapping):
        return ""
    metadata = given.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return " ".join(str(part)[:60] for part in (given.get("kind"), name) if part)


def _hint_of_kubectl(text: str, message: str, given: Any) -> str | None:
    """Find a hint for what kubectl itself refused; the line break keeps the text from being taken for a path."""
    try:
        read_items(text + "\n")
    except ManifestError as error:
        if error.hint:
            return str(error.hint)
    return hint_for(ManifestError(message), text, given)


def added_lines(text: str, given: Any) -> frozenset[int]:
    r"""Number the lines of a written object, from 0, of which the text that was sent says nothing.

    Examples
    --------
    >>> sorted(added_lines("spec:\n  ports:\n  - port: 80\n    protocol: TCP\n", {"spec": {"ports": [{"port": 80}]}}))
    [3]
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return frozenset(_added(root, given)) if root is not None else frozenset()


def _added(node: yaml.Node, given: Any) -> Iterator[int]:
    if isinstance(node, yaml.MappingNode):
        known = {str(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}
        for key, value in node.value:
            if known.get(str(key.value)) is None:
                yield from range(key.start_mark.line, _last_line(value) + 1)
            else:
                yield from _added(value, known[str(key.value)])
    elif isinstance(node, yaml.SequenceNode):
        entries = given if isinstance(given, list) else []
        for number, entry in enumerate(node.value):
            if number < len(entries):
                yield from _added(entry, entries[number])
            else:
                yield from range(entry.start_mark.line, _last_line(entry) + 1)


def _last_line(node: yaml.Node) -> int:
    """Return the last line of a node; a block ends where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value:
        return _last_line(node.value[-1])
    mark = node.end_mark
    return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)
