"""``kubectl rollout status`` and ``kubectl rollout restart``.

Source: ``pkg/polymorphichelpers/rollout_status.go`` (kubectl).
"""

from __future__ import annotations

from ..cluster.operations import RolloutStep
from ..model import Cluster
from .flags import Options
from .outputs import whole
from .resources import named
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
    for resource, name in named(options.args):
        if resource.kind != "Deployment":
            raise KubectlError(f"no status viewer has been implemented for {resource.kind}")
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
    if waits and options.watch:
        return Completed(1, stdout, f"error: {WAITS}\n")
    return Completed(0, stdout, "")


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
    for resource, name in named(options.args):
        shown = resource.get(cluster, options.namespace, name)
        if resource.kind != "Deployment":
            raise KubectlError(f'{resource.plural} "{name}" restarting is not supported')
        cluster.rollout(name, namespace=options.namespace)
        if options.output in ("", "name"):
            stdout += f"{resource.qualified}/{name}{'' if options.output else ' restarted'}\n"
        else:
            stdout += whole(options.output, resource.to_dict(cluster, shown))
    return Completed(0, stdout, "")
