"""LeanDojo's own classes where they can be made without a traced repository; what Lean would answer is scripted.

What is not shown here: tracing a repository, and a session with Lean behind it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pidistill.contracts import DataSource
from pidistill.errors import DataError, VerifierError
from pidistill_lean import sources
from pidistill_lean.runtimes import dojo

SOURCE = """import Init

namespace Small

/-- Doubles. -/
def double (n : Nat) : Nat := 2 * n -- twice

theorem double_zero : double 0 = 0 := rfl

theorem double_one : double 1 = 2 := by
  unfold double
  rfl

theorem double_two (n : Nat) : double n = n + n := by
  unfold double
  omega

end Small
"""


@pytest.fixture(scope="module")
def lean_dojo() -> Any:
    return pytest.importorskip("lean_dojo", reason="lean-dojo is not installed: pip install 'pidistill-lean[dojo]'")


class Session:
    """Answers tactics from a list, as `lean_dojo.Dojo` does."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str]] = []

    def run_tac(self, state: Any, tactic: str) -> Any:
        self.asked.append((state.id, tactic))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def state(lean_dojo: Any, number: int, goal: str = "n : Nat\n⊢ 0 + n = n") -> Any:
    return lean_dojo.TacticState(goal, number)


def test_a_replay_ends_where_no_goals_are_left(lean_dojo: Any) -> None:
    session = Session([state(lean_dojo, 2, "⊢ True"), lean_dojo.ProofFinished(3, "done")])
    found = dojo.play(session, state(lean_dojo, 1), ["intro", "trivial", "never"])
    assert session.asked == [(1, "intro"), (2, "trivial")]
    assert [(step.outcome, step.before) for step in found.steps] == [
        ("open", "n : Nat\n⊢ 0 + n = n"),
        ("finished", "⊢ True"),
    ]
    assert found.finished


def test_a_replay_ends_at_the_first_thing_that_leaves_no_state(lean_dojo: Any) -> None:
    answers = {
        "error": lean_dojo.LeanError("unknown tactic"),
        "gave up": lean_dojo.ProofGivenUp(),
        "timeout": lean_dojo.DojoTacticTimeoutError(),
        "crash": lean_dojo.DojoCrashError("OOM"),
    }
    for outcome, answer in answers.items():
        found = dojo.play(Session([answer]), state(lean_dojo, 1), ["one", "two"])
        assert [step.outcome for step in found.steps] == [outcome]
        assert not found.finished
    assert not dojo.play(Session([]), state(lean_dojo, 1), []).finished


def test_goals_left_open_are_not_finished(lean_dojo: Any) -> None:
    assert not dojo.play(Session([state(lean_dojo, 2)]), state(lean_dojo, 1), ["skip"]).finished


def traced(lean_dojo: Any, folder: Path) -> list[Any]:
    """`TracedTheorem`s over a real `LeanFile`; only the syntax tree is made by hand."""
    (folder / "Small.lean").write_text(SOURCE, encoding="utf-8")
    file = lean_dojo.LeanFile(folder, Path("Small.lean"))
    lines = SOURCE.splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        if not line.startswith("theorem"):
            continue
        last = number
        while lines[last].strip():
            last += 1
        tactic = line.endswith("by")
        begin = lean_dojo.Pos(number, line.index(":= ") + 4)
        end = lean_dojo.Pos(last, len(lines[last - 1]) + 1)
        proof = SimpleNamespace(lean_file=file, get_closure=lambda begin=begin, end=end: (begin, end))
        tree = SimpleNamespace(
            start=lean_dojo.Pos(number, 1),
            end=end,
            is_private=lambda: False,
            has_tactic_proof=lambda tactic=tactic: tactic,
            get_proof_node=lambda proof=proof: proof,
            traverse_preorder=lambda callback, node_cls: None,
        )
        name = f"Small.{line.split()[1]}"
        theorem = lean_dojo.Theorem(SimpleNamespace(url="small", commit="0" * 40), Path("Small.lean"), name)
        owner = SimpleNamespace(root_dir=folder, lean_file=file)
        found.append(lean_dojo.TracedTheorem(folder, theorem, tree, [], owner))
    return found


def test_theorems_with_tactic_proofs_become_rows(lean_dojo: Any, tmp_path: Path) -> None:
    found = list(dojo.rows(traced(lean_dojo, tmp_path)))
    assert [row.target for row in found] == ["Small.double_one", "Small.double_two"]
    assert found[1].statement == "theorem double_two (n : Nat) : double n = n + n := by\n  sorry\n"
    assert found[1].proof == "theorem double_two (n : Nat) : double n = n + n := by\n  unfold double\n  omega\n"
    assert found[1].header.startswith("import Init\n") and found[1].header.endswith("unfold double\n  rfl\n")


def test_exported_rows_are_problems_of_the_lean_domain(lean_dojo: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    assert dojo.export(traced(lean_dojo, tmp_path), path) == 2
    first, second = sources.DATA.problems(DataSource(path=path))
    assert (first.extra["target"], second.extra["target"]) == ("Small.double_one", "Small.double_two")
    assert second.reference is not None and second.reference.endswith("by\n  sorry")
    assert second.solution is not None and "omega" in second.solution
    assert "namespace Small" in str(second.extra["header"])
    assert json.loads(path.read_text("utf-8").splitlines()[0])["file"] == "Small.lean"


def test_a_folder_that_is_no_clone_is_named(lean_dojo: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be traced"):
        dojo.trace(tmp_path)


def test_without_lean_dojo_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lean_dojo", None)
    with pytest.raises(VerifierError, match="LeanDojo cannot be imported"):
        dojo.play(None, None, ["x"])


def test_looking_does_not_import_it() -> None:
    before = "lean_dojo" in sys.modules
    works, found, hint = dojo.look()
    assert ("lean_dojo" in sys.modules) == before
    assert works == (found != "lean-dojo is not installed") and (works or "pip install" in hint)
