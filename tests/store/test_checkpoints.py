"""A checkpoint that is used is the one that was trained: what is not is named, set aside, and trained anew."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from pidistill.errors import StoreError
from pidistill.records import JSON
from pidistill.store.store import Store


def train(folder: Path) -> Mapping[str, JSON]:
    (folder / "adapter.safetensors").write_bytes(b"weights" * 1000)
    (folder / "state").mkdir()
    (folder / "state" / "optimizer.pt").write_bytes(b"moments")
    return {"steps": 3}


FILES = ("adapter.safetensors", "state/optimizer.pt", "trained.json")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["flipped", "cut", "emptied", "missing"])
def test_a_damaged_checkpoint_is_named_set_aside_and_made_anew(name: str, how: str, tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        folder = store.checkpoint("k", train, "a")
    text = (folder / name).read_bytes()
    if how == "missing":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes({"flipped": bytes([text[0] ^ 1]) + text[1:], "cut": text[:-2], "emptied": b""}[how])
    with Store(tmp_path / "s") as store:
        assert store.checkpoint("k", train, "b") == folder
        assert store.trained("k") == {"steps": 3, "cell": "b"}
        assert (folder / "adapter.safetensors").read_bytes() == b"weights" * 1000
        assert folder / name in [damage.file for damage in store.damage()]
    with Store(tmp_path / "s") as store:
        store.checkpoint("k", train, "c")
        assert store.trained("k")["cell"] == "b" and store.damage() == []
    assert (tmp_path / "s" / "damaged" / "checkpoints" / "k").is_dir()


def test_files_are_hashed_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path / "s") as store:
        store.checkpoint("k", train, "a")
    hashed: list[Path] = []

    def count(path: Path) -> str:
        hashed.append(path)
        return file_hash(path)

    from pidistill.store import checkpoints

    file_hash = checkpoints.file_hash
    monkeypatch.setattr(checkpoints, "file_hash", count)
    with Store(tmp_path / "s") as store:
        for _ in range(3):
            store.checkpoint("k", train, "b")
    assert len(hashed) == 2


def test_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store, pytest.raises(StoreError, match=r"trained\.json") as caught:
        store.trained("k")
    assert "same command again" in caught.value.hint


def test_extra_files_do_no_harm(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        (store.checkpoint("k", train, "a") / ".DS_Store").write_text("")
    with Store(tmp_path / "s") as store:
        store.checkpoint("k", train, "b")
        assert store.trained("k")["cell"] == "a" and store.damage() == []


def test_processes_that_want_the_same_weights_train_them_once(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from pidistill.store.store import Store
        def train(folder):
            time.sleep(0.2)
            (folder / "weights").write_text(sys.argv[2])
            print("trained")
            return {"steps": 1}
        with Store(Path(sys.argv[1])) as store:
            store.checkpoint("k", train, sys.argv[2])
        """
    )
    Store(tmp_path / "s").close()
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "s"), name], stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    assert "".join(process.communicate()[0] for process in processes) == "trained\n"
