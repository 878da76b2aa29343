"""Whether an answer of the right value is in the form that its question asks for by name.

A question may ask for a form ('Expand', 'in lowest terms', 'as a common fraction'), and handing its own formula back
under 'Simplify' or 'Evaluate' answers nothing. The reference shows what is expected: a form is only ever refused where
the reference itself has the other one, and only what a question says in plain words is held against an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pidistill_math.meaning.policy import is_literal
from pidistill_math.question.forms_algebra import another_algebra_form, has_product
from pidistill_math.question.forms_numbers import another_number_form
from pidistill_math.question.forms_terms import in_other_terms
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Node, Unreadable, symbols

_LONGEST: Final = 8_000
_WORK = re.compile(
    r"\b(?:simplify|expand|factor(?:\s+completely)?|rationali[sz]e(?:\s+the\s+denominator(?:\s+of)?)?|evaluate|compute|calculate"
    r"|find\s+the\s+product|find\s+the\s+(?:exact\s+)?value\s+of|write|express|rewrite)\b(?:\s+the\s+(?:expression|product|following))?\s*:?\s*(?:\$\$?|\\\[)(?P<formula>[^$\n]{1,200}?)(?:\$|\\\])",
    re.IGNORECASE,
)
_EXPAND = re.compile(r"\b(?:expand|multiply\s+out)\b", re.IGNORECASE)
_GIVEN_AS_FRACTION: Final = (
    r"\b(?:express|write|convert|change)\s+(?:the\s+(?:decimal|number|percent\w*|repeating\s+decimal)\s+)?"
    r"\$?\d[^\s$]{0,30}(?:\\?%)?\$?\s+(?:as|to|into)\s+an?\s+(?:(?:single|common|simplified|reduced|irreducible)\s+)*fraction\b"
)
"""A number whose form is all that is asked for; 'your answer as a common fraction' leaves it to the value."""
_LOWEST = re.compile(
    r"\b(?:lowest|simplest|reduced)\s+(?:terms|form)\b|\b(?:reduced|irreducible)\s+fraction\b"
    rf"|\b(?:simplify|reduce)\s+(?:the\s+fraction\s+)?\$?\\[dt]?frac\s*\{{\d+\}}\s*\{{\d+\}}\s*\$|{_GIVEN_AS_FRACTION}",
    re.IGNORECASE,
)
_FRACTION = re.compile(_GIVEN_AS_FRACTION, re.IGNORECASE)
_RADICAL_FORM = re.compile(r"\b(?:in|of)\s+the\s+form\s+\$[^$]*\\sqrt|\bsimplest\s+radical\s+form\b", re.IGNORECASE)
_DECIMAL = re.compile(r"\bdecimal|\bmixed\s+number|\bor\s+(?:an?\s+)?(?:integer|whole)", re.IGNORECASE)
_EXACT = re.compile(
    r"\bexact|\b(?:in\s+terms\s+of|multiple\s+of)\s+\$?\\?pi\b|\bradical\s+form|\bsimplest\s+radical|\bin\s+radical"
    r"|\b(?:common|simplified|reduced|irreducible)\s+fraction",
    re.IGNORECASE,
)


def asks_for_exact(question: str) -> bool:
    """Whether a question asks for a form that no rounded decimal has."""
    return bool(_EXACT.search(question))


def another_form(question: str, reference: Node, answer: Node) -> str:
    """Why an answer is not in the form asked for; '' where it is, or where no form is asked for."""
    if reference == answer:
        return ""
    question = question[-_LONGEST:]
    if answer in given(question):
        return "the formula of the question, given back"
    if _is_complex(reference) and (work := _complex_work(answer)):
        return f"a complex number that leaves its {work} to be worked out"
    if _RADICAL_FORM.search(question) and _nested(answer) and not _nested(reference):
        return "a root inside of a root, which the form that the question names does not have"
    if symbols(reference) and _EXPAND.search(question) and has_product(answer) and not has_product(reference):
        return "a product, where the question asks to expand"
    if reference.head == answer.head == "ratio" and _LOWEST.search(question):
        pi = any(map(_has_constant, answer.args)) and not any(map(_has_constant, reference.args))
        if pi or (_common_divisor(answer.args) > 1 and _common_divisor(reference.args) == 1):
            return "a ratio that is not in simplest form"
    if in_other_terms(question, reference, answer):
        return "in other terms than those that the question names"
    if is_literal(reference):
        fraction = reference.args[0] if reference.head == "neg" else reference
        if _LOWEST.search(question) and _reducible(answer) and not _reducible(reference):
            return "a fraction that is not in lowest terms"
        if fraction.head == "div" and _FRACTION.search(question) and not _DECIMAL.search(question):
            inner = answer.args[0] if answer.head == "neg" else answer
            if inner.head == "percent" or (inner.head == "num" and inner.text.startswith(("decimal", "repeating"))):
                return "no fraction, where the question asks for one"
    return another_number_form(question, reference, answer) or another_algebra_form(question, reference, answer)


@lru_cache(maxsize=256)
def given(question: str) -> tuple[Node, ...]:
    """The formulas that a question wants worked out."""
    found = []
    for match in _WORK.finditer(question):
        try:
            found.append(read(match["formula"].strip().rstrip(".,")))
        except Unreadable:
            continue
    return tuple(found)


def _is_i(node: Node) -> bool:
    return node.head == "const" and node.text == "i"


def _nested(node: Node) -> bool:
    """Whether a root stands inside of a root."""
    return any(part.head == "root" and any(arg.has("root") for arg in part.args) for part in node.walk())


def _has_constant(node: Node) -> bool:
    """Whether a constant such as pi, or a letter, is a factor of it."""
    return any(part.head in ("const", "sym") for part in node.walk())


def _is_complex(node: Node) -> bool:
    """Whether a reference is a complex number worked out: no power and no product of such."""
    return any(map(_is_i, node.walk())) and not symbols(node) and not _complex_work(node)


def _complex_work(node: Node) -> str:
    """The operation on complex numbers that an expression leaves, '' for none. Powers of e are polar forms."""
    for part in node.walk():
        imaginary = [any(map(_is_i, arg.walk())) for arg in part.args]
        if part.head == "pow" and imaginary[0]:
            return "power"
        if part.head == "mul" and (sum(imaginary) > 1 or (any(imaginary) and any(a.head == "add" for a in part.args))):
            if sum(imaginary) > 1 or sum(a.head == "add" for a in part.args) > 1:
                return "product"
        if part.head == "add":
            terms = [arg.args[0] if arg.head == "neg" else arg for arg in part.args]
            if sum(map(is_literal, terms)) > 1 or sum(_is_i_times(term) for term in terms) > 1:
                return "sum"
    return ""


def _is_i_times(node: Node) -> bool:
    """Whether a term is a literal times i."""
    return _is_i(node) or (node.head == "mul" and all(_is_i(arg) or is_literal(arg) for arg in node.args))


def _reducible(node: Node) -> bool:
    """Whether it is a fraction of whole numbers that have a common divisor."""
    inner = node.args[0] if node.head == "neg" else node
    return inner.head == "div" and _common_divisor(inner.args) > 1


def _common_divisor(parts: Sequence[Node]) -> int:
    """The greatest common divisor of whole numbers; 1 where one is none."""
    plain = [part.args[0] if part.head == "neg" else part for part in parts]
    if any(part.head != "num" or part.number.denominator != 1 for part in plain):
        return 1
    return math.gcd(*(part.number.numerator for part in plain))
