"""A process that elaborates may say anything: none of it makes a pass of what the kernel does not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.errors import VerifierError
from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.judge import judge
from pidistill_lean.protocol import LeanDied, LeanTimeout, Theorem
from pidistill_lean.runtimes import wire
from pidistill_lean.runtimes.wasm import WasmRuntime

FIVE = Theorem("theorem target : (2 : Nat) + 2 = 5 := by sorry", "target")
FOUR = Theorem("theorem target : (2 : Nat) + 2 = 4 := by sorry", "target")
PROOF = "theorem target : (2 : Nat) + 2 = 4 := rfl"
Lie = Callable[[dict[str, Any]], object]


class Owned(WasmRuntime):
    """Its elaborating process is the candidate's: `lie` changes each reply as it likes."""

    lie: Lie | None = None

    def _elaborating(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        reply, used = super()._elaborating(theorem, request, budget_s)
        if self.lie is not None and request["op"] == "elaborate":
            self.lie(reply)
        return reply, used


@pytest.fixture(scope="module")
def owned() -> Iterator[Owned]:
    try:
        runtime = Owned()
    except VerifierError as error:
        pytest.skip(f"no Lean here: {error.message} {error.hint}")
    with runtime:
        yield runtime


def passes(runtime: WasmRuntime, theorem: Theorem, text: str) -> bool:
    try:
        return judge(runtime.check(theorem, text, 20.0), Extracted(text)).passed
    except (LeanDied, LeanTimeout):
        return False


def clean(reply: dict[str, Any]) -> None:
    """What each of them says besides: no error, nothing refused."""
    reply.update(errors=False, refused=None, messages=[], imports=[])


def deep(reply: dict[str, Any]) -> None:
    clean(reply)
    code = [1, 0, 0, 7, 0]
    for number in range(200_000):
        code += [10, number, number]
    reply["data"] = {"strings": ["target"], "code": code}


def levels(reply: dict[str, Any]) -> None:
    clean(reply)
    code = [1, 0, 0]
    for number in range(200_000):
        code += [3, number]
    reply["data"] = {"strings": ["target"], "code": [*code, 8, 200_000, 20, 0, 1, 0, 0]}


def code(*numbers: int, strings: tuple[str, ...] = ("target",)) -> Lie:
    def lie(reply: dict[str, Any]) -> None:
        clean(reply)
        reply["data"] = {"strings": list(strings), "code": list(numbers)}

    return lie


LIES: dict[str, Lie] = {
    "no error at all": clean,
    "nothing": lambda reply: reply.update(data=None),
    "no form": lambda reply: reply.update(data=[1, 2]),
    "negative": code(-1, -2),
    "points nowhere": code(10, 7, 9),
    "breaks off": code(22, 1),
    "an unknown entry": code(99, 0, 0),
    "huge numbers": code(7, 1 << 70),
    "cyclic: a name that is its own part": code(1, 1, 0),
    "cyclic: a term that is its own part": code(1, 0, 0, 10, 0, 0),
    "a theorem with a loose variable": code(1, 0, 0, 7, 0, 22, 1, 0, 0, 0),
    "an axiom of the target's name": code(1, 0, 0, 8, 0, 20, 0, 1, 0, 0),
    "unsafe": code(1, 0, 0, 8, 0, 20, 1, 1, 0, 0),
    "a theorem of another type": code(1, 0, 0, 8, 0, 22, 1, 0, 0, 0),
    "an axiom under Lean's name": code(1, 0, 0, 1, 0, 1, 8, 0, 20, 0, 2, 0, 0, strings=("target", "propext")),
    "a deep term": deep,
    "a deep level": levels,
    "a numeral that is none": code(1, 0, 0, 14, 0),
    "compiled code": code(1, 0, 0, 1, 1, 1, 9, 2, 0, strings=("Lean", "reduceBool")),
}


@pytest.mark.parametrize("name", LIES)
def test_no_lie_passes_and_the_next_submission_is_judged_as_if_it_had_not_been(owned: Owned, name: str) -> None:
    owned.lie = LIES[name]
    try:
        assert not passes(owned, FIVE, "theorem target : (2 : Nat) + 2 = 5 := by sorry")
    finally:
        owned.lie = None
    assert passes(owned, FOUR, PROOF)
    assert not passes(owned, FIVE, PROOF)


def test_anothers_proof_passes_for_what_it_proves_alone(owned: Owned) -> None:
    taken: dict[str, Any] = {}
    owned.lie = taken.update
    assert passes(owned, FOUR, PROOF)
    owned.lie = lambda reply: reply.update(taken)
    try:
        assert not passes(owned, FIVE, "theorem target : (2 : Nat) + 2 = 5 := by sorry")
    finally:
        owned.lie = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("chosen", "messages", "errors", "refused", "imports", "data", "unavailable")


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=7))
def test_any_reply_has_its_form_or_is_refused(reply: dict[str, Any]) -> None:
    try:
        found = wire.elaborated(reply, 1)
    except LeanDied:
        return
    assert found.chosen == 0 and isinstance(found.errors, bool)
    assert found.data is None or all(type(one) is int and one >= 0 for one in found.data["code"])
