"""The store: what is made from it and kept, and the look-up of an object by its key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import k8sexpose as kx
from k8sexpose.api.errors import ApiError, UnknownName, missing, unknown
from k8sexpose.cluster.store import Store, find, key_of


def counter() -> Callable[[], int]:
    """Something whose k-th making is k."""
    made: list[int] = []

    def make() -> int:
        made.append(0)
        return len(made)

    return make


def test_what_was_made_is_kept_until_its_version_changes() -> None:
    store, make = Store(), counter()
    assert [store.cached("a", version, make) for version in (1, 1, 2, 2, 1)] == [1, 1, 2, 2, 3]
    assert store.cached("b", 1, make) == 4
    assert store.cached("a", 1, make) == 3


def test_a_copy_begins_with_what_was_made_and_goes_on_apart() -> None:
    store, make = Store(), counter()
    store.cached("a", 1, make)
    twin = store.copy()
    assert twin.cached("a", 1, make) == 1
    assert twin.cached("a", 2, make) == 2
    assert store.cached("a", 1, make) == 1


def test_a_key_is_read_as_kubectl_reads_it() -> None:
    assert key_of("web") == ("default", "web")
    assert key_of("shop/web") == ("shop", "web")


def test_the_error_names_what_exists() -> None:
    objects = {("default", "web"): 1, ("shop", "web"): 2}
    assert find(objects, key_of("shop/web"), lambda known: AssertionError()) == 2
    with pytest.raises(UnknownName, match=r"no Service 'cart'; there are web, shop/web"):
        find(objects, key_of("cart"), lambda known: unknown("Service", "cart", known))
    with pytest.raises(ApiError) as caught:
        find({"node-1": 1}, "node-2", lambda known: missing("nodes", "node-2", known))
    assert (caught.value.message, caught.value.hint) == ('nodes "node-2" not found', "There are: node-1.")


AUTO = {"service.kubernetes.io/topology-mode": "Auto"}


def hints(per_node: list[int], zones: str = "abc") -> list[tuple[str, str]]:
    """The hints of each endpoint, as (node, zone it is meant for)."""
    nodes = [
        kx.Node(f"n{k}", (f"10.0.0.{k}",), zone=zone if zone != "-" else None, pod_cidr=f"10.244.{k}.0/24")
        for k, zone in enumerate(zones, 1)
    ]
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("web", per_node=per_node)
    metadata = {"name": "web", "annotations": AUTO}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    ends = [end for part in cluster.endpoint_slices("web") for end in part.endpoints]
    return [(end.node or "", ",".join(end.zone_hints)) for end in ends]


@pytest.mark.parametrize(
    ("per_node", "zones", "expected"),
    [
        ([3, 3, 3], "abc", {("n1", "a"): 3, ("n2", "b"): 3, ("n3", "c"): 3}),
        ([1, 1, 0], "abc", {("n1", ""): 1, ("n2", ""): 1}),  # fewer endpoints than zones
        ([1, 1, 1], "aa-", {("n1", ""): 1, ("n2", ""): 1, ("n3", ""): 1}),  # a node without a zone
        ([2, 2, 2], "aaa", {("n1", ""): 2, ("n2", ""): 2, ("n3", ""): 2}),  # one zone only
        ([1, 1, 1, 1], "abbb", {("n1", ""): 1, ("n2", ""): 1, ("n3", ""): 1, ("n4", ""): 1}),  # 1 of 4 and 3 of 4
    ],
)
def test_hints_of_topology_mode(per_node: list[int], zones: str, expected: dict[tuple[str, str], int]) -> None:
    found = hints(per_node, zones)
    if zones == "abbb":
        assert found == [("n1", "a"), ("n2", "b"), ("n3", "b"), ("n4", "b")]
    else:
        assert {one: found.count(one) for one in found} == expected


def test_a_zone_with_too_few_endpoints_is_given_others() -> None:
    found = hints([6, 2, 1])
    assert [found.count(one) for one in (("n1", "a"), ("n1", "b"), ("n1", "c"))] == [3, 1, 2]
