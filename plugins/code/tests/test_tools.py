"""What tools are called with is read as the edits that it means, in whatever form the calls come."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.tools import with_calls_written

DRAFT = "def f(xs):\n    total = 0\n    for x in xs:\n        total += 1\n    return total"
RIGHT = DRAFT.replace("+= 1", "+= x")
OLD, NEW = "        total += 1", "        total += x"
FILE = {"command": "create", "path": "/repo/s.py", "file_text": DRAFT}


def edit(old: str = OLD, new: str = NEW) -> dict[str, str]:
    return {"command": "str_replace", "path": "/repo/s.py", "old_str": old, "new_str": new}


def tagged(call: dict[str, str], begins: str = "<parameter={}>") -> str:
    ends = "</parameter>" if "parameter" in begins else "</{}>"
    lines = [f"{begins.format(name)}\n{value}\n{ends.format(name)}" for name, value in call.items()]
    return "\n".join(["<function=editor>", *lines, "</function>"])


FORMS = {
    "tags around JSON": lambda call: f"<tool_call>\n{json.dumps({'name': 'editor', 'arguments': call})}\n</tool_call>",
    "arguments as text": lambda call: json.dumps({"function": {"name": "e", "arguments": json.dumps(call)}}),
    "bare JSON": json.dumps,
    "JSON on lines": lambda call: json.dumps(call, indent=2),
    "in a list": lambda call: json.dumps([{"type": "tool_use", "name": "editor", "input": call}]),
    "in a fence": lambda call: f"```json\n{json.dumps(call)}\n```",
    "below a label": lambda call: f"Action Input: {json.dumps(call)}",
    "tags for parameters": tagged,
    "parameters with names": lambda call: tagged(call, '<parameter name="{}">'),
    "plain tags": lambda call: tagged(call, "<{}>"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_made_and_edited_is_the_edited_program(form: str) -> None:
    write = FORMS[form]
    text = f"I write the file.\n\n{write(FILE)}\n\nThe sum needs `x`.\n\n{write(edit())}\n\nDone."
    assert str(extract(text, "f").code).strip() == RIGHT
    text = f"It is this:\n\n```python\n{DRAFT}\n```\n\nThe sum needs `x`.\n\n{write(edit())}\n"
    assert str(extract(text, "f").code).strip() == RIGHT


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_that_fits_nothing_is_no_program(form: str) -> None:
    write = FORMS[form]
    assert extract(f"{write(FILE)}\n\n{write(edit('total -= 1'))}\n", "f").code is None
    text = f"{write(FILE)}\n\n{write(edit('total -= 1'))}\n\n{write(FILE | {'file_text': RIGHT})}"
    assert str(extract(text, "f").code).strip() == RIGHT


@pytest.mark.parametrize(
    "form", [form for form in FORMS if "tags for" not in form and "plain" not in form and "names" not in form]
)
def test_a_patch_may_be_what_a_tool_is_called_with(form: str) -> None:
    lines = "\n".join(f"+{line}" for line in RIGHT.split("\n"))
    patch = f"*** Begin Patch\n*** Add File: s.py\n{lines}\n*** End Patch"
    assert str(extract(FORMS[form]({"input": patch}), "f").code).strip() == RIGHT


@pytest.mark.parametrize("form", FORMS)
def test_calls_in_thoughts_are_thoughts(form: str) -> None:
    write = FORMS[form]
    text = f"<think>\n{write(FILE)}\n{write(edit())}\n</think>\n```python\n{DRAFT}\n```"
    assert str(extract(text, "f").code).strip() == DRAFT


def test_what_a_program_holds_is_no_call() -> None:
    code = f'CALL = \'{{"old_str": "a", "new_str": "b"}}\'\n\n{RIGHT}'
    data = f'CALL = [\n{{"path": "a.py", "old_str": "a", "new_str": "b"}}\n]\n\n{RIGHT}'
    for program in (code, data):
        for text in (program, f"```python\n{program}\n```\n"):
            assert str(extract(text, "f").code).strip() == program


@given(st.text('{}[]":,ab old_str new_str<>/=\n', max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str) -> None:
    assert with_calls_written(text, "f") == text or "old_str" in text
    extract(f'{json.dumps(FILE)}\n{{"old_str": "{text}\n<parameter=old_str>{text}', "f")


@pytest.mark.parametrize(
    "unit", ["<code>", '{"a":', "[{", '{"old_str": "a", "new_str": "b"}\n', "<old_str>a</old_str>", "```\n\n"]
)
def test_many_calls_take_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    text = "old_str\n" + unit * (49_000 // len(unit))
    with_calls_written(text, "f")
    extract(text, "f")
    assert time.process_time() - began < 5
