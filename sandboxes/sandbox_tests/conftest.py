"""Every sandbox that can be had here, warm, for all tests; what cannot be had is skipped, with the reason.

Docker gets a daemon of its own, where root may start one: with its own data, its own socket, and an image made of this
interpreter. So nothing of the machine's own Docker is touched, and the daemon may be stopped in the middle of a test.
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

import pytest

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill_sandboxes.bubblewrap import BubblewrapSandbox
from pidistill_sandboxes.command import import_image
from pidistill_sandboxes.docker import DockerSandbox, connect
from pidistill_sandboxes.process import ProcessSandbox
from pidistill_sandboxes.rootfs import write_rootfs
from pidistill_sandboxes.session import WarmSession

IMAGE = "pidistill-sandbox-test:1"


class Daemon:
    """A dockerd of the tests' own, that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for stale in self.folder.glob("*.pid"):
            stale.unlink()
        command = [
            "dockerd", "--host", f"unix://{self.socket}", "--data-root", str(self.folder / "data"),
            "--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "docker.pid"),
            "--bridge", "none", "--iptables=false", "--ip-masq=false", "--log-level", "error",
        ]  # fmt: skip
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(SandboxError):
                connect().ping()
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[Daemon | None]:
    """The tests' own daemon where root may start one, else None: the machine's. Skips without either."""
    if shutil.which("dockerd") and os.geteuid() == 0:
        folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
        daemon = Daemon(folder)
        before = os.environ.get("DOCKER_HOST")
        os.environ["DOCKER_HOST"] = f"unix://{daemon.socket}"
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.stop()
            os.environ.pop("DOCKER_HOST")
            if before is not None:
                os.environ["DOCKER_HOST"] = before
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        connect().ping()
    except SandboxError as error:
        pytest.skip(f"no Docker daemon, and none can be started here: {error.message}")
    yield None


@pytest.fixture(scope="session")
def docker_sandbox(docker_daemon: Daemon | None, tmp_path_factory: pytest.TempPathFactory) -> DockerSandbox:
    """The Docker sandbox with an image made of this interpreter."""
    client = connect()
    tar = write_rootfs(tmp_path_factory.mktemp("rootfs") / "rootfs.tar")
    import_image(client, tar, IMAGE)
    client.close()
    tar.unlink()
    return DockerSandbox(IMAGE)


@pytest.fixture(scope="session", params=["process", "bubblewrap", "docker"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox in turn."""
    if request.param == "docker":
        return request.getfixturevalue("docker_sandbox")
    made = ProcessSandbox() if request.param == "process" else BubblewrapSandbox()
    try:
        made.open().close()
    except SandboxError as error:
        pytest.skip(f"{request.param} cannot be had here: {error.message}")
    return made


@pytest.fixture(scope="session")
def warm(sandbox: Sandbox) -> Iterator[WarmSession]:
    """One session for all tests of a sandbox: what one program leaves behind another test would notice."""
    with sandbox.open() as session:
        assert isinstance(session, WarmSession)
        yield session
