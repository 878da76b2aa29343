"""What stands alone: numerals, letters with their index and argument, and everything in brackets."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pidistill_math.reading.cursor import Cursor
from pidistill_math.reading.lexer import Token
from pidistill_math.reading.numerals import numeral
from pidistill_math.reading.syntax import Node, Unreadable, num, sym, vocabulary

GREEK: Final = vocabulary(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron rho sigma
    tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar aleph
    imath jmath"""
)
_APPLIED: Final = frozenset("fghFGHPQ")
"""Letters that are applied to a parenthesis; any other letter multiplies it."""
BARS: Final = {"|": "|", "lvert": "rvert", "vert": "vert", "lfloor": "rfloor", "lceil": "rceil", "lVert": "rVert"}
_CASE_WORDS: Final = frozenset({"if", "for", "when", "where"})
_MATRIX: Final = {f"{kind}matrix" for kind in ("", "p", "b", "B", "small", "v", "V")} | {"array", "tabular"}


class Operands(Cursor):
    """The grammar of what stands alone."""

    def base(self) -> Node:
        """A numeral, a letter, a function or something in brackets."""
        token = self.take()
        if token.kind == "num":
            return self.number(token)
        if token.kind == "letter":
            return self.letter(token.text)
        if token.kind == "word":
            raise Unreadable(f"the word {token.text!r}")
        self.at -= 1
        if token.kind == "op":
            return self.bracketed(token.text)
        return self.command(self.take().text)

    def number(self, token: Token) -> Node:
        """A numeral, in a base where an index says so."""
        if self.peek() != "_":
            return numeral(token.text)
        self.take("_")
        index = self.based()
        return Node("numeral", number=num(index).number, text=token.text)

    def based(self) -> int:
        """The base that an index names."""
        braced = self.skip("{")
        inner = self.skip("(")
        words = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
                 "eleven": 11, "twelve": 12, "sixteen": 16, "hex": 16, "bin": 2, "oct": 8, "dec": 10}  # fmt: skip
        token = self.take()
        if token.text.lower() == "base":
            token = self.take()
        if token.kind == "num" and token.text.isdigit():
            base = int(token.text[:4])
        elif token.text.lower() in words:
            base = words[token.text.lower()]
        else:
            raise Unreadable("an index of a number that is no base")
        if inner:
            self.take(")")
        if braced:
            self.take("}")
        if not 2 <= base <= 36:
            raise Unreadable("an index of a number that is no base")
        return base

    def letter(self, name: str) -> Node:
        """A variable with its index and argument, or e or i."""
        node = Node("const", text=name) if name in ("e", "i") else sym(name)
        if self.peek() == "_":
            self.take("_")
            node = self.indexed(name)
        if node.head == "sym" and (primes := self.peek()) in ("'", "''"):
            self.take()
            node = sym(node.text + primes)
        following = [token.text for token in self.tokens[self.at : self.at + 6]]
        if name in ("f", "g", "h") and following == ["^", "{", "-", "1", "}", "("]:
            self.at += 6
            return Node("call", tuple(self.items_between(")")), text=f"{name}^-1()")
        if self.peek() == "(" and node.head in ("sym", "call") and self.applied(name):
            self.take("(")
            items = self.items_between(")")
            return Node("call", (*node.args, *items), text=f"{node.text}()")
        return node

    def applied(self, name: str) -> bool:
        """Whether a letter before a parenthesis is a function: by its name, or because several arguments follow."""
        if name in _APPLIED:
            return True
        depth = 0
        for at in range(self.at, len(self.tokens)):
            text = self.tokens[at].text
            depth += (text in ("(", "{", "[")) - (text in (")", "}", "]"))
            if depth == 1 and text in (",", "mid", ";"):
                return True
            if depth == 0:
                follows = self.tokens[at + 1].text if at + 1 < len(self.tokens) else ""
                return self.at == 1 and follows == "=" and self.tokens[0].kind == "letter"
        return False

    def indexed(self, name: str) -> Node:
        """A name with an index: part of the name where it is a label, an argument where it can vary."""
        token = self.token()
        if token is None:
            raise Unreadable("an index that is missing")
        if self.peek() != "{":
            self.at += 1
            if token.kind in ("num", "letter"):
                if token.kind == "letter" and token.text.islower():
                    return Node("call", (sym(token.text),), text=f"{name}_")
                return sym(f"{name}_{token.text}")
            if token.kind == "word" or token.text in GREEK or token.text in ("*", "infty", "+", "-"):
                return sym(f"{name}_{token.text}")
            raise Unreadable(f"the index {str(token)!r}")
        start = self.at
        end, depth = start, 0
        while end < len(self.tokens):
            depth += (self.tokens[end].text == "{") - (self.tokens[end].text == "}")
            if depth == 0:
                break
            end += 1
        inside = self.tokens[start + 1 : end]
        if not inside or depth:
            raise Unreadable("an index that is empty or never closed")
        if any((t.kind == "op" and t.text in "+-") or (t.kind == "letter" and t.text.islower()) for t in inside):
            if not any(t.kind == "word" or t.text in ("mid", "to", ",") for t in inside):
                return Node("call", (self.group(),), text=f"{name}_")
        self.at = end + 1
        return sym(f"{name}_" + "".join(t.text for t in inside))

    def group(self) -> Node:
        """What stands between braces: one expression, or several items that were written as a list."""
        self.take("{")
        if self.skip("}"):
            raise Unreadable("an empty group")
        bars, self.bars = self.bars, 0
        node = self.listing()
        self.take("}")
        self.bars = bars
        return node

    def argument(self) -> Node:
        """The argument of a command: a group, or one token, of which a numeral gives its first digit only."""
        token = self.token()
        if token is None:
            raise Unreadable("a command without its argument")
        if self.peek() == "{":
            return self.group()
        if token.kind == "num" and len(token.text) > 1:
            if not token.text.isdigit():
                raise Unreadable(f"{token.text!r} behind a command")
            self.tokens = [*self.tokens]
            self.tokens[self.at] = replace(token, text=token.text[1:], gap="")
            return numeral(token.text[0])
        return self.base()

    def bracketed(self, sign: str) -> Node:
        """Something in brackets of any kind."""
        if sign == "{":
            return self.group()
        if sign == "|":
            return self.between("|")
        if sign not in ("(", "[", "]"):
            raise Unreadable(f"{sign!r} where a value should stand")
        opened = self.take().text
        bars, self.bars = self.bars, 0
        if self.peek() in (")", "]"):
            raise Unreadable("empty brackets")
        items = self.items(")")
        closed = self.take(")", "]", "[").text
        self.bars = bars
        if len(items) == 1 and (opened + closed) in ("()", "[]"):
            return items[0]
        if opened == "]" and closed == "[" and len(items) == 2:
            return Node("group", tuple(items), text="][")
        kind = {"(": "(", "[": "[", "]": "("}[opened] + {")": ")", "]": "]", "[": ")"}[closed]
        return Node("group", tuple(items), text=kind)

    def between(self, sign: str) -> Node:
        """Between bars: an absolute value, a floor or a ceiling."""
        self.take()
        bars, self.bars = self.bars, self.bars + 1 if sign == "|" else 0
        inside = self.sum()
        self.take(BARS[sign])
        self.bars = bars
        name = {"lfloor": "floor", "lceil": "ceil"}.get(sign, "abs")
        return Node("call", (inside,), text=name)

    def braces(self) -> Node:
        """A set: its members, or its variable and its conditions."""
        if self.peek() in ("}", "rbrace"):
            self.take()
            return Node("named", text="empty")
        bars, self.bars = self.bars, 1
        items = self.items("set")
        if self.peek() in ("mid", "|", ":", "vert"):
            self.take()
            condition = self.listing()
            self.take("}", "rbrace")
            self.bars = bars
            joined = condition.head == "list" and "or" not in condition.text.split()
            return Node("builder", (*items, *(condition.args if joined else (condition,))))
        self.take("}", "rbrace")
        self.bars = bars
        return Node("set", tuple(items))

    def array(self, kind: str) -> Node:
        """A matrix, or cases."""
        if kind not in _MATRIX and kind != "cases":
            raise Unreadable(f"\\begin{{{kind}}}")
        rows: list[list[Node]] = [[]]
        while True:
            if self.skip("end:" + kind):
                break
            if self.skip("\\"):
                rows.append([])
                continue
            if self.skip("hline", "&"):
                continue
            word = self.token()
            if kind == "cases" and word is not None and word.text.lower() in _CASE_WORDS:
                self.at += 1
                self.skip(",")
                continue
            if kind == "cases" and self.peek() in (",", ";", ".") and self.peek(1) in ("&", "\\", "end:cases"):
                self.at += 1
                continue
            if kind == "cases" and word is not None and word.text.lower() in ("otherwise", "else"):
                self.at += 1
                rows[-1].append(Node("words", text="otherwise"))
                continue
            start = self.at
            items = self.items("cell")
            if len(items) != 1 or self.at == start:
                raise Unreadable("a cell of a matrix that holds several items")
            rows[-1].append(items[0])
        rows = [row for row in rows if row]
        if not rows or len({len(row) for row in rows}) != 1:
            raise Unreadable("a matrix whose rows differ in length")
        lines = kind == "array" and all(row[0].head == "rel" for row in rows)
        if (kind == "cases" or lines) and len(rows[0]) == 1:
            return Node("list", tuple(row[0] for row in rows), text=" ".join("," * (len(rows) - 1)))
        node = Node("matrix", tuple(c for row in rows for c in row), text=f"{len(rows)}x{len(rows[0])}")
        if kind in ("vmatrix", "Vmatrix"):
            return Node("call", (node,), text="det")
        return replace(node, head="cases") if kind == "cases" else node
