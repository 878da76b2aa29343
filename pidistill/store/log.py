"""An append-only log of records, addressed by content key: the memory that makes a killed run resume where it stood.

On disk a log is a folder of JSON Lines segments. A process writes to a segment of its own, whole lines in one `write`,
and never touches another's; so a kill can tear at most the last line of one segment, and a torn line was never
acknowledged. What is acknowledged survives any end of the process at once, and a power cut within `SYNC_EVERY_S`. In
memory a log is an index from key to place; records are read back one by one.

Each line carries a checksum (`lines.py`). One that is damaged is named in `damage` and never read; its key is absent,
even where an earlier line of it is whole, so that what it held is made anew instead of something older being believed.

A record whose content follows from its key stands once; `duplicates` shows where two processes have made it both. Where
a record may be made anew under its key (a verdict under a larger budget), its new line says so, and is preceded by one
that withdraws the old: if the new line is damaged later, the old one does not come back.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pidistill.errors import RecordError, StoreError
from pidistill.records import JSON, Record, canonical_json
from pidistill.store.files import writing
from pidistill.store.lines import Damage, pieces, seal, unseal, why

R = TypeVar("R", bound=Record)

SYNC_EVERY_S = 1.0
"""How long a record may be in the operating system's hands only, in seconds."""
MAX_READERS = 64
"""Segments that are kept open for reading."""

_KEY = slice(25, 57)
_AT = slice(65, 97)
_SHAPE = re.compile(rb'"key":"[0-9a-f]{32}","at":"[^"]{32}","cell":')
_MAYBE_KEY = re.compile(rb'"key":"([0-9a-f]{32})"')
_WITHDRAWN = b',"record":null}\n'


@dataclass(frozen=True)
class Entry(Generic[R]):
    """One line of a log."""

    key: str
    cell: str
    """The cell that paid for the record."""
    at: str
    """When, UTC, ISO 8601."""
    record: R


@dataclass(frozen=True)
class Payment:
    """One making of a record."""

    cell: str
    at: str
    again: bool
    """Whether the record stood already, and whoever made it did not know: what was paid for twice."""


class _Made(NamedTuple):
    at: str
    replaces: bool
    cell: str


class _Place(NamedTuple):
    segment: Path
    offset: int
    length: int


class Log(Generic[R]):
    """Records of one type by key. Not thread-safe; any number of processes may share the folder.

    `remade`: whether a record may be made anew under its key, with other content.
    """

    def __init__(self, folder: Path, record_type: type[R], *, remade: bool = False, read_only: bool = False) -> None:
        self.folder = folder
        self.record_type = record_type
        self.remade = remade
        self.read_only = read_only
        self.damage: list[Damage] = []
        """Lines that were not read, since they are not what was written."""
        self._index: dict[str, _Place] = {}
        self._lines: dict[str, list[_Made]] = {}  # of keys that have more than one line, or a withdrawn one
        self._read_up_to: dict[Path, int] = {}
        self._readers: dict[Path, FileIO] = {}
        self._synced_at = 0.0
        self._own: FileIO | None = None
        self._own_path: Path | None = None
        self._own_end = 0
        self.refresh()

    # --- Reading ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what other processes have written since the last look."""
        for segment in self.segments():
            if segment != self._own_path:
                self._scan(segment)

    def segments(self) -> list[Path]:
        """The files that the log lies in, the oldest first."""
        return sorted(self.folder.glob("*.jsonl"))

    def __contains__(self, key: str) -> bool:
        return key in self._index

    def __len__(self) -> int:
        return len(self._index)

    def keys(self) -> Iterable[str]:
        return self._index.keys()

    def get(self, key: str) -> R | None:
        """The record under `key`, or None."""
        entry = self.entry(key)
        return None if entry is None else entry.record

    def entry(self, key: str) -> Entry[R] | None:
        """The whole line under `key`, or None where there is none, or a damaged one, which `damage` names then."""
        data = self.raw(key)
        if data is None:
            return None
        try:
            return Entry(data["key"], data["cell"], data["at"], self.record_type.from_json(data["record"]))
        except (RecordError, TypeError, OverflowError) as error:
            self._drop(key, f"does not fit: {error}")
            return None

    def entries(self) -> Iterator[Entry[R]]:
        """All lines that count, oldest segment first."""
        for key in list(self._index):
            entry = self.entry(key)
            if entry is not None:
                yield entry

    def raw(self, key: str) -> dict[str, Any] | None:
        """What `entry` is made of, as plain JSON: `key`, `cell`, `at` and `record`."""
        place = self._index.get(key)
        if place is None:
            return None
        line = self._bytes(place)
        if unseal(line) is None:
            self._drop(key, "has changed since it was first read")
            return None
        data = _parse(line)
        if data is None:
            self._drop(key, "is not a line of a log")
        return data

    def knew(self, key: str) -> bool:
        """Whether a whole line of `key` was found, if only one that does not count any more."""
        return key in self._index or key in self._lines

    def payments(self, raw: Mapping[str, Any]) -> list[Payment]:
        """Every making of a record, given as `raw` gives it, that the log knows of, the earliest first."""
        lines = sorted(self._lines.get(raw["key"]) or [_made(raw)])
        return [Payment(line.cell, line.at, n > 0 and not line.replaces) for n, line in enumerate(lines)]

    @property
    def duplicates(self) -> int:
        """Lines whose key stood in the log already, without their maker's knowing."""
        return sum(not line.replaces for lines in self._lines.values() for line in sorted(lines)[1:])

    # --- Writing ----------------------------------------------------------------------------------------------------

    def put(self, items: Iterable[tuple[str, R]], cell: str) -> None:
        """Append records under their keys, 32 hexadecimal digits each; they outlive the process when this returns.

        Raises `StoreError` where the disk refuses; of the records, those that did fit are kept.
        """
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        lines: list[tuple[str, bytes]] = []
        for key, record in items:
            if self.remade and key in self._index:
                lines.append((key, withdrawal(key, at)))
            replaces = self.remade if key in self._index else key in self._lines
            lines.append((key, _line(key, at, cell, record.to_json(), replaces)))
        if lines:
            self._append(lines)

    def close(self) -> None:
        """Close all files. What was put stays; a later `put` starts a new segment."""
        for reader in self._readers.values():
            reader.close()
        self._readers = {}
        if self._own is not None and self._own_path is not None:
            own, self._own = self._own, None
            self._read_up_to[self._own_path] = self._own_end
            with writing(self._own_path), own:
                os.fsync(own.fileno())
            self._own_path = None

    def _append(self, lines: list[tuple[str, bytes]]) -> None:
        own, path = self._segment()
        text = b"".join(line for _, line in lines)
        written = 0
        with writing(path):
            try:
                while written < len(text):
                    written += own.write(text[written:] if written else text)
                if time.monotonic() - self._synced_at > SYNC_EVERY_S:
                    os.fsync(own.fileno())
                    self._synced_at = time.monotonic()
            finally:
                if written < len(text):  # the disk is full, or Ctrl-C: whole lines stay, the rest is cut off
                    written = text.rfind(b"\n", 0, written) + 1
                    self._cut_off(own, self._own_end + written)
                for key, line in lines:
                    if (written := written - len(line)) < 0:
                        break
                    self._take_in(key, _Place(path, self._own_end, len(line)), line)
                    self._own_end += len(line)

    def _cut_off(self, own: FileIO, end: int) -> None:
        """Have the segment end at `end`. Where the disk refuses even that, the next line begins another one."""
        try:
            os.ftruncate(own.fileno(), end)
            own.seek(end)
        except OSError:
            assert self._own_path is not None
            self._read_up_to[self._own_path] = end  # what is torn is named at the next look
            self._own, self._own_path = None, None
            own.close()

    def _segment(self) -> tuple[FileIO, Path]:
        if self._own is None or self._own_path is None:
            if self.read_only:
                raise StoreError(f"{self.folder} is read-only.", "Name a folder that can be written: --store DIR")
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            path = self.folder / f"{stamp}-{uuid.uuid4().hex[:8]}.jsonl"
            with writing(path):
                self.folder.mkdir(parents=True, exist_ok=True)
                own = FileIO(path, "x")
                fcntl.flock(own, fcntl.LOCK_EX)  # says to readers that a line without an end is being written
            self._own, self._own_path, self._own_end, self._synced_at = own, path, 0, time.monotonic()
        return self._own, self._own_path

    # --- The index --------------------------------------------------------------------------------------------------

    def _scan(self, segment: Path) -> None:
        offset = self._read_up_to.get(segment, 0)
        try:
            file = segment.open("rb")
        except FileNotFoundError:
            return None  # deleted by hand, or replaced this moment
        with file:
            file.seek(offset)
            for line in file:
                if unseal(line) is not None and _SHAPE.match(line, _KEY.start - 7):
                    self._take_in(line[_KEY].decode("ascii"), _Place(segment, offset, len(line)), line)
                elif line.endswith(b"\n"):
                    self._salvage(segment, offset, line)
                elif _being_written(file.fileno()):
                    break
                elif _has_grown(segment, offset + len(line)):  # after it was read, before the look at the lock
                    self._read_up_to[segment] = offset
                    return self._scan(segment)
                else:
                    self._salvage(segment, offset, line)
                offset += len(line)
        self._read_up_to[segment] = offset
        return None

    def _salvage(self, segment: Path, offset: int, stretch: bytes) -> None:
        """Name a damaged stretch, and take in the whole lines that a damaged line end may have hidden in it."""
        for start, piece in pieces(stretch):
            place = _Place(segment, offset + start, len(piece))
            if unseal(piece) is not None and _SHAPE.match(piece, _KEY.start - 7):
                self._take_in(piece[_KEY].decode("ascii"), place, piece)
                continue
            self.damage.append(Damage(segment, place.offset, why(piece), len(piece)))
            for key in keys_named(piece):
                self._withdraw(key)

    def _take_in(self, key: str, place: _Place, line: bytes) -> None:
        standing = self._index.get(key)
        if line.endswith(_WITHDRAWN):
            if standing is not None and self._is_later(place, line, standing):
                self._withdraw(key)
            return
        if (standing is not None or key in self._lines) and (data := _parse(line)) is not None:
            self._remember_first(key)
            self._lines.setdefault(key, []).append(_made(data))
        if standing is None or self._is_later(place, line, standing):
            self._index[key] = place

    def _remember_first(self, key: str) -> None:
        """Remember who made the one line of `key`, before another one takes its place."""
        if key not in self._lines and (data := self.raw(key)) is not None:
            self._lines[key] = [_made(data)]

    def _withdraw(self, key: str) -> None:
        if key in self._index:
            self._remember_first(key)
            self._index.pop(key, None)

    def _is_later(self, place: _Place, line: bytes, standing: _Place) -> bool:
        """Segments are read by the time of their first line, so the order of two lines may be another."""
        if place.segment == standing.segment:
            return place.offset > standing.offset
        return line[_AT] >= self._bytes(standing)[_AT]

    def _drop(self, key: str, reason: str) -> None:
        place = self._index.pop(key)
        self.damage.append(Damage(place.segment, place.offset, reason, place.length))

    def _bytes(self, place: _Place) -> bytes:
        reader = self._readers.pop(place.segment, None)
        try:
            reader = reader or FileIO(place.segment)
        except FileNotFoundError:
            return b""
        self._readers[place.segment] = reader  # the latest used stands last
        if len(self._readers) > MAX_READERS:
            self._readers.pop(next(iter(self._readers))).close()
        return os.pread(reader.fileno(), place.length, place.offset)


def _parse(line: bytes) -> dict[str, Any] | None:
    """The object of a whole line, or None where it is not one of a log."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "record" not in data:
        return None
    return data if all(isinstance(data.get(name), str) for name in ("key", "at", "cell")) else None


def _made(data: Mapping[str, Any]) -> _Made:
    return _Made(data["at"], "replaces" in data, data["cell"])


def withdrawal(key: str, at: str) -> bytes:
    """A line that says that what stood under `key` until `at` does not count."""
    return _line(key, at, "", None)


def keys_named(stretch: bytes) -> list[str]:
    """The keys that a damaged stretch may have been lines of."""
    return [match[1].decode("ascii") for match in _MAYBE_KEY.finditer(stretch)]


def _line(key: str, at: str, cell: str, record: dict[str, JSON] | None, replaces: bool = False) -> bytes:
    """`replaces`: whether it was known when the line was written that an older record stood under the key."""
    assert len(key) == 32, key
    said = ',"replaces":true' if replaces else ""
    rest = f'"key":"{key}","at":"{at}","cell":{canonical_json(cell)}{said},"record":{canonical_json(record)}}}'
    return seal(rest.encode("ascii"))


def _being_written(descriptor: int) -> bool:
    """Whether the process that writes the segment is alive."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system without locks, or a read-only one
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _has_grown(segment: Path, size: int) -> bool:
    return segment.stat().st_size > size
