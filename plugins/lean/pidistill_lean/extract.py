"""The Lean text in a completion: from a Markdown fence, from plain text with prose around it, or as a bare proof.

Only lines and words are looked at, never Lean's grammar: what the text means is for the runtime to find out. The rules,
first match wins:

1. What follows the last `</think>` counts. Thinking that has no end holds no answer.
2. Of several texts (fenced blocks marked as Lean or not at all, an unclosed one reaching to the end, and what stands
   before the first fence) the last block that states the target; where none does, the text before the fences if that
   one does.
3. Else a bare proof, which goes on where the statement stops: indented text before a closing fence, or the last block,
   or plain text that begins with a tactic.

Blocks are not joined: a completion with several versions of a theorem is judged by its last one. All rules take time
proportional to the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 200_000
"""Characters; longer text is no answer."""
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[ \t]*([\w+.-]*)[^\n]*$")
_LEAN: Final = frozenset({"", "lean", "lean4", "lean3"})
_COMMAND = re.compile(
    r"(?:theorem|lemma|example|def|abbrev|instance|inductive|structure|class|axiom|opaque|import|open|namespace|section|"
    r"end|variable|universe|set_option|attribute|private|protected|public|meta|noncomputable|partial|unsafe|nonrec|mutual|"
    r"local|scoped|notation|infix[lr]?|prefix|postfix|macro|macro_rules|syntax|elab|elab_rules|deriving|export|include|"
    r"omit|initialize|builtin_initialize|declare_syntax_cat|register_option|run_cmd|run_meta|run_elab|simproc|grind_pattern|"
    r"add_decl_doc|suppress_compilation|termination_by|decreasing_by|where)\b|@\[|#\w|/-|--|\|"
)
_DECLARATION = re.compile(r"^(?:theorem|lemma|example|def|instance)\s+\S+[^\n]*:", re.MULTILINE)
_TACTIC = re.compile(
    r"(?:aesop|all_goals|any_goals|apply|apply_fun|assumption|bv_decide|by|by_cases|by_contra|calc|case|cases|change|clear|"
    r"congr|constructor|contradiction|contrapose|conv|decide|delta|dsimp|erw|exact|exacts|exfalso|exists|ext|field_simp|"
    r"first|fin_cases|fun|funext|generalize|grind|have|haveI|induction|infer_instance|injection|interval_cases|intro|"
    r"intros|left|let|letI|lia|linarith|match|native_decide|next|nlinarith|nofun|nomatch|norm_cast|norm_num|nth_rw|"
    r"obtain|omega|pick_goal|polyrith|positivity|push_cast|push_neg|rcases|refine|rename_i|repeat|replace|revert|rfl|"
    r"right|ring|ring_nf|rintro|rotate_left|rw|rwa|set|show|simp|simp_all|simp_arith|simpa|skip|solve_by_elim|sorry|"
    r"specialize|split|subst|subst_vars|suffices|symm|tauto|trans|trivial|try|unfold|use|wlog|zify)\b[!?]?"
    r"|[·.⟨(]|:=|\{|--|/-"
)
_OPENS = re.compile(r"(?:\b(?:by|with|do|then|else|from|at)|=>|:=|↦|,|\{|⟨|\()\s*$")


@dataclass(frozen=True)
class Extracted:
    """The Lean text in a completion."""

    source: str | None
    """What is submitted; None where there is none, and `reason` then says why."""
    given: int = 0
    """How many lines at the beginning of `source` are the statement's, and not the candidate's."""
    reason: str = ""


def extract(completion: str, target: str, statement: str) -> Extracted:
    """The Lean text in `completion`, as a proof of `target`.

    `statement` is the trusted statement with `sorry` for its proof, which a bare proof continues. Never raises.
    """
    text = completion.replace("\r\n", "\n").replace("\r", "\n")
    text = text.rsplit("</think>", 1)[-1]
    if text.lstrip().startswith("<think>"):
        return Extracted(None, reason="its thinking does not come to an end")
    if not text.strip():
        return Extracted(None, reason="the completion is empty")
    before, blocks, marked = fenced_blocks(text)
    states = stating(target)
    for block in reversed(blocks):
        if states.search(block):
            return _checked(block, 0)
    if states.search(before):
        lean = _without_prose(before)
        return _checked(lean if states.search(lean) else before, 0)
    head = head_of(statement)
    written = [block for block in blocks if block.strip()]
    closing = not marked and before.strip() and not before.lstrip("\n")[0].strip()
    if written and not closing:
        if any(_COMMAND.match(line) for line in written[-1].split("\n") if line[:1] not in "-/|"):
            return _checked(written[-1], 0)  # declarations, but not of the target: for the judge to say
        return _bare(head, written[-1])
    if _TACTIC.match(before.lstrip()):
        return _bare(head, _until_prose(before.split("\n")))
    if not before.strip():
        return Extracted(None, reason="the completion holds no Lean text")
    if _DECLARATION.search(before):
        return _checked(_without_prose(before), 0)
    return Extracted(None, reason=f"nothing in it states {target!r}, nor does it begin with a tactic")


def head_of(statement: str) -> str:
    """The statement up to its proof, ready for a tactic block: it ends in `by`."""
    head = re.sub(r"\s*\bsorry\s*$", "", statement.rstrip()).rstrip()
    if re.search(r":=\s*by$", head):
        return head
    return f"{head} by" if head.endswith(":=") else f"{head} := by"


def stating(target: str) -> re.Pattern[str]:
    """Matches where a text declares `target`, or a name that may stand for it within a namespace."""
    last = re.escape(target.rsplit(".", 1)[-1])
    return re.compile(rf"\b(?:theorem|lemma|def|abbrev|instance|axiom|opaque)\s+(?:[\w.«»]+\.)?«?{last}(?![\w.'!?])")


def fenced_blocks(text: str) -> tuple[str, list[str], bool]:
    """What stands before the first fence, what is in those that may hold Lean, and whether the first has a language.

    A fence is closed by one as long as its own.
    """
    before: list[str] = []
    blocks: list[str] = []
    fence, language, lines, marked, seen = "", "", list[str](), False, False
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not fence:
            if match:
                marked = marked or (not seen and bool(match[2]))
                fence, language, lines, seen = match[1], match[2].lower(), [], True
            elif not seen:
                before.append(line)
        elif match and match[1].startswith(fence) and not match[2]:
            if language in _LEAN:
                blocks.append("\n".join(lines))
            fence = ""
        else:
            lines.append(line)
    if fence and language in _LEAN:
        blocks.append("\n".join(lines))
    return "\n".join(before), blocks, marked


def _checked(source: str, given: int) -> Extracted:
    if len(source) > LONGEST:
        return Extracted(None, reason=f"the Lean text is longer than {LONGEST:,} characters")
    return Extracted(source.rstrip() + "\n", given)


def _without_prose(text: str) -> str:
    """Plain text from its first command to its last line that can be Lean."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if _COMMAND.match(line) and not line.startswith("|")), 0)
    return _until_prose(lines[start:])


def _until_prose(lines: Sequence[str]) -> str:
    """The lines up to the first one that stands at the margin, after a blank one, and begins no command."""
    depth, blank = 0, False
    for number, line in enumerate(lines):
        outside = depth == 0
        depth = max(0, depth + line.count("/-") - line.count("-/"))
        if outside and blank and number and line.strip() and not line[0].isspace() and not _COMMAND.match(line):
            return "\n".join(lines[:number])
        blank = not line.strip()
    return "\n".join(lines)


def _bare(head: str, body: str) -> Extracted:
    """`body` behind `head`, which ends in `by`; the body's own `:=` and `by` are taken off."""
    text = re.sub(r"^\s*:=", "", body)
    text = re.sub(r"^\s*by\b[ \t]*\n?", "", text) if re.match(r"\s*by\b", text) else text
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return Extracted(None, reason="the completion holds no proof")
    return _checked("\n".join([head, *_indented(lines)]), head.count("\n") + 1)


def _indented(lines: Sequence[str]) -> list[str]:
    """The lines moved right where they stand at the margin; a first line that has lost its indentation gets it back."""
    first, rest = lines[0], [line for line in lines[1:] if line.strip()]
    if first[0].isspace():
        return list(lines)
    least = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    if least and not _OPENS.search(first):
        return [" " * least + first, *lines[1:]]
    return ["  " + line if line.strip() else "" for line in lines]
