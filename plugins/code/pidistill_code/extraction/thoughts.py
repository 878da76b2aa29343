"""A model's thoughts, told from its answer by the marks that stand around them.

A draft in thoughts is nobody's answer, and neither is one in thoughts that have no end: whoever stops there has not
answered. A mark is one where it begins or ends a line, as none does in Python outside of strings; what a docstring or a
block of code quotes, or a sentence names, is text. Code before thoughts counts as that behind them does, unless it is
then taken back. A mark that ends thoughts which no mark begins ends those that the prompt began.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice
from typing import Final

from pidistill.authoring.marks import BEGINS, MARK, ends, is_named, is_weak, may_hold
from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.pages import FENCE
from pidistill_code.extraction.wholes import blanked, marks_in_strings

_MOST_MARKS: Final = 100
"""That are looked at."""
_SORTS: Final = frozenset({"thought", "reasoning", "end", "final", "channel", "message_end", "closed", "glued"})
"""Those of `MARK` that stand around thoughts here. Words in square brackets are lists of Python's, too."""
_ONLY_BEHIND: Final = frozenset({"message_end", "closed"})
"""What ends a channel and says nothing elsewhere."""
_BEFORE = re.compile(
    r"(?:[-+*>|\s\ufeff]|<[|\uff5c][^<>\n]{1,40}[|\uff5c]>|\[/?INST\]|(?:assistant|model)\b)*", re.IGNORECASE
)
"""What may stand before a mark that begins thoughts, on its line."""
_BEHIND = re.compile(r"[ \t]*(?:$|```|~~~|<[|/])", re.MULTILINE)
_TAKEN_BACK = re.compile(
    r"\bsorry\b|\b(?:I|we) (?:have|see|know|found) no\b|(?:\A|\n)[ \t]*no (?:solution|idea|answer)\b|"
    r"\b(?:I|we) (?:do not|don['\u2019]?t|cannot|can['\u2019]?t) (?:know|solve|say)\b|\b(?:I|we) give up\b|"
    r"\bwithdraw\w*|"
    r"\b(?:disregard|ignore) (?:that|this|it|everything|(?:the|my) (?:code|answer|solution|draft|above|block))\b",
    re.IGNORECASE,
)
"""What is said of code before thoughts, and not of what it does: that it returns -1 where there is no solution."""
_ASKED = re.compile(r"^[ \t]*<(?:answer|final_answer|solution)>", re.MULTILINE | re.IGNORECASE)
"""Tags that prompts ask for, which end thoughts that have no end."""


def without_thoughts(text: str, name: str) -> str | None:
    """`text` without what stands between the marks of thoughts; None where there is nothing but some that have no end.

    `name` is what the answer has to define, '' for a program.
    """
    if not may_hold(text):
        return text
    shown = blanked(text, marks_in_strings(text, name))
    fences = _Fences(shown)
    at, kept, opened, ended = 0, "", None, False
    for mark in islice(MARK.finditer(shown), _MOST_MARKS):
        sort = str(mark.lastgroup)
        if sort not in _SORTS or mark.start() < at or is_named(text, mark):
            continue
        if opened is not None:
            if ends(opened, mark):
                kept += text[at : opened.start()]
                at, opened, ended = mark.end(), None, True
                if sort in ("final", "glued") or not _holds_code(kept, name) or _TAKEN_BACK.search(text, at):
                    kept = ""
        elif sort in BEGINS:
            bracket = mark[0][0] == "[" and shown.find("[/", mark.end()) < 0  # a list of Python's
            if not bracket and _begins_a_line(shown, mark) and not fences.around(mark.start(), at):
                opened = mark
        elif sort == "end" and (not _at_an_edge(text, mark) or fences.around(mark.start(), at)):
            continue
        elif sort not in _ONLY_BEHIND:
            again = sort == "end" and ended and not _holds_code(text[mark.end() :], name)
            kept = kept + text[at : mark.start()] if again else ""
            at, ended = mark.end(), True
    if opened is None or is_weak(opened):
        return kept + text[at:]
    asked = list(_ASKED.finditer(shown, opened.end()))
    kept += text[at : opened.start()] + (text[asked[-1].start() :] if asked else "")
    return kept if kept.strip() else None


def _begins_a_line(text: str, mark: re.Match[str]) -> bool:
    return _BEFORE.fullmatch(text, text.rfind("\n", 0, mark.start()) + 1, mark.start()) is not None


def _at_an_edge(text: str, mark: re.Match[str]) -> bool:
    """Whether it stands where a line begins or ends, or before a fence or another mark."""
    line = text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
    if line[:1].isspace() and line.lstrip().startswith("#"):  # a comment in code, which may be about such marks
        return False
    if line.count('"""') % 2 or line.count("'''") % 2:  # a docstring begins there
        return False
    return not line.strip() or _BEHIND.match(text, mark.end()) is not None


class _Fences:
    """Where there are fences in a text, and whether each names a language."""

    def __init__(self, text: str) -> None:
        self._at, self._opens = list[int](), list[bool]()
        at = 0
        for line in text.split("\n"):
            if fence := _fence(line):
                self._at.append(at)
                self._opens.append(bool(fence[3]))
            at += len(line) + 1

    def around(self, at: int, since: int) -> bool:
        """Whether one is open there, that begins since then and is closed below: a draft's may be left open."""
        first, here = bisect_left(self._at, since), bisect_left(self._at, at)
        below = len(self._at) - here
        return (here - first) % 2 == 1 and below % 2 == 1 and not self._opens[here]


def _fence(line: str) -> re.Match[str] | None:
    return FENCE.match(line) if line.lstrip()[:1] in tuple("`~-*+0123456789") else None


def _holds_code(text: str, name: str) -> bool:
    if any(map(_fence, text.split("\n"))):
        return True
    return defines(text, name) if name else "(" in text
