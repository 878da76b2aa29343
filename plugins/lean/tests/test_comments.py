"""What stands in Lean's comments declares nothing, and everything else stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.extraction.comments import without_comments
from pidistill_lean.extraction.extract import Stating, extract
from pidistill_lean.protocol import Item

CODE = st.text(st.sampled_from("ab :=\n(){}⟨⟩"), max_size=30)
INSIDE = st.text(st.sampled_from("ab theorem\n"), max_size=20)


@given(st.text(st.sampled_from("a-/ \n"), max_size=40))
def test_every_character_stays_in_its_place(text: str) -> None:
    bare = without_comments(text)
    assert len(bare) == len(text)
    assert all(one == other or one == " " for one, other in zip(bare, text, strict=True))
    assert bare.count("\n") == text.count("\n")


@given(CODE, INSIDE, CODE)
def test_comments_are_blank_and_the_rest_is_not(before: str, inside: str, behind: str) -> None:
    line = inside.replace("\n", " ")
    assert without_comments(f"{before}-- {line}\n{behind}") == f"{before}   {' ' * len(line)}\n{behind}"
    for begin in ("/-", "/--", "/-!"):
        text = f"{before}{begin} {inside} /- {inside} -/ -/{behind}"
        bare = without_comments(text)
        assert bare.startswith(before) and bare.endswith(behind)
        assert not bare[len(before) : len(text) - len(behind)].strip()


def test_a_comment_without_an_end_is_text() -> None:
    assert without_comments("theorem t /- and so on") == "theorem t /- and so on"


@pytest.mark.parametrize("comment", ["-- theorem t is easy", "/- the theorem t -/", "/-- For theorem t. -/"])
def test_a_comment_states_no_theorem(comment: str) -> None:
    assert Stating("t").search(comment) is None
    found = Stating("t").search(f"{comment}\ntheorem t : True := trivial")
    assert found is not None and found.start() == len(comment) + 1


BEFORE = ("def double (n : Nat) : Nat := n + n", "open Nat", "namespace Foo")
ITEM = Item(before=BEFORE, head="theorem t (n : Nat) : double n = n + n")
STATEMENT = "theorem t (n : Nat) : double n = n + n := by\n  sorry\n"
PROOF = "theorem t (n : Nat) : double n = n + n := rfl"


@pytest.mark.parametrize(
    "text",
    [
        "-- recall the def double, where we open Nat, and namespace Foo",
        "/-- def double (n : Nat) : Nat := n + n\nopen Nat\nnamespace Foo -/",
        "theorem Aux.double : True := trivial",
        "namespace Aux\ntheorem double : True := trivial\nend Aux",
        "open Nat.Bitwise",
        "open Nat in\ntheorem one : True := trivial",
        "section\nopen Nat\ntheorem one : True := trivial\nend",
        "namespace FooAux\nend FooAux",
    ],
)
def test_what_only_looks_like_the_problems_command_leaves_it_out_nowhere(text: str) -> None:
    ways = extract(f"```lean\n{text}\n{PROOF}\n```", "t", STATEMENT, ITEM)
    sources = [str(way.source) for way in (ways, *ways.others)]
    assert any(source.startswith("\n".join(BEFORE)) for source in sources), sources


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (BEFORE[0], BEFORE[1:]),
        ("def double (n : Nat) : Nat := 2 * n", BEFORE[1:]),
        ("open Nat\nnamespace Foo", BEFORE[:1]),
    ],
)
def test_what_the_text_has_itself_is_not_said_twice(text: str, lacks: tuple[str, ...]) -> None:
    ways = extract(f"```lean\n{text}\n{PROOF}\n```", "t", STATEMENT, ITEM)
    sources = [str(way.source) for way in (ways, *ways.others)]
    assert any(source == "\n".join([*lacks, text, PROOF]) + "\n" for source in sources), sources
