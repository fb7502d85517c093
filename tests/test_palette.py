"""The palette: never colour alone."""

from __future__ import annotations

from k8sexpose._palette import CONCEPTS


def test_palette_never_uses_colour_alone() -> None:
    for name in ("client", "load balancer", "node", "Pod", "extra hop", "dropped"):
        others = [c for key, c in CONCEPTS.items() if key not in (name, "nowhere")]
        assert CONCEPTS[name].label
        assert CONCEPTS[name].color not in {c.color for c in others}
        # The queue's concepts share a marker, and differ in colour and label.
        assert (CONCEPTS[name].marker, CONCEPTS[name].label) not in {(c.marker, c.label) for c in others}
