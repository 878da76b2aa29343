"""From a completion to the answer it commits to. Text in, text out; whether the answer is right is for `judge`.

The rules, in order:

1. Scratch work does not count: only what follows the last ``</think>`` is read, and a ``<think>`` that is never closed
   leaves no answer. Of very long texts only the last `WINDOW` characters are read, and comments are not.
2. The last ``\\boxed{}`` (or ``\\fbox{}``) is the answer, if it states one (`boxes`) and is not withdrawn afterwards.
   A later box corrects an earlier one, but boxes that only a separator or the names of their parts divide are one
   listing, judged as the list it is. A box opened and never closed is a truncated answer, hence none.
3. Without a box, or after a box that a later sentence replaces, the fallback (an option) reads what is *stated* as
   the answer (`stated`).

Every rule is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from pidistill_math import boxes, stated

WINDOW: Final = 1_000_000
"""Characters at the end of a completion in which an answer is looked for."""
_AFTERWARDS: Final = 1_500

How = Literal["box", "marker", "phrase", "none"]

_WITHDRAWN = re.compile(
    r"\b(?:that|this|it|which|(?:the|my)\s+(?:boxed\s+)?(?:answer|box|above|result|value))"
    r"(?:\s+(?:is|was|can|could)(?:\s+(?:actually|clearly|in\s+fact|obviously|definitely))?|'s)?\s*"
    r"(?:(?:is\s+)?(?:wrong|incorrect|mistaken|invalid|false)\b|a\s+mistake|an\s+error|n[o']t\s+(?:right|correct|it\b|be\b|"
    r"the\s+(?:right|correct|final)?\s*answer|true|valid)|isn't|cannot\s+be|can't\s+be)"
    r"|\bscratch\s+that|\bdisregard\b|\bignore\s+(?:that|this|the|my)\b|\bi\s+(?:take\s+(?:that|it)\s+back|withdraw|retract)"
    r"|\bon\s+second\s+thought|\bcorrection\s*:|\bi\s+made\s+an?\s+(?:mistake|error)|\bnever\s*mind\b|\bi\s+was\s+wrong"
    r"|\b(?:answer|it|this|that)\s+should\s+(?:actually\s+|really\s+|instead\s+)?(?:be|have\s+been)\s+\W*[\d\\-]"
    r"|\bjust\s+(?:kidding|a\s+guess)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"^[\s$.,)\]\\]{0,6}(?:(?:is|was|would\s+be)\s+(?:clearly\s+|certainly\s+)?(?:wrong|incorrect|false|invalid|a\s+mistake|not\b)"
    r"|isn't\b|can(?:not|'t)\s+be|but\s+(?:it's|it\s+is|actually|that's|it\s+should)\b)",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^[\s$.,!*\\)\]]*(?:(?:wait|hmm|oops|hold\s+on|actually)\b[\s,.:!-]|no\s*[,.:!\u2014-])", re.IGNORECASE
)
_CONFIRMED = re.compile(
    r"\b(?:is|looks?|was)\s+(?:indeed\s+|right|correct\b)|\bconfirm|\bchecks?\s+out|\bstands\b", re.I
)
_REPLACED = re.compile(r"\b(?:final|correct|actual|right|true|real)\s+answer\**\s*(?:is|:)", re.IGNORECASE)


@dataclass(frozen=True)
class Extraction:
    """What a completion commits to. `answer` is None where it commits to nothing, and `reason` then says why."""

    answer: str | None
    how: How
    reason: str = ""


def extract(completion: str, fallback: bool = True) -> Extraction:
    """The answer of a completion. `fallback` allows an answer that is stated without a box."""
    text = completion[-WINDOW:]
    think_end = text.rfind("</think>")
    if text.find("<think>", max(think_end, 0)) >= 0:
        return _none("the completion ends inside its scratch work (<think> is never closed)")
    if think_end >= 0:
        text = text[think_end + len("</think>") :]
    text = boxes.without_comments(text)
    found, truncated = boxes.boxes(text)
    if truncated:
        return _none("the last \\boxed{} is never closed")
    if found:
        return _boxed(text, found, fallback)
    return _stated(text) if fallback else _none("no \\boxed{} in the completion")


def _boxed(text: str, found: list[boxes.Box], fallback: bool) -> Extraction:
    after = text[found[-1].end : found[-1].end + _AFTERWARDS]
    replaced = fallback and "answer" in after.lower() and _REPLACED.search(after)
    taken_back = withdrawn(after)
    if taken_back or replaced:
        if fallback and (later := _stated(after)).answer is not None:
            return later
        if taken_back:
            return _none("the last \\boxed{} is withdrawn")
    if trouble := boxes.discounted(text, found[-1]):
        return _none(trouble)
    answer = boxes.listing(text, found)
    return Extraction(answer, "box") if answer else _none("the last \\boxed{} is empty, or one of several values")


def _stated(text: str) -> Extraction:
    answer, how = stated.statement(text)
    if how == "none":
        return _none("no \\boxed{} in the completion, and no answer stated")
    if not answer:
        return _none("the answer that is announced is missing, unfinished, a question or withdrawn")
    return Extraction(answer, how)


def withdrawn(after: str) -> bool:
    """Whether what follows an answer takes it back."""
    if len(after) < 4:
        return False
    return bool(
        _WITHDRAWN.search(after[:600]) or _DENIED.match(after) or (_TURN.search(after) and not _CONFIRMED.search(after))
    )


def _none(reason: str) -> Extraction:
    return Extraction(None, "none", reason)
