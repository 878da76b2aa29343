"""The domain as the core sees it."""

from __future__ import annotations

from dataclasses import replace

from pidistill.contracts import DataSource
from pidistill.pi.leak import check_prompt
from pidistill.plugins import get_manager
from pidistill_lean.domain import LeanDomain
from pidistill_lean.runtimes import names


def test_the_plugin_is_found_under_its_name() -> None:
    assert isinstance(get_manager().domain("lean"), LeanDomain)


def test_the_prompt_is_one_sentence_and_the_statement_and_leaks_nothing() -> None:
    domain = LeanDomain()
    for problem in domain.problems(DataSource(dataset="theorems", split="train", limit=10)):
        (message,) = domain.prompt(problem)
        check_prompt(domain, problem, (message,), "here")
        assert domain.prompt(replace(problem, reference=None, solution=None)) == (message,)
        assert message.content.endswith(f"```lean4\n{problem.prompt}\n```")


def test_the_oracle_is_the_reference_proof_or_nothing() -> None:
    domain = LeanDomain()
    problem = next(domain.problems(DataSource(dataset="theorems")))
    assert domain.oracle(problem) == f"```lean4\n{problem.solution}\n```"
    assert domain.oracle(replace(problem, solution=None)) is None
    assert domain.oracle(replace(problem, solution="  ")) is None


def test_every_data_set_has_a_line_and_theorems_need_no_file() -> None:
    assert next(iter(LeanDomain().datasets())) == "theorems"
    assert all(LeanDomain().datasets().values())
    assert next(LeanDomain().problems(DataSource(dataset="theorems"))).split == "test"


def test_all_runtimes_are_parts_and_one_that_is_missing_says_what_to_do() -> None:
    parts = LeanDomain().parts()
    assert [part.name for part in parts if part.enough] == names()
    assert [part.name for part in parts if not part.enough] == ["dojo"]
    assert all(
        part.works or "pip install" in part.note or "Set " in part.note or "pidistill" in part.note for part in parts
    )


def test_cases_are_labelled_and_of_this_domain() -> None:
    cases = list(LeanDomain().cases())
    assert len({case.id for case in cases}) == len(cases) > 100
    assert all(case.problem.domain == "lean" and case.expected for case in cases)
