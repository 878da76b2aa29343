"""The rollouts behind a suite, a row each, for other programs: JSON Lines, or Parquet.

Rows bear the names that lm-eval gives its logged samples (`doc_id`, `target`, `arguments`, `resps`, `filtered_resps`,
`acc`), so that what reads those reads these, and beside them what says where a rollout comes from: cell, arm, stage,
arrow, seed, verdict. A row is a use of a rollout by a cell: two arms with one baseline both show it, under one id. What
could not be judged has no `acc`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pidistill.errors import UsageError
from pidistill.records import JSON
from pidistill.store.files import writing
from pidistill.store.store import Store
from pidistill.suite.matrix import SuiteCell
from pidistill.verify.key import verdict_key

if TYPE_CHECKING:
    import pyarrow

MEASURED = ("evaluate before", "evaluate after")
"""The arrows that a cell is measured by."""
FORMATS = (".jsonl", ".parquet")
ROWS = 5_000
"""Of Parquet written at a time."""


def rows(store: Store, cells: Sequence[SuiteCell], *, training: bool) -> Iterator[dict[str, JSON]]:
    """The rollouts of the finished cells: those that they were measured by, and with `training` all others, too."""
    for cell in cells:
        provenance = store.provenance(cell.id)
        if store.summary(cell.id) is None or provenance is None:
            continue
        verifier = str(provenance["verifier"])
        for use in store.uses(cell.id):
            if use.kind != "rollout" or (use.arrow not in MEASURED and not training):
                continue
            place: dict[str, JSON] = {
                "cell": cell.id, "arm": cell.arm.label, "domain": str(cell.arm.axes["domain"]),
                "model": str(cell.arm.axes["model"]), "seed": cell.seed, "stage": use.stage, "turn": use.turn,
                "arrow": use.arrow,
            }  # fmt: skip
            for key in use.keys:
                if (row := _row(store, key, verifier)) is not None:
                    yield {**place, **row}


def _row(store: Store, key: str, verifier: str) -> dict[str, JSON] | None:
    rollout = store.rollouts.get(key)
    if rollout is None:
        return None
    problem = store.problems.get(rollout.problem_hash)
    verdict = store.verdicts.get(verdict_key(problem, rollout.completion, verifier)) if problem is not None else None
    return {
        "doc_id": rollout.problem_id,
        "target": problem.reference if problem is not None else None,
        "level": problem.level if problem is not None else None,
        "arguments": [{"role": message.role, "content": message.content} for message in rollout.messages],
        "resps": rollout.completion,
        "filtered_resps": verdict.answer if verdict is not None else None,
        "acc": float(verdict.passed) if verdict is not None and verdict.status.judged else None,
        "status": verdict.status.value if verdict is not None else None,
        "score": verdict.score if verdict is not None and verdict.status.judged else None,
        "reason": verdict.reason if verdict is not None else None,
        "verifier": verifier,
        "tokens": len(rollout.token_ids),
        "truncated": rollout.truncated,
        "attempt": rollout.attempt,
        "role": rollout.role,
        "temperature": rollout.sampling.temperature,
        "sampling_seed": str(rollout.sampling.seed),
        "model_revision": rollout.model_revision,
        "rollout": rollout.id,
    }


def export(store: Store, cells: Sequence[SuiteCell], to: Path, *, training: bool) -> int:
    """Write the rows to `to`, whole or not at all; returns how many. The file's ending says in which format."""
    if to.suffix not in FORMATS:
        raise UsageError(
            f"{to}: the ending says the format, and {to.suffix!r} is none.", f"Use {' or '.join(FORMATS)}."
        )
    partial = to.with_name(f".{to.name}.partial")
    with writing(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            write = _jsonl if to.suffix == ".jsonl" else _parquet
            count = write(rows(store, cells, training=training), partial)
            partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
    return count


def _jsonl(found: Iterable[dict[str, JSON]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for row in found:
            listed = {**row, "resps": [[row["resps"]]], "filtered_resps": [row["filtered_resps"]]}
            file.write(json.dumps(listed, allow_nan=False) + "\n")
            count += 1
    return count


def _parquet(found: Iterable[dict[str, JSON]], path: Path) -> int:
    import pyarrow.parquet as parquet

    count, batch, schema = 0, list[dict[str, JSON]](), _schema()
    with parquet.ParquetWriter(path, schema) as writer:
        for row in found:
            batch.append({name: _text(value) for name, value in row.items()})
            count += 1
            if len(batch) == ROWS:
                writer.write_table(_table(batch, schema))
                batch = []
        writer.write_table(_table(batch, schema))
    return count


def _table(batch: Sequence[dict[str, JSON]], schema: pyarrow.Schema) -> pyarrow.Table:
    import pyarrow

    return pyarrow.Table.from_pylist(list(batch), schema=schema)


def _schema() -> pyarrow.Schema:
    """Fixed, so that a column of nothing has the type that it has in other exports."""
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    message = pa.struct([("role", text), ("content", text)])
    return pa.schema([
        ("cell", text), ("arm", text), ("domain", text), ("model", text), ("seed", whole), ("stage", text),
        ("turn", whole), ("arrow", text), ("doc_id", text), ("target", text), ("level", whole),
        ("arguments", pa.list_(message)), ("resps", text), ("filtered_resps", text), ("acc", number), ("status", text),
        ("score", number), ("reason", text), ("verifier", text), ("tokens", whole), ("truncated", pa.bool_()),
        ("attempt", whole), ("role", text), ("temperature", number), ("sampling_seed", text), ("model_revision", text),
        ("rollout", text),
    ])  # fmt: skip


def _text(value: JSON) -> JSON:
    """Text that Parquet can hold: a lone surrogate is shown as an escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_text(inner) for inner in value]
    return {key: _text(inner) for key, inner in value.items()} if isinstance(value, dict) else value
