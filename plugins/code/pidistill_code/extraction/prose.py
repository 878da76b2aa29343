"""Telling code from prose, line by line, in a completion that is plain text.

A completion is foreign text, so it is never parsed here: deep nesting would take the worker's parser down. lines are
looked at one by one, and only those that begin at the margin: what is indented, or inside a bracket or a triple-quoted
string that is open, belongs to what stands above it. A line is prose where it has the shape of no statement and reads
like words: two of them beside each other, or the mark of a list or of emphasis.
"""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from pidistill_code.syntax import is_python

_DEFINITION: Final = (
    r"(?:async[ \t]+)?def[ \t]+\w+[ \t]*(?:[(\[]|$)|class[ \t]+\w+[ \t]*[:(\[]"
    r"|import[ \t]+[\w.]+[ \t]*(?:as[ \t]+\w+[ \t]*)?(?:$|[,;#])"
    r"|from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\*|\(|\w+[ \t]*(?:$|[,;#]|as\b))"
    r"|@[A-Za-z_(]"
)
_SURE = re.compile(_DEFINITION)
"""How a line begins that is surely code."""
_DOUBTFUL = re.compile(rf"^(?!{_DEFINITION}|[#)\]}}])\S", re.MULTILINE)
"""A line at the margin that begins otherwise, and not as a comment or the end of something in brackets does."""
_STATEMENT = re.compile(
    _DEFINITION + r"|(?:if|elif|while|with|match|case|except|async)\b[^\n]*:|for\b[^\n]*\bin\b[^\n]*:"
    r"|(?:else|try|finally|except)[ \t]*:"
    r"|(?:return|raise|assert|del|yield|await|global|nonlocal|lambda|not)\b"
    r"|(?:pass|break|continue)[ \t]*(?:$|[;#])"
    r"|[#)\]}\"'(\[{]|[rbfuRBFU]{1,2}['\"]|-?\d+[ \t]*(?:$|[-+*/%])"
    r"|[A-Za-z_][\w.]*[ \t]+\([^\n]*\)[ \t]*$|[A-Za-z_][\w.]*(?:\[[^\n\]]{0,200}\][\w.]*)?\("
)
_ASSIGNMENT = re.compile(r"([^=\n]{1,300}?)[ \t]*(?:[-+*/%|&^@:]|//|\*\*|<<|>>)?=(?!=)")
_TARGET = re.compile(r"[\w.,\[\]()'\" \t*:|+-]+")
_TWO_WORDS = re.compile(r"\w[ \t]+\w")
_WORDS = re.compile(
    r"[\w'’,;:]+[ \t]+[\w`*(\"'’]|[-*•>][ \t]|\||\d{1,3}[.)][ \t]|\*\*|`|\S+[.!?:]$|[A-Z]\w*[.!?][ \t]+[A-Z]"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_KEYWORDS: Final = frozenset({*keyword.kwlist, *keyword.softkwlist})
_RULE = re.compile(
    r"(?:[-=*_~>]{3,}|[-=]>|[-=*_~]{2,}(?=.*\w)[^\n\"'()\[\]{}]*[-=*_~]{2,}|<[^<>=]*>|[^\W\d_]\w*,?|O\([^=,\n]{1,30}\)"
    r"|\.\.[ \t]+[\w-]+::[^\n]*|>>>[ \t][^\n]*)[ \t]*"
)
"""A line of marks, with a heading between them or not, a tag, a directive of reStructuredText, what is typed in, what
something costs, or a single word: none of them does anything."""
_EQUATION = re.compile(r"(?!def\b|async\b)(?:[A-Za-z_][\w.]*\([^()\n]*\)|[-\d][\d \t^*+/().-]*)[ \t]*(?:->|=>|=(?!=))")
"""What is said to come of a call or a sum, to which nothing can be assigned."""
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*")
"""A string or a comment within a line."""
_TRIPLE = re.compile("(\"\"\"|''')")
_LONGEST_LINE: Final = 2_000
"""Characters of a line that are looked at."""


def is_statement(line: str) -> bool:
    """Whether a line without indentation may begin or close a statement."""
    head = line[:_LONGEST_LINE]
    if (
        _RULE.fullmatch(head)
        or _EQUATION.match(head)
        or (_TWO_WORDS.search(head) and _has_bare_words(head))
        or _is_no_code(head)
    ):
        return False
    if _STATEMENT.match(head):
        return True
    made = _ASSIGNMENT.match(head)
    return made is not None and bool(_TARGET.fullmatch(made[1])) and not _TWO_WORDS.search(made[1])


def is_prose(line: str) -> bool:
    """Whether a line without indentation is words rather than code."""
    if is_statement(line):
        return False
    head = line[:_LONGEST_LINE]
    return bool(
        _WORDS.match(head)
        or _RULE.fullmatch(head)
        or _EQUATION.match(head)
        or _has_bare_words(head)
        or _is_no_code(head)
    )


def _is_no_code(head: str) -> bool:
    """Whether there is a sign in it, outside strings, that Python has nowhere, such as an arrow or a full stop of
    another script, or it is a sentence of a script that has no spaces and no capitals, which is no Python."""
    if head.isascii():
        return False
    if any(unicodedata.category(sign)[0] in "SP" for sign in _without_strings(head) if not sign.isascii()):
        return True
    return unicodedata.category(head[0]) == "Lo" and not (_ASSIGNMENT.match(head) or is_python(head))


def _has_bare_words(head: str) -> bool:
    """Whether two words stand beside each other of which Python knows neither, as they do in no code."""
    tokens = _TOKEN.findall(_without_strings(head))
    return any(
        (one in ")]" or (_is_word(one) and one not in _KEYWORDS)) and _is_word(two) and two not in _KEYWORDS
        for one, two in pairwise(tokens)
    )


def _without_strings(head: str) -> str:
    """The line without its strings and its comment, up to a quotation mark that opens something."""
    return re.split("[\"'](?!')(?<!'')", STRING.sub(" '' ", head), maxsplit=1)[0]


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token[0] == "_"


def margins(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that begin a statement at the margin, with their numbers: not blank, not indented, not inside a string
    or a bracket that is open."""
    if all(line[:1].isspace() or not line for line in lines):
        return
    quote, depth = "", 0
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        if not quote and depth <= 0:
            if not line[0].isspace():
                if is_prose(line):  # an apostrophe or a bracket in it opens nothing
                    yield number, line
                    continue
                yield number, line
            depth = 0
        quote, change = opened(line, quote)
        depth = max(0, depth + change)


def statements(lines: Sequence[str]) -> Iterator[int]:
    """Numbers of the lines that begin a statement, indented or not."""
    quote, depth = "", 0
    for number, line in enumerate(lines):
        if not quote and depth <= 0 and line.strip():
            yield number
        quote, change = opened(line, quote)
        depth = max(0, depth + change)


def opened(line: str, quote: str) -> tuple[str, int]:
    """The triple quote that is open after `line`, and by how many brackets it opens more than it closes."""
    if '"""' not in line and "'''" not in line:
        if quote or not any(mark in line for mark in "([{)]}"):
            return quote, 0
        return quote, _brackets(line)
    change, pieces = 0, _TRIPLE.split(line)
    for piece, mark in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if not quote:
            change += _brackets(piece)
            quote = mark
        elif mark == quote:
            quote = ""
    return quote, change


def _brackets(text: str) -> int:
    bare = STRING.sub("", text[:_LONGEST_LINE])
    return sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}"))


def only_defines(code: str) -> bool:
    """Whether all that stands at the margin of `code`, which is Python, is surely that: there is no prose in it."""
    return _DOUBTFUL.search(code) is None


def without_prose(text: str, name: str) -> str:
    """Plain text without the prose before, between and after its code; as it is where there is none.

    Prose in between becomes comments, so that lines keep their numbers. What follows prose after the last definition
    of `name` is left out; without a name nothing after the first prose below code is kept.
    """
    lines = text.split("\n")
    starts = list(margins(lines))
    prose = {number for number, line in starts if is_prose(line)}
    if not prose:
        return text
    code = [number for number, _ in starts if number not in prose]
    if not code:  # all of it is indented, as a block of code is in Markdown
        return textwrap.dedent("\n".join("" if n in prose else line for n, line in enumerate(lines)))
    indented = _indented(lines, [n for n, _ in starts], prose, name)
    if indented is not None:
        return textwrap.dedent("\n".join(line if n in indented else "" for n, line in enumerate(lines)))
    begin = _beginning(lines, code, prose)
    last = max((n for n in code if _names(lines[n], name)), default=code[0]) if name else begin
    end = next((n for n in sorted(prose) if n > last), len(lines))
    kept = [f"# {line}" if n in prose else line for n, line in enumerate(lines[:end])]
    return "\n".join(kept[begin:])


def without_last_words(code: str) -> str:
    """What is Python as it stands without lines of words at its beginning and its end, and with single words between
    as comments: they do nothing. Whatever else looks like words there is code."""
    lines = code.split("\n")
    starts = list(margins(lines))
    words = [number for number, line in starts if is_prose(line)]
    others = [number for number, _ in starts if number not in words]
    if not words or not others:
        return code
    first = next((number for number, line in starts if not _RULE.fullmatch(line)), 0)
    end = next((number for number in words if number > others[-1]), len(lines))
    alone = {number for number in words if _RULE.fullmatch(lines[number])}
    return "\n".join([f"# {line}" if n in alone else line for n, line in enumerate(lines[:end])][first:])


def _indented(lines: Sequence[str], margin: Sequence[int], prose: set[int], name: str) -> range | None:
    """The lines below a heading or prose that define `name` as Markdown has code, if nothing else does."""
    if not name or any(_names(lines[n], name) for n in margin):
        return None
    for above, below in reversed(list(pairwise([*margin, len(lines)]))):
        headed = above in prose or lines[above].startswith("#")
        if headed and any(_names(line.lstrip(), name) for line in lines[above + 1 : below]):
            return range(above + 1, below)
    return None


def _beginning(lines: Sequence[str], code: Sequence[int], prose: set[int]) -> int:
    """The first line of the code: a line that is surely code and what stands above it without prose between."""
    sure = next((n for n in code if _SURE.match(lines[n][:_LONGEST_LINE])), code[0])
    above = [n for n in prose if n < sure]
    barrier = max(above, default=-1)
    return next(n for n in code if n > barrier)


def _names(line: str, name: str) -> bool:
    return name in line and bool(
        re.match(rf"(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|{re.escape(name)}\b[^\n(]*=", line)
    )


def body(text: str) -> str:
    """The lines up to the first unindented one, below code, that is prose."""
    lines = text.split("\n")
    starts = dict(margins(lines))
    if not starts:
        return text
    begun = False
    for number, line in enumerate(lines):
        if number in starts and is_prose(line):
            if begun:
                return "\n".join(lines[:number])
        elif line.strip():
            begun = True
    return "\n".join(lines)
