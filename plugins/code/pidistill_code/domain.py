"""The code domain as the core sees it: prompts, the verifier, oracle completions and PI forms; data are `sources`'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.authoring.domain import PluginDomain, Tiny, form_specs
from pidistill.authoring.fences import fenced
from pidistill.contracts import Case, Sandbox, Spec, Verifier
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_code import functions, sources

CONTINUE: Final = "Complete this Python function. Answer with the whole function in one ```python block."
WRITE: Final = "Answer with the function in one ```python block."
SCRIPT: Final = (
    "Write a Python program that reads standard input and prints the answer. Answer with one ```python block."
)


class CodeDomain(PluginDomain):
    """Python functions and programs, judged by `verifier.CodeVerifier`."""

    name: ClassVar[str] = "code"
    needs_sandbox: ClassVar[bool] = True
    answers_exclude_each_other = False
    data = sources.DATA
    tiny = Tiny("functions", train=400, evaluate=300, max_tokens=functions.MAX_TOKENS)

    def prompt(self, problem: Problem) -> Messages:
        """The task, the tests that the data shows, and one sentence on the form of the answer.

        `extra["instruction"]` replaces that sentence; an empty one leaves the bare task.
        """
        extra = problem.extra
        if extra.get("continues"):
            default, task = CONTINUE, fenced(problem.prompt.strip(), "python")
        else:
            default, task = SCRIPT if extra.get("kind") == "script" else WRITE, problem.prompt
        instruction = str(extra.get("instruction", default))
        if not instruction:
            return (Message("user", problem.prompt),)
        tests, shown = extra.get("tests"), extra.get("shown")
        if isinstance(tests, list) and isinstance(shown, int) and shown:
            examples = "\n".join(str(test) for test in tests[:shown])
            task = f"{task}\nFor example:\n{fenced(examples, 'python')}"
        return (Message("user", f"{instruction}\n\n{task}" if extra.get("continues") else f"{task}\n\n{instruction}"),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """The verifier with `config` (see `verifier.CodeOptions`) in `sandbox`; without one, the strongest that works.

        Raises `SandboxError` where no sandbox works: code is never run without one.
        """
        from pidistill_code.verifier import CodeOptions, CodeVerifier

        options = CodeOptions.read(config)
        if sandbox is None:
            from pidistill_sandboxes.auto import AutoSandbox

            sandbox = AutoSandbox()
        return CodeVerifier(options, sandbox)

    def oracle(self, problem: Problem) -> str | None:
        """The reference solution in a fence."""
        if problem.reference is None or not problem.reference.strip():
            return None
        return fenced(problem.reference.strip(), "python")

    def pi_forms(self) -> Sequence[Spec]:
        """Forms made from tests and their results; the bare failure bit is the core's `bare-retry`."""
        from pidistill_code.pi import AllTests, ErrorTrace, FailingTests, ShuffledTests, TestRun

        return form_specs(FailingTests, ErrorTrace, TestRun, AllTests, ShuffledTests)

    def cases(self) -> Iterable[Case]:
        """Labelled submissions: honest ones in unusual dress, near misses, and attempts to fool the verifier."""
        from pidistill_code.cases import cases

        return cases()
