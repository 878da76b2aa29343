"""A warm session in every sandbox that can be had here. The sandboxes are `pidistill_sandboxes.testing`'s."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pidistill.contracts import Sandbox
from pidistill_sandboxes.session import WarmSession


@pytest.fixture(scope="session")
def warm(sandbox: Sandbox) -> Iterator[WarmSession]:
    """One session for all tests of a sandbox: what one program leaves behind another test would notice."""
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        yield session
