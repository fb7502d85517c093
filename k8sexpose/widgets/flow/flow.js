// The way of a packet, drawn and played. Everything shown is computed in Python (scene.py, picture.py);
// this file builds the elements it is given, moves the packet, counts, and asks Python when something is clicked.
// It knows no rule of Kubernetes. Text enters the page through textContent and attributes only, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const TAGS = new Set(["svg", "g", "rect", "circle", "path", "polyline", "polygon", "text", "title"]);
// Notebook 7 takes keys away from what has the focus, unless it says this itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };
const MOVE_MS = 900, STAGGER_MS = 26, FLY_MS = 750, PATIENCE_MS = 6000, COUNT_MS = 200;
const TICK_MS = 1000, TICK_S = 2; // the running clock: two seconds of the cluster in one of ours
// How long a step is shown: as its words need, and each changed address as four of them.
const WORDS_A_MINUTE = 220, LEAST_MS = 1500, STILL_MS = 3000;
const ENDS = { timeout: "in silence", refused: "refused", reset: "reset", unresolved: "no such name" };
const SPEEDS = [["0.5", "half speed"], ["1", "normal speed"], ["2", "double speed"], ["4", "fourfold speed"]];

// One element of the drawing: [tag, look, attributes, text or children].
export function build([tag, look, attrs, inner]) {
  if (!TAGS.has(tag)) throw new Error(`a drawing holds no <${tag}>`);
  const node = document.createElementNS(SVG, tag);
  if (look) node.classList.add(`kx-${look}`);
  for (const [name, value] of Object.entries(attrs)) if (name !== "xmlns") node.setAttribute(name, value);
  if (typeof inner === "string") node.textContent = inner;
  else node.append(...inner.map(build));
  if (attrs["data-act"]) {
    for (const [name, value] of Object.entries({ role: "button", tabindex: -1, ...OWN_KEYS })) node.setAttribute(name, value);
    node.prepend(build(["title", "", {}, attrs["aria-label"]]));
  }
  return node;
}

function html(tag, props = {}, ...inner) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") for (const [event, f] of Object.entries(value)) node.addEventListener(event, f);
    else if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...inner);
  return node;
}

const control = (tag, props, ...inner) => html(tag, { ...OWN_KEYS, ...props }, ...inner);
const button = (label, click, props = {}) => control("button", { type: "button", ...props, on: { click } }, label);
const at = ([x, y], scale) => `translate(${x * scale}px, ${y * scale}px)`;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export default {
  render({ model, el }) {
    const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
    let scene = model.get("scene"), step = 1, playing = false, turn = 0, speed = 1;
    let moves = [], flying = new Set(), counts = {}, dirty = false, asked = 0, bars = [], drawnWidth = 0, ticking = 0, graves = new Map();
    let told = 0, following = false, stopped = "";
    const has = (name) => scene.controls.includes(name);

    // -- the page ----

    const play = button("", () => (playing ? pause() : start(true)), { class: "kx-main" });
    const back = button("◀ Back", () => step > 1 && go(step - 1));
    const next = button("Step ▶", () => step < scene.steps.length && go(step + 1));
    const replay = button("↺ Replay", () => { show(1); start(true); });
    const pace = control("select", { "aria-label": "Speed", on: { change: () => { speed = Number(pace.value); } } },
      ...SPEEDS.map(([value, name]) => html("option", { value, ...(value === "1" ? { selected: "" } : {}) }, name)));
    const left = html("span", { class: "kx-left", "aria-hidden": "true", title: "The next step begins when this bar is full.", hidden: "" }, html("span"));
    const one = button("Send one", () => { following = true; ask({ do: "send" }); });
    const many = button("Send 100", () => ask({ do: "many" }));
    const policies = html("span", { class: "kx-set", role: "group", "aria-label": "externalTrafficPolicy" }, "externalTrafficPolicy ",
      ...scene.policies.map((policy) => button(policy, () => { following = true; ask({ do: "policy", policy }); }, { "data-policy": policy })));
    const now = html("span", { class: "kx-now" });
    const run = button("", () => (ticking ? halt() : tick()));
    const clock = html("span", { class: "kx-set", role: "group", "aria-label": "Cluster time" }, now,
      run, ...[10, 60].map((seconds) => button(`+${seconds} s`, () => ask({ do: "advance", seconds }))));
    const ways = control("select", { on: { change: () => ask({ do: "way", index: Number(ways.value) }) } });
    const chooser = html("label", { class: "kx-ways" }, "Path ", ways);
    const alert = html("div", { class: "kx-alert", role: "alert", hidden: "" });
    const news = html("p", { class: "kx-news", role: "status", hidden: "" });
    const hint = html("p", { class: "kx-hint" });
    const rules = html("details", { class: "kx-rules" });
    const drawing = html("div", { class: "kx-drawing" });
    const dot = html("div", { class: "kx-packet", "aria-hidden": "true" }, "✉");
    const card = html("div", { class: "kx-card", "aria-hidden": "true" });
    const sky = html("div", { class: "kx-sky", "aria-hidden": "true" });
    const eye = html("span", { class: "kx-eye" });
    const stage = html("div", { class: "kx-stage" }, drawing, sky, eye, dot, card);
    const live = html("p", { class: "kx-live", role: "status", "aria-live": "polite" });
    const slip = html("table", { class: "kx-slip" });
    const trail = html("ol", { class: "kx-trail", "aria-label": "Steps so far" });
    const table = html("table", { class: "kx-shares" });
    const head = html("div", { class: "kx-top" },
      html("div", { class: "kx-bar", role: "group", "aria-label": "Playback" }, play, back, next, replay, pace, left));
    const second = html("div", { class: "kx-bar", role: "group", "aria-label": "Requests and cluster" }, one, many, policies, chooser);
    const story = html("div", { class: "kx-story" }, slip, rules, trail);
    const root = html("div", { class: "kx-flow", role: "group" }, head, second, alert, news, stage,
      html("div", { class: "kx-below" }, story,
        // Sixty lines scroll; what scrolls must be reachable with keys.
        control("div", { class: "kx-count", tabindex: "0", role: "group", "aria-label": "Shares" }, table)), hint);
    el.append(root);

    // -- asking Python ----

    function ask(content) {
      const number = ++asked;
      stopped = "";
      root.setAttribute("aria-busy", "true");
      model.send(content);
      setTimeout(() => {
        if (number === asked && root.hasAttribute("aria-busy")) {
          complain("No answer yet: the kernel is busy, or it does not run. Run the cell again if this stays.");
        }
      }, PATIENCE_MS);
    }
    function complain(text) {
      alert.textContent = text;
      alert.hidden = !text;
    }
    // The kernel has stopped or started anew: it knows this picture no more, which can still be played.
    function lost() {
      asked++;
      root.removeAttribute("aria-busy");
      halt();
      complain("The kernel has stopped or restarted: the steps still play, the cluster answers no more. " +
        "Run this cell again, and those before it.");
      for (const control of [one, many, ...policies.children, ...clock.querySelectorAll("button"), ways]) control.disabled = true;
      for (const node of acting()) node.setAttribute("aria-disabled", "true");
    }
    function answered() {
      root.removeAttribute("aria-busy");
      complain(model.get("message"));
    }

    // -- drawing ----

    const scale = () => (drawing.clientWidth ? Math.min(1, drawing.clientWidth / scene.size[0]) : 1);

    function draw() {
      const active = drawing.getRootNode().activeElement;
      const focused = drawing.contains(active) && active.dataset.key;
      const picture = build(scene.picture), layer = picture.cloneNode(false);
      for (const [name, value] of [["class", "kx-layer"], ["aria-hidden", "true"], ["role", "presentation"]]) layer.setAttribute(name, value);
      // The bars fill on a layer of their own: the picture below is not painted again.
      layer.append(...picture.querySelectorAll("[data-bar]"));
      drawing.replaceChildren(picture, layer);
      const keys = acting();
      const kept = keys.find((node) => node.dataset.key === focused);
      for (const node of keys) node.tabIndex = node === (kept || keys[0]) ? 0 : -1;
      if (kept) kept.focus();
      root.setAttribute("aria-label", `Traffic flow: ${scene.title}`);
      policies.hidden = !scene.policy || !has("policy");
      for (const [shown, ...parts] of [["play", play, back, next, replay], ["speed", pace], ["send", one, many], ["clock", clock], ["shares", table.parentElement]]) {
        for (const part of parts) part.hidden = !has(shown);
      }
      root.classList.toggle("kx-narrow", !scene.roomy);
      arrange();
      hint.replaceChildren(html("strong", {}, "How to read this. "), scene.reading, clicks());
      report();
      for (const policy of policies.children) policy.setAttribute("aria-pressed", policy.dataset.policy === scene.policy);
      now.textContent = scene.now;
      chooser.hidden = scene.ways.length < 2 || !has("path");
      ways.replaceChildren(html("option", { value: "-1", disabled: "" }, "choose"),
        ...scene.ways.map((text, k) => html("option", { value: k }, text)));
      ways.value = String(scene.way);
      table.replaceChildren(...shareRows());
      bars = [...root.querySelectorAll("[data-bar]")];
      count();
    }

    // On a narrow page what plays stays in sight while the picture scrolls below it: card, words and clock.
    function arrange() {
      if (scene.roomy === (card.parentElement === stage) && live.parentElement) return;
      if (scene.roomy) {
        stage.append(card);
        story.prepend(live);
        chooser.before(clock);
      } else head.append(card, live, clock);
    }

    // What has changed, that the clock runs, and why it has stopped.
    function report() {
      const runs = ticking ? `The clock runs: ${TICK_S} seconds pass in the cluster in each of yours.` : "";
      news.textContent = scene.news ? stopped + scene.news : stopped || runs;
      news.hidden = !news.textContent;
    }

    // What answers to a click, in a sentence.
    function clicks() {
      const does = [["nodes", "a node to crash or recover it"], ["pods", "a Pod to make it not ready or ready"]];
      const shown = does.filter(([name]) => has(name)).map(([, words]) => words);
      return shown.length ? ` Click ${shown.join(", ")}; with keys: Tab into the picture, arrow keys, Enter.` : "";
    }

    function shareRows() {
      const counted = has("send"); // where nothing can be sent, what is expected is all there is to show
      const head = ["answered by", ...(counted ? ["sent", "share"] : []), "expected"].map((name) => html("th", { scope: "col" }, name));
      const most = Math.max(...scene.shares.map((share) => share.value), 0.01);
      const width = (value) => `${(100 * Math.min(value / most / 1.5, 1)).toFixed(2)}%`;
      const rows = scene.shares.map((share) => {
        const fill = html("div", { class: `kx-meter kx-of-${share.place.split(/[ :]/)[0]}`, "data-bar": share.place, "data-row": String(1.5 * most) });
        const tick = html("div", { class: "kx-exact" });
        tick.style.left = width(share.value);
        return html("tr", {}, html("th", { scope: "row", title: share.label }, share.label),
          ...(counted ? [html("td", { class: "kx-number", "data-count": share.place }), html("td", { class: "kx-cell" }, fill, tick)] : []),
          html("td", {}, share.text));
      });
      return [html("caption"), html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows)];
    }

    // Counts change fifty times a second, and every bar with them: five pictures a second are enough.
    function count() {
      if (dirty) return;
      dirty = true;
      setTimeout(() => {
        dirty = false;
        const sent = counts.sent || 0;
        const { only } = model.get("scene");
        const counted = `${sent ? `${sent} sent` : "Nothing sent yet"}; the tick marks the expected share of all connections`;
        table.caption.textContent = `${has("send") ? counted : "Expected shares of all connections"}${only}`;
        for (const bar of bars) {
          const share = (counts[bar.dataset.bar] || 0) / (sent || 1);
          if (bar.dataset.row) bar.style.width = `${Math.min(100, (100 * share) / bar.dataset.row)}%`;
          else bar.setAttribute("width", Math.round(Math.min(share * bar.dataset.unit, bar.dataset.most)));
        }
        for (const cell of table.querySelectorAll("[data-count]")) cell.textContent = counts[cell.dataset.count] || 0;
      }, flying.size ? COUNT_MS : 0);
    }

    // -- one step ----

    // Draw the way to a step; its end, its words and its addresses are shown when the packet is there.
    function lead(number) {
      step = Math.min(Math.max(number, 1), scene.steps.length);
      for (const leg of drawing.querySelectorAll("[data-leg]")) {
        const k = Number(leg.dataset.leg);
        leg.setAttribute("class", k > step ? "kx-later" : k === step ? "kx-current" : "kx-passed");
      }
      for (const end of drawing.querySelectorAll("[data-end]")) end.setAttribute("class", "kx-later");
      buttons();
    }

    function show(number) {
      lead(number);
      const current = scene.steps[step - 1];
      for (const end of drawing.querySelectorAll("[data-end]")) if (step >= end.dataset.end) end.setAttribute("class", "kx-current");
      tell(current);
      stop();
      place(current);
      if (model.get("step") !== step) {
        model.set("step", step);
        model.save_changes();
      }
    }

    function place(current) {
      dot.style.transform = at(current.rest, scale());
      card.style.transform = at(current.card, scale());
      write(current, true);
    }

    // What a changed field is called: SNAT and DNAT where kube-proxy's rules did it.
    function nat(current, field) {
      const name = field === "source" ? "SNAT" : "DNAT";
      return current.rewriting.includes(name) ? name : current.rewriting;
    }

    // The card that travels with the packet: two addresses, and what has become of them.
    function write(current, after) {
      const line = (name, k, field) => {
        const changed = after && current.changed.includes(field);
        const value = after ? current.after[k] : current.before[k];
        return html("div", { class: changed ? "kx-changed" : "" }, html("b", {}, name), html("span", {}, value),
          ...(changed ? [html("em", {}, nat(current, field))] : []));
      };
      const said = after && current.end ? [html("div", { class: `kx-outcome kx-is-${current.end}` }, { delivered: "✓ answered", timeout: "… silence", refused: "✗ refused", reset: "✗ reset" }[current.end] || current.end)] : [];
      card.replaceChildren(line("from", 0, "source"), line("to", 1, "destination"), ...said);
      const bad = current.end && current.end !== "delivered";
      dot.className = `kx-packet${bad && after ? ` kx-lost kx-${current.end}` : ""}`;
    }

    // On a narrow page an address breaks before its port, and nowhere else unless it is a long one.
    const breakable = (address) => address.split(/(?=:\d+$)/).flatMap((part, k) => [...(k ? [html("wbr")] : []),
      html("span", part.length < 22 ? { class: "kx-whole" } : {}, part)]);

    function tell(current) {
      told = performance.now();
      const total = scene.steps.length;
      const became = current.changed.map((field) => {
        const k = field === "source" ? 0 : 1;
        return `${field} ${current.before[k]} becomes ${current.after[k]}`;
      });
      const said = became.length ? ` ${current.rewriting}: ${became.join("; ")}.` : "";
      live.replaceChildren(html("b", {}, `Step ${step} of ${total} · ${current.who} `), current.text,
        html("span", { class: "kx-hidden" }, said));
      // The first place sends the packet, the last one keeps it, and those between pass it on.
      const passes = current.changed.length || (step > 1 && !current.end);
      const row = (name, k, field) => {
        const changed = current.changed.includes(field), came = html("td", {}, ...breakable(current.before[k]));
        const goes = changed ? html("td", {}, html("b", {}, ...breakable(current.after[k])), " ", html("em", {}, nat(current, field))) : html("td", {}, "the same");
        return html("tr", changed ? { class: "kx-changed" } : {}, html("th", { scope: "row" }, name), came, ...(passes ? [goes] : []));
      };
      const columns = passes ? ["arrives with", "leaves with"] : [step > 1 ? "arrives with" : "sent with"];
      const head = ["", ...columns].map((name) => html(name ? "th" : "td", name ? { scope: "col" } : {}, name));
      const matched = scene.rules[current.at] || [];
      rules.hidden = !matched.length;
      rules.replaceChildren(html("summary", { ...OWN_KEYS }, "The rule that decided"), html("ol", {}, ...matched.map(([where, rule, answer]) =>
        html("li", answer.startsWith("decides") ? { class: "kx-decides" } : {}, html("span", {}, `${where}: `), html("code", {}, rule), ` ${answer}`))));
      slip.replaceChildren(html("caption", {}, "The packet"), html("thead", {}, html("tr", {}, ...head)),
        html("tbody", {}, row("source", 0, "source"), row("destination", 1, "destination")));
      trail.replaceChildren(...scene.steps.slice(0, step).map((passed, k) => {
        const ms = passed.ms ? ` (${passed.ms} ms${passed.extra ? ", extra hop" : ""})` : "";
        const entry = button(`${passed.who}${ms}`, () => go(k + 1), k + 1 === step ? { "aria-current": "step" } : {});
        return html("li", {}, entry);
      }));
    }

    function buttons() {
      const last = step === scene.steps.length;
      play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      left.hidden = !playing || stillness.matches;
      // Not `disabled`: a button that is pressed with a key must not lose the focus at the last step.
      back.setAttribute("aria-disabled", step === 1);
      next.setAttribute("aria-disabled", last);
      root.classList.toggle("kx-done", last);
    }

    // -- moving ----

    function stop() {
      for (const move of moves) move.cancel();
      moves = [];
    }

    // Runs on the compositor: two layers are moved, nothing is painted.
    async function travel(current, previous) {
      const k = scale(), duration = MOVE_MS / speed;
      look(current.rest);
      const frames = [previous.rest, ...current.points, current.rest].map((point) => ({ transform: at(point, k) }));
      const cards = [previous.card, current.card].map((point) => ({ transform: at(point, k) }));
      const easing = "ease-in-out", fill = "forwards";
      write(current, false);
      moves = [dot.animate(frames, { duration, easing, fill }), card.animate(cards, { duration, easing, fill })];
      await Promise.all(moves.map((move) => move.finished)).catch(() => {});
    }

    async function advance(mine) {
      const previous = scene.steps[step - 1], current = scene.steps[step], number = step + 1;
      if (stillness.matches) look(current.rest);
      else {
        lead(number);
        await travel(current, previous);
        if (mine !== turn) return;
        if (current.changed.length) await wait(350 / speed);
        if (mine !== turn) return;
      }
      show(number);
    }

    // How long the words of this step have still to be shown.
    function unread() {
      const { text, changed } = scene.steps[step - 1];
      const words = text.split(/\s+/).length + 4 * changed.length;
      const reading = Math.max((60000 * words) / WORDS_A_MINUTE, stillness.matches ? STILL_MS : LEAST_MS);
      return Math.max(reading / speed - (performance.now() - told), 500 / speed);
    }

    async function start(follow = following) {
      const mine = ++turn;
      following = follow;
      halt();
      if (step === scene.steps.length) show(1);
      playing = true;
      buttons();
      look(scene.steps[step - 1].rest);
      while (step < scene.steps.length) {
        const ms = unread();
        // Nothing moves while the words are read: a bar shows that it goes on.
        left.firstChild.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }], { duration: ms });
        await wait(ms);
        if (mine === turn) await advance(mine);
        if (mine !== turn) return;
      }
      turn++;
      playing = following = false;
      buttons();
      offer(has("send"));
    }

    // Keep in the window what the reader has asked to see playing, until the reader scrolls.
    function look(point) {
      if (!following) return;
      eye.style.transform = at(point, scale());
      const { top } = eye.getBoundingClientRect(), above = scene.roomy ? 0 : head.getBoundingClientRect().bottom;
      const behavior = stillness.matches ? "auto" : "smooth";
      if (top < above + 20 || top > window.innerHeight - 60) eye.scrollIntoView({ block: "center", inline: "nearest", behavior });
    }
    const free = () => { following = false; };
    for (const name of ["wheel", "touchmove"]) root.addEventListener(name, free, { passive: true });

    // The end of a connection that played by itself: a hundred show the shares.
    function offer(shown) {
      many.classList.toggle("kx-offer", shown);
    }

    // While the clock runs no packet moves: the lamps are what there is to see.
    function tick() {
      if (playing) pause();
      ticking = setInterval(() => !root.hasAttribute("aria-busy") && ask({ do: "advance", seconds: TICK_S, quietly: true }), TICK_MS);
      clockButton();
      report();
    }
    function halt(why = "") {
      if (ticking) stopped = why;
      clearInterval(ticking);
      ticking = 0;
      clockButton();
      report();
    }
    function clockButton() {
      run.textContent = ticking ? "❚❚ Pause clock" : "▶ Run clock";
    }

    function pause() {
      turn++;
      playing = following = false;
      show(step);
    }

    async function go(number) {
      pause();
      if (number === step + 1 && number <= scene.steps.length) await advance(turn);
      else show(number);
    }

    // -- a hundred requests ----

    async function fly() {
      const batch = model.get("batch");
      for (const one of flying) one.cancel();
      flying = new Set();
      counts = { ...batch.before };
      if (!batch.order.length || !Object.keys(batch.before).length) bury();
      if (batch.order.length > 1) offer(false);
      const add = (way) => {
        for (const place of [...batch.ways[way].counts, "sent"]) counts[place] = (counts[place] || 0) + 1;
        if (batch.ways[way].end !== "delivered") grave(batch.ways[way]);
        count();
      };
      count();
      const current = () => batch.number === model.get("batch").number && root.isConnected;
      for (const way of batch.order) {
        if (!current()) return;
        if (stillness.matches || batch.order.length === 1) {
          add(way);
          continue;
        }
        const k = scale(), one = html("div", { class: "kx-dot" });
        sky.append(one);
        const flight = one.animate(batch.ways[way].points.map((point) => ({ transform: at(point, k) })), { duration: FLY_MS / speed });
        flying.add(flight);
        flight.finished.then(() => current() && add(way), () => {}).finally(() => one.remove());
        await wait(STAGGER_MS / speed);
      }
    }

    // Packets that are lost leave a mark where they end, with their number and how they ended.
    function grave({ grave: place, end, mark: key }) {
      const found = graves.get(key) || { place, end, lost: 0, mark: html("div", { class: `kx-grave kx-${end}` }) };
      if (!graves.has(key)) sky.append(found.mark);
      graves.set(key, { ...found, lost: found.lost + 1 });
      found.mark.textContent = `✗ ${found.lost + 1} ${ENDS[end] || end}`;
      found.mark.style.transform = at(place, scale());
    }
    // Another width moves the nodes, and the marks with them.
    function settle() {
      for (const [key, found] of graves) {
        found.place = scene.marks[key] || found.place;
        found.mark.style.transform = at(found.place, scale());
      }
    }
    function bury() {
      for (const { mark } of graves.values()) mark.remove();
      graves = new Map();
    }

    // -- keys and clicks in the picture ----

    const acting = () => [...drawing.querySelectorAll("[data-act]")];
    function act(node) {
      ask({ do: node.dataset.act, name: node.dataset.key.slice(node.dataset.key.indexOf(":") + 1) });
    }
    function focusOn(node) {
      if (!node) return;
      for (const other of acting()) other.tabIndex = other === node ? 0 : -1;
      node.focus();
    }
    function key(event) {
      const node = event.target.closest("[data-act]");
      if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
      const all = acting(), alike = all.filter((other) => other.dataset.act === node.dataset.act), k = alike.indexOf(node);
      const inside = (home) => all.find((other) => other.dataset.home === home);
      const does = {
        Enter: () => act(node), " ": () => act(node),
        ArrowRight: () => focusOn(alike[k + 1]), ArrowLeft: () => focusOn(alike[k - 1]),
        ArrowDown: () => focusOn(node.dataset.act === "node" ? inside(node.dataset.key) : alike[k + 1]),
        ArrowUp: () => focusOn(all.find((other) => other.dataset.key === node.dataset.home)),
        Home: () => focusOn(all[0]), End: () => focusOn(alike.at(-1)),
      }[event.key];
      if (!does) return;
      event.preventDefault();
      event.stopPropagation();
      does();
    }
    drawing.addEventListener("keydown", key);
    drawing.addEventListener("click", (event) => {
      const node = event.target.closest("[data-act]");
      if (node) {
        focusOn(node);
        act(node);
      }
    });

    // -- what Python says ----

    function redraw() {
      const before = scene;
      scene = model.get("scene");
      const fresh = scene.plays !== before.plays;
      // Only the width changed, or the clock moved on.
      const same = !fresh && (scene.size[0] !== before.size[0] || JSON.stringify(scene.steps) === JSON.stringify(before.steps));
      if (fresh) halt("The clock has stopped, because something changed. ");
      draw();
      settle();
      if (same) return show(Math.min(step, scene.steps.length));
      offer(false);
      turn++;
      playing = false;
      show(1);
      if (fresh) start();
    }
    const listeners = [
      ["change:scene", redraw], ["change:batch", fly], ["change:answered", answered], ["change:message", answered],
      ["change:step", () => model.get("step") !== step && go(model.get("step"))],
      ["comm_live_update", lost],
    ];
    for (const [name, f] of listeners) model.on(name, f);

    // The drawing is laid out for the width it has: Python is told when that changes.
    let later = 0;
    const watcher = new ResizeObserver(() => {
      const width = Math.floor(stage.clientWidth / 20) * 20;
      if (!width || Math.abs(width - drawnWidth) < 20) return;
      drawnWidth = width;
      place(scene.steps[step - 1]);
      settle();
      clearTimeout(later);
      later = setTimeout(() => {
        if (model.get("width") === width) return;
        model.set("width", width);
        model.save_changes();
      }, 150);
    });
    watcher.observe(stage);

    counts = { ...(model.get("batch").before || {}) };
    for (const way of model.get("batch").order || []) {
      for (const place of [...model.get("batch").ways[way].counts, "sent"]) counts[place] = (counts[place] || 0) + 1;
    }
    clockButton();
    draw();
    show(model.get("step") || 1);
    complain(model.get("message"));

    return () => {
      turn++;
      halt();
      watcher.disconnect();
      clearTimeout(later);
      for (const [name, f] of listeners) model.off(name, f);
    };
  },
};
