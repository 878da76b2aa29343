"""What is Python as it stands is the program, whatever its strings quote."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.fenced import fenced_blocks
from pidistill_code.extraction.prose import only_defines, without_prose
from pidistill_code.extraction.wholes import is_whole, marks_in_strings
from pidistill_code.syntax import is_python, makes, module_names, parse

OTHER = "def f(x):\n    return 'other'"
PIECES = ["```", "```python", "~~~", "~~~py", "    ```", "  ```", OTHER, ">>> def f(x): return 0", "</think>",
          "<think>",
          "[PYTHON]", "[/PYTHON]", "<code>", "</code>", "<pre>", "</pre>", "<|im_end|>", "words of it", "", "f = 3",
          "# f", "    f(2)", "```diff", "+def f(x):", "Example:"]  # fmt: skip
QUOTED = st.lists(st.sampled_from(PIECES), max_size=8).map("\n".join)
SHAPES = {
    "docstring": 'def f(x):\n    """{}\n    """\n    return "own"',
    "string": "def f(x):\n    note = '''\n{}\n'''\n    return 'own'",
    "raw string": "def f(x):\n    note = r'''\n{}\n'''\n    return 'own'",
    "module's string": "NOTE = '''\n{}\n'''\n\n\ndef f(x):\n    return 'own'",
    "module's docstring": '"""\n{}\n"""\n\n\ndef f(x):\n    return "own"',
    "class": "class A:\n    '''\n{}\n'''\n\n\ndef f(x):\n    return 'own'",
    "below": "def f(x):\n    return 'own'\n\n\ndef g(x):\n    '''{}\n    '''\n",
}
BODY = '    """{}\n    """\n    return "own"\n'
PROMPT = "def f(x):\n    # The task.\n"


@pytest.mark.parametrize("shape", SHAPES)
@given(quoted=QUOTED, prompt=st.sampled_from([None, PROMPT]))
def test_a_file_is_the_program_whatever_its_strings_quote(shape: str, quoted: str, prompt: str | None) -> None:
    code = SHAPES[shape].format(quoted)
    assert extract(code, "f", prompt).code == code.rstrip() + "\n"


@given(quoted=QUOTED)
def test_so_is_a_body_behind_its_prompt(quoted: str) -> None:
    code = BODY.format(quoted)
    assert extract(code, "f", PROMPT).code == PROMPT + code
    assert extract(code.lstrip(), "f", PROMPT).code == PROMPT + code


PAGES = ("<think>", "<pre>", "</pre>", "<|im_end|>")
"""They begin or end an answer, or make it a page, wherever there are words around the code."""
FENCES = st.lists(st.sampled_from([piece for piece in PIECES if piece not in PAGES]), max_size=8).map("\n".join)
DRESSES = ["```python\n{}\n```", "Here it is:\n```\n{}\n```\nIt is short.", "Here it is:\n\n{}\n\nIt is short.",
           "{}\n```", "{}\n\nUse it so:\n```python\nprint(f(1))\n```"]  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("shape", SHAPES)
@given(quoted=FENCES)
def test_a_fence_in_a_string_opens_and_closes_nothing(shape: str, dress: str, quoted: str) -> None:
    code = SHAPES[shape].format(quoted)
    assert extract(dress.format(code), "f").code == code.rstrip() + "\n"


def test_a_text_that_is_nothing_but_a_string_has_its_fences_to_itself() -> None:
    found = extract(f'"""\nHere it is:\n\n```python\n{OTHER}\n```\n"""', "f")
    assert found.code == f"{OTHER}\n"


def test_a_block_that_opens_a_string_and_ends_does_not_reach_into_the_next() -> None:
    blocks = ['def f(x):\n    """Return', OTHER]
    text = "".join(f"```python\n{block}\n```\nwords\n" for block in blocks)
    assert marks_in_strings(text, "f") == frozenset()
    assert fenced_blocks(text) == blocks and extract(text, "f").code == f"{OTHER}\n"


def test_tildes_outside_strings_are_a_fence() -> None:
    assert not is_whole(f"~~~python\n{OTHER}", "f")
    assert extract(f"~~~python\n{OTHER}", "f").code == f"{OTHER}\n"


def test_tags_that_are_lists_of_python_s_are_tags_outside_strings() -> None:
    assert extract(f"[BEGIN]\n{OTHER}\n[DONE]", "f", PROMPT).code == f"{OTHER}\n"


def test_a_body_that_defines_a_function_of_that_name_is_a_body() -> None:
    code = "    def f(x):\n        return 'own'\n    return f(x)\n"
    assert extract(code, "f", PROMPT).code == PROMPT + code


def test_a_program_is_a_whole_too() -> None:
    code = '"""Example:\n\n```python\nprint(2)\n```\n"""\nprint(1)\n'
    assert extract(code, "").code == code
    assert extract(f"Words of it.\n\n{code}", "").code == code


@given(st.text("def f(x):=\n 'g\"lobal,", max_size=60))
def test_names_of_any_text(code: str) -> None:
    _, made = module_names(code)
    try:
        parse(code)
    except (SyntaxError, ValueError):
        assert not made


def test_names_are_the_module_s() -> None:
    code = "import a.b as c\ndef f(x, y=d):\n    global n\n    n += x\n    return [z for z in e]\nfor k in K: pass\n"
    looked_up, made = module_names(code)
    assert made == {"c", "f", "k"} and looked_up == {"d", "n", "e", "K"}


@pytest.mark.parametrize(
    "unit", ["'''\n```\n", "```python\n'''\n```\n", "def f():\n    '''\n```\n'''\n", "'''```'''\n"]
)
def test_it_takes_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    extract(unit * (400_000 // len(unit)), "f", PROMPT)
    assert time.process_time() - began < 6


LINES = [
    "def f(x):", "    return x", "class A(B):", "import os", "from a import (", "    b,", ")", "@cache", "# f and g",
    "x = 1", "'''", "words = ['a',", "]", "f", "Solution", "if x:", "    f = 1", "for f in x: pass", "",
    "async def f(): pass", "(f := 3)", "with a as f: pass", "f, g = 1, 2", "import b as f",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=7).map("\n".join), st.sampled_from(["f", "os", "A", "nothing"]))
def test_the_short_looks_say_what_the_long_ones_say(code: str, name: str) -> None:
    assert makes(code, name) is (name in module_names(code)[1])
    if only_defines(code) and is_python(code):
        assert without_prose(code, name) == code
