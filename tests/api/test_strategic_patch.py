"""The strategic merge patch: rules of the server's library that the recorded histories do not reach."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.strategic_patch import go_map, strategic_merge

DNS = {"name": "dns", "port": 53, "protocol": "UDP"}
WEB = {"name": "http", "port": 80}
TLS = {"name": "https", "port": 443}


def merged_ports(live: list[Any], patch: list[Any], **directives: Any) -> list[Any]:
    spec = {"ports": patch} | {key.replace("order", "$setElementOrder/ports"): v for key, v in directives.items()}
    result: list[Any] = strategic_merge({"spec": {"ports": live}}, copy.deepcopy({"spec": spec}))["spec"]["ports"]
    return result


def test_what_the_patch_names_comes_before_what_it_does_not_name() -> None:
    assert merged_ports([DNS, WEB], [TLS]) == [TLS, DNS, WEB]
    assert merged_ports([DNS, WEB, TLS], [{"port": 443, "nodePort": 30443}]) == [DNS, WEB, TLS | {"nodePort": 30443}]
    assert merged_ports([DNS, WEB], [TLS, {"port": 53}]) == [TLS, DNS, WEB]


def test_the_order_that_a_patch_gives_goes_first() -> None:
    order = [{"port": 443}, {"port": 53}]
    assert merged_ports([DNS, WEB], [TLS], order=order) == [TLS, DNS, WEB]
    assert merged_ports([WEB, DNS], [TLS], order=order) == [TLS, WEB, DNS]
    # An empty order names nobody: Go's sort then reverses the list.
    assert merged_ports([WEB], [TLS], order=[]) == [WEB, TLS]


def test_of_two_live_entries_with_one_key_the_first_is_meant() -> None:
    tcp = {"name": "dns-tcp", "port": 53, "protocol": "TCP"}
    assert merged_ports([DNS, tcp], [{"port": 53, "nodePort": 30053}]) == [DNS | {"nodePort": 30053}, tcp]
    assert merged_ports([DNS, tcp, WEB], [{"port": 53, "$patch": "delete"}]) == [WEB]


def test_two_new_entries_with_one_key_become_one() -> None:
    assert merged_ports([WEB], [{"port": 53, "name": "a"}, {"port": 53, "protocol": "UDP"}]) == [
        {"port": 53, "name": "a", "protocol": "UDP"}, WEB,
    ]  # fmt: skip


def test_finalizers_are_merged_and_lists_without_a_strategy_replaced() -> None:
    live = {"metadata": {"finalizers": ["a/x", "b/y"]}, "spec": {"externalIPs": ["192.0.2.1"]}}
    patch: dict[str, Any] = {"metadata": {"finalizers": ["c/z", "a/x"]}, "spec": {"externalIPs": ["192.0.2.2"]}}
    assert strategic_merge(live, patch) == {
        "metadata": {"finalizers": ["c/z", "a/x", "b/y"]}, "spec": {"externalIPs": ["192.0.2.2"]},
    }  # fmt: skip
    deletion = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/x"]}}
    assert strategic_merge(live, deletion)["metadata"] == {"finalizers": ["b/y"]}


def test_a_list_of_scalars_that_comes_with_its_order_is_merged() -> None:
    """The case "add and delete items in lists of scalars" of ``strategicpatch/patch_test.go``, with its result."""
    live = {"metadata": {"finalizers": ["a/1", "a/2", "a/3"]}}
    patch: dict[str, Any] = {
        "$setElementOrder/finalizers": ["a/1", "a/2", "a/4"],
        "$deleteFromPrimitiveList/finalizers": ["a/3"],
        "finalizers": ["a/4"],
    }
    assert strategic_merge(live, {"metadata": patch}) == {"metadata": {"finalizers": ["a/1", "a/2", "a/4"]}}


def test_an_empty_list_takes_what_the_patch_adds() -> None:
    assert merged_ports([], [WEB]) == [WEB]
    assert merged_ports([], []) == []
    assert strategic_merge({"metadata": {"finalizers": []}}, {"metadata": {"finalizers": ["a/x"]}}) == {
        "metadata": {"finalizers": ["a/x"]}
    }


def test_retained_keys_may_leave_out_what_goes() -> None:
    live = {"spec": {"type": "NodePort", "ports": [WEB], "selector": {"app": "web"}}}
    patch: dict[str, Any] = {"spec": {"$retainKeys": ["ports"], "type": None, "$setElementOrder/ports": [{"port": 80}]}}
    assert strategic_merge(live, patch) == {"spec": {"ports": [WEB]}}


def test_what_is_retained_is_named_by_texts() -> None:
    patch: dict[str, Any] = {"spec": {"$retainKeys": [{"a": 1}, 5, "type"], "type": "NodePort"}}
    assert strategic_merge({"spec": {"type": "ClusterIP", "ports": [WEB]}}, patch) == {"spec": {"type": "NodePort"}}


def test_nothing_is_deleted_from_a_list_that_is_not_there() -> None:
    assert strategic_merge({"metadata": {}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/x"]}}) == {
        "metadata": {}
    }


def test_what_is_deleted_goes_from_a_list_that_is_not_merged_too() -> None:
    """``mergeSliceHandler``: delete lists are handled the same way regardless of the field's patch strategy."""
    live = {"spec": {"externalIPs": ["192.0.2.1", "192.0.2.2"]}}
    patch: dict[str, Any] = {"spec": {"$deleteFromPrimitiveList/externalIPs": ["192.0.2.1"]}}
    assert strategic_merge(live, patch) == {"spec": {"externalIPs": ["192.0.2.2"]}}


def test_a_float_is_printed_as_go_prints_it() -> None:
    """``%v``: the shortest digits, an exponent from the seventh place on (strconv.FormatFloat)."""
    values = [80.0, 80.5, 123456.0, 1e6, 1234567.0, 1e-5, -2.5, 0.0]
    assert go_map(values) == "[80 80.5 123456 1e+06 1.234567e+06 1e-05 -2.5 0]"


def test_a_map_that_the_object_lacks_is_taken_without_nulls_and_directives() -> None:
    patch: dict[str, Any] = {
        "metadata": {"labels": {"app": "web", "gone": None}},
        "spec": {"selector": {"$patch": "replace"}},
    }
    assert strategic_merge({"metadata": {}, "spec": {}}, patch) == {"metadata": {"labels": {"app": "web"}}, "spec": {}}
    assert patch["metadata"] == {"labels": {"app": "web"}}  # as a refusal would show it


def test_a_directive_within_a_map_takes_away_that_map_only() -> None:
    config = {"clientIP": {"timeoutSeconds": 10}, "gone": {"$patch": "replace"}}
    assert strategic_merge({"spec": {}}, {"spec": {"sessionAffinityConfig": config}}) == {
        "spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10}}}
    }
    # What stood there before, of another type, goes too.
    assert strategic_merge({"spec": {"selector": "x"}}, {"spec": {"selector": {"$patch": "replace"}}}) == {"spec": {}}


def test_a_list_that_the_object_lacks_comes_in_the_order_that_the_patch_gives() -> None:
    patch = {"metadata": {"$setElementOrder/finalizers": ["b/y", "a/x"], "finalizers": ["b/y", "a/x"]}}
    assert strategic_merge({"metadata": {}}, patch) == {"metadata": {"finalizers": ["b/y", "a/x"]}}


@pytest.mark.parametrize(("count", "reversed_"), [(20, True), (21, False)])
def test_one_block_of_the_sort_is_reversed_and_a_longer_list_is_not(count: int, reversed_: bool) -> None:
    new = [{"port": number} for number in range(1000, 999 + count)]
    expected = [*new, WEB]
    assert merged_ports([WEB], new, order=[]) == (expected[::-1] if reversed_ else expected)


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({"spec": {"ports": [{"port": 80}, {"name": "x"}]}}, 500, "map: map[name:x] does not contain declared merge key: port"),
        ({"spec": {"ports": [[]]}}, 500, "list element types are not identical: [[map[port:80]] [[]]]"),
        ({"spec": {"$setElementOrder/nope": []}}, 500,
         'unable to find api field in struct ServiceSpec for the json field "nope"'),
        ({"spec": {"$setElementOrder/ports": [{"port": 80}], "ports": [{"port": 80}, {"port": 53}]}}, 500,
         "The order in patch list:\n[map[port:80] map[port:53]]\n doesn't match $setElementOrder list:\n[map[port:80]]\n"),
        ({"spec": {"$setElementOrder": []}}, 400, "invalid patch format of setElementOrder list"),
        ({"metadata": {"$deleteFromPrimitiveList": []}}, 400, "invalid patch format of primitive list"),
        ({"spec": {"$retainKeys": "ports", "ports": []}}, 400, "invalid patch format of retainKeys"),
        ({"spec": {"$patch": 1}}, 500, "unknown patch type: %!s(int64=1) in map: map[$patch:1]"),
        ({"metadata": {"$setElementOrder/ownerReferences": [], "ownerReferences": []}}, 500,
         "no elements in any of the given slices"),
        ({"spec": {"$patch": None}}, 500, "unknown patch type: %!s(<nil>) in map: map[$patch:<nil>]"),
        ({"spec": {"$setElementOrder/ports": [1]}}, 500, "value for key 0 is not a map"),
        ({"spec": {"$setElementOrder/selector": []}}, 500, "expected slice or array type, but got: struct"),
        ({"spec": {"$setElementOrder/ports": [80], "ports": [{"name": "x"}]}}, 500,
         "expected a map[string]interface {}, but received a int64"),
    ],
)  # fmt: skip
def test_a_patch_that_cannot_be_applied(patch: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(kx.ApiError) as refused:
        strategic_merge({"metadata": {"finalizers": ["a/x"]}, "spec": {"ports": [{"port": 80}]}}, patch)
    assert (refused.value.code, refused.value.message) == (code, message)


def test_the_live_object_stays_as_it_is() -> None:
    live = {"spec": {"ports": [{"port": 80}], "selector": {"app": "web"}}}
    before = copy.deepcopy(live)
    strategic_merge(live, {"spec": {"ports": [{"port": 80, "name": "x"}], "selector": {"app": None}}})
    assert live == before


def test_long_lists_do_not_take_long() -> None:
    live = [{"port": number} for number in range(1, 15_000)]
    patch = [{"port": number, "name": "x"} for number in range(15_000, 1, -1)]
    assert len(merged_ports(live, patch)) == 15_000


# -- lists: whose error is named, what is put in order, what a directive takes along ----

ODD = {"name": "odd"}  # without the key by which ports are merged


def refusal(live: dict[str, Any], patch: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(kx.ApiError) as refused:
        strategic_merge(live, copy.deepcopy(patch))
    return refused.value.code, refused.value.message


def test_a_live_entry_without_a_key_is_passed_over_until_the_list_is_put_in_order() -> None:
    """The server looks for the patch's keys in the entries that have one, and stops at the patch's own faults first."""
    lacks = "does not contain declared merge key: port"
    live = {"spec": {"ports": [ODD, WEB]}}
    assert refusal(live, {"spec": {"ports": [{"name": "other"}]}}) == (500, f"map: map[name:other] {lacks}")
    gone = {"port": 80, "$patch": "delete"}
    assert refusal(live, {"spec": {"ports": [gone, {"name": "other"}]}}) == (500, f"map: map[name:other] {lacks}")
    assert refusal(live, {"spec": {"ports": [gone]}}) == (500, f"map: map[name:odd] {lacks}")


def test_only_an_order_on_a_list_that_nobody_has_changes_nothing() -> None:
    assert strategic_merge({"spec": {}}, {"spec": {"$setElementOrder/ports": [{"port": 80}]}}) == {"spec": {}}


def test_an_order_alone_rearranges_the_live_list() -> None:
    """Those it names come in its order, and an entry that it does not name keeps its place among the live ones."""
    live = {"spec": {"ports": [DNS, WEB, TLS]}}
    order = [{"port": 443}, {"port": 80}, {"port": 53}]
    assert strategic_merge(live, {"spec": {"$setElementOrder/ports": order}})["spec"]["ports"] == [TLS, WEB, DNS]
    assert strategic_merge(live, {"spec": {"$setElementOrder/ports": order[:2]}})["spec"]["ports"] == [DNS, TLS, WEB]


@pytest.mark.parametrize("odd", [{}, {"a": 1}, [], [80]])
def test_a_key_that_is_no_scalar_names_no_entry_of_an_order(odd: Any) -> None:
    """Go finds a map or a list unequal to a number; it panics only where it compares two maps, or two lists."""
    order = [{"port": odd}, {"port": 53}, {"port": 80}]
    assert merged_ports([WEB, DNS], [{"port": 53}], order=order) == [DNS, WEB]
    alone = {"spec": {"$setElementOrder/ports": order}}
    assert strategic_merge({"spec": {"ports": [WEB, DNS]}}, alone) == {"spec": {"ports": [DNS, WEB]}}


def test_an_entry_without_a_place_moves_before_all_that_have_one() -> None:
    """With an empty order nobody is named: Go's insertion sort takes the new entry to the front."""
    assert merged_ports([WEB, TLS], [{"port": 443}, DNS], order=[]) == [DNS, WEB, TLS]


def test_a_long_list_in_which_everybody_has_a_place_is_sorted() -> None:
    live = [{"port": number} for number in range(1, 40)]
    assert merged_ports(live, live[::-1]) == live[::-1]
    assert merged_ports(live, [], order=live[::-1]) == live[::-1]


def test_an_entry_with_a_directive_needs_no_place_in_the_order_and_the_next_one_does() -> None:
    replace_all: dict[str, Any] = {"$patch": "replace"}
    assert merged_ports([WEB], [replace_all, DNS], order=[{"port": 53}]) == [DNS]
    assert merged_ports([WEB, DNS], [{"port": 80, "$patch": "delete"}], order=[{"port": 53}]) == [DNS]
    for directive in (replace_all, {"port": 80, "$patch": "delete"}):
        with pytest.raises(kx.ApiError, match="The order in patch list"):
            merged_ports([WEB], [directive, DNS], order=[{"port": 443}])


def test_a_value_that_looks_like_a_directive_needs_a_place_in_the_order() -> None:
    order = {"metadata": {"$setElementOrder/finalizers": ["b/y"], "finalizers": ["a/$patch"]}}
    assert refusal({"metadata": {}}, order) == (
        500, "The order in patch list:\n[a/$patch]\n doesn't match $setElementOrder list:\n[b/y]\n",
    )  # fmt: skip


@pytest.mark.parametrize("order", [[80, 53], [53, 443, 80], [443, 80]])
def test_the_patch_follows_its_own_order(order: list[int]) -> None:
    with pytest.raises(kx.ApiError, match="doesn't match"):
        merged_ports([], [{"port": 53}, {"port": 80}, {"port": 443}], order=[{"port": number} for number in order])


def test_a_list_that_is_taken_over_leaves_out_what_carries_a_directive() -> None:
    patch = {"spec": {"ports": [WEB, {"port": 81, "$patch": "delete"}]}, "metadata": {"finalizers": ["a/$patch", 3]}}
    assert strategic_merge({"spec": {}, "metadata": {}}, copy.deepcopy(patch)) == {
        "spec": {"ports": [WEB]}, "metadata": {"finalizers": ["a/$patch", 3]},
    }  # fmt: skip
    nested = {"spec": {"odd": [{"inner": None, "list": [{"gone": None, "port": 1}]}, {"$patch": "delete"}]}}
    assert strategic_merge({"spec": {}}, nested) == {"spec": {"odd": [{"list": [{"port": 1}]}]}}


def test_replace_keeps_the_patch_alone_and_delete_nothing() -> None:
    live = {"spec": {"selector": {"app": "web", "tier": "front"}, "ports": [WEB, DNS]}}
    patched = strategic_merge(live, {"spec": {"selector": {"$patch": "replace", "app": "shop"}}})
    assert patched["spec"] == {"selector": {"app": "shop"}, "ports": [WEB, DNS]}
    assert strategic_merge(live, {"spec": {"selector": {"$patch": "delete"}}})["spec"]["selector"] == {}
    assert merged_ports([WEB, DNS], [{"$patch": "replace"}, TLS]) == [TLS]
    assert merged_ports([WEB, DNS], [{"$patch": "replace"}]) == []
    assert merged_ports([WEB, DNS], [TLS, {"port": 53, "$patch": "delete"}]) == [TLS, WEB]
    assert merged_ports([WEB, DNS], [{"port": 99, "$patch": "delete"}]) == [WEB, DNS]


def test_only_retained_keys_stay() -> None:
    live = {"spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 9}, "more": 1}}}
    patch = {"$retainKeys": ["clientIP", 7], "clientIP": {"timeoutSeconds": 5}, "more": None}
    assert strategic_merge(live, {"spec": {"sessionAffinityConfig": patch}})["spec"]["sessionAffinityConfig"] == {
        "clientIP": {"timeoutSeconds": 5}
    }
    lists = {"metadata": {"$retainKeys": ["finalizers"], "$deleteFromPrimitiveList/finalizers": ["a/x"]}}
    assert strategic_merge({"metadata": {"finalizers": ["a/x", "b/y"], "name": "web"}}, lists) == {
        "metadata": {"finalizers": ["b/y"]}
    }


def test_values_of_other_types_take_the_place_of_what_was_there() -> None:
    for old, new in (("x", 1), (1, True), ({"a": "b"}, ["c"]), (["c"], {"a": "b"}), (1, 1.5)):
        assert strategic_merge({"spec": {"odd": old}}, {"spec": {"odd": new}}) == {"spec": {"odd": new}}


LIVE: dict[str, Any] = {
    "metadata": {"finalizers": ["a/x"], "ownerReferences": [{"uid": "u"}]},
    "spec": {"ports": [{"port": 80}], "nope": {}, "list": [1], "type": "NodePort"},
}


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({"spec": {"nope": {"a": 1}}}, 500,
         'unable to find api field in struct ServiceSpec for the json field "nope"'),
        ({"spec": {"list": [2]}}, 500, 'unable to find api field in struct ServiceSpec for the json field "list"'),
        ({"spec": {"ports": [{"port": 80, "$patch": "merge"}]}}, 500,
         "merging lists cannot yet be specified in the patch"),
        ({"spec": {"ports": [{"port": 80, "$patch": "x"}]}}, 500,
         "unknown patch type: x in map: map[$patch:x port:80]"),
        ({"spec": {"$patch": False, "a": True, "b": None}}, 500,
         "unknown patch type: %!s(bool=false) in map: map[$patch:false a:true b:<nil>]"),
        ({"metadata": {"finalizers": [{"a": 1}]}}, 500,
         "list element types are not identical: [[a/x] [map[a:1]]]"),
        ({"spec": {"$setElementOrder/ports": 3}}, 500, "expected a []interface {}, but received a int64"),
        ({"spec": {"$setElementOrder/ports": None}}, 500, "expected a []interface {}, but received a %!s(<nil>)"),
        ({"spec": {"$setElementOrder/ports": [], "ports": "x"}}, 500,
         "expected a []interface {}, but received a string"),
        ({"spec": {"$setElementOrder/type": []}}, 500, "expected a []interface {}, but received a string"),
        ({"spec": {"$setElementOrder/ports": [{"port": 80}], "ports": [3]}}, 500,
         "expected a map[string]interface {}, but received a int64"),
        ({"spec": {"$setElementOrderX/ports": []}}, 400, "invalid patch format of setElementOrder list"),
        ({"metadata": {"$deleteFromPrimitiveListX/finalizers": []}}, 400, "invalid patch format of primitive list"),
        ({"spec": {"$retainKeys": ["type"], "ports": []}}, 400, "invalid patch format of retainKeys"),
        ({"metadata": {"ownerReferences": [[]]}}, 500,
         "list element types are not identical: [[map[uid:u]] [[]]]"),
    ],
)  # fmt: skip
def test_faults_of_a_patch_are_named(patch: dict[str, Any], code: int, message: str) -> None:
    assert refusal(LIVE, patch) == (code, message)


def test_lists_of_one_type_that_no_rule_knows() -> None:
    maps = {"metadata": {"finalizers": [{"a": 1}]}}
    assert refusal(maps, maps) == (500, "cannot merge lists without merge key for type string")
    scalars = {"spec": {"ports": [80]}}
    assert refusal(scalars, {"spec": {"ports": [81]}}) == (
        500, "expected a map[string]interface {}, but received a int64",
    )  # fmt: skip
    lists = {"spec": {"ports": [[1]]}}
    assert refusal(lists, lists) == (422, "the server rejected our request due to an error in our request")


def test_retained_keys_are_a_list_and_a_scalar_is_replaced_whatever_its_field() -> None:
    for wrong in (3, None, {"a": 1}):
        patch = {"spec": {"$retainKeys": wrong}}
        assert refusal({"spec": {}}, patch) == (400, "invalid patch format of retainKeys")
    assert strategic_merge({"spec": {"odd": 1, "type": "NodePort"}}, {"spec": {"odd": 2, "type": "ClusterIP"}}) == {
        "spec": {"odd": 2, "type": "ClusterIP"}
    }
