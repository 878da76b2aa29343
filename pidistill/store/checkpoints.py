"""Trained weights by training key: folders that appear complete, and are looked over before they are used.

A checkpoint is what its maker wrote, and `trained.json`: what the objective reported, who paid, and a hash of each
file. It is published by rename, so a folder that exists was finished; each process compares the hashes once, before it
first uses one. A checkpoint that is damaged is named, moved into `damaged/`, and made anew.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pidistill.errors import StoreError
from pidistill.records import JSON
from pidistill.store.files import (
    DamagedFile,
    file_hash,
    out_of_room,
    read_json,
    refused,
    set_aside,
    sync,
    write_json,
    writing,
)
from pidistill.store.lines import Damage

RECORD = "trained.json"


class Checkpoints:
    """The checkpoints of one store."""

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self.folder = root / "checkpoints"
        self.read_only = read_only
        self.damage: list[Damage] = []
        self._looked_over: set[str] = set()

    def get(self, key: str, make: Callable[[Path], Mapping[str, JSON]], cell: str) -> Path:
        """The folder of checkpoint `key`; `make(folder)` fills it where it is not there yet, or damaged.

        What `make` returns is kept as `trained.json` beside the weights, with the cell that paid.
        """
        final = self.folder / key
        if self._usable(key):
            return final
        if self.read_only:
            raise StoreError(
                f"Checkpoint {key} is not in {self.root}, which is read-only.",
                "Name a folder that can be written: --store DIR",
            )
        with self._held(key):
            if not self._usable(key):
                if final.exists():
                    set_aside(final, self.root)
                self._make(final, make, cell)
                self._looked_over.add(key)
        return final

    def trained(self, key: str) -> dict[str, Any]:
        """What the objective reported for checkpoint `key`. Raises `StoreError` where that is gone or damaged."""
        record = read_json(self.folder / key / RECORD)
        record.pop("files", None)
        return record

    def find(self, key: str) -> dict[str, Any] | None:
        """`trained`, or None where it is gone, or damaged, which is named."""
        try:
            return self.trained(key)
        except DamagedFile as error:
            if (self.folder / key).exists():
                self._name(self.folder / key / RECORD, error.reason)
            return None

    def log(self, key: str, name: str) -> bytes | None:
        """The file `name` of checkpoint `key`; None where it is not there, or is not what was written."""
        path = self.folder / key / name
        try:
            kept = read_json(self.folder / key / RECORD).get("files", {}).get(name)
            content = path.read_bytes() if kept and file_hash(path) == kept else None
        except (DamagedFile, OSError):
            return None
        if kept and content is None:
            self._name(path, "its hash does not fit")
        return content

    def working(self, key: str) -> Path:
        """A folder for what the maker of checkpoint `key` may go on from after a kill; gone once that is made."""
        folder = self.folder / f".{key}.working"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def names(self) -> list[str]:
        """All checkpoints that there are, damaged or not."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))

    def look_over(self, key: str) -> bool:
        """Whether every file of checkpoint `key` is what was written. What is not is named in `damage`."""
        folder = self.folder / key
        try:
            record = read_json(folder / RECORD)
        except DamagedFile as error:
            self._name(folder / RECORD, error.reason)
            return False
        sound = True
        for name, kept in dict(record.get("files", {})).items():
            try:
                fits = file_hash(folder / name) == kept
            except OSError as error:
                self._name(folder / name, error.strerror or "cannot be read")
                sound = False
                continue
            if not fits:
                self._name(folder / name, "its hash does not fit")
                sound = False
        return sound

    def _usable(self, key: str) -> bool:
        if key in self._looked_over and (self.folder / key / RECORD).exists():
            return True
        if not (self.folder / key).exists() or not self.look_over(key):
            return False
        self._looked_over.add(key)
        return True

    def _make(self, final: Path, make: Callable[[Path], Mapping[str, JSON]], cell: str) -> None:
        partial = final.with_name(f".{final.name}.partial")
        try:
            with writing(partial):
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
            made = make(partial)
            with writing(partial):
                files = {str(path.relative_to(partial)): file_hash(path) for path in _files(partial)}
                write_json(partial / RECORD, {**made, "cell": cell, "files": dict(files)})
                for path in _files(partial):
                    sync(path)
                partial.rename(final)
                sync(final.parent)
            shutil.rmtree(self.folder / f".{final.name}.working", ignore_errors=True)
        except BaseException as error:
            full = isinstance(error, OSError) or (isinstance(error, Exception) and out_of_room(partial))
            with suppress(OSError):
                shutil.rmtree(partial, ignore_errors=True)  # what is half made is of no use, and takes up room
            if full and not isinstance(error, StoreError):
                reason = error if isinstance(error, OSError) else OSError(28, "No space left on device")
                raise refused(final, reason) from error
            raise

    @contextmanager
    def _held(self, key: str) -> Iterator[None]:
        """A second process that wants the same weights waits for them."""
        path = self.folder / f".{key}.lock"
        with writing(path):
            self.folder.mkdir(exist_ok=True)
            lock = path.open("a")
        with lock:
            with writing(path):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _name(self, path: Path, reason: str) -> None:
        damage = Damage(path, None, reason)
        if damage not in self.damage:
            self.damage.append(damage)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
