"""Programs that solve the problem and look like some of the attacks."""

from __future__ import annotations

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
