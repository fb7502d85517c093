"""Dumps that were edited by hand: one mistake costs one object, is named in plain words, and nothing false follows."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.schemas import SCHEMAS
from k8sexpose.api.wrong_types import wrong_type
from k8sexpose.kubectl.run import run
from tests.report.helpers import LB

Change = Callable[[dict[str, Any]], object]


def dump_of(change: Change = lambda found: None) -> dict[str, Any]:
    """Return a dump of three nodes with Pods of two Services, changed by hand; the change gets the objects by name."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("web", per_node=[2, 1, 1])
    cluster.deploy("shop", per_node=[1, 1, 1])
    for name in ("web", "shop"):
        spec = {**LB, "selector": {"app": name}, "externalTrafficPolicy": "Local"}
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
    cluster.advance(300)
    dump: dict[str, Any] = json.loads(run(cluster, "get nodes,pods,services,endpointslices -A -o json").stdout)
    dump["items"] = [one for one in dump["items"] if one["metadata"]["name"] != "kubernetes"]
    change({f"{one['kind']} {one['metadata']['name']}": one for one in dump["items"]})
    return dump


def reviewed(change: Change, **options: Any) -> kx.Review:
    return kx.review(kx.Cluster.from_json(dump_of(change)), **options)


def kinds(made: kx.Review) -> set[str]:
    return {one.kind for one in made.findings}


def put(name: str, *path: str | int, to: object) -> Change:
    def change(found: dict[str, Any]) -> None:
        place = found[name]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


def test_the_dump_itself_is_sound() -> None:
    made = reviewed(lambda found: None)
    assert kinds(made) == {"uneven-local"} and made.service("web").comparison is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            put("Service web", "spec", "ports", 0, "port", to="80"),
            'spec.ports[0].port: the text "80" is given where a whole number belongs (write it without quotation marks)',
        ),
        (
            put("Service web", "spec", "selector", to="app=cart"),
            'spec.selector: the text "app=cart" is given where a group of names with values belongs (such as app: web)',
        ),
        (
            put("Service web", "spec", "selector", to={"app": 7}),
            'spec.selector["app"]: the number "7" is given where a text belongs (write it in quotation marks)',
        ),
        (put("Service web", "spec", "ports", to={}), "spec.ports: a group of names with values is given where a list belongs"),
        (
            put("Service web", "metadata", "creationTimestamp", to="yesterday"),
            'metadata.creationTimestamp: the text "yesterday" is given where a date with a time (2026-01-31T08:00:00Z) belongs',
        ),
        (
            put("Service web", "spec", "ports", 0, "targetPort", to=10**12),
            'spec.ports[0].targetPort: the number "1000000000000" is given where a whole number or a name belongs (this one is '
            "too large)",
        ),
    ],
)  # fmt: skip
def test_a_wrong_type_costs_its_service_alone(change: Change, told: str) -> None:
    cluster = kx.Cluster.from_json(dump_of(change))
    assert [str(one) for one in cluster.left_out] == [f"Service default/web: {told}"]
    assert [one.name for one in cluster.services] == ["shop"]
    made = kx.review(cluster)
    found = next(one for one in made.findings if one.kind == "unreadable")
    assert (found.service, found.why) == ("default/web", f"{told}.")
    assert "Go struct" not in made.to_markdown()
    assert made.lacks[-1].startswith("1 object of the dump is left out and counted nowhere")


def test_plain_words_are_found_for_every_type_that_the_decoder_refuses() -> None:
    """Whatever the decoder refuses, a field is named: never Go's own words."""
    for (version, kind), schema in SCHEMAS.items():
        assert wrong_type({"apiVersion": version, "kind": kind}, schema) is None
        for wrong in (3, "x", [], True):
            assert str(wrong_type({"metadata": wrong}, schema)).startswith("metadata: ")


@pytest.mark.parametrize(
    ("name", "path", "command"),
    [
        ("Pod web-1", ("status", "podIP"), "kubectl get pod web-1 -n default -o yaml"),
        ("Node node-1", ("status", "addresses", 0, "address"), "kubectl get node node-1 -o yaml"),
        ("Service web", ("spec", "clusterIP"), "kubectl get service web -n default -o yaml"),
    ],
)
def test_what_is_left_out_is_named_as_what_it_is(name: str, path: tuple[str | int, ...], command: str) -> None:
    made = reviewed(put(name, *path, to="10.8.2"))
    found = next(one for one in made.findings if one.kind == "unreadable")
    assert found.command == command and found.fix.startswith(
        f"Compare its fields with what kubectl explain {command.split()[2]} "
    )
    assert found.url and found.service.endswith(name.split()[1])
    hidden = reviewed(put(name, *path, to="10.8.2"), anonymise=True)
    again = next(one for one in hidden.findings if one.kind == "unreadable")
    assert f"get {command.split()[2]} left-out-1" in again.command and name.split()[1] not in str(again)


def edit_slice(key: str, value: object) -> Change:
    def change(found: dict[str, Any]) -> None:
        part = next(one for name, one in found.items() if name.startswith("EndpointSlice web-"))
        part["endpoints"][0][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("Pod web-1", "spec", "nodeName", to="gke-z"), "Web-1 says that it is on gke-z, which is no node of the dump, and an EndpointSlice says node-1"),
        (put("Pod web-1", "spec", "nodeName", to="node-2"), "Web-1 says that it is on node-2, and an EndpointSlice says node-1"),
        (put("Pod web-1", "status", "podIP", to="10.8.2"), "(web-1), and no Pod of the dump has this address"),
        (edit_slice("addresses", ["10.99.0.7"]), "An EndpointSlice lists 10.99.0.7 (web-1), and no Pod of the dump has this address"),
        (put("Node node-1", "status", "addresses", 0, "address", to="10.0.0"), "on node-1, which is no node of the dump"),
    ],
)  # fmt: skip
def test_where_a_dump_disagrees_with_itself_nothing_else_is_concluded(change: Change, words: str) -> None:
    made = reviewed(change)
    one = made.service("web")
    assert one.comparison is None and "does not agree with itself" in one.why_not
    found = next(one for one in made.findings if one.kind == "dump-disagrees" and one.service == "default/web")
    assert words in found.why and found.command == "kubectl get pods -n default -o wide"
    about_web = {one.kind for one in made.findings if one.service == "default/web"}
    assert about_web == {"dump-disagrees"}, "no loss and no uneven load is concluded from what is missing"
    assert all(entrance.lost is None for entrance in one.entrances)
    assert "does not agree with itself" in reviewed(change, anonymise=True).to_markdown()


def test_without_the_slice_that_is_left_out_nobody_says_that_there_is_no_endpoint() -> None:
    def change(found: dict[str, Any]) -> None:
        del found["Service web"]["spec"]["selector"]
        next(one for name, one in found.items() if name.startswith("EndpointSlice web-"))["endpoints"] = "none"

    for anonymise in (False, True):
        made = reviewed(change, anonymise=anonymise)
        assert kinds(made) == {"unreadable"}
        assert [one.ready_text for one in made.exposed].count("not known") == 1


@pytest.mark.parametrize(
    ("field", "word", "meant"),
    [
        ("type", "Loadbalancer", "LoadBalancer"), ("externalTrafficPolicy", "local", "Local"),
        ("internalTrafficPolicy", "cluster", "Cluster"), ("sessionAffinity", "clientip", "ClientIP"),
    ],
)  # fmt: skip
def test_a_word_in_the_wrong_case_is_named(field: str, word: str, meant: str) -> None:
    made = reviewed(put("Service web", "spec", field, to=word))
    found = next(one for one in made.findings if one.kind == "unreadable")
    assert found.service == "default/web" and f'spec.{field} is "{word}", none of ' in found.why
    assert found.why.endswith(f"capital and small letters count: write {meant}.")
    protocol = reviewed(put("Service web", "spec", "ports", 0, "protocol", to="tcp"))
    assert any("write TCP" in one.why for one in protocol.findings)


def test_what_belongs_to_one_service_and_is_held_by_two() -> None:
    def change(found: dict[str, Any]) -> None:
        web, shop = found["Service web"]["spec"], found["Service shop"]["spec"]
        shop["ports"][0]["nodePort"] = web["ports"][0]["nodePort"]
        shop["clusterIP"], shop["clusterIPs"] = web["clusterIP"], web["clusterIPs"]

    for anonymise in (False, True):
        made = reviewed(change, anonymise=anonymise)
        found = [one.what for one in made.findings if one.kind == "held-twice"]
        assert sorted(what.split()[4] for what in found) == ["clusterIP", "nodePort"]
        assert all(what.startswith("2 Services have the ") for what in found)


def test_tcp_and_udp_of_one_service_may_share_a_number() -> None:
    def change(found: dict[str, Any]) -> None:
        ports = found["Service web"]["spec"]["ports"]
        ports[0]["name"] = "a"
        ports.append({**copy.deepcopy(ports[0]), "name": "b", "protocol": "UDP"})

    assert "held-twice" not in kinds(reviewed(change))
