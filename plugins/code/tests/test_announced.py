"""Of two blocks that could each be the answer, the words between them say which is: a correction, or the first one."""

from __future__ import annotations

import json

import pytest

from pidistill_code.extraction.extract import extract

ONE = "def f(xs):\n    seen = 1\n    return xs[seen]"
OTHER = "def f(xs):\n    return xs[2]"
PROGRAM = "n = int(input())\nprint(n + 1)"
OTHER_PROGRAM = "n = int(input())\nprint(n + 2)"
BLAMES_WHAT_IS_ABOVE = [
    "Wait, that is incorrect.",
    "Hmm, this is wrong.",
    "No, this fails on the empty list.",
    "Hmm, that doesn't work.",
    "But this doesn't work when the list is empty.",
    "Wait, this fails for `[3, 1]`:",
    "Wait, this would fail if the list is empty.",
    "Oops, that was wrong.",
    "Oops, that is wrong:",
    "This gives the wrong answer for `[3, 1]`.",
    "But this is too slow.",
    "Hmm, this would crash on an empty list.",
    "That would be incorrect.",
    "Oh no, a bug.",
    "This version fails the tests.",
    "This looks wrong.",
    "This does not work because `count` looks ahead.",
    "But wait, this returns the wrong value for `[3, 1]`.",
    "This approach is wrong!",
    "Unfortunately, it fails for long lists.",
]
LEADS_TO_THE_ANSWER = [
    "That version keeps no order. Avoid that by using a set:",
    "Avoid this problem with a set:",
    "The recursion is too deep there. Without recursion we get:",
    "Without the quadratic `count` call it would be:",
    "That scans on. This version breaks on the first match:",
    "As required, this version fails with a ValueError when the list is empty:",
    "If we track what we have seen, we would write:",
    "The version that does not work on empty lists can be repaired like this:",
    "The version that breaks ties correctly:",
    "A version that fails loudly on an empty list:",
    "Corrected:",
    "Here is your code:",
    "## Alternatives considered\n\nNone.\n\n## Solution",
    "To avoid this, use a set instead:",
    "正确代码：",
    "修正后的代码：",
    "這是修改後的程式碼：",
    "Código corregido:",
    "Dein Code, korrigiert:",
    "Правильный код:",
    "If somebody asked for the third one, it would be this, and so it is here:",
    "Here is your current code, fixed:",
    "The function you provided, completed:",
    "The code you posted can be completed like this:",
    "What the right version looks like:",
    "The broken code from the issue can be fixed so:",
    "This also passes the tests from your question:",
]
BLAMES_WHAT_IS_BELOW = [
    "This is wrong:",
    "Note that this would not work:",
    "Note that the following naive version is wrong:",
    "A common mistake:",
    "Option 2 (not recommended)",
    "An alternative approach (don't use this one):",
    "The naive version (for illustration only, do not use):",
    "A buggy version might look like this:",
    "The code you posted was:",
    "My first draft, which is wrong, was:",
    "Previously I had:",
    "Unlike this version, which repeats the middle:",
    "Why not simply do this?",
    "Without the `seen` set you'd get:",
    "Please avoid this:",
    "Actually, don't do this:",
    "Oh, a common mistake:",
    "Oops, my first draft, which loops for ever, was:",
    "Please note that the following would be incorrect:",
    "Your current implementation is:",
    "The code in your question:",
    "The version you posted fails:",
    "An incorrect attempt might be:",
    "Here's the broken code from the issue:",
    "This is what the failing submission looked like:",
    "Here's your code for comparison:",
    "Brute force for stress testing:",
    "<summary>My first attempt (wrong)</summary>",
    "For instance, if someone changed the index, we'd have",
    "Suppose instead we had written",
    "My first guess was",
    "Deprecated:",
    "Do not apply this:",
    "The following edit would break it:",
    "## Rejected approaches",
    "## Alternatives considered\n\n### The next one",
    "## What did not work\n\nI took the next one:",
    "If the task were to take the next one, the code would be:",
    "To take the next one instead, use",
    "For the opposite task one would write:",
    "错误示例：",
    "原来的代码（有错误）：",
    "你的代码：",
    "間違ったコード：",
    "Código incorrecto:",
    "Fehlerhafter Code:",
    "Code erroné :",
    "Неправильно:",
]


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def chosen(first: str, words: str, second: str, name: str = "f") -> str:
    return str(extract(f"{fenced(first)}\n\n{words}\n\n{fenced(second)}\n", name).code).strip()


@pytest.mark.parametrize("words", BLAMES_WHAT_IS_ABOVE + LEADS_TO_THE_ANSWER)
def test_what_follows_blame_for_the_block_above_is_the_answer(words: str) -> None:
    assert chosen(ONE, words, OTHER) == OTHER
    assert chosen(PROGRAM, words, OTHER_PROGRAM, "") == OTHER_PROGRAM


@pytest.mark.parametrize("words", BLAMES_WHAT_IS_BELOW)
def test_what_is_blamed_itself_is_not_the_answer(words: str) -> None:
    assert chosen(ONE, words, OTHER) == ONE
    assert chosen(PROGRAM, words, OTHER_PROGRAM, "") == PROGRAM


@pytest.mark.parametrize("words", [words for words in BLAMES_WHAT_IS_BELOW if "#" not in words])
def test_so_it_is_without_fences(words: str) -> None:
    if words.isascii() and " " in words:
        assert str(extract(f"{ONE}\n\n{words}\n\n{OTHER}\n", "f").code).strip() == ONE
        assert str(extract(f"{ONE}\n\nCorrected now:\n\n{OTHER}\n", "f").code).endswith(f"{OTHER}\n")


@pytest.mark.parametrize("words", [words for words in BLAMES_WHAT_IS_ABOVE if words.startswith(("This", "That"))])
def test_blame_above_the_first_block_is_for_that_block(words: str) -> None:
    text = f"{words}\n\n{fenced(OTHER)}\n\nHere is the answer:\n\n{fenced(ONE)}\n"
    assert str(extract(text, "f").code).strip() == ONE


@pytest.mark.parametrize(
    "words",
    [
        "The last line has to go. Final code:",
        "Remove the debug print:",
        "Here is the corrected program without the extra output:",
        "Fixed:",
    ],
)
def test_a_draft_with_some_lines_gone_is_the_answer_where_the_words_say_so(words: str) -> None:
    assert chosen(f"{PROGRAM}\nprint('done')", words, PROGRAM, "") == PROGRAM
    assert chosen(f"print('Reading')\n{PROGRAM}", words, PROGRAM, "") == PROGRAM
    sorts = "def f(xs):\n    xs.sort()"
    assert chosen(f"{sorts}\n    return xs", words, sorts) == sorts


@pytest.mark.parametrize(
    ("label", "other"),
    [("**Final solution:**", "**Alternative:**"), ("## Solution", "A shorter alternative:"),
     ("### Option A (my answer)", "### Option B"), ("### A loop (recommended, final)", "### Recursive approach")],
)  # fmt: skip
def test_what_is_marked_as_the_answer_stays_it_above_an_alternative(label: str, other: str) -> None:
    text = f"{label}\n\n{fenced(ONE)}\n\n{other}\n\n{fenced(OTHER)}\n"
    assert str(extract(text, "f").code).strip() == ONE
    assert str(extract(f"{other}\n\n{fenced(ONE)}\n\n{label}\n\n{fenced(OTHER)}\n", "f").code).strip() == OTHER
    for corrected in ("### Corrected version", "Wait, that is wrong. Alternative:", "**Fixed:**", "Now the final one:"):
        assert str(extract(text.replace(other, corrected), "f").code).strip() == OTHER


def test_a_part_that_is_shown_again_is_not_the_answer() -> None:
    assert chosen(f"{PROGRAM}\nprint('done')", "The first lines read the input:", PROGRAM, "").endswith("'done')")
    sorts = "def f(xs):\n    xs.sort()\n    return xs"
    assert chosen(sorts, "It begins by sorting:", "def f(xs):\n    xs.sort()") == sorts


@pytest.mark.parametrize(
    "said", ["same as before", "unchanged", "existing code", "rest of the code", "the rest is the same"]
)
def test_a_comment_that_leaves_nothing_out_makes_no_stub(said: str) -> None:
    whole = f"def f(xs):\n    # {said}\n    found = xs[1:]\n    return found[0]"
    assert chosen(ONE, "Final version:", whole) == whole
    for part in (f"def f(xs):\n    # {said}\n    return total", f"def f(xs):\n    xs = xs[1:]\n    # {said}"):
        assert chosen(ONE, "In short:", part) == ONE


@pytest.mark.parametrize(
    "words",
    [
        "Oops, `note` never adds anything. Here it is again, corrected:",
        "Sorry, `note` was wrong. The correct one:",
        "`note` was buggy; use this one:",
        "Instead of `pass`, `note` has to add:",
        "The helper was defined without the add. Corrected helper:",
    ],
)
def test_a_helper_below_an_apology_replaces_the_one_above(words: str) -> None:
    helper = "def note(seen, x):\n    {}\n    return x"
    caller = "def f(x):\n    return note([], x)"
    code = chosen(f"{helper.format('pass')}\n\n{caller}", words, helper.format("seen.append(x)"))
    space: dict[str, object] = {}
    exec(code.replace("return x", "return seen", 2), space)
    assert space["f"](1) == [1]  # type: ignore[operator]


@pytest.mark.parametrize(
    "carried",
    [
        '<invoke name="create"><parameter name="path">f.py</parameter>\n<parameter name="file_text">CODE</parameter>',
        '<parameter name="content">CODE</parameter>',
        "<parameter=content>CODE</parameter>",
        json.dumps({"path": "f.py", "content": ONE}),
        json.dumps({"name": "write", "arguments": {"path": "f.py", "file_text": ONE}}),
        json.dumps({
            "cells": [
                {"cell_type": "markdown", "source": ["# f\n"]},
                {"cell_type": "code", "source": ONE.splitlines(keepends=True)},
            ],
            "nbformat": 4,
        }),
    ],
)  # fmt: skip
def test_code_that_a_tool_is_given_for_a_file_is_read(carried: str) -> None:
    assert str(extract(carried.replace("CODE", f"\n{ONE}\n"), "f").code).strip() == ONE


@pytest.mark.parametrize("head", ["f.py", "File: f.py", "**src/f.py**", "`f.py`:", "Filename: my-f.py"])
def test_a_files_name_above_code_is_no_code(head: str) -> None:
    code = str(extract(f"{head}\n{ONE}\n", "f").code)
    space: dict[str, object] = {}
    exec(code, space)
    assert space["f"]([1, 5]) == 5  # type: ignore[operator]
