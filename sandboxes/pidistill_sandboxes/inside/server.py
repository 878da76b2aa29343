"""Process 1 of a sandbox: keeps a process ready per program, passes bytes between it and the trusted side, ends it.

It reads nothing of what it passes on but lengths, keeps none of it (two buffers, wiped after each program, so that a
later program finds nothing of an earlier one in the memory it is forked from), and knows no tests. As process 1 of its
namespace it cannot be signalled from inside, and when a program ends it kills every other process there is.

Frames from the trusted side: one byte, a length in four bytes, content.
    S limits as JSON   start a program
    F batch            requests for it: flags in a byte (1: it may have them all at once, 2: end it after the last
                       answer), their number in four, unless all at once the size of each in four, the requests
    E                  end it
To the trusted side:
    R walls as JSON    ready, once              A bytes   of the program's answers    O, o bytes   of its output, errors
    X outcome as JSON  the program has ended: always exactly one for each S, asked for or not
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys

from pidistill_sandboxes.inside import channel, child, confine, rooms
from pidistill_sandboxes.inside.program import Run
from pidistill_sandboxes.inside.standby import Standby

_BUFFER_BYTES = 1 << 16
PRELOAD = (
    "array", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "heapq", "io", "itertools", "json", "math", "operator", "random", "re",
    "statistics", "string", "textwrap", "traceback", "typing",
)  # fmt: skip
"""Modules that programs import most, so that they need not be loaded again for each of them. Not `threading`, nor what
imports it: what it does in each forked process takes longer than importing it does in the few that need it."""


def main(config: dict) -> None:  # type: ignore[type-arg]
    """Build what walls the configuration asks for, say so, serve until the trusted side hangs up."""
    _preload()
    walls: dict[str, str] = {}
    try:
        if config["room"]:
            rooms.enter(config["view"], config["masks"], config["tmp_bytes"], config["outer_user"])
            walls["namespaces"] = ""
        _confine(walls, config["scratch"])
    except rooms.RoomError as error:
        channel.send_frame(b"R", json.dumps({"missing": error.missing}).encode())
        return
    except OSError as error:
        channel.send_frame(b"R", json.dumps({"missing": {"confinement": str(error)}}).encode())
        return
    child.rehearse()
    gc.collect()
    gc.freeze()
    channel.send_frame(b"R", json.dumps({"walls": walls, "python": sys.version.split()[0]}).encode())
    _serve(config["scratch"])


def _preload() -> None:
    """Load the modules, `random` without the hook that would seed it anew in each fork.

    That costs as much as half a fork, and verdicts must not differ from time to time.
    """
    register, os.register_at_fork = os.register_at_fork, lambda **_hooks: None
    try:
        importlib.import_module("random").seed(0)
    finally:
        os.register_at_fork = register
    for name in PRELOAD:
        importlib.import_module(name)


def _serve(scratch: list[str]) -> None:
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
            known, standby = limits, Standby(json.loads(limits), line.forget)
        standby.wait()
        run = Run(standby, line, outbox, scratch)
        run.serve()
        line.wipe()
        outbox[: run.used] = bytes(run.used)  # and no more: each page that is written to has to be copied
        standby = Standby(standby.limits, line.forget)


def _confine(walls: dict[str, str], scratch: list[str]) -> None:
    if os.getpid() != 1:
        raise OSError("the server is not process 1 of its namespace")
    for folder in scratch:
        if not os.path.ismount(folder):
            raise OSError(f"{folder}, which is emptied after each program, is not the sandbox's own")
        if not os.access(folder, os.W_OK):
            raise OSError(f"{folder} cannot be written to")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)  # for process 1 that means: signals from inside do not reach it
    os.chdir(scratch[0])
    confine.drop_capabilities()
    confine.no_new_privileges()
    confine.hide_memory()
    if os.getuid() == 0:
        raise OSError("the server is root, whom limits on processes do not bind")
    try:
        confine.landlock(scratch)
        walls["landlock"] = ""
    except OSError as error:
        walls["landlock"] = str(error)
    confine.seccomp()
    walls["seccomp"] = ""
