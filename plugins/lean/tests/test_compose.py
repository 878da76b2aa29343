"""The files that a completion may stand for: what the problem says comes along, and nothing else does."""

from __future__ import annotations

import time

from pidistill_lean.extraction.compose import head_of
from pidistill_lean.extraction.extract import Stating, extract
from pidistill_lean.protocol import Item

STATEMENT = "def dbl (n : Nat) : Nat := n + n\n\ntheorem t (n : Nat) : dbl n = 2 * n := by\n  sorry\n"
HEAD = "theorem t (n : Nat) : dbl n = 2 * n"
DEF = "def dbl (n : Nat) : Nat := n + n"
ITEM = Item((), (DEF, f"{HEAD} := by\n  sorry"), (DEF,), HEAD)
PROOF = "  unfold dbl\n  omega"


def ways(completion: str) -> list[str]:
    found = extract(completion, "t", STATEMENT, ITEM)
    return [str(way.source) for way in (found, *found.others)]


def fenced(text: str) -> str:
    return f"```lean4\n{text}\n```"


def test_the_theorem_alone_is_put_behind_the_problems_definitions() -> None:
    alone = f"{HEAD} := by\n{PROOF}\n"
    assert ways(fenced(alone)) == [f"{DEF}\n{alone}", alone]


def test_what_a_text_repeats_or_has_its_own_of_is_not_added() -> None:
    for own in (DEF, "def dbl (n : Nat) : Nat := 2 * n", "def  dbl (n : Nat) : Nat :=\n  n + n"):
        text = f"{own}\n\n{HEAD} := by\n{PROOF}\n"
        assert ways(fenced(text)) == [text]


def test_imports_stay_in_front_and_lines_are_counted() -> None:
    found = extract(fenced(f"import Std\n\n{HEAD} := by\n{PROOF}"), "t", STATEMENT, ITEM)
    assert found.source == f"import Std\n{DEF}\n\n\n{HEAD} := by\n{PROOF}\n"
    assert found.given == 2


def test_a_bare_proof_may_be_tactics_or_a_term() -> None:
    first, second = ways(fenced("fun h => h"))
    assert first == f"{DEF}\n{HEAD} := by\n  fun h => h\n"
    assert second == f"{DEF}\n{HEAD} :=\n  fun h => h\n"


def test_a_bare_proof_may_begin_with_any_tactic_and_prose_does_not() -> None:
    for text in ("if h : n = 0 then\n  simp\nelse\n  omega", "and_intros", "some_tactic [x]\nomega"):
        assert extract(text, "t", STATEMENT, ITEM).source is not None
    for text in ("the proof is by induction", "we unfold dbl", "I do not know.", "this follows from omega."):
        assert extract(text, "t", STATEMENT, ITEM).source is None


def test_a_quoted_statement_before_a_bare_proof_is_a_quotation() -> None:
    quoted = f"The goal is\n{fenced(f'{HEAD} := by sorry')}\nand its proof\n{fenced('unfold dbl; omega')}"
    assert ways(quoted)[0] == f"{DEF}\n{HEAD} := by\n  unfold dbl; omega\n"
    proved = f"{fenced(f'{HEAD} := by omega')}\nuses\n{fenced('omega')}"
    assert ways(proved)[0] == f"{DEF}\n{HEAD} := by omega\n"


def test_a_fence_in_a_comment_and_an_indented_one_are_read_as_written() -> None:
    text = f"/-- Like so:\n```\ndbl 1\n```\n-/\n{HEAD} := by\n{PROOF}"
    assert ways(fenced(text))[-1] == f"{text}\n"
    indented = "1. Here:\n\n" + "\n".join(f"    {line}" for line in fenced(f"{HEAD} := by\n{PROOF}").split("\n"))
    assert ways(indented)[-1] == f"{HEAD} := by\n{PROOF}\n"


def test_a_sentence_that_names_the_theorem_states_nothing() -> None:
    assert not Stating("t").search("theorem t, which is easy")
    for text in ("theorem t.{u} : True", "theorem t(n : Nat)", "theorem A.t :", "theorem t\n  : True", "lemma «t» :"):
        assert Stating("t").search(text), text
    for text in ("theorem t' : True", "theorem t.aux : True", "theorem tt : True"):
        assert not Stating("t").search(text), text


def test_the_head_of_a_statement_is_found_behind_comments_and_before_them() -> None:
    for ending in (":= by\n  admit", ":= by sorry -- to do", ":= sorry\n/- later -/", ":= by\n  sorry\n\n-- end"):
        assert head_of(f"theorem t : True {ending}") == "theorem t : True := by"


def test_blank_lines_cost_time_in_proportion() -> None:
    began = time.process_time()
    extract(fenced("\n" * 100_000 + "omega"), "t", STATEMENT, ITEM)
    assert time.process_time() - began < 5.0


def test_a_proof_whose_first_line_opens_a_block_and_lost_its_indentation_is_read_both_ways() -> None:
    for first, inner in (
        ("have h : dbl n = 2 * n := by", "unfold dbl; omega"),
        ("have h : ∀ k, dbl k = 2 * k := fun k =>", "by unfold dbl; omega"),
        ("suffices h : dbl n = n + n from", "by omega"),
    ):
        found = ways(f"{first}\n    {inner}\n  exact h\n")
        assert f"{DEF}\n{HEAD} := by\n  {first}\n    {inner}\n  exact h\n" in found
        assert f"{DEF}\n{HEAD} := by\n  {first}\n      {inner}\n    exact h\n" in found


def test_a_head_in_one_block_and_its_proof_in_the_next_are_one_proof() -> None:
    for end in (" := by", " :=\n  by", " :=", " := by\n\n"):
        for between in ("", "One step:\n"):
            found = ways(f"{fenced(HEAD + end)}\n{between}{fenced('omega')}\n")
            assert found[0] == f"{DEF}\n{HEAD} := by\n  omega\n"


def test_a_comment_may_stand_before_the_imports() -> None:
    for comment in ("/- of mine -/", "/- of\nmine -/", "-- of mine"):
        found = extract(fenced(f"{comment}\nimport Std\n{HEAD} := by\n{PROOF}"), "t", STATEMENT, ITEM)
        assert str(found.source).startswith(f"import Std\n{DEF}\n{comment}\n\n{HEAD}")


NAMESPACED = Item(
    (),
    (
        "namespace Geo",
        "def swap (p : Int × Int) := (p.2, p.1)",
        "theorem twice (p) : swap (swap p) = p := by\n  sorry",
        "end Geo",
    ),
    ("namespace Geo", "def swap (p : Int × Int) := (p.2, p.1)"),
    "theorem twice (p) : swap (swap p) = p",
)


def geometric(text: str) -> list[str]:
    found = extract(fenced(text), "Geo.twice", "", NAMESPACED)
    return [str(way.source) for way in (found, *found.others)]


def test_a_namespace_that_a_text_opens_anew_is_closed_behind_the_definitions() -> None:
    text = "namespace Geo\ntheorem twice (p) : swap (swap p) = p := rfl\nend Geo\n"
    front = "namespace Geo\ndef swap (p : Int × Int) := (p.2, p.1)\nend Geo\n"
    assert geometric(text)[0] == front + text


def test_a_full_name_is_tried_inside_and_outside_of_the_namespace() -> None:
    text = "theorem Geo.twice (p) : Geo.swap (Geo.swap p) = p := rfl\n"
    front = "namespace Geo\ndef swap (p : Int × Int) := (p.2, p.1)\n"
    assert geometric(text) == [front + text, f"{front}end Geo\n{text}", text]


STEP = "theorem step (n : Nat) : dbl n = n + n := rfl"
BARE = "rw [step]\nomega"
BY_STEP = f"{HEAD} := by\n  rw [step]\n  omega"
DRAFT = f"{STEP}\n\n{HEAD} := by\n  sorry"


def test_a_proof_comes_with_the_lemmas_that_it_names_wherever_they_stand() -> None:
    wanted = f"{DEF}\n{STEP}\n\n{BY_STEP}\n"
    failed = fenced("theorem bad : 1 = 2 := rfl")
    for text in (
        f"{failed}\n{fenced(STEP)}\n{fenced(BY_STEP)}",
        f"{fenced(BY_STEP)}\nwhere\n{fenced(STEP)}",
        f"{fenced(STEP.replace('n + n', '3'))}\nno, rather\n{fenced(STEP)}\n{fenced(BY_STEP)}",
        f"{fenced(DRAFT)}\n{fenced(BY_STEP)}",
    ):
        assert wanted in ways(text), text


def test_a_bare_proof_comes_with_the_lemmas_that_it_names() -> None:
    text = f"{fenced(STEP)}\n{fenced(BARE)}"
    assert f"{DEF}\n{STEP}\n{HEAD} := by\n  rw [step]\n  omega\n" in ways(text)


def test_many_lemmas_that_name_each_other_take_no_long_time() -> None:
    blocks = [fenced(f"theorem a{n} : p := a{n + 1}") for n in range(3_000)]
    start = time.process_time()
    ways("\n".join([*blocks, fenced(f"{HEAD} := a0")]))
    assert time.process_time() - start < 5.0


def test_a_fence_in_a_comment_of_text_that_is_in_none_opens_nothing() -> None:
    for language in ("", "lean", "text"):
        for opening in ("/--", "/-!", "/-"):
            text = f"{opening} Like so:\n\n```{language}\ndbl 1\n```\n-/\n{HEAD} := by\n{PROOF}\n"
            assert text in ways(text), text
    # a comment that is never closed, or that holds half a fence, hides no answer
    documented = f"/-- doc -/\n{HEAD} := by\n{PROOF}"
    for opening in ("/- so:", "-- /-"):
        assert ways(f"{opening}\n{fenced(documented)}")[-1] == f"{documented}\n"


def test_goals_in_a_block_without_a_mark_are_no_proof_where_a_marked_one_has_tactics() -> None:
    proof = f"{DEF}\n{HEAD} := by\n  unfold dbl\n  omega\n"
    tactics = "unfold dbl\nomega"
    assert ways(f"{fenced(tactics)}\nLean says:\n```\nno goals\n```")[0] == proof
    assert ways(f"{fenced(STEP)}\n```\n{tactics}\n```")[0] == proof
