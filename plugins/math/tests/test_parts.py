"""Labelled parts: found in any dress and order, and in nothing that is a product or a function."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_math.reading.parts import labelled

_DRESSES = ("({label}) {value}", "{label}) {value}", "\\text{{({label}) }} {value}", "Part ({label}): {value}")
_ROWS = ("abcdefgh", "12345678", ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii"))


@given(
    st.lists(st.integers(-99, 99), min_size=2, max_size=8),
    st.sampled_from(_DRESSES),
    st.sampled_from(_ROWS),
    st.sampled_from((" ", ", ", "; ", "\\quad ", "\n")),
    st.randoms(use_true_random=False),
)
def test_parts_are_those_of_their_labels_in_any_order(
    values: list[int], dress: str, labels: Sequence[str], joint: str, random: Random
) -> None:
    rows = list(zip(labels, map(str, values), strict=False))
    random.shuffle(rows)
    text = joint.join(dress.format(label=label, value=value) for label, value in rows)
    assert labelled(text) == list(map(str, values))


@pytest.mark.parametrize(
    "text",
    [
        "(a) 4 (c) 7",
        "f(a) + g(b)",
        "(a)(b)",
        "(1)(2)",
        "x (a) 4 (b) 7",
        "(a) 4 (a) 7",
        "(a) 4",
        "(a,b)",
        "",
        "(i) (ii)",
    ],
)
def test_other_texts_have_no_parts(text: str) -> None:
    assert labelled(text) == []


@given(st.text("ab12i()., x5\\{}tex", max_size=40))
def test_any_text_is_labelled_parts_or_not(text: str) -> None:
    assert all(labelled(text))
