"""The folders that programs may write to: emptied and made as new before each fork, and what they would tell.

A folder itself outlives a program: its mode, times, attributes and access list, and, where its user is the program's,
all of these are the program's to set. So they are put back and looked at before the next program's process is made;
where that cannot be done the server ends, which is our trouble and never a program's. Two counters of the kernel cannot
be put back: that of process numbers and that of inode numbers. A program that has moved one of them leaves a number to
the next one, so `moved` says so, and the trusted side gives the next program a new sandbox.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import time

from pidistill_sandboxes.inside import census

_MODE = 0o1777
_TIME_NS = 10**18
"""When a folder was last read and written, as far as a program can see."""
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
_BLUR = 8
"""Numbers that are skipped at random between the runs of a script, which could count its runs by them."""
_NOWHERE = "/nowhere"  # and `random` is not imported here: its hook would seed it anew in each fork

_loads: list[int] = []
"""A descriptor of `/proc/loadavg`, which says of whoever reads it; kept, for it is read after each program."""


class Scratch:
    """The folders and the counters, as they were when they were last put back."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders
        self._serials = [-1] * len(folders)
        self._changed = [-1] * len(folders)
        """When each was last changed in any way, as the kernel says, whom nobody can make say otherwise."""

    def restore(self) -> None:
        """Empty the folders and make them as new. Raises `OSError` where that cannot be done."""
        for number, folder in enumerate(self.folders):
            _reset(folder)
            empty(folder)
            _reset(folder)
            self._serials[number], self._changed[number] = _serial(folder), os.stat(folder).st_ctime_ns

    def is_touched(self) -> bool:
        """Whether something has been made in one of the folders by name, or the folder itself been changed."""
        return [os.stat(folder).st_ctime_ns for folder in self.folders] != self._changed

    def look(self, files: int = 0) -> tuple[bool, bool]:
        """Whether the folders have been touched, and whether more files have been made than the `files` in the first
        one
        that were made for the program. Only once all of its processes are gone. Raises `OSError`."""
        touched = counted = False
        for number, folder in enumerate(self.folders):
            if os.stat(folder).st_ctime_ns != self._changed[number]:
                touched = True
                _reset(folder)
            before, self._serials[number] = self._serials[number], _serial(folder)
            counted |= self._serials[number] != before + 1 + (0 if number else files)
        return touched, counted

    def blur(self, most: int = _BLUR) -> None:
        """Skip a few numbers, so that nobody can tell how many runs there were before this one."""
        for _ in range(os.urandom(1)[0] % most):
            try:  # no page is copied for it, unlike in a fork
                os.posix_spawn(_NOWHERE, [_NOWHERE], {})
            except OSError:
                continue
        for _ in range(os.urandom(1)[0] % most):
            _serial(self.folders[0])


def last_pid() -> int:
    """The number of the process or thread that was made last in this namespace."""
    if not _loads:
        _loads.append(census.opened("loadavg"))
    return int(os.pread(_loads[0], 100, 0).split()[-1])


def _serial(folder: str) -> int:
    """The number of an inode that is made now."""
    fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    try:
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def _reset(folder: str) -> None:
    found = os.stat(folder)
    if found.st_uid != os.getuid():  # nor is it the program's
        return
    if stat.S_IMODE(found.st_mode) != _MODE:
        os.chmod(folder, _MODE)
    for name in os.listxattr(folder):
        os.removexattr(folder, name)
    fd = os.open(folder, os.O_RDONLY)
    try:
        flags = struct.unpack("l", fcntl.ioctl(fd, _GET_FLAGS, struct.pack("l", 0)))[0]
        if flags:
            fcntl.ioctl(fd, _SET_FLAGS, struct.pack("l", 0))
    except OSError:  # a kernel whose file systems in memory have no flags
        pass
    finally:
        os.close(fd)
    if (found.st_atime_ns, found.st_mtime_ns) != (_TIME_NS, _TIME_NS):
        os.utime(folder, ns=(_TIME_NS, _TIME_NS))


def empty(folder: str) -> None:
    """Remove all that is in `folder`. What lies deep is first moved up, so no depth is too deep."""
    serial = 0
    while True:
        with os.scandir(folder) as entries:
            found = list(entries)
        if not found:
            return
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for name in os.listdir(entry.path):
                inner = os.path.join(entry.path, name)
                if os.path.isdir(inner) and not os.path.islink(inner):
                    os.chmod(inner, 0o700)
                    serial += 1
                    os.rename(inner, os.path.join(folder, f".{serial}.{time.monotonic_ns()}"))
                else:
                    os.unlink(inner)
            os.rmdir(entry.path)
