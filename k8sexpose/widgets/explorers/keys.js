// The notebook takes arrow keys for itself, unless the focused element says that it needs them. And a kernel that was
// restarted does not know the controls any more: they say so, and what they drew stays.
const ATTRIBUTE = "data-lm-suppress-shortcuts";
const CONTROLS = "select, input, [role=slider]";

function render({ model, el }) {
  el.style.display = "none";
  const all = (what) => el.closest(".k8sexpose-keys")?.querySelectorAll(what) ?? [];
  let tries = 0;
  const mark = () => {
    all(CONTROLS).forEach((control) => control.setAttribute(ATTRIBUTE, "true"));
    // The controls are drawn in no certain order; look again for two seconds.
    if (++tries < 20) timer = setTimeout(mark, 100);
  };
  let timer = setTimeout(mark, 0);
  // A page that was taller a moment ago keeps its height, so that the cells below do not jump while a slider moves.
  let width = 0, tallest = 0;
  const grown = new ResizeObserver(([{ target }]) => {
    if (target.offsetWidth !== width) {
      [width, tallest] = [target.offsetWidth, 0];
      target.style.minHeight = "";
    }
    if (target.offsetHeight > tallest) target.style.minHeight = `${tallest = target.offsetHeight}px`;
  });
  let watching = 0;
  const watch = () => {
    const page = el.closest(".k8sexpose-keys")?.querySelector(".k8sexpose-page");
    if (page) grown.observe(page);
    else if (++watching < 20) setTimeout(watch, 100);
  };
  setTimeout(watch, 0);
  const lost = () => {
    all("select, input, textarea, button").forEach((control) => { control.disabled = true; });
    const note = document.createElement("p");
    note.setAttribute("role", "alert");
    note.style.color = "var(--jp-ui-font-color1, inherit)";
    note.textContent = "The kernel has stopped or restarted: the controls are off, the picture stays as it was. " +
      "Run this cell again, and those before it.";
    el.replaceChildren(note);
    el.style.order = -1; // above the controls
    el.style.display = "";
  };
  model.on("comm_live_update", lost);
  return () => { clearTimeout(timer); grown.disconnect(); model.off("comm_live_update", lost); };
}

export default { render };
