"""Writing down what comes in, often enough that a kill costs little and seldom enough that writing costs nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Generic, Self, TypeVar

from pidistill.records import Record
from pidistill.store.log import Log

SAVE_EVERY_S = 0.1
"""Records are written down at least this often while they come in, in seconds."""

R = TypeVar("R", bound=Record)


class Pages(Generic[R]):
    """Writes what comes in to a log, every `SAVE_EVERY_S` and on the way out, an error's or Ctrl-C's included."""

    def __init__(self, log: Log[R], cell: str) -> None:
        self._log, self._cell = log, cell
        self._unsaved: dict[str, R] = {}
        self._saved_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._save()

    def add(self, records: Mapping[str, R]) -> None:
        """Take in records by key."""
        self._unsaved.update(records)
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self._save()

    def _save(self) -> None:
        self._log.put(self._unsaved.items(), self._cell)
        self._unsaved, self._saved_at = {}, time.monotonic()
