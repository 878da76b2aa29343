"""What kind of answer a tree is: a value, a collection, a tuple, a set of reals, an equation, a name with its value.

The kinds are compared by `compare`; here stand the rules of meaning that need no second answer:

* ``name = value`` stands for the value where the left side is a name, or is what the question asks for. ``2x = 5``,
  ``|x| = 5`` and ``6 = 5`` are equations and relations, and never a value.
* A chain of equals signs must be true from its name on; a tautology of two numerals says nothing.
* Inequalities of one subject, intervals, and sets described by them are all sets of reals.
* ``n = 2, 3`` and ``x = 1 or x = 2`` are several values of one name; ``x = 1, y = 2`` is a tuple by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Final, TypeAlias

from pidistill_math.meaning import lists
from pidistill_math.meaning.chains import all_equal, converted, numeral, rounds_to, solved, stated_side
from pidistill_math.meaning.equality import constant
from pidistill_math.meaning.intervals import complement, joined_reals, met, normalized, without
from pidistill_math.meaning.kinds import (
    INFINITY,
    LOWEST,
    Equation,
    Interval,
    Named,
    Ordered,
    Reals,
    Relation,
    Several,
    Shape,
    Single,
)
from pidistill_math.meaning.real_sets import as_interval, distance, interval, named_reals, negated
from pidistill_math.meaning.residues import congruent, remainder_of
from pidistill_math.reading.syntax import Node, Unreadable, sym, symbols

Accepts: TypeAlias = Callable[[Node], bool]
"""Whether the left side of an equation that is no plain name may be named by it: the question asks for it."""

_MOST_SIGNS: Final = 4
_ORDER: Final = {"<", "<=", ">", ">="}
_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def shape(node: Node, accepts: Accepts = lambda name: False) -> Shape:
    """The kind of answer that a tree is. Raises `Unreadable` where it contradicts itself or says nothing."""
    match node.head:
        case "rel":
            return _relation(node, accepts)
        case "list":
            return _listing(node, accepts)
        case "set":
            items = [shape(item, accepts) for item in node.args]
            return Several(lists.several(items).items, braces=True)
        case "group":
            return _group(node, accepts)
        case "cases":
            return Single(node)
        case "parts":
            return lists.parts([shape(part, accepts) for part in node.args])
        case "builder":
            return _builder(node, accepts)
        case "setop" | "named":
            reals = _reals(node)
            return reals if reals is not None else Single(node)
        case "choice" if len(node.args) == 1 and node.args[0].head in ("list", "rel"):
            shape(node.args[0], accepts)
    if (
        node.head == "call"
        and len(node.args) > 1
        and len(node.text) == 3
        and node.text[0].isupper()
        and not symbols(node)
    ):
        return Named(sym(node.text[0]), Ordered(tuple(shape(arg, accepts) for arg in node.args), "()"))
    if node.head == "add" and any(arg.has("named", "set") for arg in node.args):
        return _difference(node)
    if node.has("pm"):
        return Several(tuple(Single(one) for one in signs(node)))
    if node.head != "choice" and node.has("rel", "list"):
        raise Unreadable("a relation or a list inside an expression")
    return Single(node)


def signs(node: Node) -> list[Node]:
    """The expressions that plus-minus signs stand for: upper signs together, then lower ones."""
    which = sorted({int(part.number) for part in node.walk() if part.head == "pm"})
    if len(which) > _MOST_SIGNS:
        raise Unreadable("more plus-minus signs than an answer has")
    found = []
    for choice in product((1, -1), repeat=len(which)):
        upper = dict(zip(which, choice, strict=True))

        def chosen(part: Node, upper: dict[int, int] = upper) -> Node:
            args = tuple(chosen(arg) for arg in part.args)
            if part.head != "pm":
                return part.mapped(args)
            sign = upper[int(part.number)] * (1 if part.text == "+" else -1)
            return args[0] if sign > 0 else Node("neg", args)

        found.append(chosen(node))
    return list(dict.fromkeys(found))


# --- names -----------------------------------------------------------------------------------------------------------


def is_name(node: Node) -> bool:
    """Whether a left side is a name by itself: a symbol, a function of symbols, a word, a segment, an angle."""
    match node.head:
        case "sym" | "words" | "angle" | "over":
            return True
        case "const":
            return node.text in ("e", "i")
        case "call" if node.text.endswith(("()", "_")) or node.text in (
            "det",
            "deg",
            "rank",
            "dim",
            "Re",
            "Im",
            "arg",
            "tr",
            "max",
            "min",
        ):
            return True
        case "call" if node.text == "abs":
            return _is_segment(node.args[0]) or (node.args[0].head == "sym" and node.args[0].text[0].isupper())
        case "group":
            return all(map(is_name, node.args))
        case "mul":
            return _is_segment(node) or (
                len(node.args) == 2 and node.args[0].text == "m" and node.args[1].head == "angle"
            )
        case "ratio":
            return all(map(is_name, node.args))
        case "setop":
            return all(arg.head == "sym" for arg in node.args)
        case "div" if all(arg.head == "mul" and arg.args[0] == sym("d") for arg in node.args):
            return True
        case "div":
            return all(_is_segment(arg) or (arg.head == "sym" and arg.text[0].isupper()) for arg in node.args)
    return False


def _is_segment(node: Node) -> bool:
    """Whether it is capitals side by side, as segments and polygons are named."""
    return node.head == "mul" and all(part.head == "sym" and part.text[0].isupper() for part in node.args)


def letters_only(node: Node) -> bool:
    """Whether an expression is made of symbols alone, without numerals: ``m+n``, ``xy``, ``\\sin A``."""
    if node.head == "call" and node.text in ("sin", "cos", "tan", "cot", "sec", "csc"):
        return node.args[0].head in ("sym", "angle")
    names = [part.text for part in node.walk() if part.head == "sym"]
    once = len(names) == len(set(names))
    return once and all(part.head in ("sym", "add", "mul", "div") for part in node.walk())


# --- relations -------------------------------------------------------------------------------------------------------


def _relation(node: Node, accepts: Accepts) -> Shape:
    found = node.text.split()
    if found == ["="] and node.has("pm") and not any(map(is_name, node.args)) and symbols(node):
        return Several(tuple(shape(one, accepts) for one in signs(node)))  # 2x \pm y = 0
    kinds = set(found)
    last = node.args[-1]
    if last.head == "residue" and kinds <= {"==", "="} and len(node.args) == 2:
        if is_name(node.args[0]):
            return Named(node.args[0], shape(last, accepts))
        return Single(last) if congruent(node.args[0], last) else Relation(node.args, tuple(found))
    if node.args[0].head == "residue" and found == ["="] and remainder_of(node.args[0]) == constant(last) is not None:
        return Single(last)
    if node.args[0].head == "dots" and found == ["~"]:
        return Single(last, about=True)
    if kinds <= {"=", "~", "=="}:
        return _chain(node, found, accepts)
    if kinds <= _ORDER and len(kinds & {"<", "<="}) != len(kinds & {">", ">="}):
        return _inequality(node.args, found)
    if found == ["!="]:
        return _unequal(*node.args)
    if found == ["in"] and node.args[0].head == "sym" and last.head == "group" and last.text != "<>":
        inner = shape(last, accepts)
        if isinstance(inner, Ordered) and (within := as_interval(inner)) is not None:
            return replace(within, subject=node.args[0])
    if found == ["in"]:
        return Named(node.args[0], shape(last, accepts)) if is_name(node.args[0]) else Relation(node.args, tuple(found))
    if found == [":"]:
        return Named(node.args[0], shape(last, accepts))
    return Relation(node.args, tuple(found))


def _chain(node: Node, found: list[str], accepts: Accepts) -> Shape:
    """Equals signs: a name with its value, a true chain, or equations."""
    sides = list(node.args)
    if len(sides) == 2 and not is_name(sides[0]) and is_name(sides[1]) and constant(sides[0]) is not None:
        sides.reverse()
    named = is_name(sides[0]) or (_open(sides[0]) and accepts(sides[0]))
    values = sides[1:] if named else sides
    if found[0] == "==" and not (named and sides[0].head == "call"):
        raise Unreadable("a congruence without its modulus")
    exact = [side for side, sign in zip(values, (["="] + found)[-len(values) :], strict=True) if sign != "~"]
    if named and solved(sides[0], values):
        if found[0] == "~" and len(values) == 1:
            return Named(sides[0], Single(values[0], about=True))
        if not all_equal(values, found[-len(values) + 1 :] if len(values) > 1 else []):
            if set(found) == {"="} and all(side.head == "sym" for side in sides[:-1]) and not symbols(sides[-1]):
                return lists.record([Named(side, shape(sides[-1], accepts)) for side in sides[:-1]])  # x = y = 2
            if set(found) == {"="} and all(side.head in ("angle", "over") for side in sides[:-1]):
                asked = next((side for side in sides[:-1] if accepts(side)), sides[0])
                return Named(asked, shape(sides[-1], accepts))  # \\angle B = \\angle C = 70^\\circ
            if (formula := _worked_out(values)) and set(found) == {"="}:
                return Named(sides[0], shape(formula, accepts))
            if not all(symbols(side) for side in values):
                raise Unreadable("a chain of equalities that is false")
            return Equation(tuple(sides))
        return Named(sides[0], _shown(shape(stated_side(exact or values), accepts), values[-1], found[-1]))
    if not named and all(constant(side) is not None or not symbols(side) for side in sides):
        if len(sides) == 2 and found == ["~"] and rounds_to(*sides):
            return Single(sides[0], shown=sides[1])
        if all(numeral(side) for side in sides):
            if set(found) == {"="} and converted(sides):
                return shape(sides[-1], accepts)
            raise Unreadable("numbers joined by a relation, which says nothing of the answer")
        if not all_equal(sides, found):
            raise Unreadable("a chain of equalities that is false")
        return _shown(shape(stated_side(exact), accepts), sides[-1], found[-1])
    if not named and len(sides) > 1 and set(found) == {"="} and sides[0] != sides[-1] and all_equal(sides, found):
        return shape(sides[-1], accepts)
    if "~" in found:
        raise Unreadable("an approximate equation")
    return Equation(tuple(sides))


def _worked_out(values: list[Node]) -> Node | None:
    """The value at the end of ``A = \\pi r^2 = 25\\pi``: a formula, then equal constants; None for any other chain."""
    constants = [side for side in values if not symbols(side)]
    formulas = values[: len(values) - len(constants)]
    if not constants or not formulas or any(not symbols(side) or side.head == "sym" for side in formulas):
        return None
    return constants[-1] if all_equal(constants, ["="] * len(constants)) else None


def _shown(found: Shape, last: Node, sign: str) -> Shape:
    """A value with the decimal that its chain ends in."""
    return replace(found, shown=last) if sign == "~" and isinstance(found, Single) and found.node != last else found


def _open(node: Node) -> bool:
    return bool(symbols(node)) or node.head in ("call", "words", "big")


# --- sets of reals ---------------------------------------------------------------------------------------------------


def _inequality(sides: tuple[Node, ...], found: list[str]) -> Shape:
    if found[0] in (">", ">="):
        sides, found = sides[::-1], [_FLIPPED[sign] for sign in reversed(found)]
    if not any(symbols(side) or side.has("words", "call") for side in sides):
        raise Unreadable("a relation between numbers")
    if len(sides) == 3 and is_name(sides[1]):
        return Reals((Interval(sides[0], sides[2], (found[0] == "<=", found[1] == "<=")),), sides[1])
    if len(sides) == 3 and sides[1].head == "call" and sides[1].text == "abs":
        ends = [distance((sides[0], sides[1]), found[0]), distance((sides[1], sides[2]), found[1])]
        if ends[0] is not None and ends[1] is not None:
            ring = joined_reals([ends[0], ends[1]], ["and"])
            return ring if ring is not None else Relation(sides, tuple(found))
    if len(sides) == 2 and (within := distance(sides, found[0])) is not None:
        return within
    if len(sides) == 2:
        left, right = sides
        if left.head == "neg" and is_name(left.args[0]) and not is_name(negated(right)):
            return _inequality((negated(right), left.args[0]), found)
        if right.head == "neg" and is_name(right.args[0]) and not is_name(negated(left)):
            return _inequality((right.args[0], negated(left)), found)
        closed = found[0] == "<="
        if is_name(left) and not (is_name(right) and not is_name(left)) and left.text not in symbols(right):
            return Reals((Interval(LOWEST, right, (False, closed)),), left)
        if is_name(right) and right.text not in symbols(left):
            return Reals((Interval(left, INFINITY, (closed, False)),), right)
    return Relation(sides, tuple(found))


def _unequal(left: Node, right: Node) -> Shape:
    if not is_name(left) or (is_name(right) and left == right):
        left, right = right, left
    if not is_name(left) or left.text in symbols(right):
        return Relation((left, right), ("!=",))
    points = lists.in_order(signs(right) if right.has("pm") else [right])
    return Reals(without(points), left)


def _group(node: Node, accepts: Accepts) -> Shape:
    if node.has("pm") and not node.has("rel", "list"):
        return Several(tuple(_group(one, accepts) for one in signs(node)))
    items = tuple(shape(item, accepts) for item in node.args)
    if node.text == "][":
        return interval(node.args[0], node.args[1], "()")
    if node.text in ("(]", "[)"):
        if len(node.args) != 2:
            raise Unreadable("brackets of two kinds around other than two ends")
        return interval(*node.args, node.text)
    if len(items) == 1:
        return items[0]
    if all(isinstance(item, Named) for item in items):
        return lists.record([item for item in items if isinstance(item, Named)])
    if len(node.args) == 2 and any(arg in (INFINITY, LOWEST) for arg in node.args) and node.text in ("()", "[]"):
        return interval(*node.args, node.text)
    return Ordered(items, node.text)


def _reals(node: Node) -> Reals | None:
    """The set of reals that a tree of set signs is; None where it is another set."""
    if node.head == "named":
        return named_reals(node.text)
    if node.head == "builder":
        inner = _builder(node, lambda name: False)
        return inner if isinstance(inner, Reals) else None
    if node.head == "set":
        if any(item.head not in ("group", "rel", "words") and item.has("pm") for item in node.args):
            node = node.mapped(tuple(one for item in node.args for one in signs(item)))
        if any(item.head in ("group", "rel", "words", "dots", "set") for item in node.args):
            return None
        return Reals(tuple(Interval(item, item, (True, True)) for item in node.args))
    if node.head == "group" and len(node.args) == 2 and node.text != "<>":
        return interval(*node.args, node.text)
    if node.head == "setop":
        parts = [_reals(arg) for arg in node.args]
        if any(part is None for part in parts):
            return None
        left, right = (part.parts for part in parts if part is not None)
        if node.text == "union":
            return Reals(left + right)
        normal = normalized(left), normalized(right)
        if normal[0] is None or normal[1] is None:
            return None
        joined = met(normal[0], normal[1] if node.text == "inter" else complement(normal[1]))
        return None if joined is None else Reals(joined)
    return None


def _difference(node: Node) -> Shape:
    """A set minus a set, written with a minus sign."""
    left, right = node.args[0], node.args[1]
    if len(node.args) != 2 or right.head != "neg":
        raise Unreadable("sets joined by a plus sign")
    return shape(Node("setop", (left, right.args[0]), text="minus"))


def _builder(node: Node, accepts: Accepts) -> Shape:
    if (family := lists.builder_family(node)) is not None:
        return family
    subject, given = node.args[0], node.args[1:]
    if len(given) > 1 and (apart := lists.excluded(Node("list", given), [","] * (len(given) - 1))) is not None:
        given = apart.args
    conditions = [shape(condition, accepts) for condition in given]
    if subject.head == "rel" and subject.text == "in":
        if not (subject.args[1].head == "named" and subject.args[1].text in ("R", "C")):
            conditions.insert(0, shape(subject, accepts))
        subject = subject.args[0]
    elif is_name(subject):
        full = Named(subject, Reals((Interval(LOWEST, INFINITY, (False, False)),)))
        conditions = [c for c in conditions if c != full] or [full]
    bare = [
        c.inner if isinstance(c, Named) and c.name == subject and isinstance(c.inner, Reals) else c for c in conditions
    ]
    if all(isinstance(c, Reals) and c.subject in (None, subject) for c in bare):
        joined = joined_reals([c for c in bare if isinstance(c, Reals)], ["and"] * (len(bare) - 1))
        if joined is not None:
            return Reals(joined.parts)
    if len(conditions) == 1 and isinstance(conditions[0], Named) and is_name(subject) and conditions[0].name == subject:
        return conditions[0].inner
    return Single(node)


def _listing(node: Node, accepts: Accepts) -> Shape:
    node, words = lists.one_modulus(node), ["," if word == "for" else word for word in node.text.split()]
    if (together := lists.mixture(node, words)) is not None:
        return together
    if (apart := lists.excluded(node, words)) is not None:
        node, words = apart, ["and"] * (len(apart.args) - 1)
    items = [shape(item, accepts) for item in node.args]
    if (family := lists.family(items)) is not None:
        return family
    if reals := lists.one_subject(items, words):
        if len({item.subject for item in reals}) == 1 and (joined := joined_reals(reals, words)) is not None:
            return joined
    if (under := lists.conditioned(items)) is not None:
        return under
    if (equations := lists.equations(items)) is not None:
        return equations
    names = [item.name if isinstance(item, Named) else None for item in items]
    if names[0] is not None and all(name is None for name in names[1:]) and isinstance(items[0], Named):
        return Named(names[0], lists.several([items[0].inner, *items[1:]]))
    if (counted := lists.counted_out(items)) is not None:
        return counted
    if any(name is not None for name in names[1:]) and not all(names):
        raise Unreadable("values with and without a name")
    if all(name is not None for name in names):
        return lists.record([item for item in items if isinstance(item, Named)], words)
    return lists.several(items)
