"""Pytest fixtures for whoever tests against sandboxes: those that can be had here, a Docker daemon of the tests' own.

    pytest_plugins = ["pidistill_sandboxes.testing"]        # in the top-level conftest.py

Docker gets a daemon of its own, where root may start one: with its own data, its own socket, and an image made of this
interpreter. So nothing of the machine's own Docker is touched, and the daemon may be stopped in the middle of a test.
One daemon and one image serve all tests of a run; both are made when the first test asks. A sandbox that cannot be had
here skips the test, with the reason.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
from pidistill_sandboxes.command import import_image
from pidistill_sandboxes.docker import IMAGE_VARIABLE, DockerSandbox, connect
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.rootfs import write_rootfs

SANDBOXES = ("process", "bubblewrap", "docker")
IMAGE = "pidistill-sandbox-test:1"
_START_S, _STOP_S = 60, 60

S = TypeVar("S", bound=Sandbox)


class Daemon:
    """A dockerd of the tests' own, that can be stopped and started. `DOCKER_HOST` must name its `socket`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `RuntimeError` with the end of its log where it does not."""
        for stale in self.folder.glob("*.pid"):
            stale.unlink()
        command = [
            "dockerd", "--host", f"unix://{self.socket}", "--data-root", str(self.folder / "data"),
            "--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "docker.pid"),
            "--bridge", "none", "--iptables=false", "--ip-masq=false", "--log-level", "error",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(SandboxError):
                connect().close()
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it, and its containers with it. Nothing happens where it does not run."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_S)
            self._process = None


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[Daemon | None]:
    """The tests' own daemon where root may start one, else None: the machine's. Skips without either."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        try:
            connect().close()
        except SandboxError as error:
            pytest.skip(f"no Docker daemon, and none can be started here (dockerd and root): {error.message}")
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
    daemon = Daemon(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{daemon.socket}")
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def docker_sandbox(docker_daemon: Daemon | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    """The Docker sandbox with an image made of this interpreter, which processes started from here find as well."""
    tar = write_rootfs(tmp_path_factory.mktemp("rootfs") / "rootfs.tar")
    client = connect()
    import_image(client, tar, IMAGE)
    client.close()
    tar.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(IMAGE_VARIABLE, IMAGE)
        yield DockerSandbox(IMAGE)
    if docker_daemon is None:  # the machine's own: leave it as it was
        client = connect()
        client.images.remove(IMAGE, force=True)
        client.close()


@pytest.fixture(scope="session")
def process_sandbox() -> ProcessSandbox:
    """The process sandbox, once it has been seen to open."""
    return _opened(ProcessSandbox())


@pytest.fixture(scope="session")
def bubblewrap_sandbox() -> BubblewrapSandbox:
    """The bubblewrap sandbox, once it has been seen to open."""
    return _opened(BubblewrapSandbox())


@pytest.fixture(scope="session", params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox in turn."""
    made = request.getfixturevalue(f"{request.param}_sandbox")
    assert isinstance(made, Sandbox)
    return made


def _opened(sandbox: S) -> S:
    try:
        sandbox.open().close()
    except SandboxError as error:
        pytest.skip(f"{sandbox.name} cannot be had here: {error.message}")
    return sandbox
