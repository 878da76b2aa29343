"""Whatever shape an answer has, the program in it is the one that was written: all references of HumanEval and MBPP,
told in the ways in which models tell code."""

from __future__ import annotations

import ast
import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.contracts import DataSource
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.extraction.definitions import last_definition
from pidistill_code.extraction.extract import extract
from pidistill_code.syntax import is_python, parse

DEF = "def add3(x):\n    return x + 3"
BODIES: dict[str, Callable[[str], str]] = {
    "as it is": lambda body: body,
    "stripped": str.strip,
    "without the first indentation": str.lstrip,
    "dedented": textwrap.dedent,
    "dedented and stripped": lambda body: textwrap.dedent(body).strip(),
    "in a fence": lambda body: f"```python\n{body}\n```",
    "stripped in a fence": lambda body: f"```python\n{body.strip()}\n```",
    "below words": lambda body: f"Here is the body:\n\n{body}",
    "above words": lambda body: f"{body.strip()}\n\nThis works since it does.",
    "before a function that is cut off": lambda body: f'{body}\n\n\ndef other(n):\n    """Return the',
    "before a call that is cut off": lambda body: f"{body}\n\nprint(other(1, [2,",
    "with a space of the first indentation": lambda body: f" {body.lstrip()}",
    "with spaces from a page": lambda body: re.sub("^ +", lambda found: "\u00a0" * len(found[0]), body, flags=re.M),
}
WHOLES: dict[str, Callable[[str, str], str]] = {
    "below a line of words": lambda code, _: f"This solves the task\n{code}",
    "below a heading": lambda code, _: f"Solution:\n{code}",
    "above a line of words": lambda code, _: f"{code}\nIt runs in linear time.",
    "indented as Markdown has it": lambda code, _: f"Use this:\n\n{textwrap.indent(code, '    ')}",
    "in a fence behind words": lambda code, _: f"Sure, here it is: ```python\n{code}\n```",
    "in a fence closed behind it": lambda code, _: f"```python\n{code.rstrip()}```",
    "in a fence closed before words": lambda code, _: f"```python\n{code}\n```This runs in linear time.",
    "before a test that is cut off": lambda code, name: f"```python\n{code}\n\n# Tests\nassert {name}([1, 2",
    "before a main part that is cut off": lambda code, _: f"{code}\n\nif __name__ == '__main__':\n    print(",
    "below words without spaces": lambda code, _: f"下面是代码：\n{code}\n说明：没有。",
    "with spaces from a page": lambda code, _: "```\n" + re.sub("^    ", "\u00a0" * 4, code, flags=re.M) + "\n```",
    "above what it gives": lambda code, name: f"```python\n{code}\n```\nOutput:\n```\n{name} = 5\n```",
}


def same(code: str | None, reference: str) -> bool:
    try:
        return code is not None and ast.dump(parse(code)) == ast.dump(parse(reference))
    except SyntaxError:
        return False


@pytest.mark.parametrize("shape", BODIES)
def test_a_body_of_any_shape_goes_on_where_the_prompt_stops(humaneval: list[Problem], shape: str) -> None:
    wrong = []
    for problem in humaneval:
        told = BODIES[shape](str(problem.reference).removeprefix(problem.prompt))
        if not same(extract(told, str(problem.extra["entry_point"]), problem.prompt).code, str(problem.reference)):
            wrong.append(problem.id)
    assert wrong == []


@pytest.mark.parametrize("shape", WHOLES)
def test_a_function_of_any_shape_is_found(shared_data: Path, shape: str) -> None:
    wrong = []
    for problem in CodeDomain().problems(DataSource(path=shared_data / "mbpp.jsonl")):
        name = str(problem.extra["entry_point"])
        if not same(extract(WHOLES[shape](str(problem.reference), name), name).code, str(problem.reference)):
            wrong.append(problem.id)
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    ["Sure! I will write it", "Answer", "python", "if you like:", "for you:", "while simple, here it is:",
     "assert it works", "raise x by 3", "return of 3 more", "lambda would do too", "import of nothing needed",
     "class of easy tasks", "print follows", "from the task, we add", "x is added to 3", "<pre>", "---", "I use def",
     "def add3 is easy:", "it doesn't need more", "adds (a lot) to x"],
)  # fmt: skip
def test_a_line_of_words_right_above_a_function_is_none_of_its_code(line: str) -> None:
    assert same(extract(f"{line}\n{DEF}", "add3").code, DEF)


@pytest.mark.parametrize(
    "text",
    ["TEXT = '''\nsome words here\n'''", "A = 1", "from math import *", "if True:\n    B = 1", "print ('a b c')",
     "x = [\n    1,\n]", "@staticmethod\ndef g(): pass", "async def g():\n    await h()", "type = int",
     "C = 1 if True else 2", "assert not None is True", "match = 3", 'S = """a b c\nd e f"""', "D = lambda a: a or 1",
     "for i in range(3): pass", "with open('/dev/null') as f: pass", "E: dict[str, int] = {}", "F = 'it''s a word'"],
)  # fmt: skip
def test_code_above_a_function_stays(text: str) -> None:
    assert same(extract(f"{text}\n\n{DEF}", "add3").code, f"{text}\n\n{DEF}")


@pytest.mark.parametrize(
    "shown",
    ["add3 = 4", "add3 = 4, done", "add3 = 4\nok", "add3(1) = 4", "add3: 4", ">>> add3(1)\n4", "add3 = add3"],
)
@pytest.mark.parametrize("fence", ["```", "```python", "```text"])
def test_a_block_that_shows_what_came_of_it_is_no_definition(shown: str, fence: str) -> None:
    assert same(extract(f"```python\n{DEF}\n```\nOutput:\n{fence}\n{shown}\n```", "add3").code, DEF)


TAILS = [
    "# Tests\nassert add3(1) == 4\nassert add3([2, {3: 'x'}][0]) == 5\n",
    "if __name__ == '__main__':\n    for x in (1, 2):\n        print(f'{x}: {add3(x)}')\n",
    '@pytest.mark.parametrize(\'x\', [1, 2])\ndef test_add3(x):\n    """It adds."""\n    assert add3(x) == x + 3\n',
    "try:\n    add3('a')\nexcept TypeError:\n    print('no')\nelse:\n    print('yes')\n",
    "class TestAdd3(unittest.TestCase):\n    def test(self):\n        self.assertEqual(\n            add3(1),\n"
    "            4,\n        )\n",
]


@pytest.mark.parametrize("before", ["```python\n", ""], ids=["in a fence", "bare"])
@pytest.mark.parametrize("tail", TAILS)
def test_wherever_an_answer_is_cut_off_behind_its_function_it_is_python(tail: str, before: str) -> None:
    whole = f"{before}{DEF}\n\n{tail}"
    for end in range(len(before) + len(DEF), len(whole)):
        code = extract(whole[:end], "add3").code
        assert code is not None and is_python(code) and code.startswith(DEF), whole[:end]


@pytest.mark.parametrize(
    "cut", ["def add3(x):\n    return (", "def add3(", "add3 = lambda x: (", "class add3:\n    x = ["]
)
def test_what_is_cut_off_within_a_definition_of_what_is_asked_for_is_not_left_out(cut: str) -> None:
    code = extract(f"```python\n{DEF}\n\n# better:\n{cut}", "add3").code
    assert code is not None and not is_python(code)


@given(st.text(alphabet="`pythondef add3(x):\n ,'\"#", max_size=60), st.text(alphabet="`\n ab", max_size=12))
@settings(max_examples=300, deadline=None)
def test_an_answer_that_is_python_as_it_stands_has_no_other_reading(text: str, more: str) -> None:
    found = extract(f"```python\n{DEF}\n```\n{text}{more}", "add3").code
    assert found is not None
    if "def add3" not in text and "add3" not in text:
        assert same(found, DEF)


@pytest.mark.parametrize(
    "word", ["add", "add3", "def a", "del ad", "import ad", "for add", "class add3", "async def a"]
)
def test_a_cut_off_word_that_may_have_been_the_name_is_not_left_out(word: str) -> None:
    code = extract(f"```python\n{DEF}\n\n{word}", "add3").code
    assert code is not None and code.rstrip().endswith(word)


@pytest.mark.parametrize("word", ["pri", "x", "def b", "def main", "for x", "class B"])
def test_another_cut_off_word_is_left_out(word: str) -> None:
    code = extract(f"```python\n{DEF}\n\n{word}", "add3").code
    assert code is not None and same(code, DEF)


@pytest.mark.parametrize(
    "cut",
    ["def g(x):\n    return x[", "g = lambda x: [", "for g in [", "import g, (", "print(g := [", "class g:\n    x = ["],
)
def test_what_is_cut_off_makes_nothing_anew_that_the_function_needs(cut: str) -> None:
    kept = "def add3(x):\n    return h(x)\n\ndef h(x):\n    return g(x)\n\ndef g(x):\n    return x + 3\n"
    code = extract(f"```python\n{kept}\n{cut}", "add3").code
    assert code is not None and not is_python(code)
    unlike = extract(f"```python\n{kept}\n{cut.replace('g', 'k', 1)}", "add3").code
    assert same(unlike, kept)


NO_DEFINITIONS = {
    "a method": "class Solution:\n    def add3(self, x):\n        return x + 4",
    "a method of a class that is cut off": "class Solution:\n    def add3(self, x):\n        return x + [",
    "in a test": "def test_add3():\n    def add3(x):\n        return x\n    assert add3(1) == 1",
    "in a string": "text = '''\ndef add3(x):\n    return x\n'''\nprint(len(text))",
    "in a docstring": "def add4(x):\n    '''Unlike\n\ndef add3(x): x\n'''\n    return x + 4",
    "a docstring": "def add3(x: int) -> int:\n    '''Three more.'''",
    "dots below an import": "from typing import Any\n\ndef add3(x: Any) -> Any: ...",
    "dots below a decorator": "@cache\ndef add3(x):\n    ...",
    "a comment": "def add3(x):\n    # same code as above",
    "a comment below a decorator": "from functools import cache\n\n@cache\ndef add3(x):\n    # as above\n    # ...",
    "a body that is left out": "import time\n\ndef add3(x):\n    begun = time.time()\n    ...\n    print(begun)",
    "what it raises": "def add3(x):\n    raise NotImplementedError('yet')",
    "a value": "add3 = 5",
    "a list": "add3 = [1, 2]",
    "what is no function": "x = 3\nadd3 = x",
    "its own name": "add3 = add3",
}


@pytest.mark.parametrize("shape", NO_DEFINITIONS)
def test_what_only_holds_or_names_the_function_does_not_define_it(shape: str) -> None:
    found = extract(f"```python\n{DEF}\n```\nAlso:\n```python\n{NO_DEFINITIONS[shape]}\n```\n", "add3").code
    assert same(found, DEF)
    assert NO_DEFINITIONS[shape].split("\n")[0] in str(extract(f"```python\n{NO_DEFINITIONS[shape]}\n```", "add3").code)


def test_the_first_lines_of_a_definition_do_not_define_it() -> None:
    code = "def add3(x):\n    if x is None:\n        return 3\n\n    return x + 3"
    part = code.partition("\n\n")[0]
    shown = f"```python\n{code}\n```\nFirst:\n```python\n{part}\n```\nThen:\n```python\n    return x + 3\n```\n"
    assert same(extract(shown, "add3").code, code)
    other = part.replace("3\n", "3\n", 1).replace("return 3", "return 4")
    assert same(extract(shown.replace(f"\n{part}\n```", f"\n{other}\n```"), "add3").code, other)


def test_a_shorter_version_is_one_where_the_longer_one_returns_nothing() -> None:
    long, short = "def add3(x):\n    x.append(3)\n    x.sort()", "def add3(x):\n    x.append(3)"
    assert same(extract(f"```python\n{long}\n```\nBetter:\n```python\n{short}\n```\n", "add3").code, short)


@pytest.mark.parametrize(
    "last",
    ["def fast(x):\n    return x\n\nadd3 = fast", "from typing import Callable\n\ndef fast(x):\n    return x\n\n"
     "add3: Callable = fast", "add3 = (\n    lambda x: x\n)", "class Fast:\n    pass\n\nadd3 = Fast",
     "def fast(x):\n    return x\n\nif True:\n    add3 = fast", "def fast(x):\n    return x\n\nold = add3 = fast",
     "try:\n    import fast\nexcept ImportError:\n    def add3(x):\n        return x",
     "    def add3(x):\n        return x", "def add3(x):\n    ...\n    return x", "def add3(x):\n    x.sort()"],
)  # fmt: skip
def test_what_gives_the_name_to_a_function_is_a_definition(last: str) -> None:
    found = str(extract(f"```python\n{DEF}\n```\nBetter:\n```python\n{last}\n```\n", "add3").code)
    assert last in found and (DEF not in found or "add3 = " in last)


def test_the_function_may_stand_in_a_block_above() -> None:
    found = extract(
        f"```python\n{DEF}\n```\n```python\ndef fast(x):\n    return x\n```\n```python\nadd3 = fast\n```", "add3"
    )
    assert same(found.code, "def fast(x):\n    return x\n\nadd3 = fast")


@pytest.mark.parametrize(
    "unit", ["f = g", "def f(): ...", "f = (\nlambda: 1)", "def f():\n  if 1: return 2\n  return 3\n"]
)
def test_many_definitions_take_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    last_definition([unit] * 20_000, "f")
    last_definition([unit * 3, *[unit.partition("return 3")[0].strip()] * 20_000], "f")
    last_definition([f"{unit.partition('return 3')[0]}{' ' * 200}x\n" * 100 + "\ny", unit], "f")
    assert time.process_time() - began < 6
