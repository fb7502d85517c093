"""What each provider counts: hours, rules, targets, capacity units."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.cost.billing import bill_for, lines_of
from k8sexpose.cost.charges import DRIVERS, KINDS, BilledEntry
from k8sexpose.cost.prices import book_name
from tests.cost.helpers import AWS, manifest, three_zones


def test_drivers_count_in_the_units_of_the_book() -> None:
    known = kx.price_book().layers[-1]
    for provider, (charges, quotas) in DRIVERS.items():
        ways = [
            BilledEntry(f"{kind}", kind, gb=1, request_gb=1, internal=k % 2) for k, kind in enumerate(KINDS[provider])
        ]
        for charge in charges(ways, kx.price_book()):
            for component in charge.components:
                key = (book_name(provider), charge.product, component)
                units = {row.unit for row in known[key]}
                assert units <= ({"GB", "GiB"} if charge.unit == "GB" else {charge.unit})
        for use in quotas(ways):
            assert kx.price_book().quota(provider, use.quota) is not None, use


def test_targets_count_once_for_each_port() -> None:
    nodes = [kx.Node(f"n{k}", addresses=(f"10.0.{k}.1",), zone="a") for k in range(101)]
    found = kx.Cluster(nodes=nodes, provider="aws")
    ports = [{"name": f"p{k}", "port": 80 + k} for k in range(5)]
    found.create(manifest(annotations={f"{AWS}type": "nlb"}, ports=ports))
    assert [use.name for use in kx.bill(found, gb_per_month=0).over_quota] == ["targets_per_nlb_per_az"]


def test_capacity_units_are_those_of_the_busiest_dimension() -> None:
    def units(**usage: float) -> float:
        found = three_zones("aws", manifest(annotations={f"{AWS}type": "nlb"}, externalTrafficPolicy="Local"))
        items = kx.bill(found, **usage).items.set_index("name")
        return float(items["monthly_quantity"].get("Load balancer capacity units (NLCU)", 0.0))

    assert units(gb_per_month=1460) == pytest.approx(1460)
    assert units(gb_per_month=1460, new_connections_per_s=800) == pytest.approx(1460)
    assert units(gb_per_month=1460, new_connections_per_s=2400) == pytest.approx(3 * 730)
    assert units(gb_per_month=1460, active_connections=400_000) == pytest.approx(4 * 730)
    assert units(gb_per_month=0, rule_evaluations_per_s=1e6) == 0


def test_rule_evaluations_are_the_application_load_balancers() -> None:
    # 50 host rules, 500 requests a second: 8.2 LCU (prices.md, section 8).
    way = BilledEntry("ingress", "alb", gb=1, rule_evaluations_per_s=820 / 50 * 500)
    items = bill_for("aws", [way], kx.price_book()).items.set_index("name")
    assert items.loc["Load balancer capacity units (LCU)", "monthly_quantity"] == pytest.approx(8.2 * 730)


def test_udp_needs_more_units_than_tcp() -> None:
    flows = {"new_connections_per_s": 400, "gb": 0.0}
    tcp, udp, both = (
        BilledEntry("web", "nlb", ports=ports, **flows)
        for ports in (((80, "TCP"),), ((53, "UDP"),), ((80, "TCP"), (53, "UDP")))
    )
    units = [lines_of("aws", [way], kx.price_book(), None)[1].monthly_quantity / 730 for way in (tcp, udp, both)]
    assert units == [0.5, 1, 1]
