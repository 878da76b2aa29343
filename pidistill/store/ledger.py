"""The ledger: what each cell used and what it paid for, derived from the store.

A rollout is *made* by the cell that sampled it first and *reused* by every other one that asked for the same key. So
two arms with common first attempts show them once as made and once as reused, and a run that was killed and started
again shows the same ledger as one that was not. Tokens are completion and prompt tokens of rollouts, and training
tokens as the objective counted them; `used` is what the arm would have cost alone, which is what compute matching
compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pidistill.records import Record
from pidistill.store.store import Store


@dataclass(frozen=True)
class LedgerRow(Record):
    """One stage of one cell."""

    cell: str
    stage: str
    kind: str
    """`rollout` or `checkpoint`."""
    made: int
    """Rollouts (or checkpoints) that this cell paid for."""
    reused: int
    """Those that another cell, or an earlier stage of this one, had paid for."""
    completion_tokens_made: int
    completion_tokens_used: int
    prompt_tokens_used: int
    tokens_trained: int
    """Completion tokens in the loss."""
    tokens_processed: int
    """Tokens run through the model while training, prompts, padding and teacher included."""


def ledger(store: Store, cells: Sequence[str]) -> list[LedgerRow]:
    """A row per stage of each cell, in the order in which they were first reached."""
    paid: set[str] = set()
    return [
        _rollout_row(store, cell, stage, keys, paid)
        if kind == "rollout"
        else _train_row(store, cell, stage, keys, paid)
        for cell in cells
        for (stage, kind), keys in store.uses(cell).items()
    ]


def _rollout_row(store: Store, cell: str, stage: str, keys: Sequence[str], paid: set[str]) -> LedgerRow:
    made = tokens_made = tokens_used = prompt_tokens = 0
    for key in dict.fromkeys(keys):
        entry = store.rollouts.entry(key)
        if entry is None:
            continue  # its segment was deleted by hand; the next run samples it again
        count = len(entry.record.token_ids)
        tokens_used += count
        prompt_tokens += entry.record.prompt_tokens
        if entry.cell == cell and key not in paid:
            made, tokens_made = made + 1, tokens_made + count
            paid.add(key)
    reused = len(set(keys)) - made
    return LedgerRow(cell, stage, "rollout", made, reused, tokens_made, tokens_used, prompt_tokens, 0, 0)


def _train_row(store: Store, cell: str, stage: str, keys: Sequence[str], paid: set[str]) -> LedgerRow:
    (key,) = keys
    trained = store.trained(key)
    made = int(trained["cell"] == cell and key not in paid)
    paid.add(key)
    return LedgerRow(
        cell, stage, "checkpoint", made, 1 - made, 0, 0, 0, trained["tokens_trained"], trained["tokens_processed"]
    )


def totals(rows: Sequence[LedgerRow], cell: str) -> LedgerRow:
    """All rows of one cell added up, as a row of stage and kind `all`."""
    mine = [row for row in rows if row.cell == cell]
    names = (
        "made", "reused", "completion_tokens_made", "completion_tokens_used", "prompt_tokens_used",
        "tokens_trained", "tokens_processed",
    )  # fmt: skip
    return LedgerRow(cell, "all", "all", *(sum(getattr(row, name) for row in mine) for name in names))
