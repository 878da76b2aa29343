"""Tests that cannot judge are found before anybody is judged by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pidistill.contracts import DataSource, Sandbox
from pidistill.records import JSON, Problem, Status
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeOptions, CodeVerifier

RIGHT = "def f(xs):\n    return sorted(xs)\n"


def problem(*tests: JSON, reference: str | None = RIGHT) -> Problem:
    return Problem("p", "code", "f(xs): a sorted copy", reference, extra={"entry_point": "f", "tests": list(tests)})


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        (["assert f([2, 1]) == [2, 1]"], "the reference does not pass: test 1 of 1: got [1, 2]"),
        (["for x in (1, 2):\n    f([x])"], "returns None"),
        (["try:\n    f([1, 'a'])\nexcept TypeError:\n    pass\nelse:\n    assert f([2, 1]) == [1, 2]"], ""),
        (["try:\n    f([1, 'a'])\nexcept (TypeError, ValueError):\n    pass\nelse:\n    assert False"], "raises"),
        (["for xs in ([1], [1, 2]):\n    assert f(xs) == xs"], "returns its argument"),
        (["assert f([1]) == [1]", "assert f([1, 2]) == [1, 2]"], ""),
        (["import io\nassert f([2, 1]) is not None"], "returns an object"),
        (["assert f([2, 1]) == [1, 2]", "for x in (1, 2):\n    f([x])"], ""),
        (["def test_it():\n    assert f([2, 1]) == [1, 2]"], ""),
    ],
)  # fmt: skip
def test_a_problem_is_judged_only_by_tests_that_can_tell(verifier: CodeVerifier, tests: list[JSON], said: str) -> None:
    verdicts = [verifier.verify(problem(*tests), text) for text in (RIGHT, "def f(xs):\n    return 5\n", RIGHT)]
    if said:
        assert {verdict.status for verdict in verdicts} == {Status.ABSTAIN}
        assert all(said in verdict.reason for verdict in verdicts)
    else:
        assert [verdict.status for verdict in verdicts] == [Status.PASS, Status.FAIL, Status.PASS]


def test_without_a_reference_what_a_stub_does_may_be_what_is_asked_for(verifier: CodeVerifier) -> None:
    asked = problem("try:\n    f([1])\nexcept ValueError:\n    pass\nelse:\n    assert False", reference=None)
    assert verifier.verify(asked, "def f(xs):\n    raise ValueError\n").passed
    assert verifier.verify(asked, "def f(xs):\n    return xs\n").status is Status.FAIL


def test_a_program_is_asked_for_something_to_print(verifier: CodeVerifier) -> None:
    nothing = Problem("s", "code", "p", extra={"kind": "script", "tests": [{"stdin": "1", "stdout": "\n"}]})
    assert verifier.verify(nothing, "pass\n").status is Status.ABSTAIN
    both: list[JSON] = [{"stdin": "1", "stdout": "\n"}, {"stdin": "2", "stdout": "2\n"}]
    some = replace(nothing, extra={"kind": "script", "tests": both})
    assert verifier.verify(some, "n = int(input())\nif n > 1:\n    print(n)\n").passed


@pytest.mark.parametrize("name", ["HumanEval.jsonl.gz", "mbpp.jsonl", "sanitized-mbpp.json"])
def test_no_problem_of_the_benchmarks_is_refused(verifier: CodeVerifier, shared_data: Path, name: str) -> None:
    """Where a wrong program is judged first, so that each reference has to be run for the gate."""
    found = [
        (one.id, verdict.reason)
        for one in CodeDomain().problems(DataSource(path=shared_data / name))
        if (verdict := verifier.verify(one, f"def {one.extra['entry_point']}(*_):\n    return object()\n")).status
        is not Status.FAIL
    ]
    assert found == []


@pytest.fixture(scope="module")
def alone(sandbox: Sandbox) -> Iterator[CodeVerifier]:
    """A verifier that is told nothing of what others know."""
    verifier = CodeVerifier(CodeOptions(), sandbox)
    yield verifier
    verifier.close()


LIVE = "class Own(list): pass\nxs = Own([2, 1])\nassert f(xs) == [1, 2] and xs == [2, 1]"
"""Runs beside the program, for it hands over an object of its own."""


@pytest.mark.parametrize(
    ("tests", "status"),
    [
        (["for n in (1, 2):\n    assert f([n, 0]) == [0, n]"], Status.PASS),
        ([LIVE], Status.PASS),
        (["for x in (1, 2):\n    f([x])"], Status.ABSTAIN),
        (["import io\nassert f([2, 1]) is not None"], Status.ABSTAIN),
        (["for n in (1, 2):\n    assert f([n, 0]) == [n, 0, 5]"], Status.ABSTAIN),
        ([f"{LIVE} == [0]"], Status.ABSTAIN),
    ],
)
def test_each_sandbox_finds_by_itself_which_tests_can_tell(
    alone: CodeVerifier, tests: list[JSON], status: Status
) -> None:
    wrong = alone.verify(problem(*tests), "def f(xs):\n    return 5\n")
    assert wrong.status is (Status.FAIL if status is Status.PASS else status)
    assert alone.verify(problem(*tests), "def f(xs):\n    return sorted(list(xs))\n").status is status
