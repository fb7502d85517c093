"""Figures of a load balancer: how it comes, what is in it, a crash."""

from __future__ import annotations

import k8sexpose as kx
from k8sexpose.traffic.crash import Crash
from tests.traffic.helpers import NAME, hired


def test_figure_of_provisioning() -> None:
    cluster = hired(wait_s=0)
    steps = kx.provision(cluster, NAME)
    ax = kx.plot_provisioning(steps)
    assert "in 30 s" in kx.describe(ax) and all(step.what in kx.describe(ax) for step in steps.steps)
    written = " ".join(text.get_text() for text in ax.texts)
    assert "event EnsuredLoadBalancer" in written and "no event" in written
    pending = kx.plot_provisioning(kx.provision(hired("kind", wait_s=0), NAME))
    assert "forever" in kx.describe(pending)
    assert kx.show(pending).png.startswith(b"\x89PNG")


def test_figure_of_what_is_inside() -> None:
    cluster = hired()
    service = cluster.service(NAME)
    said = kx.describe(kx.plot_inside(cluster, NAME))
    order = [said.index(word) for word in ("LoadBalancer", "NodePort", "ClusterIP", "3 Pods")]
    assert order == sorted(order) and str(service.ports[0].node_port) in said and service.cluster_ip in said
    assert "<pending>" in kx.describe(kx.plot_inside(hired("kind"), NAME))
    many = hired(per_node=(4, 4, 4))
    assert any("9 more" in text.get_text() for text in kx.plot_inside(many, NAME).texts)


def test_figure_of_a_crash() -> None:
    ax = kx.plot_crash(kx.watch_crash(hired(), NAME))
    assert "from 0 s 55.6 %, from 20 s 33.3 %, from 50 s 0 %" in kx.describe(ax)
    assert {line.get_gid() for line in ax.lines} >= {"client", "dropped"}
    assert kx.describe(kx.plot_crash(Crash("default/web", "node-1", 20, 60, ())))
