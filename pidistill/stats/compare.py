"""The comparison of arms: one row of numbers and one plain finding per arm, and paired differences between arms.

The finding is decided by one test, stated before any number is seen: the p-value of the two-way interval
(`intervals.two_way`), Holm-corrected over all arms of the comparison that have at least two seeds. 'gain' and 'loss'
need the corrected p at or below 0.05; everything else is 'no effect shown', which is not 'no effect': the minimum
detectable effect beside it says what could have been missed. An arm with one seed gets no finding but 'unreplicated',
whatever its numbers. Pairs of arms are a second family with a correction of its own.

The t interval over seeds, the bootstrap and McNemar's test are reported as cross-checks and decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pidistill.errors import UsageError, did_you_mean
from pidistill.records import Record, Status
from pidistill.stats.data import CellScores, Side, Training
from pidistill.stats.grid import Arm, Grid, grid_of, group_arms
from pidistill.stats.intervals import Estimate, Interval, bootstrap_two_way, t_interval, two_way
from pidistill.stats.significance import ALPHA, McNemar, holm, mcnemar, minimum_detectable

Finding = Literal["gain", "loss", "no effect shown", "unreplicated"]
PairFinding = Literal["higher", "lower", "no difference shown", "unreplicated"]

ALL_PAIRS_UP_TO = 6
"""With no controls declared, all pairs are compared in groups of at most this many arms (15 tests)."""


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
    p_holm: float | None
    """`delta.p` corrected over the arms; None for an arm outside the family, with one seed."""
    finding: Finding
    mde: float | None
    """Smallest true effect that this arm's test finds four times in five; None where it cannot be said."""
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


@dataclass(frozen=True)
class PairResult(Record):
    """The gain of arm `a` minus the gain of arm `b`, paired by seed and problem."""

    a: str
    b: str
    seeds: tuple[int, ...]
    """Seeds that both arms have."""
    problems: int
    """Problems judged in both arms in all those seeds."""
    difference: Estimate
    p_holm: float | None
    finding: PairFinding
    """What `a` is, compared with `b`."""


@dataclass(frozen=True)
class Comparison(Record):
    """All arms of a report, in the order in which they were given, and the pairs."""

    arms: tuple[ArmResult, ...]
    pairs: tuple[PairResult, ...]
    remarks: tuple[str, ...] = ()
    """What was not done, and why; one line each."""


def compare(
    cells: Sequence[CellScores],
    rng: np.random.Generator,
    *,
    control_for: Mapping[str, Sequence[str]] | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> Comparison:
    """Compare all arms of `cells` with no change, and arms with each other.

    `rng` is used by the bootstrap alone. `pairs` are pairs of recipe names; by default they are the `control_for`
    entries (control -> the recipe it controls for) that are present, or, with none of those, all pairs where there are
    at most `ALL_PAIRS_UP_TO` arms. Raises `DataError` when cells cannot be paired, `UsageError` on an unknown name in
    `pairs`.
    """
    arms = group_arms(cells)
    grids = [grid_of(arm) for arm in arms]
    estimates = [two_way(grid.delta) for grid in grids]
    corrected = _holm_of_replicated(estimates, [len(arm.seeds) for arm in arms])
    family = sum(p is not None for p in corrected)
    results = tuple(
        _arm_result(arm, grid, estimate, p, family, rng)
        for arm, grid, estimate, p in zip(arms, grids, estimates, corrected, strict=True)
    )
    compared, remarks = _compare_pairs(arms, grids, _choose_pairs(arms, control_for or {}, pairs))
    return Comparison(results, compared, remarks)


def finding_of(mean: float, p_holm: float | None) -> Finding:
    """The plain finding of an arm: by the corrected p-value, or 'unreplicated' where there is none."""
    if p_holm is None:
        return "unreplicated"
    if p_holm > ALPHA or mean == 0.0:
        return "no effect shown"
    return "gain" if mean > 0 else "loss"


def _arm_result(
    arm: Arm, grid: Grid, delta: Estimate, p_holm: float | None, family: int, rng: np.random.Generator
) -> ArmResult:
    d_SI = grid.delta
    seed_deltas = d_SI.mean(axis=1)
    replicated = len(arm.seeds) > 1
    testable = replicated and delta.df is not None
    return ArmResult(
        label=arm.label,
        recipe=arm.recipe,
        domain=arm.group[0],
        model=arm.group[1],
        seeds=arm.seeds,
        problems=len(grid.ids),
        left_out=grid.left_out,
        base=_side_summary(arm, float(grid.base.mean()), lambda cell: [p.base for p in cell.problems]),
        after=_side_summary(arm, float(grid.after.mean()), lambda cell: [p.after for p in cell.problems]),
        delta=delta,
        seed_deltas=tuple(float(d) for d in seed_deltas),
        sd=float(seed_deltas.std(ddof=1)) if replicated else None,
        p_holm=p_holm,
        finding=finding_of(delta.mean, p_holm),
        mde=minimum_detectable(delta.se, delta.df, family) if testable and delta.df is not None else None,
        over_seeds=t_interval(seed_deltas) if replicated else None,
        bootstrap=bootstrap_two_way(d_SI, rng),
        mcnemar_seeds=tuple(mcnemar(row) for row in d_SI),
        mcnemar=mcnemar(np.round(d_SI.mean(axis=0), 12)),
        training=sum((cell.training for cell in arm.cells), Training()),
        stages=_stages(arm),
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


def _holm_of_replicated(estimates: Sequence[Estimate], seeds: Sequence[int]) -> list[float | None]:
    """Corrected p-values; None for those with one seed, which are not in the family."""
    members = [i for i, n in enumerate(seeds) if n > 1]
    adjusted = dict(zip(members, holm([estimates[i].p for i in members]), strict=True))
    return [adjusted.get(i) for i in range(len(estimates))]


def _choose_pairs(
    arms: Sequence[Arm], control_for: Mapping[str, Sequence[str]], pairs: Sequence[tuple[str, str]] | None
) -> list[tuple[int, int]]:
    """Indices of the arms to compare, within each domain and model."""
    names = {arm.recipe for arm in arms}
    if pairs is not None:
        for name in (name for pair in pairs for name in pair):
            if name not in names:
                raise UsageError(
                    f"Cannot compare with {name!r}: no such arm in this comparison.{did_you_mean(name, names)}",
                    f"Arms: {', '.join(sorted(names))}",
                )
        wanted = list(pairs)
    else:
        named = [(arm, control) for control, treated in control_for.items() for arm in treated]
        wanted = [pair for pair in named if names.issuperset(pair)]
    by_key = {(arm.recipe, *arm.group): i for i, arm in enumerate(arms)}
    groups = list(dict.fromkeys(arm.group for arm in arms))
    if wanted or pairs is not None:
        chosen = [(by_key.get((a, *g)), by_key.get((b, *g))) for g in groups for a, b in wanted]
        return [(a, b) for a, b in chosen if a is not None and b is not None and a != b]
    members = [[i for i, arm in enumerate(arms) if arm.group == group] for group in groups]
    return [(a, b) for m in members if len(m) <= ALL_PAIRS_UP_TO for n, a in enumerate(m) for b in m[n + 1 :]]


def _compare_pairs(
    arms: Sequence[Arm], grids: Sequence[Grid], chosen: Sequence[tuple[int, int]]
) -> tuple[tuple[PairResult, ...], tuple[str, ...]]:
    measured: list[tuple[int, int, tuple[int, ...], int, Estimate]] = []
    remarks = []
    for a, b in chosen:
        seeds = tuple(sorted(set(arms[a].seeds) & set(arms[b].seeds)))
        shared = set(grids[a].ids) & set(grids[b].ids)
        if not seeds or not shared:
            what = "seed" if not seeds else "judged problem"
            remarks.append(f"{arms[a].label} and {arms[b].label} have no {what} in common and were not compared.")
            continue
        one, other = (grids[i].rows(seeds).columns([name in shared for name in grids[i].ids]) for i in (a, b))
        measured.append((a, b, seeds, len(shared), two_way(one.delta - other.delta)))
    corrected = _holm_of_replicated([m[-1] for m in measured], [len(m[2]) for m in measured])
    words: dict[Finding, PairFinding] = {
        "gain": "higher",
        "loss": "lower",
        "no effect shown": "no difference shown",
        "unreplicated": "unreplicated",
    }
    return tuple(
        PairResult(arms[a].label, arms[b].label, seeds, n, d, p, words[finding_of(d.mean, p)])
        for (a, b, seeds, n, d), p in zip(measured, corrected, strict=True)
    ), tuple(remarks)
