"""A broken plugin package is reported with package, version and reason, and costs nobody else anything."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_packages import BROKEN, HEAD, TOY, install, install_toy, registering
from pidistill import builtin, hookimpl, hookspecs
from pidistill.contracts import Spec
from pidistill.discovery import HOOKS, OBSERVERS, Kind
from pidistill.errors import MissingDependencyError, PluginError, UsageError
from pidistill.plugins import Manager


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path, whose packages are seen before all others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def manager_of(site: Path, disabled: tuple[str, ...] = ()) -> Manager:
    """A manager of the packages in `site` alone."""
    points = [p for d in importlib.metadata.distributions(path=[str(site)]) for p in d.entry_points]
    return Manager(sorted(points, key=lambda point: point.name), disabled)


def reasons(manager: Manager) -> dict[str, str]:
    return {problem.package: problem.reason for problem in manager.problems()}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_off_and_named_and_the_others_work(site: Path, case: str) -> None:
    code, reason = BROKEN[case]
    install(site, f"pidistill-{case}", "9.8.7", {"broken_plugin.py": code}, {"broken": "broken_plugin"})
    install_toy(site)
    manager = manager_of(site)
    (problem,) = manager.problems()
    assert (problem.name, problem.package, problem.version) == ("broken", f"pidistill-{case}", "9.8.7")
    assert reason in problem.reason
    assert "\n" not in problem.reason
    assert [plugin.name for plugin in manager.plugins()] == ["core", "toy"]
    assert manager.domain("toy").name == "toy"
    assert "turbo" not in manager.specs(Kind.ENGINE)


def test_an_import_error_keeps_its_traceback(site: Path) -> None:
    install(site, "pidistill-x", "1.0", {"broken_plugin.py": BROKEN["import-error"][0]}, {"x": "broken_plugin"})
    (problem,) = manager_of(site).problems()
    assert "ModuleNotFoundError" in problem.traceback
    assert "broken_plugin.py" in problem.traceback


def test_a_plugin_with_one_bad_hook_registers_nothing(site: Path) -> None:
    code = registering("pidistill_register_engines", "return [Spec('good', 'x', 'x:x')]") + registering(
        "pidistill_register_objectives", "raise OSError('no')"
    ).replace(HEAD, "")
    install(site, "pidistill-half", "1.0", {"half_plugin.py": code}, {"half": "half_plugin"})
    assert "good" not in manager_of(site).specs(Kind.ENGINE)


def test_every_real_command_line_survives_all_broken_packages_at_once(tmp_path: Path) -> None:
    for number, (case, (code, _)) in enumerate(BROKEN.items()):
        module = f"broken_{number}"
        install(tmp_path, f"pidistill-{case}", f"1.{number}", {f"{module}.py": code}, {case: module})
    install(tmp_path, "pidistill-garbled", "0.0.1", {}, "[pidistill]\nthis line has no equals sign\n")
    install_toy(tmp_path)
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(tmp_path), str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", "plugins"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for number, (case, (_, reason)) in enumerate(BROKEN.items()):
        (told,) = [line for line in done.stdout.splitlines() if f"package pidistill-{case}, " in line]
        assert f"version 1.{number}" in told
        assert reason in told
    assert "package pidistill-garbled, version 0.0.1" in done.stdout
    assert "pidistill-toy" in done.stdout
    assert done.stderr == ""


def domain_plugin(name: str) -> str:
    return registering("pidistill_register_domains", f"return [Spec('{name}', 'x', 'json:JSONDecoder')]")


def test_two_strangers_with_one_name_both_lose_it_and_are_both_named(site: Path) -> None:
    install(site, "first", "1.1", {"first_p.py": domain_plugin("chess")}, {"first": "first_p"})
    install(site, "second", "2.2", {"second_p.py": domain_plugin("chess")}, {"second": "second_p"})
    manager = manager_of(site)
    assert "chess" not in manager.domains()
    assert "second 2.2" in reasons(manager)["first"]
    assert "first 1.1" in reasons(manager)["second"]
    with pytest.raises(PluginError, match=r"first 1\.1 and second 2\.2") as caught:
        manager.domain("chess")
    assert "PIDISTILL_DISABLE_PLUGINS" in caught.value.hint
    assert "chess" in manager_of(site, disabled=("second",)).domains()


def test_a_name_stays_with_the_distribution_named_after_it(site: Path) -> None:
    install_toy(site)
    install(site, "usurper", "6.6", {"usurper_p.py": domain_plugin("toy")}, {"aaa": "usurper_p"})
    manager = manager_of(site)
    assert manager.domain("toy").name == "toy"
    assert list(reasons(manager)) == ["usurper"]
    assert "stays with pidistill-toy 0.3.0" in reasons(manager)["usurper"]


def test_the_core_keeps_its_names(site: Path) -> None:
    code = registering("pidistill_register_objectives", "return [Spec('sft', 'x', 'json:JSONDecoder')]")
    install(site, "pidistill-sft", "1.0", {"sft_p.py": code}, {"sft": "sft_p"})
    manager = manager_of(site)
    assert manager.specs(Kind.OBJECTIVE)["sft"].factory.startswith("pidistill.train")
    assert "stays with pidistill " in reasons(manager)["pidistill-sft"]


def test_two_packages_with_one_plugin_name_are_settled_in_the_same_way(site: Path) -> None:
    install_toy(site)
    install(site, "zzz", "1.0", {"zzz_p.py": domain_plugin("other")}, {"toy": "zzz_p"})
    manager = manager_of(site)
    assert list(manager.domains()) == ["toy"]
    assert "plugin name 'toy' is also claimed by pidistill-toy 0.3.0" in reasons(manager)["zzz"]


@pytest.mark.parametrize("name", ["broken", "pidistill-loud"])
def test_a_disabled_plugin_is_not_even_imported(site: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    install(site, "pidistill-loud", "1.0", {"loud_p.py": "raise RuntimeError"}, {"broken": "loud_p"})
    monkeypatch.setenv("PIDISTILL_DISABLE_PLUGINS", f" {name} , nobody")
    points = [p for d in importlib.metadata.distributions(path=[str(site)]) for p in d.entry_points]
    manager = Manager(points)
    assert manager.problems() == ()
    assert manager.disabled == (name, "nobody")


def test_a_package_without_metadata_is_reported_as_unknown(site: Path) -> None:
    install(site, "pidistill-bare", "1.0", {"bare_p.py": "1/0"}, {"bare": "bare_p"})
    (site / "pidistill_bare-1.0.dist-info" / "METADATA").unlink()
    (problem,) = manager_of(site).problems()
    assert "ZeroDivisionError" in problem.reason


def test_a_factory_that_raises_or_makes_something_else_is_an_error_naming_the_package(site: Path) -> None:
    code = (
        HEAD
        + """
    def explode(): raise RuntimeError("boom")

    @hookimpl
    def pidistill_register_domains():
        made_by = {"explodes": "odd_p:explode", "wrong": "builtins:dict", "lost": "odd_p:No"}
        return [Spec(name, "x", factory) for name, factory in made_by.items()]
"""
    )
    install(site, "pidistill-odd", "4.5", {"odd_p.py": code}, {"odd": "odd_p"})
    manager = manager_of(site)
    with pytest.raises(PluginError, match=r"pidistill-odd 4\.5: domain 'explodes' failed: RuntimeError: boom"):
        manager.domain("explodes")
    with pytest.raises(PluginError, match=r"pidistill-odd 4\.5: .* made a dict, not a pidistill.contracts.Domain"):
        manager.domain("wrong")
    with pytest.raises(PluginError, match="cannot import 'odd_p:No'"):
        manager.domain("lost")


def test_a_failing_observer_is_reported_once_and_fails_nobody(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = (
        HEAD
        + """
    @hookimpl
    def pidistill_cell_started(cell): raise ValueError("tired")
"""
    )
    good = (
        HEAD
        + """
    seen = []
    @hookimpl
    def pidistill_cell_started(cell): seen.append(cell["id"])
"""
    )
    install(site, "pidistill-tired", "1.0", {"tired_p.py": code}, {"a": "tired_p"})
    install(site, "pidistill-awake", "1.0", {"awake_p.py": good}, {"b": "awake_p"})
    manager = manager_of(site)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            manager.observe("pidistill_cell_started", cell={"id": number})
    assert sys.modules["awake_p"].seen == [0, 1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "plugin a (pidistill-tired 1.0): pidistill_cell_started raised ValueError: tired (the run went on)"
    ]
    (problem,) = manager.problems()
    assert "tired_p.py" in problem.traceback


def test_report_sections_keeps_the_sound_ones(site: Path) -> None:
    code = (
        HEAD
        + """
    @hookimpl
    def pidistill_report_sections(report): return [("Title", "text of " + report["name"]), ("only a title",), 7]
"""
    )
    install(site, "pidistill-s", "1.0", {"sections_p.py": code}, {"s": "sections_p"})
    manager = manager_of(site)
    assert manager.report_sections({"name": "demo"}) == [("Title", "text of demo")]
    assert {problem.reason for problem in manager.problems()} == {
        "pidistill_report_sections returned tuple, not (title, text) pairs",
        "pidistill_report_sections returned int, not (title, text) pairs",
    }


def test_a_domains_own_pi_forms_are_there_for_that_domain_only(site: Path) -> None:
    code = (
        HEAD
        + """
    from pidistill_toy_base import ToyDomain
    from pidistill.contracts import PIForm
    from pidistill.records import Reveals

    class Hint(PIForm):
        name = "toy-hint"
        reveals = Reveals.NOTHING
        def render(self, about): return None

    class WithForms(ToyDomain):
        def pi_forms(self):
            return [Spec("toy-hint", "x", "forms_p:Hint"), Spec("gold", "x", "forms_p:Hint")]

    @hookimpl
    def pidistill_register_domains(): return [Spec("forms", "x", "forms_p:WithForms")]
"""
    )
    modules = {"forms_p.py": code, "pidistill_toy_base.py": TOY}
    install(site, "pidistill-forms", "1.0", modules, {"forms": "forms_p"})
    manager = manager_of(site)
    assert manager.pi_form("toy-hint", "forms").name == "toy-hint"
    assert manager.pi_form("gold", "forms").__module__ == "pidistill.pi.forms"
    with pytest.raises(UsageError, match="Unknown PI form 'toy-hint'"):
        manager.pi_form("toy-hint")
    assert "PI form 'gold' of domain 'forms' is off" in reasons(manager)["pidistill-forms"]


def test_an_unknown_name_says_which_one_was_meant() -> None:
    manager = Manager([])
    with pytest.raises(UsageError, match=r"Unknown objective 'opds'\. Did you mean 'opsd'\?"):
        manager.objective("opds")
    with pytest.raises(UsageError, match=r"Unknown PI form 'goldd'\. Did you mean 'gold'\?"):
        manager.pi_form("goldd")


def test_a_missing_extra_of_the_core_names_the_command_that_installs_it(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = "Provides-Extra: deep\nRequires-Dist: click\nRequires-Dist: deep_learning>=3; extra == 'deep'\n"
    install(site, "pidistill", "0.1.0", {"needy_m.py": "import deep_learning.layers"}, metadata=needs)

    @hookimpl
    def register() -> list[Spec]:
        return [Spec("needy", "x", "needy_m:Needy")]

    monkeypatch.setattr(builtin, "pidistill_register_objectives", register)
    with pytest.raises(MissingDependencyError, match="The objective 'needy' needs deep_learning") as caught:
        Manager([]).objective("needy")
    assert "pip install 'pidistill[deep]'" in caught.value.hint


def test_every_hook_is_either_a_register_hook_or_an_observer() -> None:
    declared = {name for name in vars(hookspecs) if name.startswith("pidistill_")}
    assert declared == HOOKS
    assert {kind.hook for kind in Kind} | OBSERVERS == declared
    assert len({kind.hook for kind in Kind}) == len(Kind)
