"""What HTML's `<details>` hold: thoughts or the answer, by their summary and by what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pidistill_lean.extraction.compose import NAMED
from pidistill_lean.extraction.fences import FENCE, LEAN, language_of
from pidistill_lean.extraction.marks import ANSWER
from pidistill_lean.extraction.prose import COMMAND, TACTIC, no_sentence

_DRAFT = re.compile(
    r"\b(?:think|thought|reason|scratch|draft|attempt|tr(?:y|ies|ied)\b|wrong|fail|earlier|previous|old\b|discarded|"
    r"abandoned|brainstorm|monologue|sketch)|\u601d\u8003|\U0001f9e0|\U0001f4ad",
    re.IGNORECASE,
)
_WORKINGS = re.compile(r"\b(?:analysis|idea|plan|explor|deliberat|notes?\b|work(?:ings?)?\b)", re.IGNORECASE)
RESULT = re.compile(r"\b(?:proof|answer|solution|final|lean|code|theorem|full|complete|formal|correct)", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:incorrect|incomplete|broken|rejected|withdrawn|superseded|unfinished|non-final|initial|comparison|alternative|"
    r"examples?|not work|not compile|(?:had|has|with) (?:an )?errors?|first (?:version|proof|solution))\b|n't work",
    re.IGNORECASE,
)
"""What a summary says of a proof that is not the answer."""
_SAYS_SO = re.compile(
    r"\s*(?:(?:the|my|complete|full|final|formal|verified|lean ?4?)\s+)+(?:proof|solution|code)\b", re.I
)
_MUSED = re.compile(r"\b(?:reasoning|thoughts?|thinking)\b", re.IGNORECASE)
_NO_LEAN = re.compile(r"-{3,}$|\|")
_LEFT_OPEN = re.compile(r"\b(?:sorry|admit)\b")
_WORD = re.compile(r"[^\W\d][\w'!?.]*")
_SENTENCE = re.compile(r"\b(?:is|are|that|which|we|it|gives?|proves?|shows|and|the)\b")


def folds_thoughts(fold: re.Match[str]) -> bool:
    summary = fold["summary"] or ""
    if _DENIED.search(summary) or _DRAFT.search(fold["attributes"] or ""):
        return True
    if _SAYS_SO.match(summary):
        summary = _MUSED.sub("", summary)
    return bool(_DRAFT.search(summary) or (_WORKINGS.search(summary) and not RESULT.search(summary)))


def lemmas_in(text: str, folds: Sequence[tuple[int, int]], kept: str) -> set[int]:
    """The folds that declare what the theorem beside them names; a bare proof may be of what they declare."""
    named, declared = set(_WORD.findall(kept)), set(NAMED.findall(kept))
    found = set()
    for start, end in folds:
        names = set(NAMED.findall(text, start, end))
        if declared and names & named and not names & declared:
            found.add(start)
    return found


def holds_lean(text: str) -> bool:
    """Whether there is Lean text that may be an answer: no rule, table or sentence, nothing that is left open.

    Nor is it one where something is only looked up (`#check`).
    """
    fence, lean, lines = "", True, list[str]()
    for line in [*text.split("\n"), ""]:
        match = FENCE.match(line)
        if not fence and ANSWER.match(line):
            return True
        if match or (not fence and not line.strip()):
            if lean and _answers(lines, bool(fence)):
                return True
            opens = match is not None and (not fence or bool(match[3]))
            fence = match[2] if match and opens else ""
            lean, lines = not (match and opens) or language_of(match[3]) in LEAN, []
        else:
            lines.append(line)
    return lean and _answers(lines, bool(fence))


def _answers(lines: Sequence[str], fenced: bool) -> bool:
    first = next((line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    if not first or _LEFT_OPEN.search("\n".join(lines)):
        return False
    if fenced:
        return True
    if COMMAND.match(first):
        return no_sentence(first) and not _NO_LEAN.match(first)
    return TACTIC.match(first) is not None and not (first[-1] in ".!?:" or _SENTENCE.search(first))
