"""A program uses what tests hand to it and reaches nothing behind it, and ends no loop or test of theirs by raising."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pidistill.authoring.data import DataRow
from pidistill.records import Status
from pidistill_code.rows import problem_of
from pidistill_code.verifier import CodeVerifier


def judged(
    verifier: CodeVerifier, program: str, tests: list[str], reference: str | None = None, name: str = "f"
) -> tuple[Status, str]:
    row: Mapping[str, object] = {"id": "p", "prompt": "Write it.", "entry_point": name, "tests": tests}
    problem = problem_of(DataRow({**row, **({"reference": reference} if reference else {})}, "test", 1))  # type: ignore[dict-item]
    verdict = verifier.verify(problem, f"```python\n{program}\n```")
    return verdict.status, verdict.reason + verdict.diagnostics


PEER = """
import builtins, sys
def f(*args):
    if 'pidistill_code.inside.served' not in sys.modules:
        return object()
    peer = builtins.input.__closure__[0].cell_contents
    ask = peer.request
    SPOIL = "import sys; sys.modules['pidistill_code.inside.runner'].said = lambda e: ''"
    {}
    return 1 / 0
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "ask('method', builtins, 'exec', [SPOIL, {}], {})",
        "ask('call', ask('get', builtins, 'exec'), [SPOIL, {}], {})",
        "ask('method', object, '__subclasses__', [], {})",
        "ask('method', str, 'format', ['{0.__globals__}', args[-1]], {})",
        "ask('method', '{0.__globals__}', 'format', [args[-1]], {})",
        "ask('get', ask('get', sys, 'modules')['pidistill_code.inside.runner'], 'said')",
        "ask('set', sys, 'argv', [])",
        "import subprocess; ask('call', subprocess.Popen, [['true']], {})",
        "import types; ask('op', types.FunctionType, '__call__', [1])",
        "ask('names', ['x'])",
        "ask('_check', 1)",
        "while True: ask('method', builtins, 'abs', [1], {})",
    ],
)
def test_a_request_about_what_was_not_handed_over_fails_the_test(verifier: CodeVerifier, attempt: str) -> None:
    status, _ = judged(verifier, PEER.format(attempt), ["assert f(2, lambda x: x) == 4"])
    assert status not in (Status.PASS, Status.ERROR)


@pytest.mark.parametrize(
    "attempt",
    ["g.__globals__['expected']", "g.__closure__[0].cell_contents", "g.__code__.co_consts[1]", "g.__defaults__[0]",
     "g.__call__.__self__.__globals__['expected']", "g.__class__.__init__.__globals__['expected']",
     "g.__getattribute__('__globals__')['expected']", "g.__builtins__['exec']", "g.__reduce__()[0]"],
)  # fmt: skip
def test_a_callback_tells_nothing_of_the_tests(verifier: CodeVerifier, attempt: str) -> None:
    tests = ["xs = [1]\nexpected = [2]\ndef make(e):\n    return lambda x, d=expected: (x * 2, e)[0]\n"
             "assert f(make(expected), xs) == expected"]  # fmt: skip
    status, _ = judged(verifier, f"def f(g, xs):\n    return {attempt}", tests)
    assert status is Status.FAIL


def test_a_generator_of_the_tests_tells_nothing_of_its_frame(verifier: CodeVerifier) -> None:
    tests = ["expected = 6\ndef g():\n    yield from (1, 2, 3)\nassert f(g()) == expected"]
    status, _ = judged(verifier, "def f(g):\n    return g.gi_frame.f_globals['expected']", tests)
    assert status is Status.FAIL
    assert judged(verifier, "def f(g):\n    return sum(g)", tests)[0] is Status.PASS


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("def f(g, x):\n    return g(x)", "assert f(lambda x: x + 1, 2) == 3"),
        ("def f(g):\n    return g.__name__", "def named(): pass\nassert f(named) == 'named'"),
        ("import functools\ndef f(g):\n    @functools.wraps(g)\n    def h(*a):\n        h.n += 1\n"
         "        return g(*a)\n    h.n = 0\n    return h",
         "def g(x):\n    return x\nh = f(g)\nassert h(3) == 3 and h.n == 1"),
        ("def f(n):\n    n.value += 1\n    return n.next.value",
         "class N:\n    def __init__(self, v, n=None):\n        self.value, self.next = v, n\n"
         "n = N(1, N(2))\nassert f(n) == 2 and n.value == 2"),
        ("def f(c):\n    return c(3).x",
         "class C:\n    def __init__(self, x):\n        self.x = x\nassert f(C) == 3"),
        ("def f(m):\n    return m(1)", "from unittest.mock import Mock\nm = Mock(return_value=7)\nassert f(m) == 7\n"
         "m.assert_called_once_with(1)"),
        ("def f(o):\n    return o.twice(4)",
         "class O:\n    def twice(self, n):\n        return 2 * n\nassert f(O()) == 8"),
        ("def f(m):\n    return m(4)",
         "class O:\n    def twice(self, n):\n        return 2 * n\nassert f(O().twice) == 8"),
        ("def f(m):\n    return m(1)",
         "from collections import Counter\nassert f(Counter('aab').most_common) == [('a', 2)]"),
        ("def f(m):\n    m(4)", "out = []\nf(out.append)\nassert out == [4]"),
        ("def f(o):\n    with o as x:\n        return x", "import contextlib\n@contextlib.contextmanager\ndef c():\n"
         "    yield 5\nassert f(c()) == 5"),
    ],
)  # fmt: skip
def test_what_tests_hand_over_can_be_used(verifier: CodeVerifier, program: str, test: str) -> None:
    status, why = judged(verifier, program, [test])
    assert status is Status.PASS, why


LOOPS = [
    "assert all(map(f, [1, 2]))",
    "assert all(a == b for a, b in zip(map(f, [1, 2]), [1, 4]))",
    "for a, b in zip(map(f, [1, 2, 3]), [1, 4, 9]):\n    assert a == b",
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 1)\n"
    "    def test_b(self):\n        self.assertEqual(f(2), 4)",
    "import unittest\nclass T(unittest.TestCase):\n    def test_b(self):\n        self.assertEqual(f(2), 4)\n"
    "unittest.main()",
]


@pytest.mark.parametrize("test", LOOPS)
@pytest.mark.parametrize(
    "error",
    ["StopIteration", "StopAsyncIteration", "GeneratorExit", "KeyboardInterrupt", "SystemExit(0)",
     "__import__('unittest').SkipTest('x')", "__import__('unittest').case._ShouldStop()",
     "type('Mine', (StopIteration, KeyError), {})()", "type('Mine', (__import__('unittest').SkipTest,), {})()"],
)  # fmt: skip
def test_no_exception_ends_a_loop_or_skips_a_test(verifier: CodeVerifier, error: str, test: str) -> None:
    program = f"def f(n):\n    if n == 1: return 1\n    raise {error}"
    for reference in (None, "def f(n):\n    return n * n"):
        assert judged(verifier, program, [test], reference)[0] is not Status.PASS


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("def f(n):\n    raise SystemExit(n)",
         "try:\n    f(3)\nexcept SystemExit as end:\n    assert end.code == 3\nelse:\n    assert False"),
        ("def f(n):\n    yield from range(n)", "assert list(map(str, f(3))) == ['0', '1', '2']"),
        ("class f:\n    def __init__(self, n):\n        self.n = n\n    def __iter__(self):\n        return self\n"
         "    def __next__(self):\n        if not self.n: raise StopIteration\n        self.n -= 1\n"
         "        return self.n",
         "it = f(2)\nassert next(it) == 1\nassert list(it) == [0]"),
        ("def f(n):\n    x = yield n\n    return x",
         "g = f(1)\nassert next(g) == 1\ntry:\n    g.send(5)\nexcept StopIteration as e:\n    assert e.value == 5"),
    ],
)  # fmt: skip
def test_exceptions_that_tests_are_about_reach_them(verifier: CodeVerifier, program: str, test: str) -> None:
    status, why = judged(verifier, program, [test])
    assert status is Status.PASS, why


LIARS = [
    "__eq__ = lambda s, o: type(o) is not str\n    __hash__ = None",
    "__eq__ = lambda s, o: type(o) is int",
    "__sub__ = __rsub__ = __mod__ = lambda s, o: 0",
    "__lt__ = __gt__ = __le__ = __ge__ = lambda s, o: True",
    "__contains__ = lambda s, o: True",
    "__float__ = lambda s: 4.0",
    "__index__ = __int__ = lambda s: 4",
    "__abs__ = lambda s: 0",
    "startswith = endswith = issubset = lambda s, *o: True",
]
ASKS = ["assert f(2) == 4", "assert not f(2) != 4", "assert abs(f(2) - 4) < 1", "assert 3 <= f(2) <= 5",
        "assert 4 in f(2)",
        "assert f(2) in [4]", "assert f(2) % 2 == 0", "assert abs(float(f(2)) - 4) < 1 and f(2) == 4",
        "assert [1, 2, 3, 4, 5][f(2)] == 5",
        "assert abs(f(2)) < 1", "assert f(2).startswith('x')", "assert f('ab').issubset({1})",
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertAlmostEqual(f(2), 4)",
        "import math\nassert math.isclose(f(2), 4)"]  # fmt: skip


@pytest.mark.parametrize("body", LIARS)
@pytest.mark.parametrize(
    "how", ["class f:\n    def __init__(s, n): pass\n    {}", "class L:\n    {}\ndef f(n):\n    return L()"]
)
def test_an_object_has_no_say_about_data(verifier: CodeVerifier, body: str, how: str) -> None:
    for reference in (None, "def f(n):\n    return n * n"):
        for test in ASKS:
            status, why = judged(verifier, how.format(body), [test], reference)
            assert status in (Status.FAIL, Status.ABSTAIN), (test, why)


STACK = (
    "class Stack:\n    def __init__(s): s.a = []\n    def push(s, x): s.a.append(x)\n    def pop(s): return s.a.pop()"
)


@pytest.mark.parametrize("reference", [None, STACK])
def test_a_class_that_is_asked_for_has_no_say_where_nobody_asked(verifier: CodeVerifier, reference: str | None) -> None:
    tests = ["s = Stack()\ns.push(1)\nassert s.pop() == 1"]
    liar = "class Stack:\n    def push(s, x): pass\n    def pop(s): return s\n"
    liar += "    def __eq__(s, o): return isinstance(o, int)"
    assert judged(verifier, liar, tests, reference, "Stack")[0] is Status.FAIL
    assert judged(verifier, STACK, tests, reference, "Stack")[0] is Status.PASS


VECTOR = """
class V:
    def __init__(s, *xs): s.xs = xs
    def __eq__(s, o): return s.xs == (o.xs if isinstance(o, V) else tuple(o))
    def __hash__(s): return hash(s.xs)
    def __mul__(s, k): return V(*[x * k for x in s.xs]) if type(k) is int else sum(x * y for x, y in zip(s.xs, k.xs))
    __rmul__ = __mul__
    def __contains__(s, x): return x in s.xs
    def __lt__(s, o): return sum(s.xs) < (o if type(o) is int else sum(o.xs))
    def __len__(s): return len(s.xs)
    def __abs__(s): return sum(x * x for x in s.xs) ** .5
    def __float__(s): return float(abs(s))
"""


@pytest.mark.parametrize(
    "test",
    ["assert V(1, 2) == V(1, 2) and V(1) != V(2)", "assert V(1, 2) * 2 == V(2, 4) == 2 * V(1, 2)",
     "assert V(1, 2) * V(3, 4) == 11",
     "assert 2 in V(1, 2) and 3 not in V(1)", "assert V(1) < V(2)", "assert len(V(1, 2)) == 2 and abs(V(3, 4)) == 5"],
)  # fmt: skip
def test_operators_of_a_class_that_is_asked_for_are_its_own(verifier: CodeVerifier, test: str) -> None:
    for reference in (VECTOR, None):
        status, why = judged(verifier, VECTOR, [test], reference, "V")
        assert status is Status.PASS, why


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("class Stack(list):\n    push = list.append",
         "s = Stack()\ns.push(1)\nassert s == [1] and 1 in s and s + [2] == [1, 2]"),
        ("class Stack(int):\n    pass", "assert Stack(5) == 5 and Stack(3) + 1 == 4 and Stack(1) < 2"),
        ("from collections import namedtuple\nStack = namedtuple('Stack', 'x y')", "assert Stack(1, 2) == (1, 2)"),
        ("from enum import IntEnum\nclass Stack(IntEnum):\n    A = 1", "assert Stack.A == 1"),
        ("from dataclasses import dataclass\n@dataclass(order=True)\nclass Stack:\n    x: int",
         "assert Stack(1) == Stack(1) < Stack(2)"),
    ],
)  # fmt: skip
def test_a_subclass_of_plain_data_compares_as_its_content(verifier: CodeVerifier, program: str, test: str) -> None:
    status, why = judged(verifier, program, [test], program, "Stack")
    assert status is Status.PASS, why
