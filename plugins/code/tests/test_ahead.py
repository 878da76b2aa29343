"""Which tests' calls are sent together, what a program gains from reading them, and where the reference runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from pidistill.contracts import Sandbox
from pidistill.records import JSON, Problem, Status
from pidistill.sandbox import Call, Limits, Session
from pidistill_code.judging.judge import Judge
from pidistill_code.suites.suite import RoomTest, read_suite
from pidistill_code.verifier import CodeOptions, CodeVerifier
from pidistill_sandboxes.messages import Sent
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.session import WarmProgram


def problem(*tests: JSON, reference: str | None = None) -> Problem:
    return Problem("p", "code", "def f(n):\n", reference, extra={"entry_point": "f", "tests": list(tests)})


@pytest.mark.parametrize(
    ("tests", "waits"),
    [
        (["assert f(1) == 10", "assert f(2) == 20"], [False, False]),
        (["assert f(2) == 3", "assert f(3) == 5"], [False, True]),
        (["assert f(2) == 3", "assert f(4) == 7", "assert f(3) == 5", "assert f(7) == 9"], [False, False, True, False]),
        (["assert f(3) == 5", "assert f(2) == 3"], [False, False]),
        (["assert f([1]) == (2, 3)", "assert f([2, 3]) == 9"], [False, True]),
        (["assert f(1, k=0) == {2: 3}", "assert f(0, k={2: 3}) == 9"], [False, True]),
        (["assert abs(f(1) - 2.5) < 1e-6", "assert f(2.5) == 9"], [False, True]),
        (["assert f([5]) == {'next': [7]}", "assert f([7]) == {'next': [11]}"], [False, True]),
        (["assert f(47) == (4, 7)", "assert f(4) == (0, 4)"], [False, True]),
        (["assert str(f(2)) == '4'", "assert f(4) == 16"], [False, True]),
        (["assert f(2) == 'on'", "assert f('one') == 3"], [False, True]),
        (["assert f(2) == 'once'", "assert f('on') == 3"], [False, True]),
        (["assert f(lambda x: x > 7, 3) == 8", "assert f(lambda x: x > 8, 8) == 9"], [False, True]),
        (["assert f(2) == 5", "assert f('5 apples') == 3"], [False, True]),
        (["assert f(2) == 2.0", "assert f([[2]]) == 3"], [False, True]),
        (["assert f(1) is True", "assert f(1) == 9"], [False, True]),
        ([{"args": [1], "expected": 2}, {"args": [5], "expected": 6}], [False, False]),
        ([{"args": [1], "expected": [2]}, {"args": [[2]], "expected": 6}], [False, True]),
    ],
)
def test_a_call_waits_where_an_argument_is_what_a_test_expects_of_a_call_it_would_be_sent_with(
    tests: list[JSON], waits: list[bool]
) -> None:
    assert [call.waits for call in read_suite(problem(*tests)).sent] == waits


@pytest.mark.parametrize(
    ("test", "independent"),
    [
        ("for n in range(3):\n    assert f(n) == n + 7", True),
        ("for n in range(3):\n    answer = f(n)\n    assert answer == n + 7", True),
        ("for n in range(3):\n    assert sorted([f(n), 0]) == [0, n + 7]", True),
        ("import random\nfor _ in range(9):\n    n = random.random()\n    assert f(n) == n + 7", True),
        ("for n in range(3):\n    if n != 1:\n        assert f(n) == n + 7", True),
        ("for n in range(3):\n    assert f(f(n)) == n + 14", False),
        ("n = 0\nfor _ in range(3):\n    n = f(n)\n    assert n", False),
        ("for n in range(3):\n    if f(n) == 8:\n        assert f(9) == 16", False),
        ("for n in range(3):\n    if str(f(n)) == '8':\n        assert f(9) == 16", False),
        ("for n in range(3):\n    if f(n) in {8}:\n        assert f(9) == 16", False),
        ("for n in range(3):\n    while not f(n):\n        pass\n    assert f(9) == 16", False),
        ("for n in range(3):\n    assert f(n) == n + 7 and f(n + 1)", False),
    ],
)
def test_test_code_whose_calls_are_made_of_answers_is_told_from_other_test_code(test: str, independent: bool) -> None:
    with ProcessSandbox().open() as session:
        suite = read_suite(problem(test))
        resolved = Judge(session, lambda: session).resolve(suite, "def f(n):\n    return n + 7\n", Limits())
    (found,) = resolved.tests
    assert isinstance(found, RoomTest)
    assert found.transcript
    assert found.independent is independent
    assert all(call.waits is not independent for call in resolved.sent)


def test_an_expected_answer_of_any_type_can_be_looked_for_among_arguments() -> None:
    with ProcessSandbox().open() as session:
        suite = read_suite(problem({"args": [1]}, {"args": [2]}))
        reference = "from collections import Counter\ndef f(n):\n    return Counter([n])\n"
        resolved = Judge(session, lambda: session).resolve(suite, reference, Limits())
    assert [call.waits for call in resolved.sent] == [False, False]


@pytest.mark.parametrize(
    "test",
    [
        "for n in range(2):\n    try:\n        assert f(n) == 7\n    except AssertionError:\n        f(n + 1)",
        "import time\nassert f(time.time_ns()) > 7",
        "with open('/dev/null') as file:\n    assert f(1) == 8",
        "import io\nassert f(1) == 8",
        "xs = [1]\nassert f(xs) is xs",
        "assert g(f(1)) == 8",
    ],
)
def test_test_code_that_may_look_at_more_than_values_is_not_judged_by_a_transcript(test: str) -> None:
    (found,) = read_suite(problem(test)).tests
    assert isinstance(found, RoomTest) and not found.recorded


def test_test_code_that_looks_at_its_arguments_afterwards_is_not_judged_by_a_transcript() -> None:
    tests = [
        "xs = [2, 1]\nassert f(xs) == [1, 2]\nassert xs == [2, 1]",
        "xs = [2, 1]\nfor _ in 'a':\n    assert f(xs) == [1, 2]",
    ]
    with ProcessSandbox().open() as session:
        resolved = Judge(session, lambda: session).resolve(
            read_suite(problem(*tests)), "def f(xs):\n    return sorted(xs)\n", Limits()
        )
    looking, plain = resolved.tests
    assert isinstance(looking, RoomTest) and looking.transcript is None
    assert isinstance(plain, RoomTest) and plain.transcript is not None


@pytest.mark.parametrize(
    "test", ["assert f(1) == 8 or f(1) == 2", "assert f(1) == 2 and f(2) == 3", "assert 1 < f(1) < f(2)"]
)
def test_calls_that_python_may_not_make_are_not_known_beforehand(test: str) -> None:
    assert read_suite(problem(test)).calls is None


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
    """It would learn everything from these tests, were their calls sent together."""
    with ProcessSandbox().open() as session:
        calls = [Call("f", (n,), waits=False) for n in PRIMES[:4]]
        assert session.run(READS_ON, calls).answers[0].value == 3
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

            def noting_run(requests: Sequence[Sent], script: bool = False) -> None:
                sources.extend(request.data.decode("utf-8", "replace") for request in requests)
                run(requests, script)

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
    candidates, room = ("\n".join(sources) for sources in sandbox.sources[:2])
    assert "# a candidate" in candidates
    assert "# the reference" in room
    assert not any(words in candidates for words in ("# the reference", "# of the tests"))
    assert "# a candidate" not in room
