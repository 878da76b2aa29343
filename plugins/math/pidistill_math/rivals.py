"""Another answer behind a box: 'or 17', 'Corrected: 17', 'Upon reflection, the remainder is 4'.

What comes behind a box is mostly a check or an explanation and full of numbers. A number there is another answer only
where words offer it in place of the box's, where it ends its clause, and where it is not the box's value in another
form: `another` compares the two, and lets a decimal that is near stand for the box's value.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from pidistill_math.equality import constant
from pidistill_math.numeric import real
from pidistill_math.reading import alike, read
from pidistill_math.syntax import Unreadable

_READ: Final = 600
"""Characters behind the box in which another answer is looked for."""
_NEAR: Final = 0.02
_VALUE: Final = r"[\s$\\(*:]*(?P<{}>-?\d+(?:[.,/]\d+)*)(?![\d%^/]|[.,]\d|\\%)"
_ENDS: Final = r"[$\\)*\]]*\s*(?:[.!;)]|$|\n)"
_MAY: Final = r"(?:could|might|may)\s+(?:also\s+|instead\s+|actually\s+|well\s+|even\s+)?be"
_OFFERS: Final = (
    # directly behind the box
    r"^[\s$.,;*\\)\]\u2026\u2014\u2013-]*\(?\s*or\s+(?:is\s+it\s+|it\s+is\s+|it's\s+)?"
    + _VALUE.format("a")
    + r"[$\\)*\]]*\s*(?:[.!;)?]|$|\n)",
    r"^[\s$.,;*)]*(?:->|=>|\u2192|\u21d2|\\(?:[Rr]ightarrow|[Ll]ongrightarrow|to|implies)(?![A-Za-z]))\s*"
    + _VALUE.format("b")
    + _ENDS,
    # in a later sentence
    r"\balternat(?:iv)?ely\b[\s,:]*(?:(?:the\s+answer|it)\s+(?:is|" + _MAY + r"))?" + _VALUE.format("c") + _ENDS,
    r"\b(?:it|this|that|answer)\s+" + _MAY + _VALUE.format("d") + _ENDS,
    r"\b(?:not\s+sure|unsure)\b[^.!?\n]{0,20}\b(?:could|might|may)\s+be" + _VALUE.format("e") + _ENDS,
    r"(?:^|[\s$(;,.])(?P<f>-?\d+(?:[.,/]\d+)*)\$?\s+(?:is|are|would\s+be)\s+(?:also\s+(?:possible|acceptable|plausible)|more\s+likely|better)\s*(?:[.!;)]|$)",
    r"\b(?:corrected|updated|revised)(?:\s+(?:answer|value|result))?\**\s*(?::|is\b)" + _VALUE.format("g") + _ENDS,
    r"\bfinal\s+answer\**[\s:*]*" + _VALUE.format("h") + _ENDS,
    r"\b(?:(?:up)?on\s+(?:reflection|(?:a\s+)?(?:second|closer)\s+(?:reading|look|inspection)|re-?reading)|(?:recomput|recalculat|re-?do)ing)\b"
    r"[^.!?\n]{0,80}(?:\bis|\bget|\bbecomes|\bso|:)" + _VALUE.format("i") + _ENDS,
    r"\breplace\s+(?:(?:the\s+)?(?:above|box\w*|answer)|it|this|that|\$?-?\d[\d.,/]*\$?)\s+(?:by|with)"
    + _VALUE.format("j")
    + r"(?!\w)",
    r"\bafter\s+(?:re-?)?checking,?\s+i\s+(?:get|find)" + _VALUE.format("k") + _ENDS,
)
_OFFERED: Final = tuple(re.compile(offer, re.IGNORECASE) for offer in _OFFERS)


def offered(after: str, inside: str) -> bool:
    """Whether the text behind a box offers another value than that in the box."""
    near = after[:_READ]
    if not any(map(str.isdigit, near)):
        return False
    found = (match for offer in _OFFERED for match in offer.finditer(near))
    return any(another(inside, next(filter(None, match.groups()))) for match in found)


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
