"""What a pilot sample leaves: the student, each self-teacher and the resampling control, with intervals.

All differences are paired by problem, problems of one template resampled together. Before training there are no seeds
to count: what varies is which problems were drawn, and their samples, and both are in the interval.

The control is the student itself, sampled again with no context. Where a context reaches only some problems (those with
a failed attempt, or with a passing sibling) the student's own score there is selected, low or high, and part of the gap
is plain resampling: `net` is the gap over the control instead, which was drawn after the selection.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pidistill.records import Record
from pidistill.stats.intervals import Estimate, Interval, t_interval, two_way, wilson


@dataclass(frozen=True)
class Speaker(Record):
    """One who was sampled on the pilot problems."""

    rate: float
    """Mean over problems of the share of judged samples that passed."""
    interval: Interval
    samples: int
    unjudged: int
    """Samples that ended in ERROR or ABSTAIN, outside the rate."""
    tokens: float
    """Mean completion length."""


@dataclass(frozen=True)
class FormGap(Record):
    """A self-teacher that sees one PI form, against the student."""

    form: str
    reveals: str
    reached: int
    """Pilot problems that the form had something to say on."""
    teacher: Speaker | None
    """On the problems reached; None where there is none."""
    gap: Estimate
    """Teacher minus student, over all problems: where the context does not reach, the two are one."""
    gap_reached: Estimate | None
    net: Estimate
    """The same over the resampling control."""
    net_reached: Estimate | None
    context_tokens: float
    """How much longer the teacher's prompt is, in tokens."""
    placebo_for: str = ""


@dataclass(frozen=True)
class Gap(Record):
    """A pilot measurement, as it lies in a file."""

    cell: str
    domain: str
    model: str
    revision: str
    seed: int
    problems: int
    """Pilot problems."""
    train_problems: int
    """Training problems that there are."""
    samples: int
    """Per problem and speaker."""
    student: Speaker
    control: Speaker
    resampling: Estimate
    """Control minus student: what plain resampling does to a gap."""
    forms: tuple[FormGap, ...]
    baseline: Interval
    """Of the held-out accuracy, by Wilson's formula."""
    baseline_rate: float | None
    held_out: int
    retries: int
    """Bare retries of failed first attempts."""
    retries_passed: int
    retry_yield: Interval
    frontier: float
    """Share of pilot problems that the student solves sometimes and not always."""
    diversity: float | None
    """Mean pairwise distance of passing solutions of one problem; None where no problem has two."""
    seconds: float
    """Wall-clock time of the measurement."""
    tokens_made: int
    """Completion tokens that were sampled for it in these seconds; others were in the store."""
    settings: Mapping[str, str] = field(default_factory=dict)


Scores = Mapping[str, Sequence[float]]
"""Problem -> 1 or 0 for each judged sample."""


def difference(
    one: Scores, other: Scores, problems: Sequence[str], clusters: Mapping[str, str], reached: Sequence[str]
) -> Estimate | None:
    """Mean over `problems` of `one` minus `other` on those reached, 0 elsewhere; None where no problem has both."""
    inside = set(reached)
    usable = [p for p in problems if p not in inside or (one.get(p) and other.get(p))]
    if not usable or not inside & set(usable):
        return None
    d = [float(np.mean(one[p]) - np.mean(other[p])) if p in inside else 0.0 for p in usable]
    names = [clusters[p] for p in usable]
    # A handful of clusters that all agree by chance has no spread to go by.
    return two_way(np.array([d]), names) if len(d) > 1 else t_interval(d, "problems only")


def speaker(scores: Scores, unjudged: int, tokens: Sequence[int]) -> Speaker:
    """Rate and interval of one who was sampled."""
    means = [float(np.mean(s)) for s in scores.values() if s]
    judged = sum(len(s) for s in scores.values())
    if not means:
        return Speaker(0.0, Interval(0.0, 1.0), unjudged, unjudged, float(np.mean(tokens)) if tokens else 0.0)
    estimate = t_interval(means, "problems only")
    interval = Interval(max(0.0, estimate.low), min(1.0, estimate.high))
    return Speaker(estimate.mean, interval, judged + unjudged, unjudged, float(np.mean(tokens)) if tokens else 0.0)


def share(passed: int, n: int) -> Interval:
    """Wilson's interval of a share."""
    return wilson(passed, n)


def path_diversity(passing: Mapping[str, Sequence[str]]) -> float | None:
    """Mean over problems of the mean pairwise distance of their passing solutions, by shared pairs of words.

    Ours: seed 002 gives two numbers and no formula. 0: all alike; 1: no two neighbouring words in common.
    """
    distances = []
    for texts in passing.values():
        sets = [_pairs(text) for text in texts]
        each = [1 - len(a & b) / len(a | b) if a | b else 0.0 for n, a in enumerate(sets) for b in sets[n + 1 :]]
        if each:
            distances.append(float(np.mean(each)))
    return float(np.mean(distances)) if distances else None


def _pairs(text: str) -> set[tuple[str, str]]:
    words = ["", *text.split(), ""]
    return set(itertools.pairwise(words))
