"""JSON patch and JSON merge patch: the examples of the RFCs."""

from __future__ import annotations

import json
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.json_patch import json_patch, merge_patch


def test_too_many_operations() -> None:
    """As in kubernetes/kubernetes: apiserver/pkg/endpoints/handlers/patch.go."""
    with pytest.raises(kx.ApiError) as told:
        json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1}] * 10_001)
    assert (told.value.code, told.value.reason) == (413, "RequestEntityTooLarge")
    assert told.value.message == (
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    )
    assert json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1}] * 10_000) == {"a": 1}


def test_no_such_patch_type() -> None:
    cluster = kx.Cluster()
    with pytest.raises(ValueError, match="patch_type is one of strategic, merge, json, not 'apply'"):
        cluster.patch("kubernetes", {}, patch_type="apply")


# RFC 7386, appendix A.
@pytest.mark.parametrize(
    ("live", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}), ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}), ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]), ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None), ({"e": None}, {"a": 1}, {"e": None, "a": 1}), ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_merge_patch(live: Any, patch: Any, result: Any) -> None:
    assert merge_patch(live, patch) == result


# RFC 6902, appendix A.
@pytest.mark.parametrize(
    ("live", "operation", "result"),
    [
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"foo": "bar", "baz": "qux"}),
        ({"foo": ["a", "b"]}, {"op": "add", "path": "/foo/1", "value": "q"}, {"foo": ["a", "q", "b"]}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/-", "value": ["b"]}, {"foo": ["a", ["b"]]}),
        ({"baz": 1, "foo": 2}, {"op": "remove", "path": "/baz"}, {"foo": 2}),
        ({"foo": ["a", "b", "c"]}, {"op": "remove", "path": "/foo/1"}, {"foo": ["a", "c"]}),
        ({"baz": 1, "foo": 2}, {"op": "replace", "path": "/baz", "value": 3}, {"baz": 3, "foo": 2}),
        ({"a": {"x": 1}, "b": {}}, {"op": "move", "from": "/a/x", "path": "/b/y"}, {"a": {}, "b": {"y": 1}}),
        ({"foo": [1, 2, 3]}, {"op": "move", "from": "/foo/0", "path": "/foo/2"}, {"foo": [2, 3, 1]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
        ({"/": 9, "~1": 10}, {"op": "replace", "path": "/~01", "value": 11}, {"/": 9, "~1": 11}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
        # The server's library goes beyond the RFC.
        ({"a": 1}, {"op": "replace", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"op": "replace", "path": "/b"}, {"a": 1, "b": None}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/-1"}, {"a": [1]}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/-1", "value": 3}, {"a": [1, 2, 3]}),
        ({"a": 1}, {"op": "copy", "from": "/b", "path": "/c"}, {"a": 1, "c": None}),
        ({"a": 1}, {"op": "test", "path": "/b", "value": None}, {"a": 1}),
        ({"a": {}}, {"op": "add", "path": "a/b", "value": 2}, {"a": {}, "b": 2}),
        ({"a": 1}, {"op": "add", "path": "/", "value": 2}, {"a": 1, "": 2}),
    ],
)
def test_json_patch(live: Any, operation: Any, result: Any) -> None:
    before = repr(live)
    assert json_patch(live, [operation]) == result
    assert repr(live) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/baz/bat", "value": 1}, {"op": "remove", "path": "/baz"}, {"op": "add", "path": ""},
        {"op": "test", "path": "/foo", "value": 2}, {"op": "add", "path": "/list/9", "value": 1}, {"op": "frob", "path": "/foo"},
        {"op": "add", "path": "foo", "value": 1}, {"op": "add"}, {"op": "add", "path": 3}, {"op": "remove", "path": "/list/-1"},
    ],
)  # fmt: skip
def test_a_patch_that_does_not_fit(operation: Any) -> None:
    with pytest.raises(kx.ApiError) as refused:
        json_patch({"foo": 1, "list": []}, [operation])
    assert (refused.value.code, refused.value.reason, refused.value.causes) == (422, "Invalid", ())


def test_wrong_types_are_bad_requests() -> None:
    cluster = kx.Cluster(provider=None)
    for patch, type_ in (
        ([], "strategic"),
        ([], "merge"),
        ({}, "json"),
        ([3], "json"),
    ):
        with pytest.raises(kx.ApiError) as refused:
            cluster.patch("kubernetes", patch, patch_type=type_)
        assert refused.value.code == 400, (patch, type_)


def test_nulls_stay_where_a_list_replaces_a_map() -> None:
    """Only what is merged, or takes the place of no map, loses its nulls (json-patch, merge and pruneNulls)."""
    brought = [{"b": None, "a": 1}]
    assert merge_patch({"x": {"y": 1}}, {"x": brought}) == {"x": brought}
    assert merge_patch({"x": [1]}, {"x": brought}) == {"x": [{"a": 1}]}


def test_what_was_looked_into_is_written_in_alphabetical_order() -> None:
    live = {"s": {"b": {"d": 1, "c": 2}, "a": 3}, "t": {"b": 1, "a": 2}}
    result = json_patch(live, [{"op": "test", "path": "/s", "value": live["s"]}])
    assert json.dumps(result) == '{"s": {"a": 3, "b": {"c": 2, "d": 1}}, "t": {"b": 1, "a": 2}}'
    result = json_patch(live, [{"op": "add", "path": "/s/e", "value": {"z": 1, "y": 2}}])
    assert json.dumps(result["s"]) == '{"a": 3, "b": {"d": 1, "c": 2}, "e": {"z": 1, "y": 2}}'


def test_copies_of_copies_do_not_grow_without_end() -> None:
    doubling = [{"op": "add", "path": "/x", "value": {}}]
    doubling += [{"op": "copy", "from": "/x", "path": f"/x/{number}"} for number in range(60)]
    with pytest.raises(kx.ApiError, match="rejected our request"):
        json_patch({}, doubling)
