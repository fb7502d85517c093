"""The store: what is made from it and kept, and the look-up of an object by its key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
