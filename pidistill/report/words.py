"""A comparison in words: what was asked, and what was found of each arm, as one would say it to a colleague.

Every sentence restates a row of the tables; no number is made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pidistill.report.model import Tone
from pidistill.report.table import TONES, interval, p_value, percent, points
from pidistill.stats.compare import ArmResult, Comparison
from pidistill.stats.findings import NEAR


@dataclass(frozen=True)
class Said:
    """One arm's finding."""

    arm: str
    finding: str
    tone: Tone
    text: str
    """The rest of the sentence."""
    summary: str = ""
    """What the arm does."""


def question(arms: Sequence[ArmResult]) -> str:
    """What the comparison asks."""
    domains = _listed([arm.domain for arm in arms])
    models = _listed([repr(arm.model) for arm in arms])
    recipes = list(dict.fromkeys(arm.recipe for arm in arms))
    which = repr(recipes[0]) if len(recipes) == 1 else f"any of {len(recipes)} recipes"
    return (
        f"Does training by {which} change how many held-out problems of {domains} the model {models} solves, as "
        "judged by the domain's own verifier?"
    )


def counts(arms: Sequence[ArmResult]) -> str:
    """The findings of all arms, counted."""
    found = Counter[str](arm.finding for arm in arms)
    said = ", ".join(f"{found[finding]} {finding}" for finding in TONES if found[finding])
    return f"Of {len(arms)} arm{'s' * (len(arms) != 1)}: {said}."


def findings(comparison: Comparison, summaries: Mapping[str, str]) -> list[Said]:
    """What was found, an arm at a time."""
    return [
        Said(arm.label, arm.finding, TONES[arm.finding], _found(arm), summaries.get(arm.recipe, ""))
        for arm in comparison.arms
    ]


def _found(arm: ArmResult) -> str:
    seeds = f"{len(arm.seeds)} seed{'s' * (len(arm.seeds) != 1)}"
    change = (
        f"{points(arm.delta.mean)} pp, 95 % interval {interval(arm.delta)} ({percent(arm.base.rate)} % to "
        f"{percent(arm.after.rate)} %; {seeds}, {arm.problems} problems)"
    )
    if arm.finding == "withheld":
        return f"{change}; {arm.withheld}."
    if arm.finding == "unreplicated":
        return f"{change}. One seed is a lucky or an unlucky one; it takes others to say."
    if arm.finding in ("gain", "loss"):
        return f"{change}, corrected p {p_value(arm.p_holm)}."
    null = arm.equivalence
    if null is not None and null.shown:
        return f"{change}. The change is shown to be smaller than {100 * null.margin:g} pp either way."
    if arm.base.rate < NEAR:
        return f"{change}. What would have been found from a base within {100 * NEAR:.0f} points of 0 % is not stated."
    if arm.mde is None:
        return f"{change}. No gain that is possible here would have been found four times in five."
    return f"{change}. A true gain of {100 * arm.mde:.1f} pp would have been found four times in five, a smaller less."


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
