"""Small records for tests of the core."""

from __future__ import annotations

from pidistill.records import Message, Problem, Rollout, Sampling, content_hash


def problem(number: int = 1, *, prompt: str | None = None, reference: str | None = None) -> Problem:
    """An addition problem, or whatever `prompt` and `reference` say."""
    text = prompt or f"What is {number}+{number}?"
    answer = reference or str(number + number)
    solution = f"Add {number} twice.\nThe answer is \\boxed{{{answer}}}."
    return Problem(f"p{number}", "math", text, answer, solution, level=1 + number % 5)


def rollout(problem_id: str, completion: str, *, tokens: int = 3, attempt: int = 0) -> Rollout:
    """A rollout with made-up token ids."""
    return Rollout(
        content_hash(problem_id, completion, attempt), problem_id, (Message("user", "?"),), completion,
        tuple(range(tokens)), (-0.5,) * tokens, 5, Sampling(), "revision", "engine", attempt,
    )  # fmt: skip
