"""The encoding: exact both ways, and safe against whatever the other side sends."""

from __future__ import annotations

import collections
import math
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.sandbox import Described, Kind
from pidistill_sandboxes.inside import wire
from pidistill_sandboxes.messages import read_answer

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary(max_size=30)
    | st.text(max_size=30) | st.sampled_from(["\ud800", "a\udfffb", "\0"])
)  # fmt: skip
keys = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(tuple) | st.frozensets(inner, max_size=4))
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
        | st.sets(keys, max_size=5)
        | st.frozensets(keys, max_size=5)
    ),
    max_leaves=12,
)


def form(value: object) -> object:
    """A value with its types made visible: floats as their bits, members of sets in an order of their own."""
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    if isinstance(value, complex):
        return "complex", form(value.real), form(value.imag)
    if isinstance(value, list | tuple):
        return type(value).__name__, [form(item) for item in value]
    if isinstance(value, dict):
        return "dict", [(form(key), form(item)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(repr(form(item)) for item in value)
    return type(value).__name__, value


def same(left: object, right: object) -> bool:
    """Equal with equal types all the way down."""
    return form(left) == form(right)


@given(values)
@settings(max_examples=150, deadline=None)
def test_a_plain_value_comes_back_the_same(value: object) -> None:
    assert same(wire.decode(wire.encode(value)), value)


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_bytes_either_decode_or_are_refused(data: bytes) -> None:
    try:
        value = wire.decode(data, lambda name, content: f"{name} {content!r}")
    except wire.WireError:
        return
    assert wire.encode(value), "what comes out is plain"


@given(values, st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_bytes_either_decode_to_a_plain_value_or_are_refused(value: object, data: st.DataObject) -> None:
    encoded = wire.encode(value)
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] = data.draw(st.integers(0, 255))
    try:
        back = wire.decode(encoded)
    except wire.WireError:
        return
    assert wire.encode(back), "what comes out of damaged bytes is plain"


@given(values)
@settings(max_examples=100, deadline=None)
def test_a_value_that_is_cut_off_is_refused(value: object) -> None:
    encoded = wire.encode(value)
    for end in {0, len(encoded) // 2, len(encoded) - 1}:
        with pytest.raises(wire.WireError):
            wire.decode(encoded[:end])


class Loud(int):
    """Every method that an encoder might use lies."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__

    def __pos__(self) -> int:
        return 99

    __index__ = __int__ = __pos__

    def to_bytes(self, *args: object, **kwargs: object) -> bytes:  # type: ignore[override]
        return b"99"


class LoudDict(dict):
    def items(self):
        return [("lie", 1)]

    def __iter__(self):
        return iter(["lie"])

    def __getattribute__(self, name):
        raise RuntimeError("no")


class LoudList(list):
    def __iter__(self):
        return iter([0])

    def __len__(self):
        return 1


class LoudStr(str):
    def encode(self, *args, **kwargs):
        return b"lie"

    def __getitem__(self, key):
        return "lie"


FOREIGN: dict[str, tuple[object, object]] = {
    "int": (Loud(7), 7),
    "dict": (LoudDict(a=1), {"a": 1}),
    "list": (LoudList([1, 2]), [1, 2]),
    "str": (LoudStr("true"), "true"),
    "Counter": (collections.Counter("aab"), {"a": 2, "b": 1}),
    "defaultdict": (collections.defaultdict(int, a=1), {"a": 1}),
    "OrderedDict": (collections.OrderedDict(a=1), {"a": 1}),
    "class": (int, "builtins.int"),
    "object": (object(), None),
    "function": (len, None),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_object_is_described_past_its_own_methods(name: str) -> None:
    value, content = FOREIGN[name]
    encoded = wire.encode([value], foreign=True)
    [(type_name, back)] = wire.decode(encoded, lambda type_name, content: (type_name, content))  # type: ignore[misc]
    assert type_name == wire.type_name(type(value))
    assert same(back, content)


NOT_PLAIN = (Loud(7), LoudStr("x"), object(), collections.Counter(), range(3), bytearray(b"x"), memoryview(b"x"), ...)
mixed = st.recursive(
    scalars | st.sampled_from(NOT_PLAIN),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
    ),
    max_leaves=8,
)


@given(values)
@settings(max_examples=150, deadline=None)
def test_a_plain_value_reaches_the_program_the_same(value: object) -> None:
    wire.check_plain((value,))
    assert same(wire.unpack(wire.pack((value, "x"))), (value, "x"))


@given(mixed)
@settings(max_examples=300, deadline=None)
def test_both_ways_agree_on_what_is_plain(value: object) -> None:
    try:
        wire.encode(value)
    except wire.WireError:
        with pytest.raises(wire.WireError, match="no plain value"):
            wire.check_plain((value,))
    else:
        wire.check_plain((value,))


def test_what_is_sent_to_a_program_must_be_plain() -> None:
    for value in NOT_PLAIN:
        with pytest.raises(wire.WireError, match="no plain value"):
            wire.encode([value])
        with pytest.raises(wire.WireError, match="no plain value"):
            wire.check_plain([{"a": ({1: [value]},)}])


@given(values, st.none() | st.lists(values, max_size=3).map(tuple), st.data())
@settings(max_examples=150, deadline=None)
def test_an_answer_is_what_it_says_or_is_refused(value: object, args: object, data: st.DataObject) -> None:
    """Whether or not it is read the short way, which skips what nearly all answers have in common."""
    frame = wire.encode(("value", value, args))
    answer = read_answer(frame)
    assert same((answer.kind, answer.value, answer.args), (Kind.VALUE, value, args))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2) | st.just(b"N"))
    try:
        words = wire.decode(frame, lambda name, content: Described(name, repr(content)))
    except wire.WireError:
        words = None
    match words:
        case ("value", said, None | tuple() as left):
            answer = read_answer(frame)
            assert "Described" in repr(said) + repr(left) or same((answer.value, answer.args), (said, left))
        case _:
            with pytest.raises(wire.WireError):
                read_answer(frame)


def test_nesting_is_bounded_both_ways() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(wire.WireError, match="deeper"):
        wire.encode(deep)
    with pytest.raises(wire.WireError, match="deeper"):
        wire.check_plain(deep)
    assert wire.decode(wire.encode(deep, foreign=True), lambda name, content: name)
    with pytest.raises(wire.WireError, match="deeper"):
        wire.decode(b"l\x01\0\0\0" * 10_000 + b"N")


def test_keys_made_to_collide_are_refused_before_they_cost_anything() -> None:
    encoded = wire.encode({(i + 1) * (2**61 - 1): None for i in range(3000)})
    started = time.process_time()
    with pytest.raises(wire.WireError, match="collide"):
        wire.decode(encoded)
    assert time.process_time() - started < 1
    ordinary = {i * 2**20: i for i in range(50_000)}
    assert wire.decode(wire.encode(ordinary)) == ordinary


def test_lengths_are_not_believed() -> None:
    for tag in b"sbiltezd":
        with pytest.raises(wire.WireError):
            wire.decode(bytes([tag]) + b"\xff\xff\xff\xff" + b"N" * 10)


def test_an_encoding_over_its_limit_is_given_up_early() -> None:
    value: object = ["x" * 1000] * 100
    for _ in range(50):
        value = [value, value]
    with pytest.raises(wire.TooLargeError):
        wire.encode(value, limit=1 << 20)


def test_duplicate_keys_and_false_forms_are_refused() -> None:
    one = wire.encode(1)
    for data in (
        b"d\x02\0\0\0" + (one + b"N") * 2,
        b"e\x02\0\0\0" + one * 2,
        b"i\x01\0\0\0\x05",
        b"e\x01\0\0\0l\0\0\0\0",
    ):
        with pytest.raises(wire.WireError):
            wire.decode(data)


def test_nan_stays_nan() -> None:
    assert math.isnan(wire.decode(wire.encode(math.nan)))  # type: ignore[arg-type]
