"""Whether an answer is the reference: fast rules, then math-verify behind a guard, then a second look.

The fast rules (`notation`, `values`) settle what they are sure of and never change the verdict that math-verify would
give. In these classes, and no others, the verdict is ours because math-verify is wrong; `Ruling.rule` names the class:

* `unevaluated`: the answer restates the question as a sum, integral, limit or residue, and math-verify works it out.
* `inexact`: two constants that differ, beyond the decimals that math-verify looks at (``1/2^{99}`` and ``1/2^{98}``).
* `oversize`: the answer could not be computed within any budget; math-verify would try.
* `punctuation`: the box also holds the full stop that ends the sentence, and math-verify then reads nothing.
* `base`: numerals of two bases, of which math-verify drops the base (``52_8`` and ``52_{10}``).
* `unreadable`: the box holds what cannot be read; given the rollout, math-verify takes another expression of the text.
* `clock`: times and ratios, which math-verify reads as divisions.

`judge` has no state; `verifier` remembers its rulings.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Final

from math_verify import LatexExtractionConfig, parse, verify
from math_verify.errors import TimeoutException
from sympy import Basic, MatrixBase

from pidistill.errors import VerifierError
from pidistill.records import Status
from pidistill_math import guard, notation, recheck, values

_CONFIG: Final = (LatexExtractionConfig(boxed_match_priority=0, try_extract_without_anchor=False),)
_RATIO = re.compile(r"\d+(?::\d+)+")
_DECIMALS_COMPARED: Final = 6
"""Decimals to which math-verify rounds before it compares a decimal."""

logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs whole completions


@dataclass(frozen=True)
class Ruling:
    """What is found of one answer: a status, the rule that decided, and one line for a person."""

    status: Status
    rule: str
    reason: str = ""


_SPELLING: Final = Ruling(Status.PASS, "spelling")


def judge(reference: str, answer: str, limit_s: int = 3) -> Ruling:
    """Compare `answer` with `reference`, both LaTeX without their box.

    `limit_s` bounds each of the three steps that a computer algebra system takes (read the reference, read the answer,
    compare), in whole seconds. ABSTAIN where the reference cannot be judged, TIMEOUT where the answer took too long.
    """
    if not reference.strip():
        return Ruling(Status.ABSTAIN, "reference", "the reference is empty")
    if len(answer) > guard.LONGEST and answer != reference:
        return Ruling(Status.FAIL, "oversize", f"the answer is {guard.oversize(answer)}")
    ours, theirs = notation.canonical(reference), notation.canonical(answer)
    if ours == theirs:
        return _SPELLING
    if (ended := theirs.rstrip(".,;")) != theirs and ended and not ended.endswith("\\"):
        ruling = judge(reference, ended, limit_s)
        return replace(ruling, rule="punctuation") if ruling.status is Status.PASS else ruling
    if (quick := _quick(ours, theirs)) is not None:
        return quick
    if operation := guard.unevaluated(reference, answer):
        return Ruling(Status.FAIL, "unevaluated", f"the answer leaves its {operation} to be worked out")
    if trouble := guard.oversize(reference):
        return Ruling(Status.ABSTAIN, "reference", f"the reference is {trouble}, and the answer is not spelt like it")
    if trouble := guard.oversize(answer):
        return Ruling(Status.FAIL, "oversize", f"the answer is {trouble}")
    return _by_algebra(reference, answer, limit_s)


def _quick(reference: str, answer: str) -> Ruling | None:
    """The verdict on two canonical spellings that needs no computer algebra, or None."""
    reference, answer = notation.bare(answer, reference), notation.bare(reference, answer)
    left, right = notation.number(reference), notation.number(answer)
    if left and right:
        if left.value == right.value:
            return Ruling(Status.PASS, "number")
        if (left.decimals is None and right.decimals is None) or _far_apart(left, right):
            return Ruling(Status.FAIL, "number", f"{answer} is another number than the reference")
        return None
    left_words, right_words = notation.words(reference), notation.words(answer)
    if left_words and right_words:
        if left_words == right_words:
            return Ruling(Status.PASS, "words")
        return Ruling(Status.FAIL, "words", "other words than the reference")
    if _RATIO.fullmatch(reference) and _RATIO.fullmatch(answer):
        return Ruling(Status.FAIL, "clock", "another time or ratio than the reference")
    if (ruling := _numerals(reference, answer)) is not None:
        return ruling
    same = values.same(reference, answer)
    if same is None:
        return None
    return Ruling(Status.PASS, "value") if same else Ruling(Status.FAIL, "value", "another value than the reference")


def _numerals(reference: str, answer: str) -> Ruling | None:
    """The verdict on two numerals with different bases, or None."""
    left, right = notation.numeral(reference), notation.numeral(answer)
    if not left or not right or left[1] == right[1]:
        return None
    values = notation.numeral_value(*left), notation.numeral_value(*right)
    if None in values:
        return None
    if values[0] == values[1]:
        return Ruling(Status.PASS, "base")
    return Ruling(Status.FAIL, "base", "another number than the reference, which has another base")


def _far_apart(left: notation.Number, right: notation.Number) -> bool:
    """Whether two numbers, one of them a decimal, differ by more than any rounding of math-verify's can hide."""
    gap = abs(left.value - right.value)
    return gap > Fraction(2, 10**_DECIMALS_COMPARED) and gap * 10**9 > max(abs(left.value), abs(right.value))


def _by_algebra(reference: str, answer: str, limit_s: int) -> Ruling:
    if threading.current_thread() is not threading.main_thread():
        raise VerifierError("math-verify keeps time with SIGALRM, so math can only be judged on a main thread.")
    try:
        gold = _parsed(reference, limit_s)
    except TimeoutException:
        return Ruling(Status.ABSTAIN, "reference", f"reading the reference takes more than {limit_s} s")
    if not gold:
        return Ruling(Status.ABSTAIN, "reference", "the reference cannot be read as mathematics or text")
    try:
        given = _parsed(answer, limit_s)
        for ours, theirs in product(gold, given):
            if _equal(ours, theirs, limit_s):
                if reason := recheck.refuted(ours, theirs):
                    return Ruling(Status.FAIL, "inexact", reason)
                return Ruling(Status.PASS, "math-verify")
    except (TimeoutException, MemoryError):
        return Ruling(Status.TIMEOUT, "math-verify", f"comparing the answer takes more than {limit_s} s, or all memory")
    if not any(isinstance(one, Basic | MatrixBase) for one in given):
        return Ruling(Status.FAIL, "unreadable", "the answer cannot be read, and is not spelt like the reference")
    return Ruling(Status.FAIL, "math-verify", "not equal to the reference")


OUR_TROUBLE: Final = (ImportError, OSError, MemoryError)
"""What says nothing about the text that is read: a broken installation, or a machine without room."""


@lru_cache(maxsize=4096)
def _parsed(latex: str, limit_s: int) -> tuple[object, ...]:
    """What math-verify reads in `latex`: a sympy object and the text it came from, or the text alone, or nothing."""
    try:
        return tuple(parse(f"\\boxed{{{latex}}}", _CONFIG, parsing_timeout=limit_s, raise_on_error=True))
    except OUR_TROUBLE:
        raise
    except Exception:  # noqa: BLE001 - third-party parser on hostile text: any error means that it cannot read it
        return ()


def _equal(reference: object, answer: object, limit_s: int) -> bool:
    try:
        return bool(verify(reference, answer, timeout_seconds=limit_s, raise_on_error=True))
    except OUR_TROUBLE:
        raise
    except Exception:  # noqa: BLE001 - sympy on hostile input: any error means that it found no equality
        return False
