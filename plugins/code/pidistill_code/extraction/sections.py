"""Where in an answer a block stands: in a section about ways that were not taken, or below an answer in tags."""

from __future__ import annotations

import re
from typing import Final

_SECTION: Final = 2_000
"""Characters above a block that are looked at for headings."""
_ENDS_ANSWER = re.compile(r"^[ \t]*</(?:answer|final_answer|final|solution)>", re.MULTILINE | re.IGNORECASE)
SETS_RIGHT = re.compile(
    r"<(?:answer|final_answer|final|solution)>|\b(?:wait|actually|oops|sorry|correct\w*|fix\w*|wrong|incorrect|mistake|"
    r"instead|should|must|better|final\w*|updat\w*|revis\w*|improv\w*|however|but|no|now|"
    r"on reflection|second thoughts?|reconsider\w*)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*)$", re.MULTILINE)
_OF_OTHERS = re.compile("|".join([
    r"(?:other )?(?:alternatives?|approaches|ideas|options|attempts|versions) (?:i |we )?(?:also )?"
    r"(?:considered|rejected|discarded|tried)(?: (?:and|but) .*)?",
    r"(?:rejected|discarded|failed|abandoned) (?:alternatives|approaches|ideas|options|attempts|versions)",
    r"what did(?: not|n['\u2019]?t) work",
]))  # fmt: skip
"""A heading of a section about them."""


def in_section_of_others(above: str) -> bool:
    """Whether a heading above speaks of ways that were not taken, and no other heading has ended its section."""
    deepest = 0
    for heading in _HEADING.finditer(above[-_SECTION:]):
        if _OF_OTHERS.fullmatch(heading[2].strip(" *:.").lower()):
            deepest = len(heading[1])
        elif len(heading[1]) <= deepest:
            deepest = 0
    return deepest > 0


def is_below_answer(above: str) -> bool:
    """Whether an answer in tags ends above, and nothing below says that it is set right."""
    ended = _ENDS_ANSWER.search(above[-_SECTION:])
    return ended is not None and not SETS_RIGHT.search(above[-_SECTION:], ended.end())
