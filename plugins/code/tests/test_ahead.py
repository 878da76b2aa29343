"""Which tests' calls may go ahead, what a program gains from reading them, and where the reference runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from pidistill.contracts import Sandbox
from pidistill.records import JSON, Problem, Status
from pidistill.sandbox import Call, Limits, Session
from pidistill_code.suite import read_suite
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.session import WarmProgram


def problem(*tests: JSON, reference: str | None = None) -> Problem:
    return Problem("p", "code", "def f(n):\n", reference, extra={"entry_point": "f", "tests": list(tests)})


@pytest.mark.parametrize(
    ("tests", "ahead"),
    [
        (["assert f(1) == 10", "assert f(2) == 20"], True),
        (["assert f(2) == 3", "assert f(3) == 5"], False),
        (["assert f(3) == 5", "assert f(2) == 3"], True),
        (["assert f([1]) == (2, 3)", "assert f([2, 3]) == 9"], False),
        (["assert f(1, k=0) == {2: 3}", "assert f(0, k={2: 3}) == 9"], False),
        (["assert abs(f(1) - 2.5) < 1e-6", "assert f(2.5) == 9"], False),
        (["assert f(1) == 8 or f(1) == 2", "assert f(2) == 9"], False),
        (["assert f(1) is True", "assert f(1) == 9"], False),
        (["assert f(f(1)) == 9"], False),
        (["assert f(1) == 9", "for n in [1]:\n    assert f(n) == 9"], False),
        ([{"args": [1], "expected": 2}, {"args": [5], "expected": 6}], True),
        ([{"args": [1], "expected": [2]}, {"args": [[2]], "expected": 6}], False),
    ],
)
def test_calls_go_ahead_only_where_no_later_argument_is_what_an_earlier_test_expects(
    tests: list[JSON], ahead: bool
) -> None:
    assert read_suite(problem(*tests)).ahead is ahead


READS_ON = """
import sys
def f(n):
    frame = sys._getframe()
    while "inbox" not in frame.f_locals:
        frame = frame.f_back
    ahead = [args[0] for _, args, _, _ in frame.f_locals["calls"]]
    return ahead[ahead.index(n) + 1] if n in ahead[:-1] else 11
"""
PRIMES = [2, 3, 5, 7, 11]


def test_a_program_that_reads_on_learns_nothing_that_it_is_asked(verifier: CodeVerifier) -> None:
    """It would learn everything from these tests, were their calls to go ahead."""
    with ProcessSandbox().open() as session:
        calls = [Call("f", (n,)) for n in PRIMES[:4]]
        assert session.run(READS_ON, calls, Limits(), ahead=True).answers[0].value == 3
    chain = problem(*(f"assert f({n}) == {after}" for n, after in pairwise(PRIMES)))
    verdict = verifier.verify(chain, READS_ON)
    assert (verdict.status, verdict.score) == (Status.FAIL, 0.25)


class WatchedSandbox(Sandbox):
    """The process sandbox, noting what each session is given to run."""

    name = "process"

    def __init__(self) -> None:
        self.sources: list[list[str]] = []

    def open(self) -> Session:
        session = ProcessSandbox().open()
        sources: list[str] = []
        self.sources.append(sources)
        prepare = session._prepare

        def noting(limits: Limits) -> WarmProgram:
            program = prepare(limits)
            load, run = program.load, program.run

            def noting_load(source: str, stdin: str | None) -> None:
                sources.append(source)
                load(source, stdin)

            def noting_run(source: str, stdin: str | None, calls: Sequence[object], ahead: bool) -> None:
                sources.append(source + repr(calls))
                run(source, stdin, calls, ahead)  # type: ignore[arg-type]

            program.load, program.run = noting_load, noting_run  # type: ignore[method-assign]
            return program

        session._prepare = noting  # type: ignore[method-assign]
        return session

    def self_check(self) -> dict[str, bool]:
        return {}


def test_the_reference_and_test_code_run_where_no_candidate_does() -> None:
    sandbox = WatchedSandbox()
    tests: list[JSON] = ["for n in range(9):\n    assert f(n) == n + 1  # of the tests", {"args": [4]}]
    verifier = CodeVerifier(CodeOptions(), sandbox)
    try:
        asked = problem(*tests, reference="def f(n):\n    return n + 1  # the reference\n")
        for body, status in (("return n + 1", Status.PASS), ("return n", Status.FAIL), ("return 1.0 + n", Status.PASS)):
            assert verifier.verify(asked, f"def f(n):\n    {body}  # a candidate\n").status is status
    finally:
        verifier.close()
    candidates, room = ("\n".join(sources) for sources in sandbox.sources)
    assert "# a candidate" in candidates
    assert "# the reference" in room
    assert not any(words in candidates for words in ("# the reference", "# of the tests"))
    assert "# a candidate" not in room
