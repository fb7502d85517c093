"""An anonymised dump keeps no name, and changes no number."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import k8sexpose as kx
from tests.report.helpers import SAMPLE


def secrets_of(dump: dict[str, Any]) -> set[str]:
    """List every name, label value, address and host name of a dump."""
    found: set[str] = set()
    for item in dump["items"]:
        metadata, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
        found |= {metadata["name"], metadata.get("namespace", ""), *metadata.get("labels", {}).values()}
        found |= {
            spec.get("providerID", ""),
            spec.get("clusterIP", ""),
            status.get("podIP", ""),
            spec.get("nodeName", ""),
        }
        found |= {entry["address"] for entry in status.get("addresses", [])}
        found |= set((spec.get("selector") or {}).values()) | set(spec.get("loadBalancerSourceRanges", []))
        found |= {entry.get("hostname", "") for entry in status.get("loadBalancer", {}).get("ingress", [])}
        for endpoint in item.get("endpoints", []):
            found |= {*endpoint["addresses"], endpoint.get("zone", "")}
    # What Kubernetes itself calls so, and what is in the words of the report.
    return {text for text in found if len(text) > 2} - {
        "default",
        "us-east-1",
        "web",
        "api",
        "kubernetes",
        "kube-proxy",
    }


def test_anonymise_is_complete() -> None:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    for item in dump["items"]:
        for key in ("name", "namespace"):
            if key in item["metadata"]:
                item["metadata"][key] = f"zq{item['metadata'][key]}"
    names = secrets_of(dump)
    made = kx.review(kx.Cluster.from_json(dump), anonymise=True)
    for page in (made.to_html(), made.to_markdown(), str(made), repr(made.bill), str(made.services)):
        assert not [name for name in names if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", page)]


def test_anonymise_changes_no_number(sample: kx.Review) -> None:
    made = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    assert sorted(one.kind for one in made.findings) == sorted(one.kind for one in sample.findings)
    assert made.bill.total_per_month == sample.bill.total_per_month and made.provider == sample.provider

    def numbers(review: kx.Review) -> list[Any]:
        return sorted(
            [
                (
                    v.hottest,
                    v.p99_ms,
                    v.extra_hop,
                    v.cross_zone,
                    v.lost,
                    v.cost,
                    v.source,
                    one.comparison.turns_at or -1,
                )
                for one in review.exposed
                if one.comparison
                for v in one.comparison.views.values()
            ]
        )

    assert numbers(made) == numbers(sample)


def test_anonymise_is_consistent() -> None:
    made = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    exposed = {one.name for one in made.services}
    assert {one.service for one in made.findings if one.service} <= exposed
    again = kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True)
    assert made.to_html() == again.to_html()
    with pytest.raises(ValueError, match="anonymised"):
        kx.review(kx.Cluster.from_json(SAMPLE), anonymise=True, traffic_gb={"shop/api": 1})
