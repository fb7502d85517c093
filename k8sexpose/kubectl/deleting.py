"""``kubectl delete``.

Source: ``pkg/cmd/delete/delete.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..api.errors import ApiError
from ..model import Cluster
from .flags import FALSE, TRUE, Options
from .generators import DRY_RUN
from .inputs import inputs
from .manifest_files import Outcome, Target, delete_documents
from .resources import NO_RESOURCES, Resource, find_resource, named, requests
from .result import Completed, KubectlError
from .summary import summary

__all__ = ["GRACE_S", "check_cascade", "delete", "delete_files"]

GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object that is to be deleted."""

    resource: Resource
    namespace: str
    name: str


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

    def remove_one(kind: str, name: str, namespace: str) -> Outcome:
        resource = find_resource(kind)
        if options.dry_run != "client":
            remove(acted, resource, name, namespace, grace_s)
        return Outcome(kind, name=name, verb="deleted", object=namespace if resource.namespaced else None)

    if options.filename and options.args:
        raise KubectlError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )
    if options.filename:
        outcomes: list[Outcome] = []
        for text, source in inputs(options, stdin):
            target = Target(source, options.namespace, bool(options.given_namespace))
            outcomes += delete_documents(text, target, remove_one)
    else:
        outcomes = list(_each_named(_to_delete(acted, options), remove_one))
    found = bool(outcomes)
    by_choice = options.all or options.selector or options.field_selector
    if options.ignore_not_found or (by_choice and "ignore-not-found" not in options.changed):
        outcomes = [o for o in outcomes if not (isinstance(o.error, ApiError) and o.error.code == 404)]
    done = summary(outcomes, options, lambda outcome: _deleted(outcome, options))
    return Completed(done.rc, done.stdout if found else "No resources found\n", note + done.stderr)


def delete_files(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Delete what stands in files, if it is there, before it is created anew."""
    outcomes: list[Outcome] = []

    def remove_one(kind: str, name: str, namespace: str) -> Outcome:
        resource = find_resource(kind)
        remove(cluster, resource, name, namespace, None)
        return Outcome(kind, name=name, verb="deleted", object=namespace if resource.namespaced else None)

    for text, source in inputs(options, stdin):
        outcomes += delete_documents(text, Target(source, options.namespace, bool(options.given_namespace)), remove_one)
    there = [o for o in outcomes if not (isinstance(o.error, ApiError) and o.error.code == 404)]
    return summary(there, options, lambda outcome: _deleted(outcome, options))


FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The "
    "resource may continue to run on the cluster indefinitely.\n"
)


def check_cascade(options: Options) -> None:
    """Check what shall become of what an object owns."""
    if options.cascade in ("orphan", "foreground", *FALSE):
        raise KubectlError(f"k8sexpose does not model --cascade={options.cascade}")
    if options.cascade not in ("background", *TRUE):
        raise KubectlError(
            f'invalid cascade value ({options.cascade}). Must be "background", "foreground", or "orphan"'
        )


def _grace(options: Options) -> tuple[str, float | None]:
    """Check the flags of a deletion; return what kubectl warns of, and the seconds that a Pod has (None: as usual)."""
    if options.output not in ("", "name"):
        raise KubectlError(f"unexpected -o output mode: {options.output}. We only support '-o name'")
    check_cascade(options)
    if options.all and (options.selector or options.field_selector):
        raise KubectlError("setting 'all' parameter but found a non empty selector. ")
    seconds: int = options.grace_period
    if options.now and seconds != -1:
        raise KubectlError("--now and --grace-period cannot be specified together")
    if options.now or (seconds == 0 and not options.force):
        seconds = 1
    if options.force and seconds > 0:
        raise KubectlError("--force and --grace-period greater than 0 cannot be specified together")
    options.grace_period = 0 if options.force else seconds
    return FORCED if options.force else "", None if options.grace_period < 0 else float(options.grace_period)


def _to_delete(cluster: Cluster, options: Options) -> list[Wanted]:
    """List what is asked for."""
    if not options.args:
        raise KubectlError(NO_RESOURCES)
    asked = requests(options.args)
    if options.all or options.selector or options.field_selector:
        if any(names for _, names in asked):
            raise KubectlError("name cannot be provided when a selector is specified")
        scope = None if options.all_namespaces else options.namespace
        chosen: list[Wanted] = []
        for resource, _ in asked:
            found = resource.listed(cluster, scope, options.selector, options.field_selector)
            chosen += [Wanted(resource, getattr(shown, "namespace", ""), shown.name) for shown in found]
        return chosen
    if not all(names for _, names in asked):
        raise KubectlError("resource(s) were provided, but no name was specified")
    if options.all_namespaces:
        raise KubectlError("a resource cannot be retrieved by name across all namespaces")
    return [Wanted(resource, options.namespace, name) for resource, name in named(options.args)]


def _each_named(asked: Iterable[Wanted], remove: Callable[[str, str, str], Outcome]) -> Iterator[Outcome]:
    for wanted in asked:
        try:
            yield remove(wanted.resource.kind, wanted.name, wanted.namespace)
        except (ApiError, KubectlError) as error:
            yield Outcome(error=error)


def remove(cluster: Cluster, resource: Resource, name: str, namespace: str, grace_s: float | None) -> None:
    found = resource.get(cluster, namespace, name)
    written = ("Namespace", "", name) in cluster.kept and resource.kind == "Namespace"
    if resource.kind in ("Event", "Endpoints", "Namespace") and not written:
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
