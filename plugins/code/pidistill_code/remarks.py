"""What an answer says around a block of code: that it sets something right, or that it is not what is meant.

Words decide nothing where there is one block. Of several they tell the answer from the asker's own code, a mistake that
is shown to warn of it, and what would do for another task.
"""

from __future__ import annotations

import re
from typing import Final

_SET_RIGHT = re.compile(
    r"\b(?:should|must|needs?|fix\w*|correct(?:ed|ion|ly)|replac\w*|updat\w*|oops|sorry|actually|add|fill\w*|bug|"
    r"forgot\w*|wait)\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:mistake\w*|wrong\w*|incorrect\w*|alternativ\w*|slow\w*|naive\w*|would|could|might|example|e\.g|variants?|"
    r"if you|optional\w*|equivalent\w*|compar\w*|usage|demo\w*|tests?|was|were|had|original\w*|old|previous\w*|your|"
    r"given)\b",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:avoid\w*|never|common mistakes?|instead of|(?:don['’]?t|do not|not to) (?:use|do|write|define|try)|"
    r"bug (?:was|is|were) (?:in|here)|(?:was|were) (?:wrong|buggy|this|defined|written))\b",
    re.IGNORECASE,
)
_BLAMED = re.compile(
    r"\b(?:wrong|incorrect|mistake|buggy|broken|fails?|breaks?|crash\w*|slow\w*|"
    r"(?:does|do|did|would|will)(?: not|n['’]?t))\b",
    re.IGNORECASE,
)
"""What is said of a block below it."""
_FINAL = re.compile(r"\b(?:final|complete|full|whole|answer|solution|result)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z\u2705\u274c*_])")
_NO_WORDS: Final = r"^[^\w'\"]*"
_VERSION: Final = (
    r"(?:version|approach|code|solution|way|one|attempt|answer|implementation|example|function|program|class)"
)
_ANOTHER = re.compile(
    rf"{_NO_WORDS}(?:(?:a|an|the|this|some|here is (?:a|an|the)|here's (?:a|an|the))[ ])?"
    r"(?:common )?(?:wrong|incorrect|bad|buggy|broken|faulty|mistaken?|mistakes?|pitfalls?|anti-?pattern)\W*$"
    rf"|\b(?:wrong|incorrect|buggy|broken|faulty|bad|naive|slow(?:er)?|brute[- ]force)\b[^.:\n]{{0,30}}\b{_VERSION}\b"
    rf"|{_NO_WORDS}(?:(?:the|my|our)[ ])?(?:original|old|previous|initial|earlier)\b[^.:\n]{{0,30}}"
    rf"(?:\b(?:was|were|{_VERSION})\b|:)"
    rf"|{_NO_WORDS}your\b[^.:\n]{{0,20}}\b(?:version|code|original|attempt)\b"
    r"|\bbefore (?:the|this|that|my|our) (?:fix|change|correction)\b|\bfor (?:reference|comparison)\b"
    r"|\b(?:do not|don['\u2019]?t|never) (?:use|write|do|copy|submit) (?:this|that|it)\b"
    r"|\bcommon (?:mistake|error|pitfall|bug)s?\b"
    r"|\bif (?:you|we|one) (?:want|wanted|wrote|write|forgot|forget|had)\b"
    r"|\bif\b[^.]{0,80}\b(?:you|we|one) (?:could|can|would|might|may)\b",
    re.IGNORECASE,
)
"""How a block is announced that is another version, and not the answer."""
_BEFORE = re.compile(r"\bbefore (?:the|this|that|my|our) \w+", re.IGNORECASE)
_AND_YET = re.compile(
    r"\b(?:should|must|fix(?:ed|es)?|correct(?:ed|ion|ly)?|replac\w*|updat\w*|oops|sorry|actually|instead of|so)\b",
    re.IGNORECASE,
)


def calls_it_another(above: str, after: str) -> bool:
    """Whether the words around a small block call it a mistake, what there was, an example or another way to do the
    same, and do not say that something has to be set right."""
    first = after.strip().partition("\n")[0]
    if _NOT_SO.search(above) or (_BLAMED.search(first) and not _SET_RIGHT.search(first)):
        return True
    return bool(_OTHERWISE.search(above)) and not _SET_RIGHT.search(above)


def announces_another(above: str) -> bool:
    """Whether the sentence right above a block that could be the answer says that it is another version."""
    lines = [line for line in above.split("\n") if line.strip()]
    if not lines:
        return False
    last = _SENTENCE.split(lines[-1].strip())[-1]
    return _ANOTHER.search(last) is not None and not _AND_YET.search(_BEFORE.sub("", last))


def announces_final(above: str) -> bool:
    """Whether the words above a text without a fence say that it is the answer."""
    return bool(_FINAL.search(above) or _SET_RIGHT.search(above)) and not announces_another(above)
