"""What stands around a box, and whether it lets the box state an answer.

A box counts only where it is the statement itself. One with a sign, a factor or a power beside it in its formula,
behind a 'not', before a question mark, or hidden, states something else. One behind 'at most' states a bound, which
answers some questions and not others.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.extraction.boxes import Box
from pidistill_math.reading.answers import alike

DENIED: Final = "the last box is denied"
"""Why a box behind a 'not' states nothing."""
BOUNDS: Final = "the last box stands behind 'at"
"""How the reason begins for a box behind 'at most' or 'at least', which answers questions that ask for such a bound."""
_OPERATOR_BEFORE = re.compile(
    r"(?:\\(?:cdot|times|div|pm|mp|sqrt|neq?|lt|gt|leq?|geq?|leqslant|geqslant|not|sin|cos|tan|cot|sec|csc|ln|log|exp|"
    r"frac|dfrac|tfrac|over|lvert|lfloor|lceil|overline|binom|sum|prod|int|setminus|cup|cap|notin|subset|circ|pi)"
    r"|\\not\s*(?:=|\\in)|[+\-*/^_<>|\u2260\u2212])(?:\s|\\[,;:! ])*$"
)
_AT_MOST = re.compile(
    r"(?:^|[$,({}<]|\\[\[(]|\\(?:leq?|geq?|lt|implies|Rightarrow|q?quad)(?![A-Za-z]))\s*[A-Za-z](?:_\w)?\s*(?:(?P<most>\\(?:leq?|leqslant)(?![A-Za-z])|\u2264)|(?:\\(?:geq?|geqslant)(?![A-Za-z])|\u2265))\s*$"
)
"""A letter and the sign of a bound before a box."""
_ARROW = re.compile(
    r"(?:=>|->|\u2192|\*\*|__|(?:^|\n)\s*[->*+]\s+|(?:^|\n)\s*>+|(?:^|\n)\s*\|[^\n]*\|\s|\s[-\u2013\u2014]\s)\s*$"
)
_FACTOR_BEFORE = re.compile(r"(?:\d|(?<![A-Za-z\\])[A-Za-z]|[A-Za-z0-9}]\))(?:\s|\\[,;:! ])*$")
_TOUCHING_BEFORE = re.compile(r"(?:(?<![A-Za-z\\])[A-Za-z]|\d)\Z")
_NOT_BEFORE = re.compile(
    r"(?:\b(?:can)?not(?:\s+(?:equal(?:\s+to)?|be|simply|just))?|n't(?:\s+be)?|\bnever(?:\s+be)?"
    r"|\b(?:rul(?:e|es|ed|ing)\s+out|reject(?:s|ed|ing)?|exclud(?:e|es|ed|ing)|discard(?:s|ed|ing)?|eliminat(?:e|es|ed|ing))"
    r"(?:\s+the\s+(?:value|answer|case))?"
    r"|\b(?:suppose|assume)\s+(?:that\s+)?(?:(?:the\s+\w+|it)\s+|\$?\w\s*)?(?:were|was|is|=)?"
    r"|\b(?:students?|persons?|friend|(?:text)?book|manual|key|others?|colleague|people|somebody|someone|classmate)\s+(?:[A-Z]\s+)?"
    r"(?:says?|said|claims?|claimed|thinks?|thought|wrote|answers?|answered)|\banother\s+\w+\s+got"
    r"|\bpreviously\s+(?:i\s+)?(?:thought|said|got|had|wrote)|\bfor\s+comparison\b[^.!?\n]{0,50}"
    r"|\b(?:first|initial|earlier)\s+(?:attempt|guess|try)\s+(?:gave|was|is|yielded)|\binstead\s+of|\bif\s+(?:the\s+answer|it|this)\s+(?:were|was|is)|\brather\s+than|\bneither|\bunlike"
    r"|\bnowhere\s+near|\bfar\s+from|\bdiffer(?:s|ent)?\s+from|\b(?:do\s+not|don't|never|refuse\s+to)\s+(?:write|answer|put)"
    r"|\btempt(?:ed\s+to\s+(?:\w+)|ing\s+to\s+(?:answer|say|write|put|guess|think)|ing\s+(?:answer|value|guess)\s+(?:is|would\s+be))"
    r"|\b(?:false|impossible|not\s+true|untrue)\s+that\s+(?:(?:the|this|its?)\s+(?:\w+\s+)?(?:is|equals)|\$?\s*\w\s*=))"
    r"[\s:$*\\(\[]*(?:\\text\{[^{}]*\})?[\s$]*$",
    re.IGNORECASE,
)
_DENYING: Final = (
    "not", "n't", "never", "if", "instead", "rather", "neither", "unlike", "mistake", "wrong", "incorrect", "erroneous",
    "might", "may", "could", "would", "rul", "reject", "exclud", "discard", "eliminat", "suppose", "assume", "previous",
    "comparison", "attempt", "guess", "try", "student", "person", "friend", "book", "manual", "key", "other",
    "nowhere", "far from", "differ", "don't", "refuse", "tempt", "false", "impossible", "untrue", "naive", "colleague",
    "people", "somebody", "someone", "classmate",
)  # fmt: skip
"""What a denial before a box holds: most texts hold none, and need no closer look."""
_CHANGING_LAST: Final = (
    "twice", "thrice", "double", "triple", "half", "of", "minus", "negative", "plus", "times", "least", "most", "than",
    "to", "by", "and", "exceed", "exceeds", "otherwise", "otherwise,", "below", "above", "is", "equals", "in", "with",
)  # fmt: skip
"""Last letters of the words before a box that change it."""
_MISTAKEN = re.compile(
    r"\b(?:mistakes?|wrong|incorrect|erroneous)\b(?P<between>[^.!?\n]{0,40})$"
    r"|(?<!\bas you )(?<!\bas one )(?<!\bas we )\b(?:might|may|could|would)\s+(?:think|say|guess|believe|argue)\b"
    r"(?P<then>[^.!?\n]{0,40})$"
    r"|(?<!\bwe )(?<!\byou )(?<!\bi )\b(?:might|may|could|would)\s+answer"
    r"(?P<at_once>[\s$\\(*,:]*(?:that\s+it\s+is|with)?[\s$\\(*]*)$",
    re.IGNORECASE,
)
"""A mistake, or what somebody might think. Who 'could answer directly' answers; who 'might answer 5' is mistaken."""
_WITHOUT_CARE = re.compile(
    r"\b(?:a|the)\s+naive\s+\w+\s+(?:gets?|gives?|yields?|obtains?|is)\s*[$\\(]*$"
    r"|\bif\s+(?:we|you|one|someone|somebody)\s+(?:forgets?|ignores?|neglects?|omits?|overlooks?|mistakenly|wrongly|naively|incorrectly)\b"
    r"[^.!?\n]*$",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"(?:\b(?:is|was|are|were|be|been|went|seems?|looks?|my|fix\w*|correct\w*)|'s)\s+(?:\w+ly\s+|an?\s+|the\s+)*$",
    re.IGNORECASE,
)
"""What stands before 'wrong' where it speaks of what came before it, or of a mistake that is being mended."""
_DENIED_NEXT = re.compile(
    r"\s+(?:to|that|would\s+be\s+to)\b|,?\s+(?:namely|i\.e\.|viz|that\s+is)|\s+(?:\w+\s+)?(?:answer|value|result|guess)\W*$",
    re.IGNORECASE,
)
_HENCE = re.compile(
    r"\b(?:so|hence|thus|therefore|but|not|instead|is\s+actually|correct|right|we|get)\b|[;,\u2014\u2013]",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(
    r"\b(?:twice|thrice|double|triple|half(?:\s+of)?|minus|negative|plus|times|(?:less|more|greater|"
    r"fewer|larger|smaller|higher|lower|other)\s+than|up\s+to|multiple\s+of|divided\s+by|between\s+[^\s]{1,20}\s+and|exceeds?|below|above"
    r"|(?:square|cube|negative|reciprocal|opposite|inverse|roots?|divisor)\s+of"
    r"|otherwise,?|answer\s+(?:minus|plus|times|divided|less|increased|decreased|squared|cubed|doubled|halved)\b[^.!?\n]{0,20}\s(?:is|equals)"
    r"|answer\s+(?:ends\s+in|rounds\s+to|starts\s+with|begins\s+with)"
    r"|(?<!value\s)(?<!form\s)\b(?:of|than)\s+the\s+answer(?:\s+mod\s+\d+)?\s+(?:is|equals))"
    r"[\s$\\({}]*$",
    re.IGNORECASE,
)
_BOUND = re.compile(r"\bat\s+(?P<which>least|most)[\s$\\({}]*$", re.IGNORECASE)
_OPTION = re.compile(r"(?:\\(?:text(?:bf|rm)?|math(?:rm|bf))\s*\{\s*)?\(\s*[A-J]\s*\)\s*\}?")
"""The letter of an option, behind which its formula may follow."""
_OPTION_BEHIND = re.compile(r"\([A-J]\)|\b(?:or|not|and)\b")
_OPERATION = re.compile(
    r"\s*(?:[+*/^_=<>!]|\\(?:ne|neq|not|cdot|times|div|pm|mp|le|leq|ge|geq|lt|gt|cup|cap)(?![A-Za-z]))"
)
_FORMULA_ENDS = re.compile(r"\$|\\\]|\\\)|\n")
_OTHER_BEFORE = re.compile(r"(?:[\d$})]|\\\))\s*(?:\\text\{)?\s*or\s*(?:\})?[\s$\\(]*$", re.IGNORECASE)
_ITEM_BEFORE = re.compile(r"[\w})\]]\s*[,;:](?:\s|\\[,;: ]|\\q?quad)*$")
_WORD_AFTER = re.compile(
    r"[\s$\\)}]*(?:\\text\{)?\s*(?:squared|cubed|factorial|to\s+[$\\(]*-?\d|b?mod\s|plus|minus|divided"
    r"|less\s+(?:one|two|three|\d)|choose\s+[$\d]|(?:halves|thirds|fourths|quarters|fifths|tenths|hundredths)\b|times(?=\s+(?:the|as|that|its|his|her|their|this|what)\b|\s*[\d$\\(])"
    r"|(?:more|less)\s+than(?!\s+(?-i:[A-Z][a-z]{2,}))|or\s+(?:more|less|so)"
    r"|(?:or|and|plus|minus)\s*(?:\})?[\s$\\(]*(?:-?\d|frac|sqrt|dfrac)"
    r"|(?:or|and)\s*\}?[\s$\\]*(?:text(?:bf|rm)?\s*\{)?\((?-i:[A-J])\))",
    re.IGNORECASE,
)
_ITEM_AFTER = re.compile(r"(?:\s|\\[,;: ])*[,;:](?:\s|\\[,;: ])*(?:[-+\d]|\\d?frac|\\sqrt|\\pi|\\infty)")
_OPERATOR_AFTER = re.compile(
    r"(?:\s|\\[,;:! ])*(?:\^(?!\s*\{?\s*\\circ)|_|!(?!=)|[+\-*/<>(]|\{,\}\s*\d|,\s*\\!\s*\d"
    r"|\\(?:cdot|times|div|pm|mp|frac|dfrac|sqrt|pi|le|leq|ge|geq|ne|neq|lt|gt|cup|cap|setminus|left|binom|bmod|mod)(?![A-Za-z])|[A-Za-z0-9]|\.\d)"
)
_TOUCHING_AFTER = re.compile(
    r"\^|_|[+*/-](?=[\w\\(])|[:.](?=\d)|[0-9]|\w(?!\w)|\{,\}\s*\d|,\s*\\!\s*\d"
    r"|\s*\\(?:leq?|geq?|lt|gt|neq?|leqslant|geqslant)(?![A-Za-z])|\s*<\s*[A-Za-z](?![\w>])|\s*>\s*[A-Za-z](?!\w)"
)
_OTHER_CASE = re.compile(
    r"\bif\b[^.!?\n]{1,60}\\boxed\{(?P<other>(?:[^{}]|\{[^{}]*\}){1,40})\}[^.!?\n]{0,20}\b(?:if|otherwise|else)\b[^.!?\n]{0,40}\Z",
    re.IGNORECASE,
)
"""What stands before the box of one case where that of another case has a box as well, of another value."""
_PALE = re.compile(r"\\(?:text)?color\s*(?:\[[^\]]*\])?\{\s*(?:white|transparent|background|bg)\s*\}\s*\{?[^{}$\n]*$")
_OPENED = re.compile(r"(?:\\left\s*)?(?:[(\[]|\\\{)\s*$")
_CLOSED = re.compile(r"\s*(?:\\right\s*)?(?:[)\]]|\\\})")
_END_OF_PROOF = re.compile(r"_?\s*\{?\s*\\(?:blacksquare|square|Box|qed|hfill)(?![A-Za-z])\}?")
_ONE_UNIT: Final = r"\s*\{\s*\\(?:text|mathrm)\s*\{\s*[A-Za-z]+\s*\}\s*\}"
_RATE = re.compile(rf"(?:\s|\\[,;:! ])*\\[dt]?frac{_ONE_UNIT}{_ONE_UNIT}")
"""A unit over another behind a box, which is no factor."""
_UNSPACED = re.compile(r"\s|\\[,;! ]|\$")
_QUESTION = re.compile(r"[\s$.\\)\]*]{0,6}\?")
PERCENT = re.compile(r"(?:\s|\\[,;:! ])*(?:\\%|%|\\text\{\s*(?:percent|thousand|million|billion|hundred|dozen)\s*\})")
SCALE = re.compile(r"[\s$]+(percent|thousand|million|billion|hundred|dozen)\b", re.IGNORECASE)
DEGREE = re.compile(r"\s*\^\s*(?:\\circ|\{\s*\\circ\s*\})")


def discounted(text: str, box: Box) -> str:
    """Why a box does not state an answer, '' where it does."""
    if box.inside:
        return "the last box stands inside an operation"
    wide, after = text[max(0, box.start - 160) : box.start], text[box.end : box.end + 60]
    before = wide[-32:]
    inside = in_formula(text, box.start)
    struck = before.rstrip("$").endswith("~~") and after.lstrip("$").startswith("~~")
    if struck or ("color" in wide and _PALE.search(wide)):
        return "the last box cannot be seen, or is struck out"
    opened = _OPENED.search(before) if before.rstrip().endswith(("(", "[", "\\{")) else None
    if opened is not None and opened.start() and (closed := _CLOSED.match(after)):
        if before[opened.start() - 1].isalnum() or before[opened.start() - 1] == "}":
            return "the last box is an argument"
        before, after = before[: opened.start()], after[closed.end() :]
    if before[-1:] in ("*", "_") and not inside and re.match(rf"\{before[-1]}+(?!\s*[\d(\\])", after):  # emphasis
        before, after = before.rstrip(before[-1]), after.lstrip(after[0])
    if (mark := _END_OF_PROOF.match(after)) is not None:
        after = after[mark.end() :]
    if not inside:  # outside of a formula a new line ends what stands before it
        before = before.rpartition("\n")[2]
    last = before.rstrip()[-1:]
    opening = last in ("$", "(", "[", "{", "")  # nothing that could be an operator or a factor
    if not opening and _OPERATOR_BEFORE.search(before):
        if inside and (most := _AT_MOST.search(before)) is not None:
            return f"{BOUNDS} {'most' if most['most'] else 'least'}'"
        arrow = _ARROW.search(before) and not (inside and before.rstrip()[-1:] in "-+*")
        if not arrow:
            return "the last box stands behind an operator"
    low = wide[-80:].lower()
    if any(word in low for word in _DENYING) and (_NOT_BEFORE.search(wide[-80:]) or _mistaken(wide[-80:])):
        return DENIED
    if "boxed" in wide and (case := _OTHER_CASE.search(text[max(0, box.start - 240) : box.start])) is not None:
        if not alike(case["other"], text[box.content]):
            return "the last box is the answer in one of several cases"
    changing = before.lower().rstrip(" \t\n$\\({}").endswith(_CHANGING_LAST)
    if changing and _WORD_BEFORE.search(before):
        return "the last box stands behind words that change it"
    if (inside and not opening and _FACTOR_BEFORE.search(before)) or (not inside and _TOUCHING_BEFORE.search(before)):
        return "the last box has a factor"
    if _QUESTION.match(after):
        return "the last box is a question"
    if (mark := PERCENT.match(after) or DEGREE.match(after) or SCALE.match(after) or _RATE.match(after)) is not None:
        after = after[mark.end() :]
    if (_OPERATOR_AFTER if inside else _TOUCHING_AFTER).match(after) or _WORD_AFTER.match(after):
        if not (inside and after[:1].isspace() and not _OPERATION.match(after) and _is_option(text, box)):
            return "the last box is part of a longer formula"
    bound = _BOUND.search(before) if changing else None
    return "" if bound is None else f"{BOUNDS} {bound['which'].lower()}'"


def _is_option(text: str, box: Box) -> bool:
    """Whether a box holds an option's letter, and what stands behind it in its formula is no other option."""
    if _OPTION.fullmatch(text[box.content].strip()) is None:
        return False
    end = _FORMULA_ENDS.search(text, box.end, box.end + 300)
    return end is not None and _OPTION_BEHIND.search(text, box.end, end.start()) is None


def in_a_list(text: str, box: Box, question: str = "") -> bool:
    """Whether a box that stands alone is one of several values, of which the others are not boxed.

    One that goes on with the list of `question` is its next term.
    """
    before, after = text[max(0, box.start - 32) : box.start], text[box.end : box.end + 60]
    if _OTHER_BEFORE.search(before):
        return True
    begun = _UNSPACED.sub("", text[max(0, box.start - 60) : box.start].rpartition("$")[2])
    asked = _UNSPACED.sub("", question).partition(begun)[2] if begun.count(",") > 1 else ""
    goes_on = asked != "" and not (asked[0].isdigit() or asked[0] in "-+")
    listed = _ITEM_BEFORE.search(before) is not None and not goes_on
    return (listed or _ITEM_AFTER.match(after) is not None) and in_formula(text, box.start)


def _mistaken(before: str) -> bool:
    """Whether a box is introduced as a mistake, or as what somebody might think."""
    if _WITHOUT_CARE.search(before):
        return True
    found = _MISTAKEN.search(before)
    if found is None:
        return False
    if found["at_once"] is not None:
        return True
    if found["between"] is None:
        return not _HENCE.search(found["then"])
    if _DENIED_NEXT.match(found["between"]):
        return True
    if not re.search("[A-Za-z]", found["between"]):
        return not _OF_ANOTHER.search(before[: found.start()])
    return not _OF_ANOTHER.search(before[: found.start()]) and not _HENCE.search(found["between"])


def in_formula(text: str, at: int) -> bool:
    """Whether a place is between math delimiters, as far as its paragraph shows."""
    start = max(text.rfind("\n\n", 0, at), at - 3_000, 0)
    paragraph = text[start:at]
    for opening, closing in (("\\[", "\\]"), ("\\(", "\\)"), ("\\begin{", "\\end{")):
        if paragraph.rfind(opening) > paragraph.rfind(closing):
            return True
    dollars = paragraph.replace("$$", "$")
    return (dollars.count("$") - dollars.count("\\$")) % 2 == 1
