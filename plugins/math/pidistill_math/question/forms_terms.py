"""The terms in which a question wants its answer: 'in terms of $\\cos\\theta$' leaves no $\\sin\\theta$ in it.

Held against an answer only where the reference is in those terms itself, and only for terms that are functions: of
plain letters the value decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, num, symbols

_IN_TERMS = re.compile(
    r"\bin\s+terms\s+of\s+(?P<terms>\$[^$\n]{1,60}\$(?:\s*(?:,\s*and|,|and)\s*\$[^$\n]{1,60}\$){0,4})", re.IGNORECASE
)


def in_other_terms(question: str, ours: Node, theirs: Node) -> bool:
    """Whether an answer has other functions, or the letters outside of the functions, that a question names."""
    named = _terms(question)
    functions = [node for node in named if node.head == "call" and symbols(node)]
    if not functions or len(functions) != len(named):
        return False
    known = {node.text for node in functions}
    letters = frozenset().union(*map(symbols, functions))
    return not _left(ours, named, known, letters) and _left(theirs, named, known, letters)


@lru_cache(maxsize=256)
def _terms(question: str) -> tuple[Node, ...]:
    """The formulas in terms of which a question wants its answer."""
    match = _IN_TERMS.search(question)
    try:
        return tuple(map(read, re.findall(r"\$([^$]+)\$", match["terms"]))) if match is not None else ()
    except Unreadable:
        return ()


def _left(node: Node, named: tuple[Node, ...], known: set[str], letters: frozenset[str]) -> bool:
    """Whether something of the terms is left in an expression once the terms are taken out."""

    def out(part: Node) -> Node:
        return num(1) if part in named else part.mapped(tuple(map(out, part.args)))

    rest = out(node)
    return bool(symbols(rest) & letters) or any(part.head == "call" and part.text in known for part in rest.walk())
