"""The world of sums, installed where this process and those that it starts find it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill import plugins
from tests.suite.world import ROOT, install_sums


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of the installed plugin."""
    site = install_sums(tmp_path / "site")
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.syspath_prepend(str(site))
    plugins.get_manager.cache_clear()
    yield site
    plugins.get_manager.cache_clear()
