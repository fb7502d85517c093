"""``kubectl create -f`` and ``kubectl apply -f``: what kubectl does before and after it asks the server.

Documents are taken one by one; what succeeded stays, as with kubectl. Sources: ``pkg/resource/visitor.go``
(cli-runtime), ``pkg/cmd/{create,apply}``, ``pkg/cmd/util/helpers.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..apply import with_last_applied
from ..cluster import Cluster
from ..decode import OBJECT_META, Struct, decode
from ..errors import ApiError, ManifestError, go_value
from ..files import API_VERSIONS, RESOURCES, Item
from ..manifest import parse, split

__all__ = ["KubectlError", "Outcome", "apply_documents", "create_documents"]

KINDS = {kind.lower(): kind for kind in API_VERSIONS}
METADATA = Struct("metadataOnlyObject", {"metadata": OBJECT_META}, open=True)
# Kinds that a real cluster knows and this model does not: they deserve another answer than a misspelt kind.
OTHER_KINDS = frozenset(
    (
        "ConfigMap", "Secret", "Namespace", "ServiceAccount", "Endpoints", "PersistentVolumeClaim", "PersistentVolume",
        "Event", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "IngressClass", "NetworkPolicy",
        "Gateway", "GatewayClass", "HTTPRoute", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
        "HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceCIDR", "IPAddress",
    )
)  # fmt: skip


class KubectlError(Exception):
    """kubectl itself stops; the text is what it prints behind ``error:``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    Parameters
    ----------
    lines : tuple of str
        What goes to stdout.
    warnings : tuple of str
        What goes to stderr behind ``Warning:``.
    error : Exception, optional
        Why it failed.
    patch : str
        What kubectl says it was patching, where it was.
    """

    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: ApiError | KubectlError | None = None
    patch: str = ""


def create_documents(
    cluster: Cluster, text: str | bytes, source: str, namespace: str, **options: Any
) -> Iterator[Outcome]:
    """Create the objects of a text one by one."""

    def act(item: Item, where: str) -> Outcome:
        if item.kind != "Service":
            return Outcome((str(cluster.create_item(item, where)),))
        service = cluster.create(item.value, namespace=where, **options)
        return Outcome((f"service/{service.name} created",), cluster.warnings)

    return _each(text, source, namespace, "create", act)


def apply_documents(cluster: Cluster, text: str | bytes, source: str, namespace: str) -> Iterator[Outcome]:
    """Apply the objects of a text one by one."""

    def act(item: Item, where: str) -> Outcome:
        if not (item.value.get("metadata") or {}).get("name"):
            raise KubectlError(
                f"error when retrieving current configuration of:\n{_identity(item, where)}\n"
                f'from server for: "{source}": resource name may not be empty'
            )
        patch = _patch_context(cluster, item, where)
        try:
            result = cluster.apply_item(item, where)
        except ApiError as error:
            return Outcome(error=error, patch=patch)
        return Outcome((str(result),), result.warnings)

    return _each(text, source, namespace, "apply", act)


def _each(
    text: str | bytes, source: str, namespace: str, verb: str, act: Callable[[Item, str], Outcome]
) -> Iterator[Outcome]:
    empty = True
    try:
        for value in _values(text, source):
            empty = False
            try:
                yield act(*_item(value, source, namespace))
            except ApiError as error:
                yield Outcome(error=error)
    except KubectlError as error:
        yield Outcome(error=error)
        return
    if empty:
        yield Outcome(error=KubectlError(f"no objects passed to {verb}"))


def _values(text: str | bytes, source: str) -> Iterator[Any]:
    """Parse the documents; empty ones are passed over, lists taken apart."""
    try:
        for document in split(text):
            value = parse(document).value
            if value is None:
                continue
            if isinstance(value, Mapping) and str(value.get("kind")).endswith("List") and "items" in value:
                yield from value["items"] or ()
            else:
                yield value
    except ManifestError as error:
        raise KubectlError(f"error parsing {source}: error converting YAML to JSON: {error.message}") from None


def _item(value: Any, source: str, namespace: str) -> tuple[Item, str]:
    """Make kubectl's own checks, in its order, and find out where the object goes."""
    advice = "if you choose to ignore these errors, turn validation off with --validate=false"
    problems = list(_schema_problems(value))
    if problems:
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise KubectlError(f'error validating "{source}": error validating data: {listed}; {advice}')
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
    return Item(known, value), metadata.get("namespace") or namespace


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
    name = (item.value.get("metadata") or {}).get("name") or ""
    return (
        f'Resource: "{group}/{version}, Resource={plural}", GroupVersionKind: "{group}/{version}, Kind={item.kind}"\n'
        f'Name: "{name}", Namespace: "{namespace}"'
    )
