"""`minif2f-core`: the list says what Lean says, the prelude what Mathlib says, and proofs of its statements pass."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pidistill.contracts import DataSource
from pidistill.records import Problem, Status
from pidistill_lean import minif2f_core
from pidistill_lean.protocol import Check, Runtime, Theorem
from pidistill_lean.sources import DATA
from pidistill_lean.verifier import LeanOptions, LeanVerifier

PROOFS: dict[str, str] = json.loads(Path(__file__).with_name("minif2f_core_proofs.json").read_text("utf-8"))
WRONG: dict[str, str] = {
    "mathd_numbertheory_200": "exact Nat.zero_le _",
    "mathd_numbertheory_136": "decide",
    "mathd_numbertheory_33": "sorry",
    "mathd_numbertheory_1124": "native_decide",
    "induction_12dvd4expnp1p20": "induction n with\n| zero => decide\n| succ n ih => exact ih",
    "imo_1959_p1": "omega",
    "mathd_algebra_76": "exact absurd rfl (by simp)",
    "imo_1964_p1_2": "simp",
    "mathd_algebra_462": "norm_num",
    "amc12a_2002_p6": "exact ⟨n, by omega, 1, by omega⟩",
    "mathd_numbertheory_739": "set_option debug.skipKernelTC true in\n  decide",
    "numbertheory_sqmod4in01d": "admit",
}
MEANINGS = {
    "the types are the core library's": "example : (ℕ = Nat ∧ ℤ = Int) ∧ ℚ = Rat := ⟨⟨rfl, rfl⟩, rfl⟩",
    "even and odd numbers": "example : Even 4 ∧ Odd 5 ∧ Even (-2 : ℤ) ∧ Odd (-3 : ℤ) :=\n"
    "  ⟨⟨2, rfl⟩, ⟨2, rfl⟩, ⟨-1, rfl⟩, ⟨-2, rfl⟩⟩",
    "5 is not even": "example : ¬ Even 5 := by\n  rintro ⟨r, h⟩\n  omega",
    "0 and 1 are not prime": "example : ¬ Nat.Prime 0 ∧ ¬ Nat.Prime 1 :=\n"
    "  ⟨fun h => by have := h.2 0 2 rfl; omega, fun h => h.1 rfl⟩",
    "4 is not prime": "example : ¬ Nat.Prime 4 := fun h => by have := h.2 2 2 rfl; omega",
    "a prime has no divisor between 1 and itself": "example (p d : Nat) (h : Nat.Prime p) (hd : d ∣ p) :\n"
    "    d = 1 ∨ d = p := by\n"
    "  obtain ⟨c, hc⟩ := hd\n  rcases h.2 d c hc with h | h\n  · exact .inl h\n"
    "  · subst h; simp at hc; exact .inr hc.symm",
    "what has no such divisor is prime": "example (p : Nat) (h₂ : 2 ≤ p) (h : ∀ d, d ∣ p → d = 1 ∨ d = p) :\n"
    "    Nat.Prime p := by\n"
    "  refine ⟨by omega, fun a b hab => ?_⟩\n  rcases h a ⟨b, hab⟩ with ha | ha\n  · exact .inl ha\n"
    "  · right\n    rw [ha] at hab\n"
    "    exact Nat.eq_of_mul_eq_mul_left (show 0 < p by omega) (show p * b = p * 1 by omega)",
    "factorials": "example : 0! = 1 ∧ 5! = 120 ∧ ∀ n : ℕ, (n + 1)! = (n + 1) * n ! := ⟨rfl, rfl, fun _ => rfl⟩",
    "binomial coefficients": "example : Nat.choose 5 2 = 10 ∧ Nat.choose 2 5 = 0 ∧ Nat.choose 0 0 = 1 := by decide",
    "congruences": "example : 7 ≡ 2 [MOD 5] ∧ ¬ 7 ≡ 3 [MOD 5] ∧ (-1 : ℤ) ≡ 4 [ZMOD 5] :=\n"
    "  ⟨rfl, by unfold Nat.ModEq; decide, rfl⟩",
    "sets": "example (a : ℕ) : (a ∈ { x : ℕ | x < 3 } \\ {1}) ↔ (a < 3 ∧ ¬ a = 1) := Iff.rfl",
    "least and greatest": "example : IsLeast { x : ℕ | 2 < x } 3 ∧ IsGreatest { x : ℕ | x < 3 } 2 :=\n"
    "  ⟨⟨Nat.lt_succ_self 2, fun _ h => h⟩, ⟨Nat.lt_succ_self 2, fun _ h => Nat.le_of_lt_succ h⟩⟩",
    "absolute values": "example : abs (-3 : ℤ) = 3 ∧ abs (3 : ℤ) = 3 ∧ abs (0 : ℤ) = 0 := by decide",
}


@pytest.fixture(scope="module")
def minif2f(shared_data: Path) -> dict[str, Problem]:
    return {problem.id: problem for problem in DATA.problems(DataSource(path=shared_data / "minif2f_ds.jsonl"))}


@pytest.fixture(scope="module")
def patient(lean: Runtime) -> LeanVerifier:
    """A verifier that gives a proof the time it needs on a busy machine."""
    return LeanVerifier(LeanOptions(budget_s=60.0, graded=False), lean)


def completion(problem: Problem, proof: str) -> str:
    """The whole theorem with `proof` as its tactic block."""
    statement = str(problem.reference).removesuffix("sorry").rstrip()
    return statement + "\n" + "".join(f"  {line}\n" for line in proof.split("\n"))


@pytest.mark.parametrize("name", PROOFS)
def test_a_written_proof_passes(patient: LeanVerifier, minif2f: dict[str, Problem], name: str) -> None:
    problem = minif2f_core.core(minif2f[name])
    verdict = patient.verify(problem, completion(problem, PROOFS[name]))
    assert verdict.status is Status.PASS, (verdict.reason, verdict.diagnostics)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_proof_does_not_pass(patient: LeanVerifier, minif2f: dict[str, Problem], name: str) -> None:
    problem = minif2f_core.core(minif2f[name])
    verdict = patient.verify(problem, completion(problem, WRONG[name]))
    assert verdict.status in (Status.FAIL, Status.REJECTED), verdict.reason


def test_a_proof_of_the_next_statement_does_not_pass(patient: LeanVerifier, minif2f: dict[str, Problem]) -> None:
    named = sorted(PROOFS)
    for name, other in itertools.pairwise(named[:13]):
        problem, neighbour = (minif2f_core.core(minif2f[which]) for which in (name, other))
        assert patient.verify(problem, completion(neighbour, PROOFS[other])).status is Status.FAIL


@pytest.mark.parametrize("meaning", MEANINGS)
def test_the_prelude_means_what_it_should(lean: Runtime, meaning: str) -> None:
    text = f"theorem target : True := trivial\n\n{MEANINGS[meaning]}\n"
    check = lean.check(Theorem("theorem target : True := by sorry", "target", minif2f_core.prelude()), text, 60.0)
    assert not errors(check), check.messages


def test_the_prelude_knows_no_real_numbers(lean: Runtime) -> None:
    for text in ("theorem target (x : ℝ) : x = x := by sorry", "theorem target (x : ℂ) : x = x := by sorry"):
        check = lean.check(Theorem(text, "target", minif2f_core.prelude()), text, 60.0)
        assert "Unknown identifier" in check.statement_errors[0].text


def test_a_sample_of_the_list_is_what_lean_says(lean: Runtime, minif2f: dict[str, Problem]) -> None:
    for entry in minif2f_core.entries()[::16]:
        problem = minif2f_core.core(minif2f[entry.name])
        statement = str(problem.reference)
        check = lean.check(Theorem(statement, entry.name, minif2f_core.prelude()), statement, 60.0)
        assert (not check.statement_errors and check.target_kind == "theorem") == entry.elaborates, entry
        assert not check.statement_errors or check.statement_errors[0].text.startswith(entry.reason)


def errors(check: Check) -> list[str]:
    return [message.text for message in (*check.statement_errors, *check.messages) if message.severity == "error"]


def test_the_list_has_every_statement_once_and_a_reason_for_each_that_is_out(minif2f: dict[str, Problem]) -> None:
    entries = minif2f_core.entries()
    assert [entry.name for entry in entries] == list(minif2f)
    assert all(bool(entry.reason) != entry.elaborates for entry in entries)
    assert set(PROOFS) | set(WRONG) <= minif2f_core.names()
    assert len(PROOFS) >= 50


def test_the_problems_are_those_of_the_list_under_the_prelude(shared_data: Path) -> None:
    path = shared_data / "minif2f_ds.jsonl"
    found = list(DATA.problems(DataSource("minif2f-core", path=path)))
    assert {problem.id for problem in found} == minif2f_core.names()
    assert all(problem.extra["header"] == minif2f_core.prelude() for problem in found)
    assert len(list(DATA.problems(DataSource("minif2f-core", path=path, limit=3)))) == 3
    test = list(DATA.problems(DataSource("minif2f-core", path=path, split="test")))
    assert 0 < len(test) < len(found)


def test_the_header_alone_is_replaced(minif2f: dict[str, Problem]) -> None:
    problem = next(iter(minif2f.values()))
    assert replace(minif2f_core.core(problem), extra=problem.extra) == problem
    assert "import Mathlib" not in minif2f_core.prelude()
