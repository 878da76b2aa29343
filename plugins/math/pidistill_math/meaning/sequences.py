"""Lists with an ellipsis, written out where they are whole numbers at equal steps: ``2, 4, \\ldots, 10``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pidistill_math.meaning.equality import constant
from pidistill_math.meaning.kinds import Shape, Single
from pidistill_math.reading.syntax import num

_MOST: Final = 100


def without_dots(items: Sequence[Shape]) -> Sequence[Shape]:
    """The items with those that an ellipsis stands for; as they are where its step or its end is not known."""
    nodes = [item.node for item in items if isinstance(item, Single)]
    places = [at for at, node in enumerate(nodes) if node.head == "dots"]
    if len(nodes) != len(items) or len(places) != 1 or not 1 < places[0] < len(nodes) - 1:
        return items
    values = [constant(node) for node in nodes if node.head != "dots"]
    whole = [value.numerator for value in values if isinstance(value, Fraction) and value.denominator == 1]
    before, after = whole[: places[0]], whole[places[0] :]
    step = before[1] - before[0] if len(whole) == len(values) else 0
    if not step or (after[0] - before[-1]) % step or not 0 < (after[0] - before[-1]) // step <= _MOST:
        return items
    if any(b - a != step for part in (before, after) for a, b in pairwise(part)):
        return items
    return [Single(num(value)) for value in [*range(before[0], after[0], step), *after]]
