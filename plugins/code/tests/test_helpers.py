"""What the last block needs of the others is taken from there, as if the blocks were cells of a notebook."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.helpers import with_helpers
from pidistill_code.lookups import looked_up_before_made
from pidistill_code.syntax import is_python, parse

STATEMENTS = [
    "a = 1", "a = 2", "b = a + 1", "a += 1", "a, b = 7, 8", "t = []", "t = [0]", "t.append(a)", "t += [b]",
    "for i in range(3):\n    t.append(i)", "t[0] = 9", "del t[0]", "if b:\n    a = 5", "import math",
    "try:\n    import heapq as h\nexcept ImportError:\n    h = None", "from math import *", "n = floor(2.5)",
    "class C:\n    v = 1", "C.v = a", "setattr(C, 'v', b)", "def g():\n    return a + len(t)", "def g():\n    return b",
    "def fill():\n    t.append(g())", "fill()", "def again():\n    global a\n    a = 11", "again()",
    "k = 1; t.append(k)",
    "d = {}", "def keep(f):\n    d[f.__name__] = f\n    return f", "@keep\ndef one():\n    return 1", "print(t)",
    "assert t", "with contextlib.suppress(Exception):\n    a = b = 6", "import contextlib", "t = [j for j in t]",
    "def g():\n    ...", "while len(t) < 3:\n    t.append(a)", "x: int = 4", "def get(y=a):\n    return y",
    "if __name__ == '__main__':\n    t.clear()", "u = t",
]  # fmt: skip
READ = {"a": "a", "b": "b", "t": "list(t)", "C": "C.v", "g": "g()", "h": "h.__name__", "d": "sorted(d)", "n": "n",
        "get": "get()", "x": "x", "math": "math.pi", "u": "u"}  # fmt: skip
CELLS = st.lists(st.lists(st.sampled_from(STATEMENTS), max_size=6).map("\n".join), max_size=4)


def run(code: str) -> object:
    """What `f` gives, or None where that, or what stands above it, raises."""
    space: dict[str, object] = {"__name__": "solution"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, space)
            return space["f"]()  # type: ignore[operator]
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        ImportError,
        LookupError,
        NameError,
        TypeError,
        ValueError,
    ):
        return None


@given(CELLS, st.lists(st.sampled_from(sorted(READ)), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_the_blocks_above_are_as_cells_of_a_notebook(cells: list[str], names: list[str]) -> None:
    last = f"def f():\n    return [{', '.join(READ[name] for name in names)}]\n"
    expected = run("\n".join([*cells, last]))
    if expected is not None and "def g():\n    ..." not in "\n".join(cells):
        assert run(with_helpers([*cells, last], len(cells), "f")) == expected


@given(CELLS, CELLS, st.sampled_from(sorted(READ)))
@settings(max_examples=200, deadline=None)
def test_what_the_last_block_makes_stays_as_it_makes_it(above: list[str], below: list[str], name: str) -> None:
    code = f"{name} = 'own'\n\n\ndef f():\n    return {name}\n"
    found = with_helpers([*above, code, *below], len(above), "f")
    assert found == code


@given(st.lists(st.text("abf()=:\n .@", max_size=30), min_size=1, max_size=4), st.data())
def test_of_any_blocks_python_stays_python(blocks: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(blocks) - 1))
    found = with_helpers(blocks, at, "f")
    assert blocks[at].strip() in found
    assert is_python(found) or not is_python(blocks[at])


ORDER = "def order(xs):\n    return hlp(xs)"
BLOCKS = {
    "above": ["def hlp(xs):\n    return sorted(xs)\nprint(hlp([1]))", ORDER],
    "below": [ORDER, "def hlp(xs):\n    return sorted(xs)\nprint(order([1]))"],
    "below, on top of the block": [ORDER, "hlp = lambda xs: base(xs)\ndef base(xs):\n    return sorted(xs)"],
    "above an unmarked block": ["def hlp(xs):\n    return sorted(xs)\nhlp(3)", ORDER, None, "hlp = 4"],
    "a stub below it": ["def hlp(xs):\n    return sorted(xs)\nhlp(3)", "def hlp(xs):\n    '''Sort.'''\n    ...", ORDER],
    "beside what is no Python": ["def hlp(xs):\n    return sorted(xs)\n\nprint hlp([1])", ORDER],
    "of a block that is cut off": ["def hlp(xs):\n    return sorted(xs)\nhlp(3)", f"{ORDER}\n\nprint(order([1"],
    "with an example that ends": ["def main():\n    print(hlp(int(input())))\nd = {}\n"
                                  "def hlp(xs):\n    d[0] = 1\n    return sorted(xs)\nmain()", ORDER],
}  # fmt: skip


@pytest.mark.parametrize("shape", BLOCKS)
def test_a_helper_is_found_wherever_it_stands(shape: str) -> None:
    text, mark = "", "python"
    for block in BLOCKS[shape]:
        if block is None:
            mark = ""
        else:
            text += f"```{mark}\n{block}\n```\n\nAnd:\n\n"
    text = text.removesuffix("\n```\n\nAnd:\n\n") if "cut off" in shape else text
    space: dict[str, object] = {}
    exec(str(extract(text, "order").code), space)
    assert space["order"]([2, 1]) == [1, 2]  # type: ignore[operator]


REBINDINGS = {
    "decorated by a call": ["from functools import lru_cache\n\nf = lru_cache(maxsize=None)(f)"],
    "by a wrapper of its own": ["def twice(g):\n    return lambda n: g(n)\n\nf = twice(f)\nprint(f(2))"],
    "under another name": ["old = f\n\ndef f(n):\n    return old(n)"],
    "under another name, above": ["old = f", "def f(n):\n    return old(n)"],
    "as a default": ["def f(n, old=f):\n    return old(n)"],
    "where one branch makes it": ["if 2 > 1:\n    f = (lambda g: lambda n: g(n))(f)"],
    "of a class": ["class A(A):\n    more = 1\n\ndef f(n):\n    return A.k * n + A.more - 1"],
    "in a loop": ["for _ in range(2):\n    A = type('A', (A,), {})\n\ndef f(n):\n    return A.k * n"],
    "in a class": ["class B(A):\n    k = k2 = A.k\n\nA = B\n\ndef f(n):\n    return A.k2 * n"],
}  # fmt: skip


@pytest.mark.parametrize("shape", REBINDINGS)
def test_what_is_made_anew_from_itself_is_needed_from_above(shape: str) -> None:
    first = "class A:\n    k = 2\n\ndef f(n):\n    return A.k * n\n\nprint(f(9))"
    blocks = [first, *REBINDINGS[shape]]
    space: dict[str, object] = {}
    exec(with_helpers(blocks, len(blocks) - 1, "f"), space)
    assert space["f"](3) == 6  # type: ignore[operator]


@pytest.mark.parametrize(
    "own",
    ["def f(n):\n    return f(n - 1) if n else g(n)\n\ndef g(n):\n    return n", "f = lambda n: n and f(n - 1)",
     "try:\n    f = max\nexcept NameError:\n    pass\ng = f", "[f for f in range(3)]\nf = 2", "import f\ng = f.f",
     "for f in []:\n    print(f)", "with open(0) as f:\n    g = f", "(f := 1) + f", "f: int\nf = 3",
     "class f:\n    h = 1", "match 3:\n    case [*f] | f:\n        print(f)", "g = f = 1"],
)  # fmt: skip
def test_what_is_looked_up_when_it_has_been_made_is_not(own: str) -> None:
    assert with_helpers(["def f(n):\n    return 2\n\ng = f", own], 1, "f") == own


def lacks(code: str) -> str | None:
    """The name that a statement of a module lacks when it runs, rather than a function that it calls."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, {"__name__": "solution"})
    except NameError as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        return error.name if len(frames) == 2 else None
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        pass
    return None


@given(st.lists(st.sampled_from(STATEMENTS), max_size=9))
@settings(max_examples=300, deadline=None)
def test_names_that_a_module_lacks_when_it_runs_are_looked_up_before(statements: list[str]) -> None:
    lacking = lacks("\n".join(statements))
    assert lacking is None or lacking in looked_up_before_made(parse("\n".join(statements)).body)


SETUPS = [
    "import sys\nsys.setrecursionlimit(10**5)",
    "import sys; sys.setrecursionlimit(max(sys.getrecursionlimit(), 10**5))",
    "from sys import setrecursionlimit\nsetrecursionlimit(100_000)",
]  # fmt: skip
DEEP = "def f(n):\n    return n and 1 + f(n - 1)"


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("above", [True, False], ids=["above", "below"])
def test_a_limit_is_set_for_the_program_wherever_it_stands(setup: str, above: bool) -> None:
    code = with_helpers([setup, DEEP] if above else [DEEP, setup], int(above), "f")
    limit = sys.getrecursionlimit()
    space: dict[str, object] = {}
    try:
        exec(code, space)
        assert space["f"](5000) == 5000  # type: ignore[operator]
    finally:
        sys.setrecursionlimit(limit)


def test_a_limit_is_set_with_all_names_of_its_module() -> None:
    setup = "from decimal import *\ngetcontext().prec = 28"
    assert with_helpers([setup, DEEP], 1, "f") == setup.replace("\n", "\n\n") + f"\n\n{DEEP}"
    assert with_helpers([DEEP, setup], 0, "f") == DEEP


@pytest.mark.parametrize(
    "shown",
    ["import sys\nsys.settrace(print)", "import sys\nsys.setrecursionlimit(f(3))", "sys.setrecursionlimit(9)", "f.x",
     "import sys\nsys.stdin = open('x')", "import os\nos.setuid(0)", "import sys\nsys.getrecursionlimit()",
     "from decimal import getcontext\ngetcontext().prec = n",
     "from decimal import getcontext\nprint(getcontext().prec)",
     "def init():\n    global m\n    m = 1\ninit()", "import sys\nassert sys.setrecursionlimit(9)", "setup()",
     "x = f\nx.calls = 0", "f.calls = other.calls"],
)  # fmt: skip
@pytest.mark.parametrize("at", [0, 1])
def test_what_sets_no_limit_is_not_taken(shown: str, at: int) -> None:
    blocks = [shown, shown]
    blocks.insert(at, DEEP)
    assert with_helpers(blocks, at, "f") == DEEP


def test_a_limit_that_is_part_of_an_example_below_is_not_taken() -> None:
    assert with_helpers([DEEP, "import sys\nsys.setrecursionlimit(50)\nf(100)"], 0, "f") == DEEP


def test_a_module_of_the_block_s_own_is_imported_in_time() -> None:
    code = with_helpers(["import decimal\ndecimal.getcontext().prec = 28", f"{DEEP}\n\nimport decimal"], 1, "f")
    exec(code, {})
    assert code.startswith("import decimal\n\ndecimal.getcontext().prec = 28\n\ndef f")


@pytest.mark.parametrize(
    "blocks",
    [["def init():\n    global t\n    t = [i * 2 for i in range(9)]\n\ninit()", "def f(n):\n    return t[n]"],
     ["def init(k):\n    global t\n    t = [i * k for i in range(9)]", "init(2)", "def f(n):\n    return t[n]"],
     ["def init():\n    global t, u\n    u = 2\n    t = [i * u for i in range(9)]\ninit()\nprint(t)",
      "def f(n):\n    return t[n] * u // 2"]],
)  # fmt: skip
def test_a_function_that_makes_what_is_needed_is_called(blocks: list[str]) -> None:
    space: dict[str, object] = {}
    exec(with_helpers(blocks, len(blocks) - 1, "f"), space)
    assert space["f"](3) == 6  # type: ignore[operator]


@pytest.mark.parametrize(
    "again", ["t = [j for j in t]", "t = t + [1]", "t = list(t)", "t += [1]", "t = sorted(set(t))"]
)
def test_what_is_made_of_itself_anew_has_the_block_above_it(again: str) -> None:
    cells = ["t = [4]", again]
    for blocks, at in (
        ([*cells, "def f():\n    return t[0]"], 2),
        (["def f():\n    return f.t[0]", *cells, "f.t = t"], 0),
    ):
        space: dict[str, object] = {}
        exec(with_helpers(blocks, at, "f"), space)
        assert space["f"]() in (1, 4)  # type: ignore[operator]


def test_what_a_cell_makes_too_late_for_itself_is_of_a_cell_above() -> None:
    code = with_helpers(["a, b = 7, 8", "if b:\n    a = 5\na, b = 7, 8", "def f():\n    return [a]"], 2, "f")
    assert run(code) == [7]


EXTENDED = "class A:\n    pass\n\ndef f(n):\n    f.calls += 1\n    return A().twice(n)"


@pytest.mark.parametrize(
    "below",
    [["f.calls = 0", "def twice(self, n):\n    return n * 2\n\nA.twice = twice\nprint(f(2))"],
     ["f.calls = 0\nsetattr(A, 'twice', lambda self, n: n * k)\nk = 2\nassert f(1) == 2"],
     ["def twice(self, n):\n    return self.once(n) * 2", "A.twice = A.double = twice\nf.calls: int = 0",
      "A.once = lambda self, n: n"],
     ["f.calls = 5", "f.calls -= 5", "from operator import mul\nA.twice = lambda self, n: mul(n, 2)"]],
)  # fmt: skip
def test_attributes_of_what_the_block_makes_are_given_below(below: list[str]) -> None:
    space: dict[str, object] = {}
    exec(with_helpers([EXTENDED, *below], 0, "f"), space)
    assert space["f"](3) == 6  # type: ignore[operator]


@given(CELLS, st.lists(st.sampled_from(["C.v = 5", "C.w = t", "setattr(C, 'v', 5)", "g.n = 1", "C.v += 1", "f.x = 2",
                                        "import sys\nsys.setrecursionlimit(sys.getrecursionlimit())"])))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_what_is_taken_from_below_lacks_nothing_when_it_runs(cells: list[str], more: list[str]) -> None:
    code = "class C:\n    v = 1\n\ndef f():\n    return C.v"
    if run("\n".join([code, *cells, *more])) is not None:
        assert lacks(with_helpers([code, *cells, *more], 0, "f")) is None


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    "given",
    ["a, b", "a, b, c=1", "*a, b=3", "a, *, b=2", "a, /, b", "a, **b", "a, *, b", "a, b, c", "a", "", "*, a, b"],
)
def test_a_function_with_the_name_of_a_built_in_is_taken_if_it_takes_the_call(given: str, at: int) -> None:
    helper = f"def hash({given}):\n    return 1"
    for call in ["hash(n, 2)", "hash(n, b=2)", "hash(a=n, b=2)"]:
        code = f"def f(n):\n    return {call}"
        blocks = [f"{helper}\nprint(3)"]
        blocks.insert(at, code)
        try:
            exec(f"{helper}\n{call}", {"n": 3})
            fits = True
        except TypeError:
            fits = False
        assert (helper in with_helpers(blocks, at, "f")) == fits


@pytest.mark.parametrize(
    "shown",
    ["hash = 5", "hash = [1]", "hash: int = 3", "hash = {n: 1 for n in ()}", "hash = f'{3}'",
     "class A:\n    def hash(self, a, b):\n        return a\nprint(A())"],
)  # fmt: skip
def test_what_cannot_be_called_is_not(shown: str) -> None:
    code = "def f(n):\n    return hash(n, 2)"
    assert with_helpers([shown, code], 1, "f") == code


@pytest.mark.parametrize("place", ["above", "below"])
def test_values_in_an_unmarked_block_are_taken_where_nothing_else_makes_them(place: str) -> None:
    code = "def f(n):\n    return n % MOD"
    for values, marked, expected in [
        ("MOD = 10**9 + 7", "", "MOD = 10**9 + 7"), ("MOD = 5\nn = 3", "", ""), ("MOD = 5\nf(3)", "", ""),
        ("MOD: 5", "", ""), ("MOD = 5", "MOD = 7", "MOD = 7"), ("5", "MOD = 7", "MOD = 7"), ("n = 3", "", ""),
        ("len = 3", "", ""),
    ]:  # fmt: skip
        shown, block = f"```\n{values}\n```\n", f"```python\n{code}\n```\n"
        text = shown + block if place == "above" else block + shown
        found = extract(f"```python\n{marked}\n```\n{text}" if marked else text, "f").code
        assert str(found).replace("\n\n", "\n").strip() == f"{expected}\n{code}".strip()


def test_an_example_is_not_run() -> None:
    found = with_helpers(["def hlp(x):\n    return x\nr = hlp(1)\nassert r == 2\nhlp(r)", ORDER], 1, "order")
    assert found == f"def hlp(x):\n    return x\n\n{ORDER}"


def test_a_program_reads_its_input_in_order() -> None:
    first = "count = int(input())\nxs = input().split()"
    assert first.replace("\n", "\n\n") in with_helpers([first, "print(xs)"], 1, "")


@pytest.mark.parametrize(
    "unit", ["x = 1\n", "def a():\n    b()\na()\n", "c.d(e)\n", "@a\ndef b(): c\n", "a;" * 50 + "\n"]
)
def test_many_blocks_take_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    with_helpers([*[unit] * 50_000, "def f():\n    return a + x + c"], 50_000, "f")
    with_helpers([unit * (20_000 // len(unit)), "def f():\n    return a + x + c"], 1, "f")
    assert time.process_time() - began < 6
