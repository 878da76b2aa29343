"""Forms of numbers that a question asks for by name: fractions, mixed numbers, decimals, scientific notation, radicals.

Only 'as a common fraction', 'in simplest radical form' and the like are read here, and an answer is refused only where
the reference has the form and the answer has not. Whether the values agree has been settled before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final, TypeAlias

from pidistill_math.meaning.equality import constant
from pidistill_math.reading.syntax import Node, symbols

_AS: Final = (
    r"\b(?:as|in|into|to)\s+(?:an?|its|the)?\s*(?:(?:simplified|reduced|exact|single|terminating|simplest)\s+)*"
)
_OR_ANOTHER = re.compile(
    r"\b(?:fraction|decimal|percent\w*|integer|number)s?,?\s+or\b|\bor\s+(?:as\s+)?an?\b", re.IGNORECASE
)
_SCIENTIFIC = re.compile(r"\bscientific\s+(?:notation|form)|\bstandard\s+index\s+form", re.IGNORECASE)
_FRACTION = re.compile(rf"{_AS}(?:(?:common|proper|improper|irreducible|vulgar)\s+)?fraction\b(?!\s+of)", re.IGNORECASE)
_IMPROPER = re.compile(rf"{_AS}improper\s+fraction\b", re.IGNORECASE)
_MIXED = re.compile(rf"{_AS}mixed\s+(?:number|numeral|fraction)\b", re.IGNORECASE)
_DECIMAL = re.compile(rf"{_AS}decimal(?:\s+(?:number|form))?\b(?!\s+place)|\bin\s+decimal\s+form\b", re.IGNORECASE)
_PLACES = re.compile(
    r"\b(?:to|with|round\w*|correct|nearest)\b[^.?!]{0,40}?"
    r"\b(?:decimal\s+places?|decimals|tenths?|hundredths?|thousandths?|cent|significant\s+(?:figures|digits))\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"{_AS}percent(?:age)?\b", re.IGNORECASE)
_RADICAL = re.compile(
    r"\b(?:simpl\w+|lowest)\s+radical|\bradical\s+(?:form\s+)?in\s+simplest|\bsimplify\s+\$\s*\d*\s*\\sqrt\s*(?:\{\s*\d+\s*\}|\d+)\s*\$",
    re.IGNORECASE,
)
_RATIONAL = re.compile(r"\brationali[sz]e", re.IGNORECASE)
_RECTANGULAR = re.compile(r"\brectangular\s+form\b|\b(?:form|as)\s+\$?\s*[a-z]\s*\+\s*[a-z]\s*i\b", re.IGNORECASE)
_POLAR = re.compile(r"\b(?:polar|exponential|trigonometric)\s+form\b|\bform\s+\$?\s*r\s*e\^", re.IGNORECASE)
_PRIMES = re.compile(
    r"\bprime\s+factori[sz]ation|\bproduct\s+of\s+(?:its\s+)?primes?\b"
    r"|\bfactor(?:i[sz]e)?\s+(?:the\s+(?:whole\s+)?number\s+)?\$?\d+\$?\s*(?:(?:in)?to\s+(?:its\s+)?primes?\b|completely\b|[.?!]?\s*$)",
    re.IGNORECASE,
)

Test: TypeAlias = Callable[[Node], bool]


def another_number_form(question: str, reference: Node, answer: Node) -> str:
    """Why a number is not in the form that a question names; '' where it is, or where none is named."""
    ours, theirs = _unsigned(reference), _unsigned(answer)
    if ours.head == "percent" and constant(ours.args[0]) == constant(theirs):
        return ""  # its number alone
    either = _OR_ANOTHER.search(question) is not None
    for asked, has, missing in _FORMS:
        if asked.search(question) and has(ours) and not has(theirs) and not (either and asked in _ALTERNATIVES):
            return missing
    if _IMPROPER.search(question) and ours.head == "div" and _is_mixed(theirs):
        return "a mixed number, where the question asks for a fraction"
    return ""


def _unsigned(node: Node) -> Node:
    while node.head in ("neg", "quantity"):
        node = node.args[0]
    return node


def _is_mixed(node: Node) -> bool:
    return node.head == "num" and node.text == "mixed"


def _is_fraction(node: Node) -> bool:
    """Whether it is a fraction, rather than a decimal or a percentage: also where it is one in a larger expression."""
    if node.head == "num":
        return node.number.denominator == 1 or _is_mixed(node)
    return node.head != "percent"


def _is_decimal(node: Node) -> bool:
    return (node.head == "num" and not _is_mixed(node)) or node.head == "mixture" or _is_scientific(node)


def _is_percent(node: Node) -> bool:
    return node.head == "percent" or (node.head == "num" and node.number.denominator == 1)


def _is_scientific(node: Node) -> bool:
    """Whether it is a power of ten, with a factor from one to ten before it."""
    if node.head == "num":
        return node.text == "scientific"
    if node.head == "mul" and len(node.args) == 2:
        mantissa, power = _unsigned(node.args[0]), node.args[1]
        return mantissa.head == "num" and 1 <= mantissa.number < 10 and _is_power_of_ten(power)
    return _is_power_of_ten(node)


def _is_power_of_ten(node: Node) -> bool:
    return node.head == "pow" and node.args[0].head == "num" and node.args[0].number == 10


def _is_simple_radical(node: Node) -> bool:
    """Whether no root holds a power, a fraction or a sum of numerals, and none is in a denominator."""
    for part in node.walk():
        if part.head == "root" and symbols(part) == frozenset():
            inner, index = part.args[0], part.args[1]
            whole = inner.head == "num" and inner.number.denominator == 1 and index.head == "num"
            if inner.head in ("num", "div", "mul", "pow") and not (whole and _is_powerless(inner.number, index.number)):
                return False
    return _is_rational_below(node)


def _is_rational_below(node: Node) -> bool:
    """Whether no denominator holds a root."""
    return not any(part.head == "div" and part.args[1].has("root") for part in node.walk())


def _is_powerless(radicand: Fraction, index: Fraction) -> bool:
    """Whether a whole number has no factor that is a power of the index; what is too large to tell is let be."""
    number, degree = int(radicand), int(index)
    if number > 10**9 or not 2 <= degree <= 12:
        return True
    base = 2
    while base**degree <= number:
        if number % base**degree == 0:
            return False
        base += 1
    return True


def _is_polar(node: Node) -> bool:
    """Whether it is a power of e, or made of an angle's sine and cosine."""
    return any(
        (part.head == "pow" and part.args[0] == Node("const", text="e"))
        or (part.head == "call" and part.text in ("cis", "cos", "sin", "exp"))
        for part in node.walk()
    )


def _is_rectangular(node: Node) -> bool:
    """Whether it is a complex number by its parts."""
    return not _is_polar(node)


def _is_prime_product(node: Node) -> bool:
    """Whether it is a product of powers of primes."""
    return all(_is_prime(factor) for factor in _factors(node))


def _factors(node: Node) -> Iterator[Node]:
    if node.head == "mul":
        for part in node.args:
            yield from _factors(part)
    else:
        yield node.args[0] if node.head == "pow" else node


def _is_prime(node: Node) -> bool:
    if node.head != "num" or node.number.denominator != 1 or not 1 < node.number < 10**9:
        return False
    number, divisor = int(node.number), 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True


_FORMS: Final[tuple[tuple[re.Pattern[str], Test, str], ...]] = (
    (_SCIENTIFIC, _is_scientific, "not in scientific notation, which the question asks for"),
    (_FRACTION, _is_fraction, "no fraction, where the question asks for one"),
    (_MIXED, _is_mixed, "no mixed number, where the question asks for one"),
    (_DECIMAL, _is_decimal, "no decimal, where the question asks for one"),
    (_PLACES, _is_decimal, "no decimal, where the question asks for one"),
    (_PERCENT, _is_percent, "no percentage, where the question asks for one"),
    (_RADICAL, _is_simple_radical, "a radical that is not in simplest form"),
    (_RATIONAL, _is_rational_below, "a denominator that is not rational"),
    (_RECTANGULAR, _is_rectangular, "not by real and imaginary part, as the question asks"),
    (_POLAR, _is_polar, "not in polar form, which the question asks for"),
    (_PRIMES, _is_prime_product, "no product of primes, where the question asks for one"),
)
_ALTERNATIVES: Final = (_FRACTION, _MIXED, _DECIMAL, _PERCENT)
