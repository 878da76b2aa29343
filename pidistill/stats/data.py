"""What a finished cell leaves behind for the statistics: one `CellScores`, stored as the cell's `summary.json`.

A cell is recipe x domain x model x seed. It keeps every evaluation problem by itself, before and after training,
because everything the report claims is paired by problem. A verdict outside the denominator (ABSTAIN, ERROR) never
becomes a score here: it is counted beside the score, and `Side.bounds` says how far it could have moved the rate.

`cell_scores` makes the record from rollouts and verdicts; running the loop that produces those is `pidistill.loop`'s.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pidistill.errors import DataError, RecordError
from pidistill.records import JSON, Problem, Record, Rollout, Status, Verdict
from pidistill.stats.clusters import cluster_of

_STATUSES = frozenset(status.value for status in Status)
_JUDGED = frozenset(status.value for status in Status if status.judged)
_SIDES: dict[tuple[object, ...], Side] = {}
_MOST_SIDES = 50_000
_NUMBERS = (int, float)


@dataclass(frozen=True)
class Side(Record):
    """One problem measured once: before training, or after it."""

    score: float | None
    """Accuracy: the share of the judged samples that passed; None when no sample could be judged.

    A graded score is what an arm may train by, never what it is measured by: the share of tests passed is not pass@1.
    """
    statuses: Mapping[str, int]
    """`Status` value -> number of samples, those outside the denominator included."""
    tokens: float
    """Mean completion length over all samples, in tokens."""
    truncated: float
    """Fraction of all samples that were cut at the token limit."""

    def __post_init__(self) -> None:
        for name, count in self.statuses.items():
            if name not in _STATUSES:
                raise RecordError(f"Side.statuses: {name!r} is not a status")
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise RecordError(f"Side.statuses[{name!r}]: expected a count, got {count!r}")
        if self.samples < 1:
            raise RecordError("Side.statuses: a measured problem has at least one sample")
        if (self.score is None) != (self.judged == 0):
            raise RecordError(f"Side.score is {self.score!r}, but {self.judged} samples were judged")
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise RecordError(f"Side.score must lie in [0, 1], got {self.score!r}")
        if not 0.0 <= self.truncated <= 1.0:
            raise RecordError(f"Side.truncated must lie in [0, 1], got {self.truncated!r}")
        if not (math.isfinite(self.tokens) and self.tokens >= 0.0):
            raise RecordError(f"Side.tokens must be a length, got {self.tokens!r}")

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Self:
        """As of any record. Sides that say the same are one object: a report reads a few hundred thousand of them."""
        key = _key_of_side(data)
        if key is None or cls is not Side:
            return super().from_json(data)
        found = _SIDES.get(key)
        if found is None:
            if len(_SIDES) >= _MOST_SIDES:
                _SIDES.clear()
            found = _SIDES[key] = super().from_json(data)
        return typing.cast(Self, found)

    @property
    def samples(self) -> int:
        """All samples, judged or not."""
        return sum(self.statuses.values())

    @property
    def judged(self) -> int:
        """Samples in the denominator."""
        return sum(count for name, count in self.statuses.items() if name in _JUDGED)

    @property
    def bounds(self) -> tuple[float, float]:
        """The score if every sample outside the denominator had failed, and if every one had passed."""
        worst = 0.0 if self.score is None else self.score * self.judged / self.samples
        return worst, worst + (self.samples - self.judged) / self.samples


def _key_of_side(data: Mapping[str, JSON]) -> tuple[object, ...] | None:
    """What a side says, to be found by; None where it is not written as sides are, and so has to be looked at."""
    if type(data) is not dict or len(data) != 4:
        return None
    score, statuses, tokens, truncated = map(data.get, ("score", "statuses", "tokens", "truncated"))
    plain = type(tokens) in _NUMBERS and type(truncated) in _NUMBERS and (score is None or type(score) in _NUMBERS)
    if not plain or type(statuses) is not dict or not all(type(count) is int for count in statuses.values()):
        return None  # True is 1 in a key, and no number in a record
    return (score, tokens, truncated, *statuses.items())


@dataclass(frozen=True)
class ProblemScore(Record):
    """One evaluation problem before and after training."""

    id: str
    level: int | None
    """Difficulty as the data gives it, 1 is easiest; None where it gives none."""
    base: Side
    after: Side
    cluster: str = ""
    """Problems with one name here are one template and are resampled together; empty: a cluster of its own."""

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Self:
        """As of any record, and quicker where it is written as they are."""
        if type(data) is dict and 4 <= len(data) <= 5 and cls is ProblemScore:
            name, level, cluster = data.get("id"), data.get("level", ""), data.get("cluster", "")
            base, after = data.get("base"), data.get("after")
            known = len(data) == 4 or "cluster" in data
            if known and isinstance(name, str) and isinstance(cluster, str) and (level is None or type(level) is int):
                if isinstance(base, dict) and isinstance(after, dict):
                    return cls(name, level, Side.from_json(base), Side.from_json(after), cluster)
        return super().from_json(data)


@dataclass(frozen=True)
class Training(Record):
    """What the cell spent, and what it trained on. Counts over the whole cell, evaluation not included."""

    examples: int = 0
    """Examples trained on."""
    retries: int = 0
    """Retries made after a failed attempt."""
    retries_passed: int = 0
    """Retries that the verifier passed."""
    generated_tokens: int = 0
    """Completion tokens that this arm's recipe calls for, whoever generated them first."""
    trained_tokens: int = 0
    """Completion tokens that entered the loss, summed over steps."""
    rollouts_made: int = 0
    """Rollouts that this cell sampled itself."""
    rollouts_reused: int = 0
    """Rollouts that the store already had, from another cell or from before an interruption."""
    unjudged: int = 0
    """Training rollouts that could not be judged: ERROR and ABSTAIN. None of them was trained on."""
    steps: int = 0
    """Optimizer steps taken."""
    steps_asked: int = 0
    """Optimizer steps asked for; where the objective takes as many as its examples give, those taken."""

    def __post_init__(self) -> None:
        if self.retries_passed > self.retries:
            raise RecordError(f"Training: {self.retries_passed} of {self.retries} retries passed")

    @property
    def retry_success(self) -> float | None:
        """Share of retries that passed; None where there was no retry."""
        return self.retries_passed / self.retries if self.retries else None

    def __add__(self, other: Training) -> Training:
        return Training(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(self)})


@dataclass(frozen=True)
class StageScores(Record):
    """One stage of a recipe, and what was measured after it."""

    name: str
    after: Side
    """All evaluation samples together."""
    examples: int
    steps: int
    """Optimizer steps taken."""
    steps_asked: int | None = None
    """None where the objective takes as many as its examples give."""
    start: str = ""
    """Hash of the trained weights before its first step; arms of one seed, trained alike, begin with equal ones."""


@dataclass(frozen=True)
class CellScores(Record):
    """One cell's result: what `summary.json` holds and what every table is made from."""

    recipe: str
    domain: str
    model: str
    seed: int
    problems: tuple[ProblemScore, ...]
    """Evaluation problems, in the order of the data."""
    training: Training = Training()
    stages: tuple[StageScores, ...] = ()
    """What each stage of the recipe left, in order; the last one's evaluation is `after`."""

    def __post_init__(self) -> None:
        if not self.problems:
            raise RecordError(f"{self.name} has no evaluation problems")
        repeated = [name for name, n in Counter(p.id for p in self.problems).items() if n > 1]
        if repeated:
            raise RecordError(f"{self.name}: evaluation problem {repeated[0]!r} occurs more than once")

    @property
    def name(self) -> str:
        """The cell, for messages."""
        return f"cell {self.recipe} / {self.domain} / {self.model} / seed {self.seed}"


Judged = tuple[Rollout, Verdict]


def cell_scores(
    problems: Sequence[Problem],
    base: Iterable[Judged],
    after: Iterable[Judged],
    *,
    recipe: str,
    domain: str,
    model: str,
    seed: int,
    training: Training | None = None,
    stages: tuple[StageScores, ...] = (),
    independent: bool = False,
) -> CellScores:
    """The cell's scores from its evaluation rollouts and their verdicts, before and after training.

    Rollouts are matched to `problems` by id, in any order; a problem may have several samples. Raises `DataError`
    naming the problem when one has no rollout on a side, or when a rollout belongs to none of them. `independent`: no
    problems belong together, whatever their text (`Domain.drawn_independently`).
    """
    sides = {
        side: _sides(problems, judged, f"cell {recipe} / {domain} / {model} / seed {seed}, {side}")
        for side, judged in (("base", base), ("after", after))
    }
    scores = tuple(
        ProblemScore(p.id, p.level, sides["base"][p.id], sides["after"][p.id], cluster_of(p, independent))
        for p in problems
    )
    return CellScores(recipe, domain, model, seed, scores, training or Training(), stages)


def _sides(problems: Sequence[Problem], judged: Iterable[Judged], where: str) -> dict[str, Side]:
    by_problem: dict[str, list[Judged]] = defaultdict(list)
    for rollout, verdict in judged:
        by_problem[rollout.problem_id].append((rollout, verdict))
    known = {problem.id for problem in problems}
    for found, expected, what in (
        (known, by_problem, "has no rollout"),
        (by_problem, known, "is not an evaluation problem of this cell"),
    ):
        wrong = sorted(set(found) - set(expected))
        if wrong:
            raise DataError(
                f"{where}: problem {wrong[0]!r} {what} ({len(wrong)} such).",
                "Run the cell again: what is already stored is reused.",
            )
    return {problem_id: measured(samples) for problem_id, samples in by_problem.items()}


def measured(samples: Sequence[Judged]) -> Side:
    """Samples and their verdicts, at least one, as one measurement."""
    passed = [verdict.passed for _, verdict in samples if verdict.status.judged]
    statuses = Counter(verdict.status.value for _, verdict in samples)
    return Side(
        score=sum(passed) / len(passed) if passed else None,
        statuses={status: statuses[status] for status in sorted(statuses)},
        tokens=sum(len(rollout.token_ids) for rollout, _ in samples) / len(samples),
        truncated=sum(rollout.truncated for rollout, _ in samples) / len(samples),
    )
