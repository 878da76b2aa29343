"""The messages between the trusted side and a guest: requests as they are sent, answers and outcomes as they are read.

What is sent is checked to be plain. What is read is believed to this extent: frames are the server's, their content is
the candidate's, and content that is no answer raises `WireError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, cast

from pidistill.sandbox import Answer, Call, Described, Kind, Limits, Plain, Raised
from pidistill_sandboxes.guest import LostError
from pidistill_sandboxes.inside import wire
from pidistill_sandboxes.inside.channel import OUTCOME

HEADER = struct.Struct("<cI")
LENGTH = struct.Struct("<I")
THEN_END, SCRIPT = 1, 2
"""Of a batch: end the program with its last answer; it is a script."""
_BATCH = struct.Struct("<BI")
_NO_ARGS = bytes(wire.encode(None))
_VALUE = bytes(wire.encode(("value", None, None)).removesuffix(2 * _NO_ARGS))
"""How an answer begins that is a value."""
TOO_LARGE = Described("an answer too large to be read")
_LONGEST_MESSAGE, _LONGEST_TRACEBACK = 2_000, 8_000

Request = tuple[str, tuple[Plain, ...], Mapping[str, Plain], bool]
"""A call as `inside.child` reads it: function, arguments, whether to return them."""


class Sent(NamedTuple):
    """A request on its way, and how many answers it will have."""

    data: bytes
    answers: int


def checked(calls: Sequence[Call]) -> list[Request]:
    """Raises `TypeError` for arguments that are not plain."""
    found: list[Request] = [(call.function, tuple(call.args), dict(call.kwargs), call.return_args) for call in calls]
    try:
        wire.check_plain([value for _, args, kwargs, _ in found for value in (*args, *kwargs, *kwargs.values())])
    except wire.WireError as error:
        if len(calls) > 1:  # say in which
            return [request for call in calls for request in checked([call])]
        raise TypeError(f"Arguments of {calls[0].function}: {error}") from error
    return found


def load_request(
    source: str, code: bytes | None, stdin: str | None = None, calls: Sequence[Request] = ()
) -> Sent:  # fmt: skip
    """Load `source`, of which `code` is what `compiling` has made, and make `calls`."""
    return Sent(framed((source, code, stdin, *calls)), 1 + len(calls))


def requests(source: str, code: bytes | None, calls: Sequence[Request], waits: Sequence[bool]) -> Iterator[Sent]:
    """Load and make the first call; then each with the one before it, or in a new request where it waits."""
    starts = [number for number, alone in enumerate(waits) if alone and number]
    yield load_request(source, code, None, calls[: starts[0] if starts else None])
    for start, end in pairwise((*starts, len(calls))):
        yield Sent(framed(tuple(calls[start:end])), end - start)


def framed(values: tuple[object, ...]) -> bytes:
    data = wire.pack(values)
    return LENGTH.pack(len(data)) + data


@lru_cache(maxsize=64)
def start_frame(limits: Limits) -> bytes:
    content = wire.pack((vars(limits),))
    return HEADER.pack(b"S", len(content)) + content


def preload_frame(modules: Sequence[tuple[str, bytes]], imports: Sequence[str]) -> bytes:
    """What the server is to load before it makes the next process."""
    content = wire.pack((list(modules), list(imports)))
    return HEADER.pack(b"P", len(content)) + content


def batch_frame(requests: Iterable[Sent], flags: int = 0) -> bytes:
    """Requests in one frame, as `inside.server` reads it."""
    data, answers = zip(*requests, strict=True)
    numbers = (number for pair in zip(map(len, data), answers, strict=True) for number in pair)
    head = _BATCH.pack(flags, len(data)) + struct.pack(f"<{2 * len(data)}I", *numbers)
    content = b"".join((head, *data))
    return HEADER.pack(b"F", len(content)) + content


def _described(type_name: str, content: object) -> Described:
    return Described(type_name, cast(Plain, content))


def read_answer(data: bytearray, seconds: float = 0.0) -> Answer:
    """What `inside.child` has written. Raises `WireError` for anything else."""
    if data.startswith(_VALUE) and data.endswith(_NO_ARGS):  # nearly all of them; a false friend is found out below
        try:
            return Answer(Kind.VALUE, cast(Plain, wire.decode(data[len(_VALUE) : -1], _described)), seconds=seconds)
        except wire.TooLargeError:
            return Answer(Kind.VALUE, TOO_LARGE, seconds=seconds)
        except wire.WireError:
            pass
    try:
        content = wire.decode(data, _described)
    except wire.TooLargeError:
        return Answer(Kind.VALUE, TOO_LARGE, seconds=seconds)
    match content:
        case ("value", value, None | tuple() as args):
            return Answer(Kind.VALUE, cast(Plain, value), None, args, seconds)
        case ("raised", str(name), str(message), str(lines)):
            told = name[: wire.MAX_NAME], message[:_LONGEST_MESSAGE], lines[:_LONGEST_TRACEBACK]  # its own cuts are its
            return Answer(Kind.RAISED, None, Raised(*told), None, seconds)
    raise wire.WireError("its shape is wrong")


class Ended(NamedTuple):
    """What the server says of a program that has ended, as `channel.OUTCOME` has it."""

    truncated: bool
    stale: bool
    status: int
    seconds: float
    reason: str
    note: str

    @classmethod
    def read(cls, content: bytes) -> Ended:
        """Raises `LostError` where it is malformed."""
        try:
            truncated, stale, status, seconds = OUTCOME.unpack_from(content)
            reason, note = content[OUTCOME.size :].decode("utf-8").split("\0")
            return cls(truncated, stale, status, seconds, reason, note)
        except (struct.error, ValueError) as error:
            raise LostError(f"The server inside says of a program's end what cannot be read: {error}") from error
