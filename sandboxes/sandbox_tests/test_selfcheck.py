"""The self-check measures: it holds in every sandbox, and notices where there is none."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import ClassVar

import pytest
from click.testing import CliRunner

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.sandbox import Session
from pidistill_sandboxes import (
    auto,
    escapes,
    guest,
    pidistill_register_commands,
    pidistill_register_sandboxes,
    selfcheck,
    session,
)
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
from pidistill_sandboxes.command import group
from pidistill_sandboxes.docker import DockerSandbox
from pidistill_sandboxes.inside import wire
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.session import WarmSession

from .test_lifecycle import environment


def test_every_protection_holds(sandbox: Sandbox) -> None:
    held = sandbox.self_check()
    assert set(held) == set(selfcheck.CHECKS)
    assert [name for name, holds in held.items() if not holds] == []


@pytest.mark.parametrize("name", ["NETWORK", "READ_HOST", "SEE_PROCESSES", "ENVIRONMENT", "KERNEL_SURFACE"])
def test_without_a_sandbox_the_programs_get_away_with_something(name: str) -> None:
    with selfcheck._bait() as bait:
        argument = {"NETWORK": bait.port, "READ_HOST": bait.path, "SEE_PROCESSES": bait.pid}.get(name)
        call = f"attempt({argument!r})" if argument is not None else "attempt()"
        run = [sys.executable, "-c", f"{getattr(escapes, name)}\nprint({call})"]
        done = subprocess.run(run, capture_output=True, text=True, env={**os.environ, "SECRET_TOKEN": "x"}, check=True)
    assert ast.literal_eval(done.stdout) != []


def test_a_server_that_programs_can_end_is_noticed(
    process_sandbox: ProcessSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = "\nimport signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(1))\n"
    texts = [(name, text + handler * name.endswith(".standby")) for name, text in guest._texts()]
    codes = [(name, compile(text, name, "exec", dont_inherit=True)) for name, text in texts]
    monkeypatch.setattr(guest, "_codes", lambda: codes)
    monkeypatch.setattr(session, "_WAITS_S", (0.0,))
    held = process_sandbox.self_check()
    assert [name for name, holds in held.items() if not holds] == ["the server outlives signals"]


@pytest.mark.parametrize("report", [5, [], {}, {"walls": 3, "python": "3"}, {"missing": "all"}])
def test_a_server_that_reports_nonsense_is_no_sandbox(
    process_sandbox: ProcessSandbox, monkeypatch: pytest.MonkeyPatch, report: object
) -> None:
    frame = wire.encode(report)
    script = f"import os\nos.write(1, b'R' + ({len(frame)}).to_bytes(4, 'little') + {bytes(frame)!r})\n"
    code = compile(f"{script}def main(config): os.read(0, 1)", "server", "exec", dont_inherit=True)
    monkeypatch.setattr(guest, "_codes", lambda: [("server", code)])
    with pytest.raises(SandboxError, match="malformed"):
        process_sandbox.open()


class Unveiled(BubblewrapSandbox):
    """Without the `/proc` that is laid over the one that counts."""

    def open(self) -> WarmSession:
        session = super().open()
        session.close()
        session._config = {**session._config, "veil": False}
        return session


def test_a_proc_that_counts_is_found(bubblewrap_sandbox: BubblewrapSandbox) -> None:
    held = Unveiled().self_check()
    assert [name for name, holds in held.items() if not holds] == ["nothing to read that counts"]


class Weak(Sandbox):
    """Opens as another does, but a check of it fails."""

    name: ClassVar[str] = "weak"

    def open(self) -> Session:
        raise AssertionError("a sandbox that does not hold must not be opened")

    def self_check(self) -> Mapping[str, bool]:
        return {"no network": False, "bounded time": True}


class Absent(Sandbox):
    """Cannot be opened here."""

    name: ClassVar[str] = "absent"

    def open(self) -> Session:
        raise SandboxError("absent is not installed.", "Try: install absent")

    def self_check(self) -> Mapping[str, bool]:
        self.open()
        return {}


def test_auto_takes_the_first_whose_self_check_holds() -> None:
    strong = ProcessSandbox()
    assert auto.strongest((Absent(), Weak(), strong)) is strong


def test_without_a_sandbox_that_holds_auto_says_why_and_what_to_install() -> None:
    with pytest.raises(SandboxError) as error:
        auto.strongest((Absent(), Weak()))
    assert "absent is not installed" in str(error.value)
    assert "weak: does not hold: no network" in str(error.value)
    assert "apt-get install bubblewrap" in str(error.value)


def test_what_is_registered_can_be_made_and_bears_its_name() -> None:
    for spec in pidistill_register_sandboxes():
        made = spec.load()()
        assert isinstance(made, Sandbox)
        assert made.name == spec.name
    assert [spec.load() for spec in pidistill_register_commands()] == [group]


NO_NAMESPACES = """
import ctypes, os, sys
uid, gid = os.getuid(), os.getgid()
assert ctypes.CDLL(None).unshare(0x10000000) == 0
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write("1000 %d 1" % uid)
open("/proc/self/gid_map", "w").write("1000 %d 1" % gid)
open("/proc/sys/user/max_user_namespaces", "w").write("0")
from pidistill.errors import SandboxError
from pidistill.records import JSON
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
import json
messages = []
for kind in (ProcessSandbox, BubblewrapSandbox):
    try:
        kind().open()
        messages.append("opened")
    except SandboxError as error:
        messages.append(str(error))
print(json.dumps(messages))
"""


def test_without_user_namespaces_it_says_which_protections_are_missing() -> None:
    done = subprocess.run([sys.executable, "-c", NO_NAMESPACES], capture_output=True, text=True, env=environment())
    if "AssertionError" in done.stderr:
        pytest.skip("no user namespaces here to take away")
    process, bubblewrap = json.loads(done.stdout)
    for protection in ("user namespace", "mount namespace", "process namespace", "network namespace"):
        assert protection in process
    assert "max_user_namespaces" in process
    assert "bubblewrap" in bubblewrap


def test_a_missing_bwrap_is_an_error_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        BubblewrapSandbox().open()


def test_check_prints_the_table() -> None:
    result = CliRunner().invoke(group, ["check", "process"])
    assert result.output.startswith("process\n")
    assert ("BROKEN" in result.output or "not here" in result.output) == (result.exit_code == 1)


def test_a_missing_image_is_an_error_with_the_command_that_makes_it(docker_sandbox: DockerSandbox) -> None:
    with pytest.raises(SandboxError, match="pidistill sandbox build"):
        DockerSandbox("pidistill-no-such-image:9").open()
