"""The ledger: what each cell used and what it paid for, derived from the store.

A record is *made* by the cell that paid for it and *reused* by every other one that asked for the same key. So two arms
with common first attempts show them once as made and once as reused, and a run that was killed and started again shows
the same ledger as one that was not. What two processes have made both is paid for by both, and shown in `twice`; what a
cell used and is gone from the store is in `missing`. Tokens are completion and prompt tokens of rollouts, and training
tokens as the objective counted them; `used` is what the arm would have cost alone, which is what compute matching
compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pidistill.records import Record
from pidistill.store.log import Log
from pidistill.store.store import Store
from pidistill.store.uses import Use


@dataclass(frozen=True)
class LedgerRow(Record):
    """One arrow of one turn of one stage of one cell."""

    cell: str
    stage: str
    turn: int
    arrow: str
    kind: str
    """What is counted, as in `Use.kind`."""
    made: int = 0
    """Records (or checkpoints) that this cell paid for."""
    reused: int = 0
    """Those that another cell, or an earlier arrow of this one, had paid for."""
    twice: int = 0
    """Of those made: how many stood in the store already, since another process made them at the same time."""
    missing: int = 0
    """Those that the store does not hold, or not any more. They are in neither count."""
    completion_tokens_made: int = 0
    completion_tokens_used: int = 0
    prompt_tokens_used: int = 0
    tokens_trained: int = 0
    """Completion tokens in the loss."""
    tokens_processed: int = 0
    """Tokens run through the model while training, prompts, padding and teacher included."""


COUNTS = ("made", "reused", "twice", "missing")
TOKENS = (
    "completion_tokens_made", "completion_tokens_used", "prompt_tokens_used", "tokens_trained", "tokens_processed",
)  # fmt: skip


def ledger(store: Store, cells: Sequence[str]) -> list[LedgerRow]:
    """A row per use of each cell, in the order in which they were first reached."""
    rows = []
    for cell in cells:
        paid = set[tuple[str, str]]()
        rows += [_row(store, cell, use, paid) for use in store.uses(cell)]
    return rows


def totals(rows: Sequence[LedgerRow], cell: str, kind: str = "rollout") -> LedgerRow:
    """All rows of one cell added up, as a row of stage `all`: the counts of one kind, the tokens of every kind."""
    mine = [row for row in rows if row.cell == cell]
    counts = {name: sum(getattr(row, name) for row in mine if row.kind == kind) for name in COUNTS}
    tokens = {name: sum(getattr(row, name) for row in mine) for name in TOKENS}
    return LedgerRow(cell, "all", 0, "all", kind, **counts, **tokens)


def _row(store: Store, cell: str, use: Use, paid: set[tuple[str, str]]) -> LedgerRow:
    """`paid` holds what earlier rows of the cell have counted as made, by kind and key."""
    counts = dict.fromkeys((*COUNTS, *TOKENS), 0)
    for key in dict.fromkeys(use.keys):
        cost = _checkpoint_cost(store, key, cell) if use.kind == "checkpoint" else _cost(store.log(use.kind), key, cell)
        if cost is None:
            counts["missing"] += 1
            continue
        first = (use.kind, key) not in paid
        mine = first and cost.pop("paid") > 0
        counts["made" if mine else "reused"] += 1
        counts["twice"] += cost.pop("twice") if mine else 0
        counts["completion_tokens_made"] += cost.get("completion_tokens_used", 0) if mine else 0
        for name in TOKENS[1:]:
            counts[name] += cost.get(name, 0)
        if mine:
            paid.add((use.kind, key))
    return LedgerRow(cell, use.stage, use.turn, use.arrow, use.kind, **counts)


def _cost(log: Log[Any], key: str, cell: str) -> dict[str, int] | None:
    data = log.raw(key)
    if data is None:
        return None
    mine = [payment for payment in log.payments(data) if payment.cell == cell]
    cost = {"paid": len(mine), "twice": sum(payment.again for payment in mine)}
    record = data["record"]
    if "token_ids" in record and "prompt_tokens" in record:
        cost |= {"completion_tokens_used": len(record["token_ids"]), "prompt_tokens_used": record["prompt_tokens"]}
    return cost


def _checkpoint_cost(store: Store, key: str, cell: str) -> dict[str, int] | None:
    trained = store.checkpoints.find(key)
    if trained is None:
        return None
    return {
        "paid": int(trained["cell"] == cell), "twice": 0,
        "tokens_trained": trained["tokens_trained"], "tokens_processed": trained["tokens_processed"],
    }  # fmt: skip
