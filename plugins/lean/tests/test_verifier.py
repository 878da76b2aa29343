"""Whole verdicts: real Lean where it is installed, and a scripted runtime for what a real one does too rarely."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pidistill.errors import UsageError, VerifierError
from pidistill.records import Problem, Status
from pidistill_lean.domain import LeanDomain
from pidistill_lean.protocol import Check, Item, LeanDied, LeanTimeout, Outline, Runtime, Theorem
from pidistill_lean.theorems import problems
from pidistill_lean.verifier import LeanOptions, LeanVerifier, theorem_of

TASK = Problem(
    id="swap",
    domain="lean",
    prompt="theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry",
    reference="theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry",
    solution="theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n"
    "  have a : q := h.2\n  have b : p := by\n    exact h.1\n  exact ⟨a, b⟩",
    extra={"target": "t", "header": ""},
)
HEAD = str(TASK.reference).removesuffix("\n  sorry")


# --- With Lean --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        ("exact ⟨h.2, h.1⟩", Status.PASS),
        ("have := h.1\n  exact ⟨h.2, this⟩", Status.PASS),
        ("sorry", Status.FAIL),
        ("exact h", Status.FAIL),
        ("exact h.2, h.1", Status.FAIL),
        ("simp [undefined_name]", Status.FAIL),
    ],
)
def test_a_proof_passes_and_anything_less_fails(verifier: LeanVerifier, proof: str, status: Status) -> None:
    assert verifier.verify(TASK, f"```lean4\n{HEAD}\n  {proof}\n```").status is status
    assert verifier.verify(TASK, f"  {proof}\n```").status is status, "as a bare proof"


def test_errors_come_back_in_the_candidates_own_lines(verifier: LeanVerifier) -> None:
    whole = verifier.verify(TASK, f"Let me try.\n```lean4\n{HEAD}\n  have a := h.1\n  exact a\n```")
    assert "Error in line 3, column 3: exact a\n" in whole.diagnostics
    bare = verifier.verify(TASK, "  have a := h.1\n  exact a\n")
    assert "Error in line 2, column 3: exact a\n" in bare.diagnostics


def test_a_proof_of_something_else_under_the_name_fails(verifier: LeanVerifier) -> None:
    verdict = verifier.verify(TASK, "```lean4\ntheorem t (p q : Prop) (h : p ∧ q) : p ∧ q := h\n```")
    assert verdict.status is Status.FAIL and "something else" in verdict.reason


def test_an_axiom_of_its_own_is_rejected(verifier: LeanVerifier) -> None:
    text = f"axiom cheat : ∀ p : Prop, p\n{HEAD}\n  exact cheat _"
    assert verifier.verify(TASK, f"```lean4\n{text}\n```").status is Status.REJECTED


def test_a_statement_that_does_not_elaborate_is_abstained_from(verifier: LeanVerifier) -> None:
    broken = replace(TASK, reference='theorem t : (2 : Nat) = "two" := by\n  sorry')
    assert verifier.verify(broken, "theorem t : True := trivial").status is Status.ABSTAIN


@pytest.mark.parametrize(
    ("proof", "score"),
    [
        ("have a : q := h.2\n  sorry", 1 / 3),
        ("have x : q := by exact h.2\n  exact x", 1 / 3),
        ("have a : q := h.2\n  have b : p := h.1\n  sorry", 2 / 3),
        ("have b : p := h.1\n  have a : q := h.2\n  exact a", 2 / 3),
        ("have a : q := sorry\n  sorry", 0.0),
        ("have a : q := h.1\n  sorry", 0.0),
        ("have a : q := by\n    stop\n  sorry", 0.0),
        ("have t1 : True := trivial\n  have t2 : q = q := rfl\n  sorry", 0.0),
        ("-- have a : q := h.2\n  sorry", 0.0),
        ("have h : p ∧ q := h\n  sorry", 0.0),
        ("obtain ⟨q, hq⟩ : ∃ r : Prop, r := ⟨True, trivial⟩\n  have a : q := hq\n  sorry", 0.0),
    ],
)
def test_the_score_is_the_share_of_the_references_sub_goals(verifier: LeanVerifier, proof: str, score: float) -> None:
    verdict = verifier.verify(TASK, f"```lean4\n{HEAD}\n  {proof}\n```")
    assert verdict.status is Status.FAIL
    assert verdict.score == pytest.approx(score)


def test_notation_that_changes_what_a_sub_goal_says_scores_nothing(verifier: LeanVerifier) -> None:
    text = f'local notation "q" => True\n\n{HEAD}\n  have a : q := trivial\n  sorry'
    assert verifier.verify(TASK, f"```lean4\n{text}\n```").score == 0.0


def test_a_pass_scores_one_and_no_failure_does(verifier: LeanVerifier) -> None:
    domain = LeanDomain()
    for problem in problems("train", seed=31, limit=20):
        assert verifier.verify(problem, str(domain.oracle(problem))).score == 1.0
        unfinished = re.sub(r"\n  [^\n]*\Z", "\n  sorry", str(problem.solution))
        verdict = verifier.verify(problem, f"```lean4\n{unfinished}\n```")
        assert verdict.status is Status.FAIL and verdict.score < 1.0


def test_a_verdict_took_as_long_as_lean_did(verifier: LeanVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though that is on nobody's clock: Lean's own budget is of processor time."""
    checked = verifier._check
    monkeypatch.setattr(verifier, "_check", lambda *asked: replace(checked(*asked), seconds=1.5))
    (some,) = problems("test", seed=3, limit=1)
    assert verifier.verify(some, str(LeanDomain().oracle(some))).seconds == 1.5


def test_proofs_with_one_token_changed_never_trouble_the_verifier(verifier: LeanVerifier) -> None:
    """Whatever comes of them is a judgement: no exception, no ABSTAIN."""
    rng, domain = random.Random("one token"), LeanDomain()
    drawn = list(problems("test", seed=41, limit=200))
    words = [token for p in drawn[:20] for token in re.findall(r"\w+|[^\w\s]", str(p.solution))]
    for problem in drawn:
        text = str(domain.oracle(problem))
        tokens = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
        start, end = rng.choice(tokens)
        changed = text[:start] + rng.choice(["", *rng.sample(words, 3)]) + text[end:]
        verdict = verifier.verify(problem, changed)
        assert verdict.status.judged, (changed, verdict)


def test_the_same_submission_gets_the_same_verdict_whatever_came_before(verifier: LeanVerifier) -> None:
    texts = [f"{HEAD}\n  exact ⟨h.2, h.1⟩", f"{HEAD}\n  exact h", "theorem t : True := trivial", "  have a : q := h.2"]
    first, again = (
        [replace(verifier.verify(TASK, text), seconds=0.0) for text in order] for order in (texts, texts[::-1])
    )
    assert again == first[::-1]


# --- With a scripted runtime ------------------------------------------------------------------------------------------

GOOD = Check(target_kind="theorem", type_matches=True)
BAD = replace(GOOD, axioms=("sorryAx",))


class Scripted(Runtime):
    """Answers as it is told: facts, or an exception to raise. The verifier's own look at `True` always passes."""

    name = "scripted"

    def __init__(self, *answers: Check | Exception) -> None:
        self.answers = list(answers)
        self.warmed = self.closed = 0

    def item(self, theorem: Theorem) -> Item:
        return Item((), (theorem.statement,), (), theorem.statement.partition(" := ")[0])

    def check(self, theorem: Theorem, submission: str | Sequence[str], budget_s: float) -> Check:
        if isinstance(submission, str) and submission.endswith("trivial"):
            self.warmed += 1
            return GOOD
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def outline(self, source: str, budget_s: float) -> Outline:
        return Outline((), None, ())

    def identity(self) -> str:
        return "scripted"

    def close(self) -> None:
        self.closed += 1


def verdict_of(*answers: Check | Exception) -> tuple[Status, str]:
    verdict = LeanVerifier(LeanOptions(), Scripted(*answers)).verify(TASK, "exact h")
    return verdict.status, verdict.reason


def test_an_overrun_is_a_timeout_and_lean_is_up_again_before_the_next() -> None:
    lean = Scripted(LeanTimeout("x"), GOOD)
    verifier = LeanVerifier(LeanOptions(), lean)
    first = verifier.verify(TASK, "exact h")
    assert first.status is Status.TIMEOUT and first.diagnostics
    assert lean.warmed == 2
    assert verifier.verify(TASK, "exact h").passed


def test_lean_that_dies_once_is_asked_again() -> None:
    assert verdict_of(LeanDied("killed"), GOOD)[0] is Status.PASS
    assert verdict_of(LeanDied("killed"), BAD)[0] is Status.FAIL
    assert verdict_of(LeanDied("killed"), LeanTimeout("x"))[0] is Status.TIMEOUT


def test_lean_that_dies_twice_was_ended_by_the_submission() -> None:
    status, reason = verdict_of(LeanDied("killed"), LeanDied("out of memory"))
    assert status is Status.TIMEOUT and "out of memory" in reason


def test_trouble_of_the_runtimes_own_is_raised_not_judged() -> None:
    with pytest.raises(VerifierError, match="does not start"):
        verdict_of(VerifierError("Lean does not start"))


def test_a_lean_that_does_not_work_is_no_verifier() -> None:
    class Broken(Scripted):
        def check(self, theorem: Theorem, submission: str | Sequence[str], budget_s: float) -> Check:
            return BAD

    with pytest.raises(VerifierError, match="refuses a proof of True"):
        LeanVerifier(LeanOptions(), Broken())


def test_what_holds_no_proof_never_reaches_lean() -> None:
    assert LeanVerifier(LeanOptions(), Scripted()).verify(TASK, "No idea.").status is Status.NO_ANSWER
    blank = replace(TASK, reference=None)
    assert LeanVerifier(LeanOptions(), Scripted()).verify(blank, "exact h").status is Status.ABSTAIN
    assert theorem_of(replace(TASK, extra={})) is None


def test_options_are_checked_and_change_the_identity() -> None:
    with pytest.raises(UsageError, match="Did you mean 'budget_s'"):
        LeanOptions.read({"budgets": 1})
    for wrong in ({"budget_s": 0}, {"budget_s": "4"}, {"graded": 1}, {"budget_s": True}, {"runtime": 3}):
        with pytest.raises(UsageError, match="cannot be"):
            LeanOptions.read(wrong)
    one = LeanVerifier(LeanOptions(), Scripted()).identity
    assert one == LeanVerifier(LeanOptions(runtime="wasm"), Scripted()).identity
    assert one != LeanVerifier(LeanOptions(budget_s=8), Scripted()).identity


def test_closing_ends_lean() -> None:
    lean = Scripted()
    LeanVerifier(LeanOptions(), lean).close()
    assert lean.closed == 1
