"""The frame codec carries every plain value, in any pieces, and nothing else."""

from __future__ import annotations

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import Status
from pidistill.verify.frames import FrameBuffer, decode_plain, encode, read_frame

texts = st.text(st.characters(codec=None), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.binary(max_size=40)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner), max_leaves=12)


@given(st.lists(values, max_size=5), st.lists(st.integers(0, 60), max_size=30))
def test_frames_survive_any_cutting(sent: list[object], cuts: list[int]) -> None:
    stream = b"".join(map(encode, sent))
    buffer, got = FrameBuffer(), []
    for size in [*cuts, len(stream)]:
        got += buffer.feed(stream[:size])
        stream = stream[size:]
    assert [decode_plain(body) for body in got] == sent


@given(st.lists(values, max_size=5), st.integers(0, 200))
def test_a_stream_that_is_cut_off_ends_after_its_last_whole_frame(sent: list[object], kept: int) -> None:
    frames = [encode(value) for value in sent]
    whole = b"".join(frames)[:kept]
    stream, got = io.BytesIO(whole), []
    while (body := read_frame(stream)) is not None:
        got.append(decode_plain(body))
    complete = sum(sum(map(len, frames[: n + 1])) <= kept for n in range(len(frames)))
    assert got == sent[:complete]


@pytest.mark.parametrize("value", [Status.PASS, ValueError("x"), len, io.BytesIO, object()])
def test_a_frame_from_a_worker_cannot_name_a_class_or_function(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="plain values"):
        decode_plain(pickle.dumps(value))


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 / 0",)


def test_a_hostile_frame_runs_nothing() -> None:
    with pytest.raises(pickle.UnpicklingError, match="plain values"):
        decode_plain(pickle.dumps(Hostile()))


def test_two_lone_surrogates_do_not_become_one_character() -> None:
    pair = "\ud83d\ude00"
    assert decode_plain(FrameBuffer().feed(encode(pair))[0]) == pair != "\N{GRINNING FACE}"
