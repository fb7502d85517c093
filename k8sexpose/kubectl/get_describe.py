"""``kubectl get`` and ``kubectl describe``.

Sources: ``pkg/cmd/get/get.go``, ``pkg/cmd/describe/describe.go`` (kubectl).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..api.errors import ApiError
from ..model import Cluster
from . import printers
from . import serialization as wire
from .describe import describe_service
from .event_series import sightings
from .resources import Resource, find_resource, requests
from .result import Completed, KubectlError
from .tabwriter import pairs, table

__all__ = ["describe", "get"]

FORMATS = ("json", "name", "wide", "yaml")
NO_TYPE = """You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of \
supported resources.

error: Required resource not specified.
Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).
See 'kubectl get -h' for help and examples
"""
DEPRECATED = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n"

Found = list[tuple[Resource, Any]]


def get(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Print objects: a table, or their text.

    Parameters
    ----------
    cluster : Cluster
        Where to look.
    options : argparse.Namespace
        ``args``, ``output``, ``namespace``, ``all_namespaces``, ``selector``, ``no_headers``, ``show_labels``.
    stdin : str
        Not used.

    Returns
    -------
    Completed
        What kubectl prints.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> run(Cluster(nodes=2), "get nodes,svc -o name").stdout.split()
    ['node/node-1', 'node/node-2', 'service/kubernetes']
    """
    if not options.args:
        return Completed(1, "", NO_TYPE)
    if options.watch:
        raise KubectlError("nothing moves while kubectl waits: call cluster.advance(SECONDS), then ask again")
    if options.output not in ("", *FORMATS):
        raise KubectlError(
            f'unable to match a printer suitable for the output format "{options.output}", '
            f"allowed formats are: {','.join(FORMATS)}"
        )
    asked = requests(options.args)
    by_name = any(names for _, names in asked)
    if by_name and options.all_namespaces:
        raise KubectlError("a resource cannot be retrieved by name across all namespaces")
    if by_name and options.selector:
        raise KubectlError("selectors and the all flag cannot be used when passing resource/name arguments")
    found, errors = look_up(cluster, asked, options)
    stderr = DEPRECATED if any(resource.kind == "Endpoints" for resource, _ in asked) else ""
    stderr += "".join(printers.error(error) for error in errors)
    if options.output in ("json", "yaml"):
        single = by_name and len(asked) == 1 and len(asked[0][1]) == 1
        stdout = "" if errors and not found else _text(cluster, found, options.output, single=single)
    elif options.output == "name":
        stdout = "".join(f"{resource.qualified}/{shown.name}\n" for resource, shown in found)
    else:
        stdout = _tables(cluster, found, options, prefixed=len({resource.kind for resource, _ in asked}) > 1)
        if not found and not errors:
            everywhere = options.all_namespaces or not any(resource.namespaced for resource, _ in asked)
            stderr += f"No resources found{'' if everywhere else f' in {options.namespace} namespace.'}\n"
    return Completed(1 if errors else 0, stdout, stderr)


def look_up(
    cluster: Cluster, asked: Sequence[tuple[Resource, list[str]]], options: argparse.Namespace
) -> tuple[Found, list[ApiError]]:
    """Find the objects that are asked for, and an error for each that does not exist."""
    found: Found = []
    errors = []
    scope = None if getattr(options, "all_namespaces", False) else options.namespace
    for resource, names in asked:
        if not names:
            found += [(resource, shown) for shown in resource.listed(cluster, scope, options.selector)]
        for name in names:
            try:
                found.append((resource, resource.get(cluster, options.namespace, name)))
            except ApiError as error:
                errors.append(error)
    return found, errors


def _text(cluster: Cluster, found: Found, output: str, *, single: bool) -> str:
    written = [resource.to_dict(cluster, shown) for resource, shown in found]
    value = written[0] if single else wire.listed(written)
    return wire.to_json(value) if output == "json" else wire.to_yaml(value)


def _tables(cluster: Cluster, found: Found, options: argparse.Namespace, *, prefixed: bool) -> str:
    """Print one table for each type, a blank line between them; several types put their names before the objects'."""
    tables = []
    for resource in dict.fromkeys(resource for resource, _ in found):
        wide = options.output == "wide"
        head = list((printers.WIDE_COLUMNS if wide else {}).get(resource.kind, printers.COLUMNS[resource.kind]))
        place = head.index("NAME") if "NAME" in head else None
        rows = []
        for shown in (shown for kind, shown in found if kind is resource):
            cells = resource.cells(cluster, shown, wide)
            if prefixed and place is not None:
                cells[place] = f"{resource.qualified}/{cells[place]}"
            if options.show_labels:
                cells.append(pairs(getattr(shown, "labels", {}).items()))
            rows.append([shown.namespace, *cells] if options.all_namespaces and resource.namespaced else cells)
        head += ["LABELS"] if options.show_labels else []
        if options.all_namespaces and resource.namespaced:
            head.insert(0, "NAMESPACE")
        tables.append(table(head, rows, headers=not options.no_headers))
    return ("" if options.no_headers else "\n").join(tables)


def describe(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Describe Services; a name that does not exist is taken for the beginning of one.

    Parameters
    ----------
    cluster : Cluster
        Where to look.
    options : argparse.Namespace
        ``args``, ``namespace``, ``all_namespaces``, ``selector``.
    stdin : str
        Not used.

    Returns
    -------
    Completed
        What kubectl prints.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> run(Cluster(), "describe svc kubernetes").stdout.splitlines()[9]
    'IP:                       10.96.0.1'
    """
    if not options.args:
        raise KubectlError(
            'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of '
            "supported resources."
        )
    asked = requests(options.args)
    service = find_resource("services")
    if any(resource is not service for resource, _ in asked):
        other = next(resource for resource, _ in asked if resource is not service)
        raise KubectlError(f"k8sexpose describes Services only; use kubectl get {other.plural} -o yaml")
    found, errors = look_up(cluster, asked, options)
    if not found and len(errors) == 1 and len(asked) == 1 and "/" not in options.args[0]:
        beginning = asked[0][1][0]
        found = [(service, s) for s in service.listed(cluster, options.namespace) if s.name.startswith(beginning)]
        errors = [] if found else errors
    texts = [_described(cluster, shown) for _, shown in found]
    stderr = "".join(printers.error(error) for error in errors)
    if not found and not errors:
        where = "" if options.all_namespaces else f" in {options.namespace} namespace."
        stderr = f"No resources found{where}\n"
    return Completed(1 if errors else 0, "\n\n".join(texts), stderr)


def _described(cluster: Cluster, service: Any) -> str:
    about = [
        seen
        for seen in sightings(cluster.events)
        # An event belongs to the object, not to the name: one that was deleted takes its events along.
        if (seen.namespace, seen.event.object) == (service.namespace, f"service/{service.name}")
        and seen.last_s >= service.created_s
    ]
    return describe_service(service, cluster.store.slices(service), about, cluster.now_s)
