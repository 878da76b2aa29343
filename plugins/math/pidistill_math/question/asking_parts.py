"""The clause in which a question asks, and the order of the things in it, which is that of the reference's values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pidistill_math.question.asking import Question


def parts_asked(question: str, parts: Sequence[tuple[str, str]]) -> str:
    """An answer's parts in the order of the question, where it asks for parts of these labels; '' where it does not."""
    if all(len(label) == 1 for label, _ in parts):
        ordered = list(parts) if parts and Question(question).has_parts() else []
    else:
        last = re.split(r"(?<=[.?!])\s+", question.strip())[-1].lower()
        places = [(at.start(), inside) for label, inside in parts if (at := re.search(rf"\b{label}s?\b", last))]
        ordered = [("", inside) for _, inside in sorted(places)] if len(places) == len(parts) else []
    return ", ".join(f"({label}) {inside}" for label, (_, inside) in zip("abcdefgh", ordered, strict=False))


_ASKS = re.compile(
    r"\b(?:find|what(?:'s|\s+is|\s+are)?|which|how|compute|determine|calculate|evaluate|give)\b", re.IGNORECASE
)
_CONDITION = re.compile(r"\b(?:if|when|where|given|such|so\s+that)\b|[.?!](?:\s|$)", re.IGNORECASE)


def clause_asked(question: str) -> str:
    """The words by which a question names what it asks for at last, in small letters and without its conditions."""
    for sentence in reversed(re.split(r"(?<=[.?!])\s+", question.strip())):
        if (asks := _ASKS.search(sentence)) is not None:
            return _CONDITION.split(sentence[asks.end() :], maxsplit=1)[0].lower().strip(" ,:")
    return question.lower()


def place_in_count(question: str, noun: str) -> int:
    """Where a noun stands behind 'how many', -1 where it does not."""
    counted = re.search(r"\bhow\s+many\b[^.?!\n]*", question, re.IGNORECASE)
    return counted.group().lower().find(noun.lower()) if counted is not None and noun else -1
