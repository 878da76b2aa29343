"""The facts that the trusted Lean code finds, and what its gate keeps out. Real Lean, no verdict."""

from __future__ import annotations

import pytest

from pidistill_lean.protocol import Check, Runtime, Theorem

FIVE = Theorem("theorem target : (2 : Nat) + 2 = 5 := by sorry", "target")
FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
SOUND = "theorem target : (2 : Nat) + 2 = 4 := rfl\n"
LEANS = frozenset({"propext", "Classical.choice", "Quot.sound"})
BUDGET_S = 120.0


def proved(found: Check) -> bool:
    """The facts that together make a pass."""
    return (
        not found.statement_errors
        and found.refused is None
        and found.target_kind == "theorem"
        and found.type_matches
        and not found.changed
        and LEANS.issuperset(found.axioms)
        and found.replay_error is None
    )


# What could make Lean run a candidate's code although no command of it is one that runs code.
HIDDEN_CODE = {
    "a constant of syntax": "def t : Lean.Syntax := Lean.Syntax.missing",
    "syntax without its name": 'def t := Lean.mkAtom "trivial"',
    "syntax behind an abbreviation": "abbrev S := Lean.Syntax\ndef t : S := Lean.Syntax.missing",
    "a default tactic that runs": "theorem helper (h : True := by run_tac pure ()) : True := h",
    "a default tactic with a configuration": "theorem helper (h : True := by simp (maxSteps := 9)) : True := h",
    "autoParam": "def helper (p : Prop) (t : Lean.Syntax) (h : autoParam p t) : p := h",
    "autoParam renamed": "open Lean renaming autoParam → quiet",
    "a default tactic's constant by hand": "def helper._auto_1 : Lean.Syntax := (fun _ => .missing) ()",
    "a default tactic's constant of parts alone": "def helper._auto_1 : Lean.Syntax := "
    "Lean.Syntax.node Lean.SourceInfo.none Lean.Name.anonymous Array.empty",
    "a default tactic's constant mentioned": "theorem helper (h : True := by trivial) : True := h\n"
    "#check helper._auto_1",
    "a macro's type": "def m : Lean.Macro := fun _ => Lean.Macro.throwUnsupported",
    "reduceBool": "theorem helper : Lean.reduceBool true = true := rfl",
    "reduceBool through open": "open Lean (reduceBool) in\ntheorem helper : reduceBool true = true := rfl",
    "ofReduceBool by another name": "open Lean renaming ofReduceBool → trust",
    "ofReduceNat in a hidden place": "theorem helper : True := by\n  have := @Lean.ofReduceNat\n  trivial",
    "a computed configuration": "def c : Lean.Meta.Simp.Config := {}\ntheorem helper : True := by simp (config := c)",
    "a configuration by a function": "theorem helper : True := by simp (config := id {})",
    "a notation over an instance": 'instance : OfNat Nat 1022 := ⟨7⟩\nnotation "NN" => Nat',
    "a notation over a monad": 'instance {m : Type → Type} : Monad m := sorry\nlocal infixl:65 " ++++ " => Nat.add',
    "native in a configuration": "theorem helper : True := by decide (config := { native := true })",
    "a quotation": "theorem helper : True := by\n  have := `(Nat)\n  trivial",
    "an antiquotation in a notation": 'notation "evil" => $(Lean.Macro.throwUnsupported)',
    "a computed field": "inductive T where\n  | a\nwith\n  @[computed_field] size : T → Nat\n    | .a => 1",
    "a parser": 'def p := leading_parser "x"',
    "docstrings that run": "set_option doc.verso true",
    "a profile written to a file": 'set_option trace.profiler.output "/tmp/x"',
    "threads": "set_option Elab.async true",
    "the solver's path": 'set_option sat.solver "/bin/sh"',
    "include_str": 'def s : String := include_str "/etc/passwd"',
    "#guard": "#guard (by_elab do return .const ``true [])",
    "meta definitions": "meta def helper : Nat := 1",
    "a unification hint": "unif_hint (n : Nat) where ⊢ n =?= n",
    "export to C": "@[export lean_nat_add] def helper (a b : Nat) : Nat := a",
    "the initialiser of quotients": "init_quot",
    "an end in disguise": "#exit",
}


def test_no_instance_stands_behind_a_literal_in_a_configuration(lean: Runtime) -> None:
    """It would not end if it were run; so it need not be refused."""
    text = (
        "partial def loop (n : Nat) : Nat := loop (n + 1)\ninstance : OfNat Nat 7 := ⟨loop 0⟩\n"
        "theorem helper : True := by simp (maxSteps := 7)"
    )
    found = lean.check(FOUR, f"{text}\n\n{SOUND}", 5.0)
    assert found.refused is None
    assert proved(found)


@pytest.mark.parametrize("text", HIDDEN_CODE.values(), ids=HIDDEN_CODE.keys())
def test_code_that_would_run_is_refused(lean: Runtime, text: str) -> None:
    found = lean.check(FOUR, f"{text}\n\n{SOUND}", BUDGET_S)
    assert found.refused is not None or not proved(found)
    if found.refused is None:  # then Lean itself must have refused it, and the proof after it stands on its own
        pytest.fail(f"not refused: {found}")


UNKNOWN = {
    "an option": "set_option maxHeartbeat 400000\n",
    "an option of a library": "set_option aesop.check.all true in\n",
    "an option within a proof": "theorem aux : True := by\n  set_option no.such true in\n  trivial\n",
    "an attribute": "@[aesop] theorem aux : True := trivial\n",
    "an attribute given later": "attribute [positivity] Nat.add_comm\n",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_lean_does_not_know_is_an_error_and_no_refusal(lean: Runtime, text: str) -> None:
    found = lean.check(FOUR, text + SOUND, BUDGET_S)
    assert found.refused is None and found.errors
    assert any("unknown" in message.text for message in found.messages)


HONEST = {
    "the header repeated": "import Init\n\n" + SOUND,
    "a library of Lean's own": "import Std.Data.HashMap\n\n" + SOUND,
    "all of Lean imported": "import Lean\nopen Lean\n\n" + SOUND,
    "flags": "theorem target : (2 : Nat) + 2 = 4 := by simp +arith -decide",
    "a literal configuration": "theorem target : (2 : Nat) + 2 = 4 := by simp (config := { maxSteps := 100 })",
    "a literal item": "theorem target : (2 : Nat) + 2 = 4 := by simp (maxSteps := 100) (decide := false)",
    "an enumeration": "theorem target : (2 : Nat) + 2 = 4 := by\n  with_reducible rw [Nat.add_comm (2 : Nat)]",
    "printing": SOUND + "#print axioms target\n#check target\n",
    "a sorry nearby": "theorem unrelated : (1 : Nat) = 2 := by sorry\n\n" + SOUND,
    "a namespace closed before": "namespace A\ntheorem aux : True := trivial\nend A\n\n" + SOUND,
    "from inside a namespace": "namespace A\ntheorem _root_.target : (2 : Nat) + 2 = 4 := rfl\nend A",
    "a private lemma": "private theorem aux : (2 : Nat) + 2 = 4 := rfl\ntheorem target : (2 : Nat) + 2 = 4 := aux",
    "mutual": "mutual\ntheorem target : (2 : Nat) + 2 = 4 := rfl\ntheorem other : True := trivial\nend",
    "options": "set_option maxRecDepth 2000 in\nset_option autoImplicit false in\n" + SOUND,
    "traces": "set_option trace.Meta.synthInstance true in\n" + SOUND,
    "a structure": "structure P where\n  a : Nat\n  deriving DecidableEq, Repr\n\n" + SOUND,
    "an inductive type": "inductive T where\n  | a | b (t : T)\n  deriving Repr\n"
    "theorem all (t : T) : t = t := by induction t <;> rfl\n" + SOUND,
    "termination_by": "def f (n : Nat) : Nat := if n = 0 then 0 else f (n - 1)\ntermination_by n\ndecreasing_by omega\n"
    + SOUND,
    "infix": 'local infixl:65 " ⊕⊕ " => Nat.add\ntheorem target : (2 : Nat) + 2 = 4 := rfl',
    "global notation": 'notation "ℕ" => Nat\ntheorem target : (2 : ℕ) + 2 = 4 := rfl',
    "attributes": "@[local simp] theorem aux : (2 : Nat) + 2 = 4 := rfl\ntheorem target : (2 : Nat) + 2 = 4 := by simp",
    "classical": "theorem target : (2 : Nat) + 2 = 4 := by\n  classical\n  by_cases h : True\n  · rfl\n  · rfl",
    "a default tactic": "theorem helper (h : True := by trivial) : True := h\nexample : True := helper\n" + SOUND,
    "default tactics in a structure": "structure S where\n  n : Nat\n  h : n < 5 ∧ n = n := by\n    first\n"
    "    | (constructor <;> simp_all [Nat.lt_irrefl]; done)\n    | exact ⟨by omega, rfl⟩\n\n"
    "def three : S := { n := 3 }\n\n" + SOUND,
    "windows line ends": SOUND.replace("\n", "\r\n"),
    "astral characters": "-- 𝔸 𝕏 😀\n" + SOUND,
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST.keys())
def test_honest_proofs_are_proofs(lean: Runtime, text: str) -> None:
    found = lean.check(FOUR, text, BUDGET_S)
    assert proved(found), found


PREAMBLE = "def isSmall (n : Nat) : Prop := n < 10\nstructure Box where\n  n : Nat\n"
BOXED = Theorem(PREAMBLE + "theorem target (b : Box) (h : isSmall b.n) : b.n < 10 := by sorry", "target")


def test_definitions_of_the_statement_may_be_repeated(lean: Runtime) -> None:
    found = lean.check(BOXED, PREAMBLE + "theorem target (b : Box) (h : isSmall b.n) : b.n < 10 := h", BUDGET_S)
    assert proved(found), found


@pytest.mark.parametrize(
    ("preamble", "changed"),
    [
        (PREAMBLE.replace("n < 10", "False"), {"isSmall"}),
        (PREAMBLE.replace("  n : Nat", "  n : Nat\n  small : n < 10"), {"Box.mk"}),
        (PREAMBLE.replace("def isSmall", "opaque isSmall"), {"isSmall"}),
        (
            PREAMBLE.replace("structure Box where\n  n : Nat", "def Box := Fin 10\ndef Box.n (b : Box) : Nat := b.val"),
            {"Box", "Box.n"},
        ),
    ],
)
def test_changed_definitions_are_named(lean: Runtime, preamble: str, changed: set[str]) -> None:
    text = (
        preamble + "theorem target (b : Box) (h : isSmall b.n) : b.n < 10 := by\n"
        "  first | exact h.elim | exact b.small | exact b.isLt"
    )
    found = lean.check(BOXED, text, BUDGET_S)
    assert not proved(found)
    assert changed <= set(found.changed) or not found.type_matches


def test_a_missing_definition_is_not_a_pass(lean: Runtime) -> None:
    found = lean.check(BOXED, "theorem target (b : Nat) (h : b < 10) : b < 10 := h", BUDGET_S)
    assert not found.type_matches


def test_a_matcher_made_earlier_under_another_name_is_the_same_type(lean: Runtime) -> None:
    stated = "(n : Nat) : (match n with | 0 => 0 | k + 1 => k) ≤ n"
    theorem = Theorem(f"theorem target {stated} := by sorry", "target")
    found = lean.check(
        theorem, f"theorem aux {stated} := by cases n <;> simp\ntheorem target {stated} := aux n", BUDGET_S
    )
    assert proved(found), found


def test_a_matcher_of_another_meaning_is_not(lean: Runtime) -> None:
    theorem = Theorem("theorem target (n : Nat) : (match n with | 0 => 1 | k + 1 => k) = n := by sorry", "target")
    found = lean.check(
        theorem,
        "theorem target (n : Nat) : (match n with | 0 => 0 | k + 1 => k + 1) = n := by cases n <;> rfl",
        BUDGET_S,
    )
    assert not proved(found)


def test_universes_may_have_other_names_but_not_fewer(lean: Runtime) -> None:
    theorem = Theorem("theorem target.{u, v} (α : Type u) (β : Type v) (f : α → β) : f = f := by sorry", "target")
    renamed = "theorem target.{a, b} (α : Type a) (β : Type b) (f : α → β) : f = f := rfl"
    assert proved(lean.check(theorem, renamed, BUDGET_S))
    narrowed = "theorem target.{a} (α : Type a) (β : Type a) (f : α → β) : f = f := rfl"
    assert not lean.check(theorem, narrowed, BUDGET_S).type_matches


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("axiom target : (2 : Nat) + 2 = 5", "axiom"),
        ("def target : Nat := 5", "definition"),
        ("theorem other : True := trivial", "missing"),
        ("example : (2 : Nat) + 2 = 4 := rfl", "missing"),
        ("inductive target where | a", "other"),
        ("opaque target : Nat", "other"),
        ("private theorem target : (2 : Nat) + 2 = 4 := rfl", "missing"),
        ("namespace A\ntheorem target : (2 : Nat) + 2 = 4 := rfl\nend A", "missing"),
        ("", "missing"),
    ],
)
def test_the_kind_of_the_target(lean: Runtime, text: str, kind: str) -> None:
    assert lean.check(FIVE, text, BUDGET_S).target_kind == kind


def test_axioms_are_those_the_target_rests_on(lean: Runtime) -> None:
    text = "axiom used : (2 : Nat) + 2 = 5\naxiom unused : False\nopaque hidden : (2 : Nat) + 2 = 5 := used\n"
    assert lean.check(FIVE, f"{text}theorem target : (2 : Nat) + 2 = 5 := hidden", BUDGET_S).axioms == (
        "new axiom used",
    )
    sorry = lean.check(FIVE, "theorem target : (2 : Nat) + 2 = 5 := by sorry", BUDGET_S)
    assert sorry.axioms == ("sorryAx",)
    assert lean.check(FOUR, f"{text}{SOUND}", BUDGET_S).axioms == ()


@pytest.mark.parametrize("name", ["propext", "Quot.sound", "Classical.choice"])
def test_an_axiom_of_a_library_axioms_name_is_told_apart(lean: Runtime, name: str) -> None:
    for declared in (f"private axiom {name}", f"axiom «{name}»", f"namespace A\nprivate axiom {name}"):
        used = f"«{name}»" if "«" in declared else name
        text = f"{declared} : (2 : Nat) + 2 = 5\ntheorem _root_.target : (2 : Nat) + 2 = 5 := {used}"
        assert not proved(lean.check(FIVE, text, BUDGET_S))


def test_a_statement_with_an_error_is_reported_and_nothing_else_is_looked_at(lean: Runtime) -> None:
    found = lean.check(Theorem("theorem target : No.such = 1 := by sorry", "target"), SOUND, BUDGET_S)
    assert found.statement_errors and not found.messages and found.target_kind == "missing"
    unknown = lean.check(Theorem("theorem other : True := by sorry", "target"), SOUND, BUDGET_S)
    assert unknown.statement_errors and not proved(unknown)


def test_modules_that_are_not_here_are_named(lean: Runtime) -> None:
    found = lean.check(FOUR, "import Mathlib\nimport Init\nimport Nowhere.At.All\n\n" + SOUND, BUDGET_S)
    assert set(found.unavailable) == {"Mathlib", "Nowhere.At.All"}
    header = lean.check(Theorem(FOUR.statement, "target", "import Mathlib\n"), SOUND, BUDGET_S)
    assert header.statement_errors and not proved(header)


def test_positions_are_those_of_the_submission(lean: Runtime) -> None:
    theorem = Theorem("theorem target : True := by sorry", "target", "open Nat\nset_option autoImplicit false\n")
    line = "  have 𝕏 : (1 : Nat) = 2 := rfl"
    found = lean.check(theorem, f"theorem target : True := by\n{line}\n  trivial\n", BUDGET_S)
    error = next(message for message in found.messages if message.severity == "error")
    assert (error.line, error.column) == (2, line.index("rfl"))
    refused = lean.check(theorem, "\n\n  #exit\n", BUDGET_S).refused
    assert refused is not None and (refused.line, refused.column) == (3, 2)


def test_a_header_counts_for_both(lean: Runtime) -> None:
    theorem = Theorem("theorem target : succ 1 = 2 := by sorry", "target", 'open Nat\nlocal notation "two" => 2\n')
    assert proved(lean.check(theorem, "theorem target : succ 1 = two := rfl", BUDGET_S))


def test_a_flood_of_messages_is_cut(lean: Runtime) -> None:
    many = "\n".join(f"theorem t{number} : No.such{number} = 1 := rfl" for number in range(400))
    found = lean.check(FOUR, f"{many}\n{SOUND}", BUDGET_S)
    assert found.errors and len(found.messages) == 50
    told = "\n".join(f'theorem t{number} : True := by\n  trace "x"\n  trivial' for number in range(400))
    assert proved(lean.check(FOUR, f"{told}\n{SOUND}", BUDGET_S))
    behind = lean.check(FOUR, f"{told}\n{SOUND}\n#check nowhere", BUDGET_S)
    assert behind.errors and len(behind.messages) == 201


def test_nothing_of_one_check_is_left_for_the_next(lean: Runtime) -> None:
    lean.check(FIVE, 'axiom cheat : (2 : Nat) + 2 = 5\nnotation "NN" => Nat\nset_option autoImplicit true\n', BUDGET_S)
    found = lean.check(FIVE, "theorem target : (2 : NN) + 2 = 5 := cheat", BUDGET_S)
    assert not proved(found) and any("cheat" in message.text or "NN" in message.text for message in found.messages)
