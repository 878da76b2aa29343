"""Where a gain is largest: a parabola through gains over baselines, and its top with Fieller's interval.

The seeds speak of an inverted U: nothing to learn where a model never or always succeeds. A parabola through few points
finds a top nearly always, so the top is stated with an interval, which has no ends where the data do not bend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from pidistill.records import Record


@dataclass(frozen=True)
class Peak(Record):
    """The top of a fitted parabola."""

    at: float | None
    """None where the parabola has no top."""
    low: float | None
    """None where the interval has no end on that side."""
    high: float | None
    p: float
    """Of 'it does not bend'."""
    points: int
    curve: tuple[float, float, float] | None = None
    """The parabola: its constant, slope and bend."""


def fit_peak(x: Sequence[float], y: Sequence[float], level: float = 0.95) -> Peak | None:
    """Where a parabola through the points is highest, with Fieller's interval; None for fewer than four places."""
    if len(set(x)) < 4:
        return None
    centre, width = float(np.mean(x)), float(np.ptp(x))
    u = (np.array(x) - centre) / width
    design = np.stack([np.ones_like(u), u, u**2], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, np.array(y), rcond=None)
    df = len(x) - 3
    residual = np.array(y) - design @ coefficients
    a, b, c = (float(v) for v in coefficients)
    # The same in x: u = (x - centre) / width.
    slope, bend = b / width - 2 * c * centre / width**2, c / width**2
    curve = (a - b * centre / width + c * (centre / width) ** 2, slope, bend)
    if df < 1 or not residual @ residual:
        return Peak(centre - width * b / (2 * c) if c < 0 else None, None, None, 1.0, len(x), curve)
    covariance = np.linalg.inv(design.T @ design) * float(residual @ residual) / df
    t = float(special.stdtrit(df, 0.5 + level / 2))
    p = min(1.0, 2 * float(special.stdtr(df, -abs(c) / math.sqrt(covariance[2, 2]))))
    if c >= 0:
        return Peak(None, None, None, p, len(x), curve)
    # All r with |b + 2 c r| no larger than t of its standard error: the roots of a quadratic, if c differs from 0.
    quadratic = [
        4 * (c**2 - t**2 * covariance[2, 2]), 4 * (b * c - t**2 * covariance[1, 2]), b**2 - t**2 * covariance[1, 1]
    ]  # fmt: skip
    bounded = quadratic[0] > 0 and quadratic[1] ** 2 >= 4 * quadratic[0] * quadratic[2]
    roots = sorted(float(r.real) for r in np.roots(quadratic)) if bounded else []
    low, high = (centre + width * r for r in roots) if roots else (None, None)
    return Peak(centre - width * b / (2 * c), low, high, p, len(x), curve)


def peak_text(peak: Peak | None) -> str:
    """What a fitted curve says, in words."""
    if peak is None:
        return "Too few places on the scale to fit a curve."
    if peak.at is None:
        return f"A parabola through {peak.points} points has no top: no inverted U is seen (p {peak.p:.2g})."
    where = f"A parabola through {peak.points} points has its top at {peak.at:.1f}"
    if peak.low is None or peak.high is None:
        return f"{where}, but that it bends at all is not shown (p {peak.p:.2g}): the top's 95 % interval has no ends."
    return f"{where} (95 % interval {peak.low:.1f} to {peak.high:.1f}; that it bends: p {peak.p:.2g})."
