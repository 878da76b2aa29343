"""Where an answer is over and its text goes on: with another turn of a conversation, or the next task of a list.

A model that knows no end writes the asker's next words itself, and answers them. None of that is the answer to what was
asked. A line counts that begins such a turn, at the margin, outside of fences and strings, below something that is an
answer; the first such line of a text, for a text that begins with one replays a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.continuing import quoted
from pidistill_code.extraction.fenced import fences
from pidistill_code.extraction.programs import may_be_one
from pidistill_code.extraction.prose import is_prose, is_statement

_TASK: Final = (
    r"(?:write|implement|create|define|complete|develop|design) (?:a|an|the|another|some)\b|given (?:a|an|two|the)\b"
)
_MARK = re.compile(
    rf"""^(?:</s>[ ]?)?(?:
    \*{{0,2}}(?:user|human)\*{{0,2}}[ ]?:\*{{0,2}}(?P<said>.*)
    |\#{{2,4}}[ ]?(?:instructions?|user|human|user[ ]input)[ ]?:?[ ]*
    |(?P<heads>\#{{2,4}}[ ]?(?:task|problem|question|exercise|instruction)[ ]?\#?\d+)\b.*
    |(?:\[INST\]|<\|user\|>|<\|im_start\|>[ ]?user|<start_of_turn>[ ]?user|<\|start_header_id\|>[ ]?user).*
    |(?:you[ ]are[ ]an?[ ](?:expert|helpful)[ ]|below[ ]is[ ]an[ ]instruction[ ]that[ ]describes[ ]a[ ]task).*
    |(?:q|question|problem|task|prompt|exercise|instruction)[ ]?\d*[ ]?[:.][ ]*(?:{_TASK.replace(" ", "[ ]")}).*
    )$""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_ASKS = re.compile(rf"^[\W_]*(?:{_TASK})", re.MULTILINE | re.IGNORECASE)


def own_turn(text: str, name: str, is_body: bool, within: Container[int]) -> str:
    """`text` up to the turn or task of another that follows its answer. `is_body` says that it goes on with the body of
    a prompt's function. The lines `within` strings are no fences."""
    if not _MARK.search(text):
        return text
    lines = text.split("\n")
    inside = {n for begin, end, _ in fences(lines, within) for n in range(begin, end + 1)} | quoted(lines)
    for number, line in enumerate(lines):
        if number in inside or not (mark := _MARK.match(line)):
            continue
        if mark["said"] and not is_prose(line) and is_statement(line):
            continue
        if mark["heads"] and not _ASKS.search("\n".join([line[mark.end("heads") :], *lines[number + 1 : number + 4]])):
            continue
        above = "\n".join(lines[:number])
        answers = defines(above, name) if name else may_be_one(above, wholly=True)
        return above if answers or (is_body and above.strip()) else text
    return text
