"""Tests of a list that share names, where one makes what a later one reads: `s = Stack()`, `s.push(1)`, `assert ...`.

The harnesses that such lists are made for run all of a list in one namespace. Here each entry is a test of its own,
unless it cannot be: from an entry that makes a name to the last that reads it, all are one test, in their order, so
that what has been done before is done before.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Final

from pidistill.records import JSON
from pidistill_code.lookups import looked_up_before_made
from pidistill_code.syntax import defined_names, names_looked_up, parse

_BUILT_IN: Final = frozenset(dir(builtins))


def together(tests: Sequence[JSON], entry_point: str, codes: Sequence[str]) -> list[JSON]:
    """`tests` with those that share names joined. Names of the entry point's and of `codes`, which are there for all
    tests, tie none, nor do those of built-ins that an entry with asserts of its own makes: so each was read alone."""
    texts = [(number, test) for number, test in enumerate(tests) if isinstance(test, str)]
    may_make = {number for number, test in texts if not test.startswith("assert") or "\n" in test}
    if not may_make or min(may_make) == texts[-1][0]:
        return list(tests)
    given = {entry_point, *(name for code in codes for name in _defined(code))}
    made_at, goes_on = dict[str, int](), set[int]()
    for number, test in texts:
        reads, makes = _names(test) if made_at or number in may_make else ((), ())
        first = min((made_at[name] for name in reads if name in made_at), default=number)
        goes_on.update(range(first + 1, number + 1))
        if number in may_make:
            made_at |= dict.fromkeys(set(makes) - given - (_BUILT_IN if "assert" in test else set()), number)
    found, run = list[JSON](), 0
    for number, one in enumerate(tests):
        if isinstance(one, str) and number in goes_on:
            found[run] = f"{found[run]}\n{one}"
        else:
            run = len(found) if isinstance(one, str) else run
            found.append(one)
    return found


def _names(test: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a test reads that it has not made before, and what it makes. None where it is no Python, as will be said."""
    try:
        looked_up, made = names_looked_up(test)
        return (looked_up - made) | looked_up_before_made(parse(test).body), made
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(), frozenset()


def _defined(code: str) -> frozenset[str]:
    try:
        return defined_names(code)
    except SyntaxError:  # of the preamble and the reference this is said where they are read
        return frozenset()
