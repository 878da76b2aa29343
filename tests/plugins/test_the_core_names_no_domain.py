"""The core works with whatever domains are installed: no file of it names one, nor anything that one brings.

Words such as 'code' are also plain English, so it is not the words that are looked for, but names: a text that is the
name and nothing else, a package of a domain, or a phrase that can only mean the domain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidistill.discovery import Kind
from pidistill.plugins import Manager, get_manager

CORE = Path(__file__).resolve().parents[2] / "pidistill"
FILES = sorted(path for path in CORE.rglob("*") if path.suffix in (".py", ".toml", ".j2"))
ALLOWED = {
    ("report/page.py", "'code'"): "a block of Markdown",
    ("report/web/page.html.j2", "'code'"): "a block of Markdown",
    ("cell.py", "'code'"): "a key: the code that a cell was run with",
    ("suite/evidence.py", "'code'"): "a key: the code that a cell was run with",
    ("suite/planned.py", "'code'"): "a key: the code that a cell was run with",
    ("cli/demo.py", "pidistill-math"): "a command that can be typed, for whoever has no domain",
    ("cli/doctor.py", "pidistill-math"): "a command that can be typed, for whoever has no domain",
}
"""(file, what is found) -> why it is no domain, or may be one."""


def brought(manager: Manager) -> tuple[set[str], set[str]]:
    """Names of the installed domains, and of what their distributions register, that the core does not."""
    domains, names = set(manager.domains()), set[str]()
    core = {name for kind in Kind for name in manager.specs(kind) if manager.owner(kind, name) == "pidistill"}
    for name in domains:
        package = manager.owner(Kind.DOMAIN, name)
        names |= {other for kind in Kind for other in manager.specs(kind) if manager.owner(kind, other) == package}
        domain = manager.domain(name)
        names |= set(domain.datasets()) - {"local"}
        names |= {spec.name for spec in domain.pi_forms()}
    return domains, names - core


def found(text: str, is_python: bool, domains: set[str], names: set[str]) -> Iterator[str]:
    """What names a domain in a file's text."""
    for literal in texts(text) if is_python else re.findall(r'"([^"\n]*)"', text):
        if literal in domains | names:
            yield repr(literal)
    for domain in domains:
        name = re.escape(domain)
        yield from re.findall(rf"\bpidistill[-_]{name}\b", text)
        yield from re.findall(rf"--domain {name}\b|\bverify {name}\b|\bdomain *=+ *[\"']{name}\b", text)
        yield from re.findall(rf"(?i)\b(?:the|a) {name} (?:domain|verifier|plugin|package|model)\b", text)


def texts(code: str) -> Iterator[str]:
    """The text literals of Python code."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def installed() -> tuple[set[str], set[str]]:
    domains, names = brought(get_manager())
    assert domains, "no domain is installed, so this says nothing"
    return domains, names


def test_no_file_of_the_core_names_a_domain_or_what_one_brings(installed: tuple[set[str], set[str]]) -> None:
    wrong, used = [], set()
    for path in FILES:
        file = str(path.relative_to(CORE))
        for what in found(path.read_text("utf-8"), path.suffix == ".py", *installed):
            if (file, what) in ALLOWED:
                used.add((file, what))
            else:
                wrong.append((file, what))
    assert wrong == []
    assert used == set(ALLOWED), "an exception that nothing needs any more"


@pytest.mark.parametrize(
    "line",
    [
        'x = "chess"', "y = {'chess': 1}", "import pidistill_chess", "# pip install pidistill-chess",
        '"""pidistill run retry --domain chess"""', "# the chess verifier",
        "arms = ['endgame-retry']", "z = f('puzzles')",
    ],
)  # fmt: skip
def test_a_name_would_be_found(line: str) -> None:
    assert list(found(line, True, {"chess"}, {"endgame-retry", "puzzles"}))


@pytest.mark.parametrize("line", ["# chess is a game", "chess = 1", 'x = "a game of chess"'])
def test_a_mere_word_would_not(line: str) -> None:
    assert not list(found(line, True, {"chess"}, {"puzzles"}))
