"""Frames a second of the visualizer in Chromium: 60 nodes and 600 Pods, a packet on its way and a hundred in flight.

python benchmarks/flow_frames.py [NODES PODS_PER_NODE]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

import k8sexpose as kx
from k8sexpose.widgets.flow.widget import Flow
from tests.browser.flow_page import page_with, served
from tests.browser.run_lessons import FLAGS, chromium, why_not

COUNT = """ms => new Promise(done => {
  const began = performance.now(); let frames = 0, last = began, worst = 0;
  const tick = now => {
    frames++; worst = Math.max(worst, now - last); last = now;
    now - began < ms ? requestAnimationFrame(tick) : done([1000 * frames / (now - began), worst]);
  };
  requestAnimationFrame(tick);
})"""


def main() -> int:
    """Measure and print; 1 where a rate is under 50."""
    if reason := why_not():
        print(f"skipped: {reason}")
        return 0
    nodes, each = map(int, sys.argv[1:3] or (60, 10))
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("api-backend", per_node=[each] * nodes)
    cluster.apply(kx.example("flow-32000"))
    began = time.perf_counter()
    flow = kx.flow(cluster, "flow-32000")
    print(f"{nodes} nodes, {nodes * each} Pods: made in {1000 * (time.perf_counter() - began):.0f} ms, ", end="")
    print(f"state {len(json.dumps(flow.scene)) / 1000:.0f} kB")
    assert isinstance(flow, Flow)
    slowest = 1000.0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = page_with(browser, flow, width=1000)
        for what, press, ms in (("one packet on its way", "▶ Play", 4000), ("a hundred in flight", "Send 100", 3500)):
            page.get_by_role("button", name=press, exact=True).click()
            served(page, flow)
            page.wait_for_timeout(300)
            rate, worst = page.evaluate(COUNT, ms)
            slowest = min(slowest, rate)
            print(f"{what}: {rate:.1f} frames a second, longest frame {worst:.0f} ms")
        browser.close()
    return 0 if slowest >= 50 else 1


if __name__ == "__main__":
    sys.exit(main())
