"""What answers are dressed in comes off, whatever it is, quickly, and Lean's own text stays as it was."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.extraction.dress import indented_code, proofs_in_prose, spans, undressed, without_thoughts
from pidistill_lean.extraction.extract import begins_like_lean, extract

PROOF = "theorem t : p → p := by\n  intro h\n\n  exact h"
pieces = st.sampled_from([
    "> ", ">", "`", "``", "```", "\n", "\n\n", "  ", "\\begin{lean}\n", "\\end{lean}", "\\boxed{", "}", "Proof:", "**",
    "exact h", "not", "\ufeff", "<pre>", "</pre>", "theorem t : p := by", "sorry",
])  # fmt: skip


@given(st.lists(pieces, max_size=30))
def test_whatever_comes_is_read(parts: list[str]) -> None:
    text = "".join(parts)
    bare = undressed(text)
    assert all(line in text or line == "```lean" or line.endswith("```") for line in bare.split("\n"))
    assert all(code in text for code in spans(text))
    for proof in proofs_in_prose(text, begins_like_lean):
        assert all(line in text for line in proof.split("\n"))
    found = extract(text, "t", "theorem t : p := by\n  sorry")
    assert (found.source is None) == bool(found.reason)


@pytest.mark.parametrize("mark", ["> ", "   > "])
def test_a_quotation_loses_its_marks_and_a_relation_keeps_them(mark: str) -> None:
    assert undressed("\n".join(mark + line for line in PROOF.split("\n"))) == PROOF
    fenced = f"```lean\n{PROOF}\n\n  > 0\n```"
    assert undressed(fenced) == fenced
    assert undressed("a\n> b") == "a\n> b"  # behind no blank line


@pytest.mark.parametrize(
    "unit",
    ["\\begin{lean}\n", "> `exact h`\n\n", "`x` ", "Proof: exact\n\n", "  exact h\n\n", "<pre>\n", "\\boxed{",
     "<thinking>", "<thinking>x</thinking>", "<a:", "[a:", "<|channel|>final", "    theorem t\n\n", "```lean\n"],
)  # fmt: skip
def test_its_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        extract(text, "t", "theorem t : p := by\n  sorry")
        return time.process_time() - began

    few, many = (min(seconds(length) for _ in range(3)) for length in (20_000, 160_000))
    assert many < 40 * few + 0.5


def test_a_sentence_may_go_on_behind_an_environment() -> None:
    text = "\\begin{lean}\n" + PROOF + "\n\\end{lean} as was to be shown."
    found = extract(text, "t", "theorem t : p := by\n  sorry")
    assert found.source == PROOF + "\n"


THOUGHTS = [
    ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<Reasoning>", "</Reasoning>"), ("[THINK]", "[/THINK]"),
    ("<scratchpad>", "</scratchpad>"), ("<seed:think>", "</seed:think>"), ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
]  # fmt: skip
drafts = st.lists(st.sampled_from([
    "theorem t : p → p := by", "  sorry", "```lean4", "```", "/-", "-/", "> ", "Let me see.", "exact h", "<answer>", "",
]), max_size=12).map("\n".join)  # fmt: skip


@given(st.sampled_from(THOUGHTS), drafts, drafts)
def test_thoughts_are_no_part_of_the_answer_whatever_marks_them(marks: tuple[str, str], one: str, two: str) -> None:
    """Nor is a fence that they leave open."""
    opens, closes = marks
    answer = f"\n```lean4\n{PROOF}\n```"
    for text in (f"{opens}\n{one}\n{closes}{answer}", f"{one}\n{closes}{answer}"):
        assert without_thoughts(text) == answer
        found = extract(text, "t", "theorem t : p → p := by\n  sorry")
        assert found.source == f"{PROOF}\n"
    twice = without_thoughts(f"{opens}{one}{closes}\nNow:\n{opens}{two}{closes}{answer}")
    assert twice is not None and twice.endswith(answer)


@pytest.mark.parametrize(("opens", "closes"), THOUGHTS)
def test_thoughts_without_an_end_hold_no_answer(opens: str, closes: str) -> None:
    endless = without_thoughts(f"{opens}\n{PROOF}")
    assert endless is None or opens in ("<Reasoning>", "<scratchpad>", "<|channel|>analysis<|message|>")
    behind = without_thoughts(f"{PROOF}\n{opens}\nor else")
    assert behind is not None and behind.startswith(PROOF)


def test_indented_blocks_are_markdowns_code() -> None:
    text = "The proof:\n\n    theorem t : p\n      := q\n\n    end\nso it\n    is\n\n  x"
    assert indented_code(text) == ["theorem t : p\n  := q\n\nend", "x"]


@pytest.mark.parametrize("margin", ["\t", " \t", "    ", "   \t"])
def test_a_tab_that_indents_markdowns_code_is_four_columns(margin: str) -> None:
    statement = "theorem t : p → p := by\n  sorry"
    for inner in ("  ", "\t"):
        code = "\n".join(margin + line.replace("  ", inner) for line in PROOF.split("\n"))
        whole = PROOF.replace("  ", inner.expandtabs(4))
        for text in (code, f"The proof:\n\n{code}\n\nThis is all.", f"1. So:\n\n{code}\n"):
            assert extract(text, "t", statement).source == f"{whole}\n"
    bare = extract(f"We have\n\n{margin}intro h\n{margin}exact h\n\nas was to be shown.", "t", statement)
    assert str(bare.source).split() == PROOF.split()


@pytest.mark.parametrize("text", [
    "theorem t : p → p := by\n\tintro h\n\texact h", "theorem t : p → p := by\n\n\tintro h\n\texact h",
    "```lean4\n\n\ttheorem t : p → p := by\n\t  exact id\n```", "The proof:\n\ttheorem t",
])  # fmt: skip
def test_a_tab_in_lean_text_is_leans_to_refuse(text: str) -> None:
    assert undressed(text) == text
