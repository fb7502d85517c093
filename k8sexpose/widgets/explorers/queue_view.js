// Queues of Pods, played slowly: a request is a dot that arrives, waits, is served, and leaves. When each does so is
// computed in Python; this file only says where a dot is at a moment. It stands still where the reader wants no motion.
const ROW = 26, TOP = 6, NAME = 210, LINE = 18, NARROW = 480, POD = 74, DOT = 4.5, SLOWER = 24, FLIGHT = 0.012, STEP = 0.01;

export function positions(requests, time, flight) {
  const found = { flying: [], waiting: [], serving: [], leaving: [] };
  for (const [arrives, begins, ends] of requests) {
    if (time < arrives - flight || time > ends + flight) continue;
    if (time < arrives) found.flying.push((time - arrives + flight) / flight);
    else if (time < begins) found.waiting.push(arrives);
    else if (time < ends) found.serving.push((time - begins) / (ends - begins));
    else found.leaving.push((time - ends) / flight);
  }
  return found;
}

function render({ model, el }) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const make = (tag, props, ...inner) => {
    const node = document.createElement(tag);
    Object.entries(props).forEach(([name, value]) => node.setAttribute(name, value));
    node.append(...inner);
    return node;
  };
  let playing = !still.matches, part = 0.35, last = 0, frame = 0, seen = false;
  const canvas = make("canvas", { role: "img" });
  const pause = make("button", { type: "button", "data-lm-suppress-shortcuts": "true" });
  const step = make("button", { type: "button", "data-lm-suppress-shortcuts": "true" }, "Step");
  const told = make("p", {});
  el.classList.add("kx-queue");
  el.append(make("div", { class: "kx-queue-bar" }, make("strong", {}, "The queues, slowed down"), pause, step), canvas, told);

  function draw() {
    const rows = model.get("rows"), workers = model.get("workers"), wide = el.clientWidth;
    if (!wide || !rows.length) return;
    const sides = [...new Set(rows.map((row) => row.policy))];
    // On a narrow page a Pod's name stands above its queue.
    const above = wide < NARROW ? LINE : 0;
    const tall = TOP + ROW * sides.length + (ROW + above) * rows.length, ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(tall * ratio)) {
      [canvas.width, canvas.height] = [Math.round(wide * ratio), Math.round(tall * ratio)];
      canvas.style.height = `${tall}px`;
    }
    const style = getComputedStyle(el), ink = style.color, pen = canvas.getContext("2d");
    const name = above ? 0 : NAME, pod = wide - POD - 40;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, tall);
    let y = TOP, before = "";
    const waits = {};
    for (const row of rows) {
      if (row.policy !== before) {
        pen.fillStyle = ink;
        pen.font = `bold 13px ${style.fontFamily}`;
        pen.fillText(row.policy, 0, y + 17);
        before = row.policy;
        y += ROW;
      }
      const middle = y + above + ROW / 2, at = positions(row.requests, part * row.window, FLIGHT * row.window);
      pen.font = `12px ${style.fontFamily}`;
      pen.fillStyle = ink;
      pen.fillText(`${row.pod}: ${row.busy} % busy`, 0, above ? y + 15 : middle + 4, (name || wide) - 8);
      pen.strokeStyle = ink;
      pen.strokeRect(pod, middle + 3 - ROW / 2, POD, ROW - 6);
      const dot = (x, alpha = 1, r = DOT) => {
        pen.globalAlpha = alpha;
        pen.fillStyle = row.color;
        pen.beginPath();
        pen.arc(x, middle, r, 0, 2 * Math.PI);
        pen.fill();
        pen.stroke();
        pen.globalAlpha = 1;
      };
      const room = Math.floor((pod - name - 50) / (2 * DOT + 3)), queue = at.waiting.length;
      const begin = name + (queue > room ? 34 : 0); // right of how many more wait
      for (let k = 0; k < Math.min(queue, room); k++) dot(pod - 10 - k * (2 * DOT + 3));
      if (queue > room) {
        pen.fillStyle = ink;
        pen.fillText(`+ ${queue - room}`, name, middle + 4);
      }
      at.serving.slice(0, 16).forEach((_, k) => dot(pod + 9 + (POD - 18) * (workers > 1 ? (k + 0.5) / Math.min(workers, 16) : 0.5), 1, workers > 4 ? 2.2 : DOT));
      for (const k of at.flying) dot(begin + (pod - 10 - Math.min(queue, room) * (2 * DOT + 3) - begin) * k, 0.7);
      for (const k of at.leaving) dot(pod + POD + 30 * k, 1 - k);
      waits[row.policy] = (waits[row.policy] || 0) + queue;
      y += ROW + above;
    }
    point(rows[0].cursor);
    const said = sides.map((side) => `${side}: ${waits[side]}`).join(", ");
    canvas.setAttribute("aria-label", `Queues before the Pods at one moment; requests that wait: ${said}.`);
  }

  // A line over the picture below shows which moment the dots are at.
  let cursor = null;
  function point(ends) {
    if (!ends) return;
    const around = el.closest(".kx-is-queues, .k8sexpose-queues");
    const picture = around?.querySelector("svg[role=img], img");
    if (!picture) return;
    if (!cursor?.isConnected) {
      cursor = make("div", { class: "kx-queue-cursor" });
      picture.parentElement.style.position = "relative";
      picture.after(cursor);
    }
    const box = picture.getBoundingClientRect(), from = picture.parentElement.getBoundingClientRect();
    const at = box.left - from.left + box.width * (ends[0] + part * (ends[1] - ends[0]));
    Object.assign(cursor.style, { left: `${at}px`, top: `${box.top - from.top}px`, height: `${box.height}px` });
  }

  function tick(now) {
    if (!el.isConnected && seen) return;
    seen ||= el.isConnected;
    if (playing && last && model.get("rows").length) part = (part + (now - last) / SLOWER / model.get("rows")[0].window) % 1;
    last = now;
    draw();
    frame = playing ? requestAnimationFrame(tick) : 0;
  }
  function say() {
    pause.textContent = playing ? "❚❚ Pause queues" : "▶ Play queues";
    step.disabled = playing;
    told.textContent = "A dot is a request. It arrives from the left, waits in its Pod's queue, and is served in the box. " +
      `Arrivals and work have their true ratios, ${SLOWER} times slower.`;
  }
  function go(on) {
    playing = on;
    last = 0;
    say();
    if (playing && !frame) frame = requestAnimationFrame(tick);
    if (!playing) draw();
  }
  pause.addEventListener("click", () => go(!playing));
  step.addEventListener("click", () => { part = (part + STEP) % 1; draw(); });
  const changed = () => { say(); if (!playing) draw(); };
  model.on("change:rows", changed);
  const quiet = () => still.matches && go(false);
  still.addEventListener("change", quiet);
  const watcher = new ResizeObserver(() => { if (!playing) draw(); });
  watcher.observe(el);
  say();
  if (playing) frame = requestAnimationFrame(tick);
  return () => {
    cancelAnimationFrame(frame);
    cursor?.remove();
    watcher.disconnect();
    model.off("change:rows", changed);
    still.removeEventListener("change", quiet);
  };
}

export default { render };
