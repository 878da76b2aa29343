"""Lean's text and sentences told apart, line by line: where prose ends and a proof begins, and the other way round.

Only words are looked at. A line is taken for a sentence where it reads like one and stands at the margin, behind a
blank line; what is neither that nor Lean stays where it is, for Lean to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

COMMAND = re.compile(
    r"(?:theorem|lemma|example|def|abbrev|instance|inductive|structure|class|axiom|opaque|import|prelude|open|namespace|"
    r"section|end|variable|universe|set_option|attribute|private|protected|public|meta|noncomputable|partial|unsafe|nonrec|mutual|"
    r"local|scoped|notation|infix[lr]?|prefix|postfix|macro|macro_rules|syntax|elab|elab_rules|deriving|export|include|"
    r"omit|initialize|builtin_initialize|declare_syntax_cat|register_option|run_cmd|run_meta|run_elab|simproc|grind_pattern|"
    r"add_decl_doc|suppress_compilation|termination_by|decreasing_by|where|alias|seal|unseal|dsimproc|simproc_decl|"
    r"dsimproc_decl|unif_hint|binder_predicate|register_simp_attr|initialize_simps_projections|proof_wanted|recall|"
    r"irreducible_def|compile_inductive|assert_not_exists|library_note|coinductive)\b|@\[|#\w|/-|--|\|"
)
TACTIC = re.compile(
    r"(?:ac_nf|ac_rfl|admit|aesop|all_goals|and_intros|any_goals|apply|apply_fun|assumption|bv_decide|by|by_cases|by_contra|calc|case|cases|change|clear|"
    r"congr|constructor|contradiction|contrapose|conv|decide|delta|dsimp|erw|exact|"
    r"exact_mod_cast|exacts|exfalso|exists|existsi|ext|field_simp|"
    r"first|fin_cases|fun|funext|gcongr|generalize|grind|have|haveI|induction|infer_instance|injection|injections|"
    r"interval_cases|intro|intros|iterate|left|let|letI|lia|linarith|linear_combination|match|native_decide|next|nlinarith|nofun|nomatch|norm_cast|norm_num|"
    r"nth_rewrite|nth_rw|"
    r"obtain|omega|pick_goal|polyrith|positivity|push_cast|push_neg|rcases|refine|rename_i|repeat|replace|revert|rewrite|rfl|"
    r"right|ring|ring_nf|rintro|rotate_left|rsuffices|rw|rwa|set|show|simp|simp_all|simp_arith|simp_rw|simpa|skip|solve_by_elim|sorry|"
    r"specialize|split|split_ifs|stop|subst|subst_eqs|subst_vars|suffices|symm|tauto|trans|trivial|try|unfold|use|wlog|zify)\b[!?]?"
    r"|[·.⟨(λ‹]|:=|\{|--|/-"
)
_ARM = re.compile(r"\|[^|\n]*=>")
"""An equation's beginning: `| 0 => rfl`."""
_WORD = re.compile(r"[a-z_][\w'!?]*")
_PROSE_WORDS: Final = (
    "a an and as because but clearly consider each either every finally first follows following given here hence "
    "how if-so in indeed is it its let's no not note now of on one our proof proving so that the then therefore "
    "there these this thus to true unfortunately using want we what when where which while with yes you your "
    "sorry, "
)
_PROSE: Final = frozenset(_PROSE_WORDS.split())
_TERM = re.compile(r"@[\w«]|@?[A-Z][\w'!?]*(?:\.[\w'!?«»]+)+(?=\s|[).,⟨(]|$)")
"""A term's beginning that no sentence has: `@f`, `And.symm`."""
_NEVER_FIRST: Final = "\u00b7{}\u27e8\u27e9\u2039"
"""What no sentence begins with: a goal's dot, braces, brackets of a tuple."""
_IN_WORDS = re.compile(r"[\u00b7{]\s*[A-Z][a-z]* [a-z]")
"""A bullet's sentence."""
_LINE_COMMENT = re.compile(r"(?<!/)--.*")
_SENTENCE = re.compile(r"\b(?:is|are|was|the|this|that|which|we|it|gives?|proves?|shows?|should|and|does|will|can)\b")


def begins_like_lean(text: str) -> bool:
    """Whether plain text may be a bare proof: by its first word, which is a tactic's or at least no sentence's."""
    start = text.lstrip()
    if TACTIC.match(start) or _ARM.match(start):
        return True
    first = start.split("\n", 1)[0].rstrip()
    if _TERM.match(first):
        return not _SENTENCE.search(first) and (first.endswith("..") or first[-1:] not in ".!?:")
    word = _WORD.match(first)
    return word is not None and word[0] not in _PROSE and first[-1:] not in ".!?:"


def is_lean(text: str) -> bool:
    """Whether plain text is a bare proof for sure: it begins with a tactic, an equation, or a term no sentence has."""
    start = text.lstrip()
    first = start.split("\n", 1)[0]
    if TACTIC.match(start) or _ARM.match(start):
        return True
    return _TERM.match(start) is not None and not _SENTENCE.search(first)


def without_prose(text: str) -> str:
    """Plain text from its first command to its last line that can be Lean."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if COMMAND.match(line) and not line.startswith("|")), 0)
    return until_prose(lines[start:])


def until_prose(lines: Sequence[str]) -> str:
    """The lines up to the first one that stands at the margin, after a blank one, and may be a sentence.

    What is neither that nor a command stays, for Lean to refuse the file or to read on in it.
    """
    depth, blank = 0, False
    for number, line in enumerate(lines):
        outside = depth == 0
        depth = _depth_behind(line, depth)
        if outside and blank and number and _at_margin(line) and not no_sentence(line):
            return "\n".join(lines[:number])
        blank = not line.strip()
    return "\n".join(lines)


def no_sentence(line: str) -> bool:
    """Whether the line begins a command, or is of Lean's words and none of a sentence's: two words, or a tactic.

    `this` is a name behind a tactic: `exact this`.
    """
    word = _WORD.match(line)
    if COMMAND.match(line):
        return not (word and line.rstrip().endswith(".") and _SENTENCE.search(line))
    if line[0] in _NEVER_FIRST:
        return not (_IN_WORDS.match(line) or (line.rstrip()[-1:] in ".!?" and _SENTENCE.search(line)))
    if line[0] != "(" and TACTIC.match(line) and (word is None or word[0] not in _PROSE):
        return line.rstrip()[-1:] not in ".!?" and _SENTENCE.search(line.replace("this", "")) is None
    if word is None or word[0] in _PROSE or line.rstrip()[-1:] in ".!?:,;" or _SENTENCE.search(line):
        return False
    return len(line.split()) > 1


def pieces(text: str) -> list[str]:
    """Plain text without its sentences: what stands between them, from a command on."""
    found: list[list[str]] = []
    prose, depth, blank = True, 0, True
    for line in text.split("\n"):
        if prose and COMMAND.match(line) and not line.startswith("|") and no_sentence(line):
            found.append([])
            prose, depth = False, 0
        elif not prose and depth == 0 and blank and _at_margin(line) and not no_sentence(line):
            prose = True
        if not prose:
            found[-1].append(line)
            depth = _depth_behind(line, depth)
        blank = not line.strip()
    return ["\n".join(lines).rstrip() for lines in found]


def _depth_behind(line: str, depth: int) -> int:
    """How many comments are open behind a line that begins within so many."""
    if not depth:
        line = _LINE_COMMENT.sub("", line)
    return max(0, depth + line.count("/-") - line.count("-/"))


def _at_margin(line: str) -> bool:
    return bool(line.strip()) and not line[0].isspace()
