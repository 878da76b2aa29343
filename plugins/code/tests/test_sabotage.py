"""No submission touches another: fifty that spoil what they can, each followed by honest ones in the same session."""

from __future__ import annotations

import pytest

from pidistill.records import Problem, Status
from pidistill_code.verifier import CodeVerifier

SUM = Problem(
    "sum", "code", "Print the sum of two numbers.",
    extra={"kind": "script", "tests": [{"stdin": f"{a} {b}\n", "stdout": f"{a + b}\n"} for a, b in ((1, 2), (-4, 9))]},
)  # fmt: skip
SQUARE = Problem(
    "square", "code", "square(n)", reference="def square(n):\n    return n * n\n",
    extra={
        "entry_point": "square",
        "tests": ["assert square(3) == 9", "for n in range(3):\n    assert square(n) == n * n"],
    },
)  # fmt: skip
BOX = Problem(
    "box", "code", "Box(n).n", extra={"entry_point": "Box", "tests": ["b = Box(3)\nassert b.n == 3 and b.twice() == 6"]}
)
HONEST = [
    (SUM, "a, b = map(int, input().split())\nprint(a + b)\n"),
    (SUM, "import sys, tempfile\nprint(sum(map(int, sys.stdin.read().split())))\ntempfile.TemporaryFile().close()\n"),
    (SQUARE, "def square(n):\n    return n ** 2\n"),
    (SQUARE, "import random, math\ndef square(n):\n    random.random()\n    return int(math.pow(n, 2))\n"),
    (
        BOX,
        "class Box:\n    def __init__(self, n):\n        self.n = n\n    def twice(self):\n        return 2 * self.n\n",
    ),
]
AGAIN = [
    HONEST[0],
    (SUM, "import sys\nsys.stdout.write(str(sum(map(int, sys.stdin.buffer.read().split()))))\n"),
    *HONEST[2:],
]
"""The second of `HONEST` makes a file, after which there is a new sandbox. So there is another for the second time."""
ACL = "ACL = bytes.fromhex('0200000001000000ffffffff04000000ffffffff20000000ffffffff'); "
SABOTAGE = {
    "mode 555": "os.chmod('/tmp', 0o555)",
    "mode 0": "os.chmod('/tmp', 0)",
    "sticky off": "os.chmod('/tmp', 0o777)",
    "times": "os.utime('/tmp', (1, 2))",
    "attribute": "os.setxattr('/tmp', 'user.a', b'1')",
    "access list": f"{ACL}os.setxattr('/tmp', 'system.posix_acl_access', ACL)",
    "default access list": f"{ACL}os.setxattr('/tmp', 'system.posix_acl_default', ACL)",
    "flags": "import fcntl, struct; fcntl.ioctl(os.open('/tmp', os.O_RDONLY), 0x40086602, struct.pack('l', 0x40))",
    "a file": "open('/tmp/x', 'w').write('x')",
    "a locked folder": "os.makedirs('/tmp/a/b/c'); os.chmod('/tmp/a/b', 0); os.chmod('/tmp/a', 0)",
    "a deep folder": "[(os.mkdir('d'), os.chdir('d')) for _ in range(300)]",
    "a fifo": "os.mkfifo('/tmp/p')",
    "a socket": "import socket; socket.socketpair()",
    "links": "[os.symlink('/proc/1', f'/tmp/l{n}') for n in range(50)]",
    "a link to itself": "os.symlink('/tmp', '/tmp/tmp')",
    "many files": "[open(f'/tmp/{n}', 'w').close() for n in range(2000)]",
    "a full disk": "[open(f'/tmp/f{n}', 'wb').write(bytes(15 << 20)) for n in range(9)]",
    "odd names": "open(b'/tmp/\\xff\\n', 'w').close(); open('/tmp/ -rf', 'w').close()",
    "modules": "[open(f'/tmp/{m}.py', 'w').write('1/0') for m in ('random', 'tempfile', 'candidate', 'sitecustomize')]",
    "a daemon": "os.fork() or (os.setsid(), os.fork() or __import__('time').sleep(60))",
    "children": "[os.fork() or __import__('time').sleep(60) for _ in range(8)]",
    "threads": "import _thread, time; [_thread.start_new_thread(time.sleep, (60,)) for _ in range(8)]",
    "zombies": "[os.fork() or os._exit(0) for _ in range(9)]",
    "a stopped child": "import signal; p = os.fork() or __import__('time').sleep(60); os.kill(p, signal.SIGSTOP)",
    "signals to all": "import signal; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 10, 15)]; os.kill(-1, 15)",
    "kills all": "os.kill(-1, 9)",
    "kills one": "os.kill(1, 9)",
    "stops itself": "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "closes all": "os.closerange(0, 100)",
    "closes the answers": "os.close(4)",
    "closes the requests": "os.close(3)",
    "floods the answers": "os.write(4, bytes(1 << 16))",
    "floods the bell": "os.set_blocking(5, False); os.write(5, bytes(1 << 16))",
    "floods the output": "sys.stdout.write('x' * (1 << 23)); sys.stdout.flush()",
    "floods the errors": "sys.stderr.write('x' * (1 << 23)); sys.stderr.flush()",
    "limits": "import resource as r; [r.setrlimit(w, (1, 1)) for w in (r.RLIMIT_NOFILE, r.RLIMIT_FSIZE)]",
    "nice": "os.nice(19)",
    "affinity": "os.sched_setaffinity(0, {0})",
    "umask": "os.umask(0o777); open('/tmp/u', 'w').close()",
    "folder": "os.chdir('/proc')",
    "environment": "os.environ.clear(); os.putenv('PATH', '/nowhere')",
    "builtins": "import builtins; [setattr(builtins, n, None) for n in ('print', 'input', 'int', 'sum', 'map', 'len')]",
    "modules in memory": "import math, random; math.pow = random.random = None; sys.modules.clear()",
    "recursion": "sys.setrecursionlimit(30)",
    "hooks": "sys.settrace(lambda *a: None); sys.excepthook = None; import atexit; atexit.register(os._exit, 3)",
    "memory": "x = bytearray(400 << 20)",
    "a segment": "import ctypes; ctypes.CDLL(None).shmget(1, 4096, 0o1666)",
    "a crash": "import ctypes; ctypes.string_at(0)",
    "an endless loop": "[None for _ in iter(int, 1)]",
    "rewrites its own code": "m = sys.modules['pidistill_sandboxes.inside.child']; m._load = m._call = m.run = None",
    "process numbers": "[os.fork() or os._exit(0) for _ in range(20) if os.wait]; [os.wait() for _ in range(20)]",
    "inode numbers": "[os.close(os.open('/tmp', os.O_TMPFILE | os.O_RDWR)) for _ in range(500)]",
}  # fmt: skip


def test_there_are_fifty() -> None:
    assert len(SABOTAGE) >= 50


@pytest.mark.parametrize("name", SABOTAGE)
def test_honest_programs_after_a_saboteur_get_the_verdicts_they_had(every_verifier: CodeVerifier, name: str) -> None:
    script = f"import os, sys\nprint(0)\ntry:\n    {SABOTAGE[name]}\nexcept Exception:\n    pass\n"
    body = f"    try:\n        {SABOTAGE[name]}\n    except Exception:\n        pass\n    return 0\n"
    function = f"import os, sys\ndef square(n):\n{body}"
    for problem, source in ((SUM, script), (SQUARE, function)):
        verdict = every_verifier.verify(problem, f"```python\n{source}```")
        assert verdict.status.judged and not verdict.passed, verdict.reason
        for honest, code in HONEST + AGAIN:
            verdict = every_verifier.verify(honest, f"```python\n{code}```")
            assert verdict.status is Status.PASS, (honest.id, verdict.reason, verdict.diagnostics)
