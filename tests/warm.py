"""Starts `pidistill` from a process that has imported everything already: for tests that start it dozens of times.

Importing torch and transformers takes longer than what such a run then does. A run is a fork of that process, in a
session and with an output file of its own, so that it can be killed as any other; its parent tells how it ended. What
is done once is imported modules: no thread has begun, no model is loaded, nothing of one run is there for the next.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

_LIMIT_S = 900.0


class Warm:
    """Such a process. A context manager; its runs end with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, arguments: Sequence[str]) -> Run:
        """`pidistill ARGUMENTS`, in the current folder."""
        self._count += 1
        output = self._folder / f"output-{self._count}"
        return Run(int(self._ask([*arguments], str(output))), output, self)

    def poll(self, pid: int) -> int | None:
        """How a run ended, as `subprocess.Popen.returncode` has it; None where it has not."""
        told = self._ask(pid)
        return None if told is None else int(told)

    def _ask(self, *request: object) -> int | None:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer


class Run:
    """A run that was started."""

    def __init__(self, pid: int, output: Path, warm: Warm) -> None:
        self.pid = pid
        self._output, self._warm = output, warm
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None where it still runs."""
        if self._code is None:
            self._code = self._warm.poll(self.pid)
        return self._code

    def wait(self) -> int:
        """The same, when it has ended."""
        deadline = time.monotonic() + _LIMIT_S
        while (code := self.poll()) is None:
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        return code

    def kill(self) -> None:
        """As `kill -9` of it and of all that it has started."""
        os.killpg(self.pid, signal.SIGKILL)

    def output(self) -> str:
        """What it has printed so far, errors among it."""
        return self._output.read_text("utf-8", "replace")


_WARM = (
    "pidistill.cli.run", "pidistill.cli.comparison", "pidistill.suite.present", "pidistill.report.write",
    "pidistill.engines.transformers_engine", "pidistill.train.sft", "pidistill.train.on_policy", "datasets", "peft",
    "trl.trainer.sft_trainer", "transformers.models.qwen3.modeling_qwen3", "matplotlib.pyplot", "scipy.stats",
)  # fmt: skip


def _serve() -> None:
    for name in _WARM:
        importlib.import_module(name)
    for line in sys.stdin:
        what, *output = json.loads(line)
        if output:
            pid = os.fork()
            if not pid:
                _become(what, *output)
            told: int | None = pid
        else:
            found, status = os.waitpid(what, os.WNOHANG)
            told = os.waitstatus_to_exitcode(status) if found else None
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()


def _become(arguments: list[str], output: str) -> NoReturn:
    """In a new process: run the command, and end."""
    os.setsid()
    into = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((0, nothing), (1, into), (2, into)):
        os.dup2(target, number)
    code = 70
    try:
        from pidistill.cli.main import main

        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - printed, as the interpreter would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
