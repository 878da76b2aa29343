"""The outline is what Lean's parser sees, with positions in the caller's text."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill_lean.protocol import LeanDied, LeanTimeout, Runtime
from pidistill_lean.runtimes import wire

BUDGET_S = 120.0
PROOF = """theorem first : True := trivial

theorem target (a b : Nat) (h : a = b) : b = a ∧ True := by
  have h₁ : b = a := by
    have h₂ : a = b := h
    exact h₂.symm
  -- have in a comment := by
  have : True := trivial
  constructor
  · exact h₁
  · have h₃ : True := by trivial
    exact h₃
"""


def test_steps_have_their_places_depths_and_names(lean: Runtime) -> None:
    found = lean.outline(PROOF, BUDGET_S)
    assert found.errors == () and found.theorem == "target"
    assert found.proof_start == PROOF.index("have h₁")
    haves = [step for step in found.steps if step.kind == "have"]
    assert [(step.name, step.depth) for step in haves] == [("h₁", 0), ("h₂", 1), ("", 0), ("h₃", 0)]
    stated = [PROOF[step.start : step.statement_end] for step in haves]
    assert stated == ["have h₁ : b = a", "have h₂ : a = b", "have : True", "have h₃ : True"]
    assert PROOF[haves[0].start : haves[0].end].endswith("exact h₂.symm")
    assert "in a comment" not in " ".join(stated)
    own = [PROOF[step.start : step.end].splitlines()[0] for step in found.steps if step.depth == 0]
    assert own[-1] == "exact h₃" and "constructor" in own


def test_a_proof_without_by_has_no_steps(lean: Runtime) -> None:
    found = lean.outline("theorem target : True := trivial", BUDGET_S)
    assert found.proof_start is None and found.steps == () and found.theorem == "target"
    inner = lean.outline("theorem target : True := id (by trivial)", BUDGET_S)
    assert inner.proof_start is None


def test_text_that_does_not_parse_has_errors(lean: Runtime) -> None:
    found = lean.outline("theorem target : := by", BUDGET_S)
    assert found.errors and all(message.severity == "error" for message in found.errors)


def test_nothing_is_elaborated(lean: Runtime) -> None:
    found = lean.outline("#eval (IO.Process.exit 0 : IO Unit)\ntheorem t : nonsense := by\n  run_tac pure ()", BUDGET_S)
    assert [step.kind for step in found.steps] == ["other"]


def test_windows_line_ends_do_not_move_the_steps(lean: Runtime) -> None:
    text = PROOF.replace("\n", "\r\n")
    found = lean.outline(text, BUDGET_S)
    assert [text[step.start :].split(" ")[0].strip() for step in found.steps if step.kind == "have"] == ["have"] * 4


@given(st.text(st.characters(codec=None), max_size=60))
def test_every_place_comes_back(text: str) -> None:
    sent = wire.sendable(text)
    places = wire.offsets(text)
    assert len(places) == len(sent) + 1
    at = 0
    for char in sent:
        back = text[places[at]]
        assert back == char or (char == "\n" and back == "\r") or "\ud800" <= back <= "\udfff"
        at += len(char.encode())
    assert places[at] == len(text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from('theorem by := have : ( ) · \n\r\t/-⟨⟩ 𝕏`$"\\x0 \x00\ud800'), max_size=80))
def test_any_text_has_an_outline(lean: Runtime, text: str) -> None:
    found = lean.outline(text, BUDGET_S)
    for step in found.steps:
        assert 0 <= step.start <= step.end <= len(text)


@pytest.mark.parametrize("depth", [50, 2000])
def test_deep_nesting_is_no_trouble_for_the_next(lean: Runtime, depth: int) -> None:
    with contextlib.suppress(LeanDied, LeanTimeout):  # the text's own doing
        lean.outline("theorem t : True := by exact " + "(" * depth + "trivial" + ")" * depth, BUDGET_S)
    assert lean.outline("theorem t : True := by trivial", BUDGET_S).errors == ()
