"""Fences around a whole answer come off, whatever they are, and those around Lean text stay."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.extraction.extract import extract
from pidistill_lean.extraction.fences import unwrapped

STATEMENT = "theorem t : p → p := by\n  sorry"
PROOF = "theorem t : p → p := by\n  intro h\n  exact h"
DRAFT = "theorem t : p → p := by\n  exact id"
DOCUMENTED = f"/-- As in\n```lean\nexample := t\n```\nor\n~~~\nx\n~~~\n-/\n{PROOF}"

fences = st.sampled_from(["````", "`````", "~~~", "~~~~~"])
languages = st.sampled_from(["", "markdown", "md", "Markdown", " lean4", "lean"])
prose = st.sampled_from(["", "# Proof\n\n", "The proof, up to +/- 1:\n", "1. Swap.\n2. Done.\n\n"])


@given(fences, languages, prose, prose, st.booleans())
def test_markdown_in_a_fence_is_read_as_if_it_stood_in_none(
    fence: str, language: str, before: str, within: str, closed: bool
) -> None:
    answer = f"{within}```lean4\n{PROOF}\n```\n\nThat is all."
    text = f"{before}{fence}{language}\n{answer}\n" + (fence if closed else "")
    assert extract(text, "t", STATEMENT).source == f"{PROOF}\n"
    once_more = f"{before}{fence[0] * 9}{language}\n{fence}{language}\n{answer}\n{fence}\n{fence[0] * 9}\nDone."
    assert extract(once_more, "t", STATEMENT).source == f"{PROOF}\n"


@given(fences, languages, st.sampled_from([PROOF, DOCUMENTED, f"{PROOF}\n\n/- ``` -/"]))
def test_lean_text_in_a_fence_stays_in_it(fence: str, language: str, lean: str) -> None:
    text = f"Here:\n{fence}{language}\n{lean}\n{fence}\n"
    if fence[0] not in lean or len(fence) > 3:
        assert unwrapped(text) == text
    if "m" not in language.lower() and fence != "~~~":
        assert extract(text, "t", STATEMENT).source == f"{lean}\n"


@given(fences, st.sampled_from(["<think>", "<think type='a'>", "[THINK]", "<|START_THINKING|>", "<reasoning>"]))
def test_thoughts_in_a_fence_around_the_answer_are_thoughts(fence: str, opens: str) -> None:
    closes = "<|END_THINKING|>" if "|" in opens else f"{opens[0]}/{opens[1:-1].split()[0]}{opens[-1]}"
    draft, answer = f"```lean4\n{DRAFT}\n```", f"```lean4\n{PROOF}\n```"
    for text in (
        f"{fence}\n{opens}\n{draft}\n{closes}\n{answer}\n{fence}",
        f"{opens}\n{fence}\n{draft}\n{closes}\n{fence}md\n{answer}\n{fence}",
        f"{opens}\n{draft}\n{closes}\n{fence}markdown\n{answer}\n{fence}",
    ):
        assert extract(text, "t", STATEMENT).source == f"{PROOF}\n"
    for text in (
        f"{fence}\n{opens}\n{draft}\n{fence}",
        f"Here:\n{fence}md\n{opens}\n<answer>\n{DRAFT}\n{closes}\n{fence}",
    ):
        assert extract(text, "t", STATEMENT).source is None


@pytest.mark.parametrize("language", ["python", "text", "json", "bash"])
def test_a_fence_in_another_language_holds_no_answer_within_another(language: str) -> None:
    text = f"````{language}\n```lean4\n{PROOF}\n```\n````"
    assert unwrapped(text) == text
    assert extract(text, "t", STATEMENT).source is None


def test_the_last_of_several_answers_counts_in_a_fence_too() -> None:
    text = f"````markdown\n```lean4\n{PROOF}\n```\n````\n\nNo:\n\n````markdown\n```lean4\n{DRAFT}\n```\n````"
    assert extract(text, "t", STATEMENT).source == f"{DRAFT}\n"


lines = st.sampled_from(["````", "```", "```lean4", "~~~", "````md", "/-", "-/", "<think>", "</think>", "", PROOF, "x"])


@given(st.lists(lines, max_size=20))
def test_nothing_but_fences_is_left_out(parts: list[str]) -> None:
    def others(text: str) -> list[str]:
        return [line for line in text.split("\n") if line and not line.startswith(("```", "~~~"))]

    text = "\n".join(parts)
    rest = iter(text.split("\n"))
    assert others(unwrapped(text)) == others(text)
    assert not text or all(line in rest for line in unwrapped(text).split("\n") if line)


@pytest.mark.parametrize("unit", ["````\n```\n", "```\n````\n", "````md\n", "```\n<a>\n", "~~~\n```\n/-\n"])
def test_its_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        extract(text, "t", STATEMENT)
        return time.process_time() - began

    few, many = (min(seconds(length) for _ in range(3)) for length in (20_000, 160_000))
    assert many < 40 * few + 0.5
