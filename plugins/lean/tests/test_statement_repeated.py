"""What the comparison of a proof with its problem rests on: the same text means the same, whatever constructs it uses,
and constants whose values nobody sees are never taken for one another.
"""

from __future__ import annotations

import itertools

import pytest

from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.judge import judge
from pidistill_lean.protocol import Check, Runtime, Theorem

BUDGET_S = 20.0


def proved(found: Check) -> bool:
    return judge(found, Extracted("")).passed


# Definitions, claim, proof.
PROBLEMS = {
    "a let": ("def f (n : Nat) : Nat :=\n  let x := n + 1\n  let y := x * 2\n  y + x", "f 1 = 6", "rfl"),
    "a have": ("def f (n : Nat) : Nat :=\n  have x := n + 1\n  x * 2", "f 1 = 4", "rfl"),
    "a let in the claim": ("", "let s := 1 + 1; ∀ n : Nat, n + s = s + n", "intro s n; exact Nat.add_comm n s"),
    "a have in the claim": ("", "have s := 1 + 1; ∀ n : Nat, n + s = s + n", "intro s n; exact Nat.add_comm n s"),
    "show in the claim": ("", "∀ (n : Nat) (h : n < 3), (show Fin 3 from ⟨n, h⟩).val = n", "intros; rfl"),
    "a loop": (
        "def s (xs : List Nat) : Nat := Id.run do\n  let mut r := 0\n  for x in xs do\n    r := r + x\n  return r",
        "s [1, 2] = 3",
        "rfl",
    ),
    "well-founded recursion": (
        "def lg (n : Nat) : Nat :=\n  if h : n ≤ 1 then 0 else\n    have : n / 2 < n := by omega\n    let m := n / 2\n"
        "    1 + lg m",
        "lg 1 = 0",
        "unfold lg; simp",
    ),
    "recursion through a nested type": (
        "inductive Tree where\n  | node : Nat → List Tree → Tree\n\ndef Tree.sum : Tree → Nat\n"
        "  | node n ts => n + (ts.attach.map (fun ⟨t, _⟩ => t.sum)).sum",
        "∀ n, (Tree.node n []).sum = n",
        "intro n; simp [Tree.sum]",
    ),
    "opaque and partial": (
        "private opaque k : Nat → Nat\npartial def c (n : Nat) : Nat := go n\nwhere\n  go (n : Nat) : Nat := c (n + 1)",
        "k (c 1) = k (c 1) ∧ c.go 1 = c.go 1",
        "exact ⟨rfl, rfl⟩",
    ),
    "universes": (
        "universe u v\nstructure W (α : Type u) (β : Type v) : Type (max u v) where\n  a : α\n  b : β",
        "∀ {α : Type u} {β : Type v} (w : W α β), W.mk w.a w.b = w",
        "intros; rfl",
    ),
    "default tactics": (
        "structure R where\n  lo : Nat\n  hi : Nat\n  ok : lo ≤ hi := by omega",
        "∀ (n : Nat) (_ : n = n := by rfl), ({ lo := 1, hi := 2 } : R).lo = 1",
        "intros; rfl",
    ),
    "what is shown": (
        "def f (xs : List Nat) : List Nat := xs.map (· + 1)\n#eval f [3]\n#guard f [3] = [4]\n"
        "/-- info: [4] -/\n#guard_msgs in\n#eval f [3]",
        "f [3] = [4]",
        "rfl",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_own_text_with_a_proof_is_a_proof(lean: Runtime, name: str) -> None:
    definitions, claim, proof = PROBLEMS[name]
    text = f"{definitions}\n\ntheorem target : {claim} := by\n  "
    theorem = Theorem(text + "sorry", "target")
    assert not lean.item(theorem).errors
    found = lean.check(theorem, text + proof, BUDGET_S)
    assert proved(found), found


# Declarations of two constants, and the two.
HIDDEN = {
    "opaque": ("opaque a : Nat\nopaque b : Nat\n", "a", "b"),
    "private": ("private opaque a : Nat\nprivate opaque b : Nat\n", "a", "b"),
    "of functions": ("opaque f : Nat → Nat\nopaque g : Nat → Nat\n", "f 1", "g 1"),
    "partial": (
        "partial def f (n : Nat) : Nat := f (n + 1)\npartial def g (n : Nat) : Nat := g (n + 1)\n",
        "f 1",
        "g 1",
    ),
    "axioms": ("axiom a : Nat\naxiom b : Nat\n", "a", "b"),
}
PLACES = {
    "the claim": "theorem target : {0} = {1} := by\n  {2}",
    "a definition": "noncomputable def c : Nat := {0}\nnoncomputable def d : Nat := {1}\n"
    "theorem target : c = d := by\n  {2}",
    "an instance": "class V (α : Type) where\n  v : Nat\nnoncomputable instance : V Nat := ⟨{0}⟩\n"
    "noncomputable instance : V Int := ⟨{1}⟩\ntheorem target : V.v Nat = V.v Int := by\n  {2}",
    "an axiom": "axiom P : Nat → Prop\naxiom p : P ({0})\ntheorem target : P ({1}) := by\n  {2}",
}


@pytest.mark.parametrize(("hidden", "place"), list(itertools.product(HIDDEN, PLACES)))
def test_constants_that_hide_their_values_are_never_one(lean: Runtime, hidden: str, place: str) -> None:
    """With the one in the place of the other, what cannot be proved is there to be seen."""
    declared, first, second = HIDDEN[hidden]
    text = declared + PLACES[place]
    theorem = Theorem(text.format(first, second, "sorry"), "target")
    assert not lean.item(theorem).errors
    for only in (first, second):
        found = lean.check(theorem, text.format(only, only, "first | rfl | exact p"), BUDGET_S)
        assert not found.errors and not proved(found)


def test_what_a_header_leaves_open_is_open(lean: Runtime) -> None:
    header = "theorem key (n : Nat) : n = 5 := by sorry\naxiom given : (2 : Nat) = 3\n"
    theorem = Theorem("theorem target : (1 : Nat) = 5 := by sorry", "target", header)
    assert lean.check(theorem, "theorem target : (1 : Nat) = 5 := key 1", BUDGET_S).axioms == ("sorryAx",)
    beside = Theorem("theorem target : (2 : Nat) = 3 := by sorry", "target", header)
    assert proved(lean.check(beside, "theorem target : (2 : Nat) = 3 := given", BUDGET_S))


@pytest.mark.parametrize(
    "definitions",
    [
        "def c : Fin 3 := ⟨1, by sorry⟩",
        "def c (n : Nat) : Nat := if n ≤ 1 then 0 else c (n / 2)\ndecreasing_by sorry",
        "theorem lemma1 : (1 : Nat) = 2 := by sorry\ndef c : { n : Nat // n = 2 } := ⟨1, lemma1⟩",
        "instance c : Std.Commutative (fun a b : Nat => a - b) := ⟨by sorry⟩",
        "def c : Fin 8 := ⟨1, by native_decide⟩",
    ],
)
def test_a_claim_over_open_obligations_cannot_be_judged(lean: Runtime, definitions: str) -> None:
    """What is claimed mentions them, so that every proof of it rests on `sorry`; a claim that does not is sound."""
    spoilt = Theorem(f"{definitions}\ntheorem target : c = c := by sorry", "target")
    assert "rests on" in lean.item(spoilt).errors[0].text
    assert not lean.item(Theorem(f"{definitions}\ntheorem target : 1 = 1 := by sorry", "target")).errors
