"""The native runtime: the community's Lean REPL in the user's lake project, with Mathlib where the project has it.

`lake env repl` takes JSON commands, each with the number of the environment that it starts from. Per header, two
trusted commands make one environment: the header with its imports, then the judge's Lean code. Every request is one
more trusted command from that number: `run_cmd Pidistill.answer "<the request as JSON>"`. The REPL itself never
parses a candidate's text. The judge's code does, refuses what may not be in it, and answers in one message that
begins with the request's nonce; lines that a candidate may have brought about are no such message.

What `judge.lean` and `repl.lean` decide is theirs; this module starts, feeds, times, measures and kills the process.
Two REPLs run: one elaborates, the other decides and is never sent a candidate's text (`split.py`). Lean runs with the
user's rights here, and the elaborating REPL's memory is not put back between two submissions: that a candidate cannot
run code in it rests on the gate alone, that none can pass by what it did there does not.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pidistill.errors import VerifierError
from pidistill_lean.protocol import LeanDied, LeanMessage, LeanTimeout, Theorem
from pidistill_lean.runtimes import wire
from pidistill_lean.runtimes.split import SplitRuntime

PROJECT = "PIDISTILL_LEAN_PROJECT"
"""Environment variable: folder of the lake project whose library the statements need."""
REPL = "PIDISTILL_LEAN_REPL"
"""Environment variable: the REPL's binary, where the project does not build it itself."""
START_LIMIT_S = 600.0
"""For the REPL's start, a header's imports and the judge's code: all of it is ours and off the request's budget."""
PRIVATE_LIMIT_BYTES = 4 << 30
"""Memory of the processes' own, not counting mapped library files; past it they are replaced before the next
request."""
ADDRESS_LIMIT_BYTES = 64 << 30
"""RLIMIT_AS of the processes: mapped library files count here, so it is wide. Allocation past it ends the process."""
CHECKS_PER_PROCESS = 500
"""The REPL keeps the environment of every command, so it is replaced after this many."""
HEADERS_PER_PROCESS = 4
_HINT = (
    f"Set {PROJECT} to a lake project that has built the REPL (github.com/leanprover-community/repl), "
    f"or {REPL} to its binary."
)
_BUILT = (
    ".lake/packages/repl/.lake/build/bin/repl",
    ".lake/packages/REPL/.lake/build/bin/repl",
    ".lake/build/bin/repl",
)
_TAIL_BYTES = 4000


def look() -> tuple[bool, str, str]:
    """Whether it works here, what was found, and a hint. Nothing is started."""
    try:
        command, project = _find(None, None)
    except VerifierError as error:
        return False, str(error).splitlines()[0], _HINT
    return True, f"{command[-1]} in {project}", ""


class NativeRuntime(SplitRuntime):
    """Lean's REPL in a lake project. Raises `VerifierError` where lake, project or REPL is missing."""

    name: ClassVar[str] = "native"

    def __init__(
        self,
        *,
        project: str | Path | None = None,
        command: Sequence[str] | None = None,
        private_limit_bytes: int = PRIVATE_LIMIT_BYTES,
        address_limit_bytes: int = ADDRESS_LIMIT_BYTES,
        checks_per_process: int = CHECKS_PER_PROCESS,
    ) -> None:
        """`project` and `command` (in place of `lake env repl`) default to what the environment variables name."""
        super().__init__()
        self._command, self._project = _find(project, command)
        self._private_limit_bytes = private_limit_bytes
        self._address_limit_bytes = address_limit_bytes
        self._checks_per_process = checks_per_process
        self._process: _Process | None = None
        """The one that elaborates."""
        self._judge: _Process | None = None
        """The one that decides; no candidate's text goes there."""
        self._version = ""
        self.starts = 0
        """Processes started so far."""

    def _elaborating(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        return self._asked("_process", theorem.header if theorem.target else None, request, budget_s)

    def _deciding(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        own = {"statement": wire.sendable(theorem.statement), "target": wire.sendable(theorem.target)}
        return self._asked("_judge", theorem.header, {**request, **own}, budget_s)

    def _asked(
        self, role: str, header: str | None, request: dict[str, Any], budget_s: float
    ) -> tuple[dict[str, Any], float]:
        process = self._ready(role)
        try:
            found = process.bare() if header is None else process.environment(wire.sendable(header))
            if isinstance(found, list):
                return {"statement_errors": [vars(one) for one in found]}, 0.0
            began = time.monotonic()
            reply = process.ask(found, request, budget_s)
            return reply, time.monotonic() - began
        except BaseException:
            self._drop(role)  # what the process says next would answer another question
            raise

    def identity(self) -> str:
        """Asks a running Lean for its version the first time. The library is known by the project's manifest."""
        if not self._version:
            process = self._ready()
            self._version = str(process.ask(process.bare(), {"op": "hello"}, START_LIMIT_S).get("version", "unknown"))
        manifest = self._project / "lake-manifest.json"
        library = wire.digest(manifest.read_text("utf-8", "replace")) if manifest.is_file() else "none"
        code = wire.digest(trusted_source())
        return f"native lean-{self._version} manifest-{library} judge-{code}"

    def close(self) -> None:
        self._drop("_process")
        self._drop("_judge")

    def _drop(self, role: str) -> None:
        process: _Process | None = getattr(self, role)
        setattr(self, role, None)
        if process is not None:
            process.end()

    def _ready(self, role: str = "_process") -> _Process:
        process: _Process | None = getattr(self, role)
        if process is not None and process.spent(self._private_limit_bytes, self._checks_per_process):
            self._drop(role)
            process = None
        if process is None:
            self.starts += 1
            process = _Process(self._command, self._project, self._address_limit_bytes)
            setattr(self, role, process)
        return process


class _Process:
    """One REPL, the threads that keep its pipes empty, and the environments it holds for us."""

    def __init__(self, command: Sequence[str], project: Path, address_limit_bytes: int) -> None:
        try:
            self._popen = subprocess.Popen(
                command,
                cwd=project,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (address_limit_bytes, address_limit_bytes)),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise VerifierError(f"The Lean REPL does not start: {error}", _HINT) from error
        self.checks = 0
        self._environments: dict[str, int] = {}
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._tail = b""
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()

    def spent(self, private_limit_bytes: int, checks: int) -> bool:
        """Whether it should be replaced before the next request."""
        return (
            self._popen.poll() is not None
            or self.checks >= checks
            or len(self._environments) > HEADERS_PER_PROCESS
            or _private_bytes(self._popen.pid) > private_limit_bytes
        )

    def bare(self) -> int:
        """An environment with the judge's code and no header; any that is there will do to parse in."""
        if self._environments:
            return next(iter(self._environments.values()))
        found = self.environment("")
        if isinstance(found, list):
            raise VerifierError(f"The trusted Lean code does not elaborate: {found[0].text.strip()}", _HINT)
        return found

    def environment(self, header: str) -> int | list[LeanMessage]:
        """The number of the environment with this header and the judge's code, or the header's errors.

        Raises `VerifierError` where the trusted code itself does not elaborate.
        """
        if header in self._environments:
            return self._environments[header]
        reply = self._trusted({"cmd": f"import Lean\n{header}"})
        errors = [_lean_message(m, 1) for m in reply.get("messages", ()) if m.get("severity") == "error"]
        if "env" not in reply:
            errors = errors or [LeanMessage("error", str(reply.get("message", "the header was not accepted")), 1, 0)]
        if errors:
            return errors
        reply = self._trusted({"cmd": trusted_source(), "env": reply["env"]})
        wrong = [m for m in reply.get("messages", ()) if m.get("severity") == "error"]
        if wrong or "env" not in reply:
            why = wrong[0].get("data", "") if wrong else reply.get("message", "")
            raise VerifierError(f"The trusted Lean code does not elaborate in this Lean: {why}", _HINT)
        self._environments[header] = int(reply["env"])
        return self._environments[header]

    def ask(self, environment: int, request: dict[str, Any], budget_s: float) -> dict[str, Any]:
        """The judge's reply to one request. Raises `LeanTimeout` and `LeanDied`."""
        nonce = secrets.token_hex(8)
        self.checks += 1
        text = json.dumps({**request, "nonce": nonce}, ensure_ascii=True)
        deadline = time.monotonic() + budget_s
        self._send({"cmd": f"run_cmd Pidistill.answer {lean_string(text)}", "env": environment})
        mark = f"@@{nonce} "
        while True:
            reply = self._next(deadline)
            said = [m["data"] for m in reply.get("messages", ()) if str(m.get("data", "")).startswith(mark)]
            if said:
                found: dict[str, Any] = json.loads(said[0].removeprefix(mark))
                if found.get("event") == "done":
                    return found
                raise LeanDied(f"Lean gave up on the request: {found.get('text', '')}")
            if "env" in reply or "message" in reply:
                # the command came to its end without the judge's word: an exit from it that is not its own
                told = reply.get("message") or next((m.get("data", "") for m in reply.get("messages", ())), "nothing")
                raise LeanDied(f"Lean gave no judgement: {told}")

    def end(self) -> None:
        """Kill lake and the REPL beneath it, and wait until they are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for thread in self._threads:
            thread.join(timeout=10)
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _trusted(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            self._send(command)
            while True:
                reply = self._next(time.monotonic() + START_LIMIT_S)
                if "env" in reply or "message" in reply:
                    return reply
        except (LeanTimeout, LeanDied) as error:
            raise VerifierError(f"The Lean REPL does not take the trusted code: {error}", _HINT) from error

    def _send(self, command: dict[str, Any]) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(command, ensure_ascii=False).encode() + b"\n\n")
            self._popen.stdin.flush()
        except OSError as error:
            raise LeanDied(self._epitaph()) from error

    def _next(self, deadline: float) -> dict[str, Any]:
        left = deadline - time.monotonic()
        try:
            reply = self._replies.get(timeout=max(0.0, left))
        except queue.Empty:
            raise LeanTimeout("no answer within the budget") from None
        if reply is None:
            raise LeanDied(self._epitaph())
        return reply

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for reply in replies(self._popen.stdout):
            self._replies.put(reply)
        self._replies.put(None)

    def _drain(self) -> None:
        assert self._popen.stderr is not None
        for line in self._popen.stderr:
            self._tail = (self._tail + line)[-_TAIL_BYTES:]

    def _epitaph(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=10)
        self._threads[1].join(timeout=2)
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return f"the REPL ended with code {self._popen.returncode}" + (f": {lines[-1].strip()}" if lines else "")


def replies(lines: Any) -> Any:
    """The JSON objects in the REPL's output, each over several lines and closed by a blank one.

    What is not JSON was printed by something else and is dropped, up to the line where an object begins.
    """
    held: list[bytes] = []
    for line in lines:
        if line.strip():
            held.append(line)
            continue
        found = _object(held)
        held = []
        if found is not None:
            yield found
    found = _object(held)
    if found is not None:
        yield found


def _object(lines: Sequence[bytes]) -> dict[str, Any] | None:
    for start, line in enumerate(lines):
        if line.lstrip().startswith(b"{"):
            try:
                found = json.loads(b"".join(lines[start:]))
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
    return None


def trusted_source() -> str:
    """The judge and the REPL's transport, as one command text."""
    return f"{wire.judge_source()}\n{wire.lean_source('repl.lean')}"


def lean_string(text: str) -> str:
    """A Lean string literal of `text`, which holds printable ASCII only (as JSON with `ensure_ascii` does)."""
    assert text.isascii() and text.isprintable()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lean_message(message: dict[str, Any], lines_before: int) -> LeanMessage:
    at = message.get("pos") or {}
    return LeanMessage(
        severity="error",
        text=str(message.get("data", "")),
        line=max(1, int(at.get("line", 1)) - lines_before),
        column=int(at.get("column", 0)),
    )


def _private_bytes(session: int) -> int:
    """Memory of the session's processes that is theirs alone: resident anonymous pages."""
    whole = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the fields after the command's name, which may hold anything: state, parent, group, session
            if int((folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[3]) != session:
                continue
            for line in (folder / "status").read_text("utf-8", "replace").splitlines():
                if line.startswith("RssAnon:"):
                    whole += int(line.split()[1]) * 1024
    return whole


def _find(project: str | Path | None, command: Sequence[str] | None) -> tuple[list[str], Path]:
    """The command and the folder it runs in. Raises `VerifierError` that says what is missing."""
    folder = Path(project or os.environ.get(PROJECT, "")).expanduser()
    if not str(project or os.environ.get(PROJECT, "")):
        raise VerifierError("no lake project is named", _HINT)
    if not folder.is_dir():
        raise VerifierError(f"the lake project {folder} is not there", _HINT)
    if command is not None:
        return list(command), folder
    lake = shutil.which("lake") or shutil.which("lake", path=str(Path.home() / ".elan" / "bin"))
    if lake is None:
        raise VerifierError("lake is not here", "Install elan: https://lean-lang.org/install")
    named = os.environ.get(REPL)
    places = [Path(named).expanduser()] if named else [folder / place for place in _BUILT]
    binary = next((place for place in places if place.is_file() and os.access(place, os.X_OK)), None)
    if binary is None:
        raise VerifierError(f"no REPL is built in {folder}", _HINT)
    return [lake, "env", str(binary.resolve())], folder
