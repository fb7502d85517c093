"""``kubectl get`` and ``kubectl describe``.

Sources: ``pkg/cmd/get/get.go``, ``pkg/cmd/describe/describe.go`` (kubectl).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..api.errors import ApiError
from ..api.service import Service
from ..api.strategic_patch import go_map, go_type
from ..model import Cluster
from . import printers
from . import serialization as wire
from .describe import describe_service
from .event_series import sightings
from .flags import Options
from .jsonpath import find, path_of
from .outputs import check_format, custom_columns, whole
from .resources import Resource, find_resource, requests
from .result import Completed, KubectlError
from .tabwriter import pairs, table

__all__ = ["describe", "get"]

NO_TYPE = """You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of \
supported resources.

error: Required resource not specified.
Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).
See 'kubectl get -h' for help and examples
"""
DEPRECATED = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n"

Found = list[tuple[Resource, Any]]


def get(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Print objects: a table, or their text.

    Parameters
    ----------
    cluster : Cluster
        Where to look.
    options : Options
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
    if options.show_labels and options.output not in ("", "wide"):
        raise KubectlError(f"--show-labels option cannot be used with {options.output} printer")
    if options.watch or options.watch_only:
        raise KubectlError("nothing moves while kubectl waits: call cluster.advance(SECONDS), then ask again")
    asked = requests(options.args)
    by_name = _check_names(options, asked)
    found, errors = look_up(cluster, asked, options)
    if options.ignore_not_found:
        errors = [error for error in errors if not (isinstance(error, ApiError) and error.code == 404)]
    stderr = DEPRECATED if any(resource.kind == "Endpoints" for resource, _ in asked) else ""
    single = by_name and len(asked) == 1 and len(asked[0][1]) == 1
    told = "".join(map(_told, errors))
    if single and errors:
        return Completed(1, "", stderr + told)
    form = check_format(options.output, tables=True) if options.output else ""
    told_more = ""
    if options.sort_by and form in ("", "wide"):
        found = _sorted_rows(cluster, found, options.sort_by, requests=sum(len(names) or 1 for _, names in asked))
    elif options.sort_by:
        found = _sorted_by(cluster, found, path_of(options.sort_by))
    written = [resource.to_dict(cluster, shown) for resource, shown in found]
    if form == "custom-columns":
        stdout, problem = custom_columns(options.output, written, headers=not options.no_headers)
        told_more = f"error: {problem}\n" if problem else ""
    elif form == "name":
        stdout = "".join(f"{resource.qualified}/{shown.name}\n" for resource, shown in found)
    elif form not in ("", "wide"):
        nothing = options.ignore_not_found and not found and by_name
        stdout = "" if nothing else whole(options.output, written[0] if single and written else wire.listed(written))
    else:
        several = len({resource.kind for resource, _ in asked}) > 1
        stdout = _tables(cluster, found, options, prefixed=options.show_kind or several)
        if not found and not errors and not options.ignore_not_found:
            everywhere = options.all_namespaces or not any(resource.namespaced for resource, _ in asked)
            told = f"No resources found{'' if everywhere else f' in {options.namespace} namespace.'}\n"
    return Completed(1 if errors or told_more else 0, stdout, stderr + told + told_more)


def _told(error: ApiError | KubectlError) -> str:
    return printers.error(error) if isinstance(error, ApiError) else f"error: {error}\n"


def _check_names(options: Options, asked: Sequence[tuple[Resource, list[str]]]) -> bool:
    """Return True if names were given, which some flags do not go with."""
    by_name = any(names for _, names in asked)
    if by_name and options.all_namespaces:
        raise KubectlError("a resource cannot be retrieved by name across all namespaces")
    if by_name and (options.selector or vars(options).get("field_selector")):
        typed = any("/" in word for word in options.args)
        raise KubectlError(
            "selectors and the all flag cannot be used when passing resource/name arguments"
            if typed
            else "name cannot be provided when a selector is specified"
        )
    return by_name


def _sorted_rows(cluster: Cluster, found: Found, path: str, *, requests: int) -> Found:
    """Sort the rows of a table.

    kubectl sorts inside of one table, and says nothing of a path that leads nowhere: it prints no row. Of several
    tables it would sort the tables, which have no such field.
    """
    if requests > 1:
        raise KubectlError(f'couldn\'t find any field with path "{{{path_of(path)}}}" in the list of objects')
    if len(found) < 2:
        return found
    try:
        return _sorted_by(cluster, found, path_of(path))
    except _CannotSort:
        raise
    except KubectlError:
        return []


class _CannotSort(KubectlError):
    """A field is a list or a map."""


UNSORTABLE = "Field {{{}}} in [][][]reflect.Value is an unsortable type: interface, err: unsortable type: {}"


def _sorted_by(cluster: Cluster, found: Found, path: str) -> Found:
    """Sort objects by a field; those without it come first, and numbers in texts count as numbers."""
    keyed: list[tuple[tuple[Any, ...], tuple[Resource, Any]]] = []
    for resource, shown in found:
        values = find(path, resource.to_dict(cluster, shown))
        if len(found) > 1 and values and isinstance(values[0], dict | list):
            raise _CannotSort(UNSORTABLE.format(path, go_type(values[0])))
        keyed.append((_natural(values[0]) if values else (), (resource, shown)))
    if keyed and not any(key for key, _ in keyed):
        raise KubectlError(f'couldn\'t find any field with path "{{{path}}}" in the list of objects')
    if len(keyed) > INSERTED or all(key for key, _ in keyed):
        return [pair for _, pair in sorted(keyed, key=lambda pair: pair[0])]
    return [pair for _, pair in _inserted(keyed)]


INSERTED = 12  # how many entries Go's sort.Sort puts in place one by one


def _inserted(keyed: list[tuple[tuple[Any, ...], Any]]) -> list[tuple[tuple[Any, ...], Any]]:
    """Sort as Go's insertion sort with kubectl's ``Less``, for which what lacks the field is less than all else."""
    rows = list(keyed)
    for start in range(1, len(rows)):
        place = start
        while place > 0 and (not rows[place][0] or (rows[place - 1][0] and rows[place][0] < rows[place - 1][0])):
            rows[place - 1], rows[place] = rows[place], rows[place - 1]
            place -= 1
    return rows


def _natural(value: Any) -> tuple[Any, ...]:
    """Return a key for `sorted`: types apart from each other, texts with their numbers as numbers."""
    if isinstance(value, bool | int | float):
        return (0, float(value))
    parts = re.split(r"(\d+)", value if isinstance(value, str) else go_map(value))
    return (1, *((1, int(part), "") if part.isdigit() else (2, 0, part) for part in parts if part))


def look_up(
    cluster: Cluster, asked: Sequence[tuple[Resource, list[str]]], options: Options
) -> tuple[Found, list[ApiError | KubectlError]]:
    """Find the objects that are asked for, and an error for each that does not exist."""
    found: Found = []
    errors: list[ApiError | KubectlError] = []
    fields = vars(options).get("field_selector", "")
    scope = None if getattr(options, "all_namespaces", False) else options.namespace
    for resource, names in asked:
        if not names:
            found += [(resource, shown) for shown in resource.listed(cluster, scope, options.selector, fields)]
        for name in names:
            try:
                found.append((resource, resource.get(cluster, options.namespace, name)))
            except (ApiError, KubectlError) as error:
                errors.append(error)
    return found, errors


def _tables(cluster: Cluster, found: Found, options: Options, *, prefixed: bool) -> str:
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
            labels = getattr(shown, "labels", {})
            cells += [labels.get(key, "") for key in options.label_columns]
            if options.show_labels:
                cells.append(pairs(labels.items()))
            rows.append([shown.namespace, *cells] if options.all_namespaces and resource.namespaced else cells)
        head += [key.rpartition("/")[2].upper() for key in options.label_columns]
        head += ["LABELS"] if options.show_labels else []
        if options.all_namespaces and resource.namespaced:
            head.insert(0, "NAMESPACE")
        tables.append(table(head, rows, headers=not options.no_headers))
    return ("" if options.no_headers else "\n").join(tables)


def describe(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Describe Services; a name that does not exist is taken for the beginning of one.

    Parameters
    ----------
    cluster : Cluster
        Where to look.
    options : Options
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
    _check_names(options, asked)
    found, errors = look_up(cluster, asked, options)
    by_prefix = False
    missing = [error for error in errors if isinstance(error, ApiError)]
    if not found and len(missing) == len(errors) == 1 and len(asked) == 1 and "/" not in options.args[0]:
        beginning = asked[0][1][0]
        found = [(service, s) for s in service.listed(cluster, options.namespace) if s.name.startswith(beginning)]
        errors = [] if found else errors
        by_prefix = bool(found)
    # kubectl shows events only with one object that was named or is alone.
    with_events = options.show_events and ("show-events" in options.changed or (len(found) == 1 and not by_prefix))
    texts = [_described(cluster, shown, with_events=with_events) for _, shown in found]
    stderr = "".join(map(_told, errors))
    if not found and not errors:
        where = "" if options.all_namespaces else f" in {options.namespace} namespace."
        stderr = f"No resources found{where}\n"
    stdout = "".join(f"{text}\n" for text in texts) if by_prefix else "\n\n".join(texts)
    return Completed(1 if errors else 0, stdout, stderr)


def _described(cluster: Cluster, service: Service, *, with_events: bool) -> str:
    slices = cluster.store.slices(service)
    if not with_events:
        return describe_service(service, slices, None, cluster.now_s)
    about = [
        seen
        for seen in sightings(cluster.events)
        # An event belongs to the object, not to the name: one that was deleted takes its events along.
        if (seen.namespace, seen.event.object) == (service.namespace, f"service/{service.name}")
        and seen.last_s >= service.created_s
    ]
    return describe_service(service, slices, about, cluster.now_s)
