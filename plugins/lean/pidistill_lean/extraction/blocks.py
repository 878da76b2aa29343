"""The blocks of a completion that may hold Lean: those in fences, and what is said of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pidistill_lean.extraction.fences import FENCE, LEAN, language_of
from pidistill_lean.extraction.prose import COMMAND, is_lean, until_prose

DECLARES = re.compile(
    r"^[ \t]*(?:@\[[^\n]*\][ \t]*)?"
    r"(?:(?:private|protected|noncomputable|nonrec|unsafe|partial|public|local|scoped)\s+)*"
    r"(?:theorem|lemma|example|def|abbrev|instance|inductive|structure|class|axiom|opaque|mutual|macro|syntax|elab|notation|"
    r"infix[lr]?|prefix|postfix|import|namespace|section|#\w+)\b",
    re.MULTILINE,
)
"""A line that begins a command which declares something."""
_COMMENT_OPENS = re.compile(r"^[ \t]*/-")
_DECLARED = re.compile(
    r"\bfinal (?:answer|proof|version|solution)|\breplaced? (?:it|the proof)\b|"
    r"\bproof (?:body )?should (?:instead )?be\b|"
    r"\b(?:corrected|fixed|revised|updated|repaired|working) (?:proof|version|answer|solution|theorem|code)\b|"
    r"(?:^|[.!?] )\W*(?:corrected|fixed)\W*$|\buse this(?: one)? instead\b|\b(?:full|complete) proof is\b|"
    r"\blet me fix (?:it|this|that)\b",
    re.IGNORECASE,
)
"""What is said before a block that stands for the ones before it."""
_PLAIN: Final = frozenset({"text", "plaintext", "txt"})
_OF_A_PART = re.compile(
    r"\b(?:steps?|key|uses?(?! this)|using|tactics?(?! proof)|lines?|parts?|where|idea|output|goals?)\b", re.IGNORECASE
)


def fenced_blocks(text: str) -> tuple[str, list[str], bool]:
    """What stands before the first fence, what is in those that may hold Lean, and whether the first has a language."""
    before, blocks, marked = fenced(text)
    return before, [block.text for block in blocks], marked


@dataclass(frozen=True)
class Block:
    """A fenced block, without its fences."""

    text: str
    marked: bool
    """Whether it says that it is Lean."""
    declared: bool = False
    """Whether the text before it says that it is the final answer."""


def fenced(text: str) -> tuple[str, list[Block], bool]:
    """What `fenced_blocks` says, with what each block says of itself.

    A fence is closed by one as long as its own that does not stand in a comment of Lean's, or by one that opens another
    block: no Lean has that. None is opened in a comment of Lean text that stands in no fence itself. Lines of an
    indented fence lose its indentation. Plain text behind the last fence is a block where it begins like Lean and the
    line before says that it is the final answer.
    """
    before: list[str] = []
    behind: list[str] = []
    blocks: list[Block] = []
    said = ["", ""]
    declared = False

    def add() -> None:
        block = Block("\n".join(lines), language in LEAN and bool(language), declared)
        if language in LEAN or (language in _PLAIN and declared and DECLARES.search(block.text)):
            blocks.append(block)

    fence, language, margin, lines, depth = "", "", "", list[str](), 0
    marked = seen = False
    every = text.split("\n")
    ends, commented = _comment_ends(every), _in_plain_comments(every)
    for number, line in enumerate(every):
        match = FENCE.match(line)
        if not fence:
            if match and number not in commented:
                marked = marked or (not seen and bool(match[3]))
                margin, fence, language, lines, seen, depth = match[1], match[2], language_of(match[3]), [], True, 0
                behind.clear()
                declared = _DECLARED.search(" ".join(said)) is not None and not _OF_A_PART.search(said[1])
                said = ["", ""]
                continue
            said = [said[1], line] if line.strip() else said
            (behind if seen else before).append(line)
        elif match and match[2].startswith(fence) and not (depth > 0 and ends[number + bool(match[3])]):
            add()
            fence = ""
            if match[3]:  # the one before was never closed
                margin, fence, language, lines, depth = match[1], match[2], language_of(match[3]), [], 0
                declared = False
        else:
            depth = max(0, depth + line.count("/-") - line.count("-/"))
            lines.append(line.removeprefix(margin))
    if fence:
        add()
    elif (plain := said_to_be_final(behind)) is not None:
        blocks.append(Block(plain, False, True))
    return "\n".join(before), blocks, marked


def said_to_be_final(lines: Sequence[str]) -> str | None:
    """Plain text of Lean's behind the last line that says that it is the final answer."""
    for number in range(len(lines) - 1, -1, -1):
        if _DECLARED.search(lines[number]) and not _OF_A_PART.search(lines[number]):
            rest = "\n".join(lines[number + 1 :]).strip("\n")
            return until_prose(rest.split("\n")) if DECLARES.match(rest) or is_lean(rest) else None
    return None


def _comment_ends(lines: Sequence[str]) -> list[bool]:
    """For every line, whether a comment's end comes after it before another block of code begins."""
    found = [False] * (len(lines) + 1)
    for number in range(len(lines) - 1, -1, -1):
        match = FENCE.match(lines[number])
        opens = match is not None and bool(match[3])
        found[number] = not opens and ("-/" in lines[number] or found[number + 1])
    return found


def _in_plain_comments(lines: Sequence[str]) -> set[int]:
    """Lines with fences that a docstring has for its examples, where the Lean text around it is in no fence.

    Such a comment begins its line, has as many fences that open as that close, and a command follows it.
    """
    found: set[int] = set()
    fences: list[int] = []
    within, fence, ended = False, "", False
    for number, line in enumerate(lines):
        if ended and line.strip():
            if COMMAND.match(line):
                found.update(fences)
            ended = False
        match = FENCE.match(line)
        if not within and match:
            fence = "" if fence and match[2].startswith(fence) else fence or match[2]
        elif not within and not fence and _COMMENT_OPENS.match(line) and "-/" not in line:
            within, fences = True, []
        elif within and match:
            fences.append(number)
        elif within and "-/" in line:
            within, ended = False, len(fences) % 2 == 0
    return found
