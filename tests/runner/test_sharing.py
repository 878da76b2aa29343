"""Tests that share something expensive stay with one worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharing import DOCKER, LONG_FIRST, group_of, needs_docker, without_group

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("node_id", "group", "plain"),
    [
        ("tests/a/test_x.py::test_y", "tests/a/test_x.py", "tests/a/test_x.py::test_y"),
        ("tests/a/test_x.py::test_y[1]@docker", "docker", "tests/a/test_x.py::test_y[1]"),
        ("tests/a/test_x.py::test_y@docker", "docker", "tests/a/test_x.py::test_y"),
        ("tests/a/test_x.py::test_y[a@b]", "tests/a/test_x.py", "tests/a/test_x.py::test_y[a@b]"),
        ("tests/a/test_x.py::test_y[::@b]@docker", "docker", "tests/a/test_x.py::test_y[::@b]"),
        ("tests/a@b/test_x.py", "tests/a@b/test_x.py", "tests/a@b/test_x.py"),
    ],
)
def test_a_test_is_with_its_group_or_its_file(node_id: str, group: str, plain: str) -> None:
    assert (group_of(node_id), without_group(node_id)) == (group, plain)


def test_what_uses_the_docker_daemon_is_one_group(request: pytest.FixtureRequest) -> None:
    assert not needs_docker(request.node)
    for item in request.session.items:
        names = [mark.args[0] for mark in item.iter_markers("xdist_group")]
        assert (DOCKER in names) == needs_docker(item)


def test_files_that_go_first_are_there() -> None:
    assert [name for name in LONG_FIRST if name != DOCKER and not (ROOT / name).is_file()] == []
