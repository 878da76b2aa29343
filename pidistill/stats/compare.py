"""The comparison of arms: one row of numbers and one plain finding per arm, and paired differences between arms.

The finding is decided by one test, stated before any number is seen: the p-value of the two-way interval
(`intervals.two_way`), Holm-corrected over all arms of the comparison that are replicated, and what `findings` asks
beside it. 'gain' and 'loss' need the corrected p at or below 0.05; everything else is 'no effect shown', which is not
'no effect': the minimum detectable effect beside it says what could have been missed, and the equivalence test whether
it is small. Pairs of arms are a second family with a correction of its own (`pairs`).

The t interval over seeds, the bootstrap and McNemar's test are reported as cross-checks and decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pidistill.records import Record, Status
from pidistill.stats.data import CellScores, Side, Training
from pidistill.stats.findings import MARGIN, NEAR, Evidence, Finding, Judgement, detectable_here, judge, weigh
from pidistill.stats.grid import Arm, Floats, Grid, grid_of, group_arms
from pidistill.stats.intervals import Estimate, Interval, bootstrap_two_way, t_interval
from pidistill.stats.pairs import PairResult, choose_pairs, compare_pairs
from pidistill.stats.significance import Equivalence, McNemar, mcnemar


@dataclass(frozen=True)
class SideSummary(Record):
    """One side (before or after) of an arm, over its seeds."""

    rate: float
    """Mean score over the paired problems: those that were judged in every seed, on both sides."""
    worst: float
    """Mean score over *all* problems if every sample outside the denominator had failed."""
    best: float
    """The same if every one of them had passed."""
    statuses: Mapping[str, int]
    """Status -> number of samples, over all problems and seeds."""
    tokens: float
    """Mean completion length, in tokens."""
    truncated: float
    """Fraction of samples cut at the token limit."""
    no_answer: float
    """Fraction of judged samples from which no answer could be extracted."""

    @property
    def outside(self) -> int:
        """Samples outside the denominator."""
        return sum(count for status, count in self.statuses.items() if not Status(status).judged)


@dataclass(frozen=True)
class StageResult(Record):
    """One stage of an arm, over its seeds."""

    name: str
    rate: float | None
    """Accuracy after it, the mean over seeds of what was judged; None where nothing was."""
    tokens: float
    """Mean completion length, in tokens."""
    examples: int
    """Summed over seeds, as are the optimizer's steps."""
    steps: int


@dataclass(frozen=True)
class ArmResult(Record):
    """Everything that is reported of one arm. Rates and differences are fractions, not percent."""

    label: str
    recipe: str
    domain: str
    model: str
    seeds: tuple[int, ...]
    problems: int
    """Paired problems, the ones that count."""
    left_out: int
    """Problems that some seed could not judge."""
    base: SideSummary
    after: SideSummary
    delta: Estimate
    """Mean of after minus base; two-way, or over problems only where there is one seed."""
    seed_deltas: tuple[float, ...]
    """One mean difference per seed, in the order of `seeds`."""
    sd: float | None
    """Standard deviation of `seed_deltas` (n - 1); None with one seed."""
    p_holm: float
    """`delta.p`, with what was not judged at its worst, corrected over the replicated arms; for an arm with one seed
    over all arms."""
    finding: Finding
    mde: float | None
    """Smallest true gain that this arm's test finds four times in five; None where there is no such gain below 100 %,
    and with one seed."""
    over_seeds: Estimate | None
    """Cross-check: t interval over the seeds' means, as if the problems were the only ones there are."""
    bootstrap: Interval
    """Cross-check: pigeonhole bootstrap."""
    mcnemar_seeds: tuple[McNemar, ...]
    """Cross-check: exact McNemar test within each seed."""
    mcnemar: McNemar
    """Cross-check: the same, pooled: on each problem's mean difference over the seeds."""
    training: Training
    """Summed over seeds."""
    stages: tuple[StageResult, ...] = ()
    """What was measured after each stage of the recipe; empty where a seed lacks it."""
    mde_loss: float | None = None
    """The same of a loss; None where it would end below 0 %."""
    withheld: str = ""
    """Why the finding is withheld, where it is."""
    equivalence: Equivalence | None = None
    """Whether the change is null within the stated margin; None with one seed."""
    clusters: int = 0
    """Units that problems were resampled in: templates, or problems where none are alike."""
    distinct: int = 0
    """Seeds whose scores are not another seed's, problem by problem."""


@dataclass(frozen=True)
class Comparison(Record):
    """All arms of a report, in the order in which they were given, and the pairs."""

    arms: tuple[ArmResult, ...]
    pairs: tuple[PairResult, ...]
    remarks: tuple[str, ...] = ()
    """What was not done, and why; one line each."""
    margin: float = MARGIN
    """What counts as no difference, for the equivalence tests."""


def compare(
    cells: Sequence[CellScores],
    rng: np.random.Generator,
    *,
    control_for: Mapping[str, Sequence[str]] | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    margin: float = MARGIN,
    tried: int = 0,
) -> Comparison:
    """Compare all arms of `cells` with no change, and arms with each other.

    `rng` is used by the bootstrap alone. `pairs` are pairs of recipe names; by default they are the `control_for`
    entries (control -> the recipe it controls for) that are present, or, with none of those, all pairs where there are
    at most `ALL_PAIRS_UP_TO` arms. `margin` is the difference that counts as none, for equivalence tests; `tried` how
    many arms were tried, if more than there are cells of. Raises `DataError` when cells cannot be paired, `UsageError`
    on an unknown name in `pairs`.
    """
    arms = group_arms(cells)
    grids = [grid_of(arm) for arm in arms]
    evidence = [weigh(grid.delta, grid.clusters, _extremes(grid), margin, _near(grid)) for grid in grids]
    judged, family = judge(evidence, margin, tried)
    results = tuple(
        _arm_result(arm, grid, weighed, judgement, family, rng)
        for arm, grid, weighed, judgement in zip(arms, grids, evidence, judged, strict=True)
    )
    compared, remarks = compare_pairs(arms, grids, choose_pairs(arms, control_for or {}, pairs), margin)
    return Comparison(results, compared, (*_remarks(results), *remarks), margin)


def _extremes(grid: Grid) -> tuple[Floats, Floats, Sequence[str]] | None:
    bounds = grid.bounds
    if bounds is None or np.array_equal(bounds.least, bounds.most):
        return None
    return bounds.least, bounds.most, bounds.clusters


def _near(grid: Grid) -> tuple[bool, bool]:
    base = float(grid.base.mean())
    return base < NEAR, base > 1 - NEAR


def _remarks(results: Sequence[ArmResult]) -> Iterator[str]:
    for arm in results:
        if arm.distinct < len(arm.seeds) and any(arm.seed_deltas):
            counted = "one" if arm.distinct == 1 else str(arm.distinct)
            yield (
                f"{arm.label}: some of its {len(arm.seeds)} seeds changed the same problems in the same way, so they "
                f"count as {counted}: a seed that is run twice is no evidence."
            )
        if arm.withheld:
            yield f"{arm.label}: no finding is stated: {arm.withheld}."
    first = {(arm.domain, arm.model): arm for arm in reversed(results)}
    for (domain, _), arm in reversed(first.items()):
        where = f" of {domain}" if len(first) > 1 else ""
        if arm.clusters == 1 < arm.problems:
            yield f"All problems{where} are one template, so what is found holds for it alone."
        elif arm.clusters < arm.problems:
            yield (
                f"{arm.problems} problems{where} are {arm.clusters} templates (equal but for numbers, or declared), "
                "which are resampled as such."
            )


def _arm_result(
    arm: Arm, grid: Grid, evidence: Evidence, judgement: Judgement, family: int, rng: np.random.Generator
) -> ArmResult:
    d_SI, delta, base = grid.delta, evidence.estimate, float(grid.base.mean())
    seed_deltas = d_SI.mean(axis=1)
    replicated = len(arm.seeds) > 1
    mde, mde_loss = (detectable_here(delta, family, base, sign) if evidence.distinct > 1 else None for sign in (1, -1))
    return ArmResult(
        label=arm.label,
        recipe=arm.recipe,
        domain=arm.group[0],
        model=arm.group[1],
        seeds=arm.seeds,
        problems=len(grid.ids),
        left_out=grid.left_out,
        base=_side_summary(arm, base, lambda cell: [p.base for p in cell.problems]),
        after=_side_summary(arm, float(grid.after.mean()), lambda cell: [p.after for p in cell.problems]),
        delta=delta,
        seed_deltas=tuple(float(d) for d in seed_deltas),
        sd=float(seed_deltas.std(ddof=1)) if replicated else None,
        p_holm=judgement.p_holm,
        finding=judgement.finding,
        mde=mde,
        over_seeds=t_interval(seed_deltas) if replicated else None,
        bootstrap=bootstrap_two_way(d_SI, rng, clusters=grid.clusters),
        mcnemar_seeds=tuple(mcnemar(row) for row in d_SI),
        mcnemar=mcnemar(np.round(d_SI.mean(axis=0), 12)),
        training=sum((cell.training for cell in arm.cells), Training()),
        stages=_stages(arm),
        mde_loss=mde_loss,
        withheld=judgement.reason,
        equivalence=judgement.equivalence,
        clusters=len(set(grid.clusters)),
        distinct=evidence.distinct,
    )


def _stages(arm: Arm) -> tuple[StageResult, ...]:
    """The stages of an arm, each over all seeds that have it."""
    found = []
    for after in zip(*(cell.stages for cell in arm.cells), strict=False):
        rates = [stage.after.score for stage in after if stage.after.score is not None]
        found.append(
            StageResult(
                after[0].name,
                float(np.mean(rates)) if rates else None,
                float(np.mean([stage.after.tokens for stage in after])),
                sum(stage.examples for stage in after),
                sum(stage.steps for stage in after),
            )
        )
    return tuple(found)


def _side_summary(arm: Arm, rate: float, sides_of: Callable[[CellScores], list[Side]]) -> SideSummary:
    sides = [side for cell in arm.cells for side in sides_of(cell)]
    statuses: Counter[str] = Counter()
    for side in sides:
        statuses.update(side.statuses)
    bounds = np.array([side.bounds for side in sides])
    samples = np.array([side.samples for side in sides], dtype=np.float64)
    judged = sum(side.judged for side in sides)
    return SideSummary(
        rate=rate,
        worst=float(bounds[:, 0].mean()),
        best=float(bounds[:, 1].mean()),
        statuses={status: statuses[status] for status in sorted(statuses)},
        tokens=float(np.average([side.tokens for side in sides], weights=samples)),
        truncated=float(np.average([side.truncated for side in sides], weights=samples)),
        no_answer=statuses[Status.NO_ANSWER.value] / judged if judged else 0.0,
    )
