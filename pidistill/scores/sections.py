"""Tables that a paper derives from its figures, derived again: scans, levels, ratios, and the inverted U.

Most of what is here rests on one seed a row, so nothing is tested; what is computed is set beside what was published.
The curve alone is fitted: a parabola through gains over baselines, whose peak is stated with Fieller's interval, or not
at all where the data do not bend.
"""

from __future__ import annotations

import math
from typing import Final

from pidistill.report.model import Column, Entry, Row, Table
from pidistill.scores.sheet import Row as Figures
from pidistill.scores.sheet import Section
from pidistill.stats.peak import fit_peak, peak_text

LEFT: Final = "left"


def section_table(section: Section) -> Table:
    """A derived table, as text."""
    make = {"scan": _scan, "levels": _levels, "ratios": _ratios, "curve": _curve, "list": _list}[section.kind]
    table = make(section)
    notes = (*table.notes, *([section.note] if section.note else []))
    return Table(section.title, table.columns, table.rows, notes)


def _pp(value: float) -> str:
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _label(row: Figures) -> str:
    return row.label or (f"{row.x:g}" if row.x is not None else "")


def _gain(row: Figures) -> float | None:
    if row.gain is not None:
        return row.gain
    return None if row.base is None or row.after is None else row.after - row.base


def _scan(section: Section) -> Table:
    columns = (Column(section.x or "Setting", LEFT), Column("Gain, pp"), Column("Against the one before"),
               Column("Best", LEFT), Column("Published", LEFT, wrap=40))  # fmt: skip
    gains = [_gain(row) for row in section.rows]
    best = max((gain for gain in gains if gain is not None), default=None)
    rows: list[Row] = []
    for place, (row, gain) in enumerate(zip(section.rows, gains, strict=True)):
        before = gains[place - 1] if place else None
        change = "-" if gain is None or before is None else _pp(gain - before)
        mark = "best" if gain is not None and gain == best else ""
        texts = (_label(row), "-" if gain is None else _pp(gain), change, mark, row.published)
        rows.append(tuple(Entry(text) for text in texts))
    return Table(section.title, columns, tuple(rows), ("The best of several single seeds is biased upwards.",))


def _levels(section: Section) -> Table:
    columns = (Column(section.x or "Level", LEFT), Column("Base %"), Column("After %"), Column("Delta, pp"),
               Column("Published", LEFT, wrap=40))  # fmt: skip
    rows = []
    for row in section.rows:
        gain = _gain(row)
        sides = ["-" if side is None else f"{side:.1f}" for side in (row.base, row.after)]
        rows.append(tuple(Entry(t) for t in (_label(row), *sides, "-" if gain is None else _pp(gain), row.published)))
    return Table(section.title, columns, tuple(rows))


def _ratios(section: Section) -> Table:
    columns = (Column(section.x or "Factor", LEFT, wrap=40), Column("With, pp"), Column("Without, pp"),
               Column("Difference, pp"), Column("Ratio"), Column("Published", LEFT, wrap=40))  # fmt: skip
    rows = []
    for row in section.rows:
        gain, over = _gain(row), row.over
        ratio = f"{gain / over:.1f}" if gain is not None and over else "-"
        difference = "-" if gain is None or over is None else _pp(gain - over)
        figures = ["-" if value is None else f"{value:+.4g}" for value in (gain, over)]
        rows.append(tuple(Entry(t) for t in (_label(row), *figures, difference, ratio, row.published)))
    note = "A ratio over a gain that is not told from zero is no number; the difference is."
    return Table(section.title, columns, tuple(rows), (note,))


def _curve(section: Section) -> Table:
    columns = (Column("What", LEFT, wrap=40), Column(section.x or "Baseline %"), Column("Gain, pp"),
               Column("Published", LEFT, wrap=40))  # fmt: skip
    points = [(row.x, gain) for row in section.rows if row.x is not None and (gain := _gain(row)) is not None]
    rows = []
    for row in sorted(section.rows, key=lambda r: math.inf if r.x is None else r.x):
        gain = _gain(row)
        texts = (row.label, "-" if row.x is None else f"{row.x:.1f}", "-" if gain is None else _pp(gain), row.published)
        rows.append(tuple(Entry(text) for text in texts))
    peak = fit_peak([x for x, _ in points], [y for _, y in points])
    return Table(section.title, columns, tuple(rows), (peak_text(peak),))


def _list(section: Section) -> Table:
    columns = (Column(section.x or "What", LEFT, wrap=48), Column("Gain, pp"), Column("Note", LEFT, wrap=48))
    rows = []
    for row in section.rows:
        gain = _gain(row)
        rows.append(tuple(Entry(t) for t in (_label(row), "-" if gain is None else f"{gain:+.4g}", row.published)))
    return Table(section.title, columns, tuple(rows))
