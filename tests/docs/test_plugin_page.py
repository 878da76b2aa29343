"""docs/plugins.md builds a domain plugin; here it is installed from the page's own text and used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_packages import install

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.S)
TOML = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's package in it, as pip would leave it."""
    folder = tmp_path_factory.mktemp("site")
    init, domain, form = PYTHON
    package = folder / "pidistill_parity"
    package.mkdir()
    (package / "__init__.py").write_text(init)
    (package / "domain.py").write_text(domain)
    (package / "forms.py").write_text(form)
    import tomllib

    project = tomllib.loads(TOML[0])["project"]
    install(folder, project["name"], project["version"], {}, project["entry-points"]["pidistill"])
    return folder


def pidistill(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "pidistill", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_plugin_of_the_page_is_listed(site: Path) -> None:
    done = pidistill(site, "plugins")
    assert done.returncode == 0
    assert "pidistill-parity" in done.stdout and "domain: parity" in done.stdout


def test_the_verifier_of_the_page_passes_the_oracle_check(site: Path, tmp_path: Path) -> None:
    done = pidistill(
        site,
        "verify",
        "parity",
        "--dataset",
        "numbers",
        "--oracle",
        "--limit",
        "60",
        "--out",
        str(tmp_path / "out.json"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "out.json").read_text())


def test_the_form_of_the_page_keeps_its_promise(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    import random

    from pidistill_parity.domain import Parity  # type: ignore[import-not-found]
    from pidistill_parity.forms import LastDigit  # type: ignore[import-not-found]

    from pidistill.contracts import DataSource, Peers

    (problem, *_) = Parity().problems(DataSource(split="test"))
    pi = LastDigit().render(problem, None, None, Peers(), random.Random(0))
    assert pi is not None and str(problem.reference) not in pi.text


def test_each_hook_of_the_code_is_in_the_reference() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
