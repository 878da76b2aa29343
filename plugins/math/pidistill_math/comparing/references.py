"""Which references cannot be judged, whatever is answered: the defects that data sets are known to have.

A reference must be an answer. Prose with sentences, pictures, proofs, text that was cut off and missing values are
not, and a problem that has one is outside every rate (ABSTAIN) rather than wrong for everybody.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.extraction import boxes
from pidistill_math.reading.syntax import vocabulary

_MISSING: Final = vocabulary("""nan none null n/a na undefined? unknown - ? ... missing todo tbd""")
_PICTURE = re.compile(
    r"\[asy\]|\\begin\{(?:asy|tikzpicture|figure|tabular)\}|\\includegraphics|!\[|<ima?ge?\b|https?://", re.I
)
_PROOF = re.compile(
    r"^\W*(?:proof|proved|qed|see\s+(?:the\s+)?(?:figure|diagram|solution|proof|above|below|graph)\b|omitted|not found"
    r"|no answer|answer not)",
    re.I,
)
_TEXT = re.compile(r"^\s*\\text(?:bf|it|rm)?\s*\{")
_NEXT_SENTENCE = re.compile(r"(?<=[\w)$])[.!?;]\s+[A-Z(\\$]?[a-z]+\s+[a-z]+")
_OPTION = re.compile(r"\W{0,3}[A-J]\W{0,3}")
_LINE = re.compile(r"[\s$.,;&~]*(?:([-+=*_#])\1{2,}|,|;|\band\b|\\text\{\s*and\s*\}|\\\\)?[\s$.,;&~]*")
_MANY_WORDS = re.compile(r"(?:\b[A-Za-z]{2,}\b[\s,]+(?:[A-Za-z]\b[\s,]+)?){9}")


def defect(reference: str) -> str:
    """Why a reference cannot be judged, '' where it can as far as is seen here."""
    text = reference.strip()
    if not text:
        return "the reference is empty"
    if text.lower().strip("$\\ ") in _MISSING:
        return "the reference is a missing value"
    if _PICTURE.search(text):
        return "the reference is a picture, a table or an address"
    if _PROOF.search(_TEXT.sub("", text)):
        return "the reference is a proof or points elsewhere"
    if text.count("{") - text.count("\\{") != text.count("}") - text.count("\\}") or text.endswith("\\"):
        return "the reference is cut off: its braces do not match"
    plain = re.sub(r"\\[A-Za-z]+", " ", text)
    sentence = _NEXT_SENTENCE.search(plain)
    if (sentence and not _OPTION.fullmatch(plain[: sentence.start()])) or _MANY_WORDS.search(plain):
        return "the reference is prose"
    return ""


def without_boxes(reference: str) -> str:
    """A reference without its box; the contents of several as a list, where only separators part them."""
    if reference.count("boxed{") < 2:
        return boxes.unboxed(reference)
    found, _ = boxes.boxes(reference)
    edges = [0, *(edge for box in found for edge in (box.start, box.end)), len(reference)]
    between = [reference[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if len(found) < 2 or not all(map(_LINE.fullmatch, between)):
        return boxes.unboxed(reference)
    return ", ".join(boxes.content(reference, box) for box in found)
