"""What makes a folder a store: `pidistill-store.json`, which says in which format it was written.

A store of another format is refused before anything in it is touched. A marker that is damaged or missing is made anew
where the lines of the logs show that the format is this one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pidistill import __version__
from pidistill.errors import StoreError
from pidistill.store.files import DamagedFile, read_json, write_json
from pidistill.store.lines import Damage

FORMAT = 2
MARKER = "pidistill-store.json"

_WRITTEN_BY = {1: "0.1.0"}
"""Format -> the version of pidistill that wrote it, for formats whose marker does not say so."""


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
            write_json(marker, {"format": FORMAT, "pidistill": __version__})
        return [] if found is None else [Damage(marker, None, "is missing")]
    try:
        data = read_json(marker)
    except DamagedFile as error:
        data = _unchecked(marker) or {"format": lines_format(root) or FORMAT}
        if data["format"] == FORMAT:
            if not read_only:
                write_json(marker, {"format": FORMAT, "pidistill": __version__})
            return [Damage(marker, None, error.reason)]
    if data["format"] != FORMAT:
        raise other_format(root, data["format"], data.get("pidistill"))
    return []


def other_format(root: Path, found: int, version: object = None) -> StoreError:
    """The error for a store that another version of pidistill reads."""
    version = version or _WRITTEN_BY.get(found, "of a newer version")
    return StoreError(
        f"{root} was written by pidistill {version}, in store format {found}; this is {__version__}, which reads "
        f"format {FORMAT}.",
        "Nothing in it was touched. Name another folder (--store DIR), or read it with the version that wrote it.",
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


def _unchecked(marker: Path) -> dict[str, Any] | None:
    """A marker that was written without our checksum: one of before, or of a version to come."""
    try:
        data = json.loads(marker.read_bytes())
    except (OSError, ValueError):
        return None
    if isinstance(data, dict) and "checksum" not in data and isinstance(data.get("format"), int):
        return data
    return None
