"""A program that logs all that it is asked, reads on, and answers from that, passes no problem that it does not
solve."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidistill.contracts import DataSource
from pidistill.records import Problem
from pidistill_code.domain import CodeDomain
from pidistill_code.verifier import CodeVerifier

_READS = '''
import re, sys
_seen, _asked = [], []
def _ahead():
    """Arguments of the calls after this one that are here already."""
    frame = sys._getframe()
    while frame:
        calls = frame.f_locals.get("calls")
        if isinstance(calls, tuple) and calls and isinstance(calls[0], tuple):
            return [call[1] for call in calls[len(_asked):]] if len(calls) > len(_asked) else []
        frame = frame.f_back
    return []
def _parts(value):
    yield value
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _parts(pair)
    elif isinstance(value, str):
        yield from (int(word) for word in re.findall(r"-?[0-9]+", value))
def {name}(*args, **kwargs):
    _asked.append(args)
    ahead = _ahead()
    _seen.append(args)
    {answer}
'''
ANSWERS = {
    "the next argument": "return ahead[0][0] if ahead and ahead[0] else None",
    "a part of the next": "return next((p for a in ahead for p in list(_parts(a))[2:]), None)",
    "a part that is not its own": "return next((p for a in ahead for p in _parts(a) if p not in (a, *args)), None)",
    "the argument before": "return _seen[-2][0] if len(_seen) > 1 and _seen[-2] else None",
    "what it was first asked": "return _seen[0][0] if _seen[0] else None",
    "how often it was asked": "return len(_seen)",
    "whether it was asked before": "return args in _seen[:-1]",
    "a number in the next text": "return next((p for a in ahead for p in _parts(a) if type(p) is int), None)",
}  # fmt: skip
WEAK = {
    ("MBPP/9", "how often it was asked"),  # their tests expect 1, 2 and 3 in this order
    ("MBPP/95", "how often it was asked"),
    ("MBPP/802", "how often it was asked"),
    ("MBPP/339", "what it was first asked"),  # 2 in each test, which is the first argument of the first
    ("MBPP/339", "the argument before"),
}
"""What passes by the tests themselves: nothing that was sent says what is expected of it."""


def problems(shared_data: Path, name: str) -> list[Problem]:
    return list(CodeDomain().problems(DataSource(path=shared_data / name)))


@pytest.mark.parametrize("name", ["HumanEval.jsonl.gz", "mbpp.jsonl"])
def test_a_program_that_answers_from_what_it_was_asked_passes_nothing(
    verifier: CodeVerifier, shared_data: Path, name: str
) -> None:
    passed = []
    for problem in problems(shared_data, name):
        for how, answer in ANSWERS.items():
            source = _READS.format(name=problem.extra["entry_point"], answer=answer)
            if (problem.id, how) not in WEAK and verifier.verify(problem, f"```python\n{source}```").passed:
                passed.append((problem.id, how))
    assert passed == []
