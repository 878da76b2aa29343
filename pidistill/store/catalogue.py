"""What is known of a log's segments, in a file beside them, so that opening a log need not read them.

The file holds a line of JSON (which segments it is about and how they were, what is known of keys with several lines,
what was damaged, checksums) and then, sorted by key, where each line lies. It is made from the segments alone and may
be deleted at any time. It is believed if it is whole and every segment that it is about has the size and the time of
its last change that it had; else all is read again. The lines themselves carry checksums, which are looked at whenever
one is read, so what has rotted since is found then, and by `pidistill store check`, which never asks the catalogue.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pidistill.store.places import Place, Places

if TYPE_CHECKING:
    import numpy as np

NAME = "places.index"
FORMAT = "pidistill-places-1"
_COLUMNS = (("high", "<u8"), ("low", "<u8"), ("offset", "<u8"), ("segment", "<u4"), ("length", "<u4"))
"""The two halves of a key, and the place."""
_BYTES = 32
"""Of all columns, a key."""


@dataclass(frozen=True)
class Known:
    """What a catalogue says beside the places."""

    segments: Mapping[str, tuple[int, int]]
    """Name -> size, and time of the last change in nanoseconds."""
    makings: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    damage: Sequence[Sequence[Any]] = ()


class Catalogue:
    """An open catalogue: key -> place, of a file that is mapped and read where it is looked at."""

    def __init__(self, folder: Path, names: Sequence[str], count: int, known: Known, body: memoryview) -> None:
        import numpy as np

        self.known = known
        self._segments = [folder / name for name in names]
        self._count = count
        columns, start = dict[str, "np.ndarray[Any, Any]"](), 0
        for name, kind in _COLUMNS:
            columns[name] = np.frombuffer(body, kind, count, start)
            start += count * np.dtype(kind).itemsize
        self._high, self._low = columns["high"], columns["low"]
        self._offset, self._segment, self._length = columns["offset"], columns["segment"], columns["length"]

    def __len__(self) -> int:
        return self._count

    def find(self, key: str) -> Place | None:
        """The place of `key`, or None."""
        at = self._at(key)
        if at < 0:
            return None
        return Place(self._segments[int(self._segment[at])], int(self._offset[at]), int(self._length[at]))

    def _at(self, key: str) -> int:
        if len(key) != 32:
            return -1
        try:
            high, low = int(key[:16], 16), int(key[16:], 16)
        except ValueError:
            return -1
        at = int(self._high.searchsorted(self._high.dtype.type(high)))
        while at < self._count and int(self._high[at]) == high:
            if int(self._low[at]) == low:
                return at
            at += 1
        return -1

    def unknown(self, keys: Sequence[str]) -> list[int]:
        """Which of `keys`, 32 hexadecimal digits each, have no place: their numbers."""
        import numpy as np

        if not self._count:
            return list(range(len(keys)))
        wanted = np.frombuffer(bytes.fromhex("".join(keys)), ">u8").reshape(-1, 2).astype("<u8")
        order = np.argsort(wanted[:, 0])  # what lies side by side is looked up one after the other
        wanted = wanted[order]
        at = np.minimum(np.searchsorted(self._high, wanted[:, 0]), self._count - 1)
        unsure = (self._high[at] != wanted[:, 0]) | (self._low[at] != wanted[:, 1])
        return [number for number in np.sort(order[unsure]).tolist() if self._at(keys[number]) < 0]

    def columns(self, hidden: Iterable[str], number: Mapping[Path, int]) -> list[np.ndarray[Any, Any]]:
        """Key halves and places of all but the `hidden` keys, with segments by `number`."""
        import numpy as np

        keep = np.ones(self._count, dtype=bool)
        for key in hidden:
            keep[self._at(key)] = False
        numbers = np.array([number[segment] for segment in self._segments], dtype=np.uint64)
        found = (self._high, self._low, self._offset, numbers[self._segment], self._length)
        return [column[keep].astype(np.uint64) for column in found]

    def keys(self) -> Iterator[str]:
        """All keys, in the order in which their lines lie."""
        import numpy as np

        for at in np.lexsort((self._offset, self._segment)):
            yield f"{int(self._high[at]):016x}{int(self._low[at]):016x}"


def write(folder: Path, places: Places, known: Known) -> None:
    """Write the catalogue of a log. What the disk refuses is left undone: it can be made at any time."""
    import numpy as np

    names = list(known.segments)
    number = {folder / name: place for place, name in enumerate(names)}
    since = np.array([(p.offset, number[p.segment], p.length) for p in places.since.values()], np.uint64).reshape(-1, 3)
    halves = np.frombuffer(bytes.fromhex("".join(places.since)), ">u8").reshape(-1, 2)
    columns = [halves[:, 0], halves[:, 1], *since.T]
    if (base := places.catalogue) is not None:
        columns = [np.concatenate(pair) for pair in zip(base.columns(places.hidden, number), columns, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    body = b"".join(column[order].astype(kind).tobytes() for column, (_, kind) in zip(columns, _COLUMNS, strict=True))
    said = {
        "format": FORMAT, "count": len(order), "body": zlib.crc32(body),
        "segments": {name: list(state) for name, state in known.segments.items()},
        "makings": {key: list(made) for key, made in known.makings.items()},
        "withdrawn": dict(known.withdrawn), "damage": list(known.damage),
    }  # fmt: skip
    text = json.dumps(said, separators=(",", ":")).encode("ascii")
    head = b"%08x %b" % (zlib.crc32(text), text)
    head += b" " * (-(len(head) + 1) % 8) + b"\n"  # columns begin at a multiple of eight bytes
    partial = folder / f".{NAME}.{os.getpid()}.partial"
    with suppress(OSError):
        try:
            partial.write_bytes(head + body)
            partial.replace(folder / NAME)
        finally:
            partial.unlink(missing_ok=True)


def read(folder: Path) -> Catalogue | None:
    """The catalogue of a log; None where there is none that can be believed."""
    try:
        with (folder / NAME).open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            head = file.readline()
    except (OSError, ValueError):
        return None
    try:
        text = head[9:].rstrip()
        said = json.loads(text) if head[:8] == b"%08x" % zlib.crc32(text) else {}
    except ValueError:
        return None
    body = mapped[len(head) :]
    if said.get("format") != FORMAT or len(body) != said["count"] * _BYTES or zlib.crc32(body) != said["body"]:
        return None
    segments = {name: (size, at) for name, (size, at) in said["segments"].items()}
    if any(state_of(folder / name) != state for name, state in segments.items()):
        return None
    known = Known(segments, said["makings"], said["withdrawn"], said["damage"])
    return Catalogue(folder, list(segments), said["count"], known, body)


def state_of(segment: Path) -> tuple[int, int]:
    """What changes when a segment does."""
    try:
        status = segment.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
