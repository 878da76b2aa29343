"""Fixtures for the core's tests: the folders of public benchmark files, which are optional."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared"


def _folder(default: Path) -> Path:
    folder = Path(os.environ.get("PIDISTILL_TEST_DATA", default.parent / "data"))
    folder = folder if default.name == "data" else folder.parent / default.name
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; PIDISTILL_TEST_DATA names the one with the public benchmark files")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with math500.jsonl, gsm8k_test.jsonl and their like: `PIDISTILL_TEST_DATA`, or `../shared/data`."""
    return _folder(BESIDE / "data")


@pytest.fixture(scope="session")
def shared_attacks() -> Path:
    """Folder with the attack files: `attacks` beside the data folder."""
    return _folder(BESIDE / "attacks")
