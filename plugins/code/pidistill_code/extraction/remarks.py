"""What an answer says around a small block of code: that it sets something right, or that it is not what is meant.

Words decide nothing where there is one block. `announcing` has those above a block that could be the whole answer.
"""

from __future__ import annotations

import re

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


_LEADS = re.compile(
    r"\b(?:correct(?:ed|ion)?|fixed|mended|repaired|use this|(?:has|have|needs?) to|must|should)\b", re.IGNORECASE
)
"""How the last clause above a block announces what has been set right, whatever was said of it before."""
_CLAUSE = re.compile(r"[.;!?](?:\s+|$)|,\s+(?!corrected|fixed)|:\s+(?=\S)")


def calls_it_another(above: str, after: str) -> bool:
    """Whether the words around a small block call it a mistake, what there was, an example or another way to do the
    same, and do not say that something has to be set right."""
    first = after.strip().partition("\n")[0]
    last = next((it for it in reversed(_CLAUSE.split(above.strip())) if it.strip(" *_:`")), "")
    if _LEADS.search(last) and not (_NOT_SO.search(last) or _BLAMED.search(last) or _BLAMED.search(first)):
        return False
    if _NOT_SO.search(above) or (_BLAMED.search(first) and not _SET_RIGHT.search(first)):
        return True
    return bool(_OTHERWISE.search(above)) and not _SET_RIGHT.search(above)
