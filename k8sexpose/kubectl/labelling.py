"""``kubectl label`` and ``kubectl annotate``.

Sources: ``pkg/cmd/label/label.go``, ``pkg/cmd/annotate/annotate.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..api.errors import ApiError
from ..api.formats import label_value
from ..api.objects import ZONE_LABEL, Node, Pod
from ..model import Cluster
from . import printers
from .flags import Options
from .generators import written
from .resources import Resource, requests
from .result import Completed, KubectlError

__all__ = ["annotate", "label"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is asked for: values to set, and keys to take away."""

    given: dict[str, str]
    removed: tuple[str, ...]

    def of(self, before: Mapping[str, str]) -> dict[str, str]:
        """Return labels after the change."""
        return {key: value for key, value in (dict(before) | self.given).items() if key not in self.removed}

    def verb(self, before: Mapping[str, str]) -> str:
        """Say what is done to labels (``updateDataChangeMsg``)."""
        added = any(before.get(key) != value for key, value in self.given.items())
        removed = any(key in before for key in self.removed)
        if added and removed:
            return "modified"
        return "labeled" if added else "unlabeled" if removed else "not labeled"


def label(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Set or take away labels; a Pod that its Deployment no longer selects is replaced, and stays.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "label node node-1 disk=ssd").stdout, end="")
    node/node-1 labeled
    """
    asked, pairs = _words(options.args, "label")
    changes = _label_changes(pairs)
    _check(options, pairs, "label")

    def change(resource: Resource, name: str, acted: Cluster) -> str:
        shown = resource.get(acted, options.namespace, name)
        before = dict(shown.labels)
        _check_not_overwritten(before, changes, options)
        if options.list:
            return _listed(changes.of(before))
        missing = [key for key in changes.removed if key not in before and options.dry_run != "client"]
        told = "".join(f'label "{key}" not found.\n' for key in missing)
        after = resource.to_dict(acted, _relabel(acted, resource, shown, changes))
        if not changes.of(before):  # kubectl prints its own object here, with an empty map of labels
            after = {**after, "metadata": {**after["metadata"], "labels": {}}}
        return told + written(options, resource, name, changes.verb(before), after, sort=True)

    return _each(cluster, options, asked, change, "labels")


def annotate(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Set or take away annotations of Services.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "annotate svc kubernetes note=x").stdout, end="")
    service/kubernetes annotated
    """
    asked, pairs = _words(options.args, "annotation")
    changes = _annotation_changes(pairs)
    _check(options, pairs, "annotation")

    def change(resource: Resource, name: str, acted: Cluster) -> str:
        if resource.kind != "Service":
            raise KubectlError(f"k8sexpose annotates Services only, not {resource.plural}")
        service = resource.get(acted, options.namespace, name)
        before = dict(service.annotations)
        conflicts = _conflicts(before, changes, options)
        if conflicts:
            found = "--overwrite is false but found the following declared annotation(s)"
            raise KubectlError(f"{found}: {'; '.join(conflicts)}")
        if options.list:
            return _listed(changes.of(before))
        after = _patched(acted, service, "annotations", changes)
        return written(options, resource, name, "annotated", resource.to_dict(acted, after), sort=True)

    return _each(cluster, options, asked, change, "annotations")


def _check(options: Options, pairs: Sequence[str], what: str) -> None:
    """Check which flags go together."""
    if options.list and options.output:
        raise KubectlError("--list and --output may not be specified together")
    if options.all and options.selector:
        raise KubectlError("cannot set --all and --selector at the same time")
    if not pairs and not options.list:
        raise KubectlError(f"at least one {what} update is required")


class _Conflicts(KubectlError):
    """Several labels of one object have other values already."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"[{', '.join(lines)}]")
        self.lines = lines


def _each(
    cluster: Cluster,
    options: Options,
    asked: list[tuple[Resource, list[str]]],
    change: Callable[[Resource, str, Cluster], str],
    what: str,
) -> Completed:
    """Change the objects one by one; what fails is told in the end, and the others are still done."""
    acted = cluster if options.dry_run == "none" else cluster.copy()
    chosen: list[tuple[Resource, str]] = []
    for resource, names in asked:
        if options.selector and names:
            raise KubectlError("name cannot be provided when a selector is specified")
        if not names and not (options.all or options.selector):
            raise KubectlError("resource(s) were provided, but no name was specified")
        listed = names or [found.name for found in resource.listed(acted, options.namespace, options.selector)]
        chosen += [(resource, name) for name in listed]
    single = len(asked) == 1 and len(asked[0][1]) == 1
    stdout = ""
    errors: list[ApiError | KubectlError] = []
    for resource, name in chosen:
        try:
            text = change(resource, name, acted)
        except (ApiError, KubectlError) as error:
            errors.append(error)
            continue
        if options.list and not single:
            heading = f"Listing {what} for {resource.kind}.{resource.group}/{name}:\n"
            text = heading + "".join(f" {line}" for line in text.splitlines(keepends=True))
        stdout += text
    if len(errors) == 1 and isinstance(errors[0], _Conflicts):
        errors = [KubectlError(line) for line in errors[0].lines]
    return Completed(1 if errors else 0, stdout, printers.listed_errors(errors))


# -- the words ---------------------------------------------------------------------------------------------------------


def _words(args: Sequence[str], what: str) -> tuple[list[tuple[Resource, list[str]]], list[str]]:
    """Separate the objects from ``KEY=VALUE`` and ``KEY-``, which come last."""
    objects: list[str] = []
    pairs: list[str] = []
    for word in args:
        if ("=" in word and not word.startswith("=")) or (word.endswith("-") and len(word) > 1):
            pairs.append(word)
        elif pairs:
            raise KubectlError(f"all resources must be specified before {what} changes: {word}")
        else:
            objects.append(word)
    if not objects:
        raise KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    return requests(objects), pairs


def _label_changes(pairs: Sequence[str]) -> Changes:
    given: dict[str, str] = {}
    removed: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if "=" in value:
            raise KubectlError(f"invalid label spec: {pair}")
        if equals:
            if problems := label_value(value):
                raise KubectlError(f'invalid label value: "{pair}": {"; ".join(problems)}')
            given[key] = value
        else:
            removed.append(pair.removesuffix("-"))
    if set(given) & set(removed):
        raise KubectlError("can not both modify and remove a label in the same command")
    return Changes(given, tuple(removed))


def _annotation_changes(pairs: Sequence[str]) -> Changes:
    given = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if equals:
            given[key] = value
    removed = tuple(pair.removesuffix("-") for pair in pairs if "=" not in pair)
    both = sorted(set(given) & set(removed))
    if both:
        listed = ", ".join(both)
        raise KubectlError(f"can not both modify and remove the following annotation(s) in the same command: {listed}")
    return Changes(given, removed)


def _conflicts(before: Mapping[str, str], changes: Changes, options: Options) -> list[str]:
    changed = [key for key, value in sorted(changes.given.items()) if before.get(key, value) != value]
    return [] if options.overwrite else [f"'{key}' already has a value ({before[key]})" for key in changed]


def _check_not_overwritten(before: Mapping[str, str], changes: Changes, options: Options) -> None:
    conflicts = [f"{conflict}, and --overwrite is false" for conflict in _conflicts(before, changes, options)]
    if conflicts:
        raise _Conflicts(conflicts) if len(conflicts) > 1 else KubectlError(conflicts[0])


def _listed(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in sorted(values.items()))


# -- the change --------------------------------------------------------------------------------------------------------


def _relabel(cluster: Cluster, resource: Resource, shown: Any, changes: Changes) -> Any:
    """Store an object with other labels, and return it."""
    if resource.kind == "Service":
        return _patched(cluster, shown, "labels", changes)
    if isinstance(shown, Node):
        labels = changes.of(shown.labels)
        node = replace(shown, labels=labels, zone=labels.get(ZONE_LABEL))
        cluster.store.put_node(node)
        return node
    if isinstance(shown, Pod):
        return cluster.relabel_pod((shown.namespace, shown.name), changes.of(shown.labels))
    raise KubectlError(f"k8sexpose labels Services, Pods and nodes only, not {resource.plural}")


def _patched(cluster: Cluster, service: Any, field: str, changes: Changes) -> Any:
    values: dict[str, str | None] = {**changes.given, **dict.fromkeys(changes.removed)}
    patch = {"metadata": {field: values}}
    return cluster.patch(service.name, patch, patch_type="merge", namespace=service.namespace)
