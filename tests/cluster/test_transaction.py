"""An interrupt (Ctrl-C, the stop button of a notebook) between any two lines: nothing is left half done.

The interrupt is raised by a trace function at the n-th line that the package runs, for many n; the notebook's own way,
a signal to a kernel that computes, is the last test.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from jupyter_client import KernelManager

import k8sexpose as kx
from k8sexpose.cluster.store import held_ips, held_ports
from tests.test_model import snapshot

pytestmark = pytest.mark.slow

PACKAGE = str(Path(kx.__file__).parent)
NEW = "apiVersion: v1\nkind: Service\nmetadata: {name: new}\nspec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}"
TWO = f"{NEW}\n---\n" + NEW.replace("NodePort", "LoadBalancer").replace("new", "other")
POINTS = 40
PATIENCE_S = 300

# What changes a cluster, and what only asks.
VERBS: dict[str, Callable[[kx.Cluster], Any]] = {
    "create": lambda c: c.create(NEW),
    "apply": lambda c: c.apply(TWO),
    "apply, a change": lambda c: c.apply(kx.example("public-api-lb").read_text().replace("port: 80", "port: 81")),
    "replace": lambda c: c.replace(NEW.replace("new", "api-backend")),
    "patch": lambda c: c.patch("public-api-lb", {"spec": {"externalTrafficPolicy": "Local"}}),
    "patch, merge": lambda c: c.patch("public-api-lb", {"spec": {"type": "ClusterIP"}}, patch_type="merge"),
    "delete": lambda c: c.delete("api-backend"),
    "delete, later": lambda c: c.delete("public-api-lb"),
    "delete a node": lambda c: c.delete("node-1", kind="Node"),
    "deploy": lambda c: c.deploy("more", per_node=[2, 0, 1]),
    "scale": lambda c: c.scale("web", per_node=[3, 1, 1]),
    "rollout": lambda c: c.rollout("web"),
    "terminate": lambda c: c.terminate("web-1"),
    "fail": lambda c: c.fail("node-1"),
    "recover": lambda c: c.recover("node-3"),
    "advance": lambda c: (c.advance(400), None)[1],
}
QUESTIONS: dict[str, Callable[[kx.Cluster], Any]] = {
    "routes": lambda c: kx.routes(c, "public-api-lb"),
    "simulate": lambda c: kx.simulate(c, "public-api-lb", requests=2000, events=[kx.NodeDown("node-1", at_s=5)]).by_pod,
    "compare policies": lambda c: kx.compare_policies(
        kx.both_policies(c, "public-api-lb"), "public-api-lb", requests=1000, utilisation=0.5
    ),
    "watch a crash": lambda c: kx.watch_crash(c, "public-api-lb", "node-1"),
    "provision": lambda c: kx.provision(c, "public-api-lb"),
    "review": lambda c: kx.review(c).to_markdown(),
    "bill": lambda c: kx.bill(c),
}


def made() -> kx.Cluster:
    """A cluster in the middle of things: a load balancer, a crashed node, a Pod that ends."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("web", per_node=[2, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.apply(kx.example("api-backend"))
    cluster.patch("public-api-lb", {"spec": {"selector": {"app": "web"}}})
    cluster.advance(30)
    cluster.fail("node-3")
    cluster.advance(60)
    return cluster


def state(cluster: kx.Cluster) -> Any:
    """Everything that a user can ask about; a change that was undone may put a Pod at the end of a list."""
    nodes, pods, services, events, now_s, down, slices, *others = snapshot(cluster)
    endpoints = {key: [sorted(map(repr, one.endpoints)) for one in many] for key, many in slices.items()}
    balancers = (
        dict(cluster.load_balancers),
        dict(cluster.cloud_state.addresses_held),
        dict(cluster.cloud_state.progress),
        cluster.api.now_s,
    )
    return nodes, sorted(map(repr, pods)), services, events, now_s, down, endpoints, *others, *balancers


def interrupted(call: Callable[[], Any], at: int) -> tuple[bool, int]:
    """Raise KeyboardInterrupt before the line of this number; (whether it came, how many lines there were)."""
    lines = 0

    def in_function(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == at:
                raise KeyboardInterrupt
        return in_function

    def on_call(frame: FrameType, event: str, arg: Any) -> Any:
        return in_function if lines < at and frame.f_code.co_filename.startswith(PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        call()
        return False, lines
    except KeyboardInterrupt:
        return True, lines
    finally:
        sys.settrace(before)


def points(name: str, count: int) -> list[int]:
    """Lines spread over a call, the first and the last ones among them: what is stored is stored at the end."""
    chosen = random.Random(name).sample(range(1, count + 1), min(POINTS, count))
    return sorted({1, *chosen, *range(max(count - 25, 1), count + 1)})


def pools_hold_what_services_hold(cluster: kx.Cluster) -> None:
    ports = {number for service in cluster.services for number in held_ports(service)}
    ips = {ip for service in cluster.services for ip in held_ips(service)}
    assert set(cluster.store._ports_held.entries) == ports
    assert set(cluster.store._ips_held.entries) == ips


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_done_or_not_done(name: str) -> None:
    base, call = made(), VERBS[name]
    before = state(base)
    whole = base.copy()
    call(whole)
    after = state(whole)
    twin = base.copy()
    _, count = interrupted(lambda: call(twin), sys.maxsize)
    seen = set()
    for at in points(name, count):
        cluster = base.copy()
        came, _ = interrupted(lambda cluster=cluster: call(cluster), at)
        found = state(cluster)
        assert came and found in (before, after), f"interrupted before line {at} of {count}"
        pools_hold_what_services_hold(cluster)
        seen.add(found == before)
        if found == before:
            call(cluster)  # and now it succeeds
            assert state(cluster) == after, f"after an interrupt before line {at} of {count}"
    assert True in seen
    assert state(base) == before


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_leaves_the_cluster_alone(name: str) -> None:
    cluster, ask = made(), QUESTIONS[name]
    cluster.recover("node-3")
    cluster.advance(120)
    before, answer = state(cluster), repr(ask(cluster.copy()))
    _, count = interrupted(lambda: ask(cluster), sys.maxsize)  # what is read once has been read now
    stopped = 0
    for at in points(name, count)[::2]:
        came, _ = interrupted(lambda: ask(cluster), at)
        assert state(cluster) == before, f"interrupted before line {at} of {count}"
        stopped += came
    assert stopped > 3
    assert repr(ask(cluster)) == answer


def test_the_stop_button_in_a_long_simulation(tmp_path: Path) -> None:
    """A kernel computes a minute's worth; it is interrupted, and goes on with the next cell."""
    begun, after = tmp_path / "begun", tmp_path / "after"
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()

    def run(code: str) -> dict[str, Any]:
        """Run a cell; its reply, not one of an earlier cell."""
        # A kernel passes over the cells that wait when one fails, and a cell sent right after the error counts as waiting.
        asked = client.execute(code, stop_on_error=False)
        while True:
            reply = client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"])

    try:
        client.wait_for_ready(timeout=PATIENCE_S)
        setup = "import k8sexpose as kx\nfrom pathlib import Path\nfrom tests.cluster.test_transaction import made, state\nc = made()"
        # Whoever stops Python in the middle of its first import of pandas cannot import it any more.
        setup += "\nimport pandas"
        assert run(f"{setup}\nbefore = state(c)")["status"] == "ok"
        stop = threading.Thread(target=_stop_when, args=(begun, manager))
        stop.start()
        reply = run(f"Path({str(begun)!r}).touch()\nkx.simulate(c, 'public-api-lb', requests=10**8)")
        stop.join()
        assert reply["ename"] == "KeyboardInterrupt"
        pods = "len(kx.simulate(c, 'public-api-lb', requests=1000).by_pod)"
        reply = run(f"Path({str(after)!r}).write_text(str(state(c) == before) + ' ' + str({pods}))")
        assert reply["status"] == "ok", reply
        assert after.read_text() == "True 3"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _stop_when(begun: Path, manager: KernelManager) -> None:
    """Press the stop button a second after the simulation has begun."""
    deadline = time.monotonic() + PATIENCE_S
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    manager.interrupt_kernel()
