"""LeanDojo: theorems with their reference proofs out of a traced repository, and replay of proofs tactic by tactic.

LeanDojo is not a `Runtime`: it plays tactics against one theorem of a traced repository and takes Lean's word for it
(its own check looks for the old wording of the `sorry` warning). So nothing here is a verdict. What it gives is

* rows for the Lean domain's local data (`rows`, `export`): the statement with all that stands before it in its file
as the header, so that the native runtime judges submissions as it does any others;
* a `Replay` (`replay`): how far a list of tactics gets, with the goals before each, for diagnosis.

`lean_dojo` is imported where it is used; it wants git, a Lean toolchain and, for repositories on GitHub, the network.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pidistill.errors import DataError, VerifierError

INSTALL = "Try: pip install 'pidistill-lean[dojo]'"

Outcome = Literal["open", "finished", "error", "gave up", "timeout", "crash"]
"""What a tactic led to: goals that are left, none, Lean's refusal, a `sorry`, an overrun, or the end of Lean."""


@dataclass(frozen=True)
class Played:
    """One tactic and what it led to."""

    tactic: str
    before: str
    """The goals it was played on, as Lean prints them."""
    outcome: Outcome
    text: str = ""
    """The goals afterwards, or the error."""


@dataclass(frozen=True)
class Replay:
    """How far a list of tactics got. `finished` says that LeanDojo saw no goals left; it is no verdict."""

    steps: tuple[Played, ...]

    @property
    def finished(self) -> bool:
        return bool(self.steps) and self.steps[-1].outcome == "finished"


@dataclass(frozen=True)
class Row:
    """A theorem with a tactic proof, in the columns that the Lean domain reads."""

    name: str
    target: str
    header: str
    statement: str
    proof: str
    file: str
    tactics: tuple[str, ...]
    """The reference proof's traced tactics, outermost first."""

    def to_json(self) -> dict[str, object]:
        return {**vars(self), "tactics": list(self.tactics)}


def look() -> tuple[bool, str, str]:
    """Whether LeanDojo is installed, what was found, and a hint. It is not imported."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return True, f"lean-dojo {version('lean-dojo')}", ""
    except PackageNotFoundError:
        return False, "lean-dojo is not installed", INSTALL


def trace(folder: Path) -> Any:
    """The traced repository (`lean_dojo.TracedRepo`) of a local git clone of a lake project.

    The first time it builds the project and runs Lean over all of it: minutes to hours. Raises `VerifierError`
    without LeanDojo, `DataError` where the folder is no git repository or cannot be traced.
    """
    dojo = _lean_dojo()
    try:
        return dojo.trace(dojo.LeanGitRepo.from_path(folder), build_deps=False)
    except Exception as error:  # LeanDojo raises what git, lake and its parsers raise, with no common class
        raise DataError(
            f"{folder} cannot be traced: {error}", "It must be a git clone that `lake build` builds."
        ) from error


def rows(theorems: Iterable[Any]) -> Iterator[Row]:
    """Rows of those `lean_dojo.TracedTheorem`s that have a tactic proof and are not private, in their order."""
    for theorem in theorems:
        proof = theorem.get_tactic_proof()
        if proof is None or theorem.is_private:
            continue
        file = theorem.traced_file.lean_file
        start, _ = theorem.locate_proof()
        head = file[theorem.start : start].rstrip()
        if head.endswith("where"):
            continue  # the declaration goes on behind the proof
        head = head if head.endswith(":=") else f"{head} :="
        name = theorem.theorem.full_name
        yield Row(
            name=f"{theorem.file_path}:{name}",
            target=name,
            header=file[file.start_pos : theorem.start].rstrip() + "\n",
            statement=f"{head} by\n  sorry\n",
            proof=f"{head} {proof}\n",
            file=str(theorem.file_path),
            tactics=tuple(step.tactic for step in theorem.get_traced_tactics()),
        )


def export(theorems: Iterable[Any], path: Path) -> int:
    """Write `rows` to a JSONL file that `data.path` of a run can name. Returns how many."""
    with path.open("w", encoding="utf-8") as out:
        return sum(bool(out.write(f"{json.dumps(row.to_json(), ensure_ascii=False)}\n")) for row in rows(theorems))


def replay(theorem: Any, tactics: Sequence[str], timeout_s: int = 60) -> Replay:
    """Play `tactics` on a `lean_dojo.Theorem`, up to the first that does not leave goals open.

    Raises `VerifierError` without LeanDojo, and where it cannot set the theorem up.
    """
    dojo = _lean_dojo()
    try:
        with dojo.Dojo(theorem, timeout=timeout_s) as (session, state):
            return play(session, state, tactics)
    except dojo.DojoInitError as error:
        raise VerifierError(
            f"LeanDojo cannot set up {theorem.full_name}: {error}", "Trace the repository anew."
        ) from error


def play(session: Any, state: Any, tactics: Sequence[str]) -> Replay:
    """The same in a `lean_dojo.Dojo` that is open already, from its tactic state."""
    dojo = _lean_dojo()
    steps: list[Played] = []
    for tactic in tactics:
        before = state.pp
        try:
            result = session.run_tac(state, tactic)
        except dojo.DojoTacticTimeoutError:
            steps.append(Played(tactic, before, "timeout"))
            break
        except dojo.DojoCrashError as error:
            steps.append(Played(tactic, before, "crash", str(error)))
            break
        steps.append(_played(dojo, tactic, before, result))
        if not isinstance(result, dojo.TacticState):
            break
        state = result
    return Replay(tuple(steps))


def _played(dojo: Any, tactic: str, before: str, result: Any) -> Played:
    if isinstance(result, dojo.TacticState):
        return Played(tactic, before, "open", result.pp)
    if isinstance(result, dojo.ProofFinished):
        return Played(tactic, before, "finished", result.message or "")
    if isinstance(result, dojo.ProofGivenUp):
        return Played(tactic, before, "gave up", "the proof contains sorry")
    if isinstance(result, dojo.LeanError):
        return Played(tactic, before, "error", result.error)
    raise VerifierError(
        f"LeanDojo answered with a {type(result).__name__}.", "This code was written for lean-dojo 4.20."
    )


def _lean_dojo() -> Any:
    try:
        return importlib.import_module("lean_dojo")
    except ImportError as error:
        raise VerifierError(f"LeanDojo cannot be imported: {error}", INSTALL) from error
