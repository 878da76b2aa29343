"""Whatever is done to the files of a store, it is found and named, or harmless: no result changes in silence."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from pidistill.store import catalogue
from pidistill.store.check import check_store, mend_store
from pidistill.store.store import Store
from tests.store.simulated import Result, run

DERIVED = {"lock", catalogue.NAME}
"""Files that nothing is read from, or that are made again from others where they are not what was written."""


@pytest.fixture(scope="module")
def finished(quick_disk: Path) -> tuple[Path, Result]:
    """A store in which a comparison ran to its end, after one with less time for each verdict."""
    root = quick_disk / "finished"
    with Store(root) as store:
        run(store, budget_s=1)
    shutil.rmtree(root / "cells")
    with Store(root) as store:
        run(store)
    with Store(root) as store:
        assert store.damage() == []
        return root, run(store)


def damage_one(root: Path, rng: random.Random) -> tuple[Path, str]:
    """Do something to one file."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size)
    path = rng.choice(files)
    text = bytearray(path.read_bytes())
    how = rng.choice(["flip", "flip", "flip", "flips", "cut", "cut at a line", "emptied", "zeros", "deleted"])
    if how == "flip":
        text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
    elif how == "flips":
        for _ in range(20):
            text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
    elif how == "cut":
        del text[rng.randrange(len(text) - 1) :]  # a JSON file without its last newline is as good
    elif how == "cut at a line":
        lines = bytes(text).splitlines(keepends=True)
        text = bytearray(b"".join(lines[: rng.randrange(len(lines))]))
    elif how == "emptied":
        text.clear()
    elif how == "zeros":
        start = rng.randrange(len(text))
        text[start : start + 512] = bytes(len(text[start : start + 512]))
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(text)
    return path, how


def must_be_named(path: Path, how: str) -> bool:
    """All but what nothing is read from, and what looks like work that was not done yet.

    Whole lines that are gone are named where a finished cell used them, and made anew all the same where none did.
    """
    if path.name in DERIVED or (path.name == "summary.json" and how == "deleted"):
        return False
    return path.suffix != ".jsonl" or path.name == "uses.jsonl" or how in ("flip", "flips", "zeros")


@pytest.mark.parametrize("part", range(5))
def test_500_random_damages_are_named_and_made_anew(part: int, finished: tuple[Path, Result], quick_disk: Path) -> None:
    original, undisturbed = finished
    tally = Counter[str]()
    for number in range(100):
        rng = random.Random(f"{part} {number}")
        root = quick_disk / f"{part}-{number}"
        shutil.copytree(original, root)
        path, how = damage_one(root, rng)
        what = f"{path.relative_to(root)}: {how}, case {part} {number}"
        if must_be_named(path, how):
            assert check_store(root), what
        with Store(root) as store:
            assert run(store) == undisturbed, what
            tally["named by the run" if store.damage() else "harmless to it"] += 1
        with Store(root) as store:
            assert run(store) == undisturbed, f"{what}, the second time"
        shutil.rmtree(root)
    assert tally["named by the run"] > 40


@pytest.mark.parametrize("part", range(2))
def test_what_is_mended_is_clean_and_comes_to_the_same_result(
    part: int, finished: tuple[Path, Result], quick_disk: Path
) -> None:
    original, undisturbed = finished
    for number in range(60):
        rng = random.Random(f"mend {part} {number}")
        root = quick_disk / f"{part}-{number}"
        shutil.copytree(original, root)
        what = [damage_one(root, rng) for _ in range(rng.choice([1, 1, 3]))]
        found = check_store(root)
        if any(must_be_named(path, how) for path, how in what):
            assert found, what
        assert bool(mend_store(root)) == bool(found), what
        assert check_store(root) == [], what
        with Store(root) as store:
            assert run(store) == undisturbed, what
            assert store.damage() == [], what
        shutil.rmtree(root)
