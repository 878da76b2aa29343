"""Test code that is given all answers beforehand says what it says beside the candidate's program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pidistill.records import Problem
from pidistill.sandbox import Limits, Session
from pidistill_code.judging.judge import Judge, Run
from pidistill_code.judging.live import served_text
from pidistill_code.suites.suite import RoomTest, Suite, read_suite
from pidistill_sandboxes.process import ProcessSandbox

LIMITS = Limits(call_s=0.1, program_s=3.0)
"""Own seconds, which no busy machine takes away; the programs that loop have all of them, some forty times."""
TESTS = {
    "a loop": "for n in range(5):\n    assert f(n) == [n]",
    "with a message": "for n in range(5):\n    assert f(n) == [n], f'no: {f(n)}'",
    "forgives": "for n in range(5):\n    try:\n        assert f(n) == [n]\n    except Exception:\n        assert n < 3",
    "forgives all": "for n in range(5):\n    try:\n        assert f(n) == [n]\n    except:\n        pass",
    "looks at types": "for n in range(5):\n    answer = f(n)\n    assert type(answer) is list, type(answer).__name__",
    "asks more of the wrong": "for n in range(3):\n    assert f(n) == [n] or f(7) == [7]",
    "more of nothing": "for n in range(5):\n    x = f(n)\n    if x is None:\n        x = f(9)\n    assert x == [n]",
    "oddly of nothing": "for n in range(5):\n    x = f(n)\n    if x is None:\n        f(object())\n    assert x == [n]",
    "leaves": "for n in range(5):\n    if f(n) is None:\n        raise SystemExit\n    assert f(n)",
    "numbers": "import random\nfor n in range(5):\n    random.random()\n    assert f(n)[0] < n + random.random()",
}
PROGRAMS = {
    "right": "def f(n): return [n]",
    "nothing": "def f(n): return None",
    "wrong once": "def f(n): return [n + (n == 2)]",
    "raises": "def f(n): raise KeyError(n)",
    "raises once": "def f(n):\n    if n == 3: raise ValueError('odd')\n    return [n]",
    "raises its own": "class Own(Exception): pass\ndef f(n): raise Own('mine')",
    "an object": "class A: pass\ndef f(n): return A() if n == 1 else [n]",
    "a subclass": "class L(list): pass\ndef f(n): return L([n])",
    "nan": "def f(n): return [float('nan')]",
    "deep": "def f(n):\n    x = n\n    for _ in range(98): x = [x]\n    return x",
    "deeper": "def f(n):\n    x = n\n    for _ in range(200): x = [x]\n    return x",
    "remembers": "n = 0\ndef f(_):\n    global n\n    n += 1\n    return [n - 1]",
    "leaves": "import os\ndef f(n):\n    if n == 2: os._exit(0)\n    return [n]",
    "wrong, then leaves": "import os\ndef f(n):\n    if n == 2: os._exit(0)\n    return [n + 1]",
    "loops": "def f(n):\n    while n == 2: pass\n    return [n]",
    "wrong, then loops": "def f(n):\n    while n == 2: pass\n    return n",
    "changes its argument": "def f(n):\n    f.__defaults__ = (n,)\n    return [n, n]",
    "does not load": "def f(n): return [n]\n1 / 0",
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with ProcessSandbox().open() as session, ProcessSandbox().open() as room:
        yield Judge(session, lambda: room)


def suite_of(judge: Judge, test: str) -> Suite:
    problem = Problem("p", "code", "def f(n):\n", extra={"entry_point": "f", "tests": [test, "assert f(1) == [1]"]})
    return judge.resolve(read_suite(problem), "def f(n): return [n]", LIMITS)


def beside(suite: Suite) -> Suite:
    """The same, as if its test code made its calls of answers."""
    tests = tuple(replace(test, independent=False) if isinstance(test, RoomTest) else test for test in suite.tests)
    return replace(suite, tests=tests)


def said(run: Run) -> object:
    return [result.passed for result in run.results], run.total, run.end, run.outcome.tampering != ""


@pytest.mark.parametrize("name", TESTS)
def test_it_says_the_same_of_every_program(judge: Judge, name: str) -> None:
    suite = suite_of(judge, TESTS[name])
    for program in PROGRAMS.values():
        assert said(judge.run(suite, program, LIMITS)) == said(judge.run(beside(suite), program, LIMITS)), program


def test_nothing_runs_twice_where_calls_are_independent_and_answers_of_a_size(judge: Judge) -> None:
    suite, started = suite_of(judge, TESTS["a loop"]), []

    class Counting(Session):
        def start(self, source, limits=LIMITS, stdin=None):  # type: ignore[no-untyped-def]
            started.append("step by step")
            return judge.session.start(source, limits, stdin)

        def run(self, source, calls, limits=LIMITS):  # type: ignore[no-untyped-def]
            started.append("at once")
            return judge.session.run(source, calls, limits)

        def close(self) -> None:
            raise AssertionError("it is not ours")

    session = Counting()
    served_text(session)  # what programs are served by, which is compiled once
    assert started == ["at once"]
    served_text(session)
    assert started.pop() == "at once" and not started
    counting = Judge(session, judge.room)
    assert counting.run(suite, PROGRAMS["wrong once"], LIMITS).passed == 1
    assert started == ["at once"]
    counting.run(beside(suite), PROGRAMS["wrong once"], LIMITS)
    assert started[1:] == ["at once", "step by step"]
    assert counting.run(suite, "def f(n): return ['x' * 6_000_000]", LIMITS).passed == 0
    assert started[3:] == ["at once", "step by step"]  # 30 MB are not told at once
