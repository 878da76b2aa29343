"""Whether an answer is the reference, once both are read: kind by kind, with a reason for every no.

A verdict is never a guess: kinds that differ refute, except where one kind says what the other says (listed at
`across`). `quantity` compares single values; here are the kinds that are made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pidistill_math.comparing import quantity
from pidistill_math.comparing.comparable import is_point, kind, option_meant, options, plain
from pidistill_math.comparing.families import as_family, same_family
from pidistill_math.comparing.naming import (
    as_record,
    counts_in_order,
    in_order,
    of_another_index,
    own_index,
    parameter_renamed,
    renamed,
    renamed_constants,
    with_our_constant,
    with_symbols,
    without_open_parameter,
)
from pidistill_math.comparing.vectors import same_dress
from pidistill_math.meaning.domains import narrows
from pidistill_math.meaning.equality import equal
from pidistill_math.meaning.equations import (
    as_equation,
    curves,
    same_equations,
    same_region,
    same_relations,
    same_union,
)
from pidistill_math.meaning.found import Found, no, yes
from pidistill_math.meaning.intervals import normalized
from pidistill_math.meaning.kinds import (
    Equation,
    Family,
    Named,
    Ordered,
    Reals,
    Record,
    Relation,
    Several,
    Shape,
    Single,
    Under,
)
from pidistill_math.meaning.lists import PART
from pidistill_math.meaning.numeric import NoValue
from pidistill_math.meaning.real_sets import as_reals, counts_from, excludes_only, says_nothing
from pidistill_math.meaning.sequences import without_dots
from pidistill_math.meaning.shapes import is_name
from pidistill_math.question.asking import Question
from pidistill_math.question.forms_asked import given
from pidistill_math.reading.syntax import Node, sym, symbols

_MOST: Final = 100
"""Items of the longest list compared."""
_AXES: Final = frozenset(map(sym, "xyz"))
"""Names of coordinates, of which the order is known."""


@dataclass(frozen=True)
class Comparison:
    """How to compare: the question, and whether unevaluated answers are worked out."""

    question: Question
    lenient: bool = False
    within: bool = False
    """Whether a labelled part is compared, in which the labels of the question order nothing."""

    def same(self, ours: Shape, theirs: Shape) -> Found:
        """Whether `theirs` is the answer `ours`. Raises `TooLarge` where a number cannot be computed."""
        ours, theirs = plain(ours), plain(theirs)
        if isinstance(ours, Under) or isinstance(theirs, Under):
            return self.under(ours, theirs)
        if isinstance(ours, Named) or isinstance(theirs, Named):
            return self.named(ours, theirs)
        if (dressed := same_dress(ours, theirs, self.question)) is not None:
            ours, theirs = dressed
        if (wanted := options(ours)) and wanted == options(theirs) and self.question.asks_for_options():
            return yes("choice")
        if (option := option_meant(ours, theirs, self.question)) is not None:
            if isinstance(option, Several) and isinstance(theirs, Several):
                return self.one_by_one(option.items, theirs.items)
            return self.same(option, theirs)
        if isinstance(ours, Single) and isinstance(theirs, Single):
            theirs = with_our_constant(ours, theirs, self.question)
            if (pair := self.two_families(ours, theirs)) is not None:
                return same_family(*pair)
            return quantity.same(ours, theirs, self.question, self.lenient)
        if isinstance(ours, Several) and isinstance(theirs, Several):
            return self.several(ours.items, theirs.items)
        if isinstance(ours, Ordered) and isinstance(theirs, Ordered):
            return self.ordered(ours, theirs)
        if isinstance(ours, Record) and isinstance(theirs, Record):
            return self.records(ours, theirs)
        if isinstance(ours, Family) and isinstance(theirs, Family):
            return same_family(ours, theirs)
        if isinstance(ours, Equation) and isinstance(theirs, Equation):
            return same_equations(ours, theirs)
        if isinstance(ours, Relation) and isinstance(theirs, Relation):
            return same_relations(ours, theirs)
        if isinstance(ours, Reals) or isinstance(theirs, Reals):
            return self.reals(ours, theirs)
        return self.across(ours, theirs)

    def across(self, ours: Shape, theirs: Shape) -> Found:
        """Kinds that differ and may yet say one thing: one value in a list of one, a record and its values."""
        for one, other, swapped in ((ours, theirs, False), (theirs, ours, True)):
            if isinstance(one, Several) and len(one.items) == 1 and not isinstance(other, Several):
                inner = one.items[0]
                if isinstance(inner, Several):
                    return no("a set inside a set")
                return self.same(other, inner) if swapped else self.same(inner, other)
            if isinstance(one, Several) and swapped and isinstance(other, Single):
                forms = {item.node for item in one.items if isinstance(item, Single)}
                if len(forms) == len(one.items) and all(self.same(other, item).same for item in one.items):
                    return yes("value")  # one value in several forms
            if isinstance(one, Record):
                return self.record(one, other, swapped)
            if (pair := self.two_families(one, other)) is not None:
                return same_family(*(pair[::-1] if swapped else pair))
            if isinstance(one, Ordered) and isinstance(other, Single) and other.node.head == "matrix":
                vector = one.brackets == "<>" or (one.brackets == "()" and self.question.asks_for_a_vector())
                if vector and other.node.text.startswith("1x") != other.node.text.endswith("x1"):
                    cells = Ordered(tuple(map(Single, other.node.args)), one.brackets)
                    return self.ordered(*((cells, one) if swapped else (one, cells)))
            if isinstance(one, Family) and isinstance(other, Single | Several):
                items = other.items if isinstance(other, Several) else (other,)
                nodes = [item.node for item in items if isinstance(item, Single)]
                if len(nodes) == len(items) and any(one.parameter in symbols(node) for node in nodes):
                    return same_family(one, replace(one, items=tuple(nodes)))
        return no(f"{kind(theirs)}, where the reference is {kind(ours)}")

    def two_families(self, ours: Shape, theirs: Shape) -> tuple[Family, Family] | None:
        """Values in whole parameters of two names, or of which one does not say that it is whole."""
        if isinstance(ours, Single) and isinstance(theirs, Single) and symbols(ours.node) == symbols(theirs.node):
            return None
        pair = [as_family(part, self.question) for part in (ours, theirs)]
        return (pair[0], pair[1]) if pair[0] is not None and pair[1] is not None else None

    # --- names

    def free_constants(self, ours: Named, theirs: Shape) -> Shape | None:
        """A function's value with its free constants named as in the reference's; None where that is not the value."""
        for candidate in renamed_constants(ours, theirs, self.question):
            if self.same(ours.inner, candidate).same:
                return candidate
        return None

    def named(self, ours: Shape, theirs: Shape) -> Found:
        """Names that agree, or of which one is left out."""
        if isinstance(ours, Record) or isinstance(theirs, Record):
            left, right = (as_record(part) or part for part in (ours, theirs))
            if isinstance(left, Record) and isinstance(right, Record):
                return self.records(left, right)
        if (found := same_union(ours, theirs)) is not None:
            return found
        if (apart := curves(ours, theirs)) is not None:
            return self.several(*apart)
        if isinstance(ours, Named) and isinstance(theirs, Named):
            if not (is_name(ours.name) and is_name(theirs.name)) and ours.name != theirs.name:
                pair = [as_equation(part) for part in (ours, theirs)]
                if pair[0] is None or pair[1] is None:
                    return no("another name than the reference's")
                return same_equations(pair[0], pair[1])
            names = renamed(ours.name, theirs.name)
            if names is None:
                pair = [as_equation(part) for part in (ours, theirs)]
                if pair[0] is not None and pair[1] is not None and all(symbols(part.sides[1]) for part in pair if part):
                    return same_equations(pair[0], pair[1])
                return no("another name or variable than the reference's")
            if narrows(theirs.name, ours.inner, theirs.inner):
                return no("a function of fewer numbers than the reference's")
            values = theirs.inner.items if isinstance(theirs.inner, Several) else (theirs.inner,)
            held = frozenset().union(*(symbols(value.node) for value in values if isinstance(value, Single)))
            if any(old not in held and new.text != old and new.text in held for old, new in names.items()):
                return no("a function of another letter than the one in its value")
            inner = with_symbols(theirs.inner, names)
            if (constants := self.free_constants(ours, inner)) is not None:
                inner = constants
            if ours.name.head == theirs.name.head == "group" and isinstance(inner, Ordered):
                inner = in_order(ours.name, theirs.name, inner)
            return self.same(ours.inner, inner)
        if isinstance(ours, Named):
            if isinstance(theirs, Record) and isinstance(ours.inner, Ordered | Several):
                return self.same(ours.inner, theirs)
            if isinstance(theirs, Equation):
                line = isinstance(ours.inner, Single) and self.question.asks_for_an_equation()
                if isinstance(ours.inner, Single) and (line or symbols(ours.inner.node)):
                    return self.same(Equation((ours.name, ours.inner.node)), theirs)
                return no("an equation that is not solved, where the reference names a value")
            if isinstance(theirs, Reals) and theirs.subject not in (None, ours.name):
                return no("another variable than the reference's")
            if narrows(ours.name, ours.inner, theirs):
                return no("a function of fewer numbers than the reference's")
            return self.same(ours.inner, theirs)
        assert isinstance(theirs, Named)
        theirs = own_index(ours, theirs, self.question)
        if of_another_index(theirs, self.question):
            return no("a term of another index than the letter in its value")
        if isinstance(ours, Ordered) and theirs.name.head == "group" and {*theirs.name.args} <= _AXES:
            if (record := as_record(theirs)) is not None:
                return self.same(ours, record)
        if isinstance(ours, Equation):
            if isinstance(theirs.inner, Single):
                return self.same(ours, Equation((theirs.name, theirs.inner.node)))
            return no(f"{kind(theirs.inner)}, where the reference is an equation")
        if isinstance(ours, Reals) and ours.subject is not None and ours.subject != theirs.name:
            return no("another variable than the reference's")
        if isinstance(ours, Record):
            return no("one name, where the reference has several")
        if theirs.name.head == "group" and isinstance(theirs.inner, Ordered):
            for asked in self.question.asked:
                if asked.head == "group" and set(asked.args) == set(theirs.name.args):
                    theirs = Named(asked, in_order(asked, theirs.name, theirs.inner))
        if reason := self.question.other_than_asked(theirs.name):
            return no(reason)
        if narrows(theirs.name, ours, theirs.inner):
            return no("a function of fewer numbers than the reference's")
        return self.same(ours, theirs.inner)

    def under(self, ours: Shape, theirs: Shape) -> Found:
        """Conditions: those of an answer must be the reference's; a reference's may be left out."""
        inner = [part.inner if isinstance(part, Under) else part for part in (ours, theirs)]
        found = self.same(*inner)
        if not found.same or not isinstance(theirs, Under):
            return found
        if not isinstance(ours, Under):
            if as_family(ours.inner if isinstance(ours, Named) else ours, self.question) is not None:
                return no("a parameter of another domain than the reference's")
            originals = given(self.question.text)
            if all(
                says_nothing(part) or counts_from(part, theirs.inner) or excludes_only(part, theirs.inner, originals)
                for part in theirs.conditions
            ):
                return found
            return no("a condition that the reference does not have")
        conditions = self.several(ours.conditions, theirs.conditions)
        return found if conditions.same else no("other conditions than the reference's")

    # --- several values

    def several(self, ours: Sequence[Shape], theirs: Sequence[Shape]) -> Found:
        """Without order: each has its partner. Written repeats count only where nothing else is there."""
        if len(ours) > _MOST or len(theirs) > _MOST:
            return no(f"more than {_MOST} items")
        if (counts := counts_in_order(ours, theirs, self.question)) is not None:
            return self.one_by_one(ours, counts)
        if any(isinstance(item, Single) and item.node.head == "dots" for item in (*ours, *theirs)):
            return self.one_by_one(without_dots(ours), without_dots(theirs))
        if self.question.asks_for_an_order() or (not self.within and self.question.has_parts()):
            return self.one_by_one(ours, theirs)
        if len(theirs) > 2 * len(ours) + 2:
            return no("more items than the reference has")
        left, right = self.distinct(ours), self.distinct(theirs)
        if len(left) != len(right) or (len(left) == 1 and len(ours) != len(theirs)):
            return no(f"{len(right)} items, where the reference has {len(left)}")
        used: set[int] = set()
        rule, reason = "list", ""
        for item in left:
            for index, other in enumerate(right):
                if index in used or isinstance(item, Several) is not isinstance(other, Several):
                    continue
                found = self.same(item, other)
                if found.same:
                    used.add(index)
                    break
                reason = found.reason
            else:
                return no(reason if len(left) == 1 else "an item that the reference does not have")
        return yes(rule)

    def distinct(self, items: Sequence[Shape]) -> list[Shape]:
        """The items without those that are spelt alike or are one value."""
        kept: list[Shape] = []
        for item in items:
            if item not in kept and not any(self.repeat(item, other) for other in kept):
                kept.append(item)
        return kept

    def repeat(self, item: Shape, other: Shape) -> bool:
        if isinstance(item, Single) and isinstance(other, Single) and item.node.head != "words":
            try:
                return item.node.unit == other.node.unit and equal(item.node, other.node)
            except NoValue:
                return False
        return False

    def one_by_one(self, ours: Sequence[Shape], theirs: Sequence[Shape]) -> Found:
        """In order."""
        if len(ours) != len(theirs):
            return no(f"{len(theirs)} items, where the reference has {len(ours)}")
        for item, other in zip(ours, theirs, strict=True):
            found = self.same(item, other)
            if not found.same:
                return found
        return yes("tuple")

    def ordered(self, ours: Ordered, theirs: Ordered) -> Found:
        """Tuples, or intervals, by their items; brackets of pairs must agree, since they may be intervals."""
        square = {ours.brackets, theirs.brackets} == {"()", "[]"}
        if len(ours.items) == 2 and square:
            return no("other ends belong to the interval than to the reference's")
        found = self.one_by_one(ours.items, theirs.items)
        if found.same and len(ours.items) == 2 and {ours.brackets, theirs.brackets} == {"<>", "[]"}:
            return no("a vector and an interval")
        return found

    def records(self, ours: Record, theirs: Record) -> Found:
        """By name."""
        theirs = parameter_renamed(ours, without_open_parameter(theirs), self.question)
        left, right = ({part.name: part.inner for part in record.parts} for record in (ours, theirs))
        if set(left) != set(right) and any(part.name.text.startswith(PART) for part in (*ours.parts, *theirs.parts)):
            inside = replace(self, within=True)
            return inside.one_by_one(*([part.inner for part in record.parts] for record in (ours, theirs)))
        if set(left) != set(right):
            return no("other names than the reference's")
        part = replace(self, within=True)
        for name, inner in left.items():
            found = part.same(inner, right[name])
            if not found.same:
                return found
        return yes("names")

    def record(self, record: Record, other: Shape, swapped: bool) -> Found:
        """Names with values against values alone, in the order given, or of the alphabet where a tuple is meant."""
        if isinstance(other, Ordered) and self.question.asks_for_an_interval() and other.brackets == "()":
            return no("names with values, where an interval is asked for")
        if swapped and isinstance(other, Several) and len({*map(self.question.speaks_of, record.parts)}) > 1:
            return no("values of names that the question does not have")
        inner = [part.inner for part in record.parts]
        names = [part.name.text for part in record.parts]
        if isinstance(other, Several | Ordered) and len(other.items) == len(inner):
            stems = {name.split("_")[0] for name in names}
            if isinstance(other, Several) and len(stems) == 1 and all(part.name.head == "sym" for part in record.parts):
                return self.several(other.items, inner) if swapped else self.several(inner, other.items)
            if swapped and (order := self.question.order(names)):
                inner = [inner[names.index(name)] for name in order]
            elif swapped and all(len(name) == 1 for name in names):
                inner = [part.inner for part in sorted(record.parts, key=lambda part: part.name.text)]
            return self.one_by_one(other.items, inner) if swapped else self.one_by_one(inner, other.items)
        return no(f"{kind(record if swapped else other)}, where the reference is {kind(other if swapped else record)}")

    # --- sets of reals

    def reals(self, ours: Shape, theirs: Shape) -> Found:
        """Sets of reals in any dress; pairs in brackets count as the intervals that they may be."""
        if isinstance(ours, Ordered) and self.question.asks_for_a_point():
            return no("a set of reals, where a pair is asked for")
        if (
            isinstance(theirs, Reals)
            and theirs.subject is not None
            and self.question.asks_for_the_range_over(theirs.subject)
        ):
            return no("values of the argument, where the question asks for the range")
        if (region := same_region(ours, theirs)) is not None:
            return region
        left, right = as_reals(ours), as_reals(theirs)
        if left is None or right is None:
            for one, other, swapped in ((left, theirs, False), (right, ours, True)):
                if one is not None and len(one.parts) == 1 and is_point(one.parts[0]):
                    value = Single(one.parts[0].low)
                    if isinstance(other, Single):
                        return self.same(other, value) if swapped else self.same(value, other)
            return no(f"{kind(theirs)}, where the reference is {kind(ours)}")
        if left.subject is not None and right.subject is not None and left.subject != right.subject:
            return no("another variable than the reference's")
        a, b = normalized(left.parts), normalized(right.parts)
        if a is None or b is None or len(a) != len(b):
            return no("another set than the reference")
        for mine, yours in zip(a, b, strict=True):
            if mine.ends != yours.ends:
                return no("other ends belong to the set than to the reference's")
            for end, end_of_other in ((mine.low, yours.low), (mine.high, yours.high)):
                if not self.end(end, end_of_other):
                    return no("another end than the reference's")
        return yes("set")

    def end(self, ours: Node, theirs: Node) -> bool:
        if ours == theirs:
            return True
        return quantity.same(Single(ours), Single(theirs), self.question, self.lenient).same
