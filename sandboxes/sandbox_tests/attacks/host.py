"""Programs that go for the server inside, or for the host."""

from __future__ import annotations

HOST: dict[str, str] = {
    # the server and the host
    "kills_parent": r"""
import os, signal

def solve(xs):
    os.kill(os.getppid(), signal.SIGKILL)
    return 0
""",
    "kills_everyone": r"""
import os, signal

def solve(xs):
    os.kill(-1, signal.SIGKILL)
    return 0
""",
    "kills_server": r"""
import os, signal

def solve(xs):
    for pid in sorted(int(n) for n in os.listdir('/proc') if n.isdigit()):
        if pid != os.getpid():
            for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
    return 0
""",
    "joins_the_servers_group": r"""
import os, signal

def solve(xs):
    for pid in sorted(int(n) for n in os.listdir('/proc') if n.isdigit()):
        try:
            os.setpgid(0, pid)
        except OSError:
            continue
        if pid != os.getpid():
            os.kill(0, signal.SIGKILL)
    return 0
""",
    "has_the_kernel_signal_the_server": r"""
import fcntl, os, signal

def solve(xs):
    reading, writing = os.pipe()
    for pid in sorted(int(n) for n in os.listdir('/proc') if n.isdigit()):
        for target in (pid, -pid):
            try:
                fcntl.fcntl(reading, fcntl.F_SETOWN, target)
                fcntl.fcntl(reading, 10, signal.SIGKILL)
                fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
                os.write(writing, b'!')
            except OSError:
                pass
    return 0
""",
    "signals_group": r"""
import os, signal

def solve(xs):
    os.killpg(0, signal.SIGTERM)
    return 0
""",
    "ptraces_server": r"""
import ctypes

def solve(xs):
    return ctypes.CDLL(None).ptrace(16, 1, 0, 0)
""",
    "writes_server_memory": r"""
def solve(xs):
    with open('/proc/1/mem', 'r+b') as m:
        m.write(b'x' * 100)
    return 0
""",
    "opens_server_descriptors": r"""
import os

def solve(xs):
    for n in range(20):
        for p in ('/proc/1/fd/%d', '/proc/self/fd/%d'):
            try:
                open(p % n, 'wb', buffering=0).write(b'X\x02\x00\x00\x00{}')
            except OSError:
                pass
    return 0
""",
    "lowers_server_limits": r"""
import resource

def solve(xs):
    resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))
    return 0
""",
    "raises_own_limits": r"""
import resource

def solve(xs):
    big = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_AS, (big, big))
    return bytearray(1 << 33) and 0
""",
    "new_namespace": r"""
import ctypes

def solve(xs):
    return ctypes.CDLL(None).unshare(268435456 | 131072)
""",
    "mounts": r"""
import ctypes

def solve(xs):
    return ctypes.CDLL(None).mount(b'proc', b'/tmp', b'proc', 0, None)
""",
    "network": r"""
import socket

def solve(xs):
    return socket.create_connection(('127.0.0.1', 80), 1).recv(10)
""",
    "docker_socket": r"""
import socket

def solve(xs):
    s = socket.socket(socket.AF_UNIX)
    s.connect('/var/run/docker.sock')
    return 35
""",
    "reads_shadow": r"""
def solve(xs):
    return open('/etc/shadow').read()
""",
    "reads_packages": r"""
import sys, os

def solve(xs):
    return [os.listdir(p) for p in sys.path if 'packages' in p] or 0
""",
    "core_pattern": r"""
def solve(xs):
    open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')
    return 0
""",
}
