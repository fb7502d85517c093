"""The recorded facts about prices, and clusters to bill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import k8sexpose as kx

HERE = Path(__file__).parents[1]
FACTS = json.loads((HERE / "conformance/prices.json").read_text(encoding="utf-8"))
CASES = {c["id"]: c for c in json.loads((HERE / "conformance/user-cases.json").read_text(encoding="utf-8"))}
AWS = "service.beta.kubernetes.io/aws-load-balancer-"


# Prices that no source shows, so that every provider's bill has a total.
FILLED = kx.price_book(
    {
        "generic": {"load_balancer": {"lb_month": 20}},
        "digitalocean": {"load_balancer": {"regional_network_lb_month": 15}},
    }
)


def manifest(name: str = "web", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A LoadBalancer Service for the Pods app=web."""
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    metadata = {"name": name, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def three_zones(provider: Any, *manifests: dict[str, Any]) -> kx.Cluster:
    """A node in each of three zones, a Pod on each."""
    found = kx.Cluster(nodes=3, provider=provider)
    found.deploy("web", per_node=[1, 1, 1])
    for one in manifests:
        found.create(one)
    return found


def cost(bill: kx.Bill, text: str) -> float:
    """What the lines cost whose name starts with a text."""
    items = bill.items
    return float(items.loc[items["name"].str.startswith(text), "monthly_cost"].sum())
