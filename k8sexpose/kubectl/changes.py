"""The verbs that change objects: ``create -f``, ``apply``, ``replace``, ``patch``, ``scale``.

Sources: ``pkg/cmd/{create,apply,replace,patch,scale}`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..api.documents import is_file, read_text
from ..api.errors import ApiError, ManifestError, bad_request, go_quote
from ..api.json_patch import json_patch, merge_patch
from ..api.manifest import parse
from ..api.strategic_patch import strategic_merge
from ..model import Cluster
from . import printers
from . import serialization as wire
from .deleting import GRACE_S, delete_files
from .flags import Options
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
)
from .outputs import check_format, whole
from .resources import find_resource, named
from .result import Completed, KubectlError
from .summary import summary

__all__ = ["apply", "create", "patch", "replace", "scale"]

VALIDATE = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}
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
    if not options.force:
        return _from_files(
            options, stdin, lambda text, target: replace_documents(cluster, text, target, request), cluster
        )
    acted = cluster if options.dry_run == "none" else cluster.copy()
    gone = delete_files(acted, options, stdin)
    if gone.rc:
        return gone
    done = _from_files(
        options, stdin, lambda text, target: create_documents(acted, text, target, request, "replaced"), acted
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
    acted, stdout, stderr = cluster, "", ""
    for resource, name in named(options.args):
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
    asked = named(options.args)
    acted = cluster if options.dry_run == "none" else cluster.copy()
    stdout = ""
    for resource, name in asked:
        resource.get(acted, options.namespace, name)
        if resource.kind != "Deployment":
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        running = [pod for pod in acted.store.pods_of(options.namespace, name) if not pod.terminating]
        if options.current_replicas >= 0 and options.current_replicas != len(running):
            raise KubectlError(f"Expected replicas to be {options.current_replicas}, was {len(running)}")
        acted.scale(name, replicas=options.replicas, namespace=options.namespace, grace_s=GRACE_S)
        shown = resource.get(acted, options.namespace, name)
        stdout += written(options, resource, name, "scaled", resource.to_dict(acted, shown))
    return Completed(0, stdout, "")


# -- what they share ---------------------------------------------------------------------------------------------------


def _request(options: Options) -> Request:
    if options.validate not in VALIDATE:
        raise KubectlError(
            f'invalid - validate option "{options.validate}"; must be one of: strict (or true), warn, ignore (or false)'
        )
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
        stdout = "" if failed else whole(options.output, done[0] if len(done) == 1 else wire.listed(done))
        return summary(outcomes, options, lambda outcome: "", stdout)
    return summary(
        outcomes,
        options,
        lambda outcome: written(
            options, find_resource(outcome.kind), outcome.name, outcome.verb, shown(outcome), sort=True
        ),
    )
