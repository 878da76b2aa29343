"""One line of a log: a record with its key, who paid for it and when.

    {"sum":"5e0b12aa","key":"<32 hexadecimal digits>","at":"<UTC, microseconds>","cell":"...","record":{...}}

Key and time stand at fixed places, so that a log is opened without decoding its records. `"replaces":true` before the
record says that its maker knew of an older one under the key. A line whose record is null withdraws what stood under
its key until then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from pidistill.records import JSON, Record, canonical_json
from pidistill.store.lines import seal, unseal

R = TypeVar("R", bound=Record)

_KEY = slice(25, 57)
_AT = slice(65, 97)
_SHAPE = re.compile(rb'.{18}"key":"[0-9a-f]{32}","at":"[^"]{32}","cell":')
_MAYBE_KEY = re.compile(rb'"key":"([0-9a-f]{32})"')


@dataclass(frozen=True)
class Entry(Generic[R]):
    """One line of a log, decoded."""

    key: str
    cell: str
    """The cell that paid for the record."""
    at: str
    """When, UTC, ISO 8601."""
    record: R


def line(key: str, at: str, cell: str, record: dict[str, JSON] | None, *, replaces: bool = False) -> bytes:
    """The line of a record."""
    assert len(key) == 32, key
    said = ',"replaces":true' if replaces else ""
    rest = f'"key":"{key}","at":"{at}","cell":{canonical_json(cell)}{said},"record":{canonical_json(record)}}}'
    return seal(rest.encode("ascii"))


def withdrawal(key: str, at: str) -> bytes:
    """The line that says that what stood under `key` until `at` does not count."""
    return line(key, at, "", None)


def is_entry(text: bytes) -> bool:
    """Whether `text` is a line of a log, and what was written."""
    return unseal(text) is not None and _SHAPE.match(text) is not None


def is_withdrawal(text: bytes) -> bool:
    """Whether an entry is a withdrawal."""
    return text.endswith(b',"record":null}\n')


def key_of(text: bytes) -> str:
    """The key of an entry."""
    return text[_KEY].decode("ascii")


def at_of(text: bytes) -> bytes:
    """When an entry was written; in order of time as bytes."""
    return text[_AT]


def parse(text: bytes) -> dict[str, Any] | None:
    """The JSON object of an entry, or None where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "record" not in data:
        return None
    return data if all(isinstance(data.get(name), str) for name in ("key", "at", "cell")) else None


def keys_named(stretch: bytes) -> list[str]:
    """The keys that a damaged stretch may have been entries of."""
    return [match[1].decode("ascii") for match in _MAYBE_KEY.finditer(stretch)]


def just_after(raw: Mapping[str, Any], microseconds: int = 1) -> str:
    """A time one microsecond after an entry's, or before it with -1."""
    at = datetime.fromisoformat(raw["at"]) + timedelta(microseconds=microseconds)
    return at.isoformat(timespec="microseconds")
