"""The page that says what a worker works on, and since when."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pidistill.verify.clock import Clock


@pytest.fixture
def clock() -> Clock:
    made, fd = Clock.create()
    os.close(fd)
    return made


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The time is what the test says it is: `passes(seconds)`."""
    now = [1000.0]
    monkeypatch.setattr("pidistill.verify.clock.time", SimpleNamespace(monotonic=lambda: now[0]))

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_both_sides_read_the_same_page() -> None:
    ours, fd = Clock.create()
    theirs = Clock(fd)
    os.close(fd)
    theirs.start(7)
    ticket, since = ours.read()
    assert ticket == 7
    assert since <= time.monotonic()
    theirs.stop()
    assert ours.read()[0] == 0


def test_a_stopped_clock_counts_nothing_and_goes_on_where_it_stood(
    clock: Clock, passes: Callable[[float], None]
) -> None:
    clock.start(1)
    passes(0.5)
    with clock.stopped():
        passes(2.0)
        assert clock.stopped_s() == 2.0
        assert clock.used_s() == 0.5
        with clock.stopped():
            passes(1.0)
        assert clock.stopped_s() == 3.0
    assert clock.stopped_s() == 0
    assert clock.used_s() == 0.5
    passes(0.25)
    assert clock.used_s() == 0.75


def test_an_exception_lets_the_clock_run_again_and_a_new_ticket_starts_it(clock: Clock) -> None:
    clock.start(1)
    with pytest.raises(KeyError), clock.stopped():
        raise KeyError
    assert clock.stopped_s() == 0
    with clock.stopped():
        clock.start(2)
        assert clock.stopped_s() == 0
