"""How an optimizer step's examples are cut into forward passes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pidistill.train.examples import Encoded
from pidistill.train.on_policy import micro_batches

LENGTHS = st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
EXAMPLES = st.lists(LENGTHS.map(lambda n: Encoded((1,) * n[0], (1,) * n[1], 1.0, teacher_prompt=(1,) * n[2])))


@given(EXAMPLES, st.integers(0, 6), st.integers(0, 200))
def test_each_example_comes_once_and_no_piece_is_above_a_limit(batch: list[Encoded], rows: int, tokens: int) -> None:
    pieces = list(micro_batches(batch, rows, tokens))
    assert sorted(map(id, batch)) == sorted(id(example) for piece in pieces for example in piece)
    for piece in pieces:
        assert 0 < len(piece) <= (rows or len(batch))
        assert len(piece) == 1 or not tokens or len(piece) * max(e.width for e in piece) <= tokens


@given(EXAMPLES, st.integers(0, 6), st.integers(0, 200))
def test_no_piece_ends_that_could_take_the_next(batch: list[Encoded], rows: int, tokens: int) -> None:
    pieces = list(micro_batches(batch, rows, tokens))
    for piece, after in itertools.pairwise(pieces):
        full = len(piece) == rows
        wide = 0 < tokens < (len(piece) + 1) * max(e.width for e in [*piece, after[0]])
        assert full or wide


@given(EXAMPLES)
def test_without_limits_there_is_one_piece_sorted_by_length(batch: list[Encoded]) -> None:
    pieces = list(micro_batches(batch, 0, 0))
    assert len(pieces) == bool(batch)
    lengths = [len(example.prompt) + len(example.completion) for piece in pieces for example in piece]
    assert lengths == sorted(lengths)


def test_the_longer_side_counts() -> None:
    told = Encoded((1,), (1,), 1.0, teacher_prompt=(1,) * 9)
    assert told.width == 10
    assert [len(piece) for piece in micro_batches([told] * 4, 0, 20)] == [2, 2]
