"""The Lean verifier: a completion's text as a proof of the problem's statement, judged from facts that Lean finds.

It joins `extract`, a runtime, `judge` and `subgoals`, and holds one runtime for its life. All trouble of Lean's own is
raised.

A submission may take `budget_s` of processor time. Where Lean ends while it works on one (out of memory, a crash), the
submission is checked once more by a fresh Lean: a second end is the submission's doing, and counts as its own overrun
(TIMEOUT), as running out of memory does elsewhere. Starting Lean is off the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from pidistill.authoring.clock import off_the_clock
from pidistill.authoring.memory import LastUsed
from pidistill.authoring.options import Options, option
from pidistill.contracts import Verifier
from pidistill.errors import VerifierError
from pidistill.records import Problem, Status, Verdict, content_hash
from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.extraction.extract import extract
from pidistill_lean.judge import judge
from pidistill_lean.protocol import Check, LeanDied, LeanTimeout, Runtime, Theorem
from pidistill_lean.runtimes import open_runtime
from pidistill_lean.subgoals import Have, attempts, haves, may_hold

WARM_S: Final = 120.0
"""For the first answer of a fresh Lean."""
_TRIVIAL: Final = Theorem("theorem t : True := by sorry", "t")
_OUTLINES_KEPT: Final = 1_000
_TRIES: Final = 2
"""How many `have`s of one statement are tried, at most."""


@dataclass(frozen=True)
class LeanOptions(Options, of="Lean verifier"):
    """Options of the verifier, the `[verify.options]` table of a run."""

    runtime: str = "auto"
    """A Lean runtime by name, or `auto`: the best that works."""
    budget_s: float = option(4.0, least=0.001, most=1e6)
    """Seconds of processor time that a submission may take."""
    subgoal_s: float = option(2.0, least=0.001, most=1e6)
    """Seconds of processor time that a sub-goal of a failed submission may take."""
    graded: bool = True
    """Whether failed submissions are scored by the share of sub-goals proved; without it their score is 0."""


class LeanVerifier(Verifier):
    """Judges proofs with one Lean runtime.

    Raises `VerifierError` where no runtime works, with the command that installs one, `UsageError` for an unknown one.
    """

    name: ClassVar[str] = "lean"
    version: ClassVar[str] = "1"

    def __init__(self, options: LeanOptions, lean: Runtime | None = None) -> None:
        """`lean` is a runtime to use in place of the one that the options name; it is closed with the verifier."""
        self.options = options
        self.opened_with = {name: value for name, value in options.changed().items() if name != "runtime"}
        self.lean = open_runtime(options.runtime) if lean is None else lean
        self._wanted: LastUsed[tuple[str, str], list[Have]] = LastUsed(_OUTLINES_KEPT)
        self._warm()

    def verify(self, problem: Problem, completion: str) -> Verdict:
        """PASS, FAIL, NO_ANSWER, TIMEOUT, REJECTED, or ABSTAIN where the problem has no statement that elaborates."""
        theorem = theorem_of(problem)
        if theorem is None:
            return Verdict(Status.ABSTAIN, reason="the problem has no statement")
        item = self.lean.item(theorem)
        if item.errors:
            return judge(Check(statement_errors=item.errors), Extracted(""))
        found = extract(completion, theorem.target, theorem.statement, item)
        if found.source is None:
            return Verdict(Status.NO_ANSWER, reason=found.reason, diagnostics=f"No Lean text: {found.reason}.\n")
        ways = [found, *found.others]
        try:
            with off_the_clock():  # Lean's own budget is of processor time
                check = self._check(theorem, [str(way.source) for way in ways])
        except LeanTimeout:
            reason = f"no end within {self.options.budget_s:g} s"
            return Verdict(Status.TIMEOUT, 0.0, found.source, reason, f"Lean came to {reason}.\n")
        except LeanDied as error:
            reason = f"Lean ended twice while it worked on this: {error}"[:500]
            return Verdict(Status.TIMEOUT, 0.0, found.source, reason, "Lean ran out of memory or broke off.\n")
        found = ways[check.chosen]
        verdict = replace(judge(check, found), seconds=check.seconds)
        if verdict.status is Status.FAIL and self.options.graded and problem.solution:
            return replace(verdict, score=self._share(theorem, problem, str(found.source)))
        return verdict

    def _check(self, theorem: Theorem, submission: list[str]) -> Check:
        try:
            return self.lean.check(theorem, submission, self.options.budget_s)
        except LeanTimeout:
            self._warm()
            raise
        except LeanDied:
            self._warm()
        try:
            return self.lean.check(theorem, submission, self.options.budget_s)
        except (LeanTimeout, LeanDied):
            self._warm()
            raise

    def _warm(self) -> None:
        """Have Lean up, and seen to work, before anything is on the clock. Raises `VerifierError` where it does not."""
        with off_the_clock():
            try:
                check = self.lean.check(_TRIVIAL, _TRIVIAL.statement.replace("sorry", "trivial"), WARM_S)
            except (LeanTimeout, LeanDied) as error:
                raise VerifierError(f"Lean does not work: {error}", "Look at: pidistill doctor") from error
        if not judge(check, Extracted("")).passed:
            raise VerifierError("Lean refuses a proof of True.", "Look at: pidistill lean check")

    def _share(self, theorem: Theorem, problem: Problem, submission: str) -> float:
        """The share of the sub-goals proved, the theorem itself being one that is not. See `subgoals`."""
        reference, budget_s = str(problem.solution), self.options.subgoal_s
        proved = 0
        wanted: list[Have] = []
        try:
            wanted = self._subgoals(problem.hash, reference)
            if not may_hold(submission, wanted):
                return 0.0
            stated = haves(submission, self.lean.outline(submission, budget_s), top=False)
            for have in wanted:
                for text in list(attempts(reference, have, submission, stated))[-_TRIES:]:
                    if judge(self.lean.check(theorem, text, budget_s), Extracted(text)).passed:
                        proved += 1
                        break
        except (LeanTimeout, LeanDied):  # the submission's doing: what it has shown so far counts
            self._warm()
        return proved / (len(wanted) + 1)

    def _subgoals(self, key: str, reference: str) -> list[Have]:
        return self._wanted.get((key, reference), lambda: self._outlined(reference))

    def _outlined(self, reference: str) -> list[Have]:
        found = haves(reference, self.lean.outline(reference, self.options.budget_s), top=True)
        return list({have.statement: have for have in found}.values())

    def fingerprint(self) -> str:
        """Hash of the runtime, whichever `auto` took: Lean's version, library and the trusted code."""
        return content_hash(self.lean.identity())

    def close(self) -> None:
        """End Lean."""
        self.lean.close()


def theorem_of(problem: Problem) -> Theorem | None:
    """What is to be proved, all of it trusted. None where the problem has no statement."""
    target = problem.extra.get("target")
    if not problem.reference or not isinstance(target, str) or not target:
        return None
    return Theorem(problem.reference, target, str(problem.extra.get("header") or ""))
