"""Programs that use up what there is, or stay behind when their time is over."""

from __future__ import annotations

RESOURCES: dict[str, str] = {
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
