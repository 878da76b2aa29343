"""Residue classes of numbers: what is left of one, and whether one is in a class."""

from __future__ import annotations

import math
from fractions import Fraction

from pidistill_math.meaning.equality import constant
from pidistill_math.reading.syntax import Node


def remainder_of(residue: Node) -> Fraction | None:
    """What a number leaves modulo what stands behind it, a fraction by its inverse; None for anything else."""
    value, modulus = map(constant, residue.args)
    if not isinstance(value, Fraction) or not isinstance(modulus, Fraction):
        return None
    if modulus.denominator != 1 or modulus <= 0 or math.gcd(value.denominator, modulus.numerator) != 1:
        return None
    return Fraction(value.numerator * pow(value.denominator, -1, modulus.numerator) % modulus.numerator)


def congruent(number: Node, residue: Node) -> bool:
    """Whether a number is in a residue class of numbers."""
    left = remainder_of(Node("residue", (number, residue.args[1])))
    return left is not None and left == remainder_of(residue)
