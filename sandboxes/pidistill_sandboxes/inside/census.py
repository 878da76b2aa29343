"""A program's processes, as `/proc` shows them to process 1: all there are but itself."""

from __future__ import annotations

import os

_PAGE_BYTES, _TICKS_PER_S = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_TIMES, _THREADS = slice(10, 14), 16
"""Where `/proc/<pid>/stat` has the four processor times and the number of threads, counted from its fourth field."""


def processes() -> list[int]:
    """Their numbers."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def resident() -> tuple[int, int]:
    """(bytes that are theirs alone or shared among them, how many they are). Shared bytes count for each."""
    total, count = 0, 0
    for pid in processes():
        try:
            with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
                fields = file.read(200).split()
        except OSError:
            continue
        total += (int(fields[1]) - int(fields[2])) * _PAGE_BYTES
        count += 1
    return total, count


def cpu_s() -> float:
    """Processor seconds of them all, the dead ones that were waited for among them."""
    return sum(sum(_fields(pid)[_TIMES]) for pid in processes()) / _TICKS_PER_S


def threads(pid: int) -> int:
    """How many it has; 0 where it is gone."""
    return _fields(pid)[_THREADS]


def is_running(pid: int) -> bool:
    """Whether it runs, or waits for nothing but a processor."""
    return _stat(pid).startswith(b"R")


def _fields(pid: int) -> list[int]:
    """`/proc/<pid>/stat` from the fourth field on; zeros where the process is gone."""
    return [int(field) for field in _stat(pid).split()[1:]] or [0] * 50


def _stat(pid: int) -> bytes:
    """`/proc/<pid>/stat` from the third field, the state, on; empty where the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return file.read(1000).rpartition(b") ")[2]
    except OSError:
        return b""
