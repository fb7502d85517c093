"""The API server's verbs for Services: create, replace, patch, delete, and the write to the status.

Each verb answers as the real server does, with the object or with an `ApiError`; after an error the store is as it
was before.

Sources: ``staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go``, ``…/endpoints/handlers/patch.go``,
``pkg/registry/core/service/storage/storage.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from . import registry
from .allocation import Allocator, Pool
from .apply import strategic_merge
from .decode import SERVICE, decode, go_map, json_word
from .errors import ApiError, bad_request, go_value, invalid, invalid_object, not_found
from .jsonpatch import json_patch, merge_patch
from .jsonvalue import plain
from .request import read_body
from .service import Service, ingress_from, set_defaults
from .status import status_errors
from .store import Store
from .warnings import service_warnings

__all__ = ["ApiServer"]


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
    >>> from k8sexpose.allocation import ip_pool, port_pool
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

        Returns
        -------
        Service
            The object as stored.

        Raises
        ------
        ApiError
            In the server's words; nothing has changed.
        """
        with self._warned():
            service = self._read(manifest, namespace, field_validation)
            service = registry.create(replace(service, created_s=self.now_s), self._allocator(dry_run))
            self.warnings += service_warnings(service)
            if (service.namespace, service.name) in self.store.services:
                raise ApiError(409, "AlreadyExists", f'services "{service.name}" already exists')
            if not dry_run:
                self.store.put_service(service)
            return service

    def replace(
        self,
        manifest: str | bytes | Mapping[str, Any],
        *,
        namespace: str = "default",
        field_validation: str = "Strict",
        dry_run: bool = False,
    ) -> Service:
        """PUT a Service: the whole object; one that does not exist is created."""
        with self._warned():
            service = self._read(manifest, namespace, field_validation)
            old = self.store.services.get((service.namespace, service.name))
            if old is not None:
                return self._update(service, old, dry_run)
        return self.create(manifest, namespace=namespace, field_validation=field_validation, dry_run=dry_run)

    def patch(
        self,
        name: str,
        patch: Mapping[str, Any] | Sequence[Any],
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

        Returns
        -------
        Service
            The object as stored.

        Raises
        ------
        ApiError
            In the server's words; nothing has changed.
        ValueError
            There is no such patch type.
        """
        self.warnings = ()
        old = self._existing(name, namespace)
        patched = _patched(old.to_dict(bookkeeping=True), patch, patch_type)
        decoded = decode(patched, SERVICE)
        strategic, problem = patch_type == "strategic", None
        if decoded.type_error:
            problem = _conversion_error(decoded.type_error) if strategic else decoded.type_error
        elif decoded.strict_errors and field_validation == "Strict":
            problem = "strict decoding error: " + ", ".join(decoded.strict_errors)
        if problem:
            shown = go_map(patch) if strategic else go_value(patched)
            raise invalid_object("", "", [invalid("patch", shown, problem)])
        if field_validation == "Warn":
            self.warnings += decoded.strict_errors
        service = Service.from_dict(decoded.value)
        if service.name != name or service.namespace != old.namespace:
            raise bad_request(f"the name of the object ({service.name}) does not match the name on the URL ({name})")
        return self._update(service, old, dry_run)

    def delete(self, name: str, *, namespace: str = "default") -> Service | None:
        """DELETE a Service; one that a finalizer holds stays, marked as being deleted.

        Returns
        -------
        Service or None
            The Service that is still there, or None.
        """
        self.warnings = ()
        old = self._existing(name, namespace)
        if old.finalizers:
            held = replace(old, deletion_timestamp=old.deletion_timestamp or timestamp(self.now_s))
            self.store.put_service(held)
            return held
        self.store.delete_service((old.namespace, old.name))
        return None

    def set_load_balancer(
        self, name: str, ingress: Sequence[Mapping[str, Any]], *, namespace: str = "default"
    ) -> Service:
        """Write ``status.loadBalancer.ingress``, as a cloud controller does.

        Returns
        -------
        Service
            The object as stored.
        """
        self.warnings = ()
        old = self._existing(name, namespace)
        service = set_defaults(replace(old, load_balancer_ingress=ingress_from(ingress)))
        errors = status_errors(old, service.load_balancer_ingress)
        if errors:
            raise invalid_object("Service", old.name, errors)
        self.store.put_service(service)
        return service

    # -- the common part ------------------------------------------------------------------------------------------

    def _read(self, manifest: str | bytes | Mapping[str, Any], namespace: str, field_validation: str) -> Service:
        body = read_body(manifest, field_validation)
        self.warnings = body.warnings
        given = (body.value.get("metadata") or {}).get("namespace")
        if given and given != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        self.check_namespace(namespace)
        return replace(Service.from_dict(body.value), namespace=namespace)

    def check_namespace(self, namespace: str) -> None:
        """Refuse a namespace that does not exist."""
        if self.namespaces is not None and namespace not in self.namespaces:
            raise not_found("namespaces", namespace)

    def _update(self, service: Service, old: Service, dry_run: bool) -> Service:
        service = registry.update(service, old, self._allocator(dry_run))
        self.warnings += service_warnings(service)
        if not dry_run:
            gone = service.deletion_timestamp and not service.finalizers
            if gone:
                self.store.delete_service((service.namespace, service.name))
            else:
                self.store.put_service(service)
        return service

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


def _patched(live: dict[str, Any], patch: Mapping[str, Any] | Sequence[Any], patch_type: str) -> dict[str, Any]:
    """Lay a patch over an object; a text of the wrong form is a bad request (``handlers/patch.go``)."""
    if patch_type not in PATCH_TYPES:
        raise ValueError(f"patch_type is one of {', '.join(PATCH_TYPES)}, not {patch_type!r}")
    patch = plain(patch)
    wanted = list if patch_type == "json" else Mapping
    if not isinstance(patch, wanted):
        word = json_word(patch)
        into = "jsonpatch.Patch" if patch_type == "json" else "map[string]interface {}"
        raise bad_request(f"json: cannot unmarshal {word} into Go value of type {into}")
    if isinstance(patch, Mapping):
        return strategic_merge(live, patch) if patch_type == "strategic" else merge_patch(live, patch)
    result = json_patch(live, patch)
    if not isinstance(result, dict):
        raise bad_request(f"json: cannot unmarshal {json_word(result)} into Go value of type v1.Service")
    return result


def _conversion_error(type_error: str) -> str:
    """Word a wrong type as the patch handler's converter does (``runtime/converter.go``)."""
    words, go_type = type_error.removeprefix("json: cannot unmarshal ").split(" ")[0], type_error.rsplit(" ", 1)[1]
    if go_type == "string" or go_type.startswith("v1."):
        source = {"number": "int64", "bool": "bool", "object": "map[string]interface {}"}.get(words, words)
        return f"cannot convert {source} to {'string' if go_type != 'string' else go_type}"
    return f"unrecognized type: {go_type}"


def timestamp(now_s: float) -> str:
    """Write cluster time as RFC 3339; the clock starts with the year 2026."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(now_s))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
