"""What a verifier sees of programs, in every sandbox: values, exceptions, output, limits, ends."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.sandbox import Call, Described, Kind, Limits
from pidistill_sandboxes.session import WarmSession

SHORT = Limits(call_s=0.3, program_s=2.0)


def one(warm: WarmSession, source: str, *args: object, limits: Limits = Limits()):  # noqa: B008
    return warm.run(source, [Call("f", args)], limits)  # type: ignore[arg-type]


def test_values_of_every_plain_type_come_back_the_same(warm: WarmSession) -> None:
    values = [None, True, 1, -(10**40), 0.1, float("inf"), -0.0, 1j, "a\ud800\0é", b"\xff", [[]], (1, (2,)), {1: {"a"}},
              frozenset({(1, 2)}), {(1, "x"): None}]  # fmt: skip
    answer = one(warm, "def f(x): return x", values).answers[0]
    assert repr(answer.value) == repr(values)


def test_objects_that_are_not_plain_are_described(warm: WarmSession) -> None:
    source = (
        "from collections import Counter\nclass A(int): pass\ndef f(): return Counter('aa'), A(3), A, object(), int"
    )
    value = one(warm, source).answers[0].value
    assert value == (
        Described("collections.Counter", {"a": 2}),
        Described("candidate.A", 3),
        Described("builtins.type", "candidate.A"),
        Described("builtins.object"),
        Described("builtins.type", "builtins.int"),
    )


def test_an_exception_comes_back_as_text_with_the_programs_own_lines(warm: WarmSession) -> None:
    outcome = one(warm, "def g(): raise KeyError('a')\ndef f():\n    return g()\n")
    raised = outcome.answers[0].raised
    assert raised is not None
    assert (raised.type_name, raised.message) == ("KeyError", "'a'")
    assert raised.traceback == "line 3, in f\n    return g()\nline 1, in g\n    def g(): raise KeyError('a')\n"
    assert outcome.end is None


def test_a_source_that_does_not_compile_says_where(warm: WarmSession) -> None:
    loaded = one(warm, "def f(:\n").loaded
    assert loaded.kind is Kind.RAISED
    assert loaded.raised is not None
    assert loaded.raised.type_name == "SyntaxError"
    assert "line 1" in loaded.raised.traceback


def test_a_function_that_is_not_there_is_a_name_error(warm: WarmSession) -> None:
    for name in ("g", "len", "f.x", "f.x()"):
        answer = warm.run("def f(): pass", [Call(name)]).answers[0]
        assert answer.raised is not None
        assert answer.raised.type_name in ("NameError", "AttributeError")


def test_methods_keywords_and_arguments_after_the_call(warm: WarmSession) -> None:
    source = "class Solution:\n    def pop(self, xs, *, by): return [xs.pop() for _ in range(by)]"
    call = Call("Solution().pop", ([1, 2, 3],), {"by": 2}, return_args=True)
    answer = warm.run(source, [call]).answers[0]
    assert (answer.value, answer.args) == ([3, 2], ([1],))


def test_state_lives_within_a_program_and_not_beyond(warm: WarmSession) -> None:
    source = (
        "import math\nn = getattr(math, 'n', 0)\ndef f():\n    math.n = n = getattr(math, 'n', 0) + 1\n    return n"
    )
    for _ in range(2):
        assert [answer.value for answer in warm.run(source, [Call("f")] * 3).answers] == [1, 2, 3]


def test_a_call_is_not_sent_before_the_answer_to_the_one_before(warm: WarmSession) -> None:
    source = "import select\ndef f(): return select.select([3], [], [], 0.05)[0]"
    assert [answer.value for answer in warm.run(source, [Call("f")] * 2).answers] == [[], []]


def test_a_script_reads_its_input_and_writes_its_output(warm: WarmSession) -> None:
    source = "import sys\nn, *xs = map(int, sys.stdin.buffer.read().split())\nprint(sum(xs) * n)\nsys.exit()"
    outcome = warm.script(source, "2\n1 2\n3")
    assert outcome.loaded.ok
    assert outcome.stdout == b"12\n"
    assert warm.script("print(input(), input())", "a\nb").stdout == b"a b\n"
    assert warm.script("raise SystemExit(3)", "").loaded.kind is Kind.RAISED
    guarded = "if __name__ == '__main__':\n    import threading\n    threading.Thread(target=print, args=(1,)).start()"
    assert warm.script(guarded, "").stdout == b"1\n"


def test_large_values_pass_and_larger_ones_are_described(warm: WarmSession) -> None:
    text = "x" * 5_000_000
    assert one(warm, "def f(x): return x", text).answers[0].value == text
    limits = Limits(answer_bytes=1000)
    assert isinstance(one(warm, "def f(): return 'x' * 2000", limits=limits).answers[0].value, Described)


def test_arguments_must_be_plain(warm: WarmSession) -> None:
    with pytest.raises(TypeError, match="no plain value"):
        one(warm, "def f(x): pass", object())
    assert one(warm, "def f(): return 1").answers[0].value == 1


def test_overrun_is_a_timeout_soon_after_the_limit(warm: WarmSession) -> None:
    """Always a timeout, and soon in one of five tries: whoever looks at the clock may wait for a busy machine."""
    for body in ("while True: pass", "import time; time.sleep(99)", "9 ** 9 ** 9"):
        for _ in range(5):
            outcome = one(warm, f"def f():\n    {body}", limits=SHORT)
            assert outcome.end is Kind.TIMEOUT
            assert outcome.seconds >= SHORT.call_s
            if outcome.seconds < SHORT.call_s + 0.1:
                break
        assert outcome.seconds < SHORT.call_s + 0.1
    assert one(warm, "while True: pass", limits=SHORT).loaded.kind is Kind.TIMEOUT


def test_all_calls_together_have_a_budget(warm: WarmSession) -> None:
    limits = Limits(call_s=0.5, program_s=0.6)
    source = "import time\ndef f():\n    end = time.process_time() + 0.25\n    while time.process_time() < end: pass"
    outcome = warm.run(source, [Call("f")] * 5, limits)
    assert [answer.kind for answer in outcome.answers] == [Kind.VALUE, Kind.VALUE, Kind.TIMEOUT]


def test_after_the_end_every_call_has_the_same_answer(warm: WarmSession) -> None:
    with warm.start("import os\ndef f(): os._exit(5)") as program:
        first, second = program.call("f"), program.call("f")
    assert first.kind is second.kind is Kind.EXITED
    assert program.outcome.exit_code == 5


def test_how_a_process_ended_is_told(warm: WarmSession) -> None:
    assert one(warm, "import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGSEGV)").signal == 11
    assert one(warm, "import os\ndef f(): os._exit(0)").exit_code == 0
    assert one(warm, "def f(): raise SystemExit(4)").exit_code is None


def test_output_is_kept_up_to_the_limit(warm: WarmSession) -> None:
    limits = Limits(output_bytes=1000)
    outcome = one(
        warm, "import sys\ndef f():\n print('é' * 10**6)\n print('e', file=sys.stderr)\n return 1", limits=limits
    )
    assert outcome.answers[0].value == 1
    assert len(outcome.stdout) == 1000
    assert outcome.truncated
    assert outcome.stderr == b"e\n"


def test_one_process_over_its_memory_sees_a_memory_error(warm: WarmSession) -> None:
    answer = one(warm, "def f(): return len(bytearray(1 << 40))", limits=Limits(memory_bytes=256 << 20)).answers[0]
    assert answer.raised is not None
    assert answer.raised.type_name == "MemoryError"


@pytest.mark.parametrize(
    "body",
    [
        "b'\\x02\\0\\0\\0TT'",
        "b'\\x01\\0\\0\\0T'",
        "b'\\xff\\xff\\xff\\x7f'",
        "b'\\x05\\0\\0\\0garba'",
        "b'\\0\\0\\0\\0'",
    ],
)
def test_a_message_that_is_no_answer_is_tampering(warm: WarmSession, body: str) -> None:
    outcome = one(warm, f"import os, time\ndef f():\n    os.write(4, {body})\n    time.sleep(0.2)", limits=SHORT)
    assert outcome.end is Kind.TAMPERED
    assert outcome.tampering


def test_a_forged_answer_is_the_programs_answer_and_a_second_one_is_tampering(warm: WarmSession) -> None:
    source = """
import os, struct, time
body = b"t\\x03\\0\\0\\0" + b"s\\x05\\0\\0\\0value" + b"j" + struct.pack("<q", 7) + b"N"
def f():
    os.write(4, struct.pack("<I", len(body)) + body)
    time.sleep(0.02)
    return 8
"""
    with warm.start(source) as program:
        first = program.call("f")
        time.sleep(0.1)
        second = program.call("f")
    assert first.value == 7
    assert second.kind is Kind.TAMPERED


def test_verdicts_do_not_depend_on_the_session(sandbox: Sandbox, warm: WarmSession) -> None:
    source = "import random\ndef f(): return hash('a'), list({'a', 'b', 'c', 'd'}), random.random()"
    with sandbox.open() as other:
        assert one(warm, source).answers[0].value == one(other, source).answers[0].value  # type: ignore[arg-type]


def test_a_busy_machine_makes_no_program_late(warm: WarmSession) -> None:
    source = "import time\ndef f():\n    while time.process_time() < 0.35: pass\n    return 1"
    burners = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(6)]
    try:
        outcomes = [one(warm, source, limits=Limits(call_s=0.7)) for _ in range(2)]
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    assert [outcome.end for outcome in outcomes] == [None] * 2


def test_a_lost_server_is_replaced_and_the_program_run_again(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        assert one(session, "def f(): return 1").answers[0].value == 1
        assert session._guest is not None
        session._guest.kill()
        assert one(session, "def f(): return 2").answers[0].value == 2


def test_a_server_that_keeps_dying_is_an_error_and_no_verdict(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pidistill_sandboxes.session._WAITS_S", (0.0, 0.05, 0.1))
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)

        def calls():
            for _ in range(3):
                yield Call("f")

        kill_each = [Call("f")] * 2
        original = session._prepare

        def prepare_and_kill(limits: Limits):
            program = original(limits)
            assert session._guest is not None
            session._guest.kill()
            return program

        session._prepare = prepare_and_kill  # type: ignore[method-assign]
        with pytest.raises(SandboxError, match="lost"):
            session.run("def f(): return 1", kill_each)
        session._prepare = original  # type: ignore[method-assign]
        assert session.run("def f(): return 1", calls()).answers[2].value == 1
