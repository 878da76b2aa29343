"""The Markdown fences of an answer that may hold Python, and what is said between them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final, NamedTuple

from pidistill_code.extraction.pages import FENCE, patched

_MARKED: Final = frozenset({"python", "py", "pycon", "cpython"})
_VERSION = re.compile(r"(?<=n|y)[\d.]+$")
"""Of Python, behind its name."""
_MAY_BE: Final = _MARKED | {""}
DIFFS: Final = frozenset({"diff", "patch"})
"""Languages of a difference between two files, of which the new one is meant."""


class Block(NamedTuple):
    """What stands in a fence."""

    text: str
    marked: bool
    """Whether its fence says that it is Python."""
    words: str = ""
    """What is said between it and the block above."""


def fenced_blocks(text: str) -> list[str]:
    """Contents of the Markdown fences that may hold Python, in order. A fence is closed by one as long as its own."""
    return [block.text for block in blocks_of(text)]


def blocks_of(text: str, languages: frozenset[str] = _MAY_BE, within: Container[int] = ()) -> list[Block]:
    """The blocks whose fence names one of `languages`. The lines `within` strings are no fences.

    Where nothing stands between a fence and one that names Python, the first is a slip and the second begins the block.
    """
    blocks: list[Block] = []
    if "```" not in text and "~~~" not in text:
        return blocks
    fence, language, indent, lines, words = "", "", 0, list[str](), list[str]()
    for number, line in enumerate(text.split("\n")):
        match = FENCE.match(line) if number not in within else None
        if not fence:
            if match:
                fence, language, indent, lines = match[2], _language(match[3]), width_of(match[1]), []
            else:
                words.append(line)
        elif match and match[2].startswith(fence) and not match[3] and width_of(match[1]) < indent + 4:
            blocks += _block(language, lines, languages, words)
            fence, words = "", []
        elif match and language in _MAY_BE and _language(match[3]) in _MARKED and not "".join(lines).strip():
            fence, language, indent, lines = match[2], _language(match[3]), width_of(match[1]), []
        else:
            lines.append(_dedented(line, indent))
    if lines and lines[-1].strip() in ("`", "``"):  # a fence that is cut off
        lines.pop()
    return blocks + _block(language, lines, languages, words) if fence else blocks


def fences(lines: Sequence[str], within: Container[int] = ()) -> Iterator[tuple[int, int, str]]:
    """Where each fence opens and where it is closed, or the text ends, and the language that it names."""
    opened, begin = None, 0
    for number, line in enumerate(lines):
        match = FENCE.match(line) if number not in within else None
        if match and opened is None:
            opened, begin = match, number
        elif match and opened and match[2].startswith(opened[2]) and not match[3]:
            yield begin, number, _language(opened[3])
            opened = None
    if opened is not None:
        yield begin, len(lines), _language(opened[3])


def unindented(lines: list[str]) -> list[str]:
    """A block and its fence without the fence's indentation, as that in an item of a list has it."""
    fence = FENCE.match(lines[0])
    if fence is None or not (indent := width_of(fence[1])):
        return lines
    return [lines[0][len(fence[1]) :], *(_dedented(line, indent) for line in lines[1:])]


def is_marked(language: str) -> bool:
    """Whether a fence's language is Python."""
    return language in _MARKED


def below_all(text: str, last: str) -> str:
    """What is said below the last block and the fence that ends it."""
    _, found, tail = text.rpartition(f"{last}\n")
    return tail.partition("\n")[2] if found else ""


def _language(word: str) -> str:
    """A fence's language: `python3.12` is Python, and `code` is none."""
    language = _VERSION.sub("", word.lower())
    return "" if language == "code" else language


def _block(language: str, lines: list[str], languages: frozenset[str], words: list[str]) -> list[Block]:
    lines = patched(lines) if language in DIFFS else lines
    if not language and lines[1:] and lines[0].strip().lower() in _MARKED:  # the language has a line of its own
        language, lines = lines[0].strip().lower(), lines[1:]
    return [Block("\n".join(lines), bool(language), "\n".join(words))] if language in languages else []


def width_of(text: str) -> int:
    """Columns that an indentation takes."""
    return len(text.expandtabs(4))


def _dedented(line: str, indent: int) -> str:
    """`line` without as much of its indentation as its fence has."""
    if not indent or not line[:1].isspace():
        return line
    bare = line.lstrip(" \t")
    return " " * max(0, width_of(line[: len(line) - len(bare)]) - indent) + bare
