"""Twenty submissions that change as much state as they can, each before twenty others in the same two processes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pidistill.errors import VerifierError
from pidistill_lean.protocol import Check, LeanTimeout, Theorem
from pidistill_lean.runtimes.wasm import WasmRuntime

BUDGET_S = 60.0
SHORT_S = 2.0
AFTER = "theorem target : (2 : Nat) + 2 = 4 := rfl\n"
FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
WRITTEN = """\
### options
set_option maxRecDepth 40
set_option autoImplicit true
set_option pp.all true
set_option smartUnfolding false
### more options
set_option maxHeartbeats 1
set_option synthInstance.maxHeartbeats 1
set_option warningAsError true
### options in a section
section
set_option maxHeartbeats 2
set_option linter.all true
### instances
instance (priority := high) : Add Nat := ⟨fun _ _ => 4⟩
instance : LE Nat := ⟨fun _ _ => True⟩
### literals
instance (priority := high) (n : Nat) : OfNat Nat n := ⟨4⟩
### default instances
@[default_instance high] instance : HAdd Nat Nat Int := ⟨fun _ _ => 0⟩
### decisions
instance (priority := high) (p : Prop) : Decidable p := Classical.propDecidable p
### coercions
instance : Coe Nat Bool := ⟨fun _ => true⟩
instance : CoeSort Nat Type := ⟨Fin⟩
instance : NatCast Bool := ⟨fun _ => true⟩
### simp rules
axiom five : (5 : Nat) = 4
attribute [simp] five
@[simp] theorem zero (n : Nat) : n * 0 = 0 := Nat.mul_zero n
### simp rules taken away
attribute [-simp] Nat.add_zero
attribute [-simp] List.length_nil
### reducibility
attribute [local irreducible] Nat.add
attribute [local reducible] Nat.mul
seal Nat.sub
### extensionality
attribute [ext] Prod
attribute [grind] Nat.add_comm
attribute [local instance] Classical.propDecidable
### notations
notation "ℕ" => Int
local infixl:65 (priority := high) " + " => Nat.mul
notation "rfl" => sorry
### namespaces
namespace Nat
def add_comm' := 1
open List Int
export Classical (em)
universe u v
variable (target : False)
### names of Lean's
namespace Nat
axiom add_zero' (n : Nat) : n = 0
end Nat
axiom Nat.add_com : False
def id' := 1
axiom propext' : False
### memory
def big : Nat := 2 ^ 200000
theorem more : big = big := by
  have : (2 : Nat) ^ 100000 % 7 = 2 ^ 100000 % 7 := by decide +kernel
  rfl
### an overrun
set_option maxHeartbeats 0 in
set_option maxRecDepth 1000000 in
theorem more : True := by
  sleep 3600000
  trivial
### an overrun among instances
class Next (n : Nat) where
  a : Nat
instance (priority := high) : Add Nat := ⟨fun _ _ => 4⟩
instance (n : Nat) [Next (n + 1)] : Next n := ⟨0⟩
set_option maxHeartbeats 0 in
set_option synthInstance.maxHeartbeats 0 in
set_option synthInstance.maxSize 100000000 in
theorem more : Next 0 := inferInstance
"""
OVERRUNS = {"an overrun", "an overrun among instances"}
STATE = {part.partition("\n")[0]: part.partition("\n")[2] for part in WRITTEN.removeprefix("### ").split("\n### ")} | {
    "definitions without number": "\n".join(f"def d{n} (x : Nat) : Nat := x + {n}" for n in range(60)),
    "types without number": "\n".join(
        f"inductive T{n} where\n  | a | b (t : T{n})\n  deriving Repr, BEq" for n in range(8)
    ),
    "depth": "theorem deep : " + "(" * 400 + "True" + ")" * 400 + " := by trivial",
}
"""What stands before a sound proof, one submission each."""

CONTROLS = {
    "reflexivity": ("(2 : Nat) + 2 = 4", "rfl", "by decide +revert; exact 1"),
    "addition": ("∀ a b : Nat, a + b = b + a", "by intro a b; omega", "by intro a b; rfl"),
    "simp": ("∀ n : Nat, n + 0 = n ∧ n * 1 = n", "by simp", "by simp only []"),
    "lists": ("∀ xs : List Nat, (xs ++ []).length = xs.length", "by simp", "fun _ => rfl"),
    "order": ("∀ n : Nat, n ≤ n + 1", "fun n => Nat.le_succ n", "fun n => trivial"),
    "literals": ("(7 : Nat) ≠ 4", "by decide", "by simp only []"),
    "logic": ("∀ p q : Prop, p ∧ q → q ∧ p", "fun _ _ h => ⟨h.2, h.1⟩", "fun _ _ h => h"),
    "decisions": ("(10 : Nat) % 3 = 1", "by decide", "by sorry"),
    "names": ("∀ a : Int, a + 0 = a", "Int.add_zero", "Int.add_zer"),
    "choice": ("∀ p : Prop, p ∨ ¬p", "Classical.em", "fun p => Or.inl five"),
}
"""A statement, a proof of it, and what is none."""


@pytest.fixture(scope="module")
def own() -> Iterator[WasmRuntime]:
    """Two processes of this file's own, that the controls were asked of before."""
    try:
        runtime = WasmRuntime()
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    with runtime:
        yield runtime


def holds(found: Check) -> bool:
    sound = {"propext", "Classical.choice", "Quot.sound"}.issuperset(found.axioms)
    return (
        not found.errors and found.target_kind == "theorem" and found.type_matches and sound and not found.replay_error
    )


def facts(found: Check) -> dict[str, object]:
    return {name: value for name, value in vars(found).items() if name != "seconds"}


def asked(runtime: WasmRuntime) -> list[dict[str, object]]:
    """All that is found of the ten honest and the ten false ones."""
    found = []
    for statement, right, wrong in CONTROLS.values():
        theorem = Theorem(f"theorem target : {statement} := by sorry", "target")
        for proof, true in ((right, True), (wrong, False)):
            check = runtime.check(theorem, f"theorem target : {statement} := {proof}\n", BUDGET_S)
            assert holds(check) is true, (statement, proof, check)
            found.append(facts(check))
    return found


@pytest.fixture(scope="module")
def before(own: WasmRuntime) -> list[dict[str, object]]:
    return asked(own)


@pytest.mark.parametrize("name", STATE)
def test_what_a_submission_changes_is_gone_with_it(
    own: WasmRuntime, before: list[dict[str, object]], name: str
) -> None:
    processes = pids(own)
    if name in OVERRUNS:
        with pytest.raises(LeanTimeout):
            own.check(FOUR, f"{STATE[name]}\n\n{AFTER}", SHORT_S)
    else:
        own.check(FOUR, f"{STATE[name]}\n\n{AFTER}", BUDGET_S)
    assert asked(own) == before
    assert pids(own) == processes  # in the same workers: they were put back, and not replaced


def test_an_interrupt_at_any_moment_leaves_nothing(own: WasmRuntime, before: list[dict[str, object]]) -> None:
    starts, moments, stopped = own.starts, random.Random(0), 0
    texts = [f"{text}\n\n{AFTER}" for name, text in STATE.items() if name not in OVERRUNS] + [AFTER]
    texts += [f"theorem more (a b : Nat) : a + b = b + a := by {search}\n\n{AFTER}" for search in ("exact?", "rw?")]
    for turn in range(60):
        try:
            own.check(FOUR, moments.choice(texts), 10 ** moments.uniform(-3.5, -0.5))
        except LeanTimeout:
            stopped += 1
        if turn % 20 == 19:
            assert asked(own) == before
    assert stopped > 20
    assert own.starts <= starts + 2  # one that has answered at the very moment may have to be replaced


def pids(runtime: WasmRuntime) -> tuple[int, int]:
    assert runtime.elaborator is not None and runtime.judge is not None
    return runtime.elaborator.popen.pid, runtime.judge.popen.pid
