"""Lines that say whether they are whole: how a record lies in a file, and how damage to it is found and named.

A line is one JSON object that begins with a checksum over all that follows, its newline included:

    {"sum":"5e0b12aa","key":"...","at":"...","cell":"...","record":{...}}

So a line that was cut off, changed or run together with the next one is known before anything in it is believed. CRC-32
finds every change of one or two bits and every burst of up to 32; beyond these it misses one in four billion. It
guards against disks, not against people. Which lines a file should hold is `log.py`'s and `uses.py`'s business.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = b'{"sum":"'
_SUM_END = len(_HEAD) + 8
_REST = _SUM_END + 2

_BEGINS = re.compile(rb'\{"sum":"[0-9a-f]{8}",')
"""Where a line may begin. In a JSON string its quotes would be escaped; in an object that a record holds, its own
checksum would have to be right as well."""


@dataclass(frozen=True)
class Damage:
    """Something in a store that is not what was written. It is never read, and what it held is made anew."""

    file: Path
    at: int | None
    """Byte where the damaged line begins, or None where the whole file (or folder) is meant."""
    reason: str
    length: int = 0
    """Bytes of the damaged line."""

    def __str__(self) -> str:
        return f"{self.file}{'' if self.at is None else f', byte {self.at}'}: {self.reason}"


def seal(rest: bytes) -> bytes:
    """The line of a JSON object, given as its text without the opening brace."""
    rest += b"\n"
    return b'%b%08x",%b' % (_HEAD, zlib.crc32(rest), rest)


def unseal(line: bytes) -> bytes | None:
    """What `seal` was given, with the newline, or None where the line is not what was written."""
    rest = line[_REST:]
    return rest if line[:_REST] == b'%b%08x",' % (_HEAD, zlib.crc32(rest)) else None


def pieces(stretch: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that may be hidden in a damaged stretch, with their places: a damaged newline hides a good line."""
    starts = [match.start() for match in _BEGINS.finditer(stretch)]
    edges = sorted({0, *starts, len(stretch)})
    for start, end in itertools.pairwise(edges):
        yield start, stretch[start:end]


def why(line: bytes) -> str:
    """What is wrong with a line that does not unseal, for a person."""
    if not line.endswith(b"\n"):
        return "cut off"
    return "its checksum does not fit" if _BEGINS.match(line) else "does not begin as a line of this store"
