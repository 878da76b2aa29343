"""Residue classes of numbers: what is left of one, and whether one is in a class."""

from __future__ import annotations

from fractions import Fraction

from pidistill_math.equality import constant
from pidistill_math.syntax import Node


def remainder_of(residue: Node) -> Fraction | None:
    """What a whole number leaves when it is divided by the modulus behind it; None for anything else."""
    value, modulus = map(constant, residue.args)
    if not isinstance(value, Fraction) or not isinstance(modulus, Fraction):
        return None
    whole = value.denominator == modulus.denominator == 1 and modulus > 0
    return value % modulus if whole else None


def congruent(number: Node, residue: Node) -> bool:
    """Whether a number is in a residue class of numbers."""
    left = remainder_of(Node("residue", (number, residue.args[1])))
    return left is not None and left == remainder_of(residue)
