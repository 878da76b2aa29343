"""An append-only log of records, addressed by content key: the memory that makes a killed run resume where it stood.

On disk a log is a folder of JSON Lines segments. A process writes to a segment of its own, whole lines in one `write`,
and never touches another's; so a kill can tear at most the last line of one segment, and a torn line was never
acknowledged. What is acknowledged survives any end of the process at once, and a power cut within `SYNC_EVERY_S`. In
memory a log is an index from key to place; records are read back one by one.

The latest line of a key counts: a verdict made under a larger budget replaces the earlier one. That a rollout is never
made twice is the loop's promise, and `duplicates` shows it.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from pidistill.errors import RecordError, StoreError
from pidistill.records import Record, canonical_json

R = TypeVar("R", bound=Record)

SYNC_EVERY_S = 1.0
"""How long a record may be in the operating system's hands only, in seconds."""

_HEAD = b'{"_":"'
_KEY_LENGTH = 32


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
class _Place:
    segment: Path
    offset: int
    length: int


class Log(Generic[R]):
    """Records of one type by key. Not thread-safe; any number of processes may share the folder."""

    def __init__(self, folder: Path, record_type: type[R]) -> None:
        self.folder = folder
        self.record_type = record_type
        self.duplicates = 0
        """Lines whose key stood in the log already."""
        self._index: dict[str, _Place] = {}
        self._read_up_to: dict[Path, int] = {}
        self._readers: dict[Path, int] = {}
        self._synced_at = 0.0
        self._own: BinaryIO | None = None
        self._own_path: Path | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.refresh()

    def refresh(self) -> None:
        """Take in what other processes have written since the last look."""
        for segment in sorted(self.folder.glob("*.jsonl")):
            if segment != self._own_path:
                self._scan(segment)

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
        """The whole line under `key`, or None. Raises `StoreError` naming file and offset if it is damaged."""
        place = self._index.get(key)
        if place is None:
            return None
        line = os.pread(self._reader(place.segment), place.length, place.offset)
        try:
            data = json.loads(line)
            return Entry(data["_"], data["cell"], data["at"], self.record_type.from_json(data["record"]))
        except (ValueError, KeyError, TypeError, RecordError) as error:
            raise StoreError(
                f"{place.segment}: damaged line at byte {place.offset}: {error}",
                f"Delete that file to sample its records again: rm {place.segment}",
            ) from error

    def entries(self) -> Iterator[Entry[R]]:
        """All lines, oldest segment first."""
        for key in list(self._index):
            entry = self.entry(key)
            assert entry is not None
            yield entry

    def put(self, items: Iterable[tuple[str, R]], cell: str) -> None:
        """Append records under their keys, 32 hexadecimal digits each; they outlive the process when this returns."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines: list[tuple[str, bytes]] = []
        for key, record in items:
            assert len(key) == _KEY_LENGTH, key
            rest = canonical_json({"cell": cell, "at": at, "record": record.to_json()})
            lines.append((key, _HEAD + key.encode("ascii") + b'",' + rest[1:].encode("ascii") + b"\n"))
        if not lines:
            return
        file, path = self._segment()
        offset = file.tell()
        file.write(b"".join(line for _, line in lines))
        file.flush()
        if time.monotonic() - self._synced_at > SYNC_EVERY_S:
            self._sync()
        for key, line in lines:
            self._remember(key, _Place(path, offset, len(line)))
            offset += len(line)

    def close(self) -> None:
        """Close all files. What was put stays; a later `put` starts a new segment."""
        for descriptor in self._readers.values():
            os.close(descriptor)
        self._readers = {}
        if self._own is not None:
            self._sync()
            self._own.close()
            self._own, self._own_path = None, None

    def _sync(self) -> None:
        if self._own is not None:
            os.fsync(self._own.fileno())
            self._synced_at = time.monotonic()

    def _reader(self, segment: Path) -> int:
        if segment not in self._readers:
            self._readers[segment] = os.open(segment, os.O_RDONLY)
        return self._readers[segment]

    def _segment(self) -> tuple[BinaryIO, Path]:
        if self._own is None or self._own_path is None:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            self._own_path = self.folder / f"{stamp}-{uuid.uuid4().hex[:8]}.jsonl"
            self._own = self._own_path.open("xb")
            self._synced_at = time.monotonic()
        return self._own, self._own_path

    def _remember(self, key: str, place: _Place) -> None:
        self.duplicates += key in self._index
        self._index[key] = place

    def _scan(self, segment: Path) -> None:
        offset = self._read_up_to.get(segment, 0)
        with segment.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # torn by a kill, or still being written
                if not line.startswith(_HEAD):
                    raise StoreError(
                        f"{segment}: byte {offset} does not begin a record.",
                        f"Delete that file to sample its records again: rm {segment}",
                    )
                key = line[len(_HEAD) : len(_HEAD) + _KEY_LENGTH].decode("ascii", "replace")
                self._remember(key, _Place(segment, offset, len(line)))
                offset += len(line)
        self._read_up_to[segment] = offset
