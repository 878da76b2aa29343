// The rollouts that the page carries: decoded once, then looked at by number. Nothing here touches the page.

const STATUSES = ["PASS", "FAIL", "NO_ANSWER", "TIMEOUT", "REJECTED", "ABSTAIN", "ERROR", "not judged"];
const RIGHT = 1, WRONG = -1;
const order = new Intl.Collator("en", { numeric: true });

async function decode(base64) {
  const binary = atob(base64), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

class Data {
  constructor(raw) {
    Object.assign(this, raw);
    const { uses, rollouts, problems } = raw;
    this.count = uses.rollout.length;
    this.problemOf = uses.rollout.map((r) => rollouts.problem[r]);
    this.armOf = uses.cell.map((c) => raw.cells[c][1]);
    this.statusOf = uses.verdict.map((v, use) =>
      v >= 0 ? STATUSES.indexOf(raw.verdicts.status[v]) : uses.judged[use] ? 6 : 7);
    this.problemRank = ranks(problems.id.map((t) => this.texts[t]));
    this.byId = new Map(rollouts.id.map((id, r) => [id, r]));
    this.usesOf = grouped(uses.rollout, rollouts.id.length);
    this.usesOfProblem = grouped(this.problemOf, problems.id.length);
    this.final = raw.cells.map(() => -1); // where each cell was measured last: a recipe's earlier stages are, too
    uses.place.forEach((place, use) => {
      const cell = uses.cell[use];
      if (raw.places[place][2] === "evaluate after") this.final[cell] = Math.max(this.final[cell], place);
    });
    this.children = new Map();
    rollouts.parent.forEach((id, r) => {
      if (id) this.children.set(id, [...(this.children.get(id) || []), r]);
    });
  }

  text(place) { return place < 0 || place === undefined ? "" : this.texts[place]; }
  seed(use) { return this.cells[this.uses.cell[use]][2]; }
  level(use) { return this.problems.level[this.problemOf[use]]; }
  flip(use) { return this.uses.flip[use]; }
  place(use) { return this.places[this.uses.place[use]]; }
  tokens(use) { return this.rollouts.tokens[this.uses.rollout[use]]; }
  problemName(problem) { return this.text(this.problems.id[problem]); }
  answer(use) { const v = this.uses.verdict[use]; return v < 0 ? "" : this.text(this.verdicts.answer[v]); }
  completion(use) { return this.text(this.rollouts.completion[this.uses.rollout[use]]); }

  where(use) {
    const [stage, turn, arrow] = this.place(use);
    return turn ? `${arrow} (${stage} ${turn})` : stage && this.stages().length > 1 ? `${arrow} ${stage}` : arrow;
  }

  stages() { return (this._stages ||= [...new Set(this.places.map((p) => p[0]).filter(Boolean))]); }

  // The rollout of the same problem, cell and sample on the other side of the training; -1 where there is none.
  other(use) {
    const arrow = this.place(use)[2], wanted = { "evaluate before": "evaluate after", "evaluate after": "evaluate before" }[arrow];
    if (!wanted) return -1;
    const mine = this.usesOfProblem[this.problemOf[use]].filter((u) => this.uses.cell[u] === this.uses.cell[use]);
    const here = mine.filter((u) => this.uses.place[u] === this.uses.place[use]);
    const places = mine.filter((u) => this.place(u)[2] === wanted).map((u) => this.uses.place[u]);
    const there = mine.filter((u) => this.uses.place[u] === Math.max(...places));
    return there[here.indexOf(use)] ?? there[0] ?? -1;
  }

  // Rows of the list that a filter leaves, as numbers of uses.
  matching(filter) {
    const hit = filter.text ? this.search(filter.text) : null, found = [];
    for (let use = 0; use < this.count; use++) {
      if (filter.arm !== "" && this.armOf[use] !== +filter.arm) continue;
      if (filter.seed !== "" && this.seed(use) !== +filter.seed) continue;
      if (filter.level !== "" && String(this.level(use)) !== filter.level) continue;
      if (filter.status !== "" && this.statusOf[use] !== +filter.status) continue;
      if (filter.flip !== "" && this.flip(use) !== +filter.flip) continue;
      if (filter.where !== "" && this.place(use)[2] !== filter.where) continue;
      if (hit && !hit(use)) continue;
      found.push(use);
    }
    return found;
  }

  // Whether a use has `text` anywhere: each text is looked at once, however many rows share it.
  search(text) {
    const wanted = text.toLowerCase();
    this.lower ||= this.texts.map((t) => t.toLowerCase());
    const hit = this.lower.map((t) => t.includes(wanted)), at = (place) => place >= 0 && hit[place];
    const { problems, prompts, pi, rollouts, verdicts } = this;
    const inProblem = problems.id.map((id, p) =>
      at(id) || at(problems.prompt[p]) || at(problems.reference[p]) || at(problems.solution[p]));
    const inPrompt = prompts.map((messages) => messages.some((message) => at(message[1])));
    const inPi = pi.form.map((form, p) => at(form) || at(pi.text[p]));
    const inVerdict = verdicts.status.map((_, v) =>
      at(verdicts.answer[v]) || at(verdicts.reason[v]) || at(verdicts.diagnostics[v]));
    const inRollout = rollouts.id.map((id, r) =>
      id.startsWith(wanted) || at(rollouts.completion[r]) || inProblem[rollouts.problem[r]] ||
      inPrompt[rollouts.prompt[r]] || rollouts.pi[r].some((p) => inPi[p]));
    return (use) => inRollout[this.uses.rollout[use]] || (this.uses.verdict[use] >= 0 && inVerdict[this.uses.verdict[use]]);
  }

  // What a list of problems shows: rates of what was judged before and after, and how many cells flipped.
  summed(uses) {
    const found = new Map(), cells = new Set();
    for (const use of uses) {
      const p = this.problemOf[use], arrow = this.place(use)[2], status = this.statusOf[use];
      let row = found.get(p);
      if (!row) found.set(p, (row = { problem: p, uses: 0, before: [0, 0], after: [0, 0], right: 0, wrong: 0 }));
      row.uses++;
      const last = this.uses.place[use] === this.final[this.uses.cell[use]];
      const side = arrow === "evaluate before" ? row.before : last ? row.after : null;
      if (side && status < 5) { side[0] += status === 0; side[1]++; }
      const key = this.uses.cell[use] * this.problems.id.length + p;
      if (Math.abs(this.flip(use)) === 1 && !cells.has(key)) {
        cells.add(key);
        row[this.flip(use) === RIGHT ? "right" : "wrong"]++;
      }
    }
    return [...found.values()];
  }
}

function grouped(of, count) {
  const groups = Array.from({ length: count }, () => []);
  of.forEach((group, member) => groups[group].push(member));
  return groups;
}

function ranks(names) {
  const ranked = new Array(names.length);
  names.map((name, place) => [name, place]).sort((a, b) => order.compare(a[0], b[0])).forEach(([, place], rank) => {
    ranked[place] = rank;
  });
  return ranked;
}
