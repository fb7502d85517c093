"""The verbs that change objects: ``create -f``, ``apply``, ``replace``, ``patch``, ``scale``.

Sources: ``pkg/cmd/{create,apply,replace,patch,scale}`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..api.checks import is_file
from ..api.decode import json_word
from ..api.documents import read_text
from ..api.errors import ApiError, ManifestError, bad_request, go_quote
from ..api.json_patch import json_patch, merge_patch
from ..api.manifest import parse
from ..api.strategic_patch import strategic_merge
from ..model import Cluster
from . import printers
from . import serialization as wire
from .deleting import GRACE_S, check_cascade, delete_files
from .flags import VALIDATE, Options
from .generators import HELP, written
from .go_json import json_fault
from .inputs import inputs
from .manifest_files import (
    Outcome,
    Request,
    Target,
    apply_documents,
    create_documents,
    replace_documents,
    undecodable,
)
from .outputs import check_format, whole
from .resources import Resource, find_resource, named
from .result import Completed, KubectlError
from .summary import summary

__all__ = ["apply", "create", "patch", "replace", "scale"]

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
    if options.args:
        raise KubectlError(f"Unexpected args: [{' '.join(options.args)}]{HELP.format('apply')}")
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
        raise KubectlError("must specify one of -f and -k")
    request = _request(options)
    check_cascade(options)
    if options.grace_period >= 0 and not options.force:
        raise KubectlError("--grace-period must have --force specified")
    if options.timeout and not options.force:
        raise KubectlError("--timeout must have --force specified")
    if options.force and options.dry_run != "none":
        raise KubectlError("--dry-run can not be used when --force is set")
    if not options.force:
        return _from_files(
            options, stdin, lambda text, target: replace_documents(cluster, text, target, request), cluster
        )
    options.grace_period = 1 if options.grace_period == 0 else options.grace_period  # kubectl's care for data
    gone = delete_files(cluster, options, stdin)
    if gone.rc:
        return gone
    done = _from_files(
        options, stdin, lambda text, target: create_documents(cluster, text, target, request, "replaced"), cluster
    )
    return Completed(done.rc, gone.stdout + done.stdout, gone.stderr + done.stderr)


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
    stdout = ""
    warnings: dict[str, None] = {}
    errors: list[ApiError | KubectlError] = []
    for resource, name in named(options.args):
        warned: tuple[str, ...] = ()
        try:
            verb, after, warned = _patched(cluster, options, resource, name, wanted, problem)
            # kubectl does not say here that it was a dry run.
            stdout += written(options, resource, name, verb, after, sort=True, told=False)
        except (ApiError, KubectlError) as error:
            warned = error.warnings if isinstance(error, ApiError) else warned
            errors.append(error)
        warnings |= dict.fromkeys(warned)
    stderr = "".join(f"Warning: {warning}\n" for warning in warnings) + printers.listed_errors(errors)
    return Completed(1 if errors else 0, stdout, stderr)


def _patched(
    cluster: Cluster, options: Options, resource: Resource, name: str, wanted: Any, problem: str
) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """Patch one object; return what was done, the object afterwards and the server's warnings."""
    before = resource.get(cluster, options.namespace, name)
    if resource.kind != "Service":
        raise KubectlError(f"k8sexpose patches Services only, not {resource.plural}")
    kind = options.type.lower()
    warnings: tuple[str, ...] = ()
    if options.dry_run == "client":
        shown = resource.to_dict(cluster, before)
        after: Any = _patched_here(shown, kind, wanted, problem)
        changed = after != shown
    else:
        if problem:
            raise bad_request(problem)
        server: dict[str, Any] = {"field_validation": "Warn", "dry_run": options.dry_run == "server"}
        stored = cluster.patch(name, wanted, patch_type=kind, namespace=options.namespace, **server)
        warnings = cluster.warnings
        after, changed = resource.to_dict(cluster, stored), stored != before
    return "patched" if changed else "patched (no change)", after, warnings


def _patched_here(shown: dict[str, Any], kind: str, wanted: Any, problem: str) -> Any:
    """Lay a patch over an object as kubectl itself does, which then checks no more than that there is a kind."""
    if kind == "strategic" and (problem or not isinstance(wanted, Mapping | None)):
        raise KubectlError("invalid JSON document")
    if problem:
        raise KubectlError(problem.removeprefix("error decoding patch: "))
    if kind == "json" and not isinstance(wanted, list | None):
        raise KubectlError(f"json: cannot unmarshal {json_word(wanted)} into Go value of type jsonpatch.Patch")
    try:
        after = PATCHES[kind](shown, wanted or ({} if kind == "strategic" else []) if kind != "merge" else wanted)
    except ApiError as error:
        if kind == "json":
            words = "k8sexpose does not model the words of kubectl for it"
            raise KubectlError(f"this JSON patch does not apply; {words}") from None
        raise KubectlError(error.message) from None
    if not isinstance(after, Mapping) or not after.get("kind"):
        raise KubectlError(undecodable(after))
    return after


def _patch_text(options: Options) -> tuple[Any, str]:
    """Read the patch; text that begins like JSON goes to the server as it is, which then says what is wrong with it."""
    text = options.patch
    if options.patch_file:
        if not is_file(Path(options.patch_file)):
            raise KubectlError(f"unable to read patch file: open {options.patch_file}: no such file or directory")
        raw = read_text(Path(options.patch_file))
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    if text.lstrip().startswith("{") and (fault := json_fault(text)):
        return None, fault if options.type.lower() == "strategic" else f"error decoding patch: {fault}"
    try:
        return parse(text).value, ""
    except ManifestError as error:
        raise KubectlError(f"unable to parse {go_quote(text)}: {error.message}") from None


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
    if options.current_replicas < -1:
        raise KubectlError("The --current-replicas must specify an integer of -1 or greater")
    acted = cluster if options.dry_run == "none" else cluster.copy()
    errors: list[ApiError | KubectlError] = []
    there: list[tuple[Resource, str]] = []
    for resource, name in named(options.args):
        try:
            resource.get(acted, options.namespace, name)
            there.append((resource, name))
        except (ApiError, KubectlError) as error:
            errors.append(error)
    stdout = ""
    for resource, name in there:
        try:
            stdout += _scaled(acted, options, resource, name)
        except (ApiError, KubectlError) as error:  # the others are not looked at, nor told what was missing
            errors = [error]
            break
    return Completed(1 if errors else 0, stdout, printers.listed_errors(errors))


def _scaled(acted: Cluster, options: Options, resource: Resource, name: str) -> str:
    if options.dry_run == "client" and resource.kind != "Deployment":  # nobody asks whether it can be scaled
        shown = resource.to_dict(acted, resource.get(acted, options.namespace, name))
        shown = {**shown, "spec": {**shown.get("spec", {}), "replicas": options.replicas}}
        return written(options, resource, name, "scaled", shown)
    if resource.kind != "Deployment":
        raise ApiError(404, "NotFound", "the server could not find the requested resource")
    running = [pod for pod in acted.store.pods_of(options.namespace, name) if not pod.terminating]
    if options.current_replicas >= 0 and options.current_replicas != len(running):
        raise KubectlError(f"Expected replicas to be {options.current_replicas}, was {len(running)}")
    acted.scale(name, replicas=options.replicas, namespace=options.namespace, grace_s=GRACE_S)
    shown = resource.get(acted, options.namespace, name)
    return written(options, resource, name, "scaled", resource.to_dict(acted, shown))


# -- what they share ---------------------------------------------------------------------------------------------------


def _request(options: Options) -> Request:
    return Request(VALIDATE[options.validate], options.dry_run, vars(options).get("save_config", False))


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
    for text, source in inputs(options, stdin):
        checked = VALIDATE.get(options.validate) != "Ignore"
        outcomes += act(text, Target(source, options.namespace, bool(options.given_namespace), checked))
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
        several = len(done) != 1  # kubectl makes that List itself, where a server's would have its keys sorted
        stdout = "" if failed else whole(options.output, wire.own_list(done) if several else done[0], sort=not several)
        return summary(outcomes, options, lambda outcome: "", stdout)
    return summary(
        outcomes,
        options,
        lambda outcome: written(
            options, find_resource(outcome.kind), outcome.name, outcome.verb, shown(outcome), sort=True
        ),
    )
