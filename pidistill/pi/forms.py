"""The domain-free PI forms and their placebos.

Every form declares what it needs, what it reveals and which form it controls for, and renders the same text from the
same arguments. A domain adds forms that read its own structure (proof skeletons, failing tests, solution steps).
"""

from __future__ import annotations

import random
import re

from pidistill.contracts import Needs, Peers, PIForm
from pidistill.pi.feedback import FAILURE_NOTICE
from pidistill.records import PI, Problem, Reveals, Rollout, Verdict

GIBBERISH = "XYZZY"
"""The nonsense token of seed 002."""


def _answer_text(answer: str) -> str:
    return f"The correct answer is {answer}."


class NoPI(PIForm):
    """Nothing: a fresh sample. The resampling control of every other form."""

    name = "none"
    reveals = Reveals.NOTHING

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        return PI(self.name, "", self.reveals)


class BareRetry(PIForm):
    """Only that the attempt failed: one bit (seed 002, 'try again')."""

    name = "bare-retry"
    needs = Needs(rollout=True)
    reveals = Reveals.FAILURE_BIT

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        return None if rollout is None else PI(self.name, FAILURE_NOTICE, self.reveals, (rollout.id,))


class Gold(PIForm):
    """The reference answer (seed 000 'answer only', seed 002 'gold answer')."""

    name = "gold"
    needs = Needs(reference=True)
    reveals = Reveals.ANSWER

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        if problem.reference is None:
            return None
        return PI(self.name, _answer_text(problem.reference), self.reveals, (problem.id,))


class Gibberish(PIForm):
    """A nonsense token in the place of the answer (seed 002)."""

    name = "gibberish"
    reveals = Reveals.NOTHING
    placebo_for = "gold"

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        return PI(self.name, _answer_text(GIBBERISH), self.reveals)


class Wrong(PIForm):
    """Another problem's reference answer, never one spelt like this problem's own (seed 002, 'shuffled')."""

    name = "wrong"
    needs = Needs(reference=True, peers=True)
    reveals = Reveals.NOTHING
    placebo_for = "gold"

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        if problem.reference is None or not peers.problems:
            return None
        start = rng.randrange(len(peers.problems))
        for offset in range(len(peers.problems)):
            other = peers.problems[(start + offset) % len(peers.problems)]
            if other.reference is not None and other.reference != problem.reference and other.id != problem.id:
                return PI(self.name, _answer_text(other.reference), self.reveals, (other.id,))
        return None


class FirstStep(PIForm):
    """The first step of a reference solution, left out where it would give the answer away (seed 002)."""

    name = "first-step"
    needs = Needs(reference=True, solution=True)
    reveals = Reveals.STRUCTURE

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        if not problem.solution or problem.reference is None:
            return None
        step = self.step(problem.solution)
        if not step or self.gives_away(step, problem.reference):
            return None
        return PI(self.name, f"A correct solution begins: {step}", self.reveals, (problem.id,))

    def step(self, solution: str) -> str:
        """The first step of `solution`, or ''. A domain that knows how its solutions are written overrides this."""
        return first_step(solution)

    def gives_away(self, step: str, reference: str) -> bool:
        """Whether `step` holds the answer. A domain that knows other spellings of it overrides this."""
        return holds(step, reference)


class PeerSolution(PIForm):
    """A passing rollout of the same problem, never the one that is worked on (seed 003, 'peer solution')."""

    name = "peer-solution"
    needs = Needs(peers=True)
    reveals = Reveals.SOLUTION

    def render(
        self, problem: Problem, rollout: Rollout | None, verdict: Verdict | None, peers: Peers, rng: random.Random
    ) -> PI | None:
        own = rollout.id if rollout else None
        passing = [r for r in peers.passing if r.id != own and r.problem_id == problem.id]
        if not passing:
            return None
        peer = rng.choice(passing)
        return PI(self.name, f"A correct solution:\n{peer.completion.strip()}\n", self.reveals, (peer.id,))


def first_step(solution: str) -> str:
    """The first line or sentence of a solution, whichever ends first; '' where there is no second one.

    A solution of a single step is all answer, so it has no first step to give.
    """
    parts = [part.strip() for part in re.split(r"\n+|(?<=[.!?])\s+", solution.strip()) if part.strip()]
    return parts[0] if len(parts) > 1 else ""


def holds(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as a word or number of its own, however it is spaced."""
    needle = r"\s*".join(re.escape(c) for c in answer if not c.isspace())
    return bool(needle) and re.search(rf"(?<![\w.]){needle}(?!\w|\.\d)", text) is not None
