"""The picture of a comparison: a forest plot of the arms' deltas, and accuracy by level before and after.

The forest has one row per arm: the mean and its 95 % interval, each seed as a dot, zero as a line. Findings differ in
colour (Okabe and Ito's, told apart by colour-blind readers) and in shape, so a grey print says the same. Below it one
small panel per arm shows accuracy by level, where an inverted U of the gain can be seen. Drawn without pyplot and without
global state; the same comparison gives the same SVG, byte for byte.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from pidistill.report.table import interval, points
from pidistill.stats.compare import ArmResult, Comparison, Finding
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
}
INK, FAINT = "#222222", "#999999"
STYLE = {"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "pidistill"}
WIDTH_IN, ROW_IN, PANEL_IN = 10.0, 0.42, 1.75
PANELS_PER_ROW = 5
LABEL_CHARS = 30


def draw(comparison: Comparison, levels: Sequence[Stratum], title: str) -> dict[str, bytes]:
    """The picture as `{"png": ..., "svg": ...}`. `levels` may be empty; then there are no level panels."""
    with matplotlib.rc_context(STYLE):
        figure = _figure(comparison.arms, levels, title)
        images = {}
        for kind, options in (("png", {"dpi": 160}), ("svg", {"metadata": {"Date": None}})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, facecolor="white", **options)  # type: ignore[arg-type]
            images[kind] = buffer.getvalue()
        return images


def _figure(arms: Sequence[ArmResult], levels: Sequence[Stratum], title: str) -> Figure:
    labels = [_wrapped(arm.label, LABEL_CHARS) for arm in arms]
    rows = sum(max(1.0, 0.62 * (label.count("\n") + 1)) for label in labels)
    with_levels = [arm for arm in arms if any(s.label == arm.label for s in levels)]
    columns = min(PANELS_PER_ROW, len(with_levels))
    panel_rows = -(-len(with_levels) // columns) if columns else 0
    heading_lines = _wrapped(_heading(arms, title), 100).count("\n") + 1
    head, axis, gap = 0.3 + 0.2 * heading_lines + 0.3, 0.55, 0.75
    panel_title = 0.2 * max((_wrapped(arm.label, 24).count("\n") + 1 for arm in with_levels), default=0) + 0.25
    forest = ROW_IN * (rows + 0.6)
    height = head + forest + axis + (gap + panel_rows * (PANEL_IN + panel_title) + 0.35 if panel_rows else 0.1)
    figure = Figure(figsize=(WIDTH_IN, height))
    FigureCanvasAgg(figure)
    figure.text(0.02, 1 - 0.2 / height, _wrapped(_heading(arms, title), 100), va="top", color=INK, fontsize=11, weight="bold")

    left = 0.03 + 0.0073 * max(len(line) for label in labels for line in label.split("\n"))
    axes = figure.add_axes((left, 1 - (head + forest) / height, 0.70 - left, forest / height))
    _forest(axes, arms, labels)
    _legend(figure, arms, 1 - (head - 0.04) / height)
    if not panel_rows:
        return figure
    top = head + forest + axis + gap
    figure.text(0.02, 1 - (top - 0.5) / height, "Accuracy by level, before and after", color=INK, weight="bold", va="top")
    spacing = 0.018
    width = (0.97 - 0.07 - spacing * (PANELS_PER_ROW - 1)) / PANELS_PER_ROW
    for place, arm in enumerate(with_levels):
        row, column = divmod(place, columns)
        bottom = top + panel_title + row * (PANEL_IN + panel_title) + PANEL_IN - 0.35
        panel = figure.add_axes(
            (0.07 + column * (width + spacing), 1 - bottom / height, width, (PANEL_IN - 0.5) / height)
        )
        last = place + columns >= len(with_levels)
        _level_panel(panel, arm, [s for s in levels if s.label == arm.label], first=column == 0, last=last)
    return figure


def _forest(axes: Axes, arms: Sequence[ArmResult], labels: Sequence[str]) -> None:
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    y, places = 0.0, []
    for arm, label in zip(arms, labels, strict=True):
        step = max(1.0, 0.62 * (label.count("\n") + 1))
        y += step / 2
        places.append(y)
        look = LOOKS[arm.finding]
        low, mean, high = (100 * x for x in (arm.delta.low, arm.delta.mean, arm.delta.high))
        dashes = "--" if arm.finding == "unreplicated" else "-"
        axes.plot([low, high], [y, y], dashes, color=look.colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
        axes.plot([low, high], [y, y], "|", color=look.colour, markersize=7, zorder=3)
        axes.plot([mean], [y], **_marker(look, 8.0), zorder=5)
        if len(arm.seeds) > 1:
            dots = [100 * d for d in arm.seed_deltas]
            axes.plot(dots, [y + 0.27] * len(dots), "o", color=look.colour, markersize=3.2, alpha=0.65, mew=0, zorder=4)
        texts = (points(arm.delta.mean), interval(arm.delta), arm.finding)
        for text, x, side in zip(texts, (1.075, 1.255, 1.275), ("right", "right", "left"), strict=True):
            weight = "bold" if arm.finding in ("gain", "loss") and text == arm.finding else "normal"
            colour = look.colour if text == arm.finding else INK
            axes.text(x, y, text, transform=beside, va="center", ha=side, color=colour, weight=weight)
        y += step / 2
    for text, x, side in (("pp", 1.075, "right"), ("95 % interval", 1.255, "right"), ("verdict", 1.275, "left")):
        axes.text(x, -0.3, text, transform=beside, va="center", ha=side, color=FAINT, fontsize=8)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=2)
    axes.set_ylim(y + 0.1, -0.5)
    axes.set_xlim(*_x_limits(arms))
    axes.set_yticks(places, labels)
    axes.set_xlabel("Change in accuracy, percentage points (marker: mean and 95 % interval; dots: seeds)", color=INK)
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _level_panel(axes: Axes, arm: ArmResult, strata: Sequence[Stratum], *, first: bool, last: bool) -> None:
    look = LOOKS[arm.finding]
    x = list(range(len(strata)))
    after = [100 * s.after for s in strata]
    below = [100 * (s.delta.mean - s.delta.low) for s in strata]
    above = [100 * (s.delta.high - s.delta.mean) for s in strata]
    axes.plot(x, [100 * s.base for s in strata], "s--", color=FAINT, markersize=3.5, linewidth=1.2, zorder=2)
    bars = axes.errorbar(x, after, yerr=(below, above), color=look.colour, linewidth=1.5, elinewidth=0.9, capsize=2)
    bars.lines[0].set(**{k: v for k, v in _marker(look, 4.5).items() if k != "linestyle"})
    axes.set_title(_wrapped(arm.label, 24), fontsize=8.5, color=INK, pad=4)
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


def _legend(figure: Figure, arms: Sequence[ArmResult], y: float) -> None:
    present = [finding for finding in LOOKS if any(arm.finding == finding for arm in arms)]
    handles = [Line2D([], [], label=finding, **_marker(LOOKS[finding], 7.0)) for finding in present]
    handles.append(Line2D([], [], color=FAINT, linestyle="--", marker="s", markersize=3.5, label="before (lower panels)"))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.012, y + 0.0),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        handletextpad=0.4,
        columnspacing=1.4,
    )


def _marker(look: Look, size: float) -> dict[str, str | float]:
    face = look.colour if look.filled else "white"
    return {
        "marker": look.marker,
        "markersize": size,
        "markerfacecolor": face,
        "markeredgecolor": look.colour,
        "color": look.colour,
        "linestyle": "none",
    }


def _x_limits(arms: Sequence[ArmResult]) -> tuple[float, float]:
    """Room for every interval and seed, cut where one interval alone would squeeze all others."""
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


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) or text
