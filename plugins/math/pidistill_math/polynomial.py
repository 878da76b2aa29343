"""Polynomials with rational coefficients: just enough to prove two of them equal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MOST_TERMS: Final = 300

Monomial = tuple[tuple[str, int], ...]
"""Variables in alphabetical order, each with its exponent of at least 1."""


class TooLarge(ArithmeticError):
    """A product has more than `MOST_TERMS` terms."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial in normal form: no coefficient is zero, so equal polynomials have equal terms."""

    terms: dict[Monomial, Fraction]

    @classmethod
    def constant(cls, value: Fraction) -> Polynomial:
        return cls({(): value} if value else {})

    @classmethod
    def variable(cls, name: str) -> Polynomial:
        return cls({((name, 1),): Fraction(1)})

    def plus(self, other: Polynomial, sign: int = 1) -> Polynomial:
        """`self + sign * other`."""
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + sign * coefficient
        return Polynomial({monomial: value for monomial, value in terms.items() if value})

    def times(self, other: Polynomial) -> Polynomial:
        """The product. Raises `TooLarge`."""
        terms: dict[Monomial, Fraction] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                exponents = dict(left)
                for name, exponent in right:
                    exponents[name] = exponents.get(name, 0) + exponent
                monomial = tuple(sorted(exponents.items()))
                terms[monomial] = terms.get(monomial, Fraction(0)) + a * b
            if len(terms) > MOST_TERMS:
                raise TooLarge
        return Polynomial({monomial: value for monomial, value in terms.items() if value})
