"""Processes of this machine, as many as cores, GPUs and memory allow.

A process runs the cells of one group one after another, so that their model is opened once. One that dies takes with it
the cell that it was in, and no other.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from pathlib import Path

from pidistill.errors import UsageError
from pidistill.suite.executors.job import Job, Result
from pidistill.suite.executors.process import CellProcess
from pidistill.suite.file import Needs, Running

CHECK_MEMORY_S = 0.25
GPUS = "CUDA_VISIBLE_DEVICES"


class LocalExecutor:
    """Runs cells in processes of this machine."""

    def __init__(self, running: Running, needs: Needs) -> None:
        """Raises `UsageError` where this machine does not have what one cell needs."""
        self._needs = needs
        self._gpus = visible_gpus() if needs.gpus else []
        self._limit = room_for(running, needs, self._gpus)
        self._processes: list[CellProcess] = []
        self._gpus_of: dict[int, list[str]] = {}

    @property
    def workers(self) -> int:
        return self._limit

    def start(self, job: Job) -> bool:
        idle = [process for process in self._processes if process.job is None]
        same = [process for process in idle if process.group == job.group]
        if same and not job.fresh:
            same[0].start(job)
            return True
        if len(self._processes) >= self._limit:
            if not idle:
                return False
            self._end(idle[0])
        gpus = self._gpus[: int(self._needs.gpus)]
        process = CellProcess(job, environment(self._needs, gpus), self._needs.memory_mb)
        self._gpus_of[process.pid], self._gpus = gpus, self._gpus[len(gpus) :]
        self._processes.append(process)
        process.start(job)
        return True

    def wait(self, timeout_s: float) -> list[Result]:
        limit_s = min(timeout_s, CHECK_MEMORY_S) if self._needs.memory_mb else timeout_s
        poll = select.poll()  # select() cannot take descriptors above 1023
        busy = {process.fileno(): process for process in self._processes if process.job is not None}
        for fd in busy:
            poll.register(fd, select.POLLIN)
        ready = [busy[fd] for fd, _ in poll.poll(limit_s * 1000)]
        results = [result for process in ready if (result := process.result()) is not None]
        results += [result for process in busy.values() if (result := process.check_memory()) is not None]
        for process in [process for process in self._processes if process.closed]:
            self._end(process)
        return results

    def close(self) -> None:
        for process in list(self._processes):
            self._end(process)

    def _end(self, process: CellProcess) -> None:
        process.close()
        self._processes.remove(process)
        self._gpus += self._gpus_of.pop(process.pid)


def room_for(running: Running, needs: Needs, gpus: Sequence[str]) -> int:
    """How many cells this machine has room for. Raises `UsageError` where it is none."""
    memory_mb = running.memory_mb or _machine_mb()
    if needs.gpus != int(needs.gpus):
        raise UsageError(f"needs.gpus = {needs.gpus:g}: one machine hands out whole GPUs.", "Share them with Ray.")
    if needs.gpus > len(gpus):
        raise UsageError(
            f"A cell needs {needs.gpus:g} GPUs (needs.gpus), and this machine shows {len(gpus)}.",
            "See: pidistill doctor. Or run where they are: --executor ray",
        )
    if needs.memory_mb > memory_mb:
        raise UsageError(
            f"A cell needs {needs.memory_mb:,} MiB (needs.memory_mb), and there are {memory_mb:,} for all of them.",
            "Lower needs.memory_mb, or raise run.memory_mb.",
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [running.workers or max(1, int(cores / needs.cpus))]
    limits += [len(gpus) // int(needs.gpus)] if needs.gpus else []
    limits += [memory_mb // needs.memory_mb] if needs.memory_mb else []
    return min(limits)


def environment(needs: Needs, gpus: Sequence[str] = ()) -> dict[str, str]:
    """What a cell's process finds around it: as many threads as it needs cores, wherever it runs, and its GPUs."""
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, int(needs.cpus)))
    return {**os.environ, "OMP_NUM_THREADS": threads, **({GPUS: ",".join(gpus)} if gpus else {})}


def visible_gpus() -> list[str]:
    """The GPUs that processes started here may use, by the names that CUDA gives them."""
    if (told := os.environ.get(GPUS)) is not None:
        return [name.strip() for name in told.split(",") if name.strip()]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


def _machine_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
