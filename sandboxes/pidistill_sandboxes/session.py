"""The trusted side: a warm session over a guest, and the programs run in it.

What comes back is believed to this extent: frames are the server's, which no candidate can reach, and their content is
the candidate's. A frame's content that is no answer is tampering. A guest that dies or falls silent is our trouble: it
is replaced, and `run` and `script` start the program again in the new one, a few times, before they raise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import MAGIC_NUMBER
from typing import TypeVar

from pidistill.authoring.clock import off_the_clock
from pidistill.errors import SandboxError
from pidistill.records import JSON
from pidistill.sandbox import Answer, Call, Kind, Limits, Outcome, Plain, Program, Session
from pidistill_sandboxes.compiling import compiled
from pidistill_sandboxes.guest import Guest, LostError
from pidistill_sandboxes.inside import wire
from pidistill_sandboxes.messages import (
    HEADER,
    LENGTH,
    SCRIPT,
    THEN_END,
    TOO_LARGE,
    Ended,
    Sent,
    batch_frame,
    checked,
    framed,
    load_request,
    preload_frame,
    read_answer,
    requests,
    start_frame,
)  # fmt: skip

_WAITS_S = (0.0, 0.0, 0.5, 3.0)
"""Before the first try, and before each further one with a new guest."""
_STARVED_FACTOR, _STARVED_S = 20, 60
"""After so many times its own time and so many seconds a program's answer is not waited for any longer. The server ends
it well before; this is for a server that has died without a sound."""
_ENDS = {"timeout": Kind.TIMEOUT, "memory": Kind.MEMORY, "exited": Kind.EXITED, "tampered": Kind.TAMPERED}

_DEFAULT = Limits()
_MOST_ANSWERED = 1 << 26
"""Bytes of all answers of a program that are read; what comes then counts as too large."""

T = TypeVar("T")


class WarmSession(Session):
    """One guest, replaced when it is lost. `launch` makes a guest, not yet begun."""

    def __init__(self, launch: Callable[[], Guest], config: Mapping[str, JSON]) -> None:
        self._launch, self._config = launch, config
        self._guest: Guest | None = None
        self._program: WarmProgram | None = None
        self._preloaded: dict[str, bytes] = {}
        """Frames by what they have the server load, for the next guest as well."""
        self._open_guest()

    @property
    def walls(self) -> Mapping[str, str]:
        """What the server inside says of its confinement: mechanism -> '' or the reason why not."""
        return self._open_guest().walls

    @property
    def python(self) -> str:
        """Version of the interpreter inside, such as `3.11.7`."""
        return self._open_guest().python

    def start(self, source: str, limits: Limits = _DEFAULT, stdin: str | None = None) -> Program:
        """See `Session.start`. A guest that was lost since the last program is replaced first."""
        return self._retried(lambda: self._start(source, limits, stdin))

    def run(self, source: str, calls: Iterable[Call], limits: Limits = _DEFAULT) -> Outcome:
        """See `Session.run`. Where the guest is lost on the way all of it is done again."""
        calls = list(calls)
        asked, waits = checked(calls), [call.waits for call in calls]
        return self._retried(lambda: self._run(requests(source, self._code(source), asked, waits), limits))

    def script(self, source: str, stdin: str, limits: Limits = _DEFAULT) -> Outcome:
        """See `Session.script`. Where the guest is lost on the way it is run again."""
        return self._retried(lambda: self._run([load_request(source, self._code(source), stdin)], limits, True))

    def preload(self, modules: Sequence[tuple[str, bytes]], imports: Sequence[str] = ()) -> bool:
        """See `Session.preload`. What was told before is not told again."""
        key = " ".join([*(name for name, _ in modules), *imports])
        if key not in self._preloaded:
            self._preloaded[key] = preload_frame(modules, imports)
            with off_the_clock():
                self._end_program()
                if self._guest is not None:
                    self._guest.send(self._preloaded[key])
        return True

    def close(self) -> None:
        """Kill the guest and all that is inside."""
        if self._guest is not None:
            self._guest.kill()
        self._guest = self._program = None

    def _start(self, source: str, limits: Limits, stdin: str | None) -> Program:
        program = self._prepare(limits)
        program.load(load_request(source, self._code(source), stdin), script=stdin is not None)
        return program

    def _code(self, source: str) -> bytes | None:
        """What the guest is sent beside the text, where it has the bytecode of this interpreter."""
        return compiled(source) if self._open_guest().bytecode == MAGIC_NUMBER else None

    def _run(self, sent: Iterable[Sent], limits: Limits, script: bool = False) -> Outcome:
        program = self._prepare(limits)
        try:
            program.run(list(sent), script)
        except BaseException:
            self.close()  # the conversation has stopped in the middle
            raise
        return program.outcome

    def _end_program(self) -> None:
        if self._program is not None:
            self._program.close()
            if self._program.stale:  # process and inode numbers would tell the next one of it
                self.close()

    def _prepare(self, limits: Limits) -> WarmProgram:
        self._end_program()
        self._program = WarmProgram(self._open_guest(), limits, self._drop)
        return self._program

    def _open_guest(self) -> Guest:
        if self._guest is None:
            with off_the_clock():  # our time, and not that of whoever waits for it
                guest = self._launch()
                try:
                    guest.begin(self._config)
                    for frame in self._preloaded.values():
                        guest.send(frame)
                except BaseException:
                    guest.kill()
                    raise
            self._guest = guest
        return self._guest

    def _drop(self) -> None:
        """The guest is lost: the next program gets a new one."""
        self.close()

    def _retried(self, work: Callable[[], T]) -> T:
        for wait_s in _WAITS_S:
            if wait_s:  # even no time at all would give the processor away
                with off_the_clock():
                    time.sleep(wait_s)
            try:
                return work()
            except LostError as error:
                self.close()
                last = error
        raise SandboxError(f"The sandbox was lost {len(_WAITS_S)} times. {last.message}", last.hint)


class WarmProgram(Program):
    """One program in a guest: loaded and called step by step, or run as a whole."""

    def __init__(self, guest: Guest, limits: Limits, drop_guest: Callable[[], None]) -> None:
        self._guest, self._limits, self._drop_guest = guest, limits, drop_guest
        self._answers: list[Answer] = []
        self._inbox = bytearray()
        self._output = {b"O": bytearray(), b"o": bytearray()}
        self._ended: Ended | None = None
        self._over: Answer | None = None
        self._tampering = ""
        self._closed = False
        self._answered = 0

    def load(self, request: Sent, script: bool = False) -> None:
        """Load a source; sets `loaded`."""
        self.loaded = self._ask(request, start_frame(self._limits), SCRIPT * script)

    def run(self, sent: Sequence[Sent], script: bool = False) -> None:
        """Load the source, make the calls, end: all of it in one message."""
        self._closed = True
        batch = batch_frame(sent, THEN_END | SCRIPT * script)
        patience_s = self._limits.program_s * _STARVED_FACTOR + _STARVED_S
        told: list[Answer] = []
        self._guest.send(start_frame(self._limits) + batch, patience_s)
        deadline = time.monotonic() + patience_s
        while self._ended is None:
            kind, content = self._guest.receive(deadline)
            if kind == b"A":
                self._inbox += content
                while self._over is None and (data := self._whole_answer()) is not None:
                    told.append(self._read(data, 0.0))
            else:
                self._take(kind, content)
        if self._over is None and len(told) < sum(request.answers for request in sent):
            told.append(Answer(self._end_kind()))
        self.loaded = told[0]
        self._answers = told[1:] if self.loaded.ok else []

    def call(
        self,
        function: str,
        args: Sequence[Plain] = (),
        kwargs: Mapping[str, Plain] | None = None,
        return_args: bool = False,
    ) -> Answer:
        """See `Program.call`."""
        if self._closed:
            raise SandboxError("The program is closed.")
        if self._over is None and not self.loaded.ok:
            raise SandboxError("The program did not load, so nothing can be called.", "Look at `loaded` first.")
        request = Sent(framed(tuple(checked([Call(function, args, kwargs or {}, return_args)]))), 1)
        answer = self._over or self._ask(request)
        self._answers.append(answer)
        return answer

    def close(self) -> None:
        """See `Program.close`. Collects the outcome."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._ended is None:
                self._guest.send(HEADER.pack(b"E", 0))
                deadline = self._deadline()
                while self._ended is None:
                    self._take(*self._guest.receive(deadline))
        except LostError:
            self._drop_guest()
            raise

    @property
    def outcome(self) -> Outcome:
        """See `Program.outcome`."""
        if self._ended is None:
            raise SandboxError("The program is not closed, so it has no outcome yet.")
        ended = self._ended
        own_end = ended.reason == "exited"
        return Outcome(
            loaded=self.loaded,
            answers=tuple(self._answers),
            stdout=bytes(self._output[b"O"]),
            stderr=bytes(self._output[b"o"]),
            truncated=ended.truncated,
            seconds=ended.seconds,
            exit_code=ended.status if own_end and ended.status >= 0 else None,
            signal=-ended.status if own_end and ended.status < 0 else None,
            tampering=self._tampering,
        )

    @property
    def stale(self) -> bool:
        """Whether it has left traces that only a new sandbox is without."""
        return self._ended is not None and self._ended.stale

    # --- Messages

    def _deadline(self) -> float:
        return time.monotonic() + self._limits.call_s * _STARVED_FACTOR + _STARVED_S

    def _ask(self, request: Sent, before: bytes = b"", flags: int = 0) -> Answer:
        """Send a request and wait for its answer, or for the end of the program."""
        started = time.monotonic()
        try:
            self._guest.send(before + batch_frame([request], flags))
            deadline = self._deadline()
            while self._ended is None:
                kind, content = self._guest.receive(deadline)
                if kind != b"A":
                    self._take(kind, content)
                    continue
                self._inbox += content
                data = self._whole_answer()
                if data is not None:
                    return self._read(data, time.monotonic() - started)
        except LostError:
            self._closed = True
            self._drop_guest()
            raise
        self._over = Answer(self._end_kind(), seconds=time.monotonic() - started)
        return self._over

    def _whole_answer(self) -> bytearray | None:
        """The next answer, where all of it has come."""
        inbox = self._inbox
        if len(inbox) < LENGTH.size:
            return None
        end = LENGTH.size + LENGTH.unpack_from(inbox)[0]
        if len(inbox) < end:
            return None
        data = inbox[LENGTH.size : end]
        del inbox[:end]
        return data

    def _end_kind(self) -> Kind:
        assert self._ended is not None
        reason = self._ended.reason
        if reason not in _ENDS:
            raise SandboxError(
                f"The program was ended: {reason} (the machine is too busy to run it).",
                "Use fewer workers, or a less busy machine.",
            )
        return _ENDS[reason]

    def _take(self, kind: bytes, content: bytes) -> None:
        """A frame that is no part of an answer."""
        if kind in self._output:
            self._output[kind] += content
        elif kind == b"X":
            self._ended = Ended.read(content)
            self._tampering = self._tampering or self._ended.note
        elif kind != b"A":
            raise LostError(f"The server inside sent a frame of unknown kind {kind!r}.")

    def _read(self, data: bytearray, seconds: float) -> Answer:
        """The candidate's words as an answer. What is none ends the program as tampering."""
        self._answered += len(data)
        if self._answered > _MOST_ANSWERED:
            return Answer(Kind.VALUE, TOO_LARGE, seconds=seconds)
        try:
            return read_answer(data, seconds)
        except wire.WireError as error:
            self._tampering = f"an answer that cannot be read: {error}"
        self._over = Answer(Kind.TAMPERED, seconds=seconds)
        return self._over
