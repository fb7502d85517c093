"""The API server's verbs for Services: create, replace, patch, delete, and the write to the status.

Each verb answers as the real server does, with the object or with an `ApiError`; after an error the store is as it
was before.

Sources: ``staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go``, ``…/endpoints/handlers/patch.go``,
``pkg/registry/core/service/storage/storage.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..api import registry
from ..api.allocation import Allocator, Pool
from ..api.errors import (
    ApiError,
    already_exists,
    bad_request,
    conflict,
    go_quote,
    invalid_object,
    not_found,
    plain_error,
)  # fmt: skip
from ..api.manifest import plain
from ..api.patch_body import patched_service
from ..api.request_body import check_field_validation, read_body
from ..api.service import Service, ingress_from, set_defaults
from ..api.service_warnings import service_warnings
from ..api.validation import status_errors
from .clock import timestamp
from .store import Store

__all__ = ["ApiServer"]


FIRST_REVISION = 1000  # of the store, as after the start of a real server: what people write down by hand is older
MAX_DIGITS = 20
PATCH_TYPES = ("strategic", "merge", "json")


class ApiServer:
    """The part of kube-apiserver that keeps Services.

    Parameters
    ----------
    store : Store
        Where objects are kept.
    ports : Pool
        The node port range.
    ips : mapping of str to Pool
        The cluster IP range of each IP family, the primary one first.
    rng : random.Random
        Source of automatic picks.
    namespaces : iterable of str, optional
        The namespaces that exist; None for all.

    Examples
    --------
    >>> from k8sexpose.api.allocation import ip_pool, port_pool
    >>> server = ApiServer(Store(), port_pool(30000, 32767), {"IPv4": ip_pool("10.96.0.0/16")}, random.Random(0))
    >>> server.create("{metadata: {name: web}, spec: {ports: [{port: 80}]}}").type
    'ClusterIP'
    """

    def __init__(
        self,
        store: Store,
        ports: Pool,
        ips: Mapping[str, Pool],
        rng: random.Random,
        namespaces: Iterable[str] | None = None,
    ) -> None:
        self.store = store
        self.ports = ports
        self.ips = ips
        self.rng = rng
        self.namespaces = None if namespaces is None else frozenset(namespaces)
        self.warnings: tuple[str, ...] = ()
        self.now_s = 0.0
        self.revision = FIRST_REVISION

    def create(
        self,
        manifest: str | bytes | Mapping[str, Any],
        *,
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """POST a Service.

        Parameters
        ----------
        manifest : str, bytes or mapping
            YAML or JSON text, or plain objects.
        namespace : str
            Namespace in the URL.
        field_validation : str
            ``Strict``, ``Warn`` or ``Ignore``.
        dry_run : bool
            Answer, but store nothing.
        """
        with self._warned():
            service = self._read(manifest, namespace, field_validation)
            return self._create(service, dry_run, posted=True)

    def replace(
        self,
        manifest: str | bytes | Mapping[str, Any],
        *,
        name: str | None = None,
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """PUT a Service: the whole object; one that does not exist is created.

        Parameters
        ----------
        manifest : str, bytes or mapping
            YAML or JSON text, or plain objects.
        name : str, optional
            Name in the URL; None for the one in the manifest.
        namespace, field_validation, dry_run
            As for `create`.
        """
        with self._warned():
            service = self._read(manifest, namespace, field_validation)
            _check_name(service, service.name if name is None else name)
            old = self.store.services.get((service.namespace, service.name))
            if service.uid and service.uid != (old.uid if old is not None else ""):
                raise conflict(service.name, _UID_CONFLICT.format(service.key, service.uid, old.uid if old else ""))
            if old is not None:
                return self._update(service, old, dry_run)
            _version(service)
            return self._create(service, dry_run)

    def patch(
        self,
        name: str,
        patch: Any,
        *,
        patch_type: str = "strategic",
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """PATCH a Service.

        Parameters
        ----------
        name, namespace : str
            Which Service.
        patch : mapping, or sequence for a JSON patch
            What to change; None takes a field out.
        patch_type : str
            ``strategic``, ``merge`` (RFC 7386) or ``json`` (RFC 6902).
        field_validation, dry_run
            As for `create`.
        """
        if patch_type not in PATCH_TYPES:
            raise ValueError(f"patch_type is one of {', '.join(PATCH_TYPES)}, not {patch_type!r}")
        check_field_validation(field_validation)
        with self._warned():
            old = self._existing(name, namespace)
            patched = patched_service(_live(old), plain(patch), patch_type, field_validation)
            self.warnings = patched.warnings
            given = (patched.value.get("metadata") or {}).get("namespace")
            if given and given != old.namespace:
                raise bad_request(OTHER_NAMESPACE)
            service = replace(Service.from_dict(patched.value), namespace=old.namespace)
            _check_name(service, name)
            return self._update(service, old, dry_run, " after mutating admission happens")

    def delete(self, name: str, *, namespace: str = "default") -> Service | None:
        """DELETE a Service; one that a finalizer holds stays, marked as being deleted."""
        self.warnings = ()
        old = self._existing(name, namespace)
        if old.finalizers:
            since = old.deletion_timestamp or timestamp(self.now_s)
            return self._put(replace(old, deletion_timestamp=since, deletion_grace_period_s=0), old)
        self.store.delete_service((old.namespace, old.name))
        return None

    def set_load_balancer(
        self, name: str, ingress: Sequence[Mapping[str, Any]], *, namespace: str = "default"
    ) -> Service:
        """Write ``status.loadBalancer.ingress``, as a cloud controller does."""
        self.warnings = ()
        old = self._existing(name, namespace)
        service = set_defaults(replace(old, load_balancer_ingress=ingress_from(ingress)))
        errors = status_errors(old, service.load_balancer_ingress)
        if errors:
            raise invalid_object("Service", old.name, errors)
        return self._put(service, old)

    # -- the common part ------------------------------------------------------------------------------------------

    def _read(self, manifest: str | bytes | Mapping[str, Any], namespace: str, field_validation: str) -> Service:
        body = read_body(manifest, field_validation)
        self.warnings = body.warnings
        given = (body.value.get("metadata") or {}).get("namespace")
        if given and given != namespace:
            raise bad_request(OTHER_NAMESPACE)
        self.check_namespace(namespace)
        return replace(Service.from_dict(body.value), namespace=namespace)

    def check_namespace(self, namespace: str) -> None:
        """Refuse a namespace that does not exist."""
        if self.namespaces is not None and namespace not in self.namespaces:
            raise not_found("namespaces", namespace)

    def _create(self, service: Service, dry_run: bool, *, posted: bool = False) -> Service:
        service = self._owners_once(service)
        versioned = re.fullmatch("0*[1-9][0-9]*", service.resource_version)
        generated = bool(service.generate_name)
        service = replace(service, created_s=self.now_s, uid="", resource_version="")
        service = registry.create(service, self._allocator(dry_run))
        self.warnings += service_warnings(service)
        if (service.namespace, service.name) in self.store.services:
            raise already_exists(service.name, generated=generated)
        if posted and versioned and not dry_run:
            raise plain_error("resourceVersion should not be set on objects to be created")
        service = replace(service, uid=self._new_uid(service))
        return service if dry_run else self._put(service, None)

    def _update(self, service: Service, old: Service, dry_run: bool, when: str = "") -> Service:
        service = self._owners_once(service, when)
        if service.resource_version != old.resource_version and _version(service) != 0:
            raise conflict(service.name, _MODIFIED)
        service = registry.update(
            replace(service, resource_version=old.resource_version), old, self._allocator(dry_run)
        )
        self.warnings += service_warnings(service)
        if dry_run:
            return service
        if service.deletion_timestamp and not service.finalizers:
            self.store.delete_service((service.namespace, service.name))
            return service
        return self._put(service, old)

    def _put(self, service: Service, old: Service | None) -> Service:
        """Store a Service; where anything has changed, it gets the next resourceVersion."""
        if service != old:
            self.revision += 1
            service = replace(service, resource_version=str(self.revision))
        self.store.put_service(service)
        return service

    def _owners_once(self, service: Service, when: str = "") -> Service:
        """Take out repeated owner references, with a warning."""
        once = tuple(dict.fromkeys(service.owner_references))
        if len(once) < len(service.owner_references):
            again = list(service.owner_references)
            for owner in once:
                again.remove(owner)
            self.warnings += (_OWNERS_TWICE.format(when, ", ".join(owner.uid for owner in again)),)
        return replace(service, owner_references=once)

    def _new_uid(self, service: Service) -> str:
        """Make the identity of a new object from what tells it apart, so that a seed gives the same ones again."""
        bits = random.Random(f"{service.key} {self.now_s} {self.revision}").getrandbits(128)
        digits = f"{bits:032x}"
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def _existing(self, name: str, namespace: str) -> Service:
        service = self.store.services.get((namespace, name))
        if service is None:
            raise not_found("services", name)
        return service

    def _allocator(self, dry_run: bool) -> Allocator:
        store = self.store
        return Allocator(self.ports, self.ips, store.port_in_use, store.ip_in_use, self.rng, dry_run)

    @contextmanager
    def _warned(self) -> Iterator[None]:
        """Start an answer: its warnings go along with a refusal, too."""
        self.warnings = ()
        try:
            yield
        except ApiError as error:
            error.warnings = self.warnings
            raise


OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_UID_CONFLICT = (
    "StorageError: invalid object, Code: 4, Key: /registry/services/specs/{}, ResourceVersion: 0, "
    "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}"
)
_OWNERS_TWICE = (
    ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in 1.20+, and may "
    "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}"
)


def _check_name(service: Service, name: str) -> None:
    """Check the name in an object against the one in the URL."""
    if not service.name:
        why = "was undeterminable: name must be provided"
        raise bad_request(f"the name of the object ({name} based on URL) {why}")
    if service.name != name:
        raise bad_request(f"the name of the object ({service.name}) does not match the name on the URL ({name})")


def _version(service: Service) -> int:
    """Return the resourceVersion of a request as a number, 0 if it names none; one that is no number is an error."""
    text = service.resource_version
    if re.fullmatch("[0-9]*", text) and len(text) < MAX_DIGITS:
        return int(text or "0")
    why = "value out of range" if re.fullmatch("[0-9]+", text) else "invalid syntax"
    raise plain_error(f"strconv.ParseUint: parsing {go_quote(text)}: {why}")


def _live(service: Service) -> dict[str, Any]:
    """Return the stored object that a patch is laid over."""
    made = service.to_dict(stored=True)
    metadata, created = made["metadata"], {"creationTimestamp": timestamp(service.created_s)}
    first = {key: metadata[key] for key in ("name", "generateName", "namespace", "uid", "resourceVersion", "generation")
             if key in metadata}  # fmt: skip
    return {**made, "metadata": {**first, **created, **metadata}}
