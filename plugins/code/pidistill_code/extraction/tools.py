"""What an answer calls tools with that edit files, written as the edits that it means.

A tool is told a whole file, or what to search for and what to put in its place, in JSON or between tags for its
parameters. Written as a block of code, or as one to search for (`edits`), each of them is read as what stands in an
answer by itself. All calls of an answer are written so, or none: those that only make files are read by `carried`. A
call that names no file is data beside a program that reads calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from pidistill.authoring.fences import fenced
from pidistill_code.extraction.fenced import fences, is_marked
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.extraction.wholes import is_whole

_OLD: Final = ("old_str", "old_string", "old_text", "old_code", "search")
_NEW: Final = ("new_str", "new_string", "new_text", "new_code", "replace")
_WHOLE: Final = ("file_text", "content", "contents", "code", "text")
_PATHS: Final = ("path", "file_path", "filename", "file", "target_file")
_PATCH: Final = "*** Begin Patch"
_DEEPEST: Final = 8
_MOST: Final = 100
"""Calls that are looked at."""
_BEGINS = re.compile(r"(?:^|(?<=>))[ \t]*(?:[A-Za-z][\w ]{0,30}:[ \t]*)?(?=\[\s*\{|\{\s*\")", re.MULTILINE)
_FENCE_ABOVE = re.compile(r"^[ \t]*```\w*[ \t]*\n\s*\Z", re.MULTILINE)
_FENCE_BELOW = re.compile(r"\s*\n[ \t]*```[ \t]*(?=\n|\Z)")
_PARAMETER = re.compile(
    rf"<(?:parameter(?:=|[ ]name=)\"?)?(?P<name>{'|'.join((*_OLD, *_NEW, *_WHOLE, *_PATHS))})\"?>\n?"
)


_READS_CALLS = re.compile(
    rf"(?<!\\)['\"](?:{'|'.join(_OLD)})['\"]\]|\.get\(['\"](?:{'|'.join(_OLD)})['\"]|"
    rf"^[ \t]*def \w+\([^()\n]*\b(?:{'|'.join(_OLD)})\b",
    re.MULTILINE,
)
"""How a program reads the calls of such tools, so that those beside it that name no file are its data."""


class _Call(NamedTuple):
    """Where a call stands, and what it means."""

    begin: int
    end: int
    block: str
    edits: bool


def with_calls_written(text: str, name: str) -> str:
    """`text` with what it calls editing tools with as blocks; as it is where no call edits anything.

    `name` is what the answer has to define, '' for a program.
    """
    if len(text) > LONGEST_LOOKED_AT or not (_PATCH in text or any(old in text for old in _OLD)):
        return text
    are_data = _READS_CALLS.search(text) is not None
    for calls in (list(_of_json(text, are_data)), list(_of_tags(text, are_data))):
        if any(call.edits for call in calls) and not is_whole(text, name):
            written, at = list[str](), 0
            for call in calls:
                written += [text[at : call.begin], call.block]
                at = call.end
            return "".join([*written, text[at:]])
    return text


def _of_json(text: str, are_data: bool) -> Iterator[_Call]:
    decoder, end, lines = json.JSONDecoder(), 0, text.split("\n")
    code = [(begin, close) for begin, close, language in fences(lines) if is_marked(language)]
    for found in islice(_BEGINS.finditer(text), _MOST):
        line = text.count("\n", 0, found.end())
        if found.end() < end or any(begin < line < close for begin, close in code):
            continue
        try:
            value, stop = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if blocks := list(_told(value, are_data)):
            begin, end = found.start(), stop
            above, below = _FENCE_ABOVE.search(text, 0, begin), _FENCE_BELOW.match(text, stop)
            if above and below:
                begin, end = above.start(), below.end()
            yield _Call(begin, end, "\n".join(block for block, _ in blocks), any(edits for _, edits in blocks))


def _told(value: object, are_data: bool, deepest: int = _DEEPEST) -> Iterator[tuple[str, bool]]:
    """The blocks that a value of JSON's means, each with whether it edits something."""
    if not deepest:
        return
    if isinstance(value, str):
        if value.lstrip().startswith(_PATCH):
            yield f"\n{fenced(value)}\n", True
        elif value.lstrip()[:1] in ("{", "["):
            try:
                yield from _told(json.loads(value), are_data, deepest - 1)
            except (ValueError, RecursionError):
                return
    elif isinstance(value, list):
        for one in value:
            yield from _told(one, are_data, deepest - 1)
    elif isinstance(value, dict):
        old, new, whole, path = (_first(value, keys) for keys in (_OLD, _NEW, _WHOLE, _PATHS))
        if old is not None and new is not None and are_data and path is None:
            return
        if old is not None and new is not None:
            yield _edit(path or "", old, new), True
        elif whole is not None and path is not None:
            yield _file(path, whole), False
        else:
            for one in value.values():
                yield from _told(one, are_data, deepest - 1)


def _first(value: dict[str, object], keys: tuple[str, ...]) -> str | None:
    return next((one for key in keys if isinstance(one := value.get(key), str)), None)


def _of_tags(text: str, are_data: bool) -> Iterator[_Call]:
    path, old, end = "", None, 0
    for found in islice(_PARAMETER.finditer(text), _MOST):
        name = found["name"]
        closing = [
            (at, mark) for mark in ("</parameter>", f"</{name}>") if (at := text.find(mark, found.end())) >= found.end()
        ]
        if found.start() < end or not closing:
            continue
        at, mark = min(closing)
        value, end = text[found.end() : at].removesuffix("\n"), at + len(mark)
        if name in _PATHS:
            path = value.strip()
        elif are_data and not path:
            continue
        elif name in _OLD:
            old = value
            yield _Call(found.start(), end, "", edits=False)
        elif name in _NEW and old is not None:
            yield _Call(found.start(), end, _edit(path, old, value), edits=True)
            old = None
        elif name in _WHOLE and path:
            yield _Call(found.start(), end, _file(path, value), edits=False)


def _edit(path: str, old: str, new: str) -> str:
    told = f"<<<<<<< SEARCH\n{_lines(old)}=======\n{_lines(new)}>>>>>>> REPLACE"
    return f"\n{path}\n{fenced(told)}\n"


def _lines(text: str) -> str:
    return f"{text.removesuffix(chr(10))}\n" if text else ""


def _file(path: str, text: str) -> str:
    return f"\n{path}\n{fenced(text.strip(chr(10)), 'python' if path.endswith('.py') else 'text')}\n"
