"""What the trusted side works out itself is what Python would; what it cannot, it says so."""

from __future__ import annotations

import ast
import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.sandbox import Described
from pidistill_code.suites.expressions import CandidateCall, NotPlainError, compile_expression
from pidistill_code.suites.operations import UnreadableError, truth
from pidistill_code.suites.values import HostileValueError, Opaque, check_hashes, close, normalise, same_output, shown

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.binary(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
"""Values whose `repr` is their literal, infinities aside."""

SHAPES = [
    "f({a}) == {b}",
    "f({a}) != {b}",
    "not f({a})",
    "f({a})",
    "f({a}) is None",
    "f({a}) is not True",
    "{b} == f({a})",
    "f({a}) in [{b}, 1, 'x']",
    "f({a}) not in ({b},)",
    "(f({a}), 1) == ({b}, 1)",
    "[f({a})] == [{b}] and f(1) == f(1)",
    "f({a}) == {b} or f({b}) == {a}",
    "str(f({a})) == str({b})",
    "bool(f({a})) == bool({b})",
    "{{'k': f({a})}} == {{'k': {b}}}",
]


@given(plain, plain, plain, st.sampled_from(SHAPES))
def test_a_test_comes_out_as_in_python(argument: object, expected: object, answer: object, shape: str) -> None:
    text = shape.format(a=repr(argument), b=repr(expected)).replace("inf", "math.inf")
    by_python = bool(eval(text, {"f": lambda *args: answer, "math": math}))
    compiled = compile_expression(ast.parse(text, mode="eval").body, "f")
    assert truth(compiled.term(lambda call: answer)) is by_python


CALLS = [
    "sorted(f(1), key=str)", "sorted(f(1), key=None)", "sorted(f(1), key=abs)", "sorted(f(1), reverse=1)",
    "max(f(1), default=0)", "min(f(1), default=None)", "max(f(1), key=int)", "max(f(1), 3)", "min(f(1), [2])",
    "sum(f(1), start=2)", "sum(f(1), 2)", "dict(a=f(1))", "dict(f(1), b=2)", "str(f(1), 'utf-8')", "str(object=f(1))",
    "int(f(1), base=2)", "round(f(1), ndigits=1)", "list(f(1))", "set(f(1), f(1))", "all(f(1), f(1))", "bool(f(1), 1)",
    "len(f(1), 1)", "math.isclose(f(1), f(1), 0.1)", "str()", "list()", "tuple(str)", "sum(int)", "max(int, f(1))",
]  # fmt: skip


@given(
    st.lists(st.integers(-30, 30), max_size=4) | st.text("01", max_size=3) | st.integers(-3, 3), st.sampled_from(CALLS)
)
def test_a_builtin_takes_what_it_takes_in_python_or_is_not_called_here(answer: Any, call: str) -> None:
    names = {"f": lambda x: answer, "math": math}
    try:
        compiled = compile_expression(ast.parse(call, mode="eval").body, "f")
    except NotPlainError:
        return
    try:
        expected = eval(call, names)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            compiled.term(lambda asked: answer)
    else:
        assert compiled.term(lambda asked: answer) == expected


NUMERIC = [
    "abs(f(1) - {b}) < 1e-6",
    "f(1) + {b} <= 3",
    "-f(1) == {b}",
    "f(1) * 2 == {b} * 2",
    "round(f(1), 2) == round({b}, 2)",
    "math.isclose(f(1), {b}, rel_tol=0.01)",
    "sorted([f(1), {b}], reverse=True)[0] == max(f(1), {b})",
    "set([f(1)]) == set([{b}])",
    "0 < f(1) < {b}",
    "sum([f(1), {b}]) > min(f(1), {b})",
]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(NUMERIC))
def test_arithmetic_comes_out_as_in_python(answer: float, expected: float, shape: str) -> None:
    text = shape.format(b=repr(expected))
    compiled = compile_expression(ast.parse(text, mode="eval").body, "f")
    assert truth(compiled.term(lambda call: answer)) is bool(eval(text, {"f": lambda x: answer, "math": math}))


def test_calls_are_known_beforehand_with_arguments_worked_out() -> None:
    expression = ast.parse("f([1] * 2, key=max(3, 4)) == g", mode="eval").body
    with pytest.raises(NotPlainError):
        compile_expression(expression, "f")
    compiled = compile_expression(ast.parse("f([1] * 2, key=max(3, 4)) == -1", mode="eval").body, "f")
    assert compiled.calls == (CandidateCall(([1, 1],), {"key": 4}),)
    nested = compile_expression(ast.parse("f(f(1)) == 2", mode="eval").body, "f")
    assert nested.calls is None
    assert nested.term(lambda call: int(str(call.args[0])) * 2) is False
    assert nested.term(lambda call: 2) is True


@pytest.mark.parametrize("argument", ["lambda x: x", "Pair(1, 2)", "int", "root", "range(3)", "[int, 1]"])
def test_arguments_that_only_the_program_can_make_are_made_there(argument: str) -> None:
    compiled = compile_expression(ast.parse(f"f({argument}) == 1", mode="eval").body, "f")
    assert compiled.in_place and compiled.calls is not None
    assert compiled.calls[0].in_place == f"f({argument})"


@pytest.mark.parametrize(
    "text",
    [
        "all(f(x) for x in range(3))", "f(1).x == 2", "f(1)[1:2] == []", "open('x') == f(1)", "f(1) is 3",
        "f(*[1]) == 1",
        "helper(f(1)) == 2", "f(helper(1)) == 2", "(lambda: f(1))() == 1", "f'{f(1)}' == '1'", "f(9 ** 9 ** 9) == 1",
        "'a' * 10 ** 9 == f(1)", "f(1) == 1 / 0", "__import__('os').system('x') == f(1)",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_room(text: str) -> None:
    with pytest.raises(NotPlainError):
        compile_expression(ast.parse(text, mode="eval").body, "f", frozenset({"helper"}))


NAN_TRICKS = ["not abs(f(1) - 2) > 1e-6", "not f(1) < 0", "not (f(1) >= 5 or f(1) <= -5)", "f(1) > 0"]


@pytest.mark.parametrize("text", NAN_TRICKS)
def test_nan_never_gets_through_an_ordering(text: str) -> None:
    compiled = compile_expression(ast.parse(text, mode="eval").body, "f")
    with pytest.raises(ArithmeticError):
        compiled.term(lambda call: math.nan)


HOSTILE: list[Any] = [
    1 << 8_000_000,
    [[[]] * 1000] * 1000,
    "x" * 1_000_000,
    math.inf,
    b"",
    {},
    None,
    "1e999",
    Opaque("x.Y"),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "shape", [*SHAPES, *NUMERIC, "f(1) ** f(1) == 1", "f(1) * f(1) == 2", "int(f(1)) == 5", "len(f(1)) == 2"]
)
def test_hostile_answers_fail_or_raise_what_the_judge_expects(answer: object, shape: str) -> None:
    compiled = compile_expression(ast.parse(shape.format(a="7", b="9"), mode="eval").body, "f")
    with contextlib.suppress(TypeError, ValueError, ArithmeticError, LookupError):
        compiled.term(lambda call: answer)


def test_an_opaque_object_equals_nothing_not_even_its_own_kind() -> None:
    answer = normalise([Described("a.B"), Described("a.B")])
    assert isinstance(answer, list) and answer[0] != answer[1]
    assert normalise(Described("a.B")) != normalise(Described("a.B"))
    with pytest.raises(UnreadableError):  # whether it counts as true is for Python to say, beside the program
        truth(normalise(Described("a.B")))


def test_subclasses_count_as_their_content_and_classes_as_their_names() -> None:
    assert normalise(Described("collections.Counter", {"a": 1})) == {"a": 1}
    assert normalise((Described("x.Point", (1, Described("x.Age", 2))),)) == ((1, 2),)
    compiled = compile_expression(ast.parse("f(1) == int", mode="eval").body, "f")
    assert compiled.term(lambda call: normalise(Described("builtins.type", "builtins.int"))) is True
    assert compiled.term(lambda call: normalise(Described("builtins.type", "candidate.int"))) is False
    assert compiled.term(lambda call: "builtins.int") is False


@given(plain)
def test_normalising_plain_values_changes_nothing(value: object) -> None:
    assert normalise(value) == value  # type: ignore[arg-type]


@given(plain, plain)
def test_without_a_tolerance_close_is_equality_but_for_tuples_and_lists(left: object, right: object) -> None:
    def listed(value: object) -> object:
        if isinstance(value, list | tuple):
            return [listed(item) for item in value]
        return {key: listed(item) for key, item in value.items()} if isinstance(value, dict) else value

    assert close(left, right) is (listed(left) == listed(right))


def test_a_tolerance_is_absolute_near_zero_and_relative_far_off() -> None:
    assert close(1e-7, 0.0, 1e-6) and not close(1e-5, 0.0, 1e-6)
    assert close(1e9 + 1, 1e9, 1e-6) and not close(1e9 + 1e5, 1e9, 1e-6)
    assert close([1.0, (2,)], (1.0000001, [2]), 1e-6)
    assert not close(math.nan, math.nan, 1.0) and not close(math.inf, 1.0, 1.0) and not close(True, 0.9, 0.05)
    assert not close(1 << 8_000_000, 1.5, 1e-6) and not close("1.0", 1.0, 1.0)


def test_values_made_to_collide_are_refused_and_equal_ones_are_not() -> None:
    prime = 2**61 - 1
    with pytest.raises(HostileValueError):
        check_hashes([prime * i for i in range(2000)])
    check_hashes([7] * 100_000)
    check_hashes(range(100_000))


@pytest.mark.parametrize(
    ("got", "expected", "same"),
    [
        ("6\n", "6", True), ("6  \n\n", "6\n", True), ("6.0", "6", True), ("1e1 x", "10 x", False),
        ("7", "007", False), ("101", "00000101", False), ("1000", "1E3", False), ("+5", "5", False), ("5", "+5", False),
        ("2.5", "2.50", True), ("*", "  *", False), ("1 2", " 1 2", False), ("* *", "*  *", False),
        (" 1  2", " 1 2", True),
        ("-0.0", "0.0", True), ("a\n\nb", "a\nb", False), ("6\r", "6", True), ("07.5", "7.5", False),
        ("6 7", "6\n7", False),
        ("6\n7", "6", False), ("yes", "YES", False), ("nan", "nan", True), ("1 2", "1  2", True), ("", "\n", True),
        ("0.3000001", "0.3", False), ("1e999999999", "1", False), ("٣", "3", False),
    ],
)  # fmt: skip
def test_outputs_compare_line_by_line_and_numbers_as_numbers(got: str, expected: str, same: bool) -> None:
    assert same_output(got, expected) is same


def test_values_are_shown_on_one_line_whatever_they_are() -> None:
    for value in HOSTILE:
        assert len(shown(value)) <= 300 and "\n" not in shown(value)
