"""How an answer announces a block that could be the whole of it: as the answer, or as another version.

Of several such blocks the words right above tell the answer from the asker's own code, a mistake that is shown to warn
of it, and what would do for another task. They are read as far as the last sentence, and of that as the last clause:
what speaks of another version and then goes on ("the naive version is slow; here is the fast one:") goes on to the
answer. The clause counts as a whole, since most that speaks of faults speaks of faulty input, or of faults that are
gone.

A sentence that blames "this" and then stops speaks of the block above it, where there is one: what follows is the
correction. So does whoever begins with "wait" or "oops", however the sentence ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pidistill_code.extraction import abroad
from pidistill_code.extraction.sections import SETS_RIGHT, in_section_of_others, is_below_answer

_LONGEST: Final = 300
"""Characters; a longer sentence announces nothing."""
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z\u2705\u274c*_])")
_ASIDE = re.compile(r"\([^()]*\)")
_PARTS: Final = {
    "led": r"(?:(?:and|but|so|here|is|was|this|that|it|the|an?|some|my|our)[ ,]+|here['\u2019]s )*",
    "version": r"(?:version|approach|code|solution|way|one|attempt|answer|implementation|example|function|program|"
    r"class)",
    "old": r"(?:original|old|previous|earlier|attempted|buggy|broken|wrong|incorrect|bad|faulty|naive|slow|"
    r"slower|brute[- ]force|deprecated|obsolete|outdated|superseded|rejected|discarded|abandoned)",
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
    "loud": r"(?! (?:loudly|early|fast|safely|gracefully|cleanly)\b)",
    "compared": r"(?:again )?for (?:comparison|reference|contrast|(?:stress[- ]?)?test(?:s|ing)|(?:cross-?)?checking|"
    r"verification|validation)",
    "question": r"(?:the|your) (?:question|issue|post|report|ticket|thread|message|bug report)",
    "startled": r"(?:oh no|oh|no|nope|wait|h+m+|oops|ah|ugh|sorry|actually|hold on)",
    "spared": r"(?:recursion\b|(?:the |an? |any |all )?(?:bugs?|errors?|mistakes?|quadratic|slow|extra|nested|repeated|"
    r"redundant|needless|unnecessary|expensive|inner)\b)",
    "rightly": r"(?! (?:out|ties?|early|the (?:loop|tie)|on the (?:first|last|next))\b)",
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
    r"(?:(?:please )?note that )?<here> <is>(?: \w+ly)? <bad>(?: (?:because|since|for|as|on|when) .*)?",
    r"(?:which )?(?:is|was|would be)(?: \w+ly)? <bad>|<bad>",
    r"(?:\w+ing .*|(?:this|that|it)(?: .*)?) would be <bad>|it would be <bad> to (?:write|do|use)(?: .*)?",
    r"(?:note that )?<here> (?:does|do|did|would|will|could|can|wo)<not> (?:(?!only|just)\w+ )?work<tail>",
    r"(?:<a> )?<version>? ?that (?:fails<loud>|(?:does|did|would)<not> (?:\w+ )?work|breaks<rightly>|is wrong)"
    r"(?: (?!.*\b(?:repaired|mended|fixed|corrected)\b).*)?",
    r"(?:note that )?<here> (?:would )?(?:fails?|crash|crashes)"
    r"(?: (?:for|on|with|when|if|because|the (?:\w+ )?tests?)\b.*)?",
    r"(?:note that )?<here> (?:loops forever|times out|breaks<rightly>)(?: (?:for|on) .*)?",
    r"<a> (?:wrong|incorrect|buggy|broken|faulty|bad) (?:edit|change|patch|diff)(?: (?:would|might|could) be\b.*)?",
    r"(?:this|the following|such <a>) (?:edit|change|patch|diff) (?:would|will) (?:break|spoil|be wrong)\b.*",
    r"note that <a> .* fails|(?:which )?(?:fails|breaks)",
    r"(?:<a> )?(?:(?:it is|it['\u2019]s|<you> (?:might|may) be) )?tempt(?:ing|ed)"
    r"(?: (?:to (?:write|do|use|try)|but wrong)\b.*)?",
    r"<who>(?: \w+ly| often| sometimes| would| might)? (?:write|writes|wrote|try|tries|tried|forget|forgets)(?: .*)?",
    r"<here> (?:gives?|returns?|produces?|yields?) (?:the |an? )?(?:wrong|incorrect) .*",
    r"what (?:happens|goes wrong) (?:without|if you (?:forget|do not|don['\u2019]?t)|when you forget)\b.*",
    r"what not to do|what your <version> (?:did|does|was doing)|why not (?:simply|just) .*",
    r"<a> (?:<old> ?)+<version> (?:might|may|could|would) (?:look like (?:this|that)|be(?: this)?)",
    r"(?:this is )?what <a> (?:(?:<old>|failing|failed) ?)+(?:<version>|submission) (?:looks?|looked) like(?: this)?",
    r"(?:note that )?the following (?:<old> ?)+<version> <is> <bad>",
])  # fmt: skip
"""A clause that warns of the code that is shown."""
_IF_NOT = _any([
    r"(?:if <you> (?:forget|forgot|omit|leave|skip)[^,;]*|without (?!<spared>)[^,;]*|otherwise),? "
    r"(?:<you>|it|this)(?:['\u2019]d| would| will)? ?(?:get|end up|be|have|looked|fail)\b[^,;]*",
    r"if <you> (?:forget|forgot)\b[^,;]*(?:, e\.g)?",
    r"(?:for (?:instance|example), )?(?:if|suppose|imagine)(?: that)?(?: instead)? (?:some(?:one|body)\b|<you> had\b)"
    r"(?!.*\b(?:asked|wanted|needed)\b).*",
])  # fmt: skip
"""A sentence about what comes of not doing it."""
_WARNS = _any([
    r"(?:please )?avoid (?:this|that|it|the following|code like|writing|doing|such)\b"
    r"(?!(?: \w+)? (?:by|with|using|through|via)\b).*",
    r"<dont>(?: (?:use|write|do|copy|submit|try|code|define|apply))?(?: it| something| anything)?"
    r"(?: (?:this|that|it|like|so)\b.*)?",
    r"<dont> (?:use|copy|submit|try) the following\b.*",
    r"(?:be careful|make sure) not to (?:write|do|use)(?: (?:this|that|it)\b.*)?|(?:beware of|watch out for) this\b.*",
    r"how not to\b.*",
])  # fmt: skip
"""What asks not to write it."""
_OPTIONAL = _any([
    r"if you(?: ever)? (?:need|want|wanted|prefer)\b[^,;]{1,60} instead"
    r"(?:,? (?:edit|change|apply) (?:it|this|that)\b[^,;]*)?",
    r"optional(?:ly)?\b.*|bonus(?:: .*)?|debug version|(?:<a> )?(?:optional )?variant for \w+(?: \w+)*",
    r".*\bin case you (?:ever )?(?:need|want|prefer)\b(?!.*\b(?:full|complete|one|everything|copy)\b).*",
    r"if there were\b[^,;]*|or with (?:command[- ]line )?arguments",
    r"if\b[^,;]{1,60},? (?:you|one) (?:could|would) (?:also )?(?:do|use|write|wrap|loop|call|read)\b[^,;]*",
    r"if\b[^,;]{1,60},? we could (?:also )?(?:do|use|write)\b[^,;]*",
    r"(?:you|one) could also (?:do|use|write|start|return)\b[^,;]*",
    r"for (?:another|a different|some other) (?:task|problem|question)\b[^;]*",
    r"to (?!avoid|fix|correct|handle|solve|do|pass|meet|satisfy|get|make)[^,;]{1,60},? (?:you|one) (?:could|might) "
    r"(?:also )?(?:change|edit|adapt|modify) (?:it|this|that)\b[^,;]*",
    r"for debugging, (?:print|log)\b.*",
    r"if the (?:task|problem|question|exercise) (?:were|was|had|asked)\b.*",
    r"to (?!avoid|fix|correct|handle|solve|do)[^,;]{1,60} instead,? (?:use|write|you (?:can|could|would))\b[^,;]*",
    r"for (?:the|an?) (?:opposite|related|similar|harder|other|inverse) (?:task|problem|question)\b[^,;]*",
])  # fmt: skip
"""What is said of code for somebody who wants something else."""
_SOUND = re.compile(
    r"\b(?:fix(?:ed)?|correct(?:ed|s|ly|ion)?|final\w*|improved|better|best|updated|revised|rewritten|rewrote|"
    r"clean(?:ed)?|robust|should|must|instead(?! of)|proper\w*|passes|works|optimi[sz]ed|complete)\b"
)
_EARLIER = _any([
    r"(?:for (?:comparison|reference|contrast),? )?<led>(?:common |your )?(?:<old> ?)+(?:<version>(?:es|s)?)?"
    r"(?: (?:was|is|would be|would look like|looked like|here|below))?"
    r"(?: this)?(?: again)?(?: <compared>)?(?: (?:from|in) <question>)?",
    r"without the fix|my (?:first|previous|original) (?:attempt|guess|try)(?: was)?|at first i had",
    r"(?:<led>|what )?your (?:version|original|attempt|submission)(?: (?:was|is|looked like))?(?: this)?",
    r"(?:this was )?your (?:(?:original|old|initial|current|existing) )?code(?: (?:was|is|looked like))?(?: this)?",
    r"your (?:(?:original|old|initial|current|existing|posted|submitted) )+<version>(?: (?:was|is|looked like))?"
    r"(?: this)?",
    r"your <version> <compared>|<a> <version> (?:in|from) <question>(?: was| is)?",
    r"the <version> you (?:gave|posted|wrote|had|were given|shared|pasted|sent)"
    r"(?: \w+ \w+| was| fails?(?: [^,;]*)?)?",
    r"(?:(?:this is )?what )?you (?:had|have|wrote|posted)(?: this)?(?: before)?",
    r"(?:the )?(?:error|bug|mistake|before)|my (?:first|earlier|original|previous) (?:draft|version) was",
    r"previously(?: (?:i|it) (?:had|was))?|it was",
    r"before (?:the|this|that|my|our) (?:fix|change|correction)(?: it was)?",
    r"instead of(?: this)?|as opposed to|versus|vs",
])  # fmt: skip
"""A clause that says nothing else than that there has been this code before."""
_BESIDE = re.compile(
    r"unlike (?:this|that|the following) (?:version|code|one|approach)\b|for (?:reference|comparison|contrast)(?:,|$)|"
    r"(?:compare|contrast) (?:that|this|it|with|to)\b"
)
"""How a sentence begins that shows another version."""
_HANDED = re.compile(r"here(?:['\u2019]s| is) your (?!original|old|previous|\w+ for (?:comparison|contrast))")
"""How the asker is given his own code, set right."""
_FINAL = _any([
    r"<led>(?:(?:final|corrected|correct|fixed|complete|full|updated|revised|right) ?)+<version>?",
    r"<led>(?:answer|solution)",
])  # fmt: skip


_LESS = re.compile(r"\b(?:remov(?:e|ed|ing)|drop(?:ped|ping)?|delet(?:e|ed|ing)|without|no longer|corrected|fixed)\b")
_DISOWNED = re.compile(
    r"\([^()]*\b(?:(?:do not|don['\u2019]?t|never) (?:use|copy|submit)|not (?:recommended|the answer|to be used)|"
    r"for illustration only)\b[^()]*\)",
    re.IGNORECASE,
)
"""What is said in parentheses of code that is not the answer."""
_CHOSEN = re.compile(
    r"\((?![^()]*\b(?:not|but|wrong|incorrect|off)\b)(?:[^()]*[,;:] ?)?(?:this is |use this as )?"
    r"(?:(?:my|our|the|and) )*"
    r"(?:(?:(?:final|recommended|chosen|submitted)(?: (?:answer|choice|submission|solution|version|one|code))?)|"
    r"(?<=my )(?:answer|choice|submission|solution))[.!]?(?:[,;:\u2013\u2014-][^()]*| [\u2013\u2014-][^()]*)?\)",
    re.IGNORECASE,
)
_ALTERNATIVE = _any([
    r"(?:<led>|another |one )?(?:possible |\w+er )?alternatives?(?: (?:<version>|way))?"
    r"(?: (?:could|might|would|can) be| is)?(?: (?:for|to) .*)?",
])  # fmt: skip
_HEADING_WORDS: Final = 5
_AS_ASKED = re.compile(r"as (?:required|asked|specified|stated|requested)\b")
_STOPS = re.compile(r"[.!?][*_\s]*\Z")
_LOOKS_BACK = _any([
    r"(?:(?:but|and|so|well|however|unfortunately|<startled>)\b[ ,.!\u2013\u2014-]*)*"
    r"(?:this|that|it|which|the (?:above|previous)|(?:but )?(?:this|that) <version>)\b(?! following).*",
])  # fmt: skip
_IS_STARTLED = _any([r"(?:(?:but|and|well)[ ,]+)?<startled>\b(?!.*\b(?:below|following)\b)"])
_IN_GENERAL = re.compile(r"\b(?:common|typical|frequent|classic|pitfalls?|beginners?|people|many|tempt\w*|what not)\b")
"""What is said of code that others write."""
_MINE = _any([
    r"(?:<startled>[ ,.!]+)*my (?:first|earlier|original|previous) (?:draft|attempt|version|try)\b[^.]{0,80}\bwas"
    r"(?: this)?",
])  # fmt: skip
"""A sentence that says no more than what was tried first, or with it what was wrong with that."""


def announces_another(above: str, below_one: bool = False) -> bool:
    """Whether the words right above a block that could be the answer call it another version. `below_one` says that
    they stand below such a block, too, of which they may speak."""
    if _DISOWNED.search(_last_sentence(above)):
        return True
    if below_one and (in_section_of_others(above) or is_below_answer(above)):
        return True
    label = _label(above)
    if abroad.announces_another(label):
        return True
    if _AS_ASKED.match(label):
        return False
    clauses = [found for it in _CLAUSE.split(label) if (found := it.strip(" ,.!?")) and not _FILLER.fullmatch(found)]
    if not clauses:
        return False
    last = clauses[-1]
    if _WARNS.fullmatch(last) or _IF_NOT.fullmatch(label) or _MINE.fullmatch(label):
        return True
    startled = _IS_STARTLED.match(label) is not None and _IN_GENERAL.search(last) is None
    if _FLAWED.fullmatch(last):
        return not (below_one and (startled or _looks_back(above, label)))
    sound = _SOUND.search(last) or _FINAL.fullmatch(last)
    if _EARLIER.fullmatch(last):
        asides = _ASIDE.findall(above[-_LONGEST:].lower())
        blamed = below_one and _looks_back(above, label)
        return not (blamed or _HANDED.match(label) or any(map(_SOUND.search, asides)))
    if _OPTIONAL.fullmatch(label):
        return not sound or " instead" in label
    return _BESIDE.match(label) is not None and not sound


def _looks_back(above: str, label: str) -> bool:
    """Whether a sentence that blames code means the block above it: it is about "this", and announces none."""
    stops = _STOPS.search(_last_sentence(above)) or _IS_STARTLED.match(label)
    return stops is not None and _LOOKS_BACK.fullmatch(label) is not None


def announces_final(above: str) -> bool:
    """Whether the words right above say nothing else than that what follows is the answer."""
    return _FINAL.fullmatch(_label(above)) is not None


def announces_chosen(above: str) -> bool:
    """Whether the words right above say that what follows is the answer, as those of no other version do."""
    return announces_final(above) or _CHOSEN.search(_last_sentence(above)) is not None


def announces_alternative(above: str, below_chosen: bool) -> bool:
    """Whether the words right above say nothing else than that what follows is another way, or, where what they are
    `below_chosen` is marked as chosen in parentheses, whether they are no more than a heading."""
    label, last = _label(above), next((line for line in reversed(above.split("\n")) if line.strip()), "")
    if SETS_RIGHT.search(last):
        return False
    if _ALTERNATIVE.fullmatch(label):
        return True
    heading = last.startswith(("#", "*")) or last.rstrip("*").endswith(":")
    return below_chosen and heading and len(label.split()) <= _HEADING_WORDS


def is_marked_chosen(above: str) -> bool:
    """Whether parentheses above say that what follows is the answer."""
    return _CHOSEN.search(_last_sentence(above)) is not None


def announces_less(above: str) -> bool:
    """Whether the words right above say that what follows has lost something: that it is put right, or what is gone."""
    return announces_final(above) or _LESS.search(_label(above)) is not None


def _last_sentence(above: str) -> str:
    """The last one, as it stands; nothing where it is too long."""
    last = next((line for line in reversed(above.split("\n")) if line.strip()), "")
    sentence = _SENTENCE.split(last.strip())[-1]
    return sentence if len(sentence) <= _LONGEST else ""


def _label(above: str) -> str:
    """The last sentence in small letters, without what is in parentheses and without marks around it."""
    label = _ASIDE.sub(" ", re.sub(r"[*_#]|</?[a-z]+>", " ", _last_sentence(above)))
    return " ".join(re.sub(r"^\W+|\W+$", "", label).split()).lower()
