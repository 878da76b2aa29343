"""Rows of Lean data sets: statements however they end, headers, proofs, and rows that make no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pidistill.authoring.data import DataRow
from pidistill.contracts import DataSource
from pidistill.errors import DataError
from pidistill.records import Problem
from pidistill_lean.domain import LeanDomain
from pidistill_lean.sources import declared, problem_of, with_sorry


def problem(**row: object) -> Problem:
    return problem_of(DataRow(row, "rows.jsonl", 3))  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", [" := by\n", " := by sorry", " := sorry", " := by\n  sorry\n", " :=", ""])
def test_a_statement_ends_in_sorry_however_the_data_has_it(ending: str) -> None:
    statement = problem(statement=f"theorem two : 1 + 1 = 2{ending}").reference
    assert statement is not None
    assert " ".join(statement.split()) in ("theorem two : 1 + 1 = 2 := by sorry", "theorem two : 1 + 1 = 2 := sorry")


def test_the_columns_of_minif2f_are_read() -> None:
    found = problem(
        name="a",
        split="valid",
        informal_prefix="/-- One and one. -/\n",
        formal_statement="theorem a : 1 + 1 = 2 := by\n",
        header="import Mathlib\n\nopen Nat\n\n",
    )
    assert (found.id, found.split) == ("a", "valid")
    assert found.extra == {"target": "a", "header": "import Mathlib\n\nopen Nat\n"}
    assert found.reference == "theorem a : 1 + 1 = 2 := by\n  sorry"
    assert found.prompt == f"/-- One and one. -/\n{found.reference}"
    assert found.solution is None and LeanDomain().oracle(found) is None
    (message,) = LeanDomain().prompt(found)
    assert "import Mathlib\n\nopen Nat\n\n/-- One and one. -/\ntheorem a" in message.content


def test_a_header_within_the_statement_is_told_apart() -> None:
    found = problem(statement="import Mathlib\nopen Nat\n\nset_option maxHeartbeats 0\n\ntheorem a : True := by sorry")
    assert found.reference == "theorem a : True := by sorry"
    assert found.extra["header"] == "import Mathlib\nopen Nat\n\nset_option maxHeartbeats 0\n"


@pytest.mark.parametrize(
    "proof", ["theorem a : True := by\n  trivial", "  trivial", "by\n  trivial", ":= by\n  trivial"]
)
def test_a_proof_may_be_whole_or_only_what_follows_by(proof: str) -> None:
    assert problem(statement="theorem a : True", proof=proof).solution == "theorem a : True := by\n  trivial\n"


def test_definitions_before_the_theorem_belong_to_the_statement() -> None:
    text = "def f (n : Nat) : Nat := n\n\n-- theorem no\ntheorem Foo.bar (n : Nat) : f n = n := by\n  sorry"
    found = problem(statement=text)
    assert (found.reference, found.extra["target"]) == (text, "Foo.bar")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("theorem a: True", "a"),
        ("theorem a{n : Nat} : True", "a"),
        ("lemma Foo.bar' (n) : True", "Foo.bar'"),
        ("theorem «odd name» : True", "«odd name»"),
        ("theorem a.{u, v} {α : Type u} : True", "a"),
        ("theorem Foo.«my.name».a₁.{u} : True", "Foo.«my.name».a₁"),
        ("/- theorem x -/ theorem y : True -- theorem z", "y"),
        ("example : True", ""),
    ],
)
def test_the_target_is_the_last_theorem_outside_of_comments(statement: str, name: str) -> None:
    assert declared(statement) == name
    assert with_sorry(statement).endswith("sorry")


@pytest.mark.parametrize("end", ["", "\nend Deep", "\n\nend Deep\nend A.B"])
def test_a_statement_inside_a_namespace_is_left_as_it_is(end: str) -> None:
    text = f"namespace Deep\ntheorem a : True := by\n  sorry{end}"
    assert with_sorry(text) == text


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"name": "a"}, "no text in column 'statement' or 'formal_statement'"),
        ({"statement": 3}, "'statement' holds a int"),
        ({"statement": "def f := 3"}, "declares no theorem"),
    ],
)
def test_a_row_that_makes_no_sense_is_an_error_that_names_it(row: dict[str, object], what: str) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl, row 3.*" + what):
        problem(**row)


def test_a_local_file_is_read_by_split(tmp_path: Path) -> None:
    file = tmp_path / "my.jsonl"
    rows = [{"name": f"p{i}", "split": "ab"[i % 2], "statement": f"theorem p{i} : {i} = {i}"} for i in range(4)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    domain = LeanDomain()
    assert [p.id for p in domain.problems(DataSource(path=file, split="a"))] == ["p0", "p2"]
    assert [p.id for p in domain.problems(DataSource(path=file, limit=3))] == ["p0", "p1", "p2"]


def test_all_of_minif2f_is_read(shared_data: Path) -> None:
    found = list(LeanDomain().problems(DataSource(path=shared_data / "minif2f_ds.jsonl")))
    assert len(found) == 488 == len({p.id for p in found})
    assert all(p.extra["target"] == p.id and str(p.reference).endswith(":= by\n  sorry") for p in found)
    assert all(str(p.extra["header"]).startswith("import Mathlib\n") for p in found)
    assert {p.split for p in found} == {"valid", "test"}


def test_a_misspelt_data_set_is_an_error_that_says_what_is_right() -> None:
    with pytest.raises(DataError, match="Did you mean 'theorems'"):
        LeanDomain().problems(DataSource(dataset="theorem"))
    with pytest.raises(DataError, match="neither a data set nor a file"):
        LeanDomain().problems(DataSource())
