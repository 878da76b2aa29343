"""Process 1 of a sandbox: keeps a process ready per program, passes bytes between it and the trusted side, ends it.

It reads nothing of what it passes on but lengths, holds it in two buffers that no fork has (so a later program finds
nothing of an earlier one in the memory it is forked from), and knows no tests. As process 1 of its namespace it cannot
be signalled from inside, and when a program ends it kills every other process there is.

Frames from the trusted side: one byte, a length in four bytes, content.
    S limits           start a program
    F batch            requests for it: flags in a byte (1: end it after the last answer, 2: it is a script whose
                       input is a file), in four bytes each their number, of each its size and the number of its
                       answers, the requests
    E                  end it
    P modules          between programs: load modules of the trusted side's, and some of the library's, for later ones
To the trusted side:
    R walls            ready, once              A bytes   of the program's answers    O, o bytes   of its output, errors
    X outcome          the program is killed: always exactly one for each S, asked for or not
"""

from __future__ import annotations

import importlib
import marshal
import os
import signal
import sys
import types
from _frozen_importlib_external import MAGIC_NUMBER

from pidistill_sandboxes.inside import census, channel, child, confine, memory, rooms, wire
from pidistill_sandboxes.inside.program import Run
from pidistill_sandboxes.inside.scratch import Scratch, last_pid
from pidistill_sandboxes.inside.standby import Limits, Standby

_BUFFER_BYTES = 1 << 16
_FIRST_BLUR = 32


def main(config: dict) -> None:  # type: ignore[type-arg]
    """Build what walls the configuration asks for, say so, serve until the trusted side hangs up."""
    os.environ.pop("LD_BIND_NOW", None)  # which this process has: its forks find every function where they look
    child.add_quitters()
    child.bound_stacks()
    walls: dict[str, str] = {}
    try:
        if config["room"]:
            rooms.enter(config["view"], config["masks"], config["tmp_bytes"], config["outer_user"])
            walls["namespaces"] = ""
        elif config["veil"]:
            rooms.veil()
        census.begin()
        _confine(walls, config["scratch"])
    except rooms.RoomError as error:
        channel.send_frame(b"R", wire.encode({"missing": error.missing}))
        return
    except OSError as error:
        channel.send_frame(b"R", wire.encode({"missing": {"confinement": str(error)}}))
        return
    child.rehearse()
    memory.tidy()
    memory.hand_on_code()
    report = {"walls": walls, "python": sys.version.split()[0], "bytecode": MAGIC_NUMBER}
    channel.send_frame(b"R", wire.encode(report))
    _serve(config["scratch"])


def _serve(scratch: list[str]) -> None:
    line = channel.Line(channel.buffer(_BUFFER_BYTES))
    outbox = memoryview(channel.buffer(_BUFFER_BYTES))
    known: bytes = b""
    standby: Standby | None = None
    folders = Scratch(scratch)
    folders.blur(_FIRST_BLUR)
    folders.restore()
    while True:
        kind, size = line.header()
        if kind == b"P":
            if standby is not None:
                standby.discard()
                standby = None
            _load(*wire.unpack(line.read(size)))
            continue
        if kind != b"S":  # the end of, or a request to, a program that has just ended by itself
            line.skip(size)
            continue
        limits = line.read(size)
        if standby is not None and limits != known:
            standby.discard()
            standby = None
        if standby is None:
            known, standby = limits, Standby(Limits(wire.unpack(limits)[0]))
        standby.wait()
        run = Run(standby, line, outbox, folders)
        run.serve()
        standby.reap()
        touched, counted = folders.look(int(run.script))
        if not run.stale and (counted or last_pid() != standby.pid):
            return  # the next one would find a number that is not its own: with a new server it does not
        if run.script:
            folders.blur()
        if touched or run.script:
            folders.restore()  # where this fails the server ends, so that no program finds what another has left
        standby = Standby(standby.limits)


def _load(modules: list[tuple[str, bytes]], imports: list[str]) -> None:
    """Load modules as `preload_frame` has them, those that are not there yet."""
    for name in imports:
        importlib.import_module(name)
    for name, code in modules:
        if name not in sys.modules:
            module = sys.modules[name] = types.ModuleType(name)
            module.__path__ = []
            exec(marshal.loads(code), module.__dict__)
    memory.tidy()


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
