"""`pidistill store check` finds, `--mend` sets aside, and what is printed works when it is typed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pidistill.cli.main import run as pidistill
from pidistill.errors import StoreError
from pidistill.store.check import check_store, mend_store
from pidistill.store.store import Store
from tests.store.simulated import CELLS, run


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A finished store in a folder whose name a shell would split, with a changed verdict and an emptied cell.json."""
    root = tmp_path / "my runs"
    with Store(root) as store:
        run(store)
    (segment,) = (root / "verdicts").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"status":"FAIL"', b'"status":"PASS"', 1))
    (root / "cells" / CELLS[1] / "cell.json").write_text("")
    return root


def tell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = pidistill(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_what_is_damaged_is_listed_and_the_printed_command_mends_it(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()}
    code, out, _ = tell(capsys, "store", "check", str(damaged))
    assert code == 1
    assert "its checksum does not fit" in out and "cell.json: is empty" in out
    assert {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()} == before
    words = shlex.split(out.strip().splitlines()[-1].partition("pidistill ")[2])
    code, out, _ = tell(capsys, *words)
    assert code == 0 and "damaged" in out
    code, out, _ = tell(capsys, "store", "check", str(damaged))
    assert (code, out) == (0, f"{damaged}: everything is what was written.\n")


def test_mending_loses_nothing_good_and_the_next_run_comes_to_the_same(damaged: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    with Store(whole) as store:
        undisturbed = run(store)
    with Store(damaged) as store:
        lines = [len(log) for log in store.logs()]
    mend_store(damaged)
    with Store(damaged) as store:
        assert [len(log) for log in store.logs()] == lines
        assert run(store) == undisturbed
    aside = sorted(str(path.relative_to(damaged / "damaged")) for path in (damaged / "damaged").rglob("*.json*"))
    assert [name.partition("/")[0] for name in aside] == ["cells"] * (len(aside) - 1) + ["verdicts"]
    assert b'"PASS"' in (damaged / "damaged" / aside[-1]).read_bytes()


def test_a_store_in_use_is_not_mended(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(damaged):
        code, _, err = tell(capsys, "store", "check", "--mend", str(damaged))
    assert code == 1 and "in use by another process" in err and len(err.splitlines()) == 1
    mend_store(damaged)


def test_what_is_no_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("")
    for mend in ([], ["--mend"]):
        for folder in (tmp_path, tmp_path / "missing", tmp_path / "thesis.tex"):
            code, _, err = tell(capsys, "store", "check", *mend, str(folder))
            assert code != 0 and len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_not_made_a_store_by_looking(tmp_path: Path) -> None:
    assert check_store(tmp_path) == [] and list(tmp_path.iterdir()) == []


def test_many_damages_are_listed_in_short(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = (damaged / "rollouts").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b"It is", b"It Is"))
    _, out, _ = tell(capsys, "store", "check", str(damaged))
    assert "more: --all lists them" in out and len(out.splitlines()) == 22
    _, out, _ = tell(capsys, "store", "check", "--all", str(damaged))
    assert len(out.splitlines()) > 30


def test_what_killed_processes_left_half_written_is_cleared_away(damaged: Path) -> None:
    for name in (".x.json.1.partial", f"cells/{CELLS[0]}/.summary.json.7.partial", "checkpoints/.k.partial/weights"):
        (damaged / name).parent.mkdir(exist_ok=True)
        (damaged / name).write_text("half")
    mend_store(damaged)
    assert not list(damaged.rglob("*partial*"))


def test_mending_a_mended_store_changes_nothing(damaged: Path) -> None:
    mend_store(damaged)
    before = {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()}
    assert mend_store(damaged) == []
    assert {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()} == before


def test_a_full_disk_stops_mending_in_one_line_and_loses_nothing(small_disk: Path, damaged: Path) -> None:
    root = small_disk / "s"
    shutil.copytree(damaged, root)
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(StoreError, match="No space left"):
        mend_store(root)
    (small_disk / "ballast").unlink()
    mend_store(root)
    assert check_store(root) == []
    with Store(root) as store, Store(small_disk / "whole") as whole:
        assert run(store) == run(whole)


def test_the_command_can_be_run_as_a_command(damaged: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", "store", "check", str(damaged)], capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
