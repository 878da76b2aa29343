"""Options become configuration: seeds, the demo's arms, and what `--set`, files and options mean to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pidistill.cli import demo
from pidistill.cli.demo import ARMS, demo_configs, demo_tables, embedded_domains, obstacle
from pidistill.cli.options import parse_seeds
from pidistill.cli.run import overrides
from pidistill.contracts import Domain, Part, Sandbox
from pidistill.discovery import Kind
from pidistill.errors import PluginError, SandboxError, UsageError
from pidistill.plugins import Manager, T, get_manager
from pidistill.recipes import run_config
from pidistill.sandbox import Session


@given(st.lists(st.integers(0, 10**9 - 1), min_size=1, unique=True))
def test_a_list_of_seeds_is_read_as_written(seeds: list[int]) -> None:
    assert parse_seeds(",".join(map(str, seeds))) == tuple(seeds)


@given(st.text(max_size=12))
def test_any_other_text_is_a_bad_parameter(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except click.BadParameter:
        return
    assert seeds
    assert len(set(seeds)) == len(seeds)


def test_a_range_of_seeds_includes_its_end() -> None:
    assert parse_seeds("3-5, 0") == (3, 4, 5, 0)
    with pytest.raises(click.BadParameter):
        parse_seeds("5-3")


def test_a_range_that_no_machine_can_run_is_refused_at_once() -> None:
    with pytest.raises(click.BadParameter, match="at most"):
        parse_seeds("0-999999999")


def test_set_wins_over_options_and_options_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('seeds = [7]\n[model]\nname = "from-file"\n[train]\nlr = 0.5\nepochs = 4\n')
    given = overrides("from-option", None, (1, 2), None)
    config = run_config("retry", "math", file=file, overrides=given, sets=["train.lr=0.25", "seeds=[9]"])
    assert (config.model.name, config.seeds, config.train.lr, config.train.epochs) == ("from-option", (9,), 0.25, 4)
    assert config.engine.name == "transformers"


def test_sandbox_is_the_short_form_of_its_setting() -> None:
    given = overrides(None, None, None, None, "docker")
    assert run_config("retry", "math", overrides=given) == run_config("retry", "math", sets=["verify.sandbox=docker"])
    assert run_config("retry", "math", overrides=given, sets=["verify.sandbox=process"]).verify.sandbox == "process"


def test_options_that_were_not_given_set_nothing() -> None:
    assert overrides(None, None, None, None) == {}


@pytest.mark.parametrize("domain", ["math", "code"])
def test_the_demo_runs_every_arm_with_one_store_and_one_way_of_sampling(domain: str, tmp_path: Path) -> None:
    configs = demo_configs(get_manager(), [domain], tmp_path, 3, quick=False)
    assert [config.recipe.name for config in configs] == demo_tables(get_manager(), domain)["arms"]
    assert {config.domain for config in configs} == {domain}
    assert {config.seeds for config in configs} == {(0, 1, 2)}
    assert {config.store for config in configs} == {tmp_path}
    first = configs[0]
    assert all(
        (c.sampling, c.data, c.evaluate, c.model) == (first.sampling, first.data, first.evaluate, first.model)
        for c in configs
    )


def test_a_quick_demo_is_one_seed_and_few_problems() -> None:
    for config in demo_configs(get_manager(), ["math", "code"], None, 3, quick=True):
        assert config.seeds == (0,)
        assert config.data.train.limit is not None
        assert config.train.refresh_every <= config.train.steps <= 8


def test_math_is_there_for_the_demo_and_without_any_domain_the_demo_says_what_to_install() -> None:
    assert "math" in embedded_domains(get_manager())
    with pytest.raises(UsageError, match="No installed domain") as caught:
        embedded_domains(Manager([]))
    assert "pip install" in caught.value.hint


def test_a_domain_without_a_table_gets_the_arms_that_are_about_no_domain() -> None:
    assert demo_tables(_Manager(_Needy(False)), "needy")["arms"] == ARMS != demo_tables(get_manager(), "code")["arms"]


class _Needy(Domain):
    """The math domain's shape, with needs of its own."""

    name = "needy"

    def __init__(self, needs_sandbox: bool, *parts: Part) -> None:
        self.needs_sandbox, self._parts = needs_sandbox, parts  # type: ignore[misc]

    datasets = problems = prompt = open_verifier = oracle = None  # type: ignore[assignment]

    def parts(self) -> Sequence[Part]:
        return self._parts

    def embedded(self) -> None:
        return None


class _Nowhere(Sandbox):
    """A sandbox that this machine cannot give."""

    name = "auto"

    def open(self) -> Session:
        raise SandboxError("No sandbox works here.", "Try: apt-get install bubblewrap")

    def self_check(self) -> dict[str, bool]:
        raise SandboxError("No sandbox works here.")


class _Manager(Manager):
    def __init__(self, domain: Domain | None) -> None:
        super().__init__([])
        self._needy = domain

    def domain(self, name: str) -> Domain:
        if self._needy is None:
            raise PluginError("needy is broken.", "See: pidistill plugins")
        return self._needy

    def sandbox(self, name: str) -> Sandbox:
        return _Nowhere()

    def call(self, kind: Kind, name: str, function: Callable[[], T]) -> T:
        return function()


def test_a_domain_that_cannot_run_here_is_left_out_with_one_line_that_says_what_to_do() -> None:
    assert obstacle(_Manager(_Needy(False)), "needy") is None
    reason = obstacle(_Manager(_Needy(True)), "needy")
    assert reason == "No sandbox works here. Try: apt-get install bubblewrap"
    assert obstacle(_Manager(None), "needy") == "needy is broken. See: pidistill plugins"
    broken, works = Part("Lean", False, "not found; try: make lean"), Part("Lean in Docker", True, "4.30")
    assert obstacle(_Manager(_Needy(False, broken)), "needy") == (
        "It needs one of these. Lean: not found; try: make lean"
    )
    helper = Part("A helper", True, "1.0", enough=False)
    assert obstacle(_Manager(_Needy(False, broken, helper)), "needy") is not None
    assert obstacle(_Manager(_Needy(False, broken, works)), "needy") is None


def test_the_demo_goes_on_without_a_domain_that_cannot_run_and_ends_well_without_any(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(demo, "compare", lambda configs, *rest: ran.extend(config.domain for config in configs))
    monkeypatch.setattr(demo, "embedded_domains", lambda manager: ["code", "math"])
    missing = {"code"}
    monkeypatch.setattr(demo, "obstacle", lambda manager, name: "No sandbox works here." if name in missing else None)
    result = CliRunner().invoke(demo.command, ["--store", str(tmp_path)])
    assert result.exit_code == 0 and set(ran) == {"math"}
    assert "Left out: code. No sandbox works here." in result.output.splitlines()
    missing.add("math")
    ran.clear()
    result = CliRunner().invoke(demo.command, ["--store", str(tmp_path)])
    assert result.exit_code == 0 and not ran and "pidistill doctor" in result.output
