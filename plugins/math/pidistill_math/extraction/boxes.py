"""The boxes of a completion: where they are, and what is in them.

A box inside a fraction, a root or a power is an operand; one in a comment is not there. Whether a box that stands by
itself states an answer is for `surroundings`, and which boxes state it together for `box_lists`. Everything here is
linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pidistill_math.reading.symbols import ARGUMENT_DRESS, DRESS, ROMAN, TEXT

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
_INNER_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE = re.compile(r"\\[\s\S]|[{}]")


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
    if not inside.startswith(("\\boxed", "\\fbox")):
        return inside
    start, end, closes = 0, len(inside), _closing(inside)
    while (inner := _INNER_BOX.match(inside, start, end)) and closes.get(inner.end() - 1) == end - 1:
        start, end = inner.end(), end - 1
        while start < end and inside[start].isspace():
            start += 1
        while end > start and inside[end - 1].isspace():
            end -= 1
    return inside[start:end]


def _closing(text: str) -> dict[int, int]:
    """Where each brace that opens is closed."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace.group() == "{":
            opened.append(brace.start())
        elif brace.group() == "}" and opened:
            found[opened.pop()] = brace.start()
    return found
