"""The cost explorer."""

from __future__ import annotations

from itertools import pairwise, product
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose._svg import images
from k8sexpose.widgets.explorers.cost import (
    POLICIES,
    PROVIDERS,
    TRAFFIC_GB_PER_HOUR,
    CostSetting,
    cost_parts,
    curve,
    draw_costs,
    rows,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_setting_draws_what_the_model_says(provider: str) -> None:
    for gb, policy, services in product(TRAFFIC_GB_PER_HOUR, POLICIES, (1, 5, 50, 51, 100)):
        setting = CostSetting(provider, services, gb, policy)
        costs = curve(setting)
        svg = ElementTree.fromstring(draw_costs(costs, services))
        table = list(rows(setting))
        for way, (name, _, amount, *_) in zip(costs, table, strict=True):
            assert f"{name} {amount.split()[0]}" in svg.attrib["aria-label"]
            assert float(amount.split()[0].replace(",", "")) == pytest.approx(costs.loc[services, way], abs=0.006)
        assert any("over the quota of 50" in row for row in table) is (provider == "aws" and services > 50)
        assert eval(setting.python, {"kx": kx})["total_per_month"]["one_lb_each"] == costs.loc[services, "one_lb_each"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_picture_fits_beside_the_list_of_files(provider: str) -> None:
    for gb in TRAFFIC_GB_PER_HOUR:
        svg = ElementTree.fromstring(draw_costs(curve(CostSetting(provider, gb_per_hour=gb)), 50))
        assert float(svg.attrib["width"]) <= 740  # pixels beside the list of files
        heights = sorted(float(text.attrib["y"]) for text in svg.iter("text") if float(text.attrib["x"]) > 550)
        assert heights[-1] <= float(svg.attrib["viewBox"].split()[-1]) and heights[0] > 0
        assert all(lower - upper > 14.5 for upper, lower in pairwise(heights))


def test_the_page_says_which_policy_its_costs_are_of() -> None:
    default, local = (cost_parts().page(CostSetting(policy=policy)) for policy in ("Cluster", "Local"))
    assert "50 Services, traffic policy Local, one load balancer" in local and "contain none of it" in local
    assert "traffic policy Cluster" in default and "contain none of it" not in default


def test_controls_redraw_and_reset() -> None:
    explorer = kx.cost_explorer()
    explorer.controls["services"].value = 51
    explorer.controls["provider"].value = "gcp"
    assert explorer.setting == CostSetting("gcp", 51) and explorer.picture.value == cost_parts().page(explorer.setting)
    explorer.show_python.click()
    assert "services=51" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == CostSetting() and explorer.code.value == ""


def test_your_own_prices() -> None:
    explorer = kx.cost_explorer(
        CostSetting("linode"), prices={"linode": {"nodebalancer": {"nodebalancer_month_cap": 5}}}
    )
    assert "one load balancer each: 250.00 USD" in repr(explorer)
    assert "yours" in explorer.picture.value
    explorer.controls["provider"].value = "aws"
    assert "1,587.75" in repr(explorer)


def test_the_page_stands_without_a_kernel() -> None:
    bundle = kx.cost_explorer(CostSetting("azure"))._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert images(cost_parts().page(CostSetting("azure"))) in bundle["text/html"]
    assert "0x" not in bundle["text/plain"]


def test_prices_are_dated_without_the_notes_of_authors() -> None:
    pages = {provider: cost_parts().page(CostSetting(provider)) for provider in PROVIDERS}
    assert "List prices without a date; region: core regions." in pages["linode"] and "undated" not in pages["linode"]
    assert "List prices of 2024-08-30 to 2026-04-03; region: eastus." in pages["azure"]
    own = cost_parts({"linode": {"nodebalancer": {"nodebalancer_month_cap": 5}}}).page(CostSetting("linode"))
    assert "List prices without a date, and yours; region" in own


def test_one_service_is_no_services_and_the_quota_is_seen_at_its_end() -> None:
    page = cost_parts().page(CostSetting(services=1))
    assert "1 Service, traffic policy" in page and "1 Services" not in page
    svg = ElementTree.fromstring(draw_costs(curve(CostSetting()), 50))
    (shaded,) = (one for one in svg.iter("rect") if one.attrib.get("fill-opacity") == "0.1")
    assert float(shaded.attrib["width"]) > 200
