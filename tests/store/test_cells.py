"""What a cell was, ran with, used and found is what was written, or is named and made anew."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.records import content_hash
from pidistill.store.files import DamagedFile, read_json, write_json
from pidistill.store.ledger import ledger, totals
from pidistill.store.store import Store
from pidistill.store.uses import Use
from tests.core.test_records import json_values
from tests.store.simulated import CELLS, PROBLEMS, rollout, run


def use(arrow: str, *keys: str, turn: int = 1, kind: str = "rollout") -> Use:
    return Use("s", turn, arrow, kind, keys)  # type: ignore[arg-type]


@given(st.dictionaries(st.text(max_size=5).filter(lambda key: key != "checksum"), json_values, max_size=4), st.data())
def test_a_small_file_is_read_exactly_when_its_content_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "small.json"
    write_json(path, content)  # type: ignore[arg-type]
    assert read_json(path) == content
    text = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, len(text) * 8 - 1))
    text[bit // 8] ^= 1 << bit % 8
    path.write_bytes(text)
    with suppress(DamagedFile):
        assert read_json(path) == content, "another spelling of the same"


@pytest.mark.parametrize("name", ["cell.json", "provenance.json", "summary.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"checksum": "0"}', "\x00" * 20, "[" * 100_000])
def test_a_small_file_that_was_emptied_or_misshapen_is_named_and_made_anew(
    name: str, text: str, tmp_path: Path
) -> None:
    with Store(tmp_path / "s") as store:
        finished = run(store)
    path = tmp_path / "s" / "cells" / CELLS[0] / name
    path.write_text(text)
    with Store(tmp_path / "s") as store:
        assert store.summary(CELLS[0]) is None
        assert run(store) == finished
        assert path in [damage.file for damage in store.damage()]
        assert name in (store.damage_note() or "") or len(store.damage()) > 1
    with Store(tmp_path / "s") as store:
        assert run(store) == finished and store.damage() == []
    assert (tmp_path / "s" / "damaged" / "cells" / CELLS[0] / name).read_text() == text


@pytest.mark.parametrize(
    "line",
    [
        '{"stage": "s"}', "[]", "", "null", '{"sum":"00000000","use":{}}', '{"place":0,"use":{"stage":"s"}}',
        "\x00\x00", '{"stage":"first","kind":"rollout","keys":["a"]}',
    ],
)  # fmt: skip
def test_a_wrong_shaped_use_is_named_and_made_anew(line: str, tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        finished = run(store)
    path = tmp_path / "s" / "cells" / CELLS[0] / "uses.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([line, *lines[1:]]) + "\n")
    with Store(tmp_path / "s") as store:
        assert store.summary(CELLS[0]) is None
        assert run(store) == finished, "in the same order, too"
        assert path in [damage.file for damage in store.damage()]
    with Store(tmp_path / "s") as store:
        assert run(store) == finished and store.damage() == []


def test_the_latest_use_of_an_arrow_counts_and_the_same_is_written_once(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        with store.cell("c", {}):
            store.note_use("c", use("first", "a"))
            store.note_use("c", use("retry", "b"))
            store.note_use("c", use("first", "a", turn=2))
        size = (tmp_path / "s" / "cells" / "c" / "uses.jsonl").stat().st_size
        with store.cell("c", {}):
            store.note_use("c", use("first", "a"))
            store.note_use("c", use("retry", "b"))
            assert (tmp_path / "s" / "cells" / "c" / "uses.jsonl").stat().st_size == size
            store.note_use("c", use("retry", "c"))
    with Store(tmp_path / "s") as store:
        assert store.uses("c") == [use("first", "a"), use("retry", "c"), use("first", "a", turn=2)]
        assert store.uses("unknown") == [] and store.summary("unknown") is None and store.provenance("unknown") is None


def test_two_stores_see_each_others_uses(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "s"), Store(tmp_path / "s")
    first.note_use("c", use("first", "a"))
    assert second.uses("c") == [use("first", "a")]
    first.note_use("c", use("retry", "a"))
    assert second.uses("c") == [use("first", "a"), use("retry", "a")]


def test_a_summary_is_believed_as_long_as_all_that_it_stands_on_is_there(tmp_path: Path) -> None:
    key = content_hash("r")
    with Store(tmp_path / "s") as store, store.cell("c", {}):
        store.rollouts.put([(key, rollout(key, PROBLEMS[0]))], "c")
        store.note_use("c", use("first", key))
        store.note_use("c", use("verify", content_hash("an ERROR is not kept"), kind="verdict"))
        store.write_summary("c", {"accuracy": 0.5})
        assert store.summary("c") == {"accuracy": 0.5}
        store.note_use("c", use("retry", key))
        assert store.summary("c") is None, "something was used since"
        store.write_summary("c", {"accuracy": 0.25})
    with Store(tmp_path / "s") as store:
        assert store.summary("c") == {"accuracy": 0.25} and store.damage() == []
        assert store.missing("c") == [content_hash("an ERROR is not kept")]
    (segment,) = (tmp_path / "s" / "rollouts").glob("*.jsonl")
    segment.write_bytes(b"")
    with Store(tmp_path / "s") as store:
        assert store.summary("c") is None and "gone" in store.damage()[0].reason
        (row,) = [row for row in ledger(store, ["c"]) if row.arrow == "first"]
        assert (row.made, row.reused, row.missing) == (0, 0, 1)


def test_settings_are_those_of_the_last_run_and_tuples_are_lists(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        for summary in ("a", "b"):
            with store.cell("c", {"summary": summary, "seeds": (1, 2)}):  # type: ignore[dict-item]
                pass
            before = (store.cell_dir("c") / "cell.json").stat().st_ino
            with store.cell("c", {"summary": summary, "seeds": (1, 2)}):  # type: ignore[dict-item]
                assert (store.cell_dir("c") / "cell.json").stat().st_ino == before
        assert store.settings("c") == {"summary": "b", "seeds": [1, 2]}


def test_totals_add_up_rollouts_and_the_tokens_of_everything(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        result = run(store)
    total = totals(result.ledger, CELLS[0])
    mine = [row for row in result.ledger if row.cell == CELLS[0]]
    assert total.made == sum(row.made for row in mine if row.kind == "rollout") == 24
    assert total.tokens_trained == sum(row.tokens_trained for row in mine) > 0
    assert totals(result.ledger, CELLS[0], "verdict").made == 24
    assert totals(result.ledger, CELLS[2]).reused == 12


def test_a_run_that_is_killed_at_any_moment_comes_to_the_same_end(quick_disk: Path, tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from pidistill.store.store import Store
        from tests.store.simulated import run
        left = int(sys.argv[2])
        def count(key):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        with Store(Path(sys.argv[1])) as store:
            run(store, on_make=count)
        """
    )
    with Store(quick_disk / "undisturbed") as store:
        undisturbed = run(store)
    killed = 0
    for number in range(30):
        code = subprocess.run([sys.executable, "-c", script, str(quick_disk / "killed"), str(number)]).returncode
        killed += code == -signal.SIGKILL
    assert killed > 5
    with Store(quick_disk / "killed") as store:
        assert run(store) == undisturbed
        assert store.rollouts.duplicates == store.verdicts.duplicates == 0 and store.damage() == []
