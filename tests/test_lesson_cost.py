"""Lesson 3: its exercise, its curves, its figures and its explorer."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.lessons import ingress_bill, save
from k8sexpose.lessons.cost_warning.questions import fifty_teams
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.plots import describe
from k8sexpose.plots.costs import PARTS, WAYS
from k8sexpose.widgets.explorers.cost import (
    POLICIES,
    PROVIDERS,
    TRAFFIC_GB_PER_HOUR,
    CostExplorer,
    CostSetting,
    curve,
    draw_costs,
    explorer_page,
    rows,
)
from k8sexpose.widgets.explorers.slider import Slider

CLUSTER_IP = {"type": "ClusterIP"}
INSIDE: dict[str, Any] = {name: CLUSTER_IP for name in ("shop", "api", "docs", "blog", "metrics")}
LOCAL, SAME_ZONE = {"externalTrafficPolicy": "Local"}, {"trafficDistribution": "PreferSameZone"}


@pytest.fixture(scope="module")
def fifty() -> kx.Cluster:
    return fifty_teams()


# -- the questions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("cost-fifty", 30, 24),
        ("cost-fifty", "300", 24),
        ("cost-fifty", "15000", None),
        ("cost-formula", {"aws", "gcp", "azure", "linode"}, 24),
        ("cost-formula", "aws, gcp, linode", None),
        ("cost-quota", True, 24),
        ("cost-busy", "shared", None),
        ("cost-ingress", 1, 24),
        ("cost-orphan", 0, 17),
        ("cost-orphan", 2, 17),
        ("cost-azure-part", "load balancers", 24),
        ("cost-six", 100, 24),
        ("cost-six", 0, 24),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert feedback.correct is False and feedback.misconception == belief


def test_the_answer_follows_the_learners_cluster(fifty: kx.Cluster) -> None:
    assert Sheet().check("cost-fifty", fifty, answer=1600).correct
    few = kx.Cluster(nodes=3, provider="aws")
    few.apply(kx.example("public-api-lb"))
    assert Sheet().check("cost-quota", few, answer="yes").correct
    assert Sheet().check("cost-quota", fifty, answer="no").correct
    assert "one-more" not in {service.name for service in fifty.services}


# -- the exercise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "solved"),
    [
        (None, False),
        (INSIDE, False),  # few load balancers, but the bytes still cross
        ({name: LOCAL for name in ("gateway", "shop", "api", "docs", "blog", "metrics", "voice")}, False),
        ({**INSIDE, "gateway": LOCAL}, True),
        ({**INSIDE, "gateway": SAME_ZONE}, True),
        ({**INSIDE, "gateway": LOCAL, "voice": LOCAL}, True),
    ],
)
def test_half_the_bill_needs_both(change: object, solved: bool) -> None:
    result = save(change)
    assert result.solved is solved
    assert result.wishes[-1].granted is solved, "the other wishes hold in all of these"
    assert all(wish.granted for wish in result.wishes[:-1])


@pytest.mark.parametrize(
    ("name", "spec", "words", "belief"),
    [
        ("voice", CLUSTER_IP, "voice: customers", None),
        ("voice", {"type": "NodePort"}, "voice: customers", 19),
        ("shop", {"type": "NodePort"}, "shop: customers", 19),
        ("audit", {"externalTrafficPolicy": "Cluster"}, "audit: the Pod", 7),
        ("shop", {"selector": {"app": "blog"}}, "shop: customers", None),
        ("metrics", {"selector": {"app": "nobody"}}, "metrics: Pods", None),
        ("gateway", CLUSTER_IP, "shop: customers", None),
    ],
)
def test_a_saving_that_loses_somebody(name: str, spec: dict[str, Any], words: str, belief: int | None) -> None:
    result = save({**INSIDE, "gateway": LOCAL, name: spec})
    lost = next(wish for wish in result.wishes if wish.what.startswith(words))
    assert not result.solved and not lost.granted and lost.misconception == belief


@pytest.mark.parametrize(
    "change", [3, "x", [1], {"shop": 3}, {"nobody": CLUSTER_IP}, {3: {}}, {"shop": {"type": "Free"}}, {"shop": None}]
)
def test_absurd_changes(change: object) -> None:
    result = save(change)
    assert not result.solved
    assert repr(result) and "<table" in result._repr_html_()


def test_ingress_objects() -> None:
    assert ingress_bill(50).load_balancers == 50 and ingress_bill(50, grouped=True).load_balancers == 1
    table = kx.compare_exposure(50, "aws", gb_per_month=36_500)["total_per_month"]
    assert ingress_bill(50, grouped=True).total_per_month == pytest.approx(table["one_ingress"])
    assert ingress_bill(0).total_per_month == 0


# -- curves ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_curves_are_the_comparison(provider: str) -> None:
    costs = kx.costs_by_services(60, provider, gb_per_month=5000)
    for services in (1, 5, 6, 50, 60):
        table = kx.compare_exposure(services, provider, gb_per_month=5000)["total_per_month"]
        assert costs.loc[services].to_dict() == pytest.approx(table.to_dict())
    assert costs["one_lb_each"].is_monotonic_increasing
    even = costs.attrs["break_even"]
    assert costs.loc[even, "one_ingress"] < costs.loc[even, "one_lb_each"]
    assert costs.loc[even - 1, "one_ingress"] >= costs.loc[even - 1, "one_lb_each"]


def test_traffic_curve_crosses_at_the_break_even() -> None:
    costs = kx.costs_by_traffic(services=50)
    saving = costs["one_lb_each"] - costs["one_ingress"]
    even = costs.attrs["break_even"]
    assert (saving[saving.index < even] > 0).all() and (saving[saving.index > even] < 0).all()


def test_curves_without_a_price_or_sense() -> None:
    costs = kx.costs_by_services(3, "aws", "eu-west-1")
    assert costs["one_lb_each"].isna().all() and costs.attrs["missing"] and costs.attrs["break_even"] is None
    assert "no price" in describe(kx.plot_costs(costs))
    for make in (lambda: kx.costs_by_services(0), lambda: kx.costs_by_traffic(0), lambda: kx.costs_by_traffic(-1)):
        with pytest.raises(ValueError, match="number"):
            make()


# -- figures -----------------------------------------------------------------------------------------------------------


def test_plot_bill(fifty: kx.Cluster) -> None:
    made = kx.bill(fifty, gb_per_month=36_500)
    ax = kx.plot_bill(made)
    widths = [patch.get_width() for patch in ax.patches]
    assert widths[:-1] == list(made.items["monthly_cost"]) and widths[-1] == pytest.approx(made.total_per_month)
    starts = [patch.get_x() for patch in ax.patches]
    assert starts[1] == pytest.approx(widths[0]) and starts[-1] == 0
    assert describe(ax).startswith("A bill of 1,587.75 USD a month (aws us-east-1): Network load balancer 821.25;")
    assert "USD" in ax.get_xlabel()


def test_plot_bill_without_a_price() -> None:
    cluster = kx.Cluster(nodes=3, provider="aws")
    cluster.apply(kx.example("public-api-lb"))
    ax = kx.plot_bill(kx.bill(cluster, region="eu-west-1"))
    assert any("no price in the book" in text.get_text() for text in ax.texts)
    assert describe(ax).startswith("A bill of unknown USD")


def test_plot_bills(fifty: kx.Cluster) -> None:
    made = kx.bill(fifty, gb_per_month=36_500)
    ax = kx.plot_bills({"now": made, "again": made})
    assert sum(patch.get_width() for patch in ax.patches) == pytest.approx(2 * (made.total_per_month or 0))
    legend = ax.get_legend()
    assert legend is not None and len(legend.get_texts()) == 3
    euros = kx.bill(kx.Cluster(provider="metallb", nodes=1))
    assert describe(kx.plot_bills({"a": euros})).startswith("Bills in")


def test_plot_costs_marks_quota_and_break_even() -> None:
    ax = kx.plot_costs(kx.costs_by_services(60, gb_per_month=36_500), at=20)
    gids = [line.get_gid() for line in ax.lines]
    assert {*WAYS, "quota", "break-even", "at"} <= set(gids)
    assert "the quota is 50; the break-even is at 4 Services" in describe(ax)
    few = kx.plot_costs(kx.costs_by_services(3, gb_per_month=36_500))
    assert not {"quota", "break-even"} & {line.get_gid() for line in few.lines}
    assert "break-even is at 919 GB an hour" in describe(kx.plot_costs(kx.costs_by_traffic()))


def test_looks_differ_without_colour() -> None:
    assert len({look.marker for look in WAYS.values()}) == len({look.line for look in WAYS.values()}) == len(WAYS)
    assert len({look.hatch for look in PARTS.values()}) == len(PARTS)


def test_plot_candidates() -> None:
    cluster = kx.Cluster(nodes=3, provider="aws")
    cluster.deploy("api-backend", per_node=[2, 1, 1])
    cluster.apply(kx.example("public-api-lb"))
    one = kx.bill(cluster), kx.simulate(cluster, "public-api-lb", requests=1000, rate_rps=50)
    ax = kx.plot_candidates({"a": one, "b": one})
    assert [line.get_gid() for line in ax.lines] == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == ["a and b"]
    assert "a " in describe(ax) and "ms" in ax.get_xlabel()


# -- the explorer ------------------------------------------------------------------------------------------------------


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


def test_controls_redraw_and_reset() -> None:
    explorer = kx.cost_explorer()
    explorer.controls["services"].value = 51
    explorer.controls["provider"].value = "gcp"
    assert explorer.setting == CostSetting("gcp", 51) and explorer.picture.value == explorer_page(explorer.setting)
    explorer.show_python.click()
    assert "services=51" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == CostSetting() and explorer.code.value == ""


def test_your_own_prices() -> None:
    explorer = CostExplorer(CostSetting("linode"), prices={"linode": {"nodebalancer": {"nodebalancer_month_cap": 5}}})
    assert "one load balancer each: 250.00 USD" in repr(explorer)
    assert "yours" in explorer.picture.value
    explorer.controls["provider"].value = "aws"
    assert "1,587.75" in repr(explorer)


def test_the_page_stands_without_a_kernel() -> None:
    bundle = kx.cost_explorer(CostSetting("azure"))._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert explorer_page(CostSetting("azure")) in bundle["text/html"]
    assert "0x" not in bundle["text/plain"]


def test_the_slider_keeps_to_its_ends() -> None:
    slider = Slider(label="Services", min=1, max=100, value=50)
    slider.value = 1000
    assert slider.value == 100
    slider.value = -5
    assert slider.value == 1
    script = str(Slider._esm)
    assert "data-lm-suppress-shortcuts" in script and "htmlFor" in script
