"""From a rollout to everything that made it and that it made: what `pidistill show` prints.

All of it is read from the store, long after the process that made it is gone: the problem, the prompt as sent, the PI
in it and what that reveals, the completion, each verdict with its diagnostics, who paid, and where which cells used it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pidistill.errors import UsageError, did_you_mean
from pidistill.records import JSON, PI, Example, Problem, Rollout, Verdict
from pidistill.store.entries import Entry
from pidistill.store.store import Store
from pidistill.store.uses import Use
from pidistill.verify.key import verdict_key


@dataclass(frozen=True)
class Trace:
    """A rollout and what belongs to it."""

    rollout: Entry[Rollout]
    problem: Problem | None
    pi: tuple[PI, ...]
    """The PI in its prompt, oldest first."""
    verdicts: tuple[Entry[Verdict], ...]
    """By every verifier that the cells which used it ran with."""
    examples: tuple[tuple[str, Example], ...]
    """The examples made from it, by key."""
    uses: tuple[tuple[str, Use], ...]
    """(cell, where in it)."""

    def to_json(self) -> dict[str, JSON]:
        """All of it as plain values."""
        return {
            "rollout": self.rollout.record.to_json(), "paid_by": self.rollout.cell, "at": self.rollout.at,
            "problem": self.problem.to_json() if self.problem else None,
            "pi": [pi.to_json() for pi in self.pi],
            "verdicts": [{**entry.record.to_json(), "paid_by": entry.cell} for entry in self.verdicts],
            "examples": [{"key": key, **example.to_json()} for key, example in self.examples],
            "uses": [{"cell": name, "stage": use.stage, "turn": use.turn,
                      "arrow": use.arrow} for name, use in self.uses],
        }  # fmt: skip


def find(store: Store, name: str) -> str:
    """The one rollout whose id is, or begins with, `name`. Raises `UsageError` where there is none, or several."""
    if name in store.rollouts:
        return name
    found = [key for key in store.rollouts.keys() if key.startswith(name)] if name else []  # noqa: SIM118
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} rollouts begin with {name!r}: {', '.join(sorted(found)[:4])}, ...", "Say more.")
    near = did_you_mean(name, store.rollouts.keys())
    listed = f"Some of a cell's: pidistill show CELL --store {store.root}"
    raise UsageError(f"No rollout {name!r} in {store.root}.{near}", listed)


def trace(store: Store, key: str) -> Trace:
    """What the store knows of rollout `key`."""
    entry = store.rollouts.entry(key)
    assert entry is not None, key
    rollout = entry.record
    uses = tuple((cell, use) for cell, use in all_uses(store) if use.kind == "rollout" and key in use.keys)
    problem = store.problems.get(rollout.problem_hash)
    verifiers = dict.fromkeys(
        str(provenance["verifier"]) for cell, _ in uses if (provenance := store.provenance(cell)) is not None
    )
    verdicts = [
        found
        for verifier in verifiers
        if problem and (found := store.verdicts.entry(verdict_key(problem, rollout.completion, verifier))) is not None
    ]
    pi = tuple(told for pi_id in rollout.pi_ids if (told := store.pi.get(pi_id)) is not None)
    made = (k for cell in dict.fromkeys(cell for cell, _ in uses) for use in store.uses(cell) for k in _examples(use))
    examples = tuple(
        (k, example) for k in dict.fromkeys(made) if (example := store.examples.get(k)) and example.rollout_id == key
    )  # fmt: skip
    return Trace(entry, problem, pi, tuple(verdicts), examples, uses)


def _examples(use: Use) -> tuple[str, ...]:
    return use.keys if use.kind == "example" else ()


def all_uses(store: Store) -> Iterator[tuple[str, Use]]:
    """(cell, use) of every cell in the store, by name."""
    folder = store.root / "cells"
    for cell in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ():
        for use in store.uses(cell):
            yield cell, use
