"""Nonsense is refused where it enters: every public name against wrong arguments, and every fault that was found once."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose import cli
from k8sexpose.cost.alternatives import break_even_gb, break_even_services
from k8sexpose.kubectl import run
from k8sexpose.traffic import queueing

pytestmark = pytest.mark.slow

NAN, INF = float("nan"), float("inf")
WEB = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "w"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}  # fmt: skip
# What an entry point may answer to nonsense. A bare TypeError, AttributeError or IndexError comes from inside.
TOLD = (ValueError, kx.ApiError, kx.NotExposed, LookupError, FileNotFoundError)
INSIDE = (TypeError, AttributeError, IndexError)


def made(**options: Any) -> kx.Cluster:
    cluster = kx.Cluster(**{"nodes": 3, **options})
    cluster.deploy("api-backend", per_node=[2, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    cluster.advance(120)
    return cluster


@pytest.fixture(scope="module")
def cluster() -> kx.Cluster:
    return made()


# -- every public name against six kinds of wrong arguments ------------------------------------------------------------

WRONG = {
    "nothing": None,
    "number": 3,
    "text": "\x00no",
    "list": [object()],
    "mapping": {1: object()},
    "object": object(),
}
NAME = "public-api-lb"


def calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """By name a public function or verb, and arguments with which it answers."""
    here, both = made(), kx.both_policies(made(), NAME)
    asked: dict[str, Any] = {"cluster": here, "target": NAME}
    return {
        "Cluster": (kx.Cluster, {"nodes": 1}),
        "Cluster.from_json": (kx.Cluster.from_json, {"source": {"items": []}}),
        "Node": (kx.Node, {"name": "n"}),
        "Taint": (kx.Taint, {"key": "k"}),
        "ProxyConfig": (kx.ProxyConfig, {"mode": "iptables"}),
        "provider": (kx.provider, {"name": "aws"}),
        "example": (kx.example, {"name": NAME}),
        "send": (kx.send, asked), "routes": (kx.routes, asked), "entries": (kx.entries, asked), "shares": (kx.shares, asked),
        "reach": (kx.reach, {"cluster": here, "service": NAME}),
        "kube_proxy": (kx.kube_proxy, {"cluster": here, "node": "node-1", "src": None, "dst": "10.0.0.1", "port": 80}),
        "health_check": (kx.health_check, {"cluster": here, "service": NAME, "node": "node-1"}),
        "healthz": (kx.healthz, {"cluster": here, "node": "node-1"}),
        "proxy_rules": (kx.proxy_rules, {"cluster": here, "node": "node-1"}),
        "trace": (kx.trace, {"cluster": here, "route": NAME}),
        "provision": (kx.provision, {"cluster": here, "service": NAME}),
        "target_health": (kx.target_health, {"cluster": here, "service": NAME}),
        "watch_crash": (kx.watch_crash, {"cluster": here, "service": NAME}),
        "both_policies": (kx.both_policies, {"cluster": here, "service": NAME}),
        "policy_shares": (kx.policy_shares, {"cluster": here, "service": NAME}),
        "compare_policies": (kx.compare_policies, {"clusters": both, "target": NAME, "utilisation": 0.2, "requests": 500}),
        "latency_curves": (kx.latency_curves, {"clusters": both, "target": NAME, "points": 2}),
        "sticky_skew": (kx.sticky_skew, {**asked, "clients": [30], "runs": 1, "requests": 100}),
        "simulate": (kx.simulate, {**asked, "requests": 100}),
        "NodeDown": (kx.NodeDown, {"node": "node-1", "at_s": 1}),
        "NodeUp": (kx.NodeUp, {"node": "node-1", "at_s": 1}),
        "Rollout": (kx.Rollout, {"name": "api-backend", "at_s": 1}),
        "Scale": (kx.Scale, {"name": "api-backend", "at_s": 1, "replicas": 1}),
        "jain_index": (kx.jain_index, {"loads": [1, 2]}),
        "max_over_mean": (kx.max_over_mean, {"loads": [1, 2]}),
        "wait_ms": (queueing.wait_ms, {"utilisation": 0.5, "service_ms": 10}),
        "response_tail": (queueing.response_tail, {"time_ms": 1, "utilisation": 0.5, "service_ms": 10}),
        "response_quantile_ms": (queueing.response_quantile_ms, {"quantile": 0.9, "utilisation": 0.5, "service_ms": 10}),
        "crossover_utilisation": (queueing.crossover_utilisation, {"shares": (0.7, 0.3), "hop_ms": 1, "hop_share": 0.5}),
        "effective_clients": (queueing.effective_clients, {"weights": [1, 2]}),
        "sticky_max_over_mean": (queueing.sticky_max_over_mean, {"nodes": 2, "clients": 10}),
        "erlang_c": (queueing.erlang_c, {"workers": 2, "utilisation": 0.5}),
        "compare_exposure": (kx.compare_exposure, {"services": 2}),
        "costs_by_services": (kx.costs_by_services, {"most": 2}),
        "costs_by_traffic": (kx.costs_by_traffic, {"services": 2}),
        "break_even_gb": (break_even_gb, {"services": 2}),
        "break_even_services": (break_even_services, {}),
        "bill": (kx.bill, {"cluster": here}),
        "price_book": (kx.price_book, {"prices": None}),
        "review": (kx.review, {"cluster": here}),
        "diff": (kx.diff, {"before": here, "after": made()}),
    } | {
        f"Cluster.{verb}": (partial(called, verb), given) for verb, given in VERBS.items()
    } | pictures()  # fmt: skip


def pictures() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """By name every function that draws or shows, and arguments with which it answers."""
    here = made()
    both = kx.both_policies(here, NAME)
    traffic = kx.simulate(here, NAME, requests=100)
    billed = kx.bill(here)
    shares = kx.policy_shares(here, NAME)
    shown: dict[str, dict[str, Any]] = {
        "plot_bill": {"bill": billed}, "plot_bills": {"bills": {"now": billed}},
        "plot_candidates": {"candidates": {"now": (billed, traffic)}},
        "plot_cluster": {"cluster": here}, "plot_costs": {"costs": kx.costs_by_services(most=2)},
        "plot_crash": {"crash": kx.watch_crash(here, NAME)},
        "plot_crossover": {"curves": kx.latency_curves(both, NAME, points=3)},
        "plot_inside": {"cluster": here, "service": NAME}, "plot_latency": {"traffic": traffic},
        "plot_load": {"traffic": traffic}, "plot_node_ports": {"cluster": here}, "plot_policies": {"found": shares},
        "plot_provisioning": {"provisioning": kx.provision(here, NAME)}, "plot_route": {"route": kx.send(here, NAME)},
        "plot_skew": {"placements": {"now": shares}},
        "plot_sticky": {"skew": kx.sticky_skew(here, NAME, clients=[30], runs=1, requests=100)},
        "plot_success": {"timelines": {"a client": [(0.0, 1.0), (1.0, 0.5)]}}, "plot_timeline": {"traffic": traffic},
        "show": {"ax": kx.plot_cluster(here)}, "describe": {"ax": kx.plot_cluster(here)},
        "cost_explorer": {}, "failover_explorer": {}, "latency_explorer": {}, "life_explorer": {}, "manifest_doctor": {},
        "node_port_range_explorer": {}, "nodeport_explorer": {}, "policy_explorer": {},
        "flow": {"cluster": here, "target": NAME},
    }  # fmt: skip
    return {name: (getattr(kx, name), given) for name, given in shown.items()}


def called(verb: str, /, **given: Any) -> Any:
    """What a verb of a fresh cluster returns."""
    return getattr(made(), verb)(**given)


VERBS: dict[str, dict[str, Any]] = {
    "deploy": {"name": "a", "per_node": [1]}, "scale": {"name": "api-backend", "replicas": 1},
    "rollout": {"name": "api-backend"}, "apply": {"source": WEB}, "create": {"manifest": WEB},
    "replace": {"manifest": WEB}, "patch": {"name": NAME, "patch": {}}, "delete": {"name": NAME},
    "set_ready": {"pod": "api-backend-1", "ready": True}, "terminate": {"pod": "api-backend-1"},
    "fail": {"node": "node-1"}, "recover": {"node": "node-1"}, "stop_proxy": {"node": "node-1"},
    "start_proxy": {"node": "node-1"}, "advance": {"seconds": 1}, "set_load_balancer": {"name": NAME, "ingress": []},
}  # fmt: skip


def test_no_public_name_answers_nonsense_from_inside() -> None:
    """Each argument of each function in turn is each kind of nonsense; the others are sound."""
    bad, tried = [], 0
    for name, (function, sound) in calls().items():
        parameters = sound if name.startswith("Cluster.") else dict.fromkeys(
            key for key, one in inspect.signature(function).parameters.items() if one.kind is not one.VAR_KEYWORD
        ) | sound  # fmt: skip
        for key in parameters:
            for kind, value in WRONG.items():
                tried += 1
                try:
                    function(**{**sound, key: value})
                except TOLD as error:
                    if isinstance(error, INSIDE) or not str(error).strip():
                        bad.append((name, key, kind, repr(error)))
                except Exception as error:
                    bad.append((name, key, kind, repr(error)[:120]))
    assert not bad and tried > 1200


def test_the_table_names_every_public_function() -> None:
    """An alias is the function that it names; the values that the server makes are not made by hand."""
    table = {function for function, _ in calls().values()} | {*calls()}
    functions = [name for name in kx.__all__ if inspect.isfunction(getattr(kx, name))]
    assert [name for name in functions if name not in table and getattr(kx, name) not in table] == []


# -- one row for each line of the programs that showed the faults ------------------------------------------------------

HALF = "kx.simulate(made(), NAME, requests=1000, "
NUMBERS = {
    "queueing.wait_ms(-0.5, 10)": "utilisation is a number from 0 on",
    "queueing.wait_ms(.5, 10, workers=-1)": "workers is a whole number from 1 on",
    "queueing.wait_ms(.5, -1)": "service_ms is a number above 0",
    "queueing.response_quantile_ms(99, .5, 10)": "quantile is a number between 0 and 1",
    "queueing.response_quantile_ms(.99, NAN, 10)": "utilisation is a number from 0 on, not nan",
    "queueing.response_quantile_ms(.99, .5, -1)": "service_ms is a number above 0",
    "queueing.response_quantile_ms(.99, .5, 10, workers=0)": "workers is a whole number from 1 on",
    "queueing.response_quantile_ms(.99, .5, 10, shares=())": "shares is a list of numbers from 0 on, and not empty",
    "queueing.response_quantile_ms(1, .5, 10)": "quantile is a number between 0 and 1",
    "queueing.crossover_utilisation((.7, .3), hop_ms=NAN, hop_share=.5)": "hop_ms is a number from 0 on",
    "queueing.crossover_utilisation((.7, .3), hop_ms=1, hop_share=.5, quantile=99)": "quantile is a number between",
    "kx.jain_index((-1, 1))": r"loads\[0\] is a number from 0 on",
    "queueing.sticky_max_over_mean(0, 10)": "nodes is a whole number from 1 on",
    "kx.watch_crash(made(), NAME, seconds=-5)": "seconds is a number of seconds from 0 on",
    "kx.watch_crash(made(), NAME, seconds=NAN)": "seconds is a number of seconds from 0 on",
    "kx.watch_crash(made(), NAME, before_s=NAN)": "before_s is a number of seconds from 0 on",
    "kx.latency_curves(kx.both_policies(made(), NAME), NAME, service_ms=-1)": "service_ms is a number above 0",
    "kx.latency_curves(kx.both_policies(made(), NAME), NAME, points=10**5)": "points is a whole number from 1 to",
    "made().rollout('api-backend', interval_s=NAN)": "interval_s is a number of seconds from 0 on",
    "made().rollout('api-backend', interval_s=-5)": "interval_s is a number of seconds from 0 on",
    "made().rollout('api-backend', grace_s=-5)": "grace_s is a number of seconds from 0 on",
    "made().rollout('api-backend', grace_s=True)": "grace_s is a number, not True",
    "made().terminate('api-backend-1', grace_s=NAN)": "grace_s is a number of seconds from 0 on",
    "made().terminate('api-backend-1', grace_s='3')": "grace_s is a number, not '3'",
    HALF + "events=[kx.Rollout('api-backend', at_s=1, interval_s=NAN)])": "interval_s of a Rollout is a number",
    HALF + "events=[kx.NodeDown('node-1', at_s=-1)])": "at_s of an event is a number of seconds from 0 on",
    HALF + "workers=10**9)": "workers is a whole number from 1 to 10,000",
    HALF + "clients=10**9, requests_per_connection=10)": "clients is a whole number from 1 to 2,000,000",
    HALF + "requests_per_connection=10**30)": "requests_per_connection is a whole number from 1 to",
    HALF + "rate_rps=1e-300)": "rate_rps is a number from 1e-06 to",
    HALF + "events=[kx.NodeDown('node-1', n) for n in range(2000)])": "events are at most 1,000, not 2,000",
    HALF + "service_ms=True)": "service_ms is a number, not True",
    "kx.simulate(made(), NAME, requests=True)": "requests is a whole number, not True",
    "kx.simulate(made(), NAME, requests=10**9)": "requests is a whole number from 1 to 100,000,000",
    "kx.simulate(made(), NAME, requests=20_000, block=1)": "block is too small",
    "kx.sticky_skew(made(), NAME, clients=[10**9])": r"clients\[0\] is a whole number from 1 to",
    "kx.costs_by_services(most=10**4)": "most is a whole number from 1 to 300",
    "kx.Cluster(nodes=-1)": "nodes is a whole number from 0 on",
    "kx.Cluster(node_port_range=(30000, 10**9))": "the last port of node_port_range is a whole number from 1 to 65,535",
    "kx.Cluster(node_port_range=(-5, 5))": "the first port of node_port_range is a whole number from 1 on",
    "kx.Cluster(node_port_range=(32767, 30000))": "from the lower port to the higher one",
    "kx.Cluster(proxy='nftables')": "proxy is a ProxyConfig or None, not 'nftables'",
    "kx.Cluster(firewall=(30000, 32767))": r"firewall\[0\] is a tuple of whole numbers, not 30000",
    "kx.Cluster(firewall=((32767, 30000),))": "firewall goes from the lower port to the higher one",
    "setattr(made(), 'firewall', 'x')": "firewall is a list of port ranges",
    "kx.Cluster(namespaces='default')": "namespaces is a list of texts or None, not 'default'",
    "kx.Cluster(service_cidr='10.96.0.0/32')": "service_cidr 10.96.0.0/32 is too small",
    "kx.Cluster(pod_cidr='x')": "pod_cidr is a range of addresses",
    "kx.Node('n', addresses='10.0.0.1')": "addresses is a tuple of texts, not '10.0.0.1'",
    "kx.ProxyConfig(mode='ipvs')": "'ipvs' of kube-proxy is not modelled: there are iptables and nftables",
    "kx.ProxyConfig(mode='banana')": "'banana' of kube-proxy is not modelled",
    "kx.ProxyConfig(detect_local='x')": "detect_local 'x' is unknown",
    "kx.compare_policies(None, NAME, utilisation=.5)": "clusters is a mapping, not None",
    "kx.provider('aws', health_check_interval_s=NAN)": "health_check_interval_s is a number above 0",
    "kx.provider('aws', quota=0)": "quota, a number of load balancers, is a whole number from 1 on",
    "kx.provider('aws', source_ip='x')": "source_ip is an IP address",
    "made().advance(1e300)": "the clock ends with the year 9999",
    "made().advance(1e12)": "the clock ends with the year 9999",
    "made().deploy('b', per_node=[-1])": "a number of Pods, is a whole number from 0 on",
    "made().deploy('b', port=70000)": "port is a whole number from 1 to 65,535",
    "made().deploy('b', replicas=10**9)": "replicas is a whole number from 0 to",
    "kx.price_book('.'.join(['a'] * 60_000) + '=1\\n')": "line 1: a key has more than 8 dots",
    "kx.price_book(Path('/dev/zero'))": "is no file",
    "kx.price_book('a = ' + '[' * 5000 + '\\n')": "nested too deeply",
    "kx.price_book({'quotas': {'aws': {'lb': 5}}})": "quotas.aws.lb is 5, not a table",
    "kx.price_book({'book': {'hours_per_month': 'x'}})": "book.hours_per_month is a number above 0, not 'x'",
    "kx.price_book({'aws': {'nlb': {'nlb_hour': True}}})": "the price of a row of aws.nlb.nlb_hour is a number",
}  # fmt: skip


@pytest.mark.parametrize("call", NUMBERS)
def test_a_wrong_number_is_refused_by_name(call: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=NUMBERS[call]):
        eval(call)


@contextmanager
def at_most_lines(most: int) -> Iterator[None]:
    """What goes through a loop of a billion is stopped: lines are counted, and no time is measured."""
    left = most

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise AssertionError(f"more than {most:,} lines")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def test_numbers_of_numpy_are_numbers() -> None:
    assert queueing.wait_ms(np.float64(0.8), np.int64(10), workers=np.int32(1)) == pytest.approx(40)
    assert kx.Cluster(nodes=np.int64(2)).nodes[1].name == "node-2"
    kx.simulate(made(), NAME, requests=np.int64(100), rate_rps=np.float32(10))


@pytest.mark.parametrize("utilisation", [0.5, 0.9, 0.97, 0.999])
def test_many_workers_have_a_formula(utilisation: float) -> None:
    """Erlang's C of 1000 workers and more is what the recursion gives, and 10**9 of them answer at once."""
    blocked = 1.0
    for busy in range(1, 2001):
        blocked = 2000 * utilisation * blocked / (busy + 2000 * utilisation * blocked)
    exact = blocked / (1 - utilisation * (1 - blocked))
    assert queueing.erlang_c(2000, utilisation) == pytest.approx(exact, rel=1e-6)
    with at_most_lines(100_000):
        assert queueing.wait_ms(utilisation, 10, workers=10**9) >= 0
        queueing.response_quantile_ms(0.99, utilisation, 10, workers=10**6)
        queueing.crossover_utilisation((0.7, 0.3), hop_ms=1, hop_share=0.5, workers=10**9)


# -- the clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("poison", ["interval_s", "grace_s"])
@pytest.mark.parametrize("value", [NAN, INF, -5])
def test_nothing_stops_the_clock_for_others(poison: str, value: float) -> None:
    cluster = made(provider="generic")
    with pytest.raises(ValueError, match=poison):
        cluster.rollout("api-backend", **{poison: value})
    cluster.deploy("b", per_node=[0, 2, 0])
    cluster.rollout("b", interval_s=5)
    cluster.advance(100)
    assert [pod.name for pod in cluster.pods if pod.app == "b"] == ["b-3", "b-4"] and cluster.now_s == 220


@pytest.mark.parametrize("value", [NAN, INF, -1, "3", True, None])
def test_the_queue_checks_what_enters_it(value: Any) -> None:
    with pytest.raises(ValueError, match="the moment of a step is a number of seconds"):
        kx.Cluster().clock.schedule(value, lambda cluster: None)


def test_far_in_the_future_everything_can_be_printed() -> None:
    cluster = made()
    cluster.advance(2.5e11)
    cluster.terminate("api-backend-1")
    cluster.fail("node-1")
    cluster.advance(400)
    for line in ("get svc,pods,nodes -o yaml", f"describe svc {NAME}", "get events", "get svc", f"delete svc {NAME}"):
        done = run(cluster, line)
        assert done.rc == 0 and not done.stderr, line


# -- what is written can be read ---------------------------------------------------------------------------------------


def test_a_surrogate_is_refused_at_every_entry_point(tmp_path: Path) -> None:
    text = json.dumps({"items": [{**WEB, "metadata": {"name": "a\ud800b"}}]})
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    for source in (json.loads(text), text, path, text.encode()):
        with pytest.raises(kx.ManifestError, match=r"items\[0\].metadata.name: a lone surrogate is no character"):
            kx.Cluster.from_json(source)
    for source in (json.loads(text)["items"][0], json.dumps(json.loads(text)["items"][0])):
        with pytest.raises((kx.ManifestError, kx.ApiError)):
            kx.Cluster().apply(source)
    with pytest.raises(ValueError, match="surrogate"):
        kx.price_book({"aws": {"\ud800": 1}})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_read_everywhere(encoding: str, tmp_path: Path) -> None:
    data = kx.example("sample-cluster").read_text(encoding="utf-8").encode(encoding)
    path = tmp_path / "dump.json"
    path.write_bytes(data)
    assert len(kx.Cluster.from_json(data).nodes) == len(kx.Cluster.from_json(path).nodes) == 12
    if encoding != "utf-16":  # a process each would take seconds
        return
    done = subprocess.run([sys.executable, "-m", "k8sexpose", "report", "-"], input=data, capture_output=True)
    assert done.returncode == 0 and done.stdout.startswith(b"# How this cluster is exposed"), done.stderr


@pytest.mark.parametrize(
    ("kind", "field", "value", "told"),
    [
        ("Node", ("status", "addresses", 0, "address"), "10.0.0.999", "status.addresses[0].address"),
        ("Node", ("spec", "podCIDR"), "10.0.0.0/99", "spec.podCIDR"),
        ("Pod", ("status", "podIP"), "300.1.1.1", "status.podIP"),
        ("Service", ("spec", "loadBalancerSourceRanges"), ["10.0.0.0/8", "x"], "spec.loadBalancerSourceRanges[1]"),
        ("Service", ("spec", "externalIPs"), ["10.0.0.999"], "spec.externalIPs[0]"),
        ("EndpointSlice", ("endpoints", 0, "addresses", 0), "10.0.0.999", "endpoints[0].addresses[0]"),
    ],
)
def test_a_bad_address_costs_its_object_and_no_more(kind: str, field: tuple[Any, ...], value: Any, told: str) -> None:
    dump = json.loads(kx.example("sample-cluster").read_text(encoding="utf-8"))
    found = next(one for one in dump["items"] if one["kind"] == kind)
    place: Any = found
    for part in field[:-1]:
        place = place[part]
    place[field[-1]] = value
    cluster = kx.Cluster.from_json(dump)
    assert [(one.kind, told in one.problem) for one in cluster.left_out] == [(kind, True)]
    made_of_it = kx.review(cluster)
    assert any(told in one.why for one in made_of_it.findings if one.kind == "unreadable")
    assert told in made_of_it.to_markdown().replace("\\", "")
    assert (
        value not in kx.review(cluster, anonymise=True).to_markdown()
        if isinstance(value, str) and len(value) > 3
        else 1
    )


# -- errors, threads, copies -------------------------------------------------------------------------------------------


def test_errors_can_be_sent_and_copied() -> None:
    with pytest.raises(kx.ApiError) as caught:
        kx.Cluster().apply({**WEB, "spec": {"ports": []}})
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value), copy.copy(caught.value)):
        assert (str(twin), twin.code, twin.causes, twin.hint) == (
            str(caught.value), 422, caught.value.causes, caught.value.hint,
        )  # fmt: skip


def test_results_can_be_sent_and_copied() -> None:
    cluster = made()
    results = [
        cluster.apply(WEB), cluster.deploy("b"), cluster.service("w"), kx.send(cluster, NAME), kx.shares(cluster, NAME),
        kx.provision(cluster, NAME), kx.watch_crash(cluster, NAME), kx.simulate(cluster, NAME, requests=100),
        kx.bill(cluster), cluster.nodes, cluster.pods, cluster.events, kx.ManifestError("x", "y"), kx.NotExposed("x"),
    ]  # fmt: skip
    for result in results:
        assert type(pickle.loads(pickle.dumps(result))) is type(result)
        assert repr(copy.deepcopy(result)) == repr(result)


def test_a_second_thread_in_a_verb_is_told_so() -> None:
    cluster, inside, go = made(), threading.Event(), threading.Event()

    def held() -> None:
        with cluster._all_or_nothing():
            inside.set()
            go.wait(300)

    thread = threading.Thread(target=held)
    thread.start()
    assert inside.wait(300)
    with pytest.raises(RuntimeError, match="another thread is changing this cluster"):
        cluster.apply(WEB)
    with pytest.raises(RuntimeError, match="another thread"):
        cluster.advance(1)
    go.set()
    thread.join()
    assert str(cluster.apply(WEB)) == "service/w created" and str(cluster.copy().apply(WEB)) == "service/w unchanged"


@pytest.mark.parametrize("size", [10**5, 10**6, 10**7])
def test_error_texts_are_cut(size: int) -> None:
    with pytest.raises((kx.ApiError, kx.ManifestError)) as caught:
        kx.Cluster().apply({**WEB, "metadata": {"name": "x" * min(size, 3_000_000)}})
    assert len(str(caught.value)) < 300_000
    done = run(kx.Cluster(), ["get", "svc", "y" * size])
    assert done.rc == 1 and 0 < len(done.stderr) < 300_000


@pytest.mark.parametrize("command", [None, 3, object(), [None], "get svc '", "\x00", ["get", "\ud800"], ""])
def test_kubectl_never_raises(command: Any) -> None:
    done = run(kx.Cluster(), command)
    assert done.rc == 1 and done.stderr


# -- the command -------------------------------------------------------------------------------------------------------

DUMP = str(kx.example("sample-cluster"))


def test_a_report_replaces_a_report_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.md", "a.html"):
        path = tmp_path / name
        path.write_text("MINE", encoding="utf-8")
        assert cli.main(["report", DUMP, "-o", str(path)]) == 1 and path.read_text(encoding="utf-8") == "MINE"
        assert "no report of k8sexpose" in capsys.readouterr().err
        assert cli.main(["report", DUMP, "-o", str(path), "--force"]) == 0
        assert cli.main(["report", DUMP, "-o", str(path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.md"]


def test_an_old_report_survives_what_goes_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "é a.md"
    assert cli.main(["report", DUMP, "-o", str(path)]) == 0
    old = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert cli.main(["report", DUMP, "-o", str(path)]) == 1
    told = capsys.readouterr().err
    assert path.name in told and "No space left" in told and "sample-cluster" not in told

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    assert cli.main(["report", DUMP, "-o", str(path)]) == 130
    assert path.read_bytes() == old and [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[prices.aws.nlb]\nnlb_hour = [{tiers = "x", unit = "h", currency = "USD", source = "s", as_of = "2026-01-01"}]', "a row of aws.nlb.nlb_hour lacks"),
        ("[quotas.aws]\nlb = 5", "quotas.aws.lb is 5, not a table"),
        ('[book]\nhours_per_month = "x"', "book.hours_per_month is a number above 0"),
        ("[quotas]\naws = 1", "quotas.aws is 1, not a table"),
        ("[capacity_units.NLCU_TCP]", "capacity_units.NLCU_TCP: new_connections_per_s"),
        ("a = " + "[" * 5000, "p.toml: the TOML is nested too deeply"),
        ("a = ", "p.toml is no TOML"),
    ],
)  # fmt: skip
def test_a_price_file_that_is_none_is_told_in_a_sentence(text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["report", DUMP, "--prices", str(path)]) == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    command = f'"{sys.executable}" -m k8sexpose report "{DUMP}" | head -c 1 >{"NUL" if sys.platform == "win32" else "/dev/null"}'
    if sys.platform == "win32":
        pytest.skip("there is no head")
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
