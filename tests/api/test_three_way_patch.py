"""The patch of kubectl apply; each expectation is what a real kubectl sent."""

from __future__ import annotations

from typing import Any

import pytest

from k8sexpose.api.three_way_patch import PatchError, three_way_patch, without_nulls

Json = dict[str, Any]


def ports(*entries: Json) -> Json:
    return {"spec": {"ports": list(entries)}}


UDP: Json = {"name": "dns", "port": 53, "protocol": "UDP"}
TCP: Json = {"name": "dns-tcp", "port": 53, "protocol": "TCP"}
LIVE: Json = {**UDP, "targetPort": 53}


def test_one_number_and_two_protocols_the_old_one_comes_last() -> None:
    """The server merges entry by entry: the last one with the number counts, and that is the old one."""
    assert three_way_patch(ports(UDP), ports(UDP, TCP), ports(LIVE)) == {
        "spec": {
            "$setElementOrder/ports": [{"port": 53}, {"port": 53}],
            "ports": [{"name": "dns-tcp", "port": 53, "protocol": "TCP"}, UDP],
        }
    }


def test_what_is_gone_comes_last_and_the_order_stands_beside() -> None:
    patch = three_way_patch(ports({"port": 80}), ports({"port": 81}), ports({"port": 80, "protocol": "TCP"}))
    assert patch == {
        "spec": {
            "$setElementOrder/ports": [{"port": 81}],
            "ports": [{"port": 81}, {"$patch": "delete", "port": 80}],
        }
    }


def test_a_new_order_alone_is_a_change() -> None:
    one, two = {"name": "a", "port": 80}, {"name": "b", "port": 443}
    assert three_way_patch(ports(one, two), ports(two, one), ports(one, two)) == {
        "spec": {"$setElementOrder/ports": [{"port": 443}, {"port": 80}]}
    }
    assert three_way_patch(ports(one, two), ports(one, two), ports(one, two)) == {}


def test_members_that_are_null_or_left_out() -> None:
    applied = {"spec": {"type": "NodePort", "clusterIP": None}}
    live = {"spec": {"type": "NodePort", "clusterIP": "10.96.0.9", "sessionAffinity": "None"}}
    assert three_way_patch(applied, {"spec": {"clusterIP": None}}, live) == {"spec": {"clusterIP": None, "type": None}}


def test_types_differ_where_values_look_alike() -> None:
    assert three_way_patch({}, {"spec": {"a": True}}, {"spec": {"a": 1}}) == {"spec": {"a": True}}
    assert three_way_patch({}, ports({"port": "80"}), ports({"port": 80})) == {
        "spec": {"$setElementOrder/ports": [{"port": "80"}], "ports": [{"port": "80"}]}
    }


def test_finalizers_are_merged() -> None:
    before, after = ({"metadata": {"finalizers": names}} for names in (["a/x", "a/y"], ["a/z", "a/x"]))
    assert three_way_patch(before, after, before) == {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a/y"],
            "$setElementOrder/finalizers": ["a/z", "a/x"],
            "finalizers": ["a/z"],
        }
    }


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        (ports({"targetPort": 80}), "map: map[targetPort:80] does not contain declared merge key: port"),
        (ports(80), "list element types are not identical: [[map[port:80]] [80]]"),  # type: ignore[arg-type]
    ],
)
def test_what_stops_kubectl(applied: Json, message: str) -> None:
    with pytest.raises(PatchError) as caught:
        three_way_patch({}, applied, ports({"port": 80}))
    assert caught.value.message == message


def test_an_order_that_the_patch_contradicts_stops_kubectl() -> None:
    """Two entries of one number with another between them, while something else is taken out."""
    applied = ports({"name": "a", "port": 80}, {"port": 53}, {"name": "b", "port": 80})
    with pytest.raises(PatchError, match="The order in patch list"):
        three_way_patch(ports({"port": 443}), applied, ports({"port": 443}))


def test_nulls_in_lists_stay() -> None:
    assert without_nulls({"a": None, "b": [None, {"c": None}], "d": {"e": None}}) == {"b": [None, {}], "d": {}}
