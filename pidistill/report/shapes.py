"""What gains are set against: the gap before training (the law), and the base's accuracy (the inverted U).

Both are pictures of arms that stand in the tables already, so nothing here is a finding. Each panel has a sentence of
what it shows and of what it does not; a line is drawn where there are points enough to be wrong about it, never with
fewer. The line through gaps is `law.fit`'s, the parabola `stats.peak`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pidistill.errors import DataError
from pidistill.law.configurations import Configuration
from pidistill.law.fit import FEWEST, Law, fit_law
from pidistill.report.charts import Axes, Panel, Point
from pidistill.report.model import ArmGap
from pidistill.stats.compare import ArmResult
from pidistill.stats.intervals import Estimate
from pidistill.stats.levels import Stratum
from pidistill.stats.peak import Peak, fit_peak, peak_text

PLACES = 3
"""On the scale, that a panel needs: through two everything is straight."""
STEPS = 48
"""Pieces of a drawn curve."""
COLOURS = 6
LAW_NOTE = (
    "Across: what a teacher that sees the context solves more than the student, measured before training. Up: the "
    "change of held-out accuracy after it. Crosses are 95 % intervals."
)
LAW_LIMITS = (
    "Not shown: that the gap makes the gain. Arms of one base share its accuracy and its pilot problems, and its "
    "accuracy alone may say as much (pidistill law compares the two)."
)
U_NOTE = (
    "Gain against accuracy before training. Bars are 95 % intervals; dashed: all that was left to gain. The curve is a "
    "parabola, drawn from four places on."
)
U_LIMITS = (
    "Not shown: that the base's accuracy makes the difference, since levels and models differ in more. What is solved "
    "already cannot be gained, so the right side must fall for any arm; and chance in the base's own measurement puts "
    "a point too far right and too low, or the reverse, for which reason single problems are not sorted by pass rate."
)


@dataclass(frozen=True)
class _Spot:
    """A point with its interval, what it is called, and its colour's number."""

    at: Point
    across: Point | None
    upward: Point
    name: str
    colour: int = 0


def law_panel(arms: Sequence[ArmResult], gaps: Sequence[ArmGap]) -> Panel | None:
    """Improvement over gap, with the line through the arms and what it says of each left out; None without gaps."""
    known = {gap.arm: gap for gap in gaps}
    pairs = [(arm, known[key]) for arm in arms if (key := (arm.recipe, arm.domain, arm.model)) in known]
    if not pairs:
        return None
    domains = list(dict.fromkeys(arm.domain for arm, _ in pairs))
    spots = [
        _Spot((gap.gap, 100 * arm.delta.mean), (gap.low, gap.high), _ends(arm.delta),
              f"{arm.label}: gap {gap.gap:+.1f}, change {100 * arm.delta.mean:+.1f} pp", domains.index(arm.domain))
        for arm, gap in pairs
    ]  # fmt: skip
    law = _law(pairs)
    guesses = [] if law is None else [(spot.at[0], told) for spot, told in zip(spots, law.guesses, strict=True)]
    axes, drawn = _frame(spots, 2.0, guesses), list[Markup]()
    if law is not None:
        drawn += _band(axes, law)
        drawn += [_left_out(axes, spot.at, told) for spot, (_, told) in zip(spots, guesses, strict=True)]
    drawn += [_cross(axes, spot) for spot in spots]
    title = "Change after training against the gap before it, in percentage points"
    names = ", ".join(f"{domain} ({COLOUR_NAMES[place % COLOURS]})" for place, domain in enumerate(domains))
    of = f" Domains: {names}." if len(domains) > 1 else ""
    svg = axes.svg(title, "gap before training, pp", "change, pp", drawn)
    return Panel(title, svg, f"{LAW_NOTE}{of} {_law_text(law, len(spots))} {LAW_LIMITS}")


def _law(pairs: Sequence[tuple[ArmResult, ArmGap]]) -> Law | None:
    found = [
        Configuration(f"{n} {arm.label}", gap.gap, 100 * arm.delta.mean, domain=arm.domain, model=arm.model)
        for n, (arm, gap) in enumerate(pairs)
    ]
    try:
        return fit_law(found)
    except DataError:
        return None  # too few, or all of one gap


def _law_text(law: Law | None, count: int) -> str:
    if law is None:
        return f"No line: {count} arms with a gap; it takes {FEWEST}, of different gaps."
    line, held = law.pooled, law.judged_by
    between = f"{line.slope_interval.low:.2f} to {line.slope_interval.high:.2f}"
    return (
        f"Line: slope {line.slope:.2f} ({between}), R\u00b2 {line.r2:.2f}, {line.n} arms; band: where 95 % of further "
        f"arms like these would lie; ticks: what the line says of each when {held.what} is left out. {held.sentence}"
    )


def gain_by_level(levels: Sequence[Stratum]) -> list[Panel]:
    """The inverted U over problems: a panel an arm, a point a level."""
    arms: dict[str, list[_Spot]] = {}
    for part in levels:
        if part.name != "none":
            at = (100 * part.base, 100 * part.delta.mean)
            arms.setdefault(part.label, []).append(
                _Spot(at, None, _ends(part.delta), f"level {part.name}, {part.problems} problems: {_told(at)}")
            )
    return [panel for label, spots in arms.items() if (panel := _gains(label, spots)) is not None]


def gain_by_model(arms: Sequence[ArmResult]) -> list[Panel]:
    """The inverted U over models: a panel a recipe that was run on several, a point a model and domain."""
    domains = list(dict.fromkeys(arm.domain for arm in arms))
    recipes: dict[str, list[_Spot]] = {}
    for arm in arms:
        at = (100 * arm.base.rate, 100 * arm.delta.mean)
        name = f"{' / '.join(part for part in (arm.domain, arm.model) if part)}: {_told(at)}"
        recipes.setdefault(arm.recipe, []).append(_Spot(at, None, _ends(arm.delta), name, domains.index(arm.domain)))
    return [panel for recipe, spots in recipes.items() if (panel := _gains(recipe, spots)) is not None]


def _gains(title: str, spots: Sequence[_Spot]) -> Panel | None:
    """One panel; None with too few places on the scale."""
    if len({spot.at[0] for spot in spots}) < PLACES:
        return None
    peak = fit_peak([spot.at[0] for spot in spots], [spot.at[1] for spot in spots])
    axes = _frame(spots, 1.0)
    drawn = [_ceiling(axes), *(_curve(axes, spots, peak) if peak is not None else [])]
    drawn += [_cross(axes, spot) for spot in spots]
    label = f"Gain of {title} against accuracy before training, in percentage points"
    return Panel(title, axes.svg(label, "accuracy before, %", "gain, pp", drawn), _peak_text(peak, spots))


def _peak_text(peak: Peak | None, spots: Sequence[_Spot]) -> str:
    inside = peak is None or peak.at is None or _range(spots)[0] <= peak.at <= _range(spots)[1]
    return peak_text(peak) + ("" if inside else " That top is outside the points: one side of the U was not seen.")


def _range(spots: Sequence[_Spot]) -> Point:
    places = [spot.at[0] for spot in spots]
    return min(places), max(places)


def _told(at: Point) -> str:
    return f"{at[0]:.1f} % before, {at[1]:+.1f} pp"


def _ends(delta: Estimate) -> Point:
    return 100 * delta.low, 100 * delta.high


# --- Drawing ---------------------------------------------------------------------------------------------------------

COLOUR_NAMES = ("blue", "orange", "green", "purple", "brown", "grey")
"""Of the page's classes c0 to c5."""
FAR = 1.5
"""Times the points' spread: an interval is drawn no further beyond them, or a wide one would press them into a line."""


def _frame(spots: Sequence[_Spot], scale: float, others: Sequence[Point] = ()) -> Axes:
    """Axes around all points and as much of their intervals as leaves the points apart; zero gain is always there."""
    corners = [*(spot.at for spot in spots), *others, (spots[0].at[0], 0.0)]
    low, high = [min(c[i] for c in corners) for i in (0, 1)], [max(c[i] for c in corners) for i in (0, 1)]
    room = [FAR * max(high[i] - low[i], 1.0) for i in (0, 1)]
    for spot in spots:
        for i, ends in ((0, spot.across), (1, spot.upward)):
            if ends is not None:
                corner = list(spot.at)
                for end in ends:
                    corner[i] = min(max(end, low[i] - room[i]), high[i] + room[i])
                    corners.append((corner[0], corner[1]))
    return Axes.around(corners, scale)


def _cross(axes: Axes, spot: _Spot) -> Markup:
    x, y = axes.at(spot.at)
    drawn = Markup("")
    for ends, upright in ((spot.across, False), (spot.upward, True)):
        if ends is not None:
            low, high = (axes.inside((spot.at[0], e) if upright else (e, spot.at[1])) for e in ends)
            drawn += Markup('<path class="whisker c{}" d="M{} {}L{} {}"/>').format(spot.colour % COLOURS, *low, *high)
    dot = Markup('<circle class="dot c{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>')
    return drawn + dot.format(spot.colour % COLOURS, x, y, spot.name)


def _band(axes: Axes, law: Law) -> list[Markup]:
    """The line, and around it the band of a further arm."""
    line = law.pooled
    places = [line.gap_low + (line.gap_high - line.gap_low) * step / STEPS for step in range(STEPS + 1)]
    around = [line.predict(place) for place in places]
    upper = [axes.inside((x, b.high)) for x, b in zip(places, around, strict=True)]
    lower = [axes.inside((x, b.low)) for x, b in zip(places, around, strict=True)]
    ends = [axes.inside((x, line.at(x))) for x in (places[0], places[-1])]
    return [
        Markup('<path class="band" d="M{}Z"/>').format(_path([*upper, *reversed(lower)])),
        Markup('<path class="fit" d="M{}"/>').format(_path(ends)),
    ]


def _left_out(axes: Axes, at: Point, told: float) -> Markup:
    x, y = axes.at(at)
    _, v = axes.inside((at[0], told))
    return Markup('<path class="left-out" d="M{} {}V{}M{} {}h8"/>').format(x, y, v, round(x - 4, 1), v)


def _curve(axes: Axes, spots: Sequence[_Spot], peak: Peak) -> list[Markup]:
    """The parabola between the outermost points, and its top where that is among them."""
    if peak.curve is None:
        return []
    low, high = _range(spots)
    constant, slope, bend = peak.curve

    def at(x: float) -> Point:
        return x, constant + slope * x + bend * x * x

    path = _path([axes.inside(at(low + (high - low) * step / STEPS)) for step in range(STEPS + 1)])
    drawn = [Markup('<path class="fit" d="M{}"/>').format(path)]
    if peak.at is not None and low <= peak.at <= high:
        x, y = axes.inside(at(peak.at))
        drawn.append(Markup('<path class="fit" d="M{} {}v-7"/>').format(x, y))
    return drawn


def _ceiling(axes: Axes) -> Markup:
    """All that can be gained: 100 minus the accuracy before; where it passes through the panel."""
    (left, low), (right, high) = axes.low, axes.high
    first, last = max(left, 100 - high), min(right, 100 - low)
    if first >= last:
        return Markup("")
    ends = [axes.at((x, 100 - x)) for x in (first, last)]
    return Markup('<path class="ceiling" d="M{}"/>').format(_path(ends))


def _path(places: Sequence[Point]) -> str:
    return "L".join(f"{x} {y}" for x, y in places)
