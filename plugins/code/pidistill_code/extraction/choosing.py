"""Which of several versions an answer chooses by words alone: "I will go with the first version", "Use Option A".

Whoever shows two complete programs and then says which is the answer has said it. The choice is read from what stands
below the last version: a sentence that chooses one, without a condition and without a change that is still to be made,
and of several such the last. Above the first version a sentence counts only where it speaks of the answer, since a plan
speaks of ways that are then tried in any order. What the words below take back is none of the versions, as long as
another one is left. A version is named by its place among those shown, by the label above
it, or by a word that stands above it alone. "Keep the first one" may be a step of the algorithm, and chooses none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_LONGEST: Final = 20_000
"""Characters of words that are looked at."""
_LONGEST_SENTENCE: Final = 300
_ORDINALS: Final = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "latter": -1, "last": -1, "original": 0, "previous": -2, "earlier": -2,
}  # fmt: skip
_NUMBERS: Final = {"a": 0, "b": 1, "c": 2, "d": 3, "one": 0, "two": 1, "three": 2, "four": 3}
_PARTS: Final = {
    "kind": r"(?:version|approach|solution|option|one|implementation|method|program|function|code|block|snippet|"
    r"attempt|draft|answer|variant|candidate|alternative)",
    "number": r"(?:#|no\.? ?|number )?(?:\d|[a-d]|one|two|three|four)(?!['\u2019\w-])",
    "by_place": rf"(?:(?:only |just )?(?:the|my|our) )?(?:very )?(?:{'|'.join(_ORDINALS)})"
    r"(?:(?: [\w-]+)?? <kind>)?",
    "alone": r"(?= ?(?:$|[,:;(\u2013\u2014-]|(?:above|below|shown|given|here|from|i|we|because|since|as|for|to|and|but|"
    r"so|if|when|where|that|which|in|on|by|of|instead|with|without|over|after|rather|is|please|anyway|only|alone|now|"
    r"\w+ly)\b))",
    "by_label": r"(?:the )?<kind> <number>",
    "by_word": r"the (?:[\w-]+ ){1,3}<kind>",
    "by_number": r"#\d\b",
    "which": r"(?P<which><by_place>|<by_label>|<by_number>|<by_word>)"
    r"(?! of (?!(?:these|this|those|the|my|our)\b))"
    r"(?: (?:above|shown|given|here|from above|i gave))*",
    "sure": r"(?!.*(?:\b(?:if|unless|when|whenever|where|in case|only|but|except|instead|modif\w*|chang\w*|fix\w*|"
    r"combin\w*|merg\w*|then the|not)\b|n['\u2019]t\b|\bto (?:understand|learn|see|check|test|compare)\b|"
    r"\bfor (?!its\b|simpl|clarity|readab|this\b|the\b|my\b|our\b|saf|being)))",
    "tail": r"(?:[ ,:;(\u2013\u2014-]+<sure>.*|[ ,]+(?:because|since|as) .*)?",
    "named": r"(?:final |recommended |chosen |preferred |submitted |actual |official )*",
    "answer": r"(?:answer|solution|submission|choice|pick|recommendation|decision|version)",
    "one": r"(?:one|version)",
    "who": r"(?:(?:i|we)(?:['\u2019]ll| will| shall|(?: am|['\u2019]m) going to|['\u2019]d| would|"
    r"(?: have)? decided to| want to)?|let['\u2019]?s|let us|please|you should)",
    "take": r"(?:(?:revert|return|go back) to|"
    r"(?:go|stick|stay|proceed|answer|finish|end up) with|choose|pick|submit|select|use|"
    r"recommend(?: using)?|prefer|take|keep|settle (?:on|for)|suggest(?: using)?|opt for|grade|judge|evaluate)",
    "taking": r"(?:(?:reverting|returning|going back) to|going with|sticking with|choosing|submitting|picking)",
    "bad": r"(?:(?:simply |still |clearly |just )?(?:wrong|incorrect|not correct|buggy|broken|faulty|flawed|a mistake)|"
    r"not (?:my|the) (?:final )?(?:answer|solution))",
    "why": r" (?:because|since|as|on purpose|for|on|when|if|and)\b.*",
    "never": r"(?:do not|don['\u2019]?t|never)",
    "shown": r"(?:only |just |merely )?(?:here|there|shown|included|given|kept|meant)? ?(?:only |just |merely )?"
    r"(?:for (?:comparison|reference|illustration|contrast)|to (?:illustrate|show|contrast)\b|as a counter-?example)",
    "lead": r"(?:(?:so|note(?: that)?|therefore|thus|overall|in the end|finally|in conclusion|hence|ultimately|"
    r"all in all|anyway|okay|ok|and|in summary|decision|conclusion|verdict|on reflection|both work|"
    r"of (?:the|these) two|for (?:this|the) (?:problem|task|submission)|for (?:simplicity|clarity|readability|safety)|"
    r"(?:as|for) (?:my|the) (?:final )?(?:answer|submission)|final)[,: ]+)*",
}  # fmt: skip


def _filled(line: str) -> str:
    return re.sub(r"<(\w+)>(?<!\?P<which>)", lambda found: _filled(_PARTS[found[1]]), line)


_IS_ANSWER: Final = [
    re.compile(_filled(line))
    for line in (
        r"<lead><which> (?:is|will be|remains|should be|shall be)(?: to be)?(?: considered| taken)?(?: as)? "
        r"(?:my|the|our) <named>(?:<answer>|<one> (?:to (?:use|submit|grade|judge)|(?:that )?<who> <take>))\b<tail>",
        r"<lead><which> (?:is|was) the (?:right|correct) (?:one|version|answer|solution)<tail>",
        r"<lead>(?:(?:my|the|our) )?<named><answer>(?: (?:is|remains|stays)(?: therefore)?:?|:) <which><alone><tail>",
        r"(?:final|verdict|decision|conclusion|chosen|submitted|recommended|preferred): <which><alone><tail>",
        r"<lead>(?=only )<which> (?:passes|works|is (?:right|correct))\b.*",
    )
]
"""A sentence that says which version is the answer."""
_CHOOSES: Final = [
    re.compile(_filled(line))
    for line in (
        r"<lead>(?:<who> )?(?:just |definitely |simply )?<take> <which><alone><tail>",
        r"<lead>(?:(?:i|we)(?: am|['\u2019]m| are|['\u2019]re) )?<taking> <which><alone><tail>",
    )
]
"""A sentence that takes one."""
_STEP = re.compile(
    _filled(r"<lead>(?:we (?:then |always |just )?)?(?:take|keep|pick|choose|select) (?:only |just )?(?:the )?")
    + rf"(?:{'|'.join(_ORDINALS)})(?: one)?\b"
    + _filled(r"(?! (?:version|approach|implementation|program|attempt|draft|variant)\b| (?:[\w-]+ )?<kind>$).*")
)
"""A sentence that may as well be a step of the algorithm, as one about what is first in a list is."""
_LISTED = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?=(?i:use|return|go)\b)[^.]*\bone\b")
"""One in a list of steps."""
_TAKEN_BACK: Final = [
    re.compile(_filled(line))
    for line in (
        r"<lead><which> (?:is|was|looks) (?:<bad>(?:<why>|[,:-].*)?|not)",
        r"<lead><which> (?:fails|breaks|crashes|(?:fails to|does(?: not|n['\u2019]t)) (?:work|pass|run|compile))"
        r"(?: (?:the|some|all|any|these|many) .*)?",
        r"<lead><which> (?:is )?(?:[^,]*, )?<shown>.*",
        r"<lead>(?:please )?(?:ignore|disregard|discard|<never> (?:use|submit|copy)) <which>(?: .*)?",
    )
]
"""A sentence that says of one that it is no answer."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n")
_ALTERNATIVE = re.compile(r"\b(?:another|alternative\w*|might|could|one idea|suggest\w*|propos\w*|tempt\w*)\b")
_REFUSED = re.compile(
    r"(?:but|however|yet|unfortunately)[ ,]+(?:this|that|it|which)(?: \w+)? "
    r"(?:(?:is|was|would be) (?:wrong|incorrect|buggy|broken)|(?:does|would)(?: not|n['\u2019]t) work|fails)\b"
    r"(?!.*\b(?:if|when|unless|large|huge)\b).*"
)
"""What is said right below another way that is looked at and left."""
_CLAUSE = re.compile(r",? (?:so|hence|therefore|thus) |, (?:and |but |while |whereas )?(?=the (?:first|second|other) )")
_OF_ASKER = re.compile(r"\b(?:you|your|question)\b")
"""What is said of code that is none of the answer's versions."""


def chosen(words: Sequence[str], below: str) -> int | None:
    """The number of the version that is chosen, of those that have `words` above them; `below` is said below the
    last. None where nothing is said of that."""
    labels = [_bare(above[-_LONGEST:]) for above in words]
    found = None
    for patterns, said in ((_IS_ANSWER, words[0] if words else ""), ([*_IS_ANSWER, *_CHOOSES], below)):
        for clause in _clauses(said):
            if _STEP.fullmatch(clause):
                continue
            number = _which(patterns, clause, labels)
            found = found if number is None else number
    if found is not None:
        return found
    gone = {_which(_TAKEN_BACK, clause, labels) for clause in _clauses(below)}
    first = next((clause for clause in _clauses(below) if clause), "")
    if labels and _ALTERNATIVE.search(labels[-1].strip().rpartition("\n")[2]) and _REFUSED.fullmatch(first):
        gone.add(len(labels) - 1)
    left = [number for number in range(len(words)) if number not in gone]
    return left[-1] if left and len(left) < len(words) else None


def _clauses(said: str) -> Iterator[str]:
    """Sentences that are short enough to say one thing, and their parts, in small letters."""
    for sentence in _SENTENCE.split(said[-_LONGEST:]):
        if len(sentence) <= _LONGEST_SENTENCE and not _LISTED.match(sentence):
            bare = re.sub(r"^[^\w#]+|[ .!:]+$", "", _bare(sentence))
            parts = _CLAUSE.split(bare)
            yield from [bare, *parts] if len(parts) > 1 else [bare]


def _which(patterns: Sequence[re.Pattern[str]], sentence: str, labels: Sequence[str]) -> int | None:
    """The number of the version that a sentence of this kind speaks of."""
    match = next((match for it in patterns if (match := it.fullmatch(sentence))), None)
    return _named(match["which"], labels) if match else None


def _bare(text: str) -> str:
    """In small letters, without the marks of Markdown."""
    return re.sub(r"[*_`\"()]|#(?!\d)|^[ \t]*(?:[->+]|\d+[.)])[ \t]+", "", text, flags=re.MULTILINE).lower()


def _named(which: str, labels: Sequence[str]) -> int | None:
    """The number of the version that is meant."""
    which = re.sub(r"^(?:only |just )?the ", "", which)
    if which.startswith("#"):
        return _in(int(which[1:]) - 1, labels, first=0)
    if label := re.fullmatch(_filled(r"(<kind>) (?:#|no\.? ?|number )?(\w+)"), which):
        kind, number = label[1], label[2]
        with_it = [n for n, it in enumerate(labels) if re.search(rf"\b{kind} (?:#|no\.? ?|number )?{number}\b", it)]
        if len(with_it) == 1:
            return with_it[0]
        if any(re.search(_filled(rf"\b{kind} <number>"), it) for it in labels):
            return None
        return _in(_NUMBERS.get(number, int(number) - 1 if number.isdigit() else -1), labels, first=0)
    tokens = which.split()
    place = next((_ORDINALS[it] for it in tokens if it in _ORDINALS), None)
    if place is not None:
        own = [n for n, it in enumerate(labels) if not _OF_ASKER.search(it.strip().rpartition("\n")[2])]
        if ("former" in tokens or "latter" in tokens) and len(own) != 2:
            return None
        if len(own) < len(labels) and not {"original", "previous", "earlier"}.isdisjoint(tokens):
            return None
        at = _in(place, own, first=-len(own))
        return None if at is None else own[at]
    told = [it for it in tokens if not re.fullmatch(_filled("<kind>|the|my|our|very"), it)]
    last = [it.strip().rpartition("\n")[2] for it in labels]
    with_all = [
        n for n, it in enumerate(last) if told and all(re.search(rf"\b{re.escape(word)}\b", it) for word in told)
    ]
    return with_all[0] if len(with_all) == 1 else None


def _in(place: int, versions: Sequence[object], first: int) -> int | None:
    """`place`, where there are others and as many."""
    return place if len(versions) > 1 and first <= place < len(versions) else None
