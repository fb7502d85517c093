"""The runners of tests/conformance over the copied data, and the runners themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance import kube_proxy, live
from tests.conformance.chi_square import chi_square, survival

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent


def test_kube_proxys_own_cases() -> None:
    report = kube_proxy.run(DATA / "kube-proxy-cases.json")
    assert report.disagreements == []
    assert report.summary == "agree 397 of 397, 0 left out"


def test_packets_through_a_real_cluster() -> None:
    report = live.run(DATA / "kube-proxy-live.json")
    assert report.disagreements + report.failures == []
    assert report.summary == "agree 3278 of 3278, 90 left out"


def test_other_settings_of_the_real_cluster() -> None:
    report = live.run(DATA / "kube-proxy-variations.json")
    assert report.disagreements + report.failures == []
    assert report.summary == "agree 90 of 90, 0 left out"


# -- the runners can say no ----


def test_a_wrong_verdict_is_found(tmp_path: Path) -> None:
    [row, *_] = json.loads((DATA / "kube-proxy-cases.json").read_text())
    row["expected"]["verdict"] = "DROP"
    assert run_on(tmp_path, kube_proxy.run, [row]).exit_code == 1


def test_a_kube_proxy_without_its_node_object_is_asked(tmp_path: Path) -> None:
    row = {
        "name": "the node object is unknown", "kind": "kube-proxy-healthz", "services": None, "endpoints": None,
        "proxy_node": {"eligible": False, "proxier_healthy": True, "object": None},
        "packet": {"dst": "node", "port": 10256, "protocol": "TCP"}, "expected": {"healthz": 503, "livez": 200},
    }  # fmt: skip
    assert run_on(tmp_path, kube_proxy.run, [row]).summary == "agree 1 of 1, 0 left out"
    row["expected"] = {"healthz": 200, "livez": 200}
    assert run_on(tmp_path, kube_proxy.run, [row]).exit_code == 1


def scenario(name: str) -> dict[str, object]:
    """One scenario of the recorded file, and what it needs."""
    data = json.loads((DATA / "kube-proxy-live.json").read_text())
    data["scenarios"] = [row for row in data["scenarios"] if row["scenario"] == name]
    assert data["scenarios"]
    return data


@pytest.mark.parametrize(
    ("per_pod", "seen", "failures"),
    [
        ({"p11": 100, "p21": 50, "p31": 50}, "10.0.0.2", {}),  # not even
        ({"p11": 100, "p21": 100}, "10.0.0.2", {}),  # a Pod left out
        ({"p11": 67, "p21": 67, "p41": 66}, "10.0.0.2", {}),  # a Pod that is none
        ({"p11": 67, "p21": 67, "p31": 66}, "203.0.113.10", {}),  # another source
        ({"p11": 67, "p21": 67, "p31": 65}, "10.0.0.2", {"timeout": 1}),
        ({}, "", {"ECONNREFUSED": 200}),
    ],
)
def test_a_wrong_count_is_found(tmp_path: Path, per_pod: dict[str, int], seen: str, failures: dict[str, int]) -> None:
    data = scenario("s1110-cluster/ext-nodeport-n2")
    result = {"per_pod": per_pod, "seen_src": {pod: [seen] for pod in per_pod}, "failures": failures}
    data["scenarios"][0]["runs"] = {"iptables/masq": result}  # type: ignore[index]
    assert run_on(tmp_path, live.run, data).exit_code == 1


def test_lost_affinity_is_found(tmp_path: Path) -> None:
    data = scenario("affshort-cluster/expiry")
    sequence = [{"t": k / 2, "pod": f"p1{1 + k % 4}"} for k in range(8)]
    data["scenarios"][0]["runs"] = {"iptables/masq": {"sequence": sequence}}  # type: ignore[index]
    assert run_on(tmp_path, live.run, data).exit_code == 1


def run_on(folder: Path, run: object, data: object) -> object:
    path = folder / "cases.json"
    path.write_text(json.dumps(data))
    return run(path)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("statistic", "freedom", "probability"),
    # Tables of the chi-square distribution.
    [
        (3.841, 1, 0.05),
        (5.991, 2, 0.05),
        (18.307, 10, 0.05),
        (23.209, 10, 0.01),
        (124.342, 100, 0.05),
        (1.0, 4, 0.9098),
    ],
)
def test_chi_square(statistic: float, freedom: int, probability: float) -> None:
    assert survival(statistic, freedom) == pytest.approx(probability, rel=1e-3)


def test_what_cannot_happen_is_infinitely_unlikely() -> None:
    statistic, freedom = chi_square({"a": 1}, {})
    assert survival(statistic, freedom) == 0.0
