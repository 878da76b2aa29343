"""A box with an equation around it, and an answer in the form and under the name that its question asks for."""

from __future__ import annotations

import time
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Problem, Status
from pidistill_math.comparing.judge import judge
from pidistill_math.extraction.sides import beside
from pidistill_math.verifier import MathVerifier


def passes(question: str, reference: str, completion: str) -> bool:
    return MathVerifier().verify(Problem("p", "math", question, reference), completion).passed


@given(st.integers(2, 99), st.integers(2, 99), st.integers(1, 9))
def test_a_sum_beside_a_box_must_be_its_value(left: int, right: int, off: int) -> None:
    total = left + right
    assert passes("How many?", str(total), f"So ${left}+{right}=\\boxed{{{total}}}$.")
    assert not passes("How many?", str(total), f"So ${left}+{right + off}=\\boxed{{{total}}}$.")
    assert not passes("How many?", str(total), f"So $\\boxed{{{total}}}={total + off}$.")


@pytest.mark.parametrize("side", ["n^2", "2n", "n+1", "\\frac{n}{2}", "\\sqrt{n}", "-n"])
def test_more_than_the_letter_asked_for_is_another_value(side: str) -> None:
    question = "Find the smallest positive integer $n$ that works."
    assert passes(question, "4", "So $n=\\boxed{4}$.")
    assert not passes(question, "4", f"So ${side}=\\boxed{{4}}$.")
    assert passes("How many squares are there?", "4", f"So ${side}=\\boxed{{4}}$.")  # what n is, the solution knows


@pytest.mark.parametrize(
    ("before", "found"),
    [("$n=", ("n",)), ("so $a = 2$, $b=", ("b",)), ("\\[A = \\pi r^2 = ", ("\\pi r^2",)),
     ("$5\\times 6 = ", ("5\\times 6",)),
     ("The answer: ", ()), ("$x \\ne ", ()), ("$x \\le ", ())],
)  # fmt: skip
def test_the_side_is_what_one_equals_sign_joins(before: str, found: tuple[str, ...]) -> None:
    assert beside(before + "\\boxed{4}$", len(before), len(before) + len("\\boxed{4}")) == found


@given(st.text(alphabet="=\\$ &{}nx12,.\n", max_size=300))
def test_any_surroundings_are_looked_at_without_an_error(around: str) -> None:
    verdict = MathVerifier().verify(Problem("p", "math", "Find $n$.", "4"), f"{around}\\boxed{{4}}{around}")
    assert verdict.status in (Status.PASS, Status.FAIL, Status.NO_ANSWER)


@pytest.mark.parametrize("count", [4, 16, 40])
def test_many_families_are_compared_in_bounded_time(count: int) -> None:
    items = [f"x=\\frac{{{i}\\pi}}{{97}}+2k\\pi" for i in range(count)]
    reference, answer = ", ".join(items), ", ".join(items[::-1])
    started = time.process_time()
    ruling = judge(f"{reference}, k\\in\\mathbb{{Z}}", f"{answer}, k\\in\\mathbb{{Z}}", question="Solve.")
    assert ruling.status is Status.PASS
    assert time.process_time() - started < 2


@given(st.integers(1, 30), st.integers(2, 30), st.integers(2, 9))
def test_a_fraction_in_lowest_terms_only_where_that_is_asked_for(top: int, bottom: int, factor: int) -> None:
    reference, answer = f"\\frac{{{top}}}{{{bottom}}}", f"\\frac{{{top * factor}}}{{{bottom * factor}}}"
    assert judge(reference, answer, question="What is the probability?").status is Status.PASS
    ruling = judge(reference, answer, question="Give the fraction in lowest terms.")
    assert (ruling.status is Status.FAIL) is (gcd(top, bottom) == 1)
