"""An answer is over where the asker's next turn begins, or the next task; words of the answer begin neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.turns import own_turn

CODE, OTHER = "def f(xs):\n    return xs[0]", "def f(xs):\n    return xs[1]"
PROGRAM, OTHER_PROGRAM = "n = int(input())\nprint(n + 1)", "n = int(input())\nprint(n + 2)"
PROMPT = 'def f(xs):\n    """The first one."""\n'
TURNS = [
    "User: and the second one?\n\nAssistant:",
    "Human: now the second one\n\nAssistant: sure",
    "**User:** what about the next?",
    "### Instruction:\nReturn the second one.\n\n### Response:",
    "## User\nAnother one, please.\n## Assistant",
    "[INST] The second one? [/INST]",
    "</s>[INST] The second one? [/INST]",
    "<|im_start|>user\nThe second one?",
    "You are an expert Python programmer, and here is your task: the second one.",
    "Q: Write a function that returns the second one.\nA:",
    "Problem 2: Write a program for the second one.",
    "### Task 2\nWrite a function for the second one.",
]
WORDS = [
    "Problem: this fails for the empty list. Corrected:",
    "Question: is it fast? No. So:",
    "### Problem with this",
    "The user: must be told. Better:",
    "Q: Does it copy? A: It did. Now:",
    "### Instructions for use",
    "### Problem 1\nIt does not copy.\n### Fix",
    "### Task 2: verify\nIt fails.\n### Task 3: fix",
    "Task: done. Improved version:",
]


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


@pytest.mark.parametrize("turn", TURNS)
def test_what_follows_the_next_turn_is_no_answer(turn: str) -> None:
    assert str(extract(f"{fenced(CODE)}\n\n{turn}\n{fenced(OTHER)}\n", "f").code).strip() == CODE
    assert str(extract(f"{CODE}\n\n{turn}\n{OTHER}\n", "f").code).strip() == CODE
    assert str(extract(f"{fenced(PROGRAM)}\n\n{turn}\n{fenced(OTHER_PROGRAM)}\n", "").code).strip() == PROGRAM
    assert str(extract(f"    return xs[0]\n\n{turn}\n{fenced(OTHER)}\n", "f", PROMPT).code).endswith("return xs[0]\n")


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_above_the_answer_is_what_was_asked(turn: str) -> None:
    assert str(extract(f"{turn}\n{fenced(OTHER)}\n", "f").code).strip() == OTHER
    code = f'def f(xs):\n    """\n{turn}\n    """\n    return xs[1]'
    assert str(extract(f"{fenced(CODE)}\nBetter:\n{fenced(code)}", "f").code).strip() == code


@pytest.mark.parametrize("words", WORDS)
def test_words_of_an_answer_begin_no_turn(words: str) -> None:
    assert str(extract(f"{fenced(CODE)}\n\n{words}\n\n{fenced(OTHER)}\n", "f").code).strip() == OTHER


def test_a_class_may_be_called_like_a_speaker() -> None:
    code = "User: type = dict\n\ndef f(xs):\n    return xs[1]"
    assert str(extract(f"x = 1\n{code}", "f").code).endswith(code + "\n")


def test_a_conversation_that_is_replayed_ends_with_its_answer() -> None:
    text = f"User: my code is\n{fenced(OTHER)}\nAssistant:\n{fenced(OTHER)}\nUser: wrong\nAssistant:\n{fenced(CODE)}"
    assert str(extract(text, "f").code).strip() == CODE


@given(st.lists(st.sampled_from([*TURNS, *WORDS, CODE, fenced(CODE), '"""', "```", ""])))
def test_what_is_kept_is_how_the_text_begins(parts: list[str]) -> None:
    text = "\n".join(parts)
    kept = own_turn(text, "f", False, ())
    assert text.startswith(kept)
    assert own_turn(kept, "f", False, ()) == kept


@pytest.mark.parametrize("token", ["<|endoftext|>", "<|im_end|>", "<|eot_id|>"])
def test_a_token_that_ends_a_turn_may_be_glued_to_what_follows(token: str) -> None:
    text = f"    return xs[0]{token}from typing import List\n\n{OTHER}"
    assert str(extract(text, "f", PROMPT).code).endswith("return xs[0]\n")
    code = f"def f(xs):\n    return xs.split('{token}abc')"
    assert str(extract(fenced(code), "f").code).strip() == code


def test_a_whole_definition_that_is_indented_goes_on_with_no_body() -> None:
    indented = "\n".join(f"    {line}" for line in CODE.split("\n"))
    assert str(extract(indented, "f", PROMPT).code).strip() == CODE
    assert "def f(xs):\n        return" in str(extract(f"{indented}\n    return f(xs)", "f", PROMPT).code)
