"""Records survive JSON unchanged, refuse what does not fit, and hash by content."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import RecordError
from pidistill.records import (
    JSON,
    PI,
    Example,
    Feedback,
    Message,
    ModelRef,
    Problem,
    Record,
    Reveals,
    Rollout,
    Sampling,
    Status,
    Verdict,
    canonical_json,
    content_hash,
)

text = st.text(st.characters(exclude_categories=()), max_size=20)
"""Any code point, lone surrogates and NUL included."""
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars: st.SearchStrategy[JSON] = st.none() | st.booleans() | st.integers() | floats | text
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
)
messages = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), text), max_size=3).map(tuple)
samplings = st.builds(Sampling, floats, floats, st.integers(), st.integers(), st.integers())
statuses = st.sampled_from([s for s in Status if s.judged])
token_ids = st.lists(st.integers(0, 200_000), max_size=5).map(tuple)
logprobs = st.lists(floats, max_size=5).map(tuple)
pis = st.builds(PI, text, text, st.sampled_from(Reveals), st.lists(text, max_size=2).map(tuple), text, text, text)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Problem, text, text, text, st.none() | text, extra=st.dictionaries(text, json_values, max_size=3)),
    samplings,
    st.builds(Rollout, text, text, messages, text, token_ids, logprobs, st.integers(), samplings, text, text),
    st.builds(Verdict, statuses, st.floats(0, 1), st.none() | text, text, text, floats, text),
    pis,
    st.builds(Feedback, messages, pis, st.sampled_from(["retry", "teacher"])),
    st.builds(Example, text, messages, text, token_ids, st.none() | messages, floats, logprobs),
    st.builds(ModelRef, text, text, st.none() | text, st.dictionaries(text, json_values, max_size=2)),
)


@given(records)
def test_a_record_survives_json_unchanged(record: Record) -> None:
    again = type(record).from_json(json.loads(json.dumps(record.to_json())))
    assert again == record
    assert again.digest() == record.digest()


@given(json_values)
def test_canonical_json_is_ascii_and_says_the_same(value: JSON) -> None:
    written = canonical_json(value)
    assert written.isascii()
    assert canonical_json(json.loads(written)) == written


@given(st.dictionaries(text, json_values, min_size=2, max_size=5))
def test_the_hash_does_not_depend_on_key_order(value: dict[str, JSON]) -> None:
    assert content_hash(dict(reversed(value.items()))) == content_hash(value)


@given(st.lists(json_values, min_size=1, max_size=4))
def test_parts_do_not_run_together(parts: list[JSON]) -> None:
    assert content_hash(*parts) != content_hash(*parts, None)
    assert content_hash(parts) == content_hash(parts)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"role": "user"}, "content"),
        ({"role": "user", "content": 3}, "Message.content"),
        ({"role": "tool", "content": ""}, "Message.role"),
        ({"role": "user", "content": "", "contnet": ""}, "contnet"),
        (["user", ""], "Message"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data: object, named: str) -> None:
    with pytest.raises(RecordError, match=named):
        Message.from_json(data)  # type: ignore[arg-type]


def test_a_bool_is_not_a_number() -> None:
    with pytest.raises(RecordError, match="max_tokens"):
        Sampling.from_json({"max_tokens": True})


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_score_outside_the_unit_interval_is_refused(score: float) -> None:
    with pytest.raises(RecordError, match="score"):
        Verdict(Status.PASS, score)


@pytest.mark.parametrize("status", [Status.ERROR, Status.ABSTAIN])
def test_what_was_not_judged_has_no_score(status: Status) -> None:
    assert not status.judged
    with pytest.raises(RecordError, match="carries no score"):
        Verdict(status, 1.0)


def test_a_problem_hash_sees_what_a_verdict_depends_on_and_nothing_else() -> None:
    problem = Problem("a", "math", "2+2?", "4", split="train", source="x")
    assert problem.hash == Problem("b", "math", "2+2?", "4", split="test", source="y").hash
    assert problem.hash != Problem("a", "math", "2+2?", "5").hash
    assert problem.hash != Problem("a", "math", "2+2?", "4", extra={"tests": "f"}).hash


def test_overlap_ignores_case_and_spacing() -> None:
    assert Problem("a", "math", "What is  2+2?\n").prompt_hash == Problem("b", "math", "what is 2+2?").prompt_hash
