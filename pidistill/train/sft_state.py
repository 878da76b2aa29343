"""The states that an SFT job writes on its way: which of them is whole, and may be gone on from.

A state is a folder of the trainer's and one file of ours, written last, with what the trainer does not know of itself
and a seal over all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pidistill.provenance import package_versions
from pidistill.records import canonical_json

STATE = "whole.json"
"""In a state's folder, once it is whole: what the trainer does not know of itself."""
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate")


def last_state(working: Path) -> Path | None:
    """The newest state, if any, that was written to its end, is what was written, and is of the packages here."""
    states = [(path.parent, _said(path.parent)) for path in working.glob(f"checkpoint-*/{STATE}")]
    whole = [state for state, said in states if said.pop("seal", None) == seal(state, said)]
    return max(whole, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)


def _said(state: Path) -> dict[str, Any]:
    try:
        said = json.loads((state / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def seal(state: Path, said: Mapping[str, Any]) -> str:
    """Hash of a state's files, of what is said of it, and of the versions of the packages that go on from it."""
    words = canonical_json([dict(said), dict(package_versions(*PACKAGES))])
    digest = hashlib.blake2b(words.encode(), digest_size=16)
    for path in sorted(path for path in state.iterdir() if path.is_file() and STATE not in path.name):
        digest.update(path.name.encode() + hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()
