"""Claims: processes that work on one store at the same time never make one key twice.

A process claims what it is about to make, makes it, writes it down, and lets go. What another one has claimed it waits
for, and takes it from the store then. A claim is a lock on one byte of a file in `claims/`, at the place that the key's
hash says: it dies with its process, so that nothing has to be cleaned up after a kill.

Rules that keep this free of deadlock and of surprises: nobody waits while holding; all keys of one `take` are tried
behind one gate, so that of two processes that want the same keys at the same time one gets all of them, and batches are
formed as if they had run one after the other. Threads, and stores opened twice in one process, are told apart by a
table, since the operating system's locks belong to processes.
"""

from __future__ import annotations

import errno
import fcntl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from pidistill.store.files import writing

FILES = 16
"""Files that the locks are spread over: in one file their cost would grow with the square of their number."""
POLL_S = 0.02
"""How often it is looked whether a claim has been let go, at first, in seconds."""
MAX_POLL_S = 0.25

_GATE = 1 << 62


class _Folder:
    """The lock files of one folder, opened once in a process: closing one anywhere would drop the locks of all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[int, FileIO] = {}
        self.held: dict[str, object] = {}
        self.users = 0
        self.mutex = threading.Lock()

    def lock(self, key: str) -> bool:
        """Try to lock `key`; False where another process has it. Call with `mutex` held."""
        return self._try(int(key[:2], 16) % FILES, int(key[2:17], 16))

    def unlock(self, key: str) -> None:
        fcntl.lockf(self._file(int(key[:2], 16) % FILES), fcntl.LOCK_UN, 1, int(key[2:17], 16))

    @contextmanager
    def gate(self) -> Iterator[None]:
        """One taker at a time, of all processes."""
        with self.mutex:
            fcntl.lockf(self._file(0), fcntl.LOCK_EX, 1, _GATE)
            try:
                yield
            finally:
                fcntl.lockf(self._file(0), fcntl.LOCK_UN, 1, _GATE)

    def close(self) -> None:
        for file in self.files.values():
            file.close()
        self.files = {}

    def _try(self, number: int, offset: int) -> bool:
        try:
            fcntl.lockf(self._file(number), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise
        return True

    def _file(self, number: int) -> FileIO:
        if number not in self.files:
            if not self.files:
                self.path.mkdir(parents=True, exist_ok=True)
            self.files[number] = FileIO(self.path / f"{number:02}", "a+")
        return self.files[number]


_FOLDERS: dict[Path, _Folder] = {}
_FOLDERS_MUTEX = threading.Lock()


class Claims:
    """The claims of one open store. Keys are 32 hexadecimal digits."""

    def __init__(self, folder: Path) -> None:
        self._path = folder
        self._folder: _Folder | None = None
        self._mine: set[str] = set()

    def take(self, keys: Iterable[str]) -> tuple[list[str], list[str]]:
        """Claim what is free of `keys`: (mine, others'). Look into the log once more before making what is mine."""
        folder, mine, others = self._open(), list[str](), list[str]()
        try:
            with writing(self._path), folder.gate():
                for key in dict.fromkeys(keys):
                    assert key not in self._mine, f"claimed already: {key}"
                    free = key not in folder.held and folder.lock(key)
                    (mine if free else others).append(key)
                    if free:
                        folder.held[key] = self
                        self._mine.add(key)
        except BaseException:
            self.release(mine)
            raise
        return mine, others

    def release(self, keys: Iterable[str] | None = None) -> None:
        """Let go of `keys`, or of all. What was made of them must stand in the store by now."""
        folder = self._open()
        with folder.mutex:
            for key in self._mine.intersection(self._mine if keys is None else keys):
                folder.unlock(key)
                folder.held.pop(key, None)
                self._mine.discard(key)

    def wait(self, keys: Iterable[str], on_wait: Callable[[int], None] | None = None) -> None:
        """Return when nobody holds any of `keys`. `on_wait` hears how many are left, each time that it changes.

        What a process that was killed had claimed is free at once, and not made.
        """
        assert not self._mine, "nobody waits while holding"
        folder, left, pause, told = self._open(), list(dict.fromkeys(keys)), POLL_S, -1
        while True:
            with writing(self._path), folder.mutex:
                while left and self._is_free(folder, left[-1]):
                    left.pop()
            if not left:
                return
            if on_wait is not None and len(left) != told:
                on_wait(told := len(left))
            time.sleep(pause)
            pause = min(pause * 1.2, MAX_POLL_S)

    def close(self) -> None:
        """Let go of everything."""
        if self._folder is None:
            return
        self.release()
        with _FOLDERS_MUTEX:
            self._folder.users -= 1
            if not self._folder.users:
                self._folder.close()
                _FOLDERS.pop(self._folder.path, None)
            self._folder = None

    def _open(self) -> _Folder:
        if self._folder is None:
            path = self._path.resolve()
            with _FOLDERS_MUTEX:
                self._folder = _FOLDERS.setdefault(path, _Folder(path))
                self._folder.users += 1
        return self._folder

    @staticmethod
    def _is_free(folder: _Folder, key: str) -> bool:
        if key in folder.held:
            return False
        if not folder.lock(key):
            return False
        folder.unlock(key)
        return True
