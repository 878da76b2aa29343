"""What a test fails with, and who catches it.

A failed assert counts, whoever catches it: a `with` block of the program's, a callback's caller, a handler of the test
whose class the program has handed over. So does a fault of the program's that it catches itself on the way. Where there
is a reference, the program may catch where that does; what it does, and by which instruction of the test, was noted
when the problem was first looked at.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from pidistill_code.inside.catching import speaks_of_all, tells_to_catch
from pidistill_code.inside.contents import SCALARS, BrokenError
from pidistill_code.inside.guard import is_sign
from pidistill_code.inside.remote import Peer

_FAULTS = (AttributeError, TypeError, NameError, NotImplementedError)
"""What a program raises that lacks what a test asks of it."""
_OF_TESTS = frozenset({"tests", "preamble"})
Use = tuple[str, str, int]
"""What was wanted, and by which instruction."""


def place(name: str) -> Use:
    """The instruction of test code that has led here, and what it wants."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename not in _OF_TESTS:
        frame = frame.f_back
    if frame is None:
        return name, "", -1
    return name, f"{frame.f_code.co_name}:{frame.f_code.co_firstlineno}", frame.f_lasti


def _thrown(op: str, args: tuple[Any, ...]) -> BaseException | None:
    """The exception that a request tells an object of: a context manager that is left, a generator."""
    if op not in ("op", "method") or args[1] not in ("__exit__", "__aexit__", "throw"):
        return None
    return next((item for item in args[2] if isinstance(item, BaseException)), None)


class StopIterationRaised(Exception):
    """An iterator's end that a call has raised: an exception like any other, and no loop's end."""


class Failing(Peer):
    """The side of the tests, which knows what they have failed with."""

    def __init__(self, exchange: Any, effects: Any, take: Any) -> None:
        super().__init__("r", exchange, effects, take, True)
        self.text = ""
        """The test."""
        self.uses: dict[Use, int] | None = None
        """What the reference's objects were used for, and how many times; None where that is unknown."""
        self.trusted = False
        """Whether the program is the reference."""
        self.used: dict[Use, int] = {}
        """What objects have been used for."""
        self.caught = ""
        """What the program has caught of what the test fails with."""
        self.raised: list[BaseException] = []
        """Exceptions that came from the other side, the last few."""
        self.nexts: set[int] = set()
        """Numbers of the coroutines that give an asynchronous iterator's next item, or say that there is none."""
        self._failures: list[BaseException] = []
        """What the test has failed with in what the program has asked for, until the program answers."""

    def mentioned(self, name: str) -> bool:
        """Whether the test speaks of the class of that name."""
        return name in self.text

    def _waits_for(self, name: str) -> bool:
        """Whether the test speaks of that exception other than to raise it: its own iterators end with one."""
        return re.search(rf"(?<!\braise )\b{name}\b", self.text) is not None

    def raised_here(self, error: BaseException, op: str, args: tuple[Any, ...]) -> BaseException:
        """`error`, unless a runner or a loop would take it for a sign of its own."""
        if op in ("await", "turn") and getattr(args[0], "_remote_number", None) in self.nexts:
            op, args = "op", (args[0], "__anext__")
        if is_sign(error, op, args, self._waits_for):
            if type(error) not in (StopIteration, StopAsyncIteration):
                raise BrokenError(f"raised {type(error).__name__}, which tests take for a sign of their own")
            error = StopIterationRaised(*error.args)
        self.raised = [*self.raised[-7:], error]
        return error

    def request(self, op: str, *args: Any) -> Any:
        """As `Peer.request`; a failure of the test that the program has caught on the way is remembered."""
        outer, self._failures = self._failures, []
        thrown = _thrown(op, args)
        try:
            found = super().request(op, *args)
        except BaseException as error:
            if thrown is not None and isinstance(error, StopIteration | StopIterationRaised):
                self._caught(thrown)
            elif self._failures and not isinstance(error, AssertionError | BrokenError):
                self._caught(self._failures[0], raised=True)
            self._failures = outer
            raise
        failures, self._failures = self._failures, outer
        if failures:
            self._caught(failures[0])
        if thrown is None:
            return found
        if args[1] == "__aexit__":
            return self._left(found, thrown)
        if args[1] == "throw" or found.__class__ not in SCALARS or found:
            self._caught(thrown)
        return found

    async def _left(self, leaving: Any, thrown: BaseException) -> object:
        """What `__aexit__` comes to."""
        found = await leaving
        if found.__class__ not in SCALARS or found:
            self._caught(thrown)
        return found

    def fails_here(self, error: BaseException) -> None:
        """What test code that the program has called fails with: the program has to let it pass."""
        if self._is_failure(error):
            self._failures.append(error)

    def _is_failure(self, error: BaseException) -> bool:
        """Whether `error` says that the program is wrong: a failed assert, or a fault of the program that the test does
        not speak of. Where the test tells the program to catch such things, it is what the test is about."""
        if isinstance(error, AssertionError):
            return self.trusted or self.uses is not None or not tells_to_catch(self.text)
        own = isinstance(error, _FAULTS) and any(error is item for item in self.raised)
        return own and not self.mentioned(type(error).__name__)

    def _caught(self, error: BaseException, raised: bool = False) -> None:
        """The program has caught `error` and goes on, or raises another. The reference may do so, too."""
        use = place("catch")
        self.used[use] = self.used.get(use, 0) + 1
        wrong = not raised and self._is_failure(error) if self.uses is None else use not in self.uses
        if wrong and not self.trusted:
            self.caught = self.caught or f"the program catches what the test fails with: {type(error).__name__}"

    def test_catches(self, error: BaseException) -> None:
        """The test has caught what it has raised itself, by classes that it does not name. The reference may have it do
        so."""
        if not any(error is item for item in self.raised) and not speaks_of_all(self.text):
            self._caught(error)
