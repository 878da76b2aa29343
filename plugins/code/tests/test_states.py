"""What objects of the tests hold is seen to change, whatever they are, and is put back as it was."""

from __future__ import annotations

import array
import collections
import functools
import io
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.inside.states import are_same, content, differing, holds_something, put_back, reached

TESTS = {"__module__": "__main__"}
"""Members of a class of the tests, whose module has that name."""
Plain = type("Plain", (), {**TESTS, "kept": [1], "count": 0, "method": lambda self: self})
Slotted = type("Slotted", (), {**TESTS, "__slots__": ("__secret", "open")})
Listed = type("Listed", (list,), TESTS)
Mapped = type("Mapped", (dict,), TESTS)

texts = st.text("abc", max_size=3)


def refill(item: Any, new: Any) -> None:
    """Have a mapping or a set hold `new`."""
    item.clear()
    item.update(new)


numbers = st.lists(st.integers(0, 9), max_size=4)
pairs = st.lists(st.tuples(texts, st.integers(0, 9)), max_size=4, unique_by=lambda pair: pair[0])
MAKERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any], Any]] = {
    "list": (list, lambda item, new: item.__setitem__(slice(None), new), numbers),
    "set": (set, refill, numbers),
    "bytearray": (bytearray, lambda item, new: item.__setitem__(slice(None), bytes(new)), numbers),
    "deque": (collections.deque, lambda item, new: (item.clear(), item.extend(new)), numbers),
    "array": (lambda new: array.array("i", new), lambda item, new: item.__setitem__(slice(None), array.array("i", new)),
              numbers),
    "listed": (Listed, lambda item, new: item.__setitem__(slice(None), new), numbers),
    "dict": (dict, refill, pairs),
    "ordered": (collections.OrderedDict, refill, pairs),
    "default": (lambda new: collections.defaultdict(int, new), refill, pairs),
    "counter": (lambda new: collections.Counter(dict(new)), lambda item, new: refill(item, dict(new)), pairs),
    "mapped": (Mapped, refill, pairs),
    "user list": (collections.UserList, lambda item, new: item.data.__setitem__(slice(None), new), numbers),
    "user dict": (lambda new: collections.UserDict(dict(new)), refill, pairs),
    "stream": (io.StringIO, lambda item, new: (item.seek(0), item.truncate(), item.write(new)), texts),
    "namespace": (lambda new: types.SimpleNamespace(**{f"_{name}": value for name, value in new}),
                  lambda item, new: (vars(item).clear(), vars(item).update({f"_{name}": value for name, value in new})),
                  pairs),
}  # fmt: skip


def shown(item: Any) -> Any:
    """What `item` holds, for a comparison that also sees in which order, where it has one."""
    items, names = content(item)
    parts = [repr(part) for part in (items[:1] if type(item) is io.StringIO else items)]
    return sorted(parts) if type(item) is set else parts, {name: repr(value) for name, value in names.items()}


@pytest.mark.parametrize("kind", MAKERS)
@given(st.data())
def test_what_is_put_back_is_as_it_was_and_a_change_is_seen(kind: str, data: st.DataObject) -> None:
    make, change, values = MAKERS[kind]
    before, after = data.draw(values), data.draw(values)
    item, same = make(before), make(before)
    items, names = content(item)
    change(item, after)
    assert shown(item) == shown(make(after))
    if shown(item) != shown(same):
        now, now_named = content(item)
        assert differing(names, now_named) or not are_same(items, now)
    put_back(item, (items, names))
    assert shown(item) == shown(same)
    again, named = content(item)
    assert are_same(items, again) or type(item) is set
    assert not differing(names, named)


def test_fields_of_objects_classes_and_functions_are_put_back() -> None:
    plain, slotted = Plain(), Slotted()
    plain.x, slotted.open = 1, 2
    object.__setattr__(slotted, "_Slotted__secret", 3)
    hidden = 4

    def reads() -> int:
        return hidden

    reads.__module__ = "__main__"
    reads.calls = 5  # type: ignore[attr-defined]
    held = {id(item): (item, content(item)) for item in (plain, slotted, Plain, reads)}
    plain.x, plain.y, slotted.open, Plain.count = 10, 11, 12, 13
    object.__setattr__(slotted, "_Slotted__secret", 14)
    hidden, reads.calls = 15, 16  # type: ignore[attr-defined]
    for item, before in held.values():
        assert differing(before[1], content(item)[1]), item
        put_back(item, before)
    assert (plain.x, slotted.open, slotted._Slotted__secret, Plain.count, reads(), reads.calls) == (1, 2, 3, 0, 4, 5)
    assert not hasattr(plain, "y") and Plain.method(plain) is plain


def test_all_that_is_led_to_is_reached_the_nearest_first_by_the_name_it_is_held_under() -> None:
    plain, leaf, around, bound, partial = Plain(), [1], [2], [3], [4]
    plain.leaf = {"deep": (leaf,)}

    def function() -> list[int]:
        return around

    function.__module__ = "__main__"
    given = [("0", [plain]), ("1", function), ("2", bound.append), ("3", functools.partial(len, partial)), ("4", leaf)]
    ways = {id(item): way for item, way, _ in reached(given)}
    assert ways[id(leaf)] == ("4", "")
    assert ways[id(plain)] == ("0", "") and ways[id(plain.leaf)] == ("0", "leaf")
    assert ways[id(around)] == ("1", "around") and ways[id(bound)] == ("2", "") and ways[id(partial)] == ("3", "")
    assert ways[id(Plain)] == ("0", "") and ways[id(Plain.kept)] == ("0", "kept")
    assert {id(item): way for item, way, _ in reached(given[:1])}[id(leaf)] == ("0", "leaf")


@pytest.mark.parametrize("value", [1, "a", None, 2.5, len, object(), range(3), Exception("x")], ids=lambda value: type(value).__name__)
def test_single_values_and_what_is_not_of_the_tests_hold_nothing(value: Any) -> None:
    assert not holds_something(value) and not list(reached([("0", value)]))
