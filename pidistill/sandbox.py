"""What a verifier and a sandbox say to each other: programs, calls, answers. Data and two small classes, no mechanism.

The rule behind it all: the process that runs a candidate's program decides nothing and holds nothing worth stealing.
The verifier, in its own process, keeps tests and reference; it sends the program's source and calls as plain data, and
compares the answers itself. Unless a call may go ahead (`Call.waits`), it is sent only after the answer to the one
before. Whatever the candidate does to its own process, even forging messages, can only change *its answers*, and those
are judged like any other.

    with sandbox.open() as session:                       # warm; a verifier holds one for its life
        with session.start(source, limits) as program:    # a fresh process, with the program loaded
            if program.loaded.ok:
                answer = program.call("solution", ([1, 2, 3],))
        program.outcome                                   # output, times, how it ended
        session.run(source, [Call("solution", ([1, 2, 3],))], limits)     # the same in one line
        session.script(source, "3\\n1 2 3\\n", limits).stdout              # a whole program on standard input

How sandboxes isolate is theirs (`contracts.Sandbox.self_check` measures it); what an answer is worth is the verifier's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self, TypeAlias

Plain: TypeAlias = (
    "bool | int | float | complex | str | bytes | list[Plain] | tuple[Plain, ...] | dict[Plain, Plain] "
    "| set[Plain] | frozenset[Plain] | Described | None"
)
"""What crosses the boundary. Types are exact: a `Plain` never has a class, and so no behaviour, of the candidate's."""


@dataclass(frozen=True)
class Described:
    """Stands for a returned object that is not of a plain type. What it says is the candidate's claim, no more.

    It equals no plain value, so an answer cannot pass by mistake; a verifier that wants `Counter(...)` to count as a
    dict looks at `content`, which is plain.
    """

    type_name: str
    """`module.qualname` of the object's type, such as `collections.Counter`; at most 200 characters."""
    content: Plain = None
    """Of a subclass of a plain type: its content, read past all overridden methods. Of a class: its `module.qualname`.
    None for all others, for what is nested too deep, and for an answer over `Limits.answer_bytes`."""


@dataclass(frozen=True)
class Limits:
    """What a program may use. Seconds are the program's own: time spent waiting for a busy processor is not counted."""

    call_s: float = 3.0
    """For loading the program, and again for each call. What it waits for anything but a processor counts once there
    have been two seconds of it in all; a program of several processes or threads pays for the processor time of all."""
    program_s: float = 30.0
    """For loading and all calls together."""
    memory_bytes: int = 512 << 20
    """Address space of each process, and resident memory of all processes together."""
    processes: int = 32
    """Processes and threads at one time."""
    file_bytes: int = 16 << 20
    """Size of each file. All of a program's files together have 64 MiB, in memory."""
    open_files: int = 64
    output_bytes: int = 1 << 20
    """Standard output and standard error that is kept, of each. What is over is thrown away and `truncated` set."""
    answer_bytes: int = 16 << 20
    """Size of one answer. Larger ones come back as `Described`."""


@dataclass(frozen=True)
class Call:
    """One call of a function that the program defines."""

    function: str
    """A dotted path from the program's module; a part that ends in `()` is called without arguments on the way, such
    as `Solution().two_sum`."""
    args: Sequence[Plain] = ()
    kwargs: Mapping[str, Plain] = field(default_factory=dict)
    return_args: bool = False
    """Whether the answer carries the positional arguments as the call left them."""
    waits: bool = True
    """Whether `Session.run` sends it only after the answer to the call before. If not, it may be sent with that call,
    which is much faster. Only where its arguments do not say what that call, or one that it went with, should answer: a
    hostile program can read them first. The first call may be sent with the source. Limits and state are the same."""


class Kind(StrEnum):
    """What became of a call, or of loading."""

    VALUE = "value"
    RAISED = "raised"
    """An exception came out, or the function is not there (`NameError`, `AttributeError`)."""
    TIMEOUT = "timeout"
    """Over `Limits.call_s` or `program_s`; the program was killed."""
    MEMORY = "memory"
    """Over `Limits.memory_bytes` with all processes together; the program was killed. One process that meets its own
    limit sees a `MemoryError` instead."""
    EXITED = "exited"
    """The process ended, by itself or by a signal (`Outcome.exit_code`, `Outcome.signal`)."""
    TAMPERED = "tampered"
    """What came over the channel is no answer, or came unasked. The program was killed."""


@dataclass(frozen=True)
class Raised:
    """An exception as text. All of it is the candidate's to choose."""

    type_name: str
    message: str
    """At most 2,000 characters."""
    traceback: str
    """Lines within the program only, at most 8,000 characters."""


@dataclass(frozen=True)
class Answer:
    """What became of one call."""

    kind: Kind
    value: Plain = None
    raised: Raised | None = None
    args: tuple[Plain, ...] | None = None
    """The positional arguments after the call, where `Call.return_args` asked for them."""
    seconds: float = 0.0
    """Wall clock, from sending the call to its answer; 0 in `Session.run`, which may send calls together."""

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.kind is Kind.VALUE


@dataclass(frozen=True)
class Outcome:
    """A program's whole run."""

    loaded: Answer
    answers: tuple[Answer, ...]
    """One per call made, in order. Calls after the end of the program were not made and have none."""
    stdout: bytes
    stderr: bytes
    truncated: bool
    """Whether there was more output than is kept."""
    seconds: float
    """The program's own time: loading and calls."""
    exit_code: int | None
    """Where the process ended by itself."""
    signal: int | None
    """Where a signal that the sandbox did not send ended it."""
    tampering: str = ""
    """What was tampered with; empty where nothing was noticed."""

    @property
    def end(self) -> Kind | None:
        """Why the program ended before its calls did; None where it answered (or raised) to the last."""
        last = self.answers[-1] if self.answers else self.loaded
        return None if last.kind in (Kind.VALUE, Kind.RAISED) else last.kind


class Program(ABC):
    """A candidate's program in a process of its own. Used as a context manager; leaving it kills the process."""

    loaded: Answer
    """What became of loading. Where it is not `ok` no call can be made."""

    @abstractmethod
    def call(
        self,
        function: str,
        args: Sequence[Plain] = (),
        kwargs: Mapping[str, Plain] | None = None,
        return_args: bool = False,
    ) -> Answer:
        """Call a function, as `Call` says. State that calls leave behind stays until the program ends.

        Once an answer is neither VALUE nor RAISED the program is gone, and every further call has that same answer.
        Raises `SandboxError` for the sandbox's own trouble, `TypeError` for arguments that are not `Plain`.
        """

    @abstractmethod
    def close(self) -> None:
        """Kill all its processes and remove its files."""

    @property
    @abstractmethod
    def outcome(self) -> Outcome:
        """The whole run. There once the program is closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class Session(ABC):
    """A warm sandbox. One program at a time; not for several threads. Used as a context manager."""

    @abstractmethod
    def start(self, source: str, limits: Limits = Limits(), stdin: str | None = None) -> Program:
        """Load a program in a fresh process and an empty `/tmp`.

        Without `stdin` it is loaded as a module (`__name__` is `candidate`) whose functions can be called. With `stdin`
        it is run to its end as `__main__`, reading that text, and `loaded` says what became of it; `SystemExit` with
        code 0 or None counts as its end. Raises `SandboxError` for the sandbox's own trouble, after retries.
        """

    def run(self, source: str, calls: Iterable[Call], limits: Limits = Limits()) -> Outcome:
        """Load, make the calls in order until one ends the program, close. Raises as `start` does."""
        with self.start(source, limits) as program:
            if program.loaded.ok:
                for call in calls:
                    answer = program.call(call.function, call.args, call.kwargs, call.return_args)
                    if answer.kind not in (Kind.VALUE, Kind.RAISED):
                        break
        return program.outcome

    def script(self, source: str, stdin: str, limits: Limits = Limits()) -> Outcome:
        """Run a whole program on `stdin`, close. Raises as `start` does."""
        with self.start(source, limits, stdin) as program:
            pass
        return program.outcome

    def preload(self, modules: Sequence[tuple[str, bytes]], imports: Sequence[str] = ()) -> bool:
        """Have all later programs find these modules loaded, which is quicker than if each loads them: `modules` as
        names and marshalled code of the sandbox's own Python, in this order, `imports` as names of the library's.

        Both must be trusted as the sandbox is. False where a sandbox does not do this: then programs load them.
        """
        return False

    @abstractmethod
    def close(self) -> None:
        """End it. Nothing of it is left: no process, file or mount."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
