"""The sizes of things in space that a question asks for: areas, lengths, distances, and the units that refute them.

A length is in no hours and in no dollars; the length of a film, the width of an interval of prices and the diameter of
a graph are, and so is a cost that is asked for after an area.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading import units
from pidistill_math.reading.units import Unit

ONE_BY_ONE: Final = Unit("count one")
"""The unit of things counted one by one: no measure and no pair is one."""
_SIZE_ASKED = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+(?:the|its)\s+(?:(?!value\b|ratio\b|number\b|sum\b|product\b)[a-z-]+\s+){0,2}?"
    r"(?P<size>area|volume|perimeter|circumference|length|radius|diameter|height|width|distance)\b",
    re.IGNORECASE,
)
_HOW_FAR = re.compile(r"\bhow\s+(?:far|tall|wide|deep)\b(?!\s+(?:along|into|apart\s+in\s+time))", re.IGNORECASE)
"""A distance or a height in words, which is in no rate either."""
_NO_SIZES: Final = frozenset({"mass", "time", "months", "angle", "dollar", "celsius", "fahrenheit"})
"""Dimensions in which no length and no area is."""
_EXTENDED = re.compile(
    r"\b(?:diagonals?|sides?|segments?|legs?|hypotenuse|edges?|chords?|arcs?|medians?|altitudes?|triangles?|squares?|rectangles?"
    r"|parallelograms?|trapezoids?|rhombus|polygons?|hexagons?|circles?|spheres?|cubes?|prisms?|pyramids?|cones?|cylinders?|box"
    r"|points?|lines?|planes?|ladder|tower|tree|building|pole|wall|room|garden|field|yard|rope|wire|board)\b|\$[A-Z]{2}\$",
    re.IGNORECASE,
)
"""What has a length, a height or a distance in space; others are durations, prices, counts of edges."""
_ALWAYS_IN_SPACE: Final = ("area", "perimeter", "circumference", "radius", "diameter", "distance")
_OF_DATA = re.compile(
    r"\b(?:graphs?|networks?|paths?|charts?|histograms?|intervals?|curves?|measured\s+(?:as|in|by))\b", re.IGNORECASE
)
"""What has a width or a diameter in whatever its axes and edges count."""
_ASKS_MORE = re.compile(
    r"\b(?:what|how|find|compute|determine|calculate)\b"
    r"|^(?:(?!\b(?:if|when|with|where|whose|given|that|which|between|from)\b)[^.?!]){0,60}\band\s+(?:then\s+)?(?:the|its)\b",
    re.IGNORECASE,
)
"""A question that goes on to another quantity asks for that."""
_REMAINDER = re.compile(
    r"\b(?:find|compute|determine|calculate|what\s+is|what's)\s+the\s+remainder\s+(?:when|of\s+\$|if)", re.IGNORECASE
)
_SHORT = re.compile(
    r"\d(?:\\[,; ]|~|\s|\$)+(?:\\(?:text|mathrm)\s*\{\s*)?(?P<unit>[mg])\}?\$?(?=\s*(?:[.,;?!)]|\Z|\s[a-z]))"
)
"""A metre or a gram behind a number by its letter, which elsewhere is a variable."""
_OF_FRACTION = re.compile(
    r"\b(?:relatively\s+prime|co-?prime|lowest\s+terms)\b[\s\S]*\bfind\s+\$?\s*[a-z]\s*[-+]|\bfind\s+\$?\s*[a-z]\s*[-+][\s\S]*"
    r"\b(?:relatively\s+prime|co-?prime|lowest\s+terms)\b",
    re.IGNORECASE,
)
"""A sum of numerator and denominator, which is in no unit."""
_POWERS: Final = {"area": "2", "volume": "3"}
"""The power of a length that a size is; the others are lengths."""


def unit_of_a_size(question: str, answered: Unit) -> Unit | None:
    """A unit of area or volume where such a size is asked for and the answer's unit is of another power."""
    base, _, exponent = answered.dimension.partition("^")
    found = list(_SIZE_ASKED.finditer(question))
    if (_REMAINDER.search(question) or _OF_FRACTION.search(question)) and answered.label.rstrip(
        "s"
    ).lower() not in question.lower():
        return ONE_BY_ONE
    if found and (base in _NO_SIZES or (base.startswith("count ") and thing(answered) not in question.lower())):
        if _is_in_space(found[-1]["size"].lower(), question, question[found[-1].end() :]):
            return Unit("length", label="units")
    rate = "/" in base
    if (rate or base in _NO_SIZES) and (far := list(_HOW_FAR.finditer(question))):
        if not _OF_DATA.search(question) and not _ASKS_MORE.search(question[far[-1].end() :]):
            return Unit("length", label="units")
    if not found or base not in ("length", units.ANYTHING):
        return None
    if base == units.ANYTHING and not exponent and answered.label not in ("unit", "units"):
        return None
    expected = _POWERS.get(found[-1]["size"].lower(), "1")
    if (exponent or "1") == expected:
        return None
    return Unit(base, label="units") if expected == "1" else Unit(f"{base}^{expected}")


def unit_given(question: str, answered: Unit) -> Unit | None:
    """The one unit of length, or of mass, in which a question gives its sizes: its answer is in that, or converts."""
    base, _, exponent = answered.dimension.partition("^")
    if base not in ("length", "mass") or (exponent and "^" not in answered.label):  # litres are sizes of their own
        return None
    spelt = re.findall(r"[A-Za-z]{2,}", question) + _SHORT.findall(question)
    found = {unit for word in spelt if (unit := units.measure(word)) is not None}
    scales = {unit.scale: unit for unit in found if unit.dimension == base and unit.label.lower() != "in"}
    if len(scales) != 1 or any(unit.dimension.startswith(f"{base}/") for unit in found):
        return None
    (given,) = scales.values()
    return units.power(given, int(exponent or 1))


def _is_in_space(size: str, question: str, after: str) -> bool:
    """Whether a size is one of a thing in space, and is what the question asks for at last."""
    if size == "volume" or _OF_DATA.search(question) or _ASKS_MORE.search(after):
        return False
    return size in _ALWAYS_IN_SPACE or bool(_EXTENDED.search(question))


def thing(unit: Unit) -> str:
    """What a unit counts."""
    return unit.dimension.removeprefix("count ")
