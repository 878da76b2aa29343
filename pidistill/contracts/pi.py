"""A PI form: a rule that makes privileged information about one problem, or has a model write it.

A form is a frozen dataclass whose fields are its settings (`gibberish:token=QUUX`); it gets one record, `About`, with
all that it may look at. `pi.render` is who calls it: what a form needs is checked there, once, so a form may take what
it declared for granted.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pidistill.records import PI, Attempt, Messages, Problem, Reveals, Rollout, Verdict


@dataclass(frozen=True)
class Needs:
    """What a PI form cannot do without. It is asked only where all of it is there."""

    rollout: bool = False
    """A failed attempt of this problem."""
    attempt: bool = False
    """An attempt of this problem, failed or not."""
    diagnostics: bool = False
    """What the verifier said about the attempt, not empty."""
    reference: bool = False
    solution: bool = False
    peers: bool = False
    """Other problems of the same data."""
    sibling: bool = False
    """A passing attempt of the same problem, other than the one that is worked on."""


@dataclass(frozen=True)
class About:
    """Everything a PI form may look at."""

    problem: Problem
    attempt: Attempt | None = None
    """The attempt that the PI is about; None before any was made."""
    group: Sequence[Attempt] = ()
    """All attempts of this problem that are known, the one it is about included."""
    problems: Sequence[Problem] = ()
    """Problems of the same side of the data: what placebos are drawn from."""
    rng: random.Random = field(default_factory=lambda: random.Random(0), compare=False)
    """The only source of chance a form may use; the same on every run."""

    @property
    def reference(self) -> str:
        """The problem's reference, for a form that needs it."""
        assert self.problem.reference is not None, "a form that reads the reference declares that it needs it"
        return self.problem.reference

    @property
    def solution(self) -> str:
        """The problem's worked solution, for a form that needs it."""
        assert self.problem.solution is not None, "a form that reads the solution declares that it needs it"
        return self.problem.solution

    @property
    def rollout(self) -> Rollout:
        """The rollout that the PI is about, for a form that needs an attempt."""
        assert self.attempt is not None, "a form that reads the attempt declares that it needs it"
        return self.attempt.rollout

    @property
    def verdict(self) -> Verdict:
        """The verdict on that rollout, for a form that needs an attempt."""
        assert self.attempt is not None, "a form that reads the verdict declares that it needs it"
        return self.attempt.verdict

    @property
    def others(self) -> Sequence[Problem]:
        """The other problems."""
        return [problem for problem in self.problems if problem.id != self.problem.id]

    @property
    def siblings(self) -> Sequence[Attempt]:
        """Passing attempts of this problem, never the one that is worked on."""
        own = self.attempt.rollout.id if self.attempt else None
        return [
            other
            for other in self.group
            if other.verdict.passed and other.rollout.id != own and other.problem.id == self.problem.id
        ]

    def meets(self, needs: Needs) -> bool:
        """Whether all that `needs` names is here."""
        attempt = self.attempt
        return not (
            (needs.rollout and not (attempt and attempt.failed))
            or (needs.attempt and attempt is None)
            or (needs.diagnostics and not (attempt and attempt.verdict.diagnostics))
            or (needs.reference and self.problem.reference is None)
            or (needs.solution and not self.problem.solution)
            or (needs.peers and all(problem.id == self.problem.id for problem in self.problems))
            or (needs.sibling and not self.siblings)
        )


class PIForm(ABC):
    """A rule that makes PI for one problem, and declares what the PI needs and tells."""

    name: ClassVar[str]
    needs: ClassVar[Needs] = Needs()
    reveals: ClassVar[Reveals]
    placebo_for: ClassVar[str | None] = None
    """The form that this one controls for: same shape, no information."""

    @abstractmethod
    def render(self, about: About) -> PI | None:
        """The PI, or None where it cannot be made. Deterministic given `about` and the state of its generator."""

    def pi(self, text: str, *source_ids: str) -> PI:
        """PI of this form. Which problem and attempt it is about is filled in by `pi.render`."""
        return PI(self.name, text, self.reveals, source_ids)


class WrittenForm(PIForm):
    """PI that a model writes: a hint, a diagnosis, a rewrite.

    `ask` says what the role is asked, `read` what of its answer is PI. The answer is a rollout like any other: stored,
    and paid for in the ledger. What tells more than `reveals` allows is refused by `pi.written`.
    """

    role: ClassVar[str] = "hinter"
    """Who writes it, by default the student itself."""

    @abstractmethod
    def ask(self, about: About) -> Messages | None:
        """What the role is asked, or None where there is nothing to ask."""

    @abstractmethod
    def read(self, about: About, completion: str) -> str | None:
        """The PI's text in the role's answer, or None where it holds none."""

    def render(self, about: About) -> PI | None:
        raise TypeError(f"PI form {self.name!r} is written by a model: ask with `ask`, then `read`.")
