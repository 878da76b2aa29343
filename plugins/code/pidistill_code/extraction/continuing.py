"""Lines that go on with the body that a prompt begins, indented as it is.

Tokenizers and `strip()` take indentation away: of the first line, or of all of them. Only lines are looked at, as in
`extract`.
"""

from __future__ import annotations

import re
from itertools import takewhile

from pidistill_code.extraction.fenced import width_of
from pidistill_code.extraction.prose import is_prose, opened, statements


def indentation_of(prompt: str) -> str:
    """The indentation of the body that a prompt begins: of its last line that has some."""
    for line in reversed(prompt.split("\n")):
        if line[:1].isspace() and line.strip():
            return line[: len(line) - len(line.lstrip())]
    return "    "


def in_body(lines: list[str], indentation: str) -> list[str]:
    """`lines` that go on with a body, indented as it is. Tokenizers and `strip()` take indentation away: of the first
    line, or of all of them."""
    own = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    if own == indentation:
        return lines
    if own and _lost_some(lines, indentation):
        return [indentation + lines[0].lstrip(), *lines[1:]]
    if own:  # another width, of all lines
        return [indentation + line.removeprefix(own) if line.startswith(own) else line for line in lines]
    after = next(iter(list(statements(lines))[1:]), None)
    if after is None:
        return [indentation + lines[0], *lines[1:]]
    width = width_of(lines[after]) - width_of(lines[after].lstrip())
    opens = lines[0].split("#")[0].rstrip().endswith(":") and not opened(lines[0], "")[0]
    goes_on = width > width_of(indentation) if opens else width >= width_of(indentation)
    ends = (
        re.match(r"(?:return|raise|pass)\b", lines[0])
        and not width
        and re.match(r"(?:async[ \t]+)?def\b|class\b|@|if __name__", lines[after])
        and not opens
    )
    if goes_on or ends or (not width and is_prose(lines[after])):
        return [indentation + lines[0], *lines[1:]]
    begun = set(statements(lines))
    inside = quoted(lines)
    return [indentation + line if line.strip() and (number in begun or number not in inside) else line
            for number, line in enumerate(lines)]  # fmt: skip


def _lost_some(lines: list[str], indentation: str) -> bool:
    """Whether the first line has lost a part of its indentation: those below have all of it, and none has as little."""
    widths = [width_of(lines[n]) - width_of(lines[n].lstrip()) for n in statements(lines)]
    below = list(takewhile(bool, widths[1:]))  # the body may be over
    return bool(below) and min(below) == width_of(indentation) > widths[0]


def quoted(lines: list[str]) -> set[int]:
    """The lines that begin inside a string."""
    found, quote = set[int](), ""
    for number, line in enumerate(lines):
        if quote:
            found.add(number)
        quote, _ = opened(line, quote)
    return found
