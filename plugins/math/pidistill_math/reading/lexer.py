"""From an answer's characters to tokens, none lost: what is no token of mathematics or a word is an error.

Dress is taken off here because it has no meaning: sizes, colours that can be seen, bold, spacing. What *hides* text
(``\\phantom``, ``\\cancel``, white) is an error. Each token keeps the gap before it and whether it stood in text or in
mathematics, because both decide what neighbours mean: ``1\\,000`` is a number and ``5\\quad 6`` is none, ``\\text{m}``
is a metre and ``m`` a variable. Unicode mathematics is LaTeX in other characters (`symbols`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from pidistill_math.reading.symbols import ARGUMENT_DRESS, DRESS, HIDING, ROMAN, SPACING, TEXT, latex
from pidistill_math.reading.syntax import Unreadable

Kind = Literal["num", "letter", "word", "run", "cmd", "op"]
Gap = Literal["", "thin", "wide"]
TIGHT: Final = "{,}"
"""A comma drawn close to what follows: between digits it groups thousands even inside brackets."""
MOST_TOKENS: Final = 1_500

_TOKEN = re.compile(
    r"(?P<space>\s+|~)"
    r"|(?P<half>[apAP]\.\s?[mM]\.)"
    r"|(?P<num>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<run>[A-Za-z]+)"
    r"|\\(?P<env>begin|end)\s*\{(?P<name>[A-Za-z]+\*?)\}"
    r"|\\(?P<cmd>[A-Za-z]+\*?|[\s\S])"
    r"|(?P<op>''|[-+*/=<>^_(){}\[\]|,;:.!'\"&%?°])",
    re.ASCII,
)
_GLUED = re.compile(r"(q?quad)([A-Za-z]+)")
_SIZE = re.compile(r"[bB]igg?[lrm]?")
_BOARD = re.compile(r"\s*(?:\{\s*([A-Z])\s*\}|([A-Z]))")
_WORD = re.compile(
    r"(?P<word>[A-Za-z\u00c0-\u024f]+(?:['\u2019-][A-Za-z\u00c0-\u024f]+)*\.?(?:[A-Za-z]\.)*)|(?P<other>[\s\S])"
)
_ABBREVIATED: Final = frozenset(
    {"a.m.", "p.m.", "sq.", "ft.", "in.", "cu.", "A.M.", "P.M.", "min.", "hr.", "hrs.", "cm."}
)
_FORMULA_IN_TEXT = re.compile(
    r"\\(?:text|textbf|textrm|mbox)\{(?P<before>[^{}$\\]*)\$(?P<formula>(?:[^$\\]|\\[\s\S]){1,200})\$(?P<behind>[^{}$]*)\}"
)
_GROUP = re.compile(r"\s*\{([^{}]*)\}")
_PALE: Final = frozenset({"white", "transparent", "background", "bg"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is a numeral, a letter, a word, a command without its backslash, or a sign."""

    kind: Kind
    text: str
    gap: Gap = ""
    style: Literal["math", "text", "roman"] = "math"

    def __str__(self) -> str:
        return f"\\{self.text}" if self.kind == "cmd" else self.text


def tokens(text: str) -> list[Token]:
    """All tokens of an answer. Raises `Unreadable` naming what is no token."""
    text = _FORMULA_IN_TEXT.sub(_outside, latex(text)) if "$" in text else latex(text)
    pieces = _dollars(text)
    if pieces is None:
        found = _Lexer(text).math()
    else:
        found = []
        for piece, inside in pieces:
            lexed = _Lexer(piece).math() if inside else _Lexer(piece).text()
            if lexed and found and piece[:1].isspace():
                lexed[0] = replace(lexed[0], gap="wide")
            found += lexed
    if len(found) > MOST_TOKENS:
        raise Unreadable(f"more than {MOST_TOKENS} signs")
    return found


def _outside(match: re.Match[str]) -> str:
    """A formula between dollars inside a text command, outside of it: ``\\text{$12$ cm}``."""
    before, behind = (f"\\text{{{part}}}" if part.strip() else part for part in (match["before"], match["behind"]))
    return f"{before}{match['formula']}{behind}"


def _dollars(text: str) -> list[tuple[str, bool]] | None:
    """Pieces inside and outside of ``$ $``, where the text has such; None where all of it is mathematics."""
    text = re.sub(r"(?<!\\)\\[()\[\]](?!\s*\d*(?:pt|em|ex)\])", "$", text)
    marks = re.findall(r"(?<!\\)\$\$?", text)
    if not marks:
        return None
    if len(marks) % 2:
        return [(re.sub(r"(?<!\\)\$", r"\\$", text), True)]  # money
    pieces = re.split(r"(?<!\\)\$\$?", text)
    if all(not piece.strip() for piece in pieces[::2]):
        return [(" ".join(pieces[1::2]), True)]
    return [(piece, bool(i % 2)) for i, piece in enumerate(pieces) if piece.strip()]


class _Lexer:
    """A cursor over one stretch of text."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.at = 0
        self.found: list[Token] = []
        self.gap: Gap = ""

    def add(self, kind: Kind, text: str, style: Literal["math", "text", "roman"] = "math") -> None:
        self.found.append(Token(kind, text, self.gap, style))
        self.gap = ""

    def math(self) -> list[Token]:
        """Tokens of mathematics."""
        while self.at < len(self.source):
            match = _TOKEN.match(self.source, self.at)
            if match is None:
                raise Unreadable(f"the character {self.source[self.at]!r}")
            self.at = match.end()
            if match["space"]:
                self.gap = self.gap or "thin"
            elif match["half"]:
                self.add("word", match["half"].replace(" ", ""))
            elif match["num"]:
                self.add("num", match["num"])
            elif match["run"]:
                self.add("letter" if len(match["run"]) == 1 else "run", match["run"])
            elif match["env"]:
                self.environment(match["env"], match["name"])
            elif match["cmd"]:
                self.command(match["cmd"])
            else:
                self.add("op", match["op"])
        return self.found

    def environment(self, which: str, name: str) -> None:
        """A matrix or cases; an array's column format carries no meaning."""
        if name in ("array", "tabular") and which == "begin" and (columns := _GROUP.match(self.source, self.at)):
            self.at = columns.end()
        if name in ("aligned", "align", "align*", "equation", "equation*", "gathered", "split"):
            return
        self.add("cmd", f"{which}:{name}")

    def command(self, name: str) -> None:
        if name == '"':
            self.add("op", name)
            return
        if name not in DRESS and (glued := _GLUED.fullmatch(name)):
            self.at -= len(glued[2])  # data sets have \\quadx for \\quad x
            name = glued[1]
        if name in SPACING:
            wide = SPACING[name]
            self.gap = wide if wide != "" and self.gap != "wide" else self.gap
            if name == "!" and self.found and self.found[-1].text == "," and self.gap != "wide":
                self.found[-1] = replace(self.found[-1], text=TIGHT)
                self.gap = ""
            if name == "!":  # a negative space closes the gap, the blanks behind it too
                self.at += len(self.source[self.at :]) - len(self.source[self.at :].lstrip())
            if name in ("hspace", "hspace*", "mspace", "vspace"):
                self.argument()
        elif name in ("left", "right", "middle") or _SIZE.fullmatch(name):
            if self.source[self.at :].lstrip()[:1] == ".":
                self.at = self.source.index(".", self.at) + 1
        elif name in TEXT or name in ROMAN:
            inside = self.argument()
            lexed = _Lexer(inside).text("roman" if name in ROMAN else "text")
            for index, token in enumerate(lexed):
                self.gap = token.gap if index else (self.gap or token.gap)
                self.add(token.kind, token.text, token.style)
            if inside[-1:].isspace() or inside.endswith("~"):
                self.gap = self.gap or "thin"
        elif name in ("color", "textcolor", "colorbox"):
            colour = self.argument().strip().lower()
            if colour in _PALE or not re.fullmatch(r"[a-z]+(?:![\d.]+(?:![a-z]+)?)*|#?[0-9a-f]{3,6}", colour):
                raise Unreadable("text in a colour that cannot be seen")
        elif name in HIDING:
            raise Unreadable(f"\\{name}, which hides or strikes out")
        elif name in DRESS or name in ARGUMENT_DRESS:
            return
        elif name == "mathbb" and (board := _BOARD.match(self.source, self.at)):
            self.at = board.end()
            self.add("cmd", f"mathbb{board[1] or board[2]}")
        else:
            self.add("cmd", name)

    def argument(self) -> str:
        """The text of the group that follows, or the next character."""
        start = re.compile(r"\s*").match(self.source, self.at)
        at = start.end() if start else self.at
        if self.source[at : at + 1] != "{":
            self.at = at + 1
            return self.source[at : at + 1]
        depth = 0
        for end in range(at, len(self.source)):
            char = self.source[end]
            if self.source[end - 1 : end] == "\\" and self.source[end - 2 : end - 1] != "\\":
                continue
            depth += (char == "{") - (char == "}")
            if depth == 0:
                self.at = end + 1
                return self.source[at + 1 : end]
        raise Unreadable("a group that is never closed")

    def text(self, style: Literal["text", "roman"] = "text") -> list[Token]:
        """Tokens of text: words, numerals, signs, and mathematics between dollars."""
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "$":
                end = self.source.find("$", self.at + 1)
                if end < 0:
                    raise Unreadable("a formula in text that is never closed")
                inner = _Lexer(self.source[self.at + 1 : end]).math()
                if inner:
                    inner[0] = replace(inner[0], gap=self.gap or inner[0].gap)
                    self.gap = ""
                self.found += inner
                self.at = end + 1
                continue
            word = _WORD.match(self.source, self.at)
            if word and word["word"]:
                spelt = word["word"]
                if spelt.endswith(".") and spelt not in _ABBREVIATED:
                    spelt = spelt.rstrip(".")
                    spelt = spelt.split(".")[0]
                self.at += len(spelt)
                self.add("word", spelt, style)
                continue
            before = self.at
            match = _TOKEN.match(self.source, self.at)
            if match is None:
                raise Unreadable(f"the character {char!r}")
            self.at = match.end()
            if match["space"]:
                self.gap = self.gap or "thin"
            elif match["num"]:
                self.add("num", match["num"], style)
            elif match["cmd"]:
                self.command(match["cmd"])
            elif match["op"]:
                if match["op"] not in "{}":
                    self.add("op", match["op"], style)
            else:
                raise Unreadable(f"{self.source[before : self.at]!r} in text")
        return self.found
