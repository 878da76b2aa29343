"""Rows of each data set become problems whose tests say what the data says, and bad rows are named."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pidistill.authoring.data import DataRow
from pidistill.contracts import DataSource
from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.rows import check_tests, needed_imports, problem_of
from pidistill_code.suites.inputs import read_inputs
from pidistill_code.suites.suite import AssertTest, DataTest, RoomTest, ScriptTest, read_suite
from pidistill_code.suites.together import together
from pidistill_code.verifier import CodeVerifier

HUMANEVAL = {
    "task_id": "T/1",
    "prompt": 'import math\n\ndef half(x):\n    return x / 2\n\ndef f(x):\n    """Add one."""\n',
    "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
    "test": "METADATA = {}\ndef check(candidate):\n    assert candidate(1) == 2, 'no'\n    assert True\n"
    "    for i in range(3):\n        assert candidate(i) == i + 1\n    n = 5\n    assert candidate(n) == 6\n",
}
MBPP = {
    "task_id": 602,
    "text": "Write a function to add one.",
    "code": "import sys\r\ndef f(x):\r\n  return x + 1",
    "test_list": "['assert f(1) == 2', 'assert f(2) == 3']",
    "test_setup_code": "",
}


def read(row: dict[str, Any]) -> Problem:
    return problem_of(DataRow(row, "file.jsonl", 7))


def test_asserts_stand_alone_and_statements_stay_together() -> None:
    problem = read(HUMANEVAL)
    tests = read_suite(problem).tests
    assert [type(test) for test in tests] == [AssertTest, RoomTest]  # `assert True` says nothing
    assert "for i in range(3)" in tests[1].text and "n = 5" in tests[1].text and "assert f(n) == 6" in tests[1].text
    assert tests[0].text == "assert f(1) == 2"
    assert problem.extra["preamble"] == "import math\n\ndef half(x):\n    return x / 2"


def test_a_check_without_a_call_has_no_test() -> None:
    assert list(check_tests("def check(candidate):\n    pass\n", "f")) == []
    assert read_suite(read({**HUMANEVAL, "test": "def check(c):\n    assert 1 == 1\n"})).tests == ()


def test_mbpp_shows_its_first_test_and_tells_no_reference() -> None:
    domain, problem = CodeDomain(), read(MBPP)
    (message,) = domain.prompt(problem)
    assert "assert f(1) == 2" in message.content and "assert f(2) == 3" not in message.content
    assert "return x + 1" not in message.content
    assert (problem.id, problem.split, problem.extra["entry_point"]) == ("MBPP/602", "train", "f")
    assert problem.reference == "import sys\ndef f(x):\n  return x + 1"


def test_imports_that_tests_share_with_the_reference_are_found() -> None:
    assert needed_imports(["assert f(1) == sys.maxsize"], "import sys\nimport os\ndef f(x): ...") == ["import sys"]


def packed(tests: list[dict[str, str]]) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


def livecode(kind: str, tests: list[dict[str, str]], private: str) -> dict[str, Any]:
    return {
        "question_id": "q1",
        "question_content": "Add the numbers.",
        "difficulty": "medium",
        "starter_code": "class Solution:\n    def add(self, a: int, b: int) -> int:" if kind == "functional" else "",
        "public_test_cases": json.dumps(tests),
        "private_test_cases": private,
        "metadata": json.dumps({"func_name": "add"}) if kind == "functional" else "{}",
    }


def test_livecode_programs_are_read_and_judged(verifier: CodeVerifier) -> None:
    public = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
    hidden = [{"input": "5 5\n", "output": "10\n", "testtype": "stdin"}]
    problem = read(livecode("stdin", public, packed(hidden)))
    assert [type(test) for test in read_suite(problem).tests] == [ScriptTest, ScriptTest]
    assert problem.level == 2
    assert verifier.verify(problem, "```python\nprint(sum(map(int, input().split())))\n```").passed
    verdict = verifier.verify(problem, "print(3)")
    assert (verdict.status, verdict.score) == ("FAIL", 0.5)
    assert "printed '3\\n'" in verdict.diagnostics


def test_livecode_methods_are_read_and_judged(verifier: CodeVerifier) -> None:
    public = [{"input": "1\n2", "output": "3", "testtype": "functional"}]
    problem = read(livecode("functional", public, json.dumps([{**public[0], "input": "[1]\n[2]", "output": "[1, 2]"}])))
    assert [type(test) for test in read_suite(problem).tests] == [DataTest, DataTest]
    right = "```python\nclass Solution:\n    def add(self, a: List[int], b):\n        return a + b\n```"
    assert verifier.verify(problem, right).passed
    assert not verifier.verify(problem, right.replace("a + b", "b + a")).passed


def test_a_pickle_that_names_anything_is_refused(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path}/made",)

    text = base64.b64encode(zlib.compress(pickle.dumps(Bomb()))).decode()
    with pytest.raises(DataError, match=r"row 7.*private_test_cases"):
        read(livecode("stdin", [], text))
    assert list(tmp_path.iterdir()) == []


def test_evalplus_rows_are_judged_by_the_reference(verifier: CodeVerifier) -> None:
    row = {**HUMANEVAL, "base_input": [[1]], "plus_input": [[-1], [10**20]]}
    problem = read(row)
    assert verifier.verify(problem, "    return x + 1").passed
    verdict = verifier.verify(problem, "    return x + 1 if x < 100 else x")
    assert (verdict.status, round(verdict.score, 2)) == ("FAIL", 0.67)
    assert "100000000000000000001" in verdict.diagnostics


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"a": 1}, "columns of no known kind"),
        ({**HUMANEVAL, "test": "def check(candidate:"}, "no Python"),
        ({**HUMANEVAL, "test": "x = 1"}, "check"),
        ({**HUMANEVAL, "prompt": ""}, "'prompt'"),
        ({**MBPP, "test_list": "['assert"}, "'test_list'"),
        ({**MBPP, "test_list": [1]}, "'test_list'"),
        ({**MBPP, "test_list": ["assert 1 == 1"]}, "call no function"),
        ({"prompt": "x", "tests": "assert"}, "'tests'"),
        ({"prompt": "x", "tests": []}, ""),
        (
            {
                **livecode("functional", [{"input": "1", "output": "2", "testtype": "functional"}], "[]"),
                "metadata": "{}",
            },
            "func_name",
        ),
        (livecode("stdin", [], "%%%"), "neither JSON nor packed"),
        *(
            (livecode("functional", [{"input": given, "output": answer, "testtype": "functional"}], "[]"), "infinite")
            for given, answer in (("1\n2", "Infinity"), ("1\n2", "[1, -Infinity]"), ("NaN\n2", "1"), ("1\n2", "1e999"))
        ),
        ({"prompt": "x", "entry_point": "f", "tests": [{"args": [1], "expected": float("inf")}]}, "infinite"),
        ({**HUMANEVAL, "plus_input": [[float("nan")]]}, "infinite"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(row: dict[str, Any], said: str) -> None:
    if not said:
        assert read(row).extra["tests"] == []
        return
    with pytest.raises(DataError, match="row 7") as raised:
        read(row)
    assert said in str(raised.value)


@pytest.mark.parametrize("raw", ["assert f(", {"stdin": 1}, {"args": 3}, 5, {"stdin": "a", "stdout": "b"}])
def test_a_test_of_no_known_form_names_the_problem(raw: Any) -> None:
    problem = Problem("p9", "code", "x", extra={"entry_point": "f", "tests": ["assert f(1) == 1", raw]})
    with pytest.raises(DataError, match="p9"):
        read_suite(problem)


@pytest.mark.parametrize("word", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_number_that_json_has_not_names_file_and_row(tmp_path: Path, word: str) -> None:
    fine = json.dumps({"prompt": "x", "entry_point": "f", "tests": [{"args": [1], "expected": 1e308}]})
    (tmp_path / "a.jsonl").write_text(f"{fine}\n{fine.replace('1e+308', word)}\n")
    with pytest.raises(DataError, match=r"a\.jsonl, row 2: .*infinite"):
        list(CodeDomain().problems(DataSource(path=tmp_path / "a.jsonl")))
    (tmp_path / "more.jsonl").write_text(f'{{"task_id": "t", "inputs": [[{word}]]}}\n')
    with pytest.raises(DataError, match=r"more\.jsonl, row 1: .*infinite"):
        read_inputs(tmp_path / "more.jsonl")


def test_a_test_that_is_python_may_expect_infinity(verifier: CodeVerifier) -> None:
    problem = read({"prompt": "x", "entry_point": "f", "tests": ["assert f(1) == float('inf')"]})
    assert verifier.verify(problem, "def f(n):\n    return float('inf') * n").passed
    assert not verifier.verify(problem, "def f(n):\n    return 1e308").passed


TIED = [
    (["s = f()", "s.push(1)", "assert s.pop() == 1"], [3]),
    (["s = f()\nassert s.size() == 0", "s.push(1)", "assert s.size() == 1", "assert f().size() == 0"], [3, 1]),
    (["assert f(0) == 0", "a = f(1)", "assert f(2) == 2", "assert a == 1", "assert f(3) == 3"], [1, 3, 1]),
    (["x = f(1)\nassert x == 1", "x = f(2)\nassert x == 2"], [1, 1]),
    (["x = 1", "assert f(x) == 1", "x = 2", "assert f(x) == 2"], [2, 2]),
    (["x = 1", "x += 1", "assert f(x) == 2"], [3]),
    (["import math", "assert f(1) == math.floor(1.5)"], [2]),
    (["def check(c):\n    assert c(limit) == 9", "limit = 9", "check(f)"], [3]),
    (["input = 3", "assert f(input) == 3"], [2]),
    (["sum = f(3)\nassert sum == 3", "assert f(sum([1, 2])) == 3"], [1, 1]),
    (["f = f", "assert f(1) == 1"], [1, 1]),
    (["helper = 1", "assert f(helper) == 1"], [1, 1]),
    (["x = (", "assert f(x) == 1"], [1, 1]),
    (["x = 1", {"args": [1], "expected": 1}, "assert f(x) == 1"], [2]),
]


@pytest.mark.parametrize(("tests", "sizes"), TIED, ids=[str(tests[0])[:20] for tests, _ in TIED])
def test_entries_that_share_names_are_one_test_and_others_stand_alone(tests: list[Any], sizes: list[int]) -> None:
    found = together(tests, "f", ["", "def helper(): ..."])
    texts = iter([test for test in tests if isinstance(test, str)])
    assert [one for one in found if isinstance(one, str)] == ["\n".join(islice(texts, size)) for size in sizes]


def test_entries_that_share_names_see_each_other(verifier: CodeVerifier) -> None:
    row = {"prompt": "x", "entry_point": "f", "tests": ["s = f()", "s.push(1)", "s.push(2)", "assert s.pop() == 2"]}
    right = "class f:\n    def __init__(self): self.d = []\n    def push(self, x): self.d.append(x)\n"
    right += "    def pop(self): return self.d.pop()\n"
    for problem in (read(row), read({**row, "reference": right})):
        assert verifier.verify(problem, right).passed
        assert not verifier.verify(problem, right.replace("pop()\n", "pop(0)\n")).passed
        assert not verifier.verify(problem, f"{right}    s = 1\n".replace("append(x)", "clear()")).passed


def test_a_preamble_that_is_no_python_names_the_problem() -> None:
    problem = Problem("p9", "code", "x", extra={"entry_point": "f", "tests": ["assert f(1) == 1"], "preamble": "def ("})
    with pytest.raises(DataError, match=r"p9.*preamble"):
        read_suite(problem)


def test_files_of_every_kind_read_alike(tmp_path: Path) -> None:
    rows = [{**MBPP, "task_id": n} for n in (602, 12)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    domain = CodeDomain()

    def read_file(name: str, split: str = "", limit: int | None = None) -> list[str]:
        return [p.id for p in domain.problems(DataSource(path=tmp_path / name, split=split, limit=limit))]

    for name in ("a.jsonl", "a.json", "a.jsonl.gz"):
        assert read_file(name) == ["MBPP/602", "MBPP/12"]
        assert read_file(name, "test") == ["MBPP/12"]
        assert read_file(name, limit=1) == ["MBPP/602"]


def test_broken_files_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(json.dumps(MBPP) + "\n{\n")
    (tmp_path / "c.jsonl").write_text(json.dumps(MBPP) + "\n" + json.dumps(MBPP))
    (tmp_path / "d.json").write_text('{"a": 1}')
    for name, said in (
        ("b.jsonl", "line 2"),
        ("c.jsonl", "that of row 1"),
        ("d.json", "a list"),
        ("e.jsonl", "No file"),
    ):
        with pytest.raises(DataError, match=said):
            list(CodeDomain().problems(DataSource(path=tmp_path / name)))
    with pytest.raises(DataError, match="Did you mean 'humaneval'"):
        CodeDomain().problems(DataSource(dataset="humanevl"))
