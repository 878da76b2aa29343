"""What a model's prose says once its thoughts are over, whatever the marks around them are called."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.authoring.marks import after_thoughts

FAMILIES = {
    "qwen": ("<think>", "</think>"),
    "claude": ("<thinking>", "</thinking>"),
    "magistral": ("[THINK]", "[/THINK]"),
    "kimi": ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    "seed": ("<seed:think>", "</seed:think>"),
    "sky": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "gemma": ("<|channel>thought\n", "<channel|>"),
    "command": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "prompted": ("<chain_of_thought>", "</chain_of_thought>"),
    "escaped": ("&lt;think&gt;", "&lt;/think&gt;"),
}
PROSE = st.text(st.sampled_from("abc xyz.,:;()+-=\n\\{}$^_0123456789"), max_size=60)
SAID = PROSE.filter(lambda text: text.strip() and text[-1] != "\\")


@pytest.mark.parametrize("family", FAMILIES)
@given(thoughts=PROSE, said=SAID, before=PROSE)
def test_only_what_follows_thoughts_is_said(family: str, thoughts: str, said: str, before: str) -> None:
    begin, end = FAMILIES[family]
    assert after_thoughts(f"{begin}{thoughts}{end}{said}") == said
    assert after_thoughts(f"{before}\n{begin}{thoughts}{end}{said}") == said
    assert after_thoughts(f"{begin}{thoughts}{end}{thoughts}{begin}{thoughts}{end}{said}") == said


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"harmony", "gemma"}))
@given(thoughts=PROSE, said=SAID)
def test_thoughts_that_the_prompt_began_end_too(family: str, thoughts: str, said: str) -> None:
    assert after_thoughts(f"{thoughts}{FAMILIES[family][1]}{said}") == said


@pytest.mark.parametrize("family", FAMILIES)
@given(thoughts=PROSE, before=PROSE)
def test_thoughts_without_an_end_say_nothing(family: str, thoughts: str, before: str) -> None:
    begin, end = FAMILIES[family]
    if family != "magistral":  # whose mark is a heading where nothing ends it
        assert after_thoughts(f"{before}\n{begin}{thoughts}") is None
    assert after_thoughts(f"{begin}{thoughts}{end}  \n") is None
    assert after_thoughts(f"{begin}{thoughts}{end}{before}\n{begin}{thoughts} [/") is None


@given(PROSE)
def test_text_without_marks_is_what_it_is(text: str) -> None:
    assert after_thoughts(text) == text


@given(before=SAID, notes=PROSE, behind=PROSE)
def test_of_notes_only_what_they_hold_is_left_out(before: str, notes: str, behind: str) -> None:
    for name in ("reflection", "scratchpad", "reasoning"):
        assert after_thoughts(f"{before}<{name}>{notes}</{name}>{behind}") == before + behind
        assert after_thoughts(f"{before}<{name}>{notes}") == before


@pytest.mark.parametrize(
    "text",
    [
        "I use no <think> tags. It is 5.",
        "The mark '<think>' begins thoughts. It is 5.",
        "<plan>First add, then divide.</plan> It is 5.",
        "[Thinking] Add both sides. [Answer] It is 5.",
        "<solution>It is 5.</solution>",
        "If x <think of a number> 5, then 5.",
        "a < b and reasoning > 5",
    ],
)
def test_what_is_no_mark_is_text(text: str) -> None:
    assert after_thoughts(text) == text


def test_other_notes_within_thoughts_do_not_end_them() -> None:
    assert after_thoughts("<think>a <scratchpad>b</scratchpad> c") is None
    assert after_thoughts("<think>a <scratchpad>b</scratchpad> c</think>d") == "d"
    assert after_thoughts("analysisWe add.assistantfinalIt is 5.") == "It is 5."


def test_many_marks_take_time_in_proportion() -> None:
    def took(many: int) -> float:
        text = "<think>a</think> b <reflection> " * many
        started = time.process_time()
        after_thoughts(text)
        return time.process_time() - started

    took(100)
    assert took(16_000) < 40 * max(took(2_000), 0.002)
