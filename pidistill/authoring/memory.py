"""What a verifier remembers between submissions, since the completions of one problem need the same things again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LastUsed(Generic[K, V]):
    """Values by key, the `most` that were used last."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V], keep: Callable[[V], bool] = lambda value: True) -> V:
        """The value of `key`, made by `make` where it is not there, and remembered where `keep` says so.

        What `make` raises is raised, and nothing is remembered.
        """
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = make()
        if keep(value):
            self._values[key] = value
            if len(self._values) > self.most:
                self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._values)
