"""A damaged store changes no result: what is damaged is named and made anew, or was of no account."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from pidistill import loop
from pidistill.store.check import check_store, mend_store
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell

DAMAGES = 120


def run(store_folder: Path, model: Path, pool: VerifierPool) -> tuple[object, ...]:
    """What comes out of a cell, and who paid, run or resumed on a store."""
    engine = SkilledEngine(base_model(model))
    with Store(store_folder) as store:
        cell = make_cell(store, pool, engine, Practice(), sets=["recipe.rollouts.rounds=2"])
        outcome = loop.run_cell(cell)
        used = [(row.arrow, row.kind, row.completion_tokens_used) for row in ledger(store, [cell.id])]
        evaluations = [(a.rollout, a.verdict.status) for a in (*outcome.before, *outcome.after)]
        return evaluations, outcome.model.revision, [a.verdict.status for a in outcome.trained_on], used


def damage(store: Path, rng: random.Random) -> Path:
    """Flip a bit of some file, or cut it off, and say which."""
    files = [
        path for path in sorted(store.rglob("*")) if path.is_file() and path.stat().st_size and path.name != "lock"
    ]
    path = rng.choice(files)
    content = bytearray(path.read_bytes())
    place = rng.randrange(len(content))
    if rng.random() < 0.7:
        content[place] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    else:
        path.write_bytes(content[:place])
    return path


def test_bits_flipped_and_files_cut_off_anywhere_change_no_result(pool: VerifierPool, tmp_path: Path) -> None:
    model, whole = tmp_path / "model", tmp_path / "whole"
    undisturbed = run(whole, model, pool)
    assert check_store(whole) == []
    rng = random.Random(11)
    harmless = 0
    for number in range(DAMAGES):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(whole, copy)
        path = damage(copy, rng)
        named = check_store(copy)
        harmless += not named
        assert run(copy, model, pool) == undisturbed, path
        mend_store(copy)
        assert check_store(copy) == [], f"{path}: the printed command mends it"
        assert run(copy, model, pool) == undisturbed, path
        shutil.rmtree(copy)
    assert harmless < DAMAGES / 4, "most of a store is of account"
