"""What ``kubectl apply`` does with one Service: ask whether it is there, then create it or patch the difference.

Sources: ``pkg/cmd/apply/{apply,patcher}.go``, ``pkg/util/apply.go`` (kubectl).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..api.errors import ApiError, go_value
from ..api.service import LAST_APPLIED, Service
from ..api.three_way_patch import sorted_keys, three_way_patch, without_nulls
from .apiserver import ApiServer
from .clock import timestamp

__all__ = [
    "Applied",
    "apply_service",
    "last_applied",
    "live_object",
    "updated_last_applied",
    "with_last_applied",
    "without_version",
]

Json = dict[str, Any]

MISSING_ANNOTATION = (
    "resource services/{} is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is required "
    "by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create "
    "--save-config or kubectl apply. The missing annotation will be patched automatically."
)
BEING_DELETED = "Detected changes to resource {} which is currently being deleted."


@dataclass(frozen=True, slots=True)
class Applied:
    """What ``kubectl apply`` did to one Service.

    Parameters
    ----------
    verb : str
        ``created``, ``configured`` or ``unchanged``.
    service : Service
        The object afterwards.
    warnings : tuple of str
        What kubectl and the server advised against.

    Examples
    --------
    >>> Applied("unchanged", Service("web"), ()).verb
    'unchanged'
    """

    verb: str
    service: Service
    warnings: tuple[str, ...]


def apply_service(
    api: ApiServer,
    manifest: Mapping[str, Any],
    namespace: str,
    *,
    field_validation: str = "Strict",
    dry_run: bool = False,
) -> Applied:
    """Create a Service, or patch what is different.

    Examples
    --------
    >>> import random
    >>> from k8sexpose.api.allocation import ip_pool, port_pool
    >>> from k8sexpose.cluster.store import Store
    >>> api = ApiServer(Store(), port_pool(30000, 32767), {"IPv4": ip_pool("10.96.0.0/16")}, random.Random(0))
    >>> web = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    >>> [apply_service(api, web, "default").verb for _ in range(2)]
    ['created', 'unchanged']
    """
    asked: dict[str, Any] = {"field_validation": field_validation, "dry_run": dry_run}
    api.warnings = ()
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    namespace, name = metadata.get("namespace") or namespace, metadata.get("name")
    readable_key = isinstance(name, str) and isinstance(namespace, str)
    old = api.store.services.get((str(namespace), str(name))) if readable_key else None
    sent = with_last_applied(manifest, namespace)
    if old is None:
        service = api.create(without_version(without_nulls(sent)), namespace=namespace, **asked)
        return Applied("created", service, api.warnings)
    warnings: tuple[str, ...] = () if LAST_APPLIED in old.annotations else (MISSING_ANNOTATION.format(old.name),)
    service, verb = old, "unchanged"
    try:
        live = live_object(old)
        patch = three_way_patch(last_applied(live), sent, live)
        if patch:
            service, verb = api.patch(old.name, patch, namespace=namespace, **asked), "configured"
            warnings += api.warnings
    except ApiError as error:
        error.warnings = warnings + error.warnings
        raise
    deleting = (BEING_DELETED.format(old.name),) if service.deletion_timestamp else ()
    return Applied(verb, service, warnings + deleting)


def live_object(service: Service) -> Json:
    """Return a Service as the server gives it to kubectl."""
    made = service.to_dict(bookkeeping=True)
    identity = {"uid": service.uid, "resourceVersion": service.resource_version}
    known = {name: value for name, value in identity.items() if value}
    return {**made, "metadata": {**made["metadata"], **known, "creationTimestamp": timestamp(service.created_s)}}


# -- kubectl's annotation ----------------------------------------------------------------------------------------------


def with_last_applied(manifest: Mapping[str, Any], namespace: str) -> Json:
    """Add kubectl's bookkeeping annotation to a manifest, if its metadata can be read.

    Examples
    --------
    >>> sent = with_last_applied({"metadata": {"name": "web"}}, "default")
    >>> print(sent["metadata"]["annotations"][LAST_APPLIED], end="")
    {"metadata":{"annotations":{},"name":"web","namespace":"default"}}
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("annotations"), Mapping | None):
        return dict(manifest)
    # An annotation that is null becomes an empty text (GetAnnotations in pkg/apis/meta/v1/unstructured, apimachinery).
    given = {key: "" if value is None else value for key, value in (metadata.get("annotations") or {}).items()}
    annotations = {key: value for key, value in given.items() if key != LAST_APPLIED}
    metadata = {**metadata, "namespace": metadata.get("namespace") or namespace, "annotations": annotations}
    bare = sorted_keys({**manifest, "metadata": metadata})
    text = go_value(bare) + "\n"
    return {**bare, "metadata": {**bare["metadata"], "annotations": {**annotations, LAST_APPLIED: text}}}


def without_version(manifest: Mapping[str, Any]) -> Json:
    """Take out the resourceVersion, as kubectl does with every object that it creates (``Helper.CreateWithOptions``).

    Examples
    --------
    >>> without_version({"metadata": {"name": "web", "resourceVersion": "5"}})
    {'metadata': {'name': 'web'}}
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("resourceVersion"), str):
        return dict(manifest)
    return {**manifest, "metadata": {key: value for key, value in metadata.items() if key != "resourceVersion"}}


def updated_last_applied(manifest: Mapping[str, Any], namespace: str) -> Json:
    """Bring the annotation up to date if the manifest has it, as ``kubectl replace`` does.

    Examples
    --------
    >>> updated_last_applied({"metadata": {"name": "web"}}, "default")
    {'metadata': {'name': 'web'}}
    """
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    marked = isinstance(annotations, Mapping) and LAST_APPLIED in annotations
    return with_last_applied(manifest, namespace) if marked else dict(manifest)


def last_applied(live: Mapping[str, Any]) -> Json:
    """Return the manifest that was applied last; empty where the object was not made by apply.

    Examples
    --------
    >>> last_applied({"metadata": {"name": "web"}})
    {}
    """
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        value = {}
    return value if isinstance(value, dict) else {}
