"""Markdown's fences: what one looks like, which may hold Lean, and those that are put around a whole answer.

Models that are asked to answer in Markdown put the answer, prose and fences and all, into one more fence: a longer one,
or one of the other character. No Lean text has a fence outside its comments, so a block that has one is Markdown, and
none begins with a tag.
"""

from __future__ import annotations

import re
from typing import Final

FENCE = re.compile(r"^([ \t]*)(```+|~~~+)[ \t]*([\w+.-]*)[^\n]*$", re.MULTILINE)
"""Its indentation, its characters and its language."""
COMMENT_OPENS = re.compile(r"(?:^|(?<=[\s(]))/-")
"""Where a comment of Lean's begins: in a sentence, `+/-` begins none."""
LEAN: Final = frozenset({"", "lean", "lean4", "lean3", "leanprover", "tactic", "tactics"})
_WRAPPERS: Final = LEAN | {"markdown", "md"}
_TAG = re.compile(r"\s*(?:<|\u25c1|\[[\w -]{1,40}\])")
_NOT_IN_LANGUAGE = re.compile(r"[^a-z0-9]")


def language_of(word: str) -> str:
    """A fence's language: `Lean-4` and `lean_4` are `lean4`."""
    return _NOT_IN_LANGUAGE.sub("", word.lower()) or word.lower()


def unwrapped(text: str) -> str:
    """`text` without the fences around what is Markdown itself: lines of fences are left out, and nothing else.

    A fence that is never closed reaches to the end, as everywhere.
    """
    lines = text.split("\n")
    dropped: set[int] = set()
    fence, opened, depth, wraps, markdown, first = "", 0, 0, False, False, False
    for number, line in enumerate(lines):
        match = FENCE.match(line)
        if match and (not fence or (match[2].startswith(fence) and match[3])):  # the one before was never closed
            fence, opened, depth, markdown, first = match[2], number, 0, False, True
            wraps = language_of(match[3]) in _WRAPPERS
        elif match and match[2].startswith(fence):
            if wraps and markdown:
                dropped.update((opened, number))
            fence = ""
        elif fence:
            markdown = markdown or (match is not None and depth == 0) or (first and _TAG.match(line) is not None)
            first = first and not line.strip()
            depth = max(0, depth + len(COMMENT_OPENS.findall(line)) - line.count("-/"))
    if fence and wraps and markdown:
        dropped.add(opened)
    return "\n".join(line for number, line in enumerate(lines) if number not in dropped)
