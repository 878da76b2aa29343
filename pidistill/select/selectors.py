"""The selectors that the core brings: by outcome, by score, by pass rate, by length, by advantage.

What could not be judged (ERROR, ABSTAIN) is never chosen with a weight, and enters no rate, mean or baseline.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pidistill.contracts import Choice, Group, Selector
from pidistill.parts import option
from pidistill.records import JSON, Attempt, content_hash


class _Outcome(Selector):
    """Judged attempts for which a condition holds, each with weight 1."""

    @abstractmethod
    def holds(self, attempt: Attempt) -> bool:
        """Whether a judged attempt is chosen."""

    def select(self, group: Group) -> Sequence[Choice]:
        return [Choice(attempt) for attempt in group.judged if self.holds(attempt)]


def _first(attempt: Attempt) -> bool:
    return attempt.rollout.attempt == 0


class FirstAndRetry(_Outcome):
    """First attempts and retries that pass."""

    name = "first+retry"

    def holds(self, attempt: Attempt) -> bool:
        return attempt.verdict.passed


class First(_Outcome):
    """First attempts that pass."""

    name = "first"

    def holds(self, attempt: Attempt) -> bool:
        return attempt.verdict.passed and _first(attempt)


class Retry(_Outcome):
    """Retries that pass."""

    name = "retry"

    def holds(self, attempt: Attempt) -> bool:
        return attempt.verdict.passed and not _first(attempt)


class All(_Outcome):
    """First attempts, passed or failed."""

    name = "all"
    filters = False

    def holds(self, attempt: Attempt) -> bool:
        return _first(attempt)


class Correct(_Outcome):
    """First attempts that pass, for distillation."""

    name = "correct"

    def holds(self, attempt: Attempt) -> bool:
        return attempt.verdict.passed and _first(attempt)


class Incorrect(_Outcome):
    """First attempts that fail, for distillation."""

    name = "incorrect"

    def holds(self, attempt: Attempt) -> bool:
        return attempt.failed and _first(attempt)


@dataclass(frozen=True)
class Graded(Selector):
    """First attempts and retries that score above a bound, weighted by their score (seed 002)."""

    name = "graded"
    above: float = option(0.3, 0, 1)
    """The score that an attempt must be above."""

    def select(self, group: Group) -> Sequence[Choice]:
        kept = [attempt for attempt in group.judged if attempt.verdict.score > self.above]
        return [Choice(attempt, weight=attempt.verdict.score) for attempt in kept]


@dataclass(frozen=True)
class Frontier(Selector):
    """Only problems that the student solves sometimes (PCCG, seed 002), and, with `gap`, its teacher more often.

    The pass rate is that of judged first attempts. `gap` is the least difference of the teacher's pass rate and the
    student's; it needs `rollouts.teacher_samples`. A problem of which nothing was judged is left out.
    """

    name = "frontier"
    low: float = option(0.125, 0, 1)
    high: float = option(0.875, 0, 1)
    gap: float = option(-1.0, -1, 1)
    passed: bool = False
    """Keep passing attempts only, retries included; else all first attempts."""

    def select(self, group: Group) -> Sequence[Choice]:
        student, teacher = group.pass_rate, group.teacher_pass_rate
        if student is None or not self.low <= student <= self.high:
            return []
        if self.gap > -1.0 and (teacher is None or teacher - student < self.gap):
            return []
        if self.passed:
            return [Choice(attempt) for attempt in group.judged if attempt.verdict.passed]
        return [Choice(attempt) for attempt in group.firsts]


@dataclass(frozen=True)
class Shortest(Selector):
    """The shortest passing attempt of each problem; of equal ones the first drawn."""

    name = "shortest"

    def select(self, group: Group) -> Sequence[Choice]:
        passing = [attempt for attempt in group.judged if attempt.verdict.passed]
        return [Choice(min(passing, key=lambda attempt: len(attempt.rollout.token_ids)))] if passing else []


@dataclass(frozen=True)
class LongestFailing(Selector):
    """The longest failing first attempt of each problem that also has a passing one; of equal ones the first drawn."""

    name = "longest-failing"

    def select(self, group: Group) -> Sequence[Choice]:
        failing = [attempt for attempt in group.firsts if attempt.failed]
        if not failing or len(failing) == len(group.firsts):
            return []
        return [Choice(max(failing, key=lambda attempt: len(attempt.rollout.token_ids)))]


@dataclass(frozen=True)
class Advantage(Selector):
    """First attempts with their reward, and its distance to the group's mean (GRPO's baseline).

    The reward is the verdict's score. A group without judged attempts has no baseline; an attempt that was not judged
    has weight 0, no reward and no advantage. Whether advantages are scaled is the objective's business.
    """

    name = "advantage"
    filters = False
    gives_advantage = True

    def reward(self, attempt: Attempt) -> float:
        """The reward of a judged attempt."""
        return attempt.verdict.score

    def select(self, group: Group) -> Sequence[Choice]:
        firsts = [attempt for attempt in group.attempts if _first(attempt)]
        rewards = [self.reward(attempt) for attempt in group.firsts]
        mean = sum(rewards) / len(rewards) if rewards else 0.0
        return [
            Choice(attempt, reward=(reward := self.reward(attempt)), advantage=reward - mean)
            if attempt.verdict.status.judged
            else Choice(attempt, weight=0.0)
            for attempt in firsts
        ]


@dataclass(frozen=True)
class Coin(Advantage):
    """As `advantage`, with rewards that a coin tosses: of each problem as many attempts pass as did, but other ones.

    Which ones depends on the rollouts' draws alone, so a reward is the same on every run (a control: arXiv 2506.10947
    found that random rewards can train as well).
    """

    name = "coin"

    def select(self, group: Group) -> Sequence[Choice]:
        choices = super().select(group)
        judged = [choice for choice in choices if choice.reward is not None]
        seeds: list[JSON] = [choice.attempt.rollout.sampling.seed for choice in judged]
        tossed = random.Random(content_hash("coin", group.problem.id, seeds)).sample(judged, len(judged))
        told = {id(to.attempt): origin for to, origin in zip(judged, tossed, strict=True)}
        return [
            replace(c, reward=o.reward, advantage=o.advantage) if (o := told.get(id(c.attempt))) else c for c in choices
        ]
