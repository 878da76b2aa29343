"""Quantities: an expression with its scale words and its unit, money, several units together, words for a value."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pidistill_math.reading import units
from pidistill_math.reading.expressions import Expressions
from pidistill_math.reading.letters import ORDINALS
from pidistill_math.reading.lexer import Token
from pidistill_math.reading.numbers import spelt_number
from pidistill_math.reading.syntax import Node, Unreadable, num, vocabulary
from pidistill_math.reading.units import Unit

RELATIONS: Final = {
    "=": "=", "<": "<", ">": ">", "lt": "<", "gt": ">", "le": "<=", "leq": "<=", "leqslant": "<=", "leqq": "<=",
    "ge": ">=", "geq": ">=", "geqslant": ">=", "geqq": ">=", "ne": "!=", "neq": "!=", "approx": "~", "simeq": "~",
    "equiv": "==", "in": "in", "notin": "notin", "subset": "sub", "subseteq": "sub", "cong": "cong", "sim": "sim",
    "to": "to", "mapsto": "to", "rightarrow": "to", "Rightarrow": "so", "implies": "so", "propto": "prop",
    "perp": "perp", "parallel": "parallel", "colon": ":", "iff": "iff", "Leftrightarrow": "iff", "doteq": "~",
}  # fmt: skip
_HIGHEST: Final = 4
"""Highest power of a unit."""
_CURRENCY: Final = {"$": "dollar", "euro": "euro", "pounds": "pound sterling", "yen": "yen"}
JOINING: Final = frozenset({"and", "or"})
NO_UNITS: Final = vocabulary(
    """is not if when where then plus minus twice half double times squared cubed more less than least most only or and
    but incorrect wrong maybe otherwise because since approximately"""
)
"""Words behind a number that are no counted thing even in a reference."""
_EACH: Final = frozenset({"a", "an", "each", "every"})
_NO_UNIT: Final = JOINING | {"mod", "for", "where", "with"}
_TEMPERATURE: Final = {"c": "celsius", "f": "fahrenheit", "celsius": "celsius", "fahrenheit": "fahrenheit"}


class Quantities(Expressions):
    """The grammar of quantities."""

    def __init__(self, tokens: list[Token], lenient_units: bool) -> None:
        super().__init__(tokens)
        self.lenient_units = lenient_units

    def quantity(self, closing: str = "") -> Node:
        """An expression with its unit, money, a name in words, or several quantities to be added."""
        token = self.token()
        if token is None:
            raise Unreadable("an end where a value should stand")
        if token.kind == "word":
            return self.worded()
        negative = self.peek() == "-" and self.peek(1) in _CURRENCY
        currency = _CURRENCY.get(self.peek(int(negative)), "")
        if currency:
            self.at += 1 + negative
            amount = self.sum()
            node = Node("quantity", (amount,), unit=Unit(currency, label=currency))
            node = Node("neg", (node,)) if negative else node
            return self.scaled_money(node, currency)
        node = self.with_unit(self.sum())
        if node.head != "quantity":
            return node
        parts = [node]
        while (token := self.token()) is not None and token.kind == "num" and parts[-1].head == "quantity":
            parts.append(self.with_unit(self.factor()))
        if len(parts) == 1:
            return node
        if any(part.head != "quantity" for part in parts):
            raise Unreadable("a number behind a unit")
        return Node("mixture", tuple(parts))

    def scaled_money(self, node: Node, currency: str) -> Node:
        """Money with a scale word, or with its currency named again."""
        inner = node.args[0] if node.head == "neg" else node
        if self.peek() == "/" or ((token := self.token()) is not None and token.text == "per"):
            self.at += 1
            made = replace(inner, unit=units.per(Unit(currency, label=currency), self.unit()))
            return Node("neg", (made,)) if node.head == "neg" else made
        behind = self.with_unit(inner.args[0])
        if behind.head == "quantity":
            if behind.unit is None or behind.unit.dimension != currency or behind.unit.scale != 1:
                raise Unreadable("two units of one amount")
            return node
        made = replace(inner, args=(behind,))
        return Node("neg", (made,)) if node.head == "neg" else made

    def worded(self) -> Node:
        """Words where a value should stand: a number in words, or the name of what follows an equals sign."""
        start = self.at
        while (token := self.token()) is not None and token.kind == "word" and token.text.lower() not in JOINING:
            self.at += 1
        if self.at == start:
            raise Unreadable(f"the word {self.tokens[start].text!r} where a value should stand")
        if all(token.text.lower() in _NAMING for token in self.tokens[start : self.at]):
            self.named_by_letters()
        if self.peek() in (*RELATIONS, ":") and (
            changing := next(
                (t for t in self.tokens[start + self.names_a_result(start) : self.at] if _changes(t)), None
            )
        ):
            raise Unreadable(f"the word {changing.text!r}")
        text = joined_words(self.tokens[start : self.at])
        if (self.peek() in RELATIONS or self.peek() == ":") and self.peek():
            if self.peek() == ":":
                self.tokens = [*self.tokens]
                self.tokens[self.at] = replace(self.tokens[self.at], text="=")
            return Node("words", text=text.lower())
        following = self.token()
        if following is not None and not (following.text in (",", ";", ")") or following.text.lower() in JOINING):
            raise Unreadable(f"the word {self.tokens[start].text!r}")
        return word_value(text)

    def names_a_result(self, start: int) -> bool:
        """Whether a name begins as that of a result does, which changes nothing behind it: 'Sum of the roots ='."""
        return start == 0 and self.peek() == "=" and self.tokens[0].text.lower() in _RESULTS

    def named_by_letters(self) -> None:
        """Take the letters that end a name in words, where an equals sign follows: 'Area of ABC ='."""
        at = self.at
        while (token := self.token()) is not None and (token.kind == "letter" or token.text in ("triangle", "angle")):
            self.at += 1
        if self.peek() != "=":
            self.at = at

    def with_unit(self, node: Node) -> Node:
        """`node` with the scale words and the unit that follow it."""
        if node.head == "neg" and node.args[0].head == "degree":
            inner = self.with_unit(node.args[0])
            return Node("neg", (inner,)) if inner is not node.args[0] else node
        while (token := self.token()) is not None:
            if token.kind == "word" and (factor := units.scale(token.text)) is not None:
                self.at += 1
                node = _scaled(node, factor)
            elif token.kind == "word" and token.text.lower() in ("percent", "pct", "percentage"):
                self.at += 1
                following = self.token()
                if following is not None and following.kind == "word" and following.text.lower() == "points":
                    self.at += 1
                node = Node("percent", (node,))
            elif self.unit_fraction() and node.head != "quantity":
                return self.quotient(node)
            elif token.kind == "word" and token.text in ORDINALS and not token.gap and node.head == "num":
                self.at += 1
            elif node.head == "num" and token.text in ("'", "''", '"') and token.kind == "op" and self.feet():
                self.at += 1
                doubled = token.text != "'" or self.skip("'")
                return Node("quantity", (node,), unit=units.INCH_MARK if doubled else units.measure("foot"))
            elif token.kind in ("cmd", "op") and token.text in _CURRENCY and node.head == "num":
                self.at += 1
                return Node("quantity", (node,), unit=Unit(_CURRENCY[token.text], label=_CURRENCY[token.text]))
            elif token.text == "cents" and token.kind == "cmd":
                self.at += 1
                return Node("quantity", (node,), unit=units.measure("cents"))
            elif token.kind == "word" and token.text.lower() not in _NO_UNIT:
                return self.measured(node)
            elif node.head == "degree" and token.kind == "letter" and token.text in "CF":
                self.at += 1
                name = "celsius" if token.text == "C" else "fahrenheit"
                return Node("quantity", node.args, unit=Unit(name, label=name))
            elif token.kind == "letter" and token.style != "math" and units.measure(token.text) and token.gap:
                return self.measured(node)
            else:
                return node
        return node

    def feet(self) -> bool:
        """Whether quotes are feet and inches: inches behind feet, or feet with inches to come."""
        if self.peek() != "'":
            return (self.at > 2 and self.tokens[self.at - 2].text == "'") or self.token(1) is None
        return (token := self.token(1)) is not None and token.kind == "num" and self.peek(2) in ("'", "''", '"')

    def measured(self, node: Node) -> Node:
        """`node` with the unit whose words come; several words make one unit."""
        unit = self.unit()
        if "^-" in unit.dimension and not unit.dimension.startswith("time"):
            raise Unreadable(f"the unit {unit.label!r}")
        while True:
            if unit.dimension == "angle" and (token := self.token()) and token.text.lower() in _TEMPERATURE:
                self.at += 1
                unit = Unit(_TEMPERATURE[token.text.lower()], label=token.text)
            elif self.per_ahead():
                self.at += 1
                unit = units.per(unit, self.unit())
            elif self.peek() in ("cdot", "*") and (token := self.token(1)) and token.style != "math":
                self.at += 1
                other = self.unit()
                unit = units.times(unit, other)
            elif (token := self.token()) is not None and token.kind == "word" and units.ends_a_unit(token.text):
                self.at += 1
            elif token is not None and token.style != "math" and units.measure(token.text):
                other = self.unit()
                if "^-" not in other.dimension and not _multiplied(unit, other):
                    raise Unreadable(f"the word {other.label!r} behind a unit")
                unit = units.times(unit, other)
            else:
                break
        if node.head == "degree":
            raise Unreadable(f"the word {unit.label!r} behind a degree sign")
        return Node("quantity", (node,), unit=unit)

    def per_ahead(self) -> bool:
        """Whether a stroke or a word comes that puts a unit under another: 'per week', 'a week', 'each week'."""
        token, following = self.token(), self.token(1)
        if token is None or token.text == "/" or (token.kind == "word" and token.text == "per"):
            return token is not None
        return token.text.lower() in _EACH and following is not None and units.measure(following.text) is not None

    def quotient(self, node: Node) -> Node:
        """`node` with a unit that is written as a fraction."""
        self.take()
        parts = []
        for _ in range(2):
            self.take("{")
            parts.append(self.unit())
            self.take("}")
        return Node("quantity", (node,), unit=units.per(*parts))

    def unit(self) -> Unit:
        """One unit with its power."""
        exponent = 1
        token = self.take_word()
        while token.text.lower().rstrip(".") in units.PREFIXES or token.text.lower() in units.MODIFIERS:
            exponent = {"sq": 2, "square": 2, "cu": 3, "cubic": 3}.get(token.text.lower().rstrip("."), exponent)
            following = self.token()
            if following is None or following.kind != "word":
                break
            token = self.take_word()
        name = token.text.rstrip(".") if units.measure(token.text) is None else token.text
        unit = units.measure(name) or units.counted(name)
        if unit is None or (exponent > 1 and unit.dimension.startswith("count ")):
            if not self.lenient_units or self.at < len(self.tokens) or token.text.lower() in NO_UNITS:
                raise Unreadable(f"the word {token.text!r}")
            unit = units.unknown(name)
        following = self.token()
        if unit.dimension.startswith("count") and following and following.kind == "word":
            further = units.counted(following.text)
            if further is not None:
                self.at += 1
                unit = further
        if self.peek() == "^":
            self.take("^")
            braced = self.skip("{")
            sign = -1 if self.skip("-") else 1
            exponent = sign * int(self.plain().number)
            if not 1 <= abs(exponent) <= _HIGHEST:
                raise Unreadable(f"the power {exponent} of a unit")
            if braced:
                self.take("}")
        elif following is not None and following.kind == "num" and not following.gap and following.text in ("2", "3"):
            self.at += 1
            exponent = int(following.text)
        if exponent > 1 and unit.dimension == units.ANYTHING:
            return units.power(unit, exponent)
        if exponent != 1 and unit.dimension.startswith("count"):
            raise Unreadable(f"a power of {unit.label!r}")
        return units.power(unit, exponent)

    def take_word(self) -> Token:
        token = self.token()
        if token is None or not (token.kind == "word" or (token.kind == "letter" and units.measure(token.text))):
            raise Unreadable("a unit that is missing")
        self.at += 1
        return token


_NAMING: Final = vocabulary(
    """the of a an area perimeter circumference volume surface length width height radius diameter distance angle
    slope side value values measure probability triangle circle square rectangle quadrilateral polygon segment
    line arc sector point degree remainder coefficient number period range domain mean median mode expected
    total answer"""
)
"""Words that may stand before the letters of a name: 'Area of triangle ABC = 24'."""
_RESULTS: Final = frozenset({"sum", "product", "difference", "quotient"})
CHANGING: Final = NO_UNITS | vocabulary(
    "no never negative root square cube about sum difference product reciprocal opposite except without neither nor"
)
"""Words that change what stands beside them: in no name, and not beside an option's letter."""


def _multiplied(unit: Unit, other: Unit) -> bool:
    """Whether two units side by side are multiplied: two symbols of different dimensions, ``N m``."""
    short = all(len(part.label.rpartition(" ")[2].partition("^")[0]) <= 2 for part in (unit, other))
    return short and unit.dimension != other.dimension and other.dimension != units.ANYTHING


def _changes(token: Token) -> bool:
    return token.text.lower() in CHANGING


def _scaled(node: Node, factor: int) -> Node:
    if node.head == "num":
        return num(node.number * factor, "scaled")
    return Node("mul", (node, num(factor)), text="scale")


def joined_words(found: list[Token]) -> str:
    """Words with one space between those that had any."""
    text = ""
    for token in found:
        text += (" " if text and token.gap else "") + token.text
    return re.sub(r"\s+", " ", text).strip(" .\"'")


def word_value(text: str) -> Node:
    """Words, or the number or set that they say."""
    if (value := spelt_number(text)) is not None:
        return num(value, "worded")
    if text.lower() in ("infinity", "positive infinity", "negative infinity"):
        infinity = Node("const", text="oo")
        return Node("neg", (infinity,)) if text.lower().startswith("neg") else infinity
    named = {"no solution": "empty", "no solutions": "empty", "the empty set": "empty", "empty set": "empty",
             "does not exist": "none", "dne": "none", "undefined": "none",
             "no solution exists": "empty", "no solutions exist": "empty",
             "no real solution": "empty", "no real solutions": "empty", "all real numbers": "R", "all reals": "R",
             "all integers": "Z", "all real": "R", "none": "empty"}  # fmt: skip
    if (name := named.get(text.lower())) is not None:
        return Node("named", text=name)
    return Node("words", text=text)
