// A slider with a name for screen readers, which obeys the arrow keys in JupyterLab and in Notebook alike.
let made = 0;

function render({ model, el }) {
  const id = `kx-slider-${++made}-${Math.random().toString(36).slice(2)}`;
  const label = document.createElement("label");
  const input = document.createElement("input");
  const said = document.createElement("output");
  label.htmlFor = input.id = id;
  said.htmlFor = id;
  input.type = "range";
  // Notebook 7 takes keys away from what has the focus, unless it says this itself.
  input.setAttribute("data-lm-suppress-shortcuts", "true");
  const show = () => {
    label.textContent = model.get("label");
    for (const name of ["min", "max", "step"]) input[name] = model.get(name);
    input.value = model.get("value");
    said.textContent = model.get("value");
  };
  const tell = () => {
    said.textContent = input.value;
    model.set("value", Number(input.value));
    model.save_changes();
  };
  input.addEventListener("input", tell);
  for (const name of ["value", "label", "min", "max", "step"]) model.on(`change:${name}`, show);
  el.classList.add("kx-slider");
  el.append(label, input, said);
  show();
  return () => { for (const name of ["value", "label", "min", "max", "step"]) model.off(`change:${name}`, show); };
}

export default { render };
