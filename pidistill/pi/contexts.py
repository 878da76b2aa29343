"""PI forms that show more than an answer: attempts with their verdicts, siblings, other problems, the reference to
rewrite by.

They are what distillation from an environment's own feedback (seed 003) and its controls are made of. All are
domain-free: they read rollouts, verdicts and the fields that every problem has.
"""

from __future__ import annotations

from dataclasses import dataclass

from pidistill.contracts import About, Needs, PIForm
from pidistill.pi.forms import answer_text, solution_text
from pidistill.records import PI, Attempt, Reveals


def told_verdict(attempt: Attempt) -> str:
    """What the environment said of an attempt: that it passed, or that it failed and why."""
    verdict = attempt.verdict
    if verdict.passed:
        return "It is right."
    said = verdict.diagnostics.strip() or verdict.reason.strip()
    return f"It is wrong. {said}".rstrip()


@dataclass(frozen=True)
class AttemptAndVerdict(PIForm):
    """The attempt itself and what the verifier said of it (seed 002, 'SD-Zero + OPSD hybrid')."""

    name = "attempt-and-verdict"
    needs = Needs(attempt=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        """None where the attempt could not be judged."""
        attempt = about.attempt
        if attempt is None or not attempt.verdict.status.judged:
            return None
        return self.pi(
            f"An attempt:\n{attempt.rollout.completion.strip()}\n{told_verdict(attempt)}\n", attempt.rollout.id
        )


@dataclass(frozen=True)
class WorldFeedback(PIForm):
    """A passing sibling of the same prompt, never the attempt itself, and what the environment said of the attempt.

    Of seed 003's reference [4] (SDPO): what is not there is left out, and an attempt with neither gets no PI, so that
    nothing is learnt from it.
    """

    name = "world-feedback"
    needs = Needs(attempt=True)
    reveals = Reveals.SOLUTION
    sibling: bool = True
    """Whether a passing sibling is shown."""
    feedback: bool = True
    """Whether the verdict on a failed attempt is shown."""

    def render(self, about: About) -> PI | None:
        attempt, parts, sources = about.attempt, list[str](), list[str]()
        if attempt is None or not attempt.verdict.status.judged:
            return None
        siblings = [sibling.rollout for sibling in about.siblings]
        if self.sibling and siblings:
            peer = about.rng.choice(siblings)
            parts.append(solution_text(peer.completion))
            sources.append(peer.id)
        if self.feedback and attempt.failed and (attempt.verdict.diagnostics or attempt.verdict.reason):
            parts.append(f"An earlier attempt:\n{attempt.rollout.completion.strip()}\n{told_verdict(attempt)}\n")
            sources.append(attempt.rollout.id)
        return self.pi("\n".join(parts), *sources) if parts else None


@dataclass(frozen=True)
class ShortestSibling(PIForm):
    """The shortest passing sibling, of equal ones the first drawn (arXiv 2605.17497)."""

    name = "shortest-sibling"
    needs = Needs(sibling=True)
    reveals = Reveals.SOLUTION

    def render(self, about: About) -> PI | None:
        peer = min((sibling.rollout for sibling in about.siblings), key=lambda rollout: len(rollout.token_ids))
        return self.pi(solution_text(peer.completion), peer.id)


@dataclass(frozen=True)
class OtherSolution(PIForm):
    """Another problem and its solution: the shape of a worked example, nothing about this one (arXiv 2608.09228)."""

    name = "other-solution"
    needs = Needs(peers=True)
    reveals = Reveals.NOTHING
    placebo_for = "solution"

    def render(self, about: About) -> PI | None:
        """None where no other problem has a worked solution."""
        own = about.problem.reference
        others = [p for p in about.others if p.solution and (own is None or p.reference != own)]
        if not others:
            return None
        other = about.rng.choice(others)
        return self.pi(f"Another problem:\n{other.prompt}\nIts solution:\n{str(other.solution).strip()}\n", other.id)


@dataclass(frozen=True)
class Solution(PIForm):
    """The worked reference solution."""

    name = "solution"
    needs = Needs(solution=True)
    reveals = Reveals.SOLUTION

    def render(self, about: About) -> PI | None:
        return self.pi(solution_text(about.solution), about.problem.id)


@dataclass(frozen=True)
class Hindsight(PIForm):
    """For a failed attempt: its verdict, the reference answer, and to rewrite it (seed 002, 'hindsight rewrite')."""

    name = "hindsight"
    needs = Needs(rollout=True, reference=True)
    reveals = Reveals.ANSWER

    def render(self, about: About) -> PI | None:
        said = about.verdict.diagnostics.strip() or about.verdict.reason.strip()
        parts = [f"The verifier said: {said}" if said else "", answer_text(about.reference), "Rewrite your solution."]
        return self.pi(" ".join(part for part in parts if part), about.problem.id, about.rollout.id)
