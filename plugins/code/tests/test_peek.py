"""What counts as telling of an answer: any word, number or part of a text that both hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st

from pidistill_code.suites.peek import Traces

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 30)
    | st.sampled_from([0.0, 2.0, 2.5, -1e20, 1j])
    | st.text("ab 1\0", max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("ab1", max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


def scalars(value: object) -> Iterator[object]:
    """All that a value is made of."""
    if isinstance(value, dict):
        for pair in value.items():
            yield from scalars(pair)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from scalars(item)
    elif value is not None:
        yield value


def words(value: object) -> set[str]:
    """The words of what it is made of, worked out one by one."""
    found = set[str]()
    for one in scalars(value):
        found.add(one if isinstance(one, str) else repr(one))
        if isinstance(one, bool) or (isinstance(one, float) and one == int(one) and abs(one) < 1e15):
            found.add(str(int(one)))
        elif not isinstance(one, int | float):
            found.update(re.findall(r"\d+(?:\.\d+)?|[^\W\d]\w*", one if isinstance(one, str) else repr(one)))
    return found


def texts(value: object) -> list[str]:
    """The texts in it, and what is told as text."""
    return [one if isinstance(one, str) else repr(one) for one in scalars(value) if not isinstance(one, int | float)]


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
@example([[1, 2, 3]], [3])
@example(["a b"], ["x a b y"])
@example([""], ["a"])
def test_it_is_told_where_they_share_a_word_or_a_part_of_a_text(later: list[object], expected: list[object]) -> None:
    pairs = [sorted((one, other), key=len) for one in texts(later) for other in texts(expected)]
    shared = not words(later).isdisjoint(words(expected)) or any(len(a) > 1 and a in b for a, b in pairs)
    told = Traces(*later).tells_of(Traces(*expected))
    assert told is shared or ("\0" in str(texts([later, expected])) and told)


def test_many_numbers_are_all_looked_at() -> None:
    assert Traces(list(range(5_000))).tells_of(Traces(4_999))
    assert not Traces(list(range(5_000))).tells_of(Traces(5_000))
    assert Traces([True, 2]).tells_of(Traces(1)), "as numbers they are one"
