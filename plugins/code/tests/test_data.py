"""Rows of each data set become problems whose tests say what the data says, and bad rows are named."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from pidistill.authoring.data import DataRow
from pidistill.contracts import DataSource
from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.rows import check_tests, needed_imports, problem_of
from pidistill_code.suite import AssertTest, DataTest, RoomTest, ScriptTest, read_suite
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
