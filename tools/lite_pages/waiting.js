// The sign that is shown while JupyterLab loads and while Python starts. It goes away on its own.
(() => {
  const LATE_MS = 60_000;
  const OPENING_MS = 10_000; // a notebook that the address names is on the page before that, or never
  const READY = ["idle", "busy"];
  const STOPPED = ["dead", "disconnected", "terminating"];
  const LOADING = "JupyterLab is loading …";
  const STARTING =
    "Python is starting: about half a minute the first time, one or two minutes on a slow line. " +
    "You can read the lesson meanwhile; cells that you run wait for it.";
  const sign = document.getElementById("kx-wait");
  const now = document.getElementById("kx-wait-now");
  const hidden = new WeakSet(); // what the reader does not want to be told of
  let opening = new URLSearchParams(location.search).get("path")?.endsWith(".ipynb");
  let waiting = null; // what is waited for: the page, then a notebook
  let since = Date.now();

  const base = new URL("../", location.href).pathname;
  // Whoever asks for a fresh copy of a lesson must know that JupyterLite is open (store.js). A page that is left lets go.
  navigator.locks?.request(`k8sexpose in JupyterLite ${base}`, { mode: "shared" }, () => new Promise(() => {}));

  function say(words, place) {
    if (now.textContent !== words) now.textContent = words;
    sign.className = place;
  }

  function look() {
    const shell = window.jupyterapp?.shell;
    const up = Boolean(shell?.isAttached);
    const panel = shell?.currentWidget;
    const notebook = panel?.node.classList.contains("jp-NotebookPanel") ? panel : null;
    const state = notebook?.sessionContext.kernelDisplayStatus;
    const wanted = notebook ?? (up ? shell : document);
    if (wanted !== waiting) [waiting, since] = [wanted, Date.now()];
    const waited = Date.now() - since;
    opening &&= !notebook && !(up && waited > OPENING_MS);
    const done = notebook ? READY.includes(state) : up && !opening;
    sign.hidden = hidden.has(wanted) || done;
    if (sign.hidden) return;
    const late = waited > LATE_MS;
    if (!notebook) say(late ? "JupyterLab is still loading. This is longer than usual." : LOADING, "cover");
    else if (STOPPED.includes(state)) say("Python has stopped. Reload the page to start it again.", "corner");
    else say(late ? "Python is still starting. This is longer than usual." : STARTING, "corner");
  }

  document.getElementById("kx-wait-hide").onclick = () => {
    hidden.add(waiting);
    look();
  };
  look();
  setInterval(look, 300);
})();
