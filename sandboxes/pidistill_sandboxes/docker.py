"""The `docker` sandbox: one long-lived container per session with the same warm server as its first process.

The container has no network, a read-only root, no capabilities, no way to new privileges, Docker's default seccomp
filter under our own, an unprivileged user of its own, and limits on memory, processes and processors. We talk to the
server over the container's standard streams, so nothing is mounted from the host.

A daemon that stops takes the container with it. The session then starts another, a few times; after that the error
says what to do, and the next program tries anew.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import struct
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill_sandboxes.guest import ENVIRONMENT, PYTHON_FLAGS, Guest, LostError
from pidistill_sandboxes.process import TMP_BYTES, unused_user
from pidistill_sandboxes.session import WarmSession

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGE = "pidistill-sandbox:1"
IMAGE_VARIABLE = "PIDISTILL_SANDBOX_IMAGE"
LABEL = "pidistill.sandbox"
MEMORY_BYTES = 2 << 30
"""Of a whole container. A program's own limit is enforced inside; this is what holds should that fail."""
PROCESSES = 256
_SHM_BYTES = 16 << 20
_TIMEOUT_S = 60
_STREAM = struct.Struct(">BxxxI")
"""How Docker labels what comes from a container: 1 is its standard output, 2 its standard error."""
_MASKED_BY_DOCKER = [
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
]  # fmt: skip
_OF_A_PROCESS = [
    "arch_status", "autogroup", "io", "ksm_merging_pages", "ksm_stat", "oom_score", "sched", "schedstat", "stat",
    "statm", "status", "task", "timens_offsets", "timers", "wchan",
]  # fmt: skip
_COUNTERS = [
    "/sys", *(f"/proc/1/{name}" for name in _OF_A_PROCESS),
    *(f"/proc/{name}" for name in (
        "bootconfig", "buddyinfo", "bus", "cgroups", "consoles", "diskstats", "driver", "dynamic_debug", "fs", "irq",
        "key-users", "kpagecgroup", "kpagecount", "kpageflags", "locks", "mdstat", "meminfo", "misc", "modules",
        "mtrr", "pagetypeinfo", "partitions", "pressure", "schedstat", "slabinfo", "softirqs", "stat", "swaps", "sys",
        "sysvipc", "tty", "uptime", "vmallocinfo", "vmstat", "zoneinfo",
    )),
]  # fmt: skip
"""What counts something for longer than a program runs, as `rooms.veil` has it: all in `/proc` but processes, that of
process 1, and `/sys`, which tells of the container. Of `/proc` the load stays, from which the server reads the number
of the process that was made last; that is the program's own to count."""
_DAEMON_HINT = "Start the Docker daemon (systemctl start docker, or dockerd) and run the same command again."


class DockerSandbox(Sandbox):
    """A warm interpreter in a container."""

    name: ClassVar[str] = "docker"

    def __init__(self, image: str | None = None) -> None:
        self.image = image or os.environ.get(IMAGE_VARIABLE, IMAGE)

    def open(self) -> WarmSession:
        """A session. Raises `SandboxError` where the SDK, the daemon or the image is missing."""
        return WarmSession(
            lambda: ContainerGuest(self.image), {"room": False, "veil": False, "scratch": ["/tmp", "/dev/shm"]}
        )

    def self_check(self) -> Mapping[str, bool]:
        """Protection -> whether it held when tried just now."""
        from pidistill_sandboxes.selfcheck import check

        return check(self)


def connect() -> DockerClient:
    """A client of the daemon that the environment names. `LostError` where it does not answer."""
    errors = sdk_errors()
    import docker

    try:
        return docker.from_env(timeout=_TIMEOUT_S)
    except errors.DockerException as error:
        where = os.environ.get("DOCKER_HOST", "the usual socket")
        raise LostError(f"The Docker daemon does not answer at {where}.", _DAEMON_HINT) from error


class ContainerGuest(Guest):
    """A server that is the first process of a container."""

    def __init__(self, image: str) -> None:
        errors = sdk_errors()
        self._client = connect()
        self._container: Container | None = None
        self._socket: socket.socket | None = None
        self._raw = bytearray()
        self._words = bytearray()
        try:
            self._container = _create(self._client, image)
            self._stream = self._container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            self._socket = getattr(self._stream, "_sock", self._stream)
            self._container.start()
        except errors.ImageNotFound as error:
            self.kill()
            hint = "Make it: pidistill sandbox build (without a registry: pidistill sandbox build --from-host)"
            raise SandboxError(f"There is no Docker image {image!r}.", hint) from error
        except (errors.DockerException, OSError) as error:
            self.kill()
            raise LostError(f"Docker cannot start a container: {error}", _DAEMON_HINT) from error
        super().__init__(self._socket.fileno(), self._socket.fileno())

    def arrived(self, data: bytes) -> None:
        """Take Docker's labels off: standard output is the line, standard error is kept for messages."""
        self._raw += data
        while len(self._raw) >= _STREAM.size:
            stream, size = _STREAM.unpack_from(self._raw)
            if len(self._raw) < _STREAM.size + size:
                return
            content = self._raw[_STREAM.size : _STREAM.size + size]
            del self._raw[: _STREAM.size + size]
            if stream == 1:
                super().arrived(bytes(content))
            else:
                self._words = (self._words + content)[-4096:]

    def kill(self) -> None:
        """Remove the container. Where the daemon is gone, so is the container: nothing more can be done."""
        if self._socket is not None:
            self._socket.close()
            self._stream.close()
            self._socket = None
        if self._container is not None:
            errors = sdk_errors()
            with contextlib.suppress(errors.DockerException, OSError):  # it may remove itself first
                self._container.remove(force=True)
            self._container = None
        self._client.close()

    def last_words(self) -> str:
        lines = self._words.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


def sdk_errors() -> ModuleType:
    """`docker.errors`. Raises `SandboxError` where the SDK is not installed."""
    try:
        return importlib.import_module("docker.errors")
    except ImportError as error:
        hint = "Try: pip install 'pidistill-sandboxes[docker]'"
        raise SandboxError("The docker SDK is not installed.", hint) from error


def _create(client: DockerClient, image: str) -> Container:
    from docker.types import LogConfig

    user = unused_user() if os.geteuid() == 0 else 0x4000_0000 + os.getpid()
    api = client.api
    host = api.create_host_config(
        auto_remove=True,
        cap_drop=["ALL"],
        init=False,
        ipc_mode="private",
        log_config=LogConfig(type=LogConfig.types.NONE),  # or a flood of output would fill the host's disk
        mem_limit=MEMORY_BYTES,
        memswap_limit=MEMORY_BYTES,
        nano_cpus=min(4, os.cpu_count() or 1) * 1_000_000_000,
        network_mode="none",
        pids_limit=PROCESSES,
        read_only=True,
        security_opt=["no-new-privileges:true"],
        shm_size=_SHM_BYTES,
        tmpfs={"/tmp": f"size={TMP_BYTES},nr_inodes=4096,mode=1777,exec"},
    )
    host["MaskedPaths"] = [*_MASKED_BY_DOCKER, *_COUNTERS]
    made = api.create_container(
        image,
        ["python3", *PYTHON_FLAGS],
        environment=ENVIRONMENT,
        host_config=host,
        hostname="sandbox",
        labels={LABEL: str(os.getpid())},
        network_disabled=True,  # no network to lay, or the daemon would start itself once more for each container
        stdin_open=True,
        stop_signal="SIGKILL",  # process 1 listens to no other, and a daemon that stops would wait for it
        user=f"{user}:{user}",
        working_dir="/tmp",
    )
    return client.containers.get(made["Id"])
