"""The visualizer in a page without Jupyter: a model of our own between flow.js and the real widget."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from k8sexpose.widgets.flow.widget import Flow
from tests.browser.run_lessons import PATIENCE_S, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SYNCED = ("scene", "batch", "message", "answered", "width", "step")
# A module needs an address: a Blob has one.
PAGE = """async ([code, state]) => {
  const { default: widget, build } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const listeners = new Map();
  const emit = name => (listeners.get(name) || []).slice().forEach(f => f());
  window.sent = []; window.saved = []; window.build = build; window.raised = [];
  addEventListener("error", e => raised.push(String(e.message)));
  addEventListener("unhandledrejection", e => raised.push(String(e.reason)));
  window.model = {
    get: name => state[name],
    set: (name, value) => { if (state[name] !== value) { state[name] = value; emit("change:" + name); } },
    on: (name, f) => listeners.set(name, [...(listeners.get(name) || []), f]),
    off: (name, f) => listeners.set(name, (listeners.get(name) || []).filter(g => g !== f)),
    save_changes: () => saved.push({ step: state.step, width: state.width }),
    send: content => sent.push(content),
  };
  window.listening = () => [...listeners.values()].flat().length;
  window.cleanup = widget.render({ model, el: document.querySelector("#here") });
}"""


def page_with(browser: Browser, flow: Flow, width: int = 900, stopped: bool = False, **options: Any) -> Page:
    """Open a page that shows the widget; where its clock is stopped, timers wait for `goes_on`."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    page.set_default_timeout(1000 * PATIENCE_S)
    if stopped:
        page.clock.install(time=0)
        page.clock.pause_at(1)
    page.set_content(f"<!doctype html><meta charset=utf-8><style>{flow._css}</style><div id=here></div>")
    page.evaluate(PAGE, [str(flow._esm), state(flow)])
    page.wait_for_selector(".kx-flow svg")
    return page


def goes_on(page: Page, condition: str) -> None:
    """Let a page's stopped clock go on until a condition holds: no test waits for it, and none can come too late."""

    def holds() -> bool:
        page.clock.run_for(100)
        return bool(page.evaluate(condition))

    wait_for(condition, holds)


def at_step(number: int) -> str:
    """The condition that this step is told."""
    return f"document.querySelector('.kx-live').textContent.startsWith('Step {number} ')"


def state(flow: Flow) -> dict[str, Any]:
    """The synced traits, as JSON carries them."""
    return {name: json.loads(json.dumps(getattr(flow, name))) for name in SYNCED}


def served(page: Page, flow: Flow) -> list[dict[str, Any]]:
    """Let the widget answer what the page has asked, and give the page the answer; return what was asked."""
    asked: list[dict[str, Any]] = page.evaluate("() => sent.splice(0)")
    for content in asked:
        flow._on_message(flow, content)
    if asked:
        page.evaluate(
            "state => Object.entries(state).forEach(([name, value]) => model.set(name, value))", changed(page, flow)
        )
    return asked


def changed(page: Page, flow: Flow) -> dict[str, Any]:
    """What the page does not know yet; a trait that stays the same raises no event in a real model either."""
    known = page.evaluate("names => Object.fromEntries(names.map(n => [n, model.get(n)]))", list(SYNCED))
    now = state(flow)
    # The width is the page's to say.
    return {name: now[name] for name in SYNCED if name != "width" and now[name] != known[name]}
