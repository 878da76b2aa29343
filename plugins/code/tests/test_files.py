"""An answer in several files is one program; what is no file of it is imported as Python does."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_code.extraction.extract import extract
from pidistill_code.extraction.fenced import Block
from pidistill_code.extraction.files import with_own_imports

HELPER, MAIN = "def g(x):\n    return x + 1", "def f(x):\n    return g(x)"
FORMS = {
    "names above": "helpers.py\n```python\n{helper}\n```\n\n`solution.py`:\n```python\n{main}\n```\n",
    "names in comments": "```python\n# pkg/helpers.py\n{helper}\n```\n\n```python\n# solution.py\n{main}\n```\n",
    "the other way": "**solution.py**\n```python\n{main}\n```\n\n**helpers.py**\n```python\n{helper}\n```\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("line", "uses"),
    [
        ("from helpers import g", "g"),
        ("from .helpers import (\n    g,\n)", "g"),
        ("from pkg.helpers import g as h", "h"),
    ],
)
def test_what_a_file_imports_from_another_is_there(form: str, line: str, uses: str) -> None:
    main = f"import math\n{line}\n\n{MAIN.replace('g(', f'{uses}(')}"
    code = extract(FORMS[form].format(helper=HELPER, main=main), "f").code
    assert code is not None
    names: dict[str, object] = {}
    exec(code, names)
    made = names["f"]
    assert callable(made) and made(1) == 2


@pytest.mark.parametrize("form", FORMS)
def test_an_import_of_what_is_asked_for_is_a_tests(form: str) -> None:
    test = "from solution import f\n\nassert f(1) == 2"
    text = (
        FORMS[form].format(helper=HELPER, main=f"from helpers import g\n\n{MAIN}")
        + f"test_f.py\n```python\n{test}\n```"
    )
    assert "assert" not in str(extract(text, "f").code)


PIECES = [
    "from helpers import g",
    "from math import pi",
    "x = 1",
    "from helpers import a as b, c",
    "",
    "def h():",
    "    from helpers import g",
    "import helpers",
    "from helpers import d; y = 2",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8))
def test_lines_keep_their_numbers_and_other_imports_stay(lines: list[str]) -> None:
    code = "\n".join(lines)
    files = [Block(HELPER, True, "helpers.py"), Block(code, True, "main.py")]
    made = with_own_imports(files, "f")[1].text
    assert len(made.split("\n")) == len(lines)
    try:
        ast.parse(code)
    except SyntaxError:
        assert made == code
        return
    changed = [(old, new) for old, new in zip(lines, made.split("\n"), strict=True) if old != new]
    assert all(old.startswith("from helpers import") and new in ("b = a", "# in another file") for old, new in changed)
    assert with_own_imports([files[1]], "f")[0].text == code
