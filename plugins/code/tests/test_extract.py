"""The program is found in a completion however it is dressed, and nothing in a completion can break the search."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.extract import LONGEST, extract
from pidistill_code.extraction.fenced import fenced_blocks

PROMPT = 'import math\n\n\ndef f(x):\n    """Return x plus 1.\n    """\n'
WHOLE = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x\n"

DRESSES = [
    WHOLE,
    f"```python\n{WHOLE}```",
    f"```\n{WHOLE}```",
    f"~~~py\n{WHOLE}~~~",
    f"Here it is:\n\n```Python\n{WHOLE}\n```\nDone.",
    f"```python\n{WHOLE}",
    f"```python\r\n{WHOLE.replace(chr(10), chr(13) + chr(10))}```",
    f"```text\nsome words\n```\n```python\n{WHOLE}```\n```bash\npip install f\n```",
    f"```python\n{WRONG}```\nNo:\n```python\n{WHOLE}```",
    f"```python\n{WHOLE}```\n```python\nassert g(1) == 2\n```",
    f"<think>maybe\n```python\n{WRONG}```\n</think>\n\n{WHOLE}",
    f"Sure!\n{WHOLE}\nThis adds one.",
    f"````markdown\n```python\n{WRONG}```\n````\n```python\n{WHOLE}```",
]


@pytest.mark.parametrize("completion", DRESSES)
def test_a_whole_function_is_found_in_any_dress(completion: str) -> None:
    code = extract(completion, "f", PROMPT).code
    assert code is not None
    space: dict[str, object] = {}
    exec(code, space)
    assert space["f"](1) == 2  # type: ignore[operator]


BODIES = [
    "    return x + 1\n",
    "    y = x\n    return y + 1\n\n\ndef helper():\n    pass\n",
    "return x + 1",
    "y = x\n    return y + 1",
    "if x:\n    return x + 1\nreturn 1",
    "    return x + 1\n\nThis adds one to x.",
    "    return x + 1\n# an example\nassert f(1) == 2\nprint(f(2))\n",
    "    if x > 0:\n        return (\n            x\n            + 1\n        )\n    return x + 1\n",
    '    """Once more.\n    """\n    return x + 1\n',
]


@pytest.mark.parametrize("completion", [*BODIES, *(f"```python\n{body}\n```" for body in BODIES if "This" not in body)])
def test_a_body_goes_on_where_the_prompt_stops(completion: str) -> None:
    found = extract(completion, "f", PROMPT)
    assert found.code is not None and found.code.startswith(PROMPT.rstrip())
    assert found.continued == PROMPT.count("\n")
    space: dict[str, object] = {}
    exec(found.code, space)
    assert space["f"](1) == 2  # type: ignore[operator]


@pytest.mark.parametrize(
    "completion", ["", "  \n\n", "```python\n```", "The answer is 3.", "<think>\ndef f(x): return 1\n</think>"]
)
def test_text_without_code_is_no_answer(completion: str) -> None:
    found = extract(completion, "f", PROMPT)
    assert found.code is None and found.reason


def test_a_body_needs_a_prompt_to_go_on_from() -> None:
    assert extract("    return x + 1", "f").code is None


def test_a_method_is_found_by_its_class() -> None:
    text = "Idea: add.\n```python\nclass Solution:\n    def add(self, a, b):\n        return a + b\n```"
    assert extract(text, "Solution().add").code is not None


def test_a_program_is_the_last_block_or_the_whole_text() -> None:
    assert extract("```python\nprint(1)\n```\nor\n```python\nprint(2)\n```", "").code == "print(2)\n"
    assert extract("print(3)", "").code == "print(3)\n"


def test_code_too_long_is_no_answer() -> None:
    assert extract(WHOLE + "#" * LONGEST, "f").code is None


pieces = [
    "```",
    "~~~",
    "python",
    "\n",
    "\r",
    "\t",
    "    ",
    "def f(",
    "x",
    ":",
    "= ",
    "'",
    '"""',
    "@",
    "\\",
    "\x00",
    "ü",
    "\ud800",
]
texts = st.lists(st.sampled_from([*pieces, "<think>", "</think>", "return 1", "import f", "class Solution:"])).map(
    "".join
)


@given(texts | st.text(), st.sampled_from(["f", "", "Solution().f", "f(", "a|b"]), st.booleans())
def test_no_text_breaks_the_search(text: str, name: str, continues: bool) -> None:
    found = extract(text, name, PROMPT if continues else None)
    assert (found.code is None) == bool(found.reason)


@pytest.mark.parametrize(
    "unit",
    [
        "```\n",
        "    x = 1\n",
        "def f(",
        "f = ",
        "f=",
        "a" * 50 + " ",
        "\n",
        "'''",
        "x, ",
        "import a, ",
        "[",
        "from a import b,",
    ],
)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        extract(text, "f", PROMPT)
        return time.process_time() - started

    seconds(10_000)
    assert seconds(800_000) < 3.0


@given(st.lists(st.text(st.sampled_from("ab \n"), max_size=20), max_size=4))
def test_fenced_blocks_read_back(contents: list[str]) -> None:
    text = "".join(f"words\n```python\n{content}\n```\n" for content in contents)
    assert fenced_blocks(text) == contents


ANEW = "def f(x):\n    return x + 1\n"


@pytest.mark.parametrize(
    "body",
    ["    pass\n\n", "    return g(x)\n\ndef g(x):\n    return x\n\n", "\n    # see below\n    ...\n\nimport re\n\n",
     "  pass\n\n", "    if x:\n        return x\n    return None\n\n\n@staticmethod\n"],
)  # fmt: skip
@pytest.mark.parametrize("fence", ["{}", "```python\n{}```", "{}\nThis adds one to its argument."])
def test_a_function_that_is_defined_anew_below_a_body_is_the_one(body: str, fence: str) -> None:
    code = extract(fence.format(body + ANEW), "f", PROMPT).code
    space: dict[str, Callable[[int], int]] = {}
    exec(str(code), space)
    assert space["f"](1) == 2


@pytest.mark.parametrize("words", ["    Here it is:\n\n", "  The answer, below.\n\n", "\n   \n"])
def test_indented_words_above_the_function_are_no_body(words: str) -> None:
    code = extract(words + ANEW, "f", PROMPT).code
    assert code is not None and code.strip() == ANEW.strip()
