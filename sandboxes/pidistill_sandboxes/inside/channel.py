"""The server's line to the trusted side: frames on descriptors 0 and 1. Where it is cut, the server ends."""

from __future__ import annotations

import os
import struct

_HEADER = struct.Struct("<cI")
_TRUSTED_IN, _TRUSTED_OUT = 0, 1


def take(buffer: memoryview) -> int:
    """What there is, up to the buffer's size. Waits for at least a byte."""
    count = os.readv(_TRUSTED_IN, [buffer])
    if count == 0:
        os._exit(0)
    return count


def read(size: int) -> bytearray:
    """Exactly `size` bytes."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        view = view[take(view) :]
    return data


def header() -> tuple[bytes, int]:
    """Kind and size of the next frame."""
    kind, size = _HEADER.unpack(read(_HEADER.size))
    return kind, size


def skip(size: int, buffer: memoryview) -> None:
    """Read `size` bytes and forget them."""
    while size:
        size -= take(buffer[: min(size, len(buffer))])


def send(kind: bytes, content: bytes | memoryview) -> None:
    """One frame."""
    waiting = [memoryview(_HEADER.pack(kind, len(content))), memoryview(content)]
    while waiting:
        try:
            count = os.writev(_TRUSTED_OUT, waiting)
        except BrokenPipeError:
            os._exit(0)
        while waiting and count >= len(waiting[0]):
            count -= len(waiting.pop(0))
        if waiting:
            waiting[0] = waiting[0][count:]
