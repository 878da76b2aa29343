"""Programs that look for the tests, or write to the channel that their answers go through."""

from __future__ import annotations

HARNESS: dict[str, str] = {
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
}
