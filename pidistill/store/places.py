"""Where the line of each key lies: what was read when the log was opened, over a catalogue that was not.

A dictionary of a million keys takes some 300 MB, and its time to fill. So most of a log stays in a file that is mapped
into memory, sorted by key (`catalogue.py`), and only what has come since is a dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pidistill.store.catalogue import Catalogue


class Place(NamedTuple):
    """Where a line lies."""

    segment: Path
    offset: int
    length: int


class Places(MutableMapping[str, Place]):
    """Key -> place. In order of the catalogue's segments, then of what came since."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue
        self.since: dict[str, Place] = {}
        """What the catalogue does not know, or not as it is."""
        self.hidden: set[str] = set()
        """Keys of the catalogue that have another place by now, or none."""

    def __getitem__(self, key: str) -> Place:
        place = self.since.get(key)
        if place is None and self.catalogue is not None and key not in self.hidden:
            place = self.catalogue.find(key)
        if place is None:
            raise KeyError(key)
        return place

    def __setitem__(self, key: str, place: Place) -> None:
        self._hide(key)
        self.since[key] = place

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._hide(key)
        self.since.pop(key, None)

    def __contains__(self, key: object) -> bool:
        if key in self.since:
            return True
        if self.catalogue is None or key in self.hidden or not isinstance(key, str):
            return False
        return self.catalogue.find(key) is not None

    def __len__(self) -> int:
        return len(self.since) + (len(self.catalogue) - len(self.hidden) if self.catalogue is not None else 0)

    def __iter__(self) -> Iterator[str]:
        if self.catalogue is not None:
            yield from (key for key in self.catalogue.keys() if key not in self.hidden)  # noqa: SIM118
        yield from self.since

    def absent(self, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that have no place, in order. Quicker for many than one at a time."""
        left = [key for key in keys if key not in self.since] if self.since else list(keys)
        if self.catalogue is None or not left:
            return left
        unknown = self.catalogue.unknown(left)
        if not self.hidden:
            return [left[number] for number in unknown]
        gone = set(unknown).union(number for number, key in enumerate(left) if key in self.hidden)
        return [left[number] for number in sorted(gone)]

    def _hide(self, key: str) -> None:
        if self.catalogue is not None and key not in self.hidden and self.catalogue.find(key) is not None:
            self.hidden.add(key)
