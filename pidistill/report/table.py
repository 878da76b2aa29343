"""The tables of a comparison, filled from its statistics.

Accuracies are in percent and differences in percentage points (pp). Nothing is computed here beyond that: each function
turns one result of `pidistill.stats` into rows of text, with the notes that a reader needs to believe them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pidistill.records import Status
from pidistill.report.model import Column, Entry, ReportMeta, Row, Table, Tone
from pidistill.stats.compare import ArmResult, Comparison, SideSummary
from pidistill.stats.findings import NEAR, Finding, PairFinding, largest_stated
from pidistill.stats.intervals import Estimate, Interval
from pidistill.stats.levels import Stratum
from pidistill.stats.pairs import PairResult
from pidistill.stats.significance import Equivalence

LEFT: Final = "left"
TONES: Mapping[Finding | PairFinding, Tone] = {
    "gain": "gain",
    "higher": "gain",
    "loss": "loss",
    "lower": "loss",
    "no effect shown": "none",
    "no difference shown": "none",
    "unreplicated": "unreplicated",
    "withheld": "warn",
}


def all_tables(
    comparison: Comparison, levels: Sequence[Stratum], bands: Sequence[Stratum], meta: ReportMeta
) -> tuple[Table, ...]:
    """Every table of the report in reading order; those without rows are left out."""
    tables = [
        effect_table(comparison.arms),
        seed_table(comparison.arms),
        published_table(comparison.arms, meta),
        stage_table(comparison.arms),
        response_table(comparison.arms),
        cost_table(comparison.arms),
        pair_table(comparison.pairs),
        strata_table("By level", "Level", levels, detail=False),
        strata_table("By pass rate before training", "Solved", bands, detail=True),
        check_table(comparison.arms),
    ]
    tables[6:6] = [rows.table() for rows in (meta.costs,) if rows is not None]
    tables += [rows.table() for rows in (meta.deviations, meta.excluded, meta.cards, meta.ledger) if rows is not None]
    tables[1:1] = [rows.table() for rows in (meta.registered,) if rows is not None]
    return tuple(table for table in tables if table.rows)


def report_notes(comparison: Comparison, meta: ReportMeta) -> tuple[str, ...]:
    """How the numbers of the whole report were made: one line each."""
    arms = comparison.arms
    family = sum(arm.finding != "unreplicated" for arm in arms)
    notes = [
        f"{_range([len(arm.seeds) for arm in arms])} seeds per arm, {_range([arm.problems for arm in arms])} held-out "
        "problems, the same ones in every seed and arm of a domain, before and after.",
        "Interval: 95 %, two-way random effects over seeds and problems (or their templates), so both choices count; "
        "Behrens-Fisher distribution. With one seed it covers the choice of problems alone.",
        f"Finding: by p(Holm), corrected over the {family} arm{'s' * (family != 1)} with at least two seeds, at 0.05. "
        "The intervals are not corrected: one may leave out zero where the finding does not."
        if family
        else f"Finding: none, since no arm has two seeds. p(Holm) is corrected over all {len(arms)}.",
        "'no effect shown' is not 'no effect': MDE is the true gain that the corrected test would have found four "
        "times in five (it is an estimate, too, and a rough one with few seeds). 'unreplicated': one seed, so no "
        "finding, whatever the number; its p is corrected over all arms.",
        f"Null: the change is shown to be smaller than {100 * comparison.margin:g} pp either way (two one-sided tests, "
        "Holm over the arms).",
    ]
    if meta.verifier:
        notes.append(f"Verifier: {meta.verifier}")
    return (*notes, *comparison.remarks, *meta.notes)


def effect_table(arms: Sequence[ArmResult]) -> Table:
    """Base, after, difference, interval and finding of each arm."""
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("Base"),
        Column("After"),
        Column("Delta"),
        Column("95 % interval"),
        Column("p(Holm)"),
        Column("Finding", LEFT),
    )
    rows = tuple(
        (
            Entry(arm.label),
            Entry(percent(arm.base.rate)),
            Entry(percent(arm.after.rate)),
            Entry(points(arm.delta.mean)),
            Entry(interval(arm.delta)),
            Entry(p_value(arm.p_holm)),
            Entry(arm.finding, TONES[arm.finding]),
        )
        for arm in arms
    )
    return Table("Effect of each arm", columns, rows, ("Accuracy in %, differences in percentage points (pp).",))


def published_table(arms: Sequence[ArmResult], meta: ReportMeta) -> Table:
    """Our difference, and beside it the published one, for arms that have one."""
    columns = (Column("Arm", LEFT, wrap=28), Column("Here, pp"), Column("Published", LEFT, wrap=60))
    rows = tuple(
        (
            Entry(arm.label),
            Entry(f"{points(arm.delta.mean)} {interval(arm.delta)}"),
            Entry(meta.published[arm.recipe], "dim"),
        )
        for arm in arms
        if meta.published.get(arm.recipe)
    )
    note = "Published on other models and data: set beside ours for orientation, not compared by a test."
    return Table("Published results", columns, rows, (note,))


def seed_table(arms: Sequence[ArmResult]) -> Table:
    """Each seed's own difference, their spread, and what the arm could have shown."""
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("Seeds"),
        Column("Mean +/- sd, pp"),
        Column("MDE pp"),
        Column("Null", LEFT),
        Column("Delta of each seed, pp", LEFT, wrap=48),
    )
    rows = []
    for arm in arms:
        spread = points(arm.delta.mean) + (f" +/- {100 * arm.sd:.1f}" if arm.sd is not None else "")
        each = ", ".join(points(delta) for delta in arm.seed_deltas)
        unsaid = arm.equivalence is None or arm.base.rate < NEAR
        room = "-" if unsaid else f"> {percent(largest_stated(arm.base.rate))}"
        mde = room if arm.mde is None else f"{100 * arm.mde:.1f}"
        null = Entry(equivalence(arm.equivalence, "null"))
        rows.append((Entry(arm.label), Entry(str(len(arm.seeds))), Entry(spread), Entry(mde), null, Entry(each)))
    beyond = any(row[3].text.startswith(">") for row in rows)
    note = (
        f"MDE '> x': no gain up to x would be found four times in five; one that ends within {100 * NEAR:.0f} points of"
    )
    notes = [f"{note} 100 % is not counted on."] if beyond else []
    if any(arm.base.rate < NEAR for arm in arms):
        notes.append(f"No MDE is stated from a base within {100 * NEAR:.0f} points of 0 %: seeds there are too skewed.")
    return Table("Seeds", columns, tuple(rows), tuple(notes))


def response_table(arms: Sequence[ArmResult]) -> Table:
    """Length and form of the answers, and what could not be judged, before -> after."""
    bounded = any(arm.base.outside or arm.after.outside or arm.left_out for arm in arms)
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("Tokens"),
        Column("Truncated %"),
        Column("No answer %"),
        Column("ERROR"),
        Column("ABSTAIN"),
        *([Column("Base % bounds"), Column("After % bounds"), Column("Left out")] if bounded else []),
    )
    rows = []
    for arm in arms:
        before, after = arm.base, arm.after
        cells = [
            Entry(arm.label),
            Entry(f"{before.tokens:.0f} -> {after.tokens:.0f}"),
            Entry(f"{percent(before.truncated)} -> {percent(after.truncated)}"),
            Entry(f"{percent(before.no_answer)} -> {percent(after.no_answer)}"),
            _outside(before, after, Status.ERROR),
            _outside(before, after, Status.ABSTAIN),
        ]
        if bounded:
            cells += [Entry(_bounds(before)), Entry(_bounds(after)), Entry(str(arm.left_out))]
        rows.append(tuple(cells))
    notes = ["Base -> after; length in tokens, mean over all samples."]
    if bounded:
        notes.append(
            "ERROR and ABSTAIN are outside the denominator; the bounds are the rates over all problems had every such "
            "sample failed, or passed. 'Left out': problems that some seed could not judge."
        )
    return Table("Responses", columns, tuple(rows), tuple(notes))


def stage_table(arms: Sequence[ArmResult]) -> Table:
    """What was measured after each stage, for arms of more than one."""
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("After stage", LEFT),
        Column("Accuracy"),
        Column("Tokens"),
        Column("Examples"),
        Column("Steps"),
    )
    rows: list[Row] = []
    breaks = set()
    for arm in arms:
        if len(arm.stages) < 2:
            continue
        start = (Entry(""), Entry("before"), Entry(percent(arm.base.rate)), Entry(f"{arm.base.tokens:.0f}"))
        rows.append((Entry(arm.label), *start[1:], Entry("-"), Entry("-")))
        for stage in arm.stages:
            rate = "-" if stage.rate is None else percent(stage.rate)
            counts = (Entry(str(stage.examples)), Entry(str(stage.steps)))
            rows.append((Entry(""), Entry(stage.name), Entry(rate), Entry(f"{stage.tokens:.0f}"), *counts))
        breaks.add(len(rows) - 1)
    notes = ("Mean over seeds; tokens: mean length of an answer. Examples and steps are sums over seeds.",)
    return Table("Stages", columns, tuple(rows), notes, breaks=frozenset(breaks - {len(rows) - 1}))


def cost_table(arms: Sequence[ArmResult]) -> Table:
    """What each arm trained on and paid, all seeds together."""
    unjudged = any(arm.training.unjudged for arm in arms)
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("Examples"),
        Column("Steps"),
        *([Column("ERROR")] if unjudged else []),
        Column("Retries passed"),
        Column("Generated"),
        Column("Trained"),
        Column("Rollouts"),
    )
    rows = []
    for arm in arms:
        t = arm.training
        retries = "-" if t.retry_success is None else f"{percent(t.retry_success)}% of {t.retries}"
        counts = (t.generated_tokens, t.trained_tokens, f"{t.rollouts_made} + {t.rollouts_reused}")
        short = t.steps < t.steps_asked
        steps = Entry(f"{t.steps} of {t.steps_asked}" if short else str(t.steps), "warn" if short else "")
        outside = [Entry(str(t.unjudged), "warn" if t.unjudged else "")] if unjudged else []
        head = (Entry(arm.label), Entry(str(t.examples)), steps, *outside, Entry(retries))
        rows.append((*head, *(Entry(str(n)) for n in counts)))
    notes = (
        "Sums over seeds. Steps: of the optimizer, taken, and where they are fewer, of those asked for. Generated, "
        "trained: completion tokens. Rollouts: sampled by this arm itself + taken from the store."
        + (" ERROR: training rollouts that could not be judged, which no arm trains on." if unjudged else ""),
    )
    return Table("Training", columns, tuple(rows), notes)


def pair_table(pairs: Sequence[PairResult]) -> Table:
    """Arms against each other."""
    columns = (
        Column("Gain of one arm minus another's", LEFT, wrap=48),
        Column("pp"),
        Column("95 % interval"),
        Column("p(Holm)"),
        Column("MDE"),
        Column("Finding", LEFT),
        Column("Indistinguishable", LEFT),
    )
    rows = tuple(
        (
            Entry(f"{pair.a} - {pair.b}"),
            Entry(points(pair.difference.mean)),
            Entry(interval(pair.difference)),
            Entry(p_value(pair.p_holm)),
            Entry("-" if pair.equivalence is None else "> 100" if pair.mde is None else f"{100 * pair.mde:.1f}"),
            Entry(pair.finding, TONES[pair.finding]),
            Entry(equivalence(pair.equivalence, "yes")),
        )
        for pair in pairs
    )
    if not pairs:
        return Table("Arms against each other", columns, rows)
    seeds, problems = _range([len(pair.seeds) for pair in pairs]), _range([pair.problems for pair in pairs])
    note = (
        f"Paired by seed and by problem ({seeds} seeds, {problems} problems); p corrected (Holm) over these "
        f"{len(pairs)} pairs, a family of their own. 'no difference shown' is not 'indistinguishable': that is a test "
        "of its own (two one-sided tests, corrected alike), with the margin it names; MDE as for arms."
    )
    return Table("Arms against each other", columns, rows, (note,))


def strata_table(title: str, name: str, strata: Sequence[Stratum], detail: bool) -> Table:
    """Each part of the problems, and in it each arm, so that arms are read against each other."""
    columns = (
        Column(name, LEFT),
        Column("Problems"),
        Column("Arm", LEFT, wrap=28),
        Column("Base"),
        Column("After"),
        Column("Delta"),
        Column("95 % interval"),
    )
    names = list(dict.fromkeys(stratum.name for stratum in strata))
    rows: list[Row] = []
    breaks = set()
    for part in names:
        for place, stratum in enumerate(s for s in strata if s.name == part):
            head = (Entry(part if place == 0 else ""), Entry(str(stratum.problems)))
            rates = (Entry(percent(stratum.base)), Entry(percent(stratum.after)))
            change = (Entry(points(stratum.delta.mean)), Entry(interval(stratum.delta)))
            rows.append((*head, Entry(stratum.label), *rates, *change))
        breaks.add(len(rows) - 1)
    notes = ["Two-way intervals as above, not corrected for their number: a description, not a test."]
    if detail:
        notes.append(
            "The bands are cut on the same base scores that the difference subtracts, so the lowest band gains and the "
            "highest loses even when nothing was learnt: read an arm against its control in the same band, not "
            "against zero."
        )
    return Table(title, columns, tuple(rows), tuple(notes), detail, frozenset(breaks - {len(rows) - 1}))


def check_table(arms: Sequence[ArmResult]) -> Table:
    """Other ways to the same interval, and McNemar's test, which decide nothing."""
    columns = (
        Column("Arm", LEFT, wrap=28),
        Column("Interval by", LEFT),
        Column("Two-way"),
        Column("df"),
        Column("t over seeds"),
        Column("Bootstrap"),
        Column("Gained/lost"),
        Column("McNemar p"),
        Column("p of each seed", LEFT, wrap=40),
    )
    rows = tuple(
        (
            Entry(arm.label),
            Entry(arm.delta.method),
            Entry(interval(arm.delta)),
            Entry("-" if arm.delta.df is None else f"{arm.delta.df:.1f}"),
            Entry(interval(arm.over_seeds)),
            Entry(interval(arm.bootstrap)),
            Entry(f"{arm.mcnemar.gained}/{arm.mcnemar.lost}"),
            Entry(p_value(arm.mcnemar.p)),
            Entry(", ".join(p_value(test.p) for test in arm.mcnemar_seeds)),
        )
        for arm in arms
    )
    notes = (
        "t over seeds ignores the choice of problems; the bootstrap resamples seeds and problems (pigeonhole, "
        "percentile).",
        "McNemar: exact, uncorrected; pooled on the sign of each problem's mean difference over the seeds, and within "
        "each seed.",
    )
    return Table("Cross-checks", columns, rows, notes, detail=True)


def percent(rate: float) -> str:
    """0.4167 -> '41.7'."""
    return f"{100 * rate:.1f}"


def points(difference: float) -> str:
    """0.0833 -> '+8.3'; zero has no sign."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def interval(estimate: Estimate | Interval | None) -> str:
    """'[-1.2, +4.5]' in percentage points, '-' where there is none."""
    return "-" if estimate is None else f"[{points(estimate.low)}, {points(estimate.high)}]"


def equivalence(test: Equivalence | None, word: str) -> str:
    """'null within 2 pp (p 0.012)', 'not shown (p 0.31)', '-' where there is no test."""
    if test is None:
        return "-"
    p = p_value(test.p_holm)
    said = f"p {p}" if p[0] != "<" else f"p {p[0]} {p[1:]}"
    return f"{word} within {100 * test.margin:g} pp ({said})" if test.shown else f"not shown ({said})"


def p_value(p: float | None) -> str:
    """Three decimals, '<0.001' below, '-' where there is none. Never rounded across 0.05."""
    if p is None:
        return "-"
    if p < 0.001:
        return "<0.001"
    text = f"{p:.3f}"
    return f"{p:.4g}" if text == "0.050" and p > 0.05 else text


def _outside(before: SideSummary, after: SideSummary, status: Status) -> Entry:
    counts = [side.statuses.get(status.value, 0) for side in (before, after)]
    return Entry(f"{counts[0]} -> {counts[1]}", "warn" if any(counts) else "")


def _bounds(side: SideSummary) -> str:
    return f"{percent(side.worst)} to {percent(side.best)}"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
