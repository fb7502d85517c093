"""Figures of bills and of costs."""

from __future__ import annotations

import re

import pytest

import k8sexpose as kx
from k8sexpose.lessons.cost_warning.questions import fifty_teams
from k8sexpose.plots import describe
from k8sexpose.plots.costs import PARTS, WAYS, label_of


@pytest.fixture(scope="module")
def fifty() -> kx.Cluster:
    return fifty_teams("Local")


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
    ax = kx.plot_bill(kx.bill(cluster, region="eu-south-1"))
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


def test_the_figures_of_costs_fit_beside_the_list_of_files(fifty: kx.Cluster) -> None:
    made = kx.bill(fifty, gb_per_month=36_500)
    axes = [kx.plot_bill(made), kx.plot_bills({"now": made})]
    axes += [kx.plot_costs(kx.costs_by_traffic()), kx.plot_costs(kx.costs_by_services(60, "azure"))]
    for ax in axes:
        first = kx.show(ax)
        least = re.search(r"min-width: (\d+)px", first._repr_html_())
        assert least and int(least[1]) <= 740  # pixels beside the list of files
        assert kx.show(ax).png == first.png


def test_the_name_of_each_line_stands_whole_at_its_end() -> None:
    ax = kx.plot_costs(kx.costs_by_traffic())
    written = {text.get_text().replace("\n", " ") for text in ax.texts}
    assert {label_of(way, "aws") for way in WAYS} <= written


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
    assert [text.get_text() for text in ax.texts] == ["a and b (identical)"]
    assert "a " in describe(ax) and "ms" in ax.get_xlabel()
