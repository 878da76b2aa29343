"""Other readings of an answer, for where the first one is no Python.

Code that does not parse is not what was meant, where the same answer can be read so that it does: with a fence that
shares its line with words, with spaces from a web page, or up to where a model was cut off, which is behind a complete
function and in the midst of a test, a second example or an explanation. None of these readings is tried where the first
one is Python, and none of them leaves out a definition of what is asked for.
"""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from pidistill_code.extraction.blocks import defines, pieces
from pidistill_code.extraction.pages import FENCE
from pidistill_code.extraction.prose import STRING, is_prose, margins
from pidistill_code.syntax import is_python, module_names

LONGEST_LOOKED_AT: Final = 50_000
"""Characters of code that is parsed here: few enough for any nesting to be an error of the parser and no more."""
_OPENED = re.compile(r"([^`\n]*[^`\s])[ \t]*(```+)[ \t]*([\w+.-]*)[ \t]*$")
_OPENS_PYTHON = re.compile(r"(?<!`)`{3,}[ \t]*(?:python|py)[\d.]*\s*\Z", re.IGNORECASE)
_CLOSED = re.compile(r"([^`\n]*[^`\s])[ \t]*(```+)[ \t]*$")
_CLOSED_BEFORE_WORDS = re.compile(r"[ \t]*(```+)[ \t]?([^`\s]+[ \t][^`\n]*)$")
_LANGUAGE = re.compile(r"\{?\.?(?:python|py|pycon|cpython)\d*\b", re.IGNORECASE)
_UNSEEN: Final = str.maketrans(
    {**dict.fromkeys("\u00a0\u2007\u202f\u3000", " "), **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", None)}
)
"""Spaces of other widths, which an editor shows as such, and characters that it does not show."""
_LEADS_ON = re.compile(r"@|#|(?:try|if|elif|else|except|finally|for|while|with|match|async)\b")
"""How the parts begin that a statement at the margin may have before its last one."""
_MOST_PARTS: Final = 4
_BY_NAME = re.compile(r"\b(?:globals|vars|locals|setattr|delattr|exec|eval|modules|__(?!name__|main__)\w+__)\b")
"""Ways to give a name another meaning without writing it as one."""
_BEFORE_A_NEW_NAME: Final = r"\b(?:for|as|import|global|nonlocal|del|def|class)[ \t]+"
_DEFINITION = re.compile(r"[ \t]*(?:async|def|class|import|from|@)\b")
_UNCLOSED = re.compile(r"[\"'][^\n]*\Z")
"""A string that the end of the text cuts off."""


def readings(text: str, name: str) -> Iterator[str]:
    """Answers that `text` may be meant for, the likeliest first. `name` is what is asked for, '' for a program."""
    seen = {text}
    apart = with_fences_apart(text) if "```" in text else text
    for other in (apart, text.translate(_UNSEEN), apart.translate(_UNSEEN), text if name else with_fence_closed(text)):
        if other not in seen:
            seen.add(other)
            yield other


def with_fence_closed(text: str) -> str:
    """`text` with its last fence, where nothing closes it, closed above the words at its end. Where these have code
    among them, it is no program that ends there. Of a function that is asked for, `without_cut_end` takes them away."""
    lines, begins = text.split("\n"), -1
    for number, line in enumerate(lines):
        if (fence := FENCE.match(line)) and (begins < 0 or not fence[3]):
            begins = -1 if begins >= 0 else number
    starts = [begins + 1 + number for number, _ in margins(lines[begins + 1 :])] if begins >= 0 else []
    words = list(takewhile(lambda number: is_prose(lines[number]), reversed(starts)))
    if not words:
        return text
    below = [line for line in lines[words[-1] :] if line.strip()]
    cut_off = keyword.iskeyword(below[0].split()[0]) or " " not in below[0].strip()
    if cut_off or any(_DEFINITION.match(line) or not is_prose(line.strip()) for line in below):
        return text
    return "\n".join([*lines[: words[-1]], lines[begins].strip()[:3], *lines[words[-1] :]])


def with_openings_apart(text: str) -> str:
    """`text` with each fence marked as Python that opens a block where other words end on a line of its own. A line
    within a block, a string or a bracket opens none."""
    lines, within = text.split("\n"), ""
    may_open = {
        number: opened
        for number, line in enumerate(lines)
        if "```" in line and not FENCE.match(line) and (opened := _OPENS_PYTHON.search(line))
    }
    starts = dict(margins(lines)) if may_open else {}
    for number, line in enumerate(lines) if starts else ():
        fence = FENCE.match(line)
        if fence and (not within or (fence[2].startswith(within) and not fence[3])):
            within = "" if within else fence[2]
        elif not within and number in starts and number in may_open:
            before, fence_there = line[: may_open[number].start()].rstrip(), may_open[number][0]
            if "`" not in before and before[-1:] not in ("'", '"'):
                within = "`" * fence_there.count("`")
                lines[number] = f"{before}\n{fence_there}"
    return "\n".join(lines)


def with_fences_apart(text: str) -> str:
    """`text` with each fence on a line of its own: one behind words opens a block, one behind code closes it."""
    lines, within = list[str](), False
    for line in text.split("\n"):
        fence = FENCE.match(line)
        words = _CLOSED_BEFORE_WORDS.match(line)
        if within and words and not _LANGUAGE.match(words[2]):
            lines += [words[1], words[2]]
            within = False
        elif fence and (not within or not fence[3]):
            lines.append(line)
            within = not within
        elif not within and (opened := _OPENED.match(line)):
            lines += [opened[1], f"{opened[2]}{opened[3]}"]
            within = True
        elif within and (closed := _CLOSED.match(line)):
            lines += [closed[1], closed[2]]
            within = False
        else:
            lines.append(line)
    return "\n".join(lines)


def without_cut_end(code: str, text: str, name: str) -> str:
    """`code` without its last statement, where that is what keeps it from being Python and `text` ends in it."""
    lines = code.rstrip().split("\n")
    if len(code) > LONGEST_LOOKED_AT or not _ends(lines, text):
        return code
    begins = [number for number, _ in margins(lines)]
    for number in begins[: -_MOST_PARTS - 1 : -1]:
        cut = "\n".join(lines[number:])
        kept = "\n".join(lines[:number]).rstrip()
        if _may_make(cut, kept, name) or not all(sign.isprintable() or sign.isspace() for sign in cut):
            return code
        if is_python(kept):
            return f"{kept}\n"
        above = begins.index(number) - 1
        if above < 0 or not _LEADS_ON.match(lines[begins[above]]):
            return code
    return code


def _may_make(cut: str, kept: str, name: str) -> bool:
    """Whether the statement could give `name` another meaning, had it not been cut off: unless it only calls it. So it
    could where it makes anew what `name` needs of the code that is kept.

    Where it was cut off right behind the name, or within it, the way there tells.
    """
    bare = _UNCLOSED.sub("", STRING.sub(" ", cut))
    entry = re.escape(name)
    rebound = re.search(rf"\b{entry}\b(?![ \t]*(?:\(|\Z))|(?:,[ \t]*|{_BEFORE_A_NEW_NAME}){entry}[ \t]*\Z", bare)
    begun = re.search(rf"{_BEFORE_A_NEW_NAME}(\w+)\Z", bare)
    if rebound or defines(cut, name) or _BY_NAME.search(cut) or (begun and name.startswith(begun[1])):
        return True
    return any(
        defines(bare, need) or re.search(rf"{_BEFORE_A_NEW_NAME}{re.escape(need)}\b|\b{re.escape(need)}[ \t]*:=", bare)
        for need in needs(kept, name)
        if need in bare
    )


def needs(code: str, name: str) -> set[str]:
    """Names that what `code` makes of `name` looks up in its module, and what these look up."""
    looked_up = defaultdict[str, set[str]](set)
    for piece in pieces(code):
        needed, made = module_names(piece)
        for one in made:
            looked_up[one] |= needed
    found, waiting = set[str](), [name]
    while waiting:
        new = looked_up[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def without_cut_word(code: str, text: str, name: str) -> str:
    """`code` without a last line that is one word where `text` ends: it does nothing, and may be the half of one.

    Not without what `name` begins with: it may have been about to get another meaning.
    """
    lines = code.rstrip().split("\n")
    last = lines[-1]
    if not last.isidentifier() or keyword.iskeyword(last) or text[-1:].isspace() or not _ends(lines, text):
        return code
    begins = [number for number, _ in margins(lines)]
    if name.startswith(last) or begins[-1:] != [len(lines) - 1] or len(begins) == 1:
        return code
    return "\n".join(lines[:-1]).rstrip() + "\n"


def _ends(lines: list[str], text: str) -> bool:
    """Whether `text` ends where `lines` do, or with half a line below, so that nothing says that they are complete."""
    above, _, last = text.rstrip().rpartition("\n")
    if last.strip() != lines[-1].strip() and not last.endswith((".", "!", "?", ":", "`", ">")):
        last = above.rstrip().rpartition("\n")[2]
    return last.strip() == lines[-1].strip()
