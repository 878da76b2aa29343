"""Reading a whole answer: lists, relations, sets, quantities with units, words and choices, on top of expressions.

`read` gives one tree for all of an answer or raises `Unreadable`. `lenient_units` is for references: a single word
behind a number that no list of units knows is a counted thing there, and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from pidistill_math.reading.choices import are_statements, names_another_option
from pidistill_math.reading.letters import ORDINALS, resolved
from pidistill_math.reading.lexer import Token, tokens
from pidistill_math.reading.numbers import spelt_number
from pidistill_math.reading.numerals import joined
from pidistill_math.reading.parts import labelled
from pidistill_math.reading.quantities import CHANGING, JOINING, RELATIONS, Quantities, joined_words, word_value
from pidistill_math.reading.rewriting import letter_digits, respelt
from pidistill_math.reading.syntax import Node, Unreadable, num, sym, vocabulary

CONDITIONS: Final = frozenset({"for", "where", "with"})
"""Words that join a value and a condition on its symbols."""
_EVERY: Final = frozenset({"all", "any", "every", "each", "real"})
_WHOLE: Final = frozenset({"all", "real", "any", "every", "some", "each", "an", "integer", "integers"})
_OPTIONS: Final = frozenset("ABCDEFGHIJabcde")
_SET_SIGNS: Final = {"cup": "union", "cap": "inter", "setminus": "minus", "backslash": "minus", "bigcup": "union",
                     "smallsetminus": "minus"}  # fmt: skip
_LONGEST_PARTS: Final = 1_000
_ABOUT: Final = frozenset({"approximately", "about", "approx", "roughly", "approx."})
_MONTHS: Final = vocabulary("january february march april may june july august september october november december")
_MODULO: Final = frozenset({"pmod", "bmod", "mod"})


@lru_cache(maxsize=8192)
def read(text: str, lenient_units: bool = False) -> Node:
    """The tree of an answer. Raises `Unreadable` naming the part that is in no grammar."""
    if digits := letter_digits(text):
        return Node("numeral", number=num(16).number, text=digits)
    if (parts := _in_parts(text, lenient_units)) is not None:
        return parts
    bare = text.rstrip()
    if bare.endswith("\\") and ("\\begin" not in text or not bare.endswith("\\\\")):
        text = bare.removesuffix("\\").removesuffix("\\")  # a blank that lost its space, or the end of a line
    found = tokens(respelt(text))
    while _is_grouped(found):
        found = found[1:-1]
    found = resolved(joined(found))
    while found and ((found[-1].kind == "op" and found[-1].text in ".,;") or (found[1:] and _is_only(found[-1]))):
        found.pop()
    if not found:
        raise Unreadable("nothing")
    reader = Reader(found, lenient_units)
    return reader.choice() or reader.phrase() or reader.whole()


def _in_parts(text: str, lenient_units: bool) -> Node | None:
    """Labelled parts, each read by itself; None where a text is not that."""
    if len(text) > _LONGEST_PARTS or text.count(")") < 2 or not (found := labelled(text)):
        return None
    try:
        return Node("parts", tuple(read(part, lenient_units) for part in found))
    except Unreadable:
        return None


def _is_grouped(found: list[Token]) -> bool:
    """Whether braces that only group stand around all of an answer."""
    if len(found) < 2 or found[0].kind != "op" or found[0].text != "{":
        return False
    depth = 0
    for at, token in enumerate(found):
        depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "op" else 0
        if depth == 0:
            return at == len(found) - 1
    return False


def _is_condition(token: Token) -> bool:
    return token.kind == "word" and token.text.lower() in CONDITIONS


def _is_only(token: Token) -> bool:
    """Whether it is the word 'only', which says nothing at the end of an answer."""
    return token.kind == "word" and token.text.lower() == "only"


def alike(left: str, right: str) -> bool:
    """Whether two answers are spelt alike or read alike."""
    try:
        return left.strip() == right.strip() or read(left) == read(right)
    except Unreadable:
        return False


class Reader(Quantities):
    """The grammar of answers."""

    def whole(self) -> Node:
        """The whole answer as items joined by separators."""
        node = self.listing()
        if self.token() is not None:
            raise Unreadable(f"{str(self.token())!r} after a complete answer")
        return node

    # --- words

    def phrase(self) -> Node | None:
        """An answer of words alone, or a list of such; None where anything else is in it."""
        if (date := self.date()) is not None:
            return date
        signs_of_text = (",", "'", "-", ".", '"', ";")
        if any(
            t.kind not in ("word", "letter")
            and t.text not in signs_of_text
            and not (t.text in ("(", ")") and t.style == "text")
            for t in self.tokens
        ):
            return None
        if not any(t.kind == "word" and t.text.lower() not in JOINING for t in self.tokens):
            return None
        if len(self.tokens) > 1 and any(t.kind == "letter" and t.style == "math" for t in self.tokens):
            return None
        if (number := spelt_number(joined_words(self.tokens))) is not None:
            return num(number, "worded")
        if (worded := self.worded_quantity()) is not None:
            return worded
        parts: list[list[Token]] = [[]]
        signs = []
        for token in self.tokens:
            if token.text in (",", ";") or (token.kind == "word" and token.text.lower() in JOINING):
                if parts[-1]:
                    parts.append([])
                    signs.append(token.text.lower())
                elif signs:
                    signs[-1] = token.text.lower()
                continue
            parts[-1].append(token)
        if not all(parts):
            raise Unreadable("a list of words with a gap")
        spelt = [joined_words(part) for part in parts]
        nodes = [word_value(text) for text in spelt]
        return nodes[0] if len(nodes) == 1 else Node("list", tuple(nodes), text=" ".join(signs))

    def worded_quantity(self) -> Node | None:
        """A number in words with its unit, ``three hours``; None for other words."""
        for at in range(min(len(self.tokens) - 1, 6), 0, -1):
            number = spelt_number(joined_words(self.tokens[:at]))
            if number is None or any(token.kind != "word" for token in self.tokens):
                continue
            rest = Reader(self.tokens[at:], False)
            try:
                node = rest.with_unit(num(number, "worded"))
            except Unreadable:
                return None
            return node if rest.token() is None and node.head == "quantity" else None
        return None

    def date(self) -> Node | None:
        """A day of a month, ``June 20`` or ``20 June``, as words; None for anything else."""
        found = [
            t for t in self.tokens if t.text not in (",", ".") and t.text.lower() not in ("of", "the", "on", *ORDINALS)
        ]
        months = [t.text for t in found if t.kind == "word" and t.text.lower() in _MONTHS]
        days = [t.text for t in found if t.kind == "num" and t.text.isdigit() and int(t.text[:4]) <= 31]
        years = [t.text for t in found if t.kind == "num" and t.text.isdigit() and len(t.text) == 4]
        if len(found) != 2 + len(years) or len(months) != 1 or len(days) != 1 or len(years) > 1:
            return None
        return Node("words", text=" ".join([months[0].lower(), str(int(days[0])), *years]))

    def choice(self) -> Node | None:
        """The letter of an option, in any of the dresses that say so, with the option's content; None for others."""
        found = self.tokens
        at = 0
        if found[0].kind == "word" and found[0].text.lower() in ("option", "choice", "answer") and len(found) > 1:
            at = 1
        opened = found[at].text == "(" and found[at].kind == "op"
        letter = found[at + opened] if at + opened < len(found) else None
        if at and letter is not None and letter.kind == "word" and len(letter.text) == 1:
            letter = replace(letter, kind="letter")
        if letter is None or letter.kind != "letter" or letter.text not in _OPTIONS:
            return None
        after = at + opened + 1
        closed = after < len(found) and found[after].text == ")" and found[after].kind == "op"
        if opened != closed and not (closed and not opened):
            return None
        after += closed
        point = after < len(found) and found[after].kind == "op" and found[after].text in (".", ":")
        dressed = at > 0 or closed or point or letter.style == "text"
        if after >= len(found) or (point and after + 1 == len(found)):
            return Node("choice", text=letter.text) if dressed else None
        rest = found[after + point :]
        if not dressed or (found[after].text == ":" and letter.style == "math" and not opened):
            return None
        if not (letter.text.isupper() or letter.style != "math") or (letter.style == "math" and not (point or at > 0)):
            if not (opened and rest[0].gap) and not (closed and not opened):
                return None
        if rest[0].kind == "op" and rest[0].text in "^=!,;_<>'|+*/":
            return None
        if not self.lenient_units and names_another_option(rest):
            raise Unreadable(f"another option behind the letter {letter.text!r}")
        try:
            inner = Reader(rest, self.lenient_units)
            content = inner.phrase() or inner.whole()
        except Unreadable:
            if all(t.kind in ("word", "letter") or t.text in ",'-.()" for t in rest):
                content = Node("words", text=" ".join(t.text for t in rest).lower())
            else:
                raise
        statements = are_statements(rest)
        if content.head == "list" and (statements or set(content.text.split()) == {","}):
            if statements or all(item.head == "words" for item in content.args):
                content = Node("words", text=" ".join(t.text for t in rest if t.kind in ("word", "letter")))
        words = content.text.lower().split() if content.head == "words" and not statements else []
        if content.head in ("list", "rel", "residue", "dots") or any(word.strip("()") in CHANGING for word in words):
            raise Unreadable(f"what stands behind the letter {letter.text!r}")
        return Node("choice", (content,), text=letter.text)

    # --- lists and relations

    def listing(self) -> Node:
        """Items and the separators between them."""
        found, signs = [self.clause()], []
        while sign := self.separator(found[-1]):
            if self.token() is None:
                raise Unreadable("a separator with nothing behind it")
            signs.append(sign)
            found.append(self.clause())
        return found[0] if len(found) == 1 else Node("list", tuple(found), text=" ".join(signs))

    def separator(self, before: Node) -> str:
        """The separator that comes, as ``,`` ``;`` ``and`` ``or``; '' where none does."""
        sign = ""
        while (token := self.token()) is not None:
            if token.kind == "op" and token.text in (",", ";"):
                if sign:
                    break
                sign = token.text
            elif (token.text == "forall" and sign in ("", ",")) or (_is_condition(token) and sign in ("", ",")):
                sign = "for"
            elif (token.kind == "word" and token.text.lower() in JOINING) or token.text in (
                "lor",
                "vee",
                "land",
                "wedge",
            ):
                if sign in JOINING:
                    break
                sign = "or" if token.text in ("or", "Or", "lor", "vee") else "and"
            else:
                break
            self.at += 1
        if not sign and token is not None and token.gap == "wide" and before.head == "rel" and self.name_ahead():
            return ","
        return sign

    def name_ahead(self) -> bool:
        """Whether a letter with a relation behind it comes: the next of several relations set apart by space."""
        rest = self.tokens[self.at : self.at + 12]
        return rest[0].kind == "letter" and any(t.text in RELATIONS and t.kind != "letter" for t in rest[1:])

    def items(self, closing: str) -> list[Node]:
        """Items up to a closing sign, which is left; conditions of a set end at its bar too."""
        found = [self.clause(closing)]
        while True:
            token = self.token()
            sign = token.text if token is not None and token.kind == "op" else ""
            joined = sign in (",", ";") and closing != "cell"
            joined = joined or (closing == "set" and token is not None and token.text in ("and", "land"))
            if not joined and not (closing == ")" and self.peek() in ("mid", "|") and self.bars == 0):
                return found
            self.at += 1
            found.append(self.clause(closing))

    def clause(self, closing: str = "") -> Node:
        """One side, or several joined by relations."""
        if (whole := self.whole_number()) is not None:
            return whole
        self.deeper()
        about = self.about()
        sides, signs = [self.side(closing)], []
        while relation := self.relation(closing):
            signs.append(relation)
            sides.append(self.side(closing))
        self.depth -= 1
        if not signs:
            return Node("rel", (Node("dots"), sides[0]), text="~") if about else sides[0]
        return Node("rel", tuple(sides), text=" ".join(signs))

    def whole_number(self) -> Node | None:
        """'any integer k': the parameter of a family, as ``k \\in \\mathbb{Z}`` says it."""
        at = self.at
        while (word := self.token()) is not None and word.kind == "word" and word.text.lower() in _WHOLE:
            self.at += 1
        letter = self.token()
        if self.at > at and word is not None and letter is not None and letter.kind == "letter":
            if self.tokens[self.at - 1].text.lower() in ("integer", "integers"):
                self.at += 1
                return Node("rel", (sym(letter.text), Node("named", text="Z")), text="in")
            said = {token.text.lower() for token in self.tokens[at : self.at]}
            if said <= _EVERY and self.at + 1 == len(self.tokens):
                self.at += 1
                return Node("rel", (sym(letter.text), Node("named", text="R")), text="in")
        self.at = at
        return None

    def about(self) -> bool:
        """Whether the value that follows is announced as an approximation."""
        token = self.token()
        if self.peek() in ("approx", "simeq") or (token and token.kind == "word" and token.text.lower() in _ABOUT):
            self.at += 1
            return True
        if token is not None and token.kind == "word" and token.text.lower() in ("exactly", "precisely"):
            self.at += 1
        return False

    def relation(self, closing: str) -> str:
        """The relation that comes, '' for none."""
        sign = self.peek()
        if sign == "!" and self.peek(1) == "=" and not self.factorial():
            self.at += 2
            return "!="
        if sign == ":" and self.peek(1) == "=":
            self.at += 2
            return "="
        if sign not in RELATIONS or (sign == "colon" and closing == "set"):
            return ""
        self.at += 1
        if sign in ("<", ">") and self.skip("="):
            return sign + "="
        if sign == "=" and self.peek() in ("<", ">"):
            return self.take().text + "="
        self.skip("&")
        return RELATIONS[sign]

    def side(self, closing: str = "") -> Node:
        """One side of a relation: quantities, ratios, residues, and sets joined by their signs."""
        node = self.quantity(closing)
        if self.peek() == ":" and self.peek(1) != "=" and closing != "set":
            parts = [node]
            while self.skip(":"):
                parts.append(self.sum())
            node = self.with_unit(Node("ratio", tuple(parts)))
        while (sign := self.peek()) in _SET_SIGNS:
            self.take()
            node = Node("setop", (node, self.quantity(closing)), text=_SET_SIGNS[sign])
        return self.modulo(node)

    def modulo(self, node: Node) -> Node:
        """A residue where a modulus follows."""
        parenthesis = self.peek() == "(" and (
            self.peek(1) in _MODULO or ((token := self.token(1)) is not None and token.text == "mod")
        )
        word = (token := self.token()) is not None and token.kind == "word" and token.text == "mod"
        if not parenthesis and not word and self.peek() not in _MODULO:
            return node
        self.at += 1 + parenthesis
        modulus = self.group() if self.peek() == "{" else self.sum()
        if parenthesis:
            self.take(")")
        return Node("residue", (node, modulus))
