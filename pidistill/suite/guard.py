"""A domain whose every failure is an error that names its package: what the loop gets in place of the bare one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from pidistill.contracts import Case, DataSource, Domain, Sandbox, Verifier
from pidistill.discovery import Kind
from pidistill.plugins import Manager
from pidistill.records import JSON, Messages, Problem

T = TypeVar("T")


class GuardedDomain(Domain):
    """Forwards to a registered domain; what that raises becomes a `PluginError`, unless it is one of ours already."""

    def __init__(self, manager: Manager, name: str) -> None:
        self.name = name  # type: ignore[misc]  # each guard stands for one domain
        self._manager = manager
        self._domain = manager.domain(name)
        self.answers_exclude_each_other = self._domain.answers_exclude_each_other  # type: ignore[misc]

    def datasets(self) -> Mapping[str, str]:
        return self._call(self._domain.datasets)

    def problems(self, source: DataSource) -> Iterator[Problem]:
        return iter(self._call(lambda: list(self._domain.problems(source))))

    def drawn_independently(self, source: DataSource) -> bool:
        return self._call(lambda: self._domain.drawn_independently(source))

    def prompt(self, problem: Problem) -> Messages:
        return self._call(lambda: self._domain.prompt(problem))

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        return self._call(lambda: self._domain.open_verifier(config, sandbox))

    def oracle(self, problem: Problem) -> str | None:
        return self._call(lambda: self._domain.oracle(problem))

    def gives_away(self, problem: Problem, text: str) -> bool:
        return self._call(lambda: self._domain.gives_away(problem, text))

    def cases(self) -> Iterable[Case]:
        return self._call(lambda: list(self._domain.cases()))

    def _call(self, method: Callable[[], T]) -> T:
        return self._manager.call(Kind.DOMAIN, self.name, method)
