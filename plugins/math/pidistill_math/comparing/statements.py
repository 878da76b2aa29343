"""Options that are statements by their numbers: 'III and I' says what 'I and III only' says; 'I or III' does not."""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.question.asking import Question

_NUMBERED = re.compile(r"(?<![\w\\])I(?![\w^])[\s\S]*(?<![\w\\])II(?![\w^])")
"""A question that numbers its statements."""
_NUMBER: Final = r"(?:I{1,3}|IV|VI{0,3})"
_TEXT = re.compile(r"\\(?:text|textrm|textbf|mathrm|mbox|mathbf)\s*\{([^{}]*)\}|\\[,;:! ]|\\q?quad\b|[$~]")
_NAMED = re.compile(
    rf"(?:only|both|just)?\s*(?:(?:the\s+)?(?:statements?|claims?|assertions?)\s+)?(?:only\s+)?(?P<numbers>\(?{_NUMBER}\)?"
    rf"(?:\s*(?:,\s*and\b|,|;|&|\band\b)\s*\(?{_NUMBER}\)?)*)\s*(?:,?\s*only)?(?:\s+(?:are|is)\s+(?:true|correct))?\s*(?:,?\s*only)?\.?",
    re.IGNORECASE,
)
_EITHER = re.compile(rf"(?<!\w){_NUMBER}(?!\w)\W+or\W+(?:\w+\s+)?{_NUMBER}(?!\w)")
_LETTERED = re.compile(r"\(?(?P<letter>[A-H])(?:\s*[).:]\s*|$)(?P<rest>.*)")
_LONGEST: Final = 80


def statements_against(reference: str, answer: str, asked: Question) -> Found | None:
    """Whether an answer names the statements of the reference, or of its option; None where it names none."""
    if len(answer) > _LONGEST or not _NUMBERED.search(asked.text):
        return None
    (letter, ours), (other, theirs) = _option(reference, asked), _option(answer, asked)
    if ours is None:
        return None
    if _EITHER.search(_TEXT.sub(r" \1 ", answer)):
        return no("one statement or another, where the reference has them all", "choice")
    if theirs is None:
        return None
    if letter and other and letter != other:
        return no("another option than the reference", "choice")
    return yes("choice") if ours == theirs else no("other statements than the reference's", "choice")


def _option(text: str, asked: Question) -> tuple[str, frozenset[str] | None]:
    """The letter of an option and the numbers of the statements that it has; '' and None for what is not given."""
    flat = " ".join(_TEXT.sub(r" \1 ", text).split())
    found = _LETTERED.fullmatch(flat)
    if found is None:
        return "", _named(flat)
    letter = found["letter"]
    return letter, _named(found["rest"] or asked.option_text(letter))


def _named(text: str) -> frozenset[str] | None:
    """The numbers of the statements that a text names; None where it says anything else."""
    found = _NAMED.fullmatch(" ".join(_TEXT.sub(r" \1 ", text).split()))
    return frozenset(re.findall(_NUMBER, found["numbers"])) if found is not None else None
