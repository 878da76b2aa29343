"""Sums of unit vectors have the components that they were made of, and nothing else has any."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill_math.comparing.judge import judge
from pidistill_math.comparing.vectors import components
from pidistill_math.meaning.equality import constant
from pidistill_math.reading.answers import read

_QUESTION = "Find the vector."


def _written(parts: list[int], units: tuple[str, ...]) -> str:
    terms = [f"{part:+d}{unit}" for part, unit in zip(parts, units, strict=True) if part]
    return "".join(terms).removeprefix("+")


@given(
    st.lists(st.integers(-50, 50), min_size=3, max_size=3).filter(lambda parts: any(parts[1:])),
    st.sampled_from(
        (
            ("i", "j", "k"),
            ("\\mathbf{i}", "\\mathbf{j}", "\\mathbf{k}"),
            ("\\hat{i}", "\\hat{\\jmath}", "\\hat{\\mathbf{k}}"),
        )
    ),
)
def test_a_sum_of_unit_vectors_is_the_vector_of_its_factors(parts: list[int], units: tuple[str, ...]) -> None:
    found = components(read(_written(parts, units)))
    assert found is not None
    assert [constant(part) for part in found] == list(map(Fraction, parts))
    column = f"\\begin{{pmatrix}}{parts[0]}\\\\{parts[1]}\\\\{parts[2]}\\end{{pmatrix}}"
    assert judge(column, _written(parts, units), question=_QUESTION).status is Status.PASS
    other = f"\\begin{{pmatrix}}{parts[0]}\\\\{parts[2] + 1}\\\\{parts[1]}\\end{{pmatrix}}"
    if [parts[2] + 1, parts[1]] != parts[1:]:
        assert judge(other, _written(parts, units), question=_QUESTION).status is Status.FAIL


@pytest.mark.parametrize("text", ["3+4i", "2i", "ij", "i^2+j", "2x+3y", "i+i", "5", "j+1"])
def test_other_expressions_have_no_components(text: str) -> None:
    assert components(read(text)) is None
