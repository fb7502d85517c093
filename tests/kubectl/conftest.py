"""A cluster with a Service, and the cluster of the recorded prints."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import WEB

# What stood in the recorded cluster, with the numbers that were picked there.
RECORDED = """
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: LoadBalancer, selector: {app: web},
  clusterIP: 10.96.87.103, ports: [{port: 80, targetPort: 8080, nodePort: 31855}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: np}, spec: {type: NodePort, selector: {app: web},
  clusterIP: 10.96.136.4, ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080},
  {name: dns, port: 53, protocol: UDP, nodePort: 30823}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: loc}, spec: {type: LoadBalancer, selector: {app: web},
  clusterIP: 10.96.187.18, externalTrafficPolicy: Local, healthCheckNodePort: 30593,
  loadBalancerSourceRanges: [203.0.113.0/24], ports: [{port: 80, targetPort: 8080, nodePort: 32688}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: ext}, spec: {type: ExternalName, externalName: db.example.com}}
---
{apiVersion: v1, kind: Service, metadata: {name: hl}, spec: {clusterIP: None, selector: {app: web},
  ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: xip}, spec: {selector: {app: web}, externalIPs: [203.0.113.50],
  clusterIP: 10.96.99.242, ports: [{port: 80, targetPort: 8080}]}}
"""


@pytest.fixture
def cluster() -> kx.Cluster:
    """Three nodes, four Pods, nobody who makes load balancers."""
    made = kx.Cluster(provider=None)
    made.deploy("web", per_node=[2, 1, 1])
    made.apply(WEB % "NodePort")
    return made


@pytest.fixture
def recorded() -> kx.Cluster:
    made = kx.Cluster(nodes=1, provider=None, namespaces=("default",))
    # As recorded: no controller ran, so that kubectl create is all that happened.
    assert run(made, "create -f -", RECORDED).rc == 0
    made.set_load_balancer("loc", ingress=[{"ip": "198.51.100.7"}])
    return made
