"""Where an answer is over and its text goes on: with another turn of a conversation, or the next task of a list.

A model that knows no end writes the asker's next words itself, and answers them. None of that is the answer to what was
asked. A line counts that begins such a turn, at the margin, outside of fences and strings, below something that is an
answer; the first such line of a text, for a text that begins with one replays a conversation. A dialogue that a
sentence speaks of is no turn, and neither is a heading below which the answer is set right, or tells how it is used.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Final

from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.continuing import quoted
from pidistill_code.extraction.fenced import fences
from pidistill_code.extraction.pages import FENCE
from pidistill_code.extraction.programs import may_be_one
from pidistill_code.extraction.prose import is_prose, is_statement
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.syntax import is_python

_TASK: Final = (
    r"(?:write|implement|create|define|complete|develop|design) (?:a|an|the|another|some)\b|given (?:a|an|two|the)\b"
)
_MARK = re.compile(
    rf"""^(?:</s>[ ]?)?(?:
    \*{{0,2}}(?:user|human)\*{{0,2}}[ ]?:\*{{0,2}}(?P<said>.*)
    |\#{{2,4}}[ ]?(?:user|human|(?P<told>user[ ]input|instruction(?P<several>s)?))[ ]?:?[ ]*
    |(?P<heads>\#{{2,4}}[ ]?(?:task|problem|question|exercise|instruction)[ ]?\#?\d+)\b.*
    |(?:\[INST\]|<\|user\|>|<\|im_start\|>[ ]?user|<start_of_turn>[ ]?user|<\|start_header_id\|>[ ]?user).*
    |(?:you[ ]are[ ]an?[ ](?:expert|helpful)[ ][^.]*\b
    (?:assistant|programmer|developer|engineer|coder|ai|model|python|coding|programming)\b
    |below[ ]is[ ]an[ ]instruction[ ]that[ ]describes[ ]a[ ]task).*
    |(?:q|question|problem|task|prompt|exercise|instruction)[ ]?\d*[ ]?[:.][ ]*(?P<asks>{_TASK.replace(" ", "[ ]")}).*
    )$""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_MOST: Final = 50
"""Lines that are looked at together with what stands below them."""
_ASKED = re.compile(r"^#{2,4} ?(?:response|answer|output|solution)\b", re.MULTILINE | re.IGNORECASE)
"""What a template has below its instructions; without it, they tell how to use the program."""
_SETS_RIGHT = re.compile(
    r"\b(?:fix(?:ed)?|correct(?:ed|ion)|(?:final|corrected|fixed) version|replace the (?:code|function|program)|"
    r"(?:bug|mistake|code|function|program|version|draft|try|attempt) above)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(rf"^[\W_]*(?:{_TASK})", re.MULTILINE | re.IGNORECASE)


def own_turn(text: str, name: str, is_body: bool, within: Container[int]) -> str:
    """`text` up to the turn or task of another that follows its answer. `is_body` says that it goes on with the body of
    a prompt's function. The lines `within` strings are no fences."""
    if not _MARK.search(text):
        return text
    lines = text.split("\n")
    inside = {n for begin, end, _ in fences(lines, within) for n in range(begin, end + 1)} | quoted(lines)
    looked_at = 0
    for number, line in enumerate(lines):
        if number in inside or not (mark := _MARK.match(line)):
            continue
        if mark["said"] and ((not is_prose(line) and is_statement(line)) or _is_call(mark["said"])):
            continue
        looked_at += 1
        if looked_at > _MOST:
            return text
        if mark["said"] and _is_quoted(lines[number:]):
            continue
        if mark["several"] and not _ASKED.search("\n".join(lines[number + 1 :])):
            continue
        if (mark["told"] or mark["heads"] or mark["asks"]) and _goes_on(lines[number:], name):
            continue
        if mark["heads"] and not _ASKS.search("\n".join([line[mark.end("heads") :], *lines[number + 1 : number + 4]])):
            continue
        above = "\n".join(lines[:number])
        answers = defines(above, name) if name else may_be_one(above, wholly=True)
        return above if answers or (is_body and above.strip()) else text
    return text


def _is_call(said: str) -> bool:
    """Whether it is a call, as a caller that is called the user makes it."""
    return "(" in said and len(said) <= LONGEST_LOOKED_AT and is_python(said.strip())


def _goes_on(lines: Sequence[str], name: str) -> bool:
    """Whether what a heading or a task begins sets right what stands above: by its words, and as it is made anew."""
    fence = next((number for number, line in enumerate(lines) if FENCE.match(line)), 0)
    return _SETS_RIGHT.search("\n".join(lines[:fence])) is not None and (
        not name or defines("\n".join(lines[fence:]), name)
    )


def _is_quoted(lines: Sequence[str]) -> bool:
    """Whether what is said is part of a sentence, which goes on in the next paragraph."""
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    return next((line for line in lines[end:] if line.strip()), "")[:1].islower() and not FENCE.match(lines[end - 1])
