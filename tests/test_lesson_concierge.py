"""Lesson 2: a crash watched, its figures and explorer, its questions and exercises."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from xml.etree import ElementTree

import pytest

import k8sexpose as kx
from k8sexpose.lessons import pending_cases, why_pending
from k8sexpose.lessons.loadbalancer import offices
from k8sexpose.lessons.loadbalancer.pending import CASES, WORDS, build, reason
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.traffic.crash import Crash, CrashStep
from k8sexpose.widgets.explorers.failover import CONTROLS, PLACES, CrashSetting, crash_page, draw_crash

NAME = "public-api-lb"


def hired(provider: object = "generic", per_node: tuple[int, ...] = (1, 1, 1), wait_s: float = 40) -> kx.Cluster:
    cluster = kx.Cluster(nodes=len(per_node), provider=provider)
    cluster.deploy("api-backend", per_node=list(per_node))
    cluster.apply(kx.example(NAME))
    cluster.advance(wait_s)
    return cluster


# -- watch_crash ----


def test_two_clocks() -> None:
    crash = kx.watch_crash(hired(), NAME)
    assert [(step.at_s, step.lost) for step in crash.steps] == [
        (-20, 0), (0, Fraction(5, 9)), (20, Fraction(1, 3)), (50, 0),
    ]  # fmt: skip
    assert [step.lost_hard_coded for step in crash.steps] == [0, 1, 1, 1]
    assert crash.healed_s == 50


@pytest.mark.parametrize("nodes", [2, 3, 4, 5])
def test_steps_follow_the_formula(nodes: int) -> None:
    steps = kx.watch_crash(hired(per_node=(1,) * nodes), NAME).steps
    share = Fraction(nodes - 1, nodes)
    assert [step.lost for step in steps] == [0, 1 - share * share, 1 - share, 0]


@pytest.mark.parametrize(("interval_s", "healed_s"), [(5, 50), (10, 50), (20, 50), (30, 60), (60, 120)])
def test_the_slower_clock_decides(interval_s: int, healed_s: float) -> None:
    assert CrashSetting(interval_s).crash.healed_s == healed_s


def test_a_provider_that_asks_seldom_is_the_slower_clock() -> None:
    steps = kx.watch_crash(hired("aws", wait_s=300), NAME).steps
    assert [step.lost for step in steps] == [0, Fraction(5, 9), Fraction(1, 3), 0]
    assert "the cluster gives node-1 up" in steps[2].what and "the checks have failed" in steps[3].what


def test_only_its_own_clock_matters_where_no_pod_dies() -> None:
    steps = kx.watch_crash(hired(per_node=(0, 1, 1)), NAME).steps
    assert [(step.at_s, step.lost) for step in steps] == [(-20, 0), (0, Fraction(1, 3)), (20, 0)]


def test_the_cluster_stays_as_it_is() -> None:
    cluster = hired()
    before = (cluster.now_s, cluster.down, cluster.sends, kx.target_health(cluster, NAME))
    kx.watch_crash(cluster, NAME)
    assert before == (cluster.now_s, cluster.down, cluster.sends, kx.target_health(cluster, NAME))


def test_what_cannot_be_watched() -> None:
    with pytest.raises(kx.NotExposed, match="no address yet"):
        kx.watch_crash(hired(wait_s=0), NAME)
    with pytest.raises(kx.ApiError):
        kx.watch_crash(hired(), "nobody")
    with pytest.raises(Exception, match="node-9"):
        kx.watch_crash(hired(), NAME, "node-9")


def test_no_node_port_and_no_end() -> None:
    cluster = kx.Cluster(nodes=3, provider="gcp")
    cluster.deploy("api-backend", per_node=[3, 0, 0])
    spec = {
        "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "selector": {"app": "api-backend"},
        "ports": [{"port": 80, "targetPort": 8080}],
    }  # fmt: skip
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    cluster.advance(120)
    crash = kx.watch_crash(cluster, "web")
    assert all(step.lost_hard_coded == 1 for step in crash.steps) and crash.healed_s is None
    assert "<table" in crash._repr_html_() and "100%" in repr(crash)


# -- figures ----


def test_figure_of_provisioning() -> None:
    cluster = hired(wait_s=0)
    steps = kx.provision(cluster, NAME)
    ax = kx.plot_provisioning(steps)
    assert "in 30 s" in kx.describe(ax) and all(step.what in kx.describe(ax) for step in steps.steps)
    written = " ".join(text.get_text() for text in ax.texts)
    assert "event EnsuredLoadBalancer" in written and "no event" in written
    pending = kx.plot_provisioning(kx.provision(hired("kind", wait_s=0), NAME))
    assert "for ever" in kx.describe(pending)
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


# -- explorer ----

SETTINGS = [CrashSetting(*values) for values in product(CONTROLS[0][2], PLACES)]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_every_setting_draws_what_the_model_says(setting: CrashSetting) -> None:
    svg = ElementTree.fromstring(draw_crash(setting))
    label = svg.attrib["aria-label"]
    for step in setting.crash.steps:
        if step.at_s >= 0:
            assert f"from {step.at_s:g} s {float(step.lost):.1%}" in label
    assert f"{2 * setting.interval_s} s" in label and "50 s" in label
    assert crash_page(setting).count("<table") == 1


@pytest.mark.parametrize("setting", SETTINGS[:3] + SETTINGS[-1:], ids=repr)
def test_the_program_gives_the_same_crash(setting: CrashSetting) -> None:
    *lines, last = setting.python.strip().splitlines()
    scope: dict[str, object] = {"kx": kx}
    exec("\n".join(lines), scope)
    assert eval(last, scope) == setting.crash


def test_controls() -> None:
    explorer = kx.failover_explorer()
    assert all(control.description for control in explorer.controls.values())
    explorer.controls["interval_s"].value = 30
    assert explorer.setting == CrashSetting(30) and explorer.picture.value == crash_page(CrashSetting(30))
    explorer.show_python.click()
    assert "health_check_interval_s=30" in explorer.code.value
    explorer.controls["interval_s"].value = 60
    assert "health_check_interval_s=60" in explorer.code.value
    explorer.reset.click()
    assert explorer.setting == CrashSetting() and explorer.code.value == ""
    bundle = explorer._repr_mimebundle_()
    assert crash_page(CrashSetting()) in bundle["text/html"] and "0x" not in bundle["text/plain"]


# -- questions and exercises ----


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("lb-pending", "nobody", 1),
        ("lb-pending", "pods", 1),
        ("lb-laptop", {"address", "node port"}, 1),
        ("lb-laptop", "event, node port", 1),
        ("lb-laptop", set(), 1),
        ("lb-check-app", 0, 18),
        ("lb-one-node", 1, 13),
        ("lb-metallb", 3, 20),
        ("lb-annotation", 1, 17),
        ("lb-delete", 0, 17),
        ("lb-stranger", "timeout", 22),
        ("lb-node-port-off", "gone", 23),
        ("lb-no-node-port", "delivered", 23),
        ("lb-mixed", "address", 16),
    ],
)
def test_misconceptions(question: str, answer: object, belief: int) -> None:
    assert Sheet().check(question, answer=answer).misconception == belief


def test_the_learners_cluster_is_asked() -> None:
    cluster = hired()
    cluster.patch(NAME, {"spec": {"externalTrafficPolicy": "Local"}})
    cluster.advance(60)
    feedback = Sheet().check("lb-lost-first", cluster, answer="1/3")
    assert feedback.correct and "fresh" not in feedback.text


RIGHT = {1: "pool", 2: "nobody", 3: "protocols", 4: "quota", 5: "subnets"}


def test_each_case_is_pending_and_has_one_cure() -> None:
    assert [[word for word in WORDS.options if not reason(number, word)] for number in CASES] == [
        [RIGHT[number]] for number in CASES
    ]
    for cluster in pending_cases():
        assert not cluster.service("shop").load_balancer_ingress
    assert not [event for event in build(2).events if event.object == "service/shop"]


def test_why_pending() -> None:
    assert why_pending(RIGHT).solved and "5 of 5" in repr(why_pending(RIGHT))
    wrong = why_pending({1: "nobody", 2: "quota", 3: "pool", 4: 3})
    assert not any(row.solved for row in wrong.rows)
    assert [row.misconception for row in wrong.rows] == [1, 1, 1, None, None]
    assert "nobody looks" in wrong.rows[0].text and "there is none" in wrong.rows[1].text
    assert "<table" in wrong._repr_html_()


@pytest.mark.parametrize("why", [None, ..., 3, {1: 3.7j}, {1: "<b>"}, [1], {"1": "pool"}, {1: ...}], ids=repr)
def test_reasons_that_make_no_sense(why: object) -> None:
    table = why_pending(why)
    assert not table.solved and "<b>" not in table._repr_html_()


PAYROLL = kx.example("payroll").read_text()
RANGES = "  loadBalancerSourceRanges: [192.0.2.0/24, 203.0.113.64/28]\n"
OFF = "  allocateLoadBalancerNodePorts: false\n"


def test_offices() -> None:
    assert offices(PAYROLL + RANGES + OFF).solved
    beside = offices(PAYROLL + RANGES)
    assert not beside.solved and beside.misconception == 22 and "the load balancer's address only" in repr(beside)
    assert not offices(PAYROLL + OFF).solved and offices(PAYROLL + OFF).misconception is None
    assert not offices(PAYROLL + RANGES.replace("64/28", "64/27") + OFF).solved
    assert not offices(PAYROLL + RANGES.replace("192.0.2.0/24, ", "") + OFF).solved


@pytest.mark.parametrize(
    "manifest",
    [
        None, 3, "", "x", PAYROLL, PAYROLL + "  foo: 1\n", PAYROLL + "\t", PAYROLL.replace("LoadBalancer", "ClusterIP"),
        PAYROLL.replace("LoadBalancer", "NodePort"), PAYROLL + RANGES + OFF + "---\n" + PAYROLL.replace("payroll", "b"),
        PAYROLL + "  loadBalancerSourceRanges: [everybody]\n", PAYROLL.replace("app: payroll", "app: x") + RANGES + OFF,
        PAYROLL + RANGES + OFF + "  loadBalancerClass: example.com/none\n",
    ],
    ids=range(13),
)  # fmt: skip
def test_manifests_that_are_no_answer(manifest: object) -> None:
    table = offices(manifest)
    assert not table.solved and repr(table) and table._repr_html_()


def test_a_crash_is_a_value() -> None:
    step = CrashStep(0, "x", Fraction(0), Fraction(1))
    assert Crash("default/web", "n", 1, 2, (step,)) == Crash("default/web", "n", 1, 2, (step,))


# -- lesson 1: pinning, kept connections, affinity, slips ----


@pytest.mark.parametrize(
    ("question", "answer", "belief"),
    [
        ("np-keepalive", 3, 15),
        ("np-one-each", 100, 15),
        ("np-one-each", 33.3, None),
        ("np-pin", "same", 2),
        ("np-pin", 31000, 2),
        ("np-typos", {"a", "b", "c"}, 3),
        ("np-typos", {"a", "b", "d"}, 3),
        ("np-affinity-nodes", 1, 11),
        ("np-affinity-office", 3, 11),
        ("np-self-call", 0, 12),
        ("np-self-call", 100, 12),
        ("np-appliance", 50, 11),
        ("np-appliance-cure", {"more pods", "no affinity"}, 11),
        ("np-appliance-cure", "longer timeout", 11),
    ],
)
def test_misconceptions_about_lesson_one(question: str, answer: object, belief: int | None) -> None:
    feedback = Sheet().check(question, answer=answer)
    assert not feedback.correct and feedback.misconception == belief


@pytest.mark.parametrize(("per_node", "percent"), [((1, 0, 0), 100), ((1, 1, 0), 50), ((2, 1, 1), 9.375)])
def test_connections_are_dealt_to_the_pods_of_the_learners_cluster(per_node: tuple[int, ...], percent: float) -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("debug-tools", per_node=list(per_node))
    cluster.apply(kx.example("debug-svc-nodeport"))
    # n! of the n ** n ways to deal give each of n Pods a connection.
    assert Sheet().check("np-one-each", cluster, answer=percent).correct
    assert Sheet().check("np-keepalive", cluster, answer=1).correct


def test_hairpin_mode_mends_the_call_to_itself() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("shop", per_node=[1, 1, 1])
    cluster.apply(kx.example("sticky-shop"))
    cluster.patch("shop", {"spec": {"sessionAffinity": "None"}})
    assert Sheet().check("np-self-call", cluster, answer=0).correct
