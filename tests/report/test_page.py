"""The page as a browser shows it: 10,000 rollouts with the worst of texts, filtered, sorted, followed, on any screen.

It is opened from a file in a headless Chromium. Where there is none, the tests are skipped, and say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.report.model import ReportMeta
from pidistill.report.write import write_report
from pidistill.store.store import Store
from pidistill.suite.evidence import with_evidence
from tests.report.chrome import Tab, opened
from tests.report.made import ARMS, Made, make

FIRST = ("Seeds chosen afterwards: retry on toy: reported seeds 0, 1, 2; the store also holds 3, 4, 5, 6, 7, 8, 9.",)
DESK, PHONE = (1280, 800), (390, 844)
BROKEN = """(() => {
  const broken = [];
  for (const cell of document.querySelectorAll("td, th")) {
    if (!cell.offsetParent) continue;
    if (cell.scrollWidth > cell.clientWidth + 1) broken.push("over its edge: " + cell.textContent);
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    let text;
    while ((text = walker.nextNode())) {
      for (const word of text.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
})()"""
"""The words in tables that stand on more than one line, and cells that run into the next."""
SET = """((name, value) => {
  const form = document.querySelector(".filters");
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
})"""
"""What a person does with a filter."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("store"), problems=800, train=1_020)


@pytest.fixture(scope="module")
def page(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    meta = ReportMeta("retry & others", summaries={"retry": "Tries again."}, first=FIRST, planned="Not registered.",
                      settings={"data.train.path": "/a/" + "very-long-path/" * 12})  # fmt: skip
    with Store(made.root, read_only=True) as store:
        meta = with_evidence(meta, store, made.cells, made.summaries, page=True)
    write_report([scores for _, scores in made.cells], out, meta)
    return out / "index.html"


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with opened() as tab:
        yield tab


@pytest.fixture
def shown(tab: Tab, page: Path) -> Iterator[Tab]:
    """The page, with its rollouts unpacked. Nothing may go wrong in it, and nothing be asked for."""
    tab.errors.clear()
    tab.requests.clear()
    tab.screen(*DESK)
    tab.open("about:blank")
    tab.open(page.as_uri())
    tab.until("document.querySelector('.list .row')")
    yield tab
    assert tab.errors == []
    assert {url.split("#")[0] for url in tab.requests if not url.startswith(("data:", "about:"))} == {page.as_uri()}
    assert tab.run("document.title") == "retry & others"


def rows(tab: Tab) -> int:
    """How many rows the list has, in view or not."""
    return int(tab.run("+document.querySelector('.rows').getAttribute('aria-rowcount')"))


def column(tab: Tab, number: int) -> list[str]:
    """What stands in a column of the rows in view, from above."""
    found: list[str] = tab.run(
        "[...document.querySelectorAll('.list .row')].sort((a, b) => a.dataset.place - b.dataset.place)"
        f".map((row) => row.children[{number}].textContent)"
    )
    return found


def choose(tab: Tab, name: str, value: str) -> None:
    tab.run("window.said = document.querySelector('.count').textContent")
    tab.run(f"{SET}({name!r}, {value!r})")
    tab.until("document.querySelector('.count').textContent !== window.said || document.forms[0].elements.view.value")


def settle(tab: Tab) -> None:
    """Wait until what was typed or chosen is shown."""
    tab.run("new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 160))")


def first_paint_ms(tab: Tab, page: Path) -> float:
    """Milliseconds from asking for the page to the first of its text."""
    tab.open("about:blank")
    tab.open(page.as_uri())
    tab.until("performance.getEntriesByName('first-contentful-paint').length")
    return float(tab.run("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def test_ten_thousand_rollouts_are_small_and_soon_painted(shown: Tab, page: Path, made: Made) -> None:
    assert made.rollouts >= 10_000
    assert page.stat().st_size <= 15_000_000
    assert first_paint_ms(shown, page) <= 2_000
    shown.until("document.querySelector('.list .row')")
    assert f"of {800 + 1_020:,} problems" in shown.run("document.querySelector('.count').textContent")


def test_filters_narrow_the_list_and_say_to_how_much(shown: Tab, made: Made) -> None:
    choose(shown, "view", "rollouts")
    settle(shown)
    everything = rows(shown)
    flipped = sum(p.base.score == 0 and p.after.score == 1 for _, s in made.cells for p in s.problems)
    choose(shown, "flip", "1")
    settle(shown)
    assert rows(shown) == 2 * flipped < everything
    assert set(column(shown, 6)) == {"→ right"}
    choose(shown, "arm", "1")
    choose(shown, "seed", "2")
    choose(shown, "level", "3")
    choose(shown, "status", "0")
    settle(shown)
    name = f"{ARMS[1]}-s2"
    (scores,) = (s for cell, s in made.cells if cell == name)
    assert rows(shown) == sum(p.level == 3 and p.base.score == 0 and p.after.score == 1 for p in scores.problems) > 0
    shown.run("document.querySelector('.filters [type=reset]').click()")
    settle(shown)
    choose(shown, "text", "toy/test-00123")
    settle(shown)
    assert rows(shown) == 1 and column(shown, 0) == ["toy/test-00123"]


def test_ten_thousand_rows_do_not_lag(shown: Tab) -> None:
    choose(shown, "view", "rollouts")
    settle(shown)
    assert rows(shown) > 10_000
    longest, most = scrolled(shown)
    assert longest < 500 and most < 80, (longest, most)
    took = searched(shown, "diagnostics")
    assert took < 1_500, took


def scrolled(tab: Tab) -> tuple[float, int]:
    """Milliseconds of the longest frame while all rows are scrolled through, and the most rows that there were."""
    longest, most = tab.run("""(async () => {
      const body = document.querySelector(".rows");
      let longest = 0, most = 0;
      for (let step = 0; step < 60; step++) {
        const start = performance.now();
        body.scrollTop = step / 59 * body.scrollHeight;
        await new Promise(requestAnimationFrame);
        longest = Math.max(longest, performance.now() - start);
        most = Math.max(most, document.querySelectorAll(".list .row").length);
      }
      return [longest, most];
    })()""")
    return float(longest), int(most)


def searched(tab: Tab, text: str) -> float:
    """Milliseconds until what is shown answers to what was typed. It must be another number of rows than before."""
    return float(
        tab.run(f"""(async () => {{
      const count = document.querySelector(".count"), before = count.textContent, start = performance.now();
      {SET}("text", {text!r});
      while (count.textContent === before) await new Promise(requestAnimationFrame);
      return performance.now() - start;
    }})()""")
    )


def test_a_click_on_a_head_sorts_the_list_and_tables(shown: Tab) -> None:
    for turn in (False, True):
        shown.run("document.querySelectorAll('.heads button')[4].click()")
        right = [int(text or 0) for text in column(shown, 4)]
        assert right == sorted(right, reverse=turn)
    assert right[0] > right[-1] or right[0] > 0
    effect = "document.querySelector('#tables table')"
    for turn in (False, True):
        shown.run(f"{effect}.tHead.querySelectorAll('button')[3].click()")
        deltas = shown.run(f"[...{effect}.tBodies[0].rows].map((row) => parseFloat(row.cells[3].textContent))")
        assert deltas == sorted(deltas, reverse=turn) and len(deltas) == len(ARMS)


def test_a_rollout_is_followed_from_its_pi_to_its_verdict_by_keys_alone(shown: Tab, tmp_path: Path) -> None:
    shown.press("/")
    assert shown.run("document.activeElement.name") == "text"
    choose(shown, "view", "rollouts")
    choose(shown, "where", "retry 1")
    shown.write("The answer is 3. ")
    shown.run("document.activeElement.dispatchEvent(new Event('input', {bubbles: true}))")
    settle(shown)
    assert rows(shown) >= 1
    shown.run("document.querySelector('.rows').focus()")
    shown.press("ArrowDown")
    shown.press("Enter")
    shown.until("document.querySelector('.detail [data-step=pi] pre')")
    steps = shown.run("[...document.querySelectorAll('.detail [data-step]')].map((step) => step.dataset.step)")
    assert steps == ["pi", "prompt", "completion", "examples", "uses"]
    told = shown.run("document.querySelector('.detail .pi').textContent")
    assert told.startswith("The answer is 3. </script>")
    assert told in shown.run("[...document.querySelectorAll('[data-step=prompt] pre')].at(-1).textContent")
    assert shown.run("document.querySelector('[data-step=completion] .completion').textContent.length") > 100
    assert "Verdict: " in shown.run("document.querySelector('[data-step=completion]').textContent")
    shown.screenshot(picture(tmp_path, "rollout.png"))
    first = shown.run("document.querySelector('.detail .grow').textContent")
    shown.run("[...document.querySelectorAll('.detail .link')][1].click()")  # the attempt that it retries
    shown.until(f"document.querySelector('.detail .grow').textContent !== {first!r}")
    assert "attempt 0" in shown.run("document.querySelector('.detail dl').textContent")
    shown.press("Escape")
    assert shown.run("document.querySelector('.detail').hidden")
    assert shown.run("document.activeElement.className") == "rows"


def test_a_problem_is_opened_with_its_rollouts_and_their_two_sides(shown: Tab) -> None:
    shown.run("document.querySelector('.list .row').click()")
    shown.until("document.querySelector('.detail table')")
    assert shown.run("document.querySelectorAll('.detail tbody tr').length") == 2 * 2 * 3
    shown.run("document.querySelector('.detail tbody tr').click()")
    shown.until("document.querySelectorAll('.detail .side').length === 2")
    names = shown.run(
        "[...document.querySelectorAll('.side > .note:first-child')].map((note) => note.textContent.split(',')[0])"
    )
    assert names == ["evaluate before", "evaluate after"]
    address = shown.run("location.href")
    shown.open("about:blank")
    shown.open(address)  # as somebody would who was sent it
    shown.until("document.querySelectorAll('.detail .side').length === 2")


def test_the_worst_of_texts_are_shown_as_text(shown: Tab) -> None:
    choose(shown, "view", "rollouts")
    for number, sign in enumerate(("</script><script>", "<img src=x onerror", "nul ␀ bell ␇ turned ⟨U+202E⟩")):
        shown.run("document.querySelector('.filters [type=reset]').click()")
        choose(shown, "view", "rollouts")
        choose(shown, "text", f"toy/test-0000{number}")
        settle(shown)
        shown.run("document.querySelector('.list .row').click()")
        shown.until(f"document.querySelector('.detail .completion')?.textContent.startsWith({sign!r})")
        assert shown.run("document.querySelectorAll('.detail img, .detail script').length") == 0
    assert "lone ⟨U+D800⟩ surrogate" in shown.run("document.querySelector('.detail .completion').textContent")


@pytest.mark.parametrize("width", [390, 420, 768, 1280])
def test_no_word_of_a_table_is_broken_and_no_screen_scrolls_sideways(shown: Tab, width: int) -> None:
    shown.screen(width, 844)
    shown.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    shown.run("document.querySelector('.list .row').click()")
    shown.until("document.querySelector('.detail table')")
    assert shown.run(BROKEN) == []
    assert shown.run("document.documentElement.scrollWidth") <= width


def test_screens_in_light_in_dark_on_a_phone_and_on_paper(shown: Tab, tmp_path: Path) -> None:
    seen = set()
    for name, size, dark in (
        ("light", DESK, False),
        ("dark", DESK, True),
        ("phone", PHONE, False),
        ("night", PHONE, True),
    ):
        shown.screen(*size, dark=dark)
        seen.add(shown.screenshot(picture(tmp_path, f"{name}.png")))
        colours = shown.run("(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))")
        light = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
        assert (light[0] > light[1]) is dark
    assert len(seen) == 4
    shown.screen(*DESK, media="print")
    assert shown.run("[...document.querySelectorAll('.filters, .list')].every((part) => !part.offsetParent)")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_what_was_chosen_afterwards_is_on_the_first_screen(shown: Tab, size: tuple[int, int]) -> None:
    shown.screen(*size)
    shown.run("scrollTo(0, 0)")
    (said,) = shown.run("[...document.querySelectorAll('.first')].map((line) => line.getBoundingClientRect().bottom)")
    assert 0 < said < size[1]
    assert "Not registered." in shown.run("document.querySelector('.question').textContent")


def picture(folder: Path, name: str) -> Path:
    """Where a screenshot goes: for a person who wants to see them, into $PIDISTILL_SCREENSHOTS."""
    kept = os.environ.get("PIDISTILL_SCREENSHOTS")
    return Path(kept) / name if kept else folder / name


def test_the_charts_are_there(shown: Tab) -> None:
    assert shown.run("document.querySelectorAll('#charts .panels svg').length") == len(ARMS)
    assert shown.run("document.querySelectorAll('#charts .panels .line').length") == 3 * len(ARMS)
    assert shown.run("document.querySelectorAll('.large .line').length") == len(ARMS)
    titles = shown.run("[...document.querySelectorAll('#evidence h2')].map((head) => head.textContent)")
    assert titles == ["Left out, and why", "Verifiers"]


def test_rollouts_that_are_not_what_was_written_are_said_to_be_so(tab: Tab, page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    middle = text.index('id="data"') + 500_000
    (tmp_path / "index.html").write_text(text[:middle] + text[middle + 4 :], "utf-8")
    tab.errors.clear()
    tab.open((tmp_path / "index.html").as_uri())
    tab.until("document.querySelector('.count').textContent.includes('cannot be unpacked')")
    assert tab.errors == [] and tab.run("document.querySelectorAll('.findings li').length") == len(ARMS)


def test_a_page_without_rollouts_is_a_page(tab: Tab, made: Made, tmp_path: Path) -> None:
    write_report([scores for _, scores in made.cells], tmp_path, ReportMeta("bare " * 600, first=FIRST))
    tab.errors.clear()
    tab.open((tmp_path / "index.html").as_uri())
    tab.until("document.querySelector('th button')")
    assert tab.errors == [] and not tab.run("document.querySelector('#rollouts')")
    for width, height in (DESK, PHONE):  # nor does a title push what must be read off the screen
        tab.screen(width, height)
        assert tab.run("document.querySelector('.first').getBoundingClientRect().bottom") < height / 2
