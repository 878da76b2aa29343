"""The records that flow through the loop, and nothing else.

Every arrow of the loop (rollout -> verify -> construct feedback / PI -> train) turns one of these records into the next
and writes it down before it goes on. A record is frozen, typed, holds no live handle, and survives a round trip through
JSON unchanged, so a record read back from the store *is* the record that was written.

Identity is content: `content_hash` gives the same digest for the same content on any machine, and it is what the store,
the verdict cache and the overlap check use as a key. What a record means to a verifier or a trainer is their business;
where records live is `pidistill.store`'s.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from pidistill.errors import RecordError

JSON: TypeAlias = "None | bool | int | float | str | list[JSON] | dict[str, JSON]"


class Status(enum.StrEnum):
    """What a verifier found. The first five are judgements and count in a rate's denominator; the last two do not."""

    PASS = "PASS"
    FAIL = "FAIL"
    NO_ANSWER = "NO_ANSWER"
    """No answer could be extracted from the completion."""
    TIMEOUT = "TIMEOUT"
    """The candidate used up its own budget of time or memory."""
    REJECTED = "REJECTED"
    """The candidate tampered with the verifier."""
    ABSTAIN = "ABSTAIN"
    """The problem's reference cannot be judged, so nobody's answer can be."""
    ERROR = "ERROR"
    """Our own trouble. Never a score."""

    @property
    def judged(self) -> bool:
        """Whether a verdict with this status belongs in the denominator of an accuracy."""
        return self not in (Status.ABSTAIN, Status.ERROR)


class Reveals(enum.StrEnum):
    """How much a PI form tells, from nothing to the whole solution."""

    NOTHING = "nothing"
    FAILURE_BIT = "failure bit"
    DIAGNOSTIC = "diagnostic"
    TESTS = "tests"
    STRUCTURE = "structure"
    ANSWER = "answer"
    SOLUTION = "solution"


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(value: JSON) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, lone surrogates escaped, NaN and infinities refused."""
    return _CANONICAL.encode(value)


def content_hash(*parts: JSON) -> str:
    """A 32-digit hexadecimal digest (BLAKE2b, 128 bits) of the JSON values in `parts`, the same on every machine."""
    return hashlib.blake2b(canonical_json(list(parts)).encode("ascii"), digest_size=16).hexdigest()


class Record:
    """Base of all records: JSON out, JSON in, and a content hash.

    Subclasses are frozen dataclasses whose fields are JSON scalars, enums, records, tuples of those, or a `Mapping`
    of JSON. `from_json` is strict: an unknown key, a missing one or a value of the wrong type is a `RecordError` that
    names the record and the field.
    """

    __slots__ = ()

    def to_json(self) -> dict[str, JSON]:
        """The record as plain JSON values; `from_json` gives an equal record back."""
        names = _schema(type(self))[1]  # type: ignore[arg-type]  # as in from_json
        return {name: _encode(getattr(self, name)) for name in names}

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Self:
        """The record that `data` describes. Raises `RecordError` naming the field that does not fit."""
        if not isinstance(data, Mapping):
            raise RecordError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
        hints, fields = _schema(cls)  # type: ignore[arg-type]  # a class is hashable, whatever mypy thinks of Self
        if unknown := sorted(set(data) - set(fields)):
            raise RecordError(f"{cls.__name__}: unknown field {unknown[0]!r}")
        values = {}
        for name, required in fields.items():
            if name in data:
                values[name] = _decode(hints[name], data[name], f"{cls.__name__}.{name}")
            elif required:
                raise RecordError(f"{cls.__name__}: field {name!r} is missing")
        return cls(**values)

    def digest(self) -> str:
        """Content hash of the record. A field at its default is left out, so that a new field moves no digest."""
        return content_hash(type(self).__name__, self.identity())

    def identity(self) -> dict[str, JSON]:
        """The fields that differ from their defaults, as plain JSON values: what keys are made of."""
        names = _schema(type(self))[1]  # type: ignore[arg-type]  # as in from_json
        defaults = _defaults(type(self))  # type: ignore[arg-type]
        missing = object()
        said = {name: value for name in names if (value := getattr(self, name)) != defaults.get(name, missing)}
        return {name: _encode(value) for name, value in said.items()}


@dataclass(frozen=True)
class Message(Record):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


Messages: TypeAlias = tuple[Message, ...]


@dataclass(frozen=True)
class Problem(Record):
    """A task with a reference that the verifier judges against. The reference is never sent in a student prompt."""

    id: str
    domain: str
    prompt: str
    reference: str | None = None
    """What the verifier compares with: an answer, a canonical solution, a statement. None: nothing can be judged."""
    solution: str | None = None
    """A worked reference solution, where the data has one. Source of hints and skeletons."""
    level: int | None = None
    """Difficulty as the data gives it; 1 is easiest."""
    split: str = ""
    source: str = ""
    """Data set and revision, or the file, that the problem was read from."""
    extra: Mapping[str, JSON] = field(default_factory=dict)
    """What else the domain's verifier needs (tests, header, subject)."""

    @functools.cached_property
    def hash(self) -> str:
        """Content hash of everything that a verdict depends on; id, split and source do not count."""
        return content_hash(self.domain, self.prompt, self.reference, _encode(self.extra))

    @functools.cached_property
    def prompt_hash(self) -> str:
        """Hash of the case-folded, white-space-folded prompt: what train/eval overlap is judged by."""
        return content_hash(self.domain, " ".join(self.prompt.casefold().split()))


@dataclass(frozen=True)
class Sampling(Record):
    """How a completion is drawn. The seed is per rollout, so a rollout does not depend on its batch."""

    temperature: float = 0.7
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps the whole vocabulary."""
    max_tokens: int = 512
    """Longest completion, in tokens; a completion that reaches it without an end token is `truncated`."""
    seed: int = 0


@dataclass(frozen=True)
class Rollout(Record):
    """One completion of one prompt."""

    id: str
    """The content key: same model revision, messages, sampling and engine -> same id."""
    problem_id: str
    messages: Messages
    """The prompt as sent, before the chat template."""
    completion: str
    """The decoded completion without its end token."""
    token_ids: tuple[int, ...]
    """Completion token ids, the end token included when there was one."""
    logprobs: tuple[float, ...]
    """Natural-log probability of each completion token under the model at temperature 1, same length as `token_ids`;
    empty where the engine cannot tell."""
    prompt_tokens: int
    sampling: Sampling
    model_revision: str
    engine: str
    attempt: int = 0
    """0 for a first attempt, k for the k-th retry."""
    parent_id: str | None = None
    """The failed rollout that this one retries, or that a written PI is about."""
    truncated: bool = False
    role: str = "student"
    """Who spoke: student, teacher, hinter, solver."""
    problem_hash: str = ""
    """Key of the problem in the store."""
    pi_ids: tuple[str, ...] = ()
    """Keys of the PI in the prompt, oldest first, as it was asked for the first time."""


@dataclass(frozen=True)
class Verdict(Record):
    """What the verifier says of one completion of one problem."""

    status: Status
    score: float = 0.0
    """Graded score in [0, 1]; 1 on PASS. Always 0 on ABSTAIN and ERROR, where it must not be read."""
    answer: str | None = None
    """The answer that was extracted from the completion."""
    reason: str = ""
    """One line for a person."""
    diagnostics: str = ""
    """What a PI form may show: compiler errors, failing tests."""
    seconds: float = 0.0
    """Wall clock from the start of the work."""
    verifier: str = ""
    """Identity of the verifier: `name@version+hash`."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.score) and 0.0 <= self.score <= 1.0):
            raise RecordError(f"Verdict.score must lie in [0, 1], got {self.score!r}")
        if not self.status.judged and self.score != 0.0:
            raise RecordError(f"Verdict: {self.status} carries no score, got {self.score!r}")

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS


@dataclass(frozen=True)
class Attempt:
    """A rollout with its problem and verdict. Not stored as such: its three parts are."""

    problem: Problem
    rollout: Rollout
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Judged, and not passed. What could not be judged is no failure to learn from."""
        return self.verdict.status.judged and not self.verdict.passed


@dataclass(frozen=True)
class PI(Record):
    """Privileged information: text that the student will not see at test time."""

    form: str
    """The form that made it, with its settings: `gibberish:token=QUUX`."""
    text: str
    reveals: Reveals
    source_ids: tuple[str, ...] = ()
    """Problems or rollouts that the text was made from."""
    problem_id: str = ""
    about: str = ""
    """The rollout that it is about, where there is one."""
    written_by: str = ""
    """The rollout in which a model wrote it, where one did."""


@dataclass(frozen=True)
class Feedback(Record):
    """PI, or a bare failure notice, put into messages for a retry or for the teacher."""

    messages: Messages
    pi: PI
    condition: Literal["retry", "teacher"]


@dataclass(frozen=True)
class Example(Record):
    """What is trained on: a completion of the *plain* prompt, and for distillation the teacher's view of it."""

    problem_id: str
    student_messages: Messages
    completion: str
    token_ids: tuple[int, ...]
    """Completion token ids, scored by student and teacher alike."""
    teacher_messages: Messages | None = None
    weight: float = 1.0
    logprobs: tuple[float, ...] = ()
    """Log-probabilities under the policy that sampled it; empty where unknown."""
    rollout_id: str = ""
    """Provenance: the rollout this was made from."""
    pi_form: str = "none"
    pi_id: str = ""
    """Key of the teacher's PI in the store, where there is one."""
    advantage: float | None = None
    """Reward minus its group's baseline, for objectives that use one."""
    contrast_messages: Messages | None = None
    """The prompt that the teacher's is held against, for objectives that do."""


@dataclass(frozen=True)
class ModelRef(Record):
    """A model by name and weights. `revision` changes exactly when what the model would say changes."""

    base: str
    """Hugging Face name or local folder of the base model, with its tokenizer and chat template."""
    revision: str
    adapter: str | None = None
    """Folder of a LoRA adapter on top of `base`, or None."""
    chat: Mapping[str, JSON] = field(default_factory=dict)
    """Options for the chat template, such as `{"enable_thinking": false}`."""


_PLAIN: dict[type, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (float, int)}


@functools.cache
def _schema(cls: type) -> tuple[dict[str, object], dict[str, bool]]:
    """Type hints of a record class, and for each field whether it has no default."""
    missing = dataclasses.MISSING
    fields = {f.name: f.default is missing and f.default_factory is missing for f in dataclasses.fields(cls)}
    return typing.get_type_hints(cls), fields


@functools.cache
def _defaults(cls: type) -> dict[str, object]:
    missing = dataclasses.MISSING
    return {
        f.name: f.default if f.default_factory is missing else f.default_factory()
        for f in dataclasses.fields(cls)
        if f.default is not missing or f.default_factory is not missing
    }


_SCALARS = frozenset((str, int, float, bool, type(None)))


def _encode(value: object) -> JSON:
    if type(value) in _SCALARS:
        return typing.cast(JSON, value)
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, enum.Enum):
        return typing.cast(JSON, value.value)
    if isinstance(value, Mapping):
        return {str(k): _encode(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return list(value) if _SCALARS.issuperset(map(type, value)) else [_encode(v) for v in value]
    return typing.cast(JSON, value)


@functools.cache
def _parts(hint: typing.Hashable) -> tuple[object, tuple[typing.Any, ...]]:
    return typing.get_origin(hint), typing.get_args(hint)


def _decode(hint: object, value: JSON, where: str) -> object:
    if type(value) is hint:
        return value
    origin, args = _parts(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (inner,) = [a for a in args if a is not type(None)]
        return _decode(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise RecordError(f"{where}: expected a list, got {type(value).__name__}")
        if args[0] in (int, float, str) and all(type(v) is args[0] for v in value):
            return tuple(value)  # token ids and logprobs are long: no call per element
        return tuple(_decode(args[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is Literal:
        if value not in args:
            raise RecordError(f"{where}: expected one of {', '.join(map(repr, args))}, got {value!r}")
        return value
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise RecordError(f"{where}: expected an object, got {type(value).__name__}")
        return dict(value)
    assert isinstance(hint, type), f"{where}: records cannot hold {hint!r}"
    if issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            raise RecordError(f"{where}: {value!r} is not a {hint.__name__}") from None
    if issubclass(hint, Record):
        return hint.from_json(typing.cast(Mapping[str, JSON], value))
    if not isinstance(value, _PLAIN[hint]) or (isinstance(value, bool) and hint is not bool):
        raise RecordError(f"{where}: expected {hint.__name__}, got {value!r:.60}")
    return float(typing.cast(float, value)) if hint is float else value


__all__ = [name for name, value in list(globals().items()) if isinstance(value, type) and issubclass(value, Record)]
__all__ += ["JSON", "Attempt", "Messages", "Reveals", "Status", "canonical_json", "content_hash"]
