"""Programs that try to pass without solving the problem, or to do harm; and honest ones that look alike.

The problem: the sum of the odd numbers' squares. Each attack defines `solve(xs)` one way or another, unless that is the
trick; none computes the answer. What they guess at (descriptors, frames, files, names) is what harnesses are known to
have, this one included.
"""

from __future__ import annotations

from .answers import ANSWERS
from .harness import HARNESS
from .honest import HONEST
from .host import HOST
from .resources import RESOURCES

ATTACKS: dict[str, str] = {**ANSWERS, **HARNESS, **HOST, **RESOURCES}

__all__ = ["ATTACKS", "HONEST"]
