"""Answers as chat models write them, each with the program that a careful person takes for the answer, or none.

Beside the row of each kind, properties: what stands in thoughts changes nothing, a remark decides only between blocks,
and what is shown of a program again is not another one.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.announcing import announces_another
from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.thoughts import without_thoughts
from pidistill_code.extraction.wrappings import unwrapped

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("answers.jsonl").read_text("utf-8").splitlines()
]
RIGHT = "def f(x):\n    return x + 1"
WRONG = "def f(x):\n    return x - 1"
READS = "n = int(input())\nprint(n + 1)"
MARKS = {
    "think": ("<think>", "</think>"),
    "thinking": ("<thinking>", "</thinking>"),
    "of a family": ("<seed:think>", "</seed:think>"),
    "bars": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
}
SAID = ["That's it.", "It isn't ok.", "`f` is done", "```", "x", "# a comment"]
FENCED = {"fenced": "```python\n{}\n```", "plain": "{}"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_answer_is_the_one_that_was_meant(row: dict[str, Any]) -> None:
    assert extract(row["completion"], row["entry_point"], row["prompt"]).code == row["code"]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("answer", FENCED)
@given(before=st.sampled_from(["", "\n", "Let me see.\n"]), end=st.sampled_from([*SAID[:3], ""]), draft=st.booleans())
def test_a_draft_in_thoughts_is_nobodys_answer(mark: str, answer: str, before: str, end: str, draft: bool) -> None:
    begins, ends = MARKS[mark]
    thoughts = f"{begins}{before}\n```python\n{WRONG}\n```\n{end}{ends}\n" if draft else f"{begins}\n{WRONG}\n{ends}\n"
    assert str(extract(thoughts + FENCED[answer].format(RIGHT), "f").code).strip() == RIGHT
    assert extract(f"{thoughts}I have no idea.", "f").code in (None, "I have no idea.\n")


@pytest.mark.parametrize("mark", MARKS)
def test_thoughts_without_an_end_hold_no_answer(mark: str) -> None:
    begins = MARKS[mark][0]
    for text in (f"{begins}\n```python\n{RIGHT}\n```\n", f"{begins}\n{RIGHT}\n", f"\n{begins}\nSo.\n```\n{RIGHT}"):
        found = extract(text, "f")
        assert found.code is None and "thoughts" in found.reason
    assert extract(f"```python\n{RIGHT}\n```\n{begins}\nIs it so?\n```python\n{WRONG}\n```", "f").code == f"{RIGHT}\n"


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark != "harmony"])
@pytest.mark.parametrize("said", [
    "It returns -1 if there is no solution.", "Spaces are ignored.", "We ignore empty strings.", "It is not slow.", "",
    "You cannot divide by zero here.", "An input without a solution gives 0.",
])  # fmt: skip
def test_thoughts_below_an_answer_take_nothing_back(mark: str, said: str) -> None:
    begins, ends = MARKS[mark]
    for code in (f"```python\n{RIGHT}\n```\n", f"{RIGHT}\n\n"):
        text = f"{code}{begins}\nIs it so? Yes.\n{ends}\n{said}"
        assert str(extract(text, "f").code).strip() == RIGHT
        assert RIGHT not in str(extract(f"{text}\nSorry, I have no solution.", "f").code)


@given(st.text("<think>/`'\"\n x=", max_size=60))
def test_a_text_without_marks_is_left_alone(text: str) -> None:
    kept = without_thoughts(text, "f")
    assert kept is None or kept == text or "think" in text
    assert kept is None or set(kept) <= set(text)


LONG = {
    "begins": "<think>" * 20_000,
    "ends": "</think>\n" * 12_000,
    "pairs": "<think>\n</think>\n" * 6_000,
    "marks and fences": "```\n<think>\n" * 5_000,
    "one line": f"```python\nf={'[' * 100_000}",
    "blanks before a fence": f"x{' ' * 100_000}```python\n",
    "openings": "x ```python\n" * 8_000,
    "listings": "\\begin{verbatim}\n" * 5_000,
    "blocks": "```python\nprint(1)\n```\n" * 4_000,
    "asserts": "```python\nassert f(1)\n```\n" * 4_000,
    "a long sum": f"```python\nn = int(input())\nprint({'1 + ' * 12_000}n)\n```\n```python\nprint(n)\n```\n",
    "a deep list": f"```python\nn = int(input())\nprint({'[' * 150}n{']' * 150})\n```\n```python\nprint(n)\n```\n",
    "a long label": f"```python\nprint(input())\n```\nif {'a ' * 50_000}:\n```python\nprint(input())\n```",
}


@pytest.mark.parametrize("name", ["f", ""])
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_answers_take_time_in_proportion(text: str, name: str) -> None:
    began = time.process_time()
    extract(text, name)
    assert time.process_time() - began < 10


ANNOUNCED = [
    "A wrong version, for comparison:",
    "A naive version, for contrast:",
    "Common mistake:",
    "Your original code:",
    "❌ Wrong:",
    "The original version was:",
    "If you want the count instead:",
    "Do not use this:",
    "Naive version for comparison:",
    "A common mistake would be to write:",
    "One pitfall is to forget the square:",
    "Note that the following does **not** work:",
    "The following version is incorrect because it forgets to square:",
    "Without squaring, we would get:",
    "For comparison, here is what happens without squaring:",
    "Beginners often write:",
    "Watch out! This is wrong:",
    "Incorrect version (for reference):",
    "The original code was:",
    "Here's what your code did:",
    "Compare that with the buggy version:",
    "Bad:",
    "Avoid this:",
    "Not this:",
    "If you forget to square, you'd get this:",
    "This would NOT work:",
    "What not to do:",
    "Anti-pattern:",
    "Before:",
    "For contrast, the version that fails the tests:",
    "A wrong attempt:",
    "A common mistake is to write this:",
    "**Don't** write it like this:",
    "Please don't do this:",
    "The wrong way:",
    "How not to do it:",
    "An incorrect attempt would look like this:",
    "Many people write:",
    "A tempting but wrong solution:",
    "It is tempting to write:",
    "This version loops forever:",
    "This one fails for negative numbers:",
    "Common pitfalls:",
    "Original (buggy):",
    "Old code:",
    "Previously:",
    "Your version:",
    "The code you posted:",
    "And here's an async variant in case you need it:",
    "Optionally, a generator version that yields partial sums:",
    "If the input may contain strings, you could use:",
    "Taking the maximum instead would be wrong:",
    "For reference, the brute force solution:",
    "Buggy version:",
    "Here is a version that does not work:",
    "Don't do this:",
    "Never do it like this:",
    "One might be tempted to write:",
    "Students often forget the square:",
    "If you skip the check, you will get an error:",
    "This is a mistake:",
    "Wrong answer:",
    "Here's the broken version for comparison:",
    "Here is the buggy code again:",
    "You wrote this:",
    "This is what you wrote:",
    "The code from the question:",
    "At first I had:",
    "The following won't work:",
    "Be careful not to write:",
    "Make sure not to write this:",
    "Watch out for this bug:",
    "If you forget the base case, you get the wrong sum:",
    "Optional variant that ignores case:",
    "You could also start at zero:",
    "Debug version:",
]
CORRECTED = [
    "Your code was wrong, so here is the fix:",
    "That is wrong. Final answer:",
    "Corrected version:",
    "Oops. Actually:",
    "The old version should be:",
    "Here is your function:",
    "Your code, cleaned up:",
    "The previous version failed on empty input, here is a robust one:",
    "Much faster than the naive version:",
    "If you want a single block to copy, here is the final version:",
    "If the sum drops below zero we can reset it:",
    "This version avoids the common mistake of an exclusive end:",
    "First:",
    "",
    "Here is the corrected version:",
    "Wait, that sums without squaring. Fixed:",
    "Correct approach:",
    "Let me fix that.",
    "That fails for negatives. So:",
    "After:",
    "✅ Right:",
    "Now squaring each element:",
    "Final code:",
    "Putting it all together:",
    "The bug is that we forgot to square. Updated function:",
    "Instead, we should square each element:",
    "To fix this, use:",
    "Do this instead:",
    "Much better:",
    "Here is a version that passes all the tests:",
    "Therefore the answer is",
    "So:",
    "Revised:",
    "To avoid this mistake, square first:",
    "This avoids the pitfall:",
    "That would give the wrong result, so we square each element:",
    "Here is a version that does not use recursion:",
    "A version that never fails:",
    "This doesn't work for negatives, but this does:",
    "The naive version is slow; here is the fast one:",
    "My mistake:",
    "Oops, my mistake:",
    "I made a mistake. Again:",
    "Here is the solution without the bug:",
    "Unlike the naive version, this runs in linear time:",
    "Your code with the fix:",
    "Your code is nearly right. You only need to square:",
    "We can do better than brute force:",
    "The original code was wrong, so I rewrote it:",
    "Instead of the slow loop, use a formula:",
    "Don't forget to square:",
    "Not only squares but sums:",
    "Python code:",
    "Solution:",
    "Complete program:",
    "This code works:",
    "Sorry, the above is wrong. Let me try again:",
    "The problem with the above is that it would fail on empty lists; handle that:",
    "Handling the error:",
    "With error handling:",
    "The first attempt fails because it does not square:",
    "Let's square instead:",
    "Now without the bug:",
    "Another approach:",
    "Alternative:",
    "Alternatively, using a loop:",
    "In a single line:",
    "Shorter:",
    "More efficient:",
    "Your function, simplified:",
    "For large inputs, a faster version:",
    "To avoid overflow:",
    "Avoiding the quadratic cost:",
    "I would write it like this:",
    "It would be better to write:",
    "You should write:",
    "People usually solve this with a set:",
    "If the list is empty we return 0:",
    "Without recursion:",
    "Here's the code:",
    "The function would then be:",
    "So the final code would be:",
    "We would then have:",
    "That gives:",
    "Now the code:",
    "You will get the number of vowels with this function:",
    "If you make this change, you will get the right answer:",
    "This will get the job done:",
    "We'd end up with this function:",
    "This function returns False if the string is invalid:",
    "Here is a function that returns an error message when the input is invalid:",
    "- Returns an error if the input is invalid",
    "This breaks the problem into two subproblems:",
    "This loop breaks when it finds a duplicate:",
    "This implementation fails fast on invalid input:",
    "It does not pass the list twice:",
    "This doesn't run out of memory:",
    "This does not only work for lists:",
    "The mistake is corrected here:",
    "The mistakes are fixed in the code below:",
    "I avoided the common mistake of sorting the list in place:",
    "So the usual off-by-one bug is gone:",
    "This version catches common errors:",
    "The mistake was in the return statement:",
    "Compare adjacent elements and swap them if they are in the wrong order:",
    "For comparison of two strings, we use sorted:",
    "For reference types, copy first:",
    "If you want to solve this problem, you can use the following function:",
    "If the list is sorted we can use binary search:",
    "We can also do this in one pass:",
    "As a bonus, this is also faster:",
    "What happens when n is 0 is handled too:",
    "- Don't do the check twice",
    "- Never write outside the bounds",
    "Original code (fixed):",
    "Here is your code:",
    "Or in one line:",
    "If there are no elements, we return an empty list:",
    "For testing equality we use `==`:",
    "Note that the function fails with a ValueError if the input is empty:",
    "This fails for duplicates, which is why we use a Counter:",
    "It's tempting to use recursion, but iteration is safer here:",
    "In case you need the full code:",
]


@pytest.mark.parametrize("words", [*ANNOUNCED, *CORRECTED])
def test_words_decide_between_two_versions(words: str) -> None:
    assert announces_another(words) == (words in ANNOUNCED)
    for first, last, name in ((RIGHT, WRONG, "f"), (READS, READS.replace("+", "-"), "")):
        found = extract(f"```python\n{first}\n```\n\n{words}\n```python\n{last}\n```\n", name).code
        assert found == (f"{first}\n" if words in ANNOUNCED else f"{last}\n")
        assert extract(f"{words}\n```python\n{last}\n```\n", name).code == f"{last}\n"


LINES = READS.split("\n")


@given(
    st.lists(
        st.sampled_from([*LINES, "print(5)", "assert n == 3\nprint('ok')", "import sys", "n = int(input()", "n = 3"]),
        max_size=4,
    )
)
def test_what_is_shown_below_a_program_is_not_another_one(shown: list[str]) -> None:
    below = "".join(f"\nAnd:\n```python\n{line}\n```\n" for line in shown)
    assert extract(f"```python\n{READS}\n```\n{below}", "").code == f"{READS}\n"


@given(st.text(max_size=200))
def test_what_is_wrapped_in_nothing_stays(text: str) -> None:
    assert unwrapped(text) == text or "```" in text or "\\begin{" in text


PIECES = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<answer>",
            "</answer>",
            "```",
            "```python",
            "```markdown",
            "Final answer: ```python",
            RIGHT,
            WRONG,
            READS,
            "print(n)",
            "f = f(3)",
            "# ...",
            "    ...",
            "Your original code:",
            "That's it.</think>",
            "{",
            "}",
            "\\begin{verbatim}",
            "\\end{verbatim}",
            "<|channel|>analysis<|message|>",
            "<|end|>",
            "assert f(1)",
            "x = 'a",
        ]
    ),
    max_size=12,
)


@given(PIECES, st.sampled_from(["f", "", "g"]), st.sampled_from([None, "def f(x):\n    # The task.\n"]))
def test_any_answer_is_read_and_nothing_is_made_up(pieces: list[str], name: str, prompt: str | None) -> None:
    text = "\n".join(pieces)
    found = extract(text, name, prompt)
    told = {line.strip() for line in f"{text}\n{prompt or ''}".split("\n")}
    lines = [line.strip().removeprefix("# ") for line in str(found.code or "").split("\n") if line.strip()]
    assert all(any(line in whole for whole in told) for line in lines)
    assert (found.code is None) == bool(found.reason)
