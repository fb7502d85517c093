"""The walks in CONTRIBUTING: every name exists, and a call really passes them in this order."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import k8sexpose as kx

CONTRIBUTING = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
WALKS = {
    re.search(r"`([^`]+)`:$", head)[1]: re.findall(r"`([\w.]+)`", walk)  # type: ignore[index]
    for head, walk in re.findall(r"^(\*\*From .*:)\n([^(\n]*).*$", CONTRIBUTING, re.MULTILINE)
}


def made(*examples: str) -> kx.Cluster:
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[3, 1, 0])
    for name in examples:
        cluster.apply(kx.example(name))
    return cluster


LB = "public-api-lb"
# What is there before, and the call.
CALLS: dict[str, tuple[tuple[str, ...], Callable[[kx.Cluster], object]]] = {
    "cluster.apply(text)": ((), lambda cluster: cluster.apply(kx.example(LB))),
    'kx.send(cluster, "public-api-lb")': ((LB,), lambda cluster: kx.send(cluster, LB)),
    'kx.simulate(cluster, "public-api-lb").by_pod': (
        (LB,),
        lambda cluster: kx.simulate(cluster, LB, requests=1000).by_pod,
    ),
}


def found(name: str) -> Any:
    """What a dotted name below k8sexpose stands for."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(["k8sexpose", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            thing = getattr(thing, attribute)
        return thing
    raise AssertionError(name)


def test_there_are_three_walks() -> None:
    assert set(WALKS) == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_a_walk_is_the_one_that_is_taken(call: str) -> None:
    steps = [found(name) for name in WALKS[call]]
    assert len(steps) >= 6
    wanted = [inspect.unwrap(step.__init__ if inspect.isclass(step) else step).__code__ for step in steps]
    first: dict[object, int] = {}

    def on_event(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            first.setdefault(frame.f_code, len(first))

    examples, ask = CALLS[call]
    cluster = made(*examples)
    sys.setprofile(on_event)
    try:
        ask(cluster)
    finally:
        sys.setprofile(None)
    missing = [name for name, code in zip(WALKS[call], wanted, strict=True) if code not in first]
    assert not missing
    order = [first[code] for code in wanted]
    assert order == sorted(order)
