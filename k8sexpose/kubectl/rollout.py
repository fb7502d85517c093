"""``kubectl rollout status`` and ``kubectl rollout restart``.

Source: ``pkg/polymorphichelpers/rollout_status.go`` (kubectl).
"""

from __future__ import annotations

from ..cluster.operations import RolloutStep
from ..model import Cluster
from . import printers
from .flags import Options
from .outputs import whole
from .resources import Resource, requests
from .result import Completed, KubectlError

__all__ = ["restart", "status"]

WAITS = "time stands still while kubectl waits: call cluster.advance(SECONDS), then ask again"


def status(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Say how far the rollout of a Deployment is; the real kubectl waits for its end.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "rollout status deployment/web").stdout, end="")
    deployment "web" successfully rolled out
    """
    stdout, waits = "", False
    asked = _asked(cluster, options)
    others = [
        KubectlError(f"no status viewer has been implemented for {resource.kind}")
        for resource, _ in asked
        if resource.kind != "Deployment"
    ]
    if others:
        return Completed(1, "", printers.listed_errors(others))
    for resource, name in asked:
        deployment = resource.get(cluster, options.namespace, name)
        pods = cluster.store.pods_of(deployment.namespace, deployment.name)
        wanted = [pod for pod in pods if not pod.terminating]
        old = sum((pod.namespace, pod.name) in _to_replace(cluster) for pod in wanted)
        ready = sum(pod.ready for pod in wanted)
        wait = f'Waiting for deployment "{name}" rollout to finish: '
        if old:
            stdout += f"{wait}{len(wanted) - old} out of {len(wanted)} new replicas have been updated...\n"
        elif len(pods) > len(wanted):
            stdout += f"{wait}{len(pods) - len(wanted)} old replicas are pending termination...\n"
        elif ready < len(wanted):
            stdout += f"{wait}{ready} of {len(wanted)} updated replicas are available...\n"
        else:
            stdout += f'deployment "{name}" successfully rolled out\n'
            continue
        waits = True
    if not stdout:
        return Completed(0, "", f"No resources found in {options.namespace} namespace.\n")
    if waits and options.watch:
        return Completed(1, stdout, f"error: {WAITS}\n")
    return Completed(0, stdout, "")


def _asked(cluster: Cluster, options: Options) -> list[tuple[Resource, str]]:
    """List what is asked for: objects by name, or all of a type."""
    if not options.args:
        raise KubectlError("required resource not specified")
    asked: list[tuple[Resource, str]] = []
    for resource, names in requests(options.args):
        listed = names or [found.name for found in resource.listed(cluster, options.namespace)]
        asked += [(resource, name) for name in listed]
    return asked


def _to_replace(cluster: Cluster) -> set[tuple[str, str]]:
    """Return the Pods whose turn in a rollout is still to come."""
    return {step.key for _, _, step in cluster.clock.queue if isinstance(step, RolloutStep)}


def restart(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Replace the Pods of a Deployment one after the other, as time advances.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "rollout restart deployment web").stdout, end="")
    deployment.apps/web restarted
    """
    stdout = ""
    for resource, name in _asked(cluster, options):
        shown = resource.get(cluster, options.namespace, name)
        if resource.kind != "Deployment":
            raise KubectlError(f'{resource.plural} "{name}" restarting is not supported')
        cluster.rollout(name, namespace=options.namespace)
        if options.output in ("", "name"):
            stdout += f"{resource.qualified}/{name}{'' if options.output else ' restarted'}\n"
        else:
            stdout += whole(options.output, resource.to_dict(cluster, shown))
    return Completed(0, stdout, "")
