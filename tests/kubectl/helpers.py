"""What the tests of kubectl share: manifests, and a command's answer."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.api.objects import Event
from k8sexpose.kubectl import Completed, run

TW = "{apiVersion: v1, kind: Service, metadata: {name: tw}, spec: {ports: [{port: 80}]}}"
WEB = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: %s, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}"


def answer(completed: Completed) -> dict[str, object]:
    return {"rc": completed.rc, "stdout": completed.stdout, "stderr": completed.stderr}


def stdout(cluster: kx.Cluster, command: str, stdin: str = "") -> str:
    done = run(cluster, command, stdin)
    assert (done.rc, done.stderr) == (0, ""), done
    return done.stdout


def service(**fields: object) -> kx.Service:
    return kx.Service("web", **fields)  # type: ignore[arg-type]


def reported(cluster: kx.Cluster) -> None:
    for at_s, type_, reason, message in (
        (0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer"),
        (1, "Warning", "SyncLoadBalancerFailed", "Error syncing load balancer: quota\n"),
        (6, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer"),
        (9, "Normal", "EnsuredLoadBalancer", "Ensured load balancer"),
    ):
        cluster.advance(at_s - cluster.now_s)
        cluster.report(Event(at_s, type_, reason, message, "service/web", source="service-controller"))
    cluster.advance(10)
