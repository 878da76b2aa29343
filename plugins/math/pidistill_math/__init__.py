"""The math domain: competition and word problems whose answers are mathematical expressions.

This module only registers; `domain` reads problems, `verifier` judges completions, `pi` makes privileged information.
"""

from __future__ import annotations

from pidistill.contracts import Spec
from pidistill.hookspecs import hookimpl


@hookimpl
def pidistill_register_domains() -> list[Spec]:
    """The one domain of this distribution."""
    return [Spec("math", "Mathematics: answers in \\boxed{}, judged exactly.", "pidistill_math.domain:MathDomain")]
