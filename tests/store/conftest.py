"""Where stores of these tests lie."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def quick_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: for tests that write thousands of small files, and play no power cut."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and shutil.disk_usage(memory).free > 50e6):
        yield tmp_path_factory.mktemp("disk")
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="pidistill-test-") as folder:
        yield Path(folder)
