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
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z\u2705\u274c*_])")
_ASIDE = re.compile(r"\([^()]*\)")
_VERSION: Final = (
    r"(?:version|approach|code|solution|way|one|attempt|answer|implementation|example|function|program|class)"
)
_LED: Final = r"(?:(?:and|but|so|here|is|was|this|that|it|the|an?|some|my|our)[ ,]+|here['\u2019]s )*"
_OLD: Final = (
    r"(?:original|old|previous|initial|earlier|buggy|broken|wrong|incorrect|bad|faulty|naive|slow|slower|"
    r"brute[- ]force)"
)
_FOR: Final = r"(?:for (?:reference|comparison))"
_ANOTHER = re.compile(
    rf"{_LED}(?:common )?(?:mistake|error|pitfall|anti-?pattern|bug)s?"
    rf"|(?:{_FOR}[ ,]+)?{_LED}(?:your )?{_OLD}(?: {_OLD}| {_VERSION})*(?: {_FOR})?"
    r"(?: (?:was|is|would be|looked like)(?: this)?)?"
    rf"|{_FOR}|(?:{_FOR}[ ,]+)?(?:{_LED}|what )?your (?:version|code|original|attempt)"
    r"(?: (?:was|is|looked like)(?: this)?)?"
    r"|(?:what )?you (?:had|have|wrote|posted)"
    r"|the (?:version|code) (?:in the question|you (?:posted|wrote|had))(?: \w+ \w+)?"
    r"|before(?: (?:the|this|that|my|our) (?:fix|change|correction))?(?:,? it was)?"
    r"|(?:do not|don['\u2019]?t|never|not) (?:(?:use|write|do|copy|submit) )?(?:this|that|it)"
    r"|(?:do not|don['\u2019]?t) do"
    r"|instead of(?: this)?|as opposed to|versus|vs|compare (?:with|to)(?: this)?"
    r"|this (?:was the bug|(?:would|will) fail|fails|is (?:wrong|incorrect)|does not work|returns the wrong \w+)"
    r"|if you want(?:ed)?\b.{1,60} instead|if (?:you|we|one) (?:wanted|forget|forgot)\b[^.:]{1,80}?(?:,? e\.g)?"
    r"|if\b[^.:,]{1,60},? (?:you|one|we) (?:could|can|would) (?:also )?(?:do|use|write)",
    re.IGNORECASE,
)
"""How a block is announced that is another version, and not the answer: by a label that says nothing else. What speaks
of such a version in a sentence mostly goes on to the answer."""
_FINAL = re.compile(
    rf"{_LED}(?:(?:final|corrected|correct|fixed|complete|full|updated|revised|right) ?)+{_VERSION}?"
    rf"|{_LED}(?:answer|solution)",
    re.IGNORECASE,
)
"""How the answer is announced, likewise."""


def calls_it_another(above: str, after: str) -> bool:
    """Whether the words around a small block call it a mistake, what there was, an example or another way to do the
    same, and do not say that something has to be set right."""
    first = after.strip().partition("\n")[0]
    if _NOT_SO.search(above) or (_BLAMED.search(first) and not _SET_RIGHT.search(first)):
        return True
    return bool(_OTHERWISE.search(above)) and not _SET_RIGHT.search(above)


def announces_another(above: str) -> bool:
    """Whether the words right above a block that could be the answer call it another version."""
    return _ANOTHER.fullmatch(_label(above)) is not None


def announces_final(above: str) -> bool:
    """Whether the words right above call what follows the answer."""
    return _FINAL.fullmatch(_label(above)) is not None


def _label(above: str) -> str:
    """The last sentence, without what is in parentheses and without marks around it."""
    last = next((line for line in reversed(above.split("\n")) if line.strip()), "")
    label = _ASIDE.sub(" ", re.sub(r"[*_#]", " ", _SENTENCE.split(last.strip())[-1]))
    return " ".join(re.sub(r"^\W+|\W+$", "", label).split())
