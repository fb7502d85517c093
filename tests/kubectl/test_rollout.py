"""rollout status and restart."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import stdout

DONE = 'deployment "web" successfully rolled out\n'


def test_a_rollout_from_start_to_end(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "rollout status deployment/web") == DONE
    assert stdout(cluster, "rollout restart deployment web") == "deployment.apps/web restarted\n"
    first = run(cluster, "rollout status deploy web")
    assert first.stdout == (
        'Waiting for deployment "web" rollout to finish: 0 out of 4 new replicas have been updated...\n'
    )
    assert (first.rc, first.stderr[:18]) == (1, "error: time stands")
    cluster.advance(8)
    assert stdout(cluster, "rollout status deploy web --watch=false") == (
        'Waiting for deployment "web" rollout to finish: 2 out of 4 new replicas have been updated...\n'
    )
    cluster.advance(12)
    assert stdout(cluster, "rollout status deploy web -w=false") == (
        'Waiting for deployment "web" rollout to finish: 4 old replicas are pending termination...\n'
    )
    cluster.advance(60)
    assert stdout(cluster, "rollout status deploy web") == DONE


def test_pods_that_are_not_ready(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    assert run(cluster, "rollout status deploy web").stdout == (
        'Waiting for deployment "web" rollout to finish: 3 of 4 updated replicas are available...\n'
    )


def test_other_kinds(cluster: kx.Cluster) -> None:
    assert run(cluster, "rollout status svc web").stderr == (
        "error: no status viewer has been implemented for Service\n"
    )
    assert run(cluster, "rollout restart svc web").stderr == 'error: services "web" restarting is not supported\n'
