"""From a key on the slider to the new picture of the latency explorer, in Chromium: ``python benchmarks/widgets.py``.

Four widgets stand in one notebook and take turns, so that everything printed is a ratio within this one run: the
explorer, which samples 100,000 requests for each change; the same redraw with one fixed sample; the same slider whose
page says its value and no more, which is an empty round trip; and ipywidgets' `interactive`, which samples as many and
shows a new inline figure. Aims stand beside.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import nbformat
import numpy as np

from tests.browser import run_lessons

CHANGES, WARM = 40, 4
SETUP = """
import ipywidgets
import matplotlib.pyplot as plt
import k8sexpose as kx
from dataclasses import replace
from k8sexpose.widgets.explorers.base import Explorer
from k8sexpose.widgets.explorers.latency import latency_parts
from k8sexpose.widgets.explorers.latency_sides import LatencySetting, sample
fixed = sample(LatencySetting())
def nothing(setting):
    return ""
def empty(setting):
    return f'<svg role="img" aria-label="{setting.utilisation}"></svg>'
no_page = replace(latency_parts(), draw=empty, verdict=nothing, reading=nothing, table=nothing)
def inline(utilisation=30):
    both = sample(LatencySetting(utilisation=utilisation))
    figure, axes = plt.subplots(2, 2, figsize=(8, 5))
    for one, seen in zip(axes.T, both.traffic.values()):
        one[0].bar(range(len(seen.by_pod)), seen.by_pod.utilisation)
        one[1].hist(seen.latency_ms, bins=80)
    plt.show()
"""
# From 30 on, so that no slider comes to its end: then nothing would change any more.
CELLS = {
    "explorer, 100,000 requests": ("kx.latency_explorer(utilisation=30)", "input[type=range]"),
    "same redraw, fixed sample": (
        "kx.latency_explorer(compare=lambda setting: fixed, utilisation=30)",
        "input[type=range]",
    ),
    "empty round trip": ("Explorer(no_page, LatencySetting(utilisation=30))", "input[type=range]"),
    "interactive, new inline figure": ("ipywidgets.interactive(inline, utilisation=(1, 95))", ".noUi-handle"),
}
WATCH = """k => {
  const cell = document.querySelectorAll('.jp-CodeCell')[k];
  const picture = () => cell.querySelector('.widget-html svg[role=img]')?.outerHTML ?? cell.querySelector('img')?.src;
  const before = picture();
  window.changed = new Promise(done => {
    let began;
    addEventListener('keydown', () => { began = performance.now(); }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
      const now = picture();
      if (now && now !== before) {
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now() - began));
      }
    });
    observer.observe(cell, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}"""


def measure() -> dict[str, list[float]]:
    """Return, for each widget, milliseconds from the key to the picture."""
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in (SETUP, *(code for code, _ in CELLS.values()))],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    times: dict[str, list[float]] = {name: [] for name in CELLS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "widgets.ipynb"
        nbformat.write(nb, path)
        with run_lessons.server([path]) as at, run_lessons.browser() as context:
            page = run_lessons.open_notebook(context, at, path.name)
            run_lessons.run_all(page)
            page.wait_for_timeout(1500)
            for change in range(WARM + CHANGES):
                order = list(enumerate(CELLS.items(), 1))
                turn = change % len(order)  # each comes first, second and last
                for number, (name, (_, handle)) in order[turn:] + order[:turn]:
                    slider = page.locator(".jp-CodeCell").nth(number).locator(handle).first
                    slider.focus()
                    page.evaluate(WATCH, number)
                    page.keyboard.press("ArrowRight")
                    took_ms = float(page.evaluate("() => window.changed"))
                    if change >= WARM:
                        times[name].append(took_ms)
                    page.wait_for_timeout(80)
    return times


def main() -> int:
    """Measure and print; 1 where an aim is missed."""
    if reason := run_lessons.why_not():
        print(f"skipped: {reason}")
        return 0
    p95 = {}
    for name, taken in measure().items():
        p50, p95[name] = np.quantile(taken, [0.5, 0.95])
        print(f"{name:34} p50 {p50:6.0f} ms   p95 {p95[name]:6.0f} ms", flush=True)
    ours, fixed, empty, inline = p95.values()
    print(f"explorer over empty round trip, p95 {ours / empty:5.2f} x")
    print(f"explorer over fixed sample, p95    {ours / fixed:6.2f} x    aim <= 1.6")
    print(f"explorer over interactive, p95     {ours / inline:6.2f} x    aim < 1")
    return 0 if ours <= 1.6 * fixed and ours < inline else 1


if __name__ == "__main__":
    sys.exit(main())
