"""PI put into messages: the retry that a student sees after a failure, and the prompt that a teacher sees.

The only owner of these texts. Training a model on such conversations (as the embedded models are) and asking a model
to retry both come through here, so the two cannot drift apart. Which PI is put in is the business of a PI form.
"""

from __future__ import annotations

from collections.abc import Sequence

from pidistill.records import PI, Feedback, Message, Messages

FAILURE_NOTICE = "That was wrong."
"""One sentence that says only that the attempt failed: the whole of the bare retry (seed 002, 'try again')."""

RETRY_REQUEST = "Try again."
REPHRASE_REQUEST = "That was right. Say it again in your own words."
TEACHER_REQUEST = "Solve the problem."


def retry(prompt: Messages, failures: Sequence[tuple[str, PI]]) -> Feedback:
    """The next attempt's prompt: the plain prompt, then each failed completion with what was said about it.

    `failures` holds (completion, PI), oldest first, at least one. A PI without text that reveals nothing (form `none`)
    is no feedback at all: the student gets the plain prompt again, and the retry is a fresh sample.
    """
    pi = failures[-1][1]
    return Feedback(retry_messages(prompt, [(text, p.text) for text, p in failures if p.text]), pi, "retry")


def revise(prompt: Messages, passes: Sequence[tuple[str, PI]]) -> Feedback:
    """The prompt for saying once more what was right: the plain prompt, the passing completion, what was said of it."""
    ((completion, pi),) = passes
    return Feedback((*prompt, Message("assistant", completion), Message("user", pi.text)), pi, "retry")


def retry_messages(prompt: Messages, failures: Sequence[tuple[str, str]]) -> Messages:
    """Messages of a retry, from (failed completion, PI text) pairs; the failure notice is said once per turn."""
    turns: list[Message] = list(prompt)
    for completion, text in failures:
        said = dict.fromkeys((FAILURE_NOTICE, text, RETRY_REQUEST))
        turns += [Message("assistant", completion), Message("user", " ".join(said))]
    return tuple(turns)


def teach(prompt: Messages, pi: PI) -> Feedback:
    """The teacher's prompt: the problem, then the PI. Without PI text the teacher sees what the student sees."""
    return Feedback(teacher_messages(prompt, pi.text), pi, "teacher")


def teacher_messages(prompt: Messages, text: str) -> Messages:
    """Messages of a teacher prompt. `prompt` must end in a user turn, which keeps its own text first."""
    if not text:
        return prompt
    *before, last = prompt
    return (*before, Message(last.role, f"{last.content}\n\n{text} {TEACHER_REQUEST}"))
