"""The beginning: the first process inside builds the walls, forks the server, and becomes the zygote.

It loads what programs use before that, so that each of them is forked with it. What only the server needs is loaded by
the server: the less the zygote has in memory, the less there is to map for each program.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
from typing import NoReturn

from pidistill_sandboxes.inside import child, confine, rooms, wire, zygote

PRELOAD = (
    "bisect", "collections", "copy", "functools", "heapq", "itertools", "math", "operator", "random", "re", "string",
    "typing",
)  # fmt: skip
"""Modules that programs import most. Each costs every fork a little, so those that few programs import are not here;
nor is `threading`, nor what imports it, whose work in a forked process takes longer than importing it."""


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
        _report({"missing": error.missing})
    except OSError as error:
        _report({"missing": {"confinement": str(error)}})
    else:
        child.rehearse()
        _tidy()
        _part(walls, config["scratch"])


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


def _confine(walls: dict[str, str], scratch: list[str]) -> None:
    if os.getpid() != 1:
        raise OSError("the sandbox does not begin with process 1 of its namespace")
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
        raise OSError("the sandbox would run as root, whom limits on processes do not bind")
    try:
        confine.landlock(scratch)
        walls["landlock"] = ""
    except OSError as error:
        walls["landlock"] = str(error)
    confine.seccomp()
    walls["seccomp"] = ""


def _tidy() -> None:
    """Leave as little as can be that a fork would have to map, or the garbage collector to look at."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
    if trim is not None:
        trim(0)
    gc.freeze()


def _part(walls: dict[str, str], scratch: list[str]) -> NoReturn:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = os.fork()
    if number:
        ours.close()
        sys.meta_path.pop(0)  # programs get none of our modules
        zygote.run(theirs, number)
    theirs.close()
    os.setpgid(0, 0)
    from pidistill_sandboxes.inside import server
    from pidistill_sandboxes.inside.standby import Zygote

    line = Zygote(ours)
    _report({"walls": walls, "python": sys.version.split()[0]})
    server.serve(line, scratch)


def _report(report: dict[str, object]) -> None:
    """The first frame, as `server` has it."""
    from pidistill_sandboxes.inside import channel

    channel.send_frame(b"R", wire.encode(report))
