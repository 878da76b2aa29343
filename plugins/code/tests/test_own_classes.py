"""No class of a program's that is derived from plain data passes by what it says of itself.

Where a test fails on the content of such a value, it is run beside the program, for an honest class may have operators
of its own. One that lies must fail there, too.
"""

from __future__ import annotations

import pytest

from pidistill.records import Problem
from pidistill_code.verifier import CodeVerifier

RIGHT = {
    "int": "5",
    "float": "5.5",
    "str": "'ab'",
    "list": "[1, 2]",
    "tuple": "(1, 2)",
    "dict": "{1: 2}",
    "set": "{1}",
    "bytes": "b'ab'",
}
WRONG = {
    "int": "3",
    "float": "3.5",
    "str": "'zz'",
    "list": "[9]",
    "tuple": "(9,)",
    "dict": "{9: 9}",
    "set": "{9}",
    "bytes": "b'q'",
}
LIES = "".join(
    f"    __{name}__ = lambda *given: {value}\n"
    for value, names in {
        "True": ("eq", "le", "ge", "lt", "gt", "contains"),
        "False": ("ne",),
        "0": ("sub", "rsub", "add", "radd", "abs", "neg", "mod"),
        "7": ("hash",),
    }.items()
    for name in names
)
TESTS = [
    "assert f(1) == {right}",
    "assert {right} == f(1)",
    "assert f(1) in [{right}]",
    "assert (f(1), 1) == ({right}, 1)",
    "assert not f(1) != {right}",
    "x = f(1)\nassert x == {right}",
    "for k in [1]:\n    assert f(k) == {right}",
    "import unittest\nunittest.TestCase().assertEqual(f(1), {right})",
]
NUMBERS = ["assert abs(f(1) - {right}) < 1e-6", "assert f(1) > 4", "import math\nassert math.isclose(f(1), {right})"]
SEVERAL = ["assert sorted(f(1)) == sorted({right})", "assert list(f(1)) == list({right})"]


@pytest.mark.parametrize("reference", [False, True], ids=["alone", "with a reference"])
@pytest.mark.parametrize("base", RIGHT)
def test_a_class_that_lies_does_not_pass(verifier: CodeVerifier, base: str, reference: bool) -> None:
    more = NUMBERS if base in ("int", "float") else SEVERAL if base in ("list", "tuple", "dict", "set") else []
    source = f"class X({base}):\n{LIES}\ndef f(k):\n    return X({WRONG[base]})\n"
    for test in (*TESTS, *more):
        text = test.format(right=RIGHT[base])
        known = f"def f(k):\n    return {RIGHT[base]}\n" if reference else None
        problem = Problem(
            f"{base} {text} {reference}", "code", "f", reference=known, extra={"entry_point": "f", "tests": [text]}
        )
        assert not verifier.verify(problem, f"```python\n{source}```").passed, text
        honest = f"class X({base}):\n    pass\n\ndef f(k):\n    return X({RIGHT[base]})\n"
        assert verifier.verify(problem, f"```python\n{honest}```").passed, text
