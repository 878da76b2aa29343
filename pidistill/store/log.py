"""An append-only log of records, addressed by content key: the memory that makes a killed run resume where it stood.

On disk a log is a folder of JSON Lines segments. A process writes to a segment of its own, whole lines in one `write`,
and never touches another's; so a kill can tear at most the last line of one segment, and a torn line was never
acknowledged. What is acknowledged survives any end of the process at once, and a power cut within `SYNC_EVERY_S`. In
memory a log is an index from key to place, most of it in a file of its own (`catalogue.py`); records are read back one
by one.

Each line carries a checksum (`lines.py`). One that is damaged is named in `damage` and never read; its key is absent,
even where an earlier line of it is whole, so that what it held is made anew instead of something older being believed.

A record whose content follows from its key stands once; `duplicates` shows where two processes have made it both. Where
it may be made anew under its key (a verdict under a larger budget), its new line says so, and is preceded by one
that withdraws the old: if the new line is damaged later, the old one does not come back.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pidistill.errors import RecordError, StoreError
from pidistill.records import Record
from pidistill.store import catalogue, entries
from pidistill.store.entries import Entry
from pidistill.store.files import writing
from pidistill.store.index import Index, Payment
from pidistill.store.lines import Damage, pieces, unseal, why
from pidistill.store.places import Place, Places

R = TypeVar("R", bound=Record)

SYNC_EVERY_S = 1.0
"""How long a record may be in the operating system's hands only, in seconds."""
MOST_UNKNOWN = 20_000
"""Keys that a catalogue may lack before it is written anew; so many are read in a few hundredths of a second."""
MAX_READERS = 64
"""Segments that are kept open for reading."""

Repeats: TypeAlias = Literal["skipped", "counted", "replaces"]


class Log(Generic[R]):
    """Records of one type by key. Not thread-safe; any number of processes may share the folder.

    `repeats`: what it means that a record is put whose key stands already. It is `skipped` where the record costs
    nothing to make, `counted` where that was paid for twice, and `replaces` where it may have other content.
    """

    def __init__(
        self, folder: Path, record_type: type[R], *, repeats: Repeats = "counted", read_only: bool = False,
        whole: bool = False,
    ) -> None:  # fmt: skip
        """Open the log in `folder`. `whole`: read every line, whatever the catalogue says."""
        self.folder = folder
        self.record_type = record_type
        self.repeats = repeats
        self.read_only = read_only
        self.damage: list[Damage] = []
        """Lines that were not read, since they are not what was written."""
        self._index = Index(self._bytes)
        self._read_up_to: dict[Path, int] = {}
        self._readers: dict[Path, FileIO] = {}
        self._synced_at = 0.0
        self._own: FileIO | None = None
        self._own_path: Path | None = None
        self._own_end = 0
        self._catalogued = 0
        """Keys that the catalogue has been given since it was read."""
        if not whole:
            self._recall()
        self.refresh()

    # --- Reading ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what other processes have written since the last look."""
        for segment in self.segments():
            if segment != self._own_path and _size(segment) != self._read_up_to.get(segment, 0):
                self._scan(segment)

    def segments(self) -> list[Path]:
        """The files that the log lies in, the oldest first."""
        return sorted(self.folder.glob("*.jsonl"))

    def __contains__(self, key: str) -> bool:
        return key in self._index.places

    def __len__(self) -> int:
        return len(self._index.places)

    def keys(self) -> Iterable[str]:
        return self._index.places.keys()

    def absent(self, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that are not in the log, in order."""
        return self._index.places.absent(keys)

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
        for key in list(self._index.places):
            entry = self.entry(key)
            if entry is not None:
                yield entry

    def raw(self, key: str) -> dict[str, Any] | None:
        """What `entry` is made of, as plain JSON: `key`, `cell`, `at` and `record`."""
        place = self._index.places.get(key)
        if place is None:
            return None
        line = self._bytes(place)
        if unseal(line) is None:
            self._drop(key, "has changed since it was first read")
            return None
        data = entries.parse(line)
        if data is None or data["key"] != key:
            self._drop(key, "is not a line of a log" if data is None else "is another key's by now")
            return None
        return data

    def knew(self, key: str) -> bool:
        """Whether a whole line of `key` was found, if only one that does not count any more."""
        return self._index.knew(key)

    def payments(self, raw: Mapping[str, Any]) -> list[Payment]:
        """Every making of a record, given as `raw` gives it, that was paid for; the earliest first."""
        payments = self._index.payments(raw)
        return payments[:1] if self.repeats == "skipped" else payments

    @property
    def duplicates(self) -> int:
        """Lines whose key stood in the log already, without their maker's knowing."""
        return self._index.duplicates()

    # --- Writing ----------------------------------------------------------------------------------------------------

    def put(self, items: Iterable[tuple[str, R]], cell: str) -> None:
        """Append records under their keys, 32 hexadecimal digits each; they outlive the process when this returns.

        Raises `StoreError` where the disk refuses; of the records, those that did fit are kept.
        """
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        lines: list[tuple[str, bytes]] = []
        for key, record in dict(items).items():
            at, replaces = max(now, self._index.withdrawn_at(key)), self._index.is_gone(key)
            if key in self:
                if self.repeats == "skipped":
                    continue
                if self.repeats == "replaces" and (standing := self.raw(key)) is not None:
                    at, replaces = max(at, entries.just_after(standing)), True  # another machine's clock may be ahead
                    lines.append((key, entries.withdrawal(key, at)))
            lines.append((key, entries.line(key, at, cell, record.to_json(), replaces=replaces)))
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
        unknown = len(self._index.places.since) + len(self._index.places.hidden) - self._catalogued
        if not self.read_only and unknown >= max(MOST_UNKNOWN, len(self) // 8):
            self._remember()
            self._catalogued += unknown

    def _recall(self) -> None:
        """Begin with what the catalogue says of the segments, if there is one that can be believed."""
        found = catalogue.read(self.folder)
        if found is not None:
            self._index.restore(Places(found), found.known.makings, found.known.withdrawn)
            self._read_up_to = {self.folder / name: size for name, (size, _) in found.known.segments.items()}
            self.damage = [Damage(self.folder / name, *rest) for name, *rest in found.known.damage]

    def _remember(self) -> None:
        """Write the catalogue of all segments, unless somebody is writing to one of them, or has since it was read."""
        states = {}
        for segment in self.segments():
            states[segment.name] = catalogue.state_of(segment)
            if states[segment.name][0] != self._read_up_to.get(segment, 0) or _in_use(segment):
                return
        if any(segment.name not in states for segment in self._read_up_to):
            return  # deleted by hand
        makings, withdrawn = self._index.remembered()
        damage = [[damage.file.name, damage.at, damage.reason, damage.length] for damage in self.damage]
        catalogue.write(self.folder, self._index.places, catalogue.Known(states, makings, withdrawn, damage))

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
                    self._index.take_in(key, Place(path, self._own_end, len(line)), line)
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

    # --- Segments --------------------------------------------------------------------------------------------------

    def _scan(self, segment: Path) -> None:
        offset = self._read_up_to.get(segment, 0)
        try:
            file = segment.open("rb")
        except FileNotFoundError:
            return None  # deleted by hand, or replaced this moment
        with file:
            file.seek(offset)
            for line in file:
                if entries.is_entry(line):
                    self._index.take_in(entries.key_of(line), Place(segment, offset, len(line)), line)
                elif line.endswith(b"\n"):
                    self._salvage(segment, offset, line)
                elif _being_written(file.fileno()):
                    break
                elif _size(segment) > offset + len(line):  # after it was read, before the look at the lock
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
            place = Place(segment, offset + start, len(piece))
            if entries.is_entry(piece):
                self._index.take_in(entries.key_of(piece), place, piece)
                continue
            self.damage.append(Damage(segment, place.offset, why(piece), len(piece)))
            for key in entries.keys_named(piece):
                self._index.withdraw(key)

    def _drop(self, key: str, reason: str) -> None:
        place = self._index.places.pop(key)
        self.damage.append(Damage(place.segment, place.offset, reason, place.length))

    def _bytes(self, place: Place) -> bytes:
        reader = self._readers.pop(place.segment, None)
        try:
            reader = reader or FileIO(place.segment)
        except FileNotFoundError:
            return b""
        self._readers[place.segment] = reader  # the latest used stands last
        if len(self._readers) > MAX_READERS:
            self._readers.pop(next(iter(self._readers))).close()
        return os.pread(reader.fileno(), place.length, place.offset)


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


def _in_use(segment: Path) -> bool:
    try:
        with segment.open("rb") as file:
            return _being_written(file.fileno())
    except OSError:
        return True


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 0  # deleted by hand this moment
