"""The `bubblewrap` sandbox: `bwrap` builds the room, everything unshared, and the same server runs in it.

bwrap is small, audited, and packaged everywhere. Started by root it runs as an unprivileged user, because limits on
processes do not bind root; an interpreter in root's home, which that user could not reach, is first shown to it
elsewhere, in a mount namespace that nobody else sees.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import ClassVar

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill_sandboxes.guest import ENVIRONMENT, HOST_PYTHON_FLAGS, ProcessGuest, host_python
from pidistill_sandboxes.inside.rooms import LINKS, NOBODY, interpreter_view
from pidistill_sandboxes.process import TMP_BYTES, unused_user
from pidistill_sandboxes.session import WarmSession

_DEVICES = ("null", "zero", "full", "random", "urandom")

_SHOW_AND_DROP = """
import ctypes, os, sys
source, shown, user, *command = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
check(libc.unshare(0x20000))
check(libc.mount(b"none", b"/", None, 0x44000, None))
check(libc.mount(b"tmpfs", os.path.dirname(shown).encode(), b"tmpfs", 6, b"size=64k,mode=755"))
os.mkdir(shown)
check(libc.mount(source.encode(), shown.encode(), None, 0x5000, None))
os.setgroups([])
os.setresgid(int(user), int(user), int(user))
os.setresuid(int(user), int(user), int(user))
os.execv(command[0], command)
"""
"""Root's part: show `source` at `shown`, become `user`, run bwrap. 0x20000 is the mount namespace, 0x44000 makes all
mounts private, 0x5000 binds with what is mounted below."""


class BubblewrapSandbox(Sandbox):
    """A warm interpreter in bubblewrap."""

    name: ClassVar[str] = "bubblewrap"

    def open(self) -> WarmSession:
        """A session. Raises `SandboxError` where bwrap is missing or may not make namespaces."""
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise SandboxError("bubblewrap is not installed.", "Try: apt-get install bubblewrap (or dnf, pacman, apk)")
        try:
            return WarmSession(
                lambda: ProcessGuest(_command(bwrap)), {"room": False, "veil": True, "scratch": ["/tmp"]}
            )
        except SandboxError as error:
            raise SandboxError(
                f"bubblewrap does not work here: {error.message}",
                "Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                "kernel.apparmor_restrict_unprivileged_userns), or try: --sandbox docker",
            ) from error

    def self_check(self) -> Mapping[str, bool]:
        """Protection -> whether it held when tried just now."""
        from pidistill_sandboxes.selfcheck import check

        return check(self)


def _command(bwrap: str) -> list[str]:
    prefix = os.path.realpath(sys.base_prefix)
    if os.geteuid() != 0:
        return _bwrap(bwrap, prefix)
    shown = next(f"{path}/python" for path in ("/mnt", "/media", "/run") if os.path.isdir(path))
    inner = _bwrap(bwrap, shown)
    return [host_python(), "-I", "-S", "-c", _SHOW_AND_DROP, prefix, shown, str(unused_user()), *inner]


def _bwrap(bwrap: str, prefix_source: str) -> list[str]:
    """The command line. `prefix_source`: where the interpreter's prefix is to be found by bwrap."""
    prefix, python = os.path.realpath(sys.base_prefix), host_python()
    view, masks = interpreter_view(prefix)
    line = [bwrap, "--unshare-all", "--die-with-parent", "--as-pid-1", "--new-session", "--hostname", "sandbox"]
    line += ["--uid", str(NOBODY), "--gid", str(NOBODY), "--cap-drop", "ALL", "--clearenv"]
    line += ["--cap-add", "CAP_SYS_ADMIN"]  # for the server to lay another /proc over this one, and then drop
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    for path in view:
        if os.path.islink(path):
            line += ["--symlink", os.readlink(path), path]
        else:
            source = prefix_source + path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
            line += ["--ro-bind", source, path]
    for path in masks:
        line += ["--tmpfs", path, "--remount-ro", path]
    for name in _DEVICES:
        line += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, target in LINKS.items():
        line += ["--symlink", target, f"/dev/{name}"]
    line += ["--symlink", "/tmp", "/dev/shm", "--proc", "/proc"]
    line += ["--size", str(TMP_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]
    return [*line, python, *HOST_PYTHON_FLAGS]
