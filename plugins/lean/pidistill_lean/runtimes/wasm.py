"""The WebAssembly runtime: Lean 4.28 in two Node processes that stay up, without Mathlib.

One elaborates, the other decides (`split.py`), and both put their memory back after every request, so that each
submission meets the same process as the first did. What is kept is what was made of trusted text: a header's
environment, a problem's statement. One that overruns is interrupted. A process that does not stop, that cannot be put
back, or that has answered its share is replaced before the next request, off the clock.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pidistill.authoring.clock import off_the_clock
from pidistill.errors import VerifierError
from pidistill_lean import setup
from pidistill_lean.protocol import LeanDied, LeanTimeout, Theorem
from pidistill_lean.runtimes import program, wire
from pidistill_lean.runtimes.process import AskedInVainError, NotPutBackError, Process
from pidistill_lean.runtimes.split import SplitRuntime

START_LIMIT_S = 300.0
"""For the start of a process and for the import of a header, neither of which counts against a request's budget."""
MEMORY_LIMIT_BYTES = 1 << 29
"""A process whose memory has grown past this is replaced before the next request: memory never shrinks, and all of it
is compared with the image every time."""
CHECKS_PER_PROCESS = 5000
LESSONS = 5
"""Requests of our own that a process may need to learn how to put its memory back."""
HEADERS_KEPT = 3
STATEMENTS_KEPT = 63
"""As many as the Lean program keeps, less one."""


_WARM_TEXT = "def next (n : Nat) : Nat := n\ntheorem t (n : Nat) : next n = n := by simp [next]"
_WRONG_TEXT = "theorem t (n : Nat) : n = 0 := by\n  have h : n + 0 = n := Nat.zero_add n\n  omega"
_WARM_DATA = {
    "strings": ["next", "Nat", "n", "t", "Eq", "refl"],
    "code": [
        *(1, 0, 0), *(1, 0, 1), *(1, 0, 2), *(9, 2, 0), *(12, 0, 3, 0, 0), *(7, 0), *(11, 0, 3, 0, 2),
        *(21, 0, 3, 1, 0, 1, 3), *(1, 0, 3), *(1, 0, 4), *(3, 0), *(9, 5, 1, 1), *(10, 4, 0), *(9, 1, 0), *(10, 6, 2),
        *(10, 5, 7), *(10, 8, 2), *(12, 0, 3, 0, 9), *(1, 5, 5), *(9, 6, 1, 1), *(10, 11, 0), *(10, 12, 2),
        *(11, 0, 3, 0, 13), *(22, 4, 0, 10, 14),
    ],
}  # fmt: skip
"""What `export.lean` would say of the text with `Eq.refl n` for a proof. By hand: no other process is believed."""
_STATED = {"header": "", "statement": _WARM_TEXT, "target": "t"}
_WARM: dict[str, list[dict[str, Any]]] = {
    "elaborator": [
        {"op": "elaborate", "header": "", "given": [], "target": "t", "texts": [text]}
        for text in (_WRONG_TEXT, _WARM_TEXT)
    ],
    "judge": [{"op": "judge", **_STATED, "imports": [], "data": _WARM_DATA}, {"op": "item", **_STATED}],
}
"""Requests of our own. Each is one that the process will be asked, so that it holds no environment besides; what Lean's
interpreter looks up once, as where a function is, it has looked up before the image is taken. From the last of each the
process learns how its threads rest: it wakes them."""


class WasmRuntime(SplitRuntime):
    """Lean in WebAssembly. Raises `VerifierError` where it is not installed."""

    name: ClassVar[str] = "wasm"

    def __init__(
        self, *, memory_limit_bytes: int = MEMORY_LIMIT_BYTES, checks_per_process: int = CHECKS_PER_PROCESS
    ) -> None:
        super().__init__()
        installation = setup.installed()
        if installation is None:
            raise VerifierError("Lean in WebAssembly is not installed.", f"Try: {setup.SETUP_COMMAND}")
        node = setup.find_node()
        if node is None:
            raise VerifierError(f"Node {setup.NODE_MAJOR} or later is not here.", f"Try: {setup.SETUP_COMMAND}")
        self._node = node
        self._installation = installation
        self._memory_limit_bytes = memory_limit_bytes
        self._checks_per_process = checks_per_process
        self.elaborator: Process | None = None
        self.judge: Process | None = None
        self._headers: OrderedDict[str, None] = OrderedDict({"": None})
        """Those that the elaborating process holds the environment of."""
        self._statements: OrderedDict[Theorem, None] = OrderedDict()
        """Those that the deciding process holds."""
        self._reading: Theorem | None = None
        """One that it has been given, while the other elaborates, and has not answered yet."""
        self.starts = 0
        """Processes started so far."""

    def identity(self) -> str:
        package = f"{setup.PACKAGE}-{setup.VERSION}-{setup.SHA256[:12]}"
        return f"wasm lean-{setup.LEAN_VERSION} {package} judge-{program.digest()}"

    def close(self) -> None:
        self._drop(self.elaborator)
        self._drop(self.judge)

    @property
    def memory_bytes(self) -> int:
        """Of the larger of the processes now up; 0 where there is none."""
        return max((one.memory_bytes for one in (self.elaborator, self.judge) if one is not None), default=0)

    def start(self, *, needed: Sequence[str] = ("elaborator", "judge")) -> None:
        """Have both processes up now rather than with the first request. Raises `VerifierError` where that fails.

        Only those `needed` are waited for where they have yet to be put back. What is outlined needs no process that
        decides; what is decided needs both, which then start at the same time.
        """
        if "judge" in needed:
            self._read()
        for role in needed:
            one: Process | None = getattr(self, role)
            if one is not None and self._spent(one):
                self._drop(one)
        up = {"elaborator": self.elaborator, "judge": self.judge}
        missing = [role for role in up if up[role] is None and (role in needed or "judge" in needed)]
        if missing and any(up[role] is None for role in needed):
            with off_the_clock():
                self._start(missing)

    def _start(self, roles: Sequence[str]) -> None:
        found: dict[str, Process | BaseException] = {}

        def begin(role: str) -> None:
            try:
                found[role] = self._begun(role)
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
                found[role] = error

        program.compiled(self._node, self._installation)
        threads = [threading.Thread(target=begin, args=(role,)) for role in roles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.starts += len(roles)
        for role, process in found.items():
            if isinstance(process, Process):
                setattr(self, role, process)
        for process in found.values():
            if isinstance(process, (LeanTimeout, LeanDied)):
                raise VerifierError(
                    f"Lean in WebAssembly does not start: {process}", f"Try: {setup.SETUP_COMMAND}"
                ) from process
            if isinstance(process, BaseException):
                raise process

    def _begun(self, role: str) -> Process:
        rules = "strict" if role == "judge" else "plain"
        process = Process(self._node, self._installation)
        try:
            process.wait_until_ready(START_LIMIT_S)
            # requests of our own, from which the process learns how its threads rest; they also warm Node's compiler.
            # One that never learns it answers a single request, and the next has a new one: slower, and no less sure
            for request in ({"op": "prepare", "header": "", "rules": rules}, *_WARM[role]):
                process.ask(request, START_LIMIT_S, keep=True)
                if not process.usable():
                    raise LeanDied(f"its memory cannot be kept: {process.last_words()}")
            for _ in range(LESSONS):
                if process.learns(_WARM[role][-1], START_LIMIT_S):
                    break
        except BaseException:
            process.end()
            raise
        process.asked = 0
        return process

    def _elaborating(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        return _of_one_as_new(lambda: self._elaborated(theorem, request, budget_s))

    def _elaborated(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        self.start(needed=["elaborator"])
        header = wire.sendable(theorem.header)
        if header not in self._headers:
            with off_the_clock():
                prepare = {"op": "prepare", "header": header, "rules": "plain"}
                self._asked("elaborator", prepare, START_LIMIT_S, keep=True)
            self._headers[header] = None
            if len(self._headers) > HEADERS_KEPT:
                self._headers.popitem(last=False)
        return self._asked("elaborator", request, budget_s)

    def _expecting(self, theorem: Theorem) -> None:
        if self.judge is not None and self.judge.told():
            self._read()
        judge = self.judge
        if theorem in self._statements or self._reading is not None or judge is None:
            return
        judge.usable(0.0)  # which looks whether it is ready; where it is not, it reads this next
        try:
            judge.begin(self._whole(theorem, {"op": "item"}), keep=True)
        except LeanDied:
            self._drop(judge)
        else:
            self._reading = theorem

    def _read(self) -> None:
        """Wait for the statement that the deciding process was given ahead."""
        theorem, self._reading = self._reading, None
        if theorem is None or self.judge is None:
            return
        try:
            with off_the_clock():
                self.judge.finish(START_LIMIT_S)
        except LeanDied:
            return  # it is read again, and then what is wrong is told
        except BaseException:
            self._drop(self.judge)
            raise
        self._holds(theorem)

    def _holds(self, theorem: Theorem) -> None:
        self._statements[theorem] = None
        if len(self._statements) > STATEMENTS_KEPT:
            self._statements.popitem(last=False)

    def _whole(self, theorem: Theorem, request: dict[str, Any]) -> dict[str, Any]:
        return {
            **request,
            "header": wire.sendable(theorem.header),
            "statement": wire.sendable(theorem.statement),
            "target": wire.sendable(theorem.target),
        }

    def _deciding(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        return _of_one_as_new(lambda: self._decided(theorem, request, budget_s))

    def _decided(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        self.start(needed=["judge"])
        keeps = request["op"] == "item"
        if not keeps and theorem not in self._statements:
            with off_the_clock():
                self._deciding(theorem, {"op": "item"}, START_LIMIT_S)
        found = self._asked("judge", self._whole(theorem, request), budget_s, keep=keeps)
        if keeps:
            self._holds(theorem)
        return found

    def _asked(
        self, role: str, request: dict[str, Any], budget_s: float, *, keep: bool = False
    ) -> tuple[dict[str, Any], float]:
        process: Process | None = getattr(self, role)
        if process is None or not process.may_be_asked():
            self._drop(process)
            self.start(needed=[role])
            process = getattr(self, role)
        assert process is not None
        try:
            return process.ask(request, budget_s, keep=keep)
        except AskedInVainError:
            raise
        except NotPutBackError:
            self._drop(process)
            raise
        except LeanDied:
            raise  # it says itself whether it could be put back
        except LeanTimeout:
            with off_the_clock():
                if not process.interrupted():
                    self._drop(process)
            raise
        except BaseException:
            # an interrupt of ours: what the process says next would answer another question
            self._drop(process)
            raise

    def _spent(self, process: Process) -> bool:
        return (
            process.asked >= self._checks_per_process
            or process.memory_bytes > self._memory_limit_bytes
            or not process.may_be_asked()
        )

    def _drop(self, process: Process | None) -> None:
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.end()
        if process is self.elaborator:
            self.elaborator = None
            self._headers = OrderedDict({"": None})
        if process is self.judge:
            self.judge = None
            self._reading = None
            self._statements.clear()


def _of_one_as_new(ask: Callable[[], tuple[dict[str, Any], float]]) -> tuple[dict[str, Any], float]:
    """The reply; from another process, where the one that was asked had yet to be made as new, and could not be."""
    try:
        return ask()
    except NotPutBackError:
        return ask()


def look() -> tuple[bool, str, str]:
    """Whether it works here, the version or what is missing, and the command that installs it."""
    installation = setup.installed()
    node = setup.find_node()
    if installation and node:
        return True, f"Lean {setup.LEAN_VERSION}, {installation.folder}, {node}", ""
    missing = ["Lean in WebAssembly"] * (installation is None) + [f"Node {setup.NODE_MAJOR} or later"] * (node is None)
    return False, f"{' and '.join(missing)} not installed", setup.SETUP_COMMAND
