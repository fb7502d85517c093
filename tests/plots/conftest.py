"""A cluster with one NodePort Service."""

from __future__ import annotations

import pytest

import k8sexpose as kx


@pytest.fixture
def cluster() -> kx.Cluster:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=[1, 0, 0])
    cluster.apply(kx.example("debug-svc-nodeport"))
    return cluster
