"""What answers are dressed in comes off, whatever it is, quickly, and Lean's own text stays as it was."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.dress import proofs_in_prose, spans, undressed
from pidistill_lean.extract import begins_like_lean, extract

PROOF = "theorem t : p → p := by\n  intro h\n\n  exact h"
pieces = st.sampled_from([
    "> ", ">", "`", "``", "```", "\n", "\n\n", "  ", "\\begin{lean}\n", "\\end{lean}", "\\boxed{", "}", "Proof:", "**",
    "exact h", "not", "\ufeff", "<pre>", "</pre>", "theorem t : p := by", "sorry",
])  # fmt: skip


@given(st.lists(pieces, max_size=30))
def test_whatever_comes_is_read(parts: list[str]) -> None:
    text = "".join(parts)
    bare = undressed(text)
    assert all(line in text or line == "```lean" or line.endswith("```") for line in bare.split("\n"))
    assert all(code in text for code in spans(text))
    for proof in proofs_in_prose(text, begins_like_lean):
        assert all(line in text for line in proof.split("\n"))
    found = extract(text, "t", "theorem t : p := by\n  sorry")
    assert (found.source is None) == bool(found.reason)


@pytest.mark.parametrize("mark", ["> ", "   > "])
def test_a_quotation_loses_its_marks_and_a_relation_keeps_them(mark: str) -> None:
    assert undressed("\n".join(mark + line for line in PROOF.split("\n"))) == PROOF
    fenced = f"```lean\n{PROOF}\n\n  > 0\n```"
    assert undressed(fenced) == fenced
    assert undressed("a\n> b") == "a\n> b"  # behind no blank line


@pytest.mark.parametrize(
    "unit", ["\\begin{lean}\n", "> `exact h`\n\n", "`x` ", "Proof: exact\n\n", "  exact h\n\n", "<pre>\n", "\\boxed{"]
)
def test_its_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        extract(text, "t", "theorem t : p := by\n  sorry")
        return time.process_time() - began

    few, many = (min(seconds(length) for _ in range(3)) for length in (20_000, 160_000))
    assert many < 40 * few + 0.5


def test_a_sentence_may_go_on_behind_an_environment() -> None:
    text = "\\begin{lean}\n" + PROOF + "\n\\end{lean} as was to be shown."
    found = extract(text, "t", "theorem t : p := by\n  sorry")
    assert found.source == PROOF + "\n"
