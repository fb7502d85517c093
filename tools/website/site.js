// The widgets of a page that has no kernel. What they show was computed when the site was built, by the package itself:
// this file looks it up, and knows no rule of Kubernetes. `kx.modules` holds the widgets' own scripts, `kx.data` what was
// computed for this page. Everything works from file://, and nothing is asked of another host.
(() => {
  const kx = (window.kx = window.kx || {});
  const STORE = "k8sexpose:answers";
  const ANSWER = "⟦answer⟧"; // in a card: where the answer that was given is written
  const ELSEWHERE = "In the notebook every change is possible; the top of this page says how to open it.";

  document.documentElement.dataset.kxState = "busy"; // from here on the page is no printout

  function make(tag, props = {}, ...inner) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...inner);
    return node;
  }

  const bytesOf = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  }

  // What a widget's script calls its model: values, listeners, and somebody who answers.
  class Model {
    constructor(values) {
      this.values = values;
      this.listeners = {};
      this.changed = new Set();
    }
    get(name) { return this.values[name]; }
    set(name, value) {
      this.values[name] = value;
      this.changed.add(name);
    }
    on(name, listener) { (this.listeners[name] ||= new Set()).add(listener); }
    off(name, listener) { this.listeners[name]?.delete(listener); }
    tell(...names) { for (const name of names) for (const listener of this.listeners[`change:${name}`] || []) listener(); }
    save_changes() {
      const changed = [...this.changed];
      this.changed.clear();
      for (const name of changed) this.answer?.(name);
    }
    send(content) { this.asked?.(content); }
  }

  // -- explorers ----

  // Pages that resemble each other: whole, or the text around gaps and what fills each gap.
  function pagesOf({ pages, gaps }) {
    if (pages) return (k) => pages[k];
    const found = new Map();
    for (const group of gaps) group[0].forEach((number, at) => found.set(number, [group, at]));
    return (k) => {
      const [[, around, fills], at] = found.get(k);
      return around.map((text, gap) => text + (gap < fills.length ? fills[gap][at] : "")).join("");
    };
  }

  let made = 0;
  function dialOf(dial, now, changed) {
    const id = `kx-dial-${++made}`;
    if (dial.kind === "choice") {
      const box = make("select", { id, onchange: () => changed(box.selectedIndex) },
        ...dial.words.map((words) => make("option", {}, words)));
      box.selectedIndex = now;
      return [make("label", { for: id }, dial.label, " ", box), (k) => { box.selectedIndex = k; }];
    }
    if (dial.kind === "check") {
      const box = make("input", { id, type: "checkbox", onchange: () => changed(Number(box.checked)) });
      box.checked = Boolean(now);
      return [make("label", { for: id, class: "kx-tick" }, box, " ", dial.label), (k) => { box.checked = Boolean(k); }];
    }
    const said = make("output", { for: id });
    const box = make("input", { id, type: "range", min: 0, max: dial.words.length - 1, step: 1 });
    const say = () => {
      said.textContent = dial.words[box.value];
      box.setAttribute("aria-valuetext", dial.words[box.value]);
    };
    box.addEventListener("input", () => { say(); changed(Number(box.value)); });
    box.value = now;
    say();
    return [make("label", { for: id, class: "kx-slider" }, dial.label, " ", box, said), (k) => { box.value = k; say(); }];
  }

  async function explorer(place, data) {
    const { order, inner, dials, first, chunks } = data;
    const chosen = [...first], read = new Map();
    const number = () => order.reduce((sum, dial) => sum * dials[dial].words.length + chosen[dial], 0);
    const chunk = (k) => {
      if (!read.has(k)) read.set(k, inflate(bytesOf(chunks[k])).then(pagesOf));
      return read.get(k);
    };
    const queues = data.moving.length ? new Model({ rows: [], workers: 1 }) : null, row = make("div");
    let programs = null, asked = 0, tallest = 0;
    const page = make("div", { class: "kx-page scroll", role: "group", "aria-label": `${data.title}: picture and table` });
    const live = make("p", { class: "kx-hidden", role: "status", "aria-live": "polite" });
    const code = make("pre", { hidden: true, tabindex: "0", role: "group", "aria-label": "The same as a program" });
    async function show(announce = true) {
      const mine = ++asked, at = number();
      const text = (await chunk(Math.floor(at / inner)))(at % inner);
      const played = queues && (await inflate(bytesOf(data.moving[Math.floor(at / inner)])))[at % inner];
      if (mine !== asked) return;
      if (queues) {
        Object.assign(queues.values, played);
        queues.tell("rows");
      }
      tallest = Math.max(tallest, page.offsetHeight);
      page.style.minHeight = `${tallest}px`;
      page.innerHTML = text;
      const said = page.querySelector("[role=status]");
      if (said) {
        said.removeAttribute("role");
        if (announce) live.textContent = said.textContent;
      }
      if (programs) code.textContent = programs[at];
      place.dataset.at = at;
      stops();
    }
    window.addEventListener("resize", () => { tallest = 0; page.style.minHeight = ""; });
    const setters = [];
    const controls = dials.map((dial, k) => {
      const [box, set] = dialOf(dial, first[k], (value) => { chosen[k] = value; show(); });
      setters.push(set);
      return box;
    });
    const reset = make("button", { type: "button", onclick: () => {
      first.forEach((value, k) => { chosen[k] = value; setters[k](value); });
      show();
    } }, "Reset");
    const buttons = [reset];
    if (data.python) {
      const python = make("button", { type: "button", "aria-expanded": "false", onclick: async () => {
        programs ||= await inflate(bytesOf(data.python));
        code.hidden = !code.hidden;
        python.setAttribute("aria-expanded", String(!code.hidden));
        code.textContent = programs[number()];
      } }, "Show Python");
      buttons.push(python);
    }
    const left = data.left.length ? [make("p", { class: "kx-left" }, `On this page these stay as they are: ${data.left.join("; ")}. `,
      make("a", { href: "#run" }, "In the notebook"), " you can change them, too.")] : [];
    const root = make("section", { class: "kx-explorer", "aria-label": data.title },
      make("div", { class: "kx-dials" }, ...controls), make("div", { class: "kx-buttons" }, ...buttons), code, live, row, page, ...left);
    await chunk(Math.floor(number() / inner));
    place.replaceChildren(root);
    await show(false);
    if (queues) kx.modules.queues.render({ model: queues, el: row });
  }

  // The queues of one Pod, above their picture.
  async function moving(place, { data }) {
    const el = make("div");
    place.prepend(el);
    kx.modules.queues.render({ model: new Model(await inflate(bytesOf(data))), el });
  }

  // -- the visualizer ----

  class FlowModel extends Model {
    constructor({ parts, looks, states, now }, { widths, most, quiet }, width) {
      super({ batch: {}, message: "", answered: 0, width: 0, step: 1 });
      Object.assign(this, { parts, looks, states, widths, most, quiet, layout: width < 720 ? 1 : 0, state: 0,
        way: looks[states[0].look].start, plays: 0, now, since: now, batches: 0, counted: {}, news: "" });
      this.values.width = widths[this.layout];
      this.values.scene = this.scene();
    }
    get look() { return this.looks[this.states[this.state].look]; }
    part(stored) { return typeof stored === "number" ? this.parts[stored] : stored.v; }
    scene() {
      const stored = this.look.ways[this.way].scenes[this.layout];
      const scene = {};
      for (const [name, value] of Object.entries(stored)) if (name !== "picture") scene[name] = this.part(value);
      const [tag, look, attributes, inner] = stored.picture;
      return { ...scene, picture: [tag, look, this.part(attributes), inner.map((one) => this.part(one))],
        plays: this.plays, news: this.news, now: `t = ${this.now} s` };
    }
    draw() {
      this.values.scene = this.scene();
      this.tell("scene");
    }
    answer(name) {
      if (name !== "width") return;
      const layout = this.values.width < 720 ? 1 : 0;
      if (layout === this.layout) return;
      this.layout = layout;
      this.draw();
    }
    asked(content) {
      const does = { send: () => this.request(1), many: () => this.request(100), way: () => this.choose(content.index),
        advance: () => this.advance(content.seconds, content.quietly) }[content.do];
      this.values.message = "";
      if (does) does();
      else this.click(`${content.do}:${content.name ?? content.policy}`);
      this.values.answered++;
      this.tell("answered");
    }
    choose(index) {
      this.way = index;
      this.news = "";
      this.values.step = 1;
      this.draw();
    }
    click(act) {
      const state = this.states[this.state], to = state.acts[act];
      if (to === undefined) {
        const pressed = act === `policy:${this.values.scene.policy}`;
        if (!pressed) this.values.message = state.faults === this.most
          ? `This page knows ${this.most === 1 ? "one fault" : "two faults"} at a time: first mend one, with another click. ${ELSEWHERE}`
          : `On this page the checks have to settle first: let the clock run. ${ELSEWHERE}`;
        return;
      }
      this.enter(to);
      this.since = this.now;
    }
    enter(number) {
      this.counted = {}; // a change of the cluster begins the count anew
      const before = this.values.scene, was = this.look.lamps;
      const { message, start, lost, lamps } = this.looks[this.states[number].look];
      if (message) {
        this.values.message = message;
        return;
      }
      this.state = number;
      this.way = start;
      const news = Object.entries(lamps).filter(([node, lamp]) => lamp && (was[node] ?? lamp) !== lamp)
        .map(([node, lamp]) => `${node} is now ${lamp} for the load balancer.`);
      const [[had, were], [has, , are]] = [before, this.scene()].map((scene) => scene.lost);
      // As in the notebook: where more is lost than before, a packet that is lost is played.
      if (has > had && lost >= 0) this.way = lost;
      if (had !== has) news.push(`Before, ${were}; now ${are}.${has > had && has < 1 && lost >= 0 ? " The packet shows one that is lost." : ""}`);
      this.news = news.slice(-6).join(" ");
      this.plays++;
      this.draw();
      this.values.batch = { number: ++this.batches, before: {}, ways: [], order: [] };
      this.tell("batch");
    }
    advance(seconds, quietly) {
      this.now = Math.round((this.now + seconds) * 10) / 10;
      const passed = this.now - this.since;
      const { later, faults } = this.states[this.state];
      const next = later.filter(([after]) => after <= passed).at(-1);
      if (next) {
        this.since += next[0];
        if (this.states[next[1]].look !== this.states[this.state].look) {
          this.enter(next[1]);
          return;
        }
        this.state = next[1];
      }
      if (faults && passed > this.quiet) {
        this.values.message = `This page follows the cluster until ${this.quiet} s after its last change. ${ELSEWHERE}`;
      }
      this.news = quietly ? "" : `Nothing changed in these ${seconds} seconds.`;
      this.draw();
    }
    pick() {
      const { ways } = this.look;
      let left = Math.random() * ways.reduce((sum, way) => sum + way.p, 0);
      const found = ways.findIndex((way) => (left -= way.p) < 0);
      return found < 0 ? ways.length - 1 : found;
    }
    request(count) {
      const { ways } = this.look, counts = { ...this.counted }, picked = [], order = [];
      for (let k = 0; k < count; k++) {
        const way = this.pick();
        if (!picked.includes(way)) picked.push(way);
        order.push(picked.indexOf(way));
      }
      const flights = picked.map((way) => this.part(ways[way].flights[this.layout]));
      if (count === 1) {
        this.way = picked[0];
        this.news = "";
        this.plays++;
        this.draw();
      }
      const after = { ...counts };
      for (const one of order) for (const place of [...flights[one].counts, "sent"]) after[place] = (after[place] || 0) + 1;
      this.values.batch = { number: ++this.batches, before: counts, ways: flights, order };
      this.counted = after;
      this.tell("batch");
    }
  }
  async function flow(place, data) {
    const read = await inflate(bytesOf(data.data));
    const model = new FlowModel(read, data, place.clientWidth);
    const el = make("div");
    place.replaceChildren(el);
    kx.modules.flow.render({ model, el });
  }

  // -- questions ----

  const ABOUT = /^(?:about|around|roughly|approximately|approx\.?|almost|circa|ca\.?|≈|~|=)\s*/i;
  const PER = /\s*(?:\/|per|a|an|each|every)\s*(?:month|mo|hour|h)\s*$/;
  const PATTERN = /^(\$|us\$|usd|€|eur)?\s*([-+]?[\d.,]*\d(?:e[-+]?\d+)?)(?:\s*\/\s*(\d+))?\s*([^\d\s/][^\d]*)?$/i;
  // As in Python: of one point with three digits after it nobody can tell whether it parts thousands or begins decimals.
  const EUROPEAN = /^[-+]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})$/;
  const TWO_READINGS = /^[-+]?[1-9]\d{0,2}\.\d{3}$/;
  const IN_THOUSANDS = ["USD", "GB"];
  const COMMA = /^[-+]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))$/;
  // The problem that a text has two readings; empty where it has none.
  function twoReadings(text, unit) {
    const number = text.match(/[-+]?[\d.,]*\d/)?.[0] || "";
    if (!IN_THOUSANDS.includes(unit) || !TWO_READINGS.test(number)) return "";
    const cents = Math.floor((Number(number.replace(/\D/g, "")) + 5) / 10);
    const decimals = `${number.startsWith("-") ? "-" : ""}${cents / 100}`;
    return `it can mean ${number.replace(".", "")} or ${decimals}: write one of these`;
  }
  // A number with its unit, read as `k8sexpose.lessons.forms.quantity` reads what people mostly write; null if it is none.
  function numberOf(text, unit, units) {
    const whole = text.replace(/(^|[^\d.,])[.,](?=\d)/g, (_, before) => `${before}0.`); // .5 is a half
    const plain = whole.normalize("NFKC").toLowerCase().replace("⁄", "/").replace(/^[\s.!"'`()[\]{}]+|[\s.!"'`()[\]{}]+$/g, "");
    const found = PATTERN.exec(plain.replace(ABOUT, "").replace(PER, ""));
    if (!found) return null;
    let number = found[2];
    if (twoReadings(number, unit)) return null;
    if (EUROPEAN.test(number)) number = number.replaceAll(".", "").replace(",", ".");
    else if (COMMA.test(number) || (unit === "%" && /^[-+]?\d+,\d{3}$/.test(number))) number = number.replace(",", ".");
    if (number.includes(",") && !/^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(number)) return null;
    const written = ((found[1] || "") + (found[4] || "")).trim().replace(/\.$/, "");
    if (!(written in units)) return null;
    const value = Number(number.replaceAll(",", "")) / Number(found[3] || 1);
    if (!Number.isFinite(value)) return null;
    const share = unit === "%" && !written && (found[3] || (value > 0 && value < 1));
    return (share ? 100 : units[written]) * value;
  }
  // As `shown` of Python: whole where six digits do, else with four, and a large number without powers of ten.
  function shown(value) {
    if (!value) return "0";
    const digits = Number(value.toPrecision(6)) === value ? 6 : 4;
    const rounded = Number(value.toPrecision(digits));
    const power = Math.floor(Math.log10(Math.abs(rounded)));
    if (power >= digits && Math.abs(value) < 1e15) return String(Math.floor(value + 0.5));
    if (power >= -4 && power < digits) return String(rounded);
    const [number, exponent] = rounded.toExponential().split("e");
    return `${number}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }

  Object.assign(kx, { numberOf, shown }); // tests compare them with Python

  let memory = {};
  function answers(change) {
    try {
      memory = JSON.parse(localStorage.getItem(STORE)) || {};
    } catch {
      // Storage may be forbidden: then the answers live as long as the page.
    }
    if (!change) return memory;
    change(memory);
    try {
      localStorage.setItem(STORE, JSON.stringify(memory));
    } catch {
      // see above
    }
    return memory;
  }

  // The texts are mixed with a stream of bytes, so that nobody reads them by chance in the page's source.
  function judgedOf(data) {
    let state = data.seed;
    return inflate(bytesOf(data.judged).map((byte) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return byte ^ (state >>> 24);
    }));
  }

  const watchers = new Map();
  function watch(id, watcher) {
    watchers.set(id, [...(watchers.get(id) || []), watcher]);
  }

  const escaped = (text) => make("i", {}, text).innerHTML;

  // What one control says: its place in what was judged and its words, or what is wrong with it.
  function saidBy(control, given) {
    if (control.kind === "several") {
      if (!given?.length) return { problem: `Nothing is ticked. If none is right, tick "${control.none}".` };
      const ticked = control.options.map(([value], k) => (given.includes(value) ? k : -1)).filter((k) => k >= 0);
      return { place: ticked.join(), words: ticked.map((k) => control.options[k][1]).join("; ") || control.none };
    }
    if (!given?.trim()) {
      const empty = control.kind === "one" ? "Choose one of the answers first." : "Write your answer into the box first.";
      return { problem: control.label ? `Still empty: ${control.label}.` : empty };
    }
    if (control.kind === "one") {
      const k = control.options.findIndex(([value]) => value === given);
      return { place: String(k), words: control.options[k]?.[1] };
    }
    const number = numberOf(given, control.unit, control.units);
    const why = twoReadings(given, control.unit);
    if (number === null) return { problem: `I could not read "${given}"${why && ` (${why})`}. Please give ${control.example}.` };
    if (number < 0 || number > control.most) return { problem: `"${given}" lies outside of what can be answered. Please give ${control.example}.` };
    return { number, words: `${shown(number)} ${control.unit}`.trim() };
  }
  function readAll(data, draft) {
    const said = data.controls.map((control, k) => saidBy(control, draft?.[k]));
    return { said, problem: said.find((one) => one.problem)?.problem };
  }

  function cardOf({ edges, cards }, controls, said) {
    const places = said.map(({ place, number }, k) => place ?? String(edges[k].findLastIndex((edge) => edge <= number)));
    const card = cards[places.join("|")];
    if (!card) return null;
    const answer = said.map(({ words }, k) => (controls[k].label ? `${controls[k].label}: ${words}` : words)).join("; ");
    const [opening, html, words] = card;
    return [opening, html.replaceAll(ANSWER, escaped(answer)), words.replaceAll(ANSWER, answer)];
  }

  async function feedback(data, entry) {
    const judged = await judgedOf(data), { said, problem } = readAll(data, entry.draft);
    if (problem) return null;
    const untold = data.tries && entry.tries < data.tries;
    return cardOf(untold ? judged.untold : judged.told, data.controls, said);
  }

  async function question(place, data) {
    const kept = answers()[data.id];
    const empty = data.controls.map((control) => (control.kind === "several" ? [] : ""));
    const model = new Model({ text: data.text, controls: data.controls, draft: kept ? kept.draft : empty, request: {},
      kept: "", said: "", problem: false, refused: false, verdict: "", done: 0 });
    async function refresh() {
      const entry = answers()[data.id], card = entry && (await feedback(data, entry));
      model.values.kept = card ? card[2] : "";
      next.hidden = !card;
      return card;
    }
    // As in the notebook, the verdict comes after what the cells show: at the check.
    const next = make("p", { class: "kx-next", hidden: true }, "Now read on. Whether it is right, and why, is said ",
      make("a", { href: `#check-${data.id}` }, "at the check, below the explanation"), ".");
    model.answer = async (name) => {
      if (name !== "request") return;
      const { draft, number } = model.get("request"), { problem } = readAll(data, draft), before = model.get("kept");
      const still = before && ` Kept: ${before}.`;
      Object.assign(model.values, { said: problem ? `${problem}${still}` : "Your answer is kept.", problem: Boolean(problem), refused: Boolean(problem) });
      if (!problem) {
        const right = await isRight(data, draft);
        answers((all) => {
          const before = all[data.id];
          all[data.id] = { draft, tries: (before?.tries || 0) + 1, first: before?.first || before?.draft || draft, right };
        });
        await refresh();
      }
      model.values.done = number;
      if (model.get("kept") !== before) model.tell("kept");
      model.tell("said", "done");
      if (!problem) for (const watcher of watchers.get(data.id) || []) watcher();
    };
    await refresh();
    const el = make("div");
    place.id = `ask-${data.id}`;
    place.replaceChildren(el, ...(checks.has(data.id) ? [next] : []));
    kx.modules.ask.render({ model, el });
  }

  async function isRight(data, draft) {
    const card = await feedback(data, { draft, tries: 1 });
    return Boolean(card?.[0].startsWith("✓"));
  }

  // Questions that follow each other without a check between are answered together: what is said about one may answer
  // the other. `checks` holds, for each question that the page checks, the questions of its group.
  const checks = new Map();
  function grouped(widgets) {
    let group = [], checking = false;
    for (const { kind, id } of widgets) {
      if (kind === "question") {
        if (checking) group = [];
        checking = false;
        group.push(id);
      } else if (kind === "check") {
        checking = true;
        checks.set(id, group);
      }
    }
  }

  async function check(place, { id }, all) {
    const data = all.find((one) => one.kind === "question" && one.id === id), group = checks.get(id) || [id];
    const card = make("div", { role: "status", class: "kx-check" });
    const wait = (words, to, link, after) => card.replaceChildren(make("strong", {}, "→ "), words, make("a", { href: `#ask-${to}` }, link), after);
    const show = async () => {
      const kept = answers(), open = group.find((one) => !kept[one] && all.some((two) => two.kind === "question" && two.id === one));
      const found = kept[id] && (await feedback(data, kept[id]));
      if (!found) wait("Answer first: keep your answer to ", id, "the question", ". What is right, and why, is then said here.");
      else if (open) wait("Your answer is kept. The explanation would also answer ", open, "another question", ": it appears here when you have answered that one too.");
      else card.innerHTML = found[1];
      place.classList.toggle("kx-open", !found || Boolean(open));
    };
    for (const one of group) watch(one, show);
    await show();
    if (!document.getElementById(`check-${id}`)) place.id = `check-${id}`;
    place.replaceChildren(card);
  }

  // -- the page ----

  Object.assign(kx, { make, answers, watch, readAll, stops });
  const kinds = { explorer, flow, question, check, queues: moving, progress: kx.progress };
  const ON_PAPER = ["flow", "check"]; // these are printed as they are without scripts: the whole path, and the answer
  const stills = new Map();
  async function start() {
    const data = (kx.data ||= { widgets: [] }), curtains = [...document.querySelectorAll("details.kx-curtain")];
    for (const fold of curtains) fold.open = true; // what is folded has no size, and a widget asks for its own
    const places = [...document.querySelectorAll("[data-kx]")];
    grouped(places.map((place) => data.widgets[place.dataset.kx]));
    for (const place of places) {
      const one = data.widgets[place.dataset.kx], still = [...place.childNodes];
      try {
        await kinds[one.kind](place, one, data.widgets);
        if (ON_PAPER.includes(one.kind)) stills.set(place, still);
      } catch (error) {
        console.error(error); // the still picture stays
      }
    }
    for (const fold of curtains) curtain(fold);
    for (const fold of document.querySelectorAll("details[data-kx-opens]")) explanation(fold);
    if (places.some((place) => data.widgets[place.dataset.kx].kind === "question")) kx.forget();
    document.documentElement.dataset.kxState = "ready";
  }

  // A printed result below a question would answer it: it stays folded until the reader has answered.
  function curtain(fold) {
    const ids = fold.dataset.kxIds.split(" ");
    fold.open = false;
    const update = () => {
      const kept = answers();
      if (!ids.every((id) => kept[id])) return;
      fold.querySelector("summary")?.remove();
      fold.replaceWith(...fold.childNodes);
      stops();
    };
    for (const id of ids) watch(id, update);
    update();
  }

  // The explanation after a question opens with the last answer to what it explains; it can be closed again.
  function explanation(fold) {
    const ids = fold.dataset.kxOpens.split(" ");
    const update = () => {
      const kept = answers();
      fold.open = ids.every((id) => kept[id]);
    };
    for (const id of ids) watch(id, update);
    update();
  }

  // Only what scrolls is a stop for the keyboard.
  function stops() {
    for (const region of document.querySelectorAll(".scroll, main pre[role=group]")) {
      // What is folded has no size yet.
      const scrolls = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
      if (!region.clientWidth || scrolls) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
      edges({ target: region });
    }
  }

  // What scrolls says on which side there is more.
  function edges({ target }) {
    if (!target.matches?.(".scroll, main pre")) return;
    const left = target.scrollLeft > 1, right = target.scrollLeft + target.clientWidth < target.scrollWidth - 1;
    target.classList.toggle("kx-more-left", left);
    target.classList.toggle("kx-more-right", right);
  }

  let living = new Map();
  window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("main details")) fold.open = true;
    for (const [place, still] of stills) {
      if (place.matches(".kx-is-check:not(.kx-open)")) continue; // the reader's own card
      living.set(place, [...place.childNodes]);
      place.replaceChildren(...still);
      for (const fold of place.querySelectorAll("details")) fold.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const [place, nodes] of living) place.replaceChildren(...nodes);
    living = new Map();
  });
  window.addEventListener("resize", stops);
  document.addEventListener("toggle", stops, true);
  document.addEventListener("scroll", edges, true);
  kx.search();
  start().then(stops);
})();
