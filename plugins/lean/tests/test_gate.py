"""The gate's rules against variations: four ways in which a candidate's code came to run while a tactic was elaborated.

`loop` never ends, so that a variation which got by would be an overrun. A refusal comes before anything is run.
"""

from __future__ import annotations

import pytest

from pidistill_lean.protocol import Check, Runtime, Theorem

FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
SOUND = "theorem target : (2 : Nat) + 2 = 4 := rfl\n"
BUDGET_S = 10.0
LOOP = "partial def loop (n : Nat) : Nat := loop (n + 1)\ndef yes : Bool := loop 0 == 0\n"


def tried(lean: Runtime, text: str, theorem: Theorem = FOUR) -> Check:
    return lean.check(theorem, text, BUDGET_S)


def by(tactic: str, statement: str = "True") -> str:
    return f"theorem warm : {statement} := by\n  {tactic}"


CONFIGURATIONS = {
    "an item": by("simp (maxSteps := loop 0)"),
    "a structure": by("simp (config := { maxSteps := loop 0 })"),
    "a structure from another": by("simp (config := { ({} : Lean.Meta.Simp.Config) with maxSteps := loop 0 })"),
    "a constant": "def c : Lean.Meta.Simp.Config := { maxSteps := loop 0 }\n" + by("simp (config := c)"),
    "a local definition": by("simp (config := let n := loop 0; { maxSteps := n })"),
    "a function applied": by("simp (maxSteps := (fun n => n) (loop 0))"),
    "a condition": by("simp (maxSteps := if yes then 1 else 2)"),
    "a tactic block": by("simp (maxSteps := by exact loop 0)"),
    "a Boolean": by("decide (kernel := yes)"),
    "occurrences": by("rw (occs := .pos [loop 0]) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "an enumeration": "def pick : Lean.Meta.ApplyNewGoals := if yes then .all else .nonDependentFirst\n"
    + by("rw (config := { newGoals := pick }) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "omega": by("omega (splitDisjunctions := yes)", "1 + 1 = 2"),
    "simp_all": by("simp_all (maxSteps := loop 0)"),
    "grind": by("grind (splits := loop 0)"),
    "in conv": by("conv => simp (maxSteps := loop 0)"),
    "in a term": "theorem warm : True := id (by simp (maxSteps := loop 0))",
    "deep in a field's path": by("simp (config := { maxSteps[loop 0] := 1 })"),
    "a coercion": "instance : Coe Bool Nat := ⟨fun _ => loop 0⟩\n" + by("simp (maxSteps := true)"),
    "a coercion through a cast": "instance : NatCast Bool := ⟨fun _ => yes⟩\n" + by("simp (decide := 1)"),
    "kept in a variable until there is a coercion": "variable (x : Fin (by simp (maxSteps := true) at *; exact 3))\n"
    "instance : Coe Bool Nat := ⟨fun _ => loop 0⟩\ntheorem warm : x = x := rfl",
    "kept in a variable for one command": "variable (x : Fin (by simp (maxSteps := true) at *; exact 3)) in\n"
    "theorem warm : x = x := rfl",
    "kept in a notation until there is a coercion": 'notation "TT" => (by simp (maxSteps := true) : True)\n'
    "instance : Coe Bool Nat := ⟨fun _ => loop 0⟩\ntheorem warm : True := TT",
}
"""Configurations of tactics, which Lean compiles and runs."""

RENAMED = {
    "renaming": f"namespace F\n{LOOP}end F\nopen F renaming loop → q\n" + by("simp (maxSteps := q 0)"),
    "renaming for one command": f"namespace F\n{LOOP}end F\nopen F renaming loop → q in\n"
    + by("simp (maxSteps := q 0)"),
    "renaming to a word of the configuration": "namespace F\ndef all : Lean.Meta.TransparencyMode := .all\nend F\n"
    "open F renaming all → loud\n" + by("rw (transparency := loud) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "export": f"namespace F\n{LOOP}end F\nexport F (yes)\n" + by("decide (kernel := yes)"),
    "an abbreviation": "abbrev q := loop 0\n" + by("simp (maxSteps := q)"),
    "an abbreviation in a namespace": "namespace N\nabbrev maxSteps := loop 0\nend N\nopen N\n"
    + by("simp (maxSteps := maxSteps)"),
    "a field of a structure": "structure S where\n  n : Nat\ndef s : S := ⟨loop 0⟩\n" + by("simp (maxSteps := s.n)"),
    "a variable": "variable (n : Nat)\n" + by("simp (maxSteps := n)"),
    "compiled code under another name": "open Lean renaming reduceBool → quiet\n"
    "theorem warm : quiet true = true := rfl",
    "compiled code selected": "open Lean (reduceBool)\ntheorem warm : reduceBool true = true := rfl",
    "compiled code exported": "export Lean (reduceBool)\ntheorem warm : reduceBool true = true := rfl",
    "compiled code in guillemets": "theorem warm : «Lean».«reduceBool» true = true := rfl",
    "compiled code from the root": "theorem warm : _root_.Lean.reduceBool true = true := rfl",
    "compiled code as a notation": 'notation "quiet" => Lean.reduceBool\ntheorem warm : quiet true = true := rfl',
    "its axiom under another name": "open Lean renaming ofReduceBool → quiet\n"
    "theorem warm : yes = yes := quiet yes yes rfl",
    "a default tactic under another name": "open Lean renaming autoParam → quiet",
    "a default tactic of the root": "abbrev quiet := @autoParam",
}
"""The same under other names."""

SEVEN = by("simp (maxSteps := 7)")
INSTANCES = {
    "in a gadget": "instance : semiOutParam (OfNat Nat 7) := ⟨loop 0⟩",
    "in another gadget": "instance : outParam (OfNat Nat 7) := ⟨loop 0⟩",
    "an abbreviation": "abbrev O := OfNat Nat 7\ninstance : O := ⟨loop 0⟩",
    "a reducible definition": "@[reducible] def O : Type := OfNat Nat 7\ninstance : O := ⟨loop 0⟩",
    "a function applied": "instance : (fun n => OfNat Nat n) 7 := ⟨loop 0⟩",
    "a let": "instance : let T := OfNat Nat 7; T := ⟨loop 0⟩",
    "behind the identity": "instance : id (OfNat Nat 7) := (⟨loop 0⟩ : OfNat Nat 7)",
    "an attribute": "@[reducible, instance] def i : semiOutParam (Coe Bool Nat) := ⟨fun _ => loop 0⟩",
    "an attribute given later": "@[reducible] def i : Coe Bool Nat := ⟨fun _ => loop 0⟩\nattribute [instance] i",
    "for one section": "section\nlocal instance : Coe Bool Nat := ⟨fun _ => loop 0⟩\n" + SEVEN + "\nend",
    "scoped": "namespace N\nscoped instance : Coe Bool Nat := ⟨fun _ => loop 0⟩\nend N\nopen N",
    "of a class of its own": "class C extends Coe Bool Nat\ninstance : C := ⟨fun _ => loop 0⟩",
    "an unreduced match": "abbrev T : Nat → Type\n  | 0 => Nat\n  | _ => Coe Bool Nat\n"
    "instance : T 1 := ⟨fun _ => loop 0⟩",
}
"""Instances whose types do not say at once what they are instances of. Each stands before a configuration."""

NOTATIONS = {
    "a number": 'set_option quotPrecheck false in\nnotation "N" => loop 0\n' + by("simp (maxSteps := N)"),
    "before its definition": 'set_option quotPrecheck false\nnotation "N" => later 0\ndef later := loop\n'
    + by("simp (maxSteps := N)"),
    "a word of its own": 'set_option quotPrecheck false in\nnotation "true" => yes\n' + by("decide (kernel := true)"),
    "local": 'set_option quotPrecheck false in\nlocal notation "N" => loop 0\n' + by("simp (maxSteps := N)"),
    "scoped": 'namespace M\nset_option quotPrecheck false in\nscoped notation "N" => loop 0\nend M\nopen M\n'
    + by("simp (maxSteps := N)"),
    "prefix": 'set_option quotPrecheck false in\nprefix:max "N " => loop\n' + by("simp (maxSteps := N 7)"),
    "postfix": 'set_option quotPrecheck false in\npostfix:max "!" => loop\n' + by("simp (maxSteps := 7 !)"),
    "infix": 'set_option quotPrecheck false in\ninfixl:65 " ⊕ " => fun a b => loop (a + b)\n'
    + by("simp (maxSteps := 7 ⊕ 7)"),
    "brackets": 'set_option quotPrecheck false in\nnotation "⟪" a "⟫" => loop a\n' + by("simp (maxSteps := ⟪7⟫)"),
    "a list's brackets": 'set_option quotPrecheck false in\nnotation "[" a "]" => [loop a]\n'
    + by("rw (occs := .pos [1]) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "parentheses": 'set_option quotPrecheck false in\nnotation "(" a ";)" => loop a\n' + by("simp (maxSteps := (7 ;))"),
    "a structure's braces": 'set_option quotPrecheck false in\nnotation "{" a ";}" => loop a\n'
    + by("simp (maxSteps := {7 ;})"),
    "called like a string": 'namespace A\nnotation (name := str) "S" => loop 0\nend A\n' + by("simp (maxSteps := S)"),
    "called like a number": 'namespace A\nnotation (name := num) "S" => loop 0\nend A\n' + by("simp (maxSteps := S)"),
    "called like parentheses": 'namespace A\nnotation (name := paren) "S" => loop 0\nend A\n'
    + by("simp (maxSteps := S)"),
    "called like an application": 'namespace A\nnotation (name := app) "S" => loop 0\nend A\n'
    + by("simp (maxSteps := S)"),
    "called like a structure": 'namespace A\nnotation (name := structInst) "S" => loop 0\nend A\n'
    + by("simp (maxSteps := S)"),
    "called like a list": 'namespace A\nnotation (name := «term[_]») "S" => loop 0\nend A\n'
    + by("simp (maxSteps := S)"),
    "a string at the root": 'notation (name := str) "S" => loop 0\n' + by("simp (maxSteps := S)"),
    "every string": 'notation (name := str) "S" => loop 0\n' + by('simp (maxSteps := "7")'),
}
"""Notations that stand where a literal would."""


def refused(found: Check) -> bool:
    """Nothing of the command was elaborated, and nothing came to a proof."""
    return found.refused is not None and found.target_kind == "missing"


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_that_would_run_code_is_refused(lean: Runtime, name: str) -> None:
    assert refused(tried(lean, LOOP + CONFIGURATIONS[name] + "\n" + SOUND))


@pytest.mark.parametrize("name", RENAMED)
def test_code_under_another_name_is_refused(lean: Runtime, name: str) -> None:
    assert refused(tried(lean, LOOP + RENAMED[name] + "\n" + SOUND))


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_of_a_hidden_type_beside_a_configuration_is_refused(lean: Runtime, name: str) -> None:
    assert refused(tried(lean, f"{LOOP}{INSTANCES[name]}\n{SEVEN}\n{SOUND}"))


@pytest.mark.parametrize("name", NOTATIONS)
def test_a_notation_in_a_configuration_is_refused(lean: Runtime, name: str) -> None:
    assert refused(tried(lean, LOOP + NOTATIONS[name] + "\n" + SOUND))


HONEST = {
    "flags": by("simp +arith -decide"),
    "an item": by("simp (maxSteps := 100)"),
    "two items": by("simp (maxSteps := 100) (decide := false)"),
    "a structure": by("simp (config := { maxSteps := 100, decide := true })"),
    "in parentheses": by("simp (config := ({ maxSteps := (100) }))"),
    "occurrences": by("rw (occs := .pos [1]) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "an enumeration": by("rw (config := { transparency := .reducible }) [Nat.add_comm]", "1 + 2 = 2 + 1"),
    "an enumeration by its name": by(
        "rw (config := { transparency := Lean.Meta.TransparencyMode.instances }) [Nat.add_comm]", "1 + 2 = 2 + 1"
    ),
    "omega": by("intro n; omega (splitDisjunctions := false)", "∀ n : Nat, n < n + 1"),
    "a word that means something else here": "namespace F\ndef true : Bool := yes\nend F\nopen F\n"
    + by("decide (kernel := true)"),
    "beside an order of one's own": "inductive T where\n  | a | b\ninstance : LE T := ⟨fun _ _ => True⟩\n" + SEVEN,
    "beside derived equality": "inductive T where\n  | a | b\n  deriving DecidableEq, Repr\n" + SEVEN,
    "beside a class of one's own": "class Pointed (α : Type) where\n  point : α\ninstance : Pointed Nat := ⟨0⟩\n"
    + SEVEN,
    "beside literals of one's own": "structure P where\n  n : Nat\ninstance (n : Nat) : OfNat P n := ⟨⟨n⟩⟩\n" + SEVEN,
    "a notation with a tactic": 'local notation "TT" => (by trivial : True)\ntheorem warm : True := TT',
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_configuration_is_taken(lean: Runtime, name: str) -> None:
    found = tried(lean, LOOP + HONEST[name] + "\n" + SOUND)
    assert found.refused is None and not found.errors and found.target_kind == "theorem"
    assert not found.axioms and found.replay_error is None


COERCING = """\
structure Even where
  half : Nat
instance : Coe Even Nat := ⟨fun e => 2 * e.half⟩
"""


@pytest.mark.parametrize(
    "text",
    [
        COERCING + "theorem target (e : Even) : (e : Nat) = 2 * e.half := by simp (maxSteps := 1000)\n",
        COERCING + "theorem target (e : Even) : (e : Nat) = 2 * e.half := by simp (config := { decide := true })\n",
        COERCING + 'local notation "½" => Even.half\ntheorem target (e : Even) : (e : Nat) = 2 * e.half := rfl\n',
    ],
    ids=["an item", "a structure", "a notation"],
)
def test_instances_of_the_problem_stand_in_nobodys_way(lean: Runtime, text: str) -> None:
    stated = Theorem(COERCING + "theorem target (e : Even) : (e : Nat) = 2 * e.half := by sorry\n", "target")
    found = tried(lean, text, stated)
    assert found.refused is None and found.replay_error is None and found.type_matches


def test_an_instance_of_the_problem_behind_a_command_of_ones_own_is_the_submissions(lean: Runtime) -> None:
    """It may read the same and mean something else."""
    given = "instance : Coe Bool Nat := ⟨fun b => code b⟩\n"
    stated = Theorem("def code (b : Bool) : Nat := 0\n" + given + FOUR.statement, "target")
    honest = "def code (b : Bool) : Nat := 0\n" + given + SEVEN + "\n" + SOUND
    assert tried(lean, honest, stated).refused is None
    assert refused(tried(lean, LOOP + "def code (b : Bool) : Nat := loop 0\n" + given + SEVEN + "\n" + SOUND, stated))


RUNS = {
    "steps": 'macro "m" : tactic => do `(tactic| trivial)',
    "a value": 'macro "m" : tactic => pure default',
    "code in a hole": 'macro "m" : tactic => `(tactic| exact $(loop))',
    "a command": 'macro "m" : command => `(axiom cheat : False)',
    "a list of holes": 'macro "m" xs:term,* : term => `([$xs,*])',
    "compiled code": 'macro "m" : tactic => `(tactic| native_decide)',
    "an option": 'macro "m" : tactic => `(tactic| set_option debug.skipKernelTC true in trivial)',
    "a configuration": 'macro "m" : tactic => `(tactic| simp (maxSteps := loop 0))',
    "an argument of a configuration": 'macro "m" n:term : tactic => `(tactic| simp (maxSteps := $n))',
    "a quotation in a quotation": 'macro "m" : term => `(`(loop 0))',
    "beside an instance of one's own": "structure T where\n  n : Nat\ninstance : Coe T Nat := \u27e8T.n\u27e9\n"
    'macro "m" : term => `(1)',
    "rules": "macro_rules | `(tactic| rfl) => `(tactic| trivial)",
    "an attribute": '@[tactic Lean.Parser.Tactic.omega] macro "m" : tactic => `(tactic| trivial)',
}


@pytest.mark.parametrize("name", RUNS)
def test_a_macro_that_is_more_than_another_word_is_refused(lean: Runtime, name: str) -> None:
    assert tried(lean, f"{LOOP}{RUNS[name]}\n{SOUND}").refused is not None


WORDS = {
    "a tactic": 'macro "m" : tactic => `(tactic| omega)\nexample : 1 + 1 = 2 := by m',
    "several tactics": 'macro "m" : tactic => `(tactic| (constructor; omega; omega))\n'
    "example : 1 = 1 \u2227 2 = 2 := by m",
    "with an argument": 'macro "m" h:term : tactic => `(tactic| first | exact $h | omega)\n'
    "example : True := by m trivial",
    "with a name": 'macro "m" n:ident : tactic => `(tactic| (intro $n:ident; exact $n))\n'
    "example : True \u2192 True := by m h",
    "a term": 'macro "two" : term => `(1 + 1)\nexample : two = 2 := rfl',
    "local": 'local macro "m" : tactic => `(tactic| trivial)\nexample : True := by m',
    "with a document": '/-- Another word. -/\nmacro "m" : tactic => `(tactic| trivial)\nexample : True := by m',
}


@pytest.mark.parametrize("name", WORDS)
def test_a_macro_that_is_another_word_is_taken(lean: Runtime, name: str) -> None:
    check = tried(lean, f"{WORDS[name]}\n{SOUND}")
    assert check.refused is None and not check.errors and check.type_matches


SHOWN = {
    "a value": "#eval 1 + 1",
    "a print": '#eval IO.println "done"',
    "steps that print": '#eval do\n  IO.println "a"\n  IO.println "b"',
    "what never ends": f"{LOOP}#eval loop 0",
    "a comparison": "#guard 1 + 1 == 2",
    "an expression": "#guard_expr 1 + 1 =~ 2",
    "a message": "/-- info: 2 -/\n#guard_msgs in\n#eval 1 + 1",
    "behind an opening": "open Nat in\n#eval succ 1",
    "a type behind an option": "set_option pp.all true in\n#check Nat",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_only_shows_something_is_not_run(lean: Runtime, name: str) -> None:
    check = tried(lean, f"{SHOWN[name]}\n{SOUND}")
    assert check.refused is None and not check.errors and check.type_matches


@pytest.mark.parametrize(
    "command", ["#eval nothing", "#guard nothing == 1", "open Nat in\n#eval nothing", "#eval (1 : String)"]
)
def test_what_it_would_run_is_elaborated_all_the_same(lean: Runtime, command: str) -> None:
    assert tried(lean, f"{command}\n{SOUND}").errors
