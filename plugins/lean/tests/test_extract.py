"""Finding the Lean text in completions: fences, prose, bare proofs, thinking, and whatever Hypothesis comes up with."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pidistill_lean.extraction.extract import LONGEST, extract, fenced_blocks, head_of
from pidistill_lean.extraction.thoughts import without_thoughts

STATEMENT = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry"
HEAD = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by"
PROOF = f"{HEAD}\n  exact ⟨h.2, h.1⟩"


def found(completion: str, target: str = "t") -> str | None:
    return extract(completion, target, STATEMENT).source


@pytest.mark.parametrize(
    "completion",
    [
        f"```lean4\n{PROOF}\n```",
        f"```lean\n{PROOF}\n```\nThis holds because both parts do.",
        f"Here it is:\n\n```\n{PROOF}\n```",
        f"```lean4\n{PROOF}",
        PROOF,
        f"The proof:\n\n{PROOF}\n\nBoth parts are taken from h.",
        f"<think>\nLet me see. `theorem t` is easy.\n```lean4\nwrong\n```\n</think>\n\n```lean4\n{PROOF}\n```",
        f"First try:\n```lean4\n{HEAD}\n  sorry\n```\nBetter:\n```lean4\n{PROOF}\n```",
        f"```lean4\n{PROOF}\n```\n\nIt can be run with\n```bash\nlake build\n```",
        f"```lean4\n{PROOF}\n```\nThe tactic\n```lean4\nexact ⟨h.2, h.1⟩\n```\ndoes it all.",
        f"{PROOF}\r\n".replace("\n", "\r\n"),
        f"~~~lean4\n{PROOF}\n~~~",
        f"```lean4\n{HEAD}\n  tauto\n\nThat was never closed.\n```lean4\n{PROOF}\n```",
        f"```markdown\n# Proof\n```lean\n{PROOF}\n```\n```",
        f"```lean4\n{PROOF}\n\n```python\nprint(1)\n```",
        "The proof:\n\n    " + PROOF.replace("\n", "\n    ") + "\n\nBoth parts are taken from h.",
    ],
)
def test_a_whole_theorem_is_found_in_any_dress(completion: str) -> None:
    assert found(completion) == f"{PROOF}\n"


@pytest.mark.parametrize(
    "completion",
    [
        "  exact ⟨h.2, h.1⟩",
        "exact ⟨h.2, h.1⟩",
        "  exact ⟨h.2, h.1⟩\n```",
        "  exact ⟨h.2, h.1⟩\n```\n\nThis swaps both parts.",
        "by exact ⟨h.2, h.1⟩",
        "by\n  exact ⟨h.2, h.1⟩",
        ":= by\n  exact ⟨h.2, h.1⟩",
        "```lean4\nexact ⟨h.2, h.1⟩\n```",
        "```lean4\n  exact ⟨h.2, h.1⟩\n```",
        "The last step is this:\n```lean4\n:= by\n  exact ⟨h.2, h.1⟩\n```",
    ],
)
def test_a_bare_proof_goes_on_where_the_statement_stops(completion: str) -> None:
    result = extract(completion, "t", STATEMENT)
    assert result.source == f"{PROOF}\n"
    assert result.given == 1


def test_a_bare_proof_keeps_its_shape() -> None:
    nested = "cases h with\n| intro a b =>\n  exact ⟨b, a⟩"
    assert found(nested) == f"{HEAD}\n  cases h with\n  | intro a b =>\n    exact ⟨b, a⟩\n"
    lost_first_indentation = "have a := h.1\n  have b := h.2\n  exact ⟨b, a⟩"
    assert found(lost_first_indentation) == f"{HEAD}\n  have a := h.1\n  have b := h.2\n  exact ⟨b, a⟩\n"
    opened = "have a : p := by\n  exact h.1\nexact ⟨h.2, a⟩"
    assert found(opened) == f"{HEAD}\n  have a : p := by\n    exact h.1\n  exact ⟨h.2, a⟩\n"


@pytest.mark.parametrize(
    ("completion", "why"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("I do not know how to prove this.", "neither|nor"),
        ("<think>\ntheorem t is hard", "thinking"),
        ("<think>\nx\n</think>\n", "empty"),
        ("```lean4\n```", "no Lean text"),
        ("```python\nprint(1)\n```", "no Lean text"),
    ],
)
def test_what_holds_no_proof_is_no_answer_and_says_why(completion: str, why: str) -> None:
    result = extract(completion, "t", STATEMENT)
    assert result.source is None
    assert any(part in result.reason for part in why.split("|"))


def test_another_theorem_is_handed_on_as_it_is() -> None:
    """The judge says that the target is missing; nothing is put together to make it look otherwise."""
    other = "theorem other : True := trivial"
    assert found(f"```lean4\n{other}\n```") == f"{other}\n"


def test_lemmas_before_the_target_and_commands_after_it_are_kept() -> None:
    text = f"theorem aux : True := trivial\n\n{PROOF}\n\nend Foo\n\n#print axioms t"
    assert found(text) == f"{text}\n"


def test_a_comment_with_text_at_the_margin_is_not_taken_for_prose() -> None:
    text = f"/- We show\n\nThis is the idea. -/\n{PROOF}"
    assert found(text) == f"{text}\n"


def test_a_target_in_a_namespace_is_known_by_its_last_part() -> None:
    text = "namespace Foo\n\ntheorem bar : True := trivial\n\nend Foo"
    assert extract(text, "Foo.bar", "theorem Foo.bar : True := by sorry").source == f"{text}\n"
    assert extract("theorem barn : True := trivial", "Foo.bar", "theorem Foo.bar : True := sorry").source is not None


def test_text_of_absurd_length_is_no_answer() -> None:
    assert found(f"{PROOF}\n" + "-- x\n" * (LONGEST // 5)) is None


@pytest.mark.parametrize("ending", [" := by\n  sorry", " := by sorry", " := sorry", " := by", " :=", ""])
def test_the_head_of_a_statement_ends_in_by_however_it_was_written(ending: str) -> None:
    assert head_of(f"theorem t : True{ending}") == "theorem t : True := by"


PIECES = st.sampled_from(
    ["```", "```lean4", "~~~", "\n", "\n\n", "theorem t", ":=", "by", "  exact h", "/-", "-/", "<think>", "</think>"]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join)


@given(TEXTS, st.sampled_from(["t", "Foo.t", "«x y»", "a'"]))
def test_any_text_gives_a_source_or_a_reason(completion: str, target: str) -> None:
    result = extract(completion, target, STATEMENT)
    assert (result.source is None) == bool(result.reason)
    if result.source is not None:
        assert result.source.strip() and result.source.endswith("\n")
        assert 0 <= result.given <= result.source.count("\n")
        assert not result.given or result.source.startswith(HEAD)


@given(TEXTS)
@example("theorem t<think>\n</think>```")
def test_extraction_adds_nothing_but_the_statement_and_white_space(completion: str) -> None:
    result = extract(completion, "t", STATEMENT)
    if result.source is not None:
        own = result.source.split("\n", result.given)[-1]
        text = completion.replace("\r\n", "\n").replace("\r", "\n")
        apart = without_thoughts(text) or ""  # what stands in the middle of a line leaves one
        assert all(line.strip() in text or line.strip() in apart for line in own.split("\n"))


@given(st.text(alphabet="ab\n", max_size=40))
def test_what_stands_in_a_fence_comes_out_of_it(inside: str) -> None:
    assert fenced_blocks(f"x\n```lean4\n{inside}\n```\ny") == ("x", [inside], True)


@pytest.mark.parametrize(
    "completion",
    [
        "have k := h.1\nexact ⟨h.2, k⟩\n```\nDone.",
        "  have k := h.1\n  exact ⟨h.2, k⟩\n```\nDone.",
        "exact ⟨h.2, h.1⟩\n```",
    ],
)
def test_a_lone_fence_behind_a_proof_closes_it(completion: str) -> None:
    source = found(completion)
    assert source is not None
    assert source.startswith(HEAD) and "Done" not in source and "`" not in source


def test_a_lone_fence_before_a_proof_opens_it() -> None:
    assert found("exact this:\n```\nexact ⟨h.2, h.1⟩\n") == f"{HEAD}\n  exact ⟨h.2, h.1⟩\n"


@pytest.mark.parametrize(
    "completion",
    [
        f"<answer>\n{PROOF}\n</answer>",
        f"<lean>\n{PROOF}\n</lean>",
        f"<lean4>\n{PROOF}\n</lean4>",
        f"<code>\n{PROOF}\n</code>",
        f"<proof>\n{PROOF}\n</proof>\n",
        f"[PROOF]\n{PROOF}\n[/PROOF]",
        f"<think>plan</think><answer>\n{PROOF}\n</answer>",
        f"<think>plan</think>\n\nBoth parts are there.\n\n<Answer>{PROOF}</Answer>\nDone.",
        f"<answer>\n```lean4\n{PROOF}\n```\n</answer>",
        f"<answer><lean>\n{PROOF}\n</lean></answer>",
        f"<answer>\n{PROOF}\n",
        f"<answer>theorem t : True := trivial</answer>\nBetter:\n<answer>\n{PROOF}\n</answer>",
        f"```lean4\n{PROOF}\n```\n<answer>done</answer>",
        f"{PROOF}\n\n<answer>Yes, it holds.</answer>",
        f"<answer>\n{HEAD}\n  exact ⟨h.2, h.1⟩\n</answer>\n\n<explanation>Both parts.</explanation>",
    ],
)
def test_tags_that_ask_for_an_answer_are_no_part_of_it(completion: str) -> None:
    assert found(completion) == f"{PROOF}\n"


@pytest.mark.parametrize(
    "completion",
    ["<answer>exact ⟨h.2, h.1⟩</answer>", "Swap them.\n<answer>\nby\n  exact ⟨h.2, h.1⟩\n</answer>\nDone."],
)
def test_a_bare_proof_stands_in_tags_too(completion: str) -> None:
    assert found(completion) == f"{PROOF}\n"


@pytest.mark.parametrize(
    "name",
    ["output", "Result", "final_proof", "lean_code", "lean4_code", "formal-proof", "final answer", "Final_Answer"],
)
def test_tags_of_other_words_for_an_answer_are_no_part_of_it(name: str) -> None:
    for answer in (PROOF, "exact \u27e8h.2, h.1\u27e9"):
        assert found(f"<thinking>x</thinking>\n<{name}>\n{answer}\n</{name}>") == f"{PROOF}\n"
    assert found(f"```lean4\n{PROOF}\n```\n<{name}>\nno goals\n</{name}>") == f"{PROOF}\n"


@pytest.mark.parametrize(
    "mark", ["<end_of_turn>", "<eos>", "<turn|>", "[EOS]", "[e~[", "[|endofturn|]", "<|end_of_box|>"]
)
def test_tokens_that_end_a_text_are_no_part_of_it(mark: str) -> None:
    assert found(f"{PROOF}{mark}") == found(f"<|begin_of_box|>{PROOF}{mark}\n") == f"{PROOF}\n"
    assert found("simp [EOS]") == f"{HEAD}\n  simp [EOS]\n"


OTHER = f"{HEAD}\n  tauto"


@pytest.mark.parametrize("mark", ["", "text", "plaintext", "lean4"])
@pytest.mark.parametrize(
    "said", ["My final answer:", "I replaced it.\n\nThe final proof is this one:", "Final version"]
)
def test_a_block_that_is_said_to_be_the_final_answer_is_the_answer(mark: str, said: str) -> None:
    for draft, final in ((OTHER, PROOF), (PROOF, OTHER)):
        result = extract(f"First try:\n```lean4\n{draft}\n```\n{said}\n\n```{mark}\n{final}\n```", "t", STATEMENT)
        assert (result.source, result.others) == (f"{final}\n", ())
        left_open = f"```lean4\n{draft}\n```\n{said}\n```{mark if mark != 'lean4' else ''}\n{HEAD}\n  sorry\n```"
        assert found(left_open) == f"{draft}\n"


@pytest.mark.parametrize(
    "said", ["My final answer:", "That fails. Final version:", "I replaced it. The final proof is this one:"]
)
@pytest.mark.parametrize("after", ["", "\n\nIt holds since `h` is symmetric.", "\n\nHope this helps!\n"])
def test_plain_text_that_is_said_to_be_the_final_answer_is_the_answer(said: str, after: str) -> None:
    for draft, final in ((OTHER, PROOF), (PROOF, OTHER)):
        assert found(f"```lean4\n{draft}\n```\n\n{said}\n\n{final}{after}") == f"{final}\n"
    assert found(f"```lean4\n{OTHER}\n```\n\n{said}\n\nexact h.symm{after}") == f"{HEAD}\n  exact h.symm\n"
    assert found(f"tauto\n\n{said}\n\nexact h.symm{after}") == f"{HEAD}\n  exact h.symm\n"
    for sentence in ("The theorem t holds.", "theorem t is proved by symmetry", "It needs no more than this."):
        assert found(f"```lean4\n{PROOF}\n```\n\n{said}\n\n{sentence}") == f"{PROOF}\n"
    assert found(f"```lean4\n{PROOF}\n```\n\nWhat you gave me was:\n\n{OTHER}") == f"{PROOF}\n"


@pytest.mark.parametrize("said", ["My final answer:", "That fails. The proof body should be:", "Replace the proof by:"])
def test_a_bare_proof_that_is_said_to_be_the_answer_replaces_the_draft(said: str) -> None:
    result = extract(f"```lean4\n{OTHER}\n```\n{said}\n```lean4\nexact ⟨h.2, h.1⟩\n```", "t", STATEMENT)
    assert result.source == f"{PROOF}\n" and "tauto" not in str(result)
    for part in ("The key step of the final proof is", "In the final proof the tactic", "The final answer, goals:"):
        assert found(f"```lean4\n{PROOF}\n```\n{part}\n```lean4\nexact h\n```") == f"{PROOF}\n"


@pytest.mark.parametrize(
    "none", ["", "\n", "none", "None.", "N/A", "sorry", "I was not able to find one.", "I cannot."]
)
def test_tags_that_hold_no_answer_say_that_there_is_none(none: str) -> None:
    for tag in ("answer", "final_answer", "Solution"):
        assert found(f"```lean4\n{PROOF}\n```\n<{tag}>{none}</{tag}>") is None


def test_a_bare_proof_in_the_tags_of_an_answer_is_the_answer() -> None:
    for bare in ("exact h.symm", "```lean4\nexact h.symm\n```"):
        result = extract(f"```lean4\n{PROOF}\n```\n<answer>\n{bare}\n</answer>", "t", STATEMENT)
        assert result.source == f"{HEAD}\n  exact h.symm\n" and "h.2" not in str(result)


@pytest.mark.parametrize("language", ["tactics", "tactic", "leanprover", "lean-4", "Lean_4", "LEAN4", "lean"])
def test_a_fence_may_say_that_it_is_lean_in_many_ways(language: str) -> None:
    assert found(f"```{language}\n{PROOF}\n```") == f"{PROOF}\n"
    assert found(f"```{language}\nexact ⟨h.2, h.1⟩\n```") == f"{PROOF}\n"


@pytest.mark.parametrize("language", ["python", "text", "json", "c++", "bash", "-"])
def test_a_fence_in_another_language_is_not_read(language: str) -> None:
    assert found(f"```{language}\n{PROOF}\n```") is None


@pytest.mark.parametrize(
    "output", ["theorem t : no errors", f"{HEAD}\n  sorry", "t.lean: theorem t compiled", "theorem t (p q : Prop)"]
)
def test_a_block_without_a_mark_behind_a_marked_proof_is_what_a_program_said(output: str) -> None:
    assert found(f"```lean4\n{PROOF}\n```\n\nOutput:\n\n```\n{output}\n```") == f"{PROOF}\n"


def test_a_block_without_a_mark_proves_what_a_marked_one_leaves_open() -> None:
    for start in (f"{HEAD}\n  sorry", HEAD):
        assert found(f"The task:\n```lean4\n{start}\n```\nMy proof:\n```\n{PROOF}\n```") == f"{PROOF}\n"


@pytest.mark.parametrize(
    "term",
    [
        "And.symm h",
        "@And.symm p q h",
        "And.intro h.2 h.1",
        "And.symm ..",
        "And.symm",
        "Iff.mp And.comm h",
        "λ h => h",
        "‹_›",
    ],
)
def test_plain_text_may_be_a_term(term: str) -> None:
    result = extract(term, "t", STATEMENT)
    ways = [result.source, *(other.source for other in result.others)]
    assert f"{HEAD.removesuffix(' by')}\n  {term}\n" in ways


@pytest.mark.parametrize(
    "sentence",
    [
        "And.symm is what we need.",
        "Nat.add_comm proves it",
        "The proof is hard.",
        "E.g. this holds.",
        "Nat.add_comm, which is in the library",
        "I would use And.symm",
        "Lean.",
    ],
)
def test_a_sentence_about_a_name_is_no_proof(sentence: str) -> None:
    assert found(sentence) is None


@pytest.mark.parametrize(
    "line", ["qed", "as required.", "(This is standard.)", "where `h` is what is given.", "we are done"]
)
def test_a_sentence_behind_plain_text_is_no_part_of_it(line: str) -> None:
    assert found(f"{PROOF}\n\n{line}\n") == f"{PROOF}\n"


@pytest.mark.parametrize("line", ["alias foo := nope", "foo bar baz", "rfl", "exact h", "seal f"])
def test_what_is_no_sentence_stays_for_lean_to_read(line: str) -> None:
    assert found(f"{PROOF}\n\n{line}\n") == f"{PROOF}\n\n{line}\n"


def test_a_docstring_may_show_a_marked_block() -> None:
    shown = f"/-- As in\n```lean\nexample := t\n```\n-/\n{PROOF}"
    assert found(f"```lean4\n{shown}\n```") == f"{shown}\n"


def test_a_namespace_around_an_indented_theorem_stays() -> None:
    text = "namespace N\n\n  " + PROOF.replace("\n", "\n  ") + "\n\nend N\n"
    assert found(text, "N.t") == text


def test_equations_may_stand_alone() -> None:
    result = extract(
        "  | 0 => rfl\n  | n + 1 => congrArg Nat.succ (z n)", "z", "theorem z : ∀ n, 0 + n = n := by sorry"
    )
    assert result.source == "theorem z : ∀ n, 0 + n = n\n  | 0 => rfl\n  | n + 1 => congrArg Nat.succ (z n)\n"
    assert found("| a | b => c |\n|---|---|") is None
