"""Small charts for the page, drawn as SVG text: they take its colours, light or dark, and cost next to nothing.

The picture of the findings is `picture.py`'s; here is what stands beside it: learning curves, an arm a panel, and
accuracy against length, an arrow from before to after for each arm. What gains are set against (the gap before
training, the base's accuracy) is `shapes.py`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pidistill.report.model import Curve
from pidistill.stats.compare import ArmResult

Point = tuple[float, float]
WIDTH, HEIGHT = 300.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 8.0, 34.0
"""Margins of a panel, in its own units."""


@dataclass(frozen=True)
class Panel:
    """A chart with what stands above it."""

    title: str
    svg: Markup
    said: str = ""
    """What it shows, in words."""


def learning_curves(arms: Sequence[ArmResult], curves: Sequence[Curve]) -> list[Panel]:
    """Loss by optimizer step, a panel an arm, a line a seed and stage. Arms without a log are left out."""
    panels = []
    for arm in arms:
        own = [c.points for c in curves if c.arm == (arm.recipe, arm.domain, arm.model) and c.points]
        if own:
            axes = Axes.around([point for line in own for point in line])
            lines = [_line(axes, points, place) for place, points in enumerate(own)]
            title = f"Loss of {arm.label} by optimizer step, one line for each seed and stage"
            panels.append(Panel(arm.label, axes.svg(title, "step", "loss", lines)))
    return panels


def accuracy_by_length(arms: Sequence[ArmResult]) -> Panel | None:
    """Accuracy against mean length of an answer, an arrow per arm, numbered in the order of the arms."""
    if not arms:
        return None
    ends = [((a.base.tokens, 100 * a.base.rate), (a.after.tokens, 100 * a.after.rate)) for a in arms]
    axes = Axes.around([point for pair in ends for point in pair], 2.0)
    drawn = [_arrow(axes, *pair, str(number)) for number, pair in enumerate(ends, 1)]
    title = "Accuracy in percent against mean length of an answer in tokens, from before training to after it"
    return Panel(title, axes.svg(title, "tokens of an answer", "accuracy, %", drawn))


@dataclass(frozen=True)
class Axes:
    """From data to places in a panel."""

    low: Point
    high: Point
    scale: float = 1.0
    """Of the panel's size; text and lines keep theirs."""

    @staticmethod
    def around(points: Sequence[Point], scale: float = 1.0) -> Axes:
        """Axes with a little room around all of `points`."""
        lows, highs = [], []
        for values in zip(*points, strict=True):
            low, high = min(values), max(values)
            room = 0.06 * (high - low) or max(abs(high) * 0.05, 0.5)
            lows.append(low - room if low < 0 or low - room > 0 else 0.0)
            highs.append(high + room)
        return Axes((lows[0], lows[1]), (highs[0], highs[1]), scale)

    @property
    def size(self) -> Point:
        return WIDTH * self.scale, HEIGHT * self.scale

    def at(self, point: Point) -> Point:
        """Where a point of the data stands."""
        width, height = self.size
        x = LEFT + (point[0] - self.low[0]) / (self.high[0] - self.low[0]) * (width - LEFT - RIGHT)
        y = TOP + (self.high[1] - point[1]) / (self.high[1] - self.low[1]) * (height - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    def inside(self, point: Point) -> Point:
        """`at`, no further out than the panel's edge."""
        x, y = (min(max(v, low), high) for v, low, high in zip(point, self.low, self.high, strict=True))
        return self.at((x, y))

    def svg(self, label: str, x_name: str, y_name: str, drawn: Sequence[Markup]) -> Markup:
        """The whole panel."""
        width, height = self.size
        parts = [Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(width, height, label)]
        for x in _ticks(self.low[0], self.high[0]):
            place = self.at((x, self.low[1]))
            parts.append(Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{:g}</text>').format(
                place[0], height - BOTTOM + 13, x))  # fmt: skip
        for y in _ticks(self.low[1], self.high[1]):
            place = self.at((self.low[0], y))
            parts.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, place[1], width - RIGHT))
            parts.append(Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{:g}</text>').format(
                LEFT - 5, place[1] + 3, y))  # fmt: skip
        parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, height - BOTTOM, width - RIGHT))
        parts.append(Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
            width - RIGHT, height - 5, x_name))  # fmt: skip
        parts.append(Markup('<text class="tick" x="{}" y="{}">{}</text>').format(2, height - 5, y_name))
        return Markup("").join([*parts, *drawn, Markup("</svg>")])


def _line(axes: Axes, points: Sequence[Point], place: int) -> Markup:
    path = "L".join(f"{x} {y}" for x, y in map(axes.at, points))
    if len(points) == 1:
        path += "h3"
    return Markup('<path class="line c{}" d="M{}"/>').format(place % 6, path)


def _arrow(axes: Axes, start: Point, end: Point, number: str) -> Markup:
    (x, y), (u, v) = axes.at(start), axes.at(end)
    turn = math.degrees(math.atan2(v - y, u - x))
    head = Markup('<path class="head" d="M0 0L-8 -3.5L-8 3.5Z" transform="translate({} {}) rotate({:.1f})"/>')
    body = Markup('<path class="line" d="M{} {}L{} {}"/><circle class="start" cx="{}" cy="{}" r="2.5"/>')
    name = Markup('<text class="number" x="{}" y="{}">{}</text>')
    drawn = body.format(x, y, u, v, x, y) + (head.format(u, v, turn) if (x, y) != (u, v) else Markup(""))
    return drawn + name.format(u + 6, v - 5, number)


def _ticks(low: float, high: float) -> Iterator[float]:
    """Three to six round numbers between two."""
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    tick = math.ceil(low / step) * step
    while tick <= high:
        yield round(tick, 10) + 0.0
        tick += step


def legend(arms: Sequence[ArmResult]) -> Mapping[int, str]:
    """Number in `accuracy_by_length` -> arm."""
    return {number: arm.label for number, arm in enumerate(arms, 1)}
