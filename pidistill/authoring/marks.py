"""The marks of a model's thoughts, by what they are called.

Every family of models has marks of its own, and prompts ask for more; one rule knows them by the words in their names.
What a mark means where it stands is left to the domain: one in a string of its language is text.
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
