"""A disk that is full, read-only or closed is one line; what was written stays, and the same run goes on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pidistill.errors import StoreError
from pidistill.records import JSON, Status, Verdict, content_hash
from pidistill.store.check import check_store
from pidistill.store.files import write_json
from pidistill.store.log import Log
from pidistill.store.store import Store
from pidistill.store.uses import Use
from tests.store.simulated import run

POINTS = 20
SAMPLES = 30
"""Rollouts of a problem: the whole run writes about 1 MB."""


def one_line(error: StoreError) -> bool:
    return "\n" not in error.message and "\n" not in error.hint and bool(error.hint)


def fill(folder: Path, leave: int) -> Path:
    """Write a file that leaves `leave` bytes of the disk."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(folder).free - leave)))
    return ballast


def error_of_a_run(root: Path) -> StoreError | None:
    try:
        with Store(root) as store:
            run(store, samples=SAMPLES)
    except StoreError as error:
        return error
    return None


def test_a_disk_that_fills_at_20_points_is_one_line_and_the_run_goes_on(small_disk: Path) -> None:
    with Store(small_disk / "whole") as store:
        undisturbed = run(store, samples=SAMPLES)
    needed = sum(-(-path.stat().st_size // 4096) * 4096 for path in (small_disk / "whole").rglob("*") if path.is_file())
    shutil.rmtree(small_disk / "whole")
    stopped = 0
    for point in range(POINTS):
        root = small_disk / "s"
        ballast = fill(small_disk, needed * point // POINTS)
        error = error_of_a_run(root)
        if error is not None:
            assert one_line(error) and "No space left" in str(error) and "MB free" in str(error), str(error)
            stopped += 1
        ballast.unlink()
        with Store(root) as store:
            assert store.damage() == []
            assert run(store, samples=SAMPLES) == undisturbed
            assert store.rollouts.duplicates == store.verdicts.duplicates == 0
        assert check_store(root) == []
        shutil.rmtree(root)
    assert stopped >= POINTS - 2


def test_a_line_that_does_not_fit_is_cut_off_and_the_next_one_stands(small_disk: Path) -> None:
    log = Log(small_disk / "log", Verdict)
    log.put([(content_hash(0), Verdict(Status.FAIL))], "cell")
    ballast = fill(small_disk, 8192)
    with pytest.raises(StoreError, match="No space left"):
        log.put([(content_hash(n), Verdict(Status.FAIL, reason="x" * 500)) for n in range(1, 100)], "cell")
    fitted = len(log)
    assert 8 < fitted < 50, "the lines that did fit are kept"
    ballast.unlink()
    log.put([(content_hash(n), Verdict(Status.FAIL, reason="y")) for n in range(fitted, 100)], "cell")
    log.close()
    again = Log(small_disk / "log", Verdict)
    assert again.damage == [] and list(again.keys()) == [content_hash(n) for n in range(100)]


@pytest.mark.parametrize(
    "hidden", [RuntimeError("failed writing file"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_a_library_that_hides_why_it_could_not_write_weights_is_seen_through(
    hidden: Exception, small_disk: Path
) -> None:
    store = Store(small_disk / "s")
    (small_disk / "s" / "checkpoints").mkdir()

    def make(folder: Path) -> dict[str, JSON]:
        fill(small_disk, 0)
        raise hidden

    with pytest.raises(StoreError, match="No space left") as caught:
        store.checkpoint("k", make, "cell")
    assert one_line(caught.value)
    assert [path.name for path in (small_disk / "s" / "checkpoints").iterdir()] == [".k.lock"]
    (small_disk / "ballast").unlink()

    def works(folder: Path) -> dict[str, JSON]:
        (folder / "weights").write_text("w")
        return {"steps": 1}

    assert store.checkpoint("k", works, "cell").is_dir()


def test_an_error_of_training_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    def make(folder: Path) -> dict[str, JSON]:
        raise RuntimeError("loss is not finite")

    with pytest.raises(RuntimeError, match="not finite"):
        Store(tmp_path / "s").checkpoint("k", make, "cell")


def test_a_limit_on_file_size_is_one_line_too(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from pidistill.errors import StoreError
        from pidistill.store.store import Store
        from tests.store.simulated import run
        try:
            with Store(Path(sys.argv[1])) as store:
                run(store, samples=30)
        except StoreError as error:
            print(error.message)
        """
    )
    limit = (20_000, 20_000)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s")], capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert "File too large" in done.stdout and done.stdout.count("\n") == 1, done.stderr
    with Store(tmp_path / "s") as store, Store(tmp_path / "whole") as whole:
        assert run(store, samples=30) == run(whole, samples=30)
        assert store.damage() == []


def read_only(folder: Path) -> None:
    if subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True).returncode:
        pytest.skip("needs to mount a disk read-only: run as root")


def test_a_finished_store_on_a_read_only_disk_is_read_whole(small_disk: Path) -> None:
    with Store(small_disk / "s") as store:
        finished = run(store)
    read_only(small_disk)
    with Store(small_disk / "s") as store:
        assert store.read_only
        assert run(store) == finished
        assert store.damage() == []
    assert check_store(small_disk / "s") == []


def test_a_read_only_disk_says_what_cannot_be_done(small_disk: Path) -> None:
    with Store(small_disk / "s") as store:
        run(store)
        (small_disk / "s" / "cells" / "retry-s0" / "summary.json").unlink()
    read_only(small_disk)
    with Store(small_disk / "s") as store:
        actions: list[Callable[[], object]] = [
            lambda: run(store),
            lambda: store.rollouts.put([(content_hash(1), next(store.rollouts.entries()).record)], "cell"),
            lambda: store.note_use("retry-s0", Use("s", 9, "a", "rollout", ())),
            lambda: store.write_summary("retry-s0", {}),
            lambda: store.write_provenance("retry-s0", {}),
            lambda: store.checkpoint("new", lambda folder: {}, "cell"),
            lambda: store.shared(store.rollouts, [content_hash(2)], lambda keys: [], "cell"),
            lambda: store.claims.take([content_hash(2)]),
        ]
        for action in actions:
            with pytest.raises(StoreError, match=r"[Rr]ead-only") as caught:
                action()
            assert one_line(caught.value) and "--store" in caught.value.hint
    with pytest.raises(StoreError, match="--store"):
        Store(small_disk / "new")


def test_opening_to_read_touches_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        run(store)

    def everything() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in [tmp_path, *tmp_path.rglob("*")]}

    before = everything()
    with Store(tmp_path / "s", read_only=True) as store:
        run(store)
    assert everything() == before
    with pytest.raises(StoreError, match="No such file"):
        Store(tmp_path / "missing", read_only=True)
    assert not (tmp_path / "missing").exists()


def test_a_small_file_that_cannot_be_written_leaves_the_old_one(small_disk: Path) -> None:
    write_json(small_disk / "a.json", {"x": 1})
    before = (small_disk / "a.json").read_bytes()
    fill(small_disk, 0)
    with pytest.raises(StoreError, match="No space left"):
        write_json(small_disk / "a.json", {"x": "y" * 100_000})
    assert (small_disk / "a.json").read_bytes() == before
    assert sorted(os.listdir(small_disk)) == ["a.json", "ballast"]
