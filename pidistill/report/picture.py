"""The picture of a comparison: a forest plot of the arms' deltas, and accuracy by level before and after.

The forest has one row per arm: the mean and its 95 % interval, each seed as a dot, zero as a line. Findings differ in
colour (Okabe and Ito's, told apart by colour-blind readers) and in shape, so a grey print says the same. Below it one
small panel per arm shows accuracy by level, where an inverted U of the gain can be seen. Drawn without pyplot and
without global state; the same comparison gives the same SVG, byte for byte.
"""

from __future__ import annotations

import io
import textwrap
import typing
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from pidistill.report.table import interval, points
from pidistill.stats.compare import ArmResult, Comparison
from pidistill.stats.findings import Finding
from pidistill.stats.levels import Stratum


@dataclass(frozen=True)
class Look:
    """How a finding is drawn."""

    colour: str
    marker: str
    filled: bool = True


LOOKS: dict[Finding, Look] = {
    "gain": Look("#0072B2", "^"),
    "loss": Look("#D55E00", "v"),
    "no effect shown": Look("#555555", "o"),
    "unreplicated": Look("#B07AA1", "D", filled=False),
    "withheld": Look("#B8860B", "s", filled=False),
}
INK, FAINT = "#222222", "#8A8A8A"
WIDTH = 10.0
"""Of the whole picture. All lengths here are inches, and positions count from the upper left corner."""
ROW, LINE = 0.42, 0.17
"""A row of the forest, and a line of text."""
MARGIN, FOREST_RIGHT, DELTA_AT, INTERVAL_AT, FINDING_AT = 0.25, 6.85, 7.35, 8.58, 8.70
PANEL_HEIGHT, PANEL_WIDEST, PANELS_PER_ROW = 1.25, 2.6, 5
LABEL_CHARS, PANEL_CHARS, TITLE_CHARS = 30, 24, 95


def draw(comparison: Comparison, levels: Sequence[Stratum], title: str) -> dict[str, bytes]:
    """The picture as `{"png": ..., "svg": ...}`. `levels` may be empty; then there are no level panels."""
    style = {"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "pidistill"}
    with matplotlib.rc_context(typing.cast(typing.Any, style)):
        figure = _figure(comparison.arms, levels, title)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", facecolor="white", dpi=160)
        figure.savefig(svg, format="svg", facecolor="white", metadata={"Date": None})
        return {"png": png.getvalue(), "svg": svg.getvalue()}


@dataclass(frozen=True)
class Page:
    """A figure addressed in inches from its upper left corner."""

    figure: Figure

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        page = float(self.figure.get_figheight())
        return self.figure.add_axes((left / WIDTH, 1 - (top + height) / page, width / WIDTH, height / page))

    def text(self, left: float, top: float, text: str, size: float) -> None:
        place = (left / WIDTH, 1 - top / float(self.figure.get_figheight()))
        self.figure.text(*place, text, va="top", color=INK, fontsize=size, weight="bold", parse_math=False)


def _figure(arms: Sequence[ArmResult], levels: Sequence[Stratum], title: str) -> Figure:
    labels = [_wrapped(arm.label, LABEL_CHARS) for arm in arms]
    heading = _wrapped(_heading(arms, title), TITLE_CHARS)
    panels = [(arm, own) for arm in arms if (own := [s for s in levels if s.label == arm.label])]
    columns = min(PANELS_PER_ROW, len(panels))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns or 1)]
    title_heights = [LINE * max(_lines(_wrapped(arm.label, PANEL_CHARS)) for arm, _ in row) + 0.1 for row in rows]

    forest_top = 0.2 + 1.35 * LINE * _lines(heading) + 0.45
    forest_height = ROW * (sum(_row_height(label) for label in labels) + 0.6)
    level_top = forest_top + forest_height + 0.85
    below = level_top + 0.3 + sum(title_heights) + len(rows) * (PANEL_HEIGHT + 0.3) + 0.25 if rows else level_top - 0.2
    figure = Figure(figsize=(WIDTH, below))
    FigureCanvasAgg(figure)
    page = Page(figure)
    page.text(MARGIN, 0.2, heading, 11)
    left = MARGIN + 0.1 + 0.075 * max(len(line) for label in labels for line in label.split("\n"))
    forest = page.axes(left, forest_top, FOREST_RIGHT - left, forest_height)
    _forest(forest, arms, labels)
    _legend(figure, arms, 1 - (forest_top - 0.36) / below, with_base=bool(rows))
    if rows:
        heading = "Accuracy by level: before, and after with the 95 % interval of the change"
        page.text(MARGIN, level_top, heading, 9.5)
    top, gap = level_top + 0.3, 0.18
    width = min(PANEL_WIDEST, (WIDTH - 0.7 - MARGIN - gap * (columns - 1)) / columns) if columns else 0.0
    for row, title_height in zip(rows, title_heights, strict=True):
        for column, (arm, own) in enumerate(row):
            panel = page.axes(0.7 + column * (width + gap), top + title_height, width, PANEL_HEIGHT)
            _level_panel(panel, arm, own, first=column == 0, last=row is rows[-1])
        top += title_height + PANEL_HEIGHT + 0.3
    return figure


def _forest(axes: Axes, arms: Sequence[ArmResult], labels: Sequence[str]) -> None:
    beside = blended_transform_factory(axes.get_figure().transFigure, axes.transData)  # type: ignore[union-attr]
    y, places = 0.0, []
    for arm, label in zip(arms, labels, strict=True):
        y += _row_height(label) / 2
        places.append(y)
        look = LOOKS[arm.finding]
        low, mean, high = (100 * x for x in (arm.delta.low, arm.delta.mean, arm.delta.high))
        dashes = "--" if arm.finding == "unreplicated" else "-"
        axes.plot([low, high], [y, y], dashes, color=look.colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
        axes.plot([low, high], [y, y], "|", color=look.colour, markersize=7, zorder=3)
        axes.plot([mean], [y], zorder=5, **_marker(look, 8.0))
        if len(arm.seeds) > 1:
            dots = [100 * d for d in arm.seed_deltas]
            axes.plot(dots, [y + 0.27] * len(dots), "o", color=look.colour, markersize=3.4, alpha=0.6, mew=0, zorder=4)
        weight = "bold" if arm.finding in ("gain", "loss") else "normal"
        axes.text(DELTA_AT / WIDTH, y, points(mean / 100), transform=beside, va="center", ha="right", color=INK)
        axes.text(INTERVAL_AT / WIDTH, y, interval(arm.delta), transform=beside, va="center", ha="right", color=INK)
        axes.text(FINDING_AT / WIDTH, y, arm.finding, transform=beside, va="center", color=look.colour, weight=weight)
        y += _row_height(label) / 2
    for text, x, side in (("pp", DELTA_AT, "right"), ("95 % interval", INTERVAL_AT, "right")):
        axes.text(x / WIDTH, -0.3, text, transform=beside, va="center", ha=side, color=FAINT, fontsize=8)
    axes.text(FINDING_AT / WIDTH, -0.3, "finding", transform=beside, va="center", color=FAINT, fontsize=8)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=2)
    axes.set_ylim(y + 0.1, -0.5)
    axes.set_xlim(*_x_limits(arms))
    axes.set_yticks(places, labels, parse_math=False)
    axes.set_xlabel("Change in accuracy, percentage points (mean and 95 % interval; dots: seeds)", color=INK)
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _level_panel(axes: Axes, arm: ArmResult, strata: Sequence[Stratum], *, first: bool, last: bool) -> None:
    look = LOOKS[arm.finding]
    x = list(range(len(strata)))
    after = [100 * s.after for s in strata]
    below = [min(100 * (s.delta.mean - s.delta.low), a) for s, a in zip(strata, after, strict=True)]
    above = [min(100 * (s.delta.high - s.delta.mean), 100 - a) for s, a in zip(strata, after, strict=True)]
    base = [100 * s.base for s in strata]
    axes.fill_between(x, base, after, color=look.colour, alpha=0.12, linewidth=0)
    axes.plot(x, base, "s--", color=FAINT, markersize=3.5, linewidth=1.2, zorder=2)
    bars = axes.errorbar(x, after, yerr=(below, above), color=look.colour, linewidth=1.5, elinewidth=0.9, capsize=2)
    bars.lines[0].set(**{**_marker(look, 4.5), "linestyle": "-"})
    axes.set_title(_wrapped(arm.label, PANEL_CHARS), fontsize=8.5, color=INK, pad=4, parse_math=False)
    axes.set_ylim(-4, 104)
    axes.set_xlim(-0.4, len(strata) - 0.6)
    axes.set_yticks([0, 50, 100])
    axes.set_xticks(x, [s.name for s in strata])
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#EEEEEE", linewidth=0.7)
    axes.set_axisbelow(True)
    if first:
        axes.set_ylabel("accuracy, %", fontsize=8, color=INK)
    else:
        axes.tick_params(labelleft=False)
    if last:
        axes.set_xlabel("level", fontsize=8, color=INK, labelpad=1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _legend(figure: Figure, arms: Sequence[ArmResult], y: float, with_base: bool) -> None:
    present = [finding for finding in LOOKS if any(arm.finding == finding for arm in arms)]
    handles = [Line2D([], [], label=finding, **_marker(LOOKS[finding], 7.0)) for finding in present]
    if with_base:
        handles.append(Line2D([], [], color=FAINT, ls="--", marker="s", markersize=3.5, label="before (by level)"))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.012, y),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        handletextpad=0.4,
        columnspacing=1.4,
    )


def _marker(look: Look, size: float) -> dict[str, typing.Any]:
    return {
        "marker": look.marker,
        "markersize": size,
        "markerfacecolor": look.colour if look.filled else "white",
        "markeredgecolor": look.colour,
        "color": look.colour,
        "linestyle": "none",
    }


def _x_limits(arms: Sequence[ArmResult]) -> tuple[float, float]:
    """Room for zero, every interval and every seed."""
    values = [0.0, *(100 * d for arm in arms for d in arm.seed_deltas)]
    values += [100 * x for arm in arms for x in (arm.delta.low, arm.delta.high)]
    low, high = min(values), max(values)
    room = max(0.06 * (high - low), 0.5)
    return low - room, high + room


def _heading(arms: Sequence[ArmResult], title: str) -> str:
    def span(counts: list[int], noun: str) -> str:
        low, high = min(counts), max(counts)
        return f"{low}{'' if low == high else f'-{high}'} {noun}{'' if high == 1 else 's'}"

    seeds = span([len(arm.seeds) for arm in arms], "seed")
    problems = span([arm.problems for arm in arms], "held-out problem")
    return f"{title}: {seeds}, {problems}"


def _row_height(label: str) -> float:
    """Height of an arm's row in the forest, in rows."""
    return max(1.0, 0.5 * _lines(label) + 0.2)


def _lines(text: str) -> int:
    return text.count("\n") + 1


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) or text
