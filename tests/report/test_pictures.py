"""The pictures of the report: what they show, what they say to who cannot see them, and the JSON beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.cli import main
from k8sexpose.report.entrance_map import entrance_map
from k8sexpose.report.pictures import DASHES, LOADS, bill_bars, latency_curve, pod_loads
from tests.report.helpers import LB, SAMPLE, cluster_of

ROOT = Path(__file__).parents[2]
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE, provider=None))


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter("text")]


def test_every_picture_is_whole_and_described(sample: kx.Review) -> None:
    found = SVG.findall(sample.to_html())
    assert len(found) == 2 + 2 * sum(one.comparison is not None for one in sample.exposed)
    for svg in found:
        assert ElementTree.fromstring(svg).attrib["aria-label"].strip()


def test_the_map_names_services_entrances_and_zones(sample: kx.Review) -> None:
    shown = words(entrance_map(sample))
    assert [one.name for one in sample.exposed if one.name not in shown] == []
    assert {"us-east-1a: 4 nodes", "the", "internet", "private network", "node port 31300"} <= set(shown)


def test_a_service_without_ready_pods_leads_nowhere_in_the_map() -> None:
    ends = {}
    for pods in ((1, 1, 1), (0, 0, 0)):
        svg = entrance_map(kx.review(cluster_of({}, per_node=pods)))
        ends[pods] = len(ElementTree.fromstring(svg).findall(".//path[@stroke-dasharray]"))
    assert ends == {(1, 1, 1): 0, (0, 0, 0): 1}


def test_bars_are_as_long_as_the_shares(sample: kx.Review) -> None:
    found = sample.service("payments/checkout").comparison
    assert found is not None
    bars = [r for r in ElementTree.fromstring(pod_loads(found)).iter("rect") if r.attrib["x"] == "220"][1:]
    wide = [float(bar.attrib["width"]) for bar in bars]
    local = [float(pod.share) for pod in sorted(found.local.view.pods, key=lambda pod: pod.pod)]
    assert [w / max(wide) for w in wide[1::2]] == pytest.approx([share / max(local) for share in local], abs=1e-3)


def test_the_point_of_today_is_the_p99_of_the_table(sample: kx.Review) -> None:
    found = sample.service("payments/checkout").comparison
    assert found is not None
    svg = latency_curve(found, 0.5, 10.0, 1)
    assert f"now (Cluster): {found.cluster.p99_ms:.3g} ms" in words(svg)
    root = ElementTree.fromstring(svg)
    assert len(root.findall(".//circle")) == 1
    curves = [p for p in root.findall("path") if p.attrib.get("stroke-width") == "2.5"]
    assert [p.attrib.get("stroke-dasharray") for p in curves] == list(DASHES.values())
    assert max(LOADS) < 1


def test_the_words_of_the_point_lie_on_no_curve(sample: kx.Review) -> None:
    """Below the point of the slower policy runs the curve of the other one."""
    for name in ("payments/checkout", "shop/storefront", "shop/api"):
        found = sample.service(name).comparison
        assert found is not None
        root = ElementTree.fromstring(latency_curve(found, 0.5, 10.0, 1))
        box = {key: float(root.findall("rect")[-1].attrib[key]) for key in ("x", "y", "width", "height")}
        for curve in (p for p in root.findall("path") if p.attrib.get("stroke-width") == "2.5"):
            spots = [tuple(map(float, spot)) for spot in re.findall(r"([\d.]+)[ ,]([\d.]+)", curve.attrib["d"])]
            inside = [(x, y) for x, y in spots if 0 < x - box["x"] < box["width"] and 0 < y - box["y"] < box["height"]]
            assert len(spots) > 10 and not inside, (name, inside)


def test_the_bill_is_drawn_line_by_line_and_estimates_differ() -> None:
    annotation = {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}
    cluster = kx.Cluster(nodes=3, provider="aws")
    cluster.deploy("web", per_node=[1, 1, 1])
    metadata = {"name": "web", "annotations": annotation}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": LB})
    made = kx.review(cluster, "eu-west-3")
    assert made.bill.total_per_month is None
    assert made.estimate.headline.startswith("at least ")
    assert "one line estimated" in made.to_markdown()
    assert "(estimated: price of eu-west-2)" in made.to_markdown()
    bars = ElementTree.fromstring(bill_bars(made)).findall("rect")
    assert [bar.attrib.get("stroke-dasharray") for bar in bars].count("3 2") == 1


def test_json_is_what_the_docs_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(SAMPLE), "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    docs = (ROOT / "docs/report.md").read_text(encoding="utf-8")
    assert made["schema"] == "k8sexpose.report/1"

    def names(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(names, value))
        if isinstance(value, dict):
            return set(value).union(*map(names, value.values()))
        return set()

    assert [name for name in sorted(names(made)) if f"`{name}`" not in docs] == []
    assert made["bill"]["total_per_month"] == pytest.approx(119.63, abs=0.01)


def test_markdown_reads_well_on_a_terminal(sample: kx.Review) -> None:
    text = sample.to_markdown("2026-11-29")
    assert "\\_" not in text and "&lt;" not in text and "<svg" not in text
    assert "on 2026-11-29" in text


def test_contents_link_to_every_part(sample: kx.Review) -> None:
    page = sample.to_html()
    contents = page.partition("<nav ")[2].partition("</nav>")[0]
    links, anchors = re.findall(r'href="#([^"]+)"', contents), re.findall(r'<h[23] id="([^"]+)"', page)
    assert links == anchors
    assert len(links) > 6
