"""A verifier that is patched in place, or opened with other options, judges anew: nobody has to raise a version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pidistill.provenance import code_identity
from pidistill.verify.key import verdict_key
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool
from tests.core.builders import problem

SOURCE = """
from pidistill.contracts import Verifier
from pidistill.records import Status, Verdict
from patched_verifier.rules import LIMIT


class Short(Verifier):
    name = "short"
    version = "1"

    def __init__(self, options):
        self.limit = int(options.get("limit", LIMIT))

    def verify(self, problem, completion):
        passed = len(completion) <= self.limit
        return Verdict(Status.PASS if passed else Status.FAIL, float(passed))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "patched_verifier"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "verifier.py").write_text(SOURCE)
    (folder / "rules.py").write_text("LIMIT = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")  # as a user runs: Python keeps what it compiled
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return folder


def judged(module: str = "patched_verifier.verifier", **options: int) -> tuple[str, bool]:
    """The verifier's identity, and its verdict on four letters."""
    with VerifierPool(Opener("", dict(options), verifier=f"{module}:Short"), workers=1) as pool:
        ((_, verdict),) = pool.verify([(problem(1), "four")])
        assert verdict.verifier in ("", pool.identity)
        return pool.identity, verdict.passed


def test_a_verifier_patched_in_place_judges_anew(package: Path) -> None:
    first, passed = judged()
    assert not passed
    write_hastily(package / "rules.py", "LIMIT = 4\n")  # not even the file that the class stands in
    second, passed = judged()
    assert passed and second != first
    assert verdict_key(problem(1), "four", first) != verdict_key(problem(1), "four", second)
    (package / "rules.py").write_text("LIMIT = 3\n")
    assert judged() == (first, False), "the same code is the same verifier"


def write_hastily(file: Path, text: str) -> None:
    """As long as it was, and within the second of what was there and of what Python has compiled of it."""
    moment = file.stat().st_mtime_ns
    assert file.stat().st_size == len(text)
    compiled = list(file.parent.rglob("*.pyc"))
    assert compiled, "Python keeps what it compiles"
    file.write_text(text)
    for hasty in (file, *compiled):
        os.utime(hasty, ns=(moment, moment))


def test_a_verifier_in_a_file_by_itself_judges_anew(package: Path) -> None:
    alone, text = (
        package.parent / "patched_alone.py",
        SOURCE.replace("from patched_verifier.rules import LIMIT", "LIMIT = 3"),
    )
    alone.write_text(text)
    first, passed = judged("patched_alone")
    assert not passed
    write_hastily(alone, text.replace("LIMIT = 3", "LIMIT = 4"))
    second, passed = judged("patched_alone")
    assert passed and second != first


def test_other_options_judge_anew_and_caches_do_not_count(package: Path) -> None:
    plain, _ = judged()
    wider, passed = judged(limit=9)
    assert passed and wider != plain
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "rules.cpython-399.pyc").write_bytes(b"cache")
    assert judged()[0] == plain


def test_a_rule_that_is_no_code_counts_and_what_is_not_installed_is_an_error(package: Path) -> None:
    before = code_identity("patched_verifier.verifier")
    (package / "rules.lean").write_text("axiom no")
    assert code_identity("patched_verifier") != before
    with pytest.raises(ModuleNotFoundError, match="nobody_s_package"):
        code_identity("nobody_s_package.verifier")
