"""Edits of files as answers write them: what to search for and to put in its place, patches, and differences.

Four forms are read: `<<<<<<< SEARCH ... ======= ... >>>>>>> REPLACE`, what stands below `*** Begin Patch`, differences
as `diff -u` writes them, and those in a fence for them that have no heads. `edited` makes the edits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_SEARCH = re.compile(r"[ \t]*(?:<{5,9}|-{5,9}) ?(?:SEARCH|ORIGINAL)\b")
_DIVIDES = re.compile(r"[ \t]*={5,9}[ \t]*$")
_REPLACE = re.compile(r"[ \t]*(?:>{5,9}|\+{5,9}) ?(?:REPLACE|UPDATED)\b")
_START_LINE = re.compile(r"[ \t]*(?::(?:start|end)_line:.*|-{5,9})$")
"""Where some tools want to be told at which line to search."""
_PATCH = re.compile(r"\*\*\* (?:Begin Patch|(?:Add|Update|Delete) File:)")
_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File:[ \t]*(.*)")
_ENDS_FILE = re.compile(r"\*\*\* (?!End of File|Move to)")
_OLD_FILE = re.compile(r"--- (?:\"?a/)?([^\t\n]+?)\"?[ \t]*(?:\t.*)?$")
_NEW_FILE = re.compile(r"\+\+\+ (?:\"?b/)?([^\t\n]+?)\"?[ \t]*(?:\t.*)?$")
_HUNK = re.compile(r"@@(?: -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@)?[ \t]*(.*)$")
_HEAD = re.compile(r"(?:diff --git|index [0-9a-f]+\.\.|new file mode|similarity index|\\ No newline)")
_NO_FILE: Final = "/dev/null"
_PATH = re.compile(r"(?:[#/*`\s]*(?:file(?:name)?|path)?[:\s]*)([\w./-]*\w\.\w{1,5})[`*:\s]*$", re.IGNORECASE)


class Edit(NamedTuple):
    """Lines of a file, and those that come in their place."""

    path: str
    """'' where none is named."""
    old: tuple[str, ...]
    new: tuple[str, ...]
    whole: bool = False
    """Whether `new` is all of a file."""
    below: str = ""
    """A line above it, at any distance."""
    line: int = 0
    """The number of the first line; 0 where none is named."""


class Span(NamedTuple):
    """Lines of a text that hold edits."""

    begin: int
    end: int
    edits: tuple[Edit, ...]
    is_diff: bool
    """Whether signs before the lines tell old ones from new ones."""
    complete: bool = True


def spans(lines: Sequence[str], first: int, end: int, bare: bool = False) -> list[Span]:
    """The edits among those lines; `bare` says that they are a difference, with heads or without."""
    found, at = list[Span](), first
    while at < end:
        span = _at(lines, at, end)
        if span is not None:
            found.append(span)
        at = at + 1 if span is None else span.end
    if bare and not found and (edits := _of_diff(lines[first:end])):
        return [Span(first, end, edits, is_diff=True)]
    return found


def may_hold_edits(text: str) -> bool:
    """Whether it is worth to look for some."""
    return ("SEARCH" in text or "ORIGINAL" in text or "*** " in text or "+++ " in text or "@@" in text) or (
        "```diff" in text or "```patch" in text
    )


def path_in(line: str) -> str:
    """The file's name that is all of a line."""
    found = _PATH.match(line)
    return found[1] if found else ""


def _at(lines: Sequence[str], at: int, end: int) -> Span | None:
    """The edits that begin with this line."""
    if _SEARCH.match(lines[at]):
        return _searched(lines, at, end)
    if _PATCH.match(lines[at]):
        stop = next((n for n in range(at, end) if lines[n].startswith("*** End Patch")), end - 1) + 1
        edits = _of_patch(lines[at:stop])
        return Span(at, stop, edits, is_diff=True) if edits else None
    if _OLD_FILE.match(lines[at]) and at + 2 < end and _NEW_FILE.match(lines[at + 1]) and _HUNK.match(lines[at + 2]):
        stop = _end_of_diff(lines, at + 3, end)
        return Span(at, stop, _of_diff(lines[at:stop]), is_diff=True)
    return None


def _searched(lines: Sequence[str], at: int, end: int) -> Span:
    """The edit of a block that says what to search for."""
    divides = next((n for n in range(at + 1, end) if _DIVIDES.match(lines[n])), end)
    stop = next((n for n in range(divides + 1, end) if _REPLACE.match(lines[n])), end)
    if stop == end or any(_SEARCH.match(lines[n]) for n in range(at + 1, stop)):
        return Span(at, end, (), is_diff=False, complete=False)
    begin = at + 1
    while begin < divides and _START_LINE.match(lines[begin]):
        begin += 1
    above = next((path for n in range(at - 1, max(at - 4, -1), -1) if (path := path_in(lines[n]))), "")
    old, new = tuple(lines[begin:divides]), tuple(lines[divides + 1 : stop])
    return Span(at, stop + 1, (Edit(above, old, new, whole=not any(map(str.strip, old))),), is_diff=False)


def _of_patch(lines: Sequence[str]) -> tuple[Edit, ...]:
    """The edits below `*** Begin Patch`."""
    found = list[Edit]()
    for number, line in enumerate(lines):
        if file := _FILE.match(line):
            below = lines[number + 1 :]
            stop = next((n for n, it in enumerate(below) if _ENDS_FILE.match(it)), None)
            part = [it for it in below[:stop] if not it.startswith("*** ")]
            if file[1] == "Add":
                whole = tuple(it.removeprefix("+") for it in part)
                found.append(Edit(file[2].strip(), (), whole, whole=True))
            elif file[1] == "Update":
                found += _hunks(part, file[2].strip())
    return tuple(found)


def _of_diff(lines: Sequence[str]) -> tuple[Edit, ...]:
    """The edits of a difference between two files, or between several."""
    heads = [n for n in range(len(lines) - 1) if _OLD_FILE.match(lines[n]) and _NEW_FILE.match(lines[n + 1])]
    found = list(_hunks(lines[: heads[0] if heads else len(lines)], ""))
    for begin, end in pairwise([*heads, len(lines)]):
        named, part = _NEW_FILE.match(lines[begin + 1]), lines[begin + 2 : end]
        path = named[1] if named else ""
        if lines[begin].startswith(f"--- {_NO_FILE}"):
            whole = tuple(it.removeprefix("+") for it in part if not (_HUNK.match(it) or _HEAD.match(it)))
            found.append(Edit(path, (), whole, whole=True))
        elif path != _NO_FILE:
            found += _hunks(part, path)
    return tuple(found)


def _hunks(lines: Sequence[str], path: str) -> Iterator[Edit]:
    """The edits of one file, each of which `@@` begins; the first may begin without."""
    lines = [line for line in lines if not _HEAD.match(line)]
    begins = [n for n, line in enumerate(lines) if _HUNK.match(line)]
    for begin, end in pairwise([-1, *begins, len(lines)]):
        head = _HUNK.match(lines[begin]) if begin >= 0 else None
        part = list(lines[begin + 1 : end])
        while part and not part[-1].strip():
            part.pop()
        if any(line[:1] in ("+", "-") for line in part):
            old = tuple(_bare(line) for line in part if line[:1] != "+")
            new = tuple(_bare(line) for line in part if line[:1] != "-")
            number = int(head[1] or 0) if head else 0
            yield Edit(path, old, new, below=head[2].strip() if head else "", line=number)


def _bare(line: str) -> str:
    """A line of a difference without the sign before it, which an empty one may lack."""
    return line[1:] if line[:1] in ("+", "-", " ") else line


def _end_of_diff(lines: Sequence[str], at: int, end: int) -> int:
    """Where a difference that no fence ends is over: before a line that has no sign, but for empty ones within it."""
    last = at
    while at < end:
        line = lines[at]
        heads = _HUNK.match(line) or _HEAD.match(line)
        if line.strip() and not (heads or line[:1] in ("+", "-", " ", "\t")):
            break
        at += 1
        last = at if line.strip() else last
    return last
