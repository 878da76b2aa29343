"""Processes that work on one store at the same time make nothing twice; one that is killed leaves nothing locked."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pidistill.errors import StoreError
from pidistill.records import Status, Verdict, content_hash
from pidistill.store.claims import Claims
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.store.uses import Use
from tests.store.simulated import CELLS, run

KEYS = [content_hash(n) for n in range(40)]
WORKER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from pidistill.records import Status, Verdict, content_hash
    from pidistill.store.store import Store
    root, name, pause, first, last = Path(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:])
    keys = [content_hash(n) for n in range(int(first), int(last))]
    def make(missing):
        for key in missing:
            time.sleep(pause)
            with open(root.parent / f"made-{name}", "a") as file:
                file.write(key + "\\n")
            yield {key: Verdict(Status.FAIL, reason=name)}
    with Store(root) as store:
        while not (root.parent / "go").exists():
            time.sleep(0.001)
        found = store.shared(store.verdicts, keys, make, name)
        assert list(found) == keys
    """
)


def start(root: Path, name: str, pause: float = 0.002, first: int = 0, last: int = 40) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(root), name, str(pause), str(first), str(last)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def made(root: Path) -> Counter[str]:
    return Counter(key for path in root.parent.glob("made-*") for key in path.read_text().split())


def finish(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output


def test_processes_that_start_together_make_each_key_once(tmp_path: Path) -> None:
    root = tmp_path / "s"
    Store(root).close()
    processes = [start(root, name, first=first, last=40) for name, first in [("a", 0), ("b", 0), ("c", 20), ("d", 10)]]
    time.sleep(0.3)
    (tmp_path / "go").touch()
    finish(processes)
    assert made(root) == dict.fromkeys(KEYS, 1)
    with Store(root) as store:
        assert len(store.verdicts) == 40 and store.verdicts.duplicates == 0
        assert store.damage() == []


def test_what_a_killed_process_had_claimed_is_made_by_those_who_waited(tmp_path: Path) -> None:
    root = tmp_path / "s"
    Store(root).close()
    (tmp_path / "go").touch()
    first = start(root, "killed", pause=0.25)
    while sum(made(root).values()) < 5:
        time.sleep(0.01)
    others = [start(root, name) for name in ("b", "c")]
    time.sleep(1)
    assert not list(tmp_path.glob("made-[bc]")), "they wait for what is claimed"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    finish(others)
    with Store(root) as store:
        assert sorted(store.verdicts.keys()) == sorted(KEYS)
        assert store.verdicts.duplicates == 0
        names = Counter(entry.cell for entry in store.verdicts.entries())
    assert names["killed"] >= 3, "what it had written down counts"
    rest = Counter(key for name in "bc" for path in tmp_path.glob(f"made-{name}") for key in path.read_text().split())
    assert set(rest.values()) == {1} and len(rest) == 40 - names["killed"]


def test_whoever_fails_lets_go_and_keeps_what_was_made(tmp_path: Path) -> None:
    store, asked = Store(tmp_path / "s"), list[list[str]]()

    def fails(keys: list[str]) -> Iterator[Mapping[str, Verdict]]:
        asked.append(keys)
        yield {keys[0]: Verdict(Status.FAIL)}
        raise RuntimeError("the engine is gone")

    for number in range(3):
        with pytest.raises(RuntimeError, match="gone"):
            store.shared(store.verdicts, KEYS[:3], fails, "cell")
        assert asked[-1] == KEYS[number:3]
        assert store.claims.take(KEYS) == (KEYS, [])
        store.claims.release()
    assert list(store.shared(store.verdicts, KEYS[:3], fails, "cell")) == KEYS[:3]


def test_what_is_not_to_be_kept_is_handed_out_and_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")

    def error(keys: list[str]) -> Iterator[Mapping[str, Verdict]]:
        yield {key: Verdict(Status.ERROR, reason="no judge") for key in keys}

    for _ in range(2):
        found = store.shared(
            store.verdicts, KEYS[:2], error, "cell", keep=lambda verdict: verdict.status is not Status.ERROR
        )
        assert [verdict.status for verdict in found.values()] == [Status.ERROR] * 2
    assert len(store.verdicts) == 0


def test_what_stands_and_will_not_do_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.verdicts.put([(KEYS[0], Verdict(Status.TIMEOUT, seconds=1)), (KEYS[1], Verdict(Status.FAIL))], "a")

    def judge(keys: list[str]) -> Iterator[Mapping[str, Verdict]]:
        assert keys == KEYS[:1]
        yield {KEYS[0]: Verdict(Status.PASS, 1.0)}

    found = store.shared(store.verdicts, KEYS[:2], judge, "b", usable=lambda v: v.status is not Status.TIMEOUT)
    assert [verdict.status for verdict in found.values()] == [Status.PASS, Status.FAIL]
    store.close()
    with Store(tmp_path / "s") as again:
        assert again.verdicts.get(KEYS[0]) == Verdict(Status.PASS, 1.0)
        assert again.verdicts.duplicates == 0, "made anew on purpose"
        for cell in "ab":
            again.note_use(cell, Use("s", 1, "verify", "verdict", (KEYS[0],)))
        assert [(row.made, row.twice) for row in ledger(again, ["a", "b"])] == [(1, 0), (1, 0)], "both have paid"


def test_two_stores_and_threads_of_one_process_are_told_apart(tmp_path: Path) -> None:
    count, lock = Counter[str](), threading.Lock()

    def work(name: str) -> None:
        def make(keys: list[str]) -> Iterator[Mapping[str, Verdict]]:
            for key in keys:
                with lock:
                    count[key] += 1
                time.sleep(0.001)
                yield {key: Verdict(Status.FAIL, reason=name)}

        with Store(tmp_path / "s") as store:
            for start in range(0, 40, 10):
                store.shared(store.verdicts, KEYS[start : start + 20], make, name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    Store(tmp_path / "s").close()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count == dict.fromkeys(KEYS, 1)


def test_one_take_gets_all_or_what_is_left(tmp_path: Path) -> None:
    first, second = Claims(tmp_path), Claims(tmp_path)
    assert first.take(KEYS[:3]) == (KEYS[:3], [])
    assert second.take(KEYS[1:5]) == (KEYS[3:5], KEYS[1:3])
    first.release(KEYS[:2])
    second.release(KEYS)
    heard: list[int] = []
    threading.Timer(0.2, first.close).start()
    second.wait(KEYS[1:3], heard.append)
    assert heard == [2]
    assert second.take(KEYS[:5]) == (KEYS[:5], [])
    second.close()


def test_many_claims_cost_little(tmp_path: Path) -> None:
    claims, keys = Claims(tmp_path), [content_hash(n) for n in range(20_000)]
    start = time.process_time()
    assert claims.take(keys) == (keys, [])
    claims.release()
    assert time.process_time() - start < 5


def test_what_two_processes_made_both_is_counted_and_costs_the_same_when_printed_again(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "s"), Store(tmp_path / "s")
    for store, cell in [(first, "a"), (second, "b")]:
        store.verdicts.put([(KEYS[0], Verdict(Status.FAIL))], cell)  # neither has asked, nor looked again
        store.note_use(cell, Use("s", 1, "verify", "verdict", tuple(KEYS[:1])))
    first.close()
    second.close()
    printed = []
    for _ in range(2):
        with Store(tmp_path / "s") as store:
            printed.append(ledger(store, ["a", "b"]))
            assert store.verdicts.duplicates == 1
    assert printed[0] == printed[1]
    assert [(row.made, row.reused, row.twice) for row in printed[0]] == [(1, 0, 0), (1, 0, 1)]


def test_arms_that_run_at_the_same_time_come_to_what_they_come_to_one_after_the_other(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:
        alone = run(store)
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from pidistill.store.store import Store
        from tests.store.simulated import run_cell
        with Store(Path(sys.argv[1])) as store:
            run_cell(store, sys.argv[2], 5, 2, lambda key: time.sleep(0.002))
        """
    )
    Store(tmp_path / "s").close()
    finish(
        [
            subprocess.Popen(
                [sys.executable, "-c", script, str(tmp_path / "s"), cell], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True,
            )
            for cell in CELLS
        ]
    )  # fmt: skip
    with Store(tmp_path / "s") as store:
        together = run(store)
        assert store.rollouts.duplicates == store.verdicts.duplicates == 0
    assert together.table == alone.table
    total = [
        sum(row.made for row in result.ledger if row.kind in ("rollout", "verdict")) for result in (alone, together)
    ]
    assert total[0] == total[1]


def test_claims_on_a_folder_that_cannot_be_made_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        Claims(tmp_path / "file").take(KEYS)
