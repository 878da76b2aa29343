"""Code that an answer carries as data: in JSON, as what a tool is called with, under a key of YAML.

A call is an answer where nothing beside it is one: whoever tries a draft in a tool and then answers has answered. Of
several the last that holds what is asked for counts, as it does of blocks in fences. Calls in a model's thoughts are
thoughts, and what is Python as it stands has no calls but those that its strings quote.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import Final

from pidistill_code.extraction.blocks import defines
from pidistill_code.extraction.fenced import fenced_blocks
from pidistill_code.extraction.programs import is_program, may_be_one
from pidistill_code.extraction.prose import is_prose
from pidistill_code.extraction.readings import LONGEST_LOOKED_AT
from pidistill_code.extraction.thoughts import without_thoughts
from pidistill_code.extraction.wholes import is_whole

_KEYS: Final = (
    "final_answer", "final_code", "final_solution", "final",
    "answer", "solution", "code", "program", "python", "python_code", "completion", "file_text",
    "file_content", "content",
)  # fmt: skip
_CALLS: Final = ("arguments", "parameters", "input", "args", "function", "function_call", "tool_calls")
"""What holds what a tool is called with."""
_ENDS_OF_JSON: Final = ("}", "]", "```")
_DEEPEST: Final = 8
"""Objects and lists of JSON's within each other."""
_MOST_CALLS: Final = 100
"""That are looked at, the last first."""
_CARRIED = re.compile(
    rf"""<(?P<tag>tool_call|function_call|tool_use)>\s*(?P<json>[\[{{].*?)(?:</(?P=tag)>|\Z)
    |^[ \t]*```(?i:jsonc?5?)[ \t]*\n[ \t]*(?P<fenced>[\[{{].*?)\n[ \t]*```[ \t]*$
    |<parameter(?:=|[ ]name=)"?(?:{"|".join(_KEYS)})"?>(?P<plain>.*?)(?:</parameter>|\Z)
    |^(?:{"|".join(_KEYS)})[ \t]*:[ \t]*\|[-+\d]*[ \t]*\n(?P<yaml>(?:[ \t][^\n]*(?:\n|\Z)|\n)+)""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


_OBJECT = re.compile(r'^(?:[A-Za-z][\w ]{0,30}:[ \t]*)?(?=\{\s*")', re.MULTILINE)
"""Where one of JSON's may begin, with a label before it or without."""


def carried(text: str, name: str) -> str:
    """The code that `text` carries as data; `text` itself where it is an answer in another way.

    `name` is what the answer has to define, '' for a program.
    """
    if (code := _of_json(text, name)) is not None:
        return code
    if len(text) > LONGEST_LOOKED_AT:
        return text
    may_be = _CARRIED.search(text) or _OBJECT.search(text) or (text.rstrip().endswith(_ENDS_OF_JSON) and ">" in text)
    if not may_be or is_whole(text, name):
        return text
    answer = without_thoughts(text, name) or ""
    if (code := _of_json(answer, name)) is not None:
        return code
    found = list(_CARRIED.finditer(answer))[: -_MOST_CALLS - 1 : -1]
    if not found:
        return _of_bare(answer, name) or text
    if _answers(_CARRIED.sub("\n", answer), name):
        return text
    for one in found:
        if (code := _of_call(one, name)) is not None:
            return code
        shown = one[0].replace("\\n", "\n")
        if _makes(shown, name) if name else may_be_one(shown, wholly=True):
            break  # a slip in the last call does not make a draft above it the answer
    return text


def _of_bare(answer: str, name: str) -> str | None:
    """The code of an object of JSON's on lines of its own, between words; of several the last."""
    decoder, found, beside, end = json.JSONDecoder(), None, "", 0
    for start in list(_OBJECT.finditer(answer))[:_MOST_CALLS]:
        if start.start() < end:
            continue
        try:
            value, stop = decoder.raw_decode(answer, start.end())
        except (ValueError, RecursionError):
            continue
        if answer[stop:].split("\n", 1)[0].strip():
            continue
        beside += answer[end : start.start()] + "\n"
        found, end = _held(value, name) or found, stop
    return None if found is None or _answers(beside + answer[end:], name) else found


def _of_call(found: re.Match[str], name: str) -> str | None:
    if (data := found["json"] or found["fenced"]) is not None:
        return _of_json(data, name)
    code = textwrap.dedent(found["yaml"] or found["plain"] or "").strip("\n")
    return code if _is_code(code, name) else None


def _of_json(text: str, name: str) -> str | None:
    """The code in an object or a list of JSON's that is all of `text`, in a fence or not."""
    bare = re.sub(r"\A```(?i:jsonc?5?)?[ \t]*\n|\n[ \t]*```\Z", "", text.strip()).strip()
    if bare[:1] + bare[-1:] not in ("{}", "[]") or len(bare) > LONGEST_LOOKED_AT:
        return None
    try:
        return _held(json.loads(bare), name)
    except (ValueError, RecursionError):
        return None


def _held(value: object, name: str, deepest: int = _DEEPEST) -> str | None:
    """The code that a value of JSON's holds under a name for code, at any depth; what a tool is called with may be
    JSON itself."""
    if not deepest:
        return None
    if isinstance(value, list):
        return next((code for one in reversed(value) if (code := _held(one, name, deepest - 1)) is not None), None)
    if not isinstance(value, dict):
        return None
    if isinstance(cells := value.get("cells"), list):
        return _of_notebook(cells, name)
    for key in (*_KEYS, *_CALLS):
        inner = value.get(key)
        if isinstance(inner, str) and key in _KEYS and _is_code(inner, name):
            return inner
        code = _of_json(inner, name) if isinstance(inner, str) else _held(inner, name, deepest - 1)
        if code is not None:
            return code
    return None


def _of_notebook(cells: list[object], name: str) -> str | None:
    """All that its cells of code hold, whose text is a list of lines as a notebook's file has it."""
    sources = [cell.get("source") for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    texts = ["".join(map(str, it)) if isinstance(it, list) else str(it or "") for it in sources]
    code = "\n\n".join(texts)
    return code if _is_code(code, name) else None


def _is_code(code: str, name: str) -> bool:
    return defines(code, name) if name else is_program(code) or bool(fenced_blocks(code))


def _answers(beside: str, name: str) -> bool:
    """Whether what stands beside the calls may be the answer: more rather than less, for a draft must not count."""
    if _of_json(beside, name) is not None or beside.lstrip("\n")[:1].isspace():
        return True
    if name:
        return _makes(beside, name)
    if any(map(str.strip, fenced_blocks(beside))):
        return True
    return any(may_be_one(line) and not is_prose(line) for line in beside.split("\n"))


def _makes(text: str, name: str) -> bool:
    """Whether there is a definition of `name` anywhere in it, or what looks like one."""
    entry = re.escape(name)
    return re.search(rf"(?:def|class)[ \t]+{entry}\b|\b{entry}[ \t]*=(?!=)", text) is not None
