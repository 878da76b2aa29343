"""The code domain as the core sees it: data sets, prompts, the verifier, oracle completions, PI forms and cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.contracts import Case, DataSource, Domain, Embedded, Sandbox, Spec, Verifier
from pidistill.errors import DataError, did_you_mean
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_code import functions, sources

CONTINUE: Final = "Complete this Python function. Answer with the whole function in one ```python block."
WRITE: Final = "Answer with the function in one ```python block."
SCRIPT: Final = (
    "Write a Python program that reads standard input and prints the answer. Answer with one ```python block."
)


class CodeDomain(Domain):
    """Python functions and programs, judged by `verifier.CodeVerifier`."""

    name: ClassVar[str] = "code"
    needs_sandbox: ClassVar[bool] = True

    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line; `local` stands for any file with the usual columns."""
        return {
            "functions": "Generated small functions with hidden tests, levels 1-5; needs no network.",
            **{name: known.summary for name, known in sources.HUB.items()},
            "local": "A JSONL, JSON or Parquet file with the columns of HumanEval, EvalPlus, MBPP or LiveCodeBench, "
            "or prompt, entry_point and tests.",
        }

    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source` in the data's order. Raises `DataError` naming the file and row, or the data set."""
        if source.path is not None:
            return sources.from_file(source.path, source.split, source.limit)
        if source.dataset == "functions":
            return functions.problems(source.split or "test", source.seed, source.limit)
        if source.dataset in sources.HUB:
            return sources.from_hub(source.dataset, source.split, source.limit)
        known = f"Data sets: {', '.join(self.datasets())}"
        if source.dataset in ("", "local"):
            raise DataError("The code domain was given neither a data set nor a file.", f"{known}; or set data.path.")
        near = did_you_mean(source.dataset, self.datasets())
        raise DataError(f"The code domain has no data set {source.dataset!r}.{near}", known)

    def prompt(self, problem: Problem) -> Messages:
        """The task, the tests that the data shows, and one sentence on the form of the answer.

        `extra["instruction"]` replaces that sentence; an empty one leaves the bare task.
        """
        extra = problem.extra
        if extra.get("continues"):
            default, task = CONTINUE, f"```python\n{problem.prompt.strip()}\n```"
        else:
            default, task = SCRIPT if extra.get("kind") == "script" else WRITE, problem.prompt
        instruction = str(extra.get("instruction", default))
        if not instruction:
            return (Message("user", problem.prompt),)
        tests, shown = extra.get("tests"), extra.get("shown")
        if isinstance(tests, list) and isinstance(shown, int) and shown:
            examples = "\n".join(str(test) for test in tests[:shown])
            task = f"{task}\nFor example:\n```python\n{examples}\n```"
        return (Message("user", f"{instruction}\n\n{task}" if extra.get("continues") else f"{task}\n\n{instruction}"),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """The verifier with `config` (see `verifier.CodeOptions`) in `sandbox`; without one, the strongest that works.

        Raises `SandboxError` where no sandbox works: code is never run without one.
        """
        from pidistill_code.verifier import CodeOptions, CodeVerifier

        options = CodeOptions.read(config)
        if sandbox is None:
            from pidistill.plugins import get_manager

            sandbox = get_manager().sandbox("auto")
        return CodeVerifier(options, sandbox)

    def oracle(self, problem: Problem) -> str | None:
        """The reference solution in a fence."""
        if problem.reference is None or not problem.reference.strip():
            return None
        return f"```python\n{problem.reference.strip()}\n```"

    def pi_forms(self) -> Sequence[Spec]:
        """Forms made from tests and their results; the bare failure bit is the core's `bare-retry`."""
        from pidistill_code.pi import SPECS

        return SPECS

    def cases(self) -> Iterable[Case]:
        """Labelled submissions: honest ones in unusual dress, near misses, and attempts to fool the verifier."""
        from pidistill_code.cases import cases

        return cases()

    def embedded(self) -> Embedded | None:
        """The tiny model of this distribution and generated functions, where the model is there."""
        return functions.embedded()
