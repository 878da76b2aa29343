"""How an answer announces a block that could be the whole of it: as the answer, or as another version.

Of several such blocks the words right above tell the answer from the asker's own code, a mistake that is shown to warn
of it, and what would do for another task. They are read as far as the last sentence, and of that as the last clause:
what speaks of another version and then goes on ("the naive version is slow; here is the fast one:") goes on to the
answer. What a clause says of something else ("faster than the naive version") is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 300
"""Characters; a longer sentence announces nothing."""
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z\u2705\u274c*_])")
_ASIDE = re.compile(r"\([^()]*\)")
_PARTS: Final = {
    "led": r"(?:(?:and|but|so|here|is|was|this|that|it|the|an?|some|my|our)[ ,]+|here['\u2019]s )*",
    "version": r"(?:version|approach|code|solution|way|one|attempt|answer|implementation|example|function|program|"
    r"class)",
    "old": r"(?:original|old|previous|initial|earlier|attempted|buggy|broken|wrong|incorrect|bad|faulty|naive|slow|"
    r"slower|brute[- ]force)",
    "bad": r"(?:wrong|incorrect|invalid|buggy|broken|faulty|flawed|bad|a mistake|a bug|not correct|not right|too slow)",
    "mistake": r"(?:mistakes?|pitfalls?|traps?|gotchas?|anti-?patterns?)",
    "this": r"(?:this|following|version|code|attempt|below|one|it)",
    "is": r"(?:is|was|are|were|would be|will be|may be|might be|looks?|seems?)",
    "not": r"(?: not|n['\u2019]?t)",
    "works": r"(?:\w+ )?(?:work|pass|compile|run|suffice)\b",
    "fails": r"(?<!never )(?:fails?|breaks|crashes|loops forever|times out)\b",
    "who": r"(?:beginners?|novices?|students?|newcomers?|many|people|someone|programmers)",
    "does": r"(?:write|writes|wrote|try|tries|tried|do|does|forget|forgets)",
    "dont": r"(?:please )?(?:do not|don['\u2019]?t|never|not)",
    "you": r"(?:you|we|one)",
}


def _any(lines: Iterable[str]) -> re.Pattern[str]:
    """A pattern of several, in which `<word>` stands for one of `_PARTS`."""
    return re.compile("|".join(re.sub(r"<(\w+)>", lambda found: _PARTS[found[1]], line) for line in lines))


_CLAUSE = _any([
    r"[;:]", r"\s[-\u2013\u2014]+\s", r",\s", r"(?:^|[ ,])(?:so|but|hence|thus|therefore|and)\b",
    r"\bhere(?:['\u2019]s| is| are)\b",
])  # fmt: skip
"""What stands between two clauses."""
_FILLER = re.compile(r"e\.g|i\.e|for example|for instance|like (?:this|so)|as follows")
_ELSEWHERE = _any([
    r"\b(?:than|unlike|without|avoids?|avoiding|over|compared (?:to|with)|fix(?:es|ing)?|from|never|no longer)\b.*",
    r"\b(?:does|do|did|will|would)<not> (?!<works>)\b.*",
    r"^with\b.*",
    r"^.*\b(?:first|above|earlier|previous|last)\b.*",
])  # fmt: skip
"""A part of a clause that speaks of something else than the code below it."""
_FLAWED = _any([
    r"\b(?:common|typical|frequent|classic|easy|usual|beginner['\u2019]?s?)\b.*\b(?:<mistake>|errors?|bugs?)\b",
    r"\b<mistake> (?:<is>|to avoid|here|people)\b",
    r"^(?:(?:a|an|the|one|another) )?(?!mistake$)<mistake>$",
    r"\b<this>\b.* <is> (?:\w+ly )?<bad>\b",
    r"^<is> (?:\w+ly )?<bad>$",
    r"\bwould be <bad>\b",
    r"^<bad>$",
    r"\b<this>\b.*\b(?:does|do|did|would|will|could|can)<not> <works>",
    r"\b<this>\b.*\bcannot <works>",
    r"\b(?:<this>|note that)\b.*\b<fails>",
    r"^(?:which )?(?:fails|breaks)$",
    r"\b(?:tempting|tempted)\b",
    r"\b<who>\b.* <does>\b",
    r"\b(?:<you>|it|this)(?:['\u2019]d| would| will)(?: \w+)? (?:get|end up|fail|break)\b",
    r"\b(?:gives?|returns?|produces?|yields?) (?:the |an? )?(?:wrong|incorrect|error)\b",
    r"\bthis <is> the (?:bug|mistake|error|problem)\b",
    r"\bwhat (?:happens|goes wrong|not to do)\b",
    r"\bwhat your <version> (?:did|does|was doing)\b",
    r"^if <you> (?:forget|forgot|omit|leave|skip)\b",
])  # fmt: skip
"""What is said of code that is shown to warn of it."""
_WARNS = _any([
    r"^(?:please )?avoid (?:this|that|it|the following|code like|writing|doing|such)",
    r"^<dont>(?: (?:use|write|do|copy|submit|try|code|define))?(?: it| something| anything)?"
    r"(?: (?:this|that|it|like|so)\b|$)",
    r"^<dont> (?:use|copy|submit|try) the following\b",
    r"^(?!not)<dont> (?:do|write)\b",
    r"^how not to\b",
])  # fmt: skip
"""What asks not to write it."""
_INSTEAD = re.compile(r"if you(?: ever)? (?:need|want|wanted|prefer)\b.{1,60} instead")
_OPTIONAL = _any([
    r"^(?:optionally|as (?:a bonus|an extra)|bonus|for (?:debugging|testing))\b",
    r"^(?:if there (?:are|were)|or)\b",
    r"\bin case you (?:ever )?(?:need|want|prefer)\b",
    r"^if\b.{1,60}?,? <you> (?:could|can|would) (?:also )?(?:do|use|write)\b",
    r"^<you> (?:could|can) also (?:do|use|write)\b",
])  # fmt: skip
"""What is said of code for somebody who wants something else."""
_SOUND = re.compile(
    r"\b(?:fix(?:ed)?|correct(?:ed|s|ly|ion)?|final\w*|improved|better|best|updated|revised|rewritten|rewrote|"
    r"clean(?:ed)?|robust|should|must|instead(?! of)|proper\w*|passes|works|optimi[sz]ed|complete)\b"
)
_EARLIER = _any([
    r"<led>(?:common |your )?(?:<old> ?)+<version>?(?: (?:was|is|would be|would look like|looked like|here|below))?"
    r"(?: this)?(?: for (?:comparison|reference|contrast))?",
    r"(?:<led>|what )?your (?:version|code|original|attempt|submission)(?: (?:was|is|looked like))?(?: this)?",
    r"the (?:version|code|one) (?:in the question|you (?:posted|wrote|had)|you were given)(?: \w+ \w+)?",
    r"(?:what )?you (?:had|have|wrote|posted)",
    r"(?:the )?(?:error|bug|mistake|before)",
    r"previously|before (?:the|this|that|my|our) (?:fix|change|correction)(?: it was)?|it was",
    r"instead of(?: this)?|as opposed to|versus|vs",
])  # fmt: skip
"""A clause that says nothing else than that there has been this code before."""
_BESIDE = re.compile(r"(?:for (?:reference|comparison|contrast)|compare|contrast)\b")
"""How a sentence begins that shows another version."""
_FINAL = _any([
    r"<led>(?:(?:final|corrected|correct|fixed|complete|full|updated|revised|right) ?)+<version>?",
    r"<led>(?:answer|solution)",
])  # fmt: skip


def announces_another(above: str) -> bool:
    """Whether the words right above a block that could be the answer call it another version."""
    label = _label(above)
    clauses = [found for it in _CLAUSE.split(label) if (found := it.strip(" ,.!?")) and not _FILLER.fullmatch(found)]
    if not clauses:
        return False
    last = clauses[-1]
    if _FLAWED.search(_ELSEWHERE.sub("", last)) or _WARNS.search(last) or _INSTEAD.fullmatch(label):
        return True
    if _EARLIER.fullmatch(last):
        return True
    if _SOUND.search(last) or _FINAL.fullmatch(last):
        return False
    return bool(_BESIDE.match(label) or _OPTIONAL.search(label))


def announces_final(above: str) -> bool:
    """Whether the words right above say nothing else than that what follows is the answer."""
    return _FINAL.fullmatch(_label(above)) is not None


def _label(above: str) -> str:
    """The last sentence in small letters, without what is in parentheses and without marks around it; nothing where it
    is too long."""
    last = next((line for line in reversed(above.split("\n")) if line.strip()), "")
    sentence = _SENTENCE.split(last.strip())[-1]
    if len(sentence) > _LONGEST:
        return ""
    label = _ASIDE.sub(" ", re.sub(r"[*_#]", " ", sentence))
    return " ".join(re.sub(r"^\W+|\W+$", "", label).split()).lower()
