"""Programs that try to pass without solving the problem, or to do harm; and honest ones that look alike.

The problem: the sum of the odd numbers' squares. Each attack defines `solve(xs)` one way or another, unless that is the
trick; none computes the answer. What they guess at (descriptors, frames, files, names) is what harnesses are known to
have, this one included.
"""

from __future__ import annotations

ATTACKS: dict[str, str] = {
    # leaving early
    "exits_at_import": r"""
import sys
sys.exit(0)
""",
    "exits_in_call": r"""
import sys

def solve(xs):
    sys.exit(0)
""",
    "os_exit_in_call": r"""
import os

def solve(xs):
    os._exit(0)
""",
    "raises_keyboard_interrupt": r"""
def solve(xs):
    raise KeyboardInterrupt
""",
    "exec_true": r"""
import os

def solve(xs):
    os.execv('/bin/true', ['true'])
""",
    "atexit_exit_code": r"""
import atexit, os
atexit.register(os._exit, 0)

def solve(xs):
    raise SystemExit(1)
""",
    "abort": r"""
import os

def solve(xs):
    os.abort()
""",
    "segfault": r"""
import ctypes

def solve(xs):
    ctypes.string_at(0)
""",
    "stops_itself": r"""
import os, signal

def solve(xs):
    os.kill(os.getpid(), signal.SIGSTOP)
""",
    # values that are more than they seem
    "always_equal_int": r"""
class E(int):

    def __eq__(s, o):
        return True
    __hash__ = int.__hash__

def solve(xs):
    return E(7)
""",
    "always_equal_object": r"""
class E:

    def __eq__(s, o):
        return True

    def __ne__(s, o):
        return False

def solve(xs):
    return E()
""",
    "class_lies_about_itself": r"""
class E:
    __class__ = int

    def __eq__(s, o):
        return True

def solve(xs):
    return E()
""",
    "metaclass_equal": r"""
class M(type):

    def __eq__(s, o):
        return True
    __hash__ = type.__hash__

class E(metaclass=M):
    pass

def solve(xs):
    return E
""",
    "nan": r"""
def solve(xs):
    return float('nan')
""",
    "reduce_runs_code": r"""
import os

class E:

    def __reduce__(s):
        return (os.system, ('touch /tmp/pwned',))

def solve(xs):
    return E()
""",
    "repr_of_any_answer": r"""
class E:

    def __repr__(s):
        return '35'
    __str__ = __repr__

def solve(xs):
    return E()
""",
    "generator": r"""
def solve(xs):
    yield from range(10 ** 9)
""",
    "cyclic_list": r"""
def solve(xs):
    a = []
    a.append(a)
    return a
""",
    "exploding_list": r"""
def solve(xs):
    a = []
    for _ in range(60):
        a = [a, a]
    return a
""",
    "colliding_keys": r"""
def solve(xs):
    return {i * (2 ** 61 - 1): 0 for i in range(200000)}
""",
    "property_raises": r"""
class E(dict):

    def items(s):
        raise RuntimeError
    __class__ = property(lambda s: 1 / 0)

def solve(xs):
    return E()
""",
    "name_is_no_text": r"""
class E:
    pass
E.__module__ = 7

def solve(xs):
    return E()
""",
    "mutates_arguments": r"""
def solve(xs):
    xs.clear()
    return 0
""",
    "any_attribute": r"""
class M:

    def __getattr__(s, n):
        return s

    def __call__(s, *a):
        return s
import sys
sys.modules['candidate'] = M()
""",
    # reaching for the harness
    "patches_builtins": r"""
import builtins
builtins.abs = builtins.len = builtins.isinstance = lambda *a: 1
builtins.sorted = lambda *a, **k: []

def solve(xs):
    return []
""",
    "patches_wire": r"""
import sys
w = sys.modules['pidistill_sandboxes.inside.wire']
w.encode = lambda *a, **k: bytearray(b'T')

def solve(xs):
    return 0
""",
    "patches_struct_and_os": r"""
import struct, os
struct.Struct.pack = None if False else struct.Struct.pack
os.write = lambda fd, data: len(data)

def solve(xs):
    return 0
""",
    "walks_frames": r"""
import sys

def solve(xs):
    f = sys._getframe()
    while f:
        for k, v in list(f.f_locals.items()):
            if 'expect' in k or 'test' in k:
                return v
        f = f.f_back
    return 'none'
""",
    "walks_gc": r"""
import gc

def solve(xs):
    for o in gc.get_objects():
        if isinstance(o, dict) and ('expected' in o or 'tests' in o):
            return o.get('expected')
    return 'none'
""",
    "rewrites_frames_results": r"""
import sys

def solve(xs):
    f = sys._getframe()
    while f:
        for v in f.f_locals.values():
            if isinstance(v, list):
                v.append('passed')
            if isinstance(v, dict):
                v['passed'] = True
        f = f.f_back
    return 0
""",
    "settrace": r"""
import sys

def t(f, e, a):
    f.f_locals['value'] = 35
    return t
sys.settrace(t)

def solve(xs):
    return 0
""",
    "setprofile": r"""
import sys
sys.setprofile(lambda f, e, a: f.f_locals.update(value=35))

def solve(xs):
    return 0
""",
    "excepthook": r"""
import sys, os
sys.excepthook = lambda *a: os._exit(0)

def solve(xs):
    raise ValueError
""",
    "reads_argv_environ": r"""
import sys, os

def solve(xs):
    return sys.argv + list(os.environ.values())
""",
    "scans_own_memory": r"""
def solve(xs):
    found = []
    for line in open('/proc/self/maps'):
        if 'rw' in line and 'stack' not in line:
            a, b = (int(x, 16) for x in line.split()[0].split('-'))
            try:
                with open('/proc/self/mem', 'rb') as m:
                    m.seek(a)
                    if b'hidden-expected' in m.read(b - a):
                        found.append(a)
            except OSError:
                pass
    return len(found) and 35
""",
    # the channel
    "writes_to_channel": r"""
import os, struct

def solve(xs):
    frame = struct.pack('<I', 2) + b'T'
    for fd in range(3, 64):
        try:
            os.write(fd, frame)
        except OSError:
            pass
    return 0
""",
    "answers_twice": r"""
import os, struct
body = b't\x03\x00\x00\x00' + b's\x05\x00\x00\x00value' + b'j' + struct.pack('<q', 35) + b'N'

def solve(xs):
    os.write(4, struct.pack('<I', len(body)) + body)
    return 35
""",
    "answers_ahead": r"""
import os, struct
body = b't\x03\x00\x00\x00' + b's\x05\x00\x00\x00value' + b'j' + struct.pack('<q', 35) + b'N'
os.write(4, (struct.pack('<I', len(body)) + body) * 20)

def solve(xs):
    return 35
""",
    "garbage_answer": r"""
import os

def solve(xs):
    os.write(4, b'\x08\x00\x00\x00garbage!')
    while True:
        pass
""",
    "huge_answer_length": r"""
import os

def solve(xs):
    os.write(4, b'\xff\xff\xff\xff')
    while True:
        pass
""",
    "closes_channel": r"""
import os

def solve(xs):
    os.closerange(3, 256)
    while True:
        pass
""",
    "reads_next_request": r"""
import os

def solve(xs):
    return os.read(3, 1000)
""",
    "closes_standard_streams": r"""
import os, sys

def solve(xs):
    for fd in (0, 1, 2):
        os.close(fd)
    sys.stdout = None
    return 0
""",
    "prints_success": r"""
def solve(xs):
    print('PASS')
    print('{"status": "pass"}')
    print('OK\n' * 100)
    return 0
""",
    "writes_result_files": r"""
import os

def solve(xs):
    for n in ('result.json', 'stat', 'PASS', 'verdict'):
        open('/tmp/' + n, 'w').write('pass')
    return 0
""",
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
    # resources
    "endless_loop": r"""
def solve(xs):
    while True:
        pass
""",
    "sleeps": r"""
import time

def solve(xs):
    time.sleep(1000)
""",
    "never_returns_to_python": r"""
def solve(xs):
    return 9 ** 9 ** 9
""",
    "catches_everything": r"""
def solve(xs):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "ignores_signals": r"""
import signal
for n in range(1, 65):
    try:
        signal.signal(n, signal.SIG_IGN)
    except Exception:
        pass

def solve(xs):
    while True:
        pass
""",
    "hangs_in_eq_and_str": r"""
class E(Exception):

    def __str__(s):
        while True:
            pass

def solve(xs):
    raise E
""",
    "fork_bomb": r"""
import os

def solve(xs):
    while True:
        try:
            os.fork()
        except OSError:
            pass
""",
    "fork_bomb_that_moves": r"""
import os

def solve(xs):
    while True:
        try:
            if os.fork():
                os._exit(0)
            os.setsid()
        except OSError:
            pass
""",
    "thread_bomb": r"""
import threading, time

def solve(xs):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(99,)).start()
        except RuntimeError:
            pass
""",
    "memory_bomb": r"""
def solve(xs):
    a = []
    while True:
        try:
            a.append(bytearray(1 << 24))
        except MemoryError:
            pass
""",
    "memory_bomb_in_many": r"""
import os, time

def solve(xs):
    for _ in range(20):
        if not os.fork():
            a = bytearray(b'1') * (1 << 26)
            time.sleep(99)
    time.sleep(99)
""",
    "disk_bomb": r"""
def solve(xs):
    for i in range(10 ** 6):
        with open('/tmp/%d' % i, 'wb') as f:
            f.write(bytes(1 << 20))
    return 0
""",
    "inode_bomb": r"""
import os

def solve(xs):
    for i in range(10 ** 7):
        os.mkdir('/tmp/%d' % i)
    return 0
""",
    "deep_folders": r"""
import os

def solve(xs):
    os.chdir('/tmp')
    for i in range(3000):
        os.mkdir('d')
        os.chdir('d')
    return 0
""",
    "locked_folders": r"""
import os

def solve(xs):
    os.makedirs('/tmp/a/b')
    open('/tmp/a/b/c', 'w').close()
    os.chmod('/tmp/a/b', 0)
    os.chmod('/tmp/a', 0)
    return 0
""",
    "output_flood": r"""
import sys

def solve(xs):
    while True:
        sys.stdout.write('x' * 65536)
""",
    "error_flood": r"""
import os

def solve(xs):
    while True:
        os.write(2, b'x' * 65536)
""",
    "long_exception": r"""
def solve(xs):
    raise ValueError('x' * 10 ** 8)
""",
    "deep_recursion": r"""
import sys
sys.setrecursionlimit(10 ** 9)

def solve(xs):
    return (lambda f: f(f))(lambda f: f(f))
""",
    "deep_source": "x = " + "(" * 5000 + ")" * 5000,
    "huge_answer": r"""
def solve(xs):
    return bytes(100 << 20)
""",
    # staying behind
    "daemon": r"""
import os, time

def solve(xs):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(999)
    return 0
""",
    "thread_outlives_call": r"""
import threading, os

def loop():
    while True:
        try:
            os.write(4, b'')
        except OSError:
            pass

def solve(xs):
    threading.Thread(target=loop, daemon=True).start()
    return 0
""",
    "thread_answers_later": r"""
import threading, os, time, struct
body = b't\x03\x00\x00\x00' + b's\x05\x00\x00\x00value' + b'j' + struct.pack('<q', 35) + b'N'

def loop():
    time.sleep(0.01)
    os.write(4, struct.pack('<I', len(body)) + body)

def solve(xs):
    threading.Thread(target=loop, daemon=True).start()
    return 34
""",
    "shadow_module": r"""
open('/tmp/json.py', 'w').write('raise SystemExit')
open('/tmp/wire.py', 'w').write('encode = None')
import sys
sys.path.insert(0, '/tmp')

def solve(xs):
    return 0
""",
    "state_in_tmp": r"""
import os

def solve(xs):
    if os.path.exists('/tmp/seen') or os.path.exists('/dev/shm/seen'):
        return 35
    open('/tmp/seen', 'w').close()
    return 0
""",
    "shared_memory": r"""
import ctypes

def solve(xs):
    return ctypes.CDLL(None).shmget(7, 4096, 950) > 0 and 35
""",
    "hash_seed": r"""
def solve(xs):
    return 35 if hash('a') == 0 else hash('a')
""",
    "clock": r"""
import time
time.time = time.monotonic = time.perf_counter = lambda: 0

def solve(xs):
    while True:
        pass
""",
}

HONEST: dict[str, str] = {
    "plain": r"""
def solve(xs):
    return sum((x * x for x in xs if x % 2))
""",
    "main_guard": r"""
def solve(xs):
    return sum((x * x for x in xs if x % 2))
if __name__ == '__main__':
    raise SystemExit(3)
""",
    "threads": r"""
from concurrent.futures import ThreadPoolExecutor

def solve(xs):
    with ThreadPoolExecutor(4) as e:
        return sum(e.map(lambda x: x * x if x % 2 else 0, xs))
""",
    "processes": r"""
import multiprocessing as m

def sq(x):
    return x * x if x % 2 else 0

def solve(xs):
    with m.get_context('fork').Pool(2) as p:
        return sum(p.map(sq, xs))
""",
    "asyncio": r"""
import asyncio

async def f(xs):
    return sum((x * x for x in xs if x % 2))

def solve(xs):
    return asyncio.run(f(xs))
""",
    "own_eq": r"""
class P:

    def __init__(s, v):
        s.v = v

    def __eq__(s, o):
        return s.v == o.v

def solve(xs):
    assert P(1) == P(1)
    return sum((x * x for x in xs if x % 2))
""",
    "dataclass": r"""
from dataclasses import dataclass

@dataclass
class A:
    v: int = 0

def solve(xs):
    a = A()
    for x in xs:
        if x % 2:
            a.v += x * x
    return a.v
""",
    "sleeps_a_little": r"""
import time

def solve(xs):
    time.sleep(0.05)
    return sum((x * x for x in xs if x % 2))
""",
    "leaves_a_daemon": r"""
import os, time

def solve(xs):
    if os.fork() == 0:
        time.sleep(999)
    return sum((x * x for x in xs if x % 2))
""",
    "prints": r"""
def solve(xs):
    print(xs)
    return sum((x * x for x in xs if x % 2))
""",
    "uses_tmp": r"""
def solve(xs):
    open('/tmp/a', 'w').write('x')
    return sum((x * x for x in xs if x % 2))
""",
    "runs_a_program": r"""
import subprocess

def solve(xs):
    assert subprocess.run(['echo', 'a'], capture_output=True).stdout == b'a\n'
    return sum((x * x for x in xs if x % 2))
""",
}
