"""The math verifier: a completion's answer against the problem's reference.

It joins `extract` and `judge` and remembers rulings, because the completions of one problem repeat a handful of
answers. Budgets of wall clock and memory are the verification pool's; the limits here only make most overruns cheap.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from pidistill.contracts import Verifier
from pidistill.errors import UsageError, did_you_mean
from pidistill.records import JSON, Problem, Status, Verdict, canonical_json
from pidistill_math.extract import extract
from pidistill_math.judge import Ruling, judge, trouble

_SHOWN: Final = 2_000
"""Characters of an answer that a verdict keeps."""
_REMEMBERED: Final = 20_000
"""Rulings kept, the last used ones."""
_LIBRARIES: Final = ("math-verify", "latex2sympy2_extended", "sympy", "mpmath", "antlr4-python3-runtime")


@dataclass(frozen=True)
class MathOptions:
    """Options of the verifier, the `[verify.options]` table of a run."""

    fallback: bool = True
    """Whether an answer that is stated without a box counts; see `extract`."""
    lenient: bool = False
    """Whether an answer that leaves arithmetic to be worked out (``17 \\cdot 23`` for 391) is worked out."""
    limit_s: int = 3
    """Whole seconds that each step of computer algebra may take; past it: TIMEOUT."""

    @classmethod
    def read(cls, config: Mapping[str, JSON]) -> MathOptions:
        """Checked options. Raises `UsageError` naming the option."""
        known = {"fallback": bool, "lenient": bool, "limit_s": int}
        for key, value in config.items():
            if key not in known:
                raise UsageError(
                    f"The math verifier has no option {key!r}.{did_you_mean(key, known)}",
                    f"Options: {', '.join(known)}",
                )
            if type(value) is not known[key] or (key == "limit_s" and not 1 <= int(str(value)) <= 3600):
                raise UsageError(f"The math verifier's option {key!r} cannot be {value!r}.", "limit_s is in [1, 3600].")
        return cls(**config)  # type: ignore[arg-type]


class MathVerifier(Verifier):
    """Judges completions of math problems. Must be called on a main thread: math-verify uses SIGALRM."""

    name: ClassVar[str] = "math"
    version: ClassVar[str] = "2"

    def __init__(self, options: MathOptions = MathOptions()) -> None:
        self.options = options
        self._rulings: OrderedDict[tuple[str, str, str], Ruling] = OrderedDict()

    def verify(self, problem: Problem, completion: str) -> Verdict:
        """PASS, FAIL, NO_ANSWER, TIMEOUT, or ABSTAIN where the problem has no reference that can be judged."""
        if problem.reference is None:
            return Verdict(Status.ABSTAIN, reason="the problem has no reference answer")
        found = extract(completion, self.options.fallback)
        if found.answer is None:
            if reason := trouble(problem.reference, problem.prompt):
                return Verdict(Status.ABSTAIN, reason=f"reference: {reason}")
            return Verdict(Status.NO_ANSWER, reason=found.reason, diagnostics=f"No final answer: {found.reason}.")
        ruling = self._ruling(problem, problem.reference, found.answer)
        return Verdict(
            ruling.status,
            1.0 if ruling.status is Status.PASS else 0.0,
            found.answer[:_SHOWN],
            f"{ruling.rule}: {ruling.reason}" if ruling.reason else ruling.rule,
        )

    def _ruling(self, problem: Problem, reference: str, answer: str) -> Ruling:
        key = (problem.prompt, reference, answer)
        if (known := self._rulings.get(key)) is not None:
            self._rulings.move_to_end(key)
            return known
        ruling = judge(reference, answer, self.options.limit_s, problem.prompt, self.options.lenient)
        if len(answer) <= _SHOWN and ruling.status is not Status.TIMEOUT:
            self._rulings[key] = ruling
            if len(self._rulings) > _REMEMBERED:
                self._rulings.popitem(last=False)
        return ruling

    def fingerprint(self) -> str:
        """Hash of the options and of the versions of the libraries that judge."""
        settings: JSON = {
            "fallback": self.options.fallback,
            "lenient": self.options.lenient,
            "limit_s": self.options.limit_s,
            "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        }
        return hashlib.blake2b(canonical_json(settings).encode("ascii"), digest_size=6).hexdigest()
