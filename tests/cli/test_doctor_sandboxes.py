"""What `pidistill doctor` says of sandboxes: each is tried once, and one that stands for others names its pick."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from pidistill.cli.doctor import _sandbox_rows
from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError
from pidistill.sandbox import Session


class Tried(Sandbox):
    """Counts its checks."""

    def __init__(self, name: str, held: Mapping[str, bool] | None) -> None:
        self.name = name  # type: ignore[misc]
        self.held, self.checks = held, 0

    def open(self) -> Session:
        raise AssertionError("doctor checks, it does not open")

    def self_check(self) -> Mapping[str, bool]:
        self.checks += 1
        if self.held is None:
            raise SandboxError(f"{self.name} is not installed.", f"Try: install {self.name}")
        return self.held


class Pick(Tried):
    """Stands for two others."""

    stands_for = ("strong", "weak")


def rows(*sandboxes: Tried) -> dict[str, str]:
    by_name = {sandbox.name: sandbox for sandbox in sandboxes}
    manager = SimpleNamespace(
        specs=lambda kind: by_name, sandbox=by_name.__getitem__, call=lambda kind, name, method: method()
    )
    return dict(_sandbox_rows(manager))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strong", "weak", "said"),
    [
        ({"no network": True}, {"no network": True}, "strongest that holds: strong"),
        ({"no network": False}, {"no network": True}, "strongest that holds: weak"),
        (None, {"no network": True}, "strongest that holds: weak"),
        (None, {"no network": False}, "BROKEN: none of these holds"),
    ],
)
def test_each_sandbox_is_tried_once_and_the_pick_is_named(
    strong: Mapping[str, bool] | None, weak: Mapping[str, bool] | None, said: str
) -> None:
    tried = [Pick("auto", None), Tried("weak", weak), Tried("strong", strong)]
    told = rows(*tried)
    assert said in told["auto"]
    assert [sandbox.checks for sandbox in tried] == [0, 1, 1]
    if strong is None:
        assert told["strong"] == "BROKEN: strong is not installed. Try: install strong"
