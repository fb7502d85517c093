"""Events as kubectl lists them."""

from __future__ import annotations

import re

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import WEB, reported, stdout


def test_events(cluster: kx.Cluster) -> None:
    reported(cluster)
    assert stdout(cluster, "get events") == (
        "LAST SEEN   TYPE      REASON                   OBJECT        MESSAGE\n"
        "13s         Normal    EnsuringLoadBalancer     service/web   Ensuring load balancer\n"
        "18s         Warning   SyncLoadBalancerFailed   service/web   Error syncing load balancer: quota\n"
        "10s         Normal    EnsuredLoadBalancer      service/web   Ensured load balancer\n"
    )
    row = re.split(r" {3,}", stdout(cluster, "get events -o wide").splitlines()[1])
    assert row[-3:-1] == ["19s", "2"] and re.fullmatch(r"web\.[0-9a-f]{16}", row[-1])


def test_events_go_with_their_object(cluster: kx.Cluster) -> None:
    reported(cluster)
    run(cluster, "delete svc web")
    cluster.apply(WEB % "NodePort")
    assert "Events:                   <none>\n" in stdout(cluster, "describe svc web")
