"""The WebAssembly runtime: Lean 4.28 in one Node process that stays up, without Mathlib.

The process is a sandbox in itself (it reads its own files and no others), and no code of a candidate runs in it:
`gate.lean` looks at every command before Lean elaborates it. This module starts the process, keeps time, and starts it
anew after an overrun, a death, or when its memory, which never shrinks, nears the 2 GiB that this build can have.
"""

from __future__ import annotations

import json
import queue
import secrets
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from pidistill.errors import VerifierError
from pidistill_lean import setup
from pidistill_lean.protocol import Check, LeanDied, LeanTimeout, Outline, Runtime, Theorem
from pidistill_lean.runtimes import program, wire

START_LIMIT_S = 300.0
"""For the start of a process and for the import of a header, neither of which counts against a request's budget."""
MEMORY_LIMIT_BYTES = 3 << 29
"""A process whose memory has grown past this is replaced before the next request: 1.5 of at most 2 GiB."""
CHECKS_PER_PROCESS = 1000
_TAIL_BYTES = 4000


class WasmRuntime(Runtime):
    """Lean in WebAssembly. Raises `VerifierError` where it is not installed."""

    name: ClassVar[str] = "wasm"

    def __init__(
        self, *, memory_limit_bytes: int = MEMORY_LIMIT_BYTES, checks_per_process: int = CHECKS_PER_PROCESS
    ) -> None:
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
        self._process: _Process | None = None
        self.starts = 0
        """Processes started so far."""

    def check(self, theorem: Theorem, submission: str, budget_s: float) -> Check:
        began = time.monotonic()
        reply = self._ask(
            {
                "op": "check",
                "header": wire.sendable(theorem.header),
                "statement": wire.sendable(theorem.statement),
                "target": theorem.target,
                "submission": wire.sendable(submission),
            },
            budget_s,
        )
        return wire.check(reply, time.monotonic() - began)

    def outline(self, source: str, budget_s: float) -> Outline:
        return wire.outline(self._ask({"op": "outline", "source": wire.sendable(source)}, budget_s), source)

    def identity(self) -> str:
        package = f"{setup.PACKAGE}-{setup.VERSION}-{setup.SHA256[:12]}"
        return f"wasm lean-{setup.LEAN_VERSION} {package} judge-{program.digest()}"

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def memory_bytes(self) -> int:
        """Of the process now up; 0 where there is none."""
        return self._process.memory_bytes if self._process else 0

    def start(self) -> None:
        """Start the process now rather than with the first request. Raises `VerifierError` where that fails."""
        if self._process is not None and self._process.spent(self._memory_limit_bytes, self._checks_per_process):
            self.close()
        if self._process is None:
            self.starts += 1
            process = _Process(self._node, self._installation)
            try:
                process.ask({"op": "hello"}, START_LIMIT_S)
            except (LeanTimeout, LeanDied) as error:
                process.end()
                raise VerifierError(
                    f"Lean in WebAssembly does not start: {error}", f"Try: {setup.SETUP_COMMAND}"
                ) from error
            except BaseException:
                process.end()
                raise
            self._process = process

    def _ask(self, request: dict[str, str], budget_s: float) -> dict[str, Any]:
        self.start()
        assert self._process is not None
        try:
            return self._process.ask(request, budget_s)
        except BaseException:
            # whatever it was, an interrupt too: what the process says next would answer another question
            self.close()
            raise


class _Process:
    """One Node process and the two threads that keep its pipes empty."""

    def __init__(self, node: Path, installation: setup.Installation) -> None:
        self.memory_bytes = 0
        self.checks = 0
        folder = program.compiled(node, installation)
        try:
            self._popen = subprocess.Popen(
                program.command(node, installation, folder, "--run", "/program/Main.lean"),
                env=program.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise VerifierError(f"Node does not start: {error}", f"Try: {setup.SETUP_COMMAND}") from error
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._tail = b""
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()

    def spent(self, memory_limit_bytes: int, checks: int) -> bool:
        """Whether it should be replaced before the next request."""
        return self._popen.poll() is not None or self.memory_bytes > memory_limit_bytes or self.checks >= checks

    def ask(self, request: dict[str, str], budget_s: float) -> dict[str, Any]:
        """The last reply to one request. Time in which a header is imported does not count."""
        nonce = secrets.token_hex(8)
        self.checks += 1
        line = json.dumps({**request, "nonce": nonce}, ensure_ascii=False).encode() + b"\n"
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(line)
            self._popen.stdin.flush()
        except OSError as error:
            raise LeanDied(self._epitaph()) from error
        deadline = time.monotonic() + budget_s
        left = budget_s
        while True:
            try:
                raw = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise LeanTimeout(f"no answer within {budget_s:g} s") from None
            if raw is None:
                raise LeanDied(self._epitaph())
            reply = self._parse(raw, nonce)
            if reply is None:
                continue
            match reply["event"]:
                case "loading":
                    left = max(0.0, deadline - time.monotonic())
                    deadline = time.monotonic() + START_LIMIT_S
                case "loaded":
                    deadline = time.monotonic() + left
                case "done":
                    return reply
                case _:
                    raise LeanDied(f"Lean gave up on the request: {reply.get('text', '')}")

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self._popen.kill()
        self._popen.wait()
        for thread in self._threads:
            thread.join(timeout=10)
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # bytes that could not be written any more

    def _parse(self, raw: bytes, nonce: str) -> dict[str, Any] | None:
        memory, _, rest = raw.removeprefix(b"@@").partition(b" ")
        said, _, text = rest.partition(b" ")
        if said != nonce.encode():
            return None
        self.memory_bytes = int(memory)
        reply: dict[str, Any] = json.loads(text)
        return reply

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _drain(self) -> None:
        assert self._popen.stderr is not None
        for line in self._popen.stderr:
            self._tail = (self._tail + line)[-_TAIL_BYTES:]

    def _epitaph(self) -> str:
        try:
            code: int | None = self._popen.wait(timeout=10)
        except subprocess.TimeoutExpired:
            code = None
        self._threads[1].join(timeout=2)
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return f"the process ended with code {code}" + (f": {lines[-1].strip()}" if lines else "")


def look() -> tuple[bool, str, str]:
    """Whether it works here, the version or what is missing, and the command that installs it."""
    installation = setup.installed()
    node = setup.find_node()
    if installation and node:
        return True, f"Lean {setup.LEAN_VERSION}, {installation.folder}, {node}", ""
    missing = ["Lean in WebAssembly"] * (installation is None) + [f"Node {setup.NODE_MAJOR} or later"] * (node is None)
    return False, f"{' and '.join(missing)} not installed", setup.SETUP_COMMAND
