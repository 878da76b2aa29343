"""A catalogue saves reading a log and changes nothing of it: with it and without, the same is found and named."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill.records import Status, Verdict, content_hash
from pidistill.store import catalogue
from pidistill.store.check import check_store
from pidistill.store.log import Log
from pidistill.store.store import Store

K = [content_hash(n) for n in range(12)]
COLLIDING = [f"{'ab' * 8}{n:016x}" for n in range(4)]
"""Keys that agree in their first half."""


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catalogues are written for logs of any size."""
    monkeypatch.setattr("pidistill.store.log.MOST_UNKNOWN", 1)


def verdict(text: str) -> Verdict:
    return Verdict(Status.FAIL, reason=text)


def written(folder: Path, keys: list[str], text: str = "first") -> Path:
    """A log of these keys, closed, with its catalogue; returns its one segment."""
    log = Log(folder, Verdict, repeats="replaces")
    log.put([(key, verdict(f"{text} {key}")) for key in keys], "cell")
    log.close()
    assert (folder / catalogue.NAME).exists()
    return max(folder.glob("*.jsonl"))


def known(folder: Path, **how: bool) -> dict[str, Any]:
    """All that a log knows."""
    log = Log(folder, Verdict, repeats="replaces", read_only=True, **how)
    found = {key: log.entry(key) for key in log.keys()}  # noqa: SIM118
    payments = {key: log.payments(raw) for key in found if (raw := log.raw(key)) is not None}
    damage = {(damage.file, damage.at, damage.reason) for damage in log.damage}
    every = [*K, *COLLIDING, "nonsense"]
    return {
        "found": {key: entry for key, entry in found.items() if entry}, "payments": payments, "damage": damage,
        "size": len(log), "knew": [log.knew(key) for key in every], "has": [key in log for key in every],
        "absent": log.absent([*K, *COLLIDING]), "duplicates": log.duplicates,
    }  # fmt: skip


puts = st.tuples(st.just("put"), st.lists(st.sampled_from([*K, *COLLIDING]), min_size=1, max_size=6))
steps = st.one_of(puts, puts, st.tuples(st.sampled_from(["reopen", "close", "other", "flip", "tear"]), st.just([])))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=14), st.integers(0, 2**16))
def test_whatever_was_written_by_whomever_a_log_knows_the_same_with_its_catalogue_and_without(
    quick_disk: Path, taken: list[tuple[str, list[str]]], chance: int
) -> None:
    folder = Path(tempfile.mkdtemp(dir=quick_disk))
    log = Log(folder, Verdict, repeats="replaces")
    for number, (step, keys) in enumerate(taken):
        if step == "put":
            log.put([(key, verdict(f"{number} {key}")) for key in keys], f"cell {number}")
        elif step == "close":
            log.close()
        elif step == "reopen":
            log.close()
            log = Log(folder, Verdict, repeats="replaces")
        elif step == "other":  # a process that knew nothing of what this one has
            other = Log(folder, Verdict, repeats="replaces")
            log.put([(K[number % 12], verdict("mine"))], "this")
            other.put([(K[number % 12], verdict("another's"))], "that")
            other.close()
        elif segments := [path for path in folder.glob("*.jsonl") if path.stat().st_size]:
            log.close()
            path = segments[chance % len(segments)]
            text = bytearray(path.read_bytes())
            if step == "tear":
                del text[-1 - chance % len(text) :]
            else:
                text[chance % len(text)] ^= 1 << chance % 8
            path.write_bytes(text)
            log = Log(folder, Verdict, repeats="replaces")
    log.close()
    assert known(folder) == known(folder, whole=True)


def test_with_a_catalogue_no_segment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, K)
    monkeypatch.setattr(Log, "_scan", lambda self, segment: pytest.fail(f"{segment} was read"))
    log = Log(tmp_path, Verdict)
    assert sorted(log.keys()) == sorted(K) and log.absent([*K, COLLIDING[0]]) == [COLLIDING[0]]
    assert log.get(K[3]) == verdict(f"first {K[3]}")


def test_what_another_process_adds_is_read_beside_it(tmp_path: Path) -> None:
    written(tmp_path, K[:6])
    log, other = Log(tmp_path, Verdict), Log(tmp_path, Verdict)
    other.put([(K[7], verdict("new")), (K[0], verdict("newer"))], "other")
    assert K[7] not in log
    log.refresh()
    assert log.get(K[7]) == verdict("new") and log.get(K[0]) == verdict("newer") and len(log) == 7
    other.close()


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "gone"])
def test_a_catalogue_of_segments_that_have_changed_is_not_believed(tmp_path: Path, change: str) -> None:
    segment = written(tmp_path, K)
    assert catalogue.read(tmp_path) is not None
    if change == "gone":
        segment.unlink()
    elif change == "touched":
        os.utime(segment, ns=(1, 1))
    else:
        text = segment.read_bytes()
        segment.write_bytes(text + text[:9] if change == "longer" else text[:-9])
    assert catalogue.read(tmp_path) is None
    assert known(tmp_path) == known(tmp_path, whole=True)


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_catalogue_that_is_not_what_was_written_is_not_believed(quick_disk: Path, data: st.DataObject) -> None:
    folder = Path(tempfile.mkdtemp(dir=quick_disk))
    written(folder, [*K, *COLLIDING])
    path = folder / catalogue.NAME
    text = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del text[data.draw(st.integers(0, len(text) - 1)) :]
    path.write_bytes(text)
    found = catalogue.read(folder)
    assert found is None or [found.find(key) for key in K] == [Log(folder, Verdict)._index.places[key] for key in K]
    assert known(folder) == known(folder, whole=True)


def test_a_line_that_rots_unseen_is_never_read_and_named_when_it_is_looked_at(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.verdicts.put([(key, verdict(key)) for key in K], "cell")
    (segment,) = (tmp_path / "verdicts").glob("*.jsonl")
    status, text = segment.stat(), bytearray(segment.read_bytes())
    text[len(text) // 2] ^= 1
    segment.write_bytes(text)
    os.utime(segment, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a disk does it
    assert len(check_store(tmp_path)) == 1
    with Store(tmp_path, read_only=True) as store:
        assert store.damage() == []  # nobody has looked
        found = {key: store.verdicts.get(key) for key in K}
        assert sum(record is None for record in found.values()) == 1 == len(store.damage())
        assert all(record in (None, verdict(key)) for key, record in found.items())


def test_none_is_written_while_somebody_writes(tmp_path: Path) -> None:
    writer, other = Log(tmp_path, Verdict), Log(tmp_path, Verdict)
    writer.put([(K[0], verdict("a"))], "cell")
    other.put([(K[1], verdict("b"))], "cell")
    other.refresh()
    other.close()
    assert not (tmp_path / catalogue.NAME).exists()
    writer.refresh()
    writer.close()
    found = catalogue.read(tmp_path)
    assert found is not None and len(found) == 2


def test_small_logs_and_read_only_ones_leave_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    log = Log(tmp_path, Verdict)
    log.put([(key, verdict(key)) for key in K], "cell")
    log.close()
    monkeypatch.setattr("pidistill.store.log.MOST_UNKNOWN", 1)
    Log(tmp_path, Verdict, read_only=True).close()
    assert [path.suffix for path in tmp_path.iterdir()] == [".jsonl"]


def test_a_catalogue_of_nothing_is_one(tmp_path: Path) -> None:
    segment = written(tmp_path, K[:1])
    text = segment.read_bytes()
    segment.write_bytes(text[:30] + b"?" + text[31:])
    log = Log(tmp_path, Verdict)
    assert len(log) == 0 and len(log.damage) == 1
    catalogue.write(tmp_path, log._index.places, catalogue.Known({segment.name: catalogue.state_of(segment)}))
    found = catalogue.read(tmp_path)
    assert found is not None and len(found) == 0 and found.find(K[0]) is None and found.unknown(K[:2]) == [0, 1]
