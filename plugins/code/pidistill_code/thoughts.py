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

from pidistill.authoring.marks import MARK
from pidistill_code.blocks import defines
from pidistill_code.pages import FENCE
from pidistill_code.wholes import blanked, marks_in_strings

_MAY_HOLD = re.compile(
    r"(?:[<\[\u25c1]|&lt;)[^<>\[\]\n]{0,60}?(?:think|thought|reason|reflect|scratch|analysis|monologue|brainstorm|cot\b|"
    r"draft|plan|delib|sketch|rationale|critique|strategy|explor|ponder|contempl|discarded|wrong|work|attempt|try|inner)|"
    r"<\||<unused9|assistantfinal|\A\s{0,9}(?:assistant|analysis|commentary|final)",
    re.IGNORECASE,
)
"""What every text with a mark has: most have none, and cost nothing more."""
_MOST_MARKS: Final = 100
"""That are looked at."""
_SORTS: Final = frozenset({"thought", "reasoning", "end", "final", "channel", "message_end", "closed", "glued"})
"""Those of `MARK` that stand around thoughts here. Words in square brackets are lists of Python's, too."""
_BEGINS: Final = frozenset({"thought", "reasoning", "channel"})
_ENDS: Final = {"channel": frozenset({"message_end", "closed", "final", "glued"})}
_ENDS_OTHERS: Final = frozenset({"end", "final"})
_ONLY_BEHIND: Final = frozenset({"message_end", "closed"})
"""What ends a channel and says nothing elsewhere."""
_BEFORE = re.compile(
    r"(?:[-+*>|\s\ufeff]|<[|\uff5c][^<>\n]{1,40}[|\uff5c]>|\[/?INST\]|(?:assistant|model)\b)*", re.IGNORECASE
)
"""What may stand before a mark that begins thoughts, on its line."""
_BEHIND = re.compile(r"[ \t]*(?:$|```|~~~|<[|/])", re.MULTILINE)
_NAMED = re.compile(r"[ ](?:tags?|tokens?|blocks?|marks?|markers?)\b", re.IGNORECASE)
"""What follows a mark that a sentence speaks of."""
_TAKEN_BACK = re.compile(
    r"\bsorry\b|\b(?:I|we) (?:have|see|know|found) no\b|(?:\A|\n)[ \t]*no (?:solution|idea|answer)\b|"
    r"\b(?:I|we) (?:do not|don['\u2019]?t|cannot|can['\u2019]?t) (?:know|solve|say)\b|\b(?:I|we) give up\b|"
    r"\bwithdraw\w*|"
    r"\b(?:disregard|ignore) (?:that|this|it|everything|(?:the|my) (?:code|answer|solution|draft|above|block))\b",
    re.IGNORECASE,
)
"""What is said of code before thoughts, and not of what it does: that it returns -1 where there is no solution."""
_THINK = re.compile(r"think|thought", re.IGNORECASE)
_WEAK = re.compile(
    r"plan|sketch|rationale|critique|strategy|explor|ponder|contempl|analysis>|notes|attempt|try|draft|work",
    re.IGNORECASE,
)
"""Names of marks that may be another thing: without an end they are text."""
_ASKED = re.compile(r"^[ \t]*<(?:answer|final_answer|solution)>", re.MULTILINE | re.IGNORECASE)
"""Tags that prompts ask for, which end thoughts that have no end."""
_PAIRED: Final = frozenset(
    {"think", "thinking", "thought", "thoughts", "scratchpad", "reasoning", "reflection", "analysis"}
)
"""Names of marks that stand in pairs: one of another name ends nothing."""


def without_thoughts(text: str, name: str) -> str | None:
    """`text` without what stands between the marks of thoughts; None where there is nothing but some that have no end.

    `name` is what the answer has to define, '' for a program.
    """
    if not _MAY_HOLD.search(text):
        return text
    shown = blanked(text, marks_in_strings(text, name))
    fences = _Fences(shown)
    at, kept, opened, ended = 0, "", None, False
    for mark in islice(MARK.finditer(shown), _MOST_MARKS):
        sort = str(mark.lastgroup)
        if sort not in _SORTS or mark.start() < at or _is_named(text, mark):
            continue
        if opened is not None:
            if sort in _ENDS.get(str(opened.lastgroup), _ENDS_OTHERS) and _may_end(opened, mark):
                kept += text[at : opened.start()]
                at, opened, ended = mark.end(), None, True
                if sort in ("final", "glued") or not _holds_code(kept, name) or _TAKEN_BACK.search(text, at):
                    kept = ""
        elif sort in _BEGINS:
            bracket = mark[0][0] == "[" and shown.find("[/", mark.end()) < 0  # a list of Python's
            if not bracket and _begins_a_line(shown, mark) and not fences.around(mark.start(), at):
                opened = mark
        elif sort == "end" and (not _at_an_edge(text, mark) or fences.around(mark.start(), at)):
            continue
        elif sort not in _ONLY_BEHIND:
            again = sort == "end" and ended and not _holds_code(text[mark.end() :], name)
            kept = kept + text[at : mark.start()] if again else ""
            at, ended = mark.end(), True
    if opened is None or _WEAK.search(opened[0]):
        return kept + text[at:]
    asked = list(_ASKED.finditer(shown, opened.end()))
    kept += text[at : opened.start()] + (text[asked[-1].start() :] if asked else "")
    return kept if kept.strip() else None


def _is_named(text: str, mark: re.Match[str]) -> bool:
    """Whether a sentence or a string speaks of it."""
    before, behind = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
    return (before == behind and before in ("`", "'", '"')) or _NAMED.match(text, mark.end()) is not None


def _may_end(opened: re.Match[str], mark: re.Match[str]) -> bool:
    """Whether a mark ends these thoughts, and not those of another name within them. `</think>` ends all."""
    if mark.lastgroup != "end" or opened.lastgroup == "channel" or _THINK.search(mark[0]):
        return True
    one, other = (
        re.sub(r"[^a-z]", "", re.sub(r"begin|start|end(?![a-z])", "", it[0].lower())) for it in (opened, mark)
    )
    return one == other or not (_THINK.search(opened[0]) or (one in _PAIRED and other in _PAIRED))


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
