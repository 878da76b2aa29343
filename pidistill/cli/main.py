"""The `pidistill` command: a group that imports subcommands when they are called, and turns errors into lines.

`pidistill --help` must stay instant, so this module imports click and nothing of the rest; `COMMANDS` repeats each
command's first help line for that reason, and a test holds the two together. Plugins' commands are looked for when a
name is not one of ours, so they too cost nothing until they are called.

Every `PidistillError` ends as its message on stderr and its exit code. A traceback means a bug, or `--debug`.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from pidistill import __version__
from pidistill.errors import PidistillError, UsageError, did_you_mean

COMMANDS = {
    "demo": "Run the whole loop on the embedded models: five arms, base against trained, in minutes.",
    "run": "Run one or more recipes on a domain, and compare base with trained.",
    "recipes": "List the recipes, or show one in full.",
    "suite": "Plan and run a suite: every cell of a file's axes, resumable, on one machine or a Ray cluster.",
    "gap": "Measure, before any training, what PI is worth to a model: student, self-teachers, resampling control.",
    "predict": "Predict what distillation would give, and advise what to try: from a gap, and a law if there is one.",
    "law": "Fit the law from gap to improvement, and say whether it predicts what it has not seen.",
    "report": "Report on what a store holds: all that is finished, or the arms that are named; runs nothing.",
    "show": "Follow a rollout down: prompt as sent, PI, completion, verdicts, who paid, which cells used it.",
    "compare": "Compare two runs, or two files of scores: is B better than A on the same problems?",
    "stats": "Test figures that were measured elsewhere: typed in from a paper, or written by lm-eval or Inspect.",
    "store": "Check a store, and set aside what is damaged in it.",
    "plugins": "List what is installed: domains, engines, PI forms, and what is switched off and why.",
    "doctor": "Say what works on this machine, and what to install for what does not.",
    "check": "Look for holes in a domain: its problems, its verifier, its cases and its PI forms.",
    "verify": "Judge submissions with a domain's verifier, or try the verifier itself against a data file.",
}
HELP_OPTIONS = ["-h", "--help"]
STOPPED = "Stopped. The same command resumes."
EXIT_INTERRUPTED = 130
_AGAIN_S = 0.05


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            command = importlib.import_module(f"pidistill.cli.{name}").command
            assert isinstance(command, click.Command)
            return command
        return _plugin_command(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        command = self.get_command(ctx, args[0])
        return args[0], command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": HELP_OPTIONS},
    epilog="Plugins may bring more commands; `pidistill plugins` lists them.",
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="pidistill", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error. Also: PIDISTILL_DEBUG=1.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Which privileged information makes a language model better, and is the gain real?

    Runs the loop rollout -> verify -> construct feedback / PI -> train on any domain that a plugin brings, and compares
    what comes out. Begin with `pidistill demo`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 or 2 with a message, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a character is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    if "TORCHELASTIC_RUN_ID" in os.environ:  # one of torchrun's processes
        from pidistill.train import parallel

        if parallel.takes_part():
            sys.exit(0)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command line. Returns its exit code, except for bugs, which keep their traceback."""
    arguments, debug = _take_debug(arguments)
    for name in (signal.SIGTERM, signal.SIGHUP):  # a batch system's and a lost terminal's way of saying Ctrl-C
        if signal.getsignal(name) is signal.SIG_DFL:
            signal.signal(name, _interrupt)
    sys.unraisablehook = _not_lost
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        code = cli.main(args=list(arguments), prog_name="pidistill", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (click.Abort, KeyboardInterrupt):
        return _fail(STOPPED, EXIT_INTERRUPTED, debug=False)
    except click.ClickException as error:
        return _fail(_click_message(error), error.exit_code, debug)
    except PidistillError as error:
        return _fail(f"Error: {_sentence(error.message)} {error.hint}".rstrip(), error.exit_code, debug)
    except BrokenPipeError:  # `pidistill ... | head`; Python would complain once more when it flushes stdout at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.filename is None:
            raise
        return _fail(f"Error: {error.filename}: {error.strerror}.", 1, debug)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does: what is finished is kept, and workers are ended."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _not_lost(what: sys.UnraisableHookArgs) -> None:
    """Interrupt again where an interrupt fell into an object's finalizer, whose exceptions Python only prints.

    A moment later, or it would fall into this function; by a signal, or a main thread that sleeps would not hear of it.
    """
    if not issubclass(what.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(what)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    main_thread = threading.main_thread().ident or 0
    again = threading.Timer(_AGAIN_S, signal.pthread_kill, [main_thread, signal.SIGTERM])
    again.daemon = True
    again.start()


def _take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without `--debug`, which is accepted anywhere before a `--`, and whether debugging is on."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    kept = [argument for argument in arguments[:end] if argument != "--debug"]
    debug = len(kept) < end or os.environ.get("PIDISTILL_DEBUG", "") not in ("", "0")
    return [*kept, *arguments[end:]], debug


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    click.echo(message, err=True)
    return code


def _sentence(message: str) -> str:
    """`message` with an end, since the hint follows on the same line."""
    return message if message.endswith((".", "?", "!", ":")) else f"{message}."


def _click_message(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" See: {context.command_path} --help" if context is not None else ""
    return f"Error: {error.format_message()}{hint}"


def _plugin_command(name: str) -> click.Command:
    """A plugin's command. Raises `UsageError` with the nearest name there is."""
    from pidistill.discovery import Kind
    from pidistill.errors import PluginError
    from pidistill.plugins import get_manager

    manager = get_manager()
    known = manager.commands()
    if name not in known:
        everything = [*COMMANDS, *known]
        hint = f"Commands: {', '.join(everything)}. See: pidistill --help"
        raise UsageError(f"No command {name!r}.{did_you_mean(name, everything)}", hint)
    command = manager.factory(Kind.COMMAND, name)
    if not isinstance(command, click.Command):
        raise PluginError(f"Command {name!r}: {known[name].factory} is a {type(command).__name__}, no click command.")
    return command
