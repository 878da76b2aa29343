"""What may be said of a difference: the one place where numbers become words.

A finding needs the corrected p-value, and three things that a p-value does not know:

* **what nobody judged**: samples that ended in ERROR are given their worst outcome for whichever side looks better,
  and the finding must survive that; where it does not, it is withheld, and so is equivalence;
* **replication**: with one seed, or seeds whose scores are equal in every problem, there is no finding but
  'unreplicated', whatever the number;
* **the ends of the scale**: within `NEAR` of 0 or 100 % a difference towards that end is withheld. Few seeds that all
  end near 100 % are what an arm with no gain on average looks like when a rare seed falls far below (measured: up to
  .25 false gains, family-wise, at a base of 95 % and a seed sd of 6 pp; more seeds did not help).

'no effect shown' is not 'no effect'. That needs an equivalence test with a margin that was stated before.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from pidistill.stats.grid import Floats
from pidistill.stats.intervals import Estimate, distinct_rows, two_way
from pidistill.stats.significance import ALPHA, Equivalence, detectable, holm, mcnemar, tost

Finding = Literal["gain", "loss", "no effect shown", "unreplicated", "withheld"]
PairFinding = Literal["higher", "lower", "no difference shown", "unreplicated", "withheld"]

MARGIN = 0.02
"""Largest difference that counts as none, unless another is stated."""
NEAR = 0.10
"""How near to 0 or 100 % no difference towards it is stated."""

PAIR_WORDS: dict[Finding, PairFinding] = {
    "gain": "higher",
    "loss": "lower",
    "no effect shown": "no difference shown",
    "unreplicated": "unreplicated",
    "withheld": "withheld",
}


@dataclass(frozen=True)
class Evidence:
    """A difference with all that a finding depends on."""

    estimate: Estimate
    p: float
    """Under the outcome of what was not judged that is worst for the side that looks better."""
    p_equivalent: float
    """Of equivalence within the margin, under the worst outcome for it."""
    distinct: int
    """Seeds whose differences are not another seed's in every problem."""
    replicated: bool
    near: str
    """Which end of the scale the difference points to from nearby; empty where none."""


def detectable_here(estimate: Estimate, tests: int, base: float | None, sign: int) -> float | None:
    """The minimum detectable gain or loss (`sign`) from `base`; None where it is above `largest_stated`, or the base
    `is_near_an_end`."""
    if base is None:
        return detectable(estimate, tests)
    if is_near_an_end(base):
        return None
    found = detectable(estimate, tests, base, sign)
    return found if found is not None and found <= largest_stated(base, sign) else None


def is_near_an_end(base: float) -> bool:
    """Whether a base lies within `NEAR` of 0 or 100 %, from where no effect is said to be detectable, either way.

    Scores there are so skewed that a few seeds do not show their spread. What is worked out from it was up to twice
    what it should be, and found in .76 to .84 of experiments where .80 was stated (`docs/statistics.md`).
    """
    return base < NEAR or base > 1 - NEAR


def largest_stated(base: float, sign: int = 1) -> float:
    """The largest gain or loss from `base` that is ever said to be detectable: one that ends `NEAR` an end is not.

    There seeds are as skewed as at an end that one starts from: the power was .84 to .89 where .80 was stated. What
    starts there has nowhere else to go, and no gain or loss towards that end is stated at all.
    """
    room = 1 - base if sign > 0 else base
    return room - NEAR if room >= NEAR else room


def weigh(
    d_SI: Floats,
    clusters: Sequence[Hashable],
    extremes: tuple[Floats, Floats, Sequence[Hashable]] | None,
    margin: float,
    near: tuple[bool, bool],
) -> Evidence:
    """The evidence in paired differences. `extremes`: least, most and their clusters, where something was not judged.

    `near` says whether the side that is started from lies near 0, and near 100 %.
    """
    estimate = two_way(d_SI, clusters)
    p, equivalent = estimate.p, tost(estimate, margin)
    if extremes is not None:
        ends = [two_way(end, extremes[2]) for end in extremes[:2]]
        against = ends[0] if estimate.mean > 0 else ends[1]
        p = max(p, against.p if against.mean * estimate.mean > 0 else 1.0)
        equivalent = max(equivalent, *(tost(end, margin) for end in ends))
    distinct = len(distinct_rows(d_SI))
    if distinct == 1 and len(set(clusters)) == len(clusters):
        p = max(p, mcnemar(d_SI[0]).p)  # of one run of independent problems there is an exact test
    # Seeds in which nothing at all changed agree for a reason: they claim nothing.
    replicated = distinct > 1 or (len(d_SI) > 1 and not d_SI.any())
    end = "0" if near[0] and estimate.mean < 0 else "100" if near[1] and estimate.mean > 0 else ""
    return Evidence(estimate, p, equivalent, distinct, replicated, end)


@dataclass(frozen=True)
class Judgement:
    """A finding with its corrected p-value, and why it was withheld, if it was."""

    finding: Finding
    p_holm: float
    reason: str
    equivalence: Equivalence | None


def judge(evidence: Sequence[Evidence], margin: float, tried: int = 0) -> tuple[list[Judgement], int]:
    """Findings over a family, and its size: the replicated differences, corrected together (Holm).

    One that is not replicated gets a corrected p all the same, over everything that was tried, and no finding. Of
    `tried` differences those that are not here are taken for the least remarkable, and counted.
    """
    members = [i for i, e in enumerate(evidence) if e.replicated]
    unseen = [1.0] * max(0, tried - len(evidence))
    worst = dict(zip(members, holm([*(evidence[i].p for i in members), *unseen]), strict=False))
    seen = dict(zip(members, holm([*(evidence[i].estimate.p for i in members), *unseen]), strict=False))
    same = dict(zip(members, holm([evidence[i].p_equivalent for i in members]), strict=True))
    everything = holm([*(e.p for e in evidence), *unseen])
    judged = []
    for i, e in enumerate(evidence):
        if not e.replicated:
            judged.append(Judgement("unreplicated", everything[i], "", None))
            continue
        equivalence = Equivalence(margin, e.p_equivalent, same[i])
        finding, reason = _finding(e, worst[i], seen[i])
        judged.append(Judgement(finding, worst[i], reason, equivalence))
    return judged, len(members) + len(unseen)


def _finding(e: Evidence, p_worst: float, p_seen: float) -> tuple[Finding, str]:
    if p_seen > ALPHA or e.estimate.mean == 0.0:
        return "no effect shown", ""
    if p_worst > ALPHA:
        return "withheld", "what could not be judged (ERROR) leaves open which side is better, or by chance"
    if e.near:
        return "withheld", f"within {100 * NEAR:.0f} points of {e.near} % few seeds cannot show a difference towards it"
    return ("gain" if e.estimate.mean > 0 else "loss"), ""
