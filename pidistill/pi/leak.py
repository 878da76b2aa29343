"""The check that no privileged information reaches a student or evaluation prompt.

A student prompt is right only if it *is* the domain's plain prompt, and the plain prompt is right only if it stays the
same with the privileged fields of the problem gone. Both are checked on every example and every evaluation prompt; a
search for the PI's text would miss a paraphrase, and equality cannot.
"""

from __future__ import annotations

from dataclasses import replace

from pidistill.contracts import Domain
from pidistill.errors import LeakError
from pidistill.records import Messages, Problem


def check_prompt(domain: Domain, problem: Problem, messages: Messages, where: str) -> None:
    """Raise `LeakError` unless `messages` are the plain prompt of `problem`. `where` says whose prompt it is."""
    if messages != domain.prompt(replace(problem, reference=None, solution=None)):
        raise LeakError(
            f"{where}: the prompt of problem {problem.id!r} is not the plain prompt of domain {domain.name!r}: "
            "it holds feedback, or depends on the reference.",
            "Nothing was sampled or trained with it. See which plugin brings the domain: pidistill plugins",
        )
