// The list of lessons: says which ones the reader has changed, and opens a fresh copy of one.
import { copies, inUse, setAside } from "./store.js";

const status = document.getElementById("kx-status");
const app = matchMedia("(max-width: 700px)").matches ? "notebooks" : "lab"; // JupyterLab needs a wide window
const address = (path) => `${app}/index.html?path=${encodeURIComponent(path)}`;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function fresh(path, title) {
  try {
    if (await inUse()) {
      status.textContent =
        "JupyterLite is open in another tab of this browser. Close that tab first, and then ask again: " +
        "it would save its copy over the fresh one.";
      return;
    }
    await setAside(path);
    location.href = address(path);
  } catch (error) {
    status.textContent = `No fresh copy of “${title}” could be made: the browser refused to change its storage (${error.message}).`;
  }
}

function describe(item, saved) {
  const { path, version } = item.dataset;
  const title = item.querySelector("a").textContent;
  const mine = saved.get(path);
  const start = path.replace(/\.ipynb$/, " (kept ");
  const kept = [...saved.keys()].filter((name) => name.startsWith(start)).sort();
  const parts = [];
  if (mine) {
    const old = mine.content?.metadata?.k8sexpose?.version !== version;
    const since = old ? " The lesson has been published anew since then." : "";
    const when = new Date(mine.last_modified).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    const button = make("button", { type: "button", onclick: () => fresh(path, title) }, "Open a fresh copy");
    button.setAttribute("aria-label", `Open a fresh copy of “${title}”`);
    parts.push(make("span", {}, `You have a copy of your own, saved on ${when}.${since} `), button);
  }
  for (const name of kept) {
    const when = name.slice(start.length).replace(/\)(?: \d+)?\.ipynb$/, "");
    parts.push(make("a", { href: address(name), className: "kept" }, `Your earlier copy, kept ${when}`));
  }
  const box = item.querySelector(".mine");
  const shown = parts.map((part) => part.outerHTML ?? part).join("");
  if (shown === box.dataset.shown) return; // a button that is replaced while it is pressed loses the press
  box.dataset.shown = shown;
  const focused = box.contains(document.activeElement);
  box.replaceChildren(...parts);
  if (focused) box.querySelector("button, a")?.focus();
}

async function show() {
  let saved = new Map();
  try {
    saved = await copies();
  } catch (error) {
    status.textContent = `The browser does not let this page see your copies of lessons (${error.message}).`;
  }
  for (const item of document.querySelectorAll("li[data-path]")) {
    item.querySelector("a").href = address(item.dataset.path);
    describe(item, saved);
  }
  document.documentElement.dataset.kxState = "ready";
}

addEventListener("pageshow", show); // also when the reader comes back
document.addEventListener("visibilitychange", () => document.hidden || show());
