// The sign that is shown while JupyterLab loads and while Python starts. It goes away on its own.
(() => {
  const LATE_MS = 60_000;
  const READY = ["idle", "busy"];
  const STOPPED = ["dead", "disconnected", "terminating"];
  const sign = document.getElementById("kx-wait");
  const now = document.getElementById("kx-wait-now");
  const hidden = new WeakSet(); // what the reader does not want to be told of
  let waiting = null; // what is waited for: the page, then a notebook
  let since = Date.now();

  const base = new URL("../", location.href).pathname;
  // Whoever asks for a fresh copy of a lesson must know that one is open here (store.js). A page that is left gives it back.
  navigator.locks?.request(`k8sexpose in JupyterLite ${base}`, { mode: "shared" }, () => new Promise(() => {}));

  function say(words, place) {
    if (now.textContent !== words) now.textContent = words;
    sign.className = place;
  }

  function look() {
    const shell = window.jupyterapp?.shell;
    const up = Boolean(shell?.isAttached && document.querySelector("#main, #main-panel"));
    const panel = shell?.currentWidget;
    const notebook = panel?.node.classList.contains("jp-NotebookPanel") ? panel : null;
    const state = notebook?.sessionContext.kernelDisplayStatus;
    const wanted = up ? (notebook ?? shell) : document;
    if (wanted !== waiting) [waiting, since] = [wanted, Date.now()];
    const late = Date.now() - since > LATE_MS;
    sign.hidden = hidden.has(wanted) || (up && (!notebook || READY.includes(state)));
    if (sign.hidden) return;
    if (!up) say(late ? "JupyterLab still loads. This is longer than usual." : "JupyterLab is loading …", "cover");
    else if (STOPPED.includes(state)) say("Python has stopped. Reload the page to start it again.", "corner");
    else if (late) say("Python still starts. This is longer than usual.", "corner");
    else say("Python is starting. You can read the lesson meanwhile; cells that you run wait for it.", "corner");
  }

  document.getElementById("kx-wait-hide").onclick = () => {
    hidden.add(waiting);
    look();
  };
  look();
  setInterval(look, 300);
})();
