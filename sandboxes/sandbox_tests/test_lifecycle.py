"""Sessions leave nothing behind, whoever dies first, however long they run."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pidistill.contracts import Sandbox
from pidistill.sandbox import Call, Limits
from pidistill_sandboxes.docker import ContainerGuest
from pidistill_sandboxes.guest import ProcessGuest
from pidistill_sandboxes.inside.scratch import empty
from pidistill_sandboxes.session import WarmSession

DOCKERS = re.compile(r"^\S+ (\S*/dockerd-\S+ |\S+ (overlay|nsfs) )")
"""A mount of a container, or of a daemon of the tests' own."""


def children_of(pid: int) -> list[int]:
    """Processes below `pid`, in whatever namespace, as the host sees them. None of a process that has just ended."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                found += [child, *children_of(child)]
    return found


def server_pages(session: WarmSession) -> int:
    """Resident pages of the server inside, which is process 1 there and out of a program's sight."""
    guest = session._guest
    if isinstance(guest, ContainerGuest):
        assert guest._container is not None
        guest._container.reload()
        pid = guest._container.attrs["State"]["Pid"]
    else:
        assert isinstance(guest, ProcessGuest)
        first = [pid for pid in children_of(guest._process.pid) if number_inside(pid) == 1]
        pid = first[0]
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def number_inside(pid: int) -> int:
    """The process's number in its own namespace; 0 where it is gone, or is in none but the test's."""
    try:
        numbers = Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].split("\n")[0].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(numbers[-1]) if len(numbers) > 1 else 0


def mounts(sandbox: Sandbox) -> list[str]:
    """All mounts; but those of containers and of a daemon, which others may start meanwhile, only for Docker."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in lines if sandbox.name == "docker" or not DOCKERS.search(line)]


def test_many_programs_leave_memory_flat_and_nothing_behind(sandbox: Sandbox) -> None:
    """A thousand in the sandbox that has no other's help, fewer in those that run the same server. Programs that leave
    files or have made processes cost the server, and nothing else."""
    many = 1000 if sandbox.name == "process" else 250
    mounts_before = mounts(sandbox)
    files_before = len(os.listdir("/proc/self/fd"))
    sources = [
        "def f(x): return [x] * 1000",
        "import os\ndef f(x):\n open('/tmp/a', 'w').write('x' * 100000)\n os.mkdir('/tmp/b')\n return x",
        "def f(x):\n print('x' * 100000)\n raise ValueError",
        "import os\ndef f(x):\n if os.fork() == 0:\n  os.setsid()\n  os.fork()\n  while True: pass\n os._exit(3)",
    ]
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        for number in range(100):
            session.run(sources[2 * (number % 2)], [Call("f", (number,))])
        pages, guest = server_pages(session), session._guest
        for number in range(many - 100):
            session.run(sources[2 * (number % 2)], [Call("f", (number,))])
        assert session._guest is guest
        assert server_pages(session) - pages < 256
        for number in range(20):
            session.run(sources[1 + 2 * (number % 2)], [Call("f", (number,))])
            assert session.run("import os\ndef f(): return os.listdir('/tmp')", [Call("f")]).answers[0].value == []
        assert session._guest is not guest
    assert len(os.listdir("/proc/self/fd")) <= files_before
    assert mounts(sandbox) == mounts_before


def test_closing_a_session_ends_all_its_processes(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        program = session.start("import os, time\ndef f():\n if os.fork() == 0: time.sleep(99)\n return 1")
        assert program.call("f").value == 1
        guest = session._guest
        inside = children_of(guest._process.pid) if isinstance(guest, ProcessGuest) else []
        assert len(inside) >= 3 or not isinstance(guest, ProcessGuest)
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in inside) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(alive(pid) for pid in inside)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


WORKER = """
import sys, time
from pidistill.sandbox import Call
from pidistill_sandboxes.{module} import {kind}
session = {kind}().open()
program = session.start("import os, time\\ndef f():\\n if os.fork() == 0: time.sleep(99)\\n return 1")
print(program.call("f").value, flush=True)
time.sleep(99)
"""


@pytest.mark.parametrize("module", ["process", "bubblewrap"])
def test_a_worker_killed_outright_takes_its_sandbox_with_it(module: str) -> None:
    source = WORKER.format(module=module, kind=f"{module.capitalize()}Sandbox")
    worker = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, env=environment())
    assert worker.stdout is not None
    if worker.stdout.readline() != b"1\n":
        worker.kill()
        worker.communicate()
        pytest.skip(f"{module} cannot be had here")
    inside = children_of(worker.pid)
    assert len(inside) >= 3
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in inside) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(alive(pid) for pid in inside)


def environment() -> dict[str, str]:
    """This process's, with its import path."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_a_program_abandoned_in_the_middle_does_not_disturb_the_next(warm: WarmSession) -> None:
    first = warm.start("def f():\n while True: pass")
    second = warm.start("def f(): return 2")
    assert second.call("f").value == 2
    second.close()
    assert first.outcome.loaded.ok


def test_folders_are_emptied_however_deep_and_locked(tmp_path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)
    for _ in range(2000):
        os.mkdir("d")
        os.chdir("d")
    os.fchdir(here)
    os.close(here)
    (tmp_path / "locked" / "inner").mkdir(parents=True)
    (tmp_path / "locked" / "inner" / "file").write_text("x")
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "locked" / "link").symlink_to("/")
    (tmp_path / "locked" / "inner").chmod(0)
    (tmp_path / "locked").chmod(0)
    empty(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_session_starts_quickly(sandbox: Sandbox) -> None:
    """Against the start of a bare interpreter in the same minute; namespaces and preloaded modules are included."""
    started = time.monotonic()
    for _ in range(3):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    bare = (time.monotonic() - started) / 3
    started = time.monotonic()
    with sandbox.open() as session:
        took = time.monotonic() - started
        session.run("", [], Limits())
    assert took < 60 * bare + 2


def test_what_is_preloaded_is_there_for_later_programs_also_in_a_new_server(sandbox: Sandbox) -> None:
    """Each finds it as it was, whatever the one before has made of it."""
    text = "import sys\ndef f(): return sys.modules['given'].ANSWER, 'colorsys' in sys.modules\n"
    spoil = f"{text}sys.modules['given'].ANSWER = 1\nimport os\nos.fork() or os._exit(0)\n"
    with sandbox.open() as session:
        code = session.run(
            "import marshal\ndef f(): return marshal.dumps(compile('ANSWER = 42', 'given', 'exec'))", [Call("f")]
        )
        given = code.answers[0].value
        assert isinstance(given, bytes)
        assert session.preload([("given", given)], ["colorsys"])
        assert session.preload([("given", given)], ["colorsys"])
        for source, found in ((text, 42), (spoil, 1), (text, 42)):  # a program that forks costs the server
            assert session.run(source, [Call("f")]).answers[0].value == (found, True)
