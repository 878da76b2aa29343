"""Records that are found or made, each by one process of all that work on a store: what every arrow of the loop does.

Look up, claim what is missing, look once more, make what is still this process's to make and write it down as it comes
in, let go; then wait for what others make, and begin again with what they left. Nobody waits while holding a claim.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pidistill.errors import StoreError
from pidistill.records import Record
from pidistill.store.claims import Claims
from pidistill.store.log import Log

R = TypeVar("R", bound=Record)

SAVE_EVERY_S = 0.1
"""What is made is written down at least this often while it comes in, in seconds."""


@dataclass(frozen=True)
class Sharing(Generic[R]):
    """How the records of one arrow are found or made. `Store.shared` says what the fields mean."""

    log: Log[R]
    claims: Claims
    cell: str
    make: Callable[[list[str]], Iterable[Mapping[str, R]]]
    usable: Callable[[R], bool]
    keep: Callable[[R], bool]

    def of(self, keys: Iterable[str], on_wait: Callable[[int], None] | None = None) -> dict[str, R]:
        """The record of each key, in order."""
        wanted, found = list(dict.fromkeys(keys)), dict[str, R]()
        while missing := self._look_up(wanted, found):
            if self.log.read_only:
                raise StoreError(
                    f"{len(missing)} records are not in {self.log.folder}, which is read-only.",
                    "Name a folder that can be written: --store DIR",
                )
            claimed, others = self.claims.take(missing)
            try:
                self.log.refresh()
                mine = self._look_up(claimed, found)
                self.claims.release(key for key in claimed if key in found)
                if mine:
                    self._make(mine, found)
            finally:
                self.claims.release(claimed)
            self.claims.wait(others, on_wait)
            self.log.refresh()
        return {key: found[key] for key in wanted}

    def _look_up(self, keys: Iterable[str], found: dict[str, R]) -> list[str]:
        """Move what the log has of `keys` into `found`; returns what it does not have."""
        missing = []
        for key in keys:
            if key not in found:
                record = self.log.get(key)
                if record is not None and self.usable(record):
                    found[key] = record
                else:
                    missing.append(key)
        return missing

    def _make(self, mine: list[str], found: dict[str, R]) -> None:
        unsaved, saved_at = dict[str, R](), time.monotonic()

        def save() -> None:
            records = dict(unsaved)
            unsaved.clear()  # what the disk refuses is not tried again on the way out: some of it may stand by then
            self.log.put([(key, record) for key, record in records.items() if self.keep(record)], self.cell)
            self.claims.release(records)

        try:
            for piece in self.make(mine):
                found.update(piece)
                unsaved.update(piece)
                if time.monotonic() - saved_at > SAVE_EVERY_S:
                    save()
                    saved_at = time.monotonic()
        finally:
            save()
        left = [key for key in mine if key not in found]
        assert not left, f"{len(left)} records were asked for and not made, the first: {left[0]}"
