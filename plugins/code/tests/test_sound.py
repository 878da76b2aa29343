"""What decides is data that is what it says; a submission is the reference only to the letter."""

from __future__ import annotations

import pytest

from pidistill.authoring.data import DataRow
from pidistill.records import Problem, Status
from pidistill_code.rows import problem_of
from pidistill_code.verifier import CodeVerifier
from processor import processor_s

OBJECT_AT_FIRST = "import sys\n_live = 'pidistill_code.inside.served' in sys.modules\n"


def problem(tests: list[str], reference: str | None = None) -> Problem:
    extra = {} if reference is None else {"reference": reference}
    return problem_of(
        DataRow({"id": "p", "prompt": "Write it.", "entry_point": "f", "tests": tests, **extra}, "test", 1)
    )  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "test",
    ["errs = [abs(f(x) - x * x) for x in range(6)]\nassert max(errs) < 1e-9",
     "assert max(abs(f(x) - x * x) for x in range(4)) < 1",
     "assert max(abs(f(0)), abs(f(1) - 1), abs(f(2) - 4)) < 1e-9", "assert max([abs(f(0)), abs(f(2) - 4)]) < 1e-9",
     "assert min([-abs(f(0)), -abs(f(2) - 4)]) > -1e-9", "assert not (f(3) < 8.9 or f(3) > 9.1)"],
)  # fmt: skip
@pytest.mark.parametrize("nan", ["float('nan')", "type('N', (float,), {})('nan')"])
def test_nan_is_not_passed_over(verifier: CodeVerifier, test: str, nan: str) -> None:
    for reference in (None, "def f(x):\n    return float(x * x)"):
        given = problem([test], reference)
        program = f"def f(x):\n    return 0.0 if x == 0 else {nan}"
        hidden = f"{OBJECT_AT_FIRST}def f(x):\n    return (0.0 if x == 0 else {nan}) if _live else object()"
        assert verifier.verify(given, program).status is not Status.PASS
        assert verifier.verify(given, hidden).status is not Status.PASS
        assert verifier.verify(given, "def f(x):\n    return float(x * x)").status is Status.PASS


@pytest.mark.parametrize(
    ("right", "wrong", "test"),
    [
        ('def f():\n    return """a\n\nb"""', 'def f():\n    return """a\nb"""', "assert f() == 'a\\n\\nb'"),
        ('def f():\n    return """a  \nb"""', 'def f():\n    return """a\nb"""', "assert f() == 'a  \\nb'"),
        ("def f():\n    return 1 + \\\n        1", "def f():\n    return 1 + \\ \n        1", "assert f() == 2"),
    ],
)
def test_what_differs_from_the_reference_in_a_space_is_not_taken_for_it(
    verifier: CodeVerifier, right: str, wrong: str, test: str
) -> None:
    given = problem([test], right)
    assert verifier.verify(given, f"```python\n{wrong}\n```").status is Status.FAIL
    assert verifier.verify(given, f"```python\n{right}\n```").status is Status.PASS


@pytest.mark.parametrize(
    ("name", "base", "content"),
    [("bytearray", "int", "2 ** 62"), ("bytearray", "int", "10 ** 9"), ("bytearray", "list", "[1]"),
     ("dict_keys", "list", "[1 + k * (2 ** 61 - 1) for k in range(50000)]"),
     ("dict_items", "list", "[(1 + k * (2 ** 61 - 1), 0) for k in range(50000)]"),
     ("dict_keys", "int", "3"), ("range", "int", "5"), ("dict_values", "str", "'ab'")],
)  # fmt: skip
def test_a_class_that_has_anothers_name_costs_nothing(
    verifier: CodeVerifier, name: str, base: str, content: str
) -> None:
    program = (f"class X({base}): pass\nX.__module__, X.__qualname__ = 'builtins', '{name}'\n"
               f"V = {content}\ndef f(n):\n    return X(V)")  # fmt: skip
    began = processor_s()
    for reference in (None, "def f(n):\n    return n + 1"):
        assert verifier.verify(problem(["assert f(1) == 2", "assert f(5) == 6"], reference), program).status in (
            Status.FAIL, Status.TIMEOUT)  # fmt: skip
    assert processor_s() - began < 30


DEF = "def f(n):\n    return n + 1"


@pytest.mark.parametrize(
    "completion",
    [f"```python\n{DEF}\n```\nUse:\n```python\nfrom solution import f\nprint(f(1))\n```", f"[PYTHON]\n{DEF}\n[/PYTHON]",
     f"Sure.\n<answer>\n{DEF}\n</answer>", f"<code>{DEF}</code>\nIt adds one.", f"\ufeff{DEF}",
     f"```\n{DEF}\n```\n```python\nimport pytest\nfrom f import f\ndef test_f():\n    assert f(1) == 2\n```"],
)  # fmt: skip
def test_code_is_found_in_tags_and_before_its_use(verifier: CodeVerifier, completion: str) -> None:
    verdict = verifier.verify(problem(["assert f(1) == 2"]), completion)
    assert verdict.status is Status.PASS, verdict.reason


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("from datetime import *\ndef f(n):\n    return datetime(2020, 1, n, tzinfo=timezone.utc)",
         "from datetime import *\nassert f(1) == datetime(2020, 1, 1, tzinfo=timezone.utc) < f(2)"),
        ("from pathlib import *\ndef f(n):\n    return PurePosixPath('/a') / str(n)",
         "from pathlib import *\nassert f(1) == PurePosixPath('/a/1')"),
    ],
)  # fmt: skip
def test_values_of_the_library_compare_as_they_do_there(verifier: CodeVerifier, program: str, test: str) -> None:
    for reference in (None, program):
        verdict = verifier.verify(problem([test], reference), f"```python\n{program}\n```")
        assert verdict.status is Status.PASS, verdict.reason
