"""The palette: never colour alone."""

from __future__ import annotations

from k8sexpose._palette import CONCEPTS

# Drawn where none of the six is: policies and ways of exposing stand in charts of their own; "nowhere" is "dropped".
APART = ("nowhere", "Cluster", "Local", "shared entry", "gateway")


def test_palette_never_uses_colour_alone() -> None:
    for name in ("client", "load balancer", "node", "Pod", "Service", "extra hop", "dropped"):
        others = [c for key, c in CONCEPTS.items() if key not in (name, *APART)]
        assert CONCEPTS[name].label
        assert CONCEPTS[name].color not in {c.color for c in others}
        assert CONCEPTS[name].marker not in {c.marker for c in others}
