"""Domains of functions: which condition behind a function says no less than the question says, and which narrows it.

``f(x) = x, x \\in \\mathbb{Z}`` is the function that was asked for where it was to go from the whole numbers, and is
another one where it was to go from the reals.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pidistill_math.meaning.kinds import Family, Named, Reals, Shape, Single, Under
from pidistill_math.meaning.real_sets import named_reals
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, sym, vocabulary

_SET: Final = (
    r"\\(?:mathbb|mathbf|Bbb)\s*(?:\{\s*[NZQRC]\s*\}|[NZQRC](?![A-Za-z]))(?:\s*[\^_]\s*(?:\{[^{}]*\}|[+*\d]))*"
)
_MAP = re.compile(
    rf"(?P<domain>{_SET})(?:\s*\\(?:times|setminus)[^$:]{{1,20}}?)?[\s$]*"
    rf"(?:\\(?:to|rightarrow|longrightarrow|mapsto)(?![A-Za-z])|\u2192)[\s$]*(?P<range>{_SET})?"
)
_SIGN = re.compile(_SET)
_WORDS = re.compile(
    r"\b(?:(?P<sign>positive|non-?negative)\s+)?(?P<of>real|natural|rational|integer|whole)s?\b", re.IGNORECASE
)
_SETS: Final = {"real": "R", "natural": "N", "rational": "Q", "integer": "Z", "whole": "Z"}
_FROM_ONE: Final = frozenset({"Z+", "N", "N+", "N*"})
"""Names of the whole numbers from one on; that of the natural ones may begin at nought."""
_FROM_NOUGHT: Final = frozenset({"Z0+", "N0", "N"})
_WHOLE: Final = vocabulary("i j k m n")
"""Letters that stand for whole numbers where nothing else is said."""


def at_large(found: Shape, question: str) -> Shape:
    """A function without the condition that its argument is in the domain that the question gives it."""
    bare = found.inner if isinstance(found, Under) else found
    if not isinstance(bare, Named) or bare.name.head != "call":
        return found
    if isinstance(bare.inner, Family):
        family = bare.inner
        own = sym(family.parameter) in bare.name.args
        if len(family.items) != 1 or not _is_given(family.domain, family.parameter, question, own):
            return found
        return replace(bare, inner=Single(family.items[0]))
    if not isinstance(found, Under):
        return found
    kept = [part for part in found.conditions if not _repeats(part, bare.name, question)]
    return replace(found, conditions=tuple(kept)) if kept else bare


def narrows(name: Node, ours: Shape, theirs: Shape) -> bool:
    """Whether the values of a function are given for whole numbers alone, where the reference gives them for more."""
    if not isinstance(theirs, Family) or isinstance(ours, Family) or not name.text.endswith("()"):
        return False
    return isinstance(ours, Single) and name.head == "call"


def _repeats(condition: Shape, name: Node, question: str) -> bool:
    """Whether a condition on a function's argument, or on a constant in it, is what the question says of it."""
    subject = condition.subject if isinstance(condition, Reals) else getattr(condition, "name", None)
    if subject is None:
        return False
    own = subject in name.args
    if isinstance(condition, Named) and isinstance(condition.inner, Single):
        return _is_given(condition.inner.node.text, subject.text, question, own)
    inner = condition.inner if isinstance(condition, Named) else condition
    if not isinstance(inner, Reals):
        return False
    known = (named_reals(domain) for domain in _domains(question, own))
    return any(one is not None and one.parts == inner.parts for one in known)


def _is_given(domain: str, letter: str, question: str, own: bool) -> bool:
    """Whether the question gives a set to a function, or leaves it to a letter that stands for whole numbers."""
    given = _domains(question, own)
    if not given:
        return letter in _WHOLE
    return any(domain == one or any({domain, one} <= same for same in (_FROM_ONE, _FROM_NOUGHT)) for one in given)


def _domains(question: str, own: bool) -> set[str]:
    """The sets that a question gives a function to be defined on; or, of a constant in it, to have values in."""
    maps = list(_MAP.finditer(question))
    spelt = [found["domain"] for found in maps]
    if not own:
        spelt += [found["range"] for found in maps if found["range"]]
    if spelt:
        return set(map(_name, spelt))
    found = {_name(sign.group()) for sign in _SIGN.finditer(question)}
    for word in _WORDS.finditer(question):
        sign = {"p": "+", "n": "0+"}.get((word["sign"] or " ")[0].lower(), "")
        found.add(_SETS[word["of"].lower()] + sign)
    return {"R"} if "R" in found else found


def _name(spelt: str) -> str:
    """The name of a set as `read` gives it; '' where it has none."""
    try:
        return read(spelt).text
    except Unreadable:
        return ""
