"""Names of answers: which of them are one, and what that makes of the symbols and constants in what they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Final, TypeVar

from pidistill_math.meaning.equality import alike
from pidistill_math.meaning.kinds import Named, Ordered, Record, Several, Shape, Single
from pidistill_math.meaning.real_sets import says_nothing
from pidistill_math.question.asking import Question
from pidistill_math.question.asking_parts import place_in_count
from pidistill_math.reading.syntax import Node, sym, symbols

Kind = TypeVar("Kind", bound=Shape)
_INDICES: Final = frozenset("ijkmn")
"""Letters that a sequence has for its index, under or beside its name."""
_CONSTANTS: Final = frozenset({"C", "c", "A", "K", "k", "C_1", "c_1", "C_0"})
"""Letters that name a constant of integration."""


def in_order(ours: Node, theirs: Node, values: Ordered) -> Ordered:
    """Values of the names of one tuple in the order of another."""
    if len(values.items) != len(theirs.args):
        return values
    by_name = dict(zip(theirs.args, values.items, strict=True))
    return replace(values, items=tuple(by_name[name] for name in ours.args))


def as_record(found: Shape) -> Record | None:
    """A tuple of names with a tuple of values as names with values."""
    if not (isinstance(found, Named) and found.name.head == "group" and isinstance(found.inner, Ordered)):
        return None
    if len(found.name.args) != len(found.inner.items):
        return None
    return Record(tuple(map(Named, found.name.args, found.inner.items)))


def renamed(ours: Node, theirs: Node) -> dict[str, Node] | None:
    """What to put for symbols of an answer so that its name is the reference's; None where it is another name."""
    if ours == theirs:
        return {}
    if ours.head == theirs.head == "group":
        return {} if sorted(ours.args, key=repr) == sorted(theirs.args, key=repr) else None
    if "words" in (ours.head, theirs.head) or "angle" in (ours.head, theirs.head):
        return {} if ours.head != theirs.head else None
    if (
        ours.head == theirs.head == "call"
        and _same_function(ours.text, theirs.text)
        and len(ours.args) == len(theirs.args)
    ):
        pairs = list(zip(ours.args, theirs.args, strict=True))
        if ours.text != theirs.text and any(b.text not in _INDICES for _, b in pairs):
            return None
        if all(a.head == b.head == "sym" for a, b in pairs):
            return {b.text: a for a, b in pairs}
        return {} if all(alike(a, b) for a, b in pairs) else None
    for one, other in ((ours, theirs), (theirs, ours)):
        if one == sym("y") and other.head == "call" and other.text.endswith("()"):
            return {}
    if ours.head in ("mul", "call", "over", "ratio", "div") and theirs.head == ours.head:
        return {} if alike(ours, theirs) else None
    if ours.head != theirs.head and not any(
        a.head == "sym" and a.text in symbols(b) and b.head == "call" for a, b in ((ours, theirs), (theirs, ours))
    ):
        return {}
    return None  # x against f(x), and two names of one kind


def _same_function(ours: str, theirs: str) -> bool:
    """Whether two names of functions are one: ``a(n)`` and ``a_n`` are one sequence."""
    return ours == theirs or (ours[-1:] != theirs[-1:] and ours.rstrip("_()") == theirs.rstrip("_()") != "")


def parameter_renamed(ours: Record, theirs: Record, question: Question) -> Record:
    """Values by name with the one parameter in them named as in the reference's: ``x = 1+s`` for ``x = 1+t``."""
    held = [
        frozenset().union(*(symbols(part.inner.node) for part in record.parts if isinstance(part.inner, Single)))
        - {part.name.text for part in record.parts}
        for record in (ours, theirs)
    ]
    if len(held[0]) != 1 or len(held[1]) != 1 or held[0] == held[1] or any(map(question.has_letter, held[0] | held[1])):
        return theirs
    names = {next(iter(held[1])): sym(next(iter(held[0])))}
    return Record(tuple(replace(part, inner=with_symbols(part.inner, names)) for part in theirs.parts))


def without_open_parameter(found: Record) -> Record:
    """Values by name without what says of their parameter that it is any real number."""
    held = frozenset().union(*(symbols(part.inner.node) for part in found.parts if isinstance(part.inner, Single)))
    kept = [part for part in found.parts if not (part.name.text in held and says_nothing(part))]
    return Record(tuple(kept)) if len(kept) > 1 else found


def own_index(ours: Shape, theirs: Named, question: Question) -> Named:
    """The general term of a sequence with its index named as in the reference: ``a_k = k^2`` for ``n^2``."""
    name = theirs.name
    if not (isinstance(ours, Single) and isinstance(theirs.inner, Single) and name.head == "call"):
        return theirs
    mine, yours = symbols(ours.node), symbols(theirs.inner.node)
    if not name.text.endswith("_") or len(mine) != 1 or mine == yours or [arg.text for arg in name.args] != [*yours]:
        return theirs
    if any(map(question.has_letter, yours)):
        return theirs
    letter = sym(next(iter(mine)))
    return replace(theirs, name=name.mapped((letter,)), inner=with_symbols(theirs.inner, {next(iter(yours)): letter}))


def of_another_index(found: Named, question: Question) -> bool:
    """Whether a term is given in a letter that is neither its index nor the question's: ``a_k = n^2``."""
    name, inner = found.name, found.inner
    if name.head != "call" or not name.text.endswith("_") or not isinstance(inner, Single):
        return False
    letters, index = symbols(inner.node), frozenset().union(*map(symbols, name.args))
    return len(letters) == 1 and len(index) == 1 and letters != index and not any(map(question.has_letter, letters))


def with_symbols(found: Kind, names: dict[str, Node]) -> Kind:
    """What is named, with other symbols in it."""
    if names and isinstance(found, Several) and all(isinstance(item, Single) for item in found.items):
        return replace(found, items=tuple(with_symbols(item, names) for item in found.items))
    if not names or not isinstance(found, Single):
        return found

    def put(node: Node) -> Node:
        if node.head == "sym":
            return names.get(node.text, node)
        return node.mapped(tuple(put(arg) for arg in node.args))

    return replace(found, node=put(found.node))


def renamed_constants(ours: Named, theirs: Shape, question: Question) -> Iterator[Single]:
    """A function's value with its free constants named as in the reference's: ``f(x) = kx`` for ``f(x) = cx``."""
    if not (isinstance(ours.inner, Single) and isinstance(theirs, Single)):
        return
    a, b = symbols(ours.inner.node), symbols(theirs.node)
    mine, yours = sorted(a - b - symbols(ours.name)), sorted(b - a - symbols(ours.name))
    if ours.name.head != "call" and not (ours.name.head == "sym" and {*mine, *yours} <= _CONSTANTS):
        return
    if len(mine) != len(yours) or not 1 <= len(mine) <= 2 or any(map(question.has_letter, yours)):
        return
    for order in permutations(mine):
        yield with_symbols(theirs, dict(zip(yours, map(sym, order), strict=True)))


def with_our_constant(ours: Single, theirs: Single, question: Question) -> Single:
    """An antiderivative with its constant named as in the reference's: ``x^2 + c`` for ``x^2 + C``."""
    if ours.node.head != "add" or not question.asks_to_integrate():
        return theirs
    mine, yours = symbols(ours.node) - symbols(theirs.node), symbols(theirs.node) - symbols(ours.node)
    if len(mine) != 1 or len(yours) != 1 or not (mine | yours) <= _CONSTANTS or sym(*mine) not in ours.node.args:
        return theirs
    if any(map(question.has_letter, (*mine, *yours))):
        return theirs
    return with_symbols(theirs, {next(iter(yours)): sym(*mine)})


def counts_in_order(ours: Sequence[Shape], theirs: Sequence[Shape], question: Question) -> list[Shape] | None:
    """Counts of several things as bare numbers, in the order in which the question names the things.

    None where the reference's counts are not bare, or the things are not those of the question.
    """
    found: list[tuple[int, Shape]] = []
    for mine, yours in zip(ours, theirs, strict=False):
        if not (isinstance(mine, Single) and mine.node.head == "num" and isinstance(yours, Single)):
            return None
        unit = yours.node.unit
        if yours.node.head != "quantity" or unit is None or not unit.dimension.startswith("count "):
            return None
        place = place_in_count(question.text, unit.label)
        if place < 0 or any(place == other for other, _ in found):
            return None
        found.append((place, Single(yours.node.args[0])))
    found.sort(key=lambda pair: pair[0])
    return [shape for _, shape in found] if len(ours) == len(theirs) == len(found) > 1 else None
