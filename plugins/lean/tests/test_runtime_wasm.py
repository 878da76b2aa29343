"""The WebAssembly runtime survives what a submission does to it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from pidistill.errors import UsageError, VerifierError
from pidistill_lean import setup
from pidistill_lean.protocol import LeanDied, LeanTimeout, Theorem
from pidistill_lean.runtimes import look, names, open_runtime
from pidistill_lean.runtimes.process import STILL_S, WALL_FACTOR, Process
from pidistill_lean.runtimes.wasm import WasmRuntime
from processor import processor_s

FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
SOUND = "theorem target : (2 : Nat) + 2 = 4 := rfl"
FALSE = "theorem target : (2 : Nat) + 2 = 4 := by sorry"
BUDGET_S = 120.0
SHORT_S = 2.0


@pytest.fixture(scope="module")
def own() -> Iterator[WasmRuntime]:
    """A runtime of this file's own: tests here kill it."""
    try:
        runtime = WasmRuntime()
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    with runtime:
        yield runtime


def passes(runtime: WasmRuntime) -> bool:
    found = runtime.check(FOUR, SOUND, BUDGET_S)
    return found.type_matches and found.replay_error is None and not found.axioms


LOOPS = {
    "no heartbeats": "class C (n : Nat) where\n  a : Nat\ninstance (n : Nat) [C (n + 1)] : C n := ⟨0⟩\n"
    "set_option maxHeartbeats 0 in\nset_option synthInstance.maxHeartbeats 0 in\n"
    "set_option synthInstance.maxSize 100000000 in\n"
    "theorem target : (2 : Nat) + 2 = 4 := by\n  have : C 0 := inferInstance\n  rfl",
    "simp without end": "theorem loop (a b : Nat) : a + b = b + a := Nat.add_comm a b\nset_option maxHeartbeats 0 in\n"
    "set_option maxRecDepth 100000000 in\n"
    "theorem target : (2 : Nat) + 2 = 4 := by\n"
    "  have (f : Nat → Nat) (h : ∀ x, f x = f (x + 1)) : f 0 = 1 := by simp (maxSteps := 100000000) [h]\n  rfl",
    "a huge decision": "theorem target : (2 : Nat) + 2 = 4 := by\n"
    "  have : ∀ x : Fin 10000000, x.val * x.val + 1 ≠ 0 := by decide +kernel\n  rfl",
    "sleep": "theorem target : (2 : Nat) + 2 = 4 := by\n  sleep 3600000\n  rfl",
}


@pytest.mark.parametrize("text", LOOPS.values(), ids=LOOPS.keys())
def test_a_proof_without_end_is_stopped_within_its_budget(own: WasmRuntime, text: str) -> None:
    own.start()
    began = time.monotonic()
    with pytest.raises((LeanTimeout, LeanDied)):
        own.check(FOUR, text, SHORT_S)
    # the budget is of processor time: where others compute, the clock on the wall may show ten times as much. One that
    # only waits is not given that
    limit_s = SHORT_S + STILL_S + 8.0 if text == LOOPS["sleep"] else SHORT_S * WALL_FACTOR + 15.0
    assert time.monotonic() - began < limit_s
    assert passes(own)


@pytest.mark.parametrize(
    ("role", "request_"),
    [
        ("elaborator", {"op": "elaborate", "header": "", "given": [], "target": "target", "texts": [LOOPS["sleep"]]}),
        ("judge", {"op": "item", "header": "", "statement": FOUR.statement, "target": "target"}),
    ],
)
def test_a_process_that_overruns_is_interrupted_and_stays(
    own: WasmRuntime, role: str, request_: dict[str, Any]
) -> None:
    assert passes(own)
    process: Process = getattr(own, role)
    with pytest.raises(LeanTimeout):
        own._asked(role, request_, 0.0)
    assert process.usable()
    assert passes(own)
    assert getattr(own, role) is process


def test_a_process_that_does_not_stop_is_replaced(own: WasmRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pidistill_lean.runtimes.process.INTERRUPT_LIMIT_S", 0.1)
    assert passes(own)
    process = own.elaborator
    assert process is not None and process.usable()
    process.popen.send_signal(signal.SIGSTOP)
    with pytest.raises(LeanTimeout):
        own.check(FOUR, SOUND, 0.1)
    assert not is_alive(process.popen.pid)
    assert passes(own)


def test_a_term_too_large_for_the_memory_ends_the_process_and_not_the_next_check(own: WasmRuntime) -> None:
    with pytest.raises((LeanDied, LeanTimeout)):
        found = own.check(
            FOUR,
            "theorem target : (2 : Nat) + 2 = 4 := by\n  have : 2 ^ (2 ^ 40) = 1 := by decide +kernel\n  rfl",
            20.0,
        )
        assert "sorryAx" not in found.axioms and not found.messages
    assert passes(own)


def test_the_killed_process_is_replaced(own: WasmRuntime) -> None:
    assert passes(own)
    starts = own.starts
    assert own.elaborator is not None
    os.kill(own.elaborator.popen.pid, signal.SIGKILL)
    own.elaborator.popen.wait()
    assert passes(own)
    assert own.starts == starts + 1


def test_a_long_reply_arrives_whole_however_slowly_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read, waits = Process._read, [0.0]

    class Slow:
        """Standard output, whose pipe is full by the time that anybody looks."""

        def __init__(self, pipe: IO[bytes]) -> None:
            self.pipe = pipe

        def readline(self, most: int) -> bytes:
            time.sleep(waits[0])
            return self.pipe.readline(most)

        def close(self) -> None:
            self.pipe.close()

    def slowly(process: Process) -> None:
        assert process.popen.stdout is not None
        monkeypatch.setattr(process.popen, "stdout", Slow(process.popen.stdout))
        read(process)

    monkeypatch.setattr(Process, "_read", slowly)
    long = "a" * 300_000  # of a pipe's 65,536
    with WasmRuntime() as runtime:
        runtime.start()
        waits[0] = 0.5
        found = runtime.check(FOUR, f'{SOUND[:-4]} by\n  have : String := "{long}"\n  rfl', BUDGET_S)
        assert found.type_matches and found.replay_error is None and not found.axioms
        assert passes(runtime)


@pytest.mark.parametrize("role", ["elaborator", "judge"])
def test_what_is_asked_of_a_process_that_cannot_be_put_back_is_asked_of_another(
    own: WasmRuntime, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """A request is sent before its process has said that it is as new, and is lost where that never comes."""
    assert passes(own)
    process: Process = getattr(own, role)
    process.popen.kill()
    process.popen.wait()
    with monkeypatch.context() as patched:
        patched.setattr(process, "_answered", False)
        patched.setattr(process, "may_be_asked", lambda: True)
        assert passes(own)
    assert getattr(own, role) is not process
    assert not own.check(FOUR, "theorem target : (2 : Nat) + 2 = 4 := nowhere", BUDGET_S).type_matches


def test_a_process_is_replaced_after_its_share_and_verdicts_stay() -> None:
    with WasmRuntime(checks_per_process=3) as runtime:
        found = [runtime.check(FOUR, text, BUDGET_S) for text in (SOUND, FALSE, SOUND, FALSE)]
        assert runtime.starts >= 4
    assert [one.axioms for one in found] == [(), ("sorryAx",), (), ("sorryAx",)]


def test_a_process_past_its_memory_is_replaced(own: WasmRuntime) -> None:
    own.start()
    assert own.memory_bytes > 0
    with WasmRuntime(memory_limit_bytes=1) as runtime:
        assert passes(runtime) and passes(runtime)
        assert runtime.starts >= 4


def test_the_order_of_checks_changes_nothing(own: WasmRuntime) -> None:
    texts = [
        SOUND,
        FALSE,
        "axiom a : False\ntheorem target : (2 : Nat) + 2 = 4 := a.elim",
        "#eval 1",
        SOUND + "\n#print target",
    ]

    def facts(text: str) -> object:
        found = own.check(FOUR, text, BUDGET_S)
        return found.refused, found.messages, found.axioms, found.type_matches, found.target_kind, found.replay_error

    forward = {text: facts(text) for text in texts}
    assert {text: facts(text) for text in reversed(texts)} == forward


ORPHAN = """
import os, sys, time
from pidistill_lean.runtimes.wasm import WasmRuntime
from pidistill_lean.protocol import Theorem
runtime = WasmRuntime()
runtime.start(needed=["elaborator"])
print(runtime.elaborator.popen.pid, flush=True)
if sys.argv[1] == "busy":
    runtime.check(Theorem("theorem t : True := by sorry", "t"), "theorem t : True := by sleep 3600000", 3600)
time.sleep(3600)
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_no_process_outlives_a_killed_parent(own: WasmRuntime, state: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN, state], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(1.0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie, which whoever inherited it has not yet asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("search", ["exact?", "apply?", "rw?"])
def test_a_search_of_the_library_leaves_the_process_in_use(own: WasmRuntime, search: str) -> None:
    """It works on the thread for tasks, which then sleeps with other values on its stack, where it slept before."""
    swap = Theorem("theorem target (a b : Nat) : a + b = b + a := by sorry", "target")
    own.start()
    process, began = own.elaborator, processor_s()
    found = own.check(swap, f"theorem target (a b : Nat) : a + b = b + a := by {search}", BUDGET_S)
    assert found.type_matches
    assert process is not None
    assert process.usable()
    assert own.elaborator is process
    assert processor_s() - began < 20.0
    assert passes(own)


def test_a_statement_is_read_while_the_other_process_elaborates(
    own: WasmRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, asked = Process.begin, []

    def told(process: Process, request: dict[str, Any], **how: Any) -> None:
        asked.append(("judge" if process is own.judge else "elaborator", request["op"]))
        begin(process, request, **how)

    def forgets() -> None:
        own._statements.clear()  # as after many others
        assert own.judge is not None and own.judge.usable()
        asked.clear()

    monkeypatch.setattr(Process, "begin", told)
    assert passes(own)
    forgets()
    assert passes(own)
    assert asked == [("judge", "item"), ("elaborator", "elaborate"), ("judge", "judge")]
    assert passes(own)
    assert asked[3:] == [("elaborator", "elaborate"), ("judge", "judge")]
    forgets()
    # what was read for one that is wrong, and so never decided, is there for the next
    assert own.check(FOUR, "theorem target : (2 : Nat) + 2 = 4 := nowhere", BUDGET_S).errors
    assert passes(own)
    assert [op for _, op in asked] == ["item", "elaborate", "elaborate", "judge"]
    other = Theorem("theorem target : (2 : Nat) + 3 = 5 := by sorry", "target")
    forgets()
    assert own.check(FOUR, "theorem target : (2 : Nat) + 2 = 4 := nowhere", BUDGET_S).errors
    assert own.check(other, "theorem target : (2 : Nat) + 3 = 5 := rfl", BUDGET_S).type_matches


def test_the_process_ends_with_the_runtime() -> None:
    with open_runtime("wasm") as runtime:
        assert isinstance(runtime, WasmRuntime)
        runtime.start(needed=["elaborator"])
        assert runtime.judge is None
        assert runtime.elaborator is not None
        popen = runtime.elaborator.popen
    assert popen.returncode is not None


def test_lean_sees_no_file_of_the_host(own: WasmRuntime, tmp_path: Path) -> None:
    own.start()
    assert own.elaborator is not None
    fds = [os.readlink(link) for link in Path(f"/proc/{own.elaborator.popen.pid}/fd").iterdir()]
    assert not [name for name in fds if name.startswith((str(Path.home() / "."), "/etc")) and "pidistill" not in name]
    command = " ".join(own.elaborator.popen.args)  # type: ignore[arg-type]
    assert "--permission" in command and "--allow-fs-write" not in command


def test_identity_names_all_that_a_verdict_depends_on(own: WasmRuntime) -> None:
    identity = own.identity()
    assert setup.LEAN_VERSION in identity and setup.SHA256[:12] in identity and "judge-" in identity
    assert identity == WasmRuntime().identity()


def test_the_runtimes_are_listed_with_what_is_missing() -> None:
    seen = {one.name: one for one in look()}
    assert list(seen) == names()
    assert all(one.works or one.hint for one in seen.values())


def test_an_unknown_runtime_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="wasm"):
        open_runtime("wsam")


def test_without_an_installation_the_error_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIDISTILL_CACHE", str(tmp_path))
    with pytest.raises(VerifierError) as caught:
        open_runtime("wasm")
    assert setup.SETUP_COMMAND in caught.value.hint


def test_a_process_that_cannot_put_its_memory_back_answers_one_request_and_the_next_has_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pidistill_lean.runtimes.wasm.LESSONS", 0)
    with WasmRuntime() as runtime:
        found = [runtime.check(FOUR, text, BUDGET_S).axioms for text in (SOUND, FALSE, SOUND)]
        assert runtime.starts >= 6
    assert found == [(), ("sorryAx",), ()]
