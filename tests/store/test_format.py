"""A folder is taken for a store exactly when it is one of this format; what is refused is not touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.errors import StoreError
from pidistill.records import Status, Verdict, canonical_json, content_hash
from pidistill.store.files import write_json
from pidistill.store.marker import MARKER
from pidistill.store.store import FORMAT, Store
from tests.store.simulated import run


def first_format(root: Path) -> None:
    """A store as format 1 wrote it."""
    for folder in ("rollouts", "verdicts", "checkpoints/k", "cells/retry-math-s0-0123abcd"):
        (root / folder).mkdir(parents=True)
    (root / MARKER).write_text('{\n "format": 1\n}\n')
    record = canonical_json(
        {"cell": "c", "at": "2026-11-01T00:00:00.000+00:00", "record": Verdict(Status.FAIL).to_json()}
    )
    (root / "verdicts" / "20261101T000000000000-0123abcd.jsonl").write_text(f'{{"_":"{content_hash(1)}",{record[1:]}\n')
    (root / "checkpoints" / "k" / "trained.json").write_text('{"steps": 1}')
    (root / "cells" / "retry-math-s0-0123abcd" / "cell.json").write_text("{}")


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [root, *root.rglob("*")]
    }


def refused(root: Path, said: str) -> None:
    before = everything(root)
    for read_only in (None, True):
        with pytest.raises(StoreError, match=said) as caught:
            Store(root, read_only=read_only)
        assert "\n" not in caught.value.message and "--store" in caught.value.hint
    assert everything(root) == before


def test_a_store_of_the_first_format_is_refused_and_not_touched(tmp_path: Path) -> None:
    first_format(tmp_path)
    refused(tmp_path, r"written by pidistill 0\.1\.0, in store format 1")


@pytest.mark.parametrize("marker", ["", "{", '{"format": 1, "checksum": "0"}', None])
def test_a_store_of_the_first_format_with_a_damaged_marker_is_known_by_its_lines(
    marker: str | None, tmp_path: Path
) -> None:
    first_format(tmp_path)
    (tmp_path / MARKER).unlink()
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    refused(tmp_path, "store format 1")


def test_a_store_of_a_newer_format_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "rollouts").mkdir()
    write_json(tmp_path / MARKER, {"format": FORMAT + 1, "pidistill": "9.1"})
    refused(tmp_path, rf"pidistill 9\.1, in store format {FORMAT + 1}")
    (tmp_path / MARKER).write_text(json.dumps({"format": FORMAT + 7}))
    refused(tmp_path, f"newer version, in store format {FORMAT + 7}")


def test_a_folder_with_other_things_is_not_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    refused(tmp_path, "not a pidistill store")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--store"):
        Store(tmp_path / "file")


@pytest.mark.parametrize("marker", ["", "{", '{"format": 2}', '{"format": 3, "checksum": "0"}', "[]", None])
def test_a_damaged_marker_of_this_format_is_named_and_made_anew(marker: str | None, tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        finished = run(store)
    (tmp_path / "s" / MARKER).unlink()
    if marker is not None:
        (tmp_path / "s" / MARKER).write_text(marker)
    with Store(tmp_path / "s") as store:
        (damage,) = store.damage()
        assert damage.file.name == MARKER and "pidistill store check --mend" in (store.damage_note() or "")
        assert run(store) == finished
    with Store(tmp_path / "s") as store:
        assert store.damage() == [] and store.damage_note() is None


def test_a_new_store_makes_nothing_but_its_marker(tmp_path: Path) -> None:
    Store(tmp_path / "a" / "b").close()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [MARKER]
    (tmp_path / ".git").mkdir()
    Store(tmp_path / "c").close()


def test_two_processes_that_make_a_store_at_once_both_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, look = tmp_path / "s", Path.exists

    def another_is_quicker(path: Path) -> bool:
        seen = look(path)
        if path.name == MARKER and not seen:
            monkeypatch.undo()
            Store(root).close()
        return seen

    monkeypatch.setattr(Path, "exists", another_is_quicker)
    Store(root).close()
    with Store(root) as store:
        assert store.damage() == []
