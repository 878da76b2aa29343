"""Answers in words that are said in a sentence of the question: 'the last bead is red' for 'red'.

The sentence counts where all that it adds to the reference's words is the question's own, in the question's order, or
of a closed list: nothing that denies, weighs or names another answer is in that. A sentence behind 'yes' or 'no' must
say what they say. Text in, text out: what is found is the reference, which is then compared as ever.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.question.asking import Question
from pidistill_math.reading import units
from pidistill_math.reading.quantities import CHANGING
from pidistill_math.reading.spoken import spoken
from pidistill_math.reading.syntax import vocabulary

_TEXT = re.compile(r"\\(?:text|textrm|textbf|textit|mathrm|mbox|mathbf)\s*\{([^{}]*)\}")
_LONGEST: Final = 160
_MOST_WORDS: Final = 16
_LABEL: Final = re.compile(r"[a-z]|[ivx]{1,4}")
"""A label that its noun may stand before."""
_COPULAS: Final = frozenset({"is", "was", "are", "were", "be", "will"})
_ARTICLES: Final = frozenset({"a", "an", "the"})
_SUBJECTS: Final = vocabulary("it this that answer statement function triangle number limit series sequence they")
_VALUE: Final = re.compile(
    r"\\text\s*\{(?P<subject>[A-Za-z ]{3,60}?)"
    r"(?:(?:\}\s*|\s+)(?P<formula>\$?[A-Za-z]{1,3}(?:\([a-z]\))?\$?\s*)(?:\\text\s*\{)?)?"
    r"\s*(?:is|are|equals)\s*"
    r"(?:\}\s*(?P<value>[^{}]*(?:\{[^{}]*\}[^{}]*)*)|(?P<inside>[^{}]*\d)\.?\s*\})"
)
_COUNTED: Final = re.compile(
    r"there\s+(?:are|is)\s+(?P<number>\d[\d,]*)\s+(?P<noun>[a-z]+(?:\s[a-z]+){0,5})", re.IGNORECASE
)
_VERDICTS: Final = frozenset({"yes", "no", "true", "false"})
_ASKING: Final = frozenset({"who", "which", "what"})
_NOUNS: Final = vocabulary(
    """function functions number integer triangle quadrilateral series sequence statement angle angles polynomial graph
    relation matrix event events variable lines curve solution solutions set"""
)
"""Nouns that the question's adjective may stand before: 'an odd function'."""
_BARRED: Final = (
    CHANGING | vocabulary("not n't nor or either neither unless but than except maybe perhaps probably if and")
) - _COPULAS
_SAYS: Final = re.compile(r"(?P<said>yes|no|true|false)\s*[,.;:\u2014\u2013-]+\s+(?P<rest>.+)", re.IGNORECASE)
_DENIES: Final = re.compile(
    r"\b(?:not|cannot|no|never|impossible|neither|false|incorrect|isn't|can't|doesn't)\b", re.IGNORECASE
)
_WEIGHS: Final = re.compile(
    r"\b(?:but|unless|if|only|except|maybe|perhaps|however|sometimes|or|because|since|as|so)\b", re.IGNORECASE
)
_ENDLESS: Final = re.compile(
    r"(?:there\s+(?:are|is)\s+)?(?:infinitely\s+many|infinite|infinity|(?:an\s+)?infinite\s+(?:number|amount)(?:\s+of)?)"
    r"(?:\s+(?:(?:integer|real|positive|such)\s+)?(?:solutions?|such\s+\w+|values?|points?|pairs?|triples?|integers?|numbers?|primes?))?",
    re.IGNORECASE,
)
_NEVER: Final = re.compile(
    r"(?:the\s+)?(?:\w+\s+){0,2}?(?:does\s+not|doesn't)\s+exist|dne|(?:is\s+)?undefined", re.IGNORECASE
)


def said(reference: str, answer: str, asked: Question) -> str:
    """The reference, where an answer of words says it in a sentence; '' for any other answer."""
    if len(answer) > _LONGEST or len(reference) > _LONGEST:
        return ""
    ours, theirs = _flat(reference), _flat(spoken(answer))
    if not theirs or "\\" in theirs.replace("\\infty", "") or not re.search("[A-Za-z]", ours):
        return ""
    if asked.asks_how_many() and _endless(ours) and _endless(theirs):
        return reference
    if _NEVER.fullmatch(ours) and _NEVER.fullmatch(theirs) and "exist" in theirs.lower():
        lead = theirs.lower().split(" does")[0].split()[-1]
        return reference if lead in ("limit", "it") or re.search(rf"\b{re.escape(lead)}\b", asked.text, re.I) else ""
    if not re.fullmatch(r"[A-Za-z][A-Za-z' -]*", ours):
        return ""
    if (match := _SAYS.fullmatch(theirs)) is not None and match["said"].lower() == ours.lower():
        denies = _DENIES.search(match["rest"]) is not None
        numbers = set(re.findall(r"\d+", match["rest"])) <= set(re.findall(r"\d+", asked.text))
        rest = match["rest"] if numbers and not _WEIGHS.search(match["rest"]) else ""
        return reference if rest and denies is (ours.lower() in ("no", "false")) else ""
    if ours.lower() == f"{theirs.lower()}s" and theirs.lower() in _words_asked(asked.text):
        return reference  # 'diverge', where it is asked whether a series converges or diverges
    spelt = re.sub(r"(?<=\b[a-z])\(([a-z])\)", r" \1 ", theirs.lower())
    return reference if _in_a_sentence(ours.lower().split(), spelt.split(), asked) else ""


def value_said(answer: str, asked: Question) -> str:
    """The value of a sentence whose subject is the question's: 'The minimum value of f is 5'; '' for any other."""
    if len(answer) > _LONGEST or "\\text" not in answer:
        return ""
    words = [word for word in re.findall(r"[a-z']+", asked.text.lower()) if word not in _ARTICLES]
    if not asked.asks_how_many() and (counted := _COUNTED.fullmatch(_flat(answer))) is not None:
        noun = counted["noun"].lower().split()
        known = any(units.measure(word) or units.scale(word) for word in noun)
        return counted["number"] if not known and _contiguous(noun, words) else ""
    if (match := _VALUE.fullmatch(answer.strip())) is None:
        return ""
    subject = [word for word in match["subject"].lower().split() if word not in _ARTICLES]
    formula = (match["formula"] or "").strip().strip("$")
    named = not formula or re.search(rf"(?<![A-Za-z]){re.escape(formula)}(?![A-Za-z])", asked.text) is not None
    if not subject or not named or any(word in _BARRED for word in subject) or not _contiguous(subject, words):
        return ""
    return match["value"] or match["inside"]


def _flat(text: str) -> str:
    return " ".join(_TEXT.sub(r" \1 ", text).replace("$", " ").replace("~", " ").split()).rstrip(".! ").strip()


def _endless(text: str) -> bool:
    return text in ("\\infty", "+\\infty", "\u221e") or _ENDLESS.fullmatch(text) is not None


def _in_a_sentence(ours: list[str], theirs: list[str], asked: Question) -> bool:
    """Whether the words of an answer are the reference's and, around them, the question's own."""
    if len(theirs) > _MOST_WORDS:
        return False
    question = _words_asked(asked.text)
    for at in range(len(theirs) - len(ours) + 1):
        if theirs[at : at + len(ours)] != ours:
            continue
        before, behind = theirs[:at], theirs[at + len(ours) :]
        while before and before[-1] in _ARTICLES and len(ours[0]) > 1:
            before = before[:-1]
        if any(word in _BARRED for word in (*before, *behind)):
            continue
        if len(behind) == 1 and behind[0] in _NOUNS and ours[0] not in _VERDICTS:
            behind = []
        if (
            _LABEL.fullmatch(ours[0])
            and len(before) == 1 < len(before[0])
            and not behind
            and before[0] in asked.text.lower()
        ):
            return True  # 'Quadrant II' for 'II', 'company B' for 'B'
        if before and not behind and len(ours) == 1 and _is_verb(ours[0], question) and _repeated(before, question):
            return True  # 'the series converges', where it is asked whether it does
        if before and before[-1] in _COPULAS and not behind and _repeated(before[:-1], question):
            return True
        if not before and behind and _asked_of(behind, question):
            return True
        if not before and not behind and len(theirs) > len(ours):
            return True
    return False


def _is_verb(word: str, question: list[str]) -> bool:
    """Whether a word is the question's verb with the ending that its subject gives it."""
    return word.endswith("s") and word[:-1] in question and word not in question


def _words_asked(question: str) -> list[str]:
    """The words of the question's last sentence but for what is in no word, formulas by their letters."""
    sentences = [part for part in re.split(r"(?<=[.?!])\s+", question.strip()) if part]
    return re.findall(r"[a-z']+", sentences[-1].lower()) if sentences else []


def _repeated(subject: list[str], question: list[str]) -> bool:
    """Whether a subject is the question's own, or one of a closed list."""
    if subject and subject[0] in _ARTICLES:
        subject = subject[1:]
    if not subject or (len(subject) == 1 and subject[0] in _SUBJECTS):
        return True
    return _contiguous(subject, question)


def _asked_of(behind: list[str], question: list[str]) -> bool:
    """Whether what follows the answer is what was asked of it: 'Bob won the race', to 'Which boy won the race?'."""
    starts = (at for at in range(1, len(question)) if question[at : at + len(behind)] == behind)
    return any(_ASKING & set(question[max(0, at - 2) : at]) for at in starts)


def _contiguous(words: list[str], question: list[str]) -> bool:
    return any(question[at : at + len(words)] == words for at in range(len(question) - len(words) + 1))
