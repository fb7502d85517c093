"""Manifests on their way to the server: what kubectl does to a file before and after it asks.

Documents are taken one by one; what succeeded stays, as with kubectl. Sources: ``pkg/resource/visitor.go``
(cli-runtime), ``pkg/cmd/{create,apply,replace}``, ``pkg/cmd/util/helpers.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..api.decode import decode
from ..api.documents import API_VERSIONS, RESOURCES, Item
from ..api.errors import ApiError, ManifestError, go_value, not_found
from ..api.manifest import parse, split
from ..api.schemas import OBJECT_META, Struct
from ..api.strategic_merge import with_last_applied
from ..model import Cluster
from .resources import OTHER_KINDS, find_resource
from .result import KubectlError

__all__ = ["Outcome", "Target", "apply_documents", "create_documents", "delete_documents", "replace_documents"]

KINDS = {kind.lower(): kind for kind in API_VERSIONS}
METADATA = Struct("", {"metadata": OBJECT_META}, open=True)
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

    Examples
    --------
    >>> Target("web.yaml").namespace
    'default'
    """

    source: str
    namespace: str = "default"
    enforced: bool = False


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
    error : Exception, optional
        Why it failed.
    patch : str
        What kubectl says it was patching, where it was.

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
    error: ApiError | KubectlError | None = None
    patch: str = ""

    @property
    def line(self) -> str:
        """What goes to stdout; empty after an error."""
        return f"{RESOURCES[self.kind]}/{self.name} {self.verb}" if self.verb else ""


def create_documents(cluster: Cluster, text: str | bytes, target: Target, **options: Any) -> Iterator[Outcome]:
    """Create the objects of a text one by one.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    text : str or bytes
        The file.
    target : Target
        Where it comes from and goes.
    **options
        For `Cluster.create`; ``client_dry_run`` asks nobody.

    Yields
    ------
    Outcome
        One for each document.
    """
    client_only = options.pop("client_dry_run", False)

    def act(item: Item, where: str) -> Outcome:
        if client_only:
            return Outcome(item.kind, _with_namespace(item, where), _name(item), "created")
        if item.kind != "Service":
            made = (cluster.copy() if options.get("dry_run") else cluster).create_item(item, where)
            return Outcome(item.kind, made.object, made.name, "created")
        service = cluster.create(item.value, namespace=where, **options)
        return Outcome("Service", service, service.name, "created", cluster.warnings)

    return _each(text, target, "create", act)


def apply_documents(cluster: Cluster, text: str | bytes, target: Target) -> Iterator[Outcome]:
    """Apply the objects of a text one by one; as `create_documents`."""

    def act(item: Item, where: str) -> Outcome:
        if not _name(item):
            raise KubectlError(
                f"error when retrieving current configuration of:\n{_identity(item, where)}\n"
                f'from server for: "{target.source}": resource name may not be empty'
            )
        patch = _patch_context(cluster, item, where)
        try:
            done = cluster.apply_item(item, where)
        except ApiError as error:
            return Outcome(error=error, patch=patch)
        return Outcome(done.kind, done.object, done.name, done.verb, done.warnings)

    return _each(text, target, "apply", act)


def replace_documents(cluster: Cluster, text: str | bytes, target: Target, **options: Any) -> Iterator[Outcome]:
    """Replace the objects of a text one by one; as `create_documents`."""

    def act(item: Item, where: str) -> Outcome:
        resource = find_resource(item.kind)
        if not any(found.name == _name(item) for found in resource.listed(cluster, where)):
            raise not_found(resource.qualified_plural, _name(item))
        if item.kind != "Service":
            done = cluster.apply_item(item, where)
            return Outcome(done.kind, done.object, done.name, "replaced")
        service = cluster.replace(item.value, namespace=where, **options)
        return Outcome("Service", service, service.name, "replaced", cluster.warnings)

    return _each(text, target, "replace", act)


def delete_documents(
    text: str | bytes, target: Target, delete: Callable[[str, str, str], Outcome]
) -> Iterator[Outcome]:
    """Delete the objects of a text one by one; `delete` takes kind, name and namespace."""
    return _each(text, target, "delete", lambda item, where: delete(item.kind, _name(item), where))


def _each(text: str | bytes, target: Target, verb: str, act: Callable[[Item, str], Outcome]) -> Iterator[Outcome]:
    empty = True
    try:
        for value in _values(text, target.source):
            empty = False
            try:
                yield act(*_item(value, target))
            except ApiError as error:
                yield Outcome(error=error)
            except ValueError as error:  # no address is left for a Pod
                yield Outcome(error=KubectlError(str(error)))
    except KubectlError as error:
        yield Outcome(error=error)
        return
    if empty and verb != "delete":
        yield Outcome(error=KubectlError(f"no objects passed to {verb}"))


def _values(text: str | bytes, source: str) -> Iterator[Any]:
    """Parse the documents; empty ones are passed over, lists taken apart."""
    try:
        for document in split(text):
            value = parse(document).value
            if value is None:
                continue
            if isinstance(value, Mapping) and str(value.get("kind")).endswith("List") and "items" in value:
                yield from value["items"] if isinstance(value["items"], list) else ()
            else:
                yield value
    except ManifestError as error:
        raise KubectlError(f"error parsing {source}: error converting YAML to JSON: {error.message}") from None


def _item(value: Any, target: Target) -> tuple[Item, str]:
    """Make kubectl's own checks, in its order, and find out where the object goes."""
    source = target.source
    problems = list(_schema_problems(value))
    if problems:
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise KubectlError(f'error validating "{source}": error validating data: {listed}; {ADVICE}')
    decoded = decode(value, METADATA)
    if decoded.type_error:
        raise KubectlError(f'unable to decode "{source}": {decoded.type_error}')
    kind, version = value["kind"], value["apiVersion"]
    metadata = decoded.value.get("metadata") or {}
    known = kind if kind in API_VERSIONS else KINDS.get(kind if kind == kind.lower() else "", "")
    if kind in OTHER_KINDS:
        raise KubectlError(f"k8sexpose does not model kind {kind}; it has {', '.join(sorted(API_VERSIONS))}")
    if not known or API_VERSIONS[known] != version:
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
    return {**item.value, "metadata": metadata | ({} if item.kind == "Node" else {"namespace": namespace})}


def _schema_problems(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield "invalid object to validate"
        return
    for field in ("apiVersion", "kind"):
        if not value.get(field):
            yield f"{field} not set"
        elif not isinstance(value[field], str):
            yield f"{field} isn't string type"


def _patch_context(cluster: Cluster, item: Item, namespace: str) -> str:
    """Say what kubectl is about to patch; empty for an object that does not exist yet."""
    old = cluster.store.services.get((namespace, item.value["metadata"]["name"])) if item.kind == "Service" else None
    if old is None:
        return ""
    patch = go_value(cluster.api.patch_for(old, with_last_applied(item.value, namespace)))
    return f"{patch}\nto:\n{_identity(item, namespace)}"


def _identity(item: Item, namespace: str) -> str:
    group, _, version = API_VERSIONS[item.kind].rpartition("/")
    plural = RESOURCES[item.kind].partition(".")[0] + "s"
    return (
        f'Resource: "{group}/{version}, Resource={plural}", GroupVersionKind: "{group}/{version}, Kind={item.kind}"\n'
        f'Name: "{_name(item)}", Namespace: "{namespace}"'
    )
