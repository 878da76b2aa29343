"""The math domain as the core sees it: prompts, the verifier, oracle completions and PI forms; data are `sources`'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.authoring.domain import PluginDomain, Tiny, form_specs
from pidistill.contracts import Case, Sandbox, Spec, Verifier
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_math import arithmetic, sources
from pidistill_math.extraction.extract import extract
from pidistill_math.reading.answers import alike

DEFAULT_INSTRUCTION: Final = "Reason step by step, and put the final answer in \\boxed{}."
"""Follows every problem whose `extra["instruction"]` does not say otherwise."""


class MathDomain(PluginDomain):
    """Problems whose answer is a mathematical expression, judged by `verifier.MathVerifier`."""

    name: ClassVar[str] = "math"
    data = sources.DATA
    tiny = Tiny("arithmetic", train=600, evaluate=500, max_tokens=arithmetic.MAX_TOKENS)

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
        from pidistill_math.pi import MathFirstStep

        return form_specs(MathFirstStep)

    def cases(self) -> Iterable[Case]:
        """Labelled submissions: equivalent forms, near misses, hedging, restated questions, resource traps."""
        from pidistill_math.cases import cases

        return cases()
