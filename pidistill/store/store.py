"""The store: one folder that holds all that runs have paid for, and hands it to whoever needs it next.

    rollouts/     Rollout by content key (model revision, messages, sampling, engine)
    verdicts/     Verdict by (problem hash, completion, verifier identity)
    checkpoints/  trained weights by training key, published by rename: a folder that exists is finished
    cells/        per cell: cell.json (its settings), uses.jsonl (which keys each stage used), summary.json (at the end)

Nothing is ever changed in place. Who pays is recorded with each rollout, so the ledger is derived, not counted along.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pidistill.errors import StoreError
from pidistill.records import JSON, Rollout, Verdict
from pidistill.store.log import Log

FORMAT = 1


class Store:
    """An open store. Use as a context manager, or call `close`."""

    def __init__(self, root: Path) -> None:
        """Open `root`, making it if need be. Raises `StoreError` where it is something else or of another format."""
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._check_format()
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise StoreError(
                f"{root} cannot be used as a store: {error.strerror}.", "Name another folder: --store DIR"
            ) from error
        self.rollouts = Log(root / "rollouts", Rollout)
        self.verdicts = Log(root / "verdicts", Verdict)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.rollouts.close()
        self.verdicts.close()

    def refresh(self) -> None:
        """Take in what other processes have added."""
        self.rollouts.refresh()
        self.verdicts.refresh()

    # --- Checkpoints ------------------------------------------------------------------------------------------------

    def checkpoint(self, key: str, make: Callable[[Path], Mapping[str, JSON]], cell: str) -> Path:
        """The folder of checkpoint `key`; `make(folder)` fills it where it is not there yet.

        What `make` returns is kept as `trained.json` beside the weights, with the cell that paid. The folder appears
        under its name only when it is complete.
        """
        final = self.root / "checkpoints" / key
        if final.exists():
            return final
        final.parent.mkdir(exist_ok=True)
        with final.with_name(f".{key}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second process that wants the same weights waits for them
            if not final.exists():
                partial = final.with_name(f".{key}.partial")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                write_json(partial / "trained.json", {**make(partial), "cell": cell})
                for path in partial.rglob("*"):
                    if path.is_file():
                        _fsync(path)
                partial.rename(final)
                _fsync(final.parent)
        return final

    def trained(self, key: str) -> dict[str, Any]:
        """What the objective reported for checkpoint `key`."""
        return read_json(self.root / "checkpoints" / key / "trained.json")

    # --- Cells ------------------------------------------------------------------------------------------------------

    def cell_dir(self, cell: str) -> Path:
        return self.root / "cells" / cell

    @contextmanager
    def cell(self, cell: str, settings: Mapping[str, JSON]) -> Iterator[Path]:
        """Hold cell `cell`: its folder, locked against a second process. The lock dies with the process."""
        folder = self.cell_dir(cell)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise StoreError(
                    f"Cell {cell} is being run by process {lock.read().strip() or '?'} on this store ({self.root}).",
                    "Wait for it, stop it, or name another folder: --store DIR",
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            if not (folder / "cell.json").exists():
                write_json(folder / "cell.json", settings)
            yield folder

    def note_uses(self, cell: str, stage: str, kind: str, keys: Sequence[str]) -> None:
        """Record that `stage` of `cell` used these keys (kind: rollout, checkpoint). Said again, the last counts."""
        line = json.dumps({"stage": stage, "kind": kind, "keys": list(keys)}, separators=(",", ":")) + "\n"
        path = self.cell_dir(cell) / "uses.jsonl"
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="ascii") as file:
            file.write("\n" + line if torn else line)

    def uses(self, cell: str) -> dict[tuple[str, str], list[str]]:
        """(stage, kind) -> keys that `cell` used there, in the order the stages were first reached."""
        path = self.cell_dir(cell) / "uses.jsonl"
        found: dict[tuple[str, str], list[str]] = {}
        if path.exists():
            for line in path.read_text("ascii").splitlines():
                try:
                    use = json.loads(line)
                except ValueError:
                    continue  # torn by a kill: the stage is reached again, and says it again
                found[use["stage"], use["kind"]] = use["keys"]
        return found

    def _check_format(self) -> None:
        marker = self.root / "pidistill-store.json"
        if not marker.exists():
            if any(not path.name.startswith(".") for path in self.root.iterdir()):
                raise StoreError(
                    f"{self.root} is not empty and is not a pidistill store.", "Name another folder: --store DIR"
                )
            write_json(marker, {"format": FORMAT})
        if read_json(marker).get("format") != FORMAT:
            raise StoreError(f"{self.root} was written in another store format.", "Name another folder: --store DIR")


def write_json(path: Path, data: Mapping[str, JSON]) -> None:
    """Write `data` so that `path` holds either the old text or the whole new one, whenever the process is killed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(data, file, indent=1, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `StoreError` naming the file."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: {error}", f"Delete it and run the same command again: rm {path}") from error
    if not isinstance(data, dict):
        raise StoreError(f"{path}: expected an object.")
    return data


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
