"""For all tests: the fixtures that give sandboxes, and the one Docker daemon that all of them share; and the folders of
public benchmark files, which are optional, so that a test that needs one skips where it is missing.

Whoever starts the tests in the background of a script has them ignore interrupts, and all that they start with them;
but some tests send one.
"""

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["pidistill_sandboxes.testing"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(os.environ.get("PIDISTILL_TEST_DATA", Path(__file__).resolve().parent.parent / "shared" / "data"))


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; PIDISTILL_TEST_DATA names the one with the public benchmark files")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the public benchmark files: `PIDISTILL_TEST_DATA`, or `../shared/data`."""
    return _folder(DATA)


@pytest.fixture(scope="session")
def shared_attacks() -> Path:
    """Folder with submissions that try to fool a verifier, a file for each domain: `attacks` beside the data."""
    return _folder(DATA.parent / "attacks")
