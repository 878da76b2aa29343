"""Whether what stands behind an answer takes it back: denies it, turns from it, offers another.

Most of what follows a box checks it, explains it or speaks of other cases, so that a word such as 'wrong' or 'wait'
counts only where it is of the answer, and where nothing after it confirms the answer or comes back to it.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.extraction.rivals import another, comes_back, gives_another, holds, offered

_WITHDRAWN = re.compile(
    r"\b(?P<subject>that|this|it|which|(?:the|my|that|this)\s+(?:(?:boxed|above|given)\s+)?(?:answer|box|above|result|value))"
    r"(?:\s+(?:is|was|can|could)(?:\s+(?:actually|clearly|in\s+fact|obviously|definitely))?|'s)?\s*"
    r"(?:(?:is\s+)?(?:wrong|incorrect|mistaken|invalid|false)\b(?!\s+(?:for|when|if)\b)|an?\s+(?:wrong|incorrect|false)\s+(?:answer|value|result)\b|a\s+mistake|an\s+error"
    r"|(?:n[o']t|isn't|cannot\s+be|can't\s+be|couldn't\s+be)\s*"
    r"(?:(?:be\s+)?(?:right|correct|true|valid|it)\b|(?:be\s+)?the\s+(?:right|correct|final)?\s*answer|[.!,;]|$))"
    r"|\bscratch\s+that|\bstrike\s+that|\bdisregard\s+(?:that\b|this\b|my\b|it\b|the\s+(?:answer|box|above|boxed|last|previous))|\bignore\s+(?:that\b|this\b|my\b|the\s+(?:answer|box|above|boxed|last|previous))"
    r"|\bi\s+(?:take\s+(?:that|it)\s+back|withdraw|retract)|\bon\s+second\s+thought|\bcorrection\s*:"
    r"|\bi\s+made\s+an?\s+(?:mistake|error)|\bnever\s*mind\b(?!\s+the\b)|\bi\s+was\s+wrong|\bi\s+meant\b"
    r"|\bedit\s*:|\blet\s+me\s+(?:correct|fix)\b|\brevised\s+answer|\b(?:use|take)\s+[^.!?\n]{1,40}\binstead"
    r"|\b(?:answer|it|this|that)\s+should\s+(?:actually\s+|really\s+|instead\s+)?(?:be|have\s+been)\s+\W*[\d\\-]"
    r"|\b(?:it|this|that)\s+(?:could|might|may)\s+(?:also|instead)\s+be\s+\W*[\d\\-]"
    r"|(?<!\bnot )(?<!n't )(?<!\bnever )(?<!\bthan )(?<!\blonger )"
    r"\b(?:just|only|merely)\s+a\s+guess\b(?!\s+(?:away|from))"
    r"|\bjust\s+kidding"
    r"|\bi\s+(?:(?:don't|do\s+not)\s+(?:think|believe)|doubt)\s+(?:that\s+)?(?:this|that|it|(?:my|the)\s+answer)\s+(?:is|can\s+be)\s+(?:right|correct)\b"
    r"|\b(?:that|this|it)\s+(?:doesn't|does\s+not)\s+(?:seem|look)\s+(?:right|correct)\b"
    r"|\b(?:that|this|it|answer)(?:'s|\s+is)\s+off\s+by\b|\berrat(?:um|a)\b|\bnope\b|\bupdate\s*:\s*\W*\d"
    r"|\b(?:this|that|my)\s+answer\s+(?:may|might|could)\s+be\s+(?:wrong|incorrect)|\bother\s+possible\s+answers?(?:\s*:|\s+(?:are|include)\b)"
    r"|\b(?:but\s+)?we\s+(?:also|still)\s+(?:need|have)\s+to\s+(?:add|subtract|double|halve|multiply|divide)\b(?!\s+that)"
    r"|\badding\s+(?:one|another|\w+\s+more)\b[^.!?\n]{0,60}\b(?:yields|gives)\b|\bbut\s+i\s+(?:now\s+)?think\b"
    r"|\b(?:right|correct)\s+value\s+is\b|\b(?:correct|right|true|it)\s*\?\s*(?:no|nope)\b",
    re.IGNORECASE,
)
_PRONOUNS: Final = ("that", "this", "it", "which")
_VALUE = re.compile(r"-?\d+(?:[.,/]\d+)*")
_HENCE = re.compile(r"\s*(?:so|thus|hence|therefore),?\s*", re.IGNORECASE)
_SUPPOSED = re.compile(
    r"\b(?:if|suppose|assume|for\s+\w\s*=|statement|double.check|common|would|some|students?|people|instead|otherwise|forget\w*|had\s+we)\b|\bmistake\s*:",
    re.IGNORECASE,
)
"""What is wrong in a sentence with such a word, or after it, is a case that somebody considers, not the answer."""
_RIVAL = re.compile(
    r"^[\s$.,;!*\\)\]]*or\s+(?:maybe|perhaps|possibly|else|it\s+(?:could|might|may)\s+be)\b", re.IGNORECASE
)
_DENIED = re.compile(
    r"^[\s$.,)\]\\]{0,6}(?:would\s+be\s+(?:the|our|my)\s+(?:final\s+|correct\s+)?answer\s+if\b|(?:is|was|would\s+be)\s+(?:clearly\s+|certainly\s+)?(?:wrong|incorrect|false|invalid|a\s+mistake|not\b)"
    r"|(?:fails\b|(?:does\s+not|doesn't)\s+(?:work|satisfy|hold|count|qualify)\b|(?:leads?\s+to\s+)?(?:a\s+)?contradiction\b"
    r"|(?:is\s+|was\s+)?(?:(?:clearly|obviously|certainly|far|much|way|still|just)\s+)*(?:impossible(?!\s+to\b)|excluded|ruled\s+out|rejected|too\s+(?:big|small|large|high|low))\b"
    r"|(?:should|must|has\s+to|needs\s+to|is\s+to)\s+be\s+(?:rejected|discarded|excluded|ruled\s+out|ignored)|(?:is|was)\s+(?:an\s+)?extraneous"
    r"|(?:is|was)\s+(?:only\s+|merely\s+|just\s+)an?\s+(?:upper|lower)\s+bound|(?:is|was)\s+an?\s+(?:upper|lower)\s+bound\s+only"
    r"|(?:(?:but|however),?\s+)?(?:that|this|it)\s+(?:is|was)\s+(?:only|merely|just)\s+an?\s+(?:upper|lower)\s+bound\b"
    r"|(?:is|was)\s+an?\s+(?:wild\s+|rough\s+|random\s+)?guess\b(?!\s+(?:that|which|and|we|to)\b)"
    r"|(?:is|was)\s+what\s+(?:the|an?)\s+(?:naive|wrong|incorrect|careless)\b|which\s+(?:i|we)\s+reject\b(?!\s+(?:only|unless|if|when)\b)"
    r"|(?:is|was)\s+(?:half|twice|double|the\s+(?:square|negative|reciprocal))\s+(?:of\s+)?the\s+answer\b"
    r"(?!\s+(?:of|to|for|in|from)\s+(?:the\s+)?(?:first|previous|last|other|part|case|step)\b)"
    r"|(?:however|but),?\s+(?:that|this)\s+(?!(?:problem|question|exercise|puzzle|type|kind|sort)\b)\w+\s+"
    r"(?:(?!\b(?:often|frequently|commonly|sometimes|usually)\b)[^.!?\n]){0,40}\b(?:incorrectly|wrongly)\b(?!\s+\w+\s+(?:as|by)\b)"
    r"|(?:is|was)\s+my\s+(?:first|initial|earlier|old)\b|\W{0,3}(?:\[|\()(?:incorrect|wrong|false|not\s+correct)(?:\]|\))"
    r"|\W{0,3}[\u2717\u2718\u274c]|[\u2014\u2013-]\s*no\b(?!\s+\w))"
    r"|isn't\b|can(?:not|'t)\s+be|but\s+(?:it's|it\s+is|actually|that's|it\s+should)\b"
    r"|(?:(?:but|however)\b,?\s*)?(?:this|that|it|\$?-?\d[\d.,]*\$?)\s+(?:ignores|(?:double[\s-]?|over|under)counts|misses|forgets"
    r"|neglects|omits|overlooks)\b)",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^[\s$.,!*\\)\]]*(?:(?:wait|hmm|oops|whoops|hold\s+on|actually|my\s+bad|my\s+mistake|apologies)\b[\s,.:!-]"
    r"|(?:no|sorry)\s*[,.:!\u2014-]|i\s+(?:forgot|missed|overlooked|miscounted|misread)\b)",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(
    r"[\s$.,!*\\)\]]*actually,?\s+(?:(?:this|that|it)(?:\s+is|'s)\s+(?:(?:the|a)\s+well[\s-]known|all\s+there\s+is)"
    r"|that's\s+all\b|(?:this|that|it)\s+(?:makes\s+sense|agrees|matches)"
    r"|(?:we|i|you|one)\s+can\s+(?:also\s+)?(?:(?:see|check|verify|confirm)\s+(?:this|that|it)\b(?!\s+(?:is|was|should))|present\s+a\b|give\s+a\b))"
    r"(?![\s\S]*(?:\b(?:not|wrong|mistake|should|however|instead|forgot|but|no)\b|n't\b|\b(?:answer|total)\b))",
    re.IGNORECASE,
)
"""An 'actually' that turns to an explanation rather than to another answer."""
_ASSERTED = re.compile(
    r"\b(?:(?:total|answer|count)(?:\s+(?:is|was|are|equals|becomes|should\s+be|comes\s+to)|'s)|(?:so|then|thus|hence)\s+it(?:\s+is|'s)|it\s+(?:gives|yields)"
    r"|it's|(?:so|thus|hence|sorry|therefore)(?=[\s,:]+[$\\(]*-?\d[\d,.]*\$?(?:[.!\s]|$))"
    r"|(?:no|wait|actually|recount|redo)(?=\s*(?:[,:\u2026]|\.\.\.)\s*[$\\(]*-?\d+(?:\.\d+)?\$?(?:[.!](?:\s|$)|$)))"
    r"[\s,:.\u2026]*(?:then|now|really|actually|in\s+fact)?[\s$\\(*]*(?P<value>-?\d+(?:[.,/]\d+)*)",
    re.IGNORECASE,
)
"""A value that is given after second thoughts."""
_CONFIRMED = re.compile(
    r"\b(?:is|looks?|was)\s+(?:indeed\s+|right|correct\b|fine|good|(?:a\s+)?well[\s-]known)|\bconfirm|\bchecks?\s+out|\bstands\b"
    r"|\bcorrect[.!]|\ball\s+(?:is\s+)?good|\bverif(?:y|ied)|\bgood\.|\?[^.!?]{0,40},\s*(?:fine|ok(?:ay)?)\s*[.!]?\s*\Z|\?[^.!?]{0,60}\.?\s+yes\b|[.:]\s+yes\b(?!\s+i\b)|\bno\s+other\b",
    re.IGNORECASE,
)
_LONE = re.compile(
    r"(?P<before>[^.?!\n]*)(?:^|[\s$(:])(?P<value>-?\d+(?:[./]\d+)*)[$)]*"
    r"(?:\s*,\s*(?:fine|ok(?:ay)?)\b|\s+(?:is|looks?)\s+(?:indeed|right|correct|fine|good)\b)",
    re.IGNORECASE,
)
"""A value that is confirmed itself."""
_SMALLER_CASE = re.compile(
    r"[=<>]|\b(?:with|for|case|when|if|small\w*|first|each)\b|\b(?:of|by|plus|times|and|than|to|over)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that checks a case rather than the answer."""


def withdrawn(after: str, inside: str = "", question: str = "") -> bool:
    """Whether what follows an answer to `question` takes it back; `inside` is the answer."""
    if len(after) < 2:
        return False
    if inside and len(inside) < 20 and ", not " in after:
        if re.search(rf"\d\W{{0,3}}, not [$\\(]*{re.escape(inside)}(?![\w.,/]\d|\d)", after):
            return True
    if _DENIED.match(after) or _RIVAL.match(after) or offered(after, inside, question):
        return True
    if (turn := _TURN.search(after)) is not None and not _explains(after, inside):
        values = list(_ASSERTED.finditer(after, turn.start()))
        if values:
            return not holds(inside, values[-1]["value"])
        if not _is_confirmed(after, inside):
            return True
    return any(not _of_another(after, found, inside) for found in _WITHDRAWN.finditer(after[:600]))


def _explains(after: str, inside: str) -> bool:
    """Whether an 'actually' turns to an explanation, and to no other value in it."""
    return _EXPLAINS.match(after) is not None and not gives_another(after, inside)


def _is_confirmed(after: str, inside: str) -> bool:
    """Whether second thoughts end in the box's value: in a word that confirms it, and no other value, or in itself."""
    found = list(_CONFIRMED.finditer(after))
    if not found:
        return comes_back(after, inside)
    named = (lone for match in found for lone in _LONE.finditer(after[max(0, match.start() - 40) : match.end()]))
    return not any(another(inside, lone["value"]) for lone in named if not _SMALLER_CASE.search(lone["before"]))


def _of_another(after: str, found: re.Match[str], inside: str) -> bool:
    """Whether what is called wrong is a case that was supposed, or another value, rather than the answer."""
    subject = (found["subject"] or "").lower()
    if subject not in _PRONOUNS:
        return False
    sentences = re.split(r"(?<=[.!?])\s", after[: found.start()])
    if subject == "which" and inside and (values := _VALUE.findall(sentences[-1][-24:])):
        return not holds(inside, values[-1])
    if _HENCE.fullmatch(sentences[-1]):
        return False
    return bool(_SUPPOSED.search(" ".join(sentences[-2:])))
