"""What the last block needs of the others is taken from there, as if the blocks were cells of a notebook."""

from __future__ import annotations

import contextlib
import io
import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.extract import extract
from pidistill_code.helpers import with_helpers
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
