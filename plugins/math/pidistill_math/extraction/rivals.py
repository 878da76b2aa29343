"""Another answer behind a box: 'or 17', 'Corrected: 17', 'Upon reflection, the remainder is 4'.

What comes behind a box is mostly a check or an explanation and full of numbers. A number there is another answer only
where words offer it in place of the box's, where it ends its clause, where it is of what the question asks for and not
of a denominator on the way, where the text does not come back to the box's value, and where it is not that value in
another form: `another` compares the two, and lets a decimal that is near stand for the box's value.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from pidistill_math.extraction.conclusions import another_quantity, answered_again
from pidistill_math.meaning.equality import constant
from pidistill_math.meaning.numeric import real
from pidistill_math.question.asking_parts import clause_asked
from pidistill_math.reading.answers import alike, read
from pidistill_math.reading.syntax import Unreadable, vocabulary

_READ: Final = 600
"""Characters behind the box in which another answer is looked for."""
_NEAR: Final = 0.02
_NUMERAL: Final = r"-?(?:\d+(?:[.,/]\d+)*|\\[dt]?frac\s*(?:\d|\{{\d+\}})\s*(?:\d|\{{\d+\}}))"
_VALUE: Final = r"[\s$\\(*:]*(?P<{}>" + _NUMERAL + r")(?![\d%^/]|[.,]\d|\\%)"
_ENDS: Final = (
    r"(?:[$\\)*\]]|\s+(?:instead|ways?|in\s+(?:total|all)))*\s*"
    r"(?:[.;)]|!(?!\s*[.=+\-*/(\d!$\\<>])|,\s*(?:so|hence|since|because|as|not|rather)\b|$|\n)"
)
"""What ends a clause: an exclamation mark that is no factorial, too."""
_MAY: Final = r"(?:could|might|may)\s+(?:also\s+|instead\s+|actually\s+|well\s+|even\s+)?be"
_RESULT: Final = (
    r"[^.!?\n]{0,60}?\b(?:(?:which\s+)?(?:leaves|gives|makes|yields)|leaving|giving|making|to\s+get|so"
    r"(?:\s+(?:the\s+)?(?:answer|total|count|number|result|it)\s+(?:is|becomes|equals)"
    r"|\s+(?:there\s+are|we\s+(?:have|get)))?)"
)
"""What joins a further step to the value that it ends in."""
_STEP: Final = r"(?:exclude|remove|subtract|add|include|count|drop|discard|double|halve|divide|multiply)"
_REAL: Final = r"(?![^.!?\n]{0,120}\b(?:if|had|were|would|suppose|case|version|instead)\b)"
"""No case that is only supposed."""
_NAME: Final = r"(?:[\s$]*[a-z]\s*=)?"
_OFFERS: Final = (
    # directly behind the box
    r"^[\s$.,;*\\)\]\u2026\u2014\u2013-]*\(?\s*or\s+(?:is\s+it\s+|it\s+is\s+|it's\s+)?"
    + _NAME
    + _VALUE.format("a")
    + r"[$\\)*\]]*\s*(?:[.!;)?]|$|\n)",
    r"^[\s$.,;*)]*(?:->|=>|\u2192|\u21d2|\\(?:[Rr]ightarrow|[Ll]ongrightarrow|to|implies)(?![A-Za-z]))\s*"
    + _VALUE.format("b")
    + _ENDS,
    # in a later sentence
    r"\balternat(?:iv)?ely\b[\s,:]*(?:(?:the\s+answer|it)\s+(?:is|"
    + _MAY
    + r")|one\s+(?:may|might|could)\s+(?:answer|say))?"
    + _NAME
    + _VALUE.format("c")
    + _ENDS,
    r"\b(?:it|this|that|answer)\s+" + _MAY + _VALUE.format("d") + _ENDS,
    r"\b(?:not\s+sure|unsure)\b[^.!?\n]{0,20}\b(?:could|might|may)\s+be" + _VALUE.format("e") + _ENDS,
    r"(?:^|[\s$(;,.])(?P<f>-?\d+(?:[.,/]\d+)*)\$?\s+(?:is|are|would\s+be)\s+(?:also\s+(?:possible|acceptable|plausible)|more\s+likely|better)\s*(?:[.!;)]|$)",
    r"\b(?:corrected|updated|revised)(?:\s+(?:answer|value|result))?\**\s*(?::|is\b)" + _VALUE.format("g") + _ENDS,
    r"\bfinal\s+answer\**[\s:*]*" + _VALUE.format("h") + _ENDS,
    r"\breplace\s+(?:(?:the\s+)?(?:above|box\w*|answer)|it|this|that|\$?-?\d[\d.,/]*\$?)\s+(?:by|with)"
    + _VALUE.format("j")
    + r"(?!\w)",
    r"\bafter\s+(?:re-?)?checking,?\s+i\s+(?:get|find)" + _VALUE.format("k") + _ENDS,
    r"(?:^|[.!?\n])[\s$)*]*(?:maybe|perhaps|rather|better|redo|recount)\b\s*[,:]?" + _VALUE.format("l") + _ENDS,
    r"\bnot\s+[$\\(]*-?\d[\d.,/]*[$\\)]*,?\s+but" + _VALUE.format("m") + _ENDS,
    r"\bthe\s+(?:correct|right|actual|true|final)\s+(?:count|value|number|total|result),?\s+(?:however,?\s+)?(?:is|should\s+be)"
    + _VALUE.format("n")
    + _ENDS,
    r"\b(?:actually|wait|hmm),?\s+no\b\s*[,:.\u2014-][^.!?\n]{0,40}?" + _VALUE.format("x") + _ENDS,
    # a further step, or what the question wants instead
    r"\b(?:but|however|yet),?\s+(?:the\s+)?(?:question|problem)\s+(?:asks|asked|wants|wanted|says|said|requires)\b[^.!?\n]{0,80}?"
    r"\b(?:which\s+is|so|is|namely)" + _VALUE.format("p") + _ENDS,
    rf"\b(?:but|however|yet)\b{_REAL}[^.!?\n]{{0,60}}?\b(?:we|one|you|i)\b[^.!?\n]{{0,24}}\b{_STEP}\b{_RESULT}"
    + _VALUE.format("q")
    + _ENDS,
    r"\bafter\s+(?:removing|excluding|subtracting|adding|correcting|accounting)\b[^.!?\n]{0,60}"
    r"\b(?:total|count|answer|number|result)\s+(?:is|comes\s+to|becomes|drops\s+to)" + _VALUE.format("v") + _ENDS,
    r"^[\s$.,*)]*(?:(?:this|that|which)\s+)?(?:counts|overcounts|undercounts|includes|ignores|misses)\b[^.!?\n]{0,60},\s*so"
    r"\s+(?:(?:there\s+are|we\s+(?:have|get)|it\s+is)\b)?" + _VALUE.format("w") + _ENDS,
    rf"^[\s$.,;*)]*(?:to|from)\s+which\s+(?:we|one|you|i)\b{_RESULT}" + _VALUE.format("r") + _ENDS,
    r"\b(?:should|must|has\s+to|needs\s+to)\s+be\s+"
    r"(?:reduced|increased|lowered|raised|corrected|changed|divided|multiplied|doubled|halved)\b[^.!?\n]{0,24}"
    r"\b(?:to(?:\s+(?:give|get))?|giving)" + _VALUE.format("s") + _ENDS,
    r"\bis"
    + _VALUE.format("t")
    + r"[$\\)*]*\.\s+the\s+(?:second|latter|other)\s+(?:(?:one|count|value|answer|result)\s+)?is\s+"
    r"(?:the\s+)?(?:right|correct)\b",
    r"(?:^|[.!?\n])\s*(?:so|thus|hence|therefore),?\s+(?:there\s+are\s+)?"
    + _VALUE.format("u")
    + r"[$\\)*]*\s+(?:remain|(?:are|is)\s+left)\w*\W*\Z",
)
_OFFERED: Final = tuple(re.compile(offer, re.IGNORECASE) for offer in _OFFERS)
_RETHOUGHT = re.compile(
    r"\b(?:(?:up)?on\s+(?:(?:further|more)\s+)?(?:reflection|(?:a\s+)?(?:second|closer)\s+(?:reading|look|inspection)|re-?reading)"
    r"|(?:recomput|recalculat|recount|re-?do)ing|let\s+me\s+(?:recompute|recalculate|recount|redo))\b"
    r"(?P<said>[^.!?\n]{0,80}?)(?P<verb>\bis|\bgets?|\bbecomes|\bgives|\byields|\bso|:)" + _VALUE.format("i") + _ENDS,
    re.IGNORECASE,
)
"""A value after second thoughts, and what it is said to be the value of."""
_CONCLUDED = re.compile(
    r"^[^.!?\n]{0,80}?\b(?:hence|so|thus|therefore),?\s+the\s+(?P<said>[^.!?\n,;]{1,60}?)\s+(?P<verb>is|equals|must\s+be)"
    + _VALUE.format("i")
    + _ENDS,
    re.IGNORECASE,
)
"""What the sentence of the box goes on to conclude of what is asked for."""
_AT_LAST = re.compile(
    r"(?:^|\n)\s*(?:so|thus|hence|therefore),?\s+the\s+(?P<said>[^.!?\n,;]{1,60}?)\s+(?P<verb>is|equals|must\s+be)"
    + _VALUE.format("i")
    + r"[$\\)*\]]*\W*\Z",
    re.IGNORECASE,
)
"""What the last sentence of all concludes of what is asked for."""
_OF_A_PART = re.compile(r"\b(?:for|with|when|if|per|each|rest|others?|remaining|first)\b", re.IGNORECASE)
"""Words of a step, rather than of what is asked for."""
_GIVEN = re.compile(
    r"(?:\b(?:is|gives?|gets?|yields?|equals?|matches|well[\s-]known|value|so)\b|[:=]|\\equiv)"
    + _VALUE.format("value")
    + _ENDS,
    re.IGNORECASE,
)
"""A value that ends a step of an explanation."""
_TURNED = re.compile(
    r"\b(?:not|instead|rather|wrong|incorrect|above|box(?:ed)?|earlier|previous\w*|was|were|whereas|while|but|although|mistake|error|forgot|missed)\b|n't\b",
    re.IGNORECASE,
)
_PRONOUNS: Final = vocabulary("it this that i we one you")
_ANSWERS: Final = frozenset({"answer", "result", "total", "count", "solution", "number", "value"})
_SIZES: Final = frozenset({"number", "value", "length", "measure", "size", "amount"})
"""Words under which what follows their 'of' says of what a value is."""
_SMALL: Final = vocabulary("the a an of is are there to in for such")
_NOUN_ENDS = re.compile(r"\b(?:of|in|for|by|from|with|on|to|mod|between)\b|[$(\\]", re.IGNORECASE)


_STEPS: Final = frozenset({"r", "v"})
"""Offers that are a further step, which may be a check."""
_WHOLE: Final = frozenset({"all", "both", "every"})
"""Of which a question asks where it says so."""
_SAYS_SO: Final = frozenset({"answer", "result", "solution"})
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def offered(after: str, inside: str, question: str = "") -> bool:
    """Whether the text behind a box offers another value than that in the box."""
    near = after[:_READ]
    if not any(map(str.isdigit, near)):
        return False
    if another_quantity(near, inside):
        return True
    for value, end in answered_again(near, question):
        if another(inside, value) and not comes_back(near[end:], inside):
            return True
    found = [match for offer in _OFFERED for match in offer.finditer(near)]
    found += [match for match in _RETHOUGHT.finditer(near) if _is_of_answer(match["said"], question)]
    for concluded in (_CONCLUDED, _AT_LAST):
        steps = (match for match in concluded.finditer(near) if not _OF_A_PART.search(match["said"]))
        found += [match for match in steps if _is_of_answer(match["said"], question)]
    return any(_is_rival(near, match, inside) and not _checks(match, question) for match in found)


def _checks(match: re.Match[str], question: str) -> bool:
    """Whether a step behind a box leads back to a number that the question gives, and is not said to be what it asks
    for."""
    said = str(match["said"]) if "said" in match.re.groupindex else ""
    name = "i" if said else str(match.lastgroup)
    if match[name] not in _NUMBERS.findall(question) or not (said or name in _STEPS):
        return False
    words = set(_stems(said.lower()))
    return not said or not (words & _SAYS_SO or words <= _ANSWERS | set(_stems(clause_asked(question))))


def gives_another(text: str, inside: str) -> bool:
    """Whether an explanation ends in another value than the box's."""
    values = [match["value"] for match in _GIVEN.finditer(text[:_READ])]
    return bool(values) and another(inside, values[-1])


def comes_back(text: str, inside: str) -> bool:
    """Whether the last number of a text is the box's value, and nothing turns on the way."""
    *_, last = [None, *_GIVEN.finditer(text)]
    if last is None or any(map(str.isdigit, text[last.end() :])) or _TURNED.search(text):
        return False
    return alike(last["value"], inside)


def holds(inside: str, value: str) -> bool:
    """Whether a value that is named again is the one in the box."""
    return alike(value, inside) or bool(re.search(rf"(?<![\d.,/]){re.escape(value)}(?![\d/]|[.,]\d)", inside))


def another(inside: str, value: str) -> bool:
    """Whether a numeral is certainly another value than the constant in a box."""
    if holds(inside, value):
        return False
    try:
        pair = [constant(read(text.rpartition("=")[2])) for text in (inside, value)]
    except Unreadable:
        return False
    if pair[0] is None or pair[1] is None:
        return False
    ours, theirs = map(real, pair)
    if isinstance(pair[1], Fraction) and pair[1].denominator == 1 and "." not in value:
        return bool(ours != theirs)
    return bool(abs(ours - theirs) > _NEAR * abs(ours))


def _is_rival(near: str, match: re.Match[str], inside: str) -> bool:
    name = match.lastgroup if "said" not in match.re.groupindex else "i"
    return name is not None and another(inside, match[name]) and not comes_back(near[match.end(name) :], inside)


def _is_of_answer(said: str, question: str) -> bool:
    """Whether what a value is said to be of is what the question asks for, as far as the words before it show."""
    subject = re.split(r"[,;:]|\b(?:and|that|so)\b", said)[-1].strip()
    words = subject.lower().split()
    if not words or not question or words[0] in _PRONOUNS:
        return True
    asked = set(_stems(clause_asked(question)))
    noun, *of = _NOUN_ENDS.split(subject.lower(), maxsplit=1)
    head = (_stems(noun) or _stems(subject.lower()))[-1:]
    if of and _SIZES & set(head):
        whole = set(_stems(of[0]))
        return bool(asked & whole) and not (_WHOLE & whole - asked)
    return bool((_ANSWERS | asked) & set(head))


def _stems(text: str) -> list[str]:
    """The words and letters of a text without the ending of a plural."""
    words = (word.strip("$\\(),.{}").removesuffix("s") for word in text.replace("$", " ").split())
    return [word for word in words if word and word not in _SMALL]
