"""Answers are read from completions by stated rules, in linear time, whatever the text holds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math import arithmetic
from pidistill_math.comparing.judge import judge
from pidistill_math.extraction import boxes
from pidistill_math.extraction.extract import extract


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("so $\\boxed{5}$", "5"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{\\{1,2\\}}", "\\{1,2\\}"),
        ("\\boxed{\\boxed{2}}", "2"),
        ("\\fbox{7}", "7"),
        ("\\boxed 42", "42"),
        ("\\boxed{5}. That was wrong, so: \\boxed{6}", "6"),
        ("\\boxed{5} or \\boxed{6}", "5, 6"),
        ("$x=\\boxed{2}$ and $y=\\boxed{3}$", "x = 2, y = 3"),
        ("\\boxed{5} \\boxed{5}", "5"),
        ("<think>\\boxed{1}</think> \\boxed{2}", "2"),
        ("<think>\\boxed{1}", None),
        ("\\boxed{5} then \\boxed{6", None),
        ("\\boxed{}", None),
        ("", None),
        ("She has 5 apples.", None),
        ("9*2=18\n#### 18", "18"),
        ("#### $18.00", "$18.00"),
        ("The final answer is 1,234.", "1,234"),
        ("The answer is $\\frac12$.", "\\frac12"),
        ("The answer is 5 because it is.", "5"),
        ("The answer is 5 or 6.", "5 or 6"),
        ("The answer is 2x.", "2x"),
        ("The answer is 3 + 4 =", None),
        ("**Answer:** 18 apples", "18 apples"),
        ("The answer is 4.\n#### 5", "5"),
    ],
)
def test_the_answer_is_what_the_rules_say(completion: str, answer: str | None) -> None:
    assert extract(completion).answer == answer


def test_without_the_fallback_only_a_box_counts() -> None:
    assert extract("#### 18", fallback=False).answer is None
    assert extract("The answer is 18.", fallback=False).answer is None
    assert extract("\\boxed{18}", fallback=False).answer == "18"


@pytest.mark.parametrize(
    "completion",
    [
        "\\boxed{" * 50_000,
        "\\boxed{" * 100_000 + "}" * 100_000,
        "\\boxed{" + "{" * 50_000 + "}" * 50_000 + "}",
        "{" * 10**7,
        "a" * 10**7,
        "\\" * 10**7 + "boxed{1}",
        "answer is " * 10**6,
        "answer" + " " * 10**6,
        "answer is " + "1," * 10**6,
        "\\boxed{1}, " * 900_000,
        "\\boxed" * 10**6,
        "$" * 10**6,
        "\x00" * 10**6,
        "\ud800" * 10**6,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_texts_take_linear_time(completion: str) -> None:
    started = time.process_time()
    extract(completion)
    assert time.process_time() - started < 3.0


@given(st.text(alphabet=st.sampled_from("\\{}boxedfs answer is:=#$1,.\n \x00\ud800"), max_size=200), st.booleans())
def test_no_text_raises(text: str, fallback: bool) -> None:
    answer = extract(text, fallback).answer
    assert answer is None or answer


@given(st.text(alphabet="abc123+-=^_ (){}\\[]", max_size=60), st.text(alphabet="abc {}$.\n", max_size=60))
def test_a_balanced_last_box_gives_its_content(content: str, before: str) -> None:
    depth = 0
    for char in content.replace("\\\\", "").replace("\\{", "").replace("\\}", ""):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            break
    if depth or content.endswith("\\") or "\\" in content or not content.strip() or "boxed" in content:
        return
    assert extract(f"{before}\n\nSo \\boxed{{{content}}}").answer == content.strip()


@pytest.mark.parametrize("worked", ["4 * 2 = 8\n\\boxed{8}", "so it is 8\n\\boxed{8}.", "x = 8\n\n\\boxed{8}"])
def test_a_line_s_end_ends_what_stands_before_a_box(worked: str) -> None:
    assert extract(worked).answer == "8"


def test_every_worked_solution_of_the_generated_problems_states_its_answer() -> None:
    for problem in arithmetic.problems("train", 0, 300):
        assert problem.solution is not None
        assert extract(problem.solution).answer == problem.reference


@pytest.mark.parametrize(
    "completion",
    [
        "The answer is:" + "\n" * 5_000 + "-",
        "The answer is" + " " * 20_000,
        "**Final Answer**" + "\n" * 20_000,
        "**Final Answer" + " " * 20_000 + "x",
        "\\boxed{5}" + "\n#### a" * 50_000,
        "\\boxed{5} " + "1" * 1_400 + " x",
        "\\boxed{1}\n" + "".join(f"{k}. \\boxed{{{k}}}\n" for k in range(2, 3_000)),
        "wrong " * 5_000 + "\\boxed{5}",
    ],
    ids=lambda text: text[:24],
)
def test_runs_of_blanks_marks_and_boxes_cost_little(completion: str) -> None:
    started = time.process_time()
    extract(completion)
    assert time.process_time() - started < 1


_TEX = st.sampled_from(
    [
        "{",
        "}",
        "\\{",
        "\\}",
        "\\\\",
        "\\",
        "$",
        "\\frac",
        "\\text",
        "x^",
        " a ",
        "\n\n",
        "\\boxed{",
        "\\boxed{5}",
        "\\fbox 7",
    ]
)


@given(st.lists(_TEX, max_size=16).map("".join))
def test_where_the_search_for_groups_begins_changes_no_box(text: str) -> None:
    found = boxes.boxes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boxes, "_scan_from", lambda text, first: max(0, first - 200))
        assert boxes.boxes(text) == found


OTHERS = (
    "... or {}.",
    " (alternatively ${}$)",
    ". Alternatively, the answer might be {}.",
    " (but it may be {})",
    "; {} is also possible.",
    "\n\nCorrected: {}",
    "\n\n(Updated answer: {})",
    "\n\n**Final Answer**\n\n${}$",
    "\n\nUpon reflection, the total is {}.",
)


@given(st.integers(-999, 10**6), st.integers(-999, 10**6), st.sampled_from(OTHERS))
def test_what_is_offered_behind_a_box_counts_if_it_is_another_value(value: int, other: int, offer: str) -> None:
    before = f"The total is $\\boxed{{{value}}}$"
    assert judge(str(value), extract(before + offer.format(value)).answer or "").status is Status.PASS
    if value != other:
        assert judge(str(value), extract(before + offer.format(other)).answer or "").status is not Status.PASS


RETHOUGHT = (
    "\n\nUpon reflection, {} is {}.",
    " On closer inspection, {} is {}.",
    " On a second look {} is ${}$.",
    " Upon rereading, we see that {} is {}.",
)


@given(
    st.integers(2, 10**6),
    st.integers(2, 10**6),
    st.sampled_from(RETHOUGHT),
    st.sampled_from(("the remainder", "the correct remainder", "it", "the value", "the result")),
    st.sampled_from(
        ("the modulus", "the exponent", "the cycle length", "the number of digits", "k", "the order of $a$")
    ),
)
def test_second_thoughts_count_where_they_are_of_what_is_asked_for(
    value: int, other: int, offer: str, ours: str, theirs: str
) -> None:
    question = "What is the remainder when $a^k$ is divided by $m$?"
    before = f"The remainder is $\\boxed{{{value}}}$."
    on_the_way = extract(before + offer.format(theirs, other), question=question)
    assert on_the_way.answer == str(value)
    of_the_answer = extract(before + offer.format(ours, other), question=question)
    assert (of_the_answer.answer == str(value)) == (value == other)
    back = extract(before + offer.format(ours, other) + f" Reduced, this gives {value}.", question=question)
    assert back.answer == str(value)


@given(st.integers(3, 30), st.integers(1, 9))
def test_a_factorial_ends_no_sentence(n: int, k: int) -> None:
    for check in (f"Alternatively: {n}!/{k}! = 7.", f"Recomputing: {n}! = 7 times {k}!.", f"Better: {n}!/2=7."):
        assert extract(f"So $\\boxed{{7}}$. {check}").answer == "7"
    assert (extract(f"So $\\boxed{{7}}$. Corrected: {n}!").answer == "7") == (n == 7)
