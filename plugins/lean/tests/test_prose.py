"""Sentences between declarations come off, what is no sentence stays, and it takes no longer than the text is long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.extraction.dress import undressed
from pidistill_lean.extraction.extract import extract
from pidistill_lean.extraction.prose import pieces, until_prose, without_prose

STATEMENT = "theorem t : p → p := by\n  sorry"
LEMMA = "theorem key : q := by\n  exact hq"
PROOF = "theorem t : p → p := by\n  intro h\n\n  exact h"
lines = st.sampled_from([
    "", "  exact h", "theorem t : p := by", "theorem key : q := hq", "Now the theorem uses it:", "end", "/-", "-/",
    "-- so", "| zero => rfl", "We are done.", "exact h", "open Nat", "#check t", "  ", "and hence",
])  # fmt: skip


@given(st.lists(lines, max_size=30))
def test_a_piece_is_text_and_begins_with_a_command(text: list[str]) -> None:
    found = pieces("\n".join(text))
    assert all(part in "\n".join(text) and part.strip() for part in found)
    kept = "\n".join(found).split("\n")
    assert [line for line in kept if line.startswith("theorem")] == [
        line for line in text if line.startswith("theorem")
    ]


@pytest.mark.parametrize(
    "between", ["Now the theorem uses it:", "The rest follows.\n\nWe apply the lemma.", "Then we have"]
)
def test_prose_between_declarations_comes_off(between: str) -> None:
    text = f"First a lemma.\n\n{LEMMA}\n\n{between}\n\n{PROOF}\n\nThis completes the proof."
    assert pieces(text) == [LEMMA, PROOF]
    found = extract(text, "t", STATEMENT)
    assert f"{LEMMA}\n\n{PROOF}\n" in {found.source, *(way.source for way in found.others)}


def test_a_failed_declaration_is_not_cut_away_with_the_prose() -> None:
    text = f"theorem bad : 1 = 2 := by decide\n\nThis is a remark.\n\n{PROOF}"
    found = extract(text, "t", STATEMENT)
    assert all("bad" in str(way.source) for way in (found, *found.others))


def test_of_several_versions_the_last_that_proves_it_counts() -> None:
    draft = "theorem t : p → p := by\n  exact nothing"
    quoted = "theorem t : p → p := by\n  sorry"
    found = extract(
        f"{draft}\n\nThis does not work. Instead:\n\n{PROOF}\n\nIt proves the claim:\n\n{quoted}", "t", STATEMENT
    )
    assert found.source == f"{PROOF}\n"
    assert all("nothing" not in str(way.source) for way in found.others)


def test_an_answer_without_prose_stays_whole() -> None:
    text = f"{LEMMA}\n\nopen Nat in\n{PROOF}"
    assert pieces(text) == [text] and without_prose(text) == text


@pytest.mark.parametrize(
    "mark", ["<|im_end|>", "<|endoftext|>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "</s>", "<|eot_id|>\n</s>\n"]
)
def test_what_ends_a_models_text_comes_off(mark: str) -> None:
    assert undressed(PROOF + mark).rstrip() == PROOF
    assert mark.strip() in undressed(f"a {mark} b")


@pytest.mark.parametrize("unit", ["theorem t : p := h\n\nWe see.\n\n", "We see.\n\n", "open Nat\n", "<|a|>", "/- x\n"])
def test_its_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        began = time.process_time()
        extract(unit * (length // len(unit)), "t", STATEMENT)
        return time.process_time() - began

    seconds(1_000)
    assert seconds(160_000) < 40 * seconds(20_000) + 0.5


@pytest.mark.parametrize("line", ["· exact h", "{ exact h }", "⟨h, h⟩", "exact this", "rw [this]", "have h2 :", "}"])
def test_lean_behind_a_blank_line_stays_for_lean(line: str) -> None:
    assert until_prose(["omega", "", line]) == f"omega\n\n{line}"


@pytest.mark.parametrize(
    "line",
    [
        "(This uses omega.)",
        "(QED)",
        "· The proof uses omega",
        "{a, b} is what we have.",
        "show that this is so",
        "This.",
    ],
)
def test_a_sentence_behind_a_blank_line_ends_a_proof(line: str) -> None:
    assert until_prose(["omega", "", line]).rstrip() == "omega"
