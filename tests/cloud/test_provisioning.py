"""From pending to an address, and the preview of it."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from tests.cloud.helpers import address, stand, told, trace


def test_the_way_to_an_address() -> None:
    cluster = stand([1, 1, 1])
    assert cluster.service("web").to_dict()["status"] == {"loadBalancer": {}}
    assert cluster.service("web").finalizers == () and cluster.events == ()
    cluster.advance(0)
    ensuring = (0.0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service-controller")
    assert told(cluster) == [ensuring]
    assert cluster.service("web").finalizers == ("service.kubernetes.io/load-balancer-cleanup",)
    cluster.advance(29)
    assert address(cluster) == ""
    cluster.advance(1)
    assert told(cluster) == [
        ensuring,
        (30.0, "Normal", "EnsuredLoadBalancer", "Ensured load balancer", "service-controller"),
    ]
    assert kx.send(cluster, address(cluster)).outcome == "delivered"


def test_provision_previews_it() -> None:
    cluster = stand([1, 1, 1])
    before = trace(cluster)
    preview = kx.provision(cluster, "web")
    assert [step.at_s for step in preview.steps] == [0, 0, 10, 30]
    assert [step.event for step in preview.steps] == ["", "EnsuringLoadBalancer", "", "EnsuredLoadBalancer"]
    assert "nodePort" in preview.steps[0].what and "3 nodes" in preview.steps[2].what
    assert trace(cluster) == before
    cluster.advance(30)
    assert address(cluster) == f"http://{preview.address}"
    assert kx.provision(cluster, "web").address == preview.address


def test_provision_escapes_what_it_shows() -> None:
    shown = kx.Provisioning("<b>/web", (), None, "<script>")._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown


@pytest.mark.parametrize("provider", [None, "kind", "minikube"])
def test_without_a_controller_it_is_pending_for_ever(provider: str | None) -> None:
    cluster = stand([1, 1], provider)
    preview = kx.provision(cluster, "web")
    assert preview.pending and "no controller" in preview.reason and len(preview.steps) == 1
    cluster.advance(100_000)
    assert cluster.events == () and address(cluster) == ""
    with pytest.raises(kx.NotExposed, match=str(cluster.service("web").ports[0].node_port)):
        kx.shares(cluster, "web")
    cluster.delete("web")  # no finalizer holds it
    assert [service.name for service in cluster.services] == ["kubernetes"]
