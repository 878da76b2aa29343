"""What pages, notebooks and chats put around code that is no part of it, taken away before `extract` looks for it.

Only lines are looked at, as in `extract`. What is taken away is never Python where it stands: a line of a notebook
that begins with `%` or `!`, the `>>>` of a session that was typed in, a token that ends a turn, an HTML tag before a
fence. So no program that Python would run becomes another one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Container, Iterator
from itertools import islice
from typing import Final

from pidistill_code.extraction.prose import is_prose, margins

_TOKEN: Final = r"(?:<\|(?:im_end|endoftext|end_of_text|eot_id|eom_id|end)\|>|<end_of_turn>|<｜end▁of▁sentence｜>)"
_END_OF_TURN = re.compile(rf"{_TOKEN}[ \t]*$|(?<=[^\s`'\"]){_TOKEN}(?=[A-Za-z#<@])", re.MULTILINE)
_TAG_BEFORE_FENCE = re.compile(r"^[ \t]*<\w+>[ \t]*(?=```|~~~)", re.MULTILINE)
_PRE = re.compile(r"(?:^[ \t]*|(?<=>))<pre[^<>\n]*>[ \t]*(?:<code[^<>\n]*>)?\n?", re.MULTILINE)
_END_OF_PRE = re.compile(r"\n?[ \t]*(?:</code>[ \t]*)?</pre>")
_FILE_NAME = re.compile(r"\s*(?:(?:File|Filename|Path)[ \t]*:[ \t]*)?[`*]*[\w./-]*\w\.py[`*]*:?[ \t]*\n", re.IGNORECASE)
_MAGIC = re.compile(r"%%?[a-z]\w*(?:[ \t]|$)|![ \t]*[a-z][\w./-]*(?:[ \t]|$)")
_MOST_ENDS: Final = 20
"""Tokens that are looked at."""
FENCE = re.compile(r"^([ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(```+|~~~+)[ \t]*\{?\.?([\w+.-]*)[^\n`]*$")
_PROMPT = re.compile(r"[ \t]*(?:(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?:[ ](.*))?)$")
"""Of Python's own interpreter and of IPython."""
_HEAD_OF_DIFF = re.compile(r"\+\+\+ |--- |@@ |diff |index ")
_SPAN = re.compile(r"`+(?:python[ \t]+)?([^`\n]+)`+")


def as_written(text: str) -> str:
    """The answer alone: up to the token that ends its turn, tags before fences taken away, `<pre>` blocks as fences."""
    if "<" not in text:
        return text
    for end in islice(_END_OF_TURN.finditer(text), _MOST_ENDS):
        before = text[: end.start()]
        line = before[before.rfind("\n") + 1 :]
        quoted = any(line.count(mark) % 2 for mark in "'\"") or before.count('"""') % 2 or before.count("'''") % 2
        if before.strip() and not quoted:
            text = before
            break
    text = text.rstrip().removesuffix("</s>") if text.rstrip().endswith("</s>") else text
    text = _TAG_BEFORE_FENCE.sub("", text)
    return _pre_as_fences(text) if "</pre>" in text and "```" not in text and "~~~" not in text else text


def _pre_as_fences(text: str) -> str:
    """`<pre>` blocks as Markdown has them, with what is escaped in them as a page shows it."""
    pieces, at = list[str](), 0
    first = _PRE.search(text)
    if first is None or first.start() >= code_begins(text):
        return text
    while (begin := _PRE.search(text, at)) and (end := _END_OF_PRE.search(text, begin.end())):
        inner = text[begin.end() : end.start()]
        inner = html.unescape(inner) if "<" not in inner else inner
        apart = "" if begin.start() == 0 or text[begin.start() - 1] == "\n" else "\n"
        pieces += [text[at : begin.start()], f"{apart}```\n{inner}\n```\n"]
        at = end.end()
    return "".join([*pieces, text[at:]])


def code_begins(text: str) -> int:
    """Where the first line that is no prose ends: a tag behind it is in a string of the code."""
    lines, at = text.split("\n"), 0
    starts = dict(margins(lines))
    for number, line in enumerate(lines):
        at += len(line) + 1
        if line.strip() and not (number in starts and is_prose(line)):
            break
    return at


def without_magics(code: str) -> str:
    """Code without the commands of a notebook, and without the file's name above it, each of them a comment, so that
    lines keep their numbers."""
    if _FILE_NAME.match(code):
        at = len(code) - len(code.lstrip())
        code = f"{code[:at]}# {code[at:]}"
    if not re.search(r"^[%!]", code, re.MULTILINE):
        return code
    lines = code.split("\n")
    for number, line in list(margins(lines)):
        if _MAGIC.match(line) and not (number and lines[number - 1].endswith("\\")):
            lines[number] = f"# {line}"
    return "\n".join(lines)


def typed_in(text: str) -> str:
    """What was typed in a session with an interpreter, without its prompts and without what it answered."""
    typed = (_PROMPT.match(line) for line in text.split("\n"))
    return "\n".join(found[1] or "" for found in typed if found)


def is_typed_in(text: str) -> bool:
    """Whether prompts of an interpreter stand in it."""
    return ">>> " in text or "In [" in text


def patched(lines: list[str]) -> list[str]:
    """What the lines of a difference between two files make of the first one, as far as they show it."""
    told = [line for line in lines if not _HEAD_OF_DIFF.match(line)]
    return [line[1:] if line[:1] in "+ " else line for line in told if not line.startswith("-")]


def before_lone_fence(text: str, within: Container[int] = ()) -> str:
    """What stands before a fence that only ends something: code, whose own fence the prompt has opened. The lines
    `within` strings are no fences."""
    lines = text.split("\n")
    fences = [n for n, line in enumerate(lines) if line[:1] in "`~" and FENCE.match(line) and n not in within]
    if len(fences) % 2 == 0 or set(lines[fences[0]].rstrip()) - {"`", "~"}:
        return text
    before = lines[: fences[0]]
    starts = dict(margins(lines[: fences[0] + 1]))  # none in a string
    code = any(line.strip() for line in before) and fences[0] in starts
    code = code and not any(is_prose(line) for number, line in starts.items() if number < fences[0])
    return "\n".join(before) if code else text


def within_a_line(text: str) -> Iterator[str]:
    """Code that stands in a line of prose, between back quotes."""
    for found in _SPAN.finditer(text):
        yield found[1].strip()
