"""The verbs that change objects: ``create -f``, ``apply``, ``replace``, ``patch``, ``delete``, ``scale``.

Sources: ``pkg/cmd/{create,apply,replace,patch,delete,scale}`` (kubectl).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from glob import glob
from pathlib import Path
from typing import Any

from ..apply import strategic_merge
from ..client_apply import last_applied, with_last_applied
from ..cluster import Cluster
from ..errors import ApiError, ManifestError, bad_request
from ..files import SUFFIXES, is_file, read_text
from ..jsonpatch import json_patch, merge_patch
from ..manifest import parse
from ..service import LAST_APPLIED, Service
from . import printers, wire
from .completed import Completed, KubectlError
from .flags import Options
from .generating import DRY_RUN, HELP, written
from .go_json import json_fault
from .manifests import (
    Outcome,
    Request,
    Target,
    apply_documents,
    create_documents,
    delete_documents,
    read_documents,
    replace_documents,
)
from .outputs import check_format, whole
from .resources import Resource, find_resource, named, requests

__all__ = ["apply", "create", "delete", "patch", "replace", "scale", "set_last_applied", "view_last_applied"]

VALIDATE = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}
GRACE_S = 30.0
MAX_FILES = 1_000
PATCHES: dict[str, Callable[[Any, Any], Any]] = {"json": json_patch, "merge": merge_patch, "strategic": strategic_merge}


def create(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl create -f``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> print(run(Cluster(), "create -f -", web).stdout, end="")
    service/web created
    """
    if options.args:
        raise KubectlError(f"Unexpected args: [{' '.join(options.args)}]{HELP.format('create')}")
    request = _request(options)
    return _from_files(options, stdin, lambda text, target: create_documents(cluster, text, target, request), cluster)


def apply(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl apply -f``; a dry run acts on a copy.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    >>> print(run(Cluster(), "apply -f - --dry-run=server", web).stdout, end="")
    service/web created (server dry run)
    """
    request = _request(options)
    return _from_files(
        options, stdin, lambda text, target: apply_documents(cluster, text, target, request), cluster, applying=True
    )


def replace(cluster: Cluster, options: Options, stdin: str) -> Completed:
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
    request = _request(options)
    return _from_files(options, stdin, lambda text, target: replace_documents(cluster, text, target, request), cluster)


def patch(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl patch service NAME -p PATCH``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "patch svc kubernetes -p 'spec: {type: NodePort}'").stdout, end="")
    service/kubernetes patched
    """
    if options.patch and options.patch_file:
        raise KubectlError("cannot specify --patch and --patch-file together")
    if not options.patch and not options.patch_file:
        raise KubectlError("must specify --patch or --patch-file containing the contents of the patch")
    if options.type.lower() not in PATCHES:
        raise KubectlError(f'--type must be one of [{" ".join(sorted(PATCHES))}], not "{options.type}"')
    wanted, problem = _patch_text(options)
    acted, stdout, stderr = cluster, "", ""
    for resource, name in named(options.args, "patch"):
        before = resource.get(acted, options.namespace, name)
        if resource.kind != "Service":
            raise KubectlError(f"k8sexpose patches Services only, not {resource.plural}")
        if problem:
            raise bad_request(problem)
        if options.dry_run == "client":
            shown = resource.to_dict(acted, before)
            after: Any = PATCHES[options.type.lower()](shown, wanted)
            changed = after != shown
        else:
            server: dict[str, Any] = {"field_validation": "Warn", "dry_run": options.dry_run == "server"}
            try:
                stored = acted.patch(
                    name, wanted, patch_type=options.type.lower(), namespace=options.namespace, **server
                )
            except ApiError as error:
                warned = "".join(f"Warning: {warning}\n" for warning in error.warnings)
                return Completed(1, stdout, stderr + warned + printers.error(error))
            stderr += "".join(f"Warning: {warning}\n" for warning in acted.warnings)
            after, changed = resource.to_dict(acted, stored), stored != before
        verb = "patched" if changed else "patched (no change)"
        stdout += written(options, resource, name, verb, after, sort=True)
    return Completed(0, stdout, stderr)


def _patch_text(options: Options) -> tuple[Any, str]:
    """Read the patch; text that begins like JSON goes to the server as it is, which then says what is wrong with it."""
    text = options.patch
    if options.patch_file:
        raw = read_text(Path(options.patch_file))
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    if text.lstrip().startswith("{") and (fault := json_fault(text)):
        return None, fault if options.type.lower() == "strategic" else f"error decoding patch: {fault}"
    try:
        return parse(text).value, ""
    except ManifestError as error:
        raise KubectlError(f'unable to parse "{text}": {error.message}') from None


def scale(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl scale deployment NAME --replicas N``.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "scale deployment web --replicas=3").stdout, end="")
    deployment.apps/web scaled
    """
    if "replicas" not in options.changed:
        raise KubectlError('required flag(s) "replicas" not set')
    if options.replicas < 0:
        raise KubectlError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    asked = named(options.args, "scale")
    acted = cluster if options.dry_run == "none" else cluster.copy()
    stdout = ""
    for resource, name in asked:
        resource.get(acted, options.namespace, name)
        if resource.kind != "Deployment":
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        running = [pod for pod in acted.store.pods_of(options.namespace, name) if not pod.terminating]
        if options.current_replicas >= 0 and options.current_replicas != len(running):
            raise KubectlError(f"Expected replicas to be {options.current_replicas}, was {len(running)}")
        acted.scale(name, replicas=options.replicas, namespace=options.namespace)
        shown = resource.get(acted, options.namespace, name)
        stdout += written(options, resource, name, "scaled", resource.to_dict(acted, shown))
    return Completed(0, stdout, "")


def delete(cluster: Cluster, options: Options, stdin: str) -> Completed:
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
    note, grace_s = _grace(options)

    def remove(kind: str, name: str, namespace: str) -> Outcome:
        resource = find_resource(kind)
        if options.dry_run != "client":
            _remove(acted, resource, name, namespace, grace_s)
        return Outcome(kind, name=name, verb="deleted", object=namespace if resource.namespaced else None)

    if options.filename:
        outcomes: list[Outcome] = []
        for text, source in _inputs(options, stdin):
            target = Target(source, options.namespace, bool(options.given_namespace))
            outcomes += delete_documents(text, target, remove)
    else:
        outcomes = list(_each_named(_to_delete(acted, options), remove))
    found = bool(outcomes)
    by_choice = options.all or options.selector or options.field_selector
    if options.ignore_not_found or (by_choice and "ignore-not-found" not in options.changed):
        outcomes = [o for o in outcomes if not (isinstance(o.error, ApiError) and o.error.code == 404)]
    done = _summary(outcomes, options, lambda outcome: _deleted(outcome, options))
    return Completed(done.rc, done.stdout if found else "No resources found\n", note + done.stderr)


FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The "
    "resource may continue to run on the cluster indefinitely.\n"
)


def _grace(options: Options) -> tuple[str, float | None]:
    """Check the flags of a deletion; return what kubectl warns of, and the seconds that a Pod has (None: as usual)."""
    if options.output not in ("", "name"):
        raise KubectlError(f"unexpected -o output mode: {options.output}. We only support '-o name'")
    if options.cascade in ("orphan", "foreground"):
        raise KubectlError(f"k8sexpose does not model --cascade={options.cascade}")
    if options.all and options.selector:
        raise KubectlError("cannot set --all and --selector at the same time")
    if options.all and options.field_selector:
        raise KubectlError("cannot set --all and --field-selector at the same time")
    seconds: int = options.grace_period
    if options.now and seconds != -1:
        raise KubectlError("--now and --grace-period cannot be specified together")
    if options.now or (seconds == 0 and not options.force):
        seconds = 1
    if options.force and seconds > 0:
        raise KubectlError("--force and --grace-period greater than 0 cannot be specified together")
    options.grace_period = 0 if options.force else seconds
    return FORCED if options.force else "", None if options.grace_period < 0 else float(options.grace_period)


def _to_delete(cluster: Cluster, options: Options) -> list[tuple[Resource, str, str]]:
    """List type, namespace and name of what is asked for."""
    if not options.args:
        raise KubectlError("You must provide one or more resources by argument or filename.")
    asked = requests(options.args)
    if options.all or options.selector or options.field_selector:
        if any(names for _, names in asked):
            raise KubectlError("name cannot be provided when a selector is specified")
        scope = None if options.all_namespaces else options.namespace
        return [
            (resource, getattr(shown, "namespace", ""), shown.name)
            for resource, _ in asked
            for shown in resource.listed(cluster, scope, options.selector, options.field_selector)
        ]
    if not all(names for _, names in asked):
        raise KubectlError("resource(s) were provided, but no name was specified")
    if options.all_namespaces:
        raise KubectlError("a resource cannot be retrieved by name across all namespaces")
    return [(resource, options.namespace, name) for resource, names in asked for name in names]


def _each_named(
    asked: Iterable[tuple[Resource, str, str]], remove: Callable[[str, str, str], Outcome]
) -> Iterator[Outcome]:
    for resource, namespace, name in asked:
        try:
            yield remove(resource.kind, name, namespace)
        except (ApiError, KubectlError) as error:
            yield Outcome(error=error)


def _remove(cluster: Cluster, resource: Resource, name: str, namespace: str, grace_s: float | None) -> None:
    found = resource.get(cluster, namespace, name)
    if resource.kind in ("Event", "Endpoints", "Namespace"):
        raise KubectlError(f"k8sexpose does not delete {resource.plural}: the model makes them itself")
    if resource.kind == "Pod":
        given_s = GRACE_S if grace_s is None else grace_s
        if found.app is not None and not found.terminating:
            cluster.replace_pod((namespace, name), given_s)
        elif not found.terminating:
            cluster.terminate(f"{namespace}/{name}", grace_s=given_s)
        if grace_s == 0:
            cluster.store.delete_pod((namespace, name))
    elif resource.kind != "EndpointSlice" or (namespace, name) in cluster.store.applied_slices:
        # The controller makes its own EndpointSlices again before anybody looks.
        cluster.delete(name, kind=resource.kind, namespace=namespace)


def _deleted(outcome: Outcome, options: Options) -> str:
    resource = find_resource(outcome.kind)
    if options.output == "name":
        return f"{resource.qualified}/{outcome.name}\n"
    where = f" from {outcome.object} namespace" if outcome.object else ""
    verb = "force deleted" if options.grace_period == 0 else "deleted"
    return f'{resource.qualified} "{outcome.name}" {verb}{where}{DRY_RUN[options.dry_run]}\n'


# -- what they share ---------------------------------------------------------------------------------------------------


def _request(options: Options) -> Request:
    if options.validate not in VALIDATE:
        raise KubectlError(
            f'invalid - validate option "{options.validate}"; must be one of: strict (or true), warn, ignore (or false)'
        )
    return Request(VALIDATE[options.validate], options.dry_run)


def _inputs(options: Options, stdin: str) -> list[tuple[str | bytes, str]]:
    """List the text of each ``-f``, and the name by which kubectl speaks of it; all are looked for before any is read."""
    names = [name for name in options.filename if name]
    if not names:
        raise KubectlError("must specify one of -f and -k")
    recursive = vars(options).get("recursive", False)
    found = [path for name in names for path in ([None] if name == "-" else _files(name, recursive=recursive))]
    if len(found) > MAX_FILES:
        raise KubectlError(f"there are {len(found):,} files; more than {MAX_FILES:,} are not read")
    return [(stdin, "STDIN") if path is None else (read_text(path), str(path)) for path in found]


def _files(name: str, *, recursive: bool) -> list[Path]:
    """List the file, the manifests in the folder, or the files that a pattern means."""
    if re.match(r"https?://", name):
        raise KubectlError(f"k8sexpose reads no URL: save {name} as a file, and name that")
    path = Path(name)
    if is_file(path):
        return [path]
    if path.is_dir():
        inside = sorted(path.rglob("*") if recursive else path.glob("*"))
        files = [file for file in inside if file.is_file() and file.suffix in SUFFIXES]
        if not files:
            raise KubectlError(f"error reading [{name}]: recognized file extensions are [.json .yaml .yml]")
        return files
    matching = sorted(Path(found) for found in glob(name)) if re.search(r"[*?\[]", name) else []
    if not matching:
        raise KubectlError(f'the path "{name}" does not exist')
    return matching


def _from_files(
    options: Options,
    stdin: str,
    act: Callable[[str | bytes, Target], Iterator[Outcome]],
    cluster: Cluster,
    *,
    applying: bool = False,
) -> Completed:
    """Act on all files; ``apply`` reads them all before it begins, and prints what it did as one List."""
    verb = options.verb
    if options.output:
        check_format(options.output)
    outcomes: list[Outcome] = []
    for text, source in _inputs(options, stdin):
        outcomes += act(text, Target(source, options.namespace, bool(options.given_namespace)))
    if not outcomes and verb != "replace":
        raise KubectlError(f"no objects passed to {verb}")
    if applying:
        outcomes.sort(key=lambda outcome: outcome.read)

    def shown(outcome: Outcome) -> dict[str, Any]:
        value = outcome.object
        return value if isinstance(value, dict) else find_resource(outcome.kind).to_dict(cluster, value)

    if applying and options.output not in ("", "name"):
        done = [shown(outcome) for outcome in outcomes if outcome.verb]
        failed = any(outcome.error for outcome in outcomes)
        stdout = "" if failed else whole(options.output, done[0] if len(done) == 1 else wire.listed(done))
        return _summary(outcomes, options, lambda outcome: "", stdout)
    return _summary(
        outcomes,
        options,
        lambda outcome: written(
            options, find_resource(outcome.kind), outcome.name, outcome.verb, shown(outcome), sort=True
        ),
    )


def _summary(
    outcomes: Iterable[Outcome], options: Options, show: Callable[[Outcome], str], stdout: str = ""
) -> Completed:
    """Put together what was done, what was warned of (each warning once) and what went wrong."""
    shown: list[str] = []
    lines: dict[str, None] = {}
    notes, errors = "", []
    for outcome in outcomes:
        if outcome.verb:
            shown.append(show(outcome))
        for warning in outcome.warnings:
            line = f"Warning: {warning}\n"
            notes += line if line not in lines else ""
            lines[line] = None
        notes += "".join(f"{note}\n" for note in outcome.notes)
        if outcome.error is not None:
            errors.append(outcome)
    notes += "".join(_error(outcome, one_of_many=len(errors) > 1) for outcome in errors)
    stdout += ("---\n" if options.output == "yaml" else "").join(shown)
    return Completed(1 if errors else 0, stdout, notes)


def _error(outcome: Outcome, *, one_of_many: bool) -> str:
    problem = outcome.error
    if not isinstance(problem, ApiError):
        return f"{'' if one_of_many else 'error: '}{outcome.context}{problem}\n"
    return printers.error(problem, one_of_many=one_of_many, context=outcome.context)


# -- the annotation of apply -------------------------------------------------------------------------------------------


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
    for text, source in _inputs(options, stdin):
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
            annotation = with_last_applied(item.value, namespace)["metadata"]["annotations"][LAST_APPLIED]
            patch = {"metadata": {"annotations": {LAST_APPLIED: annotation}}}
            acted = cluster if options.dry_run == "none" else cluster.copy()
            after = found
            if found.annotations.get(LAST_APPLIED) != annotation:
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
    if options.output not in ("yaml", "json"):
        raise KubectlError(f"Unexpected -o output mode: {options.output}, the flag 'output' must be one of yaml|json")
    if options.filename:
        items = [
            (find_resource(item.kind), (item.value.get("metadata") or {}).get("name") or "", namespace)
            for text, source in _inputs(options, stdin)
            for item, namespace in read_documents(text, Target(source, options.namespace))
        ]
    else:
        items = [(resource, name, options.namespace) for resource, name in named(options.args, "apply view-last-applied")]
    stdout = ""
    for resource, name, namespace in items:
        found = resource.get(cluster, namespace, name)
        shown = last_applied(resource.to_dict(cluster, found))
        if not shown:
            raise KubectlError(f"no last-applied-configuration annotation found on resource: {name}")
        stdout += wire.to_yaml(shown) if options.output == "yaml" else wire.to_json(shown)
    return Completed(0, stdout, "")
