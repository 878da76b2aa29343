// The page's own life: tables that sort, and the browser of rollouts, once the rest has been painted.

const NOTHING = { view: "problems", arm: "", seed: "", level: "", status: "", flip: "", where: "", text: "" };

class Browser {
  constructor(root, data) {
    Object.assign(this, { root, data, filter: { ...NOTHING } });
    this.columns = { problems: problemColumns(data), rollouts: rolloutColumns(data) };
    this.panes = root.querySelector(".panes");
    this.list = new List(root.querySelector(".list"), (row) =>
      this.visit(this.filter.view === "problems" ? { problem: row.problem } : { use: row }));
    this.detail = new Detail(root.querySelector(".detail"), data, (target) => this.visit(target), () => this.close());
    this.build();
    this.refresh();
    addEventListener("hashchange", () => this.follow());
    addEventListener("keydown", (event) => this.key(event));
    this.follow();
  }

  build() {
    const { data } = this, every = (values) => [...new Set(values)];
    const levels = every(data.problems.level).filter((level) => level !== null).sort((a, b) => a - b);
    const fields = [
      ["view", "Show", [["problems", "problems"], ["rollouts", "rollouts"]]],
      ["arm", "Arm", data.arms.map((arm, place) => [place, arm])],
      ["seed", "Seed", every(data.cells.map((cell) => cell[2])).sort((a, b) => a - b).map((seed) => [seed, seed])],
      ["level", "Level", levels.map((level) => [level, level])],
      ["status", "Status", every(data.statusOf).sort((a, b) => a - b).map((status) => [status, STATUSES[status]])],
      ["flip", "Training made it", [[RIGHT, "right"], [WRONG, "wrong"], [2, "neither"]]],
      ["where", "Where", every(data.places.map((place) => place[2])).map((arrow) => [arrow, arrow])],
    ];
    const form = this.root.querySelector(".filters");
    form.append(...fields.filter((field) => field[2].length).map(([name, label, values]) => el("label", {}, label,
      el("select", { name }, name === "view" ? null : el("option", { value: "" }, "all"),
        ...values.map(([value, text]) => el("option", { value }, text))))),
    el("label", { class: "search" }, "Text in problem, prompt, PI, completion or verdict", el("input", { name: "text", type: "search", autocomplete: "off", spellcheck: "false" })),
    el("button", { type: "reset" }, "Clear"));
    let waiting;
    form.addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.refresh(), event.target.name === "text" ? 120 : 0);
    });
    form.addEventListener("reset", () => setTimeout(() => this.refresh()));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.refresh(); });
    this.form = form;
  }

  refresh() {
    this.filter = { ...NOTHING, ...Object.fromEntries(new FormData(this.form)) };
    this.uses = this.data.matching(this.filter);
    const problems = this.data.summed(this.uses), all = this.data.count;
    const shown = this.filter.view === "problems" ? problems : this.uses;
    this.list.show(this.columns[this.filter.view], [...shown]);
    const number = (n) => n.toLocaleString("en");
    this.root.querySelector(".count").textContent =
      `${number(this.uses.length)} of ${number(all)} rows, ${number(problems.length)} of ${number(this.data.problems.id.length)} problems. A rollout has a row for each cell that used it.`;
  }

  // Where a person goes stands in the address, so that it can be sent to somebody, and Back goes back.
  visit(target) {
    const { data } = this;
    location.hash = "problem" in target ? `problem=${encodeURIComponent(data.problems.hash[target.problem] || data.problemName(target.problem))}`
      : `rollout=${data.rollouts.id[data.uses.rollout[target.use]]}.${target.use}`;
  }

  follow() {
    const { data } = this, [kind, value] = location.hash.slice(1).split("=");
    if (kind === "problem") {
      const wanted = decoded(value), found = data.problems.hash.indexOf(wanted);
      const problem = found >= 0 ? found : data.problems.id.findIndex((id) => data.text(id) === wanted);
      if (problem >= 0) this.open(() => this.detail.problem(problem, this.uses.filter((use) => data.problemOf[use] === problem)));
    } else if (kind === "rollout") {
      const [id, place] = decoded(value).split("."), r = data.byId.get(id);
      if (r === undefined) return;
      const use = data.uses.rollout[+place] === r ? +place : data.usesOf[r][0];
      if (use !== undefined) this.open(() => this.detail.rollout(use));
    } else if (!this.detail.root.hidden) this.shut();
  }

  open(fill) {
    this.panes.classList.add("open");
    fill();
    this.detail.root.focus({ preventScroll: true });
    if (!this.scrolled) { this.root.scrollIntoView(); this.scrolled = true; }
  }

  close() { history.replaceState(null, "", "#rollouts"); this.shut(); }

  shut() {
    this.detail.root.hidden = true;
    this.panes.classList.remove("open");
    this.list.body.focus({ preventScroll: true });
  }

  key(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape" && !this.detail.root.hidden) this.close();
    else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) this.form.elements.text.focus();
    else return;
    event.preventDefault();
  }
}

function decoded(text) {
  try { return decodeURIComponent(text || ""); } catch { return ""; }
}

async function begin() {
  document.querySelectorAll("table.sortable").forEach((table) => { if (table.tHead && table.tBodies[0].rows.length > 1) sortable(table); });
  addEventListener("beforeprint", () => document.querySelectorAll("body > .foot details").forEach((part) => { part.open = true; }));
  const holder = document.getElementById("data"), root = document.getElementById("rollouts");
  if (!holder || !root) return;
  const count = root.querySelector(".count");
  if (!("DecompressionStream" in window)) {
    count.textContent = "This browser is too old to unpack the rollouts. pidistill show shows them in a terminal.";
    return;
  }
  count.textContent = "Unpacking ...";
  let data;
  try {
    data = new Data(await decode(holder.textContent));
  } catch (error) {
    count.textContent = `The rollouts in this file cannot be unpacked (${error.message}): it is not what was written.`;
    return;
  }
  holder.remove();
  new Browser(root, data);
}

requestAnimationFrame(() => setTimeout(begin));
