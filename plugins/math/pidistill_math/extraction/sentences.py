"""The number of a sentence that says no more than how many, or when: 'Mira sold 72 clips in April and May'.

What the question itself says with a number (``in 2 hours``, ``12 pencils``) is no answer in the sentence that repeats
it; a remark in brackets on how the value comes about is none either.
"""

from __future__ import annotations

import re
from typing import Final

from pidistill_math.reading import units
from pidistill_math.reading.quantities import CHANGING
from pidistill_math.reading.syntax import vocabulary

_NUMERAL = re.compile(r"\\?\$?(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:\\?%)?(?![\w.]*\d)")
_SPOKEN = re.compile(r"[A-Za-z'-]+")
_ENDS_IN_UNIT = re.compile(r" +[A-Za-z]+(?: +(?:ago|long|old|tall|wide|high|deep|away|apart|later|altogether))?")
_MOST_WORDS: Final = 14
_LONGEST: Final = 2_000
_SAYING_MORE: Final = (
    CHANGING
    | vocabulary(
        """by than over under above below after before at per each every out step page part case problem question option
    choice equation line figure section row example number half quarter third double triple twice one two three four
    five six seven eight nine ten dozen pair pairs remaining another other first last second next between might may
    could would should maybe perhaps probably likely possibly almost nearly about around roughly estimate guess can
    cannot doesn't don't isn't aren't wasn't won't can't didn't if unless until false true how what why which who up to
    extra additional further fewer all both some any short lack lacks lacked fail fails failed unable without exceed
    exceeds wrongly claims claimed"""
    )
) - {"is", "then", "only"}
"""Words of a sentence that make its number another one than it says."""
_VERBS: Final = vocabulary(
    """is are was were be has have had sold sells sell makes make made gets get got needs need needed costs cost pays
    pay paid spends spend spent earns earn earned takes take took saves save saved bought buys buy eats eat ate
    receives receive received uses use used collected collects drove drives ran runs walked walks worked works read
    reads baked bakes owns own owes owe won wins picked picks planted plants drank drinks totals equals run walk work
    bake own win pick plant drink drive collect use receive buy save take earn spend need get make sell had totaled"""
)
"""Words that a numeral may follow as the number of what is spoken of."""
_ADVERBS: Final = vocabulary("currently now exactly therefore thus just also")
_MODALS: Final = vocabulary("can could would should will")
_OPENING: Final = frozenset({"The", "There", "That", "This", "She", "They", "His", "Her", "Its"})
"""Words with a capital that are no names."""
_PRONOUNS = re.compile(r"\b(?:he|she|they|it|his|her|their|them|him)\b", re.IGNORECASE)
_MONTHS: Final = vocabulary(
    "January February March April May June July August September October November December Monday Tuesday Wednesday"
    " Thursday Friday Saturday Sunday"
)
_COMPARING: Final = vocabulary("older younger taller shorter longer heavier lighter later earlier faster slower")
"""Words that make a difference of a number, where the question has none of them."""
_REPEATED = re.compile(r"(?:\b(?:in|for|of|from|with|over)[ ]+)?(?<![\w.$])\d[\d,]*[ ]+[A-Za-z]+")
_TIME = re.compile(r"(?<![\d:.])\d{1,2}:\d{2}(?![\d:])(?:\s*[ap]\.?m\b\.?)?", re.IGNORECASE)
_AT_A_TIME = re.compile(r"[A-Za-z' ,-]*\b(?:at|is)(?:\s+at)? +")
_TIME_ASKED = re.compile(r"\b(?:what|which)\s+time\b|\bwhen\b", re.IGNORECASE)
_REMARK = re.compile(
    r"\s*(?:(?:which\s+is\s+)?(?:attained|achieved|reached)\b|occurring\b|rejecting\b|discarding\b|check\s*:"
    r"|(?:when|at)\s+\$?\s*\(?[a-z](?:,\s*[a-z]\))?\s*=)",
    re.IGNORECASE,
)
_OF_THE_OTHER = re.compile(
    r"(?:and\s+)?the\s+(?P<which>other|smaller|larger|greater|lesser|second|younger|older|shorter|longer|remaining)"
    r"(?:\s+[a-z]+)?\s+(?:is|has|was)\s+\$?[\d.,/]+\$?",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"\s*\$?(?P<value>[^$]{1,40}?)\$?\s+(?:is|being)\s+(?:extraneous|rejected|invalid|not\s+valid)\s*"
)
_OTHERWISE = re.compile(r"\b(?:or|not|maybe|perhaps|but|if|wrong|actually)\b", re.IGNORECASE)


def the_number(sentence: str, question: str = "") -> str:
    """The one numeral of a sentence that says no more than how many, with its noun; '' for any other sentence."""
    asked = last_sentence(question)
    if (time := _the_time(sentence, asked)) or len(sentence) > _LONGEST:
        return time
    sentence = _without_repeated(sentence, asked)
    found = list(_NUMERAL.finditer(sentence))
    words = _SPOKEN.findall(sentence)
    if len(found) != 1 or len(words) > _MOST_WORDS or _says_more(words, asked):
        return ""
    before, after = sentence[: found[0].start()], sentence[found[0].end() :]
    if not re.fullmatch(r"(?:[A-Za-z' ,-]*[A-Za-z] +)?", before) or not re.fullmatch(r"(?: +[A-Za-z' ,-]*)?", after):
        return ""
    following = re.match(r" +([A-Za-z]+)", after)
    noun = following[1] if following else ""
    measured = len(noun) > 1 and units.measure(noun) is not None and _ENDS_IN_UNIT.fullmatch(after)
    said = before.lower().split()
    while said and said[-1] in _ADVERBS:
        said.pop()
    if not said:
        if not noun or not re.search(rf"\bhow\s+many\s+{noun}\b", asked, re.IGNORECASE):
            return ""
    elif (said[-1] not in _VERBS and said[-2:] != ["total", "of"] and not measured) or (is_of_another(before, asked)):
        return ""
    known = len(noun) > 1 and (units.measure(noun) or units.counted(noun) or units.scale(noun) or noun == "percent")
    return found[0].group() + (f"\\text{{ {noun}}}" if known else "")


def last_sentence(question: str) -> str:
    """The sentence in which a question asks, as far as full stops show."""
    sentences = [part for part in re.split(r"(?<=[.?!])\s+", question.strip()[-_LONGEST:]) if part]
    return sentences[-1] if sentences else ""


def without_remark(sentence: str, asked: str = "") -> str:
    """A statement without a remark in brackets at its end: where the value is attained, what it is the sum of, or what
    the other of two is."""
    text = sentence.rstrip(" .$")
    if not text.endswith(")") or len(text) > _LONGEST:
        return sentence
    depth, at = 0, len(text)
    while at > 0 and (depth or at == len(text)):
        at -= 1
        depth += {")": 1, "(": -1}.get(text[at], 0)
    said, remark = text[:at].rstrip(), text[at + 1 : -1]
    if depth or not said or _OTHERWISE.search(remark):
        return sentence
    rejected = _REJECTED.fullmatch(remark)
    if rejected is not None and re.sub(r"[\s$]", "", rejected["value"]) not in re.sub(r"[\s$]", "", said):
        return said
    other = _OF_THE_OTHER.fullmatch(remark)
    if other is not None and asked and other["which"].lower() not in asked.lower():
        return said
    return said if _REMARK.match(remark) or _adds_up(said, remark) else sentence


def _adds_up(said: str, remark: str) -> bool:
    """Whether a remark gives the parts of which the one whole number before it is the sum."""
    whole, parts = re.findall(r"\d+", said), re.findall(r"\d+", remark)
    plain = re.fullmatch(r"[\w\s+,$]*", remark) is not None and re.search(r"[.,]\d", said) is None
    return plain and len(whole) == 1 and len(parts) > 1 and sum(map(int, parts)) == int(whole[0])


def _says_more(words: list[str], asked: str) -> bool:
    """Whether a word makes the number another one; a modal verb that the question has says no more than that."""
    known = set(asked.lower().replace("?", "").split())
    for at, word in enumerate(words):
        if word.lower() in _COMPARING and word.lower() not in known:
            return True
        if word.lower() in _SAYING_MORE and not (word.lower() in _MODALS and word.lower() in known):
            joined = " ".join(words[at - 1 : at + 2]).lower() if word == "and" and at else ""
            if not (word == "May" and at) and not (joined and joined in asked.lower()):  # the month; 'April and May'
                return True
    return False


def is_of_another(subject: str, asked: str) -> bool:
    """Whether a sentence has a name for its subject, where the question asks of another name."""
    first = subject.split()[0] if subject.split() else ""
    if _PRONOUNS.search(asked):
        return False
    names = {word.removesuffix("'s") for word in re.findall(r"(?<=\s)[A-Z][a-z]+(?:'s)?", asked)} - _MONTHS
    named = first.istitle() and len(first) > 2 and first not in _OPENING and first.lower() not in asked.lower()
    return named and bool(names) and first.removesuffix("'s") not in names


def _the_time(sentence: str, asked: str) -> str:
    """The one time of day of a sentence that says no more, where a time is asked for."""
    found = list(_TIME.finditer(sentence)) if ":" in sentence and _TIME_ASKED.search(asked) else []
    if len(found) != 1 or found[0].end() < len(sentence.rstrip(" .")):
        return ""
    before = sentence[: found[0].start()]
    said = _AT_A_TIME.fullmatch(before) is not None and not _says_more(_SPOKEN.findall(before)[:-1], asked)
    return found[0].group() if said else ""


def _without_repeated(sentence: str, asked: str) -> str:
    """A sentence without the numbers that it repeats from the question: 'in 2 hours', '12 pencils'."""
    if len(_NUMERAL.findall(sentence)) < 2:
        return sentence
    known = asked.lower()
    rest = _REPEATED.sub(
        lambda found: "" if re.search(rf"\b{re.escape(found.group().lower())}\b", known) else found.group(), sentence
    )
    return " ".join(rest.split())
