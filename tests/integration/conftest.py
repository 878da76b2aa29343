"""What the tests of whole runs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.warm import Warm


@pytest.fixture(scope="session")
def warm_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A process that has imported everything, once for all of them: that takes longer than most of their runs."""
    with Warm(tmp_path_factory.mktemp("warm")) as warm:
        yield warm
