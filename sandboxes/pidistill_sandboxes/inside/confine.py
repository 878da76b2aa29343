"""Walls that a process builds around itself and its children: capabilities, Landlock, seccomp, limits.

All of it is inherited over fork and cannot be undone, so the server confines itself once and every program's process
is born confined. Raw system calls through ctypes, since the standard library has none of them. Each function raises
`OSError` where the kernel refuses; what that means is the caller's business.

Numbers are those of the kernel's headers for x86-64 and for the generic table that 64-bit ARM uses.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 4, 22, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9


def call(name: str, result: int) -> int:
    """`result` of a C function; raises `OSError` with errno where it is -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *args: object) -> int:
    """A raw system call. Integers are passed as 64 bits."""
    wide = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return call(name, _libc.syscall(ctypes.c_long(number), *wide))


def prctl(name: str, option: int, *args: int) -> None:
    """`prctl` with its unused arguments zero, as some options insist on."""
    padded = [ctypes.c_ulong(arg) for arg in (*args, 0, 0, 0, 0)[:4]]
    call(f"prctl {name}", _libc.prctl(option, *padded))


def die_with_parent() -> None:
    """SIGKILL for this process when its parent ends. A change of user cancels it, so call it after that."""
    prctl("PDEATHSIG", _PR_SET_PDEATHSIG, _SIGKILL)


def hide_memory() -> None:
    """Not dumpable: `/proc/<pid>` of this process is closed to others of the same user, and so is ptrace."""
    prctl("DUMPABLE", _PR_SET_DUMPABLE, 0)


def no_new_privileges() -> None:
    """Programs with set-user-id or file capabilities gain nothing by being run."""
    prctl("NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """All of them, from every set. The bounding set may already be out of reach, and then holds nothing to regain."""
    prctl("CAP_AMBIENT", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == -1:
            if ctypes.get_errno() in (errno.EINVAL, errno.EPERM):
                break
            call("prctl CAPBSET_DROP", -1)
    header = struct.pack("<Ii", 0x20080522, 0)
    call("capset", _libc.capset(header, bytes(24)))


# --- Landlock -------------------------------------------------------------------------------------------------------

_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_READ = 0b1101  # execute, read files, read directories
_WRITE = 0b1_0111_1011_0010  # write, remove, make directories, files, sockets, pipes and links; no device nodes
_WRITE_FILE = 0b10
_FS_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FS_RIGHTS_NEWEST = (1 << 16) - 1
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_NET_RIGHTS, _SCOPES = 0b11, 0b11  # TCP bind and connect; abstract sockets and signals


def landlock(writable: list[str]) -> None:
    """Read and execute everywhere, write below `writable` and to `/dev/null`, no TCP."""
    abi = syscall("landlock_create_ruleset", _LANDLOCK_CREATE, None, 0, 1)
    rights = _FS_RIGHTS_BY_ABI.get(abi, _FS_RIGHTS_NEWEST)
    attributes = struct.pack("<QQQ", rights, _NET_RIGHTS, _SCOPES)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = syscall("landlock_create_ruleset", _LANDLOCK_CREATE, attributes, len(attributes), 0)
    _allow(ruleset, "/", _READ)
    for path in writable:
        _allow(ruleset, path, (_READ | _WRITE | _REFER | _TRUNCATE) & rights)
    if os.path.exists("/dev/null"):
        _allow(ruleset, "/dev/null", (_READ & ~0b1000 | _WRITE_FILE | _TRUNCATE) & rights & ~1)
    syscall("landlock_restrict_self", _LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("<Qi", rights, fd)
        syscall("landlock_add_rule", _LANDLOCK_ADD_RULE, ruleset, 1, rule, 0)
    finally:
        os.close(fd)


# --- seccomp --------------------------------------------------------------------------------------------------------

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine -> (column of `_DENIED`, audit number)."""

_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes' memory and descriptors
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "mount_setattr": (442, 442),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "unshare": (272, 97), "setns": (308, 268),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "acct": (163, 89), "swapon": (167, 224), "swapoff": (168, 225), "fanotify_init": (300, 262),
    # wide attack surface in the kernel, and keys
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162),
    "personality": (135, 92), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    "lookup_dcookie": (212, 18), "vhangup": (153, 58), "uselib": (134, None), "nfsservctl": (180, 42),
    # network: socketpair stays, which event loops and pools need
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242),
    # what would outlive the program or escape its limits
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "move_pages": (279, 239), "migrate_pages": (256, 238), "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    # slowing the server down
    "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "sched_setparam": (142, 118),
    "setpriority": (141, 140), "ioprio_set": (251, 30),
    # whether a file is in memory, which whoever reads it changes for good
    "fadvise64": (221, 223), "preadv2": (327, 286), "pwritev2": (328, 287), "cachestat": (451, 451),
}  # fmt: skip
_OWN_PROCESS_ONLY = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
"""Their first argument is a process; only 0, the caller itself, is let through."""
_CLOCKS = {"clock_gettime": (228, 113), "clock_getres": (229, 114)}
"""Their first argument is a clock; a negative one is that of a process, such as process 1."""
_CLONE, _CLONE3 = (56, 220), (435, 435)
_NAMESPACE_FLAGS = 0x7E02_0080
_X32_BIT, _NEGATIVE = 0x4000_0000, 0x8000_0000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_AT_NUMBER, _AT_ARCH, _AT_FIRST_ARGUMENT = 0, 4, 16


def seccomp() -> None:
    """Refuse the system calls above with EPERM; `clone3` does not exist, so that libc uses `clone`, which is filtered.

    Raises `OSError` (ENOSYS) on an architecture without a table. Needs `no_new_privileges` first.
    """
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"seccomp: no table of system calls for {machine}")
    program = _filter(*_ARCHITECTURES[machine])
    buffer = ctypes.create_string_buffer(program)
    descriptor = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    prctl("SECCOMP", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(descriptor))


def _filter(column: int, audit: int) -> bytes:
    """The filter as classic BPF: struct sock_filter is code, jump if true, jump if false, operand."""
    code = [(_LOAD, 0, 0, _AT_ARCH), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _AT_NUMBER)]
    if column == 0:
        code += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for numbers in _DENIED.values():
        if (number := numbers[column]) is not None:
            code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    code += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    code += [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _AT_FIRST_ARGUMENT)]
    code += [(_ANY_BIT, 0, 1, _NAMESPACE_FLAGS), (_RETURN, 0, 0, _ERRNO | errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    for numbers in _OWN_PROCESS_ONLY.values():
        code += [(_EQUAL, 0, 4, numbers[column]), (_LOAD, 0, 0, _AT_FIRST_ARGUMENT)]
        code += [(_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _ERRNO | errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    for numbers in _CLOCKS.values():
        code += [(_EQUAL, 0, 4, numbers[column]), (_LOAD, 0, 0, _AT_FIRST_ARGUMENT)]
        code += [(_AT_LEAST, 0, 1, _NEGATIVE), (_RETURN, 0, 0, _ERRNO | errno.EINVAL), (_RETURN, 0, 0, _ALLOW)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


# --- Resource limits ------------------------------------------------------------------------------------------------

_STACK_BYTES = 112 << 20
"""Of the first thread: what judges of contests allow, for deep recursion. The kernel leaves 128 MiB free for it."""

Rlimits = list[tuple[int, tuple[int, int]]]
"""Which one, and its soft and hard value."""


def limits(memory_bytes: int, processes: int, file_bytes: int, open_files: int, cpu_s: int) -> Rlimits:
    """Hard limits, none above those of this process. `resource.setrlimit` takes each."""
    found = []
    for what, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
    ):
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        found.append((what, (value, value)))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    found.append(
        (resource.RLIMIT_STACK, (_STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard), hard))
    )
    return found
