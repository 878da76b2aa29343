"""Several items to one kind: a family, values under conditions, values of one name, a tuple by name, a plain list."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from mpmath import mpc, mpf

from pidistill_math.meaning.equality import constant
from pidistill_math.meaning.kinds import Equation, Family, Interval, Named, Reals, Record, Several, Shape, Single, Under
from pidistill_math.meaning.numeric import real
from pidistill_math.reading.syntax import Node, Unreadable, num, symbols

PART: Final = "part "
"""How the name of a labelled part begins."""


def several(items: Sequence[Shape]) -> Several:
    flat: list[Shape] = []
    for item in items:
        flat += item.items if isinstance(item, Several) and not item.braces else (item,)
    return Several(tuple(flat))


def mixture(node: Node, words: list[str]) -> Shape | None:
    """``2 hours and 30 minutes``: quantities of one dimension that get smaller, joined by 'and'."""
    found = [item.unit for item in node.args if item.head == "quantity" and item.unit is not None]
    if len(found) != len(node.args) or set(words) != {"and"} or len({unit.dimension for unit in found}) != 1:
        return None
    falling = all(a.scale > b.scale for a, b in pairwise(found))
    return Single(Node("mixture", node.args)) if falling else None


def family(items: list[Shape]) -> Family | Named | None:
    """Expressions with a parameter of which the last item says that it is whole."""
    last = items[-1]
    if not (isinstance(last, Named) and last.name.head == "sym" and isinstance(last.inner, Single)):
        return None
    if last.inner.node.head != "named" or last.inner.node.text[0] not in "ZN" or len(items) < 2:
        return None
    values: list[Node] = []
    for item in items[:-1]:
        inner = item.inner if isinstance(item, Named) else item
        for part in inner.items if isinstance(inner, Several) else (inner,):
            if not isinstance(part, Single):
                return None
            values.append(part.node)
    found = Family(tuple(values), last.name.text, last.inner.node.text)
    names = {item.name for item in items[:-1] if isinstance(item, Named)}
    named = items[0].name if isinstance(items[0], Named) and len(names) == 1 else None
    return Named(named, found) if named is not None else found


def counted_out(items: Sequence[Shape]) -> Shape | None:
    """``x = k\\pi, k = 0, 1, 2``: the values of a formula at those of its parameter; None for other items."""
    first, second = (*items[:2], None, None)[:2]
    if not (isinstance(first, Named) and isinstance(second, Named) and isinstance(first.inner, Single)):
        return None
    formula, letter = first.inner.node, second.name.text
    values = [second.inner, *items[2:]]
    nodes = [value.node for value in values if isinstance(value, Single) and value.node.head in ("num", "neg")]
    if len(nodes) != len(values) or len(values) < 2 or second.name.head != "sym" or symbols(formula) != {letter}:
        return None

    def put(node: Node, value: Node) -> Node:
        args = tuple(put(arg, value) for arg in node.args)
        if node.head == "mul" and num(0) in args:
            return num(0)
        if node.head == "mul" and num(1) in args:
            args = tuple(arg for arg in args if arg != num(1)) or args[:1]
            return args[0] if len(args) == 1 else node.mapped(args)
        return value if node == second.name else node.mapped(args)

    found = [put(formula, value) for value in nodes]
    exact = [constant(node) for node in found]
    pairs = zip(found, exact, strict=True)
    return Named(first.name, several([Single(num(c) if isinstance(c, Fraction) else node) for node, c in pairs]))


def conditioned(items: list[Shape]) -> Under | None:
    """A value followed by conditions on symbols that it holds."""
    first = items[0].inner if isinstance(items[0], Named) else items[0]
    if not isinstance(first, Single | Equation):
        return None
    held = frozenset().union(*(symbols(node) for node in ([first.node] if isinstance(first, Single) else first.sides)))
    for item in items[1:]:
        subject = item.subject if isinstance(item, Reals) else item.name if isinstance(item, Named) else None
        condition = isinstance(item, Reals) or (isinstance(item, Named) and _is_a_set(item.inner))
        if not condition or subject is None or not symbols(subject) <= held:
            return None
    return Under(items[0], tuple(items[1:]))


def _is_a_set(found: Shape) -> bool:
    """Whether it is a set that a condition may say a letter to be in: of reals, or one with a name."""
    return isinstance(found, Reals) or (isinstance(found, Single) and found.node.head == "named")


def record(parts: list[Named], words: Sequence[str] = ()) -> Shape:
    """Names with values: several values of one name, a tuple by name, or several tuples.

    Raises `Unreadable` for values of several names of which only one need hold: ``x = 2 or y = -1``.
    """
    names = list(dict.fromkeys(part.name for part in parts))
    if len(names) == 1:
        return Named(names[0], several([part.inner for part in parts]))
    if len(names) == len(parts):
        if "or" in words:
            raise Unreadable("a choice between values of several names")
        return Record(tuple(parts))
    size = len(names)
    if len(parts) % size:
        raise Unreadable("a name that is given two values")
    rows = [parts[i : i + size] for i in range(0, len(parts), size)]
    if any({part.name for part in row} != set(names) for row in rows):
        raise Unreadable("a name that is given two values")
    return Several(tuple(Record(tuple(row)) for row in rows))


def equations(items: Sequence[Shape]) -> Several | None:
    """Equations of which some are solved, as equations all; None for other items."""
    found: list[Shape] = []
    for item in items:
        if isinstance(item, Named) and isinstance(item.inner, Single) and item.name.head == "sym":
            found.append(Equation((item.name, item.inner.node)))
        elif isinstance(item, Equation):
            found.append(item)
        else:
            return None
    return Several(tuple(found)) if any(isinstance(item, Equation) for item in items) else None


def parts(items: Sequence[Shape]) -> Record:
    """Labelled parts, by the place of their labels."""
    return Record(tuple(Named(Node("words", text=f"{PART}{at}"), item) for at, item in enumerate(items, 1)))


def one_modulus(node: Node) -> Node:
    """``x \\equiv 1, 2 \\pmod 5``: the modulus of the last item is that of all."""
    last = node.args[-1]
    first = node.args[0]
    if last.head != "residue" or first.head != "rel" or first.text != "==" or first.args[1].head == "residue":
        return node

    def under(item: Node) -> Node:
        return item if item.head == "residue" else Node("residue", (item, last.args[1]))

    return node.mapped(
        tuple(
            Node("rel", (first.args[0], under(item.args[1] if item is first else item)), text="==")
            for item in node.args
        )
    )


def in_order(points: Sequence[Node]) -> list[Node]:
    """Points of the line from the lowest up; as they stand where their order is not known."""
    placed: list[tuple[mpf, Node]] = []
    for point in points:
        value = constant(point)
        if value is None or isinstance(value, mpc):
            return list(points)
        placed.append((real(value), point))
    return [point for _, point in sorted(placed, key=lambda pair: pair[0])]


def excluded(node: Node, words: Sequence[str]) -> Node | None:
    """The name and the points of ``x \\ne 0, 1`` as one list of inequations; None for any other list."""
    first = node.args[0]
    if first.head != "rel" or first.text != "!=" or set(words) - {",", "and", "or"}:
        return None
    if any(symbols(item) or item.has("rel", "group", "set", "words") for item in node.args[1:]):
        return None
    items = (first, *(Node("rel", (first.args[0], item), text="!=") for item in node.args[1:]))
    return Node("list", items, text=" ".join(["and"] * (len(items) - 1)))


def one_subject(items: Sequence[Shape], words: Sequence[str]) -> list[Reals]:
    """Conditions on one subject, of which some name a point or a set: ``a < 0 or a = 1``; [] for any others."""
    subject = next((item.subject for item in items if isinstance(item, Reals)), None)
    found: list[Reals] = []
    for item, word in zip(items, [words[0], *words], strict=True):
        if isinstance(item, Named) and item.name == subject and subject is not None:
            inner = item.inner
            if isinstance(inner, Reals) and inner.subject is None:
                found.append(Reals(inner.parts, subject))
                continue
            if isinstance(inner, Single) and word == "or" and constant(inner.node) is not None:
                found.append(Reals((Interval(inner.node, inner.node, (True, True)),), subject))
                continue
        if not isinstance(item, Reals) or item.subject != subject or subject is None:
            return []
        found.append(item)
    return found


def builder_family(node: Node) -> Family | None:
    """``\\{2k : k \\in \\mathbb{Z}\\}``: an expression in a whole parameter."""
    value, condition = node.args[0], node.args[-1]
    if (
        len(node.args) == 3
        and node.args[1].head == "rel"
        and node.args[1].text == "="
        and value == node.args[1].args[0]
    ):
        value = node.args[1].args[1]  # x such that x = 2k
    elif len(node.args) != 2 or value.head in ("rel", "sym", "group"):
        return None
    whole = condition.head == "rel" and condition.text == "in" and condition.args[1].head == "named"
    if not whole or condition.args[0].head != "sym" or condition.args[1].text[0] not in "ZN":
        return None
    return Family((value,), condition.args[0].text, condition.args[1].text)
