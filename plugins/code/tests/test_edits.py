"""Edits that an answer writes down are made of the code that it shows, and of nothing else."""

from __future__ import annotations

import difflib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill_code.extraction.edited import applied
from pidistill_code.extraction.edits import Edit, spans
from pidistill_code.extraction.extract import extract

DRAFT = "def f(xs):\n    total = 0\n    for x in xs:\n        total += 1\n    return total"
RIGHT = DRAFT.replace("+= 1", "+= x")
PROGRAM = "n = int(input())\nprint(n + 1)"
LINES = st.lists(st.sampled_from(["a = 1", "b = 2", "    c = 3", "def g():", "", "    return a", "d()"]), max_size=8)


def fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```\n"


def searched(old: str, new: str) -> str:
    return f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE"


def difference(old: str, new: str) -> str:
    return "\n".join(difflib.unified_diff(old.split("\n"), new.split("\n"), "a/s.py", "b/s.py", lineterm="", n=1))


def patch(old: str, new: str) -> str:
    hunks = difference(old, new).split("\n")[2:]
    kept = ["@@" if line.startswith("@@ ") else line for line in hunks]
    return "\n".join(["*** Begin Patch", "*** Update File: s.py", *kept, "*** End Patch"])


def added(code: str, path: str = "s.py") -> str:
    lines = [f"+{line}" for line in code.split("\n")]
    return "\n".join(["*** Begin Patch", f"*** Add File: {path}", *lines, "*** End Patch"])


EDITS = {
    "search and replace": searched("        total += 1", "        total += x"),
    "with other marks": "------- SEARCH\n        total += 1\n=======\n        total += x\n+++++++ REPLACE",
    "with a line's number": "<<<<<<< SEARCH\n:start_line:4\n-------\n        total += 1\n=======\n        total += x\n"
    ">>>>>>> REPLACE",
    "less far in": searched("for x in xs:\n    total += 1", "for x in xs:\n    total += x"),
    "two edits": searched("total += 1", "total += x + 1") + "\n" + searched("total += x + 1", "total += x"),
    "a difference": difference(DRAFT, RIGHT),
    "a difference with git's head": f"diff --git a/s.py b/s.py\nindex 12..34 100644\n{difference(DRAFT, RIGHT)}",
    "a patch": patch(DRAFT, RIGHT),
    "a patch in a shell": f"apply_patch <<'EOF'\n{patch(DRAFT, RIGHT)}\nEOF",
}


@pytest.mark.parametrize("shape", EDITS)
@pytest.mark.parametrize("language", [None, "", "python", "diff", "bash"])
def test_an_edit_that_fits_gives_the_edited_program(shape: str, language: str | None) -> None:
    edit = EDITS[shape] + "\n" if language is None else fenced(EDITS[shape], language)
    assert str(extract(f"{fenced(DRAFT)}\nThe sum needs `x`.\n\n{edit}\nDone.", "f").code).strip() == RIGHT
    assert str(extract(f"{fenced(RIGHT)}\nThe count:\n\n{swapped(edit)}", "f").code).strip() == DRAFT


def swapped(edit: str) -> str:
    """The edit the other way."""
    return edit.replace("+= 1", "\0").replace("+= x", "+= 1").replace("\0", "+= x")


@pytest.mark.parametrize("shape", EDITS)
def test_an_edit_that_fits_nothing_is_no_program(shape: str) -> None:
    found = extract(f"{fenced(DRAFT.replace('+= 1', '+= 2'))}\n{fenced(EDITS[shape], 'diff')}", "f")
    assert found.code is None and "edit" in found.reason


@pytest.mark.parametrize("shape", EDITS)
def test_what_stands_in_full_below_an_edit_that_fits_nothing_is_the_answer(shape: str) -> None:
    text = f"{fenced(DRAFT.replace('1', '2'))}\n{fenced(EDITS[shape], '')}\nAll of it:\n\n{fenced(RIGHT)}"
    assert str(extract(text, "f").code).strip() == RIGHT


@pytest.mark.parametrize("shape", [shape for shape in EDITS if shape != "two edits"])
def test_an_edit_of_what_is_shown_edited_changes_nothing(shape: str) -> None:
    text = f"{fenced(RIGHT)}\nWhat I changed:\n\n{fenced(EDITS[shape], 'diff')}"
    assert str(extract(text, "f").code).strip() == RIGHT


@pytest.mark.parametrize(
    "text",
    [added(RIGHT), fenced(added(RIGHT), "diff"), fenced(searched("", RIGHT)), f"s.py\n{searched('', RIGHT)}\n",
     fenced("--- /dev/null\n+++ b/s.py\n@@ -0,0 +1,5 @@\n" + "\n".join(f"+{it}" for it in RIGHT.split("\n")), "diff"),
     fenced(searched("def f(xs):\n    pass", RIGHT)), fenced(difference("def f(xs):\n    pass", RIGHT), "diff"),
     f"{fenced(DRAFT)}\nAgain:\n{added(RIGHT)}", f"{added(RIGHT)}\n{added('assert f([1]) == 1', 'test_s.py')}"],
)  # fmt: skip
def test_a_whole_new_file_is_the_program(text: str) -> None:
    assert str(extract(text, "f").code).strip() == RIGHT


def test_an_edit_may_fit_the_code_of_the_prompt() -> None:
    prompt = "import math\n\ndef f(xs):\n    '''Sums.'''\n"
    edit = searched("    '''Sums.'''", "    '''Sums.'''\n    return sum(xs)")
    assert str(extract(edit, "f", prompt).code) == f"{prompt}    return sum(xs)\n"


def test_a_helper_is_edited_where_it_stands() -> None:
    blocks = fenced("def g(x):\n    return 1") + fenced("def f(xs):\n    return sum(map(g, xs))")
    code = str(extract(f"{blocks}\nFix `g`:\n{fenced(searched('    return 1', '    return x'))}", "f").code)
    assert "return x" in code and "return 1" not in code


def test_edits_of_a_program_that_reads_its_input() -> None:
    edit = fenced(searched("print(n + 1)", "print(n + 2)"), "")
    assert str(extract(f"{fenced(PROGRAM)}\n{edit}", "").code).strip() == PROGRAM.replace("1", "2")
    assert extract(f"{fenced(PROGRAM.replace('n + 1', 'n'))}\n{edit}", "").code is None
    assert str(extract(added(PROGRAM), "").code).strip() == PROGRAM


@pytest.mark.parametrize(
    "shown",
    [fenced("- Expected: 3\n+ Got: 4", "diff"), fenced("--- Expected\n+++ Actual\n@@ -1 +1 @@\n-3\n+4", ""),
     fenced("--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-x = 1\n+x = 2", "diff"),
     fenced(added("from s import f\nassert f([1]) == 2", "tests/test_s.py"), "")],
)  # fmt: skip
def test_what_is_no_edit_of_the_program_changes_nothing(shown: str) -> None:
    assert str(extract(f"{fenced(DRAFT)}\n{shown}", "f").code).strip() == DRAFT


@pytest.mark.parametrize(
    "shown",
    [
        " def f(xs):\n     ...\n-        total += 1\n+        total += x\n     ...",
        "-total += 1\n+total += x  # the value",
    ],
)
def test_a_difference_that_leaves_lines_out_may_show_what_was_changed(shown: str) -> None:
    assert str(extract(f"{fenced(RIGHT)}\nThe change:\n\n{fenced(shown, 'diff')}", "f").code).strip() == RIGHT
    wrong = RIGHT.replace("total += x", "total -= x")
    assert extract(f"{fenced(wrong)}\nThe change:\n\n{fenced(shown, 'diff')}", "f").code is None


def test_an_edit_may_stand_in_an_item_of_a_list() -> None:
    def item(code: str, language: str = "python") -> str:
        return "\n".join(f"  {line}" for line in fenced(code, language).split("\n")).replace("  ", "- ", 1)

    assert str(extract(f"{item(DRAFT)}\n{item(EDITS['search and replace'])}", "f").code).strip() == RIGHT


def test_a_file_that_is_moved_is_edited() -> None:
    patch_and_move = EDITS["a patch"].replace("s.py\n", "s.py\n*** Move to: t.py\n")
    assert str(extract(f"{fenced(DRAFT)}\n{patch_and_move}\n", "f").code).strip() == RIGHT


def test_an_edit_that_is_cut_off_is_no_program() -> None:
    whole = f"{fenced(DRAFT)}\n```python\n{searched('        total += 1', '        total += x')}"
    for end in range(whole.index("SEARCH") + 6, len(whole) - 2):
        assert extract(whole[:end], "f").code is None, whole[:end]


def test_marks_in_a_string_of_code_are_no_edit() -> None:
    code = f'def f(xs):\n    """Like\n{searched("x", "y")}\n    """\n    return xs'
    assert str(extract(fenced(code), "f").code).strip() == code
    assert str(extract(f"Here:\n\n{code}\n", "f").code).strip() == code


@given(LINES, LINES)
@settings(deadline=None)
def test_a_difference_turns_the_old_file_into_the_new_one(old: list[str], new: list[str]) -> None:
    for context in (1, 3):
        told = list(difflib.unified_diff(old, new, "a/s.py", "b/s.py", lineterm="", n=context))
        lines = list(old)
        edits = [edit for span in spans(told, 0, len(told)) for edit in span.edits]
        for edit in reversed(edits):  # so that the numbers of lines above stay
            made = applied(lines, edit)
            assert made is not None
            lines = made
        if context == 3 and len({*old, ""}) == len(old) + 1:  # where no line comes twice, there is one place
            assert lines == new


@given(LINES, LINES, LINES, LINES)
def test_what_an_edit_does_not_speak_of_stays(
    above: list[str], old: list[str], new: list[str], below: list[str]
) -> None:
    edit = Edit("", ("x = 0", *old, "x = 9"), ("y = 0", *new, "y = 9"))
    assert applied([*above, *edit.old, *below], edit) == [*above, *edit.new, *below]
    assert applied([*above, *below], edit) is None


@given(st.text("<=>-+@* SEARCHREPLACE\n`abc", max_size=200), st.sampled_from(["", "f"]))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str, name: str) -> None:
    found = extract(
        f"{fenced(DRAFT)}\n<<<<<<< SEARCH\n{text}\n=======\n@@ {text}\n>>>>>>> REPLACE\n*** Begin Patch\n{text}", name
    )
    assert (found.code is None) == bool(found.reason)


def test_many_edits_take_time_in_proportion() -> None:
    began = time.process_time()
    for unit in (
        searched("a", "b"),
        "@@\n-a = 1\n+b = 1",
        "*** Update File: a.py\n@@\n-a = 1",
        "<<<<<<< SEARCH\n",
        "a = 1\n",
    ):
        extract(f"{fenced(DRAFT)}{fenced('a = 1')}" + f"{unit}\n" * 5_000, "f")
        extract(f"{fenced('a = 1' + chr(10) * 20_000)}```diff\n" + f"{unit}\n" * 900 + "```", "f")
    assert time.process_time() - began < 6
