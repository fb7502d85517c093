"""What every figure does: alt text, escaping, the caller's axes."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import k8sexpose as kx
import k8sexpose.plots
from k8sexpose.plots import describe
from k8sexpose.plots.figure import INK, LIGHTER, ON_PAPER, PAPER, SMALLEST


def test_show_is_the_same_every_time_and_has_alt_text(cluster: kx.Cluster) -> None:
    first, second = (kx.show(kx.plot_cluster(cluster, "debug-svc-nodeport")) for _ in range(2))
    assert first.png == second.png and first.png.startswith(b"\x89PNG")
    page = first._repr_html_()
    assert f'alt="{describe(kx.plot_cluster(cluster, "debug-svc-nodeport"))}"' in page
    assert "How to read this." in page
    # On a narrow page it scrolls, also by the keyboard, before its words are too small to read.
    least, most = (int(found) for found in re.findall(r"(?:min|max)-width: (\d+)px", page))
    assert least >= 0.8 * most and 'tabindex="0" role="region"' in page


def test_axes_of_a_part_of_a_figure_are_shown(cluster: kx.Cluster) -> None:
    inner = Figure().subfigures().add_subplot()
    assert kx.show(kx.plot_cluster(cluster, ax=inner)).png.startswith(b"\x89PNG")


def test_nothing_is_asked_that_the_oldest_matplotlib_does_not_know() -> None:
    """`get_figure(root=True)` came with 3.10, and matplotlib calls it itself, so that it cannot be taken away here."""
    sources = Path(k8sexpose.plots.__file__).parent.glob("*.py")
    assert not [path.name for path in sources if "root=True" in path.read_text(encoding="utf-8")]


def test_show_escapes() -> None:
    cluster = kx.Cluster(nodes=[kx.Node('<b>"x"', addresses=("10.0.0.1",))])
    page = kx.show(kx.plot_cluster(cluster))._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;&quot;x&quot;" in page


def test_given_axes_are_used_and_pyplot_is_left_alone(cluster: kx.Cluster, tmp_path: Path) -> None:
    mine = Figure().add_subplot()
    assert kx.plot_cluster(cluster, ax=mine) is mine
    before = dict(matplotlib.rcParams)
    kx.show(kx.plot_route(kx.send(cluster, "10.0.0.2:30007")))
    assert before == dict(matplotlib.rcParams)
    pyplot = __import__("sys").modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2.2 defines it."""

    def light(color: str) -> float:
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one) + 0.05, light(other) + 0.05), reverse=True)
    return brighter / darker


def test_words_of_figures_have_contrast_in_light_and_dark() -> None:
    """JupyterLab's grounds; on the dark ones the figure is lighter, by the number that the theme gives."""
    found = re.search(r"brightness\(calc\(1 \+ var\(--jp-shadow-base-lightness, 0\) \* ([0-9.]+)\)\)", LIGHTER)
    assert found and len(set(INK[1:])) <= 2, "a grey"
    lighter = round(int(INK[1:3], 16) * (1 + 32 * float(found[1])))
    dark_ink = f"#{lighter:02x}{lighter:02x}{lighter:02x}"
    assert contrast(INK, "#ffffff") >= 4.5
    assert contrast(dark_ink, "#111111") >= 4.5 and contrast(dark_ink, "#212121") >= 4.5
    assert contrast(ON_PAPER, PAPER) >= 7


def test_no_word_of_a_figure_is_smaller_than_twelve_pixels() -> None:
    """At the smallest width before it scrolls; a point of matplotlib is 110/72 of a pixel there (`Picture`)."""
    sizes = {
        float(size)
        for path in Path(k8sexpose.plots.__file__).parent.glob("*.py")
        for size in re.findall(r"fontsize=([0-9.]+)", path.read_text(encoding="utf-8"))
    }
    assert sizes and min(sizes) * 110 / 72 * SMALLEST >= 12
