"""Answers that are Python as they stand, and fences that stand in strings of code.

A docstring may quote another version of the function in a fence, between tags or as a session, and whoever runs the
file sees none of that. So what is Python as a whole is never taken apart, and neither is a statement of a text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from itertools import pairwise

from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.pages import FENCE
from pidistill_code.extraction.prose import is_prose, margins
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.syntax import is_python, makes, parse

_LIKE_PYTHON = re.compile(
    r"~~~|^[ \t]*(?:\[(?:PYTHON|BEGIN|DONE|ANSWER)\]|(?:\$[ \t]+)?cat\b[^\n<]*<<|\{code(?::[\w=|.+-]*)?\}[ \t]*$)",
    re.MULTILINE,
)
_TAG = re.compile(r"[ \t]*(?:</?[a-z]+>|\[/?[A-Z]+\])")


def is_whole(text: str, name: str) -> bool:
    """Whether all of `text` is a module that makes `name`; any module will do where no name is asked for."""
    if not text.strip() or not name:
        return bool(text.strip()) and holds_no_fence(text)
    return len(text) <= LONGEST_LOOKED_AT and makes(_LIKE_PYTHON.sub("`", text), name)


def holds_no_fence(code: str) -> bool:
    """Whether it is Python whose fences and tags, if it has any, stand in strings and comments, for Python has no back
    quotes. Tildes and words in brackets it has, so they count as back quotes here."""
    return len(code) <= LONGEST_LOOKED_AT and is_python(_LIKE_PYTHON.sub("`", code))


def marks_in_strings(text: str, name: str) -> frozenset[int]:
    """Numbers of the lines that look like fences or tags and stand in strings, as far as the statement around each is
    Python.

    A text that is nothing but a string has its fences to itself, unless what is asked for is defined beside it.
    """
    if '"""' not in text and "'''" not in text:
        return frozenset()
    lines = text.split("\n")
    starts = dict(margins(lines))
    within, only_strings = set[int](), set[int]()
    for start, end in pairwise([*starts, len(lines)]):
        marks = [n for n in range(start + 1, end) if FENCE.match(lines[n]) or _TAG.match(lines[n])]
        code = "\n".join(lines[start:end])
        if marks and holds_no_fence(code):
            (only_strings if _is_string(code) else within).update(marks)
            starts[start] = ""
    if within or any(defines(line, name) if name else line and not is_prose(line) for line in starts.values()):
        within |= only_strings
    return frozenset(within)


def blanked(text: str, within: Container[int]) -> str:
    """`text` with blanks for the lines `within`, as long as it was."""
    return "\n".join(" " * len(line) if n in within else line for n, line in enumerate(text.split("\n")))


def _is_string(code: str) -> bool:
    return all(
        isinstance(found, ast.Expr) and isinstance(found.value, ast.Constant | ast.JoinedStr)
        for found in parse(code).body
    )
