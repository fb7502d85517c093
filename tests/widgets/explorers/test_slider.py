"""The slider."""

from __future__ import annotations

from k8sexpose.widgets.explorers.slider import Slider


def test_the_slider_keeps_to_its_ends() -> None:
    slider = Slider(label="Services", min=1, max=100, value=50)
    slider.value = 1000
    assert slider.value == 100
    slider.value = -5
    assert slider.value == 1
    script = str(Slider._esm)
    assert "data-lm-suppress-shortcuts" in script and "htmlFor" in script
