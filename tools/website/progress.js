// What the reader has answered on the pages of the site, counted from the answers that the browser keeps.
window.kx.progress = async (place, { lessons }, all) => {
  const { make, answers, watch, readAll } = window.kx;
  const table = (caption, head, rows) => make("div", { class: "scroll", role: "group", "aria-label": caption },
    make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell)))))));
  const words = (data, draft) => {
    const { said, problem } = readAll(data, draft);
    return problem ? "" : said.map(({ words: one }) => one).join("; ");
  };
  const asked = all.filter((one) => one.kind === "question");
  const checked = new Set(all.filter((one) => one.kind === "check").map((one) => one.id));

  function counted(kept) {
    const begun = lessons.filter(([, , ids]) => ids.some((id) => kept[id]));
    return begun.map(([href, title, ids]) => {
      const given = ids.filter((id) => kept[id]), right = given.filter((id) => kept[id].right);
      return [make("a", { href }, title), `${given.length} of ${ids.length}`, String(right.length)];
    });
  }
  function show() {
    const kept = answers(), rows = counted(kept);
    if (!rows.length) {
      place.replaceChildren(make("p", {}, "No answers yet. They are counted here when you have kept the first one."));
      return;
    }
    const here = asked.filter(({ id }) => kept[id]).map((data) => {
      const { draft, first, right } = kept[data.id];
      return [data.text, words(data, first || draft), words(data, draft), !checked.has(data.id) ? "" : right ? "right" : "not yet"];
    });
    const every = make("details", {}, make("summary", {}, `Your answers on this page (${here.length})`),
      table("Your answers on this page", ["question", "first answer", "last answer", "result"], here));
    place.replaceChildren(table("Your progress", ["lesson", "answered", "right"], rows), ...(here.length ? [every] : []));
  }
  for (const { id } of asked) watch(id, show);
  show();
};

window.kx.forget = () => {
  const { make, answers } = window.kx;
  const forget = make("button", { type: "button", onclick: () => {
    if (!window.confirm("Forget the answers that you gave on all pages of the course?")) return;
    answers((all) => { for (const id of Object.keys(all)) delete all[id]; });
    window.location.reload();
  } }, "Forget my answers");
  document.querySelector("footer").prepend(make("p", { class: "kx-forget" }, "Your answers are kept in this browser only. ", forget));
};
