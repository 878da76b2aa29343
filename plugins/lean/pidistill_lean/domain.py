"""The Lean domain as the core sees it: data sets, prompts, the verifier, oracle completions, PI forms and cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from pidistill.contracts import Case, DataSource, Domain, Embedded, Part, Sandbox, Spec, Verifier
from pidistill.errors import DataError, did_you_mean
from pidistill.records import JSON, Message, Messages, Problem
from pidistill_lean import sources, theorems

INSTRUCTION: Final = "Prove this Lean 4 theorem. Answer with the whole theorem in one ```lean4 block."


class LeanDomain(Domain):
    """Theorems of Lean 4, judged by `verifier.LeanVerifier`. Lean is the sandbox, so none is taken."""

    name: ClassVar[str] = "lean"

    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line; `local` stands for any file with the usual columns."""
        return {
            "theorems": "Generated theorems of Lean's core library, levels 1-5; needs no network and no Mathlib.",
            "minif2f-core": "MiniF2F's statements that need no Mathlib, with a short prelude of notation.",
            **{name: known.summary for name, known in sources.HUB.items()},
            "local": "A JSONL, JSON or Parquet file with columns statement or formal_statement, header and proof.",
        }

    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source` in the data's order. Raises `DataError` naming the file and row, or the data set."""
        if source.dataset == "minif2f-core":
            from pidistill_lean.minif2f_core import problems

            return problems(source)
        if source.path is not None:
            return sources.from_file(source.path, source.split, source.limit)
        if source.dataset == "theorems":
            return theorems.problems(source.split or "test", source.seed, source.limit)
        if source.dataset in sources.HUB:
            return sources.from_hub(source.dataset, source.split, source.limit)
        known = f"Data sets: {', '.join(self.datasets())}"
        if source.dataset in ("", "local"):
            raise DataError("The Lean domain was given neither a data set nor a file.", f"{known}; or set data.path.")
        near = did_you_mean(source.dataset, self.datasets())
        raise DataError(f"The Lean domain has no data set {source.dataset!r}.{near}", known)

    def prompt(self, problem: Problem) -> Messages:
        """One sentence on the form of the answer, then the statement behind its header, with `sorry` for the proof."""
        header = str(problem.extra.get("header") or "").strip()
        text = f"{header}\n\n{problem.prompt.strip()}" if header else problem.prompt.strip()
        return (Message("user", f"{INSTRUCTION}\n\n```lean4\n{text}\n```"),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        """The verifier with `config` (see `verifier.LeanOptions`). Raises `VerifierError` where no Lean works."""
        from pidistill_lean.verifier import LeanOptions, LeanVerifier

        return LeanVerifier(LeanOptions.read(config))

    def oracle(self, problem: Problem) -> str | None:
        """The reference proof in a fence."""
        if not problem.solution or not problem.solution.strip():
            return None
        return f"```lean4\n{problem.solution.strip()}\n```"

    def pi_forms(self) -> Sequence[Spec]:
        """Forms made from the reference proof and the compiler's errors; the bare failure bit is the core's."""
        from pidistill_lean.pi import SPECS

        return SPECS

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

    def embedded(self) -> Embedded | None:
        """The tiny model of this distribution and generated theorems, where the model is there."""
        return theorems.embedded()


def _note(found: str, hint: str) -> str:
    return f"{found.rstrip('.')}. {hint}" if hint else found
