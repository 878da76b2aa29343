"""Tags around an answer, as prompts ask for them and as models make them up."""

from __future__ import annotations

import re
from typing import Final

_TAGS: Final = r"answer|final_answer|lean4?|code|pre|proof|solution|final|response"
ASKED = re.compile(rf"^[ \t]*(?:<({_TAGS})(?:\s[^>\n]*)?>|\[({_TAGS})\])", re.IGNORECASE | re.MULTILINE)
"""Tags that prompts ask for."""
_TAG_WORDS: Final = (
    r"(?:(?:final|full|complete|formal|lean4?)[ _-])*"
    r"(?:answer|lean4?|code|pre|proof|solution|final|response|output|result)"
    r"(?:[ _-](?:answer|proof|code|solution))?"
)
ANSWER = re.compile(
    rf"^[ \t]*(?:<({_TAG_WORDS})(?:\s[^>\n]*)?>|\[({_TAGS}|final answer)\])", re.IGNORECASE | re.MULTILINE
)
"""Tags around an answer, with whatever words for one."""
