"""A program's processes, as `/proc` shows them to process 1: all there are but itself.

Process 1 keeps the `/proc` that it began with. Programs get one that shows them themselves and no counter of the
kernel's (`rooms.veil`), or, where none can be mounted, one with these counters masked.
"""

from __future__ import annotations

import os

_PAGE_BYTES, _TICKS_PER_S = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_TIMES, _THREADS = slice(10, 14), 16
"""Where `/proc/<pid>/stat` has the four processor times and the number of threads, counted from its fourth field."""


_folder: list[int] = []
"""A descriptor of that `/proc`. The process that runs a program closes it before all else."""


def begin(folder: str = "/proc") -> None:
    """Keep what is there now."""
    if not _folder:
        _folder.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def opened(name: str) -> int:
    """A descriptor of a file in it. Raises `OSError`."""
    return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=_folder[0])


def processes() -> list[int]:
    """Their numbers."""
    return [int(name) for name in os.listdir(_folder[0]) if name.isdigit() and name != "1"]


def resident() -> tuple[int, int]:
    """(bytes that are theirs alone or shared among them, how many they are). Shared bytes count for each."""
    total, count = 0, 0
    for pid in processes():
        fields = _read(f"{pid}/statm").split()
        if not fields:
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
    return _read(f"{pid}/stat").rpartition(b") ")[2]


def _read(name: str) -> bytes:
    """The beginning of a file; nothing where it is gone."""
    try:
        fd = opened(name)
    except OSError:
        return b""
    try:
        return os.read(fd, 1000)
    except OSError:
        return b""
    finally:
        os.close(fd)
