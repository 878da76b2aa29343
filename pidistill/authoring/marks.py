"""The marks of a model's thoughts, by what they are called.

Every family of models has marks of its own, and prompts ask for more; one rule knows them by the words in their names.
What a mark means where it stands is left to the domain: one in a string of its language is text. Prose needs no more
than `after_thoughts`.
"""

from __future__ import annotations

import re
from typing import Final

_S: Final = r"[ _\u2581-]?"
_PROCESS: Final = rf"(?:{_S}(?:process|trace|steps?|block|notes?))?"
_WHOSE: Final = rf"(?:[a-z0-9]{{1,20}}:)?(?:(?:ant|inner|internal|hidden|private|my){_S})?"
_THINK: Final = rf"(?:think(?:ing)?|(?:chain{_S}of{_S})?thoughts?)"
_REASON: Final = (
    rf"(?:reason(?:ing)?|reflections?|scratch{_S}(?:pad|work)|analysis|monologue|brainstorm(?:ing)?|cot|drafts?|"
    rf"planning|deliberation)"
)
_MORE: Final = (
    rf"(?:{_REASON}|plan|sketch|rationale|critique|strategy|exploration|pondering|contemplation|discarded|wrong|"
    rf"work(?:ing)?s?{_S}(?:out|notes?)|rough{_S}work(?:ing)?|(?:first|initial|draft|failed|early){_S}(?:attempt|try)s?)"
)
_THINKING: Final = rf"{_WHOSE}{_THINK}{_PROCESS}"
_REASONING: Final = rf"{_WHOSE}{_REASON}{_PROCESS}"
_J: Final = r"[ _\u2581:-]"
_BEFORE_IT: Final = rf"(?:(?!(?:end|no|without|after){_J})[a-z0-9]{{1,20}}{_J}){{0,4}}"
_BEHIND_IT: Final = rf"(?:{_J}?[0-9]{{1,3}}|{_J}(?!end\b)[a-z0-9]{{1,20}}){{0,3}}"
_THINKING_WORDS: Final = rf"{_BEFORE_IT}{_WHOSE}{_THINK}{_PROCESS}{_BEHIND_IT}"
_REASONING_WORDS: Final = rf"{_BEFORE_IT}{_WHOSE}{_MORE}{_PROCESS}{_BEHIND_IT}"
"""In angle brackets a name is words, one of which is for thoughts: `deep_think`, `thought_1`, `proof_analysis`. Square
ones are Lean's too (`simp [draft_1]`), and hold no more than such a word."""
_BEGIN: Final = rf"(?:(?:begin|start){_S}(?:of{_S})?)?"
_END: Final = rf"(?:/[ ]?|end{_S}(?:of{_S})?)"
_ENDING: Final = rf"(?:{_END}(?:{_THINKING_WORDS}|{_REASONING_WORDS})|(?:{_THINKING_WORDS}|{_REASONING_WORDS}){_J}end)"
_OPEN: Final = r"(?:\\?<|&lt;)[ ]?"
_CLOSE: Final = r"(?:\s?\\?>|[ ]?&gt;)"
_ATTRIBUTES: Final = r"(?:[ \t]+[\w:-]{1,40}[ ]?=[^<>\n]{0,200})?"
_BAR: Final = r"[|\uff5c]"
_TAIL: Final = r"(?:[^\n]{0,200}?<\|message\|>)?"
_ASSISTANT: Final = r"(?:<\|start\|>[ ]?assistant)?"
MARK = re.compile(
    r"(?=[<\[\u25c1AaCcf\s\\&-])(?:"
    rf"(?P<thought>{_OPEN}{_BEGIN}{_THINKING_WORDS}{_ATTRIBUTES}{_CLOSE}|\[[ ]?{_BEGIN}{_THINKING}[ ]?\]"
    rf"|\u25c1{_THINKING}\u25b7|<{_BAR}{_BEGIN}(?:{_THINKING_WORDS}|{_REASONING_WORDS}|inner_prefix){_BAR}>"
    rf"|<\|im_start\|>think(?=\s)|<unused94>)"
    rf"|(?P<reasoning>{_OPEN}{_BEGIN}{_REASONING_WORDS}{_ATTRIBUTES}{_CLOSE})"
    rf"|(?P<heading>\[[ ]?{_BEGIN}{_REASONING}[ ]?\])"
    rf"|(?P<end>{_OPEN}{_ENDING}{_CLOSE}|\[[ ]?{_END}(?:{_THINKING}|{_REASONING})[ ]?\]"
    rf"|\u25c1/{_THINKING}\u25b7|<{_BAR}{_ENDING}{_BAR}>|<\|inner_suffix\|>|<unused95>)"
    rf"|(?P<final><\|im_start\|>answer(?=\s)"
    r"|(?:<\|end\|>)?<\|begin\|>[ ]?assistant<\|content\|>|(?-i:\A\s{0,9}final(?=(?:theorem|lemma|def)\b|[`A-Z]))"
    rf"|{_ASSISTANT}<\|channel\|>[ ]?final\b{_TAIL}|<{_BAR}(?:START_RESPONSE|begin_of_solution){_BAR}>)"
    rf"|(?P<channel>(?:<\|end\|>\s?)?{_ASSISTANT}"
    rf"(?:<\|channel\|>[ ]?(?:{_THINKING}|analysis|commentary)|<\|channel>[ ]?(?:{_THINKING}|analysis))\b{_TAIL}"
    r"|(?-i:\A\s{0,9}(?:assistant)?(?:analysis|commentary)(?=[^\s:.,;!?)'\u2019=_-]|(?s:\s.*?\S\n?assistantfinal))))"
    rf"|(?P<message_end><\|(?:end|call|return)\|>{_ASSISTANT})"
    r"|(?P<closed><channel\|>)"
    r"|(?P<glued>(?-i:(?<![\s`'\"])assistantfinal|^assistantfinal))"
    r"|(?P<fold><details\b(?P<attributes>[^<>\n]{0,200})>"
    r"(?:\s{0,9}<summary\b[^<>\n]{0,200}>(?P<summary>(?s:.{0,200}?))</summary[ ]?>)?)"
    r"|(?P<unfold></details[ ]?>)|(?P<unseen><!--)|(?P<seen>-->))",
    re.IGNORECASE | re.MULTILINE,
)
"""Where thoughts begin and end, by sort. Harmony's channels are `channel`, ended by a message's end; where a tokenizer
leaves special tokens out, their names are glued to the text. A comment of HTML's is shown to nobody."""
_MAY_HOLD = re.compile(
    r"(?:[<\[\u25c1]|&lt;)[^<>\[\]\n]{0,60}?(?:think|thought|reason|reflect|scratch|analysis|monologue|brainstorm|cot\b|"
    r"draft|plan|delib|sketch|rationale|critique|strategy|explor|ponder|contempl|discarded|wrong|work|attempt|try|inner)|"
    r"<\||<unused9|assistantfinal|\A\s{0,9}(?:assistant|analysis|commentary|final)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[ ](?:tags?|tokens?|blocks?|marks?|markers?)\b", re.IGNORECASE)
"""What follows a mark that a sentence speaks of."""
_ENDS_CHANNEL: Final = frozenset({"message_end", "closed", "final", "glued"})
_ENDS_OTHERS: Final = frozenset({"end", "final"})
_CALLED_THINKING = re.compile(r"think|thought", re.IGNORECASE)
_WEAK = re.compile(
    r"plan|sketch|rationale|critique|strategy|explor|ponder|contempl|analysis>|notes|attempt|try|draft|work",
    re.IGNORECASE,
)
_PAIRED: Final = frozenset(
    {"think", "thinking", "thought", "thoughts", "scratchpad", "reasoning", "reflection", "analysis"}
)
"""Names of marks that stand in pairs: one of another name ends nothing."""
_ATTRIBUTE = re.compile(r"[ \t]+[\w:-]+[ ]?=")
BEGINS: Final = frozenset({"thought", "reasoning", "channel"})
"""Sorts of `MARK` that begin thoughts."""


def may_hold(text: str) -> bool:
    """What every text with a mark of thoughts has: most have none, and cost nothing more."""
    return _MAY_HOLD.search(text) is not None


def is_named(text: str, mark: re.Match[str]) -> bool:
    """Whether a sentence or a string speaks of a mark: `no <think> tags`."""
    before, behind = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
    return (before == behind and before in ("`", "'", '"')) or _NAMED.match(text, mark.end()) is not None


def is_weak(mark: re.Match[str]) -> bool:
    """Whether its name may be that of another thing: without an end it is text."""
    called = mark.lastgroup == "channel" or _CALLED_THINKING.search(mark[0])
    return not called and _WEAK.search(mark[0]) is not None


def _is_between(text: str, mark: re.Match[str]) -> bool:
    """Whether its angle brackets may be signs of order, with words between them: `a < b and reasoning > 5`."""
    name = _ATTRIBUTE.split(mark[0], 1)[0]
    line = text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
    return mark[0][0] == "<" and mark.lastgroup != "channel" and " " in name and bool(line.strip())


def ends(opened: re.Match[str], mark: re.Match[str]) -> bool:
    """Whether a mark ends the thoughts that another began, and not those of another name within them.

    `</think>` ends all; so does a mark of the final answer.
    """
    sort = mark.lastgroup
    if opened.lastgroup == "channel":
        return sort in _ENDS_CHANNEL
    if sort not in _ENDS_OTHERS:
        return False
    if sort != "end" or _CALLED_THINKING.search(mark[0]):
        return True
    one, other = (
        re.sub(r"[^a-z]", "", re.sub(r"begin|start|end(?![a-z])", "", it[0].lower())) for it in (opened, mark)
    )
    return one == other or not (_CALLED_THINKING.search(opened[0]) or (one in _PAIRED and other in _PAIRED))


def after_thoughts(text: str) -> str | None:
    """What prose says once its thoughts are over; None where they have no end, or nothing else was said.

    Nothing before thinking counts (`<think>`, a channel for analysis, `[THINK]`), whether the text or its prompt began
    it; of other notes (`<reflection>`, `<scratchpad>`) only what they hold does not. A name that may be another
    thing's, as `<plan>`, is text, and so are words between signs of order.
    """
    if not may_hold(text):
        return text
    kept: list[str] = []
    at, opened = 0, None
    for mark in MARK.finditer(text):
        sort = str(mark.lastgroup)
        if is_named(text, mark) or is_weak(mark) or _is_between(text, mark):
            continue
        if opened is None:
            bracket = mark[0][0] == "[" and text.find("[/", mark.end()) < 0  # a heading
            if sort in BEGINS and not bracket:
                opened = mark
            elif sort in ("end", "final", "glued"):
                kept.clear()
                at = mark.end()
        elif ends(opened, mark):
            if opened.lastgroup == "reasoning" and sort == "end":
                kept.append(text[at : opened.start()])
            else:
                kept.clear()
            at, opened = mark.end(), None
    if opened is None:
        kept.append(text[at:])
    elif opened.lastgroup == "reasoning":
        kept.append(text[at : opened.start()])
    else:
        return None
    said = "".join(kept)
    return said if said.strip() or not text.strip() else None
