"""The analysis of typed-in figures as tables, with the notes that a reader needs to believe them."""

from __future__ import annotations

from typing import Final

from pidistill.report.model import Column, Entry, Table, Tone
from pidistill.report.table import equivalence, interval, p_value, points
from pidistill.scores.analyse import Analysis, ArmAnalysis, PairAnalysis

LEFT: Final = "left"
TONES: dict[str, Tone] = {
    "gain": "gain", "loss": "loss", "higher": "gain", "lower": "loss", "unreplicated": "unreplicated",
    "withheld": "warn",
}  # fmt: skip


def arm_table(analysis: Analysis) -> Table:
    """Mean, interval and finding of each arm."""
    published = any(arm.published for arm in analysis.arms)
    columns = (
        Column("Arm", LEFT, wrap=36), Column("Seeds"), Column("Mean +/- sd, pp"), Column("95 % interval"),
        Column("Bootstrap"), Column("p"), Column("p(Holm)"), Column("Finding", LEFT),
        *([Column("Published", LEFT, wrap=36)] if published else []),
    )  # fmt: skip
    rows = []
    for arm in analysis.arms:
        spread = points(arm.mean) if arm.sd is None else f"{signed(arm.mean)} +/- {100 * arm.sd:.1f}"
        cells = [
            Entry(arm.name), Entry(str(arm.seeds)), Entry(spread), Entry(interval(arm.estimate)),
            Entry(interval(arm.bootstrap)), Entry(p_value(arm.p)), Entry(p_value(arm.p_holm)),
            Entry(arm.finding, TONES.get(arm.finding, "none")),
        ]  # fmt: skip
        rows.append((*cells, *([Entry(arm.published, "dim")] if published else [])))
    notes = [
        "Interval: Student's t over seeds, so the choice of items is not in it; of counts, over the items of one run, "
        "so the choice of seeds is not. Bootstrap: percentile, too narrow with few seeds.",
        f"p(Holm): corrected over {analysis.family} arm{'s' * (analysis.family != 1)} that were tried. 'unreplicated': "
        "one seed, so no finding, whatever its p. 'no effect shown' is not 'no effect'.",
    ]
    notes += [text for arm in analysis.arms for text in _lines(arm)]
    return Table("Effect of each arm", columns, tuple(rows), tuple(notes))


def _lines(arm: ArmAnalysis) -> list[str]:
    """What is to be said of one arm beside its row."""
    lines = []
    if arm.mcnemar is not None:
        m = arm.mcnemar
        lines.append(
            f"{arm.name}: {m.gained} items gained and {m.lost} lost of {arm.items}: McNemar's exact p {m.p:.2g}, "
            "which is what is corrected."
        )
    if arm.distance is not None:
        d = arm.distance
        lines.append(
            f"{arm.name}: {points(d.difference)} pp from the mean of {d.of!r}, {abs(d.sds):.1f} of its standard "
            f"deviations; one more seed that far off has p {p_value(d.p)}."
        )
    if arm.note:
        lines.append(f"{arm.name}: {arm.note}")
    return lines


def power_table(analysis: Analysis, effect: float | None) -> Table:
    """What each replicated arm could have shown, and how many seeds what it saw would need."""
    columns = (
        Column("Arm", LEFT, wrap=36), Column("Seeds"), Column("MDE pp"), Column("Seeds needed"), Column("Null", LEFT),
    )  # fmt: skip
    rows = []
    for arm in analysis.arms:
        if arm.equivalence is None:
            continue
        mde = "-" if arm.near_an_end else "> 100" if arm.mde is None else f"{100 * arm.mde:.1f}"
        needed = "> 200" if arm.needed is None else str(arm.needed)
        texts = (arm.name, str(arm.seeds), mde, needed, equivalence(arm.equivalence, "null"))
        rows.append(tuple(Entry(text) for text in texts))
    for_what = "what was seen" if effect is None else f"{100 * effect:g} pp"
    note = (
        "MDE: the true effect that the corrected test finds four times in five, at this spread of seeds. Seeds needed: "
        f"to find {for_what} four times in five. Null: two one-sided tests with the margin named, Holm over the arms."
    )
    return Table("What could have been shown", columns, tuple(rows), (note,))


def pair_table(pairs: tuple[PairAnalysis, ...]) -> Table:
    """Arms against each other, with the uncorrected p beside the corrected one."""
    columns = (
        Column("One arm minus another", LEFT, wrap=48), Column("pp"), Column("95 % interval"), Column("By", LEFT),
        Column("p"), Column("p(Holm)"), Column("MDE pp"), Column("Finding", LEFT), Column("Indistinguishable", LEFT),
    )  # fmt: skip
    rows = tuple(
        (
            Entry(f"{pair.a} - {pair.b}"), Entry(points(pair.difference.mean)), Entry(interval(pair.difference)),
            Entry(pair.method), Entry(p_value(pair.difference.p)), Entry(p_value(pair.p_holm)),
            Entry("> 100" if pair.mde is None else f"{100 * pair.mde:.1f}"),
            Entry(pair.finding, TONES.get(pair.finding, "none")), Entry(equivalence(pair.equivalence, "yes")),
        )
        for pair in pairs
    )  # fmt: skip
    note = (
        f"p(Holm) over these {len(pairs)} pairs. 'no difference shown' is not 'indistinguishable': that is a test of "
        "its own."
    )
    return Table("Arms against each other", columns, rows, (note,) if pairs else ())


def signed(difference: float) -> str:
    """As `points`, but what rounds to zero keeps two decimals: `+0.04`."""
    text = points(difference)
    return f"{100 * difference:+.2f}" if text == "0.0" and round(100 * difference, 2) else text
