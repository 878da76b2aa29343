"""An answer that holds what a program has changed is a copy, so that the tests' own objects can be put back."""

from __future__ import annotations

import collections
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.inside.copies import as_it_is
from pidistill_code.inside.graph import Graph, Side

Node = type("Node", (), {"__module__": "__main__"})
"""A class of the tests, whose module has that name."""
nested = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(bytearray, st.binary(max_size=3))
        | st.builds(collections.deque, st.lists(inner, max_size=3))
        | st.builds(collections.OrderedDict, st.dictionaries(st.text(max_size=2), inner, max_size=3))
    ),
    max_leaves=20,
)


HOLDERS = (list, tuple, collections.deque)
CHANGED = (list, dict, bytearray, collections.deque, collections.OrderedDict)


def held(value: Any) -> list[Any]:
    """`value` and all that it holds."""
    parts = [*value.values()] if isinstance(value, dict) else [*value] if isinstance(value, HOLDERS) else []
    return [value, *(item for part in parts for item in held(part))]


@given(nested, st.data())
@settings(max_examples=200, deadline=None)
def test_what_holds_something_changed_is_copied_and_the_rest_is_itself(value: Any, data: st.DataObject) -> None:
    mutable = [item for item in held(value) if type(item) in CHANGED]
    changed = data.draw(st.lists(st.sampled_from(mutable), max_size=3)) if mutable else []
    made = as_it_is(value, changed)
    assert made == value
    numbers = {id(item) for item in changed}
    old, new = held(value), held(made)
    for before, after in zip(old, new, strict=True):
        if type(before) in (*CHANGED, tuple):
            touched = any(id(item) in numbers for item in held(before))
            assert (after is not before) == touched


def test_a_long_ring_of_objects_is_copied_as_a_ring() -> None:
    nodes: list[Any] = [Node() for _ in range(5_000)]
    for number, node in enumerate(nodes):
        node.value, node.next = number, nodes[(number + 1) % len(nodes)]
    made = as_it_is(nodes[0], [nodes[-1]])
    node, seen = made, set()
    while id(node) not in seen:
        seen.add(id(node))
        node = node.next
    assert node is made and len(seen) == len(nodes) and seen.isdisjoint(map(id, nodes))


@pytest.mark.parametrize("value", [[3, 1], {"a": 1}, {2, 3}, bytearray(b"ab")], ids=lambda value: type(value).__name__)
def test_what_is_put_back_stays_so_when_the_other_side_speaks_again(value: Any) -> None:
    told: list[tuple[Any, Any]] = []

    class Noting(Side):
        notes_changes = True

        def contents_changed(self, item: Any, before: Any) -> None:
            told.append((item, before))

    ours, theirs = (Graph(letter, Noting() if letter == "r" else Side()) for letter in "rc")
    there: Any = theirs.unpack(*ours.pack([value]))
    there[0].clear()
    before = type(value)(value)
    ours.unpack(*theirs.pack(1))
    assert not value
    [(item, content)] = told
    assert item is value
    ours.put_back(item, content)
    assert value == before
    ours.unpack(*theirs.pack(2))
    assert value == before
    theirs.unpack(*ours.pack(3))
    assert not there[0]
    again: Any = theirs.unpack(*ours.pack([value]))
    assert again[0] is there[0] and again[0] == before
