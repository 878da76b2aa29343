"""A model's thoughts, told from its answer by the marks that stand around them.

What the marks are called is in `pidistill.authoring.marks`. A draft in thoughts is nobody's answer, so what is doubtful
counts as thoughts. But an answer may write of such a mark in a comment or a string of Lean's, and there it is text
(`_Surroundings`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence, Set
from typing import Final

from pidistill.authoring.marks import MARK
from pidistill_lean.extraction.fences import COMMENT_OPENS, FENCE
from pidistill_lean.extraction.folds import RESULT, folds_thoughts, holds_lean, lemmas_in
from pidistill_lean.extraction.marks import ASKED
from pidistill_lean.extraction.prose import COMMAND, TACTIC

_BEGINS: Final = frozenset({"thought", "reasoning", "heading", "channel", "fold", "unseen"})
_NAMED: Final = frozenset({"thought", "reasoning", "heading"})
_ENDS: Final = {
    "channel": frozenset({"message_end", "closed", "glued", "final"}),
    "fold": frozenset({"unfold", "final"}),
    "unseen": frozenset({"seen", "final"}),
}
_ENDS_OTHERS: Final = frozenset({"end", "final"})
_ENDS_ONLY: Final = frozenset({"message_end", "seen"})
"""What says nothing where it ends none of its own."""
_LAST: Final = "</think>"
_FAMILY = re.compile(r"[^a-z0-9\[|\u25c1]|begin|start|end(?![a-z])|of(?=[ _\u2581])")
"""What is no part of a mark's family: what is left says its name, and whether it stands in brackets or bars."""
_MOST_NESTED: Final = 20
_BEFORE = re.compile(
    r"(?:[-+][ ]|[\s>*_#|(\u2013\u2014\u2022\ufeff\u200b\u2060]|[0-9]{1,3}[.)][ ]|</?[a-z_][^<>\n]{0,40}>"
    r"|<[|\uff5c][^<>\n]{1,40}[|\uff5c]>|\[/?(?:gMASK|sop|INST)\]|(?:assistant|model)\b)*",
    re.IGNORECASE,
)
"""What may stand before a mark on its line: bullets, special tokens, other tags, and who speaks."""
_MENTIONED = re.compile(
    r"(?:[ ]?(?:and|or|/)?[ ]?</?[\w /-]{1,30}>)?[ ](?:tags?|tokens?|blocks?|marks?|markers?)\b", re.IGNORECASE
)
"""What follows a mark that a sentence speaks of."""
_TAKEN_BACK = re.compile(
    r"\b(?:no|not|none|never|cannot|unable|wrong|fails?|failed|incorrect|instead|withdraw\w*|sorry|idea)\b|n't\b",
    re.IGNORECASE,
)
_SENTENCE_ENDS: Final = (".", "!", "?", ":")
_COMMENT_EDGE = re.compile(rf"{COMMENT_OPENS.pattern}|-/")
_LINE_COMMENT = re.compile(r"(?:^|\s)--")
_NEAR: Final = 1000
"""Characters of a line that are looked at around a mark."""


def without_thoughts(text: str) -> str | None:
    """`text` without what stands between the marks of thoughts; None where there is nothing but some that have no end.

    Marks of another name that begin and end within thoughts are part of them: what ends these ends no others. A mark
    that ends thoughts without one that begins them ends those that the prompt began. What follows `</think>` is all
    that counts: nobody thinks behind the answer there; and so it is with a mark of the final answer. `<details>` are
    thoughts by their summary, or where Lean text is beside them and it does not say that they are the answer.
    """
    marks = list(MARK.finditer(text))
    if not marks:
        return text
    kept, folds = _outside(text, marks, frozenset())
    if not folds or kept is None:
        return kept
    shown = lemmas_in(text, folds, kept) if holds_lean(kept) else {start for start, _ in folds}
    return _outside(text, marks, shown)[0] if shown else kept


def _outside(text: str, marks: Sequence[re.Match[str]], shown: Set[int]) -> tuple[str | None, list[tuple[int, int]]]:
    """What stands outside of thoughts, and which `<details>` that leaves out which may be the answer.

    Those are thoughts where they end, unless they begin where `shown` says.
    """
    last = {mark.lastgroup: mark.start() for mark in marks}
    first = {mark.lastgroup: mark.start() for mark in reversed(marks)}
    ends = len(text.rstrip())
    around = _Surroundings(text)
    kept: list[str] = []
    at, depth = 0, 0
    folds: list[tuple[int, int]] = []
    doubtful = ended = False
    opened: re.Match[str] | None = None
    inner: list[str] = []
    for mark in marks:
        sort = str(mark.lastgroup)
        if opened is None:
            if sort in _ENDS_ONLY or not around.is_mark(mark, sort in _BEGINS):
                continue
            if sort == "end" and ended and mark.end() >= ends:
                kept.append(text[at : mark.start()])  # said twice: behind the answer as well
                at = mark.end()
                continue
            if sort == "heading" and mark.start() > max(last.get("end", -1), last.get("final", -1)):
                continue  # a word for what follows
            doubtful = False
            if sort == "fold" and not folds_thoughts(mark):
                doubtful = mark.start() not in shown and mark.start() < last.get("unfold", -1)
                doubtful = doubtful and not RESULT.search(mark["summary"] or "")
                if not doubtful:
                    sort = "unfold"
            if sort in _BEGINS:
                if mark[0].startswith("<|end|>") and mark.start() < first.get("final", mark.end()):
                    kept.clear()
                    at = mark.start()
                opened, depth = mark, 0
                inner.clear()
                continue
            if sort == "unfold":
                kept.append(text[at : mark.start()])
            else:
                kept.clear()
        elif opened.lastgroup == "fold" and sort == "fold":
            depth += 1
            continue
        elif sort == "unfold" and depth:
            depth -= 1
            continue
        elif sort not in _ENDS.get(str(opened.lastgroup), _ENDS_OTHERS):
            nests = sort in _NAMED and len(inner) < _MOST_NESTED and around.begins_line(mark)
            if nests and _family(mark) != _family(opened):
                inner.append(_family(mark))
            continue
        elif sort == "end" and (around.is_quoted(mark) or _family(mark) in inner):
            if _family(mark) in inner:
                del inner[inner.index(_family(mark)) :]
            continue
        elif sort in ("final", "glued") or (mark[0] == _LAST and not _looks_back(text, at, opened, mark)):
            kept.clear()
        else:
            kept.append(text[at : opened.start()])
            if doubtful:
                folds.append((opened.start(), mark.start()))
        at, opened, ended = mark.end(), None, True
        around.begin(at)
    if opened is None:
        return "".join([*kept, text[at:]]), folds
    kept.append(text[at : opened.start()])
    if opened.lastgroup == "reasoning" and (answers := list(ASKED.finditer(text, opened.end()))):
        kept.append(text[answers[-1].start() :])
    found = "".join(kept)
    return found if found.strip() else None, folds


def _family(mark: re.Match[str]) -> str:
    return _FAMILY.sub("", re.split(r"[ \t]+[\w:-]+[ ]?=", mark[0].lower().replace("\uff5c", "|"), maxsplit=1)[0])


def _looks_back(text: str, at: int, opened: re.Match[str], mark: re.Match[str]) -> bool:
    """Whether the thoughts are about an answer that stands before them, with no other and no refusal behind."""
    rest = text[mark.end() : mark.end() + _NEAR]
    if text.find(_LAST, mark.end()) >= 0 or len(text) - mark.end() > _NEAR or _TAKEN_BACK.search(rest):
        return False
    return not holds_lean(rest) and holds_lean(text[at : opened.start()])


def _at_a_beginning(line: str) -> bool:
    return bool(_BEFORE.fullmatch(line)) or line.rstrip(" \t*_").endswith(_SENTENCE_ENDS)


def _begins_sentence(rest: str) -> bool:
    return rest.lstrip()[:1].isupper()


class _Surroundings:
    """Whether a mark is one, or text: read along with the marks, from where the last thoughts ended.

    It is text in a comment of Lean's, in a string on its line, and in code within a sentence. One that begins thoughts
    also stands where a line or a sentence begins, or a line ends, and in no block of code. A block whose fence does not
    close is none: it is the draft's. So is a comment, unless it ends before the next fence. A line that is a comment
    may be the last of a draft, so a mark that ends thoughts there is one, unless Lean goes on.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._fences = list(FENCE.finditer(text)) if "```" in text or "~~~" in text else []
        self._starts = [fence.start() for fence in self._fences]
        self._comments = _Comments(text)
        self.begin(0)

    def begin(self, at: int) -> None:
        """What comes before `at` is no part of the answer."""
        self._began = self._at = self._seen = at
        self._fence = ""

    def is_mark(self, mark: re.Match[str], begins: bool) -> bool:
        line = self._line_before(mark.start())
        ends = self._text.find("\n", mark.end(), mark.end() + _NEAR)
        rest = self._text[mark.end() : ends if ends >= 0 else mark.end() + _NEAR]
        if _MENTIONED.match(rest):
            return False
        index = bisect_left(self._starts, mark.end())
        after = self._fences[index : index + 1]
        fenced = bool(self._fence and after and not after[0][3]) and (len(self._fences) - index) % 2 == 1
        if begins and (
            fenced
            or (
                mark.lastgroup not in ("channel", "unseen")
                and rest.strip()
                and not (_at_a_beginning(line) or _begins_sentence(rest))
            )
        ):
            return False
        since = max(self._began, self._starts[index - 1] if index else 0)
        if self._comments.around(mark.start(), since, after[0].start() if after else len(self._text)):
            return False
        if any(line.replace(f"\\{quote}", "").count(quote) % 2 and quote in rest for quote in '"`'):
            return False
        if not _LINE_COMMENT.search(line):
            return True
        if fenced:
            return False
        lean = line[:1].isspace() or COMMAND.match(line) or TACTIC.match(line)
        return not lean or (mark.lastgroup in ("end", "final") and not self._goes_on(ends))

    def begins_line(self, mark: re.Match[str]) -> bool:
        return not self._text[max(0, mark.start() - _NEAR) : mark.start()].rpartition("\n")[2].strip()

    def is_quoted(self, mark: re.Match[str]) -> bool:
        """Whether a mark is named within thoughts, as code or with dots between it and the one that begins it."""
        before, behind = self._text[max(0, mark.start() - 4) : mark.start()], self._text[mark.end() : mark.end() + 1]
        return (before[-1:] == behind == "`") or before in (">...", "> \u2026")

    def _line_before(self, start: int) -> str:
        """Reads on to the line of what starts there, and gives what stands before it on its line."""
        while (end := self._text.find("\n", max(self._at, self._seen), start)) >= 0:
            match = FENCE.match(self._text[self._at : end])
            if match and not self._fence:
                self._fence = match[2]
            elif match and match[2].startswith(self._fence):
                self._fence = match[2] if match[3] else ""
            self._at = end + 1
        self._seen = start
        return self._text[max(self._at, start - _NEAR) : start]

    def _goes_on(self, ends: int) -> bool:
        """Whether Lean text goes on behind the line that ends there: no blank line, no fence."""
        following = self._text[ends + 1 : ends + 1 + _NEAR].split("\n", 1)[0] if ends >= 0 else ""
        return bool(following.strip()) and not FENCE.match(following)


class _Comments:
    """Lean's comments in a text, which may hold others."""

    def __init__(self, text: str) -> None:
        self._edges: list[int] = []
        self._within: list[int | None] = []
        """For every edge, where the comment begins that what follows it stands in."""
        self._ends: dict[int, int] = {}
        opened: list[int] = []
        for edge in _COMMENT_EDGE.finditer(text):
            if edge[0] == "/-":
                opened.append(edge.start())
            elif opened:
                self._ends[opened.pop()] = edge.start()
            self._edges.append(edge.start())
            self._within.append(opened[-1] if opened else None)

    def around(self, at: int, since: int, before: int) -> bool:
        """Whether a comment is around `at` that begins since then and ends before then."""
        index = bisect_left(self._edges, at)
        begins = self._within[index - 1] if index else None
        return begins is not None and begins >= since and self._ends.get(begins, before) < before
