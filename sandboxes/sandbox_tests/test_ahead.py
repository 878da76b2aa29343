"""Calls that are sent together are judged as if each had been sent after the answer to the one before, everywhere.

And the process that waits for a program has that program's limits and nothing of another; its death is our trouble.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill.contracts import Sandbox
from pidistill.sandbox import Answer, Call, Kind, Limits, Outcome, Session
from pidistill_sandboxes.guest import ProcessGuest
from pidistill_sandboxes.session import WarmSession

from .test_lifecycle import alive, children_of, number_inside

SHORT = Limits(call_s=0.3, program_s=2.0)


def told(outcome: Outcome) -> list[object]:
    """Values, and what came instead of them."""
    return [answer.value if answer.ok else answer.kind for answer in (outcome.loaded, *outcome.answers)]


def calls(count: int, waits: Sequence[bool] = (False,)) -> list[Call]:
    """`f(0)`, `f(1)`, ..., which wait as `waits` says, over and over."""
    return [Call("f", (x,), waits=waits[x % len(waits)]) for x in range(count)]


WAYS = ([True], [False], [True, False], [False, False, True])
"""One by one; all at once; in twos; three, then one, then three."""
PROGRAMS = {
    "state": ("n = 0\ndef f(x):\n global n\n n += 1\n return n, x", [None, (1, 0), (2, 1), (3, 2), (4, 3)]),
    "raises": (
        "def f(x):\n if x == 1: raise ValueError(x)\n return x",
        [None, 0, Kind.RAISED, 2, 3],
    ),
    "loops": ("def f(x):\n while x == 2: pass\n return x", [None, 0, 1, Kind.TIMEOUT]),
    "sleeps": ("import time\ndef f(x):\n time.sleep(99 * (x == 2))\n return x", [None, 0, 1, Kind.TIMEOUT]),
    "leaves": ("import os\ndef f(x):\n if x == 3: os._exit(0)\n return x", [None, 0, 1, 2, Kind.EXITED]),
    "crashes": ("import os\ndef f(x):\n if x == 1: os.kill(os.getpid(), 11)\n return x", [None, 0, Kind.EXITED]),
    "does not load": ("def f(x):\n return x\n1 / 0", [Kind.RAISED]),
    "loads for ever": ("while True: pass", [Kind.TIMEOUT]),
    "leaves while it is loaded": ("raise SystemExit(0)", [Kind.RAISED]),
    "answers at length": ("def f(x): return [x] * 20_000", [None, *([x] * 20_000 for x in range(4))]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_being_sent_together_changes_no_answer(warm: WarmSession, name: str) -> None:
    source, expected = PROGRAMS[name]
    assert [told(warm.run(source, calls(4, waits), SHORT)) for waits in WAYS] == [expected] * len(WAYS)


def test_a_message_that_is_no_answer_is_tampering_in_every_way(warm: WarmSession) -> None:
    source = "import os\ndef f(x):\n if x == 1: os.write(4, b'\\x01\\0\\0\\0?')\n return x"
    for waits in WAYS:
        outcome = warm.run(source, calls(4, waits), SHORT)
        assert outcome.end is Kind.TAMPERED
        assert outcome.tampering


def test_each_call_has_its_own_time(warm: WarmSession) -> None:
    source = "import time\ndef f(x):\n    end = time.process_time() + {}\n    while time.process_time() < end: pass"
    source, slow = source.format(0.2), source.format(0.4)
    assert warm.run(source, calls(4), SHORT).end is None
    for _ in range(5):  # soon in one of them: whoever looks at the clock may wait for a busy machine
        late = warm.run(slow, calls(4), SHORT)
        assert [answer.kind for answer in late.answers] == [Kind.TIMEOUT]
        assert late.seconds >= SHORT.call_s
        if late.seconds < SHORT.call_s + 0.1:
            break
    assert late.seconds < SHORT.call_s + 0.1
    all_s = warm.run(source, calls(4), Limits(call_s=0.5, program_s=0.5))
    assert [answer.kind for answer in all_s.answers] == [Kind.VALUE, Kind.VALUE, Kind.TIMEOUT]


def test_many_calls_and_large_ones_are_sent(warm: WarmSession) -> None:
    for waits in ([False], [False] * 7 + [True]):
        outcome = warm.run("def f(x): return x", calls(5000, waits))
        assert [answer.value for answer in outcome.answers] == list(range(5000))
    texts = ["x" * size for size in (10, 3_000_000, 40_000, 70_000, 2_000_000, 5)]
    for waits in WAYS:
        sent = [Call("f", (text,), waits=call.waits) for text, call in zip(texts, calls(6, waits), strict=True)]
        outcome = warm.run("def f(x): return x", sent)
        assert [answer.value for answer in outcome.answers] == texts


def test_what_is_not_read_does_not_stall_the_next_program(warm: WarmSession) -> None:
    for waits in WAYS:
        large = [Call("f", ("x" * 100_000,), waits=call.waits) for call in calls(50, waits)]
        assert warm.run("import os\ndef f(x): os._exit(1)", large, SHORT).end is Kind.EXITED
        assert warm.run("def f(x): return 1", large[:1], SHORT).answers[0].value == 1


READS_ON = """
import sys
def f(x):
    frame = sys._getframe()
    while "inbox" not in frame.f_locals:
        frame = frame.f_back
    return [args[0] for _, args, _, _ in frame.f_locals["calls"]]
"""


@given(waits=st.lists(st.booleans(), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_program_has_a_call_that_waits_only_when_it_has_answered_those_before(
    warm: WarmSession, waits: list[bool]
) -> None:
    """Each answer is all that the program can find of calls, in its own frames."""
    together: list[list[int]] = []
    for number, alone in enumerate(waits):
        if alone or not together:
            together.append([])
        together[-1].append(number)
    outcome = warm.run(READS_ON, calls(len(waits), waits))
    assert [answer.value for answer in outcome.answers] == [group for group in together for _ in group]


def test_answers_that_nobody_asked_for_are_tampering_in_every_way(warm: WarmSession) -> None:
    source = """
import os, struct, time
body = b"t\\x03\\0\\0\\0" + b"s\\x05\\0\\0\\0value" + b"j" + struct.pack("<q", 7) + b"N"
def f(x):
    os.write(4, 9 * (struct.pack("<I", len(body)) + body))
    time.sleep(9)
"""
    for waits in WAYS:
        outcome = warm.run(source, calls(3, waits), SHORT)
        assert outcome.end is Kind.TAMPERED
        assert outcome.tampering


def test_a_batch_from_which_the_trusted_side_walks_away_ends_the_sandbox(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        assert told(session.run("def f(): return 1", [Call("f")])) == [None, 1]
        guest = session._guest
        assert guest is not None

        def interrupted(*_: object) -> Answer:
            raise KeyboardInterrupt

        guest.receive = interrupted  # type: ignore[method-assign, assignment]
        with pytest.raises(KeyboardInterrupt):
            session.run("def f():\n while True: pass", [Call("f")] * 3)
        assert session._guest is None
        assert told(session.run("def f(): return 1", [Call("f")])) == [None, 1]


# --- The process that waits -----------------------------------------------------------------------------------------


def test_limits_are_those_of_the_program_also_when_they_change(warm: WarmSession) -> None:
    source = "import resource\ndef f(): return resource.getrlimit(resource.RLIMIT_AS)[0]"
    for megabytes in (300, 200, 200, 300):
        limits = Limits(memory_bytes=megabytes << 20)
        assert told(warm.run(source, [Call("f")], limits)) == [None, megabytes << 20]


LOOKS = """
import ctypes, os
def answer(text):
    print(text)
    return [text]
def f(text):
    here = bytes(reversed(text.encode()))
    found = 0
    for line in open("/proc/self/maps"):
        span, rights, *_ = line.split()
        start, end = (int(number, 16) for number in span.split("-"))
        if rights.startswith("rw") and "stack" not in line:
            found += ctypes.string_at(start, end - start).count(here)
    return found
"""
"""Of which `f` counts, in its process's memory, a text that it is told backwards, and one more that it makes."""
MARK = "".join(map(chr, range(65, 91))) * 2


def found_in_memory(session: Session, calls: list[Call], limits: Limits) -> object:
    answer = session.run(LOOKS, [Call("f", (MARK,)), *calls], limits).answers[0]
    if answer.raised is not None:
        pytest.skip(f"a program cannot read its own memory map here: {answer.raised.message}")
    return answer.value


def test_calls_to_come_are_not_in_the_memory_of_a_program_forked_for_new_limits(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        for memory in (1 << 30, 2 << 30):
            assert found_in_memory(session, [Call("f", (MARK[::-1],))], Limits(memory_bytes=memory)) == 1


def test_what_passed_through_the_server_is_in_no_later_programs_memory(sandbox: Sandbox) -> None:
    """Source, arguments, answers and output: of programs that leave much in its buffers, and little."""
    secret, limits = MARK[::-1], Limits()
    with sandbox.open() as session:
        for times in (1, 2000, 1):
            told = session.run(LOOKS + f"x = {secret!r}", [Call("answer", (secret * times,))], limits)
            assert told.answers[0].value == [secret * times]
            assert secret.encode() in told.stdout
            assert found_in_memory(session, [], limits) == 1


def waiting_process(guest: int) -> int:
    """The process below `guest` that is not the first of its namespace, once the one before it is gone."""
    deadline = time.monotonic() + 60
    seen: list[int] = []
    while time.monotonic() < deadline:
        found = [pid for pid in children_of(guest) if number_inside(pid) > 1]
        if found and found == seen:
            return found[-1]
        seen = found
        time.sleep(0.1)
    raise AssertionError("no process waits for the next program")


def test_the_death_of_the_waiting_process_is_no_verdict(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        assert told(session.run("def f(): return 1", [Call("f")])) == [None, 1]
        guest = session._guest
        if not isinstance(guest, ProcessGuest):
            pytest.skip("its processes are not this process's children")
        waiting = waiting_process(guest._process.pid)
        os.kill(waiting, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while alive(waiting) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert told(session.run("def f(): return 2", [Call("f")])) == [None, 2]
