"""Long lists are read entry by entry: what comes of them is what comes of the whole."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import k8sexpose as kx
from k8sexpose.api import json_lists
from k8sexpose.api.dump import read_dump
from k8sexpose.api.errors import ManifestError
from tests.report.helpers import SAMPLE

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
POD = {"metadata": {"name": "p", "namespace": "a"}, "status": {"podIP": "10.0.0.9"}}


def both(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    """Read a text as a whole, and entry by entry; an error is its words."""
    found: list[object] = []
    for long in (10**9, 0):
        monkeypatch.setattr(json_lists, "LONG", long)
        try:
            found.append(read_dump(text))
        except ManifestError as error:
            found.append(str(error))
    return found[0], found[1]


TEXTS = {
    "list": json.dumps({"kind": "List", "apiVersion": "v1", "items": [NODE, POD | {"kind": "Pod"}]}),
    "kind at the end": json.dumps({"apiVersion": "v1", "items": [NODE], "kind": "List", "metadata": {}}),
    "typed": json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [POD, POD]}),
    "typed at the end": json.dumps({"apiVersion": "v1", "items": [POD, POD], "kind": "PodList"}),
    "empty and typed": '{"kind": "PodList", "items": [ ], "apiVersion": "v1"}',
    "mixed": json.dumps({"apiVersion": "v1", "items": [NODE, POD, NODE], "kind": "PodList"}),
    "array": json.dumps([NODE, {"kind": "List", "items": [NODE | {"metadata": {"name": "n2"}}]}]),
    "no list": json.dumps({"apiVersion": "example.com/v1", "items": [{"path": "a"}], "kind": "Feature"}),
    "one after the other": json.dumps({"kind": "NodeList", "items": [NODE]}) + "\n" + json.dumps({"items": [NODE]}),
    "null items": '{"kind": "PodList", "items": null}',
    "no entry": '{"items": [1]}',
    "deep error": '{"kind": "List", "items": [{"kind": "Node"}, {"kind": ]}',
    "no end": '{"kind": "List", "items": [{"kind": "Node"}',
    "no comma": '{"kind": "List", "items": [{"kind": "Node"} {"kind": "Node"}]}',
    "a number that is none": '{"items": [{"kind": "Pod", "metadata": {"name": "p", "labels": {"a": NaN}}}]}',
    "a lone surrogate": '{"items": [{"kind": "Pod", "metadata": {"name": "p", "labels": {"a": "\\ud800"}}}]}',
    "a wrong type": '{"items": [{"kind": "Pod", "metadata": {"name": 3}}]}',
    "a bad address": '{"items": [{"kind": "Pod", "metadata": {"name": "p"}, "status": {"podIP": "10.0.0.300"}}]}',
    "the sample": Path(SAMPLE).read_text(encoding="utf-8"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_entry_by_entry_is_as_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, entries = both(TEXTS[name], monkeypatch)
    assert entries == whole


def test_cut_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that ends too early is refused either way, and names the same place."""
    text = TEXTS["kind at the end"]
    for end in random.Random(30).sample(range(2, len(text)), 40):
        whole, entries = both(text[:end], monkeypatch)
        assert isinstance(whole, str) and isinstance(entries, str), text[:end]


@pytest.mark.parametrize("text", ['{"items": [{"kind": "Node", "metadata": {"name": "n"}},]}', '{"items": [,]}'])
def test_a_comma_too_many(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short text would be YAML; a long one is not read as that."""
    monkeypatch.setattr(json_lists, "LONG", 0)
    with pytest.raises(ManifestError, match="the dump is not JSON"):
        read_dump(text)


def test_items_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lists, "LONG", 0)
    with pytest.raises(ManifestError, match="names items twice"):
        kx.Cluster.from_json('{"items": [{"kind": "Node", "metadata": {"name": "n"}}], "items": []}')
