"""docs/plugins.md builds a domain plugin; here a wheel is made of the page's own text, installed with pip, and used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.authoring.domain import PluginDomain
from pidistill.contracts import About, Choice, DataSource, Group, PIForm
from pidistill.errors import UsageError
from pidistill.parts import make
from pidistill.pi.render import render, written
from pidistill.records import Attempt, Message, Problem, Rollout, Sampling, Status, Verdict
from tests.fake_packages import Installation, wheel

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
FILES = dict(re.findall(r"`([\w./-]+)`[^\n]*:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))
PROJECT = tomllib.loads(FILES.pop("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A Python into which pip has installed the page's package."""
    folder = tmp_path_factory.mktemp("page")
    made = Installation(folder / "python", ROOT)
    made.pip("install", "--no-deps", "--no-index", str(wheel_of_the_page(folder)))
    return made


def wheel_of_the_page(folder: Path) -> Path:
    return wheel(folder, PROJECT["name"], PROJECT["version"], FILES, PROJECT["entry-points"]["pidistill"])


@pytest.fixture
def parity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginDomain]:
    """The page's domain, in this process."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from pidistill_parity.domain import Parity  # type: ignore[import-not-found]

    yield Parity()
    for name in [name for name in sys.modules if name.startswith("pidistill_parity")]:
        del sys.modules[name]


def test_every_block_of_the_page_is_a_file_of_the_package() -> None:
    blocks = re.findall(r"```(?:python|toml)\n", PAGE)
    assert len(blocks) == len(FILES) + 1 >= 7
    assert all(name.startswith("pidistill_parity/") for name in FILES)


def test_installing_the_package_adds_its_domain_and_recipes_and_uninstalling_takes_them_away(tmp_path: Path) -> None:
    python = Installation(tmp_path / "python", ROOT)
    assert not has_parity(python)
    python.pip("install", "--no-deps", "--no-index", str(wheel_of_the_page(tmp_path)))
    assert has_parity(python)
    shown = python.pidistill("recipes")
    assert shown.returncode == 0 and "parity-terse" in shown.stdout, shown.stdout + shown.stderr
    python.pip("uninstall", "--yes", PROJECT["name"])
    assert not has_parity(python)
    shown = python.pidistill("recipes")
    assert shown.returncode == 0 and "parity-terse" not in shown.stdout and "retry" in shown.stdout


def has_parity(python: Installation) -> bool:
    """Whether all of the page's names are registered; an assertion that it is all of them or none."""
    code = (
        "from pidistill.plugins import Manager\nfrom pidistill.discovery import Kind\n"
        "m = Manager()\nprint([n in m.specs(k) for k, n in "
        "((Kind.DOMAIN, 'parity'), (Kind.SELECTOR, 'terse'), (Kind.RECIPE, 'parity-terse'))])"
    )
    done = python.run("-c", code)
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout.lower())
    assert len(set(there)) == 1, there
    return bool(there[0])


def test_the_plugin_of_the_page_is_listed(installed: Installation) -> None:
    done = installed.pidistill("plugins")
    assert done.returncode == 0
    assert "pidistill-parity" in done.stdout and "domain: parity" in done.stdout


def test_the_verifier_of_the_page_passes_the_oracle_check(installed: Installation, tmp_path: Path) -> None:
    rows = [{"id": str(n), "question": f"Is {n} even or odd?", "answer": "odd" if n % 2 else "even"} for n in range(60)]
    (tmp_path / "my.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for data in (["--dataset", "numbers"], ["--data", str(tmp_path / "my.jsonl")]):
        out = tmp_path / "out.json"
        done = installed.pidistill("verify", "parity", *data, "--oracle", "--limit", "60", "--out", str(out))
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(out.read_text())


def test_the_recipe_of_the_page_is_one(installed: Installation) -> None:
    code = (
        "from pidistill.recipes import run_config\nfrom pidistill.plugins import get_manager\n"
        "config = run_config('parity-terse', 'parity')\nstage = config.stages[0]\n"
        "print(get_manager().selector(stage.examples.keep).tokens, "
        "get_manager().pi_form(stage.rollouts.retry_form, 'parity').digits)"
    )
    done = installed.run("-c", code)
    assert done.stdout.split() == ["3", "2"], done.stderr


def test_options_of_the_page_are_checked(parity: PluginDomain) -> None:
    problem = next(parity.problems(DataSource("numbers", "test", limit=1)))
    assert parity.open_verifier({}).verify(problem, "It is even").status is Status.NO_ANSWER
    assert parity.open_verifier({"words": 3}).verify(problem, "It is even").passed
    with pytest.raises(UsageError, match=r"parity verifier has no option 'word'\. Did you mean 'words'"):
        parity.open_verifier({"word": 3})
    with pytest.raises(UsageError, match="at least 1 and at most 100"):
        parity.open_verifier({"words": 0})


def test_the_forms_of_the_page_keep_their_promise(parity: PluginDomain) -> None:
    problem = next(parity.problems(DataSource("numbers", "test", limit=1)))
    made = {spec.name: spec for spec in parity.pi_forms()}
    assert made["last-digit"].summary == "The number's last digits."
    form = make(made["last-digit"].load(), "last-digit:digits=2", "PI form")
    assert isinstance(form, PIForm)
    told = render(form, About(problem))
    assert told is not None and str(problem.reference) not in told.text
    assert (told.form, "ends in 00," in told.text) == ("last-digit:digits=2", True)
    rule = made["rule"].load()()
    for said, kept in (("Look at the last digit.", True), (f"It is {problem.reference}.", False), (" ", False)):
        pi = written(rule, About(problem), attempt(problem, said).rollout, parity)  # type: ignore[arg-type]
        assert (pi is not None) is kept


def test_the_selector_of_the_page_chooses_short_passes(parity: PluginDomain) -> None:
    from pidistill_parity.selectors import Terse

    problem = next(parity.problems(DataSource("numbers", "test", limit=1)))
    short, long = attempt(problem, "even", tokens=1), attempt(problem, "even", tokens=9)
    unjudged = attempt(problem, "even", status=Status.ERROR)
    assert Terse().select(Group(problem, [short, long, unjudged])) == [Choice(short)]
    assert len(Terse(tokens=9).select(Group(problem, [short, long, unjudged]))) == 2


def attempt(problem: Problem, text: str, tokens: int = 1, status: Status = Status.PASS) -> Attempt:
    prompt = (Message("user", problem.prompt),)
    ids = (0,) * tokens
    made = Rollout("r", problem.id, prompt, text, ids, (0.0,) * tokens, 1, Sampling(), "m", "e")
    return Attempt(problem, made, Verdict(status, float(status is Status.PASS)))


def test_each_hook_of_the_code_is_in_the_reference() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
