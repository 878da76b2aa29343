"""Plain progress is a few lines with the time, however many tasks there are; bars leave nothing behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

from pidistill.cli.progress import Bars, Lines
from pidistill.progress import Progress, Quiet


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_thousand_short_tasks_print_one_line_in_an_interval() -> None:
    clock, told = Clock(), list[str]()
    lines = Lines(told.append, clock, interval_s=5.0)
    for number in range(1000):
        with lines.task(f"task {number}", 3) as task:
            for _ in range(3):
                clock.now += 0.01
                task.advance()
    assert len(told) in (5, 6)  # in 30 s, give or take the rounding of the clock
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d task \d+: \d/3 in 0 s", line) for line in told), told


def test_a_long_task_says_where_it_stands_and_that_it_is_done() -> None:
    clock, told = Clock(), list[str]()
    lines = Lines(told.append, clock, interval_s=5.0)
    with lines.task("train", 0) as task:
        for step in range(1, 21):
            clock.now += 1
            task.metrics(step, 20, {"loss": 1 / step, "lr": 1e-5, "norm": 2.0, "hidden": 3.0})
    assert [line[9:] for line in told] == [
        "train: 5/20 (loss 0.2, lr 1e-05, norm 2) in 5 s",
        "train: 10/20 (loss 0.1, lr 1e-05, norm 2) in 10 s",
        "train: 15/20 (loss 0.06667, lr 1e-05, norm 2) in 15 s",
        "train: 20/20 (loss 0.05, lr 1e-05, norm 2) in 20 s",
        "train: 20/20 (loss 0.05, lr 1e-05, norm 2) in 20 s, finished",
    ]


def test_a_note_is_always_printed() -> None:
    told = list[str]()
    lines = Lines(told.append, Clock())
    for number in range(3):
        lines.note(f"note {number}")
    assert [line[9:] for line in told] == ["note 0", "note 1", "note 2"]


def test_a_task_that_fails_is_not_called_finished() -> None:
    clock, told = Clock(), list[str]()
    lines = Lines(told.append, clock, interval_s=5.0)

    def fail() -> None:
        with lines.task("store", 2):
            clock.now += 60
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()
    assert told == []


def test_bars_show_markup_like_names_as_they_are_and_go_away() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=100, highlight=False)) as bars:
        with bars.task("[red]retry-math-s0: \\boxed{}", 4) as task:
            task.advance(2, "half")
            bars.note("[bold]kept[/bold] as it is")
        assert not bars.unfinished()
    assert "[bold]kept[/bold] as it is" in screen.getvalue()


@pytest.fixture(params=["lines", "bars", "quiet"])
def reporter(request: pytest.FixtureRequest) -> Iterator[Progress]:
    if request.param == "bars":
        with Bars(Console(file=io.StringIO(), force_terminal=True)) as bars:
            yield bars
    else:
        yield Quiet() if request.param == "quiet" else Lines(lambda text: None)


def test_every_reporter_takes_nested_tasks_of_unknown_length(reporter: Progress) -> None:
    ended = False
    with reporter.task("outer", 2) as outer, reporter.task("inner", 0) as inner:
        inner.advance()
        inner.metrics(3, 7, {})
        outer.advance(2, "note")
        ended = True
    reporter.note("done")
    assert ended, "no reporter swallows an exception of what it reports on"
