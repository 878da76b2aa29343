"""The math verifier: a completion's answer against the problem's reference.

It joins `extract` and `judge` and remembers rulings, because the completions of one problem repeat a handful of
answers. Budgets of wall clock and memory are the verification pool's; the limits here only make most overruns cheap.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import ClassVar, Final

from pidistill.authoring.memory import LastUsed
from pidistill.authoring.options import Options, option
from pidistill.contracts import Verifier
from pidistill.records import Problem, Status, Verdict, content_hash
from pidistill_math.comparing.judge import Ruling, judge, trouble
from pidistill_math.extraction.extract import extract
from pidistill_math.extraction.sides import refuted
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_parts import parts_asked

_SHOWN: Final = 2_000
"""Characters of an answer that a verdict keeps."""
_REMEMBERED: Final = 20_000
"""Rulings kept, the last used ones."""
_LIBRARIES: Final = ("math-verify", "latex2sympy2_extended", "sympy", "mpmath", "antlr4-python3-runtime")


@dataclass(frozen=True)
class MathOptions(Options, of="math verifier"):
    """Options of the verifier, the `[verify.options]` table of a run."""

    fallback: bool = True
    """Whether an answer that is stated without a box counts; see `extract`."""
    lenient: bool = False
    """Whether an answer that leaves arithmetic to be worked out (``17 \\cdot 23`` for 391) is worked out."""
    limit_s: int = option(3, least=1, most=3600)
    """Whole seconds that each step of computer algebra may take; past it: TIMEOUT."""


class MathVerifier(Verifier):
    """Judges completions of math problems. Must be called on a main thread: math-verify uses SIGALRM."""

    name: ClassVar[str] = "math"
    version: ClassVar[str] = "4"

    def __init__(self, options: MathOptions = MathOptions()) -> None:
        self.options = options
        self.opened_with = options.changed()
        self._rulings: LastUsed[tuple[str, str, str], Ruling] = LastUsed(_REMEMBERED)

    def verify(self, problem: Problem, completion: str) -> Verdict:
        """PASS, FAIL, NO_ANSWER, TIMEOUT, or ABSTAIN where the problem has no reference that can be judged."""
        if problem.reference is None:
            return Verdict(Status.ABSTAIN, reason="the problem has no reference answer")
        found = extract(completion, self.options.fallback, problem.prompt)
        if found.answer is None:
            if reason := trouble(problem.reference, problem.prompt):
                return Verdict(Status.ABSTAIN, reason=f"reference: {reason}")
            return Verdict(Status.NO_ANSWER, reason=found.reason, diagnostics=f"No final answer: {found.reason}.")
        ruling = self._ruling(problem, problem.reference, found.answer)
        if found.measured:
            measured = self._ruling(problem, problem.reference, found.measured)
            if measured.status is Status.PASS or measured.rule == "unit":
                ruling = measured
        if ruling.status is Status.FAIL and (parts := parts_asked(problem.prompt, found.parts)):
            in_parts = self._ruling(problem, problem.reference, parts)
            if in_parts.status is Status.PASS:
                return Verdict(Status.PASS, 1.0, parts[:_SHOWN], in_parts.rule)
        if ruling.status is Status.PASS and not Question(problem.prompt).asks_for_bound(found.bound):
            ruling = Ruling(
                Status.FAIL, "bound", f"at {found.bound} a value, where the question asks for no such bound"
            )
        if ruling.status is Status.PASS and found.sides:
            if reason := refuted(found.sides, found.answer, Question(problem.prompt)):
                ruling = Ruling(Status.FAIL, "side", reason)
        return Verdict(
            ruling.status,
            1.0 if ruling.status is Status.PASS else 0.0,
            found.answer[:_SHOWN],
            f"{ruling.rule}: {ruling.reason}" if ruling.reason else ruling.rule,
        )

    def _ruling(self, problem: Problem, reference: str, answer: str) -> Ruling:
        options, prompt = self.options, problem.prompt
        return self._rulings.get(
            (prompt, reference, answer),
            lambda: judge(reference, answer, options.limit_s, prompt, options.lenient),
            keep=lambda ruling: len(answer) <= _SHOWN and ruling.status is not Status.TIMEOUT,
        )

    def fingerprint(self) -> str:
        """Hash of the versions of the libraries that judge."""
        return content_hash({name: importlib.metadata.version(name) for name in _LIBRARIES})
