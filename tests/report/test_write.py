"""The files: complete, reproducible, replaced whole, and a page that escapes what it is given and needs no network."""

from __future__ import annotations

import html.parser
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.errors import DataError
from pidistill.report.model import ReportMeta, Rows
from pidistill.report.page import markdown_blocks
from pidistill.report.write import write_atomically, write_report
from pidistill.stats.compare import Comparison
from pidistill.stats.data import CellScores
from tests.stats.simulated import arm, half_solved

HOSTILE = "<script>alert(1)</script>"
META = ReportMeta(
    "demo & more",
    published={"retry": f"+8.8 {HOSTILE}"},
    verifier="math@0.1.0",
    settings={"train.lr": HOSTILE},
    ledger=Rows("Ledger", ("arm", "tokens"), (("retry", "12"),)),
)


def cells() -> list[CellScores]:
    rng, base = np.random.default_rng(3), half_solved(50)
    return arm(rng, "retry", base, gain=0.3) + arm(rng, f"opsd {HOSTILE}", base)


def sections(report: object) -> list[tuple[str, str]]:
    assert isinstance(report, dict)
    return [(f"Extra {HOSTILE}", f"# Card\n\nseen: {len(report['arms'])} arms {HOSTILE}\n\n- one\n- two")]


class Tags(html.parser.HTMLParser):
    """Opened tags that need closing, and attributes that could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)
        self.loaded += [
            v or "" for k, v in attrs if k in ("src", "href", "xlink:href") and not (v or "").startswith(("#", "data:"))
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_self_contained_and_escaped(tmp_path: Path) -> None:
    write_report(cells(), tmp_path / "report", META, sections)
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.loaded == []
    assert page.count("<script") == page.count("</script") == 1  # its own
    assert "default-src 'none'" in page
    assert page.count("&lt;script&gt;") >= 5
    assert "url(http" not in page
    assert "@import" not in page
    assert "seen: 2 arms" in page
    assert "<li>two</li>" in page


def test_the_json_holds_the_comparison(tmp_path: Path) -> None:
    report = write_report(cells(), tmp_path, META)
    data = json.loads((tmp_path / "report.json").read_text("ascii"))
    restored = Comparison.from_json({key: data[key] for key in ("arms", "pairs", "remarks")})
    assert restored == report.comparison
    assert data["ledger"] == [{"arm": "retry", "tokens": "12"}]
    assert {row["name"] for row in data["levels"]} == {"1", "2", "3", "4", "5"}


def test_the_same_cells_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        write_report(cells(), tmp_path / folder, META, sections)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["index.html", "picture.png", "picture.svg", "report.json", "report.md"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


def test_cells_that_cannot_be_paired_leave_the_old_report_alone(tmp_path: Path) -> None:
    write_report(cells(), tmp_path, META)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError):
        write_report([*cells(), cells()[0]], tmp_path, META)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    write_atomically(path, b"old")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("pidistill.report.write.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]
    assert path.read_bytes() == b"old"


@given(st.text(alphabet=st.sampled_from("#-* |`\nab<>")) | st.text())
def test_no_word_of_a_section_is_lost_and_none_is_made_up(text: str) -> None:
    marks = r"[#\-*`\s]"
    shown = "".join(line for block in markdown_blocks(text) for line in block.lines)
    fences = re.sub(r"^```[^\n]*$", "", text, flags=re.MULTILINE)
    assert re.sub(marks, "", shown) == re.sub(marks, "", fences)


def test_importing_the_packages_is_light() -> None:
    code = (
        "import sys, pidistill.stats, pidistill.report; "
        "heavy = {'numpy', 'scipy', 'matplotlib', 'jinja2', 'rich', 'statsmodels', 'torch'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "import pidistill.stats as s; assert s.wilson(1, 2).low > 0; "
        "assert all(hasattr(s, name) for name in s.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
