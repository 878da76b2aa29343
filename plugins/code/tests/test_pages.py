"""What stands around code is taken away, and code that Python would run is left as it is."""

from __future__ import annotations

import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.pages import as_written, patched, typed_in, within_a_line, without_magics

ONE, OTHER = "def f(x):\n    return x", "def f(x):\n    return -x"


@pytest.mark.parametrize("tag", ["answer", "final", "final_answer", "solution"])
def test_what_stands_below_an_answer_in_tags_is_none_unless_it_sets_that_right(tag: str) -> None:
    below = f"\n\nMy scratch work was\n\n```python\n{OTHER}\n```\n"
    for inner in (f"\n```python\n{ONE}\n```\n", f"\n{ONE}\n", ONE):
        assert str(extract(f"<{tag}>{inner}</{tag}>{below}", "f").code).strip() == ONE
        assert str(extract(f"{below}<{tag}>{inner}</{tag}>", "f").code).strip() == ONE
        corrected = below.replace("My scratch work was", "Wait, that is wrong. Corrected:")
        assert str(extract(f"<{tag}>{inner}</{tag}>{corrected}", "f").code).strip() == OTHER
    code = f'def f(x):\n    """\n<{tag}>\n{OTHER}\n</{tag}>\n    """\n    return x'
    assert str(extract(f"```python\n{code}\n```", "f").code).strip() == code


PIECES = st.lists(st.sampled_from(["%time x", "!ls", "def f():", "    pass", '"""', "(", ")", "x = 1 \\", "% 2", ""]))


@given(PIECES)
def test_a_notebook_keeps_its_lines(pieces: list[str]) -> None:
    code = "\n".join(pieces)
    found = without_magics(code).split("\n")
    assert len(found) == len(code.split("\n"))
    assert all(new in (old, f"# {old}") for old, new in zip(code.split("\n"), found, strict=True))


@given(PIECES)
def test_a_program_that_python_reads_is_no_notebook(pieces: list[str]) -> None:
    code = "\n".join(pieces)
    try:
        compile(code, "code", "exec")
    except SyntaxError:
        return
    assert without_magics(code) == code


@given(st.text("<>/pre code|im_end`\n\"'x", max_size=80))
def test_of_any_text_nothing_is_made_up(text: str) -> None:
    assert set(as_written(text)) <= {*html.unescape(text), *text, "`", "\n"}
    assert set(typed_in(text)) <= {*text, "\n"}
    assert all(code in text for code in within_a_line(text))


@pytest.mark.parametrize(
    "code",
    ['s = """\n<pre>\nx\n</pre>\n"""\n', 's = """\nx<|im_end|>\n"""\n', "s = '<|im_end|>'\n", "x = 1 < 2\n"],
)
def test_marks_in_strings_of_a_program_stay(code: str) -> None:
    assert as_written(code) == code


def test_many_tags_take_time_proportional_to_the_text() -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        extract("x = 1\n" + "<code>\n a\n" * count, "")
        extract("Words of it.\n" + "<code>\n a\n" * count, "f")
        for piece in ("<pre>\n", "<|im_end|>\n", "</pre>", "<pre>x</pre>\n", ">>> x\n", "`x"):
            as_written(piece * count), typed_in(piece * count), list(within_a_line(piece * count))
        return time.process_time() - began

    few, many = (min(seconds(count) for _ in range(3)) for count in (5_000, 50_000))
    assert many < 50 * few + 0.5


LINES = st.lists(st.text("abc =()", max_size=8), max_size=8)


@given(LINES, LINES, LINES)
def test_a_difference_gives_what_it_adds_and_keeps(kept: list[str], gone: list[str], new: list[str]) -> None:
    told = ["--- a.py", "+++ b.py", "@@ -1,2 +1,2 @@", *(f" {line}" for line in kept)]
    told += [*(f"-{line}" for line in gone), *(f"+{line}" for line in new)]
    assert patched(told) == [*kept, *new]


@given(LINES)
def test_a_session_gives_what_was_typed_whoever_asked(lines: list[str]) -> None:
    asked = [f"In [{number}]: {line}" for number, line in enumerate(lines)]
    assert typed_in("\n".join(asked)) == "\n".join(lines)
    assert typed_in("\n".join(f">>> {line}" for line in lines)) == "\n".join(lines)
