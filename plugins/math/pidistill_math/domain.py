"""The math domain as the core sees it: data sets, prompts, the verifier, oracle completions, PI forms and cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.contracts import Case, DataSource, Domain, Embedded, Sandbox, Spec, Verifier
from pidistill.errors import DataError, did_you_mean
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_math import arithmetic, sources
from pidistill_math.extract import extract
from pidistill_math.reading import alike

DEFAULT_INSTRUCTION: Final = "Reason step by step, and put the final answer in \\boxed{}."
"""Follows every problem whose `extra["instruction"]` does not say otherwise."""


class MathDomain(Domain):
    """Problems whose answer is a mathematical expression, judged by `verifier.MathVerifier`."""

    name: ClassVar[str] = "math"

    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line; `local` stands for any file with the usual columns."""
        return {
            "arithmetic": "Generated arithmetic with worked steps, levels 1-5; needs no network.",
            **{name: known.summary for name, known in sources.HUB.items()},
            "local": "A JSONL or Parquet file: problem or question, answer, and optionally solution, level, unique_id.",
        }

    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source` in the data's order. Raises `DataError` naming the file and row, or the data set."""
        if source.path is not None:
            return sources.from_file(source.path, source.split, source.limit)
        if source.dataset == "arithmetic":
            return arithmetic.problems(source.split or "test", source.seed, source.limit)
        if source.dataset in sources.HUB:
            return sources.from_hub(source.dataset, source.split, source.limit)
        if source.dataset in ("", "local"):
            raise DataError(
                "The math domain was given neither a data set nor a file.",
                f"Data sets: {', '.join(self.datasets())}; or name a file with data.path.",
            )
        raise DataError(
            f"The math domain has no data set {source.dataset!r}.{did_you_mean(source.dataset, self.datasets())}",
            f"Data sets: {', '.join(self.datasets())}",
        )

    def prompt(self, problem: Problem) -> Messages:
        """The problem's text, and one sentence on the form of the answer."""
        instruction = problem.extra.get("instruction", DEFAULT_INSTRUCTION)
        return (Message("user", f"{problem.prompt}\n\n{instruction}" if instruction else problem.prompt),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """The verifier with `config` (see `verifier.MathOptions`). No sandbox is needed: nothing is run."""
        from pidistill_math.verifier import MathOptions, MathVerifier

        return MathVerifier(MathOptions.read(config))

    def oracle(self, problem: Problem) -> str | None:
        """The worked solution where it ends in the reference, else a sentence with the reference in a box."""
        if problem.reference is None or not problem.reference.strip():
            return None
        if problem.solution is not None:
            stated = extract(problem.solution).answer
            if stated is not None and alike(stated, problem.reference):
                return problem.solution
        return f"The answer is \\boxed{{{problem.reference}}}."

    def pi_forms(self) -> Sequence[Spec]:
        """The form that reads the structure of a LaTeX solution; the domain-free ones are the core's."""
        return (
            Spec(
                "math-first-step",
                "The first step of the reference solution, without the answer in any spelling.",
                "pidistill_math.pi:MathFirstStep",
            ),
        )

    def cases(self) -> Iterable[Case]:
        """Labelled submissions: equivalent forms, near misses, hedging, restated questions, resource traps."""
        from pidistill_math.cases import cases

        return cases()

    def embedded(self) -> Embedded:
        """The tiny model and generated arithmetic that ship with this distribution."""
        return arithmetic.embedded()
