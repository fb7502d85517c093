"""What is made while the collector is paused counts as old; what somebody has frozen stays frozen."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import k8sexpose as kx
from k8sexpose.api.collector import collector_paused

SAMPLE = Path(kx.__file__).parent / "data" / "examples" / "sample-cluster.json"


class Thing:
    """Something that the collector tracks."""


def test_what_was_made_is_old_at_once() -> None:
    with collector_paused():
        made = Thing()
    assert any(one is made for one in gc.get_objects(generation=2))
    assert gc.isenabled()
    assert not gc.get_freeze_count()


def test_what_is_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        with collector_paused():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_a_report_needs_no_collector_to_go() -> None:
    # Were it in a circle of references, then old objects would pile up: the collector seldom looks at them.
    gc.disable()
    try:
        review = kx.review(kx.Cluster.from_json(SAMPLE))
        review.to_html()
        store = weakref.ref(review.cluster.store)
        del review
        assert store() is None
    finally:
        gc.enable()
