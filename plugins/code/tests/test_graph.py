"""Values of two processes keep content and identity as they cross, and no message makes the reader do anything else."""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import decimal
import fractions
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.inside.contents import MUTABLE, BrokenError, content_of, is_as_it_was, put_back, snapshot_of
from pidistill_code.inside.graph import Graph, Side
from pidistill_code.inside.objects import Objects

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
)
keys = scalars | st.tuples(scalars, scalars) | st.frozensets(scalars, max_size=2)
values = st.recursive(
    keys
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.dates()
    | st.timedeltas()
    | st.builds(re.compile, st.sampled_from(["a", "(b|c)+", b"d"]), st.sampled_from([re.NOFLAG, re.I, re.M | re.S])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=3)
        | st.sets(keys, max_size=3)
        | st.builds(bytearray, st.binary(max_size=4))
        | st.builds(collections.deque, st.lists(inner, max_size=3), st.none() | st.integers(3, 5))
        | st.builds(collections.OrderedDict, st.dictionaries(keys, inner, max_size=3))
        | st.builds(collections.Counter, st.dictionaries(keys, st.integers(), max_size=3))
        | st.builds(
            collections.defaultdict, st.sampled_from([None, list, int]), st.dictionaries(keys, inner, max_size=3)
        )
        | st.builds(array.array, st.just("q"), st.lists(st.integers(-9, 9), max_size=3))
    ),
    max_leaves=12,
)


def pair() -> tuple[Graph, Graph]:
    return Graph("r", Side()), Graph("c", Side())


@given(values)
@settings(max_examples=200, deadline=None)
def test_a_value_arrives_as_it_is_and_comes_back_as_the_same_object(value: object) -> None:
    here, there = pair()
    copy = there.unpack(*here.pack(value))
    assert type(copy) is type(value) and copy == value
    back = here.unpack(*there.pack(copy))
    assert back == value
    if type(value) in MUTABLE.values():
        assert back is value and copy is not value


CHANGED = {
    "deque": (collections.deque([1, 2], 3), lambda item: (item.rotate(), item.append(5)), collections.deque([2, 1, 5])),
    "ordered": (
        collections.OrderedDict(a=1, b=2),
        lambda item: item.move_to_end("a"),
        collections.OrderedDict(b=2, a=1),
    ),
    "counter": (collections.Counter("aab"), lambda item: item.update("b"), collections.Counter("aabb")),
    "default": (collections.defaultdict(list, a=[1]), lambda item: item["b"].append(2), {"a": [1], "b": [2]}),
    "array": (array.array("i", [1, 2]), lambda item: item.append(3), array.array("i", [1, 2, 3])),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_queues_counters_and_the_like_are_changed_on_both_sides_and_stay_what_they_are(kind: str) -> None:
    value, change, wanted = CHANGED[kind]
    here, there = pair()
    held = {"held": value}
    sent: Any = there.unpack(*here.pack([held, value]))
    assert sent[0]["held"] is sent[1]
    change(sent[1])
    here.unpack(*there.pack(None))
    assert value == wanted and held["held"] is value
    for name in ("maxlen", "default_factory", "typecode"):
        assert getattr(sent[1], name, None) == getattr(value, name, None)


@pytest.mark.parametrize("made_with", [-1, 1.5, "x", [], ("q",)], ids=str)
@pytest.mark.parametrize("tag", ["q", "y"])
def test_an_object_that_is_made_with_what_there_is_not_is_none(tag: str, made_with: object) -> None:
    here, _ = pair()
    with pytest.raises(BrokenError):
        here.unpack((0,), [(tag, "c1", [], made_with)])


@pytest.mark.parametrize(
    "node",
    [
        ("x", "re.Pattern", ["(", 0]),
        ("x", "re.Pattern", ["a{2,1}", 0]),
        ("x", "re.Pattern", ["a", 1 << 40]),
        ("x", "re.Pattern", [None, 0]),
        ("x", "uuid.UUID", ["z"]),
        ("x", "decimal.Decimal", ["z"]),
        ("x", "fractions.Fraction", [1, 0]),
    ],
    ids=str,
)
def test_what_makes_no_value_raises_nothing_that_a_test_could_catch(node: object) -> None:
    here, _ = pair()
    with pytest.raises(BrokenError):
        here.unpack((0,), [node])


def test_what_is_changed_on_one_side_is_changed_on_the_other() -> None:
    here, there = pair()
    inner = [1]
    value = {"a": inner, "b": [inner, {2}]}
    copy = there.unpack(*here.pack(value))
    assert isinstance(copy, dict)
    copy["a"].append(5)
    copy["b"][1].add(9)
    copy["c"] = bytearray(b"x")
    here.unpack(*there.pack(None))
    assert value == {"a": [1, 5], "b": [[1, 5], {2, 9}], "c": bytearray(b"x")} and value["a"] is inner
    assert value["b"][0] is inner


def test_a_list_may_hold_itself_and_nest_without_end() -> None:
    here, there = pair()
    ring: list[object] = []
    ring.append(ring)
    copy = there.unpack(*here.pack(ring))
    assert isinstance(copy, list) and copy[0] is copy
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    copy = there.unpack(*here.pack(deep))
    for _ in range(5000):
        assert isinstance(copy, list)
        (copy,) = copy
    assert copy == []


@pytest.mark.parametrize(
    "value",
    [range(3), decimal.Decimal("1.10"), fractions.Fraction(1, 3), datetime.datetime(2024, 2, 29, 1), slice(1, None),
     collections.Counter("aab"), collections.OrderedDict(b=1, a=2), collections.defaultdict(list, a=[1]), int, dict],
)  # fmt: skip
def test_well_known_values_cross_as_what_they_are(value: object) -> None:
    here, there = pair()
    copy = there.unpack(*here.pack(value))
    assert type(copy) is type(value) and copy == value


slots = scalars | st.tuples(st.integers(-2, 6))
nodes = st.lists(
    st.tuples(
        st.sampled_from("ldeatzcxp?"), st.text(max_size=3) | st.sampled_from(["r1", "c1", "builtins.range"]), slots
    )
    | st.tuples(
        st.sampled_from("ldea"),
        st.sampled_from(["r1", "c1", "c2"]),
        st.lists(slots, max_size=4) | st.binary(max_size=3),
    )
    | st.tuples(st.sampled_from("tz"), st.lists(slots, max_size=4))
    | st.tuples(
        st.just("x"), st.sampled_from(["builtins.range", "os._exit", "decimal.Decimal"]), st.lists(slots, max_size=3)
    )
    | slots,
    max_size=6,
)


@given(slots, nodes)
@settings(max_examples=300, deadline=None)
def test_no_message_is_anything_but_a_value_or_broken(root: object, message: list[object]) -> None:
    here, _ = pair()
    known = [1, 2]
    here.pack(known)
    with contextlib.suppress(BrokenError):
        here.unpack(root, message)


class Listing(list[Any]):
    def append(self, item: Any) -> None:
        super().append([item])


class Mapping(dict[Any, Any]):
    pass


class Setting(set[Any]):
    def __len__(self) -> int:
        return 7


own = (
    st.builds(Listing, st.lists(values, max_size=3))
    | st.builds(Mapping, st.dictionaries(keys, values, max_size=3))
    | st.builds(Setting, st.sets(keys, max_size=3))
)


def sides() -> tuple[Graph, Graph]:
    return Objects("r", True).graph, Objects("c", False).graph


@given(own, own)
@settings(max_examples=100, deadline=None)
def test_an_object_of_a_class_of_its_own_has_one_content_whoever_changes_it(value: Any, later: Any) -> None:
    here, there = sides()
    copy: Any = here.unpack(*there.pack([value, value]))
    assert copy[0] is copy[1] and copy[0] is not value and isinstance(copy[0], type(value).__mro__[1])
    assert _plain(copy[0]) == _plain(value)
    if type(later) is type(value):
        put_back(copy[0], later)
        assert there.unpack(*here.pack(copy[0])) is value and _plain(value) == _plain(later)
        put_back(value, [] if isinstance(value, Listing | Setting) else {})
        here.unpack(*there.pack(None))
        assert _plain(copy[0]) == type(_plain(value))()


def _plain(item: Any) -> Any:
    base = type(item).__mro__[-2]
    return dict(dict.items(item)) if base is dict else base(base.__iter__(item))


def test_one_that_nobody_holds_is_let_go_of_and_found_again_by_who_does() -> None:
    here, there = sides()
    made = [Listing([number]) for number in range(100)]
    copies: Any = here.unpack(*there.pack(made))
    numbers = [id(item) for item in made]
    made = made[:1]
    there.pack(None)  # 99 have no holder here any more but the books
    for copy, number in zip(copies, numbers, strict=True):
        list.append(copy, 5)
        back: Any = there.unpack(*here.pack(copy))
        assert id(back) == number and list(back)[1:] == [5]
    again: Any = here.unpack(*there.pack(made[0]))
    assert again is copies[0]


changing = values.filter(lambda value: type(value) in MUTABLE.values())


@given(changing, values)
@settings(max_examples=200, deadline=None)
def test_a_change_is_seen_by_what_was_there(value: Any, later: Any) -> None:
    before, held = snapshot_of(value), content_of(value)
    assert is_as_it_was(value, before)
    if type(later) is type(value) and not isinstance(value, collections.deque | array.array):
        put_back(value, later)
        assert content_of(value) == held or not is_as_it_was(value, before)
