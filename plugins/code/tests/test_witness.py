"""What a program says of its effects does no more in the tests' process than the tests or the reference ask for."""

from __future__ import annotations

import contextlib
import decimal
import io
import os
import random
import sys
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.inside.effects import context
from pidistill_code.inside.witness import Witness

CONTEXT = {"prec": 1, "rounding": "ROUND_UP", "Emin": -9, "Emax": 9, "capitals": 0, "clamp": 1, "traps": []}


class Ending(UserWarning, SystemExit):
    """A warning that is a sign for test runners as well."""


def witness(allows: bool, text: str = "", category: Any = UserWarning) -> Witness:
    found = Witness()
    found.allows, found.unpack, found.text = lambda _: allows, lambda *_: category, text
    return found


def around() -> Any:
    return os.getcwd(), context(), random.getstate(), dict(os.environ), sys.stdout


@pytest.mark.parametrize(
    "told",
    [
        ("in", "/tmp"),
        ("context", CONTEXT),
        ("seed", 0),
        ("variable", "PATH", "/tmp"),
        ("catches", "out"),
        ("in", 3),
        ("seed", []),
        ("seed", 1j),
        ("context", 7),
        ("log", "x"),
        ("nothing",),
        (),
        7,
    ],
)
def test_what_nobody_asks_for_is_passed_over(told: Any) -> None:
    before = around()
    witness(False).take([told])
    assert around() == before


@pytest.mark.parametrize("folder", ["/usr", "/tmp/../usr", "/tmpx", "", "..", "\0"])
def test_no_program_leads_tests_out_of_their_folder(folder: str) -> None:
    before = os.getcwd()
    witness(True, "os.getcwd()").take([("in", folder)])
    assert os.getcwd() == before


@given(st.dictionaries(st.sampled_from(sorted(CONTEXT)), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_a_context_that_no_context_can_be_is_none(told: dict[str, Any]) -> None:
    with decimal.localcontext():
        before = context()
        witness(True).take([("context", told)])
        now = context()
    assert all(now[name] in (before[name], told.get(name)) for name in before if name != "traps")
    assert now["traps"] == before["traps"] or set(now["traps"]) <= set(told["traps"])


def test_what_the_reference_does_is_done() -> None:
    state = random.getstate()
    with decimal.localcontext():
        witness(True).take([("context", CONTEXT), ("seed", 5)])
        assert context() == CONTEXT
    drawn = random.random()
    assert drawn == random.Random(5).random()
    random.setstate(state)


@pytest.mark.parametrize("category", [Ending, SystemExit, AssertionError, int, "UserWarning", None])
def test_a_warning_is_nothing_else(category: Any) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        witness(False, category=category).take([("warning", "slow", None, [], 1)])
    assert [(one.category, str(one.message)) for one in heard] == [(UserWarning, "slow")]


@given(st.text(max_size=9), st.text(max_size=9), st.none() | st.lists(st.integers() | st.text(max_size=3)).map(tuple))
def test_what_is_logged_says_its_text_whatever_it_says_it_is_made_of(text: str, message: str, args: Any) -> None:
    import logging

    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[method-assign]
    logger = logging.getLogger("test_witness")
    logger.addHandler(handler)
    try:
        witness(False).take([("log", "test_witness", logging.ERROR, text, message, args)])
    finally:
        logger.removeHandler(handler)
    assert [record.getMessage() for record in heard] == [text]


def test_what_is_printed_for_a_program_is_told_to_it_and_nothing_else() -> None:
    found = witness(False)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        found.take([("catches", "out", "nonsense")])
        sys.stdout.write("before\n")
        with found.caught():
            sys.stdout.write("for the program\n")
            with contextlib.redirect_stdout(shown):
                sys.stdout.write("to the test\n")
        found.take([])
        with found.caught():
            sys.stdout.write("after\n")
    assert shown.getvalue() == "before\nto the test\nafter\n"
    assert [entry for entry in found.give() if entry[0] == "out"] == [("out", "for the program\n")]
