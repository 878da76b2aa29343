"""Lean's comments, which declare nothing and prove nothing: a text without them, all else where it was."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_BEGINS = re.compile(r"--|/-")
_EDGE = re.compile(r"/-|-/")
_SHOWN = re.compile(r"\S")
_KEPT: Final = 256
"""Texts that are remembered: of one answer the same is asked several times."""


@lru_cache(_KEPT)
def without_comments(text: str) -> str:
    """`text` with blanks for comments, docstrings among them. One without an end is text: Lean takes no such file."""
    kept: list[str] = []
    at = 0
    while (found := _BEGINS.search(text, at)) is not None:
        end = _end_of_line(text, found.end()) if found[0] == "--" else _end_of_block(text, found.end())
        if end is None:
            break
        kept += [text[at : found.start()], _SHOWN.sub(" ", text[found.start() : end])]
        at = end
    return "".join([*kept, text[at:]])


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _end_of_block(text: str, start: int) -> int | None:
    """Behind the end of the comment that begins before `start`, in which others may be."""
    depth = 1
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/-" else -1
        if not depth:
            return edge.end()
    return None
