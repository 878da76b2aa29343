"""A program that was compiled out here does what its text does, and what cannot safely be is compiled inside."""

from __future__ import annotations

import marshal
import subprocess
import sys
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.sandbox import Call, Limits
from pidistill_sandboxes import session as sessions
from pidistill_sandboxes.compiling import compiled
from pidistill_sandboxes.session import WarmSession

LIMITS = Limits(call_s=1.0)
NESTED = "def f(x):\n" + "".join(f"{' ' * n} try:\n{' ' * n}  if x: return 0\n{' ' * n} finally:\n" for n in range(19))
PROGRAMS = {
    "answers": "import math\nK = 2\ndef f(x):\n    'Says.'\n    return [K, math.pi, f.__doc__]\n",
    "raises": "def g(x):\n    return 1 / x\n\ndef f(x):\n    return g(0)\n",
    "raises while it is loaded": "x = 1\nraise KeyError('no')\n",
    "is no Python": "def f(x)\n    return x\n",
    "is cut off": "def f(x):\n    return '''\n",
    "is warned of": "def f(x):\n    return x is 1\n",
    "holds a zero": "def f(x):\n    return '\0'\n",
    "asserts": "def f(x):\n    assert x > 99, 'small'\n",
    "has finally": "def f(x):\n    try:\n        return 1\n    finally:\n        print(x)\n",
    "looks at its source": "import inspect\ndef f(x):\n    return inspect.getsource(f)\n",
    "prints": "print('loaded')\ndef f(x):\n    print(x)\n",
    "comes back to itself": "def f(x):\n    return [w.__name__ for w in (f, lambda: f)]\n",
    "is long": "def f(x):\n    return x\n" + "# and so on\n" * 3_000,
    "annotates": "from __future__ import annotations\ndef f(x: Nothing) -> None:\n    return f.__annotations__\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_does_as_its_text_does(warm: WarmSession, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PROGRAMS[name]

    def outcomes() -> list[object]:
        run, script = warm.run(source, [Call("f", (1,))] * 2, LIMITS), warm.script(source + "\nf(1)\n", "", LIMITS)
        with warm.start(source, LIMITS) as program:
            loaded = program.loaded
        return [loaded._replace(seconds=0.0) if hasattr(loaded, "_replace") else (loaded.kind, loaded.raised)] + [
            (told.end, told.stdout, [(answer.kind, answer.value, answer.raised) for answer in told.answers],
             (told.loaded.kind, told.loaded.raised))
            for told in (run, script)
        ]  # fmt: skip

    ahead = outcomes()
    monkeypatch.setattr(sessions, "compiled", lambda source: None)
    assert ahead == outcomes()


def test_it_is_the_guest_that_is_asked_for_its_bytecode(warm: WarmSession, monkeypatch: pytest.MonkeyPatch) -> None:
    warm.run("def f(x):\n    return x\n", [], LIMITS)
    assert warm._code("x = 1\n") == compiled("x = 1\n") is not None
    monkeypatch.setattr(warm._open_guest(), "bytecode", b"another")
    assert warm._code("x = 1\n") is None
    assert warm.run("def f(x):\n    return x\n", [Call("f", (3,))], LIMITS).answers[0].value == 3


@pytest.mark.parametrize(
    "name", ["is no Python", "is cut off", "is warned of", "holds a zero", "has finally", "is long"]
)
def test_what_stands_in_the_way_is_left_to_the_guest(name: str) -> None:
    assert compiled(PROGRAMS[name]) is None


def test_what_is_warned_of_meanwhile_is_not_the_program_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector may run in the compiler, and end what somebody else has left open."""

    def meanwhile(*arguments: Any, **keywords: Any) -> Any:
        warnings.warn_explicit("unclosed", ResourceWarning, "elsewhere.py", 1)
        return compile(*arguments, **keywords)

    monkeypatch.setattr("pidistill_sandboxes.compiling.compile", meanwhile, raising=False)
    with pytest.warns(ResourceWarning, match="unclosed"):
        assert compiled(PROGRAMS["raises"]) is not None
    with pytest.warns(ResourceWarning, match="unclosed"):
        assert compiled(PROGRAMS["is warned of"]) is None
    with pytest.warns(ResourceWarning, match="unclosed"):
        assert compiled("def f(x):\n    return '\\d'\n") is None


def test_code_that_grows_without_end_is_not_compiled_here() -> None:
    assert len(NESTED) < 5_000
    assert compiled(NESTED + f"{' ' * 20}return 1\n") is None
    assert compiled("f = " + "lambda: " * 2_000 + "1") is None
    assert compiled("f = " + "lambda: " * 20 + "1") is not None


@given(st.text(max_size=60) | st.sampled_from(["(" * 5_000, "-" * 9_000 + "1", "a" + ".b" * 9_000, "lambda:" * 2_000]))
def test_no_text_stops_who_compiles_it(text: str) -> None:
    found = compiled(text)
    assert found is None or marshal.loads(found).co_filename == "candidate.py"


def test_asserts_stay_where_ours_are_left_out() -> None:
    script = (
        "from pidistill_sandboxes.compiling import compiled; import marshal; exec(marshal.loads(compiled('assert 0')))"
    )
    told = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True, check=False)
    assert "AssertionError" in told.stderr


def test_what_this_process_knows_is_not_in_it() -> None:
    source = "a_name_of_the_tests = 'a text of the tests'\n"
    known = sys.intern("a_name_of_the_tests"), sys.intern("a text of the tests")
    script = f"from pidistill_sandboxes.compiling import compiled; print(compiled({source!r}).hex())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = compiled(source)
    assert ours is not None and ours.hex() == told.stdout.strip()
    assert known[0] in marshal.loads(ours).co_names
