// The box at the top that finds a section of the course: by the words that are seen, and by those that are folded.
window.kx.search = () => {
  const { make } = window.kx, MOST = 12, SHOWN = 140;
  const IDLE = "a an and are can do does for how i in is it my of on or the to what when where which who why with".split(" ");
  const place = document.querySelector("[data-kx-search]");
  if (!place) return;
  const box = make("input", { type: "search", id: "kx-search", autocomplete: "off", placeholder: "externalTrafficPolicy" });
  const list = make("ul"), said = make("p", { role: "status" });
  const found = make("div", { class: "kx-found", hidden: true }, said, list);

  // A piece of what is seen, from the beginning of a word on.
  function excerpt(text, word) {
    const at = text.toLowerCase().indexOf(word);
    const from = at > 40 ? text.lastIndexOf(" ", at - 40) + 1 : 0;
    const to = text.length > from + SHOWN ? text.lastIndexOf(" ", from + SHOWN) : text.length;
    return `${from ? "… " : ""}${text.slice(from, to)}${to < text.length ? " …" : ""}`;
  }
  const plain = (text) => text.toLowerCase().replaceAll(" ", "");
  // Words that say nothing of the subject are not looked for, unless there is no other; a plural finds its singular.
  function wordsOf(text) {
    const all = text.toLowerCase().replaceAll("?", " ").split(/\s+/).filter(Boolean);
    const telling = all.filter((word) => !IDLE.includes(word));
    return (telling.length ? telling : all).map((word) => (word.length > 4 ? word.replace(/ies$/, "y").replace(/sses$/, "ss").replace(/([^s])s$/, "$1") : word));
  }
  // A section that is called like what was typed comes first: mostly that is the glossary.
  function points(words, head, body, heading) {
    if (!words.every((word) => head.includes(word) || body.includes(word))) return 0;
    if ([words.join(""), `${words.join("")}s`].includes(plain(heading))) return 1000;
    return words.reduce((sum, word) => sum + (head.includes(word) ? 8 : 0) + Math.min(body.split(word).length - 1, 5), 0);
  }
  function find() {
    const words = wordsOf(box.value);
    const rows = window.kx.index && words.some((word) => word.length > 1) ? window.kx.index : [];
    const best = rows
      .map(([href, page, heading, text, folded]) => ({ href, page, heading, text,
        points: points(words, `${page} ${heading}`.toLowerCase(), `${text.toLowerCase()} ${folded}`, heading) }))
      .filter((one) => one.points).sort((one, other) => other.points - one.points);
    const count = best.length === 1 ? "1 place" : `${best.length} places`;
    said.textContent = best.length > MOST ? `The ${MOST} best of ${count}` : count;
    if (!best.length) said.textContent = "No place has all these words. Try fewer of them, or look into the glossary.";
    if (box.value.trim().length === 1) said.textContent = "Type two letters or more.";
    list.replaceChildren(...best.slice(0, MOST).map(({ href, page, heading, text }) => make("li", {},
      make("a", { href }, heading && heading !== page ? `${page}: ${heading}` : page), make("p", {}, excerpt(text, words[0])))));
    found.hidden = !words.length;
  }
  function load() {
    if (window.kx.loading) return;
    window.kx.loading = make("script", { src: place.dataset.kxSearch, onload: find });
    document.head.append(window.kx.loading);
  }
  // Enter takes the first place, the arrows go from place to place and back, Escape closes the list.
  function keys(event) {
    const stops = [box, ...list.querySelectorAll("a")], at = stops.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      box.value = "";
      find();
      box.focus();
    } else if (step && stops[at + step]) {
      event.preventDefault();
      stops[at + step].focus();
    }
  }
  box.addEventListener("focus", load);
  box.addEventListener("input", () => { load(); find(); });
  const submit = (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  };
  list.addEventListener("click", () => { found.hidden = true; });
  place.append(make("form", { role: "search", onsubmit: submit, onkeydown: keys },
    make("label", { for: "kx-search" }, "Search "), box, found));
};
