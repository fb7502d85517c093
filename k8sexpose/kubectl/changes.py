"""The verbs that change objects: ``create -f``, ``apply``, ``replace``, ``patch``, ``delete``, ``scale``.

Sources: ``pkg/cmd/{create,apply,replace,patch,delete,scale}`` (kubectl).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..api.documents import read_text
from ..api.errors import ApiError, ManifestError
from ..api.manifest import parse
from ..model import Cluster
from . import printers
from .generators import DRY_RUN, HELP, create_deployment, create_service, written
from .manifest_files import Outcome, Target, apply_documents, create_documents, delete_documents, replace_documents
from .resources import Resource, find_resource, requests
from .result import Completed, KubectlError

__all__ = ["apply", "create", "delete", "patch", "replace", "scale"]

VALIDATE = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}
GRACE_S = 30.0


def create(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl create``: from a file, or one of the objects that kubectl can make itself.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> print(run(Cluster(), "create -f -", web).stdout, end="")
    service/web created
    """
    if options.args:
        what, options.args = options.args[0].lower(), options.args[1:]
        makers = {"service": create_service, "svc": create_service, "deployment": create_deployment}
        if what in (*makers, "deploy"):
            return makers.get(what, create_deployment)(cluster, options, stdin)
        raise KubectlError(f'k8sexpose cannot create "{what}" from words; it has service, deployment, and -f FILE')
    asked: dict[str, Any] = {
        "field_validation": _validation(options), "dry_run": options.dry_run == "server",
        "client_dry_run": options.dry_run == "client",
    }  # fmt: skip
    return _from_files(
        options, stdin, "create", lambda text, target: create_documents(cluster, text, target, **asked), cluster
    )


def apply(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl apply -f``; a dry run acts on a copy.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> print(run(Cluster(), "apply -f - --dry-run=server", web).stdout, end="")
    service/web created (server dry run)
    """
    cluster = cluster if options.dry_run == "none" else cluster.copy()
    return _from_files(options, stdin, "apply", lambda text, target: apply_documents(cluster, text, target), cluster)


def replace(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl replace -f``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> cluster = Cluster()
    >>> _ = run(cluster, "create -f -", web)
    >>> print(run(cluster, "replace -f -", web).stdout, end="")
    service/web replaced
    """
    if not options.filename:
        raise KubectlError("Must specify --filename to replace" + HELP.format("replace"))
    cluster = cluster if options.dry_run == "none" else cluster.copy()
    validation = _validation(options)
    return _from_files(
        options, stdin, "replace",
        lambda text, target: replace_documents(cluster, text, target, field_validation=validation), cluster,
    )  # fmt: skip


def patch(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl patch service NAME -p PATCH``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "patch svc kubernetes -p 'spec: {type: NodePort}'").stdout, end="")
    service/kubernetes patched
    """
    if not options.patch:
        raise KubectlError("must specify --patch or --patch-file containing the contents of the patch")
    if options.type not in ("json", "merge", "strategic"):
        raise KubectlError(f'--type must be one of [json merge strategic], not "{options.type}"')
    try:
        wanted = parse(options.patch).value
    except ManifestError as error:
        raise KubectlError(f'unable to parse "{options.patch}": {error.message}') from None
    asked = _named(options, "patch")
    acted = cluster if options.dry_run == "none" else cluster.copy()
    stdout = stderr = ""
    for resource, name in asked:
        if resource.kind != "Service":
            raise KubectlError(f"k8sexpose patches Services only, not {resource.plural}")
        before = resource.get(acted, options.namespace, name)
        after = acted.patch(name, wanted, patch_type=options.type, namespace=options.namespace)
        stderr += "".join(f"Warning: {warning}\n" for warning in acted.warnings)
        verb = "patched" if after != before else "patched (no change)"
        stdout += written(options, resource, name, verb, resource.to_dict(acted, after))
    return Completed(0, stdout, stderr)


def scale(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl scale deployment NAME --replicas N``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "scale deployment web --replicas=3").stdout, end="")
    deployment.apps/web scaled
    """
    if options.replicas is None:
        raise KubectlError('required flag(s) "replicas" not set')
    if options.replicas < 0:
        raise KubectlError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    asked = _named(options, "scale")
    acted = cluster if options.dry_run == "none" else cluster.copy()
    stdout = ""
    for resource, name in asked:
        resource.get(acted, options.namespace, name)
        if resource.kind != "Deployment":
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        acted.scale(name, replicas=options.replicas, namespace=options.namespace)
        shown = resource.get(acted, options.namespace, name)
        stdout += written(options, resource, name, "scaled", resource.to_dict(acted, shown))
    return Completed(0, stdout, "")


def delete(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl delete``: by names, by labels, all of a type, or what stands in a file.

    The real kubectl waits until a Service that a cloud controller's finalizer holds is gone; time stands still here,
    so this one does not. A Pod of a Deployment is replaced at once, as its ReplicaSet does.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "delete pod web-1").stdout, end="")
    pod "web-1" deleted from default namespace
    """
    acted = cluster if options.dry_run == "none" else cluster.copy()

    def remove(kind: str, name: str, namespace: str) -> Outcome:
        resource = find_resource(kind)
        _remove(acted, resource, name, namespace)
        return Outcome(kind, name=name, verb="deleted", object=namespace if resource.namespaced else None)

    if options.filename:
        outcomes: list[Outcome] = []
        for text, source in _inputs(options, stdin):
            target = Target(source, options.namespace, bool(options.given_namespace))
            outcomes += delete_documents(text, target, remove)
    else:
        outcomes = list(_each_named(_to_delete(acted, options), options.namespace, remove))
    if options.ignore_not_found:
        outcomes = [o for o in outcomes if not (isinstance(o.error, ApiError) and o.error.code == 404)]
    if not outcomes and not options.filename:
        return Completed(0, "No resources found\n", "")
    return _summary(outcomes, "delete", "", options, lambda outcome: _deleted(outcome, options))


def _to_delete(cluster: Cluster, options: argparse.Namespace) -> list[tuple[Resource, str]]:
    if not options.args:
        raise KubectlError("You must provide one or more resources by argument or filename.")
    asked = requests(options.args)
    if options.all or options.selector:
        if any(names for _, names in asked):
            raise KubectlError("name cannot be provided when a selector is specified")
        return [
            (resource, shown.name)
            for resource, _ in asked
            for shown in resource.listed(cluster, options.namespace, options.selector)
        ]
    if not all(names for _, names in asked):
        raise KubectlError("resource(s) were provided, but no name was specified")
    return [(resource, name) for resource, names in asked for name in names]


def _each_named(
    asked: Iterable[tuple[Resource, str]], namespace: str, remove: Callable[[str, str, str], Outcome]
) -> Iterator[Outcome]:
    for resource, name in asked:
        try:
            yield remove(resource.kind, name, namespace)
        except ApiError as error:
            yield Outcome(error=error)


def _remove(cluster: Cluster, resource: Resource, name: str, namespace: str) -> None:
    found = resource.get(cluster, namespace, name)
    if resource.kind in ("Event", "Endpoints"):
        raise KubectlError(f"k8sexpose does not delete {resource.plural}: the model makes them anew")
    if resource.kind == "Pod" and found.app is not None and not found.terminating:
        cluster.replace_pod((namespace, name), GRACE_S)
    elif resource.kind != "EndpointSlice" or (namespace, name) in cluster.store.applied_slices:
        # The controller makes its own EndpointSlices again before anybody looks.
        cluster.delete(name, kind=resource.kind, namespace=namespace)


def _deleted(outcome: Outcome, options: argparse.Namespace) -> str:
    resource = find_resource(outcome.kind)
    if options.output == "name":
        return f"{resource.qualified}/{outcome.name}\n"
    where = f" from {outcome.object} namespace" if outcome.object else ""
    return f'{resource.qualified} "{outcome.name}" deleted{where}{DRY_RUN[options.dry_run]}\n'


# -- what they share ---------------------------------------------------------------------------------------------------


def _validation(options: argparse.Namespace) -> str:
    if options.validate not in VALIDATE:
        raise KubectlError(
            f'invalid - validate option "{options.validate}"; must be one of: strict (or true), warn, ignore (or false)'
        )
    return VALIDATE[options.validate]


def _named(options: argparse.Namespace, command: str) -> list[tuple[Resource, str]]:
    """Read types and names, of which there must be some."""
    if not options.args:
        raise KubectlError("You must provide one or more resources by argument or filename." + HELP.format(command))
    asked = [(resource, name) for resource, names in requests(options.args) for name in names]
    if not asked:
        raise KubectlError("resource(s) were provided, but no name was specified")
    return asked


def _inputs(options: argparse.Namespace, stdin: str) -> Iterator[tuple[str | bytes, str]]:
    """Give the text of each ``-f``, and the name by which kubectl speaks of it."""
    names = [name for listed in options.filename for name in listed.split(",") if name]
    if not names:
        raise KubectlError("must specify one of -f and -k")
    for name in names:
        if name == "-":
            yield stdin, "STDIN"
        else:
            if not Path(name).is_file():
                raise KubectlError(f'the path "{name}" does not exist')
            yield read_text(Path(name)), name


def _from_files(
    options: argparse.Namespace,
    stdin: str,
    verb: str,
    act: Callable[[str | bytes, Target], Iterator[Outcome]],
    cluster: Cluster,
) -> Completed:
    outcomes, source = [], ""
    for text, source in _inputs(options, stdin):
        outcomes += list(act(text, Target(source, options.namespace, bool(options.given_namespace))))

    def show(outcome: Outcome) -> str:
        resource = find_resource(outcome.kind)
        value = outcome.object
        shown = value if isinstance(value, dict) else resource.to_dict(cluster, value)
        return written(options, resource, outcome.name, outcome.verb, shown)

    return _summary(outcomes, verb, source, options, show)


def _summary(
    outcomes: Iterable[Outcome],
    verb: str,
    source: str,
    options: argparse.Namespace,
    show: Callable[[Outcome], str],
) -> Completed:
    shown, stderr, errors = [], "", []
    for outcome in outcomes:
        if outcome.verb:
            shown.append(show(outcome))
        stderr += "".join(f"Warning: {warning}\n" for warning in outcome.warnings)
        if outcome.error is not None:
            errors.append(outcome)
    stderr += "".join(_error(outcome, verb, source, len(errors) > 1) for outcome in errors)
    return Completed(1 if errors else 0, ("---\n" if options.output == "yaml" else "").join(shown), stderr)


def _error(outcome: Outcome, verb: str, source: str, one_of_many: bool) -> str:
    problem = outcome.error
    if not isinstance(problem, ApiError):
        return f"{problem}\n" if one_of_many else f"error: {problem}\n"
    if outcome.patch and (problem.reason != "Invalid" or one_of_many):
        reason = f" ({problem.reason})" if problem.reason else ""
        return (
            f"Error from server{reason}: error when applying patch:\n{outcome.patch}\n"
            f'for: "{source}": error when patching "{source}": {problem.message}\n'
        )
    return printers.error(problem, verb, source, one_of_many=one_of_many)
