"""The generated arithmetic problems: right answers, true working, and splits that can never meet."""

from __future__ import annotations

import ast
import itertools
import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import DataError
from pidistill_math.arithmetic import LARGEST, LEVELS, SPLITS, draw, problems, split_of
from pidistill_math.arithmetic_expr import (
    Expression,
    NotExact,
    Number,
    Operation,
    expand_product,
    operations,
    parse,
    values,
    work,
)
from pidistill_math.domain import MathDomain

PINNED = [
    ("Compute 99 - 2.", "97"),
    ("Compute 5 * 5 - 5.", "20"),
    ("Compute 4 * 7 + 8 * 8.", "92"),
    ("Compute 86 * 8 + 32 * 5.", "848"),
    ("Compute 31 * (92 + 56) - 14.", "4574"),
]
"""The first problems of `test` at seed 0."""

_PYTHON = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def by_python(text: str) -> Fraction:
    """The value of an expression by Python's own grammar and exact fractions, without the code under test."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return Fraction(node.value)
        assert isinstance(node, ast.BinOp)
        left, right = value(node.left), value(node.right)
        match _PYTHON[type(node.op)]:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right

    return value(ast.parse(text, mode="eval").body)


def expression_of(prompt: str) -> str:
    return prompt.removeprefix("Compute ").removesuffix(".")


numbers = st.integers(0, 999).map(Number)
expressions: st.SearchStrategy[Expression] = st.recursive(
    numbers,
    lambda inner: st.builds(Operation, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
    max_leaves=8,
)


@given(expressions)
def test_the_spelling_of_an_expression_reads_back_as_the_same_expression(expression: Expression) -> None:
    assert parse(str(expression)) == expression


@given(expressions)
def test_values_agree_with_python_or_say_that_a_division_is_not_exact(expression: Expression) -> None:
    try:
        mine = values(expression)[-1]
    except NotExact:
        steps = []
        for operation in operations(expression):
            try:
                steps.append(by_python(str(operation)).denominator)
            except ZeroDivisionError:
                steps.append(0)
        assert any(step != 1 for step in steps)
    else:
        assert mine == by_python(str(expression))


@given(st.text("0123456789+-*/() ", max_size=20))
def test_text_that_is_no_expression_is_a_value_error(text: str) -> None:
    try:
        expression = parse(text)
    except ValueError:
        return
    assert parse(str(expression)) == expression


@pytest.mark.parametrize("text", ["", "1 +", "(1 + 2", "1 + 2)", "a + 1", "1 2", "()", "-1"])
def test_a_malformed_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not an expression"):
        parse(text)


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_product_by_place_values_is_the_product(left: int, right: int) -> None:
    expanded = expand_product(left, right)
    if expanded is not None:
        assert all(by_python(side) == left * right for side in expanded.split(" = "))


def test_skipped_working_leaves_a_single_line() -> None:
    expression = parse("(17 + 48) * 6 - 9")
    assert work(expression, skip=lambda operation: True) == (["(17 + 48) * 6 - 9 = 381"], 381)


def test_a_slip_is_carried_on_through_the_lines_below() -> None:
    lines, answer = work(parse("2 * 3 + 4"), slip=lambda result: result + 1)
    assert (lines, answer) == (["2 * 3 = 7", "7 + 4 = 12"], 12)


@pytest.mark.parametrize("split", SPLITS)
def test_every_reference_is_the_value_of_its_problem(split: str) -> None:
    for problem in problems(split, seed=3, limit=1000):
        assert Fraction(str(problem.reference)) == by_python(expression_of(problem.prompt))


def test_every_step_of_every_solution_is_true_and_leads_to_the_reference() -> None:
    for problem in problems("train", limit=1000):
        *lines, last = str(problem.solution).split("\n")
        assert last == f"\\boxed{{{problem.reference}}}"
        for line in lines:
            assert len({by_python(side) for side in line.split(" = ")}) == 1, (problem.id, line)
        assert lines[-1].endswith(f" = {problem.reference}")


def test_no_result_on_the_way_is_negative_or_large() -> None:
    for problem in problems("test", limit=1000):
        assert all(0 <= value <= LARGEST for value in values(parse(expression_of(problem.prompt))))


def test_no_two_splits_share_a_prompt_whatever_the_seeds() -> None:
    hashes = {split: {p.prompt_hash for seed in range(3) for p in problems(split, seed, limit=800)} for split in SPLITS}
    for one, other in itertools.combinations(hashes.values(), 2):
        assert not one & other


def test_a_reordered_problem_is_in_the_same_split() -> None:
    for text, same in [("12 + 47", "47 + 12"), ("3 * 4 + 50", "50 + 4 * 3"), ("(20 + 31) * 5", "5 * (31 + 20)")]:
        assert split_of(text) == split_of(same)


@given(st.integers(0, 2**32), st.sampled_from(list(SPLITS)), st.sampled_from(LEVELS))
def test_an_expression_drawn_for_a_split_belongs_to_it(seed: int, split: str, level: int) -> None:
    assert split_of(str(draw(split, level, random.Random(seed)))) == split


@pytest.mark.parametrize(("split", "most"), [(name, split.most) for name, split in SPLITS.items()])
def test_all_problems_of_a_split_are_different_and_levels_even(split: str, most: int) -> None:
    drawn = list(problems(split))
    assert len(drawn) == most == len({p.prompt_hash for p in drawn}) == len({p.id for p in drawn})
    assert set(Counter(p.level for p in drawn).values()) == {most // len(LEVELS)}


def test_a_seed_always_gives_the_same_problems_and_another_seed_others() -> None:
    first = list(problems("train", seed=5, limit=50))
    assert first == list(problems("train", seed=5, limit=50)) == list(problems("train", seed=5, limit=80))[:50]
    assert first != list(problems("train", seed=6, limit=50))


def test_a_problem_stays_what_it_was() -> None:
    """Problems are part of every key in a store: if this fails, raise the revision in `SOURCE`."""
    assert [(p.prompt, p.reference) for p in problems("test", limit=5)] == PINNED


def test_a_misspelt_split_and_too_large_a_limit_are_errors_that_say_what_is_right() -> None:
    with pytest.raises(DataError, match="Did you mean 'train'"):
        next(problems("trian"))
    with pytest.raises(DataError, match="at most 1000"):
        next(problems("test", limit=1001))


def test_the_embedded_sources_name_disjoint_splits_within_their_limits() -> None:
    default = MathDomain().embedded()
    assert default is not None
    for source in (default.train, default.evaluate):
        assert source.limit is not None and source.limit <= SPLITS[source.split].most
    assert default.train.split != default.evaluate.split
