"""The side of the candidate: a program whose objects test code in the room uses. It is appended to the program, runs in
its process, and is believed nothing.
"""

from __future__ import annotations

import builtins
import os
import sys
from typing import Any

from pidistill_code.inside.effects import Effects, context, set_context, set_variable
from pidistill_code.inside.errors import with_trace
from pidistill_code.inside.remote import Peer
from pidistill_code.inside.standins import is_remote
from pidistill_code.inside.turns import Turns


class _Input:
    """Standard input, which is the tests'."""

    encoding = "utf-8"

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def read(self, *args: int) -> object:
        return self._peer.request("read", "read", *args)

    def readline(self, *args: int) -> object:
        return self._peer.request("read", "readline", *args)

    def readlines(self) -> list[object]:
        return list(self)

    def __iter__(self) -> Any:
        while line := self.readline():
            yield line

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        pass


class Served(Peer):
    """What test code may ask of the program, besides what any side may."""

    def __init__(self, space: dict[str, Any], exchange: Any, effects: Effects) -> None:
        super().__init__("c", lambda message: exchange(message)[0], effects.give, effects.take, False)
        self._space, self._program_effects = space, effects
        turns = Turns()
        self.asking, self.serving = turns.asking, turns.serving  # type: ignore[method-assign]
        self._replaced: dict[tuple[str, str], Any] = {}
        self._context: dict[str, Any] = {}
        """What was in the decimal context in the place of what the tests have set."""
        effects.pack = self.graph.pack

    def has_served(self) -> None:
        """Tell what has been noted here of exceptions of the tests', wherever these go on."""
        for error in self._exceptions.changed():
            self.request("touch", error)

    def _do_op(self, target: Any, name: str, args: Any) -> object:
        return super()._do_op(target, name, with_trace(args) if name in ("__exit__", "__aexit__") else args)

    def _do_names(self, names: Any) -> dict[str, object]:
        return {name: self._space[name] for name in names if name in self._space}

    def _do_share(self, names: Any) -> None:
        """Classes of the preamble, which the tests have as well."""
        self.shared = {name: self._space[name] for name in names if isinstance(self._space.get(name), type)}

    def namesake(self, name: str) -> Any:
        """See `Objects`. Where they share a module, a class that a test defines anew is the program's as well."""
        found = self._space.get(name)
        return found if isinstance(found, type) and not is_remote(found) else None

    def _do_log(self) -> None:
        """From now on the tests are told what is logged."""
        self._program_effects.listen()

    def _do_patch(self, module: str, name: str, value: Any) -> None:
        """Put what the tests have replaced in its place; None puts it back."""
        __import__(module)
        there = sys.modules[module]
        before = self._replaced.setdefault((module, name), getattr(there, name))
        setattr(there, name, before if value is None else value)

    def _do_rebind(self, name: str, value: Any) -> None:
        """Put what the tests have set in a module that stands for this program in its place."""
        self._space[name] = value

    def _do_unbind(self, name: str) -> None:
        """Take it away."""
        if name not in self._space:
            raise AttributeError(name)
        del self._space[name]

    def _do_put(self, target: Any, name: str, value: Any) -> None:
        """Set a field past the class, as a frozen data class of the tests does."""
        object.__setattr__(target, name, value)

    def _do_context(self, changed: Any) -> None:
        """Have in the decimal context what the tests have set there; the rest is the program's own."""
        now, own = context(), self._context
        for name in [name for name in own if name not in changed]:
            now[name] = own.pop(name)
        for name, value in dict(changed).items():
            own.setdefault(name, now[name])
            now[name] = value
        set_context(now)
        self._program_effects.knows_context(now)

    def _do_seeding(self) -> None:
        """From now on the tests are told what seeds random numbers here."""
        self._program_effects.hear_seeds()

    def _do_seed(self, how: str, given: Any) -> None:
        """Random numbers go on from what the tests have set."""
        function = getattr(__import__("random"), how)
        getattr(function, "__wrapped__", function)(given)

    def _do_around(self, changed: Any, argv: Any, folder: str) -> None:
        """Take over what the tests have set of the environment's variables, the arguments and the folder."""
        for name, value in dict(changed).items():
            set_variable(name, value)
        sys.argv = list(argv)
        os.chdir(folder)

    def _do_eval(self, how: str, text: Any, scope: Any) -> object:
        """Text that the program has written is run where it can harm nobody but the program."""
        scope = dict(scope)
        if how == "eval":
            return eval(text, scope)
        exec(text, scope)
        scope.pop("__builtins__", None)
        return scope


def serve_program(space: dict[str, Any]) -> Any:
    """The function that answers messages about the program whose names `space` holds."""
    child = sys.modules["pidistill_sandboxes.inside.child"]
    effects = Effects()
    peer = Served(space, child.exchange, effects)
    builtins.input = lambda *prompt: peer.request("read", "input", *map(str, prompt))
    stdin: Any = _Input(peer)
    sys.stdin = stdin

    def serve(message: Any) -> object:
        match message:
            case ("ask", root, nodes, told):
                effects.take(told)
                return peer.serve(root, nodes)
        raise ValueError("no request")

    return serve
