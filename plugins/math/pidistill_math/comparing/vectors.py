"""Vectors in their dresses: unit vectors ``2i - 3j + k`` as components, and rows of rows as a matrix."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from pidistill_math.meaning.equality import constant
from pidistill_math.meaning.kinds import Ordered, Shape, Single
from pidistill_math.question.asking import Question
from pidistill_math.reading.syntax import Node, num, symbols

_UNITS: Final = (Node("const", text="i"), Node("sym", text="j"), Node("sym", text="k"))
_NOUGHT: Final = num(0)


def same_dress(ours: Shape, theirs: Shape, question: Question) -> tuple[Shape, Shape] | None:
    """Two vectors, or two matrices, in one dress; None where neither is in another dress than the other."""
    scaled = [_multiplied_out(part, question) for part in (ours, theirs)]
    if scaled != [ours, theirs]:
        left, right = scaled
        return same_dress(left, right, question) or (left, right)
    for one, other, swapped in ((ours, theirs, False), (theirs, ours, True)):
        if not isinstance(one, Single):
            continue
        pair = _unit_vectors(one, other, question, swapped) or _rows(one, other)
        if pair is not None:
            return pair[::-1] if swapped else pair
    return None


def _multiplied_out(found: Shape, question: Question) -> Shape:
    """A number times a vector, or a vector over a number, as one vector; anything else as it is."""
    if not isinstance(found, Single) or found.node.head not in ("mul", "div", "neg"):
        return found
    node = found.node
    vectors = [arg for arg in node.args if arg.head in ("group", "matrix")]
    factors = tuple(arg for arg in node.args if arg not in vectors)
    if len(vectors) != 1 or any(arg.has("group", "matrix", "rel", "list") for arg in factors):
        return found
    vector = vectors[0]
    column = vector.head == "matrix" and vector.text.startswith("1x") != vector.text.endswith("x1")
    if not column and (vector.text not in ("<>", "()") or len(vector.args) not in (2, 3, 4)):
        return found
    if not question.asks_for_a_vector() and vector.text != "<>":
        return found
    if node.head == "div" and node.args[0] is not vector:
        return found
    cells = []
    for cell in vector.args:
        whole = (
            Node("neg", (cell,))
            if node.head == "neg"
            else Node(node.head, (*factors, cell))
            if node.head == "mul"
            else Node("div", (cell, *factors))
        )
        exact = constant(whole) if not symbols(whole) else None
        cells.append(num(exact) if isinstance(exact, Fraction) else whole)
    if column:
        return Single(vector.mapped(tuple(cells)))
    return Ordered(tuple(map(Single, cells)), vector.text)


def _unit_vectors(one: Single, other: Shape, question: Question, answered: bool) -> tuple[Shape, Shape] | None:
    """A sum of multiples of i, j and k, and the components that the other side lists.

    A multiple of i alone is a complex number as well: one only where it is the answer to a question for a vector.
    """
    if isinstance(other, Ordered) and (other.brackets == "<>" or question.asks_for_a_vector()):
        items = other.items
    elif isinstance(other, Single) and other.node.head == "matrix":
        if other.node.text.startswith("1x") == other.node.text.endswith("x1"):
            return None
        items = tuple(map(Single, other.node.args))
    else:
        return None
    found = components(one.node) or (_along_i(one.node) if answered and question.asks_for_a_vector() else None)
    if found is None or len(items) not in (2, 3) or any(part != _NOUGHT for part in found[len(items) :]):
        return None
    return Ordered(tuple(map(Single, found[: len(items)])), "<>"), Ordered(items, "<>")


def components(node: Node) -> tuple[Node, Node, Node] | None:
    """The factors of i, j and k in a sum of multiples of them, of which j or k must be there; None for other nodes."""
    if (scaled := _scaled(node)) is not None:
        return scaled
    found: dict[int, Node] = {}
    for term in node.args if node.head == "add" else (node,):
        inner = term.args[0] if term.head == "neg" else term
        divisor = inner.args[1] if inner.head == "div" else None
        inner = inner.args[0] if divisor is not None else inner
        factors = inner.args if inner.head == "mul" else (inner,)
        units = [factor for factor in factors if factor in _UNITS]
        if len(units) != 1 or _UNITS.index(units[0]) in found:
            return None
        rest = [factor for factor in factors if factor not in _UNITS]
        if any(unit in factor.walk() for factor in rest for unit in _UNITS):
            return None
        value = Node("mul", tuple(rest)) if len(rest) > 1 else rest[0] if rest else num(1)
        value = Node("div", (value, divisor)) if divisor is not None else value
        found[_UNITS.index(units[0])] = Node("neg", (value,)) if term.head == "neg" else value
    if not symbols(node) & {"j", "k"}:
        return None
    return found.get(0, _NOUGHT), found.get(1, _NOUGHT), found.get(2, _NOUGHT)


def _along_i(node: Node) -> tuple[Node, Node, Node] | None:
    """A multiple of the first unit vector alone; None for anything else."""
    inner = node.args[0] if node.head == "neg" else node
    factors = inner.args if inner.head == "mul" else (inner,)
    if _UNITS[0] not in factors or sum(part == _UNITS[0] for part in inner.walk()) != 1 or symbols(node):
        return None
    rest = tuple(factor for factor in factors if factor != _UNITS[0]) or (num(1),)
    value = rest[0] if len(rest) == 1 else Node("mul", rest)
    return (Node("neg", (value,)) if node.head == "neg" else value), _NOUGHT, _NOUGHT


def _scaled(node: Node) -> tuple[Node, Node, Node] | None:
    """The factors in a sum that is multiplied or divided as a whole; None for other nodes."""
    if node.head == "div" and node.args[0].head == "add" and not node.args[1].has("add"):
        inner = components(node.args[0])
        return None if inner is None else _each(inner, lambda part: Node("div", (part, node.args[1])))
    sums = [arg for arg in node.args if arg.head == "add"] if node.head == "mul" else []
    factors = tuple(arg for arg in node.args if arg not in sums)
    if len(sums) != 1 or any(unit in factor.walk() for factor in factors for unit in _UNITS):
        return None
    inner = components(sums[0])
    return None if inner is None else _each(inner, lambda part: Node("mul", (*factors, part)))


def _each(parts: tuple[Node, Node, Node], made: Callable[[Node], Node]) -> tuple[Node, Node, Node]:
    first, second, third = (part if part == _NOUGHT else made(part) for part in parts)
    return first, second, third


def _rows(one: Single, other: Shape) -> tuple[Shape, Shape] | None:
    """A matrix, and the rows in brackets that programs write for one."""
    if one.node.head != "matrix" or not isinstance(other, Ordered) or other.brackets != "[]":
        return None
    rows = [item for item in other.items if isinstance(item, Ordered) and item.brackets == "[]"]
    cells = [cell.node for row in rows for cell in row.items if isinstance(cell, Single)]
    widths = {len(row.items) for row in rows}
    if len(rows) != len(other.items) or len(widths) != 1 or len(cells) != len(rows) * min(widths):
        return None
    return one, Single(Node("matrix", tuple(cells), text=f"{len(rows)}x{min(widths)}"))
