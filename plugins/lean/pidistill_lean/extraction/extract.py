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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from pidistill_lean.extraction.blocks import DECLARES, Block, fenced, fenced_blocks, said_to_be_final
from pidistill_lean.extraction.comments import without_comments
from pidistill_lean.extraction.compose import NAMED, Extracted, bare, head_of, whole
from pidistill_lean.extraction.dress import indented_code, proofs_in_prose, spans, undressed
from pidistill_lean.extraction.fences import FENCE, unwrapped
from pidistill_lean.extraction.marks import ANSWER
from pidistill_lean.extraction.prose import (
    COMMAND,
    TACTIC,
    begins_like_lean,
    is_lean,
    pieces,
    until_prose,
    without_prose,
)
from pidistill_lean.extraction.thoughts import without_thoughts
from pidistill_lean.protocol import Item

__all__ = ["LONGEST", "Extracted", "Stating", "begins_like_lean", "extract", "fenced_blocks", "head_of"]
LONGEST: Final = 200_000
"""Characters; longer text is no answer."""
_NESTED_TAGS: Final = 3
_NESTED_FENCES: Final = 4
_DECLARATION = re.compile(r"^(?:theorem|lemma|example|def|instance)\s+\S+[^\n]*:", re.MULTILINE)
_ANY_WORD = re.compile(r"[^\W\d][\w'!?]*")
_WITHOUT_PROOF = re.compile(r":=(?:\s*by)?\Z")
_NOTHING: Final = frozenset({"", "none", "n/a", "na", "sorry", "admit", "no answer", "no proof"})
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
    states = Stating(target)
    text = _within_tags(text, states)
    before, every, marked = fenced(text)
    blocks = [block for block in every if block.text.strip()]
    if not blocks and (code := _indented(before, states)):
        before, blocks = "", [Block(block, False) for block in code]
    written = [block.text for block in blocks]
    last = _last_stating(blocks, states)
    if written and last != len(written) - 1 and blocks[-1].declared and _begins_with_tactic(written[-1]):
        return _checked(bare(written[-1], statement, item))
    if last is not None:
        ways = whole(written[last], item)
        for lemmas in (_lemmas(written[:last], states), _named(written, last, states)):
            if lemmas:
                ways += whole("\n\n".join([*lemmas, written[last]]), item)
        proof = _proof_behind(blocks, last) if _is_open(written[last], states) else None
        if proof is not None:
            lemmas = _lemmas([block for at, block in enumerate(written) if at not in (last, proof)], states)
            items = [item] if item is None or not lemmas else [item, replace(item, before=(*item.before, *lemmas))]
            ways = [*(way for one in items for way in bare(written[proof], statement, one)), *ways]
        return _checked(ways)
    closing = not marked and _closes(text, before, written)
    at = _last_proof(blocks)
    bodies = bare(written[at], statement, item) if written and not closing else []
    declared = bool(bodies) and bool(DECLARES.search(written[at]))
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
        lines = before.split("\n")
        return _checked(bare(said_to_be_final(lines) or until_prose(lines), statement, item))
    if not before.strip():
        return Extracted(None, reason="the completion holds no Lean text")
    if _DECLARATION.search(before):
        return _checked(whole(without_prose(before), item))
    for body in proofs_in_prose(before, begins_like_lean):
        return _checked(bare(body, statement, item))
    return Extracted(None, reason=f"nothing in it states {target!r}, nor does it begin with a tactic")


def _in_prose(text: str, states: Stating, item: Item | None) -> list[Extracted]:
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


def _indented(text: str, states: Stating) -> list[str]:
    """Markdown's indented blocks of commands, where one states the target and no command stands at the margin."""
    if not states.search(text) or pieces(text):
        return []
    code = [block for block in indented_code(text) if COMMAND.match(block)]
    return code if any(states.search(block) for block in code) else []


def _within_tags(text: str, states: Stating) -> str:
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
        blocks = fenced(around)[1]
        if closed and not states.search(inside):
            lean = FENCE.sub("", inside).strip()
            if lean not in _NOTHING and is_lean(lean) and not DECLARES.search(without_comments(lean)):
                return inside.strip("\n")
            denied = lean.strip(".!*_` ").lower() in _NOTHING or (_UNABLE.search(lean) and not FENCE.search(inside))
            if denied and name.lower() in _ANSWERS:
                return ""
        if not inside.strip() or (not states.search(inside) and (blocks or states.search(around))):
            break
        text = inside.strip("\n")
    return text


def _last_stating(blocks: Sequence[Block], states: Stating) -> int | None:
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


def _proof_behind(blocks: Sequence[Block], quoted: int) -> int | None:
    """The last block behind the quoted statement that may be a bare proof, one that reads like Lean before others."""
    those = [at for at in range(quoted + 1, len(blocks)) if not DECLARES.search(without_comments(blocks[at].text))]
    sure = [at for at in those if is_lean(blocks[at].text)]
    return next(reversed(sure or those), None)


def _begins_with_tactic(text: str) -> bool:
    return TACTIC.match(text.lstrip()) is not None and not DECLARES.search(text)


def _last_proof(blocks: Sequence[Block]) -> int:
    """The last block where none states the target; one that is not marked as Lean only where none that is has tactics.

    Goals and messages stand in blocks without a mark, behind the proof that they are of.
    """
    if blocks and not blocks[-1].marked:
        tactics = [at for at, block in enumerate(blocks) if block.marked and is_lean(block.text)]
        return tactics[-1] if tactics else len(blocks) - 1
    return len(blocks) - 1


def _lemmas(earlier: Sequence[str], states: Stating) -> list[str]:
    """Earlier blocks that declare something and do not state the target: what its proof may rest on."""
    return [block for block in earlier if DECLARES.search(block) and not states.search(block)]


def _named(written: Sequence[str], last: int, states: Stating) -> list[str]:
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


def _before_target(block: str, states: Stating) -> str:
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


def _is_open(block: str, states: Stating) -> bool:
    """Whether the block states the target and does not prove it."""
    found = list(states.finditer(block))[-1]
    rest = without_comments(block)[found.end() :]
    return bool(_LEFT_OPEN.search(rest)) or ":=" not in rest or _WITHOUT_PROOF.search(rest.rstrip()) is not None


class Stating:
    """Finds where a text declares `target`, or a name that may stand for it within a namespace; comments do not."""

    def __init__(self, target: str) -> None:
        last = re.escape(target.rsplit(".", 1)[-1])
        self._pattern = re.compile(
            rf"\b(?:theorem|lemma|def|abbrev|instance|axiom|opaque)\s+(?:[\w.«»]+\.)?«?{last}»?(?![\w'!?,;]|\.[\w«])"
        )

    def search(self, text: str) -> re.Match[str] | None:
        """Where it is declared first."""
        return self._pattern.search(without_comments(text))

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Wherever it is declared."""
        return self._pattern.finditer(without_comments(text))


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
