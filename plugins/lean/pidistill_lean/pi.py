"""The Lean domain's PI forms: parts of the reference proof, and what the compiler said of an attempt.

| form | what is told | reveals |
|---|---|---|
| `have-skeleton` | the reference proof's `have` statements, `sorry` for all that proves them | structure |
| `other-skeleton` | another problem's skeleton, of the same length | nothing; placebo for `have-skeleton` |
| `proof-half` | the first half of the reference proof's steps | solution |
| `compiler-errors` | the compiler's errors word for word, each with its line | diagnostic |
| `first-error` | where the first error is and the first line of what it says | diagnostic |

The bare failure bit is the core's `bare-retry`. Skeletons and halves are whole Lean texts; a skeleton is given only if
Lean elaborates it without error. They are made in the host process, by one Lean that is opened when the first is wanted
and closed at exit. A placebo's length is matched in characters, because a form has no tokenizer.
"""

from __future__ import annotations

import atexit
import functools
from dataclasses import dataclass
from typing import Final

from pidistill.authoring.fences import fenced
from pidistill.contracts import About, Needs, PIForm
from pidistill.errors import VerifierError
from pidistill.records import PI, Problem, Reveals
from pidistill_lean.judge import entries, errors
from pidistill_lean.protocol import LeanDied, LeanTimeout, Runtime
from pidistill_lean.runtimes import open_runtime
from pidistill_lean.skeleton import first_half, skeletons
from pidistill_lean.subgoals import folded
from pidistill_lean.verifier import theorem_of

BUDGET_S: Final = 60.0
"""Seconds that Lean may take for a reference proof."""
_NEAR: Final = 0.1
"""Share by which a placebo may be longer or shorter."""
_LOOKED_AT: Final = 24
"""How many other problems are tried for a placebo of the right length."""


@dataclass(frozen=True)
class HaveSkeleton(PIForm):
    """The `have` statements of the reference proof, as a text that elaborates (seed 002, 'have-skeleton')."""

    name = "have-skeleton"
    needs = Needs(reference=True, solution=True)
    reveals = Reveals.STRUCTURE

    def render(self, about: About) -> PI | None:
        """None where the reference proof has no `have`, or its skeleton does not elaborate."""
        text = skeleton_of(about.problem)
        return self.pi(_told_skeleton(text), about.problem.id) if text else None


@dataclass(frozen=True)
class OtherSkeleton(PIForm):
    """Another problem's skeleton: the same kind of text about something else."""

    name = "other-skeleton"
    needs = Needs(reference=True, solution=True, peers=True)
    reveals = Reveals.NOTHING
    placebo_for = "have-skeleton"

    def render(self, about: About) -> PI | None:
        """None where `have-skeleton` has nothing to say, or no other problem has a skeleton about as long."""
        problem, own = about.problem, skeleton_of(about.problem)
        if not own:
            return None
        others = [p for p in about.others if p.solution and p.reference != problem.reference]
        about.rng.shuffle(others)
        length = len(str(problem.solution))
        others.sort(key=lambda other: abs(len(str(other.solution)) - length) // 8)  # stable: near ones in random order
        for other in others[:_LOOKED_AT]:
            text = skeleton_of(other)
            if text and abs(len(text) - len(own)) <= _NEAR * len(own) and not _steps(text) & _steps(own):
                return self.pi(_told_skeleton(text), other.id)
        return None


@dataclass(frozen=True)
class ProofHalf(PIForm):
    """The first half of the reference proof's steps, for the rest to be found (proof completion)."""

    name = "proof-half"
    needs = Needs(reference=True, solution=True)
    reveals = Reveals.SOLUTION

    def render(self, about: About) -> PI | None:
        """None where the proof is a single step."""
        text = half_of(about.problem)
        return self.pi(f"A correct proof begins:\n{fenced(text, 'lean4')}\n", about.problem.id) if text else None


@dataclass(frozen=True)
class CompilerErrors(PIForm):
    """What the compiler said of the attempt (seed 002, 'type-checker PI')."""

    name = "compiler-errors"
    needs = Needs(rollout=True, diagnostics=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        return self.pi(about.verdict.diagnostics, about.rollout.id)


@dataclass(frozen=True)
class FirstError(PIForm):
    """Where the first error is and what it is, in one sentence, without the goals that the compiler prints."""

    name = "first-error"
    needs = Needs(rollout=True, diagnostics=True)
    reveals = Reveals.DIAGNOSTIC

    def render(self, about: About) -> PI | None:
        """None where Lean found no error: a proof may rest on `sorry` without one."""
        told = entries(about.verdict.diagnostics)
        if not told:
            return None
        at, _, text = told[0].partition("\n")
        what = text.strip().split("\n", 1)[0].rstrip(" .:")
        place = at.removeprefix("Error in ").split(": ", 1)
        line = f", at `{place[1]}`" if len(place) > 1 else ""
        return self.pi(f"The first error is in {place[0]}{line}: {what}.", about.rollout.id)


# --- Parts of reference proofs ----------------------------------------------------------------------------------------


def skeleton_of(problem: Problem) -> str | None:
    """The sparest skeleton of the reference proof that elaborates. Raises `VerifierError` as a runtime does."""
    theorem = theorem_of(problem)
    if theorem is None or not problem.solution:
        return None
    return _skeleton(theorem.statement, theorem.target, theorem.header, problem.solution)


def half_of(problem: Problem) -> str | None:
    """The first half of the reference proof. Raises `VerifierError` as a runtime does."""
    return _half(problem.solution) if problem.solution else None


@functools.lru_cache(maxsize=20_000)
def _half(solution: str) -> str | None:
    try:
        return first_half(solution, lean().outline(solution, BUDGET_S))
    except (LeanTimeout, LeanDied) as error:
        raise _stuck(solution, error) from error


@functools.lru_cache(maxsize=20_000)
def _skeleton(statement: str, target: str, header: str, solution: str) -> str | None:
    from pidistill_lean.protocol import Theorem

    theorem = Theorem(statement, target, header)
    try:
        for text in skeletons(solution, lean().outline(solution, BUDGET_S)):
            check = lean().check(theorem, text, BUDGET_S)
            if check.refused is None and check.type_matches and not errors(check.messages):
                return text
    except (LeanTimeout, LeanDied) as error:
        raise _stuck(solution, error) from error
    return None


def _stuck(solution: str, error: Exception) -> VerifierError:
    first = solution.strip().split("\n", 1)[0][:100]
    return VerifierError(f"Lean did not finish with the reference proof that begins {first!r}: {error}")


@functools.cache
def lean() -> Runtime:
    """The Lean of this process, opened by the first call. Raises `VerifierError` where none works."""
    runtime = open_runtime("auto")
    atexit.register(runtime.close)
    return runtime


def _told_skeleton(text: str) -> str:
    return f"The steps of a correct proof, unproved:\n{fenced(text, 'lean4')}\n"


def _steps(skeleton: str) -> set[str]:
    return {folded(line) for line in skeleton.split("\n") if line.lstrip().startswith("have ")}
