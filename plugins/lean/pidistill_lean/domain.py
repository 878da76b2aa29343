"""The Lean domain as the core sees it: prompts, the verifier, oracle completions and PI forms; data are `sources`'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.authoring.domain import PluginDomain, Tiny, form_specs
from pidistill.authoring.fences import fenced
from pidistill.contracts import Case, Part, Sandbox, Spec, Verifier
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_lean import sources, theorems

INSTRUCTION: Final = "Prove this Lean 4 theorem. Answer with the whole theorem in one ```lean4 block."


class LeanDomain(PluginDomain):
    """Theorems of Lean 4, judged by `verifier.LeanVerifier`. Lean is the sandbox, so none is taken."""

    name: ClassVar[str] = "lean"
    answers_exclude_each_other = False
    data = sources.DATA
    tiny = Tiny("theorems", train=250, evaluate=200, max_tokens=theorems.MAX_TOKENS)

    def prompt(self, problem: Problem) -> Messages:
        """One sentence on the form of the answer, then the statement behind its header, with `sorry` for the proof."""
        header = str(problem.extra.get("header") or "").strip()
        text = f"{header}\n\n{problem.prompt.strip()}" if header else problem.prompt.strip()
        return (Message("user", f"{INSTRUCTION}\n\n{fenced(text, 'lean4')}"),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """The verifier with `config` (see `verifier.LeanOptions`). Raises `VerifierError` where no Lean works."""
        from pidistill_lean.verifier import LeanOptions, LeanVerifier

        return LeanVerifier(LeanOptions.read(config))

    def oracle(self, problem: Problem) -> str | None:
        """The reference proof in a fence."""
        if not problem.solution or not problem.solution.strip():
            return None
        return fenced(problem.solution.strip(), "lean4")

    def pi_forms(self) -> Sequence[Spec]:
        """Forms made from the reference proof and the compiler's errors; the bare failure bit is the core's."""
        from pidistill_lean.pi import CompilerErrors, FirstError, HaveSkeleton, OtherSkeleton, ProofHalf

        return form_specs(HaveSkeleton, OtherSkeleton, ProofHalf, CompilerErrors, FirstError)

    def cases(self) -> Iterable[Case]:
        """Labelled submissions: honest ones that look suspicious, and attempts to fool the verifier."""
        from pidistill_lean.cases import cases

        return cases()

    def parts(self) -> Sequence[Part]:
        """The Lean runtimes, looked at without starting them, and LeanDojo, which judges nothing."""
        from pidistill_lean.runtimes import dojo, look

        found = [Part(one.name, one.works, _note(one.found, one.hint)) for one in look()]
        works, version, hint = dojo.look()
        return [*found, Part("dojo", works, _note(version, hint), enough=False)]


def _note(found: str, hint: str) -> str:
    return f"{found.rstrip('.')}. {hint}" if hint else found
