"""The miniature world of `addition`, opened: a pool of its verifier, an empty store, an engine of middling skill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import SkilledEngine, base_model, opener


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(opener(), workers=1) as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def engine(tmp_path: Path) -> SkilledEngine:
    return SkilledEngine(base_model(tmp_path / "model"))
