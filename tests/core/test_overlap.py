"""A problem in another dress is found, and an honest near miss is not: one sign, digit or word is another problem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.overlap import alike, alike_text, plain, same
from pidistill.records import Problem

DRESSES = [
    ("What is 3 + 4?", "what  is 3+4"),
    ("What is 3 + 4?", "Problem: What is 3 + 4?"),
    ("What is 3 + 4?", "Problem 12. What is 3 + 4?"),
    ("What is 3 + 4?", "**Question 3:** What is 3 + 4?"),
    ("What is 3 + 4?", "Q: What is 3 + 4?"),
    ("What is 3 + 4?", "7) What is 3 + 4?"),
    ("What is 3 + 4?", "### Problem\u200b #4: What is 3 + 4 ?"),
    ("What is 3 + 4?", "What is ３ ＋ ４？"),
    ("What is 3 + 4?", "What\u00a0is 3\u2009+\u20094?\ufeff"),
    ("What is 3 + 4?", "Wh\u00adat is 3 +\u200d 4?"),
    ("What is 3 + 4?", "What is $3 + 4$?"),
    ("What is 3 + 4?", r"What is \(3+4\)?"),
    ("What is 3 + 4?", r"What is \[3 + 4\]."),
    ("What is 3 + 4?", "What is $$3 + 4$$ ..."),
    (r"Compute \frac{1}{2} + x.", r"Compute \dfrac{1}{2}+x"),
    (r"Compute \frac{1}{2} + x.", r"Compute $\frac12 + x$."),
    (r"Compute \frac{1}{2} + x.", r"Compute \tfrac12+x"),
    (r"Compute \frac{1}{2} + x.", "Compute 1/2 + x."),
    (r"Compute \frac{1}{2} + x.", "Compute ½ + x."),
    (r"Compute \frac{x+1}{2}.", r"Compute \dfrac{ x + 1 }{ 2 }."),
    (r"Compute \left( 3 - x \right)^{2}.", "Compute (3 − x)^2"),
    ("Compute x^2 + y_1.", "Compute x² + y₁."),
    ("Compute x^2 + y_1.", r"Compute $x^{2} + y_{1}$."),
    ("Compute x^10.", "Compute $x^{10}$."),
    (r"Solve x \leq 3, x \ne 2.", "Solve x ≤ 3, x ≠ 2"),
    (r"Compute 3 \times 4 \cdot 5.", "Compute 3 × 4 ⋅ 5."),
    (r"Find \sqrt{2}.", "Find √2."),
    (r"Is it 90^\circ?", "Is it 90°?"),
    ("Ann said “no”. Why?", 'ANN SAID "NO". WHY'),
    (r"How many \text{ apples are there}?", "How many apples are there?"),
    ("Find all integers!", "Find all integers"),
    ("Is 3 &lt; x?", "Is 3 < x?"),
    (r"Let f(x) = \displaystyle\frac{3}{x}.", "Let f(x) = 3/x"),
    (r"A \quad B \, C", "A B C"),
    ("Give 50\\% of $6.", r"Give 50% of \$6"),
    ("Sum 1, 2, …, n", r"Sum 1, 2, \ldots, n"),
]  # fmt: skip

NEAR_MISSES = [
    ("What is 3 + 4?", "What is 3 - 4?"),
    ("What is 3 + 4?", "What is 3 + 5?"),
    ("What is 3 + 4?", "What is 34?"),
    ("What is 3 + 4?", "What is -3 + 4?"),
    ("What is 3 + 4?", "What is 3 + 4 + 0?"),
    ("What is 3 + 4?", "What was 3 + 4?"),
    ("Compute 5!", "Compute 5"),
    ("Compute n!", "Compute n."),
    ("Compute (3 + 4)!", "Compute (3 + 4)."),
    ("Compute x^2.", "Compute x2."),
    ("Compute x².", "Compute x_2."),
    ("Compute x^{12}.", "Compute x^1 2."),
    ("Compute 12.", "Compute 1 2."),
    ("Compute 1½.", "Compute 11/2."),
    (r"Compute \frac{1}{2}.", r"Compute \frac{2}{1}."),
    (r"Compute \frac{1}{23}.", r"Compute \frac{12}{3}."),
    (r"Compute \frac{x+1}{2}.", r"Compute x + \frac{1}{2}."),
    ("Compute 1/2.", "Compute 0.5."),
    ("Compute 0.5.", "Compute 5."),
    (r"Solve x \leq 3.", "Solve x < 3."),
    (r"Solve x \leq 3.", r"Solve x \geq 3."),
    ("Solve x = 3.", "Solve x ≠ 3."),
    ("Compute 3 × 4.", "Compute 3 + 4."),
    (r"Find \sqrt{2}.", "Find 2."),
    (r"Find \sqrt{2x}.", r"Find \sqrt{2}x."),
    ("Compute (3 - 4) - 5.", "Compute 3 - (4 - 5)."),
    ("Find x.", "Find y."),
    ("Find f(x).", "Find f'(x)."),
    ("Find all integers.", "Find all positive integers."),
    ("Is 7 prime?", "Is 7 not prime?"),
    ("Ann has 3 apples.", "Bob has 3 apples."),
    ("def f(x): return 2**3", "def f(x): return 23"),
    ("def f(a, b): return a", "def f(a, b): return b"),
    (r"Is \sin x = 1?", r"Is \cos x = 1?"),
    ("Problem: 3", "Problem: 4"),
    ("|x| = 3", "x = 3"),
]  # fmt: skip


def problem(prompt: str, name: str = "p") -> Problem:
    return Problem(name, "math", prompt)


@pytest.mark.parametrize(("one", "other"), DRESSES)
def test_another_dress_is_the_same_problem(one: str, other: str) -> None:
    assert plain(one) == plain(other)
    assert len(same([problem(other)], [problem(one)])) == 1


@pytest.mark.parametrize(("one", "other"), NEAR_MISSES)
def test_a_near_miss_is_another_problem(one: str, other: str) -> None:
    assert plain(one) != plain(other)
    assert same([problem(other)], [problem(one)]) == []


@given(st.text())
def test_space_around_any_text_is_dress(text: str) -> None:
    assert plain(f"  {text}\n") == plain(text)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_case_is_dress(text: str) -> None:
    assert plain(text.upper()) == plain(text.lower())


@given(st.text(alphabet="abcxyz0123456789+-*/=^_(){}[]\\$ .?!", max_size=60))
def test_any_latex_comes_to_an_end(text: str) -> None:
    assert plain(text) == plain(f"  {text} ")  # space around it is dress


def test_equal_but_for_numbers_is_listed_and_stops_nothing() -> None:
    train, held_out = [problem("Compute 3 + 4.", "t1")], [problem("Compute $17+250$", "e1"), problem("Find x.", "e2")]
    assert same(train, held_out) == []
    assert [(one.id, other.id) for one, other in alike(train, held_out)] == [("t1", "e1")]
    assert "1 of 2 evaluation problems" in alike_text(train, held_out)
    assert alike_text(train, held_out[1:]) == ""
