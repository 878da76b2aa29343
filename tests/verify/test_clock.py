"""The page that says what a worker works on, and since when."""

from __future__ import annotations

import os
import time

import pytest

from pidistill.verify.clock import Clock


@pytest.fixture
def clock() -> Clock:
    made, fd = Clock.create()
    os.close(fd)
    return made


def test_both_sides_read_the_same_page() -> None:
    ours, fd = Clock.create()
    theirs = Clock(fd)
    os.close(fd)
    theirs.start(7)
    assert ours.read()[0] == 7
    assert ours.used_s() < 1
    theirs.stop()
    assert ours.read()[0] == 0


def test_a_stopped_clock_counts_nothing_and_goes_on_where_it_stood(clock: Clock) -> None:
    clock.start(1)
    with clock.stopped():
        time.sleep(0.2)
        assert clock.stopped_s() >= 0.2
        assert clock.used_s() < 0.1
        with clock.stopped():
            pass
        assert clock.stopped_s() >= 0.2
    assert clock.stopped_s() == 0
    assert clock.used_s() < 0.1
    time.sleep(0.2)
    assert 0.2 <= clock.used_s() < 0.4


def test_an_exception_lets_the_clock_run_again_and_a_new_ticket_starts_it(clock: Clock) -> None:
    clock.start(1)
    with pytest.raises(KeyError), clock.stopped():
        raise KeyError
    assert clock.stopped_s() == 0
    with clock.stopped():
        clock.start(2)
        assert clock.stopped_s() == 0
