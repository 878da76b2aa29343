"""A Ray cluster: the processes of `local`, dealt out by Ray to machines that see one store.

Ray says where there is room for what a cell needs; there, an actor starts the same process that runs cells on one
machine. So a cell runs by the same code, with the same number of threads, wherever it runs. An actor that is lost (its
process, or its machine) is a result like any other, and the driver decides whether the cell is tried again.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pidistill.errors import MissingDependencyError, UsageError
from pidistill.suite.executors.job import Job, Result
from pidistill.suite.executors.local import CHECK_MEMORY_S, environment
from pidistill.suite.executors.process import CellProcess
from pidistill.suite.file import Needs, Running

LOOK_EVERY_S = 5.0
"""How often Ray is asked how large the cluster is, in seconds: machines may join."""


class Slot:
    """What Ray runs: a place on some machine, with one process for cells at a time."""

    def __init__(self, needs: Needs, threads: str) -> None:
        self._needs, self._threads = needs, threads
        self._process: CellProcess | None = None

    def run(self, job: Job) -> Result:
        """Run a job to its end."""
        if not job.planned.config.store.is_dir():
            return Result(
                job, "failed", f"{socket.gethostname()} does not see the store {job.planned.config.store}. Keep it on "
                "a file system that all machines of the cluster share, with locks: --store DIR",
            )  # fmt: skip
        if self._process is not None and (self._process.closed or job.fresh or self._process.group != job.group):
            self._process.close()
            self._process = None
        if self._process is None:
            around = {**environment(self._needs), "OMP_NUM_THREADS": self._threads}
            self._process = CellProcess(job, around, self._needs.memory_mb)
        self._process.start(job)
        poll = select.poll()
        poll.register(self._process.fileno(), select.POLLIN)
        while True:
            result = self._process.result() if poll.poll(CHECK_MEMORY_S * 1000) else self._process.check_memory()
            if result is not None:
                return result


@dataclass
class _Actor:
    handle: Any
    group: str
    ran: int = 0
    job: Job | None = None


class RayExecutor:
    """Runs cells on a Ray cluster."""

    def __init__(self, running: Running, needs: Needs) -> None:
        """Raises `MissingDependencyError` without Ray, and `UsageError` where there is no cluster at the address."""
        try:
            import ray
        except ModuleNotFoundError:
            raise MissingDependencyError("ray", "ray", "The executor 'ray'") from None
        self._ray, self._running, self._needs = ray, running, needs
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(
                    address=running.address or None, include_dashboard=None if running.address else False,
                    log_to_driver=False, logging_level="ERROR",
                )  # fmt: skip
            except (ConnectionError, ValueError, RuntimeError) as error:
                where, why = running.address or "this machine", " ".join(str(error).split())
                raise UsageError(
                    f"No Ray cluster could be used at {where}: {why}",
                    "Start one (ray start --head), or name another: --address HOST:PORT",
                ) from error
        self._options: dict[str, Any] = {
            "num_cpus": needs.cpus, "num_gpus": needs.gpus or None, "max_restarts": 0,
            "memory": needs.memory_mb << 20 if needs.memory_mb else None,
        }  # fmt: skip
        self._threads = environment(needs)["OMP_NUM_THREADS"]
        self._actors: list[_Actor] = []
        self._refs: dict[Any, _Actor] = {}
        self._looked_at, self._room = 0.0, 0
        if not self.workers:
            wanted = ", ".join(f"{name} {value:g}" for name, value in needs.model_dump().items() if value)
            self.close()
            raise UsageError(f"The cluster has no room for what one cell needs ({wanted}).", "See: ray status")

    @property
    def workers(self) -> int:
        if not self._room or time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            self._room = _room(self._ray.cluster_resources(), self._needs)
        return min(self._room, self._running.workers) if self._running.workers else self._room

    def start(self, job: Job) -> bool:
        idle = [actor for actor in self._actors if actor.job is None]
        actor = next((actor for actor in idle if actor.group == job.group and not job.fresh), None)
        if actor is None:
            if len(self._actors) >= self.workers:
                if not idle:
                    return False
                self._end(idle[0])
            handle = self._ray.remote(Slot).options(**self._options).remote(self._needs, self._threads)
            actor = _Actor(handle, job.group)
            self._actors.append(actor)
        actor.job = job
        actor.ran += 1
        self._refs[actor.handle.run.remote(job)] = actor
        return True

    def wait(self, timeout_s: float) -> list[Result]:
        if not self._refs:
            return []
        refs = list(self._refs)
        ready, _ = self._ray.wait(refs, num_returns=1, timeout=timeout_s)
        if ready:  # whatever else is there by now
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        return [self._result(ref) for ref in ready]

    def close(self) -> None:
        for actor in list(self._actors):
            self._end(actor)
        self._refs = {}
        if self._ours:
            self._ray.shutdown()

    def _result(self, ref: Any) -> Result:
        actor = self._refs.pop(ref)
        job, actor.job = actor.job, None
        assert job is not None
        try:
            result: Result = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:  # what went wrong around the cell's process
            self._end(actor)
            return Result(job, "failed", " ".join(str(error).split())[-400:])
        except self._ray.exceptions.RayError as error:
            self._end(actor)
            reason = f"Its Ray worker was lost: {' '.join(str(error).split())[:300]}"
            return Result(job, "lost", reason, alone=actor.ran == 1)
        return result

    def _end(self, actor: _Actor) -> None:
        self._actors.remove(actor)
        self._ray.kill(actor.handle)


def _room(resources: Mapping[str, float], needs: Needs) -> int:
    """How many cells a cluster has room for."""
    limits = [int(resources.get("CPU", 0.0) / needs.cpus)]
    if needs.gpus:
        limits.append(int(resources.get("GPU", 0.0) / needs.gpus))
    if needs.memory_mb:
        limits.append(int(resources.get("memory", 0.0) / (needs.memory_mb << 20)))
    return min(limits)
