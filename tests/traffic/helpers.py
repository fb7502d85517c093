"""Services for the tests of traffic."""

from __future__ import annotations

import k8sexpose as kx

LB = {"type": "LoadBalancer"}
LOCAL = LB | {"externalTrafficPolicy": "Local"}
NAME = "public-api-lb"


def hired(provider: object = "generic", per_node: tuple[int, ...] = (1, 1, 1), wait_s: float = 40) -> kx.Cluster:
    cluster = kx.Cluster(nodes=len(per_node), provider=provider)
    cluster.deploy("api-backend", per_node=list(per_node))
    cluster.apply(kx.example(NAME))
    cluster.advance(wait_s)
    return cluster
