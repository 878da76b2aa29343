"""Find out which statements of MiniF2F elaborate with Lean's core library and the prelude, by elaborating all of them.

    python benchmarks/minif2f_core.py PATH_TO_MINIF2F.jsonl

writes the list that the Lean plugin ships (`plugins/lean/pidistill_lean/minif2f_core.jsonl`) and prints how many
elaborate and the most frequent reasons of the others. With `--check` nothing is written, and the exit code is 1 where
the list that is there differs. The statement's own `sorry` is the proof, so only the statement is looked at.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from pidistill.contracts import DataSource
from pidistill_lean import minif2f_core, sources
from pidistill_lean.judge import first_line
from pidistill_lean.minif2f_core import Entry
from pidistill_lean.protocol import LeanDied, LeanTimeout, Runtime, Theorem
from pidistill_lean.runtimes import open_runtime

LIST = Path(__file__).resolve().parents[1] / "plugins" / "lean" / "pidistill_lean" / minif2f_core.LIST


def look(lean: Runtime, path: Path, budget_s: float) -> Iterator[Entry]:
    """What becomes of each statement in the file."""
    for problem in sources.DATA.problems(DataSource(path=path)):
        theorem = Theorem(problem.reference or "", str(problem.extra["target"]), minif2f_core.prelude())
        try:
            check = lean.check(theorem, theorem.statement, budget_s)
        except (LeanTimeout, LeanDied) as error:
            yield Entry(problem.id, False, f"Lean did not come to an end: {type(error).__name__}")
            continue
        found = [*check.statement_errors, *(one for one in check.messages if one.severity == "error")]
        if found or check.target_kind != "theorem":
            yield Entry(problem.id, False, first_line(found[0].text) if found else "it declares no theorem of the name")
        else:
            yield Entry(problem.id, True)


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--runtime", default="wasm", show_default=True, help="The Lean to ask.")
@click.option("--budget-s", default=30.0, show_default=True, help="Seconds for one statement.")
@click.option("--check", is_flag=True, help="Compare with the list that is there; write nothing.")
def main(path: Path, runtime: str, budget_s: float, check: bool) -> None:
    """Elaborate every statement of MiniF2F in PATH."""
    with open_runtime(runtime) as lean:
        entries = list(look(lean, path, budget_s))
        print(lean.identity())
    core = sum(entry.elaborates for entry in entries)
    print(f"{core} of {len(entries)} statements elaborate")
    reasons = Counter(re.sub(r"`[^`]*`", "`...`", entry.reason) for entry in entries if not entry.elaborates)
    for reason, count in reasons.most_common(8):
        print(f"{count:5}  {reason}")
    text = "".join(f"{json.dumps(vars(entry), ensure_ascii=False)}\n" for entry in entries)
    if not check:
        LIST.write_text(text, encoding="utf-8")
    elif LIST.read_text(encoding="utf-8") != text:
        print(f"{LIST} differs", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
