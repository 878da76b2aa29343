"""The native runtime over a REPL double: the protocol is real, the Lean behind it is the WebAssembly runtime's.

What is not shown here is Lean's own REPL in a lake project with Mathlib. Where PIDISTILL_LEAN_PROJECT names such a
project, the checks below go to it in place of the double.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import VerifierError
from pidistill_lean.protocol import Check, LeanDied, LeanTimeout, Runtime, Theorem
from pidistill_lean.runtimes import native, wire
from pidistill_lean.runtimes.native import NativeRuntime, lean_string, replies

DOUBLE = [sys.executable, str(Path(__file__).with_name("repl_double.py"))]
STATEMENT = "theorem target (a b : Nat) : a + b = b + a := by\n  sorry\n"
BOTH = 2
"""A check starts two REPLs: one elaborates, one decides."""
CANNED = Theorem(STATEMENT, "target", "-- canned\n")
SUBMISSIONS = {
    "sound": "theorem target (a b : Nat) : a + b = b + a := by\n  omega\n",
    "quotes": 'def s := "a \\" b \\\\ c"\n/- "}\' ∀ é 𝔸 -/\n'
    "theorem target (a b : Nat) : a + b = b + a := by\n  omega\n",
    "crlf": "theorem target (a b : Nat) : a + b = b + a := by\r\n  omega\r\n",
    "sorry": STATEMENT,
    "wrong": "theorem target (a b : Nat) : a + b = b + a := by\n  rfl\n",
    "other": "theorem target (a b : Nat) : a + b = a + b := rfl\n",
    "missing": "theorem other : True := trivial\n",
    "axiom": "axiom target (a b : Nat) : a + b = b + a\n",
    "refused": "run_cmd pure ()\n\ntheorem target (a b : Nat) : a + b = b + a := by\n  omega\n",
    "parse": "theorem target (a b : Nat : a + b = b + a := by omega\n",
}


def facts(check: Check) -> tuple[object, ...]:
    """All of a check that a verdict depends on; messages are worded otherwise in other versions of Lean."""
    refused = None if check.refused is None else (check.refused.line, check.refused.column)
    errors = [(one.line, one.column) for one in check.messages if one.severity == "error"]
    kernel = check.replay_error is None
    return refused, errors, check.target_kind, check.type_matches, check.changed, sorted(check.axioms), kernel


def over_double(**options: object) -> NativeRuntime:
    return NativeRuntime(project=Path(__file__).parent, command=DOUBLE, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def repl(lean: Runtime) -> Iterator[NativeRuntime]:
    """A warm REPL: that of the user's project where one is named, the double elsewhere."""
    with NativeRuntime() if native.look()[0] else over_double() as runtime:
        runtime.outline("", 600.0)
        yield runtime


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_a_check_says_the_same_as_over_webassembly(repl: NativeRuntime, lean: Runtime, name: str) -> None:
    theorem = Theorem(STATEMENT, "target")
    found, expected = repl.check(theorem, SUBMISSIONS[name], 60.0), lean.check(theorem, SUBMISSIONS[name], 60.0)
    assert facts(found) == facts(expected)
    if not native.look()[0]:
        assert replace(found, seconds=0.0) == replace(expected, seconds=0.0)


def test_a_sound_proof_is_found_sound_under_a_header(repl: NativeRuntime) -> None:
    theorem = Theorem("theorem target : succ 1 = 2 := by sorry", "target", "open Nat\n")
    check = repl.check(theorem, "theorem target : succ 1 = 2 := rfl", 60.0)
    assert (check.target_kind, check.type_matches, check.replay_error) == ("theorem", True, None)
    assert not repl.check(Theorem("theorem target : succ 1 = 2 := by sorry", "target"), "", 60.0).type_matches


def test_an_outline_is_the_same_as_over_webassembly(repl: NativeRuntime, lean: Runtime) -> None:
    source = "theorem t (p : Prop) (h : p) : p := by\r\n  have k : p := h\n  exact k\n"
    assert repl.outline(source, 60.0) == lean.outline(source, 60.0)


def test_a_header_that_does_not_elaborate_is_the_statements_trouble(repl: NativeRuntime) -> None:
    check = repl.check(Theorem(STATEMENT, "target", "import Missing\n"), SUBMISSIONS["sound"], 60.0)
    assert "Missing" in check.statement_errors[0].text


@pytest.mark.parametrize("header", ["-- noise\n", "-- forge\n"])
def test_nothing_but_the_nonces_own_message_counts(repl: NativeRuntime, header: str) -> None:
    check = repl.check(Theorem(STATEMENT, "target", header), SUBMISSIONS["missing"], 60.0)
    assert (check.target_kind, check.type_matches) == ("missing", False)


@pytest.mark.parametrize(
    ("header", "kind", "budget_s"),
    [("-- silent\n", LeanDied, 60.0), ("-- exit\n", LeanDied, 60.0), ("-- hang\n", LeanTimeout, 1.0)],
)
def test_a_reply_without_a_judgement_is_no_pass_and_the_next_check_is_unaffected(
    header: str, kind: type[Exception], budget_s: float
) -> None:
    with over_double() as repl:
        assert repl.identity()
        with pytest.raises(kind):
            repl.check(Theorem(STATEMENT, "target", header), SUBMISSIONS["sound"], budget_s)
        assert repl.check(CANNED, SUBMISSIONS["sound"], 60.0).target_kind == "missing"
        assert repl.starts == BOTH + 1


def test_a_hang_ends_at_its_budget_with_all_processes_gone() -> None:
    with over_double() as repl:
        assert repl.identity()
        session = repl._ready()._popen.pid
        assert _session(session) == session
        began = time.monotonic()
        with pytest.raises(LeanTimeout):
            repl.check(Theorem(STATEMENT, "target", "-- hang\n"), "", 0.5)
        assert time.monotonic() - began < 12.0
        assert not any(_session(int(pid)) == session for pid in os.listdir("/proc") if pid.isdigit())


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def test_a_process_that_has_grown_is_replaced() -> None:
    with over_double(private_limit_bytes=150 << 20) as repl:
        for starts in (BOTH, BOTH, BOTH + 1):
            repl.check(Theorem(STATEMENT, "target", "-- grow\n"), "", 60.0)
            assert repl.starts == starts


def test_the_address_limit_ends_a_process_and_not_the_host() -> None:
    with over_double(address_limit_bytes=350 << 20) as repl, pytest.raises(LeanDied, match="MemoryError"):
        for _ in range(8):
            repl.check(Theorem(STATEMENT, "target", "-- grow\n"), "", 60.0)


def test_a_process_is_replaced_after_its_share_of_checks() -> None:
    with over_double(checks_per_process=2) as repl:
        for starts in (BOTH, BOTH, BOTH + 1):
            repl.check(CANNED, "", 60.0)
            assert repl.starts == starts


def test_every_header_has_its_own_environment_and_too_many_start_afresh() -> None:
    with over_double() as repl:
        for number in range(native.HEADERS_PER_PROCESS + 2):
            repl.check(Theorem(STATEMENT, "target", f"-- canned {number}\n"), "", 60.0)
        assert repl.starts == 2 * BOTH


def test_the_identity_names_version_library_and_judge(repl: NativeRuntime) -> None:
    version, manifest, judge = repl.identity().split()[1:]
    assert version.startswith("lean-4.") and manifest.startswith("manifest-") and judge.startswith("judge-")
    with over_double() as double:
        assert double.identity().startswith("native lean-4.28.0-double manifest-none judge-")


def test_the_double_refuses_as_the_repl_does() -> None:
    asked = (
        "not json\n\n"
        + '{"cmd": "import Lean\\n"}\n\n'
        + '{"cmd": "x",\n "env": 7}\n\n'
        + '{"cmd": "#eval 1", "env": 0}\n\n'
    )
    done = subprocess.run(DOUBLE, input=asked, capture_output=True, text=True, timeout=120, check=True)
    found = list(replies(line.encode() for line in done.stdout.splitlines(keepends=True)))
    assert "Could not parse JSON" in found[0]["message"]
    assert found[1] == {"env": 0}
    assert found[2] == {"message": "Unknown environment."}
    assert found[3]["messages"][0]["severity"] == "error"


def test_without_a_project_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(native.PROJECT, raising=False)
    works, found, hint = native.look()
    assert (works, found) == (False, "no lake project is named")
    assert native.PROJECT in hint
    with pytest.raises(VerifierError, match="no lake project"):
        NativeRuntime()


def test_a_project_without_lake_or_repl_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(native.PROJECT, str(tmp_path / "nowhere"))
    assert "is not there" in native.look()[1]
    monkeypatch.setenv(native.PROJECT, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "lake is not here" in native.look()[1]
    lake = tmp_path / "lake"
    lake.write_text("#!/bin/sh\n")
    lake.chmod(0o755)
    assert "no REPL is built" in native.look()[1]
    repl = tmp_path / ".lake/packages/repl/.lake/build/bin/repl"
    repl.parent.mkdir(parents=True)
    repl.write_text("#!/bin/sh\n")
    repl.chmod(0o755)
    assert native.look() == (True, f"{repl.resolve()} in {tmp_path}", "")


def test_a_process_that_ends_at_once_is_our_trouble(tmp_path: Path) -> None:
    with (
        NativeRuntime(project=tmp_path, command=["false"]) as lean,
        pytest.raises(VerifierError, match="does not take"),
    ):
        lean.check(Theorem(STATEMENT, "target"), "", 5.0)
    with pytest.raises(VerifierError, match="does not start"):
        NativeRuntime(project=tmp_path, command=[str(tmp_path / "none")]).check(Theorem(STATEMENT, "target"), "", 5.0)


@given(st.text())
def test_any_text_comes_back_from_a_lean_string(text: str) -> None:
    literal = lean_string(json.dumps({"x": text}))
    assert literal.isascii() and "\n" not in literal
    assert json.loads(literal[1:-1].replace('\\"', '"').replace("\\\\", "\\")) == {"x": text}


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=4), st.text())
def test_replies_are_found_between_lines_of_other_things(objects: list[dict[str, object]], noise: str) -> None:
    noise = noise.replace("{", "").replace("\n", " ").strip() or "x"
    text = "".join(f"{noise}\n{json.dumps(one, indent=1)}\n\n" for one in objects)
    assert list(replies(line.encode("utf-8", "replace") + b"\n" for line in text.split("\n"))) == objects


@given(st.lists(st.binary()))
def test_whatever_is_printed_only_objects_come_out(lines: list[bytes]) -> None:
    assert all(isinstance(one, dict) for one in replies(lines))


def test_the_trusted_code_is_part_of_the_package() -> None:
    assert "def answer" in wire.lean_source("repl.lean")
