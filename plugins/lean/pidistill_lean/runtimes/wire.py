"""JSON of the trusted Lean program, turned into the protocol's records, and texts turned into what may be sent.

Shared by every runtime that runs `judge.lean`. Pure functions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from pidistill_lean.protocol import Check, Item, LeanDied, LeanMessage, Outline, Step


def lean_source(name: str) -> str:
    """The text of one of the trusted Lean programs beside this module."""
    return files("pidistill_lean.runtimes").joinpath(name).read_text(encoding="utf-8")


JUDGE = (
    "basics.lean",
    "gate.lean",
    "passage.lean",
    "elaborate.lean",
    "export.lean",
    "import.lean",
    "judge.lean",
    "outline.lean",
    "answer.lean",
)
"""The trusted Lean programs, in the order in which they are elaborated after `import Lean`."""


def judge_source() -> str:
    """The trusted judge as one text, without imports and without transport."""
    return "\n".join(lean_source(name) for name in JUDGE)


def digest(*texts: str) -> str:
    """A short hash of the trusted code, part of a runtime's identity."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(text.encode())
        whole.update(b"\0")
    return whole.hexdigest()[:12]


def sendable(text: str) -> str:
    """Line ends as Lean counts them, and no lone surrogates, which UTF-8 cannot hold. Lines and columns stay."""
    text = text.replace("\r\n", "\n")
    return text.encode("utf-8", "replace").decode() if any("\ud800" <= char <= "\udfff" for char in text) else text


def message(data: dict[str, Any]) -> LeanMessage:
    return LeanMessage(
        severity=data["severity"],
        text=data["text"],
        line=data["line"],
        column=data["column"],
        end_line=data.get("end_line"),
        end_column=data.get("end_column"),
    )


# --- What an elaborating process says: nothing of it is believed ------------------------------------------------------


MOST_NUMBERS = 6_000_000
MOST_BYTES = 32 << 20
_LARGEST = 1 << 60
_SEVERITIES = frozenset({"error", "warning", "information"})


@dataclass(frozen=True)
class Elaborated:
    """A reply to `elaborate`, its form checked and nothing else."""

    chosen: int
    messages: tuple[LeanMessage, ...]
    errors: bool
    refused: LeanMessage | None
    unavailable: tuple[str, ...]
    imports: tuple[str, ...]
    data: dict[str, Any] | None
    """What the target is said to rest on: `strings` and `code`, a list of numbers."""


def elaborated(reply: dict[str, Any], texts: int) -> Elaborated:
    """The reply, of the form that it must have. Raises `LeanDied` where it has another."""
    try:
        chosen = reply["chosen"]
        _must(type(chosen) is int and 0 <= chosen < texts)
        if reply.get("unavailable"):
            return Elaborated(chosen, (), False, None, _texts(reply["unavailable"]), (), None)
        refused = reply["refused"]
        errors = reply["errors"]
        _must(type(errors) is bool)
        return Elaborated(
            chosen,
            tuple(_message(one) for one in _list(reply["messages"], 1_000)),
            errors,
            None if refused is None else _message(refused),
            (),
            _texts(reply["imports"]),
            _data(reply["data"]),
        )
    except (KeyError, _WrongForm) as error:
        raise LeanDied(f"the elaborating process said what cannot be read: {error}") from error


class _WrongForm(Exception):
    pass


def _must(holds: bool) -> None:
    if not holds:
        raise _WrongForm("a value is not of its form")


def _list(value: Any, most: int) -> list[Any]:
    _must(type(value) is list and len(value) <= most)
    return cast("list[Any]", value)


def _texts(value: Any) -> tuple[str, ...]:
    found = tuple(_list(value, 1_000))
    _must(all(type(one) is str and len(one) <= 1_000 for one in found))
    return found


def _message(value: Any) -> LeanMessage:
    _must(type(value) is dict and type(value.get("text")) is str and value.get("severity") in _SEVERITIES)
    places = [value.get(name) for name in ("line", "column")]
    ends = [value.get(name) for name in ("end_line", "end_column")]
    _must(all(type(one) is int and 0 <= one < _LARGEST for one in places))
    _must(all(one is None or (type(one) is int and 0 <= one < _LARGEST) for one in ends))
    return LeanMessage(value["severity"], value["text"], places[0], places[1], ends[0], ends[1])


def _data(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    _must(type(value) is dict)
    texts, code = _list(value.get("strings"), MOST_NUMBERS), _list(value.get("code"), MOST_NUMBERS)
    _must(all(type(one) is str for one in texts) and sum(map(len, texts)) <= MOST_BYTES)
    _must(all(type(one) is int and 0 <= one < _LARGEST for one in code))
    return {"strings": [sendable(one) for one in texts], "code": code}


# --- What the deciding process says -----------------------------------------------------------------------------------


def item(data: dict[str, Any], statement: str) -> Item:
    """A reply to `item`, its places moved from bytes of what was sent to `statement`."""
    errors = tuple(message(m) for m in data.get("statement_errors", ()))
    if errors:
        return Item(errors)
    moved = offsets(statement)
    commands = tuple(statement[moved[a] : moved[b]] for a, b in data["commands"] if a is not None and b is not None)
    start, proof = moved[data["target_start"]], data["proof_start"]
    before = tuple(
        statement[moved[a] : moved[b]]
        for a, b in data["commands"]
        if a is not None and b is not None and moved[b] <= start
    )
    end = len(statement) if proof is None else moved[proof]
    return Item((), commands, before, statement[start:end].rstrip())


def check(said: Elaborated, facts: dict[str, Any], seconds: float) -> Check:
    """The facts of both halves; `facts` is a reply to `judge`, and empty where there was nothing to judge."""
    return Check(
        refused=said.refused,
        messages=said.messages,
        errors=said.errors,
        chosen=said.chosen,
        target_kind=facts.get("target_kind", "missing"),
        type_matches=bool(facts.get("type_matches", False)),
        changed=tuple(facts.get("changed", ())),
        axioms=tuple(facts.get("axioms", ())),
        replay_error=facts.get("replay_error"),
        unavailable=said.unavailable,
        seconds=seconds,
    )


def outline(data: dict[str, Any], source: str) -> Outline:
    """The structure in a reply to `outline`, its offsets, bytes of the text that was sent, moved to `source`.

    A step that the parser made up where the text breaks off has no place, and is left out.
    """
    moved = offsets(source)
    steps = [
        Step(
            kind=step["kind"],
            start=moved[step["start"]],
            end=moved[step["end"]],
            depth=step["depth"],
            name=step.get("name", ""),
            statement_end=None if step.get("statement_end") is None else moved[step["statement_end"]],
        )
        for step in data["steps"]
        if step["start"] is not None and step["end"] is not None
    ]
    start = cast("int | None", data.get("proof_start"))
    return Outline(
        errors=tuple(message(m) for m in data.get("errors", ())),
        proof_start=None if start is None else moved[start],
        steps=tuple(sorted(steps, key=lambda step: (step.start, -step.end))),
        theorem=data.get("theorem", ""),
    )


def offsets(source: str) -> dict[int, int]:
    """For every byte at which a character of `sendable(source)` begins, and for its end, the place in `source`."""
    places = {}
    byte = at = 0
    while at < len(source):
        places[byte] = at
        at += 2 if source.startswith("\r\n", at) else 1
        byte += len(sendable(source[at - 1]).encode())
    places[byte] = len(source)
    return places
