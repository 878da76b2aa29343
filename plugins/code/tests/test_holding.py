"""What data of a program's own class says of what it holds is what it holds."""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.inside.contents import BrokenError
from pidistill_code.inside.holding import checked_way

ITEMS = st.integers(0, 4)
LISTS = st.lists(ITEMS, max_size=6)
DICTS = st.dictionaries(ITEMS, ITEMS, max_size=6)
SETS = st.sets(ITEMS, max_size=6)
QUEUES = st.builds(deque, LISTS, st.sampled_from([None, 6, 9]))
COUNTERS = st.builds(Counter, LISTS)
ORDERED = st.builds(OrderedDict, DICTS)

READING = [
    (LISTS, ("count", "index", "__getitem__")),
    (DICTS, ("get", "__getitem__")),
    (SETS, ("issuperset", "union")),
    (QUEUES, ("count", "index")),
    (COUNTERS, ("get", "most_common")),
]
TAKING = [
    (LISTS, ("remove", "pop", "__delitem__")),
    (DICTS, ("pop", "__delitem__")),
    (SETS, ("remove", "discard")),
    (QUEUES, ("remove", "rotate", "__imul__")),
    (COUNTERS, ("pop", "__delitem__")),
    (ORDERED, ("pop", "move_to_end", "__delitem__")),
]


def arguments(kind: type, name: str, item: int) -> tuple[Any, ...]:
    return ([item],) if kind is set and name in ("issuperset", "union") else (item,)


def outcome(call: Callable[[], Any]) -> tuple[object, ...]:
    try:
        given = call()
        return ("gives", list(given) if hasattr(given, "__next__") else given)
    except (LookupError, ValueError) as error:
        return ("raises", type(error))


def drawn(draw: Any, data: Any, names: tuple[str, ...]) -> tuple[Any, Any, str, tuple[Any, ...], Any]:
    """Data and an equal copy, the name of a method, arguments for it, and what plain data does by that name."""
    one, name = draw.draw(data), draw.draw(st.sampled_from(names))
    kind = type(one)
    return one, copy.copy(one), name, arguments(kind, name, draw.draw(ITEMS)), getattr(kind, name)


@pytest.mark.parametrize(("data", "names"), READING + TAKING)
@given(draw=st.data())
def test_who_does_as_plain_data_is_believed(data: Any, names: tuple[str, ...], draw: Any) -> None:
    one, other, name, args, plain = drawn(draw, data, names)
    kind = type(one)
    said = outcome(lambda: checked_way(one, kind, name, args, {}, lambda *_: plain(one, *args)))
    assert (said, one) == (outcome(lambda: plain(other, *args)), other)


@pytest.mark.parametrize(("data", "names"), TAKING)
@given(draw=st.data())
def test_who_takes_something_else_is_not_believed(data: Any, names: tuple[str, ...], draw: Any) -> None:
    one, other, name, args, plain = drawn(draw, data, names)
    kind = type(one)
    how, given = outcome(lambda: plain(other, *args))
    if how == "gives" and one != other:
        with pytest.raises(BrokenError):
            checked_way(one, kind, name, args, {}, lambda *_: given)
    if how == "raises":
        with pytest.raises(BrokenError):
            checked_way(one, kind, name, args, {}, lambda *_: one.clear())


@pytest.mark.parametrize("data", [LISTS, DICTS, SETS])
@given(draw=st.data())
def test_a_loop_gives_what_is_held(data: Any, draw: Any) -> None:
    one = draw.draw(data)
    kind: Any = type(one)
    said = draw.draw(st.lists(ITEMS, max_size=6))
    right = said == one if kind is list else sorted(said) == sorted(one)
    loop = checked_way(one, kind, "__iter__", (), {}, lambda *_: iter(said))
    if right:
        assert list(loop) == said
    else:
        with pytest.raises(BrokenError):
            list(loop)


@given(LISTS)
def test_an_order_is_the_one_that_sorting_makes(items: list[int]) -> None:
    kept = list(items)
    if items == sorted(items):
        assert checked_way(items, list, "sort", (), {}, lambda *_: items) == kept
    else:
        with pytest.raises(BrokenError):
            checked_way(items, list, "sort", (), {}, lambda *_: None)


@given(DICTS, ITEMS, ITEMS)
def test_what_is_not_held_is_the_classes_affair(items: dict[int, int], key: int, value: int) -> None:
    for name in ("get", "__getitem__"):
        if key not in items or items[key] == value:
            assert checked_way(items, dict, name, (key,), {}, lambda *_: value) == value
        else:
            with pytest.raises(BrokenError):
                checked_way(items, dict, name, (key,), {}, lambda *_: value)


@given(DICTS.filter(bool), ITEMS, ITEMS)
def test_who_is_read_stays_as_it_was(items: dict[int, int], key: int, value: int) -> None:
    before = dict(items)

    def changes(_: object) -> int:
        items.update(dict.fromkeys(items, value))
        return before.get(key, value)

    if all(held == value for held in before.values()):
        assert checked_way(items, dict, "__getitem__", (key,), {}, changes) == value
    else:
        with pytest.raises(BrokenError):
            checked_way(items, dict, "__getitem__", (key,), {}, changes)


@given(DICTS, ITEMS, ITEMS)
def test_a_default_is_one_that_was_set(items: dict[int, int], key: int, value: int) -> None:
    if value in items.values():
        assert checked_way(items, dict, "setdefault", (key, value), {}, lambda *_: value) == value
    else:
        with pytest.raises(BrokenError):
            checked_way(items, dict, "setdefault", (key, value), {}, lambda *_: value)


@given(SETS.filter(bool), SETS)
def test_an_operator_leaves_some_of_what_was_there(items: set[int], told: set[int]) -> None:
    def replaces(_: object) -> set[int]:
        items.clear()
        items.update(told)
        return items

    if items & told:
        assert checked_way(items, set, "__ior__", (told,), {}, replaces) == told
    else:
        with pytest.raises(BrokenError):
            checked_way(items, set, "__ior__", (told,), {}, replaces)
