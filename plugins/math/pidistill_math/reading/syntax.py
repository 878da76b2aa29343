"""What an answer is once it is read: a tree of nodes of a closed list of heads, and the one error of reading.

A node says what was written, not what it is worth: `numeric` computes, `shapes` says what kind of answer a tree is, and
`policy` asks whether it is a final form. Trees are small, frozen and hashable, so two spellings that read alike are
one tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pidistill_math.reading.units import Unit

_NONE: Final = Fraction(0)


class Unreadable(Exception):
    """Part of a text is in no grammar of ours; the message names the part and never guesses at its meaning."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `head` is what it is; which of the other fields it uses stands in `HEADS`."""

    head: str
    args: tuple[Node, ...] = ()
    number: Fraction = _NONE
    text: str = ""
    unit: Unit | None = None

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.args)

    def has(self, *heads: str) -> bool:
        """Whether a node of one of `heads` is in the tree."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.head in heads:
                return True
            stack.extend(node.args)
        return False

    def mapped(self, args: tuple[Node, ...]) -> Node:
        """The same node over other arguments."""
        return self if args == self.args else replace(self, args=args)


HEADS: Final = {
    "num": "a numeral: number, and in text how it was written (plain, decimal:N, mixed, repeating, scientific)",
    "numeral": "digits (text) in a stated base (number)",
    "sym": "a variable or constant of no known value: text",
    "const": "pi, e, i, oo: text",
    "neg": "minus args[0]",
    "add": "a sum of args",
    "mul": "a product of args; text is 'dot' where a product sign was written",
    "div": "args[0] over args[1]",
    "pow": "args[0] to the power args[1]",
    "root": "the args[1]-th root of args[0]",
    "call": "the function text of args",
    "fact": "the factorial of args[0]; text '!!' is the double one",
    "binom": "args[0] choose args[1]",
    "pm": "plus or minus args[0]; text '+' or '-', number says which sign of the expression it goes with",
    "degree": "args[0] degrees",
    "percent": "args[0] percent",
    "big": "a sum, product, integral or limit: text 'sum:k', args body, from, to",
    "matrix": "cells row by row; text is '2x3'",
    "group": "several items in brackets; text is the pair of brackets",
    "parts": "labelled parts of an answer in the order of their labels",
    "set": "several items in braces",
    "builder": "all args[0] for which args[1:] hold",
    "setop": "args joined by text: union, inter, minus",
    "named": "a set with a name: R, Z, Q, N, C and what is cut from them; 'empty'",
    "ratio": "args divided by colons",
    "residue": "args[0] modulo args[1]",
    "rel": "a chain of relations: args are the sides, text the signs, divided by blanks",
    "list": "items; text is the separators, divided by blanks",
    "quantity": "args[0] times a unit",
    "mixture": "quantities to be added: 2 h 30 min",
    "words": "words: text",
    "choice": "the letter of an option (text), and args the option's content where it is given",
    "dots": "an ellipsis",
    "angle": "the angle or segment or triangle text",
    "over": "args[0] under a bar",
    "cases": "cells row by row, conditions included; text is '2x2'",
}
"""What each head means. `Node.head` is one of these."""


def num(value: int | Fraction, text: str = "plain") -> Node:
    """A numeral."""
    return Node("num", number=Fraction(value), text=text)


def sym(name: str) -> Node:
    """A symbol."""
    return Node("sym", text=name)


ZERO: Final = num(0)
ONE: Final = num(1)


def symbols(node: Node) -> frozenset[str]:
    """Names of the free symbols of a tree; the index of a sum or an integral is bound."""
    if node.head == "sym":
        return frozenset((node.text,))
    found: frozenset[str] = frozenset()
    for arg in node.args:
        found |= symbols(arg)
    return found - {node.text.partition(":")[2]} if node.head == "big" else found


def vocabulary(words: str) -> frozenset[str]:
    """The words of a text, as a closed list is written down here."""
    return frozenset(words.split())


def listed(words: str) -> list[str]:
    """The words of a text in order."""
    return words.split()
