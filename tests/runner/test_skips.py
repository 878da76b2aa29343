"""A skip that is not on the list fails a run of continuous integration, and no other run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from skips import LIST, in_ci, read

ROOT = Path(__file__).parents[2]
DRIVER = """
import pathlib, sys
import pytest, skips
skips.LIST = pathlib.Path("allowed.toml")
sys.exit(pytest.main(["-p", "no:cacheprovider", "-q", *sys.argv[1:]], plugins=[skips]))
"""
SUITE = {
    "test_part.py": """
        import pytest

        def test_runs():
            pass

        @pytest.mark.parametrize("part", ["a@b", "c"])
        def test_needs_a_part(part):
            pytest.skip(f"no part {part} here")
    """,
    "test_whole.py": "import pytest; pytest.importorskip('there_is_no_such_package')",
    "test_wrong.py": """
        import pytest

        @pytest.mark.xfail(reason="known")
        def test_x():
            assert 1 == 2
    """,
}
PART, WHOLE, WRONG = (
    f'[[skip]]\ntest = "{test}"\nsays = "{says}"\nwhy = "it is so"\n'
    for test, says in (("test_part.py::*", "^no part"), ("test_whole.py", "no_such_package"), ("*::test_x", "known"))
)


def run(folder: Path, allowed: str, *arguments: str, ci: str = "true") -> tuple[int, str]:
    """Exit status and output of pytest on `SUITE`."""
    for name, code in SUITE.items():
        (folder / name).write_text(textwrap.dedent(code))
    (folder / "allowed.toml").write_text(allowed)
    path = os.pathsep.join([str(ROOT / "tests"), *filter(None, sys.path)])
    command = [sys.executable, "-c", DRIVER, *arguments]
    env = {**os.environ, "PYTHONPATH": path, "CI": ci}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [[], ["-n", "1", "--dist", "loadfile"]], ids=["alone", "with workers"])
def test_only_unlisted_skips_fail_a_run_and_each_is_named(tmp_path: Path, workers: list[str]) -> None:
    status, said = run(tmp_path, PART, *workers)
    assert status == 1
    assert "test_whole.py: could not import" in said
    assert "test_wrong.py::test_x: known" in said
    assert "test_part.py" not in said.split("not allowed to be")[1]
    assert run(tmp_path, PART + WHOLE + WRONG, *workers)[0] == 0


def test_a_listed_test_that_is_skipped_for_another_reason_fails(tmp_path: Path) -> None:
    status, said = run(tmp_path, PART.replace("no part", "no other part") + WHOLE + WRONG)
    assert status == 1
    assert "test_part.py::test_needs_a_part[a@b]: no part a@b here" in said


def test_elsewhere_skips_are_only_shown(tmp_path: Path) -> None:
    assert run(tmp_path, "", ci="")[0] == 0


@pytest.mark.parametrize(("value", "is_ci"), [("true", True), ("1", True), ("", False), ("false", False), ("0", False)])
def test_ci_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch, value: str, is_ci: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert in_ci() is is_ci


@pytest.mark.parametrize("form", ['test = "x"\nsays = "y"', 'test = "x"\nsays = "y"\nwhy = " "', 'tset = "x"'])
def test_an_entry_without_a_reason_is_refused(tmp_path: Path, form: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(f"[[skip]]\n{form}\n")
    with pytest.raises(pytest.UsageError, match="needs the texts"):
        read(path)


def test_every_entry_of_the_list_names_a_test_that_there_is() -> None:
    for entry in read(LIST):
        file, _, name = entry.test.partition("::")
        assert re.search(rf"^def {re.escape(name.split('[')[0])}\(", (ROOT / file).read_text(), re.MULTILINE), entry
