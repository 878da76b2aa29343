"""No sandbox, or not the one asked for: one line that says what is missing, before anything is loaded or sampled.

The system without sandboxes is this one, seen from a user namespace whose limit on further namespaces is zero, with a
PATH that holds no bwrap and a DOCKER_HOST where nobody listens.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pidistill.contracts import Sandbox
from pidistill.sandbox import Session
from pidistill_code.domain import CodeDomain
from pidistill_sandboxes.auto import STRONGEST_FIRST, AutoSandbox, choose

WITHOUT_NAMESPACES = """
import ctypes, os, sys
uid, gid = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000):
    sys.exit(77)
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write("1000 %d 1" % uid)
open("/proc/self/gid_map", "w").write("1000 %d 1" % gid)
open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execv(sys.executable, [sys.executable, "-m", "pidistill", *sys.argv[1:]])
"""
RUN = [
    "run", "code-retry", "--domain", "code", "--set", "data.train.dataset=functions",
    "--set", "data.evaluate.dataset=functions", "--model", "no-model-is-read-before-the-sandbox-is-found",
]  # fmt: skip
DATA = {"task_id": "one", "prompt": "def one():\n", "entry_point": "one", "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n"}  # fmt: skip


def told(tmp_path: Path, *arguments: str) -> str:
    """The one line on stderr of a command that fails on the system without sandboxes."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMESPACES, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": "/nowhere", "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"},
    )
    if done.returncode == 77:
        pytest.skip("no user namespaces here to take away")
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    return line


def test_a_run_stops_before_it_samples_and_says_what_to_install(tmp_path: Path) -> None:
    line = told(tmp_path, *RUN)
    assert line.startswith("Error: No sandbox works here")
    assert "apt-get install bubblewrap" in line
    assert "pidistill sandbox build" in line
    kept = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert kept == ["runs/pidistill-store.json"]  # an empty store, so nothing was sampled


def test_verify_stops_as_a_run_does(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(json.dumps(DATA) + "\n")
    for arguments in (["--oracle"], ["--problem", "one", "--completion", "    return 1"]):
        assert "No sandbox works here" in told(tmp_path, "verify", "code", "--data", "data.jsonl", *arguments)


def test_the_process_sandbox_without_namespaces_names_each_missing_protection(tmp_path: Path) -> None:
    for way in (["--sandbox", "process"], ["--set", "verify.sandbox=process"]):
        line = told(tmp_path, *RUN, *way)
        assert "process sandbox" in line
        for protection in ("user", "mount", "process", "network", "IPC", "host name"):
            assert f"{protection} namespace" in line
        assert "max_user_namespaces" in line
        assert "--sandbox docker" in line


@pytest.mark.parametrize(
    ("name", "said"),
    [("bubblewrap", "apt-get install bubblewrap"), ("docker", "Start the Docker daemon")],
)
def test_a_sandbox_that_was_asked_for_is_not_replaced_by_another(tmp_path: Path, name: str, said: str) -> None:
    assert said in told(tmp_path, *RUN, "--sandbox", name)


class Counted(Sandbox):
    """Says how often it was tried."""

    name = "counted"
    tried = 0

    def open(self) -> Session:
        raise AssertionError("auto has tried it already")

    def self_check(self) -> dict[str, bool]:
        type(self).tried += 1
        return {"everything": True}


def test_auto_is_settled_once_for_all_configurations_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from pidistill.plugins import get_manager
    from pidistill.recipes import run_config
    from pidistill.suite.resolve import confine

    monkeypatch.setattr("pidistill_sandboxes.auto.STRONGEST_FIRST", (Counted,))
    choose.cache_clear()
    try:
        configs = [run_config(name, "code") for name in ("code-retry", "test-pi", "graded")]
        configs += [run_config("retry", "math")]
        confined = confine(configs, get_manager())
    finally:
        choose.cache_clear()
    assert [config.verify.sandbox for config in confined] == ["counted"] * 3 + [None]
    assert Counted.tried == 1


def test_code_needs_a_sandbox_and_auto_stands_for_the_real_ones() -> None:
    assert CodeDomain.needs_sandbox
    assert AutoSandbox.stands_for == tuple(kind.name for kind in STRONGEST_FIRST)
    assert not any(kind.stands_for for kind in STRONGEST_FIRST)
