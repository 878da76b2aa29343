"""The store: one folder that holds all that runs have paid for, and hands it to whoever needs it next.

    problems/     Problem by its hash
    rollouts/     Rollout by content key (model revision, messages, sampling, engine)
    verdicts/     Verdict by (problem hash, completion, verifier identity)
    pi/           PI, and
    examples/     Example, by content key
    checkpoints/  trained weights by training key (`checkpoints.py`)
    cells/        what each cell is, ran with, used and found (`cells.py`)
    suites/       what was registered before it ran (`suite/registry.py`)
    claims/       locks, so that processes at work at the same time make nothing twice (`claims.py`)
    damaged/      what was found to be damaged and set aside; nothing reads it

Nothing is ever changed in place, and nothing is read that is not what was written: what is damaged is named in
`damage()` and made anew. Who pays is recorded with each record, so the ledger is derived, not counted along.
"""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pidistill.errors import StoreError
from pidistill.records import JSON, PI, Example, Problem, Record, Rollout, Verdict, content_hash
from pidistill.store.cells import Cells
from pidistill.store.checkpoints import Checkpoints
from pidistill.store.claims import Claims
from pidistill.store.files import writing
from pidistill.store.lines import Damage
from pidistill.store.log import Log, Repeats
from pidistill.store.marker import FORMAT, MARKER, check_marker
from pidistill.store.sharing import Sharing
from pidistill.store.uses import RecordKind, Use

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Claimed:
    """Which of some keys this process may make, and which another one is making."""

    mine: Sequence[str]
    others: Sequence[str]


class Store:
    """An open store. Use as a context manager, or call `close`."""

    def __init__(self, root: Path, *, read_only: bool | None = None, whole: bool = False) -> None:
        """Open `root`, making it if need be. Raises `StoreError` where it is something else or of another format.

        `read_only`: read without a lock, a folder or a file being made; by default, where the disk allows no more.
        `whole`: read every line of every log now, to know all damage, and not only that of what is asked for.
        """
        self.root, self._whole = root, whole
        self.read_only = root.is_dir() and not os.access(root, os.W_OK) if read_only is None else read_only
        try:
            if not self.read_only:
                root.mkdir(parents=True, exist_ok=True)
            self._damage = check_marker(root, read_only=self.read_only)
            self._in_use = None if self.read_only else (root / MARKER).open("rb")
        except OSError as error:
            raise StoreError(
                f"{root} cannot be used as a store: {error.strerror}.", "Name another folder: --store DIR"
            ) from error
        if self._in_use is not None:
            with writing(root):
                fcntl.flock(self._in_use, fcntl.LOCK_SH)  # who mends a store wants it for himself
        self.problems = self._log("problems", Problem, "skipped")
        self.rollouts = self._log("rollouts", Rollout, "counted")
        self.verdicts = self._log("verdicts", Verdict, "replaces")
        self.pi = self._log("pi", PI, "skipped")
        self.examples = self._log("examples", Example, "skipped")
        self.checkpoints = Checkpoints(root, read_only=self.read_only)
        self.cells = Cells(root, self._missing, read_only=self.read_only)
        self.claims = Claims(root / "claims")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(StoreError):  # the first error is the one to be told
                self.close()

    def close(self) -> None:
        """Close all files and let go of all locks. Raises `StoreError` where the disk refuses what was written last."""
        try:
            for log in self.logs():
                log.close()
        finally:
            self.claims.close()
            if self._in_use is not None:
                self._in_use.close()

    def stamp(self) -> str:
        """Changes with any file that a report is made of: names, sizes and times of all records and small files."""
        parts = ("problems", "rollouts", "verdicts", "pi", "examples", "cells", "checkpoints")
        files = sorted(path for part in parts for path in (self.root / part).rglob("*.json*"))
        stamps: dict[str, JSON] = {}
        for path in files:
            if not path.name.startswith("."):
                status = path.stat()
                stamps[str(path.relative_to(self.root))] = [status.st_size, status.st_mtime_ns]
        return content_hash(stamps)

    def logs(self) -> tuple[Log[Problem], Log[Rollout], Log[Verdict], Log[PI], Log[Example]]:
        """All logs."""
        return self.problems, self.rollouts, self.verdicts, self.pi, self.examples

    def log(self, kind: RecordKind) -> Log[Any]:
        """The log that the keys of a use of this kind stand in. Checkpoints have none."""
        logs: dict[RecordKind, Log[Any]] = {
            "problem": self.problems, "rollout": self.rollouts, "verdict": self.verdicts, "pi": self.pi,
            "example": self.examples,
        }  # fmt: skip
        return logs[kind]

    def refresh(self) -> None:
        """Take in what other processes have added."""
        for log in self.logs():
            log.refresh()

    def damage(self) -> list[Damage]:
        """All that is known by now to be damaged. `pidistill store check` looks at everything."""
        logs = [damage for log in self.logs() for damage in log.damage]
        return [*self._damage, *logs, *self.checkpoints.damage, *self.cells.damage]

    def damage_note(self) -> str | None:
        """One line for a person on what `damage` knows, with the command that mends it; None where nothing is wrong."""
        if not (found := self.damage()):
            return None
        count = f"{len(found)} damaged lines or files" if len(found) > 1 else "A damaged line or file"
        return (
            f"{count} in the store {'were' if len(found) > 1 else 'was'} not read, and what was lost is made anew. "
            f"The first: {found[0]}. To set what is damaged aside: {mend_command(self.root)}"
        )

    def alone(self) -> None:
        """Have the store for this process alone, until it is closed. Raises `StoreError` where another has it open."""
        assert self._in_use is not None, "opened read-only"
        try:
            fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self.root} is in use by another process.", "Wait for it or stop it, then run the same command again."
            ) from None

    # --- Made once --------------------------------------------------------------------------------------------------

    @contextmanager
    def claim(self, keys: Iterable[str]) -> Iterator[Claimed]:
        """Claim what is free of `keys` while the block lasts. What it makes must be put before the block ends."""
        mine, others = self.claims.take(keys)
        try:
            yield Claimed(mine, others)
        finally:
            self.claims.release(mine)

    def shared(
        self,
        log: Log[R],
        keys: Iterable[str],
        make: Callable[[list[str]], Iterable[Mapping[str, R]]],
        cell: str,
        *,
        usable: Callable[[R], bool] = lambda record: True,
        keep: Callable[[R], bool] = lambda record: True,
        on_wait: Callable[[int], None] | None = None,
    ) -> dict[str, R]:
        """The record of each key, in order, from `log` or made: each by one process, of all that work on this store.

        `make(missing)` yields records by key, in pieces, for the keys that are this process's to make; it is called
        again where another process let go of keys without making them. `usable`: whether a record that is found will
        do. `keep`: whether one that is made is written down. What was made before an error is written down too.
        `on_wait` hears for how many records of other processes this one waits.
        """
        return Sharing(log, self.claims, cell, make, usable, keep).of(keys, on_wait)

    # --- Checkpoints ------------------------------------------------------------------------------------------------

    def checkpoint(self, key: str, make: Callable[[Path], Mapping[str, JSON]], cell: str) -> Path:
        """The folder of checkpoint `key`; `make(folder)` fills it where it is not there yet, or is damaged.

        What `make` returns is kept as `trained.json` beside the weights, with the cell that paid. The folder appears
        under its name only when it is complete.
        """
        return self.checkpoints.get(key, make, cell)

    def working(self, key: str) -> Path:
        """A folder for what the maker of checkpoint `key` may go on from after a kill; gone once that is made."""
        return self.checkpoints.working(key)

    def trained(self, key: str) -> dict[str, Any]:
        """What the objective reported for checkpoint `key`. Raises `StoreError` where that is gone or damaged."""
        return self.checkpoints.trained(key)

    # --- Cells ------------------------------------------------------------------------------------------------------

    def cell_dir(self, cell: str) -> Path:
        return self.cells.folder(cell)

    def cell(self, cell: str, settings: Mapping[str, JSON]) -> AbstractContextManager[Path]:
        """Hold cell `cell`: its folder, locked against a second process. The lock dies with the process."""
        return self.cells.hold(cell, settings)

    def settings(self, cell: str) -> dict[str, Any] | None:
        """The settings that `cell` was held with last."""
        return self.cells.read(cell, "cell.json")

    def provenance(self, cell: str) -> dict[str, Any] | None:
        """What `cell` was run with, or None where that was never written, or is damaged, which is named."""
        return self.cells.read(cell, "provenance.json")

    def write_provenance(self, cell: str, provenance: Mapping[str, JSON]) -> None:
        """Keep what `cell` is run with."""
        self.cells.write(cell, "provenance.json", provenance)

    def summary(self, cell: str) -> dict[str, Any] | None:
        """What came out of `cell`; None where it is not finished, or the summary or what it stands on is damaged."""
        return self.cells.summary(cell)

    def write_summary(self, cell: str, summary: Mapping[str, JSON]) -> None:
        """Keep what came out of `cell`, after its last use was noted."""
        self.cells.write_summary(cell, summary)

    def note_use(self, cell: str, use: Use) -> None:
        """Write down what an arrow of `cell` used, unless the same stands there."""
        self.cells.note(cell, use)

    def uses(self, cell: str) -> list[Use]:
        """The latest use of each (stage, turn, arrow, kind), in the order of a pass through `cell`."""
        return self.cells.uses(cell)

    def missing(self, cell: str) -> list[str]:
        """Keys that `cell` used and that are not in the store (any more)."""
        return self.cells.missing(cell)

    def _missing(self, use: Use) -> list[str]:
        if use.kind == "checkpoint":
            return [key for key in use.keys if self.checkpoints.find(key) is None]
        log = self.log(use.kind)
        if not (absent := log.absent(use.keys)):
            return []
        log.refresh()
        return log.absent(absent)

    def _log(self, name: str, record_type: type[R], repeats: Repeats) -> Log[R]:
        return Log(self.root / name, record_type, repeats=repeats, read_only=self.read_only, whole=self._whole)


def mend_command(root: Path) -> str:
    """What to type to have the damage in a store set aside."""
    return f"pidistill store check --mend {shlex.quote(str(root))}"


__all__ = ["FORMAT", "Claimed", "Store"]
