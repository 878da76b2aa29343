// The list of rollouts, or of problems: as many rows as there are, of which those in view are elements.

const FLIPS = { 1: "→ right", [-1]: "→ wrong", 2: "same", 0: "" };
const FLIP_CLASS = { 1: "up", [-1]: "down" };

// A column: its head, its width, whether a phone shows it, what it sorts by, what it shows.
function rolloutColumns(data) {
  return [
    ["Problem", "minmax(6rem, 1.3fr)", true, (u) => data.problemRank[data.problemOf[u]], (u) => data.problemName(data.problemOf[u])],
    ["Level", "3rem", false, (u) => data.level(u) ?? Infinity, (u) => data.level(u) ?? "-", "num"],
    ["Arm", "minmax(5rem, 1.2fr)", true, (u) => data.armOf[u], (u) => data.arms[data.armOf[u]]],
    ["Seed", "2.6rem", false, (u) => data.seed(u), (u) => data.seed(u), "num"],
    ["Where", "minmax(5rem, 1fr)", true, (u) => data.uses.place[u], (u) => data.where(u)],
    ["Status", "6.2rem", true, (u) => data.statusOf[u], (u) => STATUSES[data.statusOf[u]], (u) => STATUSES[data.statusOf[u]].replace(" ", "-")],
    ["Flip", "4.6rem", false, (u) => data.flip(u), (u) => FLIPS[data.flip(u)], (u) => FLIP_CLASS[data.flip(u)] || ""],
    ["Tokens", "3.6rem", false, (u) => data.tokens(u), (u) => data.tokens(u), "num"],
    ["Answer", "minmax(5rem, 1.6fr)", true, null, (u) => shortened(data.answer(u) || data.completion(u), 90)],
  ];
}

function problemColumns(data) {
  const rate = (pair) => (pair[1] ? pair[0] / pair[1] : -1), problems = data.problems;
  return [
    ["Problem", "minmax(6rem, 1.2fr)", true, (r) => data.problemRank[r.problem], (r) => data.problemName(r.problem)],
    ["Level", "3rem", false, (r) => problems.level[r.problem] ?? Infinity, (r) => problems.level[r.problem] ?? "-", "num"],
    ["Before", "3.8rem", true, (r) => rate(r.before), (r) => percent(r.before), "num"],
    ["After", "3.8rem", true, (r) => rate(r.after), (r) => percent(r.after), "num"],
    ["Right", "3.2rem", false, (r) => r.right, (r) => r.right || "", () => "num up"],
    ["Wrong", "3.4rem", false, (r) => r.wrong, (r) => r.wrong || "", () => "num down"],
    ["Rollouts", "4.2rem", true, (r) => r.uses, (r) => r.uses, "num"],
    ["Text", "minmax(6rem, 3fr)", true, null, (r) => shortened(data.text(problems.prompt[r.problem]), 160)],
  ];
}

class List {
  // `open(row)` is told of the row that a person asks for.
  constructor(root, open) {
    Object.assign(this, { root, open, rows: [], columns: [], at: -1, first: 0, sort: null, down: false });
    this.heads = root.querySelector(".heads");
    this.body = root.querySelector(".rows");
    this.space = root.querySelector(".space");
    this.drawn = new Map();
    this.body.addEventListener("scroll", () => this.draw(), { passive: true });
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) { this.go(+row.dataset.place); this.open(this.rows[this.at]); }
    });
    new ResizeObserver(() => this.relayout()).observe(this.body);
  }

  show(columns, rows) {
    const changed = columns !== this.columns;
    if (changed) { this.sort = null; this.down = false; }
    Object.assign(this, { columns, rows, at: -1 });
    this.root.style.setProperty("--columns", columns.map((c) => c[1]).join(" "));
    this.body.scrollTop = 0;
    this.sorted();
  }

  sorted() {
    if (this.sort !== null) {
      const key = this.columns[this.sort][3], keys = new Map(this.rows.map((row) => [row, key(row)]));
      const turn = this.down ? -1 : 1;
      this.rows.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        return x === y ? 0 : x < y ? -turn : turn;
      });
    }
    this.heads.replaceChildren(...this.columns.map((column, place) => {
      const name = column[0], mark = this.sort === place ? (this.down ? " ↓" : " ↑") : "";
      const attributes = { class: column[5] === "num" ? "num" : "", "data-narrow": column[2] ? "yes" : "no" };
      if (!column[3]) return el("span", { ...attributes, class: "dim" }, name);
      return el("button", { ...attributes, type: "button", "aria-pressed": String(this.sort === place),
        title: `Sort by ${name.toLowerCase()}`, on: { click: () => this.sortBy(place) } }, name + mark);
    }));
    this.relayout();
  }

  sortBy(place) {
    this.down = this.sort === place && !this.down;
    this.sort = place;
    this.at = -1;
    this.sorted();
  }

  relayout() {
    this.height = parseFloat(getComputedStyle(this.space).getPropertyValue("--row")) || 30;
    this.space.style.height = `${this.rows.length * this.height}px`;
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.draw();
  }

  draw() {
    const from = Math.max(0, Math.floor(this.body.scrollTop / this.height) - 6);
    const to = Math.min(this.rows.length, Math.ceil((this.body.scrollTop + this.body.clientHeight) / this.height) + 6);
    for (const [place, row] of this.drawn) {
      if (place < from || place >= to) { row.remove(); this.drawn.delete(place); }
    }
    for (let place = from; place < to; place++) {
      if (!this.drawn.has(place)) {
        const row = this.element(place);
        this.drawn.set(place, row);
        this.space.append(row);
      }
    }
    this.body.setAttribute("aria-rowcount", this.rows.length);
  }

  element(place) {
    const row = this.rows[place];
    const cells = this.columns.map((column) => {
      const shown = column[4](row), style = typeof column[5] === "function" ? column[5](row) : column[5] || "";
      return el("span", { role: "gridcell", class: style, "data-narrow": column[2] ? "yes" : "no", title: String(shown) }, shown);
    });
    const made = el("div", { role: "row", id: `row-${place}`, class: place === this.at ? "row at" : "row",
      "data-place": place, "aria-rowindex": place + 1, "aria-selected": String(place === this.at) }, ...cells);
    made.style.top = `${place * this.height}px`;
    return made;
  }

  go(place) {
    if (!this.rows.length) return;
    const before = this.drawn.get(this.at);
    if (before) { before.classList.remove("at"); before.setAttribute("aria-selected", "false"); }
    this.at = Math.max(0, Math.min(this.rows.length - 1, place));
    const top = this.at * this.height, body = this.body;
    if (top < body.scrollTop) body.scrollTop = top;
    if (top + this.height > body.scrollTop + body.clientHeight) body.scrollTop = top + this.height - body.clientHeight;
    this.draw();
    const now = this.drawn.get(this.at);
    if (now) { now.classList.add("at"); now.setAttribute("aria-selected", "true"); }
    body.setAttribute("aria-activedescendant", `row-${this.at}`);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.height) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) this.go(Math.max(0, Math.min(this.rows.length - 1, this.at + step)));
    else if (event.key === "Enter" && this.at >= 0) this.open(this.rows[this.at]);
    else return;
    event.preventDefault();
  }
}
