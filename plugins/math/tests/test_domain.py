"""The math domain reads the usual files, says which row is wrong, prompts plainly, and gives no answer away."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from pidistill.contracts import About, DataSource
from pidistill.errors import DataError
from pidistill.pi.render import render
from pidistill.records import Problem
from pidistill_math.domain import DEFAULT_INSTRUCTION, MathDomain
from pidistill_math.pi import MathFirstStep, holds_answer, math_first_step

ROWS = [
    {"problem": "1+1?", "answer": "2", "solution": "Add. So \\boxed{2}.", "level": 3, "unique_id": "a", "subject": "S"},
    {"question": "How many?", "answer": "2*9=<<2*9=18>>18\n#### 1,018"},
    {"problem": "And?", "solution": "First. Then $\\boxed{\\frac{1}{2}}$.", "level": "Level 5"},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_columns_say_what_a_row_is(name: str, tmp_path: Path) -> None:
    first, second, third = MathDomain().problems(DataSource(path=write(tmp_path / name, ROWS)))
    assert (first.id, first.reference, first.level, first.extra["subject"]) == ("a", "2", 3, "S")
    assert (second.reference, second.solution) == ("1018", "2*9=18\n#### 1,018")
    assert (third.reference, third.level) == ("\\frac{1}{2}", 5)


def test_parquet_reads_like_jsonl(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"problem": f"{i}?", "answer": str(i)} for i in range(5)]
    domain = MathDomain()
    jsonl = domain.problems(DataSource(path=write(tmp_path / "rows.jsonl", rows), limit=4))
    parquet = domain.problems(DataSource(path=write(tmp_path / "rows.parquet", rows), limit=4))
    assert [(p.id, p.reference) for p in jsonl] == [(p.id, p.reference) for p in parquet]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"problem": "a", "answer": "1"}\n{oops\n', "line 2"),
        ('{"problem": "a", "answer": "1"}\n[1]\n', "line 2"),
        ('{"problem": "a", "answer": "1"}\n{"statement": "b"}\n', "row 2"),
        ('{"problem": "a", "answer": ["1"]}\n', "row 1"),
        ('{"problem": "a", "id": "x"}\n{"problem": "b", "id": "x"}\n', "row 2"),
    ],
)
def test_a_bad_row_is_named_with_its_file(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=named) as error:
        list(MathDomain().problems(DataSource(path=path)))
    assert "bad.jsonl" in str(error.value)


@pytest.mark.parametrize(
    "source", [DataSource(), DataSource(dataset="math50"), DataSource(path=Path("/no/such.jsonl"))]
)
def test_missing_data_is_told_with_what_there_is(source: DataSource) -> None:
    with pytest.raises(DataError, match=r"math500|jsonl"):
        list(MathDomain().problems(source))


def test_a_broken_archive_or_table_is_a_data_error(tmp_path: Path) -> None:
    for name in ("broken.jsonl.gz", "broken.parquet"):
        (tmp_path / name).write_bytes(b"not what the name says")
        with pytest.raises(DataError, match="broken"):
            list(MathDomain().problems(DataSource(path=tmp_path / name)))


def test_the_prompt_is_the_problem_and_one_sentence() -> None:
    domain = MathDomain()
    (plain,) = domain.prompt(Problem("p", "math", "What?", "7", solution="Seven."))
    assert plain.content == f"What?\n\n{DEFAULT_INSTRUCTION}"
    (bare,) = domain.prompt(Problem("p", "math", "What?", "7", extra={"instruction": ""}))
    assert bare.content == "What?"


def test_the_oracle_is_the_solution_only_where_it_ends_in_the_reference() -> None:
    domain = MathDomain()
    assert domain.oracle(Problem("p", "math", "?", "7", solution="So \\boxed{ 7 }.")) == "So \\boxed{ 7 }."
    assert domain.oracle(Problem("p", "math", "?", "7", solution="So \\boxed{8}.")) == "The answer is \\boxed{7}."
    assert domain.oracle(Problem("p", "math", "?")) is None


@pytest.mark.parametrize(
    ("solution", "step"),
    [
        ("We add $1.5 + 2.$ Then we stop. $\\boxed{3.5}$", "We add $1.5 + 2.$"),
        ("Note that\n\\[x = 1.\n\\]Therefore $y$ is 2.", "Note that\n\\[x = 1.\n\\]"),
        ("[asy]\ndraw((0,0)--(1,1)). end.\n[/asy]\nLet $r$ be it. So \\boxed{1}.", "Let $r$ be it."),
        ("One step only: \\boxed{5}.", ""),
        ("", ""),
    ],
)
def test_a_step_is_a_whole_sentence_with_its_formulas(solution: str, step: str) -> None:
    assert math_first_step(solution) == step


@pytest.mark.parametrize(
    ("step", "reference", "holds"),
    [
        ("So $x = \\frac{2}{4}$.", "\\frac{1}{2}", True),
        ("That makes 0.5 in all.", "\\frac{1}{2}", True),
        ("Evelyn ran farthest.", "\\text{Evelyn}", True),
        ("We get $a + b = b + a = y+x$.", "x+y", True),
        ("Write $196 = 2^2 \\cdot 7^2$.", "9", False),
        ("The side is \\boxed{3}.", "5", True),
    ],
)
def test_a_step_with_the_answer_in_any_spelling_is_found_out(step: str, reference: str, holds: bool) -> None:
    assert holds_answer(step, reference) is holds


def test_the_form_gives_the_first_step_or_nothing() -> None:
    form = MathFirstStep()
    problem = Problem("p", "math", "?", "9", solution="Write $196=2^2\\cdot7^2$. So there are $3\\times3=\\boxed{9}$.")
    made = render(form, About(problem))
    assert made is not None
    assert made.text == "A correct solution begins: Write $196=2^2\\cdot7^2$."
    told = Problem("p", "math", "?", "\\frac{1}{2}", solution="It is $\\frac{2}{4}$. So $\\boxed{\\frac{1}{2}}$.")
    assert render(form, About(told)) is None
