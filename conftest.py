"""For all tests: what they share, and what no test may depend on.

* The fixtures that give sandboxes, and the one Docker daemon that all of them use (`pidistill_sandboxes.testing`).
* The folders of public benchmark files, which are optional, so that a test that needs one skips where it is missing.
* How tests are dealt out to workers (`sharing`), and which may be skipped in CI (`skips`).
* Whoever starts the tests in the background of a script has them ignore interrupts, or a lost terminal (`nohup`), and
  all that they start with them; but some tests send one.
* Numeric libraries use one thread a worker, as do all programs that tests start.
* What collecting has made, twenty thousand tests and the libraries that they import, is left alone by the garbage
  collector: it stays to the end, and going through it takes most of a second each time.
* Hypothesis takes no example to be wrong for being slow: a busy machine makes any slow.
"""

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pidistill_sandboxes.testing", "sharing", "skips"]

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection(session: pytest.Session) -> None:
    if session.config.getoption("dist", "no") == "no":  # else others collect, and this process never finishes it
        gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # else libraries take what is left at the end for a leak, and say so


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
