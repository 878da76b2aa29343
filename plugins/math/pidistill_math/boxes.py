"""The boxes of a completion: where they are, what surrounds them, and which of them state the answer together.

A box counts only where it is the statement itself. One inside a fraction or a root, with a sign, a factor or a power
beside it in its formula, behind a 'not', before a question mark, in a comment, or hidden, states something else.
Everything here is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pidistill_math.symbols import ARGUMENT_DRESS, DRESS, ROMAN, TEXT

_TOKEN = re.compile(r"\\(?:\\*(?:boxed|fbox)\s*(?:(?P<open>\{)|(?P<bare>-?\d+(?:\.\d+)?)|(?![A-Za-z]))|[\s\S])|\{|\}")
"""Each branch begins with one sign, so that the search skips to the next of them."""
_GROUP = re.compile(r"\{[^{}]*\}")
_AROUND: Final = 200
"""Characters before the first box in which groups around it are looked for."""
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?\s*(?:\[[^\]{}]{0,40}\])?\s*$")
_TRANSPARENT: Final = (
    TEXT | ROMAN | DRESS | ARGUMENT_DRESS | {"boxed", "fbox", "bbox", "color", "begin", "end", "large", "ensuremath"}
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\\iffalse\b.*?(?:\\fi\b|\Z)|^[ \t]*%.*?$", re.DOTALL | re.MULTILINE)
_INNER_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{(?=[^{}]*\}$|\s*\\(?:boxed|fbox)\s*\{)")
DENIED: Final = "the last box is denied"
"""Why a box behind a 'not' states nothing."""

_SEPARATORS = re.compile(
    r"(?:[\s$.,;:&/~]|\n[ \t]*[-*\u2022](?=\s)|\\[\s,;:!()\[\]]|\\q?quad\b|\\text\{\s*,?\s*(?:and|or)\s*\}"
    r"|\b(?:and|or)\b|\b[A-Za-z](?:_\w|_\{\w{1,4}\})?\s*=)*"
)
_PARTS = re.compile(r"(?=[^.!?\n]*\band\b)(?:[^.!?\n\\{}]|\\text\{[^{}]*\}|\\[,;: ()\[\]]){1,100}", re.IGNORECASE)
_OF_ARGUMENT: Final = r"(?:(?<![A-Za-z\\])[A-Za-z](?:_\w|_\{\w{1,4}\})?(?:\([^()\n]{1,12}\))?\s*=\s*)?"
_LABELLED = re.compile(
    r"[\s$.,;*\\\])&-]{0,12}(?:(?:part|option|choice|case|answer|question|problem)\s*)?"
    r"(?:\([a-h]\)|\((?:i{1,3}|iv|v)\)|\b[b-h]\)|\(?\b[2-9](?:[.):]|(?=\s*:))|\b[B-H]:)[\s$:.*\\(\[-]{0,12}"
    + _OF_ARGUMENT,
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:\(a\)|\(i\)|\ba\)|\(?\b1(?:[.):]|(?=\s*:))|\bA:)[\s$:.*\\(\[-]{0,12}" + _OF_ARGUMENT + r"$", re.IGNORECASE
)
_FUNCTION = re.compile(r"(?<![A-Za-z\\])(?P<letter>[A-Za-z])\((?P<at>[^()\n]{1,12})\)\s*=\s*$")
_OTHERWISE = re.compile(
    r"\b(?:not?|wait|wrong|instead|rather|actually|but|so|thus|hence|then|therefore|answer|final|total|sum|result|we|"
    r"which|gives?|giving|becomes|simplif\w*|incorrect|first|if|or|either|maybe|finally)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![\\A-Za-z0-9+*/^-])([A-Za-z](?:_\w|_\{\w{1,4}\})?)\s*=\s*$")

_NAMED = re.compile(r"[A-Za-z](?:_\w|_\{\w{1,4}\})?\s*=\s*")
"""A name before a value: ``x = 5`` beside a box of ``5`` is one value twice."""
_OPERATOR_BEFORE = re.compile(
    r"(?:\\(?:cdot|times|div|pm|mp|sqrt|neq?|lt|gt|leq?|geq?|leqslant|geqslant|not|sin|cos|tan|cot|sec|csc|ln|log|exp|"
    r"frac|dfrac|tfrac|over|lvert|lfloor|lceil|overline|binom|sum|prod|int|setminus|cup|cap|notin|subset|circ|pi)"
    r"|\\not\s*(?:=|\\in)|[+\-*/^_<>|\u2260\u2212])(?:\s|\\[,;:! ])*$"
)
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
    r"|\b(?:students?|persons?|friend|book|key|others?|colleague|people|somebody|someone|classmate)\s+(?:[A-Z]\s+)?"
    r"(?:says?|said|claims?|claimed|thinks?|thought|wrote|answers?|answered)|\banother\s+\w+\s+got"
    r"|\bpreviously\s+(?:i\s+)?(?:thought|said|got|had|wrote)|\bfor\s+comparison\b[^.!?\n]{0,50}"
    r"|\b(?:first|initial|earlier)\s+(?:attempt|guess|try)\s+(?:gave|was|is|yielded)|\binstead\s+of|\bif\s+(?:the\s+answer|it|this)\s+(?:were|was|is)|\brather\s+than|\bneither|\bunlike)"
    r"[\s:$*\\(\[]*(?:\\text\{[^{}]*\})?[\s$]*$",
    re.IGNORECASE,
)
_DENYING: Final = (
    "not", "n't", "never", "if", "instead", "rather", "neither", "unlike", "mistake", "wrong", "incorrect", "erroneous",
    "might", "may", "could", "would", "rul", "reject", "exclud", "discard", "eliminat", "suppose", "assume", "previous",
    "comparison", "attempt", "guess", "try", "say", "said", "got", "get", "claim", "th", "wrote", "answer",
    "gave", "give",
)  # fmt: skip
"""What a denial before a box holds: most texts hold none, and need no closer look."""
_CHANGING_LAST: Final = (
    "twice", "thrice", "double", "triple", "half", "of", "minus", "negative", "plus", "times", "least", "most", "than",
    "to", "by", "and", "exceed", "exceeds", "below", "above", "is", "equals", "in", "with",
)  # fmt: skip
"""Last letters of the words before a box that change it."""
_MISTAKEN = re.compile(
    r"\b(?:mistakes?|wrong|incorrect|erroneous)\b(?P<between>[^.!?\n]{0,40})$"
    r"|(?<!\bas you )(?<!\bas one )(?<!\bas we )\b(?:might|may|could|would)\s+(?:think|say|guess|believe|argue)\b"
    r"(?P<then>[^.!?\n]{0,40})$",
    re.IGNORECASE,
)
_WITHOUT_CARE = re.compile(
    r"\bif\s+(?:we|you|one|someone|somebody)\s+(?:forgets?|ignores?|neglects?|omits?|overlooks?|mistakenly|wrongly|naively|incorrectly)\b"
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
    r"\b(?:twice|thrice|double|triple|half(?:\s+of)?|minus|negative|plus|times|at\s+(?:least|most)|(?:less|more|greater|"
    r"fewer|larger|smaller|higher|lower|other)\s+than|up\s+to|multiple\s+of|divided\s+by|between\s+[^\s]{1,20}\s+and|exceeds?|below|above"
    r"|(?:square|cube|negative|reciprocal|opposite|inverse|roots?|divisor)\s+of"
    r"|answer\s+(?:ends\s+in|rounds\s+to|starts\s+with|begins\s+with)"
    r"|(?<!value\s)(?<!form\s)\b(?:of|than)\s+the\s+answer(?:\s+mod\s+\d+)?\s+(?:is|equals))"
    r"[\s$\\({}]*$",
    re.IGNORECASE,
)
_OTHER_BEFORE = re.compile(r"(?:[\d$})]|\\\))\s*(?:\\text\{)?\s*or\s*(?:\})?[\s$\\(]*$", re.IGNORECASE)
_ITEM_BEFORE = re.compile(r"[\w})\]]\s*[,;:](?:\s|\\[,;: ]|\\q?quad)*$")
_WORD_AFTER = re.compile(
    r"[\s$\\)}]*(?:\\text\{)?\s*(?:squared|cubed|factorial|to\s+[$\\(]*-?\d|b?mod\s|plus|minus|divided"
    r"|less\s+(?:one|two|three|\d)|choose\s+[$\d]|(?:halves|thirds|fourths|quarters|fifths|tenths|hundredths)\b|times(?=\s+(?:the|as|that|its|his|her|their|this|what)\b|\s*[\d$\\(])"
    r"|(?:more|less)\s+than(?!\s+(?-i:[A-Z][a-z]{2,}))|or\s+(?:more|less|so)"
    r"|(?:or|and|plus|minus)\s*(?:\})?[\s$\\(]*(?:-?\d|frac|sqrt|dfrac))",
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
_PALE = re.compile(r"\\(?:text)?color\s*(?:\[[^\]]*\])?\{\s*(?:white|transparent|background|bg)\s*\}\s*\{?[^{}$\n]*$")
_OR = re.compile(r"[^.!?\n]{0,60}\bor\b(?!\s+rather)[^.!?\n]{0,40}", re.IGNORECASE)
_OPENED = re.compile(r"(?:\\left\s*)?[(\[]\s*$")
_CLOSED = re.compile(r"\s*(?:\\right\s*)?[)\]]")
_END_OF_PROOF = re.compile(r"_?\s*\{?\s*\\(?:blacksquare|square|Box|qed|hfill)(?![A-Za-z])\}?")
_QUESTION = re.compile(r"[\s$.\\)\]*]{0,6}\?")
_PERCENT = re.compile(r"(?:\s|\\[,;:! ])*(?:\\%|%|\\text\{\s*(?:percent|thousand|million|billion|hundred|dozen)\s*\})")
_ANOTHER_FORM = re.compile(
    r"[\s$\\)}]*\(\s*or\s+(?!about|approx|roughly|equivalently|around|\\approx)(?P<form>[^()\n]{1,40})\)", re.IGNORECASE
)
"""A second form of the value in a parenthesis behind the box; where it is another value, there are two."""
_SCALE = re.compile(r"[\s$]+(percent|thousand|million|billion|hundred|dozen)\b", re.IGNORECASE)
_DEGREE = re.compile(r"\s*\^\s*(?:\\circ|\{\s*\\circ\s*\})")


@dataclass(frozen=True)
class Box:
    """A closed box: where it stands, its content, and whether it is inside an operation."""

    start: int
    end: int
    content: slice
    inside: str = ""


def without_comments(text: str) -> str:
    """`text` without what no reader sees."""
    return _COMMENT.sub("", text) if "<!--" in text or "%" in text or "\\iffalse" in text else text


class _Open:
    """An open brace: of a box (`start` is the command's place) or of a group, and the group that ended just before."""

    __slots__ = ("at", "command", "content", "operation", "outer", "previous", "start")

    def __init__(self, start: int, at: int, content: int, outer: _Open | None, previous: _Open | None) -> None:
        self.start = start
        self.at = at
        self.content = content
        self.outer = outer
        self.previous = previous
        self.command: str | None = None
        self.operation: str | None = None


def boxes(text: str) -> tuple[list[Box], bool]:
    """Outermost closed boxes in order, and whether a box opened after the last closed one is never closed."""
    starts = [at for at in (text.find("\\boxed"), text.find("\\fbox")) if at >= 0]
    if not starts:
        return [], False
    found: list[Box] = []
    stack: list[_Open] = []
    closed: _Open | None = None
    closed_at = -1
    for token in _TOKEN.finditer(text, _scan_from(text, min(starts))):
        spelt = token.group()
        if token["open"]:
            stack.append(_Open(token.start(), token.start(), token.end(), stack[-1] if stack else None, None))
        elif token["bare"]:
            found.append(Box(token.start(), token.end(), slice(*token.span("bare")), _operation(text, stack)))
        elif len(spelt) > 1:
            continue
        elif spelt == "{":
            at = token.start()
            beside = closed_at >= 0 and at - closed_at < 60 and not text[closed_at:at].strip()
            outer = stack[-1] if stack else None
            stack.append(_Open(-1, at, token.end(), outer, closed if beside else None))
        elif stack:
            closed, closed_at = stack.pop(), token.end()
            if closed.start >= 0:
                while found and found[-1].start > closed.start:
                    found.pop()
                inside = _operation(text, stack)
                found.append(Box(closed.start, token.end(), slice(closed.content, token.start()), inside))
    last_open = max((opened.start for opened in stack), default=-1)
    return found, last_open > (found[-1].start if found else -1)


def _scan_from(text: str, first: int) -> int:
    """Where to begin to look for the groups around the first box: at the box itself, where none is open before it."""
    before = text[max(0, first - _AROUND) : first]
    if "\\\\" not in before and not before.endswith("\\"):  # one of two backslashes escapes nothing
        closed, opened = before.replace("\\{", "").replace("\\}", ""), ""
        while closed != opened:
            closed, opened = _GROUP.sub("", closed), closed
        if "{" not in closed:
            return first
    return max(0, first - _AROUND)


def _operation(text: str, stack: list[_Open]) -> str:
    """The command that a box is an argument of, among those that change what it means; '' for none."""
    chain, opened = [], stack[-1] if stack else None
    while opened is not None and opened.operation is None:
        chain.append(opened)
        opened = opened.outer
    found = opened.operation if opened is not None else ""
    for inner in reversed(chain):
        command = _command(text, inner)
        found = found or ("" if command in _TRANSPARENT else command)
        inner.operation = found
    return found or ""


def _command(text: str, opened: _Open) -> str:
    """The command whose argument opens there; ``text`` for a box and for a group of its own."""
    if opened.start >= 0:
        return "text"
    if opened.command is None:
        first = opened
        while first.previous is not None:
            first = first.previous
        if first.command is None:
            before = text[max(0, first.at - 60) : first.at]
            command = _COMMAND.search(before)
            last = before.rstrip()[-1:]
            first.command = command[1] if command else last if last in ("^", "_") and last else "text"
        opened.command = first.command
        opened.previous = None
    return opened.command


def content(text: str, box: Box) -> str:
    """The content of a box; of one that holds nothing but another box, that one's."""
    return unboxed(text[box.content].strip())


def unboxed(inside: str) -> str:
    """A text without a box that is all of it."""
    start, end = 0, len(inside)
    while end > start and inside[end - 1] == "}" and (inner := _INNER_BOX.match(inside, start, end)):
        start, end = inner.end(), end - 1
        while start < end and inside[start].isspace():
            start += 1
        while end > start and inside[end - 1].isspace():
            end -= 1
    return inside[start:end]


def listing(text: str, found: list[Box]) -> str:
    """The last box, and before it every different box that states the answer with it."""
    chosen = [found[-1]]
    for box, following in zip(found[-2::-1], found[:0:-1], strict=True):
        if not _together(text, box, following):
            break
        chosen.insert(0, box)
    contents = [content(text, box) for box in chosen]
    if not contents[-1]:
        return ""
    if len(chosen) == 1:
        return "" if in_a_list(text, chosen[0]) else contents[0] + beside(text, chosen[0])
    names = [_NAME.search(text[max(0, box.start - 20) : box.start]) for box in chosen]
    if all(names) and not any("=" in inside for inside in contents):
        contents = [f"{name[1]} = {inside}" for name, inside in zip(names, contents, strict=True) if name]
    values = {inside.replace(" ", "") for inside in contents}
    kept = [i for i in contents if i and not ((name := _NAMED.match(i)) and i[name.end() :].replace(" ", "") in values)]
    return ", ".join(dict.fromkeys(kept))


def _together(text: str, box: Box, following: Box) -> bool:
    between = text[box.end : following.start]
    if len(between) > 120:
        return False
    if (len(between) <= 80 and _SEPARATORS.fullmatch(between)) or _OR.fullmatch(between):
        return True
    if _LABELLED.fullmatch(between):
        return bool(_LABEL.search(text[max(0, box.start - 40) : box.start]) or _LABELLED.search(between))
    names = [_FUNCTION.search(text[max(0, part.start - 24) : part.start]) for part in (box, following)]
    if names[0] and names[1] and names[0]["letter"] == names[1]["letter"] and names[0]["at"] != names[1]["at"]:
        rest = between[: len(between) - len(names[1].group())]
        return len(rest) <= 40 and bool(_SEPARATORS.fullmatch(rest.rstrip("$ (\\[").rstrip("-*\u2022 ")))
    return bool(_PARTS.fullmatch(between)) and not _OTHERWISE.search(between)


def beside(text: str, box: Box) -> str:
    """A percent sign, a degree sign or a scale word that belongs to the value but stands behind the box."""
    after = text[box.end : box.end + 60]
    if (form := _ANOTHER_FORM.match(after)) is not None:
        return f" \\text{{ or }} {form['form'].strip().strip('$').strip()}"
    match = _PERCENT.match(after) or _DEGREE.match(after)
    if match is None and (scale := _SCALE.match(after)):
        return f"\\text{{ {scale[1]}}}"
    return match.group() if match else ""


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
    opened = _OPENED.search(before) if before.rstrip()[-1:] in ("(", "[") else None
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
        arrow = _ARROW.search(before) and not (inside and before.rstrip()[-1:] in "-+*")
        if not arrow:
            return "the last box stands behind an operator"
    low = wide[-80:].lower()
    if any(word in low for word in _DENYING) and (_NOT_BEFORE.search(wide[-80:]) or _mistaken(wide[-80:])):
        return DENIED
    if before.lower().rstrip(" \t\n$\\({}").endswith(_CHANGING_LAST) and _WORD_BEFORE.search(before):
        return "the last box stands behind words that change it"
    if (inside and not opening and _FACTOR_BEFORE.search(before)) or (not inside and _TOUCHING_BEFORE.search(before)):
        return "the last box has a factor"
    if _QUESTION.match(after):
        return "the last box is a question"
    if (mark := _PERCENT.match(after) or _DEGREE.match(after) or _SCALE.match(after)) is not None:
        after = after[mark.end() :]
    if (_OPERATOR_AFTER if inside else _TOUCHING_AFTER).match(after) or _WORD_AFTER.match(after):
        return "the last box is part of a longer formula"
    return ""


def in_a_list(text: str, box: Box) -> bool:
    """Whether a box that stands alone is one of several values, of which the others are not boxed."""
    before, after = text[max(0, box.start - 32) : box.start], text[box.end : box.end + 60]
    if _OTHER_BEFORE.search(before):
        return True
    return bool(_ITEM_BEFORE.search(before) or _ITEM_AFTER.match(after)) and in_formula(text, box.start)


def _mistaken(before: str) -> bool:
    """Whether a box is introduced as a mistake, or as what somebody might think."""
    if _WITHOUT_CARE.search(before):
        return True
    found = _MISTAKEN.search(before)
    if found is None:
        return False
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
