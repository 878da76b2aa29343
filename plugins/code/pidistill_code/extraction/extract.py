"""The code in a completion: from a Markdown fence, from plain text with prose around it, or as the prompt's
continuation.

The rules look at lines and indentation only, since a completion is foreign text. The grammar is asked last, of code
that is short enough for any nesting to be no more than an error of the parser: where what the rules have found is no
Python, other readings of the same answer are tried (`readings`), and the first that is Python counts. What else is
wrong with the code the sandbox finds out. The rules, first match wins:

0. A text that is Python and defines the entry point is the program, and so is one that is Python behind the prompt:
   nothing in it is a fence, a tag or a session but what a string quotes (`wholes`). Where there are words around the
   code, that holds for each of its statements.
1. What stands between the marks of thoughts does not count (`thoughts`), and neither does what an answer is wrapped
   into: tags, one more fence (`wrappings`). Code that is carried as data counts where nothing beside it is an answer
   (`carried`), and an edit as the code that it makes (`edited`), in a call of a tool, too (`tools`).
2. Fenced blocks marked as Python or not at all, with the indentation of the fence taken away: the last one that defines
   the entry point, unless the words above it call it another version (`definitions`, `announcing`), with what it needs
   of the other blocks (`helpers`, `files`). A quotation's marks are taken away. Code without a fence below them is a
   block, too, where the words above say that it is the answer. Where no block defines it, but the text at its margin
   does, rule 3.
   Of a program, the last block that reads input and writes output (`programs`), with what it needs, in the same way.
3. Plain text that defines the entry point, without the prose before, between and after its code (`prose`). Constants,
   imports and `try:` above the first definition belong to it.
4. Text, or the last block, that goes on where the prompt stops, if the problem allows that: the prompt, then the text
   up to the first unindented line that is prose, indented as the prompt's body is. Where the first line has lost its
   indentation, the next one tells whether all have. A body that is followed by the function anew goes on, too, where
   it is no program by itself.

What pages, notebooks and chats put around code is taken away before and after (`pages`): what follows the token that
ends a turn, or the words of another one (`turns`), `<pre>`, the commands of a notebook, and, where nothing else defines
the entry point, the prompts of a session that was typed in, the signs of a difference between two files and the back
quotes of code in a line. A fence that only ends is one that the prompt began.

An unclosed fence reaches to the end. All rules take time proportional to the text's length.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Final

from pidistill.authoring.fences import unquoted
from pidistill_code.extraction.announcing import announces_final
from pidistill_code.extraction.blocks import BUILT_IN, defines, written
from pidistill_code.extraction.carried import carried
from pidistill_code.extraction.continuing import in_body, indentation_of
from pidistill_code.extraction.definitions import is_stub, last_definition, without_others
from pidistill_code.extraction.edited import with_edits
from pidistill_code.extraction.fenced import DIFFS, Block, below_all, blocks_of
from pidistill_code.extraction.files import with_own_imports
from pidistill_code.extraction.helpers import only_gives, with_helpers
from pidistill_code.extraction.mendings import Below, with_mendings
from pidistill_code.extraction.pages import (
    FENCE,
    as_written,
    before_lone_fence,
    is_typed_in,
    typed_in,
    within_a_line,
    without_magics,
)
from pidistill_code.extraction.programs import is_program, program_of, typed_program
from pidistill_code.extraction.prose import (
    body,
    is_prose,
    is_statement,
    margins,
    only_defines,
    without_last_words,
    without_prose,
)
from pidistill_code.extraction.readings import (
    LONGEST_LOOKED_AT,
    readings,
    with_openings_apart,
    without_cut_end,
    without_cut_word,
)
from pidistill_code.extraction.thoughts import without_thoughts
from pidistill_code.extraction.tools import with_calls_written
from pidistill_code.extraction.turns import own_turn
from pidistill_code.extraction.wholes import holds_no_fence, is_whole, marks_in_strings
from pidistill_code.extraction.wrappings import answer_in_tags, unwrapped, within_tags
from pidistill_code.syntax import goes_back, is_python, module_names

LONGEST: Final = 1_000_000
"""Characters; longer code is no answer."""
_DEFINES = re.compile(r"^(?:async[ \t]+def|def|class|import|from)[ \t]", re.MULTILINE)


@dataclass(frozen=True)
class Extracted:
    """The program in a completion."""

    code: str | None
    """None where there is none; `reason` then says why."""
    continued: int = 0
    """How many lines of the prompt come first in `code`."""
    reason: str = ""


def extract(completion: str, entry_point: str, prompt: str | None = None) -> Extracted:
    """The program in `completion`. `prompt` is the code it may continue; None where it may not. Never raises."""
    name = entry_point.split(".", 1)[0].removesuffix("()")
    text = completion.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text = carried(with_calls_written(text, name), name)
    first = _whole(text, name, prompt) or _extract(text, name, prompt)
    if _is_program(first, name):
        return replace(first, code=without_cut_word(str(first.code), text, name))
    others = [_extract(reading, name, prompt) for reading in readings(text, name)]
    cut = [_without_cut_end(found, text, name) for found in (first, *others)]
    return next((found for found in (*others, *cut) if _is_program(found, name)), first)


def _is_program(found: Extracted, name: str) -> bool:
    """Whether it defines `name` and is Python; code that is too long to be looked at may be."""
    code = found.code
    if code is None or (name and not defines(code, name)):
        return False
    return len(code) > LONGEST_LOOKED_AT or is_python(code)


def _without_cut_end(found: Extracted, text: str, name: str) -> Extracted:
    """`found` without a last statement that is cut off where `text` ends, as it is where a model had no more tokens."""
    if found.code is None or not name or not defines(found.code, name):
        return found
    return replace(found, code=without_cut_end(found.code, text, name))


def _extract(text: str, name: str, prompt: str | None) -> Extracted:
    """As `extract`, by the rules above."""
    answer = without_thoughts(text, name)
    if answer is None:
        return Extracted(None, reason="it ends within the model's thoughts")
    text = answer_in_tags(as_written(unwrapped(answer)), name)
    fenced = "```" in text or "~~~" in text
    text = unquoted(text) if fenced else text
    within = marks_in_strings(text, name)
    text = own_turn(text, name, prompt is not None and text.lstrip("\n")[:1].isspace(), within)
    text = before_lone_fence(text, within) if fenced else text
    if fenced and (apart := with_openings_apart(text)) != text:
        text, within = apart, marks_in_strings(apart, name)
    made = with_edits(text, name, prompt, within)
    if made is None:
        return Extracted(None, reason="an edit in it fits nothing that it shows")
    if made != text:
        text, within = made, marks_in_strings(made, name)
    blocks = blocks_of(text, within=within)
    if blocks and not any(block.text.strip() for block in blocks):
        blocks, text = [], "\n".join(line for line in text.split("\n") if not FENCE.match(line))
    if blocks and (last := _below_fences(text, blocks[-1], name)):
        blocks.append(last)
    end = below_all(text, blocks[-1].text) if blocks else ""
    blocks, whole = with_own_imports(blocks, name), text
    if not blocks:
        text = within_tags(text.rstrip().removesuffix("```"), name, within)
    if not text.strip():
        return Extracted(None, reason="the completion is empty")
    if not name:
        return _checked(program_of(blocks, end) if blocks else typed_program(text) or without_prose(text, ""), 0)
    those = [number for number, block in enumerate(blocks) if defines(block.text, name)]
    if not those and (changed := [block.text for block in blocks_of(text, DIFFS, within) if defines(block.text, name)]):
        return _checked(changed[-1], 0)
    if not those and is_typed_in(text) and not _stands_outside(text, name):
        for typed in [*(typed_in(block.text) for block in reversed(blocks)), typed_in(text)]:
            if defines(typed, name):
                return _checked(typed, 0)
    words = [block.words for block in blocks]
    defining = last_definition([block.text for block in blocks], name, words, end)
    if defining is not None:
        beside = _beside(blocks, defining, name)
        around = zip(words, beside, [*words[1:], end], strict=True)
        below = list(starmap(Below, around))[defining + 1 :]
        whole_block = _checked(with_mendings(with_helpers(beside, defining, name), beside[defining], below, name), 0)
        return _or_continued(whole_block, blocks[defining].text, name, prompt)
    if not blocks and prompt is None and not any(line[:1].strip() for line in text.split("\n")):
        text = textwrap.dedent(text)
    text = text if blocks else without_others(text, name)
    if defines(text, name) and (not blocks or _stands_outside(text, name)):
        return _or_continued(_checked(without_prose(text, name), 0), text, name, prompt)
    code = blocks[-1].text if blocks else text
    if prompt is None:
        spans = [span for span in within_a_line(whole) if written(name).match(span)]
        if spans and not (blocks and defines(code, name)):
            return _checked(spans[-1], 0)
        return Extracted(None, reason=f"nothing in it defines {name!r}") if not blocks else _checked(code, 0)
    return _continued(code if blocks else body(code), name, prompt)


def _whole(text: str, name: str, prompt: str | None) -> Extracted | None:
    """The program where the text is one, or one behind the prompt, up to prose that has no other code below it."""
    module = textwrap.dedent(text)
    if is_whole(module, name) and (prompt is None or module == text or not goes_back(module)):
        return _checked(module if name and only_defines(module) else without_last_words(module), 0)
    told = body(text)
    lines, below = told.strip("\n").split("\n"), text[len(told) :]
    if prompt is None or not (lines[0][:1].isspace() or is_statement(lines[0])) or not told.strip():
        return None
    if _stands_outside(told, name) or defines(below, name) or is_typed_in(below):
        return None
    if any(FENCE.match(line) for line in below.split("\n")):
        return None
    found = _after(prompt, lines)
    return found if found.code is not None and holds_no_fence(found.code) else None


def _or_continued(found: Extracted, text: str, name: str, prompt: str | None) -> Extracted:
    """`found`; or, where that is no program, the prompt with `text`, which ends the body and then defines it anew, or
    what stands below the indented words that it begins with."""
    if prompt is None or not text.lstrip("\n")[:1].isspace() or is_python(found.code or ""):
        return found
    others = _continued(body(text), name, prompt), _checked(without_prose(text.lstrip(), name), 0)
    return next((other for other in others if is_python(other.code or "")), found)


def _continued(code: str, name: str, prompt: str) -> Extracted:
    lines = code.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return Extracted(None, reason="the completion holds no code")
    if not lines[0][0].isspace() and not is_statement(lines[0]):
        indented = next((number for number, line in enumerate(lines) if line[:1].isspace() and line.strip()), None)
        if indented is None or not all(is_prose(line) for line in lines[:indented] if line.strip()):
            return Extracted(
                None, reason=f"nothing in it defines {name!r}, nor does it go on where the prompt stops"
            )  # fmt: skip
        lines = lines[indented:]
    return _after(prompt, lines)


def _after(prompt: str, lines: list[str]) -> Extracted:
    """The prompt, and `lines` that go on with its body."""
    head = prompt.rstrip("\n")
    return _checked("\n".join([head, *in_body(lines, indentation_of(prompt))]), head.count("\n") + 1)


def _checked(code: str, continued: int) -> Extracted:
    if len(code) > LONGEST:
        return Extracted(None, reason=f"the code is longer than {LONGEST:,} characters")
    return Extracted(without_magics(code).rstrip(" \t\n\f\v") + "\n", continued)


def _below_fences(text: str, last: Block, name: str) -> Block | None:
    """What stands below the last block without a fence, where it is the answer by itself and the words above it say
    so."""
    below = below_all(text, last.text)
    if len(below) > LONGEST_LOOKED_AT or (name not in below if name else "(" not in below):
        return None
    if name and not written(name).search(below):
        return None
    code = without_prose(below, name).strip("\n")
    above = below[: below.find(code.split("\n", 1)[0])]
    if not announces_final(above) or not (is_python(code) and defines(code, name) if name else is_program(code)):
        return None
    return Block(code, last.marked, above)


def _beside(blocks: list[Block], at: int, name: str) -> list[str]:
    """The blocks with nothing for those that show what came of a program: not marked as the one `at` is, and without
    anything that only a program has, unless they give values to names that it needs and that no other block makes.
    Nor are versions below that are not the answer."""
    kept = [block.marked or not blocks[at].marked or bool(_DEFINES.search(block.text)) for block in blocks]
    if not all(kept) and all(len(block.text) <= LONGEST_LOOKED_AT for block in blocks):
        lacking = module_names(blocks[at].text)[0].difference(
            BUILT_IN, *(module_names(block.text)[1] for block, is_kept in zip(blocks, kept, strict=True) if is_kept)
        )
        kept = [is_kept or only_gives(block.text, lacking) for block, is_kept in zip(blocks, kept, strict=True)]
    rivals = {number for number in range(at + 1, len(blocks)) if name and _is_rival(blocks[number].text, name)}
    return [it.text if kept[number] and number not in rivals else "" for number, it in enumerate(blocks)]


def _is_rival(code: str, name: str) -> bool:
    """Whether it is another version of what is asked for, with helpers of its own."""
    return name in code and written(name).search(code) is not None and not is_stub(code, name)


def _stands_outside(text: str, name: str) -> bool:
    """Whether the text defines `name` at the margin, so that its fences belong to docstrings."""
    return name in text and any(defines(line, name) for _, line in margins(text.split("\n")) if name in line)
