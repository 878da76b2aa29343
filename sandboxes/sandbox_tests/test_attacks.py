"""No attack passes in any sandbox, none leaves a trace, and honest programs pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidistill.sandbox import Call, Kind, Limits
from pidistill_sandboxes.escapes import STRANGERS
from pidistill_sandboxes.session import WarmSession

from .attacks import ATTACKS, HONEST

LIMITS = Limits(call_s=0.25, program_s=0.6, memory_bytes=256 << 20, processes=16, answer_bytes=1 << 20)
GENEROUS = Limits(call_s=5.0)
TESTS = [([1, 3, 5], 35), ([], 0), ([2, 4], 0), ([-3, 5], 34), ([7, 7, 1], 99)]


def passes(session: WarmSession, source: str, limits: Limits = LIMITS, waits: bool = True) -> bool:
    """A verifier in little: every answer is there, of the exact type, and equal."""
    outcome = session.run(source, [Call("solve", (list(xs),), waits=waits) for xs, _ in TESTS], limits)
    assert outcome.loaded.kind is not None
    return len(outcome.answers) == len(TESTS) and all(
        answer.kind is Kind.VALUE and type(answer.value) is int and answer.value == expected
        for answer, (_, expected) in zip(outcome.answers, TESTS, strict=True)
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_does_not_pass_and_leaves_no_trace(warm: WarmSession, name: str, tmp_path: Path) -> None:
    bait = tmp_path / "bait"
    bait.write_text("unharmed")
    assert not passes(warm, ATTACKS[name])
    assert not passes(warm, ATTACKS[name], waits=False)
    assert bait.read_text() == "unharmed"
    after = warm.run(TRACES + HONEST["plain"], [Call("traces"), Call("solve", ([1, 3, 5],))], GENEROUS)
    assert [answer.value for answer in after.answers] == [[], 35]


TRACES = (
    STRANGERS
    + """
def traces():
    left = os.listdir("/tmp") + (os.listdir("/dev/shm") if os.path.isdir("/dev/shm") else [])
    return left + strangers()
"""
)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_passes(warm: WarmSession, name: str) -> None:
    assert passes(warm, HONEST[name], GENEROUS)
    assert passes(warm, HONEST[name], GENEROUS, waits=False)


def test_installed_packages_are_out_of_sight(warm: WarmSession) -> None:
    source = """
import glob, sys
def found():
    patterns = [f"{root}/lib*/python*/{kind}-packages/*" for root in ("/usr", "/usr/local", sys.prefix) for kind in
                ("site", "dist")]
    return [path for pattern in patterns for path in glob.glob(pattern)]
"""
    assert warm.run(source, [Call("found")], GENEROUS).answers[0].value == []


def test_the_problem_has_enough_attacks() -> None:
    assert len(ATTACKS) >= 60
