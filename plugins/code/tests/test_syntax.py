"""Tests of a problem are parsed together, and read as each is alone."""

from __future__ import annotations

from itertools import permutations

from pidistill.errors import DataError
from pidistill.records import JSON, Problem
from pidistill_code.suites.suite import Test, read_suite
from pidistill_code.syntax import parse_lines

TEXTS = [
    "assert f(1) == 1",
    "assert f([1, 'a']) == {2: (3,)}, 'its message'  # and a remark",
    "assert f('\\d') == '\\\\'",
    "assert f(2) == 2; assert f(3) == 3",
    "assert f(4) == 4; \\",
    "assert f(5) == \\",
    "assert f(6)  # \\",
    "assert f('''a",
    "assert ''') == 'b'; assert f(7)",
    "assert (f(8) == 8",
    "assert f(9)) == 9",
    "assert f(10) == 10\n",
    "assert f(11) == 11\rassert f(12) == 12",
    "assert f('\0') == 1",
    "assertion = f(13)",
    "for n in [1]:",
    "    assert f(n) == 14",
    "else: assert f(15)",
    "@f",
    "def g(): return f(16)",
    "from __future__ import barry_as_FLUFL",
    "assert f(17) <> 17",
    "",
]


def read(*tests: JSON) -> tuple[Test, ...] | str:
    try:
        problem = Problem("p", "code", "def f(n):\n", None, extra={"entry_point": "f", "tests": list(tests)})
        return read_suite(problem).tests
    except (DataError, ValueError) as error:
        return str(error)


ALONE = {text: read(text) for text in TEXTS}


def test_what_stands_beside_a_test_does_not_change_how_it_is_read() -> None:
    for tests in permutations(TEXTS, 2):
        parts = [ALONE[test] for test in tests]
        told = next(
            (part.replace("test 1", f"test {n}") for n, part in enumerate(parts, 1) if isinstance(part, str)), None
        )
        assert read(*tests) == (told or tuple(test for part in parts for test in part)), tests


def test_asserts_of_a_line_are_parsed_together() -> None:
    lines = TEXTS[:3]
    assert list(parse_lines(["x = 1", *lines, "for n in [1]:\n    assert f(n)"])) == lines
