"""What a plugin registers: a name, one line, and where the object comes from. Nothing is imported until it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from pidistill.errors import PluginError

API = 1
"""Version of these contracts. A spec made for another version is switched off with that reason."""


@dataclass(frozen=True)
class Spec:
    """What a plugin registers: a name, one line, and where the object comes from."""

    name: str
    summary: str
    factory: str
    """`"package.module:Class"`, imported on first use so that listing plugins stays light."""
    api: int = API

    def load(self) -> Callable[..., object]:
        """Import and return the factory. Raises `PluginError` naming the spec when that fails."""
        module_name, _, attribute = self.factory.partition(":")
        if not attribute:
            raise PluginError(f"Plugin object {self.name!r}: factory {self.factory!r} is not 'package.module:Class'.")
        try:
            return getattr(importlib.import_module(module_name), attribute)  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"Plugin object {self.name!r}: cannot import {self.factory!r}: {error}",
                "See the whole traceback: pidistill plugins --verbose",
            ) from error
