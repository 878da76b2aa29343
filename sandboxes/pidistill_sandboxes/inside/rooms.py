"""The room of the process sandbox: new namespaces, and a root file system that holds an interpreter and nothing else.

The process that calls `enter` stays outside as the room's doorkeeper, which the trusted side can kill; its child,
process 1 inside, returns. Nothing is mounted in the host's view, so nothing has to be unmounted: the kernel takes all
of it away with the last process.

Started by root, it first maps an unprivileged user, which process 1 becomes: limits on processes do not bind root.
Bubblewrap and Docker build their rooms themselves.
"""

from __future__ import annotations

import ctypes
import glob
import os
import struct

from pidistill_sandboxes.inside import census, confine

_libc = ctypes.CDLL(None, use_errno=True)

NOBODY = 65534
"""The user inside."""
_NEW_NS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_NAMESPACES = {
    "user namespace": _NEW_USER,
    "mount namespace": _NEW_NS,
    "process namespace": _NEW_PID,
    "network namespace": _NEW_NET,
    "IPC namespace": _NEW_IPC,
    "host name namespace": _NEW_UTS,
    "cgroup namespace": _NEW_CGROUP,
}
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD = 442, 0x8000, -100
_DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
"""In `/dev`, for programs that open their input by name."""


class RoomError(OSError):
    """What could not be had: `missing` is protection -> reason."""

    def __init__(self, missing: dict[str, str]) -> None:
        super().__init__("; ".join(f"{what}: {why}" for what, why in missing.items()))
        self.missing = missing


def probe() -> dict[str, str]:
    """Namespaces that this process may not make -> reason. Tries each in a child of its own, on top of a user one."""
    missing = {}
    for name, flag in _NAMESPACES.items():
        child = os.fork()
        if child == 0:
            flags = flag if os.geteuid() == 0 else flag | _NEW_USER
            os._exit(0 if _libc.unshare(flags) == 0 else ctypes.get_errno() or 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            missing[name] = os.strerror(status)
    return missing


def enter(view: list[str], masks: list[str], tmp_bytes: int, outer_user: int) -> None:
    """Come back as process 1 of a new room, as an unprivileged user that still has the room's capabilities.

    `view`: paths shown read-only under their own names; `masks`: directories in them shown empty. `outer_user` is whom
    a root caller becomes, as seen from the host. Raises `RoomError` or `OSError`.
    """
    _new_namespaces(outer_user)
    child = os.fork()
    if child:
        os.close(0)
        os.close(1)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    confine.die_with_parent()
    _build_root(view, masks, tmp_bytes)
    _libc.sethostname(b"sandbox", 7)
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        confine.die_with_parent()  # the change of user has cancelled it


def _new_namespaces(outer_user: int) -> None:
    uid, gid = os.geteuid(), os.getegid()
    pid = os.getpid()
    ready_r, ready_w = os.pipe()
    mapper = 0
    if uid == 0:
        # Only a process outside may map several users, so that one is forked before the namespace is made.
        mapper = os.fork()
        if mapper == 0:
            os.close(ready_w)
            os.read(ready_r, 1)
            status = 0
            try:
                _write(f"/proc/{pid}/uid_map", f"0 0 1\n{NOBODY} {outer_user} 1\n")
                _write(f"/proc/{pid}/gid_map", f"0 0 1\n{NOBODY} {outer_user} 1\n")
            except OSError as error:
                status = error.errno or 1
            os._exit(status)
    try:
        confine.call("unshare", _libc.unshare(_combined()))
    except OSError as error:
        os.close(ready_w)
        if mapper:
            os.waitpid(mapper, 0)
        raise RoomError(probe() or {"namespaces": str(error)}) from error
    if mapper:
        os.write(ready_w, b"!")
        status = os.waitstatus_to_exitcode(os.waitpid(mapper, 0)[1])
        if status != 0:
            raise RoomError({"user mapping": os.strerror(status)})
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    else:
        try:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{NOBODY} {uid} 1\n")
            _write("/proc/self/gid_map", f"{NOBODY} {gid} 1\n")
        except OSError as error:
            raise RoomError({"user mapping": str(error)}) from error
    os.close(ready_r)
    os.close(ready_w)


def _combined() -> int:
    flags = 0
    for flag in _NAMESPACES.values():
        flags |= flag
    return flags


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


# --- The file system ------------------------------------------------------------------------------------------------


def _build_root(view: list[str], masks: list[str], tmp_bytes: int) -> None:
    """A new root in memory, the old one detached. The sources are opened first, because the new root hides some."""
    mount("none", "/", "", _REC | _PRIVATE)
    sources = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in view if not os.path.islink(path)}
    links = {path: os.readlink(path) for path in view if os.path.islink(path)}
    devices = {name: os.open(f"/dev/{name}", os.O_PATH | os.O_CLOEXEC) for name in _DEVICES}
    base = next(path for path in ("/tmp", "/var/tmp", "/run") if os.path.isdir(path))
    mount("tmpfs", base, "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
    for path, fd in sources.items():
        target = base + path
        os.makedirs(target)
        mount(f"/proc/self/fd/{fd}", target, "", _BIND | _REC)
        _read_only(target, recursive=True)
        os.close(fd)
    for path, target in links.items():
        os.makedirs(os.path.dirname(base + path), exist_ok=True)
        os.symlink(target, base + path)
    for path in masks:
        if os.path.isdir(base + path):
            mount("tmpfs", base + path, "tmpfs", _NOSUID | _NODEV, "size=4k,mode=555")
            _read_only(base + path)
    os.mkdir(base + "/dev")
    for name, fd in devices.items():
        os.close(os.open(f"{base}/dev/{name}", os.O_CREAT | os.O_WRONLY))
        mount(f"/proc/self/fd/{fd}", f"{base}/dev/{name}", "", _BIND)
        os.close(fd)
    os.symlink("/tmp", base + "/dev/shm")
    for name, target in LINKS.items():
        os.symlink(target, f"{base}/dev/{name}")
    os.mkdir(base + "/proc")
    os.mkdir(base + "/tmp")
    mount("proc", base + "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    veil(base + "/proc")
    mount("tmpfs", base + "/tmp", "tmpfs", _NOSUID | _NODEV, f"size={tmp_bytes},nr_inodes=4096,mode=1777")
    os.chdir(base)
    confine.syscall("pivot_root", _PIVOT_ROOT[os.uname().machine], b".", b".")
    confine.call("umount2", _libc.umount2(b".", _MNT_DETACH))
    os.chdir("/tmp")
    _read_only("/")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises `OSError` that names the target."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None)
    confine.call(f"mount {kind or source} on {target}", _libc.mount(*arguments))


def veil(folder: str = "/proc") -> None:
    """Keep `folder`, a `/proc`, for process 1, and lay another one over it, for programs.

    They find themselves there and no process that they may not trace, which process 1 is. All else in `/proc` counts
    something, for as long as the machine or process 1 lives: a program that moves such a counter leaves a message.
    """
    census.begin(folder)
    mount("proc", folder, "proc", _NOSUID | _NODEV | _NOEXEC, "hidepid=ptraceable,subset=pid")


def _read_only(path: str, recursive: bool = False) -> None:
    attributes = struct.pack("<QQQQ", 1 | _NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    confine.syscall("mount_setattr", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, attributes, len(attributes))


def interpreter_view(prefix: str) -> tuple[list[str], list[str]]:
    """What to show of a host for the Python in `prefix` to run, and what to mask in it.

    Installed packages are masked: some carry benchmark problems with their solutions. So are other environments, which
    some distributions keep below the prefix.
    """
    view = [path for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64") if os.path.lexists(path)]
    if not prefix.startswith("/usr"):
        view += [path for name in ("bin", "lib", "lib64") if os.path.isdir(path := f"{prefix}/{name}")]
    roots = {"/usr/lib", "/usr/lib64", "/usr/local/lib", f"{prefix}/lib", f"{prefix}/lib64"}
    patterns = [f"{root}/python*/{kind}-packages" for root in roots for kind in ("site", "dist")]
    return view, sorted(path for pattern in patterns for path in glob.glob(pattern) if not os.path.islink(path))
