"""From a completion to the answer it commits to. Text in, text out; whether the answer is right is for `judge`.

The rules, in order:

1. Scratch work does not count: only what follows the last ``</think>`` is read, and a ``<think>`` that is never closed
   leaves no answer. Of very long texts only the last `WINDOW` characters are read.
2. The last ``\\boxed{}`` (or ``\\fbox{}``) is the answer. Braces are balanced, escaped ones are text, and of nested
   boxes the outermost counts. A later box corrects an earlier one, but boxes that only a separator divides ("or", a
   comma) are one listing, judged as the list it is. A box opened and never closed is a truncated answer, hence none.
3. Without a box the fallback (an option) reads what is *stated* as the answer: the line after the last ``####``, or
   what follows the last "answer is" or "answer:", whichever comes later. A number that merely stands last is no answer.

Every rule is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

WINDOW = 1_000_000
"""Characters at the end of a completion in which an answer is looked for."""

How = Literal["box", "marker", "phrase", "none"]

_TOKEN = re.compile(r"\\+(?:boxed|fbox)\s*(?:(?P<open>\{)|(?P<bare>-?\d+(?:\.\d+)?)|(?![A-Za-z]))|\\[\s\S]|[{}]")
_SEPARATORS = re.compile(
    r"(?:[\s$.,;:&/~]|\\[\s,;:!()\[\]]|\\q?quad\b|\\text\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|\b[A-Za-z](?:_\w)?\s*=)*"
)
_PHRASE = re.compile(r"\banswer\b\**(?:\s+is\b(?:\s*:)?|\s*[:=])\**", re.IGNORECASE)
_VALUE = r"""(?:\$\$[^$\n]{1,2000}\$\$|\$[^$\n]{1,2000}\$|\\\([^\n]{1,2000}?\\\)|\\\[[^\n]{1,2000}?\\\]
              |[-+\u2212]?\s?\\?[$\u20ac\u00a3]?\s?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?/\s?\d+)?\s?(?:\\?%)?)"""
_STATED = re.compile(rf"\s*\**\s*(?P<values>{_VALUE}(?:\s*(?:,?\s*(?:and|or)\b|[,;])\s*{_VALUE})*)", re.VERBOSE)
_INNER_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{(?=[^{}]*\}$|\s*\\(?:boxed|fbox)\s*\{)")
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)")
_STATEMENT_CHARS = 2_000


@dataclass(frozen=True)
class Extraction:
    """What a completion commits to. `answer` is None where it commits to nothing, and `reason` then says why."""

    answer: str | None
    how: How
    reason: str = ""


@dataclass(frozen=True)
class _Box:
    start: int
    end: int
    content: slice


def extract(completion: str, fallback: bool = True) -> Extraction:
    """The answer of a completion. `fallback` allows an answer that is stated without a box."""
    text = completion[-WINDOW:]
    think_end = text.rfind("</think>")
    if text.find("<think>", max(think_end, 0)) >= 0:
        return Extraction(None, "none", "the completion ends inside its scratch work (<think> is never closed)")
    if think_end >= 0:
        text = text[think_end + len("</think>") :]
    boxes, truncated = _boxes(text)
    if truncated:
        return Extraction(None, "none", "the last \\boxed{} is never closed")
    if boxes:
        answer = _listing(text, boxes)
        return Extraction(answer, "box") if answer else Extraction(None, "none", "the last \\boxed{} is empty")
    return _stated(text) if fallback else Extraction(None, "none", "no \\boxed{} in the completion")


def _boxes(text: str) -> tuple[list[_Box], bool]:
    """Outermost closed boxes in order, and whether a box opened after the last closed one is never closed."""
    starts = [at for at in (text.find("\\boxed"), text.find("\\fbox")) if at >= 0]
    if not starts:
        return [], False
    found: list[_Box] = []
    stack: list[tuple[int, int]] = []  # (start of the box command or -1, start of the content)
    for token in _TOKEN.finditer(text, min(starts)):
        mark = token.group()[-1]
        if token["open"]:
            stack.append((token.start(), token.end()))
        elif token["bare"]:
            found.append(_Box(token.start(), token.end(), slice(*token.span("bare"))))
        elif len(token.group()) > 1:
            continue
        elif mark == "{":
            stack.append((-1, token.end()))
        elif stack:
            start, content = stack.pop()
            if start >= 0:
                while found and found[-1].start > start:
                    found.pop()
                found.append(_Box(start, token.end(), slice(content, token.start())))
    last_open = max((start for start, _ in stack if start >= 0), default=-1)
    return found, last_open > (found[-1].start if found else -1)


def _listing(text: str, boxes: list[_Box]) -> str:
    """The last box, and before it every different box that only separators keep from it."""
    contents = [_unboxed(text[boxes[-1].content])]
    for box, following in zip(boxes[-2::-1], boxes[:0:-1], strict=True):
        between = text[box.end : following.start]
        if len(between) > 80 or not _SEPARATORS.fullmatch(between):
            break
        if (content := _unboxed(text[box.content])) and content not in contents:
            contents.append(content)
    return ", ".join(reversed(contents)) if contents[0] else ""


def _unboxed(content: str) -> str:
    """The content of a box that holds nothing but another box."""
    content = content.strip()
    while (inner := _INNER_BOX.match(content)) and content.endswith("}") and len(content) <= _STATEMENT_CHARS:
        content = content[inner.end() : -1].strip()
    return content


def _stated(text: str) -> Extraction:
    marker = text.rfind("####")
    phrase = max(_PHRASE.finditer(text), key=re.Match.end, default=None)
    if phrase and phrase.end() > marker:
        return _found(_statement(text[phrase.end() : phrase.end() + _STATEMENT_CHARS]), "phrase")
    if marker >= 0:
        line = text[marker + 4 : marker + 4 + _STATEMENT_CHARS].split("\n", 1)[0]
        return _found(_undress(line), "marker")
    return Extraction(None, "none", "no \\boxed{} in the completion, and no answer stated")


def _found(answer: str, how: How) -> Extraction:
    unfinished = answer.endswith(("=", ":", "\\", "+")) or answer.count("{") != answer.count("}")
    if not answer or unfinished:
        return Extraction(None, "none", "the answer that is announced is missing or unfinished")
    return Extraction(answer, how)


def _statement(text: str) -> str:
    """What is stated at the beginning of `text`: one value, several joined by commas or "or", else the sentence."""
    if values := _STATED.match(text):
        stated = values["values"].rstrip()
        rest = text[values.start("values") + len(stated) :]
        if not rest[:1].isalnum() and rest.lstrip()[:1] not in tuple("\\^_*/+-({="):
            return _undress(stated)
    end = _SENTENCE_END.search(text.lstrip())
    return _undress(text.lstrip()[: end.start()] if end else text)


def _undress(text: str) -> str:
    """`text` without Markdown emphasis, math delimiters and a final full stop."""
    text = text.strip().strip("*`").strip().rstrip(".").strip()
    text = re.sub(r"(?<!\\)\$(?=\d[\d.,]*$)", "", text)  # a lone dollar sign before an amount is money
    return re.sub(r"(?<!\\)\${1,2}|\\[()\[\]]", "", text).strip().rstrip(".")
