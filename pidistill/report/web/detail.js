// What stands beside the list: one problem with all that was said to it, or one rollout from its PI to its verdict.

const MOST_LINES = 300;

class Detail {
  // `visit(target)` goes to {problem} or {use}; `close()` is told when a person is done.
  constructor(root, data, visit, close) { Object.assign(this, { root, data, visit, close }); }

  problem(problem, uses) {
    const { data } = this, of = data.problems, level = of.level[problem];
    const line = (use) => el("tr", { tabindex: "0", "data-use": use, on: {
      click: () => this.visit({ use }),
      keydown: (event) => { if (event.key === "Enter") { this.visit({ use }); event.stopPropagation(); } },
    } },
    el("td", { class: STATUSES[data.statusOf[use]].replace(" ", "-") }, STATUSES[data.statusOf[use]]), el("td", {}, ...words(data.where(use))),
    el("td", {}, ...words(data.arms[data.armOf[use]])), el("td", { class: "right" }, data.seed(use)),
    el("td", { class: FLIP_CLASS[data.flip(use)] || "" }, FLIPS[data.flip(use)]), el("td", { class: "right" }, data.tokens(use)),
    el("td", {}, ...words(shortened(data.answer(use), 40))));
    const table = el("table", { class: "uses" },
      el("thead", {}, el("tr", {}, ...["Status", "Where", "Arm", "Seed", "Flip", "Tokens", "Answer"].map((name) => el("th", {}, name)))),
      el("tbody", {}, ...uses.slice(0, MOST_LINES).map(line)));
    sortable(table);
    const more = uses.length > MOST_LINES ? el("p", { class: "note" }, `The first ${MOST_LINES} of ${uses.length}; the filters narrow them.`) : null;
    this.fill(`Problem ${data.problemName(problem)}`, null,
      el("p", { class: "note" }, level === null ? "" : `Level ${level}. `, data.text(of.source[problem])),
      ...this.block("Prompt", of.prompt[problem]), ...this.block("Reference", of.reference[problem]),
      of.solution[problem] >= 0 ? el("details", {}, el("summary", {}, "Solution"), el("pre", {}, data.text(of.solution[problem]))) : null,
      el("h3", {}, `Rollouts that the filters leave: ${uses.length}`),
      el("div", { class: "wide", tabindex: "0" }, table), more);
  }

  rollout(use) {
    const { data } = this, r = data.uses.rollout[use], of = data.rollouts, problem = of.problem[r];
    const pi = of.pi[r].flatMap((place) => this.pi(place));
    const prompt = data.prompts[of.prompt[r]].flatMap(([role, text]) => [el("p", { class: "note" }, role), el("pre", {}, data.text(text))]);
    const other = data.other(use), before = data.place(use)[2] === "evaluate before";
    const sides = other < 0 ? [use] : before ? [use, other] : [other, use];
    const examples = of.examples[r].map(([cell, turn, form, weight, advantage]) => el("li", {},
      `${data.cells[cell][0]}, turn ${turn}: weight ${weight}` + (advantage === null ? "" : `, advantage ${advantage}`) +
      `, teacher's PI: ${data.text(form)}`));
    this.fill(`Rollout ${of.id[r].slice(0, 12)}`, { problem },
      el("dl", {}, ...this.terms([
        ["Problem", this.link(data.problemName(problem), { problem })],
        ["Arm, seed", `${data.arms[data.armOf[use]]}, ${data.seed(use)}`], ["Where", data.where(use)],
        ["Said by", `${data.text(of.role[r])}, attempt ${of.attempt[r]}, ${data.text(of.engine[r])}, model ${data.text(of.model[r])}`],
        ["Drawn", `temperature ${of.temperature[r]}, seed ${of.seed[r]}; ${of.prompt_tokens[r]} tokens of prompt`],
        ["Follows", this.related(of.parent[r])],
        ["Followed by", this.list((data.children.get(of.id[r]) || []).map((child) => this.related(of.id[child])))],
      ])),
      el("section", { "data-step": "pi" }, el("h3", {}, "1. PI in its prompt"), ...(pi.length ? pi : [el("p", { class: "note" }, "None.")])),
      el("section", { "data-step": "prompt" }, el("h3", {}, "2. Prompt as sent"), ...prompt),
      el("section", { "data-step": "completion" }, el("h3", {}, other < 0 ? "3. Completion and verdict" : "3. Completion and verdict, before training and after it"),
        el("div", { class: "beside" }, ...sides.map((side) => this.side(side, side === use)))),
      el("section", { "data-step": "examples" }, el("h3", {}, "4. Trained on"),
        examples.length ? el("ul", {}, ...examples) : el("p", { class: "note" }, "No example was made of it.")),
      el("section", { "data-step": "uses" }, el("h3", {}, "5. Paid by, and used by"),
        el("p", { class: "note" }, `${data.text(of.paid[r])} at ${of.at[r]}`),
        el("ul", {}, ...data.usesOf[r].map((u) => el("li", {}, `${data.cells[data.uses.cell[u]][0]}: `,
          u === use ? data.where(u) : this.link(data.where(u), { use: u }))))),
      el("p", { class: "note" }, "In a terminal: ", el("code", {}, `pidistill show ${of.id[r]}`)));
  }

  side(use, here) {
    const { data } = this, r = data.uses.rollout[use], v = data.uses.verdict[use], status = STATUSES[data.statusOf[use]];
    const name = data.where(use), said = data.verdicts;
    const parts = [el("p", { class: "note" }, here ? name : this.link(name, { use }),
      `, ${data.rollouts.tokens[r]} tokens${data.rollouts.truncated[r] ? ", cut off at the limit" : ""}`),
    el("pre", { class: "completion" }, data.completion(use)),
    el("p", {}, "Verdict: ", el("b", { class: status.replace(" ", "-") }, status), v >= 0 ? `, score ${said.score[v]}, ${said.seconds[v]} s` : "")];
    if (v >= 0) {
      parts.push(el("dl", {}, ...this.terms([
        ["Answer", said.answer[v] < 0 ? "none" : data.text(said.answer[v])], ["Reason", data.text(said.reason[v])],
        ["Verifier", data.text(said.verifier[v])],
      ])));
      if (data.text(said.diagnostics[v])) parts.push(el("p", { class: "note" }, "Diagnostics"), el("pre", {}, data.text(said.diagnostics[v])));
    } else if (status === "ERROR") parts.push(el("p", { class: "note" }, "No verdict is kept: it ended in ERROR, and is tried again by the next run."));
    return el("div", { class: "side", "data-use": use }, ...parts);
  }

  pi(place) {
    const { data } = this, of = data.pi;
    const links = [of.about[place] && ["about", of.about[place]], of.written_by[place] && ["written in", of.written_by[place]]].filter(Boolean);
    return [el("p", { class: "note" }, `${data.text(of.form[place])}, reveals ${data.text(of.reveals[place])}`,
      ...links.flatMap(([name, id]) => [`, ${name} `, this.related(id)])), el("pre", { class: "pi" }, data.text(of.text[place]))];
  }

  // A rollout by its id: a link where this page has it.
  related(id) {
    if (!id) return null;
    const r = this.data.byId.get(id), use = r === undefined ? undefined : this.data.usesOf[r][0];
    return use === undefined ? el("code", {}, id) : this.link(id.slice(0, 12), { use });
  }

  link(text, target) { return el("button", { type: "button", class: "link", on: { click: () => this.visit(target) } }, text); }

  list(links) { return links.length ? el("span", {}, ...links.flatMap((link, place) => (place ? [", ", link] : [link]))) : null; }

  terms(pairs) {
    return pairs.filter(([, value]) => value !== null && value !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
  }

  block(name, place) { return place < 0 ? [] : [el("h3", {}, name), el("pre", {}, this.data.text(place))]; }

  fill(title, up, ...children) {
    const bar = el("div", { class: "bar" }, el("span", { class: "grow" }, title),
      up && el("button", { type: "button", on: { click: () => this.visit(up) } }, "Its problem"),
      el("button", { type: "button", class: "close", on: { click: () => this.close() } }, "Close"));
    this.root.replaceChildren(bar, ...children.filter(Boolean));
    this.root.hidden = false;
    this.root.scrollTop = 0;
  }
}
