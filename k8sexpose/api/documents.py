"""From a file to the objects in it: many documents, lists, kinds.

Nothing is applied here; a document that cannot be read stops the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ..data import SUFFIXES
from .checks import is_file
from .decode import decode
from .errors import ManifestError, bad_request, invalid_object
from .hints import hint_for
from .kinds import BUILT_IN, CLUSTER_WIDE, is_built_in, resource_name
from .manifest import MAX_CHARACTERS, parse, plain, split
from .object_validation import QUALIFIED, object_errors
from .objects import Deployment, EndpointSlice, Node, Pod
from .registry import generated_name
from .request_body import check_field_validation
from .results import RESOURCES, ApplyResult
from .schemas import KEPT_SCHEMAS, SCHEMAS

__all__ = ["RESOURCES", "Item", "read_items", "read_text"]

SCHEMA_KINDS = frozenset(kind for _, kind in SCHEMAS)
# The apiVersion of each kind that the model works with; of two the older one comes last.
API_VERSIONS = {kind: version for version, kind in reversed([*SCHEMAS, *KEPT_SCHEMAS])}
PASSED_OVER = "passed over"
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
        Its kind; `is_modelled` tells whether the model works with it.
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

    @property
    def is_modelled(self) -> bool:
        """Whether the model does more than pass it over."""
        return self.kind in SCHEMA_KINDS or self.is_kept

    @property
    def is_kept(self) -> bool:
        """Whether `k8sexpose.cluster.controllers` stores it: a workload, or what is only shown."""
        return (self.value.get("apiVersion"), self.kind) in KEPT_SCHEMAS

    def passed_over(self, namespace: str) -> ApplyResult:
        """Return the result for an object that the model passes over."""
        metadata = self.value.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        scope = "" if self.kind in CLUSTER_WIDE else str(metadata.get("namespace") or namespace)
        resource = resource_name(str(self.value.get("apiVersion")), self.kind)
        return ApplyResult(self.kind, scope, str(metadata.get("name") or ""), PASSED_OVER, None, resource=resource)

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

    Parameters
    ----------
    source : str, Path or mapping
        A `Path`, or one line that ends in .yaml, .yml or .json, is a file; all else is text. A mapping is one object.

    Returns
    -------
    list of Item
        The objects in order, lists taken apart.

    Raises
    ------
    ManifestError
        A document cannot be read, or has no kind that a server could have; the text names the document.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> [item.is_modelled for item in read_items("kind: Secret\napiVersion: v1\n---\nkind: Node\napiVersion: v1")]
    [False, True]
    """
    if isinstance(source, Mapping):
        return list(_items(plain(source), "", 1))
    items: list[Item] = []
    for number, text in enumerate(split(read_text(source)), 1):
        large = skimmed(text)
        if large is not None:
            items.append(Item(str(large["kind"]), large, "", number))
            continue
        try:
            value = parse(text).value
        except ManifestError as error:
            raise ManifestError(f"document {number}: {error.message}", hint_for(error, text)) from None
        if value is not None:
            items += _items(value, text, number)
    if not items:
        raise ManifestError("no objects passed to apply")
    return items


LARGE = 20_000  # characters from which on a document of a kind that is passed over is not parsed


def skimmed(text: str) -> Mapping[str, Any] | None:
    r"""Return kind and name of a large document whose kind the model passes over; None for every other document.

    The definitions of a vendor's own kinds and dashboards in ConfigMaps make most of the megabytes of a vendor's
    file. Parsing them costs about a second a megabyte, and nothing would be done with the result.

    Examples
    --------
    >>> skimmed("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: big\ndata:\n  x: |\n" + "    y\n" * 9_000)["kind"]
    'ConfigMap'
    """
    if len(text) < LARGE or text.lstrip().startswith("{"):
        return None
    found = {key: re.findall(rf"(?m)^{key}: *[\"']?([A-Za-z0-9./]+)[\"']? *$", text) for key in ("apiVersion", "kind")}
    if any(len(values) != 1 for values in found.values()):
        return None
    version, kind = found["apiVersion"][0], found["kind"][0]
    if not is_built_in(version, kind) or (version, kind) in {**SCHEMAS, **KEPT_SCHEMAS} or kind.endswith("List"):
        return None
    # Kind and apiVersion stand at the top level; so does the metadata with the name.
    named = re.search(r"(?m)^metadata:\n(?:  .*\n|\n)*?  name: *[\"']?([^\s\"']+)", text)
    metadata = {"name": named[1]} if named else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _items(value: Any, text: str, number: int) -> Iterator[Item]:
    if not isinstance(value, Mapping):
        raise ManifestError(f"document {number}: an object is expected, with apiVersion, kind, metadata and spec")
    missing = [field for field in ("apiVersion", "kind") if not value.get(field)]
    if missing:
        error = ManifestError(f"document {number}: {' and '.join(missing)} not set")
        raise ManifestError(error.message, hint_for(error, text, value))
    kind, version = value["kind"], value["apiVersion"]
    if isinstance(kind, str) and kind.endswith("List") and "items" in value:
        entries = value.get("items") or []
        if not isinstance(entries, list):
            raise ManifestError(f"document {number}: items is not a list")
        for entry in entries:
            yield from _items(typed_entry(entry, kind, version), text, number)
        return
    check_kind(kind, version, number)
    yield Item(kind, value, text, number)


def typed_entry(entry: Any, list_kind: str, version: Any) -> Any:
    """Return an entry of a list; one of a typed list, such as a ServiceList, has its kind from the list."""
    kind = list_kind.removesuffix("List")
    if not kind or not isinstance(entry, Mapping) or (entry.get("kind") and entry.get("apiVersion")):
        return entry
    return {"apiVersion": version, "kind": kind, **{key: value for key, value in entry.items() if value is not None}}


def check_kind(kind: Any, version: Any, number: int) -> None:
    """Check that a server could have such a kind: an extension may bring any, but not in the groups of Kubernetes."""
    if not isinstance(kind, str) or not isinstance(version, str):
        raise ManifestError(f"document {number}: kind and apiVersion are texts")
    close = [known for known in API_VERSIONS if known.casefold() == kind.casefold() and known != kind]
    if close and kind not in API_VERSIONS:
        raise ManifestError(
            f"not modelled: kind {kind} in document {number}", f"Kinds are case-sensitive: write {close[0]}."
        )
    if kind in SCHEMA_KINDS and version != API_VERSIONS[kind] and "." not in version.partition("/")[0]:
        raise ManifestError(
            f"not modelled: {kind} in version {version} in document {number}",
            f"{kind} has apiVersion {API_VERSIONS[kind]}.",
        )
    if version == "v1" and kind not in BUILT_IN["v1"]:
        raise ManifestError(f"not modelled: there is no kind {kind} in apiVersion v1 (document {number})")


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
