"""What makes a folder a store: `pidistill-store.json`, which says in which format it was written.

A store of another format is refused before anything in it is touched. A marker that is damaged or missing is made anew
where the lines of the logs show that the format is this one.
"""

from __future__ import annotations

import json
from pathlib import Path

from pidistill.errors import StoreError
from pidistill.store.files import DamagedFile, read_json, write_json
from pidistill.store.lines import Damage

FORMAT = 2
MARKER = "pidistill-store.json"

_LAST_VERSION = {1: "0.1"}
"""Format -> the last version of pidistill that reads it."""


def check_marker(root: Path, *, read_only: bool) -> list[Damage]:
    """Refuse a folder that is no store, or one of another format, with a `StoreError`; mark an empty one.

    Returns what was wrong with the marker and is mended now, or would be if the store were not read-only.
    """
    marker = root / MARKER
    if not marker.exists():
        found = lines_format(root)
        if found is None and any(not path.name.startswith(".") for path in root.iterdir()):
            if marker.exists():  # another process has made the store this moment
                return check_marker(root, read_only=read_only)
            raise StoreError(f"{root} is not empty and is not a pidistill store.", "Name another folder: --store DIR")
        if found not in (None, FORMAT):
            raise other_format(root, found)
        if not read_only:
            write_json(marker, {"format": FORMAT})
        return [] if found is None else [Damage(marker, None, "is missing")]
    try:
        kept = read_json(marker)["format"]
    except KeyError:
        kept = None
    except DamagedFile as error:
        kept = _unchecked_format(marker) or lines_format(root) or FORMAT
        if kept == FORMAT:
            if not read_only:
                write_json(marker, {"format": FORMAT})
            return [Damage(marker, None, error.reason)]
    if kept != FORMAT:
        raise other_format(root, kept)
    return []


def other_format(root: Path, found: object) -> StoreError:
    """The error for a store that another version of pidistill reads."""
    if found in _LAST_VERSION:
        reads = f"pidistill {_LAST_VERSION[int(str(found))]} or earlier reads it"
    else:
        reads = "a newer pidistill reads it"
    return StoreError(
        f"{root} was written in store format {found}; this version reads format {FORMAT}, {reads}.",
        "Nothing in it was touched. Name another folder: --store DIR",
    )


def lines_format(root: Path) -> int | None:
    """The format that the first lines of the logs are written in, or None where there are none to be recognised."""
    for segment in sorted(root.glob("*/*.jsonl")):
        with segment.open("rb") as file:
            head = file.read(8)
        if head == b'{"sum":"':
            return 2
        if head[:6] == b'{"_":"':
            return 1
    return None


def _unchecked_format(marker: Path) -> int | None:
    """The format in a marker that was written without a checksum: one of before, or of a version to come."""
    try:
        data = json.loads(marker.read_bytes())
    except (OSError, ValueError):
        return None
    if isinstance(data, dict) and "checksum" not in data and isinstance(data.get("format"), int):
        return int(data["format"])
    return None
