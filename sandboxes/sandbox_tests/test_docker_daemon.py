"""A daemon that stops in the middle of a run, and comes back."""

from __future__ import annotations

import os
import threading
import time

import pytest

from pidistill.errors import SandboxError
from pidistill.sandbox import Call, Limits
from pidistill_sandboxes.docker import LABEL, DockerSandbox, connect
from pidistill_sandboxes.testing import Daemon

SLOW = "import time\ndef f(x):\n time.sleep(0.5)\n return x"


def containers() -> int:
    """Of this process, in whatever state."""
    client = connect()
    try:
        return len(client.containers.list(all=True, filters={"label": f"{LABEL}={os.getpid()}"}))
    finally:
        client.close()


def test_a_stopped_daemon_is_an_error_and_its_return_is_enough(
    docker_daemon: Daemon | None, docker_sandbox: DockerSandbox
) -> None:
    if docker_daemon is None:
        pytest.skip("the machine's own daemon is not ours to stop")
    with docker_sandbox.open() as session:
        assert session.run(SLOW, [Call("f", (1,))]).answers[0].value == 1
        stopper = threading.Timer(0.2, docker_daemon.stop)
        stopper.start()
        with pytest.raises(SandboxError, match="Start the Docker daemon"):
            session.run(SLOW, [Call("f", (2,))] * 3)
        stopper.join()
        docker_daemon.start()
        assert session.run(SLOW, [Call("f", (3,))]).answers[0].value == 3


def test_a_daemon_that_restarts_in_the_middle_loses_nothing(
    docker_daemon: Daemon | None, docker_sandbox: DockerSandbox
) -> None:
    if docker_daemon is None:
        pytest.skip("the machine's own daemon is not ours to stop")
    with docker_sandbox.open() as session:
        session.run(SLOW, [Call("f", (1,))])

        def restart() -> None:
            docker_daemon.stop()
            docker_daemon.start()

        restarter = threading.Timer(0.2, restart)
        restarter.start()
        try:
            value = session.run(SLOW, [Call("f", (2,))] * 2, Limits()).answers[1].value
        except SandboxError:  # it was away for longer than the retries last: the next try finds it
            restarter.join()
            value = session.run(SLOW, [Call("f", (2,))] * 2, Limits()).answers[1].value
        restarter.join()
        assert value == 2


def test_containers_are_removed_with_their_sessions(docker_sandbox: DockerSandbox) -> None:
    before = containers()
    with docker_sandbox.open() as session:
        session.run("", [])
        assert containers() == before + 1
    deadline = time.monotonic() + 60
    while containers() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert containers() == before
