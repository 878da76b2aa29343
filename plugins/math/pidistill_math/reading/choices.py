"""What stands behind the letter of an option: numbers of statements, or another option, which makes two of one."""

from __future__ import annotations

from typing import Final

from pidistill_math.reading.lexer import Token
from pidistill_math.reading.quantities import JOINING

_ROMAN: Final = frozenset({"I", "II", "III", "IV", "V"})
"""Numbers of statements, of which options are made."""


def are_statements(rest: list[Token]) -> bool:
    """Whether what stands behind an option's letter are numbers of statements alone: ``I and III only``."""
    words = [t.text for t in rest if t.kind in ("word", "letter")]
    return words[:1] != [] and all(word in _ROMAN or word.lower() in ("and", "only") for word in words)


def names_another_option(rest: list[Token]) -> bool:
    """Whether what stands behind an option's letter goes on to another option: a joining word, or a letter alone."""
    if rest[0].kind == "word" and rest[0].text.lower() in JOINING:
        return True
    if are_statements(rest):
        return False
    if not all(t.kind in ("word", "letter") or t.text in (",", ".", ":", "(", ")", "&", ";") for t in rest):
        return False
    for at, token in enumerate(rest):
        if len(token.text) != 1 or token.text not in "ABCDEFGHIJ":
            continue
        following = rest[at + 1] if at + 1 < len(rest) else None
        before = rest[at - 1] if at else None
        glued = (following is not None and following.kind in ("word", "letter") and not following.gap) or (
            before is not None and before.kind in ("word", "letter") and not token.gap
        )
        article = token.text == "A" and following is not None and following.kind == "word" and len(following.text) > 1
        if not glued and not article:
            return True
    return False
