"""What commands begin: fractions, roots, functions, sums and integrals, named sets, angles."""

from __future__ import annotations

from typing import Final

from pidistill_math.reading.letters import FUNCTIONS
from pidistill_math.reading.lexer import Token
from pidistill_math.reading.operands import BARS, GREEK, Operands
from pidistill_math.reading.syntax import ONE, Node, Unreadable, num, sym

_SAME: Final = {"varepsilon": "epsilon", "varphi": "phi", "vartheta": "theta", "imath": "i", "jmath": "j"}
_INVERSE: Final = {name: f"arc{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")} | {
    name: f"ar{name}" for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")}  # fmt: skip
_ALIASES: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "arcsinh": "arsinh", "arccosh": "arcosh", "tg": "tan",
    "arctanh": "artanh", "ctg": "cot", "cosec": "csc", "arctg": "arctan", "Arcsin": "arcsin", "Arccos": "arccos",
    "Arctan": "arctan", "sign": "sgn", "lg": "log",
}  # fmt: skip
_DOTS: Final = frozenset({"ldots", "dots", "cdots", "dotsc", "dotsb", "vdots", "ddots"})
_BIG: Final = frozenset({"sum", "prod", "int", "iint", "iiint", "oint", "lim", "coprod", "bigcup", "bigcap"})
BOARD: Final = {"mathbbR": "R", "mathbbZ": "Z", "mathbbN": "N", "mathbbQ": "Q", "mathbbC": "C", "R": "R", "Z": "Z",
                "N": "N", "Q": "Q", "emptyset": "empty", "varnothing": "empty"}  # fmt: skip


class Commands(Operands):
    """The grammar of commands."""

    def command(self, name: str) -> Node:
        """What a command begins."""
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            top = self.argument()
            bottom = self.argument()
            token = self.token()
            if token is not None and token.kind == "num" and not token.gap and self.tokens[self.at - 1].text != "}":
                raise Unreadable("a digit behind a fraction")
            return Node("div", (top, bottom))
        if name in ("sqrt", "usqrt", "ucbrt"):
            return self.root(name)
        if name in ("pi", "infty"):
            return Node("const", text="oo" if name == "infty" else "pi")
        if name == "Gamma" and self.peek() == "(":
            return self.function("gamma", ten=False)
        if name in GREEK:
            name = _SAME.get(name, name)
            return self.letter(name)
        if name == "Pr":
            return self.letter("P")
        if name in FUNCTIONS:
            return self.function(_ALIASES.get(name, name), ten=name == "lg")
        if name in BOARD:
            return self.named(BOARD[name])
        if name in ("binom", "dbinom", "tbinom"):
            return Node("binom", (self.argument(), self.argument()))
        if name in ("{", "lbrace"):
            return self.braces()
        if name in ("langle",):
            items = self.items_between("rangle")
            return Node("group", tuple(items), text="<>")
        if name in BARS:
            self.at -= 1
            return self.between(name)
        if name.startswith("begin:"):
            return self.array(name[6:])
        if name in _BIG:
            return self.big(name)
        if name in ("overline", "bar", "widehat", "hat", "tilde"):
            return Node("over", (self.argument(),), text=name)
        if name in ("angle", "triangle", "measuredangle", "measuredangle"):
            return self.angle(name)
        if name in _DOTS:
            return Node("dots")
        if name in ("sum", "prod"):
            return self.big(name)
        raise Unreadable(f"\\{name}")

    def named(self, name: str) -> Node:
        """A set with a name, and the half of it that an index asks for."""
        if self.peek() == "_":
            self.take("_")
            inside = "".join(token.text for token in self.braced_tokens())
            half = {"+": "+", "-": "-", ">0": "+", "<0": "-", "ge0": "0+", "geq0": "0+", "le0": "0-", ">=0": "0+"}
            if inside not in half:
                raise Unreadable(f"the index {inside!r} of a set")
            return Node("named", text=name + half[inside])
        return Node("named", text=name)

    def braced_tokens(self) -> list[Token]:
        """The tokens of a group without nested groups, or the next token."""
        if not self.skip("{"):
            return [self.take()]
        found = []
        while self.peek() != "}":
            found.append(self.take())
        self.take("}")
        return found

    def root(self, name: str) -> Node:
        """A root: with its degree in brackets, or of what follows a Unicode root sign."""
        degree: Node = num(3) if name == "ucbrt" else num(2)
        if name == "sqrt" and self.peek() == "[":
            self.take("[")
            degree = self.sum()
            self.take("]")
        if name != "sqrt":
            radicand = self.base()
            return Node("root", (radicand, degree))
        radicand = self.argument()
        token = self.token()
        if token is not None and token.kind == "num" and not token.gap:
            raise Unreadable("a digit behind a root")
        return Node("root", (radicand, degree))

    def function(self, name: str, ten: bool) -> Node:
        """A function with its power and its argument."""
        base: Node | None = None
        exponent: Node | None = None
        for _ in range(2):
            if self.peek() == "_" and base is None:
                self.take("_")
                base = self.argument()
            if self.peek() == "^" and exponent is None:
                self.take("^")
                exponent = self.group() if self.peek() == "{" else self.negated_base()
        if exponent == Node("neg", (ONE,)) and name in _INVERSE:
            name, exponent = _INVERSE[name], None
        self.deeper()
        args = self.function_argument()
        self.depth -= 1
        if base is not None:
            if name != "log":
                raise Unreadable(f"an index of {name}")
            args = (*args, base)
        if ten:
            args = (*args, num(10))
        node = Node("call", args, text=name)
        return Node("pow", (node, exponent)) if exponent is not None else node

    def negated_base(self) -> Node:
        return Node("neg", (self.base(),)) if self.skip("-") else self.base()

    def function_argument(self) -> tuple[Node, ...]:
        """A parenthesis, or the numbers, letters and roots that follow side by side."""
        if self.peek() == "(":
            self.take("(")
            items = self.items_between(")")
            return tuple(items)
        if self.peek() == "{":
            return (self.group(),)
        if self.peek() in FUNCTIONS:
            return (self.factor(),)
        factors = [self.negated()]
        constant = factors[0].head in ("num", "const", "degree")
        while (token := self.token()) is not None:
            simple = token.kind == "letter" or (token.kind == "cmd" and (token.text in GREEK or token.text == "pi"))
            if not simple and not (token.text == "sqrt" and factors[-1].head == "num"):
                break
            factors.append(self.factor())
            constant = constant and factors[-1].head in ("const", "degree")
        node = factors[0] if len(factors) == 1 else Node("mul", tuple(factors))
        following = self.token(1)
        if constant and node.has("const") and self.peek() == "/" and following is not None and following.kind == "num":
            self.take("/")
            node = Node("div", (node, self.factor()))
        return (node,)

    def angle(self, name: str) -> Node:
        """An angle or a triangle by the letters of its corners, or by its number."""
        letters = ""
        while (
            (token := self.token()) is not None and token.kind in ("letter", "num") and (not letters or not token.gap)
        ):
            letters += self.take().text
        if not letters:
            raise Unreadable(f"\\{name} without letters")
        return Node("angle", text=f"{name} {letters}")

    def big(self, name: str) -> Node:
        """A sum, product, integral or limit with its bounds and its body."""
        low: Node | None = None
        high: Node | None = None
        for _ in range(2):
            if self.peek() == "_" and low is None:
                self.take("_")
                low = self.bound()
            elif self.peek() == "^" and high is None:
                self.take("^")
                high = self.group() if self.peek() == "{" else self.negated_base()
        body = self.term()
        variable = ""
        if name in ("int", "iint", "iiint", "oint"):
            body, variable = _measured(body)
        elif low is not None and low.head == "rel" and low.args[0].head in ("sym", "const"):
            variable, low = low.args[0].text, low.args[1]
        parts = [body, *(bound for bound in (low, high) if bound is not None)]
        return Node("big", tuple(parts), text=f"{name}:{variable}")

    def bound(self) -> Node:
        """The lower bound of a sum, often ``k=1``."""
        return self.group() if self.peek() == "{" else self.negated_base()


def _measured(body: Node) -> tuple[Node, str]:
    """The integrand without its ``dx``, and the variable."""
    factors = body.args if body.head == "mul" else (body,)
    if len(factors) >= 2 and factors[-2] == sym("d") and factors[-1].head == "sym":
        rest = factors[:-2]
        inside = ONE if not rest else rest[0] if len(rest) == 1 else Node("mul", rest)
        return inside, factors[-1].text
    raise Unreadable("an integral without its variable")
