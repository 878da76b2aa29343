"""Markdown fences around code, as prompts, oracles and PI write them."""

from __future__ import annotations

import re

_TICKS = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def fenced(text: str, language: str = "") -> str:
    """`text` in a fence marked as `language`, longer than any fence in it, so that nothing within closes it early."""
    inner = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (inner + 1)
    return f"{fence}{language}\n{text}\n{fence}"
