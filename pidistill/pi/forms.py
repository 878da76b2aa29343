"""The domain-free PI forms and their placebos.

Every form declares what it needs, what it reveals and which form it controls for, and renders the same text from the
same arguments. A domain adds forms that read its own structure (proof skeletons, failing tests, solution steps).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pidistill.contracts import About, Needs, PIForm
from pidistill.pi.feedback import FAILURE_NOTICE, REPHRASE_REQUEST
from pidistill.records import PI, Reveals
from pidistill.text import holds


def answer_text(answer: str) -> str:
    """How an answer, right or wrong, is told: the same words for a form and its placebos."""
    return f"The correct answer is {answer}."


def solution_text(solution: str) -> str:
    """How a solution is told, a reference's or a peer's: the same words."""
    return f"A correct solution:\n{solution.strip()}\n"


@dataclass(frozen=True)
class NoPI(PIForm):
    """Nothing: a fresh sample. The resampling control of every other form."""

    name = "none"
    reveals = Reveals.NOTHING

    def render(self, about: About) -> PI | None:
        return self.pi("")


@dataclass(frozen=True)
class BareRetry(PIForm):
    """Only that the attempt failed: one bit (seed 002, 'try again')."""

    name = "bare-retry"
    needs = Needs(rollout=True)
    reveals = Reveals.FAILURE_BIT

    def render(self, about: About) -> PI | None:
        return self.pi(FAILURE_NOTICE, about.rollout.id)


@dataclass(frozen=True)
class Revise(PIForm):
    """After a failure as `bare-retry`; after a pass, that it was right, and to say it again (SD-Zero's revisions)."""

    name = "revise"
    needs = Needs(attempt=True)
    reveals = Reveals.FAILURE_BIT

    def render(self, about: About) -> PI | None:
        return self.pi(REPHRASE_REQUEST if about.verdict.passed else FAILURE_NOTICE, about.rollout.id)


@dataclass(frozen=True)
class Gold(PIForm):
    """The reference answer (seed 000 'answer only', seed 002 'gold answer')."""

    name = "gold"
    needs = Needs(reference=True)
    reveals = Reveals.ANSWER

    def render(self, about: About) -> PI | None:
        return self.pi(answer_text(about.reference), about.problem.id)


@dataclass(frozen=True)
class Gibberish(PIForm):
    """A nonsense token in the place of the answer (seed 002)."""

    name = "gibberish"
    reveals = Reveals.NOTHING
    placebo_for = "gold"
    token: str = "XYZZY"
    """The nonsense token; the default is seed 002's."""

    def render(self, about: About) -> PI | None:
        return self.pi(answer_text(self.token))


@dataclass(frozen=True)
class Wrong(PIForm):
    """Another problem's reference answer, never one spelt like this problem's own (seed 002, 'shuffled')."""

    name = "wrong"
    needs = Needs(reference=True, peers=True)
    reveals = Reveals.NOTHING
    placebo_for = "gold"

    def render(self, about: About) -> PI | None:
        start = about.rng.randrange(len(about.problems))
        for offset in range(len(about.problems)):
            other = about.problems[(start + offset) % len(about.problems)]
            if other.reference is not None and other.reference != about.reference and other.id != about.problem.id:
                return self.pi(answer_text(other.reference), other.id)
        return None


@dataclass(frozen=True)
class FirstStep(PIForm):
    """The first step of a reference solution, left out where it would give the answer away (seed 002)."""

    name = "first-step"
    needs = Needs(reference=True, solution=True)
    reveals = Reveals.STRUCTURE

    def render(self, about: About) -> PI | None:
        step = self.step(about.solution)
        if not step or self.gives_away(step, about.reference):
            return None
        return self.pi(f"A correct solution begins: {step}", about.problem.id)

    def step(self, solution: str) -> str:
        """The first step of `solution`, or ''. A domain that knows how its solutions are written overrides this."""
        return first_step(solution)

    def gives_away(self, step: str, reference: str) -> bool:
        """Whether `step` holds the answer. A domain that knows other spellings of it overrides this."""
        return holds(step, reference)


@dataclass(frozen=True)
class PeerSolution(PIForm):
    """A passing rollout of the same problem, never the one that is worked on (seed 003, 'peer solution')."""

    name = "peer-solution"
    needs = Needs(sibling=True)
    reveals = Reveals.SOLUTION

    def render(self, about: About) -> PI | None:
        peer = about.rng.choice([sibling.rollout for sibling in about.siblings])
        return self.pi(solution_text(peer.completion), peer.id)


def first_step(solution: str) -> str:
    """The first line or sentence of a solution, whichever ends first; '' where there is no second one.

    A solution of a single step is all answer, so it has no first step to give.
    """
    parts = [part.strip() for part in re.split(r"\n+|(?<=[.!?])\s+", solution.strip()) if part.strip()]
    return parts[0] if len(parts) > 1 else ""
