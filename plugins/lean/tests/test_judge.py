"""From facts to verdicts: what passes, what fails, what is rejected, and what an attempt is told. No Lean runs here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.judge import ALLOWED, COMPILER, diagnostics, entries, judge
from pidistill_lean.protocol import Check, LeanMessage

FOUND = Extracted("theorem t : p ∧ q := by\n  exact h.2\n  rfl\n")
GOOD = Check(target_kind="theorem", type_matches=True, axioms=("propext", "Quot.sound", "Classical.choice"))
ERROR = LeanMessage("error", "Type mismatch\n  h.2\nhas type", 2, 8)


def test_a_theorem_of_the_very_type_from_the_allowed_axioms_passes() -> None:
    verdict = judge(GOOD, FOUND)
    assert (verdict.status, verdict.score, verdict.diagnostics) == (Status.PASS, 1.0, "")
    assert judge(replace(GOOD, axioms=()), FOUND).passed


def test_whether_there_was_an_error_is_a_fact_and_no_message() -> None:
    """Messages are cut and their wording changes; what is said of errors is taken from the whole log."""
    assert judge(replace(GOOD, messages=(ERROR,)), FOUND).passed
    assert judge(replace(GOOD, errors=True), FOUND).status is Status.FAIL
    verdict = judge(replace(GOOD, errors=True, messages=(ERROR,)), FOUND)
    assert verdict.reason == "it does not compile; line 2, column 9: Type mismatch"


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"unavailable": ("Mathlib.Tactic",)}, Status.ABSTAIN, "imports Mathlib.Tactic"),
        ({"unavailable": ("Evil", "Mathlib")}, Status.FAIL, "imports Evil"),
        ({"statement_errors": (ERROR,)}, Status.ABSTAIN, "statement does not elaborate: Type mismatch"),
        ({"refused": LeanMessage("error", "`#eval` runs code", 1, 0)}, Status.REJECTED, "line 1, column 1: `#eval`"),
        ({"target_kind": "axiom"}, Status.REJECTED, "as an axiom"),
        ({"axioms": ("propext", "cheat")}, Status.REJECTED, "axiom of its own: cheat"),
        ({"axioms": ("sorryAx", "cheat")}, Status.REJECTED, "axiom of its own: cheat"),
        ({"axioms": ("_private.Main.0.propext",)}, Status.REJECTED, "axiom of its own"),
        ({"replay_error": "the kernel refused bad"}, Status.REJECTED, "kernel does not accept"),
        ({"target_kind": "missing"}, Status.FAIL, "no theorem of the name"),
        ({"target_kind": "definition"}, Status.FAIL, "definition, not a theorem"),
        ({"target_kind": "other"}, Status.FAIL, "other, not a theorem"),
        ({"type_matches": False}, Status.FAIL, "states something else"),
        ({"changed": ("Foo",), "type_matches": True}, Status.FAIL, "Foo, on which the statement rests"),
        ({"axioms": ("sorryAx",)}, Status.FAIL, "rests on sorry"),
        ({"errors": True, "messages": (ERROR,)}, Status.FAIL, "line 2, column 9: Type mismatch"),
        ({"errors": True, "axioms": ("cheat",)}, Status.FAIL, "does not compile"),
        ({"axioms": ("Lean.ofReduceBool",)}, Status.FAIL, "native_decide"),
        ({"axioms": ("Lean.trustCompiler",)}, Status.FAIL, "native_decide"),
    ],
)
def test_anything_else_does_not_pass_and_says_why(change: dict[str, object], status: Status, reason: str) -> None:
    verdict = judge(replace(GOOD, **change), FOUND)  # type: ignore[arg-type]
    assert verdict.status is status
    assert reason in verdict.reason
    assert verdict.score == 0.0
    assert verdict.diagnostics or status is Status.ABSTAIN


NAMES = st.sampled_from([*ALLOWED, *COMPILER, "sorryAx", "cheat", "propext'", "Main.propext"])
CHECKS = st.builds(
    Check,
    statement_errors=st.sampled_from([(), (ERROR,)]),
    refused=st.sampled_from([None, ERROR]),
    errors=st.booleans(),
    messages=st.lists(st.just(ERROR), max_size=2).map(tuple),
    target_kind=st.sampled_from(["missing", "theorem", "axiom", "definition", "other"]),
    type_matches=st.booleans(),
    changed=st.sampled_from([(), ("Foo",)]),
    axioms=st.lists(NAMES, max_size=3).map(tuple),
    replay_error=st.sampled_from([None, "bad"]),
    unavailable=st.sampled_from([(), ("Mathlib",), ("Evil",)]),
)


@given(CHECKS)
def test_only_the_whole_conjunction_passes(check: Check) -> None:
    verdict = judge(check, FOUND)
    whole = (
        not check.statement_errors
        and not check.unavailable
        and check.refused is None
        and not check.errors
        and check.target_kind == "theorem"
        and check.type_matches
        and not check.changed
        and set(check.axioms) <= ALLOWED
        and check.replay_error is None
    )
    assert verdict.passed == whole
    assert (verdict.score == 1.0) == whole


# --- What an attempt is told ------------------------------------------------------------------------------------------


def test_errors_are_told_word_for_word_with_the_candidates_own_lines() -> None:
    told = judge(replace(GOOD, errors=True, messages=(ERROR,)), FOUND).diagnostics
    assert told == "Error in line 2, column 9: exact h.2\n  Type mismatch\n    h.2\n  has type\n"


def test_lines_of_the_statement_do_not_count_where_a_bare_proof_was_put_behind_it() -> None:
    bare = replace(FOUND, given=1)
    assert diagnostics((ERROR,), bare).startswith("Error in line 1, column 9: exact h.2\n")
    assert diagnostics((replace(ERROR, line=1),), bare).startswith("Error in the statement: theorem t")


def test_warnings_are_not_told_as_errors() -> None:
    check = replace(GOOD, axioms=("sorryAx",), messages=(replace(ERROR, severity="warning"),))
    assert judge(check, FOUND).diagnostics == "It rests on sorry.\n"


def test_a_flood_of_errors_is_cut() -> None:
    many = tuple(replace(ERROR, text="x" * 10_000) for _ in range(100))
    assert len(diagnostics(many, FOUND)) < 10_000


MESSAGES = st.builds(
    LeanMessage, st.just("error"), st.text(max_size=40), st.integers(0, 9), st.integers(0, 9), st.none(), st.none()
)


@given(st.lists(MESSAGES, max_size=5))
def test_diagnostics_can_be_taken_apart_again(messages: list[LeanMessage]) -> None:
    assert len(entries(diagnostics(messages, FOUND))) == len(messages)
