"""Length-prefixed pickle frames, the language between the pool and its workers.

A frame is an 8-byte little-endian length and a pickle. Pickle rather than JSON because it carries every Python string
as it is (lone surrogates, NUL bytes, megabytes) and costs about a microsecond per verdict. The host reads frames with
an unpickler that refuses every global, so what a worker sends can only ever be plain values: numbers, strings, lists.
"""

from __future__ import annotations

import io
import pickle
import struct
from typing import BinaryIO

_LENGTH = struct.Struct("<Q")


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        raise pickle.UnpicklingError(f"a frame may only hold plain values, not {module}.{name}")


def encode(value: object) -> bytes:
    """`value` as one frame. Raises what pickle raises for what it cannot carry."""
    body = pickle.dumps(value, protocol=5)
    return _LENGTH.pack(len(body)) + body


def decode_plain(body: bytes) -> object:
    """The plain value in a frame's body. Raises `pickle.UnpicklingError` for what names a class or function."""
    return _PlainUnpickler(io.BytesIO(body)).load()


class FrameBuffer:
    """Cuts a byte stream that arrives in pieces into frame bodies."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """Take `piece`; return the bodies that are complete now, in order."""
        pending = self._pending
        pending += piece
        bodies, start = [], 0
        while len(pending) - start >= _LENGTH.size:
            body = start + _LENGTH.size
            (length,) = _LENGTH.unpack_from(pending, start)
            if len(pending) - body < length:
                break
            bodies.append(bytes(pending[body : body + length]))
            start = body + length
        if start:
            del pending[:start]
        return bodies


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body from a blocking stream, or None at its end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
