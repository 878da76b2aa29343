"""How an answer announces a block that could be the whole of it: as the answer, or as another version.

Of several such blocks the words right above tell the answer from the asker's own code, a mistake that is shown to warn
of it, and what would do for another task. They are read as far as the last sentence, and of that as the last clause:
what speaks of another version and then goes on ("the naive version is slow; here is the fast one:") goes on to the
answer. The clause counts as a whole, since most that speaks of faults speaks of faulty input, or of faults that are
gone.
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
    "old": r"(?:original|old|previous|earlier|attempted|buggy|broken|wrong|incorrect|bad|faulty|naive|slow|"
    r"slower|brute[- ]force)",
    "bad": r"(?:wrong|incorrect|buggy|broken|faulty|flawed|bad|a mistake|a bug|too slow)",
    "a": r"(?:a|an|one|the|another)",
    "usual": r"(?:common|typical|frequent|classic|easy|usual|beginner['\u2019]?s?)",
    "mistake": r"(?:mistakes?|pitfalls?|gotchas?|anti-?patterns?)",
    "here": r"(?:this(?: one)?|(?:this|the following|the next|(?:the )?following) <version>|the following)",
    "is": r"(?:is|was|are|were|would be|will be|may be|might be|looks?|seems?)",
    "not": r"(?: not|n['\u2019]?t)",
    "tail": r"(?: (?!in |before|only|with )[^,;]*)?",
    "who": r"(?:(?:many|some|most) )?(?:beginners?|novices?|students?|newcomers?|many|people|someone|programmers)",
    "dont": r"(?:please )?(?:do not|don['\u2019]?t|never|not)",
    "you": r"(?:you|we|one)",
}


def _any(lines: Iterable[str]) -> re.Pattern[str]:
    """A pattern of several, in which `<word>` stands for one of `_PARTS`."""

    def filled(line: str) -> str:
        return re.sub(r"<(\w+)>", lambda found: filled(_PARTS[found[1]]), line)

    return re.compile("|".join(map(filled, lines)))


_CLAUSE = _any([
    r"[;:]", r"\s[-\u2013\u2014]+\s", r",\s", r"(?:^|[ ,])(?:so|but|hence|thus|therefore|and)\b",
    r"\bhere(?:['\u2019]s| is| are)\b",
])  # fmt: skip
"""What stands between two clauses."""
_FILLER = re.compile(r"e\.g|i\.e|for (?:example|instance|comparison|contrast|illustration)|like (?:this|so)|as follows")
_FLAWED = _any([
    r"(?:<a> )?(?:<usual> )?<mistake>(?: (?:<is>|here is)(?: this| the following| to .*)?| to avoid| people make)?",
    r"(?:<a> )?<usual> (?:errors?|bugs?)(?: <is>(?: this| the following| to .*)?)?",
    r"the (?:mistake|bug) was (?:this|here)|this (?:is|was) the (?:bug|mistake|error|problem)",
    r"(?:note that )?<here> <is>(?: \w+ly)? <bad>(?: (?:because|since|for|as|on|when) .*)?",
    r"(?:which )?(?:is|was|would be)(?: \w+ly)? <bad>|<bad>",
    r"(?:\w+ing .*|(?:this|that|it)(?: .*)?) would be <bad>|it would be <bad> to (?:write|do|use)(?: .*)?",
    r"(?:note that )?<here> (?:does|do|did|would|will|could|can|wo)<not> (?:(?!only|just)\w+ )?work<tail>",
    r"(?:<a> )?<version>? ?that (?:fails|(?:does|did|would)<not> (?:\w+ )?work|breaks|is wrong)(?: .*)?",
    r"(?:note that )?<here> (?:would )?(?:fails?|crash|crashes)"
    r"(?: (?:for|on|with|when|if|because|the (?:\w+ )?tests?)\b.*)?",
    r"(?:note that )?<here> (?:loops forever|times out|breaks)(?: (?:for|on) .*)?",
    r"note that <a> .* fails|(?:which )?(?:fails|breaks)",
    r"(?:<a> )?(?:(?:it is|it['\u2019]s|<you> (?:might|may) be) )?tempt(?:ing|ed)"
    r"(?: (?:to (?:write|do|use|try)|but wrong)\b.*)?",
    r"<who>(?: \w+ly| often| sometimes| would| might)? (?:write|writes|wrote|try|tries|tried|forget|forgets)(?: .*)?",
    r"<here> (?:gives?|returns?|produces?|yields?) (?:the |an? )?(?:wrong|incorrect) .*",
    r"what (?:happens|goes wrong) (?:without|if you (?:forget|do not|don['\u2019]?t)|when you forget)\b.*",
    r"what not to do|what your <version> (?:did|does|was doing)",
])  # fmt: skip
"""A clause that warns of the code that is shown."""
_IF_NOT = _any([
    r"(?:if <you> (?:forget|forgot|omit|leave|skip)[^,;]*|without (?!the (?:bug|error|mistake))[^,;]*|otherwise),? "
    r"(?:<you>|it|this)(?:['\u2019]d| would| will)? ?(?:get|end up|be|have|looked|fail)\b[^,;]*",
    r"if <you> (?:forget|forgot)\b[^,;]*(?:, e\.g)?",
])  # fmt: skip
"""A sentence about what comes of not doing it."""
_WARNS = _any([
    r"(?:please )?avoid (?:this|that|it|the following|code like|writing|doing|such)\b.*",
    r"<dont>(?: (?:use|write|do|copy|submit|try|code|define))?(?: it| something| anything)?"
    r"(?: (?:this|that|it|like|so)\b.*)?",
    r"<dont> (?:use|copy|submit|try) the following\b.*",
    r"(?:be careful|make sure) not to (?:write|do|use)(?: (?:this|that|it)\b.*)?|(?:beware of|watch out for) this\b.*",
    r"how not to\b.*",
])  # fmt: skip
"""What asks not to write it."""
_OPTIONAL = _any([
    r"if you(?: ever)? (?:need|want|wanted|prefer)\b[^,;]{1,60} instead",
    r"optional(?:ly)?\b.*|bonus(?:: .*)?|debug version|(?:<a> )?(?:optional )?variant for \w+(?: \w+)*",
    r".*\bin case you (?:ever )?(?:need|want|prefer)\b(?!.*\b(?:full|complete|one|everything|copy)\b).*",
    r"if there were\b[^,;]*|or with (?:command[- ]line )?arguments",
    r"if\b[^,;]{1,60},? (?:you|one|we) (?:could|would) (?:also )?(?:do|use|write)\b[^,;]*",
    r"(?:you|one) could also (?:do|use|write|start|return)\b[^,;]*",
    r"for debugging, (?:print|log)\b.*",
])  # fmt: skip
"""What is said of code for somebody who wants something else."""
_SOUND = re.compile(
    r"\b(?:fix(?:ed)?|correct(?:ed|s|ly|ion)?|final\w*|improved|better|best|updated|revised|rewritten|rewrote|"
    r"clean(?:ed)?|robust|should|must|instead(?! of)|proper\w*|passes|works|optimi[sz]ed|complete)\b"
)
_EARLIER = _any([
    r"(?:for (?:comparison|reference|contrast),? )?<led>(?:common |your )?(?:<old> ?)+<version>?"
    r"(?: (?:was|is|would be|would look like|looked like|here|below))?"
    r"(?: this)?(?: again)?(?: for (?:comparison|reference|contrast))?",
    r"without the fix|my (?:first|previous|original) attempt(?: was)?|at first i had",
    r"(?:<led>|what )?your (?:version|original|attempt|submission)(?: (?:was|is|looked like))?(?: this)?",
    r"(?:this was )?your (?:(?:original|old|initial) )?code(?: (?:was|is|looked like))?(?: this)?",
    r"the (?:version|code|one) (?:(?:in|from) the question|you (?:gave|posted|wrote|had|were given))"
    r"(?: \w+ \w+)?",
    r"(?:(?:this is )?what )?you (?:had|have|wrote|posted)(?: this)?(?: before)?",
    r"(?:the )?(?:error|bug|mistake|before)",
    r"previously|before (?:the|this|that|my|our) (?:fix|change|correction)(?: it was)?|it was",
    r"instead of(?: this)?|as opposed to|versus|vs",
])  # fmt: skip
"""A clause that says nothing else than that there has been this code before."""
_BESIDE = re.compile(r"for (?:reference|comparison|contrast)(?:,|$)|(?:compare|contrast) (?:that|this|it|with|to)\b")
"""How a sentence begins that shows another version."""
_HANDED = re.compile(r"here(?:['\u2019]s| is) your (?!original|old|previous)")
"""How the asker is given his own code, set right."""
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
    if _FLAWED.fullmatch(last) or _WARNS.fullmatch(last) or _IF_NOT.fullmatch(label):
        return True
    sound = _SOUND.search(last) or _FINAL.fullmatch(last)
    if _EARLIER.fullmatch(last):
        asides = _ASIDE.findall(above[-_LONGEST:].lower())
        return not (_HANDED.match(label) or any(map(_SOUND.search, asides)))
    if _OPTIONAL.fullmatch(label):
        return not sound or " instead" in label
    return _BESIDE.match(label) is not None and not sound


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
