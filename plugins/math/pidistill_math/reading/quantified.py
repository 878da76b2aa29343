"""What stands behind an answer and says of which letters it holds: conditions in brackets, 'for all x', 'n an integer'.

Quantifiers of a function's own argument over all numbers, and of its free real constants, say what a formula says
without them; those over less stay, and are conditions (`domains`). Text in, text out.
"""

from __future__ import annotations

import re
from typing import Final

_GAP: Final = r"(?:\\[,;:! ]|\\q?quad\b|~|\s)*"
_GAPS: Final = r"(?:\\[,;:! ]|\\q?quad\b|[~,\s])*"
_SET: Final = r"(?:\s*\\in\s*\\mathbb\s*\{?\s*(?P<set>[RCZNQ])\s*\}?(?P<part>\s*[\^_]\s*\{?\s*[+*><\\-][^\s,}]*\}?)?)?"
_IN_BRACKETS = re.compile(
    rf"{_GAP}(?:\\text\s*\{{\s*)?\(\s*(?:\\text\s*\{{\s*)?(?:(?:where|with|for)\s*)?\}}?{_GAP}"
    r"(?P<condition>(?P<name>\\?[A-Za-z]+|[A-Za-z])\s*(?:(?:\\neq?|\\in|\\geq?|\\leq?|\\geqslant|\\leqslant|[<>\u2260\u2208])(?![A-Za-z])"
    r"[^()=]{1,40}"
    r"|=\s*[01]\s*,\s*[12]\s*,[^()=]{1,20}dots[bc]?\s*))\)\s*\}?\s*$"
)
_QUANTIFIED = re.compile(
    rf"{_GAPS}\\text\s*\{{\s*,?\s*(?P<how>for|where)\s*(?P<every>all|any|every|each|some|an?)?"
    r"(?P<kind>(?:\s+(?:arbitrary|real|constants?|numbers?|values?(?:\s+of)?))*)\s*\}"
    rf"{_GAP}(?P<name>[A-Za-z]){_SET}(?P<bound>\s*\\geq?\s*[01])?(?={_GAP}(?:$|,|\\text\s*\{{\s*,?\s*(?:and|or|where)\b))"
)
_INTEGER = re.compile(
    rf",{_GAP}(?P<name>[a-z])\s*\\text\s*\{{\s*(?:is\s+)?an(?:y)?\s+(?:arbitrary\s+)?integer\s*\}}\s*$", re.IGNORECASE
)
_OF_INTEGRATION = re.compile(
    rf",?{_GAP}\\text\s*\{{\s*,?\s*(?:where|with)\s*\}}{_GAP}(?P<name>[A-Z])\s*\\text\s*\{{\s*(?:is|being)\s+(?:the|an?)\s+"
    r"(?:arbitrary\s+)?(?:(?:real\s+)?constant|constant\s+of\s+integration|integration\s+constant)\s*\}\s*$"
)
_FOR_ALL = re.compile(
    rf"{_GAPS}\\text\s*\{{\s*,?\s*for\s+(?P<every>all\b|every\b|each\b|any\b)?\s*(?P<sign>positive|non-?negative)?"
    r"\s*(?P<of>real|natural|rational|integer)?s?(?:\s*\b(?:numbers?|values?))?(?:\s+of)?\s*\}"
    rf"{_GAP}(?P<name>[a-z])\s*(?:\\in\s*(?P<set>\\mathbb\s*\{{?\s*[RZNQC]\s*\}}?(?:\s*[\^_]\s*(?:\{{[^{{}}]*\}}|[+*\d]))*)"
    r"|(?P<bound>(?:\\(?:geq?|leq?|geqslant|leqslant|neq?)(?![A-Za-z])|[<>\u2260])[^,()=]{1,20}))?\s*$"
)
"""What a function of a letter is said to be defined on."""
_SETS: Final = {"real": "R", "natural": "N", "rational": "Q", "integer": "Z"}
_FUNCTION = re.compile(r"\s*[A-Za-z](?:\((?P<argument>[a-z])\)|_\{?(?P<index>[a-z])\}?)\s*=")
_ITEMS: Final = r"(?P<items>[^{}|]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}|]*)*?)"
_FAMILY_SET = re.compile(
    rf"\s*(?:(?P<name>[a-z])\s*\\in\s*)?(?:\\left\s*)?\\\{{{_ITEMS}(?:\\mid(?![A-Za-z])|\||:|\\middle\s*\|)"
    r"(?P<whole>\s*(?P<parameter>[a-z])\s*\\in\s*\\mathbb\s*\{?[ZN]\}?\s*)(?:\\right\s*)?\\\}\s*"
)
_SOLUTION_SET = re.compile(
    r"\s*(?:\\left\s*)?\\\{\s*(?P<name>[a-z])(?:\s*\\in\s*\\mathbb\s*\{?R\}?)?\s*(?:\\mid(?![A-Za-z])|\||:)\s*"
    r"(?P<family>(?P=name)\s*=[^{}|]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}|]*)*?,"
    r"\s*(?:\\[,; ])?\s*[a-z]\s*\\in\s*\\mathbb\s*\{?[ZN]\}?)"
    r"\s*(?:\\right\s*)?\\\}\s*"
)
_LONGEST: Final = 300


def unquantified(text: str) -> str:
    """An answer without quantifiers that say nothing, and with its condition behind a comma."""
    if len(text) > _LONGEST or not ("\\text" in text or "(" in text or "\\{" in text):
        return text
    if "\\{" in text and "\\in" in text:
        if (found := _SOLUTION_SET.fullmatch(text)) is not None:
            return found["family"]
        if (
            (found := _FAMILY_SET.fullmatch(text)) is not None
            and "=" not in found["items"]
            and "(" not in found["items"]
        ):
            name = f"{found['name']} = " if found["name"] else ""
            items = [item.strip() for item in found["items"].split(",")]
            return ", ".join([*(f"{name}{item}" for item in items), found["whole"].strip()])
    if (found := _IN_BRACKETS.search(text)) is not None and found.start() and text[found.start() - 1] not in "\\":
        text = f"{text[: found.start()]}, {found['condition'].strip()}"
    if "text" not in text:
        return text
    text = _over_a_set(text)
    if (found := _INTEGER.search(text)) is not None:
        return f"{text[: found.start()]}, {found['name']} \\in \\mathbb{{Z}}"
    if (found := _OF_INTEGRATION.search(text)) is not None and found["name"] in text[: found.start()]:
        text = text[: found.start()]
    function = _FUNCTION.match(text)
    if function is None:
        return text
    own = function["argument"] or function["index"]
    return _QUANTIFIED.sub(
        lambda found: "" if _says_nothing(found, own, function["index"] is not None) else found[0], text
    )


def _over_a_set(text: str) -> str:
    """The quantifier of a function's argument as a condition; left out where it is over all numbers."""
    found = _FOR_ALL.search(text)
    if found is None or f"({found['name']})" not in text[: found.start()]:
        return text
    if not (found["every"] or found["sign"] or found["of"]):
        return text
    if found["bound"]:
        bare = found["every"] and not (found["sign"] or found["of"] not in (None, "real"))
        return f"{text[: found.start()]}, {found['name']} {found['bound']}" if bare else text
    over = found["set"] or ""
    if not over and (found["sign"] or found["of"] not in (None, "real")):
        sign = {"p": "^+", "n": "_{\\ge 0}"}.get((found["sign"] or " ")[0], "")
        over = f"\\mathbb{{{_SETS[found['of'] or 'real']}}}{sign}"
    if not over or re.fullmatch(r"\\mathbb\s*\{?\s*[RC]\s*\}?", over.strip()):
        return text[: found.start()]
    return f"{text[: found.start()]}, {found['name']} \\in {over}"


def _says_nothing(found: re.Match[str], own: str, index: bool) -> bool:
    """Whether a quantifier is of a function's argument, or of a constant that may be any real number."""
    if (found["how"] == "for" and not found["every"]) or found["part"]:
        return False
    if found["name"] == own:
        every = found["how"] == "for" and found["every"] in ("all", "any", "every", "each")
        whole = found["set"] in (None, "R", "C")
        return every and "constant" not in found["kind"] and (index or (whole and not found["bound"]))
    if index or found["bound"] or found["set"] in ("Z", "N", "Q"):
        return False
    return bool(re.search(r"constant|number|arbitrary|real", found["kind"])) or found["set"] in ("R", "C")
