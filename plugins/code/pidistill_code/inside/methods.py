"""Bound methods of objects of the other side, and the parameters of what can be called there."""

from __future__ import annotations

import types
from typing import Any


class Method:
    """A method of an object of the other side."""

    __class__ = types.MethodType  # type: ignore[assignment]

    def __init__(self, peer: Any, owner: Any, name: str) -> None:
        self._peer, self._owner, self.__name__ = peer, owner, name

    @property
    def __self__(self) -> Any:
        return self._owner

    @property
    def __signature__(self) -> Any:
        return signature_of(self._peer, self)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._peer.request("method", self._owner, self.__name__, list(args), kwargs)

    def __eq__(self, other: object) -> bool:
        return type(other) is Method and other._owner is self._owner and other.__name__ == self.__name__

    def __hash__(self) -> int:
        return hash((id(self._owner), self.__name__))

    def __getattr__(self, name: str) -> object:
        if name == "__globals__":  # the names of a module stay with it: type hints are looked up without them
            raise AttributeError(name)
        return self._peer.request("get", self, name)


def signature_of(peer: Any, item: Any) -> Any:
    """The parameters of what can be called on the other side, and what it says that it returns."""
    inspect = __import__("inspect")
    kinds = list(inspect._ParameterKind)
    told, returns = peer.request("signature", item)
    parameters = [inspect.Parameter(name, kinds[kind], **dict(how)) for name, kind, how in told]
    return inspect.Signature(parameters, **dict(returns))
