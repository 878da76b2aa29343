"""A verifier that does what the completion says: the ordinary and the nasty. Imported by worker processes.

`ok X` passes when X is the reference; everything else is named after what it does to the worker.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pidistill.authoring.clock import off_the_clock
from pidistill.contracts import Verifier
from pidistill.errors import SandboxError
from pidistill.records import JSON, Problem, Status, Verdict

HOARD: list[bytearray] = []


def _alarm(problem: Problem) -> Verdict:
    """What math-verify does: SIGALRM works on a main thread only, and is left armed here."""

    def handler(signum: int, frame: object) -> None:
        raise TimeoutError("alarm")

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        time.sleep(5)
    except TimeoutError:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        return Verdict(Status.FAIL, answer="alarm", reason=str(threading.current_thread() is threading.main_thread()))
    return Verdict(Status.PASS)


def _forked_child_holds_the_pipes(problem: Problem) -> Verdict:
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    os._exit(3)


class Nasty(Verifier):
    name = "nasty"
    version = "1"

    def __init__(self, options: Mapping[str, JSON] | None = None) -> None:
        self.options = dict(options or {})
        self.judged = 0

    def fingerprint(self) -> str:
        return str(self.options.get("fingerprint", ""))

    def close(self) -> None:
        if path := self.options.get("closed"):
            Path(str(path)).write_text(str(os.getpid()))

    def verify(self, problem: Problem, completion: str) -> Verdict:
        self.judged += 1
        word, _, rest = completion.partition(" ")
        match word:
            case "sleep":
                time.sleep(float(rest or 1000))
            case "wait":
                with off_the_clock():
                    time.sleep(float(rest or 1000))
            case "spin":
                while True:
                    pass
            case "hold-interpreter-lock":
                10 ** (10**9)
            case "allocate":
                while True:
                    HOARD.append(bytearray(os.urandom(1) * (16 << 20)))
            case "hoard":
                HOARD.append(bytearray(b"x") * (int(rest) << 20))
            case "exit":
                os._exit(int(rest or 0))
            case "sys-exit":
                sys.exit(0)
            case "segfault":
                ctypes.string_at(0)
            case "kill-self":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise ValueError("raised on purpose: \ud800 and\na second line")
            case "interrupt":
                raise KeyboardInterrupt
            case "recurse":
                self.verify(problem, completion)
            case "print":
                sys.stdout.write("junk on stdout" * 100)
                sys.stdout.flush()
                os.write(1, b"\x00\xff" * 5000)
                os.write(2, b"\x10\x00\x00\x00\x00\x00\x00\x00" * 1000)
            case "print-a-lot":
                for _ in range(8):
                    os.write(1, b"y" * (1 << 20))
            case "close-pipes":
                os.closerange(3, 200)
            case "fork-and-exit":
                return _forked_child_holds_the_pipes(problem)
            case "child":
                child = subprocess.Popen(["sleep", "1000"])
                return Verdict(Status.FAIL, answer=str(child.pid))
            case "alarm":
                return _alarm(problem)
            case "none":
                return None  # type: ignore[return-value]
            case "odd-answer":
                return Verdict(Status.FAIL, answer=object())  # type: ignore[arg-type]
            case "echo":
                return Verdict(Status.FAIL, answer=rest, diagnostics=rest)
            case "who":
                return Verdict(Status.FAIL, answer=f"{os.getpid()} {self.judged}")
            case "environment":
                return Verdict(Status.FAIL, answer=os.environ.get(rest))
            case "cheap":
                return Verdict(Status.PASS)
        passed = completion == f"ok {problem.reference}"
        return Verdict(Status.PASS if passed else Status.FAIL, score=float(passed), answer=rest)


class Ahead(Nasty):
    """Judges a whole group before it yields the first verdict."""

    name = "ahead"

    def verify_many(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        yield from [self.verify(problem, completion) for completion in completions]


class Short(Nasty):
    """Gives fewer verdicts than it was asked for."""

    name = "short"

    def verify_many(self, problem: Problem, completions: Sequence[str]) -> Iterator[Verdict]:
        for completion in completions[:1]:
            yield self.verify(problem, completion)


class Fickle(Nasty):
    """Another fingerprint in every process."""

    name = "fickle"

    def fingerprint(self) -> str:
        return str(os.getpid())


def fails_to_open(options: Mapping[str, JSON]) -> Verifier:
    raise RuntimeError("no licence file")


def misses_its_sandbox(options: Mapping[str, JSON]) -> Verifier:
    raise SandboxError("No daemon answers.", "Start it.")


def dies_while_opening(options: Mapping[str, JSON]) -> Verifier:
    os.write(2, b"about to die\n")
    os._exit(7)


def opens_for_ever(options: Mapping[str, JSON]) -> Verifier:
    time.sleep(1000)
    raise AssertionError


def opens_slowly(options: Mapping[str, JSON]) -> Verifier:
    time.sleep(1.5)
    return Nasty(options)


def not_a_verifier(options: Mapping[str, JSON]) -> object:
    return object()
