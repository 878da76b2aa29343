"""The program that an answer's edits make of the code that it has shown above, or of the prompt's.

An edit counts as the code that it makes: a block in its place. It is made of the last code above that holds what it
replaces; one that has been made there already changes nothing, and a whole new file is a block like any other. What is
shown of a file that the answer does not show counts as far as it defines what is asked for. Where code is shown, and
the edit fits none of it, nobody knows what was meant, so neither that code nor the edit is an answer; what follows may
be one. Edits of tests, of callers, of texts and of data are none of an answer's business. Nor are those that fit
nothing where the program reads edits, or where the words above call them an example or a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

from pidistill_code.extraction.blocks import defines, written
from pidistill_code.extraction.continuing import quoted
from pidistill_code.extraction.edits import Edit, Span, may_hold_edits, spans
from pidistill_code.extraction.fenced import DIFFS, fences, unindented
from pidistill_code.extraction.programs import may_be_one
from pidistill_code.extraction.prose import STRING, without_prose
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.extraction.sections import SETS_RIGHT
from pidistill_code.syntax import is_python

_OTHER_FILE = re.compile(r"(?:(?:\A|/)(?:test_[^/]*|[^/]*_test|conftest)\.py|\.(?!pyi?\Z)\w+)\Z", re.IGNORECASE)
"""A file that holds tests or no Python."""
_NAMES_FILE = re.compile(r"`([\w./-]+\.\w{1,5})`")
_ASIDE = re.compile(
    r"\b(?:for instance|e\.g|examples?|inputs?|outputs?|samples?|given|suppose|usage|use (?:it|them)|call(?:s|ers?)?|"
    r"compar\w+|against|differences?|differs?|relative to|schematic\w*|your (?:code|version|attempt|original)|run|"
    r"note that)\b",
    re.IGNORECASE,
)
"""What is said above an edit of something else than the program that is shown."""
_EDITS = re.compile(
    r"\b(?:diffs?|patch\w*|hunks?|edit\w*|chang\w*|appl\w+|replac\w*|modif\w*|add\w*|adjust\w*|rewrit\w*|"
    r"repair\w*|mend\w*|needs?|final\w*)\b|`[\w./-]+\.py`",
    re.IGNORECASE,
)
"""What is said above an edit that is to be made."""
_READS_EDITS = re.compile(
    r"""['"][\^]?(?:<{5}|>{5}|\+{3}|\\\+|@@|\*{3} )|SEARCH|\b(?:old|new)_(?:str|string|text|code)\b"""
)
"""What a program holds that reads edits."""
_MOST: Final = 100
"""Edits that are made."""
_LIKE_CODE = re.compile(
    r"(?:return|def|class|import|from|for|while|if|elif|else|try|except|with|raise|yield|pass|break|continue|async|@)\b|"
    r"[\w.\[\](), ]+?[ \t]*(?:[-+*/%|&^]|//|\*\*)?=(?!=)|[\w.]+\(.*\)$"
)


@dataclass
class _Code:
    """What a block holds, or a file."""

    lines: list[str]
    begin: int = -1
    """Where its lines are in those that are given out; -1 where they are not."""


def with_edits(text: str, name: str, prompt: str | None, within: Container[int]) -> str | None:
    """`text` with what its edits make in their places; only what is below one that fits nothing. None where that does
    not hold what is asked for. The lines `within` strings are no fences."""
    if (
        not may_hold_edits(text)
        or len(text) > LONGEST_LOOKED_AT
        or text.count("\n@@") > _MOST
        or text.count("REPLACE") > _MOST
    ):
        return text
    making = _Making(text.split("\n"), name, prompt)
    if not making.read(within):
        return text
    found = "\n".join(making.out)
    return found if making.fits or _is_meant(found, name) else None


class _Making:
    """Edits that are made one by one, as the text goes on."""

    def __init__(self, lines: list[str], name: str, prompt: str | None) -> None:
        self._lines, self._name = lines, name
        self._prompt = None if prompt is None else _Code(prompt.rstrip("\n").split("\n"))
        self._known = list[_Code]()
        self.out, self.fits = list[str](), True

    def read(self, within: Container[int]) -> bool:
        """Whether there are any edits."""
        found, at = False, 0
        for begin, end, language in fences(self._lines, within):
            self._lines[begin : end + 1] = unindented(self._lines[begin : end + 1])
            outside = self._outside(at, begin)
            fenced = self._fenced(begin, end, language)
            found, at = found or outside or fenced, end + 1
        return self._outside(at, len(self._lines)) or found

    def _outside(self, begin: int, end: int) -> bool:
        """What no fence is around."""
        found = spans(self._lines, begin, end)
        inside = quoted(self._lines[begin:end]) if found else set()
        found = [span for span in found if span.begin - begin not in inside]
        for span in found:
            above = self._lines[begin : span.begin]
            self._know(without_prose("\n".join(above), self._name).split("\n"))
            self.out += above
            self._make(span)
            begin = span.end
        self.out += self._lines[begin:end]
        return bool(found)

    def _fenced(self, begin: int, end: int, language: str) -> bool:
        """A block between the lines of its fence."""
        inner = self._lines[begin + 1 : end]
        code = "\n".join(inner)
        is_code = language not in DIFFS and (not may_hold_edits(code) or is_python(code))
        found = [] if is_code else spans(self._lines, begin + 1, end, bare=language in DIFFS)
        if found:
            above = self._lines[begin + 1 : found[0].begin]
            if self._know(above):
                self.give(above, "python")
            for span in found:
                self._make(span)
            return True
        if is_code and code.strip():
            self._known.append(_Code(inner, len(self.out) + 1))
        self.out += self._lines[begin : end + 1]
        return False

    def _know(self, lines: list[str]) -> bool:
        if self._is_meant(lines):
            self._known.append(_Code(lines))
            return True
        return False

    def _make(self, span: Span) -> None:
        above = next((line for line in reversed(self.out) if line.strip()), "")
        there = _NAMES_FILE.search(above)
        named = there[1] if there else ""
        edits = [
            edit for edit in span.edits if not (self._is_of_callers(edit) or _OTHER_FILE.search(edit.path or named))
        ]
        shown = any(self._is_meant(code.lines) for code in self._known)
        if not shown and (unseen := self._unseen(edits, span)):
            self.give(unseen, "diff" if span.is_diff else "python")
            return
        if span.is_diff and not any(map(_is_of_code, edits)):
            return
        changed = list[_Code]()
        for edit in edits if span.complete else [None]:
            code = edit and self._changed(edit)
            if code is None and shown and self._is_aside(edits, span, above):
                return
            if code is None:
                self.out, self.fits, self._known = [], False, []
                return
            changed = [*(it for it in changed if it is not code), code]
        for code in changed:
            if code.begin < 0 or self._is_meant(code.lines):
                code.begin = self.give(code.lines, "python")

    def _is_of_callers(self, edit: Edit) -> bool:
        """Whether it is of what imports or tests what is asked for."""
        new = "\n".join(edit.new)
        imports = self._name and re.search(rf"^from [\w.]+ import [^\n]*\b{re.escape(self._name)}\b", new, re.MULTILINE)
        if self._name and written(self._name).search(new):
            return False
        return bool(imports or re.search(r"^[ \t]*def test_", new, re.MULTILINE))

    def _is_aside(self, edits: Sequence[Edit], span: Span, above: str) -> bool:
        """Whether edits that fit nothing are none of the program that is shown: it reads such edits itself, they are of
        code that comes to call it, or the words above them say so. A bare difference is one only as it is called so."""
        if any(_READS_EDITS.search("\n".join(code.lines)) for code in self._known if self._is_meant(code.lines)):
            return True
        calls = re.compile(rf"\b{re.escape(self._name)}\(")
        if self._name and any(calls.search("\n".join(edit.new)) for edit in edits):
            if not any(calls.search("\n".join(edit.old)) for edit in edits):
                return True
        if SETS_RIGHT.search(above) or not above.strip("` \t"):
            return False
        bare = span.is_diff and not any(edit.path for edit in edits) and not _EDITS.search(above)
        return bare or _ASIDE.search(above) is not None

    def _unseen(self, edits: Sequence[Edit], span: Span) -> list[str]:
        """What edits show of a file that is nowhere shown, where that defines what is asked for."""
        whole = any(edit.whole for edit in edits) or not span.complete
        if whole or (self._prompt and all(applied(self._prompt.lines, edit) is not None for edit in edits)):
            return []
        new = [line for edit in edits for line in ("", *edit.new)]
        if not self._is_meant(new) or not (span.is_diff or is_python("\n".join(new))):
            return []
        return [f"+{line}" for line in new] if span.is_diff else new

    def _changed(self, edit: Edit) -> _Code | None:
        """The code that the edit is made of, changed, or as it is where it has been made there before."""
        if edit.whole:
            named = edit.path.endswith(".py") and not self._is_meant(list(edit.new))
            self._known.append(_Code([f"# {edit.path}", *edit.new] if named else list(edit.new)))
            return self._known[-1]
        for code in reversed(self._known):
            if (lines := applied(code.lines, edit)) is not None:
                if code.begin >= 0 and not self._is_meant(lines):
                    self._put(code, lines)
                code.lines = lines
                return code
        lines = None if self._prompt is None else applied(self._prompt.lines, edit)
        if lines is None:
            return None
        self._known.append(_Code(lines))
        return self._known[-1]

    def _put(self, code: _Code, lines: list[str]) -> None:
        """A helper is changed where it stands."""
        shift = len(lines) - len(code.lines)
        self.out[code.begin : code.begin + len(code.lines)] = lines
        for it in self._known:
            it.begin += shift if it.begin > code.begin else 0

    def give(self, lines: Sequence[str], language: str) -> int:
        """The number of the first line of a block that holds these."""
        self.out += ["", f"```{language}", *lines, "```"]
        return len(self.out) - len(lines) - 1

    def _is_meant(self, lines: Sequence[str]) -> bool:
        return _is_meant("\n".join(lines), self._name)


def _is_meant(code: str, name: str) -> bool:
    return defines(code, name) if name else may_be_one(code, wholly=True)


def _is_of_code(edit: Edit) -> bool:
    """Whether a difference is one of code, rather than of what a program has printed."""
    changed = set(edit.old) ^ set(edit.new)
    return edit.whole or any(_LIKE_CODE.match(line.strip()) for line in changed)


def applied(lines: Sequence[str], edit: Edit) -> list[str] | None:
    """`lines` after the edit; as they are where they hold all that is new, and None where they do not hold what is
    old."""
    if not any(map(str.strip, edit.old)):
        at = _anchor(lines, edit)
        return None if at is None else [*lines[:at], *edit.new, *lines[at:]]
    for old, new in ((edit.old, edit.new), (_stripped(edit.old), _stripped(edit.new))):
        places = _places(lines, old)
        if places and not (_places(new, old) and _places(lines, new)):
            below = _anchor(lines, edit) or 0
            at, indent = min(places, key=lambda place: (place[0] < below, edit.line and abs(place[0] + 1 - edit.line)))
            return [
                *lines[:at],
                *(f"{indent}{line}" if line.strip() else line for line in new),
                *lines[at + len(old) :],
            ]
    there, before, after = (set(map(_said, some)) - {""} for some in (lines, edit.old, edit.new))
    made = after - before or after
    return list(lines) if made and made <= there and not (before - after and before - after <= there) else None


def _said(line: str) -> str:
    """A line without its indentation and its comment."""
    if "#" in line:
        line = STRING.sub(lambda found: "" if found[0].startswith("#") else found[0], line)
    return line.strip()


def _places(lines: Sequence[str], part: Sequence[str]) -> list[tuple[int, str]]:
    """Where `part` stands in `lines`, as it is or all of it further in, with the indentation that it lacks."""
    bare, own = [line.strip() for line in lines], [line.strip() for line in part]
    found = list[tuple[int, str]]()
    for at in range(len(lines) - len(part) + 1 if any(own) else 0):
        if bare[at] == own[0] and bare[at : at + len(own)] == own:
            pairs = zip(lines[at : at + len(own)], part, strict=True)
            indents = {there.rstrip().removesuffix(line.rstrip()) for there, line in pairs if line.strip()}
            if len(indents) == 1 and not (indent := indents.pop()).strip():
                found.append((at, indent))
    return [it for it in found if not it[1]] or found


def _anchor(lines: Sequence[str], edit: Edit) -> int | None:
    """The number of the line behind that which an edit names; the end where it names none, None where there is no such
    line."""
    if edit.below:
        return next((n + 1 for n, line in enumerate(lines) if line.strip() == edit.below.strip()), None)
    return min(edit.line, len(lines)) if edit.line else len(lines)


def _stripped(lines: Sequence[str]) -> list[str]:
    """Without empty ones before and after."""
    full = [n for n, line in enumerate(lines) if line.strip()]
    return list(lines[full[0] : full[-1] + 1]) if full else []
