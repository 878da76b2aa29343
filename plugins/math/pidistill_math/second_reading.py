"""The other reading of an answer that has two, where the reference says which is meant.

``2{,}500`` is in thousands, and a decimal where the reference is one; ``100,200`` is a number, and a list where the
reference is one; ``m/s`` behind a number is a quotient of variables, and a unit where the reference has a unit; ``hr``
is hours, and two variables where the reference has those; ``C(n,2)`` is a function, and a binomial coefficient where
the reference is no such function. An answer has one other reading at most, and no value is in both.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math import units
from pidistill_math.kinds import Named, Several, Shape, Single
from pidistill_math.policy import is_literal
from pidistill_math.syntax import Node, symbols

_DECIMAL_COMMA = re.compile(r"\s*-?\d+\{,\}\d+\s*")
_TIGHT = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SYMBOL: Final = r"[A-Za-z]{1,3}(?:\^\{?[23]\}?)?"
_BEHIND = re.compile(
    r"(?P<value>.*[\d})])(?:\\[,;: ]|~|\s)*"
    rf"(?:(?P<unit>{_SYMBOL}(?:\s*/\s*{_SYMBOL})?)|\\frac\{{(?P<top>{_SYMBOL})\}}\{{(?P<bottom>{_SYMBOL})\}})\s*",
    re.DOTALL,
)
_RUN = re.compile(r"(?<![A-Za-z\\{])[A-Za-z]{2,3}(?![A-Za-z}])")
_CHOSEN = re.compile(r"(?<![A-Za-z\\])C\(([^(),]{1,12}),([^(),]{1,12})\)")


def second_reading(reference: str, ours: Shape, answer: str) -> tuple[str, str]:
    """Reference and answer in spellings of the other reading; as they are where there is none."""
    value = ours.inner if isinstance(ours, Named) else ours
    if bool(_CHOSEN.search(reference)) != bool(_CHOSEN.search(answer)):
        return _binomial(reference), _binomial(answer)
    if isinstance(value, Several) and _TIGHT.search(answer):
        return reference, _TIGHT.sub(", ", answer)
    if not isinstance(value, Single):
        return reference, answer
    if is_literal(value.node) and not _whole(value.node) and _DECIMAL_COMMA.fullmatch(answer):
        return reference, answer.replace("{,}", ".")
    if _is_measured(value.node) and (match := _BEHIND.fullmatch(answer)) is not None:
        unit = match["unit"] or f"{match['top']}/{match['bottom']}"
        return reference, f"{match['value']}\\text{{ {unit}}}"
    if variables := symbols(value.node):
        spaced = _RUN.sub(lambda run: " ".join(run[0]) if set(run[0]) <= variables else run[0], answer)
        return reference, spaced
    return reference, answer


def _binomial(text: str) -> str:
    return _CHOSEN.sub(r"\\binom{\1}{\2}", text)


def _whole(node: Node) -> bool:
    inner = node.args[0] if node.head == "neg" else node
    return inner.head == "num" and inner.number.denominator == 1


def _is_measured(node: Node) -> bool:
    """Whether a value has a unit of measurement, rather than a counted noun."""
    inner = node.args[0] if node.head == "neg" else node
    return inner.head == "quantity" and inner.unit is not None and not inner.unit.dimension.startswith(units.ANYTHING)
