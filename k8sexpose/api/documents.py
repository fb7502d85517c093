"""From a file to the objects in it: many documents, lists, kinds.

Nothing is applied here; a document that cannot be read stops the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ..data import SUFFIXES
from .decode import decode
from .errors import ManifestError, bad_request, invalid_object
from .hints import hint_for
from .manifest import MAX_CHARACTERS, parse, plain, split
from .object_validation import QUALIFIED, object_errors
from .objects import Deployment, EndpointSlice, Node, Pod
from .registry import generated_name
from .request_body import check_field_validation
from .results import RESOURCES
from .schemas import SCHEMAS

__all__ = ["RESOURCES", "Item", "read_items", "read_text"]

API_VERSIONS = {kind: version for version, kind in SCHEMAS}
READERS: dict[str, Any] = {
    "Pod": Pod.from_dict, "Node": Node.from_dict, "EndpointSlice": EndpointSlice.from_dict,
    "Deployment": Deployment.from_dict,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a file, not yet checked against its schema.

    Parameters
    ----------
    kind : str
        One of the kinds that are modelled.
    value : mapping
        The object as parsed.
    text : str
        The document it stands in.
    number : int
        Number of the document, from 1.

    Examples
    --------
    >>> read_items("{apiVersion: v1, kind: Pod, metadata: {name: web-1}}")[0].object("default").name
    'web-1'
    """

    kind: str
    value: Mapping[str, Any]
    text: str = ""
    number: int = 1

    def object(
        self, namespace: str, *, field_validation: str = "Strict", rng: Random | None = None
    ) -> Pod | Node | EndpointSlice | Deployment:
        """Read an object that is not a Service; an ApiError tells what the server refuses.

        With `rng` an object that has a generateName in place of a name gets one, as in a POST.
        """
        check_field_validation(field_validation)
        decoded = decode(self.value, SCHEMAS[API_VERSIONS[self.kind], self.kind])
        problem = decoded.type_error
        if not problem and decoded.strict_errors and field_validation == "Strict":
            problem = "strict decoding error: " + ", ".join(decoded.strict_errors)
        if problem:
            version = API_VERSIONS[self.kind].rpartition("/")[2]
            raise bad_request(f'{self.kind} in version "{version}" cannot be handled as a {self.kind}: {problem}')
        metadata = dict(decoded.value.get("metadata") or {})
        if self.kind != "Node":
            metadata["namespace"] = metadata.get("namespace") or namespace
        if rng is not None and not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated_name(metadata["generateName"], rng)
        value = {**decoded.value, "metadata": metadata}
        if self.kind == "EndpointSlice":
            value["ports"] = [{**port, "name": port.get("name") or ""} for port in value.get("ports") or ()]
        errors = object_errors(self.kind, value)
        if errors:
            raise invalid_object(QUALIFIED.get(self.kind, self.kind), metadata.get("name") or "", errors)
        found: Pod | Node | EndpointSlice | Deployment = READERS[self.kind](value)
        return found


def read_items(source: str | Path | Mapping[str, Any]) -> list[Item]:
    r"""Read all objects of a file or text.

    Examples
    --------
    >>> read_items("kind: Ingress\napiVersion: networking.k8s.io/v1")
    Traceback (most recent call last):
        ...
    k8sexpose.api.errors.ManifestError: not modelled: kind Ingress in document 1
    """
    if isinstance(source, Mapping):
        return list(_items(plain(source), "", 1))
    items: list[Item] = []
    for number, text in enumerate(split(read_text(source)), 1):
        try:
            value = parse(text).value
        except ManifestError as error:
            raise ManifestError(f"document {number}: {error.message}", hint_for(error, text)) from None
        if value is not None:
            items += _items(value, text, number)
    if not items:
        raise ManifestError("no objects passed to apply")
    return items


def _items(value: Any, text: str, number: int) -> Iterator[Item]:
    if not isinstance(value, Mapping):
        raise ManifestError(f"document {number}: an object is expected, with apiVersion, kind, metadata and spec")
    missing = [field for field in ("apiVersion", "kind") if not value.get(field)]
    if missing:
        error = ManifestError(f"document {number}: {' and '.join(missing)} not set")
        raise ManifestError(error.message, hint_for(error, text, value))
    kind, version = value["kind"], value["apiVersion"]
    if kind == "List" or (isinstance(kind, str) and kind.removesuffix("List") in API_VERSIONS and "items" in value):
        entries = value.get("items") or []
        if not isinstance(entries, list):
            raise ManifestError(f"document {number}: items is not a list")
        for entry in entries:
            yield from _items(entry, text, number)
        return
    if not isinstance(kind, str) or kind not in API_VERSIONS:
        close = [known for known in API_VERSIONS if isinstance(kind, str) and known.casefold() == kind.casefold()]
        hint = f"Kinds are case-sensitive: write {close[0]}." if close else None
        raise ManifestError(f"not modelled: kind {kind} in document {number}", hint)
    if version != API_VERSIONS[kind]:
        raise ManifestError(
            f"not modelled: {kind} in version {version} in document {number}",
            f"{kind} has apiVersion {API_VERSIONS[kind]}.",
        )
    yield Item(kind, value, text, number)


def is_file(path: Path) -> bool:
    """Return True if there is such a file; a name that is too long for the system is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_text(source: str | Path) -> str | bytes:
    """Return the text itself, or what stands in the file that it names."""
    one_line = isinstance(source, str) and "\n" not in source and source.strip().endswith(SUFFIXES)
    if not isinstance(source, Path) and not (one_line and "{" not in str(source)):
        return source
    path = Path(str(source).strip())
    if not is_file(path):
        raise FileNotFoundError(f"the path {str(path)[:200]!r} does not exist")
    if path.stat().st_size > MAX_CHARACTERS:
        raise ManifestError(f"{path.name} has {path.stat().st_size:,} bytes; more than {MAX_CHARACTERS:,} are not read")
    return path.read_bytes()
