"""`docs/sandboxes.md` lists what the self-check measures, no more and no less, and counts mutants as the list does."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.humaneval_mutants import SURVIVORS, read_survivors
from pidistill_sandboxes.selfcheck import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "sandboxes.md").read_text("utf-8")


def test_the_table_of_protections_is_that_of_the_self_check() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| held \| held \| held \|$", PAGE, re.MULTILINE)
    assert rows == list(CHECKS)


def test_the_mutants_are_counted_as_in_the_list() -> None:
    counts = re.search(r"# (\d+) mutants .*: PASS (\d+), FAIL (\d+), TIMEOUT (\d+)\.", SURVIVORS.read_text("utf-8"))
    assert counts is not None
    total, passed, failed, timeout = (f"{int(number):,}" for number in counts.groups())
    text = " ".join(PAGE.split())
    assert f"of {total}, {failed} FAIL, {timeout} TIMEOUT, 0 ERROR, and {passed} PASS" in text
    assert int(counts[2]) == len(read_survivors())
