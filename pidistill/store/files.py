"""Writing that is whole or not at all, and errors of the disk in one line.

Small files are replaced by rename and carry a hash of their content, so a file that was emptied, cut off or changed is
never taken for what was written. Whatever the disk refuses (no room, read-only, not allowed) becomes a `StoreError`
that says so once; the store's promise that the same command goes on afterwards is kept by its callers, who acknowledge
nothing before it is written.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pidistill.errors import StoreError
from pidistill.records import JSON, content_hash

_CHECK = "checksum"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})


class DamagedFile(StoreError):
    """A small file is not what was written. `reason` says how, without the file's name."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}.", f"Run the same command again; it makes the file anew. Or: rm {shlex.quote(str(path))}"
        )
        self.reason = reason


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses while `path` is written into one `StoreError`."""
    try:
        yield
    except OSError as error:
        raise refused(path, error) from error


def refused(path: Path, error: OSError) -> StoreError:
    """The error for a person when `path` could not be written."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return StoreError(
            f"{path} could not be written: {reason} ({_free(path)} free).",
            "All that was made until now is kept. Make room, then run the same command again.",
        )
    if error.errno in _NO_LOCKS:
        return StoreError(
            f"{path} could not be locked: {reason}.", "Keep the store on a file system with locks: --store DIR"
        )
    return StoreError(
        f"{path} could not be written: {reason}.",
        "Make the folder writable and run the same command again, or name another folder: --store DIR",
    )


def out_of_room(path: Path) -> bool:
    """Whether the disk of `path` is as good as full, for libraries that hide the reason why they could not write."""
    with suppress(OSError):
        return shutil.disk_usage(_existing(path)).free < 64 * 1024
    return False


def write_json(path: Path, data: Mapping[str, JSON]) -> None:
    """Write `data` so that `path` holds either the old text or the whole new one, whenever the process is killed."""
    assert _CHECK not in data, data
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with writing(path):
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump({**data, _CHECK: content_hash(dict(data))}, file, indent=1, allow_nan=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` was given. Raises `DamagedFile` where the file is missing or not what was written."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise DamagedFile(path, error.strerror or "cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFile(path, "is empty" if path.stat().st_size == 0 else "is no JSON text any more") from error
    if not isinstance(data, dict) or _CHECK not in data:
        raise DamagedFile(path, "holds no checksum")
    kept = data.pop(_CHECK)
    if kept != content_hash(data):
        raise DamagedFile(path, "its checksum does not fit")
    return data


def set_aside(path: Path, root: Path) -> Path | None:
    """Move `path`, which lies in the store `root`, into `damaged/` there; None where another process was quicker."""
    target = root / "damaged" / path.relative_to(root)
    number = 0
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        while (free := target.with_name(f"{target.name}.{number}" if number else target.name)).exists():
            number += 1
        try:
            path.rename(free)
        except FileNotFoundError:
            return None
    return free


def file_hash(path: Path) -> str:
    """BLAKE2b of a file's bytes, 128 bits in hexadecimal."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have the disk hold `path`, a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free(path: Path) -> str:
    try:
        return f"{shutil.disk_usage(_existing(path)).free / 1e6:.1f} MB"
    except OSError:
        return "an unknown amount"


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())
