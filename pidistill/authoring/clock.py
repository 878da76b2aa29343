"""Time that is not the candidate's: starting a sandbox, warming a prover.

with off_the_clock():
    session = sandbox.open()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

_stopped: Callable[[], AbstractContextManager[None]] = nullcontext


@contextmanager
def off_the_clock() -> Iterator[None]:
    """For a verifier or sandbox: what is done in here is not work on the submission. Does nothing outside a worker.

    The pool bounds it by the time that a worker may take to open its verifier; past that the submission is an ERROR.
    """
    with _stopped():
        yield


def keep_time(stopped: Callable[[], AbstractContextManager[None]]) -> None:
    """For a worker process: `stopped()` is what stops its clock."""
    global _stopped
    _stopped = stopped
