"""A selector: which attempts of a problem become examples, with what weight, reward and advantage.

It sees the whole group, all attempts of one problem, by the student and, where the recipe samples it, by the teacher.
What could not be judged (ERROR, ABSTAIN) has no number: it enters no mean, no baseline and no weight.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pidistill.records import Attempt, Problem


@dataclass(frozen=True)
class Group:
    """All attempts of one problem in one turn."""

    problem: Problem
    attempts: Sequence[Attempt]
    """The student's (or solver's) attempts, first attempts before retries, in the order they were drawn."""
    teacher: Sequence[Attempt] = ()
    """The teacher's own attempts, where the recipe samples them."""

    @property
    def judged(self) -> Sequence[Attempt]:
        """The attempts with a verdict that counts."""
        return [attempt for attempt in self.attempts if attempt.verdict.status.judged]

    @property
    def firsts(self) -> Sequence[Attempt]:
        """First attempts that were judged: what a pass rate is of."""
        return [attempt for attempt in self.judged if attempt.rollout.attempt == 0]

    @property
    def pass_rate(self) -> float | None:
        """Share of judged first attempts that passed; None where none was judged."""
        return pass_rate(self.firsts)

    @property
    def teacher_pass_rate(self) -> float | None:
        """The same of the teacher's attempts."""
        return pass_rate([attempt for attempt in self.teacher if attempt.verdict.status.judged])


def pass_rate(judged: Sequence[Attempt]) -> float | None:
    """Share of `judged` attempts that passed; None of none."""
    return sum(attempt.verdict.passed for attempt in judged) / len(judged) if judged else None


@dataclass(frozen=True)
class Choice:
    """An attempt with what it is worth to training."""

    attempt: Attempt
    weight: float = 1.0
    """Weight in the loss, in [0, 1]; a row of weight 0 trains nothing and counts nowhere."""
    reward: float | None = None
    """None for what could not be judged."""
    advantage: float | None = None
    """Reward minus the group's baseline; None where no baseline is formed."""


class Selector(ABC):
    """A rule that chooses among the attempts of a problem. A frozen dataclass whose fields are its settings."""

    name: ClassVar[str]
    filters: ClassVar[bool] = True
    """Whether it may leave judged first attempts out, so that an on-policy stage has to draw more problems."""
    gives_advantage: ClassVar[bool] = False
    """Whether its choices of judged attempts have an advantage."""

    @abstractmethod
    def select(self, group: Group) -> Sequence[Choice]:
        """The choices, in the order of the group's attempts. Depends on nothing else."""
