"""An answer against its question: units, nouns, names, order, options, and equations that hold for more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Problem, Status
from pidistill_math.comparing.judge import judge
from pidistill_math.extraction.extract import extract
from pidistill_math.verifier import MathVerifier


def passes(question: str, reference: str, answer: str) -> bool:
    return judge(reference, answer, question=question).status is Status.PASS


@given(st.integers(2, 99), st.integers(2, 99), st.sampled_from(["+x-x", "+0x", "x^0", "\\cdot 1^x", "+y-y", "+ab-ba"]))
def test_a_symbol_that_cancels_is_no_final_form(left: int, right: int, tail: str) -> None:
    assert not passes("", str(left * right), f"{left}\\cdot {right}{tail}")
    assert not passes("", str(left), f"{left}{tail}")


@given(st.integers(2, 30), st.integers(-9, 9), st.integers(1, 40))
def test_an_equation_with_further_solutions_is_another_one(slope: int, shift: int, far: int) -> None:
    line = f"y-({slope})x-({shift})"
    reference = f"y={slope}x+{shift}" if shift >= 0 else f"y={slope}x{shift}"
    assert passes("", reference, f"{line}=0")
    assert not passes("", reference, f"|{line}+{far}|={far}")
    assert not passes("", reference, f"({line})^3=4({line})")
    assert not passes("", reference, f"x({line})=0")


@pytest.mark.parametrize(
    ("unit", "asked", "same"),
    [("hours", "How many minutes does it take?", False), ("minutes", "How many minutes does it take?", True),
     ("cm", "What is the length in meters?", False), ("meters", "What is the length in meters?", True),
     ("apples", "How many pears are left?", False), ("pears", "How many pears are left?", True),
     ("people", "How many students are there?", True), ("gizmos", "How many gizmos are left?", True),
     ("crates of gizmos", "How many crates of gizmos are there?", True),
     ("gizmos", "How many crates of gizmos?", False)],
)  # fmt: skip
def test_the_unit_or_noun_of_an_answer_is_the_one_asked_for(unit: str, asked: str, same: bool) -> None:
    assert passes(asked, "18", f"18\\text{{ {unit}}}") is same


def test_a_quantity_converts_to_the_unit_asked_for() -> None:
    assert passes("How many meters?", "5", "500\\text{ cm}")
    assert not passes("How many meters?", "5", "5\\text{ cm}")


@given(st.integers(-20, 20), st.integers(-20, 20))
def test_named_values_stand_in_the_order_of_the_question(m: int, b: int) -> None:
    question = "Find the ordered pair (m,b)."
    assert passes(question, f"({m},{b})", f"b={b}, m={m}")
    assert passes(question, f"({m},{b})", f"m={b}, b={m}") is (m == b)


@pytest.mark.parametrize("other", ["m=293", "mn=293", "n=293", "m-n=293"])
def test_a_name_for_something_else_is_no_answer(other: str) -> None:
    assert passes("Find $m+n$.", "293", "m+n=293")
    assert not passes("Find $m+n$.", "293", other)


@pytest.mark.parametrize("tail", [" or (D)", " (D)", " D", " and (A)", " unless (A)", ": or A", " A, B"])
def test_an_option_with_another_beside_it_is_no_choice(tail: str) -> None:
    assert not passes("", "C", f"\\text{{(C){tail}}}")
    assert passes("", "C", "\\text{(C) a circle}")


@pytest.mark.parametrize(
    "after",
    [" That answer is wrong.", " Strike that.", " EDIT: 4", " Or maybe $4$.", " The answer is actually 4."],
)
def test_what_takes_a_box_back(after: str) -> None:
    assert not MathVerifier().verify(Problem("p", "math", "?", "5"), f"So $\\boxed{{5}}$.{after}").passed


@pytest.mark.parametrize(
    "after",
    [" which cannot be simplified further.", "\n\nNote that it cannot be 41.", "\n\nThis isn't surprising.",
     "\n\nHold on, let me verify: 2+3=5. All good.", "\n\nThe final answer is in the box above.",
     "\n\nDisregard negative solutions.", "\n\nA common mistake: ignore the carry. That is wrong."],
)  # fmt: skip
def test_what_leaves_a_box_standing(after: str) -> None:
    assert extract(f"So $\\boxed{{5}}$.{after}").answer == "5"


@pytest.mark.parametrize("depth", [1, 50, 20_000])
def test_boxes_in_boxes_are_one_box(depth: int) -> None:
    assert extract("\\boxed{" * depth + "5" + "}" * depth).answer == "5"
