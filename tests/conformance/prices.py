"""Compare the model's bills with worked examples: ``python tests/conformance/prices.py FILE``.

Each example says what it assumes (`inputs`) and what comes out. The assumptions become a cluster, or a comparison,
priced with the rows of the same file; the total is only compared, unrounded, within half a cent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from tests.conformance.report import Report, main
from tools.generate.price_book import tables

Row = dict[str, Any]
HALF_A_CENT = 0.005
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
ANNOTATIONS = {
    "nlb": {f"{AWS}type": "nlb"},
    "nlb, internal": {f"{AWS}type": "nlb", f"{AWS}internal": "true"},
    "REGIONAL": {"service.beta.kubernetes.io/do-loadbalancer-type": "REGIONAL"},
    None: {},
}
CROSS_ZONE = {f"{AWS}cross-zone-load-balancing-enabled": "true"}
NO_PROFILE = ("hetzner", "oci", "ovh")  # known to comparisons only


def run(path: Path) -> Report:
    """Compare every example of a file."""
    report = Report()
    facts = json.loads(path.read_text(encoding="utf-8"))
    for example in facts["worked_examples"]:
        name = example["id"]
        if example.get("for_information_only"):
            report.left_out.append(f"{name}: for information only")
            continue
        report.add(name, difference(example, tables(facts)))
    return report


def difference(example: Row, prices: Row) -> str | None:
    """What the model says otherwise, or None."""
    inputs = example["inputs"]
    total, currency = question(inputs)(inputs, prices)
    wrong = total is None or abs(total - example["total"]) > HALF_A_CENT or currency != example["currency"]
    return f"wanted {example['total']} {example['currency']}, got {total} {currency}" if wrong else None


def question(inputs: Row) -> Callable[[Row, Row], tuple[float | None, str]]:
    """Which call answers an example."""
    if "line" in inputs:
        return crossing
    return comparison if "ingress" in inputs or inputs["provider"] in NO_PROFILE else applied


def applied(inputs: Row, prices: Row) -> tuple[float | None, str]:
    """The bill of the Services, applied to a cluster."""
    bill = kx.bill(
        cluster(inputs),
        region=inputs.get("region"),
        gb_per_month=inputs.get("gb_per_hour_each", 0) * 730 * inputs["services"],
        request_share=inputs.get("request_share", 0.1),
        outbound_rule=inputs.get("default_outbound_rule", False),
        prices=prices,
    )
    return bill.total_per_month, bill.currency


def crossing(inputs: Row, prices: Row) -> tuple[float | None, str]:
    """The lines of a bill for bytes that cross a zone."""
    bill = kx.bill(cluster(inputs), gb_per_month=inputs["gb_per_month"], prices=prices)
    items = bill.items[bill.items["name"].str.startswith("cross-zone")]
    return float(items["monthly_cost"].sum()), bill.currency


def comparison(inputs: Row, prices: Row) -> tuple[float | None, str]:
    """One row of a comparison."""
    frame = kx.compare_exposure(
        inputs.get("services", 50),
        inputs["provider"],
        region=inputs.get("region"),
        gb_per_month=inputs.get("gb_per_hour", 0) * 730,
        zones=inputs.get("zones", 3),
        load_balancer=inputs.get("flavor", "nlb"),
        prices=prices,
    )
    ways = {None: "one_lb_each", "alb": "one_ingress", "nlb + in-cluster": "one_nlb_in_cluster_ingress"}
    row = frame.loc[ways[inputs.get("ingress")]]
    return float(row["total_per_month"]), str(row["currency"])


def cluster(inputs: Row) -> kx.Cluster:
    """A node in each zone, a Pod on each node, and the Services."""
    zones = inputs.get("zones", 3)
    nodes = [
        kx.Node(f"node-{k}", addresses=(f"10.0.0.{k}",), zone=f"zone-{k}", pod_cidr=f"10.244.{k}.0/24")
        for k in range(1, zones + 1)
    ]
    found = kx.Cluster(nodes=nodes, provider=inputs["provider"])
    found.deploy("web", per_node=[1] * zones, port=8080)
    annotations = dict(ANNOTATIONS[inputs.get("annotation", "nlb" if "line" in inputs else None)])
    if inputs.get("nlb_cross_zone"):
        annotations |= CROSS_ZONE
    for number in range(inputs.get("services", 1)):
        spec = {
            "type": "LoadBalancer",
            "externalTrafficPolicy": inputs.get("policy", "Local"),
            "selector": {"app": "web"},
            "ports": [{"name": f"p{k}", "port": 80 + k, "targetPort": 8080} for k in range(inputs.get("ports", 1))],
        }
        metadata = {"name": f"web-{number}", "annotations": annotations}
        found.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv, run))
