"""Look at everything in a store, and set aside what is damaged, so that nobody hears of it again.

Looking reads each line, decodes each record, hashes each checkpoint, and asks of each finished cell whether all that
its summary stands on is there. Mending moves what is damaged into `damaged/` in the store, and with it the summaries
that stood on it; nothing that is whole is lost, and the next run makes the rest anew. A store is mended by one process
alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pidistill.store import entries
from pidistill.store.files import set_aside, sync, writing
from pidistill.store.lines import Damage
from pidistill.store.log import Log
from pidistill.store.store import Store

PARTIAL = (".*.partial", "*/.*.partial", "cells/*/.*.partial")
"""What a process that was killed may have left half written."""


def check_store(root: Path) -> list[Damage]:
    """All damage in the store, named. Changes nothing. Raises `StoreError` where `root` is no store."""
    with Store(root, read_only=True, whole=True) as store:
        return look_over(store)


def mend_store(root: Path) -> list[Damage]:
    """Set aside all damage in the store; returns what it was. Raises `StoreError` where another process has it open."""
    with Store(root, read_only=False, whole=True) as store:
        store.alone()
        found = look_over(store)
        for log in store.logs():
            _mend_log(log, root)
        for key in store.checkpoints.names():
            if not store.checkpoints.look_over(key):
                set_aside(store.checkpoints.folder / key, root)
        for partial in [path for pattern in PARTIAL for path in root.glob(pattern)]:
            shutil.rmtree(partial) if partial.is_dir() else partial.unlink()  # left by processes that were killed
    with Store(root, read_only=False) as store:
        store.alone()
        for cell in store.cells.names():
            store.cells.heal(cell)
    return found


def look_over(store: Store) -> list[Damage]:
    """Have `store` look at everything; returns all damage that it knows of then."""
    for log in store.logs():
        for _ in log.entries():
            pass
    for key in store.checkpoints.names():
        store.checkpoints.look_over(key)
    for cell in store.cells.names():
        store.cells.look_over(cell)
    return store.damage()


def _mend_log(log: Log[Any], root: Path) -> None:
    """Move the damaged lines of a log out of its segments."""
    for segment in dict.fromkeys(damage.file for damage in log.damage):
        if not segment.exists():
            continue  # deleted by hand while it was being looked at
        text = segment.read_bytes()
        good, bad, end = list[bytes](), list[bytes](), 0
        places = {(damage.at or 0, damage.length) for damage in log.damage if damage.file == segment}
        for start, length in sorted(places):
            stretch = text[start : start + length]
            good += [text[end:start], *_withdrawals(log, stretch)]
            bad.append(stretch)
            end = start + length
        good.append(text[end:])
        aside = root / "damaged" / segment.relative_to(root)
        with writing(aside):
            aside.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("ab") as file:
                file.write(b"".join(line if line.endswith(b"\n") else line + b"\n" for line in bad))
                os.fsync(file.fileno())
            _replace(segment, b"".join(good))


def _withdrawals(log: Log[Any], stretch: bytes) -> Sequence[bytes]:
    """What keeps an older line from coming back in the place of a damaged one: just before the one that stands now."""
    lines = []
    for key in dict.fromkeys(entries.keys_named(stretch)):
        if not log.knew(key):
            continue
        raw = log.raw(key)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        lines.append(entries.withdrawal(key, now if raw is None else entries.just_after(raw, -1)))
    return lines


def _replace(path: Path, text: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(text)
        sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
