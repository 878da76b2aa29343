"""What the page's browser shows is what the store holds: every rollout as `pidistill show` has it, and none twice."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.report.browser import Browser, Texts, cut
from pidistill.store.store import Store
from pidistill.suite.browse import browse
from pidistill.suite.evidence import curves, excluded, verifier_cards
from pidistill.suite.trace import trace
from tests.report.made import VERIFIER, Made, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("store"), problems=30, train=20, seeds=2, length=12)


def unpacked(packed: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def browsed(made: Made, **how: int) -> Any:
    with Store(made.root, read_only=True) as store:
        return unpacked(browse(store, made.cells, **how).encode({}))


def test_every_rollout_is_there_once_as_show_has_it(made: Made) -> None:
    data = browsed(made)
    texts, rollouts, problems, verdicts = data["texts"], data["rollouts"], data["problems"], data["verdicts"]
    assert len(set(rollouts["id"])) == len(rollouts["id"]) == made.rollouts
    assert len(set(texts)) == len(texts)
    uses = [dict(zip(data["uses"], row, strict=True)) for row in zip(*data["uses"].values(), strict=True)]
    with Store(made.root, read_only=True) as store:
        for row, key in enumerate(rollouts["id"]):
            found = trace(store, key)
            record, mine = found.rollout.record, [use for use in uses if use["rollout"] == row]
            assert texts[rollouts["completion"][row]] == record.completion
            assert found.problem is not None
            problem = rollouts["problem"][row]
            assert texts[problems["prompt"][problem]] == found.problem.prompt
            assert texts[problems["reference"][problem]] == found.problem.reference
            prompt = data["prompts"][rollouts["prompt"][row]]
            assert [(role, texts[text]) for role, text in prompt] == [(m.role, m.content) for m in record.messages]
            assert [texts[data["pi"]["text"][place]] for place in rollouts["pi"][row]] == [pi.text for pi in found.pi]
            assert rollouts["seed"][row] == str(record.sampling.seed)
            assert (rollouts["parent"][row] or None) == record.parent_id
            assert texts[rollouts["paid"][row]] == found.rollout.cell
            assert len(rollouts["examples"][row]) == len(found.examples)
            where = [(data["cells"][use["cell"]][0], *data["places"][use["place"]]) for use in mine]
            told = [(cell, use.stage, use.turn, use.arrow) for cell, use in found.uses]
            assert sorted(where) == sorted(told)
            (verdict,) = found.verdicts
            for use in mine:
                said = use["verdict"]
                assert verdicts["status"][said] == verdict.record.status.value
                assert texts[verdicts["diagnostics"][said]] == verdict.record.diagnostics
                assert texts[verdicts["verifier"][said]] == VERIFIER


def test_what_flipped_is_what_the_scores_say(made: Made) -> None:
    data = browsed(made)
    flips: dict[tuple[str, str], set[int]] = {}
    for cell, place, rollout, flip in zip(
        *(data["uses"][n] for n in ("cell", "place", "rollout", "flip")), strict=True
    ):
        problem = data["texts"][data["problems"]["id"][data["rollouts"]["problem"][rollout]]]
        if data["places"][place][2].startswith("evaluate"):
            flips.setdefault((data["cells"][cell][0], problem), set()).add(flip)
        else:
            assert flip == 0
    for name, scores in made.cells:
        for problem in scores.problems:
            assert problem.base.score is not None and problem.after.score is not None
            change = problem.after.score - problem.base.score
            assert flips[name, problem.id] == {1 if change > 0 else -1 if change < 0 else 2}


def test_a_store_that_is_too_large_is_drawn_from_evenly_and_the_page_says_so(made: Made) -> None:
    data = browsed(made, most=made.rollouts // 2)
    assert 0 < len(data["rollouts"]["id"]) < made.rollouts
    assert f"of {made.rollouts:,} rollouts are on this page" in data["note"]
    shown: dict[tuple[int, str], set[int]] = {}
    for cell, place, rollout in zip(*(data["uses"][n] for n in ("cell", "place", "rollout")), strict=True):
        arrow = data["places"][place][2]
        shown.setdefault((cell, arrow), set()).add(data["rollouts"]["problem"][rollout])
    held_out = [problems for (_, arrow), problems in shown.items() if arrow.startswith("evaluate")]
    assert all(problems == held_out[0] for problems in held_out) and 0 < len(held_out[0]) < 30
    assert browsed(made, most=made.rollouts // 2) == data


def test_a_verdict_that_was_not_kept_is_judged_and_has_no_row(made: Made, tmp_path: Path) -> None:
    other = make(tmp_path, problems=3, train=0, seeds=1, length=4)
    for path in (tmp_path / "verdicts").glob("*.jsonl"):
        path.unlink()
    data = browsed(other)
    assert set(data["uses"]["verdict"]) == {-1} and set(data["uses"]["judged"]) == {1}


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60)))
def test_any_text_survives_the_page(texts: list[str]) -> None:
    kept = Texts()
    places = [kept.place(text) for text in texts]
    packed = Browser((), kept.all(), {}).encode({})
    assert packed.isascii() and "<" not in packed
    assert [unpacked(packed)["texts"][place] for place in places] == texts


@given(st.text(max_size=300), st.integers(1, 200))
def test_a_text_that_is_cut_keeps_both_ends_and_says_how_much_is_gone(text: str, cap: int) -> None:
    short = cut(text, cap)
    if len(text) <= cap:
        assert short == text
    else:
        head, _, tail = short.partition(f"\n[... {len(text) - cap} characters are left out of this page ...]\n")
        assert len(head) + len(tail) == cap and text.startswith(head) and text.endswith(tail)


def test_the_page_is_small_enough_whatever_the_texts(made: Made) -> None:
    with Store(made.root, read_only=True) as store:
        browser = browse(store, made.cells)
    whole = browser.encode({})
    for most in (len(whole), len(whole) * 3 // 4):
        packed = browser.encode({}, most)
        assert len(packed) <= most and packed == browser.encode({}, most)
    assert unpacked(packed)["cap"] > 0 == unpacked(whole)["cap"]


def test_a_learning_curve_is_of_every_cell_and_a_damaged_log_is_none(made: Made, tmp_path: Path) -> None:
    other = make(tmp_path, problems=3, train=2, seeds=2, length=4)
    with Store(tmp_path, read_only=True) as store:
        drawn = curves(store, other.cells)
        assert [(c.arm[0], c.seed) for c in drawn] == [(s.recipe, s.seed) for _, s in other.cells]
        for curve in drawn:
            assert 100 < len(curve.points) <= 150 and curve.points[0][1] > 3 * curve.points[-1][1] > 0
            assert [x for x, _ in curve.points] == sorted(x for x, _ in curve.points)
    log = next(tmp_path.glob("checkpoints/*/metrics.jsonl"))
    log.write_bytes(log.read_bytes().replace(b"1", b"2", 1))
    with Store(tmp_path, read_only=True) as store:
        assert len(curves(store, other.cells)) == len(drawn) - 1
        assert [damage.file for damage in store.damage()] == [log]


def test_what_was_left_out_is_counted_by_arm_with_its_reason(made: Made) -> None:
    with Store(made.root, read_only=True) as store:
        rows = excluded(store, made.cells)
        browser = browse(store, made.cells)
    assert {(row[0], row[1], row[2]) for row in rows.rows} == {
        ("retry / toy", "examples", "6"), ("rejection-with-a-name-of-many-parts / toy", "examples", "6")
    }  # fmt: skip
    card = {row[0]: row[1] for row in verifier_cards(made.summaries, browser).rows}
    assert card["Domain"] == "toy" and card["Judged"] == "240 of 240" and card["Time limit"] == "10 s"
    assert card["Seconds a verdict"].startswith("median 0.01")
    assert sum(int(card[name].split()[0]) for name in ("PASS", "FAIL", "NO_ANSWER")) == 240
