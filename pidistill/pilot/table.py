"""A law, a gap and advice as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pidistill.law.advise import Advice, Cost
from pidistill.law.fit import PUBLISHED, HeldOut, Law, Line
from pidistill.law.gaps import FormGap, Gap, Speaker
from pidistill.pilot.outcomes import Outcome
from pidistill.report.model import Column, Entry, Row, Table
from pidistill.report.table import interval, percent, points
from pidistill.stats.intervals import Interval

LEFT: Final = "left"


def row(*texts: str) -> Row:
    """Cells without a tone."""
    return tuple(Entry(text) for text in texts)


def law_tables(law: Law) -> list[Table]:
    """The fits, what they are worth on what they have not seen, and the confounders."""
    columns = (Column("Fit", LEFT), Column("Configurations"), Column("Slope"), Column("95 % interval"),
               Column("Intercept, pp"), Column("95 % interval"), Column("R^2"), Column("Residual sd, pp"))  # fmt: skip
    fits = [("pooled", law.pooled), *((own.name, own.line) for own in (*law.domains, *law.families))]
    rows = [
        row(name, str(fit.n), f"{fit.slope:.2f}", span(fit.slope_interval), f"{fit.intercept:+.1f}",
            span(fit.intercept_interval), f"{fit.r2:.2f}", f"{fit.residual_sd:.1f}")
        for name, fit in fits
    ]  # fmt: skip
    published = "; ".join(f"{what}: slope {slope}, R^2 {r2}" for what, slope, r2 in PUBLISHED)
    notes = ("Improvement after training over the self-teacher's gap before it, least squares with an intercept.",
             f"Published (seed 003): {published}.")  # fmt: skip
    tables = [Table("The law", columns, tuple(rows), notes), held_out_table(law)]
    if law.confounders:
        tables.append(_confounders(law))
    return tables


def held_out_table(law: Law) -> Table:
    """Each configuration, predicted from the others."""
    every = (("base", law.by_model), ("family", law.by_family), ("domain", law.by_domain))
    without = {name: held for name, held in every if held is not None}
    columns = (Column("Configuration", LEFT, wrap=48), Column("Family", LEFT), Column("Gap, pp"), Column("Improvement"),
               Column("Law"), Column("Mean of the others"),
               *(Column(f"Law without its {name}") for name in without))  # fmt: skip
    own = law.by_configuration
    others = [dict(zip(held.labels, held.law, strict=True)) for held in without.values()]
    rows = []
    for c, guess, mean in zip(law.configurations, own.law, own.mean, strict=True):
        texts = [c.label, c.family, f"{c.gap:+.1f}", f"{c.improvement:+.1f}", f"{guess:+.1f}", f"{mean:+.1f}"]
        rows.append(row(*texts, *(f"{of[c.label]:+.1f}" for of in others)))
    return Table("Predicted from the others", columns, tuple(rows), statements(law))


def statements(law: Law) -> tuple[str, ...]:
    """Whether the law predicts, in words."""
    every: tuple[HeldOut | None, ...] = (law.by_configuration, law.by_model, law.by_family, law.by_domain)
    said = [held.sentence for held in every if held is not None]
    if law.by_model is not None:
        said.append(
            "Configurations of one base have much in common, so what counts is the error on a base that was left out."
        )
    if law.by_family is None:
        said.append("Fewer than three families of models: how far the law carries to a new one cannot be said.")
    if law.by_domain is None:
        said.append("One domain: how far the law carries to another cannot be said.")
    return tuple(said)


def _confounders(law: Law) -> Table:
    columns = (Column("Confounder", LEFT), Column("With gap"), Column("With improvement"),
               Column("Slope of the gap beside it"), Column("95 % interval"), Column("RMSE alone, pp"))  # fmt: skip
    rows = [
        row(c.name, f"{c.with_gap:+.2f}", f"{c.with_improvement:+.2f}", f"{c.slope:.2f}",
            span(c.slope_interval) if c.slope_interval else "-", f"{c.alone_rmse:.1f}")
        for c in law.confounders
    ]  # fmt: skip
    note = (
        "Correlations over configurations; the slope is the gap's with the confounder held fixed. The gap's own "
        f"error, {law.judged_by.what} left out, is {law.judged_by.law_rmse:.1f} pp: a confounder that alone does as "
        "well explains as much."
    )
    return Table("Confounders", columns, tuple(rows), (note,))


def span(found: Interval) -> str:
    """'1.20 to 1.80'."""
    return f"{found.low:.2f} to {found.high:.2f}"


def line_text(fit: Line) -> str:
    """'improvement = 0.3 + 1.49 gap'."""
    return f"improvement = {fit.intercept:.1f} + {fit.slope:.2f} gap (R^2 {fit.r2:.2f}, {fit.n} configurations)"


def gap_tables(gap: Gap) -> list[Table]:
    """Student, control and teachers, and what else the pilot says."""
    columns = (Column("Who", LEFT, wrap=30), Column("Sees", LEFT), Column("Reached"), Column("Pass rate %"),
               Column("95 % interval"), Column("Gap, pp"), Column("95 % interval"), Column("Over resampling"),
               Column("95 % interval"), Column("Reached only"), Column("Context, tokens"))  # fmt: skip
    everyone = str(gap.problems)
    rows: list[Row] = [
        row("student", "the problem", everyone, *_speaker(gap.student), "-", "-", "-", "-", "-", "-"),
        row("student again", "the problem", everyone, *_speaker(gap.control), points(gap.resampling.mean),
            interval(gap.resampling), "0.0", "-", "-", "-"),
        *(_form(form) for form in gap.forms),
    ]  # fmt: skip
    notes = (
        f"{gap.problems} of {gap.train_problems} training problems, {gap.samples} samples each, paired by problem "
        "(problems of one template resampled together); greedy baseline on the held-out problems.",
        "'student again' is the resampling control. 'Over resampling': the teacher over it; where a context reaches "
        "some problems only, the plain gap holds what sampling again would have given. 'Reached only': likewise.",
    )
    return [Table("Gap before training", columns, tuple(rows), notes), pilot_table(gap)]


def _speaker(who: Speaker) -> tuple[str, str]:
    return percent(who.rate), f"{percent(who.interval.low)} to {percent(who.interval.high)}"


def _form(form: FormGap) -> Row:
    if form.teacher is None:
        return row(form.form, form.reveals, "0", *["-"] * 8)
    reached = "-" if form.net_reached is None else points(form.net_reached.mean)
    return row(
        form.form, form.reveals, str(form.reached), *_speaker(form.teacher), points(form.gap.mean), interval(form.gap),
        points(form.net.mean), interval(form.net), reached, f"{form.context_tokens:.0f}",
    )  # fmt: skip


def pilot_table(gap: Gap) -> Table:
    """What else the pilot says."""
    base = "-"
    if gap.baseline_rate is not None:
        around = f"{percent(gap.baseline.low)} to {percent(gap.baseline.high)}"
        base = f"{percent(gap.baseline_rate)} % ({around}) of {gap.held_out}"
    rate = f"{percent(gap.retry_yield.low)} to {percent(gap.retry_yield.high)} %"
    rows = (
        row("baseline, held out", base),
        row("bare retries passed", f"{gap.retries_passed} of {gap.retries} ({rate})"),
        row("solved sometimes", f"{percent(gap.frontier)} % of problems"),
        row("path diversity", "-" if gap.diversity is None else f"{gap.diversity:.3f}"),
        row("completion", f"{gap.student.tokens:.0f} tokens"),
        row("sampled for this", f"{gap.tokens_made:,} completion tokens, {gap.seconds:.0f} s"),
    )
    return Table("Pilot", (Column("What", LEFT), Column("Measured", LEFT, wrap=70)), rows)


def advice_tables(advice: Advice) -> list[Table]:
    """Predictions, and options with their reasons and costs."""
    columns = (Column("Teacher sees", LEFT), Column("Gap, pp"), Column("95 % interval"), Column("Predicted, pp"),
               Column("95 % prediction interval"), Column("Remark", LEFT, wrap=60))  # fmt: skip
    rows = tuple(
        row(p.form, f"{p.gap:+.1f}", f"{p.gap_interval.low:+.1f} to {p.gap_interval.high:+.1f}",
            "-" if p.improvement is None else f"{p.improvement:+.1f}",
            "-" if p.interval is None else f"{p.interval.low:+.1f} to {p.interval.high:+.1f}", p.outside)
        for p in advice.predictions
    )  # fmt: skip
    predicted = Table("Predicted improvement by distillation", columns, rows)
    columns = (Column("Option", LEFT), Column("Advice", LEFT), Column("Reasons", LEFT, wrap=90),
               Column("Tokens generated"), Column("Trained"), Column("Hours"))  # fmt: skip
    options = []
    for option in advice.options:
        name = f"{option.what} ({option.with_form})" if option.with_form else option.what
        first = option is advice.options[0] and option.advised and option.what != "nothing"
        said = Entry("try first" if first else "yes" if option.advised else "no", "gain" if option.advised else "dim")
        options.append((Entry(name), said, Entry("; ".join(option.reasons)), *row(*_cost(option.cost))))
    note = (
        "Costs: of one seed, from the pilot's own lengths and speed of generation; training time is not in the hours."
    )
    return [predicted, Table("Advice", columns, tuple(options), (note,))]


def outcome_table(found: Sequence[Outcome]) -> Table:
    """What training came to, beside what was predicted."""
    columns = (Column("Teacher sees", LEFT), Column("Arm", LEFT), Column("Seeds"), Column("Predicted, pp"),
               Column("95 % prediction interval"), Column("Measured, pp"), Column("95 % interval"),
               Column("Finding", LEFT), Column("Within", LEFT))  # fmt: skip
    within = {None: "-", True: "yes", False: "no"}

    def between(found: Interval | None) -> str:
        return "-" if found is None else f"{found.low:+.1f} to {found.high:+.1f}"

    rows = tuple(
        row(o.form, o.arm, str(len(o.seeds)), "-" if o.predicted is None else f"{o.predicted:+.1f}",
            between(o.predicted_interval), f"{o.improvement:+.1f}", between(o.interval), o.finding, within[o.inside])
        for o in found
    )  # fmt: skip
    judged = [o.inside for o in found if o.inside is not None]
    notes = [f"{sum(judged)} of {len(judged)} came out within the prediction interval."] if judged else []
    if not found:
        notes = ["The store holds no finished run of distillation from these forms on these weights."]
    return Table("Predicted before, measured after", columns, rows, tuple(notes))


def _cost(cost: Cost | None) -> Sequence[str]:
    if cost is None:
        return "-", "-", "-"
    return f"{cost.generated:,}", f"{cost.trained:,}", "-" if cost.hours is None else f"{cost.hours:.2f}"
