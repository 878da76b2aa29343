"""From a completion to the answer it commits to. Text in, text out; whether the answer is right is for `judge`.

The rules, in order:

1. Scratch work does not count: only what follows the last ``</think>`` is read, or what is its like
   (`pidistill.authoring.marks`), and a ``<think>`` that is never closed leaves no answer. Of very long texts only the
   last `WINDOW` characters are read, and comments are not.
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

from pidistill.authoring.marks import after_thoughts
from pidistill_math.extraction import box_lists, box_units, boxes, sides, stated, surroundings
from pidistill_math.extraction.rivals import holds
from pidistill_math.extraction.withdrawals import withdrawn

WINDOW: Final = 1_000_000
"""Characters at the end of a completion in which an answer is looked for."""
_AFTERWARDS: Final = 1_500
_LAST_LINE: Final = 400

How = Literal["box", "marker", "phrase", "none"]

_POINTS_BACK = re.compile(
    r"\s*(?:indeed\s+)?(?:in\s+the\s+box|(?:given|shown|stated|boxed|written)\b|(?:the\s+)?above|as\s+(?:above|boxed)|exact\b)",
    re.IGNORECASE,
)
"""What follows 'the final answer is' where it speaks of the box rather than replaces it."""
_AGAIN = re.compile(r"\banswer\**\s*(?:is(?:\s+(?:actually|really|instead))?|must\s+be|:)", re.IGNORECASE)
_CALLED_ANSWER = re.compile(
    r"(?P<value>-?\d+(?:[.,/]\d+)*)\$?\s*,?\s*(?:(?:which|that|and\s+th(?:is|at))\s+)?(?:is|must\s+be)\s+(?:our|the|my)\s+"
    r"(?:final\s+|correct\s+|actual\s+)?answer\b",
    re.IGNORECASE,
)
_MARKED = re.compile(r"(?:^|\n)[ \t]*####[ \t]*(?P<answer>[^\n]{1,200}?)\s*\Z")
_REPLACED = re.compile(r"\b(?:final|correct|actual|right|true|real)\s+answer\**\s*(?:is|:)", re.IGNORECASE)


_TURN_ENDS = re.compile(r"<\|(?:im_end|endoftext|eot_id|end|end_of_text)\|>|</s>")
_MARK = re.compile(r"<\|\w{1,30}\|>")


@dataclass(frozen=True)
class Extraction:
    """What a completion commits to. `answer` is None where it commits to nothing, and `reason` then says why."""

    answer: str | None
    how: How
    reason: str = ""
    sides: tuple[str, ...] = ()
    """What equals signs join to the box, in whose light `sides` looks at the answer."""
    parts: tuple[tuple[str, str], ...] = ()
    """The labels of the solution's parts, each with what its box holds; () where it has no such parts."""
    bound: str = ""
    """'most' or 'least' where the box stands behind 'at most' or 'at least', '' elsewhere."""
    measured: str = ""
    """The answer with the unit that stands outside of its box, '' where none does."""


def extract(completion: str, fallback: bool = True, question: str = "") -> Extraction:
    """The answer of a completion. `fallback` allows an answer that is stated without a box; `question` tells a value of
    what it asks for from one of something on the way."""
    answered = after_thoughts(completion[-WINDOW:])
    if answered is None:
        return _none("the completion ends inside its scratch work, or says nothing else")
    text = _one_turn(boxes.without_comments(answered))
    found, truncated = boxes.boxes(text)
    if truncated:
        return _none("the last \\boxed{} is never closed")
    if found:
        return _boxed(text, found, fallback, question)
    return _stated(text, question) if fallback else _none("no \\boxed{} in the completion")


def _one_turn(text: str) -> str:
    """The text up to where its turn ends, without the marks of chat formats."""
    if "<|" not in text and "</s>" not in text and "<answer>" not in text:
        return text
    ended = _TURN_ENDS.search(text, len(text) - len(text.lstrip()) + 1)
    text = _MARK.sub("\n", text[: ended.start()] if ended else text)
    if "<answer>" in text and "\\boxed" in text:
        text = text.replace("<answer>", "\n").replace("</answer>", "\n")
    return text


def _boxed(text: str, found: list[boxes.Box], fallback: bool, question: str) -> Extraction:
    after = text[found[-1].end : found[-1].end + _AFTERWARDS]
    speaks = "answer" in after.lower()
    replaced = _REPLACED.search(after) if fallback and speaks else None
    if replaced and _POINTS_BACK.match(after, replaced.end()):
        replaced = None
    inside = boxes.content(text, found[-1])
    marked = _MARKED.search(text, max(found[-1].end, len(text) - _LAST_LINE)) if fallback else None
    if marked is not None and any(map(str.isdigit, marked["answer"])) and stated.readable(marked["answer"]):
        return Extraction(marked["answer"].strip(), "marker")
    called = list(_CALLED_ANSWER.finditer(after)) if speaks else []
    if called and not holds(inside, called[-1]["value"]) and called[-1].start() != 0:
        return _none("another value than the last \\boxed{} is called the answer")
    taken_back = withdrawn(after, inside, question)
    if taken_back or replaced:
        if fallback and (later := _stated(after, question)).answer is not None:
            return later
        if taken_back:
            return _none("the last \\boxed{} is withdrawn")
    if fallback and speaks and not replaced and _AGAIN.search(after):
        later = _stated(after, question)
        if later.answer is not None and any(map(str.isdigit, later.answer)) and stated.readable(later.answer):
            return later
    if trouble := surroundings.discounted(text, found[-1]):
        if trouble == surroundings.DENIED and len(found) > 1 and not surroundings.discounted(text, found[-2]):
            if boxes.content(text, found[-2]) != boxes.content(text, found[-1]):
                return Extraction(box_lists.listing(text, found[:-1]) or None, "box", trouble)
        if not trouble.startswith(surroundings.BOUNDS):
            return _none(trouble)
    answer = box_lists.listing(text, found, question)
    if not answer:
        return _none("the last \\boxed{} is empty, or one of several values")
    bound = trouble.removeprefix(surroundings.BOUNDS).strip("' ")
    parts = box_lists.by_parts(text, found) if len(found) > 1 else ()
    measured = box_units.with_unit(text, found[-1], answer, question) if answer == inside else ""
    return Extraction(
        answer, "box", trouble, sides.beside(text, found[-1].start, found[-1].end), parts, bound, measured
    )


def _stated(text: str, question: str) -> Extraction:
    answer, how = stated.statement(text, question)
    if how == "none":
        return _none("no \\boxed{} in the completion, and no answer stated")
    if not answer:
        return _none("the answer that is announced is missing, unfinished, a question or withdrawn")
    return Extraction(answer, how)


def _none(reason: str) -> Extraction:
    return Extraction(None, "none", reason)
