"""The answer that a completion states without a box: after ``####``, or after 'answer is' or 'answer:'.

What is stated is one sentence. It counts whole, if it can be read whole (`reading`); else what follows its last 'is',
if that can ('The largest n is 34'). A question, an unfinished sentence, and one that is taken back state nothing. A
number that merely stands last in a text is no answer.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from pidistill_math.extraction.sentences import is_of_another, last_sentence, the_number, without_remark
from pidistill_math.reading.answers import read
from pidistill_math.reading.syntax import Unreadable

_PHRASE = re.compile(
    r"(?<!\bno )\b(?:answers?\b|ans\b\.?(?=\**\s*[:=])"
    r"|(?:correct|right)\s+(?:option|choice)s?\b(?=\s+(?:is|are)\b|\**\s*:))"
    r"(?:,\s*(?:then|therefore|thus|hence|of\s+course|finally),)?(?:\s+(?:to|for|of)\s+[^.!?\n:=$]{1,60}?)?\**"
    r"(?:\s+(?:is|are|equals|becomes|(?:would|must|should|will)\s+be|comes\s+out\s+(?:to|as)(?:\s+be)?)\b(?:\s*:)?"
    r"|\s*(?:->|=>|\u2192|[:=])|\s+(?=\$|\\\(|\\\[)|(?<=\*\*)[ \t]+(?=-?\d+\s*$))\**",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\$\$[^$]{1,2000}?\$\$|\$[^$\n]{1,2000}?\$|\\\([^\n]{1,2000}?\\\)|\\\[[\s\S]{1,2000}?\\\]|(?P<end>\n|[.?](?=\s|\*|$)|(?<!\\)!(?=\s|\*|$)(?!\s*[=<>]))"
)
_BECAUSE = re.compile(
    r"(?<![\s,(])[\s,(]+(?:because|since|as|where|so|by|from|which|see)\b|[,(]\s*not\b", re.IGNORECASE
)
_TURNED = re.compile(
    r"\b(?:wrong|incorrect|mistaken|false|instead|not\s+(?:correct|right|it|the\s+(?:final\s+)?answer))\b"
    r"|\b(?:as|by|from|where|which|and)\b(?:[^.!?\n]*\b(?:bound|estimate|guess|still|doubled|halved|tripled|total|overcount\w*)\b"
    r"|[^.!?\n]*\b(?:must|we|then|to)\s+(?:then\s+|still\s+|must\s+|be\s+)*"
    r"(?:add|subtract|double|halve|triple|multiply|divide|remove|exclude|obtain|get)\b"
    r"|[\s$\\(]*(?<=by)[\s$\\(]*-?\d)",
    re.IGNORECASE,
)
"""What stands behind a value and makes another of it: a reason is left off, a further step is not."""
_LEADING = re.compile(
    r"(?:therefore|thus|actually|really|instead|clearly|simply|just|indeed|equal\s+to|then|hence|now|obviously)\b[\s,:]*",
    re.I,
)
_YES = re.compile(r"(?:yes|no|true|false)(?=\s*[,;\u2014-])", re.IGNORECASE)
_COPULA = re.compile(
    r"\b(?:is|are|equals)\b(?:\s+(?:equal\s+to|exactly|therefore|thus|just|simply)\b)?(?:\s+at(?=\s+\$?\s*(?:\\left)?\())?\s*:?",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"^\W*(?:(?:wait|hmm|oops|actually)\b[\s,.:!-]|no\s*[,.:!\u2014-])"
    r"|\b(?:that|this|it)(?:'s|\s+is|\s+was)\s+(?:wrong|incorrect|not\s+right|not\s+correct|a\s+mistake)|\bscratch\s+that|\bit\s+must\s+be\b|\bi\s+was\s+wrong|\bcorrection\s*:|\bedit\s*:|\bi\s+meant\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:wrong|incorrect|false|doubt\w*|nobody|no\s+one|some\s+(?:say|think|claim|believe)|others?|unlikely|backup|(?:they|students?|people)\s+\w+"
    r"|(?:guess|alternative)\s*$|not\s+(?:true|the\s+case|think|believe))\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:but|candidates?|guess|closest|something|unknown|unclear|minus|plus|half|not|others?|they|claim\w*|say|think|believe|wrong"
    r"|where|if)\b",
    re.IGNORECASE,
)
"""Words before the last 'is' of a sentence after which it speaks of something other than the answer."""
_TAGGED = re.compile(r"<answer>([^<]{1,2000})</answer>")
_HEADER = re.compile(
    r"^(?:(?:#{1,6}|\*\*)[ \t]*+(?:final[ \t]++)?|final[ \t]++)answer[ \t]*+:?[ \t]*+(?:\*\*)?[ \t]*+:?[ \t]*+\n\s*+"
    r"(\$\$[^$]{1,500}\$\$|[^\n]{1,500})",
    re.IGNORECASE | re.MULTILINE,
)
_ASIDE = re.compile(
    r",\s*(?:and\s+(?:we|so|this|that|it)\b|which\b|obtained\b|because\b|since\b|as\b)|;\s*(?:done|this|we|check)\b|,\s*(?:attained|achieved|reached|occurring|rejecting|discarding)\b",
    re.IGNORECASE,
)
_ESTIMATE = re.compile(r"(?:there\s+(?:are|were)\s+)?(?:roughly|about|around)\s+\d[\d,]*\s+[A-Za-z]", re.IGNORECASE)
"""A count that is none."""
_QUOTED = re.compile(r"""\\?"([^"]+?)\\?"|\u201c([^\u201c\u201d]+)\u201d""")
_SENTENCE_ENDS = re.compile(
    r"[.!?\n]|\b(?:that|this|it)(?:'s|\s+is|\s+was)\s+(?:wrong|incorrect|false)\s*[:;,\u2014-]", re.I
)
_LABEL = re.compile(r"[A-J]\)\s")
"""The label of an option, whose parenthesis nothing opens."""
_TICKS: Final = " \t\n\u2713\u2714\u2705\u2611\ufe0f"
_STATEMENT: Final = 2_000
How = Literal["marker", "phrase", "none"]


def statement(text: str, question: str = "") -> tuple[str, How]:
    """The answer that is stated last, and how; '' where it is announced and then missing, unfinished or withdrawn."""
    marker = text.rfind("####")
    if "<answer>" in text and (tagged := list(_TAGGED.finditer(text))):
        return _finished(undressed(tagged[-1][1])), "marker"
    if (header := list(_HEADER.finditer(text))) and header[-1].end() == len(text.rstrip()):
        return _finished(undressed(header[-1][1])), "marker"
    phrases = (found for found in _PHRASE.finditer(text) if not _denied(text, found.start()))
    phrase = max(phrases, key=re.Match.end, default=None)
    if phrase and phrase.end() > marker:
        return _sentence(text[phrase.end() : phrase.end() + _STATEMENT], question), "phrase"
    if marker >= 0:
        line = text[marker + 4 : marker + 4 + _STATEMENT].split("\n", 1)[0]
        return _finished(undressed(line)), "marker"
    return "", "none"


def _denied(text: str, at: int) -> bool:
    """Whether an answer is announced as a wrong one, or as somebody else's."""
    before = _SENTENCE_ENDS.split(text[max(0, at - 80) : at])[-1]
    return bool(_OTHERS.search(before))


def _sentence(text: str, question: str) -> str:
    text = text.lstrip(" \t*:\u2026")
    if (leading := _LEADING.match(text)) is not None and "\n" in leading.group():
        text = text[leading.end() :].lstrip()
    display = re.match(r"[^\S\n]*+\n\s*+(?=\$|\\\[|\\\(|[\d\\*-]|\(?[A-J][.):]\s)", text)
    if display:
        text = re.sub(r"^[-*\u2022]\s+", "", text[display.end() :])  # an item, not a minus sign
    sentence, after = text, ""
    for match in _ENDS.finditer(text):
        if match["end"]:
            sentence, after = text[: match.start()], text[match.end() :]
            if match["end"] == "?":
                return ""
            break
    if _TAKEN_BACK.search(after[:300]):
        return ""
    if leading := _LEADING.match(sentence):
        sentence = sentence[leading.end() :]
    if aside := _ASIDE.search(sentence):
        if _TURNED.search(sentence, aside.start()):
            return ""
        sentence = sentence[: aside.start()]
    sentence = without_remark(sentence, last_sentence(question))
    whole = undressed(sentence)
    yes = _YES.match(whole)
    candidates = [yes.group()] if yes else [whole]
    if because := _BECAUSE.search(sentence):
        if _TURNED.search(sentence, because.start()):
            return ""
        candidates.append(undressed(sentence[: because.start()]))
    for copula in list(_COPULA.finditer(sentence))[-1:]:
        before = sentence[: copula.start()]
        if _ELSEWHERE.search(before) or is_of_another(before, last_sentence(question)):
            return ""
        candidates.append(undressed(sentence[copula.end() :]))
    if _ESTIMATE.match(whole):
        return ""
    chosen = next((candidate for candidate in candidates if readable(candidate)), None)
    return _finished(chosen or the_number(whole, question) or whole)


def readable(text: str) -> bool:
    """Whether a text is an answer that can be read whole."""
    try:
        node = read(text)
    except Unreadable:
        return False
    return not (node.head == "words" and " " in node.text) and not (node.head == "mul" and node.has("words"))


def _finished(answer: str) -> str:
    """The answer, or '' where it breaks off."""
    if not any(char.isalnum() or char in "\\∞∅" for char in answer):
        return ""
    unfinished = answer.endswith(("=", ":", "\\", "+")) or answer.count("{") != answer.count("}")
    return "" if not answer or unfinished else answer


def undressed(text: str) -> str:
    """`text` without Markdown emphasis and a final full stop; formulas keep their dollars."""
    text = text.strip(_TICKS).strip("*`_").strip().rstrip(".").strip()
    if (
        text.endswith(")") and text.count(")") > text.count("(") and not _LABEL.match(text)
    ):  # of a parenthesis around the statement
        text = text[:-1].rstrip(".").strip()
    text = re.sub(r"\*\*|__", "", text)
    if (quoted := _QUOTED.fullmatch(text)) is not None:
        text = (quoted[1] or quoted[2]).strip()
    whole = re.fullmatch(r"\$\$?([^$]+)\$\$?|\\\((.+)\\\)|\\\[(.+)\\\]", text, re.DOTALL)
    if whole:
        text = next(group for group in whole.groups() if group is not None).strip()
    return text.rstrip(".").strip()
