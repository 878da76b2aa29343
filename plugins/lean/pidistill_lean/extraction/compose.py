"""The files that a piece of Lean text may stand for: alone, behind the problem's commands, or as a proof of its head.

Which of them is meant is for Lean's parser to say, so several may come back, the likeliest first. Nothing is added to a
candidate's text but what the problem itself says, and white space.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pidistill_lean.extraction.comments import without_comments
from pidistill_lean.protocol import Item


@dataclass(frozen=True)
class Extracted:
    """The Lean text in a completion."""

    source: str | None
    """What is submitted; None where there is none, and `reason` then says why."""
    given: int = 0
    """How many lines at the beginning of `source` are the problem's, and not the candidate's."""
    reason: str = ""
    others: tuple[Extracted, ...] = ()
    """Other ways to read the completion, for where Lean does not take `source`."""


_PROOF = re.compile(r"\s*(?::=\s*)?(?:by\s+)?(?:\bsorry|\badmit)\b(?:\s*(?:--[^\n]*|/-(?:.|\n)*?-/))*\s*$")
NAMED: Final = re.compile(
    r"(?:^|\s)(?:theorem|lemma|def|abbrev|instance|inductive|structure|class|axiom|opaque)\s+(?P<name>[\w.«»'!?]*[\w»'!?])"
)
"""Where a declaration says its name; the dot of universe names, as in `f.{u}`, is no part of it."""
_SCOPED = re.compile(r"(?:open|variables?|universes?|set_option|include|omit|local|attribute)\b")
"""A command that is in force up to the end of its scope."""
_OPENS_OR_ENDS = re.compile(r"(?<!\S)(?:namespace|section|mutual|end)(?!\S)")
_SCOPE_OR_NAME = re.compile(
    rf"{NAMED.pattern}|^[ \t]*(?:noncomputable[ \t]+)?(?P<opens>namespace|section)\b"
    r"[ \t]*(?P<scope>[\w.«»'!?]*)|^[ \t]*(?P<ends>end)\b",
    re.MULTILINE,
)
_IMPORT = re.compile(r"^[ \t]*(?:public[ \t]+|meta[ \t]+)*import[ \t]+[\w.«» \t]+$")
_SCOPE: Final = re.compile(
    r"(?:@\[[^\n]*\]\s*)?(?:(?:public|noncomputable|meta)\s+)*(?:namespace|section)\b[ \t]*([\w.«»'!?]*)"
)
_END: Final = re.compile(r"end\b")
_COMMENT = re.compile(r"^\s*/-(?![-!])")
_OPENS = re.compile(r"(?:\b(?:by|with|do|then|else|from|at|in)|=>|:=|↦|,|\{|⟨|\()\s*$")


def head_of(statement: str) -> str:
    """The statement up to its proof, ready for a tactic block: it ends in `by`."""
    head = _PROOF.sub("", statement.rstrip()).rstrip()
    if re.search(r":=\s*by$", head):
        return head
    return f"{head} by" if head.endswith(":=") else f"{head} := by"


def whole(text: str, item: Item | None) -> list[Extracted]:
    """A text that states the theorem: behind what the problem says before it that the text does not, and alone.

    Where the theorem stands in a namespace, the text may go on in it, or open it anew.
    """
    alone = Extracted(text.rstrip() + "\n")
    before = item.before if item is not None else ()
    lacking = _lacking(before, text)
    if not lacking:
        return [alone]
    imports, rest = _imports(text)
    found = []
    anew = any(_SCOPE.match(command) and command not in lacking for command in before)
    closed = _closed(before, lacking)
    for commands in (closed, lacking) if anew else (lacking, closed):
        if commands:
            front = ([" ".join(imports)] if imports else []) + "\n".join(commands).split("\n")
            found.append(Extracted("\n".join([*front, rest.rstrip()]) + "\n", len(front)))
    return [*found, alone]


def bare(body: str, statement: str, item: Item | None) -> list[Extracted]:
    """A text that is a proof and no theorem, behind the problem's head: as a block of tactics, and as a term."""
    lines = body.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return []
    imports, rest = _imports("\n".join(lines))
    if imports:  # no proof begins so
        return bare(rest, statement, item) if rest.strip() else []
    if item is not None:
        head, front = item.head, "".join(f"{command}\n" for command in item.before)
    else:
        head, front = head_of(statement).removesuffix("by").rstrip().removesuffix(":=").rstrip(), ""
    start = lines[0].lstrip()
    if start.startswith(("|", "where")):
        return [_behind(f"{front}{head}", lines), *_proofs(front + head, lines)]
    return _proofs(front + head, lines)


def _proofs(head: str, lines: list[str]) -> list[Extracted]:
    text = re.sub(r"^\s*:=[ \t]*\n?", "", "\n".join(lines))
    tactics = text
    if re.match(r"\s*by\b", text):
        tactics = re.sub(r"^\s*by\b[ \t]*\n?", "", text)
    found = _each_behind(f"{head} := by", _trimmed(tactics))
    if tactics == text:
        found += _each_behind(f"{head} :=", _trimmed(text))
    return [way for way in found if way.source is not None]


def _trimmed(text: str) -> list[str]:
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines


def _each_behind(head: str, lines: Sequence[str]) -> list[Extracted]:
    if not lines:
        return []
    return [_put(head, indented) for indented in _indented(lines)]


def _behind(head: str, lines: Sequence[str]) -> Extracted:
    if not lines:
        return Extracted(None, reason="the completion holds no proof")
    return _put(head, _indented(lines)[0])


def _put(head: str, lines: Sequence[str]) -> Extracted:
    return Extracted("\n".join([head, *lines]).rstrip() + "\n", head.count("\n") + 1)


def _indented(lines: Sequence[str]) -> list[list[str]]:
    """The lines moved right where they stand at the margin; a first line that has lost its indentation gets it back.

    Where the first line opens a block and what follows is indented, it may be either, and both come back.
    """
    first, rest = lines[0], [line for line in lines[1:] if line.strip()]
    if first[0].isspace():
        return [list(lines)]
    least = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    moved = ["  " + line if line.strip() else "" for line in lines]
    if not least:
        return [moved]
    given_back = [" " * least + first, *lines[1:]]
    return [moved, given_back] if _OPENS.search(first) else [given_back]


def _lacking(before: Sequence[str], text: str) -> list[str]:
    """Those of the problem's commands that the text neither repeats nor has its own of the name of.

    Comments repeat nothing, and a helper of the same last name in another namespace is another one. Where the text goes
    on within the problem's namespace, it says a name without it.
    """
    bare_text = without_comments(text)
    folded = " ".join(bare_text.split())
    own = {full for full, _ in _declared(bare_text)}
    names = {said: {full, said} for full, said in _declared("\n".join(map(without_comments, before)))}
    kept = []
    for command in before:
        told = " ".join(without_comments(command).split())
        named = NAMED.search(told)
        if not (_repeats(told, folded) or (named and names.get(named[1], {named[1]}) & own)):
            kept.append(command)
    # what is left may only open and close, and then says nothing
    return kept if any(not command.startswith("end") for command in kept) else []


def _repeats(command: str, text: str) -> bool:
    """Whether `text` has this command for all that follows: not a longer one, one for the next command alone, or one in
    a scope that is closed before the last declaration. Both are on one line."""
    at = text.find(command)
    while at >= 0:
        end = at + len(command)
        if text[at - 1 : at] in ("", " ") and text[end : end + 1] in ("", " ") and not text.startswith(" in ", end):
            if not (_SCOPED.match(command) and _is_over(text, end)):
                return True
        at = text.find(command, at + 1)
    return False


def _is_over(text: str, at: int) -> bool:
    """Whether the scope that is open there ends, and a declaration follows."""
    depth = 0
    for found in _OPENS_OR_ENDS.finditer(text, at):
        depth += -1 if found[0] == "end" else 1
        if depth < 0:
            return NAMED.search(text, found.end()) is not None
    return False


def _declared(text: str) -> list[tuple[str, str]]:
    """What declarations in it are called, in full, by the namespaces that they stand in, and as they say it."""
    scopes: list[str] = []
    found = []
    for part in _SCOPE_OR_NAME.finditer(text):
        if part["name"] is not None:
            found.append((".".join([*filter(None, scopes), part["name"]]), part["name"]))
        elif part["opens"] is not None:
            scopes.append(part["scope"] if part["opens"] == "namespace" else "")
        elif scopes:
            scopes.pop()
    return found


def _closed(before: Sequence[str], lacking: Sequence[str]) -> list[str]:
    """The lacking commands in the scopes that the problem has them in, all of which are closed behind them.

    Empty where no scope is open there.
    """
    scopes: list[str] = []
    kept = []
    for command in before:
        opens, closes = _SCOPE.match(command), _END.match(command)
        if opens:
            scopes.append(opens[1] or "")
        elif closes and scopes:
            scopes.pop()
        if opens or closes or command in lacking:
            kept.append(command)
    return [*kept, *(f"end {name}".rstrip() for name in reversed(scopes))] if scopes else []


def _imports(text: str) -> tuple[list[str], str]:
    """The import lines at the beginning, and the text with blank lines in their place."""
    lines = text.split("\n")
    found = []
    comment = False
    for number, line in enumerate(lines):
        if comment or _COMMENT.match(line):
            comment = "-/" not in line
            if not comment and line.rsplit("-/", 1)[1].strip():
                break
        elif _IMPORT.match(line):
            found.append(line.strip())
            lines[number] = ""
        elif line.strip() and not line.lstrip().startswith("--"):
            break
    return found, "\n".join(lines)
