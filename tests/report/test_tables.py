"""The tables say what the statistics say, alike in a terminal, in a pipe and in Markdown."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pidistill.report.model import Column, Entry, ReportMeta, Rows, Table
from pidistill.report.render import escape_markdown, markdown_table, rich_table
from pidistill.report.table import p_value, percent, points
from pidistill.report.write import Report, build_report
from pidistill.stats.data import CellScores, ProblemScore
from tests.stats.simulated import arm, cell, half_solved, side


def five_arms() -> list[CellScores]:
    rng, base = np.random.default_rng(1), half_solved(150)
    gains = {"retry": 0.2, "rejection": 0.0, "star-gold": 0.15, "star-gibberish": 0.12, "opsd": -0.2}
    return [c for name, gain in gains.items() for c in arm(rng, name, base, gain=gain)]


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(
        five_arms(),
        ReportMeta(
            "demo on math",
            published={"retry": "+8.8 +/- 1.4 (3 seeds)"},
            verifier="math@0.1.0+abc",
            ledger=Rows("Ledger", ("Arm", "Tokens"), (("retry", "9000"),)),
        ),
    )


def printed(report: Report, **options: object) -> str:
    console = Console(file=io.StringIO(), **options)  # type: ignore[arg-type]
    report.print(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_plain_ascii_with_nothing_cut(report: Report) -> None:
    text = printed(report, width=60)
    assert text.isascii()
    assert "\x1b" not in text
    for table in (t for t in report.tables if not t.detail):
        assert table.title in text
        for row in table.rows:
            assert re.search(r"\|\s*".join(re.escape(c.text) + r"\s*" for c in row), text), row


def test_a_terminal_of_80_columns_shows_every_cell(report: Report) -> None:
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed(report, width=80, force_terminal=True))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for table in (t for t in report.tables if not t.detail):
        for row in table.rows:
            for shown in row[1:]:
                assert shown.text.split()[0] in text if shown.text else True


def test_the_effect_table_repeats_the_comparison(report: Report) -> None:
    effect = report.tables[0]
    for row, result in zip(effect.rows, report.comparison.arms, strict=True):
        texts = [c.text for c in row]
        assert texts[0] == result.label
        assert texts[-1] == result.finding
        assert float(texts[1]) == pytest.approx(100 * result.base.rate, abs=0.051)
        assert float(texts[2]) - float(texts[1]) == pytest.approx(float(texts[3]), abs=0.11)
        low, high = (float(x) for x in texts[4].strip("[]").split(","))
        assert (low, high) == pytest.approx((100 * result.delta.low, 100 * result.delta.high), abs=0.051)


def test_everything_that_must_stand_beside_an_accuracy_is_in_the_report(report: Report) -> None:
    text = printed(report)
    for words in (
        "95 % interval", "Finding", "Delta of each seed", "MDE", "Tokens", "Truncated", "No answer", "ERROR", "ABSTAIN",
        "Retries passed", "Generated", "Trained", "+8.8 +/- 1.4 (3 seeds)", "By level", "3 seeds per arm",
        "150 held-out problems", "two-way random effects", "math@0.1.0+abc",
    ):  # fmt: skip
        assert words in text, words
    assert "Cross-checks" not in text
    assert "## Cross-checks" in report.markdown()
    assert "## Ledger" in report.markdown()


def test_a_rate_with_errors_is_shown_with_its_bounds() -> None:
    base = np.array([0.0, 1.0, 0.0, 0.0])
    cells = [cell("retry", seed, base, np.ones(4)) for seed in range(2)]
    broken = ProblemScore("p3", 4, side(0.0), side(None, ERROR=1))
    cells[1] = dataclasses.replace(cells[1], problems=(*cells[1].problems[:3], broken))
    report = build_report(cells, ReportMeta("t"))
    (responses,) = [t for t in report.tables if t.title == "Responses"]
    texts = [c.text for c in responses.rows[0]]
    assert texts[4:] == ["0 -> 1", "0 -> 0", "25.0 to 25.0", "87.5 to 100.0", "1"]
    assert responses.rows[0][4].tone == "warn"


def test_a_single_seed_is_unreplicated_in_every_form() -> None:
    report = build_report([cell("opsd", 42, half_solved(50), np.ones(50))], ReportMeta("one seed"))
    effect = report.tables[0].rows[0]
    assert (effect[-2].text, effect[-1].text) == ("<0.001", "unreplicated")
    assert "unreplicated" in printed(report)
    assert "gain" not in [c.text for c in effect]


def test_text_is_never_read_as_markup() -> None:
    hostile = "[bold red]x[/] | `a` <b> \\ *y*"
    table = Table("t", (Column("c", "left"),), ((Entry(hostile),),))
    console = Console(file=io.StringIO(), width=100)
    console.print(rich_table(table, ascii_only=True))
    assert isinstance(console.file, io.StringIO)
    assert hostile in console.file.getvalue()
    row = markdown_table(table).splitlines()[4]
    assert row == r"| \[bold red\]x\[/\] \| \`a\` \<b\> \\ \*y\* |"


@given(st.text())
def test_escaped_markdown_is_one_line_without_live_characters(text: str) -> None:
    escaped = escape_markdown(text)
    assert len(escaped.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|#]", escaped)


@given(st.floats(0, 1))
def test_a_p_value_is_never_rounded_across_the_threshold(p: float) -> None:
    text = p_value(p)
    assert (float(text.strip("<")) <= 0.05) == (p <= 0.05)


def test_numbers_are_shown_with_their_sign_and_without_a_negative_zero() -> None:
    assert [points(x) for x in (0.0834, -0.0834, 0.0001, -0.0001)] == ["+8.3", "-8.3", "0.0", "0.0"]
    assert percent(1.0) == "100.0"


def test_a_table_with_a_ragged_row_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells, not 1"):
        Table("t", (Column("c"),), ((Entry("a"), Entry("b")),))
