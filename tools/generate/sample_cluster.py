"""Make the sample dump of lesson 6 from the model itself: `k8sexpose/data/examples/sample-cluster.json`.

    python tools/generate/sample_cluster.py           write the file
    python tools/generate/sample_cluster.py --check   write nothing; fail where the file is out of date

A shop on AWS: 12 nodes in three zones, 60 Pods, 9 Services, of the form that
`kubectl get nodes,pods,services,endpointslices -A -o json` prints. Several things are wrong with it, on purpose.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import k8sexpose as kx
from k8sexpose.api.objects import Endpoint, EndpointPort, EndpointSlice
from k8sexpose.kubectl.serialization import listed, node_dict, pod_dict, service_dict, slice_dict, to_json

TARGET = Path(kx.__file__).parent / "data/examples/sample-cluster.json"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")

# Pods per node, node by node.
APPS: dict[str, tuple[str, tuple[int, ...]]] = {
    "storefront": ("shop", (3, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0)),
    "api": ("shop", (1,) * 12),
    "orders": ("shop", (0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0)),
    "checkout": ("payments", (0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0)),
    "ledger": ("payments", (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1)),
    "stream": ("media", (1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "thumbs": ("media", (0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0)),
    "grafana": ("monitoring", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)),
    "mailer": ("shop", (0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1)),
    "coredns": ("kube-system", (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "kube-proxy": ("kube-system", (1,) * 12),
}
NLB = "metadata: {namespace: %s, name: %s, annotations: {service.beta.kubernetes.io/aws-load-balancer-type: nlb}}"
SERVICES = f"""
apiVersion: v1
kind: Service
{NLB % ("shop", "storefront")}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {{app: storefront}}
  ports: [{{port: 443, targetPort: 8443}}]
---
apiVersion: v1
kind: Service
{NLB % ("shop", "api")}
spec: {{type: LoadBalancer, selector: {{app: api}}, ports: [{{port: 443, targetPort: 8443}}]}}
---
apiVersion: v1
kind: Service
{NLB % ("shop", "orders")}
spec: {{type: LoadBalancer, selector: {{app: order}}, ports: [{{port: 443, targetPort: 8443}}]}}
---
apiVersion: v1
kind: Service
{NLB % ("payments", "checkout")}
spec:
  type: LoadBalancer
  loadBalancerSourceRanges: [198.51.100.0/24]
  selector: {{app: checkout}}
  ports: [{{port: 443, targetPort: 8443}}]
---
apiVersion: v1
kind: Service
metadata: {{namespace: payments, name: ledger}}
spec: {{selector: {{app: ledger}}, ports: [{{port: 80, targetPort: 8443}}]}}
---
apiVersion: v1
kind: Service
{NLB % ("media", "stream")}
spec:
  type: LoadBalancer
  selector: {{app: stream}}
  ports: [{{name: tcp, port: 443, targetPort: 8443}}, {{name: quic, port: 443, protocol: UDP, targetPort: 8443}}]
---
apiVersion: v1
kind: Service
metadata: {{namespace: media, name: thumbs}}
spec: {{selector: {{app: thumbs}}, ports: [{{port: 80, targetPort: web}}]}}
---
apiVersion: v1
kind: Service
metadata: {{namespace: monitoring, name: grafana}}
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: {{app: grafana}}
  ports: [{{port: 80, targetPort: 8443, nodePort: 31300}}]
"""


def build() -> kx.Cluster:
    """Build the shop."""
    cluster = kx.Cluster(
        nodes=[node(number) for number in range(12)], provider="aws", seed=6, service_cidr="172.20.0.0/16"
    )
    for app, (namespace, per_node) in APPS.items():
        cluster.deploy(app, per_node=list(per_node), port=8443, namespace=namespace, host_network=app == "kube-proxy")
    cluster.apply(SERVICES)
    for number in (1, 2, 3):
        cluster.set_ready(f"payments/ledger-{number}", False)
    cluster.advance(600)
    return cluster


def node(number: int) -> kx.Node:
    """Describe one machine, as the cloud does."""
    zone, host = ZONES[number % 3], 11 + number
    ip = f"10.20.{number % 3}.{host}"
    name = f"ip-{ip.replace('.', '-')}.ec2.internal"
    labels = {
        "kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "m6i.xlarge",
        "topology.kubernetes.io/region": zone[:-1], "topology.kubernetes.io/zone": zone,
    }  # fmt: skip
    return kx.Node(
        name, addresses=(ip,), zone=zone, pod_cidr=f"10.20.{64 + number}.0/24", labels=labels,
        provider_id=f"aws:///{zone}/i-0{digest(name, 16)}",
    )  # fmt: skip


def digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def dump(cluster: kx.Cluster) -> str:
    """Write the dump, with what every object of a real cluster has."""
    objects: list[dict[str, Any]] = [node_dict(one, ready=True) for one in cluster.nodes]
    for one in objects:
        one["spec"] = {"providerID": one["spec"]["providerID"]}  # the Pods' addresses come from the cloud's network
    objects += [pod_dict(one) for one in cluster.pods]
    objects += [service_dict(one) for one in cluster.services]
    slices = [part for one in cluster.services for part in cluster.endpoint_slices(one.key)]
    api = tuple(Endpoint(f"10.20.{zone}.5") for zone in range(2))
    slices.append(EndpointSlice("kubernetes", service="kubernetes", ports=(EndpointPort(443, "https"),), endpoints=api))
    objects += [slice_dict(part) for part in slices]
    for number, one in enumerate(objects):
        metadata = one["metadata"]
        seed = digest(f"{one['kind']}/{metadata.get('namespace')}/{metadata['name']}", 32)
        metadata["uid"] = "-".join((seed[:8], seed[8:12], seed[12:16], seed[16:20], seed[20:]))
        metadata["resourceVersion"] = str(1000 + number)
    return to_json(listed(objects)) + "\n"


def main() -> int:
    text = dump(build())
    if "--check" in sys.argv[1:]:
        same = TARGET.read_text(encoding="utf-8") == text
        print("up to date" if same else f"{TARGET.name} is out of date: python tools/generate/sample_cluster.py")
        return 0 if same else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
