"""Small questions about text that forms, domains and checks ask alike."""

from __future__ import annotations

import re


def holds(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as a word or number of its own, however it is spaced."""
    needle = r"\s*".join(re.escape(c) for c in answer if not c.isspace())
    return bool(needle) and re.search(rf"(?<![\w.]){needle}(?!\w|\.\d)", text) is not None
