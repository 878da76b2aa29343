"""What a question asks for, as far as an equation in an answer needs to know.

``m+n = 293`` names its value where the question asks for ``m+n``; ``2x = 5`` does not where it asks for ``x``. Only
formulas that follow a verb of asking closely are read, and only words between them that cannot begin a condition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pidistill_math.equality import TooLarge, equal
from pidistill_math.numeric import NoValue
from pidistill_math.reading import read
from pidistill_math.shapes import letters_only
from pidistill_math.syntax import Node, Unreadable, symbols

_ASKED = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what\s+is|what\s+are|what's|give|express|solve\s+for|value\s+of)\b"
    r"(?P<words>(?:\s+(?!if\b|when\b|where\b|such\b|given\b|that\b|with\b|for\b|in\b)[A-Za-z-]+){0,8}?)\s*"
    r"(?:\$(?P<formula>[^$\n]{1,200})\$|(?P<bare>[A-Za-z0-9_^+*/()|=-]{1,40})(?=[.?!,]|\s*$|\s+(?:if|when|where|given)\b))",
    re.IGNORECASE,
)
_LONGEST: Final = 8_000
_LABELS = re.compile(r"(?<![\w\\])\([A-J]\)")
_NEXT_OPTION: Final = r"(?=\s*[,;]?\s*(?:\\q?quad|\\\\|\\text(?:bf|rm)?\{\s*\(|\([A-J]\)|\n|$))"
_BASES: Final = {2: "two|binary", 3: "three|ternary", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight|octal",
                 9: "nine", 11: "eleven", 12: "twelve", 16: "sixteen|hexadecimal"}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What matters of a question: the expressions that it asks for, and words that settle what a number means."""

    text: str = ""

    @property
    def asked(self) -> tuple[Node, ...]:
        """Expressions that the question asks for."""
        return _asked(self.text[-_LONGEST:])

    def asks_for(self, left: Node) -> bool:
        """Whether an expression is asked for in so many signs."""
        return any(_same(node, left) for node in self.asked)

    def accepts(self, left: Node) -> bool:
        """Whether the left side of an equation is what the question asks for."""
        if self.asks_for(left):
            return True
        return letters_only(left) and not any(n.head == "sym" and n.text in symbols(left) for n in self.asked)

    def mentions_percent(self) -> bool:
        """Whether an answer in percent is asked for."""
        return bool(re.search(r"percent|\\?%", self.text, re.IGNORECASE))

    def option(self, letter: str) -> Node | None:
        """What the question gives as the option of a letter, where that can be read."""
        if len(_LABELS.findall(self.text)) < 2:
            return None
        match = re.search(
            rf"(?<![\w\\])\(\s*{letter.upper()}\s*\)\s*\}}?[\s\\~]*(?P<text>.*?){_NEXT_OPTION}", self.text, re.DOTALL
        )
        if match is None:
            return None
        try:
            return read(match["text"].strip().strip("$").strip())
        except Unreadable:
            return None

    def mentions_exact(self) -> bool:
        """Whether an exact value is asked for, so that a rounded one is none."""
        return bool(re.search(r"\bexact", self.text, re.IGNORECASE))

    def mentions_ratio(self) -> bool:
        """Whether a ratio is asked for."""
        return bool(re.search(r"\bratio\b", self.text, re.IGNORECASE))

    def mentions_base(self, base: int) -> bool:
        """Whether a numeral in `base` is asked for."""
        words = f"base[\\s-]*(?:\\$?{base}\\b|{_BASES.get(base, 'none')})|(?:{_BASES.get(base, 'none')})\\b"
        return bool(re.search(words, self.text, re.IGNORECASE)) and bool(
            re.search(r"base|binary|octal|ternary|hexadecimal", self.text, re.IGNORECASE)
        )


@lru_cache(maxsize=256)
def _asked(text: str) -> tuple[Node, ...]:
    found = []
    for match in _ASKED.finditer(text):
        formula = (match["formula"] or match["bare"] or "").strip().rstrip(".,?")
        if match["bare"] and (formula in ("a", "A", "I") or (formula.isalpha() and len(formula) > 3)):
            continue
        try:
            found.append(read(formula))
        except Unreadable:
            continue
    return tuple(found)


def _same(left: Node, right: Node) -> bool:
    try:
        return left.head != "words" and equal(left, right)
    except (NoValue, TooLarge):
        return False
