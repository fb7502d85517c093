"""Bills against sums that were worked out by hand from the price facts: another way to the same number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import k8sexpose as kx
from tests.cost.helpers import AWS, manifest

HOURS = 730
ADDRESS = 0.005 * HOURS
NLB = {f"{AWS}type": "nlb"}
DIGITALOCEAN = "service.beta.kubernetes.io/do-loadbalancer-"
INTERNAL = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
TWO_PORTS = [{"name": f"p{n}", "port": n, "targetPort": 8080} for n in (80, 443)]


def cluster(provider: str, services: int = 1, *, zones: int = 3, scheme: str = "", **changes: Any) -> kx.Cluster:
    """Make a node with a Pod in each zone, and Services that all of them serve."""
    made = kx.Cluster(
        nodes=[
            kx.Node(f"n{k}", (f"10.0.0.{k}",), zone=f"z{k}", provider_id=f"{scheme}://{k}" if scheme else None)
            for k in range(1, zones + 1)
        ],
        provider=provider,
    )
    made.deploy("web", per_node=[1] * zones)
    for number in range(services):
        made.create(manifest(f"web-{number}", **{"externalTrafficPolicy": "Local"} | changes))
    return made


# 1,000 GB a month unless said; a tenth of them requests. Under Cluster two of three connections cross a zone.
BY_HAND: list[tuple[str, Callable[[], kx.Cluster], dict[str, Any], float]] = [
    ("an NLB in Oregon", partial(cluster, "aws", annotations=NLB), {"region": "us-west-2"},
     0.0225 * HOURS + 1000 * 0.006 + 3 * ADDRESS),
    ("the same under Cluster", partial(cluster, "aws", annotations=NLB, externalTrafficPolicy="Cluster"),
     {"region": "us-west-2"}, 0.0225 * HOURS + 1000 * 0.006 + 3 * ADDRESS + 1000 * 2 / 3 * (0.01 + 0.01)),
    ("three NLBs in Frankfurt, 5,000 GB", partial(cluster, "aws", 3, annotations=NLB),
     {"region": "eu-central-1", "gb_per_month": 5000}, 3 * 0.027 * HOURS + 5000 * 0.006 + 9 * ADDRESS),
    ("1,600 new connections a second fill two units of 800", partial(cluster, "aws", annotations=NLB),
     {"new_connections_per_s": 1600}, 0.0225 * HOURS + 2 * HOURS * 0.006 + 3 * ADDRESS),
    ("two zones, an NLB that crosses them", partial(cluster, "aws", zones=2, annotations={
        **NLB, f"{AWS}cross-zone-load-balancing-enabled": "true"}), {},
     0.0225 * HOURS + 1000 * 0.006 + 2 * ADDRESS + 500 * 0.02),
    ("a Classic in Frankfurt", partial(cluster, "aws"), {"region": "eu-central-1"}, 0.03 * HOURS + 8 + 3 * ADDRESS),
    ("an internal Classic", partial(cluster, "aws", annotations={f"{AWS}internal": "true"}), {}, 0.025 * HOURS + 8),
    ("five rules of Google are one price", partial(cluster, "gcp", 5), {}, 0.025 * HOURS + 100 * 0.008),
    ("six rules in Frankfurt, under Cluster", partial(cluster, "gcp", 6, externalTrafficPolicy="Cluster"),
     {"region": "europe-west3"}, 0.03 * HOURS + 0.012 * HOURS + 100 * 0.01 + 1000 * 2 / 3 * 0.01),
    ("24 rules of Azure", partial(cluster, "azure", 12, ports=TWO_PORTS), {},
     0.025 * HOURS + 19 * 0.01 * HOURS + 12 * ADDRESS + 1000 * 0.005),
    ("an internal one of Azure, and the outbound rule", partial(cluster, "azure", annotations=INTERNAL),
     {"outbound_rule": True}, 2 * 0.025 * HOURS + ADDRESS + 1000 * 0.005),
    ("DigitalOcean's default", partial(cluster, "digitalocean"), {}, 15),
    ("three nodes of DigitalOcean's other kind", partial(cluster, "digitalocean", annotations={
        f"{DIGITALOCEAN}type": "REGIONAL", f"{DIGITALOCEAN}size-unit": "3"}), {}, 36),
    ("Linode in São Paulo", partial(cluster, "linode"), {"region": "br-gru"}, 14),
    ("Linode in Jakarta", partial(cluster, "linode", 2), {"region": "id-cgk"}, 24),
    ("two at Hetzner, in euros", partial(cluster, "generic", 2, scheme="hcloud"), {}, 2 * 7.49),
    ("ServiceLB of k3s", partial(cluster, "generic", 2, scheme="k3s"), {}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("what", "made", "options", "total"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_a_bill_is_what_one_works_out_by_hand(
    what: str, made: Callable[[], kx.Cluster], options: dict[str, Any], total: float
) -> None:
    assert kx.bill(made(), **options).total_per_month == pytest.approx(total, abs=1e-9), what
