"""Teacher prompts that are too long: the PI loses its middle, the problem never loses anything.

PI is what the teacher sees and the student does not: messages of the teacher that the student has no equal of and,
inside a message that repeats one of the student's, the text around that repetition. The longest such text is cut first,
from its middle outwards, so that what introduces it and what closes it both stay, and where that is not enough the
next. A teacher whose PI would vanish altogether has nothing to teach, so there is no such prompt. Text is cut, not
tokens, and the prompt is rendered again, so the result is a well-formed conversation in any chat template.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pidistill.records import Message, Messages

GAP = " [...] "
"""Stands for what was cut."""


@dataclass(frozen=True)
class Shortened:
    """A teacher's prompt that fits."""

    ids: tuple[int, ...]
    cut: bool


@dataclass(frozen=True)
class _Piece:
    """Part of one message's text."""

    message: int
    text: str
    is_pi: bool


def shorten(
    student: Messages, teacher: Messages, *, limit: int, render: Callable[[Messages], Sequence[int]]
) -> Shortened | None:
    """The teacher's prompt as token ids, at most `limit` of them; None where they cannot be cut to that.

    Args:
        student: the plain prompt, which stays whole.
        teacher: the prompt with PI.
        limit: tokens left for the prompt.
        render: messages -> prompt ids in the teacher's chat template.
    """
    ids = render(teacher)
    if len(ids) <= limit:
        return Shortened(tuple(ids), cut=False)
    pieces = _pieces(student, teacher)
    for index in sorted((i for i, p in enumerate(pieces) if p.is_pi), key=lambda i: -len(pieces[i].text)):
        text = pieces[index].text
        best: tuple[int, ...] | None = None
        low, high = 1, len(text) - 1
        while low <= high:  # the largest number of characters that fits
            keep = (low + high) // 2
            ids = render(_join(teacher, [*pieces[:index], _cut(pieces[index], keep), *pieces[index + 1 :]]))
            if len(ids) <= limit:
                best, low = tuple(ids), keep + 1
            else:
                high = keep - 1
        if best is not None:
            return Shortened(best, cut=True)
        pieces[index] = _cut(pieces[index], 0)
    return None


def _cut(piece: _Piece, keep: int) -> _Piece:
    """`piece` with its first and last characters, `keep` in all."""
    head, tail = (keep + 1) // 2, keep // 2
    return replace(piece, text=piece.text[:head] + GAP + piece.text[len(piece.text) - tail :])


def _pieces(student: Messages, teacher: Messages) -> list[_Piece]:
    """The teacher's messages in pieces, PI apart from what the student sees too."""
    unseen = list(student)
    pieces: list[_Piece] = []
    for index, message in enumerate(teacher):
        shared = next(
            (m for m in unseen if m.role == message.role and m.content and m.content in message.content), None
        )
        if shared is None:
            pieces.append(_Piece(index, message.content, is_pi=True))
            continue
        unseen.remove(shared)
        before, _, after = message.content.partition(shared.content)
        pieces += [
            _Piece(index, before, is_pi=bool(before)),
            _Piece(index, shared.content, is_pi=False),
            _Piece(index, after, is_pi=bool(after)),
        ]
    if any(m.content for m in unseen):
        # The teacher sees a part of the prompt in other words only: it cannot be told from PI, so nothing may be cut.
        return [replace(piece, is_pi=False) for piece in pieces]
    return pieces


def _join(teacher: Messages, pieces: Sequence[_Piece]) -> Messages:
    return tuple(
        Message(message.role, "".join(piece.text for piece in pieces if piece.message == index))
        for index, message in enumerate(teacher)
    )
