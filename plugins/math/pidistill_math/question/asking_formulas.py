"""The formulas that a question asks for, and whether the name in an answer is one of them or rivals them.

Only formulas that follow a verb of asking closely are read, and only words between them that cannot begin a condition.
Of several things in formulas of their own (``the sum of $x$ and $y$``) the result is what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pidistill_math.meaning.equality import TooLarge, equal
from pidistill_math.meaning.numeric import NoValue
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, sym, symbols, vocabulary

_ASKED = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what\s+is|what\s+are|what's|give|express|solve\s+for|value\s+of)\b"
    r"(?P<words>(?:\s+(?!if\b|when\b|where\b|such\b|given\b|that\b|with\b|for\b|in\b)[A-Za-z-]+){0,8}?)\s*"
    r"(?:\$(?P<formula>[^$\n]{1,200})\$(?!\s?-?(?:th|st|nd|rd)\b)|(?P<bare>[A-Za-z0-9_^+*/()|=-]{1,40})(?=[.?!,]|\s*$|\s+(?:if|when|where|given)\b))",
    re.IGNORECASE,
)
_OF_A_FUNCTION = re.compile(
    r"\b(?:domain|range|image|codomain|inverse|determinant|trace|rank|magnitude|norm|modulus|conjugate|reciprocal|derivative|ratio)\b",
    re.IGNORECASE,
)
"""What is asked of a function is not the function."""
_OF_AN_EXPRESSION = re.compile(
    r"\b(?:length|integral|limit|expected|variance|size|cardinality|zero(?:e?s)?|roots?|period|amplitude)\b",
    re.IGNORECASE,
)
"""What is asked of an expression is not the expression, though a segment or a letter may stand for it."""
_OF_A_TERM = re.compile(r"\b(?:coefficient|exponent|degree)\b", re.IGNORECASE)
"""What is asked of a power or a polynomial is neither."""
_FROM_A_POINT: Final = ("from", "to", "through", "at")
"""Words before a point from which something is asked for."""
RESULTS: Final = vocabulary("sum product number difference quotient")
_OF_SEVERAL = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+(?:\w+\s+)?(?P<result>sum|product|difference|quotient)\s+"
    r"(?:of|between)\s+(?:(?:the|two|three|numbers|integers|values|real|positive|of)\s+){0,4}"
    r"(?P<terms>\$[^$\n]{1,60}\$(?:\s*,\s*\$[^$\n]{1,60}\$){0,6}\s*,?\s*and\s+\$[^$\n]{1,60}\$)",
    re.IGNORECASE,
)
"""The sum of several things, each in a formula of its own."""
_KNOWN: Final = vocabulary("sin cos tan cot sec csc ln log exp max min abs gcd lcm floor ceil")


def formulas_asked(text: str) -> tuple[Node, ...]:
    """The formulas that a question asks for."""
    return _formulas(text)[0]


def formulas_beneath(text: str) -> tuple[Node, ...]:
    """The expressions of which a question asks for the limit, the integral, the number of roots."""
    return _formulas(text)[1]


@lru_cache(maxsize=256)
def _formulas(text: str) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    found: list[Node] = []
    beneath: list[Node] = []
    several = {match.start(): match for match in _OF_SEVERAL.finditer(text)}
    for match in several.values():
        found += _results(match["result"].lower(), re.findall(r"\$([^$]+)\$", match["terms"]))
    for match in _ASKED.finditer(text):
        if _OF_A_FUNCTION.search(match["words"]) or match.start() in several:
            continue
        formula = (match["formula"] or match["bare"] or "").strip().rstrip(".,?")
        if match["bare"] and (formula in ("a", "A", "I") or (formula.isalpha() and len(formula) > 3)):
            continue
        try:
            node = _formula(formula)
        except Unreadable:
            continue
        of_one = node.head == "sym" and RESULTS & set(match["words"].lower().split())  # the digits of n
        if node.head == "rel" or of_one:
            continue
        if match["words"].lower().endswith(_FROM_A_POINT) and is_capital(node):
            continue
        of_it = _OF_AN_EXPRESSION.search(match["words"]) is not None and _is_evaluated(node)
        of_it = of_it or _OF_A_TERM.search(match["words"]) is not None
        (beneath if of_it else found).append(node)
    return tuple(found), tuple(beneath)


def _is_evaluated(node: Node) -> bool:
    """Whether an expression has values of its own, as ``\\sin x`` has and ``E(X)`` and ``AB`` have not."""
    known = node.head == "call" and node.text in _KNOWN
    return known or node.head in ("root", "div", "pow") or (node.head == "add" and bool(symbols(node)))


def _formula(text: str) -> Node:
    """What a formula of a question says, where AB and xy are products."""
    node = read(text)
    if node.head == "words" and node.text.isalpha() and len(node.text) <= 4:
        return Node("mul", tuple(sym(letter) for letter in node.text))
    return node


def _results(result: str, terms: Sequence[str]) -> list[Node]:
    """What the sum, the product, the difference or the quotient of several terms is, either way round."""
    try:
        nodes = tuple(map(_formula, terms))
    except Unreadable:
        return []
    if any(node.head in ("rel", "list", "words") for node in nodes):
        return []
    if result in ("sum", "product"):
        return [Node("add" if result == "sum" else "mul", nodes)]
    if len(nodes) != 2:
        return []
    if result == "quotient":
        return [Node("div", pair) for pair in (nodes, nodes[::-1])]
    differences = [Node("add", (one, Node("neg", (other,)))) for one, other in (nodes, nodes[::-1])]
    return [*differences, Node("call", (differences[0],), text="abs")]


def same(left: Node, right: Node) -> bool:
    """Whether a name is an expression that is asked for."""
    try:
        return left.head != "words" and (left == right or equal(left, right))
    except (NoValue, TooLarge):
        return False


def is_capital(node: Node) -> bool:
    """Whether a name is a letter by which points go."""
    return node.head == "sym" and node.text[0].isupper()


def rivals(name: Node, asked: Node) -> bool:
    """Whether a name is of the same things as the expression asked for, and is not it."""
    angles = [[part.text.split()[-1] for part in node.walk() if part.head == "angle"] for node in (name, asked)]
    if angles[0] and angles[1]:
        ours, theirs = angles[0][0], angles[1][0]
        return not (
            ours in (theirs, theirs[::-1]) or ours == theirs[len(theirs) // 2] or theirs == ours[len(ours) // 2]
        )
    if name.head == "div" and asked.head == "call" and "'" in asked.text and sym("d") in name.args[0].args:
        return False  # dy/dx for f'(x)
    if asked.head == "div" and name.text.rstrip("()").endswith("'") and sym("d") in asked.args[0].args:
        return name.text.count("'") != 1  # f'(x) for the derivative of a formula
    if asked.head == "mul" and any(
        part.head == "div" and sym("d") in (part.args[0], *part.args[0].args) for part in asked.args
    ):
        if name.text.rstrip("()").endswith("'"):
            return name.text.count("'") != 1
    if symbols(name) & symbols(asked):
        return True
    if name.head == asked.head == "call":
        return name.text == asked.text
    both = name.head == asked.head == "mul" and len(name.args) == len(asked.args) == 2
    return both and all(map(is_capital, (*name.args, *asked.args)))
