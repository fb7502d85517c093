"""Outputs under the rules of VS Code's notebooks, in a page that imitates them: VS Code itself cannot be had here.

All outputs of a notebook share one page there. The style sheet of ipywidgets gives the whole page light values of
JupyterLab's variables, whatever the theme is; widgets stand on white, and all other outputs on the theme's ground
(microsoft/vscode-jupyter: `webview-side/ipywidgets/renderer/styles.css`, issue 7161). A newer extension gives widgets
the theme's values of the same variables (`jupyterlabThemeBridge.css` beside it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import k8sexpose as kx
from k8sexpose.api.errors import ApiError
from k8sexpose.lessons.ask import Ask, html_page
from k8sexpose.lessons.cost_warning.shared_entry import shared_entry
from k8sexpose.lessons.own_numbers import exercise
from k8sexpose.lessons.sheet import QUESTIONS, Sheet
from k8sexpose.widgets.explorers.queue_view import QueueView
from k8sexpose.widgets.explorers.slider import Slider
from tests.browser import run_lessons
from tests.widgets.flow.helpers import flow_cluster

if TYPE_CHECKING:
    from playwright.sync_api import Page

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]

STYLE = """
body { margin: 8px; background: #1f1f1f; color: #cccccc; }
a { color: #4daafc; }
:root { --jp-ui-font-color1: rgba(0,0,0,.8); --jp-ui-font-color2: rgba(0,0,0,.5); --jp-content-font-color1: black;
  --jp-content-font-color2: #616161; --jp-layout-color1: white; --jp-layout-color2: #eeeeee; --jp-layout-color3: #bdbdbd;
  --jp-border-color0: #616161; --jp-border-color1: #9e9e9e; --jp-border-color2: #e0e0e0; }
.jupyter-widgets { color: var(--jp-content-font-color1); }
.released { background: white; }
.bridged { color: #cccccc; --jp-ui-font-color1: #cccccc; --jp-ui-font-color2: #cccccc; --jp-content-font-color1: #cccccc;
  --jp-content-font-color2: #cccccc; --jp-layout-color1: #313131; --jp-layout-color2: #313131;
  --jp-layout-color3: #313131; --jp-border-color1: #2b2b2b; --jp-border-color2: #2b2b2b; }
"""
# Each widget in a shadow root, as some front ends have it.
PAGE = """async widgets => {
  for (const [place, code, css, state] of widgets) {
    const listeners = new Map(), box = document.createElement("div"), el = document.createElement("div");
    const model = {
      get: name => state[name],
      set: (name, value) => { state[name] = value; (listeners.get("change:" + name) || []).forEach(f => f()); },
      on: (name, f) => listeners.set(name, [...(listeners.get(name) || []), f]),
      off: () => {}, save_changes: () => {}, send: () => {},
    };
    const shadow = document.querySelector(place).appendChild(box).attachShadow({ mode: "open" });
    shadow.innerHTML = `<style>${css}</style>`;
    shadow.append(el);
    const module = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    module.default.render({ model, el });
    (window.models ??= []).push(model);
  }
}"""
# The texts whose contrast with what they stand on is below 4.5; text that is drawn is taken as standing on its drawing.
TOO_FAINT = """() => {
  const numbers = color => (color.match(/[0-9.]+/g) || [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((part, k) => part * a + below[k] * (1 - a));
  // A caption stands above the ground of its table.
  const parent = node => (node.matches("caption") ? node.parentElement : node).parentElement ?? node.getRootNode().host;
  const ground = node => {
    if (!node) return [255, 255, 255];
    const own = numbers(getComputedStyle(node).backgroundColor);
    return own[3] === undefined ? own : over(own, own[3] === 0 && !parent(node) ? [255, 255, 255] : ground(parent(node)));
  };
  const light = color => color.map(part => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, k) => sum + part * [0.2126, 0.7152, 0.0722][k], 0);
  const found = [];
  const walk = root => root.querySelectorAll("*").forEach(node => {
    if (node.shadowRoot) walk(node.shadowRoot);
    const text = [...node.childNodes].filter(one => one.nodeType === 3).map(one => one.data.trim()).join("");
    if (!text || node.matches("style, :disabled, title, [aria-disabled=true], .kx-drawing text, figure.kx-still text")) return;
    const under = ground(node), style = getComputedStyle(node);
    const ink = over(numbers(node.ownerSVGElement ? style.fill : style.color), under);
    const [low, high] = [light(ink), light(under)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) found.push([text.slice(0, 40), style.color, under.map(Math.round).join()]);
  });
  walk(document.body);
  return found;
}"""


def state(widget: Any) -> dict[str, Any]:
    """Return what the kernel has sent of a widget."""
    of_all = {"layout", "tabbable", "tooltip"}
    names = [name for name in widget.keys if not name.startswith("_") and name not in of_all]
    return {name: json.loads(json.dumps(getattr(widget, name))) for name in names}


def outputs() -> Iterator[str]:
    """Every kind of HTML that a cell shows without a widget."""
    cluster = flow_cluster([2, 1, 0])
    question, sheet = QUESTIONS["np-which-nodes"], Sheet()
    yield html_page(question, None)
    sheet.predict("np-which-nodes", {"10.0.0.1"})
    yield sheet.check("np-which-nodes")._repr_html_()
    yield sheet.progress()._repr_html_()
    yield exercise("crash", "ada")._repr_html_()
    yield kx.send(cluster, "flow-32000")._repr_html_()
    yield kx.show(kx.plot_cluster(cluster))._repr_html_()
    yield cluster.apply(kx.example("public-api-lb"))._repr_html_()
    yield shared_entry()._repr_html_()
    yield kx.policy_explorer()._repr_mimebundle_()["text/html"]
    with pytest.raises(ApiError) as refused:
        cluster.apply("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: []}")
    yield refused.value._repr_html_()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    queue = QueueView()
    widgets = [
        Ask(QUESTIONS["start-pod-port"], Sheet()),
        Slider(),
        queue,
        kx.flow(flow_cluster([2, 1, 0]), "flow-32000"),
    ]
    page_html = kx.policy_explorer().page()
    with run_lessons.browser() as context:
        page = context.new_page()
        panels = "".join(
            f'<div class="cell-output-ipywidget-background {kind}"><div class="jupyter-widgets">{page_html}</div></div>'
            for kind in ("released", "bridged")
        )
        page.set_content(
            f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body class=vscode-dark>{''.join(outputs())}{panels}"
        )
        page.evaluate(
            PAGE, [[f".{kind}", one._esm, one._css, state(one)] for kind in ("released", "bridged") for one in widgets]
        )
        yield page


def test_every_text_can_be_read_on_its_ground(page: Page) -> None:
    page.screenshot(path=run_lessons.default_shots() / "vscode-dark.png", full_page=True)
    assert page.evaluate(TOO_FAINT) == []


def test_the_focus_stays_at_a_kept_question(page: Page) -> None:
    """The shadow root knows what has the focus; the document knows its host only."""
    box = page.get_by_role("group", name=QUESTIONS["start-pod-port"].text).first
    box.get_by_role("radio").first.check()
    box.get_by_role("button", name="Keep my answer").press("Enter")
    page.evaluate("() => { models[0].set('kept', 'delivered'); models[0].set('done', 1); }")
    assert box.get_by_role("button", name="Change").evaluate("node => node.getRootNode().activeElement === node")
