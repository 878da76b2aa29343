"""The programs of the self-check. Each defines `attempt`, which returns what it got away with; `[]` is nothing.

They are text, because they run in a sandbox and never here. They use raw system calls where a library would refuse by
itself, since what is asked is whether the kernel stops them.
"""

from __future__ import annotations

STRANGERS = """
import os
def strangers():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
"""
"""What some of the others begin with: all processes that are neither the program's first nor the server."""

NETWORK = """
import socket
def attempt(port):
    done = []
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
        (socket.AF_INET6, socket.SOCK_STREAM, ("::1", port)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/docker.sock"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\\0anybody"),
    ):
        try:
            with socket.socket(family, kind) as s:
                s.settimeout(1)
                s.connect(address)
                done.append(repr(address))
        except OSError:
            pass
    return done
"""

READ_HOST = """
import os
def attempt(path):
    done = []
    for name in (path, "/etc/shadow", "/root/.bashrc", "/root/.ssh", "/proc/1/root" + path, "/proc/1/cwd"):
        try:
            with open(name, "rb") as file:
                done.append(name)
        except OSError:
            pass
    for name in ("/home", "/root/.ssh", "/proc/1/root", os.path.dirname(path)):
        try:
            if os.listdir(name):
                done.append(name)
        except OSError:
            pass
    try:
        with open(path, "w") as file:
            done.append("write " + path)
    except OSError:
        pass
    return done
"""

WRITE_OUTSIDE = """
import os
def attempt():
    done, tops = [], ["/" + name for name in sorted(os.listdir("/"))]
    for name in ["/", "/usr/bin", "/usr/lib", "/var/tmp", "/var/lib", "/proc/sys/kernel"] + tops:
        if name in ("/tmp", "/proc"):
            continue
        try:
            path = os.path.join(name, "probe")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            done.append(path)
        except OSError:
            pass
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/1/oom_score_adj", "/dev/kmsg"):
        try:
            os.close(os.open(path, os.O_WRONLY))
            done.append(path)
        except OSError:
            pass
    return done
"""

SEE_PROCESSES = (
    STRANGERS
    + """
def attempt(pid):
    done = strangers()
    if os.getppid() not in (0, 1):
        done.append("parent")
    for name in ("/proc/1/environ", "/proc/1/maps"):
        try:
            with open(name, "rb") as file:
                file.read(1)
            done.append(name)
        except OSError:
            pass
    return done
"""
)

ENVIRONMENT = """
import os
def attempt():
    allowed = {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "PYTHONHASHSEED", "MALLOC_ARENA_MAX", "PWD", "HOSTNAME"}
    return sorted(set(os.environ) - allowed)
"""

SIGNAL_SERVER = """
import ctypes, fcntl, os, platform, signal, struct
libc = ctypes.CDLL(None, use_errno=True)
F_SETSIG, F_SETOWN_EX, FIOSETOWN, SIOCSPGRP = 10, 15, 0x8901, 0x8902
OWNERS = (
    lambda fd: fcntl.fcntl(fd, fcntl.F_SETOWN, 1),
    lambda fd: fcntl.fcntl(fd, fcntl.F_SETOWN, -1),
    lambda fd: fcntl.fcntl(fd, F_SETOWN_EX, struct.pack("=ii", 1, 1)),
    lambda fd: fcntl.ioctl(fd, FIOSETOWN, struct.pack("=i", 1)),
    lambda fd: fcntl.ioctl(fd, SIOCSPGRP, struct.pack("=i", 1)),
)
def through_a_file(own):
    reading, writing = os.pipe()
    own(reading)
    fcntl.fcntl(reading, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(writing, b"!")
def ways(number):
    arm = platform.machine() == "aarch64"
    queued = struct.pack("=iii", number, 0, -1).ljust(128, bytes(1))
    yield lambda: os.kill(1, number)
    yield lambda: os.killpg(1, number)
    yield lambda: libc.syscall(130 if arm else 200, 1, number)
    yield lambda: libc.syscall(131 if arm else 234, 1, 1, number)
    yield lambda: libc.syscall(138 if arm else 129, 1, number, queued)
    yield lambda: libc.syscall(240 if arm else 297, 1, 1, number, queued)
    yield lambda: signal.pidfd_send_signal(os.pidfd_open(1), number)
def tried(way, *arguments):
    try:
        way(*arguments)
    except (OSError, ValueError):
        pass
def attempt():
    for number in range(1, 65):
        if number != signal.SIGCHLD:
            for way in ways(number):
                tried(way)
    for own in OWNERS:
        tried(through_a_file, own)
    tried(os.setpgid, 0, 1)
    tried(os.kill, 0, signal.SIGTERM)
    os.kill(-1, signal.SIGKILL)
"""

SERVER = """
import os
def attempt():
    return [os.stat("/dev").st_ctime_ns, os.getppid()]
"""
"""When the sandbox was made, and the program's parent."""

COUNTERS = """
import ctypes, os, time
def attempt():
    found = {}
    own = str(os.getpid()), "self", "thread-self", "net", "mounts"
    tops = ["/proc/" + name for name in os.listdir("/proc") if name not in own]
    for top in tops + ["/sys", "/proc/1"]:
        for folder, _, names in os.walk(top):
            for path in [os.path.join(folder, name) for name in names]:
                read(path, found)
        read(top, found)
    for clock in (2, 6):
        try:
            found["clock %d of process 1" % clock] = time.clock_gettime((~1 << 3) | clock)
        except OSError:
            pass
    return found
def read(path, found):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        if data := os.read(fd, 100_000):
            found[path] = hash(data)
    except OSError:
        pass
    finally:
        os.close(fd)
def move():
    b"".join([bytes(1 << 20) for _ in range(64)])
    for _ in range(100):
        for fd in os.pipe():
            os.close(fd)
        time.sleep(0.001)
    print("x" * 100_000)
"""
"""What can be read of process 1 and of the machine, and what makes such a thing count."""

RESIDENT = """
import os
def attempt():
    done = []
    fd = os.open(os.__file__, os.O_RDONLY)
    try:
        os.preadv(fd, [bytearray(8)], 0, os.RWF_NOWAIT)
        done.append("preadv2")
    except OSError:
        pass
    os.close(fd)
    return done
"""
"""Whether a file has been read since the machine started, by whomever."""

SERVER_MEMORY = """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def attempt():
    done = []
    for name in ("mem", "fd", "fd/0", "fd/1", "cwd", "exe", "syscall", "stack"):
        path = "/proc/1/" + name
        try:
            os.listdir(path) if name == "fd" else os.close(os.open(path, os.O_RDWR if name == "mem" else os.O_RDONLY))
            done.append(path)
        except OSError:
            pass
    arm = platform.machine() == "aarch64"
    buffer = ctypes.create_string_buffer(8)
    if libc.ptrace(16, 1, 0, 0) == 0:
        done.append("ptrace attach")
    for number in (270, 271) if arm else (310, 311):
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
        if libc.syscall(number, 1, vector, 1, vector, 1, 0) > 0:
            done.append("process_vm %d" % number)
    fd = os.pidfd_open(1)
    for number in range(4):
        if libc.syscall(438, fd, number, 0) >= 0:
            done.append("pidfd_getfd %d" % number)
    return done
"""

SERVER_LIMITS = """
import os, resource
def attempt():
    done = []
    tries = {
        "prlimit": lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (3, 3)),
        "affinity": lambda: os.sched_setaffinity(1, {0}),
        "scheduler": lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
        "out of memory first": lambda: open("/proc/1/oom_score_adj", "w").close(),
    }
    for name, work in tries.items():
        try:
            work()
            done.append(name)
        except OSError:
            pass
    return done
"""

NAMESPACES = """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def attempt():
    done = []
    for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("network", 0x40000000), ("process", 0x20000000)):
        if libc.unshare(flag) == 0:
            done.append("unshare " + name)
        clone = 220 if platform.machine() == "aarch64" else 56
        pid = libc.syscall(clone, flag | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            done.append("clone " + name)
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0:
        done.append("mount")
    if libc.mount(None, b"/", None, 0x20 | 0x1000, None) == 0:
        done.append("remount")
    if libc.umount2(b"/tmp", 2) == 0:
        done.append("umount")
    if libc.chroot(b"/tmp") == 0:
        done.append("chroot")
    return done
"""

KERNEL_SURFACE = """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def attempt():
    done = []
    arm = platform.machine() == "aarch64"
    calls = {
        "add_key": (217 if arm else 248, b"user", b"k", b"v", 1, -3),
        "keyctl": (219 if arm else 250, 0, -3, 1, 0, 0),
        "bpf": (280 if arm else 321, 0, ctypes.create_string_buffer(128), 128),
        "perf_event_open": (241 if arm else 298, ctypes.create_string_buffer(128), 0, -1, -1, 0),
        "io_uring_setup": (425, 1, ctypes.create_string_buffer(256)),
        "userfaultfd": (282 if arm else 323, 1),
        "shmget": (194 if arm else 29, 0, 4096, 0o1600),
        "memfd_create": (279 if arm else 319, b"m", 0),
    }
    for name, arguments in calls.items():
        if libc.syscall(*arguments) >= 0:
            done.append(name)
    for path in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse", "/dev/tty"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            done.append(path)
        except OSError:
            pass
    return done
"""

PRIVILEGES = """
import os
def attempt():
    done = []
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        if int(status[name], 16):
            done.append(name)
    if status["NoNewPrivs"].strip() != "1":
        done.append("new privileges")
    if status["Seccomp"].strip() != "2":
        done.append("no seccomp filter")
    if 0 in os.getresuid() or 0 in os.getresgid():
        done.append("root")
    for change in (os.setuid, os.setgid):
        try:
            change(0)
            done.append(change.__name__)
        except OSError:
            pass
    return done
"""

LEAVE_BEHIND = """
import os, subprocess, sys, time
def attempt():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(1), os.close(2), os.closerange(3, 64)
            while True:
                time.sleep(0.01)
                open("/tmp/alive", "w").close()
        os._exit(0)
    os.makedirs("/tmp/a/b/c")
    open("/tmp/a/b/c/d", "w").close()
    os.chmod("/tmp/a/b", 0)
    try:
        open("/dev/shm/left", "w").close()
    except OSError:
        pass
    while not os.path.exists("/tmp/alive"):
        time.sleep(0.005)
    return "left"
"""

FIND_LEFT = (
    STRANGERS
    + """
import time
def attempt():
    time.sleep(0.05)
    found = os.listdir("/tmp")
    if os.path.isdir("/dev/shm"):
        found += os.listdir("/dev/shm")
    return found + strangers()
"""
)

FORK_MANY = """
import os, time
def attempt(count):
    made = 0
    for _ in range(count):
        try:
            pid = os.fork()
        except OSError:
            break
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
    return made
"""

ONE_LARGE = """
import mmap
def attempt(size):
    done = []
    try:
        kept = bytearray(size)
        done.append("heap")
    except MemoryError:
        pass
    try:
        kept = mmap.mmap(-1, size)
        done.append("mmap")
    except (MemoryError, OSError):
        pass
    return done
"""

MANY_MIDDLING = """
import os, time
def attempt(size, count):
    for _ in range(count):
        if os.fork() == 0:
            kept = bytearray(b"1") * size
            time.sleep(60)
    time.sleep(60)
"""

FILL_DISK = """
import os
def attempt(total):
    written = 0
    for number in range(1000):
        try:
            with open("/tmp/%d" % number, "wb", buffering=0) as file:
                for _ in range(8):
                    written += file.write(bytes(1 << 20))
        except OSError:
            break
        if written >= total:
            break
    return written
"""

MANY_FILES = """
import os
def attempt(count):
    for number in range(count):
        try:
            os.mkdir("/tmp/%d" % number)
        except OSError:
            return number
    return count
"""

LOOP = """
def attempt():
    while True:
        pass
"""

FLOOD = """
def attempt():
    while True:
        print("flood" * 1000)
"""
