"""`pidistill verify`: judge submissions, or try the verifier itself.

Where problems come from and who judges is chosen here; judging is `verify.pool`'s work, the oracle check is
`verify.oracle`'s, and reading submissions is `cli.submissions`'.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from pidistill.cli.options import SANDBOX_HELP
from pidistill.cli.oracle import oracle_json, print_oracle
from pidistill.cli.output import line, stderr, stdout, warn_of_problems
from pidistill.cli.progress import show_progress
from pidistill.cli.submissions import (
    Submission,
    existing,
    index_problems,
    read_submissions,
    summarise,
    verdict_line,
)
from pidistill.config import VerifyConfig, build, merge, parse_set
from pidistill.contracts import DataSource, Domain
from pidistill.discovery import Kind
from pidistill.errors import UsageError, did_you_mean
from pidistill.plugins import Manager, get_manager
from pidistill.records import Problem, Verdict
from pidistill.suite.confinement import find_sandbox, sandbox_factory
from pidistill.verify.opener import Opener
from pidistill.verify.oracle import OracleReport, check_oracle
from pidistill.verify.pool import VerifierPool

EXIT_UNSOUND = 3


@click.command("verify")
@click.argument("domain")
@click.option("--data", type=click.Path(path_type=Path), help="JSONL or Parquet file of problems.")
@click.option("--dataset", default="", help="Data set that the domain knows; with --data, how to read the file.")
@click.option("--split", default="", help="Split of the data set.")
@click.option("--limit", type=click.IntRange(min=1), help="The first N problems only.")
@click.option("--oracle", is_flag=True, help="Try the verifier with right and obviously wrong submissions.")
@click.option("--submissions", type=click.Path(path_type=Path), help="JSONL of {problem_id or problem, completion}.")
@click.option("--problem", "problem_id", metavar="ID", help="Judge --completion for this problem of the data.")
@click.option("--completion", metavar="TEXT", help="With --problem: the completion, or - to read it from stdin.")
@click.option("--workers", type=click.IntRange(min=0), help="Worker processes.  [default: one per core, at most 8]")
@click.option("--budget-s", type=float, help="Seconds that a submission may take.  [default: 10]")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--wrap", multiple=True, metavar="WRAPPER", help="Such as strict, or noisy:false_pass=0.1. Repeatable.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="An option of the verifier. Repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="Verdicts (JSONL) or the oracle's report (JSON) go here.")
@click.pass_context
def command(
    ctx: click.Context,
    domain: str,
    data: Path | None,
    dataset: str,
    split: str,
    limit: int | None,
    oracle: bool,
    submissions: Path | None,
    problem_id: str | None,
    completion: str | None,
    workers: int | None,
    budget_s: float | None,
    sandbox: str | None,
    wrap: tuple[str, ...],
    sets: tuple[str, ...],
    out: Path | None,
) -> None:
    """Judge submissions with a domain's verifier, or try the verifier itself against a data file.

    \b
        pidistill verify DOMAIN --data problems.jsonl --oracle
        pidistill verify DOMAIN --data problems.jsonl --submissions mine.jsonl --out verdicts.jsonl
        pidistill verify DOMAIN --data problems.jsonl --problem ID --completion 'The answer is 3.'

    With --oracle, each problem's own reference must pass; another problem's reference, empty text and the prompt itself
    must not. All that deviates is listed with its reason. Exit code 3 where something deviates, else 0.

    Verdicts go to stdout unless --out is given, a summary to stderr.
    """
    if (oracle, submissions is not None, problem_id is not None).count(True) != 1:
        raise UsageError("Say what to judge.", "One of: --oracle, --submissions FILE, --problem ID --completion TEXT")
    if (problem_id is None) != (completion is None):
        raise UsageError("--problem and --completion go together.", "Example: --problem ID --completion 'It is 3.'")
    manager = get_manager()
    warn_of_problems(manager)
    found = manager.domain(domain)
    opener = opener_of(manager, domain, sets, sandbox, wrap)
    config = verify_config(workers, budget_s)
    source = None if submissions and not (data or dataset) else source_of(manager, domain, data, dataset, split, limit)
    problems = load_problems(manager, domain, found, source) if source else []
    if oracle:
        report = _try_verifier(manager, found, problems, opener, config)
        print_oracle(stdout(), report)
        if out is not None:
            out.write_text(oracle_json(report), "utf-8")
        ctx.exit(0 if report.ok else EXIT_UNSOUND)

    by_id = index_problems(problems, str(data or dataset or "the embedded data"))
    if submissions is not None:
        handed_in = read_submissions(submissions, by_id, domain)
    else:
        handed_in = [_single(problem_id or "", completion or "", by_id)]
    verdicts = _judge(handed_in, opener, config)
    lines = "".join(verdict_line(*pair) + "\n" for pair in zip(handed_in, verdicts, strict=True))
    if out is not None:
        out.write_text(lines, "utf-8")
    else:
        click.echo(lines, nl=False)
    line(stderr(), summarise(verdicts))


def opener_of(
    manager: Manager, name: str, sets: Sequence[str], sandbox: str | None, wrappers: tuple[str, ...]
) -> Opener:
    """How workers open the verifier, in a sandbox that works here where the domain needs one.

    Raises `UsageError` for an unknown sandbox, wrapper or malformed option, `SandboxError` where no sandbox works.
    """
    options = merge(*(parse_set(text) for text in sets))
    opener = Opener(name, options, None, wrappers, manager.domains()[name].factory)
    found = find_sandbox(manager, manager.domain(name), sandbox)
    return replace(opener, sandbox=sandbox_factory(manager, found))


def verify_config(workers: int | None, budget_s: float | None) -> VerifyConfig:
    given = {"workers": workers, "budget_s": budget_s}
    return build(VerifyConfig, {key: value for key, value in given.items() if value is not None}, "options")


def source_of(
    manager: Manager, name: str, data: Path | None, dataset: str, split: str, limit: int | None
) -> DataSource:
    """The problems that the options name, or the domain's embedded evaluation problems."""
    if data is None and not dataset:
        embedded = manager.call(Kind.DOMAIN, name, manager.domain(name).embedded)
        if embedded is None:
            raise UsageError(
                f"Domain {name!r} ships no problems of its own.", "Name some: --data FILE or --dataset NAME"
            )
        source = embedded.evaluate
        return DataSource(source.dataset, source.split, source.path, limit or source.limit, source.seed)
    return DataSource(dataset, split, existing(data) if data else None, limit)


def load_problems(manager: Manager, name: str, domain: Domain, source: DataSource) -> list[Problem]:
    problems = manager.call(Kind.DOMAIN, name, lambda: list(domain.problems(source)))
    if not problems:
        raise UsageError(f"No problems in {source.path or source.dataset}.", "See --split and --limit.")
    return problems


def open_pool(opener: Opener, config: VerifyConfig) -> VerifierPool:
    return VerifierPool(
        opener,
        workers=config.workers,
        budget_s=config.budget_s,
        memory_mb=config.memory_mb,
        recycle_after=config.recycle_after,
    )


def _try_verifier(
    manager: Manager, domain: Domain, problems: Sequence[Problem], opener: Opener, config: VerifyConfig
) -> OracleReport:
    title = f"oracle, {opener.domain}"
    with open_pool(opener, config) as pool, show_progress() as progress, progress.task(title, 0) as task:

        def check() -> OracleReport:
            return check_oracle(domain, problems, pool, lambda done, total: task.metrics(done, total, {}))

        return manager.call(Kind.DOMAIN, opener.domain, check)


def _single(problem_id: str, completion: str, known: Mapping[str, Problem]) -> Submission:
    """The submission given by options. Raises `UsageError` naming a few ids where the data has no such problem."""
    if problem_id not in known:
        some = ", ".join(list(known)[:3])
        raise UsageError(
            f"No problem {problem_id!r} in the data.{did_you_mean(problem_id, known)}",
            f"Some of the {len(known)} there are: {some}",
        )
    return Submission(known[problem_id], sys.stdin.read() if completion == "-" else completion)


def _judge(handed_in: Sequence[Submission], opener: Opener, config: VerifyConfig) -> list[Verdict]:
    """Verdicts in the order of the submissions."""
    verdicts: dict[int, Verdict] = {}
    items = [(submission.problem, submission.completion) for submission in handed_in]
    with open_pool(opener, config) as pool, show_progress() as progress, progress.task("verify", len(items)) as task:
        for index, verdict in pool.verify(items):
            verdicts[index] = verdict
            task.advance()
    return [verdicts[index] for index in range(len(items))]
