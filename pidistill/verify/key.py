"""Under which key a verdict is kept, and when a kept one may be used again.

A verdict depends on the content of the problem, the completion and the verifier's identity, and beyond these only on
the limits it was made under; `verdict_key` covers the former, `reusable` the latter. The store keeps them.
"""

from __future__ import annotations

import hashlib

from pidistill.records import Problem, Status, Verdict


def verdict_key(problem: Problem, completion: str, identity: str) -> str:
    """Content key of the verdict on `completion`: 32 hexadecimal digits, the same on every machine."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (problem.hash, identity, completion):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def reusable(verdict: Verdict, budget_s: float) -> bool:
    """Whether a kept verdict still holds under a budget of `budget_s` seconds.

    An ERROR is our own trouble and is tried again. A TIMEOUT holds for budgets up to the time that it took; any other
    verdict holds for budgets from the time that it took.
    """
    if verdict.status is Status.ERROR:
        return False
    if verdict.status is Status.TIMEOUT:
        return verdict.seconds >= budget_s
    return verdict.seconds <= budget_s
