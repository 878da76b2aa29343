"""The server inside: has a process ready per program, passes bytes between it and the trusted side, ends it.

It reads nothing of what it passes on but lengths, and knows no tests. Programs are forked from the zygote, process 1,
and not from it, so what it has in memory reaches none of them. They cannot signal it. When a program ends it has every
process killed but the zygote and itself.

Frames from the trusted side: one byte, a length in four bytes, content.
    S limits           start a program
    F batch            requests for it: flags in a byte (1: it may have them all at once, 2: end it after the last
                       answer), the number of answers in four, unless all at once the size of each in four, the requests
    E                  end it
To the trusted side:
    R walls            ready, once              A bytes   of the program's answers    O, o bytes   of its output, errors
    X outcome          the program has ended: always exactly one for each S, asked for or not
"""

from __future__ import annotations

from typing import NoReturn

from pidistill_sandboxes.inside import channel, wire
from pidistill_sandboxes.inside.program import Run
from pidistill_sandboxes.inside.standby import Standby, Zygote

_BUFFER_BYTES = 1 << 16


def serve(zygote: Zygote, scratch: list[str]) -> NoReturn:
    """Run one program after another; ends the process when the trusted side hangs up. `scratch`: writable folders."""
    line = channel.Line(memoryview(bytearray(_BUFFER_BYTES)))
    outbox = memoryview(bytearray(_BUFFER_BYTES))
    known: bytes = b""
    standby: Standby | None = None
    while True:
        kind, size = line.header()
        if kind != b"S":  # the end of, or a request to, a program that has just ended by itself
            line.skip(size)
            continue
        limits = line.read(size)
        if standby is not None and limits != known:
            standby.discard()
            standby = None
        if standby is None:
            known, standby = limits, Standby(zygote, wire.unpack(limits)[0])
        standby.wait()
        Run(standby, line, outbox, scratch).serve()
        standby = Standby(zygote, standby.limits)
