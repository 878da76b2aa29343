"""What the server does to its memory makes forks cheaper and changes nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import json, os
from pidistill_sandboxes.inside import memory

def rights():
    '''Bytes of each file that are mapped with each right. The kernel may make one mapping of two.'''
    found = {}
    for line in open("/proc/self/maps"):
        span, kind, *rest = line.split(maxsplit=5)
        if "/" in rest[-1]:
            start, end = (int(number, 16) for number in span.split("-"))
            found[kind, rest[-1]] = found.get((kind, rest[-1]), 0) + end - start
    return found

def faults_of_a_fork():
    pid = os.fork()
    if pid == 0:
        sum(len(str(number).encode()) for number in range(100))
        os._exit(0)
    return os.wait4(pid, 0)[2].ru_minflt

def least(times=5):
    return min(faults_of_a_fork() for _ in range(times))

least()
before, faults = rights(), least()
memory.hand_on_code()
print(json.dumps([before == rights(), faults, least()]))
"""


def test_forks_inherit_code_and_no_right_is_changed() -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, text=True).stdout
    unchanged, before, after = json.loads(told)
    assert unchanged
    assert after < before
