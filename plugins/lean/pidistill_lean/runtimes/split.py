"""Who elaborates never decides: a check in two halves, the same for every runtime.

One Lean elaborates the candidate's text and says what it came to: whether there were errors, and what the target rests
on, as plain data. It may be wrong about all of that, since elaboration can be made to run the candidate's code. Another
Lean, which is never sent a candidate's text, elaborated the problem's; it reads the data, has its kernel check every
declaration anew, and compares. What the first one says can therefore make no pass out of nothing: its word for an error
refuses, and its word for none only leaves the matter to the second.

How requests reach the two is left to the runtime, by `_elaborating` and `_deciding`.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from pidistill.authoring.clock import off_the_clock
from pidistill_lean.protocol import Check, Item, LeanDied, LeanMessage, LeanTimeout, Outline, Runtime, Theorem
from pidistill_lean.runtimes import wire

ITEM_LIMIT_S = 30.0
"""Processor time for a problem's own text. One that needs more cannot be judged."""
_ITEMS_KEPT = 2_000


class SplitRuntime(Runtime):
    """A runtime of two Leans."""

    def __init__(self) -> None:
        self._items: OrderedDict[Theorem, Item] = OrderedDict()

    @abstractmethod
    def _elaborating(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        """The reply to a request with a candidate's text, and the processor seconds that it took."""

    @abstractmethod
    def _deciding(self, theorem: Theorem, request: dict[str, Any], budget_s: float) -> tuple[dict[str, Any], float]:
        """The reply to a request that holds no candidate's text, from the Lean that decides."""

    def _expecting(self, theorem: Theorem) -> None:
        """A submission for `theorem` is about to be elaborated: the Lean that decides may get ready meanwhile."""

    def item(self, theorem: Theorem) -> Item:
        """What there is to know of a problem; found out once, and off the clock."""
        found = self._items.get(theorem)
        if found is None:
            with off_the_clock():
                found = self._item(theorem)
            self._items[theorem] = found
            if len(self._items) > _ITEMS_KEPT:
                self._items.popitem(last=False)
        self._items.move_to_end(theorem)
        return found

    def check(self, theorem: Theorem, submission: str | Sequence[str], budget_s: float) -> Check:
        began = time.monotonic()
        item = self.item(theorem)
        if item.errors:
            return Check(statement_errors=item.errors, seconds=time.monotonic() - began)
        texts = [submission] if isinstance(submission, str) else list(submission)
        request = {
            "op": "elaborate",
            "header": wire.sendable(theorem.header),
            "given": [wire.sendable(" ".join(text.split())) for text in item.commands],
            "target": wire.sendable(theorem.target),
            "texts": [wire.sendable(text) for text in texts],
        }
        self._expecting(theorem)
        reply, _ = self._elaborating(theorem, request, budget_s)
        said = wire.elaborated(reply, len(texts))
        facts: dict[str, Any] = {}
        if said.data is not None and not said.errors and said.refused is None:
            # the kernel does again what it did there: the rest of the budget would not do where that is all
            told: dict[str, Any] = {"op": "judge", "imports": said.imports, "data": said.data}
            facts, _ = self._deciding(theorem, told, budget_s)
        return wire.check(said, facts, time.monotonic() - began)

    def outline(self, source: str, budget_s: float) -> Outline:
        reply, _ = self._elaborating(Theorem("", ""), {"op": "outline", "source": wire.sendable(source)}, budget_s)
        return wire.outline(reply, source)

    def _item(self, theorem: Theorem) -> Item:
        try:
            reply, _ = self._deciding(theorem, {"op": "item"}, ITEM_LIMIT_S)
        except LeanTimeout:
            return Item((LeanMessage("error", f"the statement does not end within {ITEM_LIMIT_S:g} s", 1, 0),))
        except LeanDied:
            try:
                reply, _ = self._deciding(theorem, {"op": "item"}, ITEM_LIMIT_S)
            except (LeanTimeout, LeanDied) as error:
                return Item((LeanMessage("error", f"Lean ends on the statement: {error}", 1, 0),))
        return wire.item(reply, theorem.statement)
