"""The server's memory, made cheap to fork: little of it, and what there is inherited rather than met fault by fault.

A fork copies the page table entry of every page that is in use, and every page that either side writes to afterwards is
copied when it is first written to. Together that is about half of what a short program costs.
"""

from __future__ import annotations

import ctypes
import gc

_READ, _WRITE, _EXECUTE = 1, 2, 4
"""Protections of `mprotect`."""


def tidy() -> None:
    """Leave as little as can be that a fork would have to map, or the garbage collector to look at."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
    if trim is not None:
        trim(0)
    gc.freeze()


def hand_on_code() -> None:
    """Have forks inherit the page table entries of the interpreter's and the C library's code and constants.

    The kernel copies those of a file's mapping only where one of its pages has been written to. So one byte is, with
    what it holds already; without, each program would take a fault for every few pages of code that it runs. Where that
    is not allowed, it stays so.
    """
    try:
        mappings = _mappings()
    except OSError:
        return
    libc = ctypes.CDLL(None)
    known = [ctypes.cast(function, ctypes.c_void_p).value for function in (ctypes.pythonapi.Py_IncRef, libc.malloc)]
    files = {file for start, end, _, file in mappings if any(start <= address < end for address in known if address)}
    for start, end, rights, file in mappings:
        if file not in files or rights not in ("r--p", "r-xp"):
            continue
        span = ctypes.c_void_p(start), ctypes.c_size_t(end - start)
        before = _READ | (_EXECUTE if "x" in rights else 0)
        if libc.mprotect(*span, before | _WRITE) == 0:
            byte = ctypes.c_char.from_address(start)
            byte.value = byte.value
            libc.mprotect(*span, before)


def _mappings() -> list[tuple[int, int, str, str]]:
    """Start, end, rights and file of each mapping of a file."""
    found = []
    with open("/proc/self/maps") as file:
        for line in file:
            span, rights, _offset, _device, _inode, *path = line.split(maxsplit=5)
            if path and path[0].startswith("/"):
                start, end = (int(number, 16) for number in span.split("-"))
                found.append((start, end, rights, path[0].rstrip()))
    return found
