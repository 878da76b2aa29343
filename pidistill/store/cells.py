"""Per cell: what it is, what it ran with, what it used, and what came out.

    cells/<cell>/cell.json         its settings
                 provenance.json   what it was run with
                 uses.jsonl        what each arrow used (`uses.py`)
                 summary.json      what came out, at the end
                 lock              held by the process that runs it

A summary is believed as long as all that it stands on is there: it names the uses that it was made from, by a hash, and
is not given out where one of them, or a record that they name, is gone. The cell is then run once more, which makes
what is missing and finds the rest.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from pidistill.errors import HeldError, StoreError
from pidistill.records import JSON, content_hash
from pidistill.store.files import DamagedFile, read_json, set_aside, write_json, writing
from pidistill.store.lines import Damage
from pidistill.store.uses import Use, Uses

FILES = ("cell.json", "provenance.json", "summary.json")


class Cells:
    """The cells of one store. `missing`: what of a use is not in the store."""

    def __init__(self, root: Path, missing: Callable[[Use], list[str]], *, read_only: bool = False) -> None:
        self.root = root
        self.read_only = read_only
        self.damage: list[Damage] = []
        self._missing = missing
        self._read: dict[str, tuple[tuple[int, int], Uses]] = {}
        self._said: dict[str, list[tuple[str, int, str, str]]] = {}

    def folder(self, cell: str) -> Path:
        return self.root / "cells" / cell

    def names(self) -> list[str]:
        """All cells that there are."""
        folder = self.root / "cells"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    @contextmanager
    def hold(self, cell: str, settings: Mapping[str, JSON]) -> Iterator[Path]:
        """Hold `cell`: its folder, locked against a second process. The lock dies with the process."""
        folder = self.folder(cell)
        if self.read_only:
            raise StoreError(
                f"Cell {cell} is not finished, and its store ({self.root}) is read-only.",
                "Name a folder that can be written: --store DIR",
            )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("a+b", buffering=0)
        with lock:
            with writing(folder / "lock"):
                if not _locked(lock):
                    lock.seek(0)
                    owner = lock.read().decode("ascii", "replace").strip() or "?"
                    raise HeldError(
                        f"Cell {cell} is being run by process {owner} on this store ({self.root}).",
                        "Wait for it, stop it, or name another folder: --store DIR",
                    )
                lock.truncate(0)
                lock.write(str(os.getpid()).encode("ascii"))
            self.heal(cell)
            if self.read(cell, "cell.json") != _plain(settings):
                write_json(folder / "cell.json", settings)
            self._said[cell] = []
            yield folder

    # --- Small files ------------------------------------------------------------------------------------------------

    def read(self, cell: str, name: str) -> dict[str, Any] | None:
        """A small file of `cell`, or None where there is none, or a damaged one, which is named."""
        path = self.folder(cell) / name
        if not path.exists():
            return None
        try:
            return read_json(path)
        except DamagedFile as error:
            self._name(Damage(path, None, error.reason))
            return None

    def write(self, cell: str, name: str, data: Mapping[str, JSON]) -> None:
        """Replace a small file of `cell`."""
        with writing(self.folder(cell) / name):
            self.folder(cell).mkdir(parents=True, exist_ok=True)
        write_json(self.folder(cell) / name, data)

    # --- Uses -------------------------------------------------------------------------------------------------------

    def note(self, cell: str, use: Use) -> None:
        """Write down what an arrow used, unless the same stands there."""
        uses = self._uses(cell)
        said = self._said.setdefault(cell, [known.slot for known in uses.in_order()])
        if use.slot not in said:
            said.append(use.slot)
        if use in uses:
            return
        path = self.folder(cell) / "uses.jsonl"
        line = uses.add(use, said.index(use.slot))
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "summary.json").unlink(missing_ok=True)  # of a pass that used something else
            before = path.stat().st_size if path.exists() else 0
            try:
                with path.open("ab", buffering=0) as file:
                    text = b"\n" + line if uses.torn else line
                    if file.write(text) != len(text):
                        raise OSError(28, "No space left on device")
            except BaseException:
                self._read.pop(cell, None)
                if path.exists():
                    os.truncate(path, before)
                raise
        uses.torn = False
        self._read[cell] = _stamp(path), uses

    def uses(self, cell: str) -> list[Use]:
        """The latest use of each (stage, turn, arrow, kind), in the order of a pass through the cell."""
        return self._uses(cell).in_order()

    def missing(self, cell: str) -> list[str]:
        """Keys that the cell used and that are not in the store."""
        return [key for use in self.uses(cell) for key in self._missing(use)]

    # --- Summary ----------------------------------------------------------------------------------------------------

    def write_summary(self, cell: str, summary: Mapping[str, JSON]) -> None:
        """Keep what came out of `cell`, and say what it stands on. What it used and is not kept may stay away."""
        stands_on: dict[str, JSON] = {
            "uses": self._uses_hash(cell),
            "not_kept": list(dict.fromkeys(self.missing(cell))),
            "provenance": self.read(cell, "provenance.json") is not None,
        }
        self.write(cell, "summary.json", {"summary": dict(summary), "stands_on": stands_on})

    def summary(self, cell: str) -> dict[str, Any] | None:
        """What came out of `cell`, or None where it is not finished, or something that this stands on is not there."""
        data = self.read(cell, "summary.json")
        if data is None:
            return None
        if reason := self._lost(cell, data["stands_on"]):
            self._name(Damage(self.folder(cell) / "summary.json", None, reason))
            return None
        summary: dict[str, Any] = data["summary"]
        return summary

    def _lost(self, cell: str, stands_on: Mapping[str, Any]) -> str:
        """Why a summary cannot be believed any more, or ''."""
        if stands_on["uses"] != self._uses_hash(cell):
            return "what its cell used is not what it was when this was written"
        if gone := set(self.missing(cell)).difference(stands_on["not_kept"]):
            return f"{len(gone)} records that this stands on are gone or damaged"
        if self.read(cell, "cell.json") is None:
            return "the settings of its cell are gone or damaged"
        if stands_on["provenance"] and self.read(cell, "provenance.json") is None:
            return "what its cell was run with is not known any more"
        return ""

    # --- Damage -----------------------------------------------------------------------------------------------------

    def look_over(self, cell: str) -> None:
        """Name everything in the folder of `cell` that is not what was written."""
        for name in FILES:
            self.read(cell, name)
        self.uses(cell)
        self.summary(cell)

    def heal(self, cell: str) -> None:
        """Set aside what is damaged, so that the next pass through the cell makes it anew. Call with the cell held."""
        folder = self.folder(cell)
        for name in FILES:
            if (folder / name).exists() and self.read(cell, name) is None:
                set_aside(folder / name, self.root)
        if (folder / "summary.json").exists() and self.summary(cell) is None:
            set_aside(folder / "summary.json", self.root)
        uses = self._uses(cell)
        for damage in uses.damage:
            self._name(damage)
        if uses.damage:
            rest = folder / ".uses.jsonl.partial"
            with writing(rest):
                rest.write_bytes(b"".join(uses.whole))
                set_aside(uses.path, self.root)
                rest.rename(uses.path)

    def _uses(self, cell: str) -> Uses:
        path = self.folder(cell) / "uses.jsonl"
        stamp = _stamp(path)
        if cell not in self._read or self._read[cell][0] != stamp:
            uses = Uses(path)
            self._read[cell] = stamp, uses
            for damage in uses.damage[:-1] if uses.torn and self.is_held(cell) else uses.damage:
                self._name(damage)
        return self._read[cell][1]

    def is_held(self, cell: str) -> bool:
        """Whether a process runs `cell`, and may be writing a line at this moment."""
        try:
            with (self.folder(cell) / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False  # never run, or a file system without locks
        return False

    def _uses_hash(self, cell: str) -> str:
        return content_hash([use.to_json() for use in self.uses(cell)])

    def _name(self, damage: Damage) -> None:
        if damage not in self.damage:
            self.damage.append(damage)


def _locked(lock: FileIO) -> bool:
    """Try to lock a cell for this process, a little longer than others take to see whether it is locked."""
    for attempt in range(4):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02 * attempt)
        else:
            return True
    return False


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _plain(data: Mapping[str, JSON]) -> dict[str, JSON]:
    """`data` as it is read back: tuples are lists."""
    plain: dict[str, JSON] = json.loads(json.dumps(dict(data)))
    return plain
