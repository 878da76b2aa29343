"""Nobody talks the verifier into a pass, nothing honest is refused, and Lean serves the next submission as before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.authoring.data import DataRow
from pidistill.contracts import Case
from pidistill.records import Status
from pidistill_lean.cases import cases, problem
from pidistill_lean.protocol import Check, Runtime, Theorem
from pidistill_lean.verifier import LeanOptions, LeanVerifier

CASES = sorted(cases(), key=lambda case: str(case.problem.reference))
"""Those of one problem after another, as a run has them."""
HOSTILE = [case for case in CASES if case.expected != {Status.PASS}]
ANY_BUT_PASS = frozenset(status for status in Status if status.judged and status is not Status.PASS)
EXPECTED = {"pass": frozenset({Status.PASS}), "fail": ANY_BUT_PASS, "error": frozenset({Status.ABSTAIN})}
SOUND = "theorem target : (2 : Nat) + 2 = 4 := rfl\n"
THEOREM = Theorem("theorem target : (2 : Nat) + 2 = 4 := by\n  sorry\n", "target")

REFUSED = {
    "#eval": '#eval (IO.getEnv "HOME" : IO (Option String))',
    "#eval of a term that runs code": "#eval (by_elab do return Lean.mkNatLit 1 : Nat)",
    "#eval of a program for Lean": "#eval show Lean.Elab.Command.CommandElabM Unit from pure ()",
    "#guard": "#guard (by_elab do return Lean.mkNatLit 1 : Nat) == 1",
    "#guard_msgs around a declaration": "#guard_msgs (drop all) in\ntheorem helper : True := trivial",
    "#eval!": '#eval! (IO.FS.readFile "/etc/passwd" : IO String)',
    "#eval in open": "open Nat in\n#eval (IO.Process.exit 0 : IO Unit)",
    "#eval in set_option": "set_option maxRecDepth 100 in\n#eval (IO.Process.exit 0 : IO Unit)",
    "#eval in #guard_msgs": '#guard_msgs (drop all) in\n#eval (IO.FS.removeDirAll "/" : IO Unit)',
    "process": '#eval (do let _ ← IO.Process.spawn { cmd := "sh" } : IO Unit)',
    "skipKernelTC": "set_option debug.skipKernelTC true",
    "skipKernelTC in": "set_option debug.skipKernelTC true in\ntheorem helper : True := trivial",
    "skipKernelTC in a tactic": "theorem helper : True := by\n  set_option debug.skipKernelTC true in\n  trivial",
    "skipKernelTC in a term": "theorem helper : True := set_option debug.skipKernelTC true in trivial",
    "byAsSorry": "set_option debug.byAsSorry true",
    "native_decide": "theorem helper : (2 : Nat) + 2 = 4 := by native_decide",
    "decide +native": "theorem helper : (2 : Nat) + 2 = 4 := by decide +native",
    "decide native config": "theorem helper : (2 : Nat) + 2 = 4 := by decide (config := { native := true })",
    "native_decide deep": "theorem helper : True ∧ (2 : Nat) + 2 = 4 := ⟨trivial, by\n"
    "  have : True := trivial\n  first | native_decide | rfl⟩",
    "native_decide in a macro": 'macro "quick" : tactic => `(tactic| native_decide)',
    "ofReduceBool": "def c : Bool := true\ntheorem helper : c = true := Lean.ofReduceBool c true rfl",
    "run_cmd": 'run_cmd Lean.logInfo "x"',
    "run_meta": "run_meta pure ()",
    "run_tac": "theorem helper : True := by\n  run_tac pure ()\n  trivial",
    "by_elab": "def helper : Nat := by_elab do return Lean.mkNatLit 1",
    "elab": 'elab "cheat" : tactic => pure ()',
    "elab_rules": "elab_rules : tactic | `(tactic| trivial) => pure ()",
    "macro with code": 'macro "cheat" : tactic => do\n  `(tactic| trivial)',
    "initialize": "initialize pure ()",
    "init attribute": "def setup : IO Nat := pure 1\n@[init setup] opaque counter : Nat",
    "implemented_by": "def other (n : Nat) : Nat := n\n@[implemented_by other] def helper (n : Nat) : Nat := n",
    "extern": '@[extern "lean_nat_add"] def helper (a b : Nat) : Nat := a + b',
    "extern later": 'def helper (a b : Nat) : Nat := a + b\nattribute [extern "lean_nat_add"] helper',
    "csimp": "def f (n : Nat) : Nat := n\ndef g (n : Nat) : Nat := n\n@[csimp] theorem fg : @f = @g := rfl",
    "simproc": "simproc helper (_ + _) := fun _ => return .continue",
    "unsafe": "unsafe def helper : Nat := 1",
    "command_elab": "@[command_elab Lean.Parser.Command.check] "
    "def helper : Lean.Elab.Command.CommandElab := fun _ => pure ()",
    "tactic attribute": 'syntax "cheat" : tactic\n'
    "@[tactic tacticCheat] def helper : Lean.Elab.Tactic.Tactic := fun _ => pure ()",
}
"""Constructs that the judge's own rules refuse before anything is elaborated; each stands before a sound proof."""
NAMED = {
    "#eval": "eval",
    "skipKernelTC": "skipKernelTC",
    "native_decide": "native_decide",
    "decide +native": "native",
    "process": "eval",
    "implemented_by": "implemented_by",
    "initialize": "initialize",
    "run_cmd": "run_cmd",
}


@pytest.fixture(scope="module")
def patient(lean: Runtime) -> LeanVerifier:
    """A verifier that gives an honest proof the time it needs on a busy machine."""
    return LeanVerifier(LeanOptions(budget_s=20.0, graded=False), lean)


@pytest.fixture(scope="module")
def brief(lean: Runtime) -> LeanVerifier:
    """A verifier with the budget that users have, for what may be a TIMEOUT."""
    return LeanVerifier(LeanOptions(graded=False), lean)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_labelled_case_gets_a_right_verdict(brief: LeanVerifier, patient: LeanVerifier, case: Case) -> None:
    judge = brief if Status.TIMEOUT in case.expected else patient
    verdict = judge.verify(case.problem, case.completion)
    assert verdict.status in case.expected, (case.why, verdict.reason, verdict.diagnostics)


def test_the_public_attacks_get_right_verdicts(
    brief: LeanVerifier, patient: LeanVerifier, shared_attacks: Path
) -> None:
    wrong = []
    for line in (shared_attacks / "lean.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        given = problem(
            DataRow({"id": row["id"], "statement": row["problem"], "target": row["target"]}, "lean.jsonl", 1)
        )
        verdict = (brief if row["cls"] == "resource" else patient).verify(given, row["submission"])
        if verdict.status not in EXPECTED[row["expected"]]:
            wrong.append((row["id"], verdict.status, verdict.reason))
    assert wrong == []


def test_cases_are_many_and_of_every_kind() -> None:
    assert len(CASES) - len(HOSTILE) >= 65
    assert len(HOSTILE) >= 45
    assert len({case.id for case in CASES}) == len(CASES)
    assert len({(case.problem.reference, case.completion) for case in CASES}) == len(CASES)
    assert not any(Status.PASS in case.expected or Status.ERROR in case.expected for case in HOSTILE)


def test_no_case_repeats_a_public_attack(shared_attacks: Path) -> None:
    public = [json.loads(line) for line in (shared_attacks / "lean.jsonl").read_text("utf-8").splitlines()]
    known = {(" ".join(row["problem"].split()), " ".join(row["submission"].split())) for row in public}
    own = {(" ".join(str(case.problem.reference).split()), " ".join(case.completion.split())) for case in HOSTILE}
    assert not known & own


@pytest.mark.parametrize("construct", REFUSED)
def test_the_judges_own_rules_refuse_what_runs_code_or_goes_round_the_kernel(lean: Runtime, construct: str) -> None:
    """The refusal comes before elaboration, so it says nothing about what WebAssembly would have let happen."""
    check = lean.check(THEOREM, f"{REFUSED[construct]}\n\n{SOUND}", 30.0)
    assert check.refused is not None, facts(check)
    assert 1 <= check.refused.line <= REFUSED[construct].count("\n") + 1
    assert check.target_kind == "missing"


@pytest.mark.parametrize("construct", NAMED)
def test_a_refusal_names_what_it_refuses(lean: Runtime, construct: str) -> None:
    refused = lean.check(THEOREM, f"{REFUSED[construct]}\n\n{SOUND}", 30.0).refused
    assert refused is not None and NAMED[construct] in refused.text


def test_the_sound_proof_behind_the_refused_constructs_passes_alone(lean: Runtime) -> None:
    check = lean.check(THEOREM, SOUND, 30.0)
    assert check.refused is None and check.target_kind == "theorem" and check.type_matches


def test_a_case_changes_nothing_for_the_next(patient: LeanVerifier) -> None:
    by_id = {case.id: case for case in CASES}
    honest = by_id["honest-statement-defs"]
    for name in (
        "changed-def",
        "statement-instance-add",
        "statement-macro-ident",
        "sorry-tactic-rules",
        "missing-open-namespace",
    ):
        assert patient.verify(by_id[name].problem, by_id[name].completion).status is not Status.PASS
        assert patient.verify(honest.problem, honest.completion).status is Status.PASS


def facts(check: Check) -> dict[str, object]:
    return {name: value for name, value in vars(check).items() if name != "seconds"}
