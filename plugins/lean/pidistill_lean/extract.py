"""The Lean text in a completion: from a Markdown fence, from plain text with prose around it, or as a bare proof.

Only lines and words are looked at, never Lean's grammar: what the text means is for the runtime to find out. Where a
completion can be read in more than one way, the other ways come along as `others`, and Lean's parser chooses
(`compose.py` makes them). The rules, first match wins:

1. What follows the last `</think>` counts, without what stands between other marks of thoughts (`thoughts.py`).
   Thinking that has no end holds no answer. Fences around what is Markdown itself are left out (`fences.py`). Of that,
   what stands in the last tags that ask for an answer (`<answer>`, `<lean>`, `[PROOF]`), unless only the text around
   them holds Lean. Where they say that there is none, there is none.
2. Of several texts (fenced blocks marked as Lean or not at all, an unclosed one reaching to the end, and what stands
   before the first fence) the last block that states the target; where none does, the text before the fences if that
   one does. A block that states it and leaves it open (with `sorry`, or without a proof) is a quotation where a block
   with a bare proof follows. A block that is not marked, behind a proof in one that is, is what a program said of it.
   What is said to be the final answer counts, though it is not marked or a bare proof.
3. Else a bare proof, which goes on where the statement stops: indented text before a closing fence, or the last block,
   or plain text that begins like Lean, or what stands in prose as a proof does (`dress.py`).

A completion with several versions of a theorem is judged by its last one. Where that is no proof by itself, it is read
behind the earlier blocks that declare other things, and behind those that declare what it names. All rules take time
proportional to the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pidistill_lean.compose import NAMED, Extracted, bare, head_of, whole
from pidistill_lean.dress import indented_code, proofs_in_prose, spans, undressed
from pidistill_lean.fences import FENCE, LEAN, language_of, unwrapped
from pidistill_lean.marks import ANSWER
from pidistill_lean.prose import COMMAND, TACTIC, begins_like_lean, pieces, until_prose, without_prose
from pidistill_lean.protocol import Item
from pidistill_lean.thoughts import without_thoughts

__all__ = ["LONGEST", "Extracted", "begins_like_lean", "extract", "fenced_blocks", "head_of", "stating"]
LONGEST: Final = 200_000
"""Characters; longer text is no answer."""
_COMMENT_OPENS = re.compile(r"^[ \t]*/-")
_NESTED_TAGS: Final = 3
_NESTED_FENCES: Final = 4
_DECLARATION = re.compile(r"^(?:theorem|lemma|example|def|instance)\s+\S+[^\n]*:", re.MULTILINE)
_DECLARES = re.compile(
    r"^[ \t]*(?:@\[[^\n]*\][ \t]*)?"
    r"(?:(?:private|protected|noncomputable|nonrec|unsafe|partial|public|local|scoped)\s+)*"
    r"(?:theorem|lemma|example|def|abbrev|instance|inductive|structure|class|axiom|opaque|mutual|macro|syntax|elab|notation|"
    r"infix[lr]?|prefix|postfix|import|namespace|section|#\w+)\b",
    re.MULTILINE,
)
_ANY_WORD = re.compile(r"[^\W\d][\w'!?]*")
_WITHOUT_PROOF = re.compile(r":=(?:\s*by)?\Z")
_DECLARED = re.compile(
    r"\bfinal (?:answer|proof|version|solution)|\breplaced? (?:it|the proof)\b|\bproof (?:body )?should be\b",
    re.IGNORECASE,
)
"""What is said before a block that stands for the ones before it."""
_PLAIN: Final = frozenset({"text", "plaintext", "txt"})
_OF_A_PART = re.compile(
    r"\b(?:steps?|key|uses?|using|tactics?|lines?|parts?|where|idea|output|goals?)\b", re.IGNORECASE
)
_NOTHING: Final = frozenset({"", "none", "n/a", "na", "sorry", "no answer", "no proof"})
"""What is in the tags of an answer where there is none."""
_UNABLE = re.compile(r"\b(?:not able|unable|could ?n[o']t|cannot)\b", re.IGNORECASE)
_ANSWERS: Final = frozenset({"answer", "final_answer", "final answer", "solution"})
_LEFT_OPEN = re.compile(r"\b(?:sorry|admit)\b")


def extract(completion: str, target: str, statement: str, item: Item | None = None) -> Extracted:
    """The Lean text in `completion`, as a proof of `target`.

    `statement` is the trusted statement with `sorry` for its proof, which a bare proof continues; with `item`, what
    Lean says of it, it is known where the proof begins and what stands before the theorem. Never raises.
    """
    text = completion.replace("\r\n", "\n").replace("\r", "\n")
    for _ in range(_NESTED_FENCES):  # either may hold the other
        answer = without_thoughts(unwrapped(text))
        if answer is None:
            return Extracted(None, reason="its thinking does not come to an end")
        if answer == text:
            break
        text = answer
    text = undressed(text)
    if not text.strip():
        return Extracted(None, reason="the completion is empty")
    states = stating(target)
    text = _within_tags(text, states)
    before, every, marked = _fenced(text)
    blocks = [block for block in every if block.text.strip()]
    if not blocks and (code := _indented(before, states)):
        before, blocks = "", [_Block(block, False) for block in code]
    written = [block.text for block in blocks]
    last = _last_stating(blocks, states)
    if written and last != len(written) - 1 and blocks[-1].declared and _begins_with_tactic(written[-1]):
        return _checked(bare(written[-1], statement, item))
    if last is not None:
        ways = whole(written[last], item)
        for lemmas in (_lemmas(written[:last], states), _named(written, last, states)):
            if lemmas:
                ways += whole("\n\n".join([*lemmas, written[last]]), item)
        if last + 1 < len(written) and _is_open(written[last], states) and not _DECLARES.search(written[-1]):
            ways = [*bare(written[-1], statement, item), *ways]
        return _checked(ways)
    closing = not marked and _closes(text, before, written)
    at = _last_proof(blocks)
    bodies = bare(written[at], statement, item) if written and not closing else []
    declared = bool(bodies) and bool(_DECLARES.search(written[at]))
    if bodies and not declared and item is not None and (lemmas := _named(written, at, states)):
        bodies += bare(written[at], statement, replace(item, before=(*item.before, *lemmas)))
    if bodies and at + 1 < len(written):
        bodies += bare(written[-1], statement, item)
    if states.search(before):
        inline = [code for code in spans(before) if states.search(code) and ":=" in code] if not blocks else []
        ways = whole(inline[-1], item) if inline else _in_prose(before, states, item)
        # a sentence may name the theorem; a block without one is its proof then
        return _checked([*bodies, *ways] if bodies and not declared else [*ways, *bodies])
    if bodies:
        # declarations, but not of the target: for the judge to say
        return _checked([*whole(written[at], item), *bodies] if declared else bodies)
    if written and not closing:
        return Extracted(None, reason="the completion holds no proof")
    if begins_like_lean(before):
        return _checked(bare(until_prose(before.split("\n")), statement, item))
    if not before.strip():
        return Extracted(None, reason="the completion holds no Lean text")
    if _DECLARATION.search(before):
        return _checked(whole(without_prose(before), item))
    for body in proofs_in_prose(before, begins_like_lean):
        return _checked(bare(body, statement, item))
    return Extracted(None, reason=f"nothing in it states {target!r}, nor does it begin with a tactic")


def _in_prose(text: str, states: re.Pattern[str], item: Item | None) -> list[Extracted]:
    """Plain text that states the target: to its first sentence, or all that is between sentences.

    Where that states the target more than once, it is the last of the pieces that prove it, with those before it that
    declare other things.
    """
    parts = pieces(text)
    versions = [at for at, part in enumerate(parts) if states.search(part)]
    if len(versions) > 1:
        last = next((at for at in reversed(versions) if not _is_open(parts[at], states)), versions[-1])
        return whole("\n\n".join([*_lemmas(parts[:last], states), parts[last]]), item) + whole(parts[last], item)
    first = without_prose(text)
    ways = whole(first, item) if states.search(first) else []
    return [*ways, *(whole("\n\n".join(parts), item) if versions else [])] or whole(text, item)


def _indented(text: str, states: re.Pattern[str]) -> list[str]:
    """Markdown's indented blocks of commands, where one states the target and no command stands at the margin."""
    if not states.search(text) or pieces(text):
        return []
    code = [block for block in indented_code(text) if COMMAND.match(block)]
    return code if any(states.search(block) for block in code) else []


def _within_tags(text: str, states: re.Pattern[str]) -> str:
    """What stands in the last tags that ask for an answer, to their end or the text's.

    Where only the text around them holds Lean, it is the text as it was.
    """
    for _ in range(_NESTED_TAGS):
        found = list(ANSWER.finditer(text))
        if not found:
            break
        opened = found[-1]
        name = opened[1] or opened[2]
        closing = re.compile(rf"</{name}>" if opened[1] else rf"\[/{name}\]", re.IGNORECASE)
        closed = closing.search(text, opened.end())
        inside = text[opened.end() : closed.start() if closed else len(text)]
        around = text[: opened.start()] + (text[closed.end() :] if closed else "")
        blocks = _fenced(around)[1]
        if name.lower() in _ANSWERS and closed and not states.search(inside):
            lean = FENCE.sub("", inside).strip()
            if lean != "sorry" and _begins_with_tactic(lean):
                return inside.strip("\n")
            if lean.strip(".!*_` ").lower() in _NOTHING or (_UNABLE.search(lean) and not FENCE.search(inside)):
                return ""
        if not inside.strip() or (not states.search(inside) and (blocks or states.search(around))):
            break
        text = inside.strip("\n")
    return text


def _last_stating(blocks: Sequence[_Block], states: re.Pattern[str]) -> int | None:
    """The last block that states the target; one that is not marked as Lean only where none that is proves it.

    One that is said to be the final answer counts without a mark.
    """
    stating_ = [at for at, block in enumerate(blocks) if states.search(block.text)]
    if not stating_:
        return None
    if blocks[stating_[-1]].declared and not _is_open(blocks[stating_[-1]].text, states):
        return stating_[-1]
    if not blocks[stating_[-1]].marked:
        proofs = [at for at in stating_ if blocks[at].marked and not _is_open(blocks[at].text, states)]
        return proofs[-1] if proofs else stating_[-1]
    return stating_[-1]


def _begins_with_tactic(text: str) -> bool:
    return TACTIC.match(text.lstrip()) is not None and not _DECLARES.search(text)


def _last_proof(blocks: Sequence[_Block]) -> int:
    """The last block where none states the target; one that is not marked as Lean only where none that is has tactics.

    Goals and messages stand in blocks without a mark, behind the proof that they are of.
    """
    if blocks and not blocks[-1].marked:
        tactics = [at for at, block in enumerate(blocks) if block.marked and TACTIC.match(block.text.lstrip())]
        return tactics[-1] if tactics else len(blocks) - 1
    return len(blocks) - 1


def _lemmas(earlier: Sequence[str], states: re.Pattern[str]) -> list[str]:
    """Earlier blocks that declare something and do not state the target: what its proof may rest on."""
    return [block for block in earlier if _DECLARES.search(block) and not states.search(block)]


def _named(written: Sequence[str], last: int, states: re.Pattern[str]) -> list[str]:
    """Of the other blocks, before it or behind it, those that declare what the last one names, and what these name.

    Of several versions of a lemma it is the last, and of a block with an earlier version of the target what stands
    before that. The rest may be attempts that failed.
    """
    others = [_before_target(block, states) for at, block in enumerate(written) if at != last]
    declaring = {name.rsplit(".", 1)[-1]: at for at, block in enumerate(others) for name in NAMED.findall(block)}
    taken: set[int] = set()
    todo = [written[last]]
    while todo:
        for word in _ANY_WORD.findall(todo.pop()):
            at = declaring.get(word)
            if at is not None and at not in taken:
                taken.add(at)
                todo.append(others[at])
    return [others[at] for at in sorted(taken)]


def _before_target(block: str, states: re.Pattern[str]) -> str:
    """The paragraphs before the first that states the target; the whole block where none does."""
    found = states.search(block)
    return block if found is None else block[: max(0, block.rfind("\n\n", 0, found.start()))]


def _closes(text: str, before: str, written: Sequence[str]) -> bool:
    """Whether the first fence, which has no language, closes a proof that begins with the completion.

    It does behind indented text, and where it is the only one, between what reads like a proof and what does not.
    """
    if not before.strip() or not before.lstrip("\n")[0].strip():
        return bool(before.strip())
    alone = sum(FENCE.match(line) is not None for line in text.split("\n")) == 1
    return alone and TACTIC.match(before.lstrip()) is not None and not any(map(begins_like_lean, written))


def _is_open(block: str, states: re.Pattern[str]) -> bool:
    """Whether the block states the target and does not prove it."""
    found = list(states.finditer(block))[-1]
    rest = block[found.end() :]
    return bool(_LEFT_OPEN.search(rest)) or ":=" not in rest or _WITHOUT_PROOF.search(rest.rstrip()) is not None


def stating(target: str) -> re.Pattern[str]:
    """Matches where a text declares `target`, or a name that may stand for it within a namespace."""
    last = re.escape(target.rsplit(".", 1)[-1])
    return re.compile(
        rf"\b(?:theorem|lemma|def|abbrev|instance|axiom|opaque)\s+(?:[\w.«»]+\.)?«?{last}»?(?![\w'!?,;]|\.[\w«])"
    )


def fenced_blocks(text: str) -> tuple[str, list[str], bool]:
    """What stands before the first fence, what is in those that may hold Lean, and whether the first has a language."""
    before, blocks, marked = _fenced(text)
    return before, [block.text for block in blocks], marked


@dataclass(frozen=True)
class _Block:
    text: str
    marked: bool
    """Whether it says that it is Lean."""
    declared: bool = False
    """Whether the text before it says that it is the final answer."""


def _fenced(text: str) -> tuple[str, list[_Block], bool]:
    """What `fenced_blocks` says, with what each block says of itself.

    A fence is closed by one as long as its own that does not stand in a comment of Lean's, or by one that opens another
    block: no Lean has that. None is opened in a comment of Lean text that stands in no fence itself. Lines of an
    indented fence lose its indentation.
    """
    before: list[str] = []
    blocks: list[_Block] = []
    said = ["", ""]
    declared = False

    def add() -> None:
        block = _Block("\n".join(lines), language in LEAN and bool(language), declared)
        if language in LEAN or (language in _PLAIN and declared and _DECLARES.search(block.text)):
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
                declared = _DECLARED.search(" ".join(said)) is not None and not _OF_A_PART.search(said[1])
                said = ["", ""]
                continue
            said = [said[1], line] if line.strip() else said
            if not seen:
                before.append(line)
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
    return "\n".join(before), blocks, marked


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


def _checked(ways: Sequence[Extracted]) -> Extracted:
    """The first way, with the others that are not the same; too long ones are left out."""
    kept: dict[str, Extracted] = {}
    for way in ways:
        if way.source is not None and len(way.source) <= LONGEST:
            kept.setdefault(way.source, way)
    if not kept:
        long = any(way.source is not None for way in ways)
        return Extracted(
            None,
            reason=f"the Lean text is longer than {LONGEST:,} characters" if long else "the completion holds no proof",
        )
    first, *others = kept.values()
    return Extracted(first.source, first.given, others=tuple(others))
