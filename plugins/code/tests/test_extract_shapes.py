"""Whatever shape an answer has, the program in it is the one that was written: all references of HumanEval and MBPP,
told in the ways in which models tell code."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pidistill.contracts import DataSource
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.extract import extract
from pidistill_code.syntax import parse

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
}
WHOLES: dict[str, Callable[[str, str], str]] = {
    "below a line of words": lambda code, _: f"This solves the task\n{code}",
    "below a heading": lambda code, _: f"Solution:\n{code}",
    "above a line of words": lambda code, _: f"{code}\nIt runs in linear time.",
    "indented as Markdown has it": lambda code, _: f"Use this:\n\n{textwrap.indent(code, '    ')}",
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
