"""Progress: the protocol that the loop, training and verification report to, and a reporter that says nothing.

What a person sees is `pidistill.cli.progress`'s business. Reporting is never needed for a result, so nothing here
returns a value that work could depend on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """A piece of work under way."""

    def advance(self, count: int = 1, note: str = "") -> None:
        """`count` more units are done; `note` replaces the short text beside the count."""
        ...

    def within(self, tokens: int) -> None:
        """`tokens` more tokens were decoded for units that are not done yet."""
        ...

    def metrics(self, done: int, total: int, values: Mapping[str, float]) -> None:
        """`done` of `total` units are done, with such values as `loss` beside them. Fits `TrainJob.progress`."""
        ...


class Progress(Protocol):
    """Where work reports what it is doing."""

    def task(self, name: str, total: int) -> AbstractContextManager[Task]:
        """A piece of work of `total` units; 0 where the number is not known yet."""
        ...

    def note(self, text: str) -> None:
        """One line that a person should see and keep."""
        ...


class _QuietTask:
    def advance(self, count: int = 1, note: str = "") -> None:
        pass

    def within(self, tokens: int) -> None:
        pass

    def metrics(self, done: int, total: int, values: Mapping[str, float]) -> None:
        pass


class Quiet:
    """Says nothing: for tests, worker processes and library use."""

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Task]:
        yield _QuietTask()

    def note(self, text: str) -> None:
        pass
