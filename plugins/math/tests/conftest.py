"""Folders of public benchmark files, which are optional: tests that need them skip, visibly, where they miss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[4] / "shared"


def _folder(name: str) -> Path:
    data = Path(os.environ.get("PIDISTILL_TEST_DATA", _BESIDE / "data"))
    folder = data if name == "data" else data.parent / name
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; PIDISTILL_TEST_DATA names the one with the public benchmark files")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with math500.jsonl and gsm8k_test.jsonl."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_attacks() -> Path:
    """Folder with math.jsonl, submissions that try to fool a verifier."""
    return _folder("attacks")
