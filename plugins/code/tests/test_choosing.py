"""Words below two complete programs choose one of them, where they do so without a condition."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.choosing import chosen
from pidistill_code.extraction.extract import extract

ONE, OTHER = "def f(xs):\n    return xs[0]", "def f(xs):\n    return xs[1]"
PROGRAM, OTHER_PROGRAM = "n = int(input())\nprint(n + 1)", "n = int(input())\nprint(n + 2)"
LABELS = [("Option A (recursive):", "Option B (iterative):"), ("### First version", "### Second version")]
CHOICES = {
    "I will go with the {first} version.": "first second",
    "The {first} solution is my final answer.": "first second",
    "**Final answer: the {first} one**": "first second",
    "I recommend the {first} version; the other is only shown for comparison.": "first second",
    "Both work. I prefer the {first}, because it does not copy.": "former latter",
    "Use Option {first}.": "A B",
    "Going with option {first} for simplicity.": "A B",
    "Therefore, I choose **Option {first}** as my final answer.": "A B",
    "My submission is Option {first}, since it works even if the list is empty.": "A B",
    "Please grade solution {first}.": "1 2",
    "Let's use the {first} code block above.": "first last",
    "That broke the tests, so I revert to the {first} version.": "original second",
    "I'll keep the {first} version.": "previous last",
    "Final answer remains the {first} code block.": "first second",
    "Reverting to version {first}.": "1 2",
}
OPEN = [
    "Use the first version if memory matters.",
    "Use Option A for large inputs.",
    "For production, use Option A.",
    "You could use the first one.",
    "The first version is not my final answer.",
    "I would not use the first version.",
    "I'll go with the first version but with a set.",
    "Use the third version.",
    "The first version is slower.",
    "In the first version I used a loop.",
    "Option A uses recursion.",
    "Use the first version to understand the idea.",
    "The second version fails only if xs holds None.",
    "The last version does not work in Python 2.",
    "The second version crashes on texts, which nobody asks for.",
    "I chose the second version.",
    "Originally I went with the first version.",
]


def answer(first: str, second: str, labels: tuple[str, str], said: str) -> str:
    return f"{labels[0]}\n\n```python\n{first}\n```\n\n{labels[1]}\n\n```python\n{second}\n```\n\n{said}\n"


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("said", CHOICES)
def test_the_version_that_is_chosen_is_the_answer(said: str, labels: tuple[str, str]) -> None:
    for word, code, program in zip(CHOICES[said].split(), (ONE, OTHER), (PROGRAM, OTHER_PROGRAM), strict=True):
        words = said.format(first=word)
        assert str(extract(answer(ONE, OTHER, labels, words), "f").code).strip() == code
        assert str(extract(answer(PROGRAM, OTHER_PROGRAM, labels, words), "").code).strip() == program


@pytest.mark.parametrize("said", OPEN)
def test_what_is_said_of_a_version_without_choosing_it_changes_nothing(said: str) -> None:
    for labels in LABELS:
        assert str(extract(answer(ONE, OTHER, labels, said), "f").code).strip() == OTHER
        assert str(extract(answer(PROGRAM, OTHER_PROGRAM, labels, said), "").code).strip() == OTHER_PROGRAM


def test_of_several_choices_the_last_counts() -> None:
    said = "I would go with the first version.\n\nActually no. I will go with the second version."
    assert str(extract(answer(ONE, OTHER, LABELS[0], said), "f").code).strip() == OTHER


def test_a_version_may_be_named_by_a_word_above_it() -> None:
    assert chosen(LABELS[0], "I'll submit the recursive version.") == 0
    assert chosen(LABELS[0], "I'll submit the iterative one.") == 1
    assert chosen(LABELS[0], "I'll submit the fast one.") is None


def test_a_plan_chooses_nothing_and_an_answer_that_is_named_first_does() -> None:
    assert chosen(["There are two ways. I will use the first approach.", "Better:"], "") is None
    assert chosen(["Two versions. The first version is my final answer.", "For comparison:"], "") == 0


def test_code_of_the_asker_is_none_of_the_versions() -> None:
    assert chosen(["Your code:", "A loop:", "A set:"], "I'll go with the first version.") == 1


@pytest.mark.parametrize(
    "said",
    ["The second version is wrong.", "Ignore the second version.", "Note: the last snippet is wrong on purpose.",
     "The first version is correct, the second is not.", "The latter is broken, so the former is my answer.",
     "The second fails on negative numbers, so I'll stick with the first.", "Option 2 is only shown for comparison.",
     "Only the first version passes all tests.", "The first is right; the second adds, shown only to illustrate that."],
)  # fmt: skip
def test_a_version_that_is_taken_back_is_not_the_answer(said: str) -> None:
    assert chosen(["A loop:", "A sum:"], said) == 0


@pytest.mark.parametrize("said", ["The first version is wrong.", "The first version fails the tests."])
def test_taking_back_a_draft_leaves_the_other(said: str) -> None:
    assert chosen(["A loop:", "A sum:"], said) == 1
    assert chosen(["A loop:", "A sum:"], f"{said} The second version is wrong, too.") is None


def test_another_way_that_is_left_again_is_not_the_answer() -> None:
    words = ["A loop:", "A reviewer might propose"]
    assert chosen(words, "but this is wrong for `[1, -2]`.") == 0
    assert chosen(words, "but this fails if the list is huge.") is None
    assert chosen(["A loop:", "Corrected:"], "However, this does not work.") is None


def test_helpers_of_a_version_below_are_not_those_of_the_chosen_one() -> None:
    text = answer("def g(x):\n    return x\n\ndef f(xs):\n    return g(xs)", OTHER, LABELS[0], "Use Option A.")
    rival = "def g(x):\n    return 0\n\ndef f(xs):\n    return g(xs[0])"
    above = "```python\ndef g(x):\n    return x\n```\n\n"
    assert extract(text, "f").code == "def g(x):\n    return x\n\ndef f(xs):\n    return g(xs)\n"
    code = extract(above + answer("def f(xs):\n    return g(xs)", rival, LABELS[0], "Use Option A."), "f").code
    assert "return x\n" in str(code) and "return 0" not in str(code)


@given(st.text(), st.lists(st.text(max_size=30), max_size=4))
def test_only_a_version_that_is_there_is_chosen(said: str, words: list[str]) -> None:
    for text in (said, f"Use the {said}", f"I'll go with option {said}", f"The first {said} is my final answer."):
        assert chosen(words, text) in (None, *range(len(words)))


@pytest.mark.parametrize("unit", ["so, ", "use the ", "the first ", "final ", "i will go with ", "option a: ", "for "])
def test_long_words_take_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    chosen(["", ""], unit * 50_000)
    chosen([unit * 5_000] * 2, f"{unit * 60}. " * 1_000)
    assert time.process_time() - began < 4
