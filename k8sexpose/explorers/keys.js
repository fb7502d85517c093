// The notebook takes arrow keys for itself, unless the focused element says that it needs them.
const ATTRIBUTE = "data-lm-suppress-shortcuts";
const CONTROLS = "select, input, [role=slider]";

function render({ el }) {
  el.style.display = "none";
  let tries = 0;
  const mark = () => {
    const controls = el.closest(".k8sexpose-keys")?.querySelectorAll(CONTROLS) ?? [];
    controls.forEach((control) => control.setAttribute(ATTRIBUTE, "true"));
    // The controls are drawn in no certain order; look again for two seconds.
    if (++tries < 20) timer = setTimeout(mark, 100);
  };
  let timer = setTimeout(mark, 0);
  return () => clearTimeout(timer);
}

export default { render };
