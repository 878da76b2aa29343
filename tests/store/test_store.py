"""The store loses nothing that was acknowledged, whatever tears it, and never shows what was not finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.errors import StoreError
from pidistill.records import Status, Verdict, content_hash
from pidistill.store.files import read_json, write_json
from pidistill.store.ledger import ledger, totals
from pidistill.store.log import Log
from pidistill.store.store import Store
from pidistill.store.uses import Use
from tests.core.builders import rollout


def verdict(number: int) -> tuple[str, Verdict]:
    return content_hash(number), Verdict(Status.FAIL, reason=f"number {number}")


def test_what_was_put_is_read_back_by_another_log(tmp_path: Path) -> None:
    Log(tmp_path, Verdict).put([verdict(1), verdict(2)], "cell")
    log = Log(tmp_path, Verdict)
    assert log.get(content_hash(2)) == verdict(2)[1]
    assert log.get(content_hash(3)) is None
    assert {entry.cell for entry in log.entries()} == {"cell"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_torn_tail_costs_only_the_torn_record(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = Log(folder, Verdict)
    log.put([verdict(n) for n in range(5)], "cell")
    log.close()
    (segment,) = folder.glob("*.jsonl")
    whole = segment.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    segment.write_bytes(whole[:cut])
    survivors = whole[:cut].count(b"\n")
    again = Log(folder, Verdict)
    assert [content_hash(n) in again for n in range(5)] == [n < survivors for n in range(5)]
    again.put([verdict(n) for n in range(survivors, 5)], "cell")
    again.close()
    assert sorted(Log(folder, Verdict).keys()) == sorted(content_hash(n) for n in range(5))


def test_the_latest_line_of_a_key_counts_and_the_repeat_is_shown(tmp_path: Path) -> None:
    first, second = Log(tmp_path, Verdict), Log(tmp_path, Verdict)
    first.put([verdict(1)], "first")
    second.put([verdict(1)], "second")
    log = Log(tmp_path, Verdict)
    entry = log.entry(content_hash(1))
    assert entry is not None and entry.cell == "second"
    assert log.duplicates == 1


def test_a_log_sees_what_another_process_has_added_after_refresh(tmp_path: Path) -> None:
    mine, theirs = Log(tmp_path, Verdict), Log(tmp_path, Verdict)
    theirs.put([verdict(1)], "them")
    assert content_hash(1) not in mine
    mine.refresh()
    theirs.put([verdict(2)], "them")
    mine.refresh()
    assert content_hash(1) in mine and content_hash(2) in mine
    assert mine.duplicates == 0


def test_a_damaged_line_is_named_and_absent(tmp_path: Path) -> None:
    Log(tmp_path, Verdict).put([verdict(1), verdict(2)], "cell")
    (segment,) = tmp_path.glob("*.jsonl")
    segment.write_bytes(b"garbage\n" + segment.read_bytes().replace(b"FAIL", b"PASS", 1))
    log = Log(tmp_path, Verdict)
    assert log.get(content_hash(1)) is None and log.get(content_hash(2)) == verdict(2)[1]
    assert [(damage.file, damage.at) for damage in log.damage] == [(segment, 0), (segment, 8)]


def test_a_checkpoint_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")

    def fails(folder: Path) -> dict[str, object]:
        (folder / "weights").write_text("half")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        store.checkpoint("k", fails, "cell")  # type: ignore[arg-type]
    made = []

    def works(folder: Path) -> dict[str, int]:
        assert not list(folder.iterdir())
        made.append(folder)
        return {"steps": 3}

    folder = store.checkpoint("k", works, "cell")
    assert store.checkpoint("k", works, "other") == folder and len(made) == 1
    assert store.trained("k") == {"steps": 3, "cell": "cell"}


def test_a_cell_is_run_by_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = Store(tmp_path), Store(tmp_path)
    with first.cell("c", {}), pytest.raises(StoreError, match=str(os.getpid())), second.cell("c", {}):
        pass
    with second.cell("c", {}):
        pass


def test_uses_survive_a_torn_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.cell("c", {}) as folder:
        store.note_use("c", Use("s", 1, "first", "rollout", ("a", "b")))
        with (folder / "uses.jsonl").open("a") as file:
            file.write('{"stage": "sec')
        store.note_use("c", Use("s", 1, "second", "rollout", ("b",)))
    assert [(use.arrow, use.keys) for use in Store(tmp_path).uses("c")] == [("first", ("a", "b")), ("second", ("b",))]


def test_the_ledger_shows_shared_rollouts_once_as_made(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shared = rollout("p1", "one two", tokens=4)
    with store.cell("a", {}), store.cell("b", {}):
        store.rollouts.put([(shared.id, shared)], "a")
        store.note_use("a", Use("s", 1, "first attempts", "rollout", (shared.id,)))
        store.note_use("b", Use("s", 1, "first attempts", "rollout", (shared.id,)))
    rows = ledger(store, ["a", "b"])
    assert [(row.made, row.reused) for row in rows] == [(1, 0), (0, 1)]
    assert totals(rows, "b").completion_tokens_used == 4
    assert totals(rows, "b").completion_tokens_made == 0


def test_json_files_are_replaced_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    write_json(tmp_path / "a.json", {"x": 2})
    assert read_json(tmp_path / "a.json") == {"x": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_acknowledged_records_survive_sigkill(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from pidistill.records import Status, Verdict, content_hash
        from pidistill.store.log import Log
        log = Log(Path(sys.argv[1]), Verdict)
        for n in range(10**6):
            log.put([(content_hash(n), Verdict(Status.FAIL, reason="x" * 1000))], "cell")
            print(n, flush=True)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    deadline = time.monotonic() + 120
    acknowledged = -1
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged >= 50 or time.monotonic() > deadline:
            process.send_signal(signal.SIGKILL)
            break
    rest, _ = process.communicate()
    acknowledged = max([acknowledged, *map(int, rest.split("\n")[:-1])])
    assert acknowledged >= 50
    log = Log(tmp_path, Verdict)
    assert all(content_hash(n) in log for n in range(acknowledged + 1))
    assert json.loads(json.dumps(log.duplicates)) == 0
