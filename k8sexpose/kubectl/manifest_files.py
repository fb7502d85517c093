"""Manifests on their way to the server: what kubectl does to a file before and after it asks.

Documents are taken one by one; what succeeded stays, as with kubectl. Sources: ``pkg/resource/visitor.go``
(cli-runtime), ``pkg/cmd/{create,apply,replace}``, ``pkg/cmd/util/helpers.go`` (kubectl).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..api.decode import decode, json_word
from ..api.documents import API_VERSIONS, RESOURCES, Item, skimmed, typed_entry
from ..api.errors import ApiError, ManifestError, go_value
from ..api.kinds import CLUSTER_WIDE, is_built_in
from ..api.manifest import SeparatorError, documents, parse
from ..api.schemas import OBJECT_META, Struct
from ..api.service import LAST_APPLIED, Service
from ..api.three_way_patch import PatchError, sorted_keys, three_way_patch
from ..cluster.client_apply import last_applied, live_object, updated_last_applied, with_last_applied, without_version
from ..model import Cluster
from .go_json import stream_fault
from .resources import check_segment, find_resource
from .result import KubectlError

__all__ = [
    "Outcome", "Request", "Target", "apply_documents", "create_documents", "delete_documents", "read_documents",
    "replace_documents", "undecodable",
]  # fmt: skip

KINDS = {kind.lower(): kind for kind in API_VERSIONS}
METADATA = Struct("metadataOnlyObject", {"metadata": OBJECT_META}, open=True)
ADVICE = "if you choose to ignore these errors, turn validation off with --validate=false"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file comes from, and where its objects go.

    Parameters
    ----------
    source : str
        The file, or ``STDIN``.
    namespace : str
        Namespace for objects that name none.
    enforced : bool
        It was given with ``-n``: an object that names another one is refused.
    checked : bool
        False with ``--validate=false``: kubectl does not look at the document before it decodes it.

    Examples
    --------
    >>> Target("web.yaml").namespace
    'default'
    """

    source: str
    namespace: str = "default"
    enforced: bool = False
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    Parameters
    ----------
    kind : str
        Its kind; empty where it was not even read.
    object : object, optional
        The object afterwards: a value of the model, or the manifest itself where the server was not asked.
    name, verb : str
        Name of the object, and what was done: ``created``.
    warnings : tuple of str
        What goes to stderr behind ``Warning:``.
    notes : tuple of str
        What kubectl itself says on stderr, whole lines.
    error : Exception, optional
        Why it failed.
    context : str
        What kubectl puts before the error: what it was doing.
    read : bool
        False if the document could not even be read.
    passed_over : bool
        Nothing was done, because the model does not work with this kind.

    Examples
    --------
    >>> Outcome("Deployment", name="web", verb="created").line
    'deployment.apps/web created'
    """

    kind: str = ""
    object: Any = None
    name: str = ""
    verb: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: ApiError | KubectlError | None = None
    context: str = ""
    read: bool = True
    passed_over: bool = False

    @property
    def line(self) -> str:
        """What goes to stdout; empty after an error."""
        return f"{RESOURCES[self.kind]}/{self.name} {self.verb}" if self.verb else ""


@dataclass(frozen=True, slots=True)
class Request:
    """How the server is asked.

    Parameters
    ----------
    field_validation : str
        ``Strict``, ``Warn`` or ``Ignore``.
    dry_run : str
        ``none``, ``server`` or ``client``.
    save_config : bool
        Keep the manifest in the annotation that apply reads.

    Examples
    --------
    >>> Request(dry_run="server").options
    {'field_validation': 'Strict', 'dry_run': True}
    """

    field_validation: str = "Strict"
    dry_run: str = "none"
    save_config: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Options for `Cluster.create` and its like."""
        return {"field_validation": self.field_validation, "dry_run": self.dry_run == "server"}

    @property
    def client_only(self) -> bool:
        """Whether the server is not to be asked for a change."""
        return self.dry_run == "client"


class _StopReading(KubectlError):
    """The rest of a file is not read."""


def create_documents(
    cluster: Cluster, text: str | bytes, target: Target, request: Request, verb: str = "created"
) -> Iterator[Outcome]:
    """Create the objects of a text one by one.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    text : str or bytes
        The file.
    target : Target
        Where it comes from and goes.
    request : Request
        How the server is asked.
    verb : str
        What is printed of an object.

    Yields
    ------
    Outcome
        One for each document.
    """

    def act(item: Item, where: str) -> Outcome:
        sent = with_last_applied(item.value, where) if request.save_config else item.value
        if request.client_only:
            return Outcome(item.kind, _with_namespace(Item(item.kind, sent), where), _name(item), verb)
        with _doing("creating", target):
            if item.kind != "Service":
                made = (cluster.copy() if request.dry_run == "server" else cluster).create_item(
                    item, where, request.field_validation
                )
                return Outcome(item.kind, made.object, made.name, verb)
            service = cluster.create(without_version(sent), namespace=where, **request.options)
        return Outcome("Service", service, service.name, verb, cluster.warnings)

    return _each(text, target, act)


def apply_documents(cluster: Cluster, text: str | bytes, target: Target, request: Request) -> Iterator[Outcome]:
    """Apply the objects of a text one by one; as `create_documents`."""

    def act(item: Item, where: str) -> Outcome:
        _check_applied_name(item, where, target)
        resource = find_resource(item.kind)
        live = next((found for found in resource.listed(cluster, where) if found.name == _name(item)), None)
        if request.client_only:
            sent = with_last_applied(_with_namespace(item, where), where) if live is None else live
            return Outcome(item.kind, sent, _name(item), "created" if live is None else "configured")
        if item.kind != "Service":
            acted = cluster.copy() if request.dry_run == "server" else cluster
            with _doing("creating", target):
                done = acted.apply_item(item, where, field_validation=request.field_validation)
        else:
            what, but = ("creating", "") if live is None else _patching(live, item, where, target)
            with _doing(what, target, but):
                done = cluster.apply_item(item, where, **request.options)
        return Outcome(done.kind, done.object, done.name, done.verb, done.warnings)

    return _each(text, target, act)


def replace_documents(cluster: Cluster, text: str | bytes, target: Target, request: Request) -> Iterator[Outcome]:
    """Replace the objects of a text one by one, and create those that are missing; as `create_documents`."""

    def act(item: Item, where: str) -> Outcome:
        if request.client_only:
            return Outcome(item.kind, _with_namespace(item, where), _name(item), "replaced")
        with _doing("replacing", target):
            if not _name(item):
                raise KubectlError("resource name may not be empty")
            check_segment(_name(item))
            if item.kind != "Service":
                done = (cluster.copy() if request.dry_run == "server" else cluster).apply_item(
                    item, where, field_validation=request.field_validation
                )
                return Outcome(done.kind, done.object, done.name, "replaced")
            marked = with_last_applied if request.save_config else updated_last_applied
            sent = marked(item.value, where)
            service = cluster.replace(sent, namespace=where, **request.options)
        return Outcome("Service", service, service.name, "replaced", cluster.warnings)

    return _each(text, target, act)


def delete_documents(
    text: str | bytes, target: Target, delete: Callable[[str, str, str], Outcome]
) -> Iterator[Outcome]:
    """Delete the objects of a text one by one; `delete` takes kind, name and namespace."""

    def act(item: Item, where: str) -> Outcome:
        with _doing("deleting", target):
            return delete(item.kind, _name(item), where)

    return _each(text, target, act)


def read_documents(text: str | bytes, target: Target) -> Iterator[tuple[Item, str]]:
    """Yield the objects of a text with their namespaces; what cannot be read ends it."""
    for value in _values(text, target.source):
        yield _item(value, target)


# -- what failed, and while doing what ---------------------------------------------------------------------------------


class _Failed(Exception):
    """An outcome that is an error, on its way to `_each`."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


@contextmanager
def _doing(what: str, target: Target, but: str = "") -> Iterator[None]:
    """Say in front of an error what was being done, and what was in the way; both may hold more lines."""
    context = f'error when {what} "{target.source}": {but}'
    try:
        yield
    except PatchError as error:
        lines = tuple(f"warning: error calculating patch from {where}: {error.message}" for where in SPECIFICATIONS)
        failed = KubectlError(error.message)
        raise _Failed(Outcome(warnings=error.warnings, notes=lines, error=failed, context=context)) from None
    except ApiError as error:
        raise _Failed(Outcome(warnings=error.warnings, error=error, context=context)) from None
    except (KubectlError, ValueError) as error:  # no address is left for a Pod
        raise _Failed(Outcome(error=KubectlError(str(error)), context=context)) from None


SPECIFICATIONS = ("openapi v3 spec", "openapi spec")


def _check_applied_name(item: Item, namespace: str, target: Target) -> None:
    metadata = item.value.get("metadata") or {}
    if not _name(item) and metadata.get("generateName"):
        raise KubectlError(f"from {metadata['generateName']}: cannot use generate name with apply")
    with _doing(f"retrieving current configuration of:\n{_identity(item, namespace)}\nfrom server for:", target):
        if not _name(item):
            raise KubectlError("resource name may not be empty")
        check_segment(_name(item))


def _patching(live: Service, item: Item, namespace: str, target: Target) -> tuple[str, str]:
    """Return for `_doing` what kubectl patches, with the patch; or with all three objects, if it cannot compute one."""
    stored = live_object(live)
    sent = with_last_applied(item.value, namespace)
    patch, reason = "", ""
    try:
        patch = go_value(three_way_patch(last_applied(stored), sent, stored))
    except PatchError:
        original = stored["metadata"].get("annotations", {}).get(LAST_APPLIED, "")
        texts = {
            "original": original,
            "modified": f"{go_value(sent)}\n",
            "current": f"{go_value(sorted_keys(stored))}\n",
        }
        reason = "creating patch with:\n" + "".join(f"{name}:\n{text}\n" for name, text in texts.items()) + "for: "
    what = f'applying patch:\n{patch}\nto:\n{_identity(item, namespace)}\nfor: "{target.source}": error when patching'
    return what, reason


# -- the documents -----------------------------------------------------------------------------------------------------


def _each(text: str | bytes, target: Target, act: Callable[[Item, str], Outcome]) -> Iterator[Outcome]:
    """Read the documents one by one, and act on each; what cannot be read is told, and the others still done."""
    try:
        for value in _values(text, target.source):
            try:
                item, where = _item(value, target)
                if not item.is_modelled:
                    yield Outcome(item.kind, passed_over=True)
                    continue
            except _StopReading:
                raise
            except KubectlError as error:
                yield Outcome(error=error, read=False)
                continue
            try:
                yield act(item, where)
            except _Failed as failed:
                yield failed.outcome
            except (ApiError, KubectlError) as error:
                yield Outcome(error=error)
    except KubectlError as error:
        yield Outcome(error=error, read=False)


def _values(text: str | bytes, source: str) -> Iterator[Any]:
    """Parse the documents; empty ones are passed over, lists taken apart."""
    number = 0
    try:
        for document in documents(text):
            value = skimmed(document) or _as_json(parse(document).value, document)
            number += 1
            if value is None:
                continue
            if isinstance(value, Mapping) and str(value.get("kind")).endswith("List") and "items" in value:
                listed = value["items"] if isinstance(value["items"], list) else ()
                yield from (typed_entry(entry, str(value["kind"]), value.get("apiVersion")) for entry in listed)
            else:
                yield value
    except SeparatorError as error:
        raise KubectlError(f"error parsing {source}: {error.message}") from None
    except ManifestError as error:
        why = _no_json(text, number) or f"error converting YAML to JSON: {error.message}"
        raise KubectlError(f"error parsing {source}: {why}") from None


def _as_json(value: Any, text: str) -> Any:
    """Return what kubectl keeps of a document: an integer beyond 64 bits becomes a floating point number."""
    return _floats(value) if re.search("[0-9]{19}", text) else value


def _floats(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    beyond = isinstance(value, int) and not -(2**63) <= value < 2**63
    return int(Decimal(repr(float(value)))) if beyond else value


def _no_json(text: str | bytes, number: int) -> str:
    """Say why a document is no JSON, where kubectl began to read JSON: of two errors it tells the first."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.lstrip().startswith("{"):
        return ""
    failed, fault = stream_fault(text)
    if failed != number:
        return ""
    return fault if number <= 1 else fault.partition(": ")[2].partition(": ")[2] or fault


def _item(value: Any, target: Target) -> tuple[Item, str]:
    """Make kubectl's own checks, in its order, and find out where the object goes."""
    source = target.source
    problems = list(_schema_problems(value))
    if problems and not target.checked:
        raise KubectlError(f'unable to decode "{source}": {undecodable(value)}')
    if problems:
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise _StopReading(f'error validating "{source}": error validating data: {listed}; {ADVICE}')
    decoded = decode(value, METADATA)
    if decoded.type_error:
        raise KubectlError(f'unable to decode "{source}": {decoded.type_error}')
    kind, version = value["kind"], value["apiVersion"]
    metadata = decoded.value.get("metadata") or {}
    known = kind if kind in API_VERSIONS else KINDS.get(kind if kind == kind.lower() else "", kind)
    if not is_built_in(version, known):
        raise KubectlError(
            f'resource mapping not found for name: "{metadata.get("name", "")}" namespace: '
            f'"{metadata.get("namespace", "")}" from "{source}": no matches for kind "{kind}" in version "{version}"\n'
            "ensure CRDs are installed first"
        )
    named = metadata.get("namespace")
    if target.enforced and named and named != target.namespace:
        raise KubectlError(
            f'the namespace from the provided object "{named}" does not match the namespace "{target.namespace}". '
            f"You must pass '--namespace={named}' to perform this operation."
        )
    return Item(known, value), named or target.namespace


def _name(item: Item) -> str:
    return (item.value.get("metadata") or {}).get("name") or ""


def _with_namespace(item: Item, namespace: str) -> dict[str, Any]:
    metadata = dict(item.value.get("metadata") or {})
    return {**item.value, "metadata": metadata | ({} if item.kind in CLUSTER_WIDE else {"namespace": namespace})}


def _schema_problems(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield "invalid object to validate"
        return
    for field in ("apiVersion", "kind"):
        if not value.get(field):
            yield f"{field} not set"
        elif not isinstance(value[field], str):
            yield f"{field} isn't string type"


def undecodable(value: Any) -> str:
    """Say why a document has no kind.

    Examples
    --------
    >>> print(undecodable({"apiVersion": "v1"}))
    Object 'Kind' is missing in '{"apiVersion":"v1"}'
    """
    if not isinstance(value, Mapping):
        return f"json: cannot unmarshal {json_word(value)} into Go value of type unstructured.detector"
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field, ""), str):
            word = json_word(value[field])
            return f"json: cannot unmarshal {word} into Go struct field detector.{field} of type string"
    missing = "Kind" if not value.get("kind") else "apiVersion"
    return f"Object '{missing}' is missing in '{go_value(dict(value))}'"


def _identity(item: Item, namespace: str) -> str:
    group, _, version = item.value["apiVersion"].rpartition("/")
    resource = RESOURCES[item.kind].partition(".")[0]
    plural = {"ingress": "ingresses", "endpoints": "endpoints"}.get(resource, f"{resource}s")
    return (
        f'Resource: "{group}/{version}, Resource={plural}", GroupVersionKind: "{group}/{version}, Kind={item.kind}"\n'
        f'Name: "{_name(item)}", Namespace: "{namespace}"'
    )
