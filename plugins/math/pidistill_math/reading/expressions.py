"""The grammar of expressions: a recursive descent over tokens that uses every one of them or raises `Unreadable`.

Where LaTeX and habit differ, habit that is unambiguous wins (``x^10`` is the tenth power), and what remains ambiguous
is refused: two numerals side by side, an improper mixed number, a sign after a sign. `operands` and
`commands` read what is joined here; `reading` builds answers (lists, relations, units, sets) on top of it.
"""

from __future__ import annotations

from typing import Final

from pidistill_math.reading.commands import Commands
from pidistill_math.reading.letters import FUNCTIONS, ORDINALS
from pidistill_math.reading.numerals import numeral
from pidistill_math.reading.operands import GREEK
from pidistill_math.reading.syntax import Node, Unreadable, num, sym, symbols, vocabulary

FRACTIONS: Final = frozenset({"frac", "dfrac", "tfrac", "cfrac"})
_PRODUCT: Final = frozenset({"cdot", "times", "ast"})
_BEGINS: Final = vocabulary(
    """pi frac dfrac tfrac cfrac sqrt usqrt ucbrt binom dbinom tbinom infty lvert lfloor lceil lVert overline bar cis
    lbrace { langle angle triangle sum prod int lim begin:pmatrix begin:bmatrix begin:matrix begin:array
    begin:smallmatrix"""
)
"""Commands that begin a factor."""


class Expressions(Commands):
    """The grammar of sums, products and powers."""

    def sum(self) -> Node:
        """Terms joined by signs."""
        self.deeper()
        terms = [self.signed()]
        while self.peek() in ("+", "-", "pm", "mp"):
            terms.append(self.signed())
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Node("add", tuple(terms))

    def signed(self) -> Node:
        """A term with its sign."""
        sign = self.peek()
        if sign not in ("+", "-", "pm", "mp"):
            return self.term()
        self.take()
        if self.peek() in ("+", "-", "pm", "mp"):
            raise Unreadable("a sign after a sign")
        if sign in ("pm", "mp"):
            self.signs += sign == "pm" or self.signs == 0
            return Node("pm", (self.term(),), num(max(self.signs, 1)).number, "+" if sign == "pm" else "-")
        inner = self.term()
        return Node("neg", (inner,)) if sign == "-" else inner

    def term(self) -> Node:
        """Factors side by side or joined by product and division signs."""
        factors, dotted = [self.factor()], False
        while True:
            sign = self.peek()
            if sign in _PRODUCT or sign == "*":
                self.take()
                dotted = True
                factors.append(self.negated())
            elif sign in ("/", "div"):
                if (following := self.token(1)) is not None and following.kind == "word":
                    break  # per hour
                self.take()
                top = factors[0] if len(factors) == 1 else Node("mul", tuple(factors), text="dot" if dotted else "")
                factors, dotted = [Node("div", (top, self.denominator()))], False
            elif self.starts_factor() and not self.temperature(factors[-1]):
                factors = self.beside(factors)
                dotted = dotted or factors[-1].head == "num"
            else:
                break
        return factors[0] if len(factors) == 1 else Node("mul", tuple(factors), text="dot" if dotted else "")

    def temperature(self, last: Node) -> bool:
        """Whether the letter behind a degree sign says on which scale."""
        token = self.token()
        return last.head == "degree" and token is not None and token.kind == "letter" and token.text in ("C", "F")

    def negated(self) -> Node:
        """A factor after a product sign, which may be negative."""
        if self.skip("-"):
            return Node("neg", (self.factor(),))
        return self.factor()

    def denominator(self) -> Node:
        """What a slash divides by: one factor, or letters side by side."""
        first = self.negated()
        factors = [first]
        while first.head in ("sym", "const") and (token := self.token()) and token.kind == "letter" and not token.gap:
            factors.append(self.factor())
        return first if len(factors) == 1 else Node("mul", tuple(factors))

    def beside(self, factors: list[Node]) -> list[Node]:
        """One more factor without a sign before it: a mixed number, or a product."""
        token, last = self.token(), factors[-1]
        assert token is not None
        whole = last.head == "num" and last.text == "plain" and len(factors) == 1
        if token.kind == "num":
            follows = self.token(2)
            if whole and token.gap == "thin" and self.peek(1) == "/" and follows is not None and follows.kind == "num":
                top, bottom = self.plain(), (self.take("/"), self.plain())[1]
                return [self.behind(self.mixed(last, top, bottom))]
            imaginary = last == Node("const", text="i")
            if last == Node("const", text="pi") or (
                last.head == "pow" and symbols(last.args[1]) and self.peek(1) == "^"
            ):
                return [*factors, self.factor()]  # no index and no digit of the exponent
            if imaginary or last.head == "fact" or (last.head in ("div", "root", "binom") and self.peek(1) == "^"):
                return [*factors, self.factor()]
            raise Unreadable(f"{token.text!r} beside another number")
        if token.kind == "cmd" and token.text in FRACTIONS and last.head == "num":
            fraction = self.base()
            if fraction.head == "div" and all(part.head == "num" for part in fraction.args):
                if not whole:
                    raise Unreadable("a fraction beside a number")
                if self.peek() == "^" and self.peek(1) not in ("circ", "{"):
                    raise Unreadable("a power behind a mixed number")
                return [self.behind(self.mixed(last, *fraction.args))]
            fraction = self.behind(fraction)
            if fraction.head == "neg" or (fraction.has("neg") and not fraction.has("sym")):
                raise Unreadable("a fraction beside a number")
            return [*factors, fraction]
        return [*factors, self.factor()]

    def plain(self) -> Node:
        """A plain whole numeral."""
        token = self.take()
        node = numeral(token.text) if token.kind == "num" else None
        if node is None or node.text != "plain":
            raise Unreadable(f"{token.text!r} in a fraction")
        return node

    def mixed(self, whole: Node, top: Node, bottom: Node) -> Node:
        """A mixed number. Raises `Unreadable` where its fraction is not proper."""
        if any(part.text != "plain" for part in (top, bottom)) or not 0 < top.number < bottom.number:
            raise Unreadable("a number beside a fraction that is not proper")
        return num(whole.number + top.number / bottom.number, "mixed")

    def unit_fraction(self) -> bool:
        """Whether a fraction of words comes: a unit written as a quotient."""
        following = self.token(2)
        words = following is not None and following.kind in ("word", "letter") and following.style != "math"
        return self.peek() in FRACTIONS and self.peek(1) == "{" and words

    def starts_factor(self) -> bool:
        """Whether a factor begins here."""
        token = self.token()
        if token is None or token.kind == "word" or self.unit_fraction():
            return False
        if token.kind in ("num", "letter"):
            return not (token.kind == "num" and token.gap == "wide")
        if token.kind == "op":
            if token.text == "[":  # ]1, 2[ is an interval
                return any(later.text == "]" for later in self.tokens[self.at :])
            if token.text == "(" and (following := self.token(1)) and following.text in ("mod", "bmod", "pmod"):
                return False
            return token.text in ("(", "{") or (token.text == "|" and self.bars == 0)
        return token.text in GREEK or token.text in FUNCTIONS or token.text in _BEGINS

    def factor(self) -> Node:
        """A base with what stands behind it: powers, factorials, primes, degrees, percent."""
        self.deeper()
        node = self.behind(self.base())
        self.depth -= 1
        return node

    def behind(self, node: Node) -> Node:
        """`node` with the powers and marks that stand behind it."""
        while True:
            sign = self.peek()
            if sign == "^":
                node = self.power(node)
            elif sign == "!" and (self.peek(1) != "=" or self.factorial()):
                self.take()
                double = self.skip("!")
                node = Node("fact", (node,), text="!!" if double else "!")
            elif sign in ("'", "''") and node.head == "sym":
                node = sym(node.text + self.take().text)
            elif sign == "%":
                self.take()
                node = Node("percent", (node,))
            elif sign in ("circ", "degree") and node.head in ("num", "div", "mul"):
                self.take()
                node = Node("degree", (node,))
            elif sign == "_" and node.head == "num" and self.tokens[self.at - 1].text == ")":
                self.take("_")
                node = Node("numeral", number=num(self.based()).number, text=str(node.number))
            elif sign == "_" and node.head in ("group", "matrix", "named"):
                raise Unreadable("an index behind a bracket")
            else:
                return node

    def power(self, base: Node) -> Node:
        """What ``^`` and its exponent make of `base`."""
        self.take("^")
        braced = self.peek() == "{"
        if base.head == "num" and self.ordinal(braced):
            return base
        if self.peek(int(braced)) in ("circ", "degree"):
            self.at += 1 + 2 * braced
            if braced and self.tokens[self.at - 1].text != "}":
                raise Unreadable("an exponent that begins with a degree sign")
            return Node("degree", (self.with_arcminutes(base),))
        if self.peek(int(braced)) in ("prime", "'"):
            self.at += 1 + 2 * braced
            return sym(base.text + "'") if base.head == "sym" else self.refuse("a prime behind no name")
        if base.head == "matrix" and self.transposed(braced):
            rows, _, columns = base.text.partition("x")
            cells = [base.args[i :: int(columns)] for i in range(int(columns))]
            return Node("matrix", tuple(cell for row in cells for cell in row), text=f"{columns}x{rows}")
        if base.head == "named" and base.text in ("R", "Z", "Q", "N"):
            return self.half_named(base, braced)
        if braced:
            exponent = self.group()
        elif self.skip("-"):
            exponent = Node("neg", (self.base(),))
        else:
            exponent = self.base()
        return Node("pow", (base, exponent))

    def factorial(self) -> bool:
        """Whether an exclamation mark before an equals sign is a factorial: a gap is between them, or it belongs to a
        numeral (``7!=5040``, ``(6-1)!=120``), of which nobody says that it is not another one."""
        following, before = self.token(1), self.token(-1)
        of_numeral = before is not None and not (self.token() or before).gap and self.ends_numeral()
        return self.peek() == "!" and following is not None and (following.gap != "" or of_numeral)

    def ends_numeral(self) -> bool:
        """Whether a numeral ends here, or a parenthesis of numerals alone."""
        at = self.at - 1
        if self.tokens[at].text == ")":
            at -= 1
            while at > 0 and (
                self.tokens[at].kind == "num" or self.tokens[at].text in ("+", "-", "*", "cdot", "times")
            ):
                at -= 1
            return self.tokens[at].text == "(" and at < self.at - 2
        return self.tokens[at].kind == "num"

    def with_arcminutes(self, degrees: Node) -> Node:
        """A whole number of degrees with the minutes and seconds of arc behind it: ``7^\\circ 30' 15''``."""
        value = degrees.number
        for mark, share in (("'", 60), ("''", 3600)):
            token = self.token()
            if degrees.head != "num" or token is None or token.kind != "num" or self.peek(1) != mark:
                break
            value += self.plain().number / share
            self.take(mark)
        return degrees if value == degrees.number or degrees.head != "num" else num(value, "arc")

    def ordinal(self, braced: bool) -> bool:
        """Whether the exponent is the ending of an ordinal, as in ``7^{\\text{th}}``; it is taken then."""
        at, letters = self.at + braced, ""
        while at < len(self.tokens) and self.tokens[at].kind in ("letter", "word") and len(letters) < 2:
            letters += self.tokens[at].text
            at += 1
        if letters not in ORDINALS or (braced and (at >= len(self.tokens) or self.tokens[at].text != "}")):
            return False
        self.at = at + braced
        return True

    def transposed(self, braced: bool) -> bool:
        token = self.token(int(braced))
        if token is not None and token.text in ("T", "top", "t", "intercal"):
            self.at += 1 + 2 * braced
            return True
        return False

    def half_named(self, base: Node, braced: bool) -> Node:
        """The positive or negative reals, or a power of the set."""
        token = self.token(int(braced))
        if token is not None and token.text in ("+", "-", "*", "times"):
            self.at += 1 + 2 * braced
            return Node("named", text=base.text + ("*" if token.text == "times" else token.text))
        exponent = self.group() if braced else self.base()
        return Node("pow", (base, exponent))
