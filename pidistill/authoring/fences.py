"""Markdown around code: fences as prompts, oracles and PI write them, and quotations as completions come in."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"^[ ]{0,3}>(?: |$)")
_TICKS = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def fenced(text: str, language: str = "") -> str:
    """`text` in a fence marked as `language`, longer than any fence in it, so that nothing within closes it early."""
    inner = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (inner + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def unquoted(text: str) -> str:
    """Without the marks of a quotation: of runs of quoted lines at the beginning or behind a blank line, not of what
    stands in a fence, where a line may begin with a relation."""
    if ">" not in text:
        return text
    lines, quoting, blank, fenced = text.split("\n"), False, True, False
    for number, line in enumerate(lines):
        quoting = not fenced and _QUOTED.match(line) is not None and (quoting or blank)
        blank = not line.strip()
        fenced ^= not quoting and line.lstrip().startswith(("```", "~~~"))
        if quoting:
            lines[number] = _QUOTED.sub("", line, count=1)
    return "\n".join(lines)
