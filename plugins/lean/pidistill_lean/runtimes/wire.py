"""JSON of the trusted Lean program, turned into the protocol's records, and texts turned into what may be sent.

Shared by every runtime that runs `judge.lean`. Pure functions.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, cast

from pidistill_lean.protocol import Check, LeanMessage, Outline, Step


def lean_source(name: str) -> str:
    """The text of one of the trusted Lean programs beside this module."""
    return files("pidistill_lean.runtimes").joinpath(name).read_text(encoding="utf-8")


JUDGE = ("basics.lean", "gate.lean", "judge.lean", "outline.lean")
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


def check(data: dict[str, Any], seconds: float) -> Check:
    """The facts in a reply to `check`."""
    refused = data.get("refused")
    errors = tuple(message(m) for m in data.get("statement_errors", ()))
    if data.get("target_unknown") and not errors:
        errors = (LeanMessage("error", "the statement declares nothing of the target's name", 1, 0),)
    return Check(
        statement_errors=errors,
        refused=message(refused) if refused else None,
        messages=tuple(message(m) for m in data.get("messages", ())),
        target_kind=data.get("target_kind", "missing"),
        type_matches=bool(data.get("type_matches", False)),
        changed=tuple(data.get("changed", ())),
        axioms=tuple(data.get("axioms", ())),
        replay_error=data.get("replay_error"),
        unavailable=tuple(data.get("unavailable", ())),
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
