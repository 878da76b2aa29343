"""Programs that try to pass without solving the problem, or to do harm. The problem: the sum of the odd numbers' squares.

Each defines `solve(xs)` one way or another, unless that is the trick. None computes the answer. What they guess at
(descriptors, frames, files, names) is what harnesses are known to have, this project's included.
"""

from __future__ import annotations

ATTACKS: dict[str, str] = {
    # leaving early
    "exits_at_import": "import sys\nsys.exit(0)",
    "exits_in_call": "import sys\ndef solve(xs): sys.exit(0)",
    "os_exit_in_call": "import os\ndef solve(xs): os._exit(0)",
    "raises_keyboard_interrupt": "def solve(xs): raise KeyboardInterrupt",
    "exec_true": "import os\ndef solve(xs): os.execv('/bin/true', ['true'])",
    "atexit_exit_code": "import atexit, os\natexit.register(os._exit, 0)\ndef solve(xs): raise SystemExit(1)",
    "abort": "import os\ndef solve(xs): os.abort()",
    "segfault": "import ctypes\ndef solve(xs): ctypes.string_at(0)",
    "stops_itself": "import os, signal\ndef solve(xs): os.kill(os.getpid(), signal.SIGSTOP)",
    # values that are more than they seem
    "always_equal_int": "class E(int):\n def __eq__(s, o): return True\n __hash__ = int.__hash__\ndef solve(xs): return E(7)",
    "always_equal_object": "class E:\n def __eq__(s, o): return True\n def __ne__(s, o): return False\ndef solve(xs): return E()",
    "class_lies_about_itself": "class E:\n __class__ = int\n def __eq__(s, o): return True\ndef solve(xs): return E()",
    "metaclass_equal": "class M(type):\n def __eq__(s, o): return True\n __hash__ = type.__hash__\nclass E(metaclass=M): pass\n"
    "def solve(xs): return E",
    "nan": "def solve(xs): return float('nan')",
    "reduce_runs_code": "import os\nclass E:\n def __reduce__(s): return os.system, ('touch /tmp/pwned',)\n"
    "def solve(xs): return E()",
    "repr_of_any_answer": "class E:\n def __repr__(s): return '35'\n __str__ = __repr__\ndef solve(xs): return E()",
    "generator": "def solve(xs):\n yield from range(10**9)",
    "cyclic_list": "def solve(xs):\n a = []\n a.append(a)\n return a",
    "exploding_list": "def solve(xs):\n a = []\n for _ in range(60): a = [a, a]\n return a",
    "colliding_keys": "def solve(xs): return {i * (2**61 - 1): 0 for i in range(200000)}",
    "property_raises": "class E(dict):\n def items(s): raise RuntimeError\n __class__ = property(lambda s: 1/0)\n"
    "def solve(xs): return E()",
    "name_is_no_text": "class E: pass\nE.__module__ = 7\ndef solve(xs): return E()",
    "mutates_arguments": "def solve(xs):\n xs.clear()\n return 0",
    "any_attribute": "class M:\n def __getattr__(s, n): return s\n def __call__(s, *a): return s\n"
    "import sys\nsys.modules['candidate'] = M()\n",
    # reaching for the harness
    "patches_builtins": "import builtins\nbuiltins.abs = builtins.len = builtins.isinstance = lambda *a: 1\n"
    "builtins.sorted = lambda *a, **k: []\ndef solve(xs): return []",
    "patches_wire": "import sys\nw = sys.modules['pidistill_sandboxes.inside.wire']\n"
    "w.encode = lambda *a, **k: bytearray(b'T')\ndef solve(xs): return 0",
    "patches_struct_and_os": "import struct, os\nstruct.Struct.pack = None if False else struct.Struct.pack\n"
    "os.write = lambda fd, data: len(data)\ndef solve(xs): return 0",
    "walks_frames": "import sys\ndef solve(xs):\n f = sys._getframe()\n while f:\n  for k, v in list(f.f_locals.items()):\n"
    "   if 'expect' in k or 'test' in k: return v\n  f = f.f_back\n return 'none'",
    "walks_gc": "import gc\ndef solve(xs):\n for o in gc.get_objects():\n  if isinstance(o, dict) and ('expected' in o or "
    "'tests' in o): return o.get('expected')\n return 'none'",
    "rewrites_frames_results": "import sys\ndef solve(xs):\n f = sys._getframe()\n while f:\n  for v in f.f_locals.values():\n"
    "   if isinstance(v, list): v.append('passed')\n   if isinstance(v, dict): v['passed'] = True\n  f = f.f_back\n return 0",
    "settrace": "import sys\ndef t(f, e, a):\n f.f_locals['value'] = 35\n return t\nsys.settrace(t)\ndef solve(xs): return 0",
    "setprofile": "import sys\nsys.setprofile(lambda f, e, a: f.f_locals.update(value=35))\ndef solve(xs): return 0",
    "excepthook": "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\ndef solve(xs): raise ValueError",
    "reads_argv_environ": "import sys, os\ndef solve(xs): return sys.argv + list(os.environ.values())",
    "scans_own_memory": "def solve(xs):\n found = []\n for line in open('/proc/self/maps'):\n"
    "  if 'rw' in line and 'stack' not in line:\n   a, b = (int(x, 16) for x in line.split()[0].split('-'))\n   try:\n"
    "    with open('/proc/self/mem', 'rb') as m:\n     m.seek(a)\n     if b'hidden-expected' in m.read(b - a): found.append(a)\n"
    "   except OSError: pass\n return len(found) and 35",
    # the channel
    "writes_to_channel": "import os, struct\ndef solve(xs):\n frame = struct.pack('<I', 2) + b'T'\n"
    " for fd in range(3, 64):\n  try: os.write(fd, frame)\n  except OSError: pass\n return 0",
    "answers_twice": "import os, struct\nbody = b't\\x03\\0\\0\\0' + b's\\x05\\0\\0\\0value' + b'j' + struct.pack('<q', 35) + b'N'\n"
    "def solve(xs):\n os.write(4, struct.pack('<I', len(body)) + body)\n return 35",
    "answers_ahead": "import os, struct\nbody = b't\\x03\\0\\0\\0' + b's\\x05\\0\\0\\0value' + b'j' + struct.pack('<q', 35) + b'N'\n"
    "os.write(4, (struct.pack('<I', len(body)) + body) * 20)\ndef solve(xs): return 35",
    "garbage_answer": "import os\ndef solve(xs):\n os.write(4, b'\\x08\\0\\0\\0garbage!')\n while True: pass",
    "huge_answer_length": "import os\ndef solve(xs):\n os.write(4, b'\\xff\\xff\\xff\\xff')\n while True: pass",
    "closes_channel": "import os\ndef solve(xs):\n os.closerange(3, 256)\n while True: pass",
    "reads_next_request": "import os\ndef solve(xs): return os.read(3, 1000)",
    "closes_standard_streams": "import os, sys\ndef solve(xs):\n for fd in (0, 1, 2): os.close(fd)\n sys.stdout = None\n return 0",
    "prints_success": "def solve(xs):\n print('PASS'); print('{\"status\": \"pass\"}'); print('OK\\n' * 100)\n return 0",
    "writes_result_files": "import os\ndef solve(xs):\n for n in ('result.json', 'stat', 'PASS', 'verdict'):\n"
    "  open('/tmp/' + n, 'w').write('pass')\n return 0",
    # the server and the host
    "kills_parent": "import os, signal\ndef solve(xs):\n os.kill(os.getppid(), signal.SIGKILL)\n return 0",
    "kills_everyone": "import os, signal\ndef solve(xs):\n os.kill(-1, signal.SIGKILL)\n return 0",
    "signals_group": "import os, signal\ndef solve(xs):\n os.killpg(0, signal.SIGTERM)\n return 0",
    "ptraces_server": "import ctypes\ndef solve(xs): return ctypes.CDLL(None).ptrace(16, 1, 0, 0)",
    "writes_server_memory": "def solve(xs):\n with open('/proc/1/mem', 'r+b') as m: m.write(b'x' * 100)\n return 0",
    "opens_server_descriptors": "import os\ndef solve(xs):\n for n in range(20):\n  for p in ('/proc/1/fd/%d', '/proc/self/fd/%d'):\n"
    "   try: open(p % n, 'wb', buffering=0).write(b'X\\x02\\0\\0\\0{}')\n   except OSError: pass\n return 0",
    "lowers_server_limits": "import resource\ndef solve(xs):\n resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))\n return 0",
    "raises_own_limits": "import resource\ndef solve(xs):\n big = resource.RLIM_INFINITY\n"
    " resource.setrlimit(resource.RLIMIT_AS, (big, big))\n return bytearray(1 << 33) and 0",
    "new_namespace": "import ctypes\ndef solve(xs): return ctypes.CDLL(None).unshare(0x10000000 | 0x20000)",
    "mounts": "import ctypes\ndef solve(xs): return ctypes.CDLL(None).mount(b'proc', b'/tmp', b'proc', 0, None)",
    "network": "import socket\ndef solve(xs): return socket.create_connection(('127.0.0.1', 80), 1).recv(10)",
    "docker_socket": "import socket\ndef solve(xs):\n s = socket.socket(socket.AF_UNIX)\n s.connect('/var/run/docker.sock')\n"
    " return 35",
    "reads_shadow": "def solve(xs): return open('/etc/shadow').read()",
    "reads_packages": "import sys, os\ndef solve(xs): return [os.listdir(p) for p in sys.path if 'packages' in p] or 0",
    "core_pattern": "def solve(xs):\n open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')\n return 0",
    # resources
    "endless_loop": "def solve(xs):\n while True: pass",
    "sleeps": "import time\ndef solve(xs): time.sleep(1000)",
    "never_returns_to_python": "def solve(xs): return 9 ** 9 ** 9",
    "catches_everything": "def solve(xs):\n while True:\n  try:\n   while True: pass\n  except BaseException: pass",
    "ignores_signals": "import signal\nfor n in range(1, 65):\n try: signal.signal(n, signal.SIG_IGN)\n except Exception: pass\n"
    "def solve(xs):\n while True: pass",
    "hangs_in_eq_and_str": "class E(Exception):\n def __str__(s):\n  while True: pass\ndef solve(xs): raise E",
    "fork_bomb": "import os\ndef solve(xs):\n while True:\n  try: os.fork()\n  except OSError: pass",
    "fork_bomb_that_moves": "import os\ndef solve(xs):\n while True:\n  try:\n   if os.fork(): os._exit(0)\n   os.setsid()\n"
    "  except OSError: pass",
    "thread_bomb": "import threading, time\ndef solve(xs):\n while True:\n  try: threading.Thread(target=time.sleep, args=(99,)).start()\n"
    "  except RuntimeError: pass",
    "memory_bomb": "def solve(xs):\n a = []\n while True:\n  try: a.append(bytearray(1 << 24))\n  except MemoryError: pass",
    "memory_bomb_in_many": "import os, time\ndef solve(xs):\n for _ in range(20):\n  if not os.fork():\n   a = bytearray(b'1') * (1 << 26)\n"
    "   time.sleep(99)\n time.sleep(99)",
    "disk_bomb": "def solve(xs):\n for i in range(10**6):\n  with open('/tmp/%d' % i, 'wb') as f: f.write(bytes(1 << 20))\n return 0",
    "inode_bomb": "import os\ndef solve(xs):\n for i in range(10**7): os.mkdir('/tmp/%d' % i)\n return 0",
    "deep_folders": "import os\ndef solve(xs):\n os.chdir('/tmp')\n for i in range(3000):\n  os.mkdir('d')\n  os.chdir('d')\n return 0",
    "locked_folders": "import os\ndef solve(xs):\n os.makedirs('/tmp/a/b')\n open('/tmp/a/b/c', 'w').close()\n"
    " os.chmod('/tmp/a/b', 0)\n os.chmod('/tmp/a', 0)\n return 0",
    "output_flood": "import sys\ndef solve(xs):\n while True: sys.stdout.write('x' * 65536)",
    "error_flood": "import os\ndef solve(xs):\n while True: os.write(2, b'x' * 65536)",
    "long_exception": "def solve(xs): raise ValueError('x' * 10**8)",
    "deep_recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef solve(xs): return (lambda f: f(f))(lambda f: f(f))",
    "deep_source": "x = " + "(" * 5000 + ")" * 5000,
    "huge_answer": "def solve(xs): return bytes(100 << 20)",
    # staying behind
    "daemon": "import os, time\ndef solve(xs):\n if os.fork() == 0:\n  os.setsid()\n  if os.fork(): os._exit(0)\n  time.sleep(999)\n return 0",
    "thread_outlives_call": "import threading, os\ndef loop():\n while True:\n  try: os.write(4, b'')\n  except OSError: pass\n"
    "def solve(xs):\n threading.Thread(target=loop, daemon=True).start()\n return 0",
    "thread_answers_later": "import threading, os, time, struct\nbody = b't\\x03\\0\\0\\0' + b's\\x05\\0\\0\\0value' + b'j' + "
    "struct.pack('<q', 35) + b'N'\ndef loop():\n time.sleep(0.01)\n os.write(4, struct.pack('<I', len(body)) + body)\n"
    "def solve(xs):\n threading.Thread(target=loop, daemon=True).start()\n return 34",
    "shadow_module": "open('/tmp/json.py', 'w').write('raise SystemExit')\nopen('/tmp/wire.py', 'w').write('encode = None')\n"
    "import sys\nsys.path.insert(0, '/tmp')\ndef solve(xs): return 0",
    "state_in_tmp": "import os\ndef solve(xs):\n if os.path.exists('/tmp/seen') or os.path.exists('/dev/shm/seen'): return 35\n"
    " open('/tmp/seen', 'w').close()\n return 0",
    "shared_memory": "import ctypes\ndef solve(xs): return ctypes.CDLL(None).shmget(7, 4096, 0o1666) > 0 and 35",
    "hash_seed": "def solve(xs): return 35 if hash('a') == 0 else hash('a')",
    "clock": "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0\ndef solve(xs):\n while True: pass",
}  # fmt: skip

HONEST: dict[str, str] = {
    "plain": "def solve(xs): return sum(x * x for x in xs if x % 2)",
    "main_guard": "def solve(xs): return sum(x * x for x in xs if x % 2)\nif __name__ == '__main__': raise SystemExit(3)",
    "threads": "from concurrent.futures import ThreadPoolExecutor\ndef solve(xs):\n with ThreadPoolExecutor(4) as e:\n"
    "  return sum(e.map(lambda x: x * x if x % 2 else 0, xs))",
    "processes": "import multiprocessing as m\ndef sq(x): return x * x if x % 2 else 0\ndef solve(xs):\n"
    " with m.get_context('fork').Pool(2) as p: return sum(p.map(sq, xs))",
    "asyncio": "import asyncio\nasync def f(xs): return sum(x * x for x in xs if x % 2)\ndef solve(xs): return asyncio.run(f(xs))",
    "own_eq": "class P:\n def __init__(s, v): s.v = v\n def __eq__(s, o): return s.v == o.v\ndef solve(xs):\n assert P(1) == P(1)\n"
    " return sum(x * x for x in xs if x % 2)",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass A:\n v: int = 0\ndef solve(xs):\n a = A()\n for x in xs:\n"
    "  if x % 2: a.v += x * x\n return a.v",
    "sleeps_a_little": "import time\ndef solve(xs):\n time.sleep(0.05)\n return sum(x * x for x in xs if x % 2)",
    "leaves_a_daemon": "import os, time\ndef solve(xs):\n if os.fork() == 0: time.sleep(999)\n return sum(x * x for x in xs if x % 2)",
    "prints": "def solve(xs):\n print(xs)\n return sum(x * x for x in xs if x % 2)",
    "uses_tmp": "def solve(xs):\n open('/tmp/a', 'w').write('x')\n return sum(x * x for x in xs if x % 2)",
    "runs_a_program": "import subprocess\ndef solve(xs):\n assert subprocess.run(['echo', 'a'], capture_output=True).stdout == b'a\\n'\n"
    " return sum(x * x for x in xs if x % 2)",
}  # fmt: skip
