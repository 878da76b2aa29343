"""Tests that share something expensive stay with one worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharing import BENCHMARKS, DOCKER, LEAN, LONG_FIRST, ON_BENCHMARKS, ON_LEAN, WARM, group_of

ROOT = Path(__file__).parents[2]


def test_what_uses_the_docker_daemon_is_one_group(request: pytest.FixtureRequest) -> None:
    assert group_of(request.node) == "tests/runner/test_sharing.py"
    for item in request.session.items:
        uses = {"docker_daemon", "docker_sandbox"} & set(getattr(item, "fixturenames", ()))
        assert (group_of(item) == DOCKER) == bool(uses or "sandbox-docker" in by_sandbox(item))


def by_sandbox(item: pytest.Item) -> list[str]:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return [f"{name}-{value}" for name, value in params.items() if name == "sandbox"]


def test_files_that_go_first_are_there() -> None:
    groups = (DOCKER, LEAN, WARM, BENCHMARKS)
    files = [*(name for name in LONG_FIRST if name not in groups), *ON_BENCHMARKS, *ON_LEAN]
    assert [name for name in files if not (ROOT / name).is_file()] == []


SUITE = {
    "conftest.py": """
import os
import pytest
import sharing

@pytest.fixture(scope="session")
def docker_daemon():
    return "the daemon"

@pytest.fixture(scope="session")
def warm_process():
    return "a process"

@pytest.fixture(params=["docker", "process"])
def sandbox(request):
    return request.param

@pytest.fixture(autouse=True)
def note(request):
    with open("ran", "a") as file:
        file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {sharing.group_of(request.node)}\\n")
""",
    "test_a.py": "import pytest\n\n"
    "@pytest.mark.parametrize('n', range(4))\ndef test_one(n, sandbox): pass\n\ndef test_two(docker_daemon): pass\n",
    "test_b.py": "def test_three(docker_daemon): pass\n\ndef test_four(): pass\n",
    "test_c.py": "import pytest\n\n@pytest.mark.parametrize('n', range(20))\ndef test_five(n): pass\n",
    "test_d.py": "def test_six(warm_process): pass\n\ndef test_seven(): pass\n",
    "test_e.py": "def test_eight(warm_process): pass\n",
}


def test_with_workers_a_group_and_a_file_stay_with_one(tmp_path: Path) -> None:
    for name, code in SUITE.items():
        (tmp_path / name).write_text(code)
    path = os.pathsep.join([str(ROOT / "tests"), *filter(None, sys.path)])
    command = [sys.executable, "-m", "pytest", "-p", "sharing", "-n", "2", "--dist", "loadfile", "-q"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workers: dict[str, set[str]] = {}
    ran = (tmp_path / "ran").read_text().splitlines()
    for worker, group in map(str.split, ran):
        workers.setdefault(group, set()).add(worker)
    assert len(ran) == 8 + 1 + 2 + 20 + 2 + 1
    assert set(workers) == {DOCKER, WARM, "test_a.py", "test_b.py", "test_c.py", "test_d.py"}
    assert all(len(names) == 1 for names in workers.values())
    assert len(set.union(*workers.values())) == 2
