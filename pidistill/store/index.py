"""Which line of a log counts for each key, and who has paid for the record.

The latest line counts, by the time that it carries: segments are read in the order of their first lines, so a line that
is read later may have been written earlier. What was withdrawn does not come back, in whatever order lines are read.
Lines are looked at one by one through `read`; where they lie and how they are kept is `log.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pidistill.store.entries import at_of, is_withdrawal, parse
from pidistill.store.places import Place, Places


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


class Index:
    """Key -> place of the line that counts. `read` gives the line at a place, or something that is no line."""

    def __init__(self, read: Callable[[Place], bytes]) -> None:
        self.places = Places()
        self._read = read
        self._makings: dict[str, list[_Made]] = {}  # of keys that have more than one line, or one that does not count
        self._withdrawn: dict[str, bytes] = {}

    def restore(
        self, places: Places, makings: Mapping[str, Sequence[Sequence[Any]]], withdrawn: Mapping[str, str]
    ) -> None:
        """Go on from what `remembered` gave, and the places that belong to it."""
        self.places = places
        self._makings = {key: [_Made(*made) for made in all_of] for key, all_of in makings.items()}
        self._withdrawn = {key: at.encode("ascii", "replace") for key, at in withdrawn.items()}

    def remembered(self) -> tuple[dict[str, list[list[Any]]], dict[str, str]]:
        """Who made the keys of which there are several lines, and what was withdrawn until when."""
        makings = {key: [list(made) for made in all_of] for key, all_of in self._makings.items()}
        return makings, {key: at.decode("ascii", "replace") for key, at in self._withdrawn.items()}

    def take_in(self, key: str, place: Place, line: bytes) -> None:
        """Take in a whole line."""
        standing = self.places.get(key)
        if is_withdrawal(line):
            self._withdrawn[key] = max(at_of(line), self._withdrawn.get(key, b""))
            if standing is not None and self._is_later(place, line, standing):
                self.withdraw(key)
            return
        if self.knew(key) and (data := parse(line)) is not None:
            self._remember(key)
            self._makings.setdefault(key, []).append(_made(data))
        if at_of(line) >= self._withdrawn.get(key, b"") and (standing is None or self._is_later(place, line, standing)):
            self.places[key] = place

    def withdraw(self, key: str) -> None:
        """Have the line that stands under `key` count no more, if there is one; that it was paid for is remembered."""
        if key in self.places:
            self._remember(key)
            del self.places[key]

    def knew(self, key: str) -> bool:
        """Whether a whole line of `key` was taken in, if only one that does not count any more."""
        return key in self.places or key in self._makings

    def is_gone(self, key: str) -> bool:
        """Whether a line of `key` was taken in, and none counts."""
        return key in self._makings and key not in self.places

    def withdrawn_at(self, key: str) -> str:
        """Until when the lines of `key` do not count; '' where none was withdrawn."""
        return self._withdrawn.get(key, b"").decode("ascii", "replace")

    def payments(self, raw: Mapping[str, Any]) -> list[Payment]:
        """Every making of a record, given as its line's JSON, that is known of; the earliest first."""
        makings = sorted(self._makings.get(raw["key"]) or [_made(raw)])
        return [Payment(made.cell, made.at, number > 0 and not made.replaces) for number, made in enumerate(makings)]

    def duplicates(self) -> int:
        """Lines whose key stood already, without their maker's knowing."""
        return sum(not made.replaces for makings in self._makings.values() for made in sorted(makings)[1:])

    def _remember(self, key: str) -> None:
        """Remember who made the one line of `key`, before another one takes its place."""
        if key not in self._makings and (data := parse(self._read(self.places[key]))) is not None:
            self._makings[key] = [_made(data)]

    def _is_later(self, place: Place, line: bytes, standing: Place) -> bool:
        if place.segment == standing.segment:
            return place.offset > standing.offset
        return at_of(line) >= at_of(self._read(standing))


def _made(data: Mapping[str, Any]) -> _Made:
    return _Made(data["at"], "replaces" in data, data["cell"])
