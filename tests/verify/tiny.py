"""A domain over the nasty verifier, for the opener and the oracle check. Imported by worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pidistill.contracts import DataSource, Domain, Sandbox, Verifier
from pidistill.records import JSON, Message, Messages, Problem, Status, Verdict
from verify.nasty import Nasty


class Listening(Nasty):
    """Passes what `extra["passes"]` lists, abstains where `extra` says so, and does the nasty things as well."""

    def verify(self, problem: Problem, completion: str) -> Verdict:
        if problem.extra.get("abstain"):
            return Verdict(Status.ABSTAIN, reason="no unique answer")
        passes = problem.extra.get("passes", [])
        if isinstance(passes, list) and completion in passes:
            return Verdict(Status.PASS, 1.0, answer=completion)
        return super().verify(problem, completion)


class TinyDomain(Domain):
    name = "tiny"

    def datasets(self) -> Mapping[str, str]:
        return {}

    def problems(self, source: DataSource) -> Iterator[Problem]:
        return iter(())

    def prompt(self, problem: Problem) -> Messages:
        return (Message("user", problem.prompt),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        return Listening(config)

    def oracle(self, problem: Problem) -> str | None:
        return None if problem.reference is None else f"ok {problem.reference}"
