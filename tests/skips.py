"""In CI every test runs: one that is skipped and not listed in `allowed_skips.toml`, with its reason, fails the run.

Elsewhere a skip is only shown, as pytest shows it. A pytest plugin of the top-level `conftest.py`; with workers it
works in the process that hears of all tests. A module skipped whole and an expected failure count as skips, too: in
both a test says nothing.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("allowed_skips.toml")


@dataclass(frozen=True)
class Allowed:
    """`test`: a node id, or a pattern of several; `says`: a regular expression of what the skip says; `why`: words."""

    test: str
    says: str
    why: str

    def covers(self, test: str, reason: str) -> bool:
        return fnmatch.fnmatchcase(test, self.test) and re.search(self.says, reason) is not None


def read(path: Path) -> list[Allowed]:
    """The list. An entry of another form, or without a reason, is a `pytest.UsageError` that names it."""
    entries = tomllib.loads(path.read_text("utf-8")).get("skip", [])
    for entry in entries:
        if set(entry) != {"test", "says", "why"} or not all(isinstance(v, str) and v.strip() for v in entry.values()):
            raise pytest.UsageError(f"{path}: an entry needs the texts 'test', 'says' and 'why', no others: {entry}")
    return [Allowed(**entry) for entry in entries]


def in_ci() -> bool:
    """Whether this is a run of continuous integration, by the variable that all of them set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


class Skips:
    """Hears of every skip, and turns a passed run that has one too many into a failed one."""

    def __init__(self, allowed: list[Allowed]) -> None:
        self.allowed = allowed
        self.unlisted: dict[str, str] = {}

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            said = report.longrepr
            reason = getattr(report, "wasxfail", None) or (said[2] if isinstance(said, tuple) else str(said))
            reason = reason.removeprefix("Skipped: ")
            if not any(entry.covers(report.nodeid, reason) for entry in self.allowed):
                self.unlisted[report.nodeid] = reason

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unlisted and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unlisted:
            terminalreporter.section("skipped in CI, and not allowed to be", red=True)
            for test, reason in sorted(self.unlisted.items()):
                terminalreporter.line(f"{test}: {reason}")
            terminalreporter.line(f"Install what they need, or list them in {LIST.name} with the reason.")


def pytest_configure(config: pytest.Config) -> None:
    if in_ci() and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips(read(LIST)), "skips in CI")
