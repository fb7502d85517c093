// A question: fieldset, legend, native controls, a button, a live region. The kernel reads the answer; this only draws.
const SILENT_MS = 4000;
const AGAIN = "run the cells above and then this one (in JupyterLab: Run → Run All Above Selected Cell, then Shift+Enter)";

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  // Each question loads this module anew, so that a counter would give all of them one name, and one group of radio buttons.
  const id = `kx-ask-${Math.random().toString(36).slice(2)}`;
  const controls = model.get("controls");
  let draft = structuredClone(model.get("draft"));
  let editing = !model.get("kept");
  let timer = 0;

  const put = (index, value) => {
    draft[index] = value;
    model.set("draft", structuredClone(draft));
    model.save_changes();
  };
  // The notebook takes arrow keys and letters for itself, unless the focused element says that it needs them.
  const input = (properties, described) => {
    const made = element("input", properties);
    made.setAttribute("data-lm-suppress-shortcuts", "true");
    if (described) made.setAttribute("aria-describedby", described);
    made.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !editing) return;
      // Shift+Enter runs the cell and goes on, with what is chosen; with nothing chosen it is no answer.
      const runs = event.shiftKey || event.ctrlKey || event.altKey;
      if (!runs) event.preventDefault();
      if (!runs || draft.some((one) => one.length)) keep();
    });
    return made;
  };

  const setters = [];
  function choices(control, index) {
    const many = control.kind === "several";
    const all = [...control.options, ...(many ? [[control.none, control.none]] : [])];
    const inputs = all.map(([value]) => input({ type: many ? "checkbox" : "radio", name: `${id}-${index}`, value }));
    inputs.forEach((one) => one.addEventListener("change", () => {
      if (many && one.checked) {
        inputs.forEach((other) => {
          if ((other.value === control.none) !== (one.value === control.none)) other.checked = false;
        });
      }
      const chosen = inputs.filter((other) => other.checked).map((other) => other.value);
      put(index, many ? chosen : chosen[0] ?? "");
    }));
    setters.push((value) => inputs.forEach((one) => {
      one.checked = many ? value.includes(one.value) : one.value === value;
    }));
    return all.map(([, label], k) => element("label", {}, [inputs[k], element("span", { textContent: label })]));
  }
  function typed(control, index) {
    const hint = `${id}-hint-${index}`;
    const box = input({ type: "text", autocomplete: "off", spellcheck: false, maxLength: 2000 }, hint);
    if (control.kind === "number") box.inputMode = "decimal";
    // The name is the visible label of the blank, or the question.
    box.setAttribute("aria-label", [control.label || model.get("text"), control.unit].filter(Boolean).join(", in "));
    box.addEventListener("input", () => put(index, box.value));
    setters.push((value) => { if (box.value !== value) box.value = value ?? ""; });
    const unit = element("span", { textContent: control.unit || "" });
    return [element("label", {}, [box, unit]), element("div", { id: hint, className: "kx-hint", textContent: control.hint })];
  }

  const body = controls.map((control, index) => {
    const parts = control.options ? choices(control, index) : typed(control, index);
    if (!control.label) return element("div", {}, parts);
    return element("fieldset", { className: "kx-blank" }, [element("legend", { textContent: control.label }), ...parts]);
  });
  const keepButton = element("button", { type: "button", className: "kx-keep", textContent: "Keep my answer" });
  const changeButton = element("button", { type: "button", className: "kx-change", textContent: "Change" });
  const said = element("p");
  said.setAttribute("role", "status");
  const verdict = element("p");
  verdict.setAttribute("role", "status");
  const box = element("fieldset", {}, [
    element("legend", { textContent: model.get("text") }), ...body,
    element("div", { className: "kx-row" }, [keepButton, changeButton, said]), verdict,
  ]);
  const root = element("div", { className: "kx-ask tex2jax_ignore mathjax_ignore" }, [box]);
  for (const button of [keepButton, changeButton]) button.setAttribute("data-lm-suppress-shortcuts", "true");

  const inputs = () => root.querySelectorAll("input");
  function keep() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      say(`Python has not answered yet. It is busy, or it was stopped: then ${AGAIN}; where you see no cells, load the page again.`, true);
    }, SILENT_MS);
    const number = (model.get("request").number ?? 0) + 1;
    model.set("request", { number, draft: structuredClone(draft) });
    model.save_changes();
  }
  function say(text, wrong) {
    said.textContent = text;
    said.className = wrong ? "kx-wrong" : "";
    inputs().forEach((one) => { if (one.type === "text") one.setAttribute("aria-invalid", String(wrong)); });
  }
  function show() {
    const kept = model.get("kept");
    const locked = Boolean(kept) && !editing;
    const focused = root.contains(root.getRootNode().activeElement);
    inputs().forEach((one) => { one.disabled = locked; });
    keepButton.hidden = locked;
    changeButton.hidden = !locked;
    if (locked && focused) changeButton.focus(); // what had the focus is hidden now, or disabled
    const more = model.get("problem") || !kept ? model.get("said") : "";
    // What could not be read says by itself what is still kept.
    const told = more.includes("Kept: ") || !locked ? "" : kept && `Kept: ${kept}`;
    say([more, told].filter(Boolean).join(" "), model.get("problem"));
    verdict.textContent = locked ? judged() : "";
  }
  function judged() {
    const word = model.get("verdict");
    return word.startsWith("✗") ? `${word} You can change your answer; the first one stays noted.` : word;
  }
  const fill = () => {
    draft = structuredClone(model.get("draft"));
    setters.forEach((set, index) => set(draft[index] ?? ""));
  };
  const answered = () => {
    clearTimeout(timer);
    if (!model.get("refused")) editing = false;
    show();
  };
  keepButton.addEventListener("click", keep);
  changeButton.addEventListener("click", () => {
    editing = true;
    show();
    (root.querySelector("input:checked") ?? root.querySelector("input"))?.focus();
  });
  const changed = () => { editing = !model.get("kept"); show(); };
  const lost = () => {
    const answer = model.get("kept") && !editing ? "Your answer is kept; to change it," : "To answer,";
    say(`Python has stopped or was started again. ${answer} ${AGAIN}.`, true);
    keepButton.disabled = true;
    changeButton.disabled = true;
  };
  const events = { "change:done": answered, "change:kept": changed, "change:said": show, "change:verdict": show, "change:draft": fill };
  Object.entries(events).forEach(([name, act]) => model.on(name, act));
  model.on("comm_live_update", lost);
  fill();
  show();
  el.replaceChildren(root);
  return () => {
    clearTimeout(timer);
    Object.entries(events).forEach(([name, act]) => model.off(name, act));
    model.off("comm_live_update", lost);
  };
}

export default { render };
