"""math-verify on two texts that were read whole, for what is no arithmetic: limits, integrals, series in a reference.

math-verify reads what it can and drops the rest, compares numbers to a few decimals, and keeps time with SIGALRM; so it
is asked last, about texts that another reader accounts for sign by sign, on a main thread.
"""

from __future__ import annotations

import logging
import threading
from functools import lru_cache
from itertools import product
from typing import Final

from pidistill.errors import VerifierError

OUR_TROUBLE: Final = (ImportError, OSError, MemoryError)
"""What says nothing about the text that is read: a broken installation, or a machine without room."""

logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs whole completions


def same(reference: str, answer: str, limit_s: int) -> bool | None:
    """Whether math-verify finds two texts equal; None where it takes too long or too much memory."""
    if threading.current_thread() is not threading.main_thread():
        raise VerifierError("math-verify keeps time with SIGALRM, so math can only be judged on a main thread.")
    from math_verify.errors import TimeoutException

    try:
        ours, theirs = _parsed(reference, limit_s), _parsed(answer, limit_s)
        return any(_equal(a, b, limit_s) for a, b in product(ours, theirs))
    except (TimeoutException, MemoryError):
        return None


@lru_cache(maxsize=1024)
def _parsed(latex: str, limit_s: int) -> tuple[object, ...]:
    """What math-verify reads: sympy objects alone, because a text that it keeps as text says nothing."""
    from math_verify import LatexExtractionConfig, parse
    from sympy import Basic, MatrixBase

    config = (LatexExtractionConfig(boxed_match_priority=0, try_extract_without_anchor=False),)
    try:
        found = parse(f"\\boxed{{{latex}}}", config, parsing_timeout=limit_s, raise_on_error=True)
    except OUR_TROUBLE:
        raise
    except Exception:  # noqa: BLE001 - third-party parser on hostile text: any error means that it cannot read it
        return ()
    return tuple(one for one in found if isinstance(one, Basic | MatrixBase))


def _equal(reference: object, answer: object, limit_s: int) -> bool:
    from math_verify import verify

    try:
        return bool(verify(reference, answer, timeout_seconds=limit_s, raise_on_error=True))
    except OUR_TROUBLE:
        raise
    except Exception:  # noqa: BLE001 - sympy on hostile input: any error means that it found no equality
        return False
