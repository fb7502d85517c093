
// Controls that keep the keys from the notebook give back those that run a cell, and Escape leaves them for the cell:
// who has just pressed a button goes on with Shift+Enter. One listener serves all widgets of a page.
if (!document.kxNotebookKeys) {
  document.kxNotebookKeys = true;
  const OURS = ".kx-ask, .kx-flow, .kx-queue, .k8sexpose-keys, [role=region]";
  document.addEventListener("keydown", (event) => {
    const runs = event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.altKey);
    const control = event.target.closest?.("[data-lm-suppress-shortcuts]");
    const cell = control?.closest(OURS)?.closest(".jp-Cell");
    if (!cell || event.defaultPrevented || (!runs && event.key !== "Escape")) return;
    event.preventDefault();
    cell.focus();
    const { key, code, keyCode, shiftKey, ctrlKey, altKey } = event;
    if (runs) cell.dispatchEvent(new KeyboardEvent("keydown", { key, code, keyCode, shiftKey, ctrlKey, altKey, bubbles: true, cancelable: true }));
  });
}
