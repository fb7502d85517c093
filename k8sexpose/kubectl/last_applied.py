"""``kubectl apply set-last-applied`` and ``view-last-applied``: the annotation in which apply keeps a manifest.

Sources: ``pkg/cmd/apply/apply_{set,view}_last_applied.go`` (kubectl).
"""

from __future__ import annotations

from typing import Any

from ..api.errors import go_value
from ..api.service import LAST_APPLIED, Service
from ..api.three_way_patch import sorted_keys
from ..cluster.client_apply import last_applied
from ..model import Cluster
from . import serialization as wire
from .flags import Options
from .generators import HELP, written
from .inputs import inputs
from .manifest_files import Target, read_documents
from .resources import Resource, find_resource, named
from .result import Completed, KubectlError

__all__ = ["set_last_applied", "view_last_applied"]


def set_last_applied(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl apply set-last-applied -f``: write the annotation, and nothing else.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> cluster = Cluster()
    >>> _ = run(cluster, "create -f -", web)
    >>> print(run(cluster, "apply set-last-applied -f - --create-annotation", web).stdout, end="")
    service/web configured
    """
    stdout = ""
    for text, source in inputs(options, stdin):
        target = Target(source, options.namespace, bool(options.given_namespace))
        for item, namespace in read_documents(text, target):
            resource = find_resource(item.kind)
            name = (item.value.get("metadata") or {}).get("name") or ""
            found = resource.get(cluster, namespace, name)
            if not isinstance(found, Service):
                raise KubectlError(f"k8sexpose keeps annotations of Services only, not of {resource.plural}")
            if LAST_APPLIED not in found.annotations and not options.create_annotation:
                raise KubectlError(
                    f"no last-applied-configuration annotation found on resource: {name}, to create the annotation, "
                    "run the command with --create-annotation"
                )
            # Here kubectl takes the manifest as it is, where apply adds an empty map of annotations.
            metadata = {**item.value["metadata"], "namespace": namespace}
            annotation = go_value(sorted_keys({**item.value, "metadata": metadata})) + "\n"
            if found.annotations.get(LAST_APPLIED, "").strip() == annotation.strip():
                stdout += f"set-last-applied {name}: no changes required.\n"
                continue
            patch = {"metadata": {"annotations": {LAST_APPLIED: annotation}}}
            acted = cluster if options.dry_run == "none" else cluster.copy()
            after = acted.patch(name, patch, patch_type="merge", namespace=namespace)
            stdout += written(options, resource, name, "configured", resource.to_dict(acted, after), sort=True)
    return Completed(0, stdout, "")


def view_last_applied(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl apply view-last-applied``: print what was applied last.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> cluster = Cluster()
    >>> _ = run(cluster, "apply -f -", web)
    >>> print(run(cluster, "apply view-last-applied svc/web").stdout.splitlines()[1])
    kind: Service
    """
    if options.filename:
        found = _stored(cluster, options, stdin)
    else:
        asked = named(options.args)
        found = [(resource, resource.get(cluster, options.namespace, name), "") for resource, name in asked]
    stdout = ""
    for resource, stored, source in found:
        shown = last_applied(resource.to_dict(cluster, stored))
        if not shown and source:
            missing = f"no last-applied-configuration annotation found on resource: {stored.name}"
            raise KubectlError(f'error when {missing}\n "{source}": <nil>')
        if not shown:  # kubectl says nothing of it
            continue
        if options.output not in ("yaml", "json"):
            wanted = "the flag 'output' must be one of yaml|json"
            raise KubectlError(f"Unexpected -o output mode: {options.output}, {wanted}{HELP.format(options.verb)}")
        stdout += wire.to_yaml(shown) if options.output == "yaml" else wire.to_json(shown)
    return Completed(0, stdout, "")


def _stored(cluster: Cluster, options: Options, stdin: str) -> list[tuple[Resource, Any, str]]:
    """Find the stored objects of the manifests in files, and say which file each is in."""
    found: list[tuple[Resource, Any, str]] = []
    for text, source in inputs(options, stdin):
        for item, namespace in read_documents(text, Target(source, options.namespace)):
            name = (item.value.get("metadata") or {}).get("name") or ""
            resource = find_resource(item.kind)
            found.append((resource, resource.get(cluster, namespace, name), source))
    return found
