"""From the facts about a submission to a verdict. Pure: no Lean runs here, and no message decides.

A submission passes where Lean had no error in it, it made a theorem of the target's name whose type is exactly that of
the trusted statement, all that the statement rests on is unchanged, its axioms are Lean's three or the problem's own,
and the kernel accepts it anew in a clean environment. Whether there was an error is a fact, and no message is read.

What is not a pass is FAIL where an honest attempt may end there (an error, `sorry`, another statement, `native_decide`)
and REJECTED where none does: code that runs while it is elaborated, an axiom of its own, a declaration that the kernel
never accepted. A statement that does not elaborate is ABSTAIN, since nobody's proof of it can be judged, and so is a
submission that imports Mathlib where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pidistill.records import Status, Verdict
from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.protocol import Check, LeanMessage

ALLOWED: Final = frozenset({"propext", "Classical.choice", "Quot.sound"})
"""Lean's own axioms, which every classical proof may rest on."""
COMPILER: Final = frozenset({"Lean.ofReduceBool", "Lean.ofReduceNat", "Lean.trustCompiler"})
"""Axioms behind `native_decide`: they trust compiled code, which the kernel does not check."""
LIBRARIES: Final = frozenset(
    {"Mathlib", "Aesop", "Batteries", "ImportGraph", "LeanSearchClient", "Plausible", "ProofWidgets", "Qq"}
)
"""What a submission may import for good reason. Where this Lean lacks it, the submission cannot be judged here."""
SORRY: Final = "sorryAx"
_MOST_ERRORS: Final = 5
_LONGEST_ERROR: Final = 1_500
_SHOWN: Final = 8_000
"""Characters of the submission that a verdict keeps."""


def judge(check: Check, found: Extracted) -> Verdict:
    """The verdict on `found.source`, which must not be None, given the facts about it. Its score is 1 or 0."""
    if check.statement_errors:
        first = first_line(check.statement_errors[0].text)
        return Verdict(Status.ABSTAIN, reason=f"the statement does not elaborate: {first}"[:500])
    if check.unavailable and all(name.split(".")[0] in LIBRARIES for name in check.unavailable):
        return Verdict(Status.ABSTAIN, reason=f"it imports {check.unavailable[0]}, which this Lean does not have"[:500])
    status, reason = _finding(check, found)
    told = ""
    if status is not Status.PASS:
        shown = (check.refused,) if check.refused is not None else errors(check.messages)
        told = diagnostics(shown, found) or f"{reason[:1].upper()}{reason[1:]}.\n"
    score = 1.0 if status is Status.PASS else 0.0
    return Verdict(status, score, str(found.source)[:_SHOWN], reason[:500], told)


def _finding(check: Check, found: Extracted) -> tuple[Status, str]:
    if check.unavailable:
        return Status.FAIL, f"it imports {check.unavailable[0]}, which does not exist here"
    if check.refused is not None:
        return Status.REJECTED, f"{place(check.refused, found)}: {first_line(check.refused.text)}"
    own = sorted(name for name in check.axioms if name not in ALLOWED | COMPILER and name != SORRY)
    worst = next(iter(errors(check.messages)), None)
    because = f"; {place(worst, found)}: {first_line(worst.text)}" if worst is not None else ""
    if check.errors:
        return Status.FAIL, f"it does not compile{because}"
    if check.target_kind == "axiom":
        return Status.REJECTED, "it declares the theorem as an axiom"
    if check.target_kind != "missing" and own:
        return Status.REJECTED, f"it rests on an axiom of its own: {own[0].removeprefix('new axiom ')}"
    if check.target_kind == "theorem" and check.replay_error is not None:
        return Status.REJECTED, f"the kernel does not accept it: {first_line(check.replay_error)}"
    if check.target_kind == "missing":
        return Status.FAIL, "it states no theorem of the name"
    if check.target_kind != "theorem":
        return Status.FAIL, f"its target is a {check.target_kind}, not a theorem"
    if check.changed:
        return Status.FAIL, f"it has {check.changed[0]}, on which the statement rests, otherwise"
    if not check.type_matches:
        return Status.FAIL, "it states something else"
    if SORRY in check.axioms:
        return Status.FAIL, "it rests on sorry"
    if compiled := sorted(COMPILER & set(check.axioms)):
        return Status.FAIL, f"it rests on {compiled[0]}, as native_decide does"
    return Status.PASS, "the kernel accepts it"


# --- What an attempt is told ------------------------------------------------------------------------------------------


def errors(messages: Iterable[LeanMessage]) -> tuple[LeanMessage, ...]:
    """The errors among `messages`."""
    return tuple(message for message in messages if message.severity == "error")


def diagnostics(shown: Iterable[LeanMessage], found: Extracted) -> str:
    """The compiler's errors word for word, each with its place in the candidate's own lines and the source line.

    `entries` takes the text apart again.
    """
    lines = str(found.source).split("\n")
    told = []
    for message in list(shown)[:_MOST_ERRORS]:
        line = lines[message.line - 1].strip() if 0 < message.line <= len(lines) else ""
        at = f"Error in {place(message, found)}" + (f": {line}" if line else "")
        text = message.text.strip()
        body = text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR].rstrip()} ..."
        told.append("\n".join([at, *(f"  {part}".rstrip() for part in body.split("\n"))]))
    return "".join(f"{entry}\n" for entry in told)


def entries(told: str) -> list[str]:
    """The errors of a `diagnostics` text, one each."""
    found: list[list[str]] = []
    for line in told.rstrip("\n").split("\n"):
        if line.startswith("Error in "):
            found.append([line])
        elif found:
            found[-1].append(line)
    return ["\n".join(entry) for entry in found]


def place(message: LeanMessage, found: Extracted) -> str:
    """Where `message` points, in the candidate's own lines."""
    own = message.line - found.given
    return f"line {own}, column {message.column + 1}" if own > 0 else "the statement"


def first_line(text: str) -> str:
    """The first line of a message."""
    return text.strip().split("\n", 1)[0].strip()
