"""The server's line to the trusted side: frames on descriptors 0 and 1. Where it is cut, the server ends.

What comes in is read into one buffer, as much as is there at a time, and passed on out of it. The memory of the server
is what the next program is forked from, and a buffer is the part of it that a fork does not have: not to be wiped for
each program, nor to be copied.
"""

from __future__ import annotations

import mmap
import os
import struct

_HEADER = struct.Struct("<cI")
HEAD_BYTES = _HEADER.size
TRUSTED_IN, _TRUSTED_OUT = 0, 1
OUTCOME = struct.Struct("<??id")
"""How a program has ended: whether output was lost, whether the next one would find traces of it, exit status if it
exited, own seconds. After it come two texts with a zero byte between them: reason and note."""


def buffer(size: int) -> mmap.mmap:
    """Memory for `size` bytes that is not there in a fork. Raises `OSError` where the kernel cannot see to that."""
    made = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made.madvise(mmap.MADV_DONTFORK)
    return made


class Line:
    """The incoming half: a position in a buffer."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory, self._buffer = memory, memoryview(memory)
        self._start = 0
        self.held = 0
        """Bytes that are here already."""

    def fill(self) -> None:
        """Read what there is, as far as there is room. Waits for at least a byte."""
        if self._start:
            self._memory.move(0, self._start, self.held)
            self._start = 0
        count = os.readv(TRUSTED_IN, [self._buffer[self.held :]])
        if count == 0:
            os._exit(0)
        self.held += count

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        parts = []
        while size:
            if not self.held:
                self.fill()
            piece = bytes(self.peek(size))
            self.advance(len(piece))
            parts.append(piece)
            size -= len(piece)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def header(self) -> tuple[bytes, int]:
        """Kind and size of the next frame."""
        kind, size = _HEADER.unpack(self.read(HEAD_BYTES))
        return kind, size

    def peek(self, most: int) -> memoryview:
        """What is held, at most `most` bytes, without taking it. Good until the next `fill`."""
        return self._buffer[self._start : self._start + min(self.held, most)]

    def advance(self, count: int) -> None:
        """Take `count` of the bytes that are held."""
        self.held -= count
        self._start = self._start + count if self.held else 0

    def skip(self, size: int) -> None:
        """Read `size` bytes and forget them."""
        while size:
            if not self.held:
                self.fill()
            count = min(size, self.held)
            self.advance(count)
            size -= count


def head(kind: bytes, size: int) -> bytes:
    """The head of a frame."""
    return _HEADER.pack(kind, size)


def send(*parts: bytes | bytearray | memoryview) -> None:
    """Write all of `parts`."""
    waiting = list(parts)
    while waiting:
        try:
            count = os.writev(_TRUSTED_OUT, waiting)
        except BrokenPipeError:
            os._exit(0)
        while waiting and count >= len(waiting[0]):
            count -= len(waiting.pop(0))
        if waiting:
            waiting[0] = memoryview(waiting[0])[count:]


def send_frame(kind: bytes, content: bytes | bytearray | memoryview) -> None:
    """One frame."""
    send(head(kind, len(content)), content)
