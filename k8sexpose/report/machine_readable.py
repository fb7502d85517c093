"""The report and the difference as JSON, for programs: one schema with a version, described in ``docs/report.md``.

A number that is infinite or not a number is written as null, because JSON has neither.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..cloud.shared_entries import SharedEntry, shared_entries
from ..cost.billing import Bill
from ..router.reach import Entrance
from .findings import Finding
from .policy_advice import ReviewedPolicy, ServiceComparison
from .reviewed import ReviewedFacts, ServiceReview

__all__ = ["REPORT_SCHEMA", "bill_object", "finding_object", "number", "review_json", "written"]

REPORT_SCHEMA = "k8sexpose.report/1"


def written(schema: str, date: str, content: Mapping[str, Any]) -> str:
    """Return JSON with the name of its schema at the head."""
    head = {"schema": schema, "made_by": f"k8sexpose {__version__}", "date": date or None}
    return json.dumps({**head, **content}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def review_json(made: ReviewedFacts, date: str = "") -> str:
    """Return a report as JSON."""
    return written(REPORT_SCHEMA, date, {
        "provider": made.provider, "region": made.region, "guess": made.guess, "size": made.size,
        "lacks": list(made.lacks),
        "load_balancers": made.around.controller if made.around is not None else "",
        "data_plane": made.around.data_plane if made.around is not None else "",
        "findings": [finding_object(one) for one in made.findings],
        "services": [_service(one) for one in made.services],
        "internet": [_entrance(one) for one in made.internet],
        "shared_entries": [_shared(one) for one in shared_entries(made.cluster)],
        "bill": bill_object(made.estimate), "assumptions": list(made.assumptions),
    })  # fmt: skip


def finding_object(one: Finding) -> dict[str, str]:
    """Return a finding."""
    return {
        "kind": one.kind, "severity": one.severity, "service": one.service, "what": one.what, "why": one.why,
        "fix": one.fix, "command": one.command, "field": one.field, "lesson": one.lesson,
        "source": one.source, "url": one.url,
    }  # fmt: skip


def bill_object(made: Bill) -> dict[str, Any]:
    """Return a bill; its total is null where a price is missing or estimated."""
    lines = [
        {
            "name": name, "quantity": number(quantity), "unit": unit, "unit_price": number(price),
            "cost": number(cost), "source": source, "url": made.links.get(source, ""), "as_of": as_of,
            "estimated": name in made.estimated,
        }
        for name, quantity, unit, price, cost, source, as_of in made.items.itertuples(index=False)
    ]  # fmt: skip
    strict = made.total_per_month if not made.estimated else None
    return {
        "currency": made.currency, "headline": made.headline, "total_per_month": number(strict),
        "known_per_month": number(made.known_per_month), "estimated_total_per_month": number(made.total_per_month),
        "missing": list(made.missing), "lines": lines,
    }  # fmt: skip


def number(value: float | None) -> float | None:
    """Return a number that JSON can hold, else None."""
    return float(value) if value is not None and math.isfinite(value) else None


def _service(one: ServiceReview) -> dict[str, Any]:
    found = one.comparison
    return {
        "name": one.name, "type": one.type, "address": one.address, "ports": one.ports, "reached_by": one.reached_by,
        "ready": one.ready if one.judged else None,
        "entrances": [_entrance(entrance) for entrance in one.entrances],
        "comparison": None if found is None else _comparison(found), "why_not": one.why_not,
    }  # fmt: skip


def _entrance(one: Entrance) -> dict[str, Any]:
    return {
        "who": one.who, "kind": one.kind, "service": one.service, "address": one.address, "seen_as": one.seen_as,
        "lost": None if one.lost is None else number(float(one.lost)), "note": one.note,
    }  # fmt: skip


def _shared(one: SharedEntry) -> dict[str, Any]:
    return {
        "kind": one.kind, "name": one.key, "class": one.class_name, "served_by": one.made_by,
        "billed_as": one.billed_as, "group": one.group, "internal": one.internal, "hosts": list(one.hosts),
        "services": list(one.services), "addresses": list(one.addresses),
    }  # fmt: skip


def _comparison(found: ServiceComparison) -> dict[str, Any]:
    return {
        "now": found.now, "recommended": found.advice.policy, "reasons": list(found.advice.reasons),
        "local_slower_from_utilisation": number(found.turns_at),
        "local_slower_at_p99_from_utilisation": number(found.turns_at_p99),
        "policies": {policy: _policy(one) for policy, one in found.views.items()},
    }  # fmt: skip


def _policy(one: ReviewedPolicy) -> dict[str, Any]:
    return {
        "hottest_over_mean": number(one.hottest), "fairness": number(one.fairness), "mean_ms": number(one.mean_ms),
        "p50_ms": number(one.p50_ms), "p99_ms": number(one.p99_ms), "extra_hop": number(one.extra_hop),
        "crosses_zone": number(one.cross_zone), "lost": number(one.lost), "source": one.source,
        "failure": one.failure, "cost_per_month": number(one.cost),
    }  # fmt: skip
